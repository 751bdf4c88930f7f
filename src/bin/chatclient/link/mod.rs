//! The way to the server: [`connection`], the socket; [`login`], what is said before anything else,
//! and [`backoff`], when to try again.

pub mod backoff;
pub mod connection;
pub mod login;
