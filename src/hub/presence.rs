//! Who is online: dense lists, so that a broadcast copies connections and does nothing else.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::chat::address::Address;
use crate::chat::answer::{Answer, Done, Item, List, OnlineUser};
use crate::chat::event::Event;
use crate::chat::id::MessageId;
use crate::chat::request::Kind;
use crate::hub::accounts::Accounts;
use crate::hub::accounts::directory::{Directory, OPERATOR, UserIndex};
use crate::hub::context::{Caller, Cx};
use crate::hub::effect::{Effect, Effects, Recipients};
use crate::hub::input::ConnId;
use crate::hub::sessions::replies::Reply;

/// Who is online. The three lists run side by side; who leaves is replaced by the last.
#[derive(Debug, Default)]
pub struct Presence {
    conns: Vec<ConnId>,
    users: Vec<UserIndex>,
    since: Vec<MessageId>,
    /// By user: the position in the lists, or [`OFFLINE`].
    positions: Vec<u32>,
    /// The operator's connection. The operator stands in none of the lists.
    operator: Option<ConnId>,
    /// What WHO answers, and from what DM lets choose, until somebody comes, goes, or takes
    /// another display name.
    who: Option<Rc<[Item]>>,
    direct: Option<Rc<[Item]>>,
    /// Users who are let in and not welcomed yet.
    pub entering: BTreeMap<UserIndex, Entering>,
}

/// A user who is let in and not welcomed yet. For everyone who sends something the user is online;
/// for everyone who asks who is there, not yet.
#[derive(Debug)]
pub struct Entering {
    pub conn: ConnId,
    /// What the welcome answers.
    pub of: Kind,
    /// Whether the others are told that the user came; they are not where a session was taken over.
    pub is_news: bool,
}

const OFFLINE: u32 = u32::MAX;

impl Presence {
    pub fn len(&self) -> usize {
        self.conns.len()
    }

    /// Over which connection `user` is online.
    pub fn conn(&self, user: UserIndex) -> Option<ConnId> {
        if user == OPERATOR {
            return self.operator;
        }
        self.position(user).map(|at| self.conns[at])
    }

    /// The sessions over which a user is online.
    pub fn sessions_of(&self, user: UserIndex) -> impl Iterator<Item = ConnId> + use<> {
        self.conn(user).into_iter()
    }

    /// Whether a user is online.
    pub fn is_online(&self, user: UserIndex) -> bool {
        self.conn(user).is_some()
    }

    /// The session over which a user is online, or is about to be.
    pub fn session_of(&self, user: UserIndex) -> Option<ConnId> {
        let entering = self.entering.get(&user).map(|entering| entering.conn);
        self.conn(user).or(entering)
    }

    /// Whether a user is online, or is about to be.
    pub fn is_present(&self, user: UserIndex) -> bool {
        self.session_of(user).is_some()
    }

    /// Where `user` stands in the lists of who is online.
    pub fn position(&self, user: UserIndex) -> Option<usize> {
        let position = *self.positions.get(user.0 as usize)?;
        (position != OFFLINE).then_some(position as usize)
    }

    pub fn join(&mut self, user: UserIndex, conn: ConnId, since: MessageId) {
        if user == OPERATOR {
            debug_assert!(self.operator.is_none(), "there are two operators");
            self.operator = Some(conn);
            return;
        }
        debug_assert!(self.position(user).is_none(), "{user:?} is online twice");
        if self.positions.len() <= user.0 as usize {
            self.positions.resize(user.0 as usize + 1, OFFLINE);
        }
        self.positions[user.0 as usize] = self.conns.len() as u32;
        self.conns.push(conn);
        self.users.push(user);
        self.since.push(since);
        self.forget_snapshots();
    }

    pub fn leave(&mut self, user: UserIndex) {
        if user == OPERATOR {
            self.operator = None;
            return;
        }
        let Some(at) = self.position(user) else { return };
        self.conns.swap_remove(at);
        self.users.swap_remove(at);
        self.since.swap_remove(at);
        if let Some(moved) = self.users.get(at) {
            self.positions[moved.0 as usize] = at as u32;
        }
        self.positions[user.0 as usize] = OFFLINE;
        self.forget_snapshots();
    }

    /// Adds everyone but `user` to the recipients.
    pub fn everyone_but(&self, user: UserIndex, effects: &mut Effects) -> Recipients {
        let all = &mut effects.recipients;
        let start = all.len();
        match self.position(user) {
            Some(at) => {
                all.extend_from_slice(&self.conns[..at]);
                all.extend_from_slice(&self.conns[at + 1..]);
            }
            None => all.extend_from_slice(&self.conns),
        }
        all.extend(self.operator.filter(|_| user != OPERATOR));
        start..all.len()
    }

    /// All connections, the operator's too.
    pub fn conns(&self) -> impl Iterator<Item = ConnId> {
        self.conns.iter().copied().chain(self.operator)
    }

    /// Forgets what WHO answers: somebody's display name or address is another one.
    pub fn who_changed(&mut self) {
        self.who = None;
    }

    /// A line for each who is online, in the order of the positions.
    pub fn who(
        &mut self,
        directory: &Directory,
        direct: impl Fn(UserIndex, ConnId) -> Option<(Address, u16)>,
    ) -> Rc<[Item]> {
        let people = self.users.iter().zip(&self.conns).zip(&self.since);
        let lines = people.map(|((user, conn), since)| {
            let account = directory.account(*user);
            Item::Online(OnlineUser {
                name: account.name,
                number: account.number,
                since: *since,
                direct: direct(*user, *conn),
                display: account.display.clone(),
            })
        });
        self.who.get_or_insert_with(|| lines.collect()).clone()
    }

    /// A line for each to whom a direct message can go, in the order of the positions.
    pub fn direct(&mut self, directory: &Directory) -> Rc<[Item]> {
        let lines = self.users.iter().map(|user| {
            let account = directory.account(*user);
            Item::Direct(account.name, account.number)
        });
        self.direct.get_or_insert_with(|| lines.collect()).clone()
    }

    /// Turns the events of who comes and goes off for a session, or on.
    pub fn quiet(&self, conn: ConnId, quiet: bool, cx: &mut Cx<'_>) {
        let Some(session) = cx.session(conn) else { return };
        session.is_quiet = quiet;
        cx.answer(conn, Kind::Quiet, Done::Switched(quiet));
    }

    /// Tells the others that a user, who still is online, came or is about to go.
    pub fn tell(&self, user: UserIndex, online: bool, accounts: &Accounts, cx: &mut Cx<'_>) {
        if user == OPERATOR || self.len() > cx.core.config.presence_limit {
            return;
        }
        let own = self.conn(user);
        let sessions = &cx.core.sessions;
        let others = self.conns().filter(|conn| {
            Some(*conn) != own && sessions.get(*conn).is_some_and(|session| !session.is_quiet)
        });
        let to = cx.effects.recipients(others);
        if to.is_empty() {
            return;
        }
        let account = accounts.account(user);
        let event = match online {
            true => Event::On(account.name, account.number),
            false => Event::Off(account.name, account.number),
        };
        cx.effects.push(Effect::Tell { event, to });
    }

    /// Lists to whom a direct message goes at once.
    pub fn list_reachable(&mut self, caller: Caller, accounts: &Accounts, cx: &mut Cx<'_>) {
        let items = self.direct(&accounts.directory);
        let without = self.position(caller.user);
        let last = Answer::done(Kind::Reachable);
        let list = List::whole(Kind::Reachable, items, without, last);
        cx.reply(caller.conn, Reply::List(list));
    }

    fn forget_snapshots(&mut self) {
        self.who = None;
        self.direct = None;
    }

    pub fn check_invariants(&self) {
        assert_eq!(self.conns.len(), self.users.len());
        assert_eq!(self.conns.len(), self.since.len());
        assert!(!self.users.contains(&OPERATOR), "the operator is in a list");
        for (at, user) in self.users.iter().enumerate() {
            assert_eq!(self.position(*user), Some(at));
        }
        let online = self.positions.iter().filter(|position| **position != OFFLINE).count();
        assert_eq!(online, self.users.len());
    }
}
