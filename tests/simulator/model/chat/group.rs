//! One group.

use chatsrv::chat::answer::{GroupLine, Item};
use chatsrv::chat::entry::NewGroup;
use chatsrv::chat::event::{Event, GroupNewsOf};
use chatsrv::chat::group::{
    GroupChange, GroupNews, GroupRecord, GroupSettings, MemberRecord, TopicSet,
};
use chatsrv::chat::id::{GroupId, LogTime, MessageId};
use chatsrv::chat::name::{GroupName, Number};
use chatsrv::limits::{GROUP_NOTICES_MAX, GROUP_OPS_MAX};

use super::people::People;
use super::strangers::Strangers;

#[derive(Debug)]
pub struct Group {
    pub name: GroupName,
    pub admin: Number,
    /// Who looks after it, oldest first.
    pub ops: Vec<Number>,
    /// Among whose groups it counts.
    pub made_by: Number,
    pub settings: GroupSettings,
    pub topic: Option<TopicSet>,
    pub members: Vec<Member>,
    pub strangers: Strangers,
}

#[derive(Debug)]
pub struct Member {
    pub number: Number,
    /// From which message on the member reads: from the first one after the stamp. That is none
    /// until the node sees which it is, since some ids are seen by nobody.
    pub since: Option<MessageId>,
    pub ends: Option<LogTime>,
    pub is_news: bool,
}

/// Events in the order in which they happen, each with those who are told.
pub type Told = Vec<(Event, Vec<Number>)>;

impl Group {
    /// A group that begins.
    pub fn new(new: &NewGroup, id: MessageId) -> Self {
        let members = [new.maker].into_iter().chain(new.members.iter().copied());
        let member = |number| Member { number, since: Some(id), ends: None, is_news: false };
        Group {
            name: new.name,
            admin: new.maker,
            ops: vec![new.maker],
            made_by: new.maker,
            settings: new.settings,
            topic: None,
            members: members.map(member).collect(),
            strangers: Strangers::who_are_asked(new),
        }
    }

    /// A group that was kept.
    pub fn of(record: &GroupRecord) -> Self {
        let members = record.members.iter().map(|member| Member {
            number: member.number,
            since: Some(member.since),
            // Where the group is kept, a change before may have got lost.
            ends: member.ends.filter(|_| !record.settings.kept).map(LogTime),
            is_news: member.is_news,
        });
        let mut group = Group {
            name: record.name,
            admin: record.admin,
            ops: record.ops.clone(),
            made_by: record.made_by,
            settings: record.settings,
            topic: record.topic.clone(),
            members: members.collect(),
            strangers: Strangers::default(),
        };
        group.strangers = Strangers::of(record, |user| group.is_member(user));
        group
    }

    /// The group as it is to be kept.
    pub fn record(&self, id: GroupId) -> GroupRecord {
        let members = self.members.iter().map(|member| MemberRecord {
            number: member.number,
            since: member.since.unwrap_or_else(|| panic!("{member:?}: nobody told since when")),
            ends: member.ends.map(|ends| ends.0),
            is_news: member.is_news,
        });
        GroupRecord {
            id,
            name: self.name,
            admin: self.admin,
            ops: self.ops.clone(),
            made_by: self.made_by,
            settings: self.settings,
            topic: self.topic.clone(),
            members: members.collect(),
            asked: self.strangers.asked.clone(),
            unheard: self.strangers.unheard.iter().copied().collect(),
            asking: self.strangers.asking.clone(),
            shut_out: self.strangers.shut_out_by_number(),
            turned_down: self.strangers.turned_down_by_number(),
        }
    }

    /// What a list of groups tells of it.
    pub fn line(&self, people: &People) -> GroupLine {
        GroupLine {
            name: self.name,
            admin: people.name(self.admin),
            members: self.members.len(),
            kept: self.settings.kept,
            public: self.settings.public,
        }
    }

    /// The same with its topic.
    pub fn line_with_topic(&self, people: &People) -> Item {
        let topic = self.topic.as_ref().map(|set| set.topic.clone());
        Item::PublicGroup(self.line(people), topic)
    }

    pub fn member(&self, user: Number) -> Option<&Member> {
        self.members.iter().find(|member| member.number == user)
    }

    pub fn member_mut(&mut self, user: Number) -> Option<&mut Member> {
        self.members.iter_mut().find(|member| member.number == user)
    }

    pub fn is_member(&self, user: Number) -> bool {
        self.member(user).is_some()
    }

    pub fn numbers(&self) -> Vec<Number> {
        self.members.iter().map(|member| member.number).collect()
    }

    pub fn has_all_ops(&self) -> bool {
        self.ops.len() >= GROUP_OPS_MAX
    }

    /// News that somebody made, and whom they are about.
    pub fn news(
        &self,
        news: GroupNews,
        user: Option<Number>,
        by: Number,
        people: &People,
    ) -> Event {
        let (user, by) = (user.map(|user| people.name(user)), people.name(by));
        Event::GroupNews(Box::new(GroupNewsOf { group: self.name, news, user, by }))
    }

    /// Somebody is no member any more, of which the others and that one are told. What was said of
    /// it comes before.
    pub fn part_with(&mut self, user: Number, said: Option<Event>, people: &People) -> Told {
        self.members.retain(|member| member.number != user);
        self.ops.retain(|op| *op != user);
        let mut all = self.numbers();
        all.push(user);
        let leaves = Event::Group(self.name, GroupChange::Leave, people.name(user));
        let mut told: Told = said.into_iter().map(|said| (said, all.clone())).collect();
        told.push((leaves, all));
        if self.admin == user && !self.members.is_empty() {
            told.extend(self.inherit(people));
        }
        told
    }

    /// Whether its admin is banned and there is somebody else who is not.
    pub fn hands_over(&self, people: &People) -> bool {
        people.is_banned(self.admin) && self.heir(people).is_some()
    }

    /// The op, else the member, who has been one for longest and is not banned.
    fn heir(&self, people: &People) -> Option<Number> {
        let all = self.ops.iter().copied().chain(self.numbers());
        all.into_iter().find(|user| !people.is_banned(*user))
    }

    /// There is another admin, in place of one who is gone or banned.
    pub fn inherit(&mut self, people: &People) -> Told {
        let oldest = || self.ops.first().copied().unwrap_or(self.members[0].number);
        let heir = self.heir(people).unwrap_or_else(oldest);
        self.make_admin(heir, people)
    }

    /// A member is the admin from now on, and an op.
    pub fn make_admin(&mut self, user: Number, people: &People) -> Told {
        self.admin = user;
        let was_op = self.ops.contains(&user);
        if !was_op {
            if self.has_all_ops() {
                self.ops.remove(0);
            }
            self.ops.push(user);
        }
        let now_admin = Event::Group(self.name, GroupChange::Admin, people.name(user));
        let mut told = vec![(now_admin, self.numbers())];
        if !was_op {
            told.extend(self.who_asks(user, people));
        }
        told
    }

    /// What a new op is told: who asks to join.
    pub fn who_asks(&self, op: Number, people: &People) -> Told {
        let asks = |asker: &Number| (Event::Join(self.name, people.name(*asker)), vec![op]);
        self.strangers.asking.iter().take(GROUP_NOTICES_MAX).map(asks).collect()
    }
}
