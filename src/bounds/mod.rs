//! Bounds of what one network may take: how many at a time ([`headcount`]), and how often
//! ([`allowance`], [`usage`]).
//!
//! What counts as one is a [`Network`](crate::chat::address::Network); the /48 that holds one of
//! IPv6 may take [`SITE_FACTOR`](crate::limits::SITE_FACTOR) times as much. Whom a limit leaves
//! alone says [`limit`].

pub mod allowance;
pub mod headcount;
pub mod limit;
pub mod recent;
pub mod usage;
