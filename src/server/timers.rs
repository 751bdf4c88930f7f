//! A queue of timers, ordered by time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use super::clock::Moment;
use super::web_id::WebId;
use crate::hub::input::ConnId;
use crate::limits::CONNECTIONS_RESERVED_MAX;

/// What is to happen when a timer fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// A connection's deadline may have passed.
    Connection(ConnId),
    /// A connection may send its next line.
    Resume(ConnId),
    /// The listeners are to be watched again, after descriptors or memory had run out.
    Accept,
    /// Notifications that the service manager did not take are to be sent again.
    Notify,
    /// The watchdog notification to the service manager is due.
    Watchdog,
    /// The HTTP exchange with that number has timed out, if it is still open.
    Exchange(u64),
    /// A deadline of a browser's connection may have passed.
    Web(WebId),
    /// The announced stop begins, if the time was not changed since.
    Stop,
    /// During a stop, the next connections may be closed.
    Leave,
    /// The time for the stop is over.
    DrainOver,
    /// The number of suppressed log lines about connections that have not logged in is to be
    /// logged.
    Strangers,
}

/// A queue of timers: a binary heap by time. A timer can't be cancelled: its owner checks, when it
/// fires, whether it still applies.
#[derive(Debug)]
pub struct Timers<T> {
    heap: BinaryHeap<Reverse<(Moment, T)>>,
}

impl<T: Ord + Copy> Timers<T> {
    /// Creates an empty queue with capacity for `count` timers. With more than that the heap is
    /// reallocated; capacity that was never used takes no physical memory.
    pub fn with_room_for(count: usize) -> Self {
        Timers { heap: BinaryHeap::with_capacity(count.min(CONNECTIONS_RESERVED_MAX)) }
    }

    /// Adds a timer for the time `at` on the monotonic clock.
    pub fn add(&mut self, at: Duration, what: T) {
        self.heap.push(Reverse((at.into(), what)));
    }

    /// The time of the next timer.
    pub fn next(&self) -> Option<Duration> {
        self.heap.peek().map(|Reverse((at, _))| (*at).into())
    }

    /// Takes the next timer that is due by `now`, with the time for which it was added.
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
