//! What the chat knows, and what it wants done about what happens.
//!
//! [`Hub::handle`] takes one [`Input`] and the time, and adds [`Effects`]. There is no socket,
//! file, clock, random number or thread in here, so that a test can be the world: see
//! tests/simulator.

mod access;
mod accounts;
mod admin;
mod calls;
mod command;
pub mod config;
mod context;
mod counters;
pub mod effect;
mod files;
mod groups;
pub mod input;
mod invariants;
pub mod job;
mod login;
mod messages;
mod outcome;
mod pending;
mod people;
mod presence;
mod sequence;
mod sessions;
mod turns;
mod welcome;

use std::time::Duration;

use self::accounts::Accounts;
use self::admin::{Admin, Decided, Decision};
use self::calls::Calls;
use self::config::Config;
use self::context::{Caller, Closing, Core, Cx};
use self::files::Files;
use self::groups::Groups;
use self::groups::users::Users;
use self::login::Login;
use self::messages::{Messages, Said};
use self::pending::{Domain, Pending};
use self::people::People;
use self::presence::Presence;
use self::sequence::Sequence;
use crate::chat::address::Address;
use crate::chat::answer::{Answer, Done, List};
use crate::chat::close::CloseReason;
use crate::chat::message::{MessageId, StoredMessage};
use crate::chat::name::UserRef;
use crate::chat::refusal::Refusal;
use crate::chat::request::Kind;
use crate::chat::text::Reason;
use crate::figures::Family;
use crate::hub::accounts::directory::{OPERATOR, UserIndex};
use crate::hub::counters::{Gauges, LoginResult};
use crate::hub::effect::{Effect, Effects};
use crate::hub::input::{ConnId, Input, Now};
use crate::hub::job::{Job, JobId, Outcome, Snapshot, Value};
use crate::hub::login::Authenticated;
use crate::hub::outcome::failed;
use crate::hub::sessions::replies::Reply;
use crate::hub::sessions::state::State;

/// The chat.
#[derive(Debug)]
pub struct Hub {
    core: Core,
    accounts: Accounts,
    presence: Presence,
    groups: Groups,
    login: Login,
    /// Who is let in, and what is unread for them is being counted.
    welcomes: Pending<(ConnId, UserIndex)>,
    /// Higher marks for the ids that are being kept; one at a time.
    marks: Pending<MessageId>,
    messages: Messages,
    files: Files,
    calls: Calls,
    admin: Admin,
}

impl Hub {
    /// A chat that begins with what was kept, and nobody online. Whatever the hub draws by lot
    /// comes from `seed`.
    pub fn new(config: Config, seed: u64, mut kept: Snapshot) -> Self {
        let messages = Messages::new(&config, &kept.keys, kept.id_mark);
        let accounts = Accounts::new(&mut kept);
        Hub {
            calls: Calls::new(config.alive_period),
            admin: Admin::default(),
            groups: Groups::new(kept.groups, &accounts),
            files: Files::new(),
            core: Core::new(config, seed, Sequence::above(kept.id_mark)),
            accounts,
            presence: Presence::default(),
            login: Login::default(),
            welcomes: Pending::new(Domain::Hub),
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
            Input::File { conn, stream } => {
                Files::stray_chunk(conn, stream, &mut Cx::new(&mut self.core, effects));
            }
            Input::DownloadOver { conn, stream, complete } => {
                let mut cx = Cx::new(&mut self.core, effects);
                Files::download_over(conn, stream, complete, &mut cx);
            }
            Input::UploadOver { conn, stream, end } => {
                let mut cx = Cx::new(&mut self.core, effects);
                self.files.upload_over(conn, stream, end, &mut cx);
            }
            Input::PageRead { conn } => {
                let (messages, _, mut cx) = self.messages_with(effects);
                messages.history.next_page(conn, &mut cx);
            }
            Input::Disconnected { conn } => self.forget(conn, true, effects),
            Input::Done { ticket, outcome } => self.outcome(ticket, outcome, effects),
            Input::Deadline => {
                self.end_silent();
                self.login.deadline(&mut Cx::new(&mut self.core, effects));
                self.messages.history.deadline(&mut Cx::new(&mut self.core, effects));
                let (groups, users, mut cx) = self.groups_with(effects);
                groups.deadline(users, &mut cx);
                self.files.deadline(&mut Cx::new(&mut self.core, effects));
            }
            Input::Shutdown { seconds } => {
                self.admin.stopping(seconds, &mut Cx::new(&mut self.core, effects));
            }
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
                false => {
                    Cx::new(&mut self.core, effects).refuse(conn, request.kind(), failed(outcome))
                }
            }
            self.settle(effects);
        }
        let (files, people, mut cx) = self.files(effects);
        files.ids_are_there(outcome, people, &mut cx);
    }

    /// Hands the outcome of a job to the domain that began it.
    fn outcome(&mut self, ticket: JobId, outcome: Outcome, effects: &mut Effects) {
        match Domain::of(ticket) {
            Domain::Login => {
                let cx = &mut Cx::new(&mut self.core, effects);
                let who = self.login.done(ticket, outcome, &mut self.accounts, cx);
                if let Some(who) = who {
                    self.authenticated(who, effects);
                }
            }
            Domain::Accounts => {
                let cx = &mut Cx::new(&mut self.core, effects);
                if self.accounts.done(ticket, &outcome, cx) {
                    self.presence.who_changed();
                }
            }
            Domain::Calls => {
                let people = (&self.accounts, &self.presence);
                let cx = &mut Cx::new(&mut self.core, effects);
                self.calls.done(ticket, outcome, people, cx);
            }
            Domain::Admin => {
                let cx = &mut Cx::new(&mut self.core, effects);
                let decided = self.admin.done(ticket, &outcome, &mut self.accounts, cx);
                if let Some(decided) = decided {
                    self.decided(decided, effects);
                }
            }
            Domain::Files => self.file_job_done(ticket, outcome, effects),
            Domain::Messages => {
                let (messages, people, mut cx) = self.messages_with(effects);
                messages.done(ticket, outcome, people, &mut cx);
            }
            Domain::History => {
                let (messages, people, mut cx) = self.messages_with(effects);
                messages.history.done(ticket, outcome, people, &mut cx);
            }
            Domain::Sequence => self.id_mark_raised(ticket, &outcome, effects),
            Domain::Groups => {
                let (groups, users, mut cx) = self.groups_with(effects);
                groups.done(ticket, &outcome, users, &mut cx);
            }
            Domain::Hub => {
                if let Some((conn, user)) = self.welcomes.take(ticket) {
                    self.welcome(conn, user, outcome, effects);
                }
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
                let mut cx = Cx::new(&mut self.core, effects);
                let done = self.files.end_transfer(conn, stream, &mut cx);
                cx.abort_done(conn, done.ok_or(Refusal::NoSuchTransfer));
            }
            if let Some(mark) = self.core.next_mark() {
                let cx = &mut Cx::new(&mut self.core, effects);
                self.marks.begin(Job::RaiseIdMark { mark }, mark, cx);
            }
        }
    }

    /// The files, and what they work with.
    fn files<'a>(&'a mut self, effects: &'a mut Effects) -> (&'a mut Files, People<'a>, Cx<'a>) {
        let Hub { core, accounts, presence, groups, files, .. } = self;
        (files, People { accounts, presence, groups }, Cx::new(core, effects))
    }

    /// Takes what came of a job of the files. The message of a file that was sent goes to those
    /// whom it addresses once it is kept.
    fn file_job_done(&mut self, id: JobId, outcome: Outcome, effects: &mut Effects) {
        let (files, people, mut cx) = self.files(effects);
        if let Some(message) = files.done(id, outcome, people, &mut cx) {
            self.deliver_sent(message, effects);
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

    /// Greets a new connection.
    fn connected(&mut self, conn: ConnId, from: Address, effects: &mut Effects) {
        self.core.sessions.insert(conn, from);
        Cx::new(&mut self.core, effects).answer(conn, Kind::Connect, Done::Greeted);
        if from == Address::Local {
            log::info!("event=operator conn={conn}");
            let (user, of) = (OPERATOR, Kind::LogIn);
            let counts_as = Some(LoginResult::Operator);
            let who = Authenticated { conn, user, of, takeover: true, counts_as };
            self.authenticated(who, effects);
        }
    }

    /// Ends the session of a connection that is being closed.
    fn end_session(&mut self, conn: ConnId, reason: CloseReason, effects: &mut Effects) {
        let user = self.core.user_of(conn);
        if let (CloseReason::Goodbye, Some(user)) = (reason, user) {
            let (groups, users, mut cx) = self.groups_with(effects);
            groups.said_goodbye(user, users, &mut cx);
        }
        self.forget(conn, reason != CloseReason::TakenOver, effects);
    }

    /// Forgets a session, and tells the others that its user went offline.
    fn forget(&mut self, conn: ConnId, announce: bool, effects: &mut Effects) {
        let Some(session) = self.core.sessions.remove(conn) else { return };
        self.files.session_ended(conn, &session.replies, &mut Cx::new(&mut self.core, effects));
        self.messages.session_ended(conn, &session);
        self.core.session_ended(conn);
        self.login.session_ended(conn, &session);
        if let State::Enters(user) = *session.state() {
            let entering = self.presence.entering.remove(&user);
            self.groups.went_offline(user, &self.core);
            if announce && entering.is_some_and(|entering| !entering.is_news) {
                let cx = &mut Cx::new(&mut self.core, effects);
                self.presence.tell(user, false, &self.accounts, cx);
            }
        }
        if let Some(user) = session.user() {
            if announce {
                let cx = &mut Cx::new(&mut self.core, effects);
                self.presence.tell(user, false, &self.accounts, cx);
            }
            self.presence.leave(user);
            self.calls.unavailable(user);
            self.groups.went_offline(user, &self.core);
        }
    }

    /// Lists who is online.
    fn who(&mut self, conn: ConnId, effects: &mut Effects) {
        let items = self.presence.who(&self.accounts.directory, |user, conn| {
            Some((self.core.sessions.get(conn)?.from, self.calls.port(user)?))
        });
        let list = List::whole(Kind::Who, items, None, Answer::done(Kind::Who));
        Cx::new(&mut self.core, effects).reply(conn, Reply::List(list));
    }

    /// Ends a user's session, and answers who asked for that once it has ended.
    fn kick(&mut self, conn: ConnId, user: UserRef, reason: Option<Reason>, effects: &mut Effects) {
        let Some(caller) = self.caller(conn) else { return };
        let people = (&self.accounts, &self.presence);
        let cx = &mut Cx::new(&mut self.core, effects);
        let result = self.admin.kick(caller, user, reason, people, cx);
        self.settle(effects);
        Cx::new(&mut self.core, effects).conclude(conn, Kind::Kick, result);
    }

    /// A decision of an administrator holds from now on.
    fn decided(&mut self, decided: Decided, effects: &mut Effects) {
        let Decided { conn, job, decision } = decided;
        if let Decision::Banned(user, banned) = decision {
            if let Some(session) = self.presence.session_of(user).filter(|_| banned) {
                Cx::new(&mut self.core, effects).close(session, CloseReason::Banned);
                self.settle(effects);
            }
            let (groups, users, mut cx) = self.groups_with(effects);
            groups.ban_changed(user, users, &mut cx);
        }
        let cx = &mut Cx::new(&mut self.core, effects);
        cx.resolve_answer(conn, job, decision.kind(), Ok(decision.done()));
    }

    /// A connection asks for something, so somebody is there who takes direct chats.
    fn heard_from(&mut self, conn: ConnId) {
        let user = self.core.user_of(conn);
        if user.is_some_and(|user| self.calls.touch(user, self.core.now.steady)) {
            self.presence.who_changed();
        }
    }

    /// Forgets that those take direct chats who have fallen silent.
    fn end_silent(&mut self) {
        if self.calls.look(self.core.now.steady) {
            self.presence.who_changed();
        }
    }

    /// How many jobs are under way.
    fn jobs(&self) -> usize {
        let domains = self.login.jobs() + self.accounts.jobs() + self.calls.jobs();
        let domains = domains + self.admin.jobs() + self.files.jobs() + self.groups.jobs();
        let domains = domains + self.messages.jobs() + self.marks.len();
        self.welcomes.len() + domains
    }

    /// Who asks for something over a connection, where somebody has logged in.
    fn caller(&self, conn: ConnId) -> Option<Caller> {
        self.core.user_of(conn).map(|user| Caller { conn, user })
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

    /// What operators look at.
    pub fn figures(&self) -> Vec<Family> {
        let Hub { core, accounts, presence, groups, messages, .. } = self;
        core.counters.figures(Gauges {
            users_online: presence.len(),
            users_up: self.calls.len(),
            sessions_not_logged_in: core.sessions.len() - presence.conns().count(),
            accounts: accounts.directory.len(),
            accounts_banned: accounts.roles.banned(),
            groups: groups.len(),
            jobs: self.jobs(),
            lists: messages.history.lists(),
        })
    }

    /// When to hand in [`Input::Deadline`], on the steady clock.
    pub fn next_deadline(&self) -> Option<Duration> {
        let others = [
            self.login.next_deadline(),
            self.messages.history.next_deadline(),
            self.groups.next_deadline(),
            self.files.next_deadline(),
            self.calls.next_look(),
        ];
        others.into_iter().flatten().min()
    }
}
