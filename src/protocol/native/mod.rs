//! The native protocol, as the manual page chatsrv-protocol(7) describes it: shared by the server,
//! the client and the load generator.
//!
//! [`frame`] cuts bytes into frames, [`parse`] makes a request of a command line, and
//! [`mod@write`] writes what the server answers. For clients, [`outgoing`] writes the lines that
//! they send and [`read`] cuts apart those that they get. [`verb`] and [`closing`] are the tables
//! from which both sides read.

pub mod closing;
pub mod code;
pub mod codec;
pub mod codes;
pub mod command;
pub mod frame;
pub mod outgoing;
pub mod parse;
pub mod read;
pub mod steps;
pub mod verb;
pub mod write;

pub use frame::{CHUNK_BYTES_MAX, CLIENT_LINE_BYTES_MAX, SERVER_LINE_BYTES_MAX};
pub use write::VERSION;
