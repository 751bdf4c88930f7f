//! What somebody asked for and did not get since a transfer holds it.

use std::time::Duration;

use crate::hub::input::ConnId;
use crate::limits::STALLED_LOOK_PERIOD;

/// What others want that transfers hold.
#[derive(Debug, Default)]
pub struct Wanted {
    /// Whether somebody found no place.
    place: bool,
    /// The uploads whose names somebody wants, by connection and stream.
    names: Vec<(ConnId, u32)>,
    /// The time before which no places are looked for again.
    next_look: Duration,
}

impl Wanted {
    /// Notes that somebody found no place for a transfer.
    pub fn place(&mut self) {
        self.place = true;
    }

    /// Notes that somebody wants the name of an upload.
    pub fn name(&mut self, conn: ConnId, stream: u32) {
        if !self.names.contains(&(conn, stream)) {
            self.names.push((conn, stream));
        }
    }

    /// Takes the names that are wanted, and whether places are, which is looked for once in a
    /// while: it takes a look at all connections.
    pub fn take(&mut self, now: Duration) -> (Vec<(ConnId, u32)>, bool) {
        let looks = self.place && self.next_look <= now;
        if looks {
            self.next_look = now + STALLED_LOOK_PERIOD;
        }
        self.place &= !looks;
        (std::mem::take(&mut self.names), looks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_looked_for_once_in_a_while_and_names_at_once() {
        let second = Duration::from_secs;
        let one = ConnId { slot: 1, generation: 1 };
        let mut wanted = Wanted::default();
        assert_eq!(wanted.take(second(1)), (vec![], false));
        wanted.place();
        wanted.name(one, 7);
        wanted.name(one, 7);
        assert_eq!(wanted.take(second(1)), (vec![(one, 7)], true));
        wanted.place();
        assert_eq!(wanted.take(second(1)), (vec![], false));
        assert_eq!(wanted.take(second(2)), (vec![], true));
        assert_eq!(wanted.take(second(9)), (vec![], false));
    }
}
