//! Why a WebSocket is closed (RFC 6455, section 7.4).

/// The code of a Close frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CloseCode(u16);

impl CloseCode {
    /// All is said.
    pub const NORMAL: CloseCode = CloseCode(1000);
    /// The peer was silent for too long.
    pub const GOING_AWAY: CloseCode = CloseCode(1001);
    /// The peer broke the protocol.
    pub const PROTOCOL: CloseCode = CloseCode(1002);
    /// A text is not UTF-8.
    pub const NOT_UTF8: CloseCode = CloseCode(1007);
    /// The peer broke a rule of the chat, or may not be here.
    pub const POLICY: CloseCode = CloseCode(1008);
    /// A frame is too large.
    pub const TOO_LARGE: CloseCode = CloseCode(1009);
    /// The server has failed.
    pub const FAILED: CloseCode = CloseCode(1011);
    /// The server stops, and is started again.
    pub const RESTART: CloseCode = CloseCode(1012);
    /// There is no room now.
    pub const TRY_LATER: CloseCode = CloseCode(1013);

    /// The code that a peer has sent, if a Close frame may carry it: one that is registered for
    /// the wire, or free for libraries and applications.
    pub fn received(code: u16) -> Option<Self> {
        matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999).then_some(CloseCode(code))
    }

    /// The number.
    pub fn number(self) -> u16 {
        self.0
    }
}

/// What is wrong with a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebSocketError {
    /// It breaks a rule of RFC 6455.
    Protocol,
    /// A text message, or the reason of a Close frame, is not UTF-8.
    NotUtf8,
    /// Its payload is larger than what is taken.
    TooLarge,
}

impl WebSocketError {
    /// The code with which the connection is closed.
    pub fn close_code(self) -> CloseCode {
        match self {
            WebSocketError::Protocol => CloseCode::PROTOCOL,
            WebSocketError::NotUtf8 => CloseCode::NOT_UTF8,
            WebSocketError::TooLarge => CloseCode::TOO_LARGE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_that_are_never_sent_are_refused() {
        for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535] {
            assert_eq!(CloseCode::received(code), None, "{code}");
        }
        for code in [1000, 1001, 1002, 1003, 1007, 1011, 1014, 3000, 3999, 4000, 4999] {
            assert_eq!(CloseCode::received(code).unwrap().number(), code);
        }
    }
}
