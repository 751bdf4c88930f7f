//! Protocols: codecs between bytes and what the chat speaks about.
//!
//! A connection owns a [`Wire`], the codec of its protocol. It makes whole requests of the bytes
//! that come ([`Heard`]), however many steps a protocol makes of one, and bytes of the hub's
//! answers. What concerns many is encoded once for each [`Variant`] of a protocol among its
//! readers. [`native`] is chatsrv's own protocol; another one is a folder beside it, and a variant
//! of [`Wire`].
//!
//! Nothing here knows a socket, a clock, or what a user may do.
//!
//! [`Heard`]: heard::Heard
//! [`Variant`]: wire::Variant
//! [`Wire`]: wire::Wire

pub mod heard;
pub mod native;
pub mod wire;
