//! Receivers for whom much waits, and the users who alone have said most of it. Such a speaker
//! waits a while, so that the receiver can catch up, before the receiver is closed for being slow.
//!
//! Below an eighth of a send queue nothing is counted: a delivery costs a compare. Above it, the
//! user who said most is found by a vote: each byte is a vote for its speaker and takes one from
//! any other. What is left is the least by which that user has said more than all others together.
//! So a receiver takes the same few bytes of memory however many speak.

use std::collections::HashMap;
use std::time::Duration;

use crate::chat::name::UserName;
use crate::hub::input::ConnId;
use crate::limits::SPEAKER_WAIT_MAX;

/// The receivers for whom much waits, and the speakers who may have to wait for them.
#[derive(Debug)]
pub struct Backlogs {
    /// The largest number of bytes that may wait for a receiver.
    queue: usize,
    receivers: HashMap<ConnId, Backlog>,
    /// By speaker: the receivers for whom that user waits, or waited until lately.
    held: HashMap<UserName, Vec<ConnId>>,
    /// Until then somebody may have to wait.
    held_until: Duration,
}

/// What waits for one receiver.
#[derive(Debug)]
struct Backlog {
    /// The user who has said most of it.
    speaker: UserName,
    /// By how many bytes that is more than all others have said.
    surplus: usize,
    /// Until when speakers wait for this receiver, once one had to.
    until: Option<Duration>,
}

impl Backlogs {
    /// Creates the state with no receiver, for send queues of so many bytes.
    pub fn new(queue: usize) -> Self {
        Backlogs {
            queue,
            receivers: HashMap::new(),
            held: HashMap::new(),
            held_until: Duration::ZERO,
        }
    }

    /// The number of bytes from which on it is counted who said what waits for a receiver.
    #[inline]
    pub fn counted_above(&self) -> usize {
        self.queue / 8
    }

    /// Returns true if nobody waits for a receiver, which is so nearly always.
    #[inline]
    pub fn is_quiet(&self, now: Duration) -> bool {
        self.held_until <= now
    }

    /// Notes that a user said so many bytes, and that `waiting` bytes now wait for a receiver, more
    /// than [`counted_above`](Self::counted_above).
    pub fn said(
        &mut self,
        receiver: ConnId,
        speaker: UserName,
        bytes: usize,
        waiting: usize,
        now: Duration,
    ) {
        // What came before it was counted is taken for the words of who goes on.
        let new = Backlog { speaker, surplus: waiting.saturating_sub(bytes), until: None };
        let crowd = self.receivers.entry(receiver).or_insert(new);
        if crowd.speaker == speaker {
            crowd.surplus += bytes;
        } else if crowd.surplus >= bytes {
            crowd.surplus -= bytes;
        } else {
            crowd.speaker = speaker;
            crowd.surplus = bytes - crowd.surplus;
        }
        if crowd.speaker == speaker && crowd.surplus > self.queue / 2 {
            let until = *crowd.until.get_or_insert(now.saturating_add(SPEAKER_WAIT_MAX));
            if until > now {
                if self.is_quiet(now) {
                    self.held.clear();
                }
                self.held_until = self.held_until.max(until);
                let held = self.held.entry(speaker).or_default();
                if !held.contains(&receiver) {
                    held.push(receiver);
                }
            }
        }
    }

    /// Notes that `waiting` bytes are left for a receiver. Nothing is counted any more if they are
    /// few.
    pub fn read(&mut self, receiver: ConnId, waiting: usize) {
        if waiting <= self.counted_above() {
            self.receivers.remove(&receiver);
        } else if let Some(crowd) = self.receivers.get_mut(&receiver) {
            crowd.surplus = crowd.surplus.min(waiting);
        }
    }

    /// Forgets a receiver that is closing.
    pub fn gone(&mut self, receiver: ConnId) {
        self.receivers.remove(&receiver);
    }

    /// Returns true if no receiver is counted.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.receivers.is_empty()
    }

    /// Returns how long a user waits at most for receivers who have yet to read.
    pub fn delay(&mut self, speaker: UserName, now: Duration) -> Option<Duration> {
        let held = self.held.get_mut(&speaker)?;
        let (receivers, half) = (&self.receivers, self.queue / 2);
        let until = |receiver: &ConnId| {
            let crowd = receivers.get(receiver)?;
            let fills_it = crowd.speaker == speaker && crowd.surplus > half;
            crowd.until.filter(|until| fills_it && *until > now)
        };
        held.retain(|receiver| until(receiver).is_some());
        let last = held.iter().filter_map(until).max();
        if last.is_none() {
            self.held.remove(&speaker);
        }
        last.map(|last| last - now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUEUE: usize = 1000;

    fn conn(slot: u32) -> ConnId {
        ConnId { slot, generation: 1 }
    }

    fn second(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn users() -> [UserName; 2] {
        ["alice", "bob"].map(|name| name.parse().unwrap())
    }

    #[test]
    fn who_alone_fills_more_than_half_waits_until_it_is_read_or_five_seconds() {
        let ([alice, bob], mut backlogs) = (users(), Backlogs::new(QUEUE));
        backlogs.said(conn(1), alice, 100, 500, second(1));
        assert!(backlogs.is_quiet(second(1)), "half of it");
        backlogs.said(conn(1), alice, 100, 600, second(1));
        assert_eq!(backlogs.delay(alice, second(1)), Some(second(5)));
        assert_eq!(backlogs.delay(bob, second(1)), None);
        assert_eq!(backlogs.delay(alice, second(3)), Some(second(3)));
        backlogs.read(conn(1), 400);
        assert_eq!(backlogs.delay(alice, second(3)), None);
        backlogs.said(conn(1), alice, 200, 600, second(4));
        assert_eq!(backlogs.delay(alice, second(4)), Some(second(2)), "the same five seconds");
        assert_eq!(backlogs.delay(alice, second(6)), None);
        backlogs.said(conn(1), alice, 100, 700, second(7));
        assert_eq!(backlogs.delay(alice, second(7)), None, "nobody waits for it again");
        backlogs.read(conn(1), 100);
        backlogs.said(conn(1), alice, 600, 700, second(8));
        assert_eq!(backlogs.delay(alice, second(8)), Some(second(5)), "it had caught up");
        backlogs.gone(conn(1));
        assert_eq!(backlogs.delay(alice, second(8)), None);
        assert!(backlogs.is_empty() && backlogs.held.is_empty());
    }

    #[test]
    fn who_is_one_of_many_does_not_wait() {
        let ([alice, bob], mut backlogs) = (users(), Backlogs::new(QUEUE));
        for waiting in (150..1000).step_by(100) {
            backlogs.said(conn(1), alice, 50, waiting, second(1));
            backlogs.said(conn(1), bob, 50, waiting + 50, second(1));
        }
        assert!(backlogs.is_quiet(second(1)));
        // Another one says more than both together.
        backlogs.said(conn(2), bob, 200, 200, second(1));
        backlogs.said(conn(2), alice, 750, 950, second(1));
        assert_eq!(backlogs.delay(alice, second(1)), Some(second(5)));
        assert_eq!(backlogs.delay(bob, second(1)), None);
    }

    #[test]
    fn the_last_of_several_receivers_counts() {
        let ([alice, _], mut backlogs) = (users(), Backlogs::new(QUEUE));
        backlogs.said(conn(1), alice, 600, 600, second(1));
        backlogs.said(conn(2), alice, 600, 600, second(3));
        assert_eq!(backlogs.delay(alice, second(3)), Some(second(5)));
        backlogs.gone(conn(2));
        assert_eq!(backlogs.delay(alice, second(3)), Some(second(3)));
    }
}
