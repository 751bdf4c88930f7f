//! What lists about groups ought to hold, and who is shown which.

use chatsrv::chat::answer::{Item, MemberLine, Rank, There};
use chatsrv::chat::fact::GroupFact;
use chatsrv::chat::group::{GroupRange, GroupSetting, ShutOut};
use chatsrv::chat::id::GroupId;
use chatsrv::chat::name::{GroupName, Number};
use chatsrv::chat::request::Request;
use chatsrv::hub::input::ConnId;
use chatsrv::protocol::native::code::Code;
use chatsrv::protocol::native::verb::Verb;

use super::NodeModel;
use super::lists::DueList;
use crate::model::chat::group::{Group, Member};

impl NodeModel {
    /// Somebody may ask for a list about groups, which is due then, or a refusal.
    pub(super) fn group_list(
        &mut self,
        conn: ConnId,
        user: Number,
        verb: Verb,
        request: &Request,
    ) -> bool {
        let items = match request {
            Request::Groups(range) => Ok(self.group_lines(user, *range)),
            Request::Members { group, whole } => self.member_lines(user, group, *whole),
            Request::Info(name) => self.group_facts(user, name),
            Request::ShutOut(name) => {
                self.looked_after(user, name).map(|id| self.shut_out_lines(id))
            }
            _ => return false,
        };
        match items {
            Ok(items) => self.session(conn).lists.push_back(DueList::of(verb, items)),
            Err(code) => self.group_command_refused(conn, verb, code),
        }
        true
    }

    fn group_lines(&self, user: Number, range: GroupRange) -> Vec<Item> {
        let people = &self.chat.people;
        let groups = self.chat.groups.groups.values();
        match range {
            GroupRange::All => groups.map(|group| Item::Group(group.line(people))).collect(),
            GroupRange::Own => {
                let own = groups.filter(|group| group.is_member(user));
                own.map(|group| Item::Group(group.line(people))).collect()
            }
            GroupRange::Public => {
                let public = groups.filter(|group| group.settings.public);
                public.map(|group| group.line_with_topic(people)).collect()
            }
        }
    }

    /// Whether somebody may know who is in a group.
    fn may_look_in(&self, user: Number, group: &Group) -> bool {
        group.settings.public
            || group.is_member(user)
            || group.strangers.asked.contains(&user)
            || self.chat.people.is_administrator(user)
    }

    fn member_lines(&self, user: Number, name: &GroupName, whole: bool) -> Result<Vec<Item>, Code> {
        let group = &self.chat.groups.groups[&self.find_group(name)?];
        if !self.may_look_in(user, group) {
            return Err(Code::NotAllowed);
        }
        let line = |member: &Member| match whole {
            true => self.whole_line(group, member),
            false => Item::Member(self.name(member.number), member.number),
        };
        Ok(group.members.iter().map(line).collect())
    }

    fn whole_line(&self, group: &Group, member: &Member) -> Item {
        let number = member.number;
        let rank = match number {
            user if user == group.admin => Rank::Admin,
            user if group.ops.contains(&user) => Rank::Op,
            _ => Rank::Member,
        };
        let is_online = self.online().any(|(user, _)| user == number);
        let there = match self.away.contains_key(&number) {
            _ if !is_online => There::Off,
            true => There::Away,
            false => There::On,
        };
        let since = member.since.unwrap_or_else(|| panic!("{member:?}: nobody told since when"));
        Item::MemberLine(Box::new(MemberLine {
            name: self.name(number),
            number,
            rank,
            joined: seconds(since.0),
            there,
            display: self.account(number).display.clone(),
        }))
    }

    fn group_facts(&self, user: Number, name: &GroupName) -> Result<Vec<Item>, Code> {
        let id = self.find_group(name)?;
        let group = &self.chat.groups.groups[&id];
        let settings = group.settings;
        let mut facts = vec![
            GroupFact::Name(group.name),
            GroupFact::Admin(self.name(group.admin)),
            GroupFact::Members(group.members.len()),
            GroupFact::Setting(GroupSetting::Kept, settings.kept),
            GroupFact::Setting(GroupSetting::Public, settings.public),
        ];
        if self.may_look_in(user, group) {
            facts.extend(group.ops.iter().map(|op| GroupFact::Op(self.name(*op))));
            facts.push(GroupFact::Setting(GroupSetting::OpenTopic, settings.open_topic));
            facts.push(GroupFact::Made(seconds(id.0)));
            if let Some(set) = &group.topic {
                facts.push(GroupFact::Topic(set.topic.clone()));
                facts.push(GroupFact::TopicBy(self.name(set.by)));
                facts.push(GroupFact::TopicAt(seconds(set.at)));
            }
        }
        Ok(facts.into_iter().map(Item::GroupFact).collect())
    }

    fn shut_out_lines(&self, id: GroupId) -> Vec<Item> {
        let mut all = self.chat.groups.groups[&id].strangers.shut_out_by_number();
        // The longest one first.
        all.sort_by_key(|one| one.since);
        let line = |one: &ShutOut| Item::ShutOut {
            user: self.name(one.user),
            by: self.name(one.by),
            since: seconds(one.since),
        };
        all.iter().map(line).collect()
    }
}

fn seconds(microseconds: u64) -> u64 {
    microseconds / 1_000_000
}
