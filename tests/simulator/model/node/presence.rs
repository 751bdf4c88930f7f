//! Who is online and who is away, and who is told when that changes.

use std::collections::BTreeSet;
use std::time::Duration;

use chatsrv::chat::account::{Account, AccountFacts, AccountRow};
use chatsrv::chat::answer::Item;
use chatsrv::chat::event::Event;
use chatsrv::chat::fact::Fact;
use chatsrv::chat::id::MessageId;
use chatsrv::chat::moderation::{AccountFlags, AccountLine};
use chatsrv::chat::name::{DisplayName, Number};
use chatsrv::chat::request::Request;
use chatsrv::chat::text::Reason;
use chatsrv::hub::input::ConnId;
use chatsrv::hub::job::{Job, Outcome, Value};
use chatsrv::limits::{
    MONITORED_USERS_MAX, PRESENCE_CHANGES_MAX, PRESENCE_CHANGES_PERIOD, PRESENCE_NOTICES_MAX,
    PRESENCE_PERIOD, PRESENCE_STORM_TIME,
};
use chatsrv::protocol::native::command::Command;
use chatsrv::protocol::native::verb::Verb;

use super::NodeModel;
use super::lists::DueList;

/// A notice of who came, went, is away, or has another name.
#[derive(Debug, PartialEq)]
pub struct Presence {
    pub event: Event,
    pub to: Vec<ConnId>,
}

/// What the others were told last of a user.
#[derive(Clone, Debug, Default)]
pub struct Told {
    online: bool,
    away: Option<Reason>,
    display: Option<DisplayName>,
}

/// A minute in which a user causes so many notices at most.
pub struct Minute {
    user: Number,
    ends: Duration,
    notices: u32,
    /// In which session what is not told yet was said.
    away_in: Option<ConnId>,
    named_in: Option<ConnId>,
}

/// How much changes at once.
#[derive(Default)]
pub struct Storm {
    /// The first of the changes that are counted together.
    first: Option<Duration>,
    changes: u32,
    /// The last change that was one too many.
    last: Option<Duration>,
}

impl NodeModel {
    /// Somebody is away, or wants to know of somebody.
    pub(super) fn presence_command(&mut self, conn: ConnId, user: Number, command: &Command) {
        match command {
            Command::Ask(Request::Away(words)) if user != Number::OPERATOR => {
                self.said_away += 1;
                let said = self.said_away;
                self.session(conn).away = words.clone().map(|words| (said, words));
                self.tell_if_away(user, Some(conn));
            }
            Command::Ask(Request::Monitor { user, on }) => {
                let Some(user) = self.find(*user) else { return };
                let monitored = &mut self.session(conn).monitored;
                match on {
                    true if monitored.len() < MONITORED_USERS_MAX => drop(monitored.insert(user)),
                    true => {}
                    false => drop(monitored.remove(&user)),
                }
            }
            _ => {}
        }
    }

    /// The store is done with a job, and the hub has not heard of it yet.
    pub(super) fn presence_job_done(
        &mut self,
        asker: Option<ConnId>,
        job: &Job,
        outcome: &Outcome,
    ) {
        match (job, outcome) {
            (Job::SetDisplayName(number, display), Ok(Value::Done)) => {
                let event = Event::Nick(self.name(*number), display.clone());
                self.announce(*number, event, asker);
            }
            (Job::ListAccounts { .. }, Ok(Value::Accounts { accounts, .. })) => {
                let items = accounts.iter().map(|row| self.account_line(row)).collect();
                if let Some(session) = asker.and_then(|asker| self.sessions.get_mut(&asker)) {
                    session.lists.push_back(DueList::of(Verb::Accounts, items));
                }
            }
            (Job::LookUpAccount(number), Ok(Value::Account(kept))) => {
                self.is_looked_up(asker, *number, kept);
            }
            _ => {}
        }
    }

    /// Notes who ought to be told that a user came or went.
    pub(super) fn tell(&mut self, user: Number, online: bool) {
        let event = match online {
            true => Event::On(self.name(user), user),
            false => Event::Off(self.name(user), user),
        };
        self.announce(user, event, None);
    }

    /// Notes who ought to be told that a user is away, for another reason than before or for none.
    pub(super) fn tell_if_away(&mut self, user: Number, but: Option<ConnId>) {
        let own = self.sessions.values().filter(|session| session.user == Some(user));
        let own: Vec<_> = own.map(|session| &session.away).collect();
        if own.is_empty() {
            return;
        }
        let is_away = own.iter().all(|words| words.is_some());
        let last = own.into_iter().flatten().max_by_key(|(said, _)| *said);
        let words = last.filter(|_| is_away).map(|(_, words)| words.clone());
        if words.as_ref() == self.away.get(&user) {
            return;
        }
        match &words {
            Some(words) => drop(self.away.insert(user, words.clone())),
            None => drop(self.away.remove(&user)),
        }
        self.announce(user, Event::Away(self.name(user), words), but);
    }

    fn announce(&mut self, user: Number, event: Event, but: Option<ConnId>) {
        if user == Number::OPERATOR {
            return;
        }
        let display = self.account(user).display.clone();
        let minute = self.minutes.iter_mut().find(|minute| minute.user == user);
        if let Some(minute) = minute.filter(|minute| minute.notices == PRESENCE_NOTICES_MAX) {
            match event {
                Event::Away(..) => minute.away_in = but,
                Event::Nick(..) => minute.named_in = but,
                _ => {}
            }
            return;
        }
        let told = self.told.entry(user).or_insert(Told { display, ..Told::default() });
        match &event {
            Event::On(..) | Event::Off(..) => {
                (told.online, told.away) = (matches!(event, Event::On(..)), None);
            }
            Event::Away(_, words) => told.away = words.clone(),
            Event::Nick(_, display) => told.display = Some(display.clone()),
            _ => unreachable!("{event:?} is not about presence"),
        }
        self.push_notice(user, event, but);
    }

    /// Whether so much changes at once that nobody is told, with one change more.
    fn is_storm(&mut self) -> bool {
        let (now, storm) = (self.now, &mut self.storm);
        if !self.config.bounds_rates {
            return false;
        }
        if storm.first.is_none_or(|first| now - first >= PRESENCE_CHANGES_PERIOD) {
            (storm.first, storm.changes) = (Some(now), 0);
        }
        storm.changes += 1;
        if storm.changes > PRESENCE_CHANGES_MAX {
            storm.last = Some(now);
        }
        storm.last.is_some_and(|last| now - last < PRESENCE_STORM_TIME)
    }

    /// Notes who ought to be told now.
    fn push_notice(&mut self, user: Number, event: Event, but: Option<ConnId>) {
        let is_storm = self.is_storm();
        // The user counts, online or not.
        let others = self.people().into_iter().filter(|number| *number != user).count();
        let is_calm = !is_storm && !self.doors.is_locked_down;
        let is_for_all = others < self.config.presence_limit && is_calm;
        let is_monitored = !matches!(event, Event::Nick(..));
        let is_told_of_own = !matches!(event, Event::On(..) | Event::Off(..));
        let told = self.sessions.iter().filter(|(conn, session)| {
            let is_meant = (is_for_all && !session.quiet)
                || (is_monitored && session.monitored.contains(&user));
            let is_other = is_told_of_own || session.user != Some(user);
            is_meant && session.user.is_some() && is_other && Some(**conn) != but
        });
        let to: Vec<ConnId> = told.map(|(conn, _)| *conn).collect();
        if to.is_empty() {
            return;
        }
        self.presence.push(Presence { event, to });
        if !self.config.bounds_rates {
            return;
        }
        match self.minutes.iter_mut().find(|minute| minute.user == user) {
            Some(minute) => minute.notices += 1,
            None => {
                let ends = self.now + PRESENCE_PERIOD;
                let minute = Minute { user, ends, notices: 1, away_in: None, named_in: None };
                self.minutes.push(minute);
            }
        }
    }

    /// Minutes are over, and of whom there was more to tell, what is different now is told.
    pub(super) fn end_minutes(&mut self) {
        let now = self.now;
        let ended: Vec<Minute> = self.minutes.extract_if(.., |minute| minute.ends <= now).collect();
        for Minute { user, notices, away_in, named_in, .. } in ended {
            if notices < PRESENCE_NOTICES_MAX {
                continue;
            }
            let told = self.told[&user].clone();
            let before = self.presence.len();
            let is_online = self.announced.contains(&user);
            if is_online != told.online {
                self.tell(user, is_online);
            }
            let away = self.away.get(&user).cloned();
            if is_online && away != told.away {
                self.announce(user, Event::Away(self.name(user), away), away_in);
            }
            let display = self.account(user).display.clone();
            if let Some(display) = display.filter(|display| Some(display) != told.display.as_ref())
            {
                self.announce(user, Event::Nick(self.name(user), display), named_in);
            }
            self.told_late += (self.presence.len() - before) as u64;
        }
    }

    /// What everyone may know of a user, but the time of the login.
    pub(super) fn facts_for_all(&self, user: Number) -> Vec<Item> {
        let Account { name, number, display, .. } = self.account(user).clone();
        let is_online = self.people().contains(&user);
        let away = self.away.get(&user).filter(|_| is_online);
        let facts = [
            Fact::Name(name),
            Fact::Number(number),
            Fact::Display(name, display),
            Fact::Since(is_online.then_some(MessageId(0))),
            Fact::Away(away.cloned()),
        ];
        facts.map(Item::Fact).into()
    }

    /// The store has told what it knows of a user, to the user or to an administrator.
    fn is_looked_up(&mut self, asker: Option<ConnId>, user: Number, kept: &AccountFacts) {
        let sessions = self.online().filter(|(other, _)| *other == user).map(|(_, conn)| conn);
        let sessions: Vec<ConnId> = sessions.collect();
        let addresses: BTreeSet<_> = sessions.iter().map(|conn| self.address(*conn)).collect();
        let encryptions: BTreeSet<_> = sessions.iter().map(|conn| self.encryption(*conn)).collect();
        let mut facts = self.facts_for_all(user);
        let others = [
            Fact::Created(kept.created),
            Fact::LastSeen(self.last_seen(user, kept.last_seen).filter(|_| sessions.is_empty())),
            Fact::LastAddress(kept.last_address),
            Fact::Addresses(addresses.into_iter().collect()),
            Fact::Encryptions(encryptions.into_iter().collect()),
            Fact::Sessions(sessions.len()),
            Fact::Tokens(kept.tokens),
            Fact::Files(kept.files),
            Fact::Bytes(kept.bytes),
            Fact::Groups(self.chat.groups.of(user).count()),
            Fact::Banned(self.chat.people.is_banned(user)),
            Fact::Muted(self.muted(user).is_some()),
            Fact::Reports(self.chat.reports.values().filter(|it| it.user == user).count() as u64),
        ];
        facts.extend(others.map(Item::Fact));
        if let Some(session) = asker.and_then(|asker| self.sessions.get_mut(&asker)) {
            session.lists.push_back(DueList::of(Verb::Whois, facts));
        }
    }

    /// Somebody is here, and that is to be kept to the minute.
    pub(super) fn is_here(&mut self, user: Number) {
        let minute = self.seconds() / 60 * 60;
        self.seen.insert(user, minute);
    }

    /// The hub has kept when users were last here.
    pub(super) fn was_here(&self, times: &[(Number, u64)]) {
        for (user, time) in times {
            assert_ne!(*user, Number::OPERATOR);
            assert!(self.seen[user] >= *time, "{user} was not here at {time}");
        }
    }

    fn last_seen(&self, user: Number, kept: Option<u64>) -> Option<u64> {
        let seen = self.seen.get(&user).copied();
        kept.max(seen.filter(|_| user != Number::OPERATOR))
    }

    /// What ACCOUNTS ought to tell of somebody.
    fn account_line(&self, row: &AccountRow) -> Item {
        let AccountRow { number, created, last_seen } = *row;
        let flags = AccountFlags {
            admin: self.chat.people.was_made_administrator(number),
            banned: self.chat.people.is_banned(number),
            muted: self.muted(number).is_some(),
            online: self.people().contains(&number),
        };
        let last_seen = match flags.online {
            true => Some(self.seconds() / 60 * 60),
            false => self.last_seen(number, last_seen),
        };
        let name = self.name(number);
        Item::Account(Box::new(AccountLine { name, number, created, last_seen, flags }))
    }

    /// Who is online, without the operator.
    pub(super) fn people(&self) -> BTreeSet<Number> {
        let online = self.online().map(|(number, _)| number);
        online.filter(|number| *number != Number::OPERATOR).collect()
    }

    /// Every session of somebody who is online.
    pub(super) fn online(&self) -> impl Iterator<Item = (Number, ConnId)> {
        self.sessions.iter().filter_map(|(conn, session)| Some((session.user?, *conn)))
    }
}
