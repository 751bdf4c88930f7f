//! Stopping: nobody is taken in any more, and those who are there leave one after the other.
//!
//! Were thousands of clients sent away at once, they would all be back at once. So they leave a few
//! at a time, in the order of their slots, and each is told after how many seconds to come back,
//! not all the same. What a connection asked for and what waits for it is written before it leaves.

use std::time::Duration;

use super::accept::unwatch;
use super::{Server, Timer};
use crate::hub::effect::CloseReason;
use crate::hub::input::{ConnId, Input};
use crate::limits::{
    COME_BACK_SPREAD_MAX, LEAVE_PERIOD, LEAVES_PER_PERIOD, LINGER_TIME_MAX, RETURNS_PER_SECOND,
};
use crate::protocol::native::closing::Closing;
use crate::protocol::native::write::Reply;
use crate::store::CLOSE_TIMEOUT;

/// A stop under way.
#[derive(Debug)]
pub struct Drain {
    /// Who has a slot below this one may leave. No connection comes any more, so each slot's turn
    /// comes once.
    next_slot: usize,
    /// When it began.
    began: Duration,
    /// How many may leave in each period.
    leaves: usize,
    /// How many may leave by now.
    let_go: usize,
    /// Over how many seconds they come back.
    spread: u32,
}

impl Drain {
    /// A stop of so many connections, which may take so long. They may all leave in the first half
    /// of that time, so that there is as much left to write what waits for them.
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

    /// How many more may leave; a period that comes late makes up for it.
    fn due(&self, now: Duration) -> usize {
        let periods = now.saturating_sub(self.began).as_millis() / LEAVE_PERIOD.as_millis() + 1;
        let periods = usize::try_from(periods).unwrap_or(usize::MAX);
        self.leaves.saturating_mul(periods).saturating_sub(self.let_go)
    }

    fn may_leave(&self, id: ConnId) -> bool {
        (id.slot as usize) < self.next_slot
    }

    /// After how many seconds a connection is to come back.
    fn come_back_in(&self, id: ConnId) -> u32 {
        1 + id.slot % self.spread
    }
}

impl Server {
    /// Does what signals asked for.
    pub(super) fn obey_signals(&mut self) {
        if self.signals.take_figures() {
            self.log_figures();
        }
        if self.signals.take_reloads() {
            self.reload_certificates();
        }
        match self.signals.take_stops() {
            0 => return,
            1 if self.drain.is_none() => {}
            // A second one does not wait any longer.
            _ => self.timers.add(self.now.steady, Timer::DrainOver),
        }
        self.stop();
    }

    /// Has the server stop after some time; what was said before counts no longer.
    pub(super) fn stop_in(&mut self, time: Duration) {
        let at = self.now.steady + time;
        self.stops_at = Some(at);
        self.timers.add(at, Timer::Stop);
    }

    /// Stops: takes nobody in any more, and lets every connection leave in its turn.
    pub(super) fn stop(&mut self) {
        if self.drain.is_some() {
            return;
        }
        let connections = self.connections.len();
        log::info!("event=stopping connections={connections}");
        self.drain = Some(Drain::new(connections, self.config.drain, self.now.steady));
        // Behind the drain time comes the last second of each connection, in two steps.
        self.service.stopping(self.config.drain + 2 * LINGER_TIME_MAX + CLOSE_TIMEOUT);
        self.notify_later();
        for mut listener in std::mem::take(&mut self.listeners) {
            unwatch(&mut listener, &self.poll);
            // Removing a file may wait for the disk.
            self.socket_paths.extend(listener.into_path());
        }
        self.timers.add(self.now.steady + self.config.drain, Timer::DrainOver);
        let seconds = u32::try_from(self.config.drain.as_secs()).unwrap_or(u32::MAX);
        self.tell_hub(Input::Shutdown { seconds });
        self.let_leave();
    }

    /// Lets the next connections leave. Flushing sends them away once nothing waits for them.
    pub(super) fn let_leave(&mut self) {
        let Some(drain) = &mut self.drain else { return };
        let ids = self.connections.ids_from(drain.next_slot, drain.due(self.now.steady));
        let Some(last) = ids.last() else { return };
        drain.let_go += ids.len();
        drain.next_slot = last.slot as usize + 1;
        for id in ids {
            self.connections.mark_dirty(id);
        }
        self.timers.add(self.now.steady + LEAVE_PERIOD, Timer::Leave);
    }

    /// After how many seconds a connection is to come back, where it may leave.
    pub(super) fn come_back_in(&self, id: ConnId) -> Option<u32> {
        let drain = self.drain.as_ref().filter(|drain| drain.may_leave(id))?;
        Some(drain.come_back_in(id))
    }

    /// Closes a connection because the server stops.
    pub(super) fn send_away(&mut self, id: ConnId, come_back_in: u32) {
        let last = Reply::closing_for(Closing::Shutdown, come_back_in);
        self.end(id, CloseReason::Shutdown, Some(last));
    }

    /// Stopping has taken long enough: whoever is still there gets the last line, and a second. Who
    /// has less time left keeps that, so that it ends however often it is asked for.
    pub(super) fn close_all(&mut self) {
        let Some(drain) = &mut self.drain else { return };
        drain.next_slot = usize::MAX;
        for id in self.connections.ids() {
            if let Some(connection) = self.connections.get(id) {
                connection.outbox.cancel_downloads();
            }
            if let Some(seconds) = self.come_back_in(id) {
                self.send_away(id, seconds);
            }
            let before = self.connections.get(id).and_then(|connection| connection.deadline);
            let before = before.map(Duration::from);
            let deadline = self.now.steady + LINGER_TIME_MAX;
            let deadline = before.map_or(deadline, |before| before.min(deadline));
            self.connections.set_deadline(id, Some(deadline), &mut self.timers);
            self.connections.mark_dirty(id);
        }
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

    /// How long it takes until all may leave.
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
