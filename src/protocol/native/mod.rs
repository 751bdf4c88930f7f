//! The native protocol, as the manual page chatsrv-protocol(7) describes it: shared by the server,
//! the client and the load generator.
//!
//! [`frame`] cuts bytes into frames, [`parse`] makes a request of a command line, and
//! [`mod@write`] writes what the server answers. For clients, [`outgoing`] writes the lines that
//! they send and [`read`] cuts apart those that they get. [`verb`] and [`closing`] are the tables
//! from which both sides read.

pub mod closing;
pub mod codes;
mod event;
pub mod frame;
pub mod list;
pub mod outgoing;
pub mod parse;
pub mod read;
pub mod verb;
pub mod write;

/// The protocol version that the greeting announces.
pub const VERSION: u32 = 1;

/// The longest line a client may send, in bytes, LF included.
pub const CLIENT_LINE_BYTES_MAX: usize = 4096;

/// The longest line a server may send, in bytes, LF included.
pub const SERVER_LINE_BYTES_MAX: usize = 8192;

/// The most bytes that one file chunk carries.
pub const CHUNK_BYTES_MAX: usize = 65_536;
