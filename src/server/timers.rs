//! What is to happen at a time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use super::clock::Moment;
use crate::hub::input::ConnId;
use crate::limits::CONNECTIONS_RESERVED_MAX;

/// What is to happen at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// A connection's deadline may have come.
    Connection(ConnId),
    /// A connection may send its next line.
    Resume(ConnId),
    /// The listeners have rested.
    Accept,
    /// The service manager is to be told again.
    Notify,
    /// The service manager is to hear that the loop turns.
    Watchdog,
    /// Whoever reads the metrics has taken too long, where it is still the one with that number.
    Exchange(u64),
    /// The time to stop has come, where it is still that one.
    Stop,
    /// The next connections may leave, now that the server stops.
    Leave,
    /// Stopping has taken long enough.
    DrainOver,
    /// The log is to say how many lines about strangers were left out.
    Strangers,
}

/// Keeps what is due when. An entry can't be taken back: its owner checks, when it comes up,
/// whether it still counts.
#[derive(Debug)]
pub struct Timers<T> {
    heap: BinaryHeap<Reverse<(Moment, T)>>,
}

impl<T: Ord + Copy> Timers<T> {
    /// No timers. With more than `count` of them at a time, those that there are have to be moved;
    /// room for them that was never used takes no memory.
    pub fn with_room_for(count: usize) -> Self {
        Timers { heap: BinaryHeap::with_capacity(count.min(CONNECTIONS_RESERVED_MAX)) }
    }

    /// Adds an entry for `at`, on the monotonic clock.
    pub fn add(&mut self, at: Duration, what: T) {
        self.heap.push(Reverse((at.into(), what)));
    }

    /// When the next entry is due.
    pub fn next(&self) -> Option<Duration> {
        self.heap.peek().map(|Reverse((at, _))| (*at).into())
    }

    /// Takes the next entry that is due by `now`, and the time for which it was added.
    pub fn pop_due(&mut self, now: Duration) -> Option<(Duration, T)> {
        if self.next()? > now {
            return None;
        }
        self.heap.pop().map(|Reverse((at, what))| (at.into(), what))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_up_in_order_and_not_early() {
        let mut timers = Timers::with_room_for(8);
        let second = Duration::from_secs;
        timers.add(second(2), 'b');
        timers.add(second(1), 'a');
        timers.add(second(3), 'c');
        assert_eq!(timers.next(), Some(second(1)));
        assert_eq!(timers.pop_due(second(0)), None);
        assert_eq!(timers.pop_due(second(2)), Some((second(1), 'a')));
        assert_eq!(timers.pop_due(second(2)), Some((second(2), 'b')));
        assert_eq!(timers.pop_due(second(2)), None);
    }
}
