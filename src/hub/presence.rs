//! Presence: who is online and who is away, and who is told when that changes.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use crate::chat::account::Account;
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
use crate::hub::budgets::{NoticeBudgets, Untold, UserStatus};
use crate::hub::context::{Caller, Cx};
use crate::hub::effect::{Effect, Effects, Recipients};
use crate::hub::input::ConnId;
use crate::hub::monitors::Monitors;
use crate::hub::online::Online;
use crate::hub::sessions::replies::Reply;
use crate::hub::storms::Storms;

/// The presence domain.
#[derive(Debug, Default)]
pub struct Presence {
    /// The sessions of those who are online.
    online: Online,
    /// The items of WHO, until somebody comes, goes, or gets another display name or direct
    /// address.
    who: Option<Rc<[Item]>>,
    /// The items of [`Self::direct`], until somebody comes or goes.
    direct: Option<Rc<[Item]>>,
    /// Who is away.
    away: Away,
    /// Who is told of whom in any case.
    monitors: Monitors,
    /// How much more the others are told of whom within a minute.
    budgets: NoticeBudgets,
    /// Whether so much changes that nobody is told.
    storms: Storms,
    /// Sessions that are let in and not welcomed yet.
    entering: BTreeMap<(UserIndex, ConnId), Entering>,
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

impl Presence {
    /// The number of users who are online, without the operator.
    pub fn len(&self) -> usize {
        self.online.len()
    }

    /// The number of sessions over which users are online, the operator's too.
    pub fn sessions(&self) -> usize {
        self.online.sessions()
    }

    /// The sessions over which a user is online.
    pub fn sessions_of(&self, user: UserIndex) -> impl Iterator<Item = ConnId> {
        self.online.sessions_of(user)
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
        self.online.has(user)
    }

    /// Returns true if a user is online, or is about to be.
    pub fn is_present(&self, user: UserIndex) -> bool {
        self.is_online(user) || self.is_entering(user)
    }

    /// Returns true if a session of a user is let in and not welcomed yet.
    pub fn is_entering(&self, user: UserIndex) -> bool {
        !self.entering.is_empty() && self.entering_of(user).next().is_some()
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

    /// Notes that the others were told that a user came: from now on a session that is about to be
    /// welcomed is no news, also where it is the last one.
    pub fn keep_announced(&mut self, user: UserIndex) {
        let from = self.entering.range_mut((user, ConnId::FIRST)..);
        let entering = from.take_while(|((of, _), _)| *of == user);
        entering.for_each(|(_, entering)| entering.is_news = false);
    }

    /// The sessions that are let in and not welcomed yet.
    pub fn all_entering(&self) -> impl ExactSizeIterator<Item = Caller> {
        self.entering.keys().map(|(user, conn)| Caller { conn: *conn, user: *user })
    }

    /// The time since which a session is logged in.
    pub fn session_since(&self, caller: Caller) -> Option<MessageId> {
        self.online.session_since(caller)
    }

    /// The time since which a user is online; none for the operator.
    pub fn since(&self, user: UserIndex) -> Option<MessageId> {
        self.online.since(user)
    }

    /// The words of a user who is away.
    pub fn away(&self, user: UserIndex) -> Option<&Reason> {
        self.away.words(user)
    }

    /// Adds a session over which its user is online since a time. Returns true if that is the
    /// user's first.
    pub fn join(&mut self, caller: Caller, since: MessageId) -> bool {
        let is_first = self.online.join(caller, since);
        if is_first {
            self.forget_snapshots();
        }
        is_first
    }

    /// Removes a session over which its user is online.
    pub fn leave(&mut self, caller: Caller) {
        self.monitors.session_ended(caller.conn);
        self.away.say(caller, None);
        self.online.leave(caller);
        self.forget_snapshots();
    }

    /// Adds the sessions of everyone online but `user` to the recipients. Returns them, and the
    /// number of users.
    pub fn everyone_but(&self, user: UserIndex, effects: &mut Effects) -> (Recipients, usize) {
        self.online.everyone_but(user, effects)
    }

    /// The sessions of everyone online, including the operator's.
    pub fn conns(&self) -> impl Iterator<Item = ConnId> {
        self.online.conns()
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
        let lines = self.online.users().map(|(user, since)| {
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
        let lines = self.online.users().map(|(user, _)| {
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
            self.announce(user, Event::Away(accounts.name(user), words), but, accounts, cx);
        }
    }

    /// Tells the others that a user came or went.
    pub fn tell(&mut self, user: UserIndex, online: bool, accounts: &Accounts, cx: &mut Cx<'_>) {
        if !online {
            self.away.went_offline(user);
        }
        self.announce(user, came_or_went(accounts.account(user), online), None, accounts, cx);
    }

    /// Tells all sessions but one of an event: those that monitor its user, and those that are not
    /// quiet, unless more users are online than such events are told for, the user in any case,
    /// there are too many events at once, or there is a lockdown. A user causes so many of them a
    /// minute; what comes then is told once that is over.
    pub fn announce(
        &mut self,
        user: UserIndex,
        event: Event,
        but: Option<ConnId>,
        accounts: &Accounts,
        cx: &mut Cx<'_>,
    ) {
        if user == OPERATOR {
            return;
        }
        if let Some(untold) = self.budgets.untold(user) {
            match event {
                Event::Away(..) => untold.away_in = but,
                Event::Nick(..) => untold.named_in = but,
                _ => {}
            }
            return;
        }
        if cx.core.config.bounds_rates {
            self.storms.count(cx.core.now.monotonic);
        }
        let is_storm = self.storms.is_storm(cx.core.now.monotonic);
        let is_for_all = !is_storm && !accounts.doors.are_locked_down();
        let is_told = self.tell_all(user, event, (but, is_for_all), cx);
        if is_told && cx.core.config.bounds_rates {
            let told = status(user, (&self.away, self.is_announced(user)), accounts);
            self.budgets.count(user, cx.core.now.monotonic, told);
        }
    }

    /// Tells those of an event who are to be told: all but one session, or those that monitor its
    /// user. Returns true if there are any.
    fn tell_all(
        &self,
        user: UserIndex,
        event: Event,
        (but, is_for_all): (Option<ConnId>, bool),
        cx: &mut Cx<'_>,
    ) -> bool {
        let users = self.len() + usize::from(!self.is_online(user));
        let monitors = match event {
            Event::Nick(..) => None,
            _ => self.monitors.of(user),
        };
        let is_of_coming = matches!(event, Event::On(..) | Event::Off(..));
        let sessions = &cx.core.sessions;
        let is_told = |conn: &ConnId| {
            let Some(session) = sessions.get(*conn) else { return false };
            let is_own = is_of_coming && session.user() == Some(user);
            Some(*conn) != but
                && !is_own
                && (!session.is_quiet || monitors.is_some_and(|monitors| monitors.contains(conn)))
        };
        let to = match is_for_all && users <= cx.core.config.presence_limit {
            true => cx.effects.recipients(self.conns().filter(is_told)),
            false => {
                let monitors = monitors.into_iter().flatten().copied();
                cx.effects.recipients(monitors.filter(is_told))
            }
        };
        let are_any = !to.is_empty();
        if are_any {
            cx.effects.push(Effect::Tell { event, to });
        }
        are_any
    }

    /// The time at which what is not told of somebody is due, on the monotonic clock.
    pub fn next_deadline(&self) -> Option<Duration> {
        self.budgets.next_end()
    }

    /// Tells the others what has changed with those whose minute is over.
    pub fn deadline(&mut self, accounts: &Accounts, cx: &mut Cx<'_>) {
        while let Some((user, untold)) = self.budgets.end_one(cx.core.now.monotonic) {
            let Some(untold) = untold else { continue };
            let now = status(user, (&self.away, self.is_announced(user)), accounts)();
            let Untold { told, away_in, named_in } = *untold;
            let account = accounts.account(user);
            if now.online != told.online {
                let event = came_or_went(account, now.online);
                self.announce(user, event, None, accounts, cx);
            }
            if now.online && now.away != told.away {
                let event = Event::Away(account.name, now.away);
                self.announce(user, event, away_in, accounts, cx);
            }
            if let Some(display) = now.display.filter(|now| Some(now) != told.display.as_ref()) {
                let event = Event::Nick(account.name, display);
                self.announce(user, event, named_in, accounts, cx);
            }
        }
    }

    /// Lists the users to whom a direct message goes at once.
    pub fn list_reachable(&mut self, caller: Caller, accounts: &Accounts, cx: &mut Cx<'_>) {
        let items = self.direct(&accounts.directory);
        let without = self.online.place(caller.user);
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
        self.online.check_invariants();
        self.budgets.check_invariants();
        assert!(self.monitors.sessions().all(|session| self.conns().any(|conn| conn == session)));
        for Caller { conn, user } in self.away.sessions() {
            assert!(self.sessions_of(user).any(|session| session == conn), "{conn} is gone");
        }
    }
}

/// The event that a user came or went.
fn came_or_went(Account { name, number, .. }: &Account, online: bool) -> Event {
    match online {
        true => Event::On(*name, *number),
        false => Event::Off(*name, *number),
    }
}

/// What notices tell of a user now, who is away and online so.
fn status(
    user: UserIndex,
    (away, online): (&Away, bool),
    accounts: &Accounts,
) -> impl FnOnce() -> UserStatus {
    move || UserStatus {
        online,
        away: away.words(user).cloned(),
        display: accounts.account(user).display.clone(),
    }
}
