//! Who there is, what they may do, and who is there, as entries tell.

use std::collections::{BTreeMap, BTreeSet};

use chatsrv::chat::account::Account;
use chatsrv::chat::message::Chat;
use chatsrv::chat::name::{DisplayName, Number, UserName, UserRef};
use chatsrv::chat::sanction::{Sanction, Sanctioned};
use chatsrv::hub::snapshot::Snapshot;

/// All accounts, the operator's among them.
#[derive(Debug)]
pub struct People {
    accounts: BTreeMap<Number, Account>,
    /// Everybody in the order in which the chat came to know them.
    order: Vec<Number>,
    removed: BTreeSet<Number>,
    /// Pairs of somebody and one whom that one ignores.
    ignored: BTreeSet<(Number, Number)>,
    /// Who said whether to be asked before being added to a group.
    ask_first: BTreeMap<Number, bool>,
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
            removed: kept.gone.removed.iter().map(|removed| removed.number).collect(),
            ignored: kept.wishes.ignored.iter().copied().collect(),
            ask_first: kept.wishes.ask_first.iter().copied().collect(),
            sanctions: kept.sanctions.iter().cloned().collect(),
            administrators: kept.administrators.iter().copied().collect(),
            resets: kept.resets.iter().copied().collect(),
            present: BTreeSet::new(),
            welcomed: BTreeSet::new(),
        };
        people.add(Account { number, name, display: None, created: 0 });
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

    pub fn set_ignored(&mut self, user: Number, whom: Number, on: bool) {
        match on {
            true => self.ignored.insert((user, whom)),
            false => self.ignored.remove(&(user, whom)),
        };
    }

    pub fn ignores(&self, user: Number, whom: Number) -> bool {
        self.ignored.contains(&(user, whom))
    }

    pub fn set_ask_first(&mut self, user: Number, on: bool) {
        self.ask_first.insert(user, on);
    }

    /// Whether somebody wants to be asked before being added to a group, where that one said so.
    pub fn asks_first(&self, user: Number) -> Option<bool> {
        self.ask_first.get(&user).copied()
    }

    pub fn ignored_by(&self, user: Number) -> impl Iterator<Item = Number> {
        let own = self.ignored.iter().filter(move |(by, _)| *by == user);
        own.map(|(_, whom)| *whom)
    }

    /// Whether what somebody says in a chat is not to be heard by the other one.
    pub fn is_unheard(&self, from: Number, chat: Chat) -> bool {
        let Chat::Direct(one, other) = chat else { return false };
        self.ignores(if one == from { other } else { one }, from)
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

    /// An account that is removed goes by another name from now on, and is nobody's.
    pub fn remove(&mut self, user: Number, name: UserName) {
        let account = self.accounts.get_mut(&user).expect("it is there");
        (account.name, account.display) = (name, None);
        self.removed.insert(user);
        self.sanctions.remove(&Sanctioned::Ban(user));
        self.sanctions.remove(&Sanctioned::Mute(user));
        self.resets.remove(&user);
        self.administrators.remove(&user);
        self.ask_first.remove(&user);
        self.ignored.retain(|(by, whom)| *by != user && *whom != user);
    }

    pub fn is_removed(&self, user: Number) -> bool {
        self.removed.contains(&user)
    }

    /// Whoever has that name or number, and is there.
    pub fn find(&self, user: UserRef) -> Option<&Account> {
        self.find_any(user).filter(|account| !self.is_removed(account.number))
    }

    /// The same, also where the account is removed.
    pub fn find_any(&self, user: UserRef) -> Option<&Account> {
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
