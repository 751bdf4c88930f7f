//! Who ought to be up, whom calls may reach, and who may end the sessions of others.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::time::Duration;

use chatsrv::chat::address::{Address, Encryption};
use chatsrv::chat::answer::Done;
use chatsrv::chat::close::CloseReason;
use chatsrv::chat::entry::Entry;
use chatsrv::chat::event::{Call, Event};
use chatsrv::chat::name::{Number, UserName, UserRef};
use chatsrv::chat::refusal::Refusal;
use chatsrv::chat::request::Request;
use chatsrv::hub::effect::{Effect, Effects};
use chatsrv::hub::input::{ConnId, Input};
use chatsrv::hub::job::{Job, Outcome};
use chatsrv::protocol::native::code::Code;
use chatsrv::protocol::native::command::Command;
use chatsrv::protocol::native::verb::Verb;

use super::NodeModel;
use crate::reply::Reply;

/// How long after two missed periods somebody may still be up: the hub does not look all the time.
const DOUBT: Duration = Duration::from_secs(1);

#[derive(Default)]
pub struct Peers {
    from: HashMap<ConnId, Address>,
    encryptions: HashMap<ConnId, Encryption>,
    up: BTreeMap<Number, Up>,
    /// Sessions that were up until another one of their user was.
    displaced: BTreeSet<ConnId>,
    perhaps_displaced: BTreeSet<ConnId>,
    /// The answers to ALIVE that are due.
    alive: HashMap<ConnId, VecDeque<Alive>>,
    /// Calls of which the other one was told, by their tickets: who called from where, and what
    /// there is to be told.
    called: HashMap<String, (ConnId, Call)>,
    /// Whoever was an administrator at some time since the server started.
    administrators: BTreeSet<Number>,
}

#[derive(Clone, Copy)]
struct Up {
    conn: ConnId,
    port: u16,
    heard: Duration,
}

impl Peers {
    /// The server starts, and knows who is an administrator.
    pub fn start(administrators: &[Number]) -> Self {
        Peers { administrators: administrators.iter().copied().collect(), ..Peers::default() }
    }

    pub fn is_gone(&mut self, conn: ConnId, user: Option<Number>) {
        self.from.remove(&conn);
        self.encryptions.remove(&conn);
        self.alive.remove(&conn);
        if let Some(user) = user {
            self.is_gone_down(conn, user);
        }
    }

    fn is_not_displaced(&mut self, conn: ConnId) {
        self.displaced.remove(&conn);
        self.perhaps_displaced.remove(&conn);
    }

    /// A session takes no direct chats any more.
    fn is_gone_down(&mut self, conn: ConnId, user: Number) {
        self.is_not_displaced(conn);
        if self.up.get(&user).is_some_and(|up| up.conn == conn) {
            self.up.remove(&user);
        }
    }
}

impl NodeModel {
    /// Something happens, and any line is a sign of life.
    pub(super) fn before_peers(&mut self, input: &Input) {
        match input {
            Input::Connected { conn, from, encryption } => {
                self.peers.from.insert(*conn, *from);
                self.peers.encryptions.insert(*conn, *encryption);
            }
            Input::Asked { conn, request } => {
                self.is_heard(*conn);
                if *request == Ok(Request::Alive) {
                    let due = self.alive(*conn);
                    self.peers.alive.entry(*conn).or_default().push_back(due);
                }
            }
            _ => {}
        }
    }

    /// A line comes over a session.
    fn is_heard(&mut self, conn: ConnId) {
        let (now, patience) = (self.now, self.patience());
        let Some(user) = self.session(conn).user else { return };
        let up = self.peers.up.get_mut(&user).filter(|up| up.conn == conn);
        let Some(up) = up else { return };
        if now - up.heard < patience {
            up.heard = now;
        } else {
            self.peers.up.remove(&user);
        }
    }

    /// Another session of somebody who was up takes direct chats now. Of one that has just fallen
    /// silent it can't be told whether it still was.
    fn is_displaced(&mut self, before: Up) {
        let silence = self.now - before.heard;
        if silence < self.patience() {
            self.peers.displaced.insert(before.conn);
        } else if silence < self.patience() + DOUBT {
            self.peers.perhaps_displaced.insert(before.conn);
        }
    }

    /// The address from which a session is connected.
    pub(super) fn encryption(&self, conn: ConnId) -> Encryption {
        self.peers.encryptions[&conn]
    }

    pub(super) fn address(&self, conn: ConnId) -> Address {
        self.peers.from[&conn]
    }

    fn patience(&self) -> Duration {
        2 * self.config.alive_period
    }

    pub(super) fn peer_command(&mut self, conn: ConnId, user: Number, request: &Command) {
        match request {
            Command::Ask(Request::Up { .. }) if user == Number::OPERATOR => {}
            Command::Ask(Request::Up { port }) => {
                if let Some(port) = port.or(user.port()) {
                    let up = Up { conn, port, heard: self.now };
                    self.peers.is_not_displaced(conn);
                    let before = self.peers.up.insert(user, up);
                    if let Some(before) = before.filter(|before| before.conn != conn) {
                        self.is_displaced(before);
                    }
                }
            }
            Command::Ask(Request::Down) => self.peers.is_gone_down(conn, user),
            _ => {}
        }
    }

    /// Where a user takes direct chats; nothing is told of one who may or may not be up.
    pub(super) fn direct(&self, user: Number) -> Option<(Address, u16)> {
        let up = self.peers.up.get(&user)?;
        (self.now - up.heard < self.patience()).then(|| (self.peers.from[&up.conn], up.port))
    }

    /// Those who have just fallen silent, which the hub may or may not have noticed.
    pub(super) fn doubtful(&self) -> Vec<UserName> {
        let silent = self.peers.up.iter().filter(|(_, up)| {
            let silence = self.now - up.heard;
            silence >= self.patience() && silence < self.patience() + DOUBT
        });
        silent.map(|(user, _)| self.name(*user)).collect()
    }

    /// The store has kept what an administrator decided, or has not.
    pub(super) fn decision_kept(&mut self, asker: Option<ConnId>, job: &Job, outcome: &Outcome) {
        if outcome.is_err() {
            return;
        }
        // Who decided it is not known where the session is over, and nothing follows from it.
        let by = asker.and_then(|asker| self.sessions.get(&asker)?.user);
        let by = by.unwrap_or(Number::OPERATOR);
        self.sanction_kept(by, job);
        self.credentials_kept(by, job);
        if let Job::SetAdministrator { number: user, admin } = *job {
            if admin {
                self.peers.administrators.insert(user);
            }
            self.propose_surely(Entry::AdministratorSet { user, by, admin });
        }
        match *job {
            Job::SetAskFirst(user, on) => {
                self.propose_surely(Entry::AskFirstSet { user, on });
            }
            Job::SetIgnored { number: user, whom, on } => {
                self.propose_surely(Entry::IgnoreSet { user, whom, on });
            }
            _ => {}
        }
    }

    /// The hub has told what it wants done, and the sessions are as they were before.
    pub(super) fn check_peers(&mut self, effects: &Effects) {
        for effect in &effects.list {
            match effect {
                Effect::Tell { event: Event::Call(call), to } => {
                    self.is_called(call, &effects.recipients[to.clone()]);
                }
                Effect::Answer { conn, answer } => self.check_reply(*conn, &Reply::new(answer)),
                Effect::Figures { conn } => {
                    assert!(self.may_administer(*conn), "{conn} gets the figures");
                }
                Effect::Stop { .. } | Effect::Close { reason: CloseReason::Kicked, .. } => {
                    let by = self.current.expect("somebody asked for it");
                    assert!(self.may_administer(by), "{by} may do {effect:?}");
                }
                _ => {}
            }
        }
        if !self.chat.people.are_any_banned() {
            return;
        }
        let now = self.seconds();
        for (conn, session) in &self.sessions {
            let is_closed = |effect: &Effect| match effect {
                Effect::Close { conn: closed, .. } => closed == conn,
                _ => false,
            };
            let user = session.user.or(session.entering.as_ref().map(|entering| entering.user));
            let is_banned = user.is_some_and(|user| self.chat.people.is_banned(user));
            let is_over = effects.list.iter().any(is_closed);
            assert!(!is_banned || is_over, "{conn}: {user:?} is banned");
            let from = self.address(*conn);
            assert!(!self.is_covered(from, now) || is_over, "{conn}: {from} is banned");
        }
    }

    pub(super) fn may_administer(&self, conn: ConnId) -> bool {
        let user = self.sessions.get(&conn).and_then(|session| session.user);
        user.is_some_and(|user| {
            user == Number::OPERATOR || self.peers.administrators.contains(&user)
        })
    }

    /// Somebody is told of a call, and whoever asked for it is to get the same ticket.
    fn is_called(&mut self, call: &Call, to: &[ConnId]) {
        let caller = self.current.expect("somebody calls");
        let [to] = to else { panic!("{call:?} goes to {to:?}") };
        let user = self.sessions[&caller].user.expect("a caller is online");
        assert_eq!(call.user, self.name(user));
        assert_eq!(call.address, self.peers.from[&caller]);
        let callee = self.sessions[to].user.expect("a callee is online");
        assert!(!self.chat.people.ignores(callee, user), "{callee} ignores {user}");
        let up = self.peers.up.get(&callee).unwrap_or_else(|| panic!("{callee} is not up"));
        assert_eq!(up.conn, *to, "it is up in another session");
        assert!(self.now - up.heard < self.patience() + DOUBT, "{callee} fell silent");
        let answer = Call {
            user: self.name(callee),
            address: self.peers.from[to],
            port: Some(up.port),
            ticket: call.ticket.clone(),
        };
        let before = self.peers.called.insert(call.ticket.expose().to_owned(), (caller, answer));
        assert!(before.is_none(), "a job_id came twice");
    }

    /// What somebody is told who calls one that ignores the caller: the same as if that one heard.
    fn unheard_call(&self, caller: ConnId, call: &Call) -> Option<(ConnId, Call)> {
        let callee = self.find(UserRef::Name(call.user))?;
        let user = self.sessions[&caller].user?;
        let up = self.peers.up.get(&callee).filter(|_| self.chat.people.ignores(callee, user))?;
        let (address, ticket) = (self.peers.from[&up.conn], call.ticket.clone());
        let call = Call { user: self.name(callee), address, port: Some(up.port), ticket };
        Some((caller, call))
    }

    fn check_reply(&mut self, conn: ConnId, reply: &Reply<'_>) {
        let Some(verb) = reply.verb() else { return };
        match (verb, reply.done) {
            (Verb::Call, Some(Done::Call(call))) => {
                let due = self.peers.called.remove(call.ticket.expose());
                let due = due.or_else(|| self.unheard_call(conn, call));
                assert_eq!(due, Some((conn, (**call).clone())));
            }
            (Verb::Alive, _) => self.check_alive(conn, reply),
            (
                Verb::Kick
                | Verb::Ban
                | Verb::Unban
                | Verb::Banaddr
                | Verb::Unbanaddr
                | Verb::Bans
                | Verb::Accounts
                | Verb::Mute
                | Verb::Logout
                | Verb::Setpasswd
                | Verb::Adduser
                | Verb::Registration
                | Verb::Invite
                | Verb::Invites
                | Verb::Uninvite
                | Verb::Lockdown
                | Verb::Shutdown,
                _,
            ) if reply.code == Code::Done => {
                assert!(self.may_administer(conn), "{conn} gets {reply}");
            }
            (Verb::Admin, _) if reply.code == Code::Done => {
                assert_eq!(self.session(conn).user, Some(Number::OPERATOR), "{reply}");
            }
            _ => {}
        }
    }

    /// The answer to ALIVE that is due to a session.
    fn alive(&self, conn: ConnId) -> Alive {
        let user = self.sessions[&conn].user;
        let up = user.and_then(|user| self.peers.up.get(&user)).filter(|up| up.conn == conn);
        match up {
            Some(up) => Alive::At(up.port),
            None if self.peers.displaced.contains(&conn) => Alive::Elsewhere,
            None if self.peers.perhaps_displaced.contains(&conn) => Alive::NotHere,
            None => Alive::No,
        }
    }

    fn check_alive(&mut self, conn: ConnId, reply: &Reply<'_>) {
        let told = match (reply.done, reply.refusal) {
            (Some(Done::Port(port)), _) => Alive::At(*port),
            (_, Some(Refusal::UpElsewhere)) => Alive::Elsewhere,
            (_, Some(Refusal::NotUp)) => Alive::No,
            _ => return,
        };
        let due = self.peers.alive.get_mut(&conn).and_then(VecDeque::pop_front);
        let is_as_due = match due {
            Some(Alive::NotHere) => matches!(told, Alive::No | Alive::Elsewhere),
            due => due == Some(told),
        };
        assert!(is_as_due, "{conn}: {reply}");
    }
}

/// What ALIVE is answered.
#[derive(Debug, PartialEq)]
enum Alive {
    At(u16),
    Elsewhere,
    No,
    /// One of the last two.
    NotHere,
}
