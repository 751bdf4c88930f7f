//! Entries: what changes the chat, one after the other.
//!
//! Whoever wants a change proposes an [`Entry`]. It is decided when its turn comes: judged, and
//! then applied or refused. What it comes to follows from the entries before it, from the entry and
//! from its [`Stamp`], and from nothing else; so every limit by which an entry is judged stands in
//! the entry. Wherever the same entries are decided in the same order, the chat is the same.

use std::sync::Arc;

use crate::chat::account::Account;
use crate::chat::group::{GroupRecord, MemberRecord};
use crate::chat::id::GroupId;
use crate::chat::id::MessageId;
use crate::chat::message::{Chat, StoredMessage};
use crate::chat::name::{DisplayName, GroupName, Key, Number};

/// The time by which entries are decided, in microseconds since the Unix epoch. It never goes back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LogTime(pub u64);

/// Where an entry stands among all entries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp {
    /// The id of the message or the group that the entry makes; for another entry, the newest id
    /// before it.
    pub id: MessageId,
    /// When it is decided.
    pub time: LogTime,
}

/// A change of the chat.
#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    /// Somebody new has an account, whose name and number nobody else has.
    AccountAdded(Account),
    /// A user has another display name.
    DisplayNameSet(Number, DisplayName),
    /// A user is let in no more, or again.
    BanSet {
        /// Who.
        user: Number,
        /// Who decided that.
        by: Number,
        /// Whether the ban begins.
        banned: bool,
    },
    /// A user is an administrator, or is none any more.
    AdministratorSet {
        /// Who.
        user: Number,
        /// Who decided that.
        by: Number,
        /// Whether the user is one.
        admin: bool,
    },
    /// A user who was offline is let in.
    CameOnline(Number),
    /// A user has no session any more. Memberships in groups that are not kept end at a time, but
    /// for those that end already.
    WentOffline {
        /// Who.
        user: Number,
        /// When the memberships end.
        memberships_end: LogTime,
    },
    /// A user was told what happened in groups meanwhile: of so many groups, oldest first, that the
    /// user became a member, and of all that ended.
    GroupsTold {
        /// Who.
        user: Number,
        /// Of how many groups at most.
        most: usize,
    },
    /// Somebody said something, or sent a file.
    Said(Said),
    /// A user has read a chat up to a message.
    Seen {
        /// Who.
        reader: Number,
        /// Which chat.
        chat: Chat,
        /// Up to which message.
        id: MessageId,
    },
    /// A group begins.
    GroupMade(NewGroup),
    /// A group changes.
    GroupChanged(GroupId, GroupAction),
}

/// A message that is to be said. Its id is that of the entry's stamp.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    /// Who says it.
    pub from: Number,
    /// Where.
    pub chat: Chat,
    /// What, or the name of the file.
    pub text: Arc<str>,
    /// The size in bytes of the file that it sends, which is on disk.
    pub file_size: Option<u64>,
    /// The idempotency key, where the sender gave it one.
    pub key: Option<Key>,
}

/// A group that is to be made. Its id is that of the entry's stamp.
#[derive(Clone, Debug, PartialEq)]
pub struct NewGroup {
    /// Its name.
    pub name: GroupName,
    /// Who makes it, and becomes its admin.
    pub maker: Number,
    /// Who else is a member from the beginning.
    pub members: Vec<Number>,
    /// Who is asked to join.
    pub asked: Vec<Number>,
}

/// What is to happen to a group. `by` is the user who wants it so. A user is a number, or what a
/// number leads to.
#[derive(Clone, Debug, PartialEq)]
pub enum GroupAction<U = Number> {
    /// A user joins who was asked to; another one asks to join.
    Join {
        /// Who.
        user: U,
        /// How many members there may be.
        members_max: usize,
    },
    /// An op makes a user a member who asks to join.
    Admit {
        /// An op.
        by: U,
        /// Who asks.
        user: U,
        /// How many members there may be.
        members_max: usize,
    },
    /// An op refuses a user who asks to join.
    Refuse {
        /// An op.
        by: U,
        /// Who asks.
        user: U,
    },
    /// A member leaves.
    Leave {
        /// Who.
        user: U,
    },
    /// An op has the group outlive logouts and restarts, or no longer.
    Keep {
        /// An op.
        by: U,
        /// Whether it does.
        keep: bool,
        /// When the memberships of those who are offline end, if it does no longer.
        memberships_end: LogTime,
    },
    /// An op makes a member an op, or no longer.
    SetOp {
        /// An op.
        by: U,
        /// A member.
        user: U,
        /// Whether the member is one.
        op: bool,
    },
    /// Its admin, or an administrator, makes a member its admin.
    HandOver {
        /// Who decides that.
        by: U,
        /// A member.
        user: U,
    },
    /// An administrator ends it.
    Dissolve {
        /// An administrator.
        by: U,
    },
    /// Its admin is banned, and it gets another one.
    ReplaceAdmin,
}

impl Said {
    /// The message as it is kept.
    pub fn message(&self, id: MessageId) -> StoredMessage {
        let Said { from, chat, text, file_size, .. } = self;
        StoredMessage { id, from: *from, chat: *chat, text: text.clone(), file_size: *file_size }
    }
}

impl NewGroup {
    /// The group as it is kept at its beginning.
    pub fn record(&self, id: MessageId) -> GroupRecord {
        let member = |number: &Number| MemberRecord::new(*number, id);
        GroupRecord {
            id: GroupId(id.0),
            name: self.name,
            admin: self.maker,
            ops: vec![self.maker],
            made_by: self.maker,
            kept: false,
            members: std::iter::once(&self.maker).chain(&self.members).map(member).collect(),
            asked: self.asked.clone(),
            asking: Vec::new(),
        }
    }
}

impl<U: Copy> GroupAction<U> {
    /// The same with what `find` gives for each user.
    ///
    /// # Errors
    /// The first that `find` gives.
    pub fn try_map<V, E>(&self, find: impl Fn(U) -> Result<V, E>) -> Result<GroupAction<V>, E> {
        Ok(match *self {
            GroupAction::Join { user, members_max } => {
                GroupAction::Join { user: find(user)?, members_max }
            }
            GroupAction::Admit { by, user, members_max } => {
                GroupAction::Admit { by: find(by)?, user: find(user)?, members_max }
            }
            GroupAction::Refuse { by, user } => {
                GroupAction::Refuse { by: find(by)?, user: find(user)? }
            }
            GroupAction::Leave { user } => GroupAction::Leave { user: find(user)? },
            GroupAction::Keep { by, keep, memberships_end } => {
                GroupAction::Keep { by: find(by)?, keep, memberships_end }
            }
            GroupAction::SetOp { by, user, op } => {
                GroupAction::SetOp { by: find(by)?, user: find(user)?, op }
            }
            GroupAction::HandOver { by, user } => {
                GroupAction::HandOver { by: find(by)?, user: find(user)? }
            }
            GroupAction::Dissolve { by } => GroupAction::Dissolve { by: find(by)? },
            GroupAction::ReplaceAdmin => GroupAction::ReplaceAdmin,
        })
    }
}
