//! The native protocol, as the manual page chatsrv-protocol(7) describes it: shared by the server,
//! the client and the load generator.
//!
//! On the server, [`codec`] is the codec of a connection: [`frame`] cuts bytes into frames,
//! [`parse`] parses command lines, and [`mod@write`] writes answers and events. For clients,
//! [`outgoing`] writes lines to the server and [`read`] parses lines from it. [`verb`], [`kinds`],
//! [`codes`] and [`closing`] are tables that both sides share.

pub mod closing;
pub mod code;
pub mod codec;
pub mod codes;
pub mod command;
pub mod frame;
pub mod kinds;
pub mod outgoing;
pub mod parse;
pub mod read;
pub mod steps;
pub mod verb;
pub mod write;

pub use frame::{CHUNK_BYTES_MAX, CLIENT_LINE_BYTES_MAX, SERVER_LINE_BYTES_MAX};
pub use write::VERSION;
