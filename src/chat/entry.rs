//! Entries: the changes of the chat, one after the other.
//!
//! Every change is proposed as an [`Entry`]. It is decided when its turn comes: judged, and then
//! applied or refused. Its result follows from the entries before it, from the entry and from its
//! [`Stamp`], and from nothing else; so every limit by which an entry is judged is part of the
//! entry. If the same entries are decided in the same order, the chat is the same.

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

/// The place of an entry among all entries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp {
    /// The id of the message or the group that the entry makes; for another entry, the newest id
    /// before it.
    pub id: MessageId,
    /// The time at which it is decided.
    pub time: LogTime,
}

/// A change of the chat.
#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    /// There is a new account, whose name and number no other account has.
    AccountAdded(Account),
    /// A user has another display name.
    DisplayNameSet(Number, DisplayName),
    /// A user is banned, or no longer.
    BanSet {
        /// The user.
        user: Number,
        /// The user who decided that.
        by: Number,
        /// True if the ban begins.
        banned: bool,
    },
    /// A user is an administrator, or is none any more.
    AdministratorSet {
        /// The user.
        user: Number,
        /// The user who decided that.
        by: Number,
        /// True if the user is an administrator.
        admin: bool,
    },
    /// A user who was offline is let in. All the user's memberships last.
    CameOnline(Number),
    /// A user has no session any more. The user's memberships in groups that are not kept end at a
    /// time, except those that end already.
    WentOffline {
        /// The user.
        user: Number,
        /// The time at which the memberships end.
        memberships_end: LogTime,
    },
    /// A user was told what happened in groups meanwhile: the oldest new memberships, and all
    /// groups that ended.
    GroupsTold {
        /// The user.
        user: Number,
        /// The largest number of new memberships that were told.
        most: usize,
    },
    /// A message or a file was sent.
    Said(Said),
    /// A user has read a chat up to a message.
    Seen {
        /// The user.
        reader: Number,
        /// The chat.
        chat: Chat,
        /// The newest message that was read.
        id: MessageId,
    },
    /// A message, or a file that was sent, is to be gone.
    Deleted(Deletion),
    /// A group begins.
    GroupMade(NewGroup),
    /// A group changes.
    GroupChanged(GroupId, GroupAction),
}

/// A message that is to be sent. Its id is that of the entry's stamp.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    /// The sender.
    pub from: Number,
    /// The chat.
    pub chat: Chat,
    /// The text, or the name of the file.
    pub text: Arc<str>,
    /// The size in bytes of the file that it sends, which is on disk.
    pub file_size: Option<u64>,
    /// The idempotency key, if the sender gave one.
    pub key: Option<Key>,
}

/// A message that is to be removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deletion {
    /// The message.
    pub message: StoredMessage,
    /// The user who removes it.
    pub by: Number,
    /// How long its sender may remove it, in microseconds.
    pub window: u64,
}

/// A group that is to be made. Its id is that of the entry's stamp.
#[derive(Clone, Debug, PartialEq)]
pub struct NewGroup {
    /// The name.
    pub name: GroupName,
    /// The user who makes it, and becomes its admin.
    pub maker: Number,
    /// The other members from the beginning.
    pub members: Vec<Number>,
    /// The users who are asked to join.
    pub asked: Vec<Number>,
}

/// A change of a group. `by` is the user who wants it. A user is a number, or what a number was
/// resolved to.
#[derive(Clone, Debug, PartialEq)]
pub enum GroupAction<U = Number> {
    /// A user who was asked joins; any other user asks to join.
    Join {
        /// The user.
        user: U,
        /// The largest number of members.
        members_max: usize,
    },
    /// An op admits a user who asks to join.
    Admit {
        /// The op.
        by: U,
        /// The user who asks.
        user: U,
        /// The largest number of members.
        members_max: usize,
    },
    /// An op refuses a user who asks to join.
    Refuse {
        /// The op.
        by: U,
        /// The user who asks.
        user: U,
    },
    /// A member leaves.
    Leave {
        /// The member.
        user: U,
    },
    /// An op lets the group outlive logouts and restarts, or no longer.
    Keep {
        /// The op.
        by: U,
        /// True if the group is to outlive them.
        keep: bool,
        /// The time at which memberships of offline users end, if it is not.
        memberships_end: LogTime,
    },
    /// An op makes a member an op, or takes that role away.
    SetOp {
        /// The op who decides.
        by: U,
        /// The member.
        user: U,
        /// True if the member becomes an op.
        op: bool,
    },
    /// The admin, or an administrator, makes a member the admin.
    HandOver {
        /// The user who decides that.
        by: U,
        /// The member.
        user: U,
    },
    /// An administrator ends the group.
    Dissolve {
        /// The administrator.
        by: U,
    },
    /// The group gets another admin, since its admin is banned.
    ReplaceAdmin,
}

impl Said {
    /// The message as the store keeps it.
    pub fn message(&self, id: MessageId) -> StoredMessage {
        let Said { from, chat, text, file_size, .. } = self;
        StoredMessage { id, from: *from, chat: *chat, text: text.clone(), file_size: *file_size }
    }
}

impl NewGroup {
    /// The record of the group at its beginning.
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
    /// The same change with `find` applied to each user.
    ///
    /// # Errors
    /// The first error that `find` returns.
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
