//! The encryption of a direct chat: the Noise Protocol Framework (revision 34), pattern NNpsk0 with
//! the ticket as the pre-shared key. The caller is the initiator; prologue and handshake payloads
//! are empty.
//!
//! Nobody without the ticket can make the first message, and the callee answers no other.

use snow::params::NoiseParams;
use snow::{Builder, Error, HandshakeState, TransportState};
use zeroize::Zeroizing;

use super::ticket::Ticket;

const PROTOCOL_NAME: &str = "Noise_NNpsk0_25519_ChaChaPoly_BLAKE2s";

/// The size of each of the two handshake messages: a public key and the tag of an empty payload.
pub const HANDSHAKE_BYTES: usize = 32 + TAG_BYTES;
/// The size of the authentication tag, by which a message is longer than its payload.
pub const TAG_BYTES: usize = 16;

/// The caller's side of a handshake, which waits for the second message.
#[derive(Debug)]
pub struct Handshake(HandshakeState);

/// An encrypted channel between the two sides that have the ticket.
#[derive(Debug)]
pub struct Channel(TransportState);

impl Handshake {
    /// Begins a handshake; returns the first message too.
    ///
    /// # Errors
    /// If the system provides no random numbers.
    pub fn begin(ticket: &Ticket) -> Result<(Self, Vec<u8>), Error> {
        let mut state = builder(ticket)?.build_initiator()?;
        let message = handshake_message(&mut state)?;
        Ok((Handshake(state), message))
    }

    /// Completes the handshake with the second message.
    ///
    /// # Errors
    /// If the message was made without the ticket, or altered.
    pub fn end(mut self, message: &[u8]) -> Result<Channel, Error> {
        self.0.read_message(message, &mut [])?;
        self.0.into_transport_mode().map(Channel)
    }
}

impl Channel {
    /// Answers the first message of a handshake; returns the second message too.
    ///
    /// # Errors
    /// If the first message was made without the ticket, or altered.
    pub fn answer(ticket: &Ticket, message: &[u8]) -> Result<(Self, Vec<u8>), Error> {
        let mut state = builder(ticket)?.build_responder()?;
        state.read_message(message, &mut [])?;
        let answer = handshake_message(&mut state)?;
        Ok((Channel(state.into_transport_mode()?), answer))
    }

    /// Encrypts the next message.
    ///
    /// # Errors
    /// If the message is too long for Noise (65,535 bytes with its tag), or the nonces are used up.
    pub fn seal(&mut self, plain: &[u8]) -> Result<Vec<u8>, Error> {
        let mut message = vec![0; plain.len() + TAG_BYTES];
        let length = self.0.write_message(plain, &mut message)?;
        message.truncate(length);
        Ok(message)
    }

    /// Decrypts the next message. The plaintext is wiped when it is dropped.
    ///
    /// # Errors
    /// If it is not the next message that the other side encrypted.
    pub fn open(&mut self, message: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        let mut plain = Zeroizing::new(vec![0; message.len()]);
        let length = self.0.read_message(message, &mut plain)?;
        plain.truncate(length);
        Ok(plain)
    }
}

fn builder(ticket: &Ticket) -> Result<Builder<'_>, Error> {
    let params: NoiseParams = PROTOCOL_NAME.parse()?;
    Builder::new(params).psk(0, ticket.key())
}

fn handshake_message(state: &mut HandshakeState) -> Result<Vec<u8>, Error> {
    let mut message = vec![0; HANDSHAKE_BYTES];
    let length = state.write_message(&[], &mut message)?;
    message.truncate(length);
    Ok(message)
}

#[cfg(test)]
mod tests {
    use super::super::ticket::ticket;
    use super::*;

    fn channels() -> (Channel, Channel) {
        let (handshake, first) = Handshake::begin(&ticket(1)).unwrap();
        assert_eq!(first.len(), HANDSHAKE_BYTES);
        let (callee, second) = Channel::answer(&ticket(1), &first).unwrap();
        assert_eq!(second.len(), HANDSHAKE_BYTES);
        (handshake.end(&second).unwrap(), callee)
    }

    #[test]
    fn both_sides_read_each_other() {
        let (mut caller, mut callee) = channels();
        for text in ["one", "", "two"] {
            let message = caller.seal(text.as_bytes()).unwrap();
            assert_eq!(*callee.open(&message).unwrap(), text.as_bytes());
            let message = callee.seal(text.as_bytes()).unwrap();
            assert_eq!(*caller.open(&message).unwrap(), text.as_bytes());
        }
    }

    #[test]
    fn another_ticket_opens_nothing() {
        let (handshake, first) = Handshake::begin(&ticket(1)).unwrap();
        assert!(Channel::answer(&ticket(2), &first).is_err());
        // Nor does an answer that was made with another ticket.
        let (_, other_first) = Handshake::begin(&ticket(2)).unwrap();
        let (_, second) = Channel::answer(&ticket(2), &other_first).unwrap();
        assert!(handshake.end(&second).is_err());
    }

    #[test]
    fn replayed_swapped_and_altered_messages_are_refused() {
        let (mut caller, mut callee) = channels();
        let (one, two) = (caller.seal(b"one").unwrap(), caller.seal(b"two").unwrap());
        assert!(callee.open(&two).is_err());
        let (mut caller, mut callee_two) = channels();
        let message = caller.seal(b"one").unwrap();
        callee_two.open(&message).unwrap();
        assert!(callee_two.open(&message).is_err());
        assert!(caller.open(&message).is_err(), "its own message came back");
        let mut altered = one.clone();
        altered[0] ^= 1;
        assert!(callee.open(&altered).is_err());
        assert!(callee.open(&one[..one.len() - 1]).is_err());
    }
}
