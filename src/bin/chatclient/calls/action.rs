//! What can be typed about direct chats.

use chatsrv::chat::name::UserRef;
use chatsrv::direct::listener::PORT_MIN;

/// What a typed line asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallAction {
    /// Take calls, on this port or that of one's number.
    Up(Option<u16>),
    /// Take no calls any more.
    Down,
    /// Call a user.
    Call(UserRef),
    /// Take the call that rings.
    Accept,
    /// Don't.
    Decline,
    /// End the direct chat, or give a call up.
    HangUp,
}

impl CallAction {
    /// Whether the server is asked for something.
    pub fn asks_server(self) -> bool {
        matches!(self, CallAction::Up(_) | CallAction::Down | CallAction::Call(_))
    }

    /// Reads what follows /up.
    pub fn up(words: &str) -> Option<Self> {
        match words.trim() {
            "" => Some(CallAction::Up(None)),
            port => {
                let port = port.parse().ok().filter(|port| *port >= PORT_MIN)?;
                Some(CallAction::Up(Some(port)))
            }
        }
    }

    /// Reads what follows /call.
    pub fn call(words: &str) -> Option<Self> {
        words.trim().parse().ok().map(CallAction::Call)
    }
}
