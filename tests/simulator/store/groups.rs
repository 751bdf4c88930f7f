//! Groups, as the store in memory keeps them.

use std::collections::BTreeMap;

use chatsrv::chat::group::GroupRecord;
use chatsrv::chat::id::{GroupId, MessageId};
use chatsrv::chat::message::Chat;
use chatsrv::chat::name::Number;

#[derive(Clone, Debug, Default)]
pub struct Groups(BTreeMap<GroupId, GroupRecord>);

impl Groups {
    pub fn save(&mut self, record: &GroupRecord) {
        assert!(!record.members.is_empty(), "{record:?}");
        self.0.insert(record.id, record.clone());
    }

    pub fn end(&mut self, id: GroupId) {
        self.0.remove(&id);
    }

    pub fn all(&self) -> impl Iterator<Item = &GroupRecord> {
        self.0.values()
    }

    /// From which message on somebody reads a chat; none for who may not.
    pub fn reads_since(&self, reader: Number, chat: Chat) -> Option<MessageId> {
        match chat {
            Chat::Everyone => Some(MessageId(0)),
            Chat::Direct(one, other) => (one == reader || other == reader).then_some(MessageId(0)),
            Chat::Group(id) => {
                let members = &self.0.get(&id)?.members;
                members.iter().find(|(member, _)| *member == reader).map(|(_, since)| *since)
            }
        }
    }
}
