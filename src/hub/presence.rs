//! Presence: who is online, in dense lists, so that a broadcast copies connections and does nothing
//! else.

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

/// The presence domain. The three lists are parallel; the last entry takes the place of one that
/// leaves.
#[derive(Debug, Default)]
pub struct Presence {
    conns: Vec<ConnId>,
    users: Vec<UserIndex>,
    since: Vec<MessageId>,
    /// By user: the index in the lists, or [`OFFLINE`].
    positions: Vec<u32>,
    /// The operator's connection. The operator is in none of the lists.
    operator: Option<ConnId>,
    /// The items of WHO, until somebody comes, goes, or gets another display name or direct
    /// address.
    who: Option<Rc<[Item]>>,
    /// The items of [`Self::direct`], until somebody comes or goes.
    direct: Option<Rc<[Item]>>,
    /// Users who are let in and not welcomed yet.
    pub entering: BTreeMap<UserIndex, Entering>,
}

/// A user who is let in and not welcomed yet. Messages count the user as online; lists of who is
/// online do not name the user yet.
#[derive(Debug)]
pub struct Entering {
    pub conn: ConnId,
    /// The kind of the request that the welcome answers.
    pub of: Kind,
    /// True if the others are told that the user came; not if a session was taken over.
    pub is_news: bool,
}

const OFFLINE: u32 = u32::MAX;

impl Presence {
    /// The number of users who are online, without the operator.
    pub fn len(&self) -> usize {
        self.conns.len()
    }

    /// The sessions over which a user is online, of which there is one at most.
    pub fn sessions_of(&self, user: UserIndex) -> impl Iterator<Item = ConnId> + use<> {
        let conn = match user {
            OPERATOR => self.operator,
            _ => self.position(user).map(|at| self.conns[at]),
        };
        conn.into_iter()
    }

    /// The sessions over which a user is online, or is about to be.
    pub fn open_sessions_of(&self, user: UserIndex) -> impl Iterator<Item = ConnId> + use<> {
        let entering = self.entering.get(&user).map(|entering| entering.conn);
        self.sessions_of(user).chain(entering)
    }

    /// Returns true if a user is online.
    pub fn is_online(&self, user: UserIndex) -> bool {
        self.sessions_of(user).next().is_some()
    }

    /// Returns true if a user is online, or is about to be.
    pub fn is_present(&self, user: UserIndex) -> bool {
        self.open_sessions_of(user).next().is_some()
    }

    /// The index of a user in the lists.
    pub fn position(&self, user: UserIndex) -> Option<usize> {
        let position = *self.positions.get(user.0 as usize)?;
        (position != OFFLINE).then_some(position as usize)
    }

    /// Adds a session over which its user is online since a time. Returns true if that is the
    /// user's first.
    pub fn join(&mut self, caller: Caller, since: MessageId) -> bool {
        let Caller { conn, user } = caller;
        debug_assert!(!self.is_online(user), "{user:?} is online twice");
        if user == OPERATOR {
            self.operator = Some(conn);
            return true;
        }
        if self.positions.len() <= user.0 as usize {
            self.positions.resize(user.0 as usize + 1, OFFLINE);
        }
        self.positions[user.0 as usize] = self.conns.len() as u32;
        self.conns.push(conn);
        self.users.push(user);
        self.since.push(since);
        self.forget_snapshots();
        true
    }

    /// Removes a session over which its user is online. Returns true if that was the user's last.
    pub fn leave(&mut self, caller: Caller) -> bool {
        let Caller { conn, user } = caller;
        if self.sessions_of(user).all(|session| session != conn) {
            debug_assert!(false, "{user:?} is not online over {conn}");
            return false;
        }
        if user == OPERATOR {
            self.operator = None;
            return true;
        }
        let Some(at) = self.position(user) else { return false };
        self.conns.swap_remove(at);
        self.users.swap_remove(at);
        self.since.swap_remove(at);
        if let Some(moved) = self.users.get(at) {
            self.positions[moved.0 as usize] = at as u32;
        }
        self.positions[user.0 as usize] = OFFLINE;
        self.forget_snapshots();
        true
    }

    /// Adds everyone online but `user` to the recipients.
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

    /// The connections of everyone online, including the operator's.
    pub fn conns(&self) -> impl Iterator<Item = ConnId> {
        self.conns.iter().copied().chain(self.operator)
    }

    /// Discards the items of WHO, since a display name or a direct address has changed.
    pub fn who_changed(&mut self) {
        self.who = None;
    }

    /// The items of WHO, in the order of the lists. `direct` gives the address of a user who takes
    /// direct chats.
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

    /// The items of the list of users to whom a direct message goes at once, in the order of the
    /// lists.
    pub fn direct(&mut self, directory: &Directory) -> Rc<[Item]> {
        let lines = self.users.iter().map(|user| {
            let account = directory.account(*user);
            Item::Direct(account.name, account.number)
        });
        self.direct.get_or_insert_with(|| lines.collect()).clone()
    }

    /// Turns the events of users who come and go off for a session, or on.
    pub fn quiet(&self, conn: ConnId, quiet: bool, cx: &mut Cx<'_>) {
        let Some(session) = cx.session(conn) else { return };
        session.is_quiet = quiet;
        cx.answer(conn, Kind::Quiet, Done::Switched(quiet));
    }

    /// Tells the others that a user came or went, unless more users are online than such events are
    /// told for; the user counts in both cases.
    pub fn tell(&self, user: UserIndex, online: bool, accounts: &Accounts, cx: &mut Cx<'_>) {
        let users = self.len() + usize::from(!self.is_online(user));
        if user == OPERATOR || users > cx.core.config.presence_limit {
            return;
        }
        let sessions = &cx.core.sessions;
        let others = self.conns().filter(|conn| {
            let session = sessions.get(*conn).filter(|session| session.user() != Some(user));
            session.is_some_and(|session| !session.is_quiet)
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

    /// Lists the users to whom a direct message goes at once.
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

    /// Checks the invariants between two inputs, for tests.
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
