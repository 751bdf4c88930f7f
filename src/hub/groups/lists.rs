//! GROUPS and MEMBERS.

use std::rc::Rc;

use super::{Group, Groups};
use crate::chat::answer::Item;
use crate::hub::accounts::directory::{Directory, UserIndex};

impl Groups {
    /// A line for each group of a user, oldest first.
    pub(super) fn lines_of(&self, user: UserIndex, directory: &Directory) -> Rc<[Item]> {
        self.of(user).map(|(_, group)| group.line(directory)).collect()
    }

    /// A line for each group, oldest first.
    pub(super) fn lines(&mut self, directory: &Directory) -> Rc<[Item]> {
        let lines = self.groups.values().map(|group| group.line(directory));
        self.all.get_or_insert_with(|| lines.collect()).clone()
    }
}

impl Group {
    pub(super) fn line(&self, directory: &Directory) -> Item {
        Item::Group {
            name: self.name,
            admin: directory.account(self.admin).name,
            members: self.members.len(),
            kept: self.kept,
        }
    }

    /// A line for each member, oldest first.
    pub(super) fn member_lines(&self, directory: &Directory) -> Rc<[Item]> {
        let members = self.members.iter().map(|member| directory.account(member.user));
        members.map(|account| Item::Member(account.name, account.number)).collect()
    }
}
