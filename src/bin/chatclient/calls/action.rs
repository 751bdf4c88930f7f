//! The commands for direct chats.

use chatsrv::chat::name::UserRef;
use chatsrv::direct::listener::PORT_MIN;

/// A command for direct chats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallAction {
    /// Take calls, on the given port or by default on the one equal to the user's number.
    Up(Option<u16>),
    /// Stop taking calls.
    Down,
    /// Call a user.
    Call(UserRef),
    /// Accept the incoming call.
    Accept,
    /// Decline the incoming call.
    Decline,
    /// End the direct chat, or the outgoing call.
    HangUp,
}

impl CallAction {
    /// Returns true if the command sends a request to the server.
    pub fn asks_server(self) -> bool {
        matches!(self, CallAction::Up(_) | CallAction::Down | CallAction::Call(_))
    }

    /// Parses the argument of /up.
    pub fn up(words: &str) -> Option<Self> {
        match words.trim() {
            "" => Some(CallAction::Up(None)),
            port => {
                let port = port.parse().ok().filter(|port| *port >= PORT_MIN)?;
                Some(CallAction::Up(Some(port)))
            }
        }
    }

    /// Parses the argument of /call.
    pub fn call(words: &str) -> Option<Self> {
        words.trim().parse().ok().map(CallAction::Call)
    }
}
