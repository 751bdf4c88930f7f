//! Idempotency keys: was this message sent before?

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::time::Duration;

use crate::chat::id::MessageId;
use crate::chat::message::Chat;
use crate::chat::name::{Key, Number};
use crate::limits::{KEY_REMEMBERED_FOR, KEYS_IN_FILTER_MAX, KEYS_IN_MEMORY_MAX};

/// The answer of a look-up of an idempotency key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// The message is new.
    No,
    /// The store has to be asked.
    Perhaps,
    /// The key belongs to this message.
    Yes(MessageId, Chat),
}

/// The idempotency keys of all senders, as hashes that are seeded anew in each process. A key is as
/// old as its message, whose id is a time.
#[derive(Debug)]
pub struct Dedup {
    hasher: RandomState,
    keys: Keys,
}

#[derive(Debug)]
enum Keys {
    /// The store remembers the keys. One that is not in here is surely new, so its message need not
    /// wait for the disk.
    Filter(Generations<()>),
    /// No message is kept, so the keys are remembered here.
    Memory(Generations<(MessageId, Chat)>),
}

impl Dedup {
    /// The keys that the store remembers, of messages below `mark`.
    pub fn kept<'a>(keys: impl IntoIterator<Item = &'a (Number, Key)>, mark: MessageId) -> Self {
        let mut filter = Generations { since: mark, ..Generations::default() };
        let hasher = RandomState::new();
        for (sender, key) in keys {
            filter.insert_or_note(hasher.hash_one((sender, key)));
        }
        Dedup { hasher, keys: Keys::Filter(filter) }
    }

    /// No keys, for a server whose store remembers none.
    pub fn in_memory() -> Self {
        Dedup { hasher: RandomState::new(), keys: Keys::Memory(Generations::default()) }
    }

    /// Looks up a sender's key, for a message that would get the id `now`.
    pub fn look_up(&self, sender: Number, key: &Key, now: MessageId) -> Known {
        let hash = self.hasher.hash_one((sender, key));
        match &self.keys {
            Keys::Filter(filter) => {
                let mut young_enough = filter.remembered(now);
                let may_be_there =
                    young_enough.any(|keys| keys.is_incomplete || keys.values.contains_key(&hash));
                if may_be_there { Known::Perhaps } else { Known::No }
            }
            Keys::Memory(memory) => {
                let found = memory.remembered(now).find_map(|keys| keys.values.get(&hash));
                found.map_or(Known::No, |(id, chat)| Known::Yes(*id, *chat))
            }
        }
    }

    /// Remembers the key of a message from now on.
    pub fn note(&mut self, sender: Number, key: &Key, id: MessageId, chat: Chat) {
        let hash = self.hasher.hash_one((sender, key));
        match &mut self.keys {
            Keys::Filter(filter) => {
                filter.age(id);
                filter.insert_or_note(hash);
            }
            Keys::Memory(memory) => {
                memory.age(id);
                if !memory.insert(hash, (id, chat), KEYS_IN_MEMORY_MAX) {
                    memory.turn(id);
                    memory.insert(hash, (id, chat), KEYS_IN_MEMORY_MAX);
                }
            }
        }
    }
}

/// Two generations of values, of the current period and of the one before, so that all of at least
/// one period are there. Each is bounded.
#[derive(Debug)]
struct Generations<V> {
    young: Generation<V>,
    old: Generation<V>,
    /// The message with which the young generation began.
    since: MessageId,
}

#[derive(Debug)]
struct Generation<V> {
    values: HashMap<u64, V>,
    /// True if a value found no room.
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
            since: MessageId(0),
        }
    }
}

impl<V> Generations<V> {
    /// The generations that are not forgotten by the time of a message, the young one first.
    fn remembered(&self, now: MessageId) -> impl Iterator<Item = &Generation<V>> {
        let count = 2 - self.periods(now);
        [&self.young, &self.old].into_iter().take(count)
    }

    /// The number of periods since the young generation began, by the time of a message; two at
    /// most.
    fn periods(&self, now: MessageId) -> usize {
        let age = Duration::from_micros(now.0.saturating_sub(self.since.0));
        usize::from(age >= KEY_REMEMBERED_FOR) + usize::from(age >= 2 * KEY_REMEMBERED_FOR)
    }

    /// Adds a value to the young generation. Returns false if there is no room.
    fn insert(&mut self, hash: u64, value: V, max: usize) -> bool {
        let has_room = self.young.values.len() < max || self.young.values.contains_key(&hash);
        if has_room {
            self.young.values.insert(hash, value);
        }
        has_room
    }

    /// Forgets the generations that are too old by the time of a message.
    fn age(&mut self, now: MessageId) {
        for _ in 0..self.periods(now) {
            self.turn(now);
        }
    }

    fn turn(&mut self, now: MessageId) {
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
    const START: Duration = Duration::from_secs(1_700_000_000);

    fn key(word: impl ToString) -> Key {
        word.to_string().parse().unwrap()
    }

    fn id(time: Duration) -> MessageId {
        MessageId(u64::try_from(time.as_micros()).unwrap())
    }

    #[test]
    fn a_key_belongs_to_its_sender_and_is_there_for_a_day_at_least() {
        let day = KEY_REMEMBERED_FOR;
        let mut keys = Dedup::kept(&[(ALICE, key("a"))], id(START));
        let start = START + day / 2;
        assert_eq!(keys.look_up(ALICE, &key("a"), id(start)), Known::Perhaps);
        assert_eq!(keys.look_up(BOB, &key("a"), id(start)), Known::No);
        keys.note(ALICE, &key("b"), id(start), CHAT);
        assert_eq!(keys.look_up(ALICE, &key("b"), id(start + day)), Known::Perhaps);
        assert_eq!(keys.look_up(ALICE, &key("b"), id(start + 3 * day)), Known::No);

        keys.note(ALICE, &key("c"), id(start + 3 * day), CHAT);
        assert_eq!(keys.look_up(ALICE, &key("c"), id(start + 9 * day)), Known::No);
    }

    #[test]
    fn with_a_full_filter_every_key_is_looked_for() {
        let mut keys = Dedup::kept(&[], id(START));
        let now = id(START);
        for word in 0..KEYS_IN_FILTER_MAX {
            keys.note(ALICE, &key(word), now, CHAT);
        }
        assert_eq!(keys.look_up(ALICE, &key("new"), now), Known::No);
        keys.note(ALICE, &key("one-more"), now, CHAT);
        let later = |time| id(START + time);
        assert_eq!(keys.look_up(ALICE, &key("new"), now), Known::Perhaps);
        assert_eq!(keys.look_up(ALICE, &key("new"), later(KEY_REMEMBERED_FOR)), Known::Perhaps);
        assert_eq!(keys.look_up(ALICE, &key("new"), later(2 * KEY_REMEMBERED_FOR)), Known::No);
    }

    #[test]
    fn a_look_changes_nothing_and_a_key_ages_with_the_messages_alone() {
        let day = KEY_REMEMBERED_FOR;
        let mut keys = Dedup::in_memory();
        keys.note(ALICE, &key("a"), id(START), CHAT);
        assert_eq!(keys.look_up(ALICE, &key("a"), id(START + 9 * day)), Known::No);
        let known = Known::Yes(id(START), CHAT);
        assert_eq!(keys.look_up(ALICE, &key("a"), id(START + day / 2)), known);
        keys.note(ALICE, &key("b"), id(START + day), CHAT);
        assert_eq!(keys.look_up(ALICE, &key("a"), id(START + day)), known);
        keys.note(ALICE, &key("c"), id(START + 2 * day), CHAT);
        assert_eq!(keys.look_up(ALICE, &key("a"), id(START + 2 * day)), Known::No);
    }

    #[test]
    fn without_a_store_the_newest_keys_are_remembered() {
        let mut keys = Dedup::in_memory();
        let nth = |word: usize| MessageId(id(START).0 + word as u64);
        for word in 0..3 * KEYS_IN_MEMORY_MAX {
            keys.note(ALICE, &key(word), nth(word), CHAT);
            assert_eq!(keys.look_up(ALICE, &key(word), nth(word)), Known::Yes(nth(word), CHAT));
        }
        let before = 2 * KEYS_IN_MEMORY_MAX;
        let now = nth(3 * KEYS_IN_MEMORY_MAX);
        assert_eq!(keys.look_up(ALICE, &key(before), now), Known::Yes(nth(before), CHAT));
        assert_eq!(keys.look_up(ALICE, &key(0), now), Known::No);
        assert_eq!(keys.look_up(BOB, &key(before), now), Known::No);
    }
}
