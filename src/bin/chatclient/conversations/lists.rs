//! The server's lists of chats: what is unread at the login, all chats for the user who asks, and
//! all chats after a lost connection, which tell where messages were missed.
//!
//! An older server lists only the chats with unread messages.

use chatsrv::chat::id::MessageId;
use chatsrv::chat::name::Target;
use chatsrv::display::line::Line;
use chatsrv::display::safe_text::{SafeText, safe};
use chatsrv::protocol::native::code::Code;
use chatsrv::protocol::native::read::{ChatWords, FinalReply, ReplyWords};
use chatsrv::protocol::native::verb::Verb;

use super::Conversations;
use super::chats::CHATS_MAX;
use super::missed::{Fetch, ListedChat};
use crate::core::Core;
use crate::input::groups::GroupRequest;
use crate::requests::Asked;

/// A list of all chats, of which the server sends a part at a time, the newest first.
#[derive(Debug, Default)]
pub struct ChatList {
    chats: Vec<ListedChat>,
    /// The last message of the last chat that came.
    end: Option<MessageId>,
    /// The chat behind which the current part begins.
    before: Option<MessageId>,
}

impl ChatList {
    fn add(&mut self, chat: ListedChat) {
        if self.chats.len() < CHATS_MAX {
            self.chats.push(chat);
        }
        self.end = Some(chat.last);
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

impl Conversations {
    /// Handles an item of the list of unread messages.
    pub fn take_unread(&mut self, chat: &str, count: u64, last: MessageId, core: &mut Core) {
        if let Ok(chat) = chat.parse() {
            core.completion.add_chat(chat);
            if self.unread.len() < CHATS_MAX {
                self.unread.push((chat, count, last));
            }
        }
    }

    /// Shows what is unread, after the first login.
    pub fn tell_unread(&mut self, core: &mut Core) {
        for (chat, count, last) in std::mem::take(&mut self.unread) {
            self.chats.set_backlog(chat, last);
            if let Some(console) = &mut self.console {
                console.set(chat, count, last);
            }
            core.show(Line::notice(safe!("{count} unread from {chat}; /open {chat}")));
        }
        match self.console {
            Some(_) => core.ask(Asked::Beginning, Verb::Open, "* 1"),
            None => core.ask(Asked::FirstChats, Verb::Chats, ""),
        }
    }

    /// Begins to fetch the missed messages, after a login that was not the first.
    pub fn fetch_missed(&mut self, core: &mut Core) {
        self.missed.begin();
        core.ask(Asked::MissedChats, Verb::Chats, "");
    }

    pub(super) fn fetch_more(&mut self, core: &mut Core) {
        let Some(fetch) = self.missed.next_fetch() else {
            return self.show_missed(core);
        };
        match fetch {
            Fetch::Unread(chat) => core.ask(Asked::Missed, Verb::Open, chat),
            Fetch::Last(chat, count) => {
                core.ask(Asked::Missed, Verb::Open, format_args!("{chat} {count}"));
            }
            Fetch::Before(chat, id, count) => {
                core.ask(Asked::Missed, Verb::History, format_args!("{chat} {id} {count}"));
            }
            Fetch::After(chat, id, count) => {
                core.ask(Asked::Missed, Verb::After, format_args!("{chat} {id} {count}"));
            }
        }
    }

    fn show_missed(&mut self, core: &mut Core) {
        let found = self.missed.finish();
        let missed = self.take_new(found.missed);
        let count = missed.len();
        if count > 0 {
            let messages = if count == 1 { "message" } else { "messages" };
            core.show(Line::notice(safe!("— {count} missed {messages} —")));
            core.show_all(missed.into_iter().map(|note| note.line));
            core.show(Line::notice(safe!("— up to now —")));
        }
        for (chat, until) in found.more {
            until.into_iter().for_each(|until| self.chats.set_backlog(chat, until));
            let how = if chat == Target::Everyone { "/history" } else { "/open" };
            core.show(Line::notice(safe!("more was missed from {chat}; {how} {chat}")));
        }
        found.held.into_iter().for_each(|note| self.show_note(note, core));
    }

    /// Handles an item of the list of all chats.
    pub fn take_chat(&mut self, words: &ChatWords<'_>, core: &mut Core) {
        let ChatWords { unread, seen, last, .. } = *words;
        if let Ok(chat) = words.chat.parse() {
            core.completion.add_chat(chat);
            self.all.add(ListedChat { chat, unread, seen, last });
        }
    }

    /// Handles the end of a part of the list of all chats, or its refusal by an older server.
    pub fn chats_answered(&mut self, asked: &Asked, reply: &FinalReply<'_>, core: &mut Core) {
        let left = match reply.words {
            ReplyWords::Left { left } if *asked != Asked::FirstChats => left,
            _ => 0,
        };
        if let Some(next) = self.all.next_part(left) {
            return core.ask(asked.clone(), Verb::Chats, next);
        }
        let listed = std::mem::take(&mut self.all).chats;
        match (asked, reply.is_done()) {
            (Asked::FirstChats, true) => {
                let newest = listed.iter().map(|chat| chat.last).max();
                self.chats.begin(newest.unwrap_or_default());
            }
            (Asked::FirstChats, false) => core.ask(Asked::Beginning, Verb::Open, "* 1"),
            (Asked::MissedChats, true) => {
                self.unread.clear();
                self.missed.look_at_chats(&listed, &mut self.chats);
                self.fetch_more(core);
            }
            (Asked::MissedChats, false) => {
                self.missed.look_at_unread(&std::mem::take(&mut self.unread), &mut self.chats);
                self.fetch_more(core);
            }
            (_, true) if listed.is_empty() => core.show(Line::answer(safe!("no chats yet"))),
            (_, true) => {}
            (_, false) if reply.has(Code::Unknown) => {
                let groups = GroupRequest::Mine { quiet: true };
                core.ask(Asked::Group(groups), Verb::Groups, "");
                self.unread.clear();
                core.ask(Asked::Unread, Verb::Unread, "");
            }
            (_, false) => core.show(Line::error(SafeText::new(reply.text))),
        }
    }

    /// Ends an older server's list of unread messages with the chats that have none.
    pub fn take_read_chats(&mut self, core: &mut Core) {
        let unread = std::mem::take(&mut self.unread);
        let is_read = |chat: &Target| unread.iter().all(|(other, ..)| other != chat);
        let mut read: Vec<Target> = self.chats.targets().filter(is_read).collect();
        let groups = self.groups.iter().map(|group| Target::Group(*group));
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_goes_on_as_long_as_it_gets_on() {
        let mut list = ChatList::default();
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
