//! TLS 1.3 and 1.2 (RFC 8446, RFC 5246) as the programs speak it that connect to the server: whom
//! they trust, a stream that never blocks, and words for what goes wrong.
//!
//! The server's certificate is always verified: who signed it, or that it is one that the user
//! named, its time, and that it is for the host that was asked for.

mod connector;
mod error;
mod roots;
mod setup_error;
mod stream;
mod verifier;

pub use connector::TlsConnector;
pub use error::TlsError;
pub use roots::Roots;
pub use setup_error::SetupError;
pub use stream::{READ_BYTES_MIN, TlsStream};
