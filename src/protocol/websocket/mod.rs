//! WebSocket (RFC 6455) as a transport of the native protocol: what stands in its messages, one
//! behind the other, are the frames that other connections carry as they are.
//!
//! An [`Unframer`] takes the frames of the peer apart in the buffer into which they were read. A
//! [`Framing`] tells which bytes have to stand between those of the outbox. Neither does I/O, and
//! neither copies what it carries. No extension is offered or taken: compression would cost a
//! connection as much memory as a hundred idle ones.
//!
//! [`Framing`]: framing::Framing
//! [`Unframer`]: unframer::Unframer

pub mod close_code;
pub mod framing;
pub mod handshake;
pub mod header;
mod mask;
pub mod unframer;
mod utf8;
