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
pub mod effect;
mod finishing;
mod groups;
pub mod input;
mod invariants;
pub mod job;
mod login;
mod messages;
mod operator;
mod outcome;
mod peers;
mod pending;
mod people;
mod presence;
mod sent;
mod sequence;
mod sessions;
mod tasks;
mod transfers;
mod turns;
mod uploads;
mod users;
mod welcome;

use std::collections::BTreeSet;
use std::time::Duration;

use self::accounts::Accounts;
use self::config::Config;
use self::context::{Closing, Core, Cx};
use self::groups::Groups;
use self::messages::{Messages, Said};
use self::peers::Peers;
use self::pending::{Domain, Pending};
use self::people::People;
use self::presence::Presence;
use self::sequence::Sequence;
use self::tasks::UnderWay;
use self::turns::Turns;
use self::uploads::Uploads;
use crate::chat::message::{MessageId, StoredMessage};
use crate::chat::refusal::Refusal;
use crate::figures::Family;
use crate::hub::accounts::directory::UserIndex;
use crate::hub::counters::Gauges;
use crate::hub::effect::{Effect, Effects};
use crate::hub::input::{ConnId, Input, Now};
use crate::hub::job::{Job, JobId, Outcome, Snapshot, Value};
use crate::hub::outcome::failed;

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
    /// Higher marks for the ids that are being kept; one at a time.
    marks: Pending<MessageId>,
    messages: Messages,
    uploads: Uploads,
    peers: Peers,
    /// When the server stops, where that was announced, on the steady clock.
    stops_at: Option<Duration>,
}

impl Hub {
    /// A chat that begins with what was kept, and nobody online. Whatever the hub draws by lot
    /// comes from `seed`.
    pub fn new(config: Config, seed: u64, mut kept: Snapshot) -> Self {
        let messages = Messages::new(&config, &kept.keys, kept.id_mark);
        let accounts = Accounts::new(&mut kept);
        Hub {
            peers: Peers::new(config.alive_period),
            groups: Groups::new(kept.groups, &accounts.directory, &accounts.roles),
            stops_at: None,
            uploads: Uploads::default(),
            core: Core::new(config, seed, Sequence::above(kept.id_mark)),
            accounts,
            presence: Presence::default(),
            turns: Turns::default(),
            refusals: BTreeSet::new(),
            under_way: Pending::new(Domain::Hub),
            messages,
            marks: Pending::new(Domain::Sequence),
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
            Input::PageRead { conn } => {
                let (messages, _, mut cx) = self.messages_with(effects);
                messages.history.next_page(conn, &mut cx);
            }
            Input::Disconnected { conn } => self.forget(conn, true, effects),
            Input::Done { ticket, outcome } => match Domain::of(ticket) {
                Domain::Accounts => self.accounts.done(ticket, &outcome),
                Domain::Messages => {
                    let (messages, people, mut cx) = self.messages_with(effects);
                    messages.done(ticket, outcome, people, &mut cx);
                }
                Domain::History => {
                    let (messages, people, mut cx) = self.messages_with(effects);
                    messages.history.done(ticket, outcome, people, &mut cx);
                }
                Domain::Sequence => self.id_mark_raised(ticket, &outcome, effects),
                _ => self.done(ticket, outcome, effects),
            },
            Input::Deadline => {
                self.end_silent();
                self.tell_refusals(effects);
                self.messages.history.deadline(&mut Cx::new(&mut self.core, effects));
                self.group_deadlines(effects);
                self.remove_old_uploads(effects);
            }
            Input::Shutdown { seconds } => self.stopping(seconds, effects),
        }
        self.settle(effects);
    }

    /// The people of the chat.
    fn people(&self) -> People<'_> {
        let Hub { accounts, presence, groups, .. } = self;
        People { accounts, presence, groups }
    }

    /// The messages, and what they work with.
    fn messages_with<'a>(
        &'a mut self,
        effects: &'a mut Effects,
    ) -> (&'a mut Messages, People<'a>, Cx<'a>) {
        let Hub { core, accounts, presence, groups, messages, .. } = self;
        (messages, People { accounts, presence, groups }, Cx::new(core, effects))
    }

    /// Tells those addressed of a file that was sent, whose message is on disk.
    fn deliver_sent(&mut self, message: StoredMessage, effects: &mut Effects) {
        let (messages, people, mut cx) = self.messages_with(effects);
        messages.apply(Said { message, key: None }, None, people, &mut cx);
    }

    /// A higher mark for the ids is on disk, or is not: the requests that waited for it are handled
    /// now, one after the other, or are refused.
    fn id_mark_raised(&mut self, ticket: JobId, outcome: &Outcome, effects: &mut Effects) {
        let Some(mark) = self.marks.take(ticket) else { return };
        let is_kept = *outcome == Ok(Value::Done);
        self.core.sequence.mark_kept(is_kept.then_some(mark));
        for (conn, request) in self.core.take_without_id() {
            if !Cx::new(&mut self.core, effects).unblock(conn) {
                continue;
            }
            match is_kept {
                true => self.run(conn, request, effects),
                false => self.refuse(conn, request.kind(), failed(outcome), effects),
            }
            self.settle(effects);
        }
        for whole in std::mem::take(&mut self.uploads.without_id) {
            match is_kept {
                true => self.publish(whole, effects),
                false => self.upload_failed(whole, outcome, effects),
            }
        }
    }

    /// Ends the sessions and the streams of which that was said while the input was handled, and
    /// has a mark for the ids kept that is needed.
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
            if let Some(mark) = self.core.next_mark() {
                let cx = &mut Cx::new(&mut self.core, effects);
                self.marks.begin(Job::RaiseIdMark { mark }, mark, cx);
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

    /// Who is logged in over a connection.
    fn user_of(&self, conn: ConnId) -> Option<UserIndex> {
        self.core.sessions.get(conn)?.user()
    }

    /// What operators look at.
    pub fn figures(&self) -> Vec<Family> {
        let Hub { core, accounts, presence, groups, messages, .. } = self;
        core.counters.figures(Gauges {
            users_online: presence.len(),
            users_up: self.peers.len(),
            sessions_not_logged_in: core.sessions.len() - presence.conns().count(),
            accounts: accounts.directory.len(),
            accounts_banned: accounts.roles.banned(),
            groups: groups.len(),
            jobs: self.under_way.len() + self.marks.len() + messages.jobs(),
            lists: messages.history.lists(),
        })
    }

    /// When to hand in [`Input::Deadline`], on the steady clock.
    pub fn next_deadline(&self) -> Option<Duration> {
        let refusal = self.refusals.first().map(|(at, _)| *at);
        let others = [
            refusal,
            self.messages.history.next_deadline(),
            self.groups.next_deadline(),
            self.uploads.next_removal,
            self.peers.next_look(),
        ];
        others.into_iter().flatten().min()
    }
}
