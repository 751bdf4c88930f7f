//! MKGROUP and MKGROUPREQ. A group is there once it is on disk; its maker waits for that.

use std::collections::HashSet;

use super::Group;
use crate::chat::answer::Done;
use crate::chat::event::Event;
use crate::chat::group::{GroupChange, GroupId, GroupRecord};
use crate::chat::message::MessageId;
use crate::chat::name::{GroupName, UserRef};
use crate::chat::refusal::Refusal;
use crate::chat::request::{Kind, Request};
use crate::hub::Hub;
use crate::hub::accounts::directory::{UserIndex, draw_number};
use crate::hub::context::Cx;
use crate::hub::effect::Effects;
use crate::hub::input::ConnId;
use crate::hub::job::{Job, Outcome};
use crate::hub::tasks::UnderWay;
use crate::limits::GROUPS_MADE_MAX;

/// A group that somebody wants to make.
#[derive(Debug)]
pub(in crate::hub) struct Plan {
    /// None lets the server pick a number.
    pub name: Option<GroupName>,
    /// Who is to be in it.
    pub users: Vec<UserRef>,
    /// Whether these are asked first.
    pub asks: bool,
}

impl Plan {
    pub fn kind(&self) -> Kind {
        if self.asks { Kind::Mkgroupreq } else { Kind::Mkgroup }
    }

    fn into_request(self) -> Request {
        let Plan { name, users, asks } = self;
        Request::Mkgroup { name, users, asks }
    }
}

/// A group that is on its way to the disk.
#[derive(Debug)]
pub(in crate::hub) struct Making {
    of: Kind,
    pub(super) maker: UserIndex,
    pub(super) record: GroupRecord,
}

impl Hub {
    /// Makes a group.
    pub(in crate::hub) fn make_group(&mut self, conn: ConnId, plan: Plan, effects: &mut Effects) {
        let Some(maker) = self.user_of(conn) else {
            return;
        };
        let of = plan.kind();
        let named = match self.who_is_named(maker, &plan) {
            Ok(named) => named,
            Err(refusal) => return self.refuse(conn, of, refusal, effects),
        };
        let cx = &mut Cx::new(&mut self.core, effects);
        let Some(MessageId(id)) = cx.next_id() else {
            return cx.await_id(conn, plan.into_request());
        };
        let groups = &self.groups;
        let name = plan.name.unwrap_or_else(|| {
            let is_taken = |number| groups.is_taken(&GroupName::numbered(number));
            GroupName::numbered(draw_number(&mut self.core.rng, is_taken))
        });
        let number = |user: &UserIndex| self.accounts.directory.account(*user).number;
        let (asked, named) = if plan.asks { (named, Vec::new()) } else { (Vec::new(), named) };
        let members = std::iter::once(&maker).chain(&named);
        let record = GroupRecord {
            id: GroupId(id),
            name,
            admin: number(&maker),
            ops: vec![number(&maker)],
            made_by: number(&maker),
            kept: false,
            members: members.map(|user| (number(user), MessageId(id))).collect(),
            asked: asked.iter().map(number).collect(),
            asking: Vec::new(),
        };
        self.groups.reserve(name, maker);
        let making = Making { of, maker, record: record.clone() };
        self.submit(Job::SaveGroup(record), UnderWay::MakesGroup(conn, making), effects);
        self.set_on_hold(conn, true);
    }

    /// The users whom a plan names, each once and without its maker.
    fn who_is_named(&self, maker: UserIndex, plan: &Plan) -> Result<Vec<UserIndex>, Refusal> {
        if plan.name.is_some_and(|name| self.groups.is_taken(&name)) {
            return Err(Refusal::GroupNameTaken);
        }
        let mut known = HashSet::from([maker]);
        let mut named = Vec::new();
        for user in &plan.users {
            let user = self.accounts.directory.find(*user).ok_or(Refusal::NoSuchUser)?;
            if known.insert(user) {
                named.push(user);
            }
        }
        if !plan.asks && named.len() >= self.core.config.group_max {
            return Err(Refusal::TooManyNamed);
        }
        if self.groups.made(maker) >= GROUPS_MADE_MAX {
            return Err(Refusal::TooManyGroups);
        }
        Ok(named)
    }

    /// A group is on disk, or is not. Whoever made it may be gone; then it is there all the same.
    pub(in crate::hub) fn group_made(
        &mut self,
        conn: ConnId,
        making: Making,
        outcome: &Outcome,
        effects: &mut Effects,
    ) {
        let Making { of, maker, record } = making;
        self.set_on_hold(conn, false);
        self.groups.release(&record.name, maker);
        if let Err(failure) = outcome {
            return self.refuse(conn, of, Refusal::Store(*failure), effects);
        }
        let id = record.id;
        let Some(group) = Group::from_record(&record, &self.accounts.directory) else { return };
        let (name, members) = (group.name, group.members.clone());
        let asked = group.asked.clone();
        self.groups.add(id, group);
        self.answer(conn, of, Done::GroupMade(name, members.len()), effects);

        let made_by = self.presence.conn(maker);
        self.settle_in(id, maker);
        for member in members.iter().filter(|member| member.user != maker) {
            self.settle_in(id, member.user);
            let to = made_by.into_iter().chain(self.presence.conn(member.user));
            let member = self.accounts.directory.account(member.user).name;
            effects.tell(Event::Group(name, GroupChange::Join, member), to);
        }
        let asks = Event::Ask(name, self.accounts.directory.account(maker).name);
        let asked = asked.iter().filter_map(|user| self.presence.conn(*user));
        effects.tell(asks, asked);
        // Its maker may have been banned meanwhile.
        if self.replace_banned_admin(id, effects) {
            self.save_group(id, effects);
        }
    }
}
