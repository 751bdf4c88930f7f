//! MKGROUP and MKGROUPREQ. A group is there once it is on disk; its maker waits for that.

use std::collections::{HashMap, HashSet};

use crate::chat::entry::NewGroup;
use crate::chat::id::MessageId;
use crate::chat::name::{GroupName, UserRef};
use crate::chat::refusal::Refusal;
use crate::chat::request::{Kind, Request};
use crate::hub::accounts::Accounts;
use crate::hub::accounts::directory::{UserIndex, draw_number};
use crate::hub::context::{Caller, Core};
use crate::hub::groups::registry::Registry;
use crate::hub::proposal::Asker;

/// A group that somebody wants to make.
#[derive(Debug)]
pub struct GroupDraft {
    /// None lets the server pick a number.
    pub name: Option<GroupName>,
    /// Who is to be in it.
    pub users: Vec<UserRef>,
    /// Whether these are asked first.
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

/// Groups that are being made: their names are taken, and they count for their makers.
#[derive(Debug, Default, PartialEq)]
pub struct Creations {
    names: HashSet<GroupName>,
    /// How many groups a user is making.
    makers: HashMap<UserIndex, usize>,
}

impl Creations {
    /// Notes a group that is being made.
    pub fn begin(&mut self, group: &PendingGroup) {
        self.names.insert(group.group.name);
        *self.makers.entry(group.maker).or_default() += 1;
    }

    /// Forgets a group that is made, or comes to nothing.
    pub fn end(&mut self, group: &PendingGroup) {
        self.names.remove(&group.group.name);
        match self.makers.get_mut(&group.maker) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(self.makers.remove(&group.maker)),
        }
    }

    /// Whether no group is being made.
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

    /// The request that it came with.
    pub fn kind(&self) -> Kind {
        if self.asks { Kind::Mkgroupreq } else { Kind::Mkgroup }
    }

    /// The users whom the draft names, each once and without its maker, if the maker may make such
    /// a group. It may have so many members.
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

    /// The group as it is to be kept. A name that is missing is drawn.
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
