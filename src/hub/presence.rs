//! Presence: who is online, in dense lists, so that a broadcast copies connections and does nothing
//! else.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use crate::chat::address::Address;
use crate::chat::answer::{Answer, Done, Item, List, OnlineUser};
use crate::chat::event::Event;
use crate::chat::id::MessageId;
use crate::chat::kind::Kind;
use crate::chat::name::UserRef;
use crate::chat::refusal::Refusal;
use crate::chat::text::Reason;
use crate::hub::accounts::Accounts;
use crate::hub::accounts::directory::{Directory, OPERATOR, UserIndex};
use crate::hub::away::Away;
use crate::hub::context::{Caller, Cx};
use crate::hub::effect::{Effects, Recipients};
use crate::hub::input::ConnId;
use crate::hub::monitors::Monitors;
use crate::hub::sessions::replies::Reply;

/// The presence domain. The three lists are parallel and have an entry for each session; the last
/// entry takes the place of one that leaves.
#[derive(Debug, Default)]
pub struct Presence {
    conns: Vec<ConnId>,
    users: Vec<UserIndex>,
    /// The time since which the session is logged in.
    since: Vec<MessageId>,
    /// By user: the index of the first of the user's sessions in the lists, or [`OFFLINE`].
    first: Vec<u32>,
    /// The users who have several sessions, or whose first one has ended.
    several: HashMap<UserIndex, Several>,
    /// The number of sessions beside the first of each user.
    others: usize,
    /// The operator's connection. The operator is in none of the lists.
    operator: Option<ConnId>,
    /// The items of WHO, until somebody comes, goes, or gets another display name or direct
    /// address.
    who: Option<Rc<[Item]>>,
    /// The items of [`Self::direct`], until somebody comes or goes.
    direct: Option<Rc<[Item]>>,
    /// Who is away.
    away: Away,
    /// Who is told of whom in any case.
    monitors: Monitors,
    /// Sessions that are let in and not welcomed yet.
    entering: BTreeMap<(UserIndex, ConnId), Entering>,
}

/// What the lists do not tell of a user who has, or had, several sessions at once.
#[derive(Debug)]
struct Several {
    /// The time since which the user is online.
    since: MessageId,
    /// The indexes of the sessions beside the first.
    others: Vec<u32>,
}

/// A session that is let in and not welcomed yet. Messages count its user as online; lists of who
/// is online do not name a user who has no other session.
#[derive(Clone, Copy, Debug)]
pub struct Entering {
    /// The kind of the request that the welcome answers.
    pub of: Kind,
    /// True if the others are told that the user came; not if a session was taken over.
    pub is_news: bool,
}

const OFFLINE: u32 = u32::MAX;

impl Presence {
    /// The number of users who are online, without the operator.
    pub fn len(&self) -> usize {
        self.conns.len() - self.others
    }

    /// The number of sessions over which users are online, the operator's too.
    pub fn sessions(&self) -> usize {
        self.conns.len() + usize::from(self.operator.is_some())
    }

    /// The sessions over which a user is online.
    pub fn sessions_of(&self, user: UserIndex) -> impl Iterator<Item = ConnId> {
        let first = match user {
            OPERATOR => self.operator,
            _ => self.first(user).map(|at| self.conns[at]),
        };
        first.into_iter().chain(self.others_of(user).iter().map(|at| self.conns[*at as usize]))
    }

    /// The sessions over which a user is online, or is about to be.
    pub fn open_sessions_of(&self, user: UserIndex) -> impl Iterator<Item = ConnId> {
        self.sessions_of(user).chain(self.entering_of(user))
    }

    /// The sessions of a user that are let in and not welcomed yet.
    pub fn entering_of(&self, user: UserIndex) -> impl Iterator<Item = ConnId> {
        let from =
            self.entering.range((user, ConnId::FIRST)..).map(|((user, conn), _)| (*user, *conn));
        from.take_while(move |(of, _)| *of == user).map(|(_, conn)| conn)
    }

    /// Returns true if a user is online.
    pub fn is_online(&self, user: UserIndex) -> bool {
        match user {
            OPERATOR => self.operator.is_some(),
            _ => self.first(user).is_some(),
        }
    }

    /// Returns true if a user is online, or is about to be.
    pub fn is_present(&self, user: UserIndex) -> bool {
        self.is_online(user) || self.is_entering(user)
    }

    /// Returns true if a session of a user is let in and not welcomed yet.
    pub fn is_entering(&self, user: UserIndex) -> bool {
        !self.entering.is_empty() && self.entering_of(user).next().is_some()
    }

    /// The index of a user's first session in the lists.
    fn first(&self, user: UserIndex) -> Option<usize> {
        let first = *self.first.get(user.0 as usize)?;
        (first != OFFLINE).then_some(first as usize)
    }

    /// The indexes of a user's sessions beside the first.
    fn others_of(&self, user: UserIndex) -> &[u32] {
        match self.others {
            0 => &[],
            _ => self.several.get(&user).map_or(&[], |several| &several.others),
        }
    }

    /// The index of a session in the lists.
    fn index(&self, Caller { conn, user }: Caller) -> Option<usize> {
        let others = self.others_of(user).iter().map(|at| *at as usize);
        self.first(user).into_iter().chain(others).find(|at| self.conns[*at] == conn)
    }

    /// Notes that a session is let in.
    pub fn enter(&mut self, Caller { conn, user }: Caller, entering: Entering) {
        self.entering.insert((user, conn), entering);
    }

    /// Notes that a session that was let in is welcomed, or has ended before.
    pub fn entered(&mut self, Caller { conn, user }: Caller) -> Option<Entering> {
        self.entering.remove(&(user, conn))
    }

    /// Returns true if the others were told that a user is online, or would have been.
    pub fn is_announced(&self, user: UserIndex) -> bool {
        let mut entering = self.entering_of(user).map(|conn| self.entering[&(user, conn)]);
        self.is_online(user) || entering.any(|entering| !entering.is_news)
    }

    /// Notes that the others were told that a user came, though the user is not online any more:
    /// a session that is about to be welcomed is no news.
    pub fn keep_announced(&mut self, user: UserIndex) {
        let entering = self.entering.iter_mut().filter(|((of, _), _)| *of == user);
        entering.for_each(|(_, entering)| entering.is_news = false);
    }

    /// The sessions that are let in and not welcomed yet.
    pub fn all_entering(&self) -> impl ExactSizeIterator<Item = Caller> {
        self.entering.keys().map(|(user, conn)| Caller { conn: *conn, user: *user })
    }

    /// The time since which a session is logged in.
    pub fn session_since(&self, caller: Caller) -> Option<MessageId> {
        self.index(caller).map(|at| self.since[at])
    }

    /// The time since which a user is online; none for the operator.
    pub fn since(&self, user: UserIndex) -> Option<MessageId> {
        let first = self.first(user)?;
        let several = self.several.get(&user);
        Some(several.map_or(self.since[first], |several| several.since))
    }

    /// The words of a user who is away.
    pub fn away(&self, user: UserIndex) -> Option<&Reason> {
        self.away.words(user)
    }

    /// Adds a session over which its user is online since a time. Returns true if that is the
    /// user's first.
    pub fn join(&mut self, Caller { conn, user }: Caller, since: MessageId) -> bool {
        if user == OPERATOR {
            debug_assert!(self.operator.is_none(), "there are two operators");
            self.operator = Some(conn);
            return true;
        }
        if self.first.len() <= user.0 as usize {
            self.first.resize(user.0 as usize + 1, OFFLINE);
        }
        let at = self.conns.len() as u32;
        let is_first = match self.first(user) {
            None => {
                self.first[user.0 as usize] = at;
                self.forget_snapshots();
                true
            }
            Some(first) => {
                let since = self.since[first];
                let several = self.several.entry(user);
                let new = Several { since, others: Vec::new() };
                several.or_insert(new).others.push(at);
                self.others += 1;
                false
            }
        };
        self.conns.push(conn);
        self.users.push(user);
        self.since.push(since);
        is_first
    }

    /// Removes a session over which its user is online.
    pub fn leave(&mut self, Caller { conn, user }: Caller) {
        self.monitors.session_ended(conn);
        self.away.say(Caller { conn, user }, None);
        if user == OPERATOR {
            debug_assert_eq!(self.operator, Some(conn), "another session is the operator's");
            self.operator = None;
            return;
        }
        let Some(at) = self.index(Caller { conn, user }) else {
            debug_assert!(false, "{user:?} is not online over {conn}");
            return;
        };
        self.forget_index(user, at as u32);
        self.conns.swap_remove(at);
        self.users.swap_remove(at);
        self.since.swap_remove(at);
        if let Some(moved) = self.users.get(at).copied() {
            self.index_moved(moved, self.conns.len() as u32, at as u32);
        }
        self.forget_snapshots();
    }

    /// Forgets one index of a user. Another session becomes the first one if that was it.
    fn forget_index(&mut self, user: UserIndex, at: u32) {
        let first = &mut self.first[user.0 as usize];
        let Some(several) = self.several.get_mut(&user) else {
            *first = OFFLINE;
            return;
        };
        if *first == at {
            *first = OFFLINE;
            if several.others.is_empty() {
                self.several.remove(&user);
                return;
            }
            *first = several.others.remove(0);
        } else {
            several.others.retain(|other| *other != at);
        }
        self.others -= 1;
    }

    /// Notes that a session of a user has another index.
    fn index_moved(&mut self, user: UserIndex, before: u32, at: u32) {
        let first = &mut self.first[user.0 as usize];
        if *first == before {
            *first = at;
            return;
        }
        let others = self.several.get_mut(&user).map(|several| several.others.iter_mut());
        others
            .into_iter()
            .flatten()
            .filter(|other| **other == before)
            .for_each(|other| *other = at);
    }

    /// Adds the sessions of everyone online but `user` to the recipients. Returns them, and the
    /// number of users.
    pub fn everyone_but(&self, user: UserIndex, effects: &mut Effects) -> (Recipients, usize) {
        let all = &mut effects.recipients;
        let start = all.len();
        let mut rest = 0;
        match self.others_of(user) {
            [] => {
                if let Some(at) = self.first(user) {
                    all.extend_from_slice(&self.conns[..at]);
                    rest = at + 1;
                }
            }
            others => {
                let first = self.first(user).map(|first| first as u32);
                let mut own: Vec<u32> = first.into_iter().chain(others.iter().copied()).collect();
                own.sort_unstable();
                for at in own {
                    all.extend_from_slice(&self.conns[rest..at as usize]);
                    rest = at as usize + 1;
                }
            }
        }
        all.extend_from_slice(&self.conns[rest..]);
        let operator = self.operator.filter(|_| user != OPERATOR);
        all.extend(operator);
        let users = self.len() - usize::from(user != OPERATOR && self.is_online(user));
        (start..all.len(), users + usize::from(operator.is_some()))
    }

    /// The sessions of everyone online, including the operator's.
    pub fn conns(&self) -> impl Iterator<Item = ConnId> {
        self.conns.iter().copied().chain(self.operator)
    }

    /// The users who are online, with the time since which they are, in the order of the lists.
    fn online(&self) -> impl Iterator<Item = (UserIndex, MessageId)> {
        let entries = self.users.iter().zip(&self.since).enumerate();
        let firsts = entries.filter(|(at, (user, _))| self.first[user.0 as usize] == *at as u32);
        firsts.map(|(_, (user, since))| {
            let several = self.several.get(user);
            (*user, several.map_or(*since, |several| several.since))
        })
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
        direct: impl Fn(UserIndex) -> Option<(Address, u16)>,
    ) -> Rc<[Item]> {
        if let Some(items) = &self.who {
            return items.clone();
        }
        let lines = self.online().map(|(user, since)| {
            let account = directory.account(user);
            Item::Online(OnlineUser {
                name: account.name,
                number: account.number,
                since,
                direct: direct(user),
                display: account.display.clone(),
            })
        });
        let items: Rc<[Item]> = lines.collect();
        self.who.insert(items).clone()
    }

    /// The items of the list of users to whom a direct message goes at once, in the order of the
    /// lists.
    pub fn direct(&mut self, directory: &Directory) -> Rc<[Item]> {
        if let Some(items) = &self.direct {
            return items.clone();
        }
        let lines = self.online().map(|(user, _)| {
            let account = directory.account(user);
            Item::Direct(account.name, account.number)
        });
        let items: Rc<[Item]> = lines.collect();
        self.direct.insert(items).clone()
    }

    /// Turns the events of users who come and go off for a session, or on.
    pub fn quiet(&self, conn: ConnId, quiet: bool, cx: &mut Cx<'_>) {
        let Some(session) = cx.session(conn) else { return };
        session.is_quiet = quiet;
        cx.answer(conn, Kind::Quiet, Done::Switched(quiet));
    }

    /// Has a session monitor a user, or no longer.
    pub fn monitor(
        &mut self,
        conn: ConnId,
        (user, on): (UserRef, bool),
        accounts: &Accounts,
        cx: &mut Cx<'_>,
    ) {
        let user = accounts.find(user).ok_or(Refusal::NoSuchUser);
        let result = user.and_then(|user| self.monitors.set(conn, user, on));
        cx.conclude(conn, Kind::Monitor, result.map(|()| Done::Switched(on)));
    }

    /// Notes that a session is away, for a reason, or is not.
    pub fn set_away(
        &mut self,
        caller: Caller,
        words: Option<Reason>,
        accounts: &Accounts,
        cx: &mut Cx<'_>,
    ) {
        cx.answer(caller.conn, Kind::Away, Done::Switched(words.is_some()));
        self.away.say(caller, words);
        self.tell_if_away(caller.user, Some(caller.conn), accounts, cx);
    }

    /// Tells the others, but the session that brought it about, if a user who is online is away now
    /// and was not before, or the other way round, or for another reason.
    pub fn tell_if_away(
        &mut self,
        user: UserIndex,
        but: Option<ConnId>,
        accounts: &Accounts,
        cx: &mut Cx<'_>,
    ) {
        let sessions = self.sessions_of(user).count();
        if let Some(words) = self.away.news(user, sessions) {
            self.announce(user, Event::Away(accounts.name(user), words), but, cx);
        }
    }

    /// Tells the others that a user came or went.
    pub fn tell(&mut self, user: UserIndex, online: bool, accounts: &Accounts, cx: &mut Cx<'_>) {
        let account = accounts.account(user);
        let event = match online {
            true => Event::On(account.name, account.number),
            false => Event::Off(account.name, account.number),
        };
        if !online {
            self.away.went_offline(user);
        }
        self.announce(user, event, self.sessions_of(user).next(), cx);
    }

    /// Tells all sessions but one of an event: those that monitor its user, and those that are not
    /// quiet, unless more users are online than such events are told for; the user counts in any
    /// case.
    pub fn announce(&self, user: UserIndex, event: Event, but: Option<ConnId>, cx: &mut Cx<'_>) {
        if user == OPERATOR {
            return;
        }
        let users = self.len() + usize::from(!self.is_online(user));
        let monitors = match event {
            Event::Nick(..) => None,
            _ => self.monitors.of(user),
        };
        let sessions = &cx.core.sessions;
        let is_told = |conn: &ConnId| {
            let is_quiet = sessions.get(*conn).is_none_or(|session| session.is_quiet);
            Some(*conn) != but
                && (!is_quiet || monitors.is_some_and(|monitors| monitors.contains(conn)))
        };
        match users > cx.core.config.presence_limit {
            true => {
                let monitors = monitors.into_iter().flatten().copied();
                cx.effects.tell(event, monitors.filter(is_told));
            }
            false => cx.effects.tell(event, self.conns().filter(is_told)),
        }
    }

    /// Lists the users to whom a direct message goes at once.
    pub fn list_reachable(&mut self, caller: Caller, accounts: &Accounts, cx: &mut Cx<'_>) {
        let items = self.direct(&accounts.directory);
        let own = Item::Direct(accounts.name(caller.user), accounts.number(caller.user));
        let without = match self.others {
            0 => self.first(caller.user),
            _ => items.iter().position(|item| *item == own),
        };
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
        let mut others = 0;
        for (at, user) in self.users.iter().enumerate() {
            let is_other = self.others_of(*user).contains(&(at as u32));
            assert!(is_other != (self.first(*user) == Some(at)), "{user:?} is not found at {at}");
            others += usize::from(is_other);
        }
        assert_eq!(others, self.others);
        let online = self.first.iter().filter(|first| **first != OFFLINE).count();
        assert_eq!(online, self.len());
        let several = self.several.iter();
        let listed: usize = several.map(|(_, several)| several.others.len()).sum();
        assert_eq!(listed, self.others);
        assert!(self.several.keys().all(|user| self.is_online(*user)));
        assert!(self.monitors.sessions().all(|session| self.conns().any(|conn| conn == session)));
        for Caller { conn, user } in self.away.sessions() {
            assert!(self.sessions_of(user).any(|session| session == conn), "{conn} is gone");
        }
    }
}
