//! The lists of all and of all public groups, which are made once for all who ask.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::chat::answer::Item;
use crate::chat::id::GroupId;
use crate::hub::accounts::directory::Directory;
use crate::hub::groups::group::Group;

/// The lists of all and of all public groups; none that nobody asked for since a group changed.
#[derive(Debug, Default)]
pub struct GroupLists {
    pub(super) all: Option<Rc<[Item]>>,
    pub(super) public: Option<Rc<[Item]>>,
}

impl GroupLists {
    /// The lines of all groups, oldest first.
    pub fn all(&mut self, groups: &BTreeMap<GroupId, Group>, directory: &Directory) -> Rc<[Item]> {
        self.all.get_or_insert_with(|| all(groups, directory)).clone()
    }

    /// The lines of all public groups, with their topics, oldest first.
    pub fn public(
        &mut self,
        groups: &BTreeMap<GroupId, Group>,
        directory: &Directory,
    ) -> Rc<[Item]> {
        self.public.get_or_insert_with(|| public(groups, directory)).clone()
    }
}

/// Makes the lines of all groups.
pub fn all(groups: &BTreeMap<GroupId, Group>, directory: &Directory) -> Rc<[Item]> {
    groups.values().map(|group| Item::Group(group.line(directory))).collect()
}

/// Makes the lines of all public groups.
pub fn public(groups: &BTreeMap<GroupId, Group>, directory: &Directory) -> Rc<[Item]> {
    let public = groups.values().filter(|group| group.settings.public);
    let line = |group: &Group| {
        let topic = group.topic.as_ref().map(|set| set.topic.clone());
        Item::PublicGroup(group.line(directory), topic)
    };
    public.map(line).collect()
}
