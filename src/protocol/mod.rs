//! Protocols: codecs between bytes and the requests, answers and events of the chat.
//!
//! A connection owns a [`Wire`], the codec of its protocol. It decodes bytes to complete requests
//! ([`Heard`]), however many steps a protocol makes of one, and encodes the hub's answers. An event
//! for many readers is encoded once for each [`Variant`] of a protocol among them. [`native`] is
//! chatsrv's own protocol; another one would be a folder beside it, and a variant of [`Wire`].
//!
//! [`http`] is what browsers ask for files with.
//!
//! Nothing here knows a socket, a clock, or what a user may do.
//!
//! [`Heard`]: heard::Heard
//! [`Variant`]: wire::Variant
//! [`Wire`]: wire::Wire

pub mod heard;
pub mod http;
pub mod native;
pub mod websocket;
pub mod wire;
