//! The sequence of the ids of messages: microseconds since the Unix epoch, made strictly
//! increasing, also over restarts.

use std::time::Duration;

use crate::chat::id::MessageId;
use crate::limits::ID_CEILING_LEAD;

/// A source of ids that never repeat. They stay below a ceiling that the store keeps, and the next
/// start begins above it. So no id comes twice, even if the messages with the newest ids were never
/// kept.
///
/// The ceiling is raised ahead of the ids while messages flow, which then never wait for it. After
/// a long silence it lies in the past: the first message waits until a higher one is kept. A timer
/// that kept raising it would spare that message one write, and cost an idle server one every few
/// seconds for ever.
#[derive(Debug)]
pub struct Sequence {
    newest: u64,
    ceiling: u64,
    is_raising: bool,
}

impl Sequence {
    /// Creates a sequence above the ceiling that an earlier process has kept.
    pub fn above(ceiling: MessageId) -> Self {
        Sequence { newest: ceiling.0, ceiling: ceiling.0, is_raising: false }
    }

    /// Takes the next id, if it is below the ceiling.
    pub fn next(&mut self, unix_micros: u64) -> Option<MessageId> {
        let id = self.following(unix_micros);
        if id >= self.ceiling {
            return None;
        }
        self.newest = id;
        Some(MessageId(id))
    }

    /// The newest id.
    pub fn newest(&self) -> MessageId {
        MessageId(self.newest)
    }

    /// The ceiling that the store is to keep now, if the ids come near the current one and no job
    /// raises it yet.
    pub fn ceiling_to_keep(&mut self, unix_micros: u64) -> Option<MessageId> {
        let lead = micros(ID_CEILING_LEAD);
        let next = self.following(unix_micros);
        if self.is_raising || next.saturating_add(lead / 2) < self.ceiling {
            return None;
        }
        self.is_raising = true;
        Some(MessageId(next.saturating_add(lead)))
    }

    /// Takes the ceiling that was kept; none if it could not be kept.
    pub fn ceiling_kept(&mut self, ceiling: Option<MessageId>) {
        self.is_raising = false;
        self.ceiling = self.ceiling.max(ceiling.map_or(0, |ceiling| ceiling.0));
    }

    fn following(&self, unix_micros: u64) -> u64 {
        unix_micros.max(self.newest.saturating_add(1))
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000;
    const START: u64 = 1_700_000_000 * SECOND;

    fn raise(ids: &mut Sequence, now: u64) {
        let ceiling = ids.ceiling_to_keep(now).unwrap();
        assert_eq!(ids.ceiling_to_keep(now), None, "one at a time");
        ids.ceiling_kept(Some(ceiling));
    }

    #[test]
    fn ids_rise_whatever_the_clock_does() {
        let mut ids = Sequence::above(MessageId(START));
        raise(&mut ids, START);
        let next = |ids: &mut Sequence, now| ids.next(now).unwrap().0;
        assert_eq!(next(&mut ids, START), START + 1);
        assert_eq!(next(&mut ids, START + 50), START + 50);
        assert_eq!(next(&mut ids, START - SECOND), START + 51);
        assert_eq!(ids.newest(), MessageId(START + 51));
    }

    #[test]
    fn no_id_reaches_a_mark_that_is_not_kept() {
        let mut ids = Sequence::above(MessageId(START));
        assert_eq!(ids.next(START), None);
        let ceiling = ids.ceiling_to_keep(START).unwrap();
        assert_eq!(ids.next(START), None);
        ids.ceiling_kept(None);
        assert_eq!(ids.next(START), None);
        assert_eq!(ids.ceiling_to_keep(START), Some(ceiling), "it is tried again");
        ids.ceiling_kept(Some(ceiling));
        assert!(ids.next(START).is_some());
        assert!(ids.next(ceiling.0 - 1).is_some());
        assert_eq!(ids.next(ceiling.0 - 1), None);
        assert_eq!(ids.newest(), MessageId(ceiling.0 - 1));
    }

    #[test]
    fn the_mark_is_raised_before_the_ids_come_near_it() {
        let mut ids = Sequence::above(MessageId(0));
        raise(&mut ids, START);
        assert_eq!(ids.ceiling_to_keep(START + micros(ID_CEILING_LEAD) / 4), None);
        let later = START + micros(ID_CEILING_LEAD) * 3 / 4;
        let ceiling = ids.ceiling_to_keep(later).unwrap();
        assert!(ceiling.0 > later + micros(ID_CEILING_LEAD) / 2);
        assert!(ids.next(later).is_some(), "messages go on meanwhile");
        ids.ceiling_kept(Some(ceiling));
    }
}
