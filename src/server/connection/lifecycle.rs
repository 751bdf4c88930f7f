//! How far a connection has come, why its input waits, and until when something has to happen.

use std::time::Duration;

use crate::chat::close::CloseReason;
use crate::server::clock::Moment;

/// How far a connection has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The transport is being established; the hub does not know of it.
    Handshaking,
    /// Not logged in.
    Unauthenticated,
    /// Logged in.
    Authenticated,
    /// The hub has forgotten it; what waits is written.
    Flushing(CloseReason),
    /// All is written, and the server's side is shut; what still comes is dropped.
    Lingering(CloseReason),
    /// To be freed at the end of the tick.
    Doomed(CloseReason),
}

/// Why a connection's input waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// Its share of this tick is used up; it is on the list of those to go on with.
    Turn,
    /// It sends faster than the limit of lines a second; a timer goes on with it.
    Rate,
    /// An answer has to come first, or be taken; flushing goes on with it.
    Answer,
    /// The disk is behind what it uploads; what is written goes on with it.
    Disk,
    /// The store is behind; it is on the list of those to go on with when the store is not.
    Store,
    /// This tick has seen enough handshakes; it is on the list of those to go on with.
    Handshake,
}

/// The state of one connection: its phase, its pause and its deadline change here alone.
#[derive(Debug)]
pub struct Lifecycle {
    phase: Phase,
    /// Why the input is not handled, though it may hold whole frames.
    pause: Option<Pause>,
    /// Whether somebody has logged in, also once the connection is closing.
    was_authenticated: bool,
    /// Whether the peer has shut its side.
    is_at_end: bool,
    /// When something has to be done about it; see [`Phase`].
    deadline: Option<Moment>,
    /// When the one timer that counts comes up.
    armed: Option<Moment>,
    /// When it was accepted.
    since: Moment,
}

/// What a timer of a connection says when it comes up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimerDue {
    /// Nothing: another timer counts, or no deadline is left.
    Nothing,
    /// The deadline was put off to then.
    Later(Duration),
    /// The deadline has come.
    Now,
}

impl Lifecycle {
    /// The state of a connection that was just accepted, and begins with a handshake or not.
    pub fn new(now: Duration, is_handshaking: bool) -> Self {
        Lifecycle {
            phase: if is_handshaking { Phase::Handshaking } else { Phase::Unauthenticated },
            pause: None,
            was_authenticated: false,
            is_at_end: false,
            deadline: None,
            armed: None,
            since: now.into(),
        }
    }

    /// How far it has come.
    #[inline]
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// Whether the hub knows it.
    #[inline]
    pub fn is_known_to_hub(&self) -> bool {
        matches!(self.phase, Phase::Unauthenticated | Phase::Authenticated)
    }

    /// Whether nobody has decided yet that it ends.
    #[inline]
    pub fn is_open(&self) -> bool {
        self.phase == Phase::Handshaking || self.is_known_to_hub()
    }

    /// The transport is established. Whether the hub is to be told, as it does not end already.
    pub fn establish(&mut self) -> bool {
        let is_awaited = self.phase == Phase::Handshaking;
        if is_awaited {
            self.phase = Phase::Unauthenticated;
        }
        is_awaited
    }

    /// Somebody has logged in.
    pub fn authenticate(&mut self) {
        self.phase = Phase::Authenticated;
        self.was_authenticated = true;
    }

    /// Whether somebody has logged in, also once the connection is closing.
    pub fn was_authenticated(&self) -> bool {
        self.was_authenticated
    }

    /// The hub has forgotten it; what waits is written.
    pub fn begin_to_flush(&mut self, reason: CloseReason) {
        self.phase = Phase::Flushing(reason);
        self.pause = None;
    }

    /// All is written, and the server's side is shut.
    pub fn begin_to_linger(&mut self, reason: CloseReason) {
        self.phase = Phase::Lingering(reason);
    }

    /// It is to be freed. Whether that is new; the reason that was given first is the one that
    /// counts.
    pub fn doom(&mut self, reason: CloseReason) -> bool {
        let reason = match self.phase {
            Phase::Doomed(_) => return false,
            Phase::Flushing(reason) | Phase::Lingering(reason) => reason,
            Phase::Handshaking | Phase::Unauthenticated | Phase::Authenticated => reason,
        };
        self.phase = Phase::Doomed(reason);
        true
    }

    /// Why the input waits.
    #[inline]
    pub fn pause(&self) -> Option<Pause> {
        self.pause
    }

    /// The input waits from now on.
    pub fn pause_for(&mut self, why: Pause) {
        self.pause = Some(why);
    }

    /// The input does not wait any more. Why it did.
    pub fn resume(&mut self) -> Option<Pause> {
        self.pause.take()
    }

    /// Whether the peer has shut its side.
    pub fn is_at_end(&self) -> bool {
        self.is_at_end
    }

    /// The peer has shut its side.
    pub fn end_input(&mut self) {
        self.is_at_end = true;
    }

    /// When it was accepted.
    pub fn since(&self) -> Duration {
        self.since.into()
    }

    /// When something has to be done about it.
    pub fn deadline(&self) -> Option<Duration> {
        self.deadline.map(Duration::from)
    }

    /// Sets the deadline. Whether a timer has to be added for it: one that comes up earlier finds
    /// that it was put off.
    #[must_use]
    pub fn set_deadline(&mut self, at: Option<Duration>) -> bool {
        self.deadline = at.map(Moment::from);
        let needs_timer = match (self.deadline, self.armed) {
            (Some(at), Some(armed)) => at < armed,
            (at, None) => at.is_some(),
            (None, Some(_)) => false,
        };
        if needs_timer {
            self.armed = self.deadline;
        }
        needs_timer
    }

    /// Puts the deadline off, while a timer is set that is not later.
    #[inline]
    pub fn put_off_deadline(&mut self, at: Duration) {
        self.deadline = Some(at.into());
    }

    /// The timer that was added for `at` has come up.
    pub fn timer_due(&mut self, at: Duration, now: Duration) -> TimerDue {
        if self.armed != Some(at.into()) {
            return TimerDue::Nothing;
        }
        self.armed = None;
        match self.deadline() {
            None => TimerDue::Nothing,
            Some(deadline) if deadline > now => TimerDue::Later(deadline),
            Some(_) => TimerDue::Now,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_reason_counts_and_it_is_doomed_once() {
        let mut lifecycle = Lifecycle::new(Duration::ZERO, false);
        assert!(lifecycle.is_known_to_hub());
        lifecycle.pause_for(Pause::Answer);
        lifecycle.begin_to_flush(CloseReason::Goodbye);
        assert_eq!((lifecycle.pause(), lifecycle.is_known_to_hub()), (None, false));
        assert!(lifecycle.doom(CloseReason::ConnectionLost));
        assert!(!lifecycle.doom(CloseReason::TooSlow));
        assert_eq!(lifecycle.phase(), Phase::Doomed(CloseReason::Goodbye));
    }

    #[test]
    fn the_hub_is_told_once_and_not_of_what_ends_already() {
        let mut lifecycle = Lifecycle::new(Duration::ZERO, true);
        assert_eq!((lifecycle.is_open(), lifecycle.is_known_to_hub()), (true, false));
        assert!(lifecycle.establish());
        assert!(!lifecycle.establish());
        assert!(lifecycle.is_known_to_hub());
        let mut lifecycle = Lifecycle::new(Duration::ZERO, true);
        lifecycle.begin_to_flush(CloseReason::ConnectionLimit);
        assert!(!lifecycle.establish());
        assert!(!lifecycle.is_open());
    }

    #[test]
    fn a_deadline_that_is_put_off_needs_no_timer_before_the_first_has_come_up() {
        let second = Duration::from_secs;
        let mut lifecycle = Lifecycle::new(second(1), false);
        assert!(lifecycle.set_deadline(Some(second(10))));
        assert!(!lifecycle.set_deadline(Some(second(20))));
        assert_eq!(lifecycle.timer_due(second(9), second(9)), TimerDue::Nothing, "it is another's");
        assert_eq!(lifecycle.timer_due(second(10), second(10)), TimerDue::Later(second(20)));
        assert!(lifecycle.set_deadline(Some(second(20))));
        assert!(lifecycle.set_deadline(Some(second(15))), "an earlier one");
        assert_eq!(lifecycle.timer_due(second(15), second(15)), TimerDue::Now);
        assert!(!lifecycle.set_deadline(None));
    }
}
