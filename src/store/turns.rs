//! Turns: items that wait in lines, one line for each user or network, of which each has its turn,
//! so that whoever asks for much delays only their own.
//!
//! All lines together have a bound. Whoever has most in them is refused beyond it, not whoever
//! comes.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// Lines of items by the one who asks for them, which are served round-robin.
#[derive(Debug)]
pub(super) struct TurnLines<K, T> {
    lines: HashMap<K, TurnLine<T>>,
    /// Who has the next turn: all who have items, and none in work.
    order: VecDeque<K>,
    /// The number of items.
    waiting: usize,
}

/// The items of one user or network.
#[derive(Debug)]
struct TurnLine<T> {
    items: VecDeque<T>,
    is_in_work: bool,
}

impl<K: Copy + Eq + Hash, T> TurnLines<K, T> {
    /// Creates empty lines.
    pub(super) fn new() -> Self {
        TurnLines { lines: HashMap::new(), order: VecDeque::new(), waiting: 0 }
    }

    /// The number of items.
    pub(super) fn len(&self) -> usize {
        self.waiting
    }

    /// Adds an item.
    pub(super) fn push(&mut self, of: K, item: T) {
        let new = || TurnLine { items: VecDeque::new(), is_in_work: false };
        let line = self.lines.entry(of).or_insert_with(new);
        if line.items.is_empty() && !line.is_in_work {
            self.order.push_back(of);
        }
        line.items.push_back(item);
        self.waiting += 1;
    }

    /// Adds an item, unless there are `max` already: then the newest item of whoever has most is
    /// taken out in its place, which may be this one.
    ///
    /// # Errors
    /// The item that is refused.
    pub(super) fn push_within(&mut self, of: K, item: T, max: usize) -> Result<(), T> {
        let mut refused = None;
        if self.waiting >= max {
            match self.longest() {
                Some((longest, length)) if length > self.len_of(of) + 1 => {
                    refused = self.take_newest(longest);
                }
                _ => return Err(item),
            }
        }
        self.push(of, item);
        refused.map_or(Ok(()), Err)
    }

    /// Takes the first item of whoever has the next turn, and marks the line as in work: it has no
    /// turn until [`TurnLines::done`].
    pub(super) fn take(&mut self) -> Option<(K, T)> {
        let of = self.order.pop_front()?;
        let line = self.lines.get_mut(&of)?;
        let item = line.items.pop_front()?;
        line.is_in_work = true;
        self.waiting -= 1;
        Some((of, item))
    }

    /// Notes that nothing of this line is in work any more. Its next turn comes after those of all
    /// others.
    pub(super) fn done(&mut self, of: K) {
        let Some(line) = self.lines.get_mut(&of) else { return };
        line.is_in_work = false;
        if line.items.is_empty() {
            self.lines.remove(&of);
        } else {
            self.order.push_back(of);
        }
    }

    /// The number of items in a line.
    pub(super) fn len_of(&self, of: K) -> usize {
        self.lines.get(&of).map_or(0, |line| line.items.len())
    }

    /// The lines, with the number of items in each.
    pub(super) fn lengths(&self) -> impl Iterator<Item = (K, usize)> {
        self.lines.iter().map(|(of, line)| (*of, line.items.len()))
    }

    /// The longest line, and the number of its items.
    fn longest(&self) -> Option<(K, usize)> {
        self.lengths().max_by_key(|(_, length)| *length).filter(|(_, length)| *length > 0)
    }

    /// Takes the newest item out of a line.
    pub(super) fn take_newest(&mut self, of: K) -> Option<T> {
        let line = self.lines.get_mut(&of)?;
        let item = line.items.pop_back()?;
        self.waiting -= 1;
        if line.items.is_empty() && !line.is_in_work {
            self.lines.remove(&of);
            self.order.retain(|other| *other != of);
        }
        Some(item)
    }

    /// Takes out all items.
    pub(super) fn clear(&mut self) -> Vec<T> {
        self.order.clear();
        self.waiting = 0;
        self.lines.drain().flat_map(|(_, line)| line.items).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_with_an_item_in_work_has_no_turn() {
        let mut turns = TurnLines::new();
        for item in [1, 2, 3] {
            turns.push('a', item);
        }
        turns.push('b', 10);
        assert_eq!(turns.take(), Some(('a', 1)));
        assert_eq!(turns.take(), Some(('b', 10)));
        assert_eq!(turns.take(), None, "both are in work");
        turns.push('b', 11);
        turns.done('a');
        turns.done('b');
        assert_eq!([turns.take(), turns.take()], [Some(('a', 2)), Some(('b', 11))]);
        turns.done('a');
        turns.done('b');
        assert_eq!((turns.take(), turns.len()), (Some(('a', 3)), 0));
        turns.done('a');
        assert!(turns.lines.is_empty());
    }

    #[test]
    fn beyond_the_bound_the_newest_of_whoever_has_most_is_refused() {
        let mut turns = TurnLines::new();
        for item in 0..4 {
            assert_eq!(turns.push_within('a', item, 4), Ok(()));
        }
        assert_eq!(turns.push_within('a', 4, 4), Err(4), "nobody has more");
        assert_eq!(turns.push_within('b', 10, 4), Err(3), "another one finds room");
        assert_eq!(turns.push_within('b', 11, 4), Err(2));
        assert_eq!(turns.push_within('b', 12, 4), Err(12), "both have as much");
        let refused = turns.push_within('c', 20, 4).unwrap_err();
        assert!([1, 11].contains(&refused), "{refused}: of one of the two who have most");
        assert_eq!(turns.len(), 4);
    }

    #[test]
    fn the_newest_of_the_longest_line_can_be_taken_out() {
        let mut turns = TurnLines::new();
        assert_eq!(turns.longest(), None);
        for item in 0..3 {
            turns.push('a', item);
        }
        turns.push('b', 10);
        assert_eq!(turns.longest(), Some(('a', 3)));
        assert_eq!((turns.take_newest('a'), turns.take_newest('b')), (Some(2), Some(10)));
        assert_eq!((turns.len(), turns.len_of('a'), turns.len_of('b')), (2, 2, 0));
        assert_eq!(turns.take(), Some(('a', 0)));
        turns.done('a');
        assert_eq!(turns.take(), Some(('a', 1)), "nobody else has a turn");
        assert_eq!(turns.clear(), Vec::<i32>::new());
    }
}
