//! Exports: all that is a user's own, as a file that is sent to that user.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::chat::id::{GroupId, MessageId, UploadId};
use crate::chat::message::{Chat, StoredMessage};
use crate::chat::name::{Number, UserName};

/// An export that a user has asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Export {
    /// The id under which the file is kept.
    pub file: UploadId,
    /// The user.
    pub owner: Number,
    /// When it was asked for, in seconds since the Unix epoch.
    pub asked: u64,
}

/// An export as the store keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeptExport {
    /// The export.
    pub export: Export,
    /// The message that sent it, and the size of the file in bytes; none if it is still to be made.
    pub sent: Option<(MessageId, u64)>,
}

/// The part of an export that is to be written next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportPart {
    /// The account and its settings.
    Account,
    /// The groups, behind one of them.
    Groups(GroupId),
    /// The files that the user has put into the shared folder, behind one of them.
    Shared(Option<UploadId>),
    /// The files that the user has sent, by messages behind one.
    Sent(MessageId),
    /// The direct chats: the one with this user, or else the next one; in it, what is behind this
    /// message.
    Direct(Number, MessageId),
    /// What was said in groups: in this one, or else in the next one, behind this message.
    InGroup(GroupId, MessageId),
    /// What the user has said to everyone, behind this message.
    ToEveryone(MessageId),
}

impl Export {
    /// The name of the file.
    pub fn name(&self, owner: UserName) -> String {
        let seconds = i64::try_from(self.asked).unwrap_or(i64::MAX);
        let asked = Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX);
        let date = asked.to_zoned(TimeZone::UTC).date();
        format!("export-{owner}-{date}.jsonl")
    }

    /// The message that sends the file, which has a size in bytes, to its owner.
    pub fn message(&self, id: MessageId, owner: UserName, size: u64) -> StoredMessage {
        StoredMessage {
            id,
            from: self.owner,
            chat: self.chat(),
            text: self.name(owner).into(),
            file_size: Some(size),
            is_unheard: false,
        }
    }

    /// The chat into which it is sent: that of its owner alone.
    pub fn chat(&self) -> Chat {
        Chat::direct(self.owner, self.owner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::name::FileName;

    #[test]
    fn it_is_named_after_its_owner_and_the_day() {
        let export = |asked| Export { file: UploadId(7), owner: Number(10_001), asked };
        let owner: UserName = "a.-_".parse().unwrap();
        let name = export(1_795_521_601).name(owner);
        assert_eq!(name, "export-a.-_-2026-11-24.jsonl");
        for asked in [0, 1_795_564_799, u64::MAX] {
            let name = export(asked).name(owner);
            assert_eq!(name.parse::<FileName>().map(|name| name.to_string()), Ok(name));
        }
    }
}
