//! Lines about direct chats.

use std::fmt;

use crate::protocol::address::Address;
use crate::protocol::name::UserName;
use crate::protocol::text::Secret;

/// What one of two who are about to chat directly has to know of the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Who.
    pub user: UserName,
    /// From where that user is connected, as the server sees it.
    pub address: Address,
    /// On which port the user takes direct chats, where the user does.
    pub port: Option<u16>,
    /// What both have to know: 32 bytes, in base64url without padding.
    pub ticket: Secret,
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ", self.user, self.address)?;
        match self.port {
            Some(port) => write!(f, "{port}")?,
            None => f.write_str("-")?,
        }
        write!(f, " {}", self.ticket.expose())
    }
}
