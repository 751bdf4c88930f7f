//! Who takes direct chats and where, and the tickets with which two find each other.
//!
//! Whoever is up is held to be there for two periods after the last line. That is looked at when
//! the first of them may have fallen silent, so nobody costs a timer.

use std::collections::HashMap;
use std::time::Duration;

use super::Hub;
use super::tasks::Task;
use crate::chat::address::Address;
use crate::chat::answer::{Answer, Done};
use crate::chat::event::{Call, Event};
use crate::chat::name::UserRef;
use crate::chat::refusal::Refusal;
use crate::chat::request::Kind;
use crate::hub::accounts::directory::UserIndex;
use crate::hub::effect::Effects;
use crate::hub::input::ConnId;
use crate::hub::job::{Job, Outcome, Value};
use crate::hub::outcome::failed;
use crate::limits::{CALL_PERIOD, CALLS_PER_PERIOD_MAX, SILENCE_LOOK_PERIOD};

/// Who takes direct chats.
#[derive(Debug)]
pub(super) struct Peers {
    /// How long somebody who is up may say nothing.
    patience: Duration,
    up: HashMap<UserIndex, Up>,
    /// When to look again who has fallen silent, on the steady clock; none where nobody is up.
    next_look: Option<Duration>,
    /// How often each called in the current period.
    calls: HashMap<UserIndex, u32>,
    calls_since: Duration,
}

#[derive(Debug)]
struct Up {
    port: u16,
    /// When the last line came, on the steady clock.
    heard: Duration,
}

impl Peers {
    /// Nobody, with so much time between two signs of life.
    pub fn new(alive_period: Duration) -> Self {
        Peers {
            patience: alive_period.saturating_mul(2),
            up: HashMap::new(),
            next_look: None,
            calls: HashMap::new(),
            calls_since: Duration::ZERO,
        }
    }

    /// How many are up.
    pub fn len(&self) -> usize {
        self.up.len()
    }

    /// When to look who has fallen silent.
    pub fn next_look(&self) -> Option<Duration> {
        self.next_look
    }

    /// The port on which a user takes direct chats.
    pub fn port(&self, user: UserIndex) -> Option<u16> {
        self.up.get(&user).map(|up| up.port)
    }

    fn rise(&mut self, user: UserIndex, port: u16, now: Duration) {
        self.up.insert(user, Up { port, heard: now });
        let end = now.saturating_add(self.patience);
        self.next_look = Some(self.next_look.map_or(end, |next| next.min(end)));
    }

    /// A user takes no direct chats any more. Whether that was so before.
    pub fn fall(&mut self, user: UserIndex) -> bool {
        let was_up = self.up.remove(&user).is_some();
        if self.up.is_empty() {
            self.next_look = None;
        }
        was_up
    }

    /// A line came. Whether it came too late, so that the user is not up any more.
    fn heard(&mut self, user: UserIndex, now: Duration) -> bool {
        if self.up.is_empty() {
            return false;
        }
        let Some(up) = self.up.get_mut(&user) else { return false };
        if now.saturating_sub(up.heard) < self.patience {
            up.heard = now;
            return false;
        }
        self.fall(user)
    }

    /// Looks who has fallen silent, where it is time to. Whether there was anybody.
    fn look(&mut self, now: Duration) -> bool {
        if self.next_look.is_none_or(|next| next > now) {
            return false;
        }
        let before = self.up.len();
        let patience = self.patience;
        self.up.retain(|_, up| now.saturating_sub(up.heard) < patience);
        let first = self.up.values().map(|up| up.heard).min();
        self.next_look = first.map(|heard| (heard + patience).max(now + SILENCE_LOOK_PERIOD));
        self.up.len() < before
    }

    /// Counts a call; false where that is one too many.
    fn may_call(&mut self, user: UserIndex, now: Duration) -> bool {
        let is_over = now.saturating_sub(self.calls_since) >= CALL_PERIOD;
        if is_over || self.calls.is_empty() {
            self.calls = HashMap::new();
            self.calls_since = now;
        }
        let calls = self.calls.entry(user).or_default();
        *calls += 1;
        *calls <= CALLS_PER_PERIOD_MAX
    }

    pub fn check_invariants(&self) {
        assert_eq!(self.up.is_empty(), self.next_look.is_none());
    }
}

impl Hub {
    /// A line came, whatever it says.
    pub(super) fn heard_from(&mut self, conn: ConnId) {
        let user = self.user_of(conn);
        if user.is_some_and(|user| self.peers.heard(user, self.core.now.steady)) {
            self.presence.who_changed();
        }
    }

    /// Ends the UP of those who have fallen silent.
    pub(super) fn end_silent(&mut self) {
        if self.peers.look(self.core.now.steady) {
            self.presence.who_changed();
        }
    }

    /// Takes UP.
    pub(super) fn up(&mut self, conn: ConnId, port: Option<u16>, effects: &mut Effects) {
        let Some(user) = self.user_of(conn) else { return };
        let Some(port) = port.or(self.accounts.directory.account(user).number.port()) else {
            return self.refuse(conn, Kind::Up, Refusal::NoPort, effects);
        };
        self.peers.rise(user, port, self.core.now.steady);
        self.presence.who_changed();
        // A fraction is left out: who speaks a little too often is heard of all the same.
        let period = self.core.config.alive_period.as_secs().max(1);
        self.answer(conn, Kind::Up, Done::Up { port, period }, effects);
    }

    /// Takes DOWN.
    pub(super) fn down(&mut self, conn: ConnId, effects: &mut Effects) {
        let Some(user) = self.user_of(conn) else { return };
        if self.peers.fall(user) {
            self.presence.who_changed();
        }
        self.answer(conn, Kind::Down, Done::Done, effects);
    }

    /// Takes ALIVE.
    pub(super) fn alive(&mut self, conn: ConnId, effects: &mut Effects) {
        let user = self.user_of(conn);
        match user.and_then(|user| self.peers.port(user)) {
            Some(port) => self.answer(conn, Kind::Alive, Done::Port(port), effects),
            None => self.refuse(conn, Kind::Alive, Refusal::NotUp, effects),
        }
    }

    /// Where a user takes direct chats, and over which connection that user is online.
    fn direct(&self, user: UserIndex) -> Option<(ConnId, Address, u16)> {
        let port = self.peers.port(user)?;
        let conn = self.presence.conn(user)?;
        Some((conn, self.core.sessions.get(conn)?.from, port))
    }

    /// Takes CALL.
    pub(super) fn call(&mut self, conn: ConnId, callee: UserRef, effects: &mut Effects) {
        let Some(user) = self.user_of(conn) else { return };
        let refusal = match self.accounts.directory.find(callee) {
            None => Refusal::NoSuchUser,
            Some(callee) if callee == user => Refusal::ThatIsYou,
            Some(callee) if self.direct(callee).is_none() => Refusal::NotReachable,
            Some(_) if !self.peers.may_call(user, self.core.now.steady) => Refusal::TooManyCalls,
            Some(callee) => {
                return self.answer_after(conn, Job::MakeCallTicket, Task::Call(callee), effects);
            }
        };
        self.refuse(conn, Kind::Call, refusal, effects);
    }

    /// A ticket was made, or was not: both are told, where both are still there.
    pub(super) fn call_ticket_made(
        &mut self,
        conn: ConnId,
        callee: UserIndex,
        outcome: Outcome,
        effects: &mut Effects,
    ) -> Answer {
        let Ok(Value::Token(ticket)) = outcome else {
            return Answer { of: Kind::Call, result: Err(failed(&outcome)) };
        };
        let session = self.core.sessions.get(conn);
        let caller = session.and_then(|session| Some((session.user()?, session.from)));
        let (Some((to, address, port)), Some((caller, from))) = (self.direct(callee), caller)
        else {
            return Answer { of: Kind::Call, result: Err(Refusal::NotReachable) };
        };
        self.core.counters.calls += 1;
        let called = Call {
            user: self.accounts.directory.account(caller).name,
            address: from,
            port: self.peers.port(caller),
            ticket: ticket.clone(),
        };
        effects.tell(Event::Call(Box::new(called)), [to]);
        let user = self.accounts.directory.account(callee).name;
        let call = Call { user, address, port: Some(port), ticket };
        Answer { of: Kind::Call, result: Ok(Done::Call(Box::new(call))) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: UserIndex = UserIndex(1);
    const BOB: UserIndex = UserIndex(2);
    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn two_missed_periods_end_it_and_any_line_counts() {
        let mut peers = Peers::new(30 * SECOND);
        peers.rise(ALICE, 5000, Duration::ZERO);
        peers.rise(BOB, 6000, SECOND);
        assert_eq!(peers.next_look(), Some(60 * SECOND));
        assert!(!peers.heard(BOB, 31 * SECOND));
        assert!(!peers.look(59 * SECOND), "not yet");
        assert!(peers.look(60 * SECOND));
        assert_eq!((peers.port(ALICE), peers.port(BOB)), (None, Some(6000)));
        assert_eq!(peers.next_look(), Some(91 * SECOND));
        assert!(!peers.heard(ALICE, 61 * SECOND), "it was over before");
        assert!(peers.heard(BOB, 91 * SECOND), "too late, though nobody looked yet");
        assert_eq!((peers.len(), peers.next_look()), (0, None));
    }

    #[test]
    fn many_who_fall_silent_one_after_the_other_are_not_looked_at_each_time() {
        let mut peers = Peers::new(30 * SECOND);
        for user in 0..1000 {
            peers.rise(UserIndex(user), 5000, Duration::from_millis(u64::from(user)));
        }
        let mut looks = 0;
        while let Some(at) = peers.next_look() {
            peers.look(at);
            looks += 1;
        }
        assert!(looks <= 3, "{looks}");
    }

    #[test]
    fn calls_are_counted_for_a_minute() {
        let mut peers = Peers::new(30 * SECOND);
        for _ in 0..CALLS_PER_PERIOD_MAX {
            assert!(peers.may_call(ALICE, SECOND));
        }
        assert!(!peers.may_call(ALICE, SECOND));
        assert!(peers.may_call(BOB, SECOND));
        assert!(peers.may_call(ALICE, CALL_PERIOD + SECOND));
    }
}
