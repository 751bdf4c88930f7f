//! Accounts by what their names look like.

use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;

/// A table of all accounts by what their names look like; see
/// [`skeleton`](crate::chat::look_alike::skeleton).
///
/// It holds no names, but eight bytes for each account, which are 10 to 21 with those that the
/// table leaves free. What it finds is to be compared. As with the names themselves, it hashes with
/// a key that is drawn when the process starts.
#[derive(Debug, Default)]
pub struct LookAlikes {
    table: HashTable<LookOf>,
    hasher: RandomState,
}

/// The hash of what an account's name looks like, and the index of that account.
#[derive(Clone, Copy, Debug)]
struct LookOf {
    hash: u32,
    user: u32,
}

impl LookAlikes {
    /// Notes that an account's name has that skeleton.
    pub fn insert(&mut self, skeleton: &str, user: u32) {
        let hash = self.hash(skeleton);
        self.table.insert_unique(place(hash), LookOf { hash, user }, |look| place(look.hash));
    }

    /// Forgets that an account's name had that skeleton.
    pub fn remove(&mut self, skeleton: &str, user: u32) {
        let hash = self.hash(skeleton);
        if let Ok(found) = self.table.find_entry(place(hash), |look| look.user == user) {
            found.remove();
        }
    }

    /// The accounts whose names may have that skeleton, in any order.
    pub fn find(&self, skeleton: &str) -> impl Iterator<Item = u32> {
        let hash = self.hash(skeleton);
        let found = self.table.iter_hash(place(hash));
        found.filter(move |look| look.hash == hash).map(|look| look.user)
    }

    /// The number of accounts in the table.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    fn hash(&self, skeleton: &str) -> u32 {
        (self.hasher.hash_one(skeleton) >> 32) as u32
    }
}

/// The hash with which the table finds a place: it takes that from the low bits, and a mark from
/// the high ones.
fn place(hash: u32) -> u64 {
    u64::from(hash).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}
