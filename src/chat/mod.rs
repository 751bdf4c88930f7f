//! The vocabulary of the chat: what people ask for, get and are told, as types.
//!
//! Nothing here knows a byte of a protocol or keeps any state. Protocols and the
//! [`hub`](crate::hub) stand on it, and neither on the other: a codec of
//! [`protocol`](crate::protocol) makes a [`request`] of bytes, and bytes of the answer that the hub
//! decides on. Every [`name`], [`text`] and [`address`] is checked when it is made and valid from
//! then on.

pub mod account;
pub mod address;
pub mod answer;
pub mod close;
pub mod entry;
pub mod event;
pub mod file;
pub mod group;
pub mod id;
pub mod joined;
pub mod message;
pub mod name;
pub mod refusal;
pub mod request;
pub mod sha256;
pub mod text;
