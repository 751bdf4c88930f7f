//! The harness of the black-box tests: the real server binary, its log, and clients that speak
//! the protocol line by line.
//!
//! None of the server's own code is used here, so that the two can only agree by way of the
//! protocol. Nothing sleeps and nothing has a fixed port: whoever waits, waits for something, and
//! for [`PATIENCE`] at most. That a line does *not* come is shown by a marker that comes instead:
//! see [`Client::expect_nothing`].
#![allow(dead_code, unused_imports, reason = "each test program uses its own part of this")]

mod client;
mod log;
mod pattern;
mod random;
mod server;
mod tls;
mod transport;

pub use client::{Client, Frame, Options};
pub use log::Log;
pub use pattern::captures;
pub use random::Random;
pub use server::{Finished, Server, bare_command, command, finish, finish_with_its_output};
pub use tls::{Identity, TlsTrust};
pub use transport::Transport;

use std::time::Duration;

/// How long anything may take before a test gives up.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// The password under which the harness registers `name`.
pub fn password_of(name: &str) -> String {
    format!("the password of {name}")
}
