//! The client side of TLS 1.3 and 1.2 (RFC 8446, RFC 5246), for the programs that connect to the
//! server: trusted certificates, a non-blocking stream, and errors with messages for people.
//!
//! The server's certificate is always verified: that a trusted authority has signed it or the user
//! has named it, that it is valid now, and that it is for the requested host.

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
