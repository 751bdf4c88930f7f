//! A map of bounded size that forgets what changed longest ago.

use std::collections::HashMap;
use std::hash::Hash;

/// A map with two halves. Once the young one is full, it becomes the old one, and keys of the old
/// one that did not change meanwhile are forgotten.
#[derive(Debug)]
pub struct Recent<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
    /// The largest number of keys of each half.
    half: usize,
}

impl<K: Eq + Hash, V> Recent<K, V> {
    /// Creates an empty map that holds `half` keys that changed lately, and as many others at most.
    pub fn with_room_for(half: usize) -> Self {
        Recent { young: HashMap::new(), old: HashMap::new(), half }
    }

    /// The value of a key, if it has one that is not forgotten.
    pub fn get(&self, key: &K) -> Option<&V> {
        self.young.get(key).or_else(|| self.old.get(key))
    }

    /// Sets the value of a key.
    pub fn insert(&mut self, key: K, value: V) {
        if self.young.len() >= self.half && !self.young.contains_key(&key) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, value);
    }

    /// Removes a key.
    pub fn remove(&mut self, key: &K) {
        self.young.remove(key);
        self.old.remove(key);
    }

    /// Returns true if no key has a value.
    pub fn is_empty(&self) -> bool {
        self.young.is_empty() && self.old.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_bounded_and_keeps_what_changed_lately() {
        const HALF: usize = 100;
        let mut map = Recent::with_room_for(HALF);
        map.insert(0, 0);
        for key in 1..5 * HALF {
            map.insert(key, key);
            assert_eq!(map.get(&key), Some(&key));
            assert!(map.young.len() <= HALF && map.old.len() <= HALF);
            assert_eq!(map.get(&key.saturating_sub(HALF)), Some(&key.saturating_sub(HALF)));
        }
        assert_eq!(map.get(&0), None);
        map.insert(7, 1);
        map.insert(7, 2);
        assert_eq!(map.get(&7), Some(&2));
        map.remove(&7);
        assert_eq!(map.get(&7), None);
        for key in 0..5 * HALF {
            map.remove(&key);
        }
        assert!(map.is_empty());
    }
}
