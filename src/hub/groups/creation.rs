//! MKGROUP and MKGROUPREQ. A group is there once it is on disk; its maker waits for that.

use std::collections::HashSet;

use crate::chat::group::{GroupId, GroupRecord};
use crate::chat::message::MessageId;
use crate::chat::name::{GroupName, UserRef};
use crate::chat::refusal::Refusal;
use crate::chat::request::Kind;
use crate::hub::accounts::Accounts;
use crate::hub::accounts::directory::{UserIndex, draw_number};
use crate::hub::context::Core;
use crate::hub::groups::registry::Registry;

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
    /// What asked for it.
    pub of: Kind,
    pub maker: UserIndex,
    pub record: GroupRecord,
}

impl GroupDraft {
    /// The request that it came with.
    pub fn kind(&self) -> Kind {
        if self.asks { Kind::Mkgroupreq } else { Kind::Mkgroup }
    }

    /// The users whom the draft names, each once and without its maker, if the maker may make such
    /// a group. It may have so many members.
    pub fn named(
        &self,
        maker: UserIndex,
        registry: &Registry,
        accounts: &Accounts,
        members_max: usize,
    ) -> Result<Vec<UserIndex>, Refusal> {
        if let Some(name) = &self.name {
            registry.check_name(name)?;
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
        registry.check_maker(maker)?;
        Ok(named)
    }

    /// The group as it is to be kept. A name that is missing is drawn.
    pub fn begin(
        &self,
        id: MessageId,
        maker: UserIndex,
        registry: &Registry,
        accounts: &Accounts,
        core: &mut Core,
    ) -> Result<PendingGroup, Refusal> {
        let named = self.named(maker, registry, accounts, core.config.group_max)?;
        let name = self.name.unwrap_or_else(|| {
            let is_taken = |number| registry.is_taken(&GroupName::numbered(number));
            GroupName::numbered(draw_number(&mut core.rng, is_taken))
        });
        let (asked, named) = if self.asks { (named, Vec::new()) } else { (Vec::new(), named) };
        let number = |user: &UserIndex| accounts.number(*user);
        let members = std::iter::once(&maker).chain(&named);
        let record = GroupRecord {
            id: GroupId(id.0),
            name,
            admin: number(&maker),
            ops: vec![number(&maker)],
            made_by: number(&maker),
            kept: false,
            members: members.map(|user| (number(user), id)).collect(),
            asked: asked.iter().map(number).collect(),
            asking: Vec::new(),
        };
        Ok(PendingGroup { of: self.kind(), maker, record })
    }
}
