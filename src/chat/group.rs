//! The records of groups as the store keeps them, and the changes of them.

use std::fmt;

use crate::chat::id::{GroupId, MessageId};
use crate::chat::name::{GroupName, Number};
use crate::chat::text::{Reason, Topic};

/// A member of a group, as the store keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemberRecord {
    /// The member.
    pub number: Number,
    /// The first message that the member may read.
    pub since: MessageId,
    /// The time at which the membership ends, if it does because the user is offline, in
    /// microseconds since the Unix epoch.
    pub ends: Option<u64>,
    /// True if the member has yet to be told of it.
    pub is_news: bool,
}

impl MemberRecord {
    /// A member who has been told, and whose membership does not end.
    pub fn new(number: Number, since: MessageId) -> Self {
        MemberRecord { number, since, ends: None, is_news: false }
    }
}

/// A setting of a group, which is on or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GroupSetting {
    /// The group and its members outlive logouts and restarts.
    Kept,
    /// Everybody may join; otherwise the ops are asked.
    Public,
    /// Members may set the topic, too.
    OpenTopic,
}

/// How a new group begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupStart {
    /// It is closed, and all who are named are members.
    Adds,
    /// It is closed, and all who are named are asked to join.
    Asks,
    /// It is public and kept, and has its maker alone.
    Public,
}

/// The groups that a list tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupRange {
    /// Those of the user.
    Own,
    /// All.
    All,
    /// The public ones.
    Public,
}

/// The settings of a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GroupSettings {
    /// True if the group and its members outlive logouts and restarts.
    pub kept: bool,
    /// True if everybody may join; otherwise the ops are asked.
    pub public: bool,
    /// True if members may set the topic, too.
    pub open_topic: bool,
}

/// The topic of a group, and who set it. A user is a number, or what a number was resolved to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicSet<U = Number> {
    /// The topic.
    pub topic: Topic,
    /// The user who set it.
    pub by: U,
    /// The time at which it was set, in microseconds since the Unix epoch.
    pub at: u64,
}

/// A user who may not come into a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShutOut<U = Number> {
    /// The user.
    pub user: U,
    /// The op who decided that.
    pub by: U,
    /// The time since which that is so, in microseconds since the Unix epoch.
    pub since: u64,
}

/// The times at which a user and a group did not come together, in microseconds since the Unix
/// epoch; 0 is never.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TurnedDown {
    /// The time at which the user declined.
    pub declined: u64,
    /// The times at which an op refused the user, the earliest first.
    pub refused: [u64; REFUSALS_MAX],
}

/// The number of refusals after which a user has to wait.
pub const REFUSALS_MAX: usize = 3;

/// A group, as the store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupRecord {
    /// The id.
    pub id: GroupId,
    /// The name, in the case in which it was made.
    pub name: GroupName,
    /// The admin, who may hand it over.
    pub admin: Number,
    /// The ops, who look after it, with the admin; the longest-serving first.
    pub ops: Vec<Number>,
    /// The user who made it.
    pub made_by: Number,
    /// Its settings.
    pub settings: GroupSettings,
    /// The topic, if there is one.
    pub topic: Option<TopicSet>,
    /// The members, oldest first.
    pub members: Vec<MemberRecord>,
    /// The users who were asked to join.
    pub asked: Vec<Number>,
    /// Those of them who ignore the one who asked, and are not told; in the order of their numbers.
    pub unheard: Vec<Number>,
    /// The users who asked to join.
    pub asking: Vec<Number>,
    /// The users who may not come in, in the order of their numbers.
    pub shut_out: Vec<ShutOut>,
    /// The users who declined or were refused, in the order of their numbers.
    pub turned_down: Vec<(Number, TurnedDown)>,
}

/// A row of a group in the store, as it is from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupRow {
    /// The group itself, which exists already.
    Group {
        /// The id.
        id: GroupId,
        /// The admin, who may hand it over.
        admin: Number,
        /// Its settings.
        settings: GroupSettings,
    },
    /// The topic of a group.
    Topic {
        /// The group.
        group: GroupId,
        /// The topic; none if there is none any more.
        topic: Option<TopicSet>,
    },
    /// A user who may not come in.
    ShutOut {
        /// The group.
        group: GroupId,
        /// The user.
        shut_out: ShutOut,
    },
    /// A user who may come in again.
    NotShutOut {
        /// The group.
        group: GroupId,
        /// The user.
        number: Number,
    },
    /// A user who declined or was refused.
    TurnedDown {
        /// The group.
        group: GroupId,
        /// The user.
        number: Number,
        /// The times; none if they do not matter any more.
        times: Option<TurnedDown>,
    },
    /// A member. A new one is the youngest; one who becomes an op is the youngest op.
    Member {
        /// The group.
        group: GroupId,
        /// The member.
        member: MemberRecord,
        /// True if the member is an op.
        is_op: bool,
    },
    /// The end of a membership.
    NoMember {
        /// The group.
        group: GroupId,
        /// The user who was a member.
        number: Number,
    },
    /// A user who was asked to join, or asks to; a new one is the youngest.
    Candidate {
        /// The group.
        group: GroupId,
        /// The user.
        number: Number,
        /// True if the user asks; false if the user was asked.
        asks: bool,
    },
    /// A user who is not asked to join any more, or does not ask to.
    NoCandidate {
        /// The group.
        group: GroupId,
        /// The user.
        number: Number,
        /// True if the user asked; false if the user was asked.
        asks: bool,
    },
    /// A user who was asked to join is told of it, or is not, ignoring who asked.
    Unheard {
        /// The group.
        group: GroupId,
        /// The user.
        number: Number,
        /// True if the user is not told.
        is_unheard: bool,
    },
    /// The group has ended.
    Ended(GroupId),
    /// A user has yet to be told that a group of that name ended.
    Untold {
        /// The user.
        number: Number,
        /// The name of the group.
        name: GroupName,
    },
    /// A user was told of all groups that ended.
    Told {
        /// The user.
        number: Number,
    },
}

impl GroupRow {
    /// The group that the row belongs to; none if it belongs to a user alone.
    pub fn group(&self) -> Option<GroupId> {
        match *self {
            GroupRow::Group { id: group, .. }
            | GroupRow::Member { group, .. }
            | GroupRow::NoMember { group, .. }
            | GroupRow::Candidate { group, .. }
            | GroupRow::NoCandidate { group, .. }
            | GroupRow::Unheard { group, .. }
            | GroupRow::Topic { group, .. }
            | GroupRow::ShutOut { group, .. }
            | GroupRow::NotShutOut { group, .. }
            | GroupRow::TurnedDown { group, .. }
            | GroupRow::Ended(group) => Some(group),
            GroupRow::Untold { .. } | GroupRow::Told { .. } => None,
        }
    }

    /// The user that the row belongs to, if it belongs to no group.
    pub fn user(&self) -> Option<Number> {
        match *self {
            GroupRow::Untold { number, .. } | GroupRow::Told { number } => Some(number),
            _ => None,
        }
    }
}

/// A change of a group's members or admin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupChange {
    /// A user became a member.
    Join,
    /// A user is no member any more.
    Leave,
    /// A member became the admin.
    Admin,
}

impl fmt::Display for GroupChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            GroupChange::Join => "join",
            GroupChange::Leave => "leave",
            GroupChange::Admin => "admin",
        })
    }
}

/// A change of a group that only readers are told of who asked for the later additions to the
/// protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupNews {
    /// A member leaves, for a reason.
    Leaves(Reason),
    /// A member is removed by an op, perhaps for a reason.
    Expelled(Option<Reason>),
    /// A member became an op.
    Op,
    /// A member is no op any more.
    NoOp,
    /// A setting was switched on or off.
    Set(GroupSetting, bool),
    /// The group ends.
    Dissolved,
}

impl GroupRecord {
    /// A group with default settings, whose maker is its admin and its only op. Its members, the
    /// maker among them, are yet to be put in.
    pub fn new(id: GroupId, name: GroupName, maker: Number) -> Self {
        GroupRecord {
            id,
            name,
            admin: maker,
            ops: vec![maker],
            made_by: maker,
            settings: GroupSettings::default(),
            topic: None,
            members: Vec::new(),
            asked: Vec::new(),
            unheard: Vec::new(),
            asking: Vec::new(),
            shut_out: Vec::new(),
            turned_down: Vec::new(),
        }
    }
}

impl TurnedDown {
    /// The time at which that was last.
    pub fn latest(&self) -> u64 {
        self.refused.iter().copied().fold(self.declined, u64::max)
    }
}

impl GroupSettings {
    /// The settings with one of them switched.
    pub fn with(self, setting: GroupSetting, on: bool) -> Self {
        let mut settings = self;
        match setting {
            GroupSetting::Kept => settings.kept = on,
            GroupSetting::Public => settings.public = on,
            GroupSetting::OpenTopic => settings.open_topic = on,
        }
        settings
    }

    /// Returns true if a setting is on.
    pub fn has(self, setting: GroupSetting) -> bool {
        match setting {
            GroupSetting::Kept => self.kept,
            GroupSetting::Public => self.public,
            GroupSetting::OpenTopic => self.open_topic,
        }
    }
}
