//! The words that mark messages: which of them may be known already.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::time::Duration;

use crate::chat::message::{Chat, MessageId};
use crate::chat::name::{Key, Number};
use crate::limits::{KEY_REMEMBERED_FOR, KEYS_IN_FILTER_MAX, KEYS_IN_MEMORY_MAX};

/// What is known of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// It marks a new message.
    No,
    /// The store has to be asked.
    Perhaps,
    /// It marked this message.
    Yes(MessageId, Chat),
}

/// The words of all senders, as hashes that are seeded anew in each process.
#[derive(Debug)]
pub(super) struct Keys {
    hasher: RandomState,
    words: Words,
}

#[derive(Debug)]
enum Words {
    /// The store remembers the words. A word that is not in here is surely new, so that its message
    /// need not wait for the disk.
    Filter(Generations<()>),
    /// No message is kept, so the words are remembered here.
    Memory(Generations<(MessageId, Chat)>),
}

impl Keys {
    /// The words that a store remembers.
    pub fn kept<'a>(keys: impl IntoIterator<Item = &'a (Number, Key)>) -> Self {
        let mut filter = Generations::default();
        let hasher = RandomState::new();
        for (sender, key) in keys {
            filter.insert_or_note(hasher.hash_one((sender, key)));
        }
        Keys { hasher, words: Words::Filter(filter) }
    }

    /// No words, where no store remembers any.
    pub fn in_memory() -> Self {
        Keys { hasher: RandomState::new(), words: Words::Memory(Generations::default()) }
    }

    /// What is known of a sender's word.
    pub fn look_up(&mut self, sender: Number, key: &Key, now: Duration) -> Known {
        let hash = self.hasher.hash_one((sender, key));
        match &mut self.words {
            Words::Filter(filter) => {
                filter.age(now);
                let may_be_there = filter.is_incomplete() || filter.get(hash).is_some();
                if may_be_there { Known::Perhaps } else { Known::No }
            }
            Words::Memory(memory) => {
                memory.age(now);
                memory.get(hash).map_or(Known::No, |(id, chat)| Known::Yes(*id, *chat))
            }
        }
    }

    /// Notes the word that marks a message from now on.
    pub fn note(&mut self, sender: Number, key: &Key, id: MessageId, chat: Chat, now: Duration) {
        let hash = self.hasher.hash_one((sender, key));
        match &mut self.words {
            Words::Filter(filter) => {
                filter.age(now);
                filter.insert_or_note(hash);
            }
            Words::Memory(memory) => {
                memory.age(now);
                if !memory.insert(hash, (id, chat), KEYS_IN_MEMORY_MAX) {
                    memory.turn(now);
                    memory.insert(hash, (id, chat), KEYS_IN_MEMORY_MAX);
                }
            }
        }
    }
}

/// What was noted in the current period, and in the one before, so that all of at least one period
/// is there; neither has more than a bound allows.
#[derive(Debug)]
struct Generations<V> {
    young: Generation<V>,
    old: Generation<V>,
    /// When the younger one began, on the steady clock.
    since: Duration,
}

#[derive(Debug)]
struct Generation<V> {
    values: HashMap<u64, V>,
    /// Whether something found no room.
    is_incomplete: bool,
}

impl<V> Default for Generation<V> {
    fn default() -> Self {
        Generation { values: HashMap::new(), is_incomplete: false }
    }
}

impl<V> Default for Generations<V> {
    fn default() -> Self {
        Generations {
            young: Generation::default(),
            old: Generation::default(),
            since: Duration::ZERO,
        }
    }
}

impl<V> Generations<V> {
    fn get(&self, hash: u64) -> Option<&V> {
        self.young.values.get(&hash).or_else(|| self.old.values.get(&hash))
    }

    fn is_incomplete(&self) -> bool {
        self.young.is_incomplete || self.old.is_incomplete
    }

    /// Adds a value to the younger generation; false where there is no room.
    fn insert(&mut self, hash: u64, value: V, max: usize) -> bool {
        let has_room = self.young.values.len() < max || self.young.values.contains_key(&hash);
        if has_room {
            self.young.values.insert(hash, value);
        }
        has_room
    }

    /// Forgets what is older than two periods, or one.
    fn age(&mut self, now: Duration) {
        let age = now.saturating_sub(self.since);
        if age >= KEY_REMEMBERED_FOR {
            self.turn(now);
        }
        if age >= 2 * KEY_REMEMBERED_FOR {
            self.turn(now);
        }
    }

    fn turn(&mut self, now: Duration) {
        self.old = std::mem::take(&mut self.young);
        self.since = now;
    }
}

impl Generations<()> {
    fn insert_or_note(&mut self, hash: u64) {
        if !self.insert(hash, (), KEYS_IN_FILTER_MAX) {
            self.young.is_incomplete = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: Number = Number(10_001);
    const BOB: Number = Number(10_002);
    const CHAT: Chat = Chat::Direct(ALICE, BOB);

    fn key(word: impl ToString) -> Key {
        word.to_string().parse().unwrap()
    }

    #[test]
    fn a_word_belongs_to_its_sender_and_is_there_for_a_day_at_least() {
        let day = KEY_REMEMBERED_FOR;
        let mut keys = Keys::kept(&[(ALICE, key("a"))]);
        let start = day / 2;
        assert_eq!(keys.look_up(ALICE, &key("a"), start), Known::Perhaps);
        assert_eq!(keys.look_up(BOB, &key("a"), start), Known::No);
        keys.note(ALICE, &key("b"), MessageId(1), CHAT, start);
        assert_eq!(keys.look_up(ALICE, &key("b"), start + day), Known::Perhaps);
        assert_eq!(keys.look_up(ALICE, &key("b"), start + 3 * day), Known::No);

        keys.note(ALICE, &key("c"), MessageId(1), CHAT, start + 3 * day);
        assert_eq!(keys.look_up(ALICE, &key("c"), start + 9 * day), Known::No);
    }

    #[test]
    fn with_a_full_filter_every_word_is_looked_for() {
        let mut keys = Keys::kept(&[]);
        let now = Duration::ZERO;
        for word in 0..KEYS_IN_FILTER_MAX {
            keys.note(ALICE, &key(word), MessageId(1), CHAT, now);
        }
        assert_eq!(keys.look_up(ALICE, &key("new"), now), Known::No);
        keys.note(ALICE, &key("one-more"), MessageId(1), CHAT, now);
        assert_eq!(keys.look_up(ALICE, &key("new"), now), Known::Perhaps);
        assert_eq!(keys.look_up(ALICE, &key("new"), now + KEY_REMEMBERED_FOR), Known::Perhaps);
        assert_eq!(keys.look_up(ALICE, &key("new"), now + 2 * KEY_REMEMBERED_FOR), Known::No);
    }

    #[test]
    fn without_a_store_the_newest_words_are_remembered() {
        let mut keys = Keys::in_memory();
        let now = Duration::ZERO;
        for word in 0..3 * KEYS_IN_MEMORY_MAX {
            let id = MessageId(word as u64);
            keys.note(ALICE, &key(word), id, CHAT, now);
            assert_eq!(keys.look_up(ALICE, &key(word), now), Known::Yes(id, CHAT));
        }
        let before = 2 * KEYS_IN_MEMORY_MAX;
        let id = MessageId(before as u64);
        assert_eq!(keys.look_up(ALICE, &key(before), now), Known::Yes(id, CHAT));
        assert_eq!(keys.look_up(ALICE, &key(0), now), Known::No);
        assert_eq!(keys.look_up(BOB, &key(before), now), Known::No);
    }
}
