//! The graceful stop: when it begins, and in which order connections are closed.
//!
//! If thousands of clients were closed at once, they would all reconnect at once. So connections
//! are closed a few at a time, in the order of their slots, and each client is asked to reconnect
//! after a number of seconds that is spread over all of them. Before a connection is closed, its
//! requests are answered and what waits for it is written.

use std::time::Duration;

use crate::hub::input::ConnId;
use crate::limits::{COME_BACK_SPREAD_MAX, LEAVE_PERIOD, LEAVES_PER_PERIOD, RETURNS_PER_SECOND};

/// The stop of the server, announced or under way.
#[derive(Debug, Default)]
pub struct Stop {
    /// The time on the monotonic clock that an administrator announced.
    at: Option<Duration>,
    /// The stop under way, once it has begun.
    drain: Option<Drain>,
}

impl Stop {
    /// Sets the time of the stop, which replaces one that was set before.
    pub fn announce(&mut self, at: Duration) {
        self.at = Some(at);
    }

    /// Returns true if `at` is the time that was announced last.
    pub fn is_announced(&self, at: Duration) -> bool {
        self.at == Some(at)
    }

    /// Begins the stop with `connections` open, which may take `time`.
    pub fn begin(&mut self, connections: usize, time: Duration, now: Duration) {
        self.drain = Some(Drain::new(connections, time, now));
    }

    /// Returns true if the stop has begun.
    pub fn is_under_way(&self) -> bool {
        self.drain.is_some()
    }

    /// Returns the slot from which connections may be closed next, and how many may be by now.
    pub fn next_to_leave(&self, now: Duration) -> Option<(usize, usize)> {
        self.drain.as_ref().map(|drain| (drain.next_slot, drain.due(now)))
    }

    /// Allows these connections, in the order of their slots, to be closed.
    pub fn let_leave(&mut self, ids: &[ConnId]) {
        if let (Some(drain), Some(last)) = (&mut self.drain, ids.last()) {
            drain.let_go += ids.len();
            drain.next_slot = last.slot as usize + 1;
        }
    }

    /// Allows all connections to be closed.
    pub fn let_all_leave(&mut self) {
        if let Some(drain) = &mut self.drain {
            drain.next_slot = usize::MAX;
        }
    }

    /// Returns after how many seconds a client is asked to reconnect, if its connection may be
    /// closed.
    pub fn come_back_in(&self, id: ConnId) -> Option<u32> {
        let drain = self.drain.as_ref().filter(|drain| drain.may_leave(id))?;
        Some(drain.come_back_in(id))
    }
}

/// A stop under way.
#[derive(Debug)]
struct Drain {
    /// Connections in slots below this one may be closed. None is accepted any more, so one pass
    /// over the slots is enough.
    next_slot: usize,
    /// The time at which the stop began.
    began: Duration,
    /// How many connections may be closed in each [`LEAVE_PERIOD`].
    leaves: usize,
    /// How many connections were allowed to be closed so far.
    let_go: usize,
    /// Over how many seconds the reconnections are spread.
    spread: u32,
}

impl Drain {
    /// Plans the stop of `connections`, which may take `time`. All of them may be closed within its
    /// first half, so that the second half is left to write what waits for them.
    fn new(connections: usize, time: Duration, now: Duration) -> Self {
        let periods = (time / 2).as_millis() / LEAVE_PERIOD.as_millis();
        let periods = usize::try_from(periods).unwrap_or(usize::MAX).max(1);
        let spread = connections.div_ceil(RETURNS_PER_SECOND);
        Drain {
            next_slot: 0,
            began: now,
            let_go: 0,
            leaves: connections.div_ceil(periods).max(LEAVES_PER_PERIOD),
            spread: u32::try_from(spread).unwrap_or(u32::MAX).clamp(1, COME_BACK_SPREAD_MAX),
        }
    }

    /// How many more connections may be closed now; a late tick catches up on the periods before
    /// it.
    fn due(&self, now: Duration) -> usize {
        let periods = now.saturating_sub(self.began).as_millis() / LEAVE_PERIOD.as_millis() + 1;
        let periods = usize::try_from(periods).unwrap_or(usize::MAX);
        self.leaves.saturating_mul(periods).saturating_sub(self.let_go)
    }

    fn may_leave(&self, id: ConnId) -> bool {
        (id.slot as usize) < self.next_slot
    }

    /// The number of seconds after which a client is asked to reconnect.
    fn come_back_in(&self, id: ConnId) -> u32 {
        1 + id.slot % self.spread
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    fn id(slot: u32) -> ConnId {
        ConnId { slot, generation: 1 }
    }

    const NOW: Duration = Duration::from_secs(77);

    /// The time until all connections may be closed.
    fn duration(drain: &Drain, connections: usize) -> Duration {
        let periods = connections.div_ceil(drain.leaves).saturating_sub(1);
        LEAVE_PERIOD * u32::try_from(periods).unwrap()
    }

    #[test]
    fn a_small_server_stops_at_once_and_a_large_one_in_a_second_or_two() {
        let time = |connections| {
            duration(&Drain::new(connections, Duration::from_secs(10), NOW), connections)
                .as_millis()
        };
        assert_eq!(time(0), 0);
        assert_eq!(time(10), 0);
        assert_eq!(time(10_000), 1560);
        assert_eq!(time(1_000_000), 4990);
    }

    #[test]
    fn clients_come_back_a_thousand_a_second() {
        let drain = Drain::new(10_000, Duration::from_secs(10), NOW);
        let mut seconds: HashMap<u32, usize> = HashMap::new();
        for slot in 0..10_000 {
            *seconds.entry(drain.come_back_in(id(slot))).or_default() += 1;
        }
        assert!((1..=10).all(|second| seconds[&second] == 1000), "{seconds:?}");
        assert_eq!(Drain::new(10, Duration::ZERO, NOW).come_back_in(id(9)), 1);
    }

    #[test]
    fn a_period_that_comes_late_makes_up_for_it() {
        let mut drain = Drain::new(10_000, Duration::from_secs(10), NOW);
        let per_period = drain.due(NOW);
        drain.let_go += per_period;
        assert_eq!(drain.due(NOW + LEAVE_PERIOD / 2), 0);
        assert_eq!(drain.due(NOW + LEAVE_PERIOD), per_period);
        assert_eq!(drain.due(NOW + LEAVE_PERIOD * 7 / 2), 3 * per_period);
    }

    proptest! {
        #[test]
        fn all_may_leave_in_half_the_time(
            connections in 0..2_000_000usize,
            millis in 0..100_000u64,
        ) {
            let time = Duration::from_millis(millis);
            let drain = Drain::new(connections, time, NOW);
            prop_assert!(duration(&drain, connections) <= time / 2);
        }

        #[test]
        fn nobody_is_sent_away_for_long(connections: usize, slot: u32) {
            let drain = Drain::new(connections, Duration::from_secs(1), NOW);
            prop_assert!((1..=COME_BACK_SPREAD_MAX).contains(&drain.come_back_in(id(slot))));
        }
    }
}
