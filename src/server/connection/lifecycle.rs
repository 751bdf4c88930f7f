//! The state machine of one connection: its phase, the reason why its input is paused, and its
//! deadline.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::chat::close::CloseReason;
use crate::chat::name::Number;
use crate::server::clock::Moment;

/// The phase of a connection. What its deadline limits depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The TLS handshake is under way; the hub does not know the connection yet.
    Handshaking,
    /// The hub knows the connection, and nobody is logged in.
    Unauthenticated,
    /// A user is logged in.
    Authenticated,
    /// The connection is closing: the hub has forgotten it, and what waits for it is written.
    Flushing(CloseReason),
    /// All is written, and the server's side is shut down. What the peer still sends is dropped.
    Lingering(CloseReason),
    /// The connection is freed at the end of the tick.
    Doomed(CloseReason),
}

/// The reason why a connection's input is paused, and what resumes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// Its share of this tick is used up. It resumes in the next tick.
    Turn,
    /// It sends more lines a second than allowed. A timer resumes it.
    Rate,
    /// Its user says more than allowed, or has filled most of another one's send queue. A timer
    /// resumes it.
    Speech,
    /// A request has to be answered first, or replies have to be read by the peer. A flush resumes
    /// it.
    Answer,
    /// Its uploads are ahead of the disk. A completed write resumes it.
    Disk,
    /// The store's queues are too long. It resumes when they are short enough.
    Store,
    /// The handshakes' share of this tick is used up. It resumes in a later tick.
    Handshake,
}

/// The state of one connection. Its phase, pause and deadline change only here.
#[derive(Debug)]
pub struct Lifecycle {
    phase: Phase,
    /// Why the input is paused, though it may hold complete frames.
    pause: Option<Pause>,
    /// The user who has logged in, who stays here while the connection is closing.
    user: Option<NonZeroU32>,
    /// Whether the peer has shut down its side.
    is_at_end: bool,
    /// When the connection is closed unless its phase changes; see [`Phase`].
    deadline: Option<Moment>,
    /// The time of the one timer that is valid; others that fire are ignored.
    armed: Option<Moment>,
    /// When the connection was accepted.
    since: Moment,
}

/// The meaning of a connection's timer that has fired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimerDue {
    /// Nothing: another timer is valid, or there is no deadline any more.
    Nothing,
    /// The deadline was extended to that time.
    Later(Duration),
    /// The deadline has passed.
    Now,
}

impl Lifecycle {
    /// Creates the state of a connection that was just accepted.
    pub fn new(now: Duration, is_handshaking: bool) -> Self {
        Lifecycle {
            phase: if is_handshaking { Phase::Handshaking } else { Phase::Unauthenticated },
            pause: None,
            user: None,
            is_at_end: false,
            deadline: None,
            armed: None,
            since: now.into(),
        }
    }

    /// The phase.
    #[inline]
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// Returns true if the hub knows the connection.
    #[inline]
    pub fn is_known_to_hub(&self) -> bool {
        matches!(self.phase, Phase::Unauthenticated | Phase::Authenticated)
    }

    /// Returns true if the connection is not closing.
    #[inline]
    pub fn is_open(&self) -> bool {
        self.phase == Phase::Handshaking || self.is_known_to_hub()
    }

    /// Notes that the handshake is done. Returns true if the hub is to be told, which is not so if
    /// the connection is closing already.
    pub fn establish(&mut self) -> bool {
        let is_awaited = self.phase == Phase::Handshaking;
        if is_awaited {
            self.phase = Phase::Unauthenticated;
        }
        is_awaited
    }

    /// Notes that the user of that number has logged in.
    pub fn authenticate(&mut self, user: Number) {
        self.phase = Phase::Authenticated;
        self.user = NonZeroU32::new(user.0);
    }

    /// Returns true if a user has logged in, also while the connection is closing.
    pub fn was_authenticated(&self) -> bool {
        self.user.is_some()
    }

    /// The user who has logged in, also while the connection is closing.
    pub fn user(&self) -> Option<Number> {
        self.user.map(|number| Number(number.get()))
    }

    /// Begins to close the connection: what waits for it is written, and no input is handled.
    pub fn begin_to_flush(&mut self, reason: CloseReason) {
        self.phase = Phase::Flushing(reason);
        self.pause = None;
    }

    /// Notes that all is written and the server's side is shut down.
    pub fn begin_to_linger(&mut self, reason: CloseReason) {
        self.phase = Phase::Lingering(reason);
    }

    /// Marks the connection to be freed. Returns true the first time. If it was closing already,
    /// that reason stays.
    pub fn doom(&mut self, reason: CloseReason) -> bool {
        let reason = match self.phase {
            Phase::Doomed(_) => return false,
            Phase::Flushing(reason) | Phase::Lingering(reason) => reason,
            Phase::Handshaking | Phase::Unauthenticated | Phase::Authenticated => reason,
        };
        self.phase = Phase::Doomed(reason);
        true
    }

    /// Why the input is paused, if it is.
    #[inline]
    pub fn pause(&self) -> Option<Pause> {
        self.pause
    }

    /// Pauses the input.
    pub fn pause_for(&mut self, why: Pause) {
        self.pause = Some(why);
    }

    /// Resumes the input, and returns why it was paused.
    pub fn resume(&mut self) -> Option<Pause> {
        self.pause.take()
    }

    /// Returns true if the peer has shut down its side.
    pub fn is_at_end(&self) -> bool {
        self.is_at_end
    }

    /// Notes that the peer has shut down its side.
    pub fn end_input(&mut self) {
        self.is_at_end = true;
    }

    /// The time at which the connection was accepted.
    pub fn since(&self) -> Duration {
        self.since.into()
    }

    /// The time at which the connection is closed unless its phase changes.
    pub fn deadline(&self) -> Option<Duration> {
        self.deadline.map(Duration::from)
    }

    /// Sets the deadline. Returns true if the caller has to add a timer for it. No timer is needed
    /// for a later one than before: when the earlier timer fires, it is set again.
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

    /// Extends the deadline. A timer must be set that is not later.
    #[inline]
    pub fn put_off_deadline(&mut self, at: Duration) {
        self.deadline = Some(at.into());
    }

    /// Handles a timer that was added for `at` and has fired.
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
