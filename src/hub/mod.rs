//! What the chat knows, and what it wants done about what happens.
//!
//! [`Hub::handle`] takes one [`Input`] and the time, and adds [`Effect`]s. There is no socket, file,
//! clock, random number or thread in here, so that a test can be the world: see tests/simulator.

mod effect;
mod input;
mod job;

pub use effect::{CloseReason, Effect, Effects, Recipients};
pub use input::{ConnId, Input, Now};
pub use job::{Account, Job, Outcome, Secret, Ticket};

use std::time::Duration;

/// What the operator decided about the chat.
#[derive(Clone, Debug)]
pub struct Config {
    /// Whether new names may register.
    pub registration: bool,
    /// Whether files may be read before the login.
    pub public_files: bool,
    /// With more users online than this, nobody is told who comes and goes.
    pub presence_limit: usize,
}

/// The chat.
#[derive(Debug)]
pub struct Hub {
    config: Config,
}

impl Hub {
    /// A chat with these accounts, and nobody online. Whatever the hub draws by lot comes from
    /// `seed`.
    pub fn new(config: Config, seed: u64, accounts: Vec<Account>) -> Self {
        let _ = (seed, accounts);
        Hub { config }
    }

    /// Takes what happened, and adds what is to be done.
    pub fn handle(&mut self, input: Input<'_>, now: Now, effects: &mut Effects) {
        let _ = (input, now, effects, &self.config);
    }

    /// Whether the connection's next frame may be handled. While a password is checked, or more
    /// answers wait than a session may have, it may not.
    pub fn takes_input(&self, conn: ConnId) -> bool {
        let _ = conn;
        true
    }

    /// Whether every answer to what the connection sent has been given.
    pub fn has_answered(&self, conn: ConnId) -> bool {
        let _ = conn;
        true
    }

    /// When to hand in [`Input::Deadline`], on the steady clock.
    pub fn next_deadline(&self) -> Option<Duration> {
        None
    }
}
