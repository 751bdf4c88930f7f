//! What was said, who may read it, and what was seen of it.

use std::collections::{BTreeMap, HashMap};

use chatsrv::chat::entry::{Deletion, Said, Stamp};
use chatsrv::chat::id::MessageId;
use chatsrv::chat::message::{Chat, StoredMessage};
use chatsrv::chat::name::Number;

use super::change::{Change, Decision, Refused};
use super::groups::Groups;
use super::people::People;

/// All that was said since the chat began, whether it came to a disk or not.
#[derive(Debug, Default)]
pub struct Messages {
    said: BTreeMap<MessageId, StoredMessage>,
    seen: HashMap<(Number, Chat), MessageId>,
}

impl Messages {
    /// Something is said, under the id of the stamp.
    pub fn say(&mut self, said: &Said, stamp: Stamp, groups: &Groups, people: &People) -> Decision {
        let readers = readers(said.from, said.chat, Some(stamp.id), groups, people)?;
        let before = self.said.insert(stamp.id, said.message(stamp.id));
        assert_eq!(before, None, "an id comes twice");
        Ok(Change { readers, ..Change::default() })
    }

    /// Somebody has read a chat up to a message, or up to the newest there is.
    pub fn see(
        &mut self,
        (reader, chat, id): (Number, Chat, MessageId),
        stamp: Stamp,
        groups: &Groups,
        people: &People,
    ) -> Decision {
        let may_read = match chat {
            Chat::Everyone => people.has(reader),
            Chat::Direct(one, other) => [one, other].contains(&reader),
            Chat::Group(group) => groups.is_member(reader, group),
        };
        if !may_read {
            return Err(Refused::NotAllowed);
        }
        let id = id.min(stamp.id);
        let seen = self.seen.entry((reader, chat)).or_default();
        let is_none = id <= *seen;
        *seen = id.max(*seen);
        Ok(Change { is_none, ..Change::default() })
    }

    /// Somebody wants a message to be gone. Tells who has to know: all who may read it.
    pub fn delete(
        &mut self,
        deletion: &Deletion,
        stamp: Stamp,
        groups: &Groups,
        people: &People,
    ) -> Decision {
        let Deletion { message, by, window } = deletion;
        let StoredMessage { id, from, chat, .. } = *message;
        let mut all = readers(from, chat, Some(id), groups, people)?;
        all.retain(|reader| !message.is_hidden_from(*reader));
        let reads = |user| match chat {
            _ if message.is_hidden_from(user) => false,
            Chat::Everyone => true,
            Chat::Direct(one, other) => [one, other].contains(&user),
            Chat::Group(group) => {
                let member = groups.get(group).and_then(|group| group.member(user));
                member.is_some_and(|member| member.since.is_none_or(|since| since <= id))
            }
        };
        let is_op = match chat {
            Chat::Group(group) => groups.get(group).is_some_and(|group| group.ops.contains(by)),
            Chat::Everyone | Chat::Direct(..) => false,
        };
        let is_young = stamp.time.0.saturating_sub(id.0) < *window;
        if !people.is_administrator(*by) {
            if !reads(*by) {
                return Err(Refused::NotFound);
            }
            let is_own = from == *by && is_young;
            if !is_op && !is_own {
                return Err(Refused::NotAllowed);
            }
        }
        self.said.remove(&id);
        all.extend(Some(from).filter(|from| reads(*from) && !all.contains(from)));
        Ok(Change { readers: all, ..Change::default() })
    }

    /// What was said under an id.
    pub fn get(&self, id: MessageId) -> Option<&StoredMessage> {
        self.said.get(&id)
    }

    /// Up to where somebody has read a chat.
    pub fn seen(&self, reader: Number, chat: Chat) -> Option<MessageId> {
        self.seen.get(&(reader, chat)).copied()
    }
}

/// To whom a message goes that somebody says in a chat; where the id is none, it is the next one.
/// Who became a member only after the message got its id does not read it.
pub fn readers(
    from: Number,
    chat: Chat,
    id: Option<MessageId>,
    groups: &Groups,
    people: &People,
) -> Result<Vec<Number>, Refused> {
    let readers: Vec<Number> = match chat {
        Chat::Everyone => people.accounts().map(|account| account.number).collect(),
        Chat::Direct(one, other) => vec![if one == from { other } else { one }],
        Chat::Group(group) => {
            let members = &groups.get(group).ok_or(Refused::NotFound)?.members;
            let is_later =
                |since: Option<MessageId>| id.zip(since).is_some_and(|(id, since)| since > id);
            let members = members.iter().filter(|member| !is_later(member.since));
            members.map(|member| member.number).collect()
        }
    };
    Ok(readers.into_iter().filter(|user| *user != from).collect())
}
