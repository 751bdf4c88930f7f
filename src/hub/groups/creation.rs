//! Creation of groups by MKGROUP, MKGROUPREQ and MKPUBLIC. A group exists once it is on disk; its
//! maker's session is blocked until then.

use std::collections::{HashMap, HashSet};

use crate::chat::entry::NewGroup;
use crate::chat::group::{GroupSettings, GroupStart};
use crate::chat::id::MessageId;
use crate::chat::kind::Kind;
use crate::chat::name::{GroupName, Number, UserRef};
use crate::chat::refusal::Refusal;
use crate::chat::request::Request;
use crate::hub::accounts::Accounts;
use crate::hub::accounts::directory::{UserIndex, draw_number};
use crate::hub::config::GroupBounds;
use crate::hub::context::{Caller, Core};
use crate::hub::groups::registry::Registry;
use crate::hub::proposal::Asker;
use crate::limits::GROUP_INVITATIONS_MAX;

/// A group that a user wants to make.
#[derive(Debug)]
pub struct GroupDraft {
    /// The name; none lets the server draw a number.
    pub name: Option<GroupName>,
    /// The other users who are to be in it.
    pub users: Vec<UserRef>,
    /// How it begins.
    pub start: GroupStart,
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
        let GroupDraft { name, users, start } = self;
        Request::Mkgroup { name, users, start }
    }

    /// The kind of the request that asks for it.
    pub fn kind(&self) -> Kind {
        Kind::of_start(self.start)
    }

    /// Checks that the maker may make the group, and returns the users whom the draft names, each
    /// once and without the maker.
    pub fn named(
        &self,
        maker: UserIndex,
        (registry, creations): (&Registry, &Creations),
        accounts: &Accounts,
        bounds: GroupBounds,
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
        let most = match self.start {
            GroupStart::Adds => bounds.members_max - 1,
            GroupStart::Asks => GROUP_INVITATIONS_MAX,
            GroupStart::Public => 0,
        };
        if named.len() > most {
            return Err(Refusal::TooManyNamed);
        }
        if registry.len() + creations.names.len() >= bounds.all_max {
            return Err(Refusal::AllGroupsMade);
        }
        let making = creations.makers.get(&maker).copied().unwrap_or_default();
        let is_in = registry.memberships.count(maker) + making;
        if self.start == GroupStart::Public && is_in >= bounds.per_user_max {
            return Err(Refusal::InTooManyGroups);
        }
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
        let named = self.named(maker, (registry, creations), accounts, core.config.groups)?;
        let is_taken = |name| registry.is_taken(&name) || creations.names.contains(&name);
        let name = self.name.unwrap_or_else(|| {
            let is_taken = |number| is_taken(GroupName::numbered(number));
            GroupName::numbered(draw_number(&mut core.rng, is_taken))
        });
        // Whoever ignores the maker is not added, and looks like one who wants to be asked first.
        let is_unheard = |user: &UserIndex| accounts.ignored.has(*user, maker);
        let by_default = core.config.groups.ask_first;
        let asks_first = |user: &UserIndex| {
            is_unheard(user) || accounts.ask_first.said(*user).unwrap_or(by_default)
        };
        let (asked, members): (Vec<UserIndex>, Vec<UserIndex>) = match self.start {
            GroupStart::Asks => (named, Vec::new()),
            GroupStart::Adds | GroupStart::Public => named.into_iter().partition(asks_first),
        };
        if asked.len() > GROUP_INVITATIONS_MAX {
            return Err(Refusal::TooManyNamed);
        }
        let is_public = self.start == GroupStart::Public;
        let number = |user: &UserIndex| accounts.number(*user);
        let unheard = asked.iter().filter(|user| is_unheard(user));
        let mut unheard: Vec<Number> = unheard.map(number).collect();
        unheard.sort_unstable();
        let group = NewGroup {
            name,
            maker: number(&maker),
            members: members.iter().map(number).collect(),
            asked: asked.iter().map(number).collect(),
            unheard,
            settings: GroupSettings { kept: is_public, public: is_public, open_topic: false },
        };
        Ok(PendingGroup { asker: Asker { conn, of: self.kind() }, maker, id, group })
    }
}
