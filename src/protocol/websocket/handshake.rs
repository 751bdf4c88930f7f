//! The key of the handshake (RFC 6455, section 4.2.2), which proves that a server means to speak
//! WebSocket.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};

/// What is hashed behind each key.
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// The number of random bytes of a key.
const KEY_BYTES: usize = 16;

/// The value of Sec-WebSocket-Accept for one of Sec-WebSocket-Key; none if that is no key.
pub fn accept(key: &str) -> Option<String> {
    let bytes = STANDARD.decode(key).ok()?;
    (bytes.len() == KEY_BYTES).then(|| {
        let hash = Sha1::new().chain_update(key).chain_update(GUID).finalize();
        STANDARD.encode(hash)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_the_standard_is_accepted_as_it_says() {
        let key = "dGhlIHNhbXBsZSBub25jZQ==";
        assert_eq!(accept(key).as_deref(), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
        for wrong in ["", "c2hvcnQ=", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZSE=", "%"] {
            assert_eq!(accept(wrong), None, "{wrong}");
        }
    }
}
