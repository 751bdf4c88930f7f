//! Tickets: the secret keys that the server gives both sides of a call to authenticate each other.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

/// The size of a ticket, in bytes.
pub const TICKET_BYTES: usize = 32;

/// A secret key that only the two sides of one call and their server know. It is wiped when it is
/// dropped, and never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Ticket(Zeroizing<[u8; TICKET_BYTES]>);

impl Ticket {
    /// The key itself.
    pub fn key(&self) -> &[u8; TICKET_BYTES] {
        &self.0
    }
}

impl From<[u8; TICKET_BYTES]> for Ticket {
    fn from(key: [u8; TICKET_BYTES]) -> Self {
        Ticket(Zeroizing::new(key))
    }
}

/// The error for a malformed ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidTicket;

impl FromStr for Ticket {
    type Err = InvalidTicket;

    /// Parses base64url without padding (RFC 4648, section 5).
    fn from_str(word: &str) -> Result<Self, InvalidTicket> {
        let bytes = URL_SAFE_NO_PAD.decode(word).map(Zeroizing::new).map_err(|_| InvalidTicket)?;
        let mut key = Zeroizing::new([0; TICKET_BYTES]);
        if bytes.len() != TICKET_BYTES {
            return Err(InvalidTicket);
        }
        key.copy_from_slice(&bytes);
        Ok(Ticket(key))
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ticket")
    }
}

#[cfg(test)]
pub(super) fn ticket(byte: u8) -> Ticket {
    [byte; TICKET_BYTES].into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_32_bytes_of_base64url_are_a_ticket() {
        let word = "A".repeat(43);
        assert_eq!(word.parse(), Ok(ticket(0)));
        assert_eq!("_".repeat(42) + "8", URL_SAFE_NO_PAD.encode([0xff; TICKET_BYTES]));
        for bad in ["", "AAAA", &"A".repeat(42), &"A".repeat(44), &"+".repeat(43), &"=".repeat(43)]
        {
            assert_eq!(bad.parse::<Ticket>(), Err(InvalidTicket), "{bad}");
        }
        assert_eq!(format!("{:?}", ticket(7)), "Ticket");
    }
}
