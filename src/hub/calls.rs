//! Direct calls: the users who take direct chats, their addresses, and the tickets with which two
//! users find each other.
//!
//! A user takes them in one session at a time, the one that asked for it last. It counts as
//! reachable for two periods after the last line that came. That is looked at when the first such
//! time may be over, so no user costs a timer.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use crate::chat::address::Address;
use crate::chat::answer::Done;
use crate::chat::event::{Call, Event};
use crate::chat::kind::Kind;
use crate::chat::name::UserRef;
use crate::chat::refusal::Refusal;
use crate::chat::text::Secret;
use crate::hub::accounts::Accounts;
use crate::hub::accounts::directory::UserIndex;
use crate::hub::context::{Caller, Cx};
use crate::hub::input::ConnId;
use crate::hub::job::{Job, JobId, Outcome, Value};
use crate::hub::outcome::failed;
use crate::hub::pending::{Domain, Pending};
use crate::hub::presence::Presence;
use crate::limits::{CALL_PERIOD, CALLS_PER_PERIOD_MAX, SILENCE_LOOK_PERIOD};

/// The calls domain: the users who take direct chats, and the calls whose tickets are being made.
#[derive(Debug)]
pub struct Calls {
    /// How long a user who takes direct chats may be silent.
    patience: Duration,
    up: HashMap<UserIndex, Up>,
    /// Sessions in which the user took direct chats until another session of the user did.
    displaced: HashSet<ConnId>,
    /// The time to look again for users who fell silent, on the monotonic clock; none if nobody
    /// takes direct chats.
    next_look: Option<Duration>,
    /// The number of calls of each user in the current period.
    calls: HashMap<UserIndex, u32>,
    calls_since: Duration,
    /// Calls whose tickets are being made.
    pending: Pending<Calling>,
}

/// A call whose ticket is being made.
#[derive(Debug)]
struct Calling {
    conn: ConnId,
    callee: UserIndex,
}

/// A user who takes direct chats, as a caller is told.
struct Reachable {
    conn: ConnId,
    address: Address,
    port: u16,
}

/// The session in which a user takes direct chats, and the last sign of life of it.
#[derive(Debug)]
struct Up {
    conn: ConnId,
    port: u16,
    /// The time of the last line, on the monotonic clock.
    heard: Duration,
}

impl Calls {
    /// Creates the domain with no user. A sign of life is due every `alive_period`.
    pub fn new(alive_period: Duration) -> Self {
        Calls {
            patience: alive_period.saturating_mul(2),
            up: HashMap::new(),
            displaced: HashSet::new(),
            next_look: None,
            calls: HashMap::new(),
            calls_since: Duration::ZERO,
            pending: Pending::new(Domain::Calls),
        }
    }

    /// The number of users who take direct chats.
    pub fn len(&self) -> usize {
        self.up.len()
    }

    /// The time to look for users who fell silent, on the monotonic clock.
    pub fn next_look(&self) -> Option<Duration> {
        self.next_look
    }

    /// The session in which a user takes direct chats, and the port.
    pub fn at(&self, user: UserIndex) -> Option<(ConnId, u16)> {
        self.up.get(&user).map(|up| (up.conn, up.port))
    }

    /// Notes that a user takes direct chats in a session, on a port.
    fn available(&mut self, Caller { conn, user }: Caller, port: u16, now: Duration) {
        self.displaced.remove(&conn);
        let before = self.up.insert(user, Up { conn, port, heard: now });
        self.displaced.extend(before.map(|before| before.conn).filter(|before| *before != conn));
        let end = now.saturating_add(self.patience);
        self.next_look = Some(self.next_look.map_or(end, |next| next.min(end)));
    }

    /// Notes that a user takes no direct chats in a session any more. Returns true if that is a
    /// change.
    pub fn unavailable(&mut self, Caller { conn, user }: Caller) -> bool {
        self.displaced.remove(&conn);
        let was_up = self.up.get(&user).is_some_and(|up| up.conn == conn);
        if was_up {
            self.up.remove(&user);
        }
        if self.up.is_empty() {
            self.next_look = None;
        }
        was_up
    }

    /// Notes a sign of life. Returns true if it came too late, so that the user takes no direct
    /// chats any more.
    pub fn touch(&mut self, caller: Caller, now: Duration) -> bool {
        if self.up.is_empty() {
            return false;
        }
        let up = self.up.get_mut(&caller.user).filter(|up| up.conn == caller.conn);
        let Some(up) = up else { return false };
        if now.saturating_sub(up.heard) < self.patience {
            up.heard = now;
            return false;
        }
        self.unavailable(caller)
    }

    /// Removes the users who fell silent, if it is time to look. Returns true if there were any.
    pub fn look(&mut self, now: Duration) -> bool {
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

    /// Counts a call. Returns false if the user made too many.
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

    /// Returns true if a job is under way.
    pub fn is_under_way(&self, job: JobId) -> bool {
        self.pending.get(job).is_some()
    }

    /// The number of calls that wait for their tickets.
    pub fn jobs(&self) -> usize {
        self.pending.len()
    }

    /// Checks the invariants between two inputs, for tests.
    pub fn check(&self) {
        assert_eq!(self.up.is_empty(), self.next_look.is_none());
    }
}

impl Calls {
    /// Handles UP: lets a user take direct chats, on the given port or on that of the user's
    /// number.
    pub fn take(
        &mut self,
        caller: Caller,
        port: Option<u16>,
        (accounts, presence): (&Accounts, &mut Presence),
        cx: &mut Cx<'_>,
    ) {
        let Some(port) = port.or(accounts.number(caller.user).port()) else {
            return cx.refuse(caller.conn, Kind::Up, Refusal::NoPort);
        };
        self.available(caller, port, cx.core.now.monotonic);
        presence.who_changed();
        // A fraction is left out: signs of life that come a little too often do no harm.
        let period = cx.core.config.alive_period.as_secs().max(1);
        cx.answer(caller.conn, Kind::Up, Done::Up { port, period });
    }

    /// Handles DOWN: lets a user take no direct chats any more.
    pub fn take_none(&mut self, caller: Caller, presence: &mut Presence, cx: &mut Cx<'_>) {
        if self.unavailable(caller) {
            presence.who_changed();
        }
        cx.answer(caller.conn, Kind::Down, Done::Done);
    }

    /// Handles ALIVE: answers with the port on which the user of the session, if any, takes direct
    /// chats in it.
    pub fn alive(&self, conn: ConnId, user: Option<UserIndex>, cx: &mut Cx<'_>) {
        let here = user.and_then(|user| self.up.get(&user)).filter(|up| up.conn == conn);
        let result = match here {
            Some(up) => Ok(Done::Port(up.port)),
            None if self.displaced.contains(&conn) => Err(Refusal::UpElsewhere),
            None => Err(Refusal::NotUp),
        };
        cx.conclude(conn, Kind::Alive, result);
    }

    /// The session, address and port at which a user takes direct chats.
    fn reachable(&self, user: UserIndex, cx: &Cx<'_>) -> Option<Reachable> {
        let (conn, port) = self.at(user)?;
        let address = cx.core.sessions.get(conn)?.from;
        Some(Reachable { conn, address, port })
    }

    /// Handles CALL: has a ticket made with which two users find each other.
    pub fn call(&mut self, caller: Caller, callee: UserRef, accounts: &Accounts, cx: &mut Cx<'_>) {
        let Caller { conn, user } = caller;
        let refusal = match accounts.find(callee) {
            None => Refusal::NoSuchUser,
            Some(callee) if callee == user => Refusal::ThatIsYou,
            Some(callee) if self.reachable(callee, cx).is_none() => Refusal::NotReachable,
            Some(_) if !self.may_call(user, cx.core.now.monotonic) => Refusal::TooManyCalls,
            Some(callee) => {
                let job = self.pending.begin(Job::MakeCallTicket, Calling { conn, callee }, cx);
                return cx.reply_after(conn, job);
            }
        };
        cx.refuse(conn, Kind::Call, refusal);
    }

    /// Takes the outcome of a job. Both users are told of the ticket, if both are still there.
    pub fn done(&mut self, id: JobId, outcome: Outcome, accounts: &Accounts, cx: &mut Cx<'_>) {
        let Some(Calling { conn, callee }) = self.pending.take(id) else { return };
        let result = match outcome {
            Ok(Value::Token(ticket)) => self.connect(conn, callee, ticket, accounts, cx),
            other => Err(failed(&other)),
        };
        cx.resolve_answer(conn, id, Kind::Call, result);
    }

    /// Tells the callee of a call, who may ignore the caller, and then is told nothing. Returns the
    /// caller's answer, which is the same.
    fn connect(
        &self,
        conn: ConnId,
        callee: UserIndex,
        ticket: Secret,
        accounts: &Accounts,
        cx: &mut Cx<'_>,
    ) -> Result<Done, Refusal> {
        let session = cx.core.sessions.get(conn);
        let caller = session.and_then(|session| Some((session.user()?, session.from)));
        let to = self.reachable(callee, cx);
        let (Some(to), Some((caller, from))) = (to, caller) else {
            return Err(Refusal::NotReachable);
        };
        cx.core.counters.calls += 1;
        let called = Call {
            user: accounts.name(caller),
            address: from,
            port: self.at(caller).map(|(_, port)| port),
            ticket: ticket.clone(),
        };
        let is_heard = !accounts.ignored.has(callee, caller);
        cx.tell(Event::Call(Box::new(called)), is_heard.then_some(to.conn));
        let user = accounts.name(callee);
        let call = Call { user, address: to.address, port: Some(to.port), ticket };
        Ok(Done::Call(Box::new(call)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: Caller = caller(1);
    const BOB: Caller = caller(2);
    const SECOND: Duration = Duration::from_secs(1);

    const fn caller(user: u32) -> Caller {
        Caller { conn: ConnId { slot: user, generation: 1 }, user: UserIndex(user) }
    }

    #[test]
    fn two_missed_periods_end_it_and_any_line_counts() {
        let mut calls = Calls::new(30 * SECOND);
        calls.available(ALICE, 5000, Duration::ZERO);
        calls.available(BOB, 6000, SECOND);
        assert_eq!(calls.next_look(), Some(60 * SECOND));
        assert!(!calls.touch(BOB, 31 * SECOND));
        assert!(!calls.look(59 * SECOND), "not yet");
        assert!(calls.look(60 * SECOND));
        assert_eq!((calls.at(ALICE.user), calls.at(BOB.user)), (None, Some((BOB.conn, 6000))));
        assert_eq!(calls.next_look(), Some(91 * SECOND));
        assert!(!calls.touch(ALICE, 61 * SECOND), "it was over before");
        assert!(calls.touch(BOB, 91 * SECOND), "too late, though nobody looked yet");
        assert_eq!((calls.len(), calls.next_look()), (0, None));
    }

    #[test]
    fn many_who_fall_silent_one_after_the_other_are_not_looked_at_each_time() {
        let mut calls = Calls::new(30 * SECOND);
        for user in 0..1000 {
            calls.available(caller(user), 5000, Duration::from_millis(u64::from(user)));
        }
        let mut looks = 0;
        while let Some(at) = calls.next_look() {
            calls.look(at);
            looks += 1;
        }
        assert!(looks <= 3, "{looks}");
    }

    #[test]
    fn calls_are_counted_for_a_minute() {
        let mut calls = Calls::new(30 * SECOND);
        for _ in 0..CALLS_PER_PERIOD_MAX {
            assert!(calls.may_call(ALICE.user, SECOND));
        }
        assert!(!calls.may_call(ALICE.user, SECOND));
        assert!(calls.may_call(BOB.user, SECOND));
        assert!(calls.may_call(ALICE.user, CALL_PERIOD + SECOND));
    }

    #[test]
    fn the_session_that_asked_last_takes_them() {
        let mut calls = Calls::new(30 * SECOND);
        let second = Caller { conn: ConnId { slot: 7, generation: 1 }, user: ALICE.user };
        calls.available(ALICE, 5000, Duration::ZERO);
        calls.available(second, 6000, SECOND);
        assert_eq!(calls.at(ALICE.user), Some((second.conn, 6000)));
        assert!(calls.displaced.contains(&ALICE.conn));
        calls.touch(ALICE, 50 * SECOND);
        assert!(!calls.unavailable(ALICE), "another session takes them");
        assert!(calls.displaced.is_empty());
        assert!(calls.look(61 * SECOND), "lines of another session are no sign of life");
    }
}
