//! Idempotency keys: was this message sent before?
//!
//! The keys of each sender are remembered apart, so that nobody who sends many makes another one's
//! be forgotten. Where there are too many in all, whoever has most pays for it.

use std::collections::hash_map::RandomState;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::BuildHasher;
use std::time::Duration;

use crate::chat::id::MessageId;
use crate::chat::message::Chat;
use crate::chat::name::{Key, Number};
use crate::hub::snapshot::KEYS_LOADED_MAX;
use crate::limits::{KEY_REMEMBERED_FOR, KEYS_IN_FILTER_MAX, KEYS_IN_MEMORY_MAX, KEYS_OF_ONE_MAX};

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
    Filter(Senders<()>),
    /// No message is kept, so the keys are remembered here.
    Memory(Senders<(MessageId, Chat)>),
}

impl Dedup {
    /// The keys that the store remembers, newest first, of messages below `mark`.
    pub fn kept<'a>(keys: impl IntoIterator<Item = &'a (Number, Key)>, mark: MessageId) -> Self {
        let mut filter = Senders::new(KEYS_IN_FILTER_MAX, KEYS_IN_FILTER_MAX);
        let hasher = RandomState::new();
        let mut loaded = 0;
        for (sender, key) in keys {
            filter.insert(*sender, hasher.hash_one(key), (), mark);
            loaded += 1;
        }
        // There may be more, of anybody.
        filter.unloaded = (loaded >= KEYS_LOADED_MAX).then_some(mark);
        Dedup { hasher, keys: Keys::Filter(filter) }
    }

    /// No keys, for a server whose store remembers none.
    pub fn in_memory() -> Self {
        let memory = Senders::new(KEYS_OF_ONE_MAX, KEYS_IN_MEMORY_MAX);
        Dedup { hasher: RandomState::new(), keys: Keys::Memory(memory) }
    }

    /// Looks up a sender's key, for a message that would get the id `now`.
    pub fn look_up(&self, sender: Number, key: &Key, now: MessageId) -> Known {
        let hash = self.hasher.hash_one(key);
        match &self.keys {
            Keys::Filter(filter) => {
                let unloaded = filter.unloaded.is_some_and(|mark| periods(mark, now) == 0);
                let mut young_enough = filter.remembered(sender, now);
                let may_be_there = unloaded
                    || young_enough
                        .any(|keys| keys.is_incomplete || keys.values.contains_key(&hash));
                if may_be_there { Known::Perhaps } else { Known::No }
            }
            Keys::Memory(memory) => {
                let found = memory.remembered(sender, now).find_map(|keys| keys.values.get(&hash));
                found.map_or(Known::No, |(id, chat)| Known::Yes(*id, *chat))
            }
        }
    }

    /// Remembers the key of a message from now on.
    pub fn note(&mut self, sender: Number, key: &Key, id: MessageId, chat: Chat) {
        let hash = self.hasher.hash_one(key);
        match &mut self.keys {
            Keys::Filter(filter) => filter.note(sender, hash, (), id),
            Keys::Memory(memory) => memory.note(sender, hash, (id, chat), id),
        }
    }
}

/// The values of all senders. All of them together have a bound.
#[derive(Debug)]
struct Senders<V> {
    by_sender: BTreeMap<Number, Generations<V>>,
    /// The senders by how many values they have.
    by_count: BTreeSet<(usize, Number)>,
    /// The number of values.
    count: usize,
    /// The largest number of values in a generation of a sender.
    of_one_max: usize,
    /// The largest number of values.
    max: usize,
    /// The sender whose generations were looked at last for whether they are too old.
    aged: Number,
    /// The message before which there may be values that are not here.
    unloaded: Option<MessageId>,
}

impl<V> Senders<V> {
    fn new(of_one_max: usize, max: usize) -> Self {
        Senders {
            by_sender: BTreeMap::new(),
            by_count: BTreeSet::new(),
            count: 0,
            of_one_max,
            max,
            aged: Number(0),
            unloaded: None,
        }
    }

    /// The generations of a sender that are not forgotten by the time of a message.
    fn remembered(&self, sender: Number, now: MessageId) -> impl Iterator<Item = &Generation<V>> {
        self.by_sender.get(&sender).into_iter().flat_map(move |keys| keys.remembered(now))
    }

    /// Adds a value of a message, and forgets what is too old of the sender and of another one.
    fn note(&mut self, sender: Number, hash: u64, value: V, now: MessageId) {
        self.change(sender, |keys| keys.age(now));
        self.insert(sender, hash, value, now);
        let next = self.by_sender.range(Number(self.aged.0.saturating_add(1))..).next();
        self.aged = next.map_or(Number(0), |(other, _)| *other);
        self.change(self.aged, |keys| keys.age(now));
    }

    /// Adds a value. If there are too many then, whoever has most loses some.
    fn insert(&mut self, sender: Number, hash: u64, value: V, now: MessageId) {
        self.by_sender.entry(sender).or_insert_with(|| Generations::since(now));
        let max = self.of_one_max;
        self.change(sender, |keys| keys.insert(hash, value, max, now));
        while self.count > self.max
            && let Some((_, most)) = self.by_count.last().copied()
        {
            self.change(most, Generations::lose_older);
        }
    }

    /// Changes the generations of a sender, if there are any, and counts their values anew.
    fn change(&mut self, sender: Number, change: impl FnOnce(&mut Generations<V>)) {
        let Some(keys) = self.by_sender.get_mut(&sender) else { return };
        let before = keys.len();
        change(keys);
        let (after, is_empty) = (keys.len(), keys.is_empty());
        if is_empty {
            self.by_sender.remove(&sender);
        }
        if before != after {
            self.count = self.count + after - before;
            self.by_count.remove(&(before, sender));
            if after > 0 {
                self.by_count.insert((after, sender));
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
    /// True if a value was lost.
    is_incomplete: bool,
}

impl<V> Default for Generation<V> {
    fn default() -> Self {
        Generation { values: HashMap::new(), is_incomplete: false }
    }
}

/// The number of periods from one message to a later one; two at most.
fn periods(since: MessageId, now: MessageId) -> usize {
    let age = Duration::from_micros(now.0.saturating_sub(since.0));
    usize::from(age >= KEY_REMEMBERED_FOR) + usize::from(age >= 2 * KEY_REMEMBERED_FOR)
}

impl<V> Generations<V> {
    fn since(since: MessageId) -> Self {
        Generations { young: Generation::default(), old: Generation::default(), since }
    }

    /// The generations that are not forgotten by the time of a message, the young one first.
    fn remembered(&self, now: MessageId) -> impl Iterator<Item = &Generation<V>> {
        let count = 2 - periods(self.since, now);
        [&self.young, &self.old].into_iter().take(count)
    }

    fn len(&self) -> usize {
        self.young.values.len() + self.old.values.len()
    }

    /// Returns true if it says no more than that there is nothing.
    fn is_empty(&self) -> bool {
        self.len() == 0 && !self.young.is_incomplete && !self.old.is_incomplete
    }

    /// Adds a value to the young generation. If that is full, a new one begins, and the older one
    /// is forgotten before its period is over.
    fn insert(&mut self, hash: u64, value: V, max: usize, now: MessageId) {
        if self.young.values.len() >= max && !self.young.values.contains_key(&hash) {
            self.turn(now);
        }
        self.young.values.insert(hash, value);
    }

    /// Forgets the generations that are too old by the time of a message.
    fn age(&mut self, now: MessageId) {
        for _ in 0..periods(self.since, now) {
            self.turn(now);
        }
    }

    fn turn(&mut self, now: MessageId) {
        self.old = std::mem::take(&mut self.young);
        self.since = now;
    }

    /// Loses the older values, for want of memory.
    fn lose_older(&mut self) {
        let older = if self.old.values.is_empty() { &mut self.young } else { &mut self.old };
        *older = Generation { values: HashMap::new(), is_incomplete: true };
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
    fn with_a_full_filter_the_keys_of_who_has_most_are_looked_for() {
        let mut keys = Dedup::kept(&[(BOB, key("a"))], id(START));
        let now = id(START);
        for word in 1..KEYS_IN_FILTER_MAX {
            keys.note(ALICE, &key(word), now, CHAT);
        }
        assert_eq!(keys.look_up(ALICE, &key("new"), now), Known::No);
        keys.note(ALICE, &key("one-more"), now, CHAT);
        let later = |time| id(START + time);
        assert_eq!(keys.look_up(ALICE, &key("new"), now), Known::Perhaps);
        assert_eq!(keys.look_up(ALICE, &key("new"), later(KEY_REMEMBERED_FOR)), Known::Perhaps);
        assert_eq!(keys.look_up(ALICE, &key("new"), later(2 * KEY_REMEMBERED_FOR)), Known::No);
        assert_eq!(keys.look_up(BOB, &key("a"), now), Known::Perhaps);
        assert_eq!(keys.look_up(BOB, &key("new"), now), Known::No, "it costs nobody else");
    }

    #[test]
    fn where_not_all_were_loaded_every_key_is_looked_for() {
        let all: Vec<(Number, Key)> = (0..KEYS_LOADED_MAX).map(|word| (ALICE, key(word))).collect();
        let keys = Dedup::kept(&all, id(START));
        assert_eq!(keys.look_up(BOB, &key("new"), id(START)), Known::Perhaps);
        let next_day = id(START + KEY_REMEMBERED_FOR);
        assert_eq!(keys.look_up(BOB, &key("new"), next_day), Known::No);
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
    fn without_a_store_the_newest_keys_of_each_sender_are_remembered() {
        let mut keys = Dedup::in_memory();
        let nth = |word: usize| MessageId(id(START).0 + word as u64);
        keys.note(BOB, &key("a"), nth(0), CHAT);
        for word in 0..3 * KEYS_OF_ONE_MAX {
            keys.note(ALICE, &key(word), nth(word), CHAT);
            assert_eq!(keys.look_up(ALICE, &key(word), nth(word)), Known::Yes(nth(word), CHAT));
        }
        let before = 2 * KEYS_OF_ONE_MAX;
        let now = nth(3 * KEYS_OF_ONE_MAX);
        assert_eq!(keys.look_up(ALICE, &key(before), now), Known::Yes(nth(before), CHAT));
        assert_eq!(keys.look_up(ALICE, &key(0), now), Known::No);
        assert_eq!(keys.look_up(BOB, &key(before), now), Known::No);
        assert_eq!(keys.look_up(BOB, &key("a"), now), Known::Yes(nth(0), CHAT));
    }

    #[test]
    fn where_memory_runs_short_whoever_has_most_forgets_first() {
        let mut keys = Dedup::in_memory();
        let now = id(START);
        keys.note(BOB, &key("a"), now, CHAT);
        // A crowd of a hundred senders, each with as many as one may have.
        for sender in 0..100 {
            for word in 0..KEYS_OF_ONE_MAX {
                keys.note(Number(20_000 + sender), &key(word), now, CHAT);
            }
        }
        assert_eq!(keys.look_up(BOB, &key("a"), now), Known::Yes(now, CHAT));
        let Keys::Memory(memory) = &keys.keys else { panic!() };
        let count: usize = memory.by_sender.values().map(Generations::len).sum();
        assert!(count <= KEYS_IN_MEMORY_MAX, "{count}");
        assert_eq!(count, memory.count);
        assert_eq!(count, memory.by_count.iter().map(|(count, _)| count).sum::<usize>());
    }

    #[test]
    fn who_is_gone_is_forgotten_while_others_send() {
        let mut keys = Dedup::in_memory();
        for sender in 0..9 {
            keys.note(Number(20_000 + sender), &key("a"), id(START), CHAT);
        }
        for word in 0..20 {
            keys.note(ALICE, &key(word), id(START + 3 * KEY_REMEMBERED_FOR), CHAT);
        }
        let Keys::Memory(memory) = &keys.keys else { panic!() };
        assert_eq!((memory.by_sender.len(), memory.count), (1, 20));
    }
}
