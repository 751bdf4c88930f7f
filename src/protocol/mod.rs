//! What stands on the wire, shared by the server, the client and the load generator.
//!
//! [`frame`] cuts bytes into frames, [`request`] makes a request of a command line, [`reply`]
//! writes what the server answers, and [`name`] holds what both speak about: users, numbers,
//! targets and file names, each parsed once and valid from then on. [`wire`] writes what a client
//! sends, and [`joined`] tells which of the characters without a width belong to what people read.
//! Nothing here knows a socket, a clock, or what a user may do. The text of the protocol is the
//! manual page chatsrv-protocol(7).

pub mod address;
pub mod frame;
pub mod joined;
pub mod name;
pub mod reply;
pub mod request;
pub mod sha256;
pub mod text;
pub mod verb;
pub mod wire;

/// The protocol version that the greeting announces.
pub const VERSION: u32 = 1;

/// The longest line a client may send, in bytes, LF included.
pub const CLIENT_LINE_BYTES_MAX: usize = 4096;

/// The longest line a server may send, in bytes, LF included.
pub const SERVER_LINE_BYTES_MAX: usize = 8192;

/// The most bytes that one file chunk carries.
pub const CHUNK_BYTES_MAX: usize = 65_536;
