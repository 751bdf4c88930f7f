//! The message of the day, and which users have asked for it.

use std::collections::HashMap;
use std::rc::Rc;

use crate::chat::answer::Item;
use crate::chat::event::Event;
use crate::chat::motd::MessageOfTheDay;
use crate::chat::sha256::Sha256Sum;
use crate::hub::accounts::directory::{Directory, OPERATOR, UserIndex};
use crate::hub::snapshot::Snapshot;

/// The message of the day, and the last one that each user has asked for, by its hash.
#[derive(Debug)]
pub struct Motd {
    items: Rc<[Item]>,
    /// The hash of the message; none if there is no message.
    sum: Option<Sha256Sum>,
    asked: HashMap<UserIndex, Sha256Sum>,
}

impl Motd {
    /// Creates it from what the store kept, with no message yet.
    pub fn new(kept: &Snapshot, directory: &Directory) -> Self {
        let asked = kept.wishes.motd.iter();
        let asked = asked.filter_map(|(user, sum)| Some((directory.find_number(*user)?, *sum)));
        Motd { items: Rc::new([]), sum: None, asked: asked.collect() }
    }

    /// Replaces the message, of which users hear at their next login.
    pub fn set(&mut self, text: &MessageOfTheDay) {
        self.sum = text.sum();
        self.items = text.lines().iter().cloned().map(Item::Line).collect();
    }

    /// The lines of the message.
    pub fn items(&self) -> Rc<[Item]> {
        Rc::clone(&self.items)
    }

    /// The event that tells of the message, if there is one that a user has not asked for.
    pub fn event_for(&self, user: UserIndex) -> Option<Event> {
        self.is_new_to(user).then(|| Event::Motd(self.items.len()))
    }

    /// Returns true if there is a message that a user has not asked for. The operator has no
    /// account in which that could be kept, and knows the message.
    fn is_new_to(&self, user: UserIndex) -> bool {
        self.sum.is_some() && user != OPERATOR && self.asked.get(&user) != self.sum.as_ref()
    }

    /// Notes that a user asks for the message. Returns its hash if that is to be kept.
    pub fn ask(&mut self, user: UserIndex) -> Option<Sha256Sum> {
        let sum = self.sum.filter(|_| self.is_new_to(user))?;
        self.asked.insert(user, sum);
        Some(sum)
    }

    /// Notes that it could not be kept that a user asked for a message, so that the user is told of
    /// it again.
    pub fn not_kept(&mut self, user: UserIndex, sum: Sha256Sum) {
        if self.asked.get(&user) == Some(&sum) {
            self.asked.remove(&user);
        }
    }

    /// Forgets a user, whose account is removed.
    pub fn forget(&mut self, user: UserIndex) {
        self.asked.remove(&user);
    }
}
