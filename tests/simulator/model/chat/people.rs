//! Who there is, what they may do, and who is there, as entries tell.

use std::collections::{BTreeMap, BTreeSet};

use chatsrv::chat::account::Account;
use chatsrv::chat::name::{DisplayName, Number, UserName, UserRef};
use chatsrv::chat::sanction::{Sanction, Sanctioned};
use chatsrv::hub::job::Snapshot;

/// All accounts, the operator's among them.
#[derive(Debug)]
pub struct People {
    accounts: BTreeMap<Number, Account>,
    /// Everybody in the order in which the chat came to know them.
    order: Vec<Number>,
    sanctions: BTreeMap<Sanctioned, Sanction>,
    administrators: BTreeSet<Number>,
    /// Who has to replace the password.
    resets: BTreeSet<Number>,
    /// Who was let in, and has not gone offline since.
    present: BTreeSet<Number>,
    /// Those of them all of whose sessions were welcomed. Whether somebody who becomes a member, or
    /// whose group ends, is told at once depends on it. No entry says that, so the node does: only
    /// where there was news it is an entry.
    welcomed: BTreeSet<Number>,
}

impl People {
    /// Those who are kept, and nobody is there.
    pub fn new(kept: &Snapshot) -> Self {
        let (number, name) = (Number::OPERATOR, UserName::operator());
        let mut people = People {
            accounts: BTreeMap::new(),
            order: Vec::new(),
            sanctions: kept.sanctions.iter().cloned().collect(),
            administrators: kept.administrators.iter().copied().collect(),
            resets: kept.resets.iter().copied().collect(),
            present: BTreeSet::new(),
            welcomed: BTreeSet::new(),
        };
        people.add(Account { number, name, display: None });
        kept.accounts.iter().for_each(|account| people.add(account.clone()));
        people
    }

    pub fn add(&mut self, account: Account) {
        self.order.push(account.number);
        let before = self.accounts.insert(account.number, account);
        assert_eq!(before, None, "two have one number");
    }

    pub fn set_display(&mut self, user: Number, display: &DisplayName) {
        if let Some(account) = self.accounts.get_mut(&user) {
            account.display = Some(display.clone());
        }
    }

    pub fn set_sanction(&mut self, whom: Sanctioned, sanction: Option<Sanction>) {
        match sanction {
            Some(sanction) => drop(self.sanctions.insert(whom, sanction)),
            None => drop(self.sanctions.remove(&whom)),
        }
    }

    pub fn sanction(&self, whom: Sanctioned) -> Option<&Sanction> {
        self.sanctions.get(&whom)
    }

    /// All that hold, also those whose time is over.
    pub fn sanctions(&self) -> impl Iterator<Item = (Sanctioned, &Sanction)> {
        self.sanctions.iter().map(|(whom, sanction)| (*whom, sanction))
    }

    pub fn set_administrator(&mut self, user: Number, admin: bool) {
        put(&mut self.administrators, user, admin);
    }

    pub fn set_reset(&mut self, user: Number, reset: bool) {
        put(&mut self.resets, user, reset);
    }

    pub fn has_to_reset(&self, user: Number) -> bool {
        self.resets.contains(&user)
    }

    pub fn came(&mut self, user: Number) {
        self.present.insert(user);
    }

    /// All sessions of a user were welcomed, or not.
    pub fn set_welcomed(&mut self, user: Number, welcomed: bool) {
        assert!(!welcomed || self.present.contains(&user), "{user} was not let in");
        put(&mut self.welcomed, user, welcomed);
    }

    pub fn went(&mut self, user: Number) {
        self.present.remove(&user);
        self.welcomed.remove(&user);
    }

    pub fn account(&self, user: Number) -> &Account {
        &self.accounts[&user]
    }

    pub fn name(&self, user: Number) -> UserName {
        self.accounts[&user].name
    }

    /// All accounts, by number.
    pub fn accounts(&self) -> impl Iterator<Item = &Account> {
        self.accounts.values()
    }

    pub fn find(&self, user: UserRef) -> Option<&Account> {
        self.accounts.values().find(|account| match user {
            UserRef::Name(name) => account.name == name,
            UserRef::Number(number) => account.number == number,
        })
    }

    pub fn has(&self, user: Number) -> bool {
        self.accounts.contains_key(&user)
    }

    /// How many were known before.
    pub fn place(&self, user: Number) -> Option<usize> {
        self.order.iter().position(|other| *other == user)
    }

    pub fn are_any_banned(&self) -> bool {
        !self.sanctions.is_empty()
    }

    pub fn is_banned(&self, user: Number) -> bool {
        self.sanctions.contains_key(&Sanctioned::Ban(user))
    }

    /// Whether that role was given; the operator has it without.
    pub fn was_made_administrator(&self, user: Number) -> bool {
        self.administrators.contains(&user)
    }

    pub fn is_administrator(&self, user: Number) -> bool {
        user == Number::OPERATOR || self.was_made_administrator(user)
    }

    pub fn is_present(&self, user: Number) -> bool {
        self.present.contains(&user)
    }

    pub fn is_welcomed(&self, user: Number) -> bool {
        self.welcomed.contains(&user)
    }
}

fn put(users: &mut BTreeSet<Number>, user: Number, is_in: bool) {
    match is_in {
        true => users.insert(user),
        false => users.remove(&user),
    };
}
