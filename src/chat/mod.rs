//! The vocabulary of the chat: requests, answers and events, as types.
//!
//! Nothing here knows a byte of a protocol or keeps any state. Protocols and the
//! [`hub`](crate::hub) use it, and neither uses the other: a codec of [`protocol`](crate::protocol)
//! decodes bytes to a [`request`], and encodes the answer of the hub. Every [`name`], [`text`] and
//! [`address`] is checked when it is made, and valid from then on.

pub mod access;
pub mod account;
pub mod address;
pub mod answer;
pub mod cidr;
pub mod close;
pub mod device;
pub mod entry;
pub mod event;
pub mod export;
pub mod fact;
pub mod file;
pub mod group;
pub mod group_action;
pub mod id;
pub mod joined;
pub mod kind;
pub mod look_alike;
pub mod message;
pub mod moderation;
pub mod motd;
pub mod name;
pub mod party;
pub mod refusal;
pub mod registration;
pub mod report;
pub mod request;
pub mod sanction;
pub mod sha256;
pub mod term;
pub mod text;
pub mod words;
