//! What the chat knows, and what it wants done about what happens.
//!
//! [`Hub::handle`] takes one [`Input`] and the time, and adds [`Effects`]. There is no socket,
//! file, clock, random number or thread in here, so that a test can be the world: see
//! tests/simulator.

mod accounts;
mod command;
pub mod config;
mod context;
mod counters;
mod credentials;
mod delivery;
pub mod effect;
mod finishing;
mod groups;
mod history;
pub mod input;
mod invariants;
pub mod job;
mod keys;
mod lists;
mod login;
mod messages;
mod operator;
mod peers;
mod pending;
mod presence;
mod retention;
mod sent;
mod sequence;
mod sessions;
mod tasks;
mod transfers;
mod turns;
mod uploads;
mod users;
mod welcome;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use self::accounts::Accounts;
use self::config::Config;
use self::context::{Closing, Core, Cx};
use self::delivery::AwaitsId;
use self::groups::Groups;
use self::groups::users::Users;
use self::keys::Keys;
use self::lists::OpenList;
use self::peers::Peers;
use self::pending::{Domain, Pending};
use self::presence::Presence;
use self::retention::Retention;
use self::sequence::Sequence;
use self::tasks::UnderWay;
use self::turns::Turns;
use self::uploads::Uploads;
use crate::chat::refusal::Refusal;
use crate::hub::accounts::directory::UserIndex;
use crate::hub::effect::{Effect, Effects};
use crate::hub::input::{ConnId, Input, Now};
use crate::hub::job::Snapshot;

/// The chat.
#[derive(Debug)]
pub struct Hub {
    core: Core,
    accounts: Accounts,
    presence: Presence,
    groups: Groups,
    /// Logins that wait for others of their network.
    turns: Turns,
    /// Wrong passwords that are told later, by the time on the steady clock.
    refusals: BTreeSet<(Duration, ConnId)>,
    under_way: Pending<UnderWay>,
    keys: Keys,
    /// What waits for an id, in the order in which it came; one thing of a session at most.
    await_id: Vec<(ConnId, AwaitsId)>,
    /// Those of them for whom more waits than may; none between two inputs.
    slow_logins: Vec<ConnId>,
    /// Lists of messages that were begun and are not complete; one of a session at most.
    lists: BTreeMap<ConnId, OpenList>,
    retention: Retention,
    uploads: Uploads,
    peers: Peers,
    /// When the server stops, where that was announced, on the steady clock.
    stops_at: Option<Duration>,
}

impl Hub {
    /// A chat that begins with what was kept, and nobody online. Whatever the hub draws by lot
    /// comes from `seed`.
    pub fn new(config: Config, seed: u64, mut kept: Snapshot) -> Self {
        let keys = match config.keep_messages {
            true => Keys::kept(&kept.keys),
            false => Keys::in_memory(),
        };
        let accounts = Accounts::new(&mut kept);
        Hub {
            peers: Peers::new(config.alive_period),
            groups: Groups::new(kept.groups, &accounts),
            stops_at: None,
            retention: Retention::new(config.history),
            uploads: Uploads::default(),
            core: Core::new(config, seed, Sequence::above(kept.id_mark)),
            accounts,
            presence: Presence::default(),
            turns: Turns::default(),
            refusals: BTreeSet::new(),
            under_way: Pending::new(Domain::Hub),
            keys,
            await_id: Vec::new(),
            slow_logins: Vec::new(),
            lists: BTreeMap::new(),
        }
    }

    /// Takes what happened, and adds what is to be done. What comes from a connection that is gone
    /// is dropped; frames must come only while the connection [takes input](Self::takes_input).
    pub fn handle(&mut self, input: Input, now: Now, effects: &mut Effects) {
        self.core.now = now;
        if let Input::Asked { conn, .. } = input {
            self.heard_from(conn);
        }
        match input {
            Input::Connected { conn, from } => self.connected(conn, from, effects),
            Input::Asked { conn, request } => self.asked(conn, request, effects),
            Input::File { conn, stream } => self.file(conn, stream, effects),
            Input::DownloadOver { conn, stream, complete } => {
                self.download_over(conn, stream, complete, effects);
            }
            Input::UploadOver { conn, stream, end } => {
                self.upload_over(conn, stream, end, effects);
            }
            Input::PageRead { conn } => self.next_page(conn, effects),
            Input::Disconnected { conn } => self.forget(conn, true, effects),
            Input::Done { ticket, outcome } => match Domain::of(ticket) {
                Domain::Accounts => self.accounts.done(ticket, &outcome),
                Domain::Groups => {
                    let (groups, users, mut cx) = self.groups_with(effects);
                    groups.done(ticket, &outcome, users, &mut cx);
                }
                _ => self.done(ticket, outcome, effects),
            },
            Input::Deadline => {
                self.end_silent();
                self.tell_refusals(effects);
                self.remove_old(effects);
                let (groups, users, mut cx) = self.groups_with(effects);
                groups.deadline(users, &mut cx);
                self.remove_old_uploads(effects);
            }
            Input::Shutdown { seconds } => self.stopping(seconds, effects),
        }
        self.settle(effects);
    }

    /// Ends the sessions and the streams of which that was said while the input was handled.
    fn settle(&mut self, effects: &mut Effects) {
        while !self.core.is_settled() {
            while let Some(Closing { conn, reason, last, words }) = self.core.next_closing() {
                if self.core.sessions.get(conn).is_some() {
                    effects.push(Effect::Close { conn, reason, last, words });
                    self.end_session(conn, reason, effects);
                }
            }
            while let Some((conn, stream)) = self.core.next_abort() {
                let done = self.end_transfer(conn, stream, effects);
                let result = done.ok_or(Refusal::NoSuchTransfer);
                Cx::new(&mut self.core, effects).abort_done(conn, result);
            }
        }
    }

    /// Whether the connection's next frame may be handled. While a password is checked, an upload
    /// is being opened, a list is under way or waits for its turn, or more answers wait than a
    /// session may have, it may not, nor once the connection is closed.
    pub fn takes_input(&self, conn: ConnId) -> bool {
        self.core.sessions.get(conn).is_some_and(|session| session.takes_input())
    }

    /// Whether every answer to what the connection sent has been given, and what became of each
    /// upload that is whole was told.
    pub fn has_answered(&self, conn: ConnId) -> bool {
        self.core.sessions.get(conn).is_none_or(|session| session.has_answered())
    }

    /// The groups, and what they work with.
    fn groups_with<'a>(
        &'a mut self,
        effects: &'a mut Effects,
    ) -> (&'a mut Groups, Users<'a>, Cx<'a>) {
        let users = Users { accounts: &self.accounts, presence: &self.presence };
        (&mut self.groups, users, Cx::new(&mut self.core, effects))
    }

    /// Who is logged in over a connection.
    fn user_of(&self, conn: ConnId) -> Option<UserIndex> {
        self.core.sessions.get(conn)?.user()
    }

    /// When to hand in [`Input::Deadline`], on the steady clock.
    pub fn next_deadline(&self) -> Option<Duration> {
        let refusal = self.refusals.first().map(|(at, _)| *at);
        let others = [
            refusal,
            self.retention.next,
            self.groups.next_deadline(),
            self.uploads.next_removal,
            self.peers.next_look(),
        ];
        others.into_iter().flatten().min()
    }
}
