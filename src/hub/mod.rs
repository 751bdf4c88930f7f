//! What the chat knows, and what it wants done about what happens.
//!
//! [`Hub::handle`] takes one [`Input`] and the time, and adds [`Effect`]s. There is no socket,
//! file, clock, random number or thread in here, so that a test can be the world: see
//! tests/simulator.

mod answers;
mod command;
mod directory;
mod effect;
mod input;
mod invariants;
mod job;
mod login;
mod messages;
mod online;
mod session;
mod tasks;
mod throttle;
mod transfers;
mod users;

pub use effect::{CloseReason, Effect, Effects, Recipients};
pub use input::{ConnId, Input, Now};
pub use job::{Account, Job, Outcome, Secret, Ticket};

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;
use std::time::Duration;

use self::directory::Directory;
use self::online::Online;
use self::session::Sessions;
use self::tasks::UnderWay;
use self::throttle::Throttle;
use crate::protocol::reply::{Item, Notice};
use crate::protocol::verb::Verb;

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
    /// When the input that is being handled came.
    now: Now,
    /// Draws the numbers of new accounts.
    lot: fastrand::Rng,
    sessions: Sessions,
    directory: Directory,
    online: Online,
    throttle: Throttle,
    /// Wrong passwords that are told later, by the time on the steady clock.
    refusals: BTreeSet<(Duration, ConnId)>,
    under_way: HashMap<Ticket, UnderWay>,
    last_ticket: u64,
    last_id: u64,
    /// What HELP lists.
    help: Rc<[Item]>,
}

impl Hub {
    /// A chat with these accounts, and nobody online. Whatever the hub draws by lot comes from
    /// `seed`.
    pub fn new(config: Config, seed: u64, accounts: Vec<Account>) -> Self {
        Hub {
            config,
            now: Now::default(),
            lot: fastrand::Rng::with_seed(seed),
            sessions: Sessions::default(),
            directory: Directory::new(accounts),
            online: Online::default(),
            throttle: Throttle::default(),
            refusals: BTreeSet::new(),
            under_way: HashMap::new(),
            last_ticket: 0,
            last_id: 0,
            help: Verb::ALL.iter().copied().map(Item::Help).collect(),
        }
    }

    /// Takes what happened, and adds what is to be done. What comes from a connection that is gone
    /// is dropped; frames must come only while the connection [takes input](Self::takes_input).
    pub fn handle(&mut self, input: Input<'_>, now: Now, effects: &mut Effects) {
        self.now = now;
        match input {
            Input::Connected { conn, from } => self.connected(conn, from, effects),
            Input::Command { conn, request } => self.command(conn, request, effects),
            Input::Data { conn, text } => self.data(conn, text, effects),
            Input::BadFrame { conn, error } => self.bad_frame(conn, error, effects),
            Input::File { conn, stream } => self.file(conn, stream, effects),
            Input::DownloadOver { conn, stream, complete } => {
                self.download_over(conn, stream, complete, effects);
            }
            Input::Disconnected { conn } => self.forget(conn, true, effects),
            Input::Done { ticket, outcome } => self.done(ticket, outcome, effects),
            Input::Deadline => self.deadline(effects),
            Input::Shutdown { seconds } => {
                let to = effects.recipients(self.sessions.iter().map(|(conn, _)| conn));
                effects.push(Effect::Notice { notice: Notice::Shutdown { seconds }, to });
            }
        }
    }

    /// Whether the connection's next frame may be handled. While a password is checked, or more
    /// answers wait than a session may have, it may not, nor once the connection is closed.
    pub fn takes_input(&self, conn: ConnId) -> bool {
        self.sessions.get(conn).is_some_and(|session| session.takes_input())
    }

    /// Whether every answer to what the connection sent has been given.
    pub fn has_answered(&self, conn: ConnId) -> bool {
        self.sessions.get(conn).is_none_or(|session| session.has_answered())
    }

    /// What operators look at.
    pub fn figures(&self) -> Vec<crate::figures::Family> {
        Vec::new()
    }

    /// When to hand in [`Input::Deadline`], on the steady clock.
    pub fn next_deadline(&self) -> Option<Duration> {
        self.refusals.first().map(|(at, _)| *at)
    }
}
