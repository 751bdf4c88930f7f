//! Protocols: codecs between bytes and what the chat speaks about.
//!
//! [`native`] is chatsrv's own protocol. Nothing here knows a socket, a clock, or what a user may
//! do.

pub mod native;
