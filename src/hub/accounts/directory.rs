//! The directory of all accounts, by name and by number.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;

use crate::chat::account::{Account, RemovedAccount};
use crate::chat::look_alike::skeleton;
use crate::chat::name::{DisplayName, Number, UserName, UserRef};
use crate::hub::accounts::look_alikes::LookAlikes;
use crate::limits::NAME_KEPT_FOR;

/// The index of an account in the directory. It stays the same as long as the process runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserIndex(pub u32);

/// The operator's account. It is like others, but no other account can have its number, and nobody
/// logs in to it over the network.
pub const OPERATOR: UserIndex = UserIndex(0);

/// The directory of all accounts. Each account is stored once; the tables by name and by number
/// hold its index alone.
///
/// The tables hash with a key that is drawn when the process starts, since clients choose names.
/// Nothing walks through the tables, so what the chat does never depends on that key.
#[derive(Debug, Default)]
pub struct Directory {
    accounts: Vec<Account>,
    by_name: HashTable<u32>,
    by_number: HashTable<u32>,
    hasher: RandomState,
    by_look: LookAlikes,
    /// Names of accounts that are being registered.
    reserved_names: HashSet<UserName>,
    /// Numbers of accounts that are being registered.
    reserved_numbers: HashSet<Number>,
    /// Accounts that were removed. Their numbers stay, and they have names that say so.
    removed: HashSet<UserIndex>,
    /// The names that they had, and the times until which nobody may have these, in seconds since
    /// the Unix epoch.
    kept_names: HashMap<UserName, u64>,
}

impl Directory {
    /// Creates a directory of the operator's account and the given ones.
    pub fn new(accounts: Vec<Account>) -> Self {
        let mut directory = Directory::default();
        directory.accounts.reserve_exact(accounts.len() + 1);
        let (number, name) = (Number::OPERATOR, UserName::operator());
        let operator = directory.add(Account { number, name, display: None, created: 0 });
        debug_assert_eq!(operator, OPERATOR);
        for account in accounts {
            directory.add(account);
        }
        directory
    }

    /// Notes the accounts that the store knows as removed.
    pub fn note_removed(&mut self, removed: &[RemovedAccount]) {
        for RemovedAccount { number, name, time } in removed {
            self.removed.extend(self.find_number(*number));
            self.kept_names.insert(*name, time.saturating_add(NAME_KEPT_FOR.as_secs()));
        }
    }

    /// The number of accounts, without the operator's and those that were removed.
    pub fn len(&self) -> usize {
        self.accounts.len() - 1 - self.removed.len()
    }

    /// Returns true if an account was removed.
    pub fn is_removed(&self, user: UserIndex) -> bool {
        !self.removed.is_empty() && self.removed.contains(&user)
    }

    /// Returns true if nobody may have a name at a time, in seconds since the Unix epoch, since it
    /// was that of a removed account.
    pub fn is_kept(&self, name: &UserName, now: u64) -> bool {
        self.kept_names.get(name).is_some_and(|until| *until > now)
    }

    /// The name under which what is left of an account is to stay.
    pub fn name_of_removed(&self, number: Number) -> UserName {
        let names = (0..).map_while(|dashes| UserName::of_removed(number, dashes));
        let mut free = names.filter(|name| {
            let user = self.find_name(name);
            user.is_none_or(|user| self.account(user).number == number)
        });
        free.next().unwrap_or(self.accounts[OPERATOR.0 as usize].name)
    }

    /// Removes an account at a time, in seconds since the Unix epoch: from now on it has that name,
    /// and nobody logs in to it.
    pub fn remove(&mut self, user: UserIndex, name: UserName, now: u64) {
        let at = user.0;
        let before = self.account(user).name;
        let (hash, new_hash) = (self.hasher.hash_one(before), self.hasher.hash_one(name));
        if let Ok(found) = self.by_name.find_entry(hash, |other| *other == at) {
            found.remove();
        }
        self.by_look.remove(&skeleton(before.as_str()), at);
        self.by_look.insert(&skeleton(name.as_str()), at);
        let account = &mut self.accounts[at as usize];
        (account.name, account.display) = (name, None);
        let (accounts, hasher) = (&self.accounts, &self.hasher);
        self.by_name.insert_unique(new_hash, at, |at| hasher.hash_one(accounts[*at as usize].name));
        self.removed.insert(user);
        self.kept_names.retain(|_, until| *until > now);
        self.kept_names.insert(before, now.saturating_add(NAME_KEPT_FOR.as_secs()));
    }

    /// All accounts.
    pub fn iter(&self) -> impl Iterator<Item = (UserIndex, &Account)> {
        self.accounts.iter().enumerate().map(|(at, account)| (UserIndex(at as u32), account))
    }

    /// The account of a user.
    pub fn account(&self, user: UserIndex) -> &Account {
        &self.accounts[user.0 as usize]
    }

    /// Sets the display name of a user.
    pub fn set_display(&mut self, user: UserIndex, display: DisplayName) {
        self.accounts[user.0 as usize].display = Some(display);
    }

    /// Finds a user by name or by number.
    pub fn find(&self, user: UserRef) -> Option<UserIndex> {
        match user {
            UserRef::Name(name) => self.find_name(&name),
            UserRef::Number(number) => self.find_number(number),
        }
    }

    /// Finds a user by name, in any case.
    pub fn find_name(&self, name: &UserName) -> Option<UserIndex> {
        let hash = self.hasher.hash_one(name);
        let found = self.by_name.find(hash, |at| self.accounts[*at as usize].name == *name);
        found.copied().map(UserIndex)
    }

    /// The users whose names look like a name, in any order.
    pub fn looking_like(&self, name: &str) -> impl Iterator<Item = UserIndex> {
        let looks = skeleton(name);
        let found: Vec<UserIndex> = self.by_look.find(&looks).map(UserIndex).collect();
        found.into_iter().filter(move |user| skeleton(self.account(*user).name.as_str()) == looks)
    }

    /// Finds a user by contact number.
    pub fn find_number(&self, number: Number) -> Option<UserIndex> {
        let hash = hash_number(number);
        let found = self.by_number.find(hash, |at| self.accounts[*at as usize].number == number);
        found.copied().map(UserIndex)
    }

    /// Draws a number for a new account, and reserves both the name and the number until
    /// [`add`](Self::add) or [`release`](Self::release). The account is made at `now`, in seconds
    /// since the Unix epoch. None if the name is taken.
    pub fn reserve(
        &mut self,
        name: UserName,
        now: u64,
        rng: &mut fastrand::Rng,
    ) -> Option<Account> {
        if self.find_name(&name).is_some() || !self.reserved_names.insert(name) {
            return None;
        }
        let number = draw_number(rng, |number| {
            self.find_number(number).is_some() || self.reserved_numbers.contains(&number)
        });
        self.reserved_numbers.insert(number);
        let created = u32::try_from(now).unwrap_or(u32::MAX);
        Some(Account { number, name, display: None, created })
    }

    /// Releases the name and the number that were reserved for an account that is not added.
    pub fn release(&mut self, account: &Account) {
        self.reserved_names.remove(&account.name);
        self.reserved_numbers.remove(&account.number);
    }

    /// Adds an account, whose name and number no other account has.
    pub fn add(&mut self, account: Account) -> UserIndex {
        debug_assert!(self.find_name(&account.name).is_none(), "{account:?} is known");
        debug_assert!(self.find_number(account.number).is_none(), "{account:?} is known");
        self.release(&account);
        let at = self.accounts.len() as u32;
        let (by_name, by_number) =
            (self.hasher.hash_one(account.name), hash_number(account.number));
        self.by_look.insert(&skeleton(account.name.as_str()), at);
        self.accounts.push(account);
        let (accounts, hasher) = (&self.accounts, &self.hasher);
        self.by_name.insert_unique(by_name, at, |at| hasher.hash_one(accounts[*at as usize].name));
        self.by_number
            .insert_unique(by_number, at, |at| hash_number(accounts[*at as usize].number));
        UserIndex(at)
    }

    /// The number of accounts that are being registered.
    pub fn reservations(&self) -> usize {
        debug_assert_eq!(self.reserved_names.len(), self.reserved_numbers.len());
        self.reserved_names.len()
    }

    /// Checks the invariants between two inputs, for tests.
    pub fn check_invariants(&self) {
        assert_eq!(self.by_name.len(), self.accounts.len());
        assert_eq!(self.by_look.len(), self.accounts.len());
        assert_eq!(self.by_number.len(), self.accounts.len());
        for (at, account) in self.accounts.iter().enumerate() {
            let index = Some(UserIndex(at as u32));
            assert_eq!(self.find_name(&account.name), index, "{account:?}");
            assert_eq!(self.find_number(account.number), index, "{account:?}");
            assert!(self.looking_like(account.name.as_str()).any(|user| Some(user) == index));
            assert!(!self.reserved_names.contains(&account.name), "{account:?}");
            assert!(!self.reserved_numbers.contains(&account.number), "{account:?}");
        }
        assert_eq!(self.reserved_names.len(), self.reserved_numbers.len());
    }
}

/// The hash of a number in the table. The server draws the numbers at random, so nobody can choose
/// those that collide, and a hash with a secret seed would only cost time at every message.
fn hash_number(number: Number) -> u64 {
    // The table takes a place from the low bits and a mark from the high ones, which this spreads.
    u64::from(number.0).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// Draws a number that is not taken: five digits that are a port, more digits when those run short.
pub fn draw_number(rng: &mut fastrand::Rng, is_taken: impl Fn(Number) -> bool) -> Number {
    // A range counts as short once this many draws in a row found a number that is taken: one in a
    // thousand draws if nine tenths are in use, nearly all if one in a hundred is left. The last
    // range holds more numbers than there can be accounts, or groups.
    const DRAWS: usize = 64;
    let ranges = [
        Number::MIN..=Number::PORT_MAX,
        100_000..=999_999,
        1_000_000..=99_999_999,
        100_000_000..=u32::MAX,
    ];
    let mut draws = ranges.into_iter().flat_map(|range| std::iter::repeat_n(range, DRAWS));
    loop {
        let range = draws.next().unwrap_or(100_000_000..=u32::MAX);
        let number = Number(rng.u32(range));
        if !is_taken(number) {
            return number;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rng() -> fastrand::Rng {
        fastrand::Rng::with_seed(1)
    }

    #[test]
    fn an_account_is_found_by_name_in_any_case_and_by_number() {
        let mut directory = Directory::default();
        let account = directory.reserve("Alice".parse().unwrap(), 17, &mut rng()).unwrap();
        let number = account.number;
        assert_eq!(directory.find_name(&"alice".parse().unwrap()), None);
        let user = directory.add(account);
        assert_eq!(directory.find_name(&"aLICE".parse().unwrap()), Some(user));
        assert_eq!(directory.find(UserRef::Number(number)), Some(user));
        directory.check_invariants();
    }

    #[test]
    fn a_name_is_reserved_once_and_free_again_when_released() {
        let mut directory = Directory::default();
        let rng = &mut rng();
        let name = "bob".parse().unwrap();
        let account = directory.reserve(name, 17, rng).unwrap();
        assert_eq!(directory.reserve("BOB".parse().unwrap(), 17, rng), None);
        directory.release(&account);
        assert!(directory.reserve(name, 17, rng).is_some());
        assert_eq!(directory.reservations(), 1);
    }

    #[test]
    fn numbers_are_five_digits_while_they_last_and_longer_then() {
        let mut directory = Directory::default();
        let rng = &mut rng();
        let five_digits = (Number::PORT_MAX - Number::MIN + 1) as usize;
        let mut longer = 0;
        for at in 0..five_digits + 100 {
            let account = directory.reserve(format!("u{at}").parse().unwrap(), 17, rng).unwrap();
            match account.number.0 {
                Number::MIN..=Number::PORT_MAX => {}
                100_000..=999_999 => {
                    longer += 1;
                    assert!(at > five_digits * 3 / 4, "account {at} got {}", account.number);
                }
                other => panic!("account {at} got {other}"),
            }
            directory.add(account);
        }
        assert!(longer >= 100);
    }
}
