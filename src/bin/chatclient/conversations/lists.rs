//! The server's lists of chats: what is unread at the login, all chats for the user who asks, and
//! all chats after a lost connection, which tell where messages were missed.
//!
//! An older server lists only the chats with unread messages.

use chatsrv::chat::id::MessageId;
use chatsrv::chat::name::{GroupName, Target};
use chatsrv::display::line::Line;
use chatsrv::display::refusal::refusal;
use chatsrv::display::safe_text::safe;
use chatsrv::protocol::native::code::Code;
use chatsrv::protocol::native::read::{ChatWords, FinalReply, ReplyWords};
use chatsrv::protocol::native::verb::Verb;

use super::chats::{CHATS_MAX, Chats};
use super::missed::ListedChat;
use crate::core::Core;
use crate::input::groups::GroupRequest;
use crate::requests::Asked;

/// A chat with unread messages, their number and the newest.
pub type UnreadChat = (Target, u64, MessageId);

/// The lists, as far as they have come.
#[derive(Debug, Default)]
pub struct ChatLists {
    unread: Vec<UnreadChat>,
    /// All chats, of which the server sends a part at a time, the newest first.
    all: Vec<ListedChat>,
    /// The last message of the last chat that came.
    end: Option<MessageId>,
    /// The chat behind which the current part begins.
    before: Option<MessageId>,
}

/// What a list tells.
#[derive(Debug, PartialEq, Eq)]
pub enum Listed {
    /// The newest message of all chats at the first login.
    Newest(MessageId),
    /// All chats, after a lost connection.
    All(Vec<ListedChat>),
    /// The chats with unread messages, after a lost connection. An older server lists no others.
    Unread(Vec<UnreadChat>),
}

impl ChatLists {
    /// Handles an item of the list of unread messages.
    pub fn take_unread(&mut self, chat: &str, count: u64, last: MessageId, core: &mut Core) {
        if let Ok(chat) = chat.parse() {
            core.completion.add_chat(chat);
            if self.unread.len() < CHATS_MAX {
                self.unread.push((chat, count, last));
            }
        }
    }

    /// Ends the list of unread messages, and returns it.
    pub fn end_unread(&mut self) -> Vec<UnreadChat> {
        std::mem::take(&mut self.unread)
    }

    /// Ends an older server's list of unread messages with the chats that have none.
    pub fn tell_read(&mut self, chats: &Chats, groups: &[GroupName], core: &mut Core) {
        let unread = self.end_unread();
        let is_read = |chat: &Target| unread.iter().all(|(other, ..)| other != chat);
        let mut read: Vec<Target> = chats.targets().filter(is_read).collect();
        let groups = groups.iter().map(|group| Target::Group(*group));
        for group in groups.filter(is_read) {
            if !read.contains(&group) {
                read.push(group);
            }
        }
        if unread.is_empty() && read.is_empty() {
            core.show(Line::answer(safe!("no chats yet")));
        }
        core.show_all(read.into_iter().map(|chat| Line::answer(safe!("{chat}"))));
    }

    /// Handles an item of the list of all chats.
    pub fn take_chat(&mut self, words: &ChatWords<'_>, core: &mut Core) {
        let ChatWords { unread, seen, last, .. } = *words;
        if let Ok(chat) = words.chat.parse() {
            core.completion.add_chat(chat);
            self.add(ListedChat { chat, unread, seen, last });
        }
    }

    fn add(&mut self, chat: ListedChat) {
        if self.all.len() < CHATS_MAX {
            self.all.push(chat);
        }
        self.end = Some(chat.last);
    }

    /// Handles the end of a part of the list of all chats, or its refusal by an older server.
    /// Returns what a whole list tells.
    pub fn answered(
        &mut self,
        asked: &Asked,
        reply: &FinalReply<'_>,
        core: &mut Core,
    ) -> Option<Listed> {
        let left = match reply.words {
            ReplyWords::Left { left } if *asked != Asked::FirstChats => left,
            _ => 0,
        };
        if let Some(next) = self.next_part(left) {
            core.ask(asked.clone(), Verb::Chats, next);
            return None;
        }
        let ChatLists { unread, all, .. } = std::mem::take(self);
        match (asked, reply.is_done()) {
            (Asked::FirstChats, true) => {
                let newest = all.iter().map(|chat| chat.last).max();
                return Some(Listed::Newest(newest.unwrap_or_default()));
            }
            (Asked::FirstChats, false) => core.ask(Asked::Beginning, Verb::Open, "* 1"),
            (Asked::MissedChats, true) => return Some(Listed::All(all)),
            (Asked::MissedChats, false) => return Some(Listed::Unread(unread)),
            (_, true) if all.is_empty() => core.show(Line::answer(safe!("no chats yet"))),
            (_, true) => {}
            (_, false) if reply.has(Code::Unknown) => {
                let groups = GroupRequest::Mine { quiet: true };
                core.ask(Asked::Group(groups), Verb::Groups, "");
                core.ask(Asked::Unread, Verb::Unread, "");
            }
            (_, false) => core.show(Line::error(refusal(reply))),
        }
        None
    }

    /// The id behind which the next part begins; `None` if there is none: behind chats without a
    /// message there is no id to ask for.
    fn next_part(&mut self, left: u64) -> Option<MessageId> {
        let goes_on = |end: &MessageId| {
            end.0 > 0 && self.before.is_none_or(|before| *end < before) && left > 0
        };
        let next = self.end.filter(goes_on)?;
        self.before = Some(next);
        Some(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_goes_on_as_long_as_it_gets_on() {
        let mut list = ChatLists::default();
        let mut add = |last: u64, left| {
            let [seen, last] = [0, last].map(MessageId);
            list.add(ListedChat { chat: Target::Everyone, unread: 0, seen, last });
            list.next_part(left)
        };
        assert_eq!(add(9, 0), None);
        assert_eq!(add(8, 3), Some(MessageId(8)));
        assert_eq!(add(8, 2), None);
        assert_eq!(add(7, 2), Some(MessageId(7)));
        assert_eq!(add(0, 1), None);
    }
}
