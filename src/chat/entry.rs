//! Entries: the changes of the chat, one after the other.
//!
//! Every change is proposed as an [`Entry`]. It is decided when its turn comes: judged, and then
//! applied or refused. Its result follows from the entries before it, from the entry and from its
//! [`Stamp`], and from nothing else; so every limit by which an entry is judged is part of the
//! entry. If the same entries are decided in the same order, the chat is the same.

use std::sync::Arc;

use crate::chat::account::Account;
use crate::chat::group::{GroupRecord, GroupSettings, MemberRecord};
use crate::chat::group_action::GroupAction;
use crate::chat::id::{GroupId, LogTime, MessageId};
use crate::chat::message::{Chat, StoredMessage};
use crate::chat::name::{DisplayName, GroupName, Key, Number, UserName};
use crate::chat::report::Report;
use crate::chat::sanction::{Sanction, Sanctioned};

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
    /// There is a sanction, in place of one before, or it is lifted.
    SanctionSet {
        /// Against whom it is, and what it forbids.
        whom: Sanctioned,
        /// The user who decided that.
        by: Number,
        /// The sanction; none if it is lifted.
        sanction: Option<Sanction>,
    },
    /// The time of a sanction is over. It has no effect on one that lasts until another time.
    SanctionOver {
        /// Against whom it was.
        whom: Sanctioned,
        /// The time until which it lasted, in seconds since the Unix epoch.
        until: u64,
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
    /// A user ignores another one, or no longer.
    IgnoreSet {
        /// The user.
        user: Number,
        /// The one who is ignored.
        whom: Number,
        /// True if that begins.
        on: bool,
    },
    /// A user wants to be asked before being added to a group, or does not.
    AskFirstSet {
        /// The user.
        user: Number,
        /// True if the user wants to be asked.
        on: bool,
    },
    /// An account is removed. Its number stays.
    AccountRemoved {
        /// The user.
        user: Number,
        /// The name under which what is left of it stays.
        name: UserName,
        /// The user who decided that.
        by: Number,
        /// True if all that the user said and sent is to go.
        erase: bool,
    },
    /// A user was reported.
    ReportMade(Box<Report>),
    /// A report is done with.
    ReportResolved {
        /// Its number.
        number: u32,
        /// The user who decided that.
        by: Number,
    },
    /// An administrator gave a user a password, which has to be replaced at once.
    PasswordReset {
        /// The user.
        user: Number,
        /// The user who decided that.
        by: Number,
    },
    /// A user has replaced the password.
    PasswordReplaced(Number),
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
    /// True if the receiver ignores the sender, and is not to hear of it.
    pub is_unheard: bool,
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
    /// Those of them who ignore the maker, and are not told.
    pub unheard: Vec<Number>,
    /// Its settings.
    pub settings: GroupSettings,
}

impl Said {
    /// The message as the store keeps it.
    pub fn message(&self, id: MessageId) -> StoredMessage {
        let Said { from, chat, text, file_size, key: _, is_unheard } = self;
        StoredMessage {
            id,
            from: *from,
            chat: *chat,
            text: text.clone(),
            file_size: *file_size,
            is_unheard: *is_unheard,
        }
    }
}

impl NewGroup {
    /// The record of the group at its beginning.
    pub fn record(&self, id: MessageId) -> GroupRecord {
        let member = |number: &Number| MemberRecord::new(*number, id);
        GroupRecord {
            settings: self.settings,
            members: std::iter::once(&self.maker).chain(&self.members).map(member).collect(),
            asked: self.asked.clone(),
            unheard: self.unheard.clone(),
            ..GroupRecord::new(GroupId(id.0), self.name, self.maker)
        }
    }
}
