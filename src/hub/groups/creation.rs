//! Creation of groups by MKGROUP and MKGROUPREQ. A group exists once it is on disk; its maker's
//! session is blocked until then.

use std::collections::{HashMap, HashSet};

use crate::chat::entry::NewGroup;
use crate::chat::id::MessageId;
use crate::chat::kind::Kind;
use crate::chat::name::{GroupName, UserRef};
use crate::chat::refusal::Refusal;
use crate::chat::request::Request;
use crate::hub::accounts::Accounts;
use crate::hub::accounts::directory::{UserIndex, draw_number};
use crate::hub::context::{Caller, Core};
use crate::hub::groups::registry::Registry;
use crate::hub::proposal::Asker;

/// A group that a user wants to make.
#[derive(Debug)]
pub struct GroupDraft {
    /// The name; none lets the server draw a number.
    pub name: Option<GroupName>,
    /// The other users who are to be in it.
    pub users: Vec<UserRef>,
    /// True if the users are asked to join first.
    pub asks: bool,
}

/// A group that is on its way to the disk.
#[derive(Debug)]
pub struct PendingGroup {
    pub asker: Asker,
    pub maker: UserIndex,
    pub id: MessageId,
    pub group: NewGroup,
}

/// The groups that are being made. Their names are taken, and they count for their makers.
#[derive(Debug, Default, PartialEq)]
pub struct Creations {
    names: HashSet<GroupName>,
    /// The number of groups that each user is making.
    makers: HashMap<UserIndex, usize>,
}

impl Creations {
    /// Adds a group that is being made.
    pub fn begin(&mut self, group: &PendingGroup) {
        self.names.insert(group.group.name);
        *self.makers.entry(group.maker).or_default() += 1;
    }

    /// Removes a group that was made, or could not be made.
    pub fn end(&mut self, group: &PendingGroup) {
        self.names.remove(&group.group.name);
        match self.makers.get_mut(&group.maker) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(self.makers.remove(&group.maker)),
        }
    }

    /// Returns true if no group is being made.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}

impl GroupDraft {
    /// The request that asks for it.
    pub fn into_request(self) -> Request {
        let GroupDraft { name, users, asks } = self;
        Request::Mkgroup { name, users, asks }
    }

    /// The kind of the request that asks for it.
    pub fn kind(&self) -> Kind {
        if self.asks { Kind::Mkgroupreq } else { Kind::Mkgroup }
    }

    /// Checks that the maker may make the group, and returns the users whom the draft names, each
    /// once and without the maker. The group may have `members_max` members.
    pub fn named(
        &self,
        maker: UserIndex,
        (registry, creations): (&Registry, &Creations),
        accounts: &Accounts,
        members_max: usize,
    ) -> Result<Vec<UserIndex>, Refusal> {
        if let Some(name) = &self.name {
            registry.check_name(name)?;
            if creations.names.contains(name) {
                return Err(Refusal::GroupNameTaken);
            }
        }
        let mut known = HashSet::from([maker]);
        let mut named = Vec::new();
        for user in &self.users {
            let user = accounts.find(*user).ok_or(Refusal::NoSuchUser)?;
            if known.insert(user) {
                named.push(user);
            }
        }
        if !self.asks && named.len() >= members_max {
            return Err(Refusal::TooManyNamed);
        }
        let making = creations.makers.get(&maker).copied().unwrap_or_default();
        registry.check_maker(maker, making)?;
        Ok(named)
    }

    /// The group as it is to be made, with the name drawn if the draft has none.
    pub fn begin(
        &self,
        id: MessageId,
        caller: Caller,
        (registry, creations): (&Registry, &Creations),
        accounts: &Accounts,
        core: &mut Core,
    ) -> Result<PendingGroup, Refusal> {
        let Caller { conn, user: maker } = caller;
        let named = self.named(maker, (registry, creations), accounts, core.config.group_max)?;
        let is_taken = |name| registry.is_taken(&name) || creations.names.contains(&name);
        let name = self.name.unwrap_or_else(|| {
            let is_taken = |number| is_taken(GroupName::numbered(number));
            GroupName::numbered(draw_number(&mut core.rng, is_taken))
        });
        let (asked, named) = if self.asks { (named, Vec::new()) } else { (Vec::new(), named) };
        let number = |user: &UserIndex| accounts.number(*user);
        let group = NewGroup {
            name,
            maker: number(&maker),
            members: named.iter().map(number).collect(),
            asked: asked.iter().map(number).collect(),
        };
        Ok(PendingGroup { asker: Asker { conn, of: self.kind() }, maker, id, group })
    }
}
