//! The read state of each chat: which messages were shown, and which of them the server knows as
//! read.
//!
//! Ids only grow, so one id is enough for a chat: all messages up to it were shown. The exception
//! is a *backlog*: messages that were unread at the login and wait until the user opens the chat,
//! while newer ones are shown as they arrive. As long as there is a backlog the newer ones are not
//! marked as read, since that would mark the older ones too.
//!
//! Words of this user come in two ways: those that were said elsewhere in the order of their ids,
//! as the words of others do; those that were said here when the server has confirmed them. A
//! message that was said here just before the connection was lost may come in both ways.

use std::collections::BTreeSet;

use chatsrv::chat::id::MessageId;
use chatsrv::chat::name::Target;

/// The largest number of chats with a read state. Messages of other chats are shown but never
/// marked as read, so they are unread again at the next login.
pub const CHATS_MAX: usize = 4096;

/// The largest number of remembered own messages that were said before the connection was lost.
const UNCONFIRMED_MAX: usize = 1024;

/// A range of messages that wait until the user opens the chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Backlog {
    /// The last message before the range.
    after: MessageId,
    /// The last message of the range.
    until: MessageId,
}

#[derive(Debug)]
struct Chat {
    target: Target,
    /// The newest message of others that was shown or is in the backlog.
    shown: MessageId,
    /// The newest message of this user that was shown.
    own: MessageId,
    backlog: Option<Backlog>,
    /// The newest message that the server was sent a mark for.
    marked: MessageId,
}

impl Chat {
    fn is_new(&self, id: MessageId) -> bool {
        let waits = |backlog: Backlog| id > backlog.after && id <= backlog.until;
        id > self.shown || self.backlog.is_some_and(waits)
    }

    /// The newest message up to which all were shown.
    fn read(&self) -> MessageId {
        self.backlog.map_or(self.shown, |backlog| backlog.after)
    }
}

/// The read states of the chats, the most recently used first.
#[derive(Debug, Default)]
pub struct Chats {
    chats: Vec<Chat>,
    /// The newest message of all chats at the first login, if the server has told it. No message
    /// up to it can be missed.
    base: Option<MessageId>,
    /// Messages of this user that were shown as missed. Those that were said here are confirmed
    /// later.
    unconfirmed: BTreeSet<MessageId>,
}

impl Chats {
    /// Notes a message that has arrived. Returns true if it is to be shown.
    pub fn arrive(&mut self, chat: Target, id: MessageId) -> bool {
        self.chat(chat).is_none_or(|chat| {
            let is_new = id > chat.shown;
            chat.shown = chat.shown.max(id);
            is_new
        })
    }

    /// Notes a message of a list of unread or missed ones, the oldest first. Returns true if it is
    /// to be shown.
    pub fn show(&mut self, chat: Target, id: MessageId) -> bool {
        let Some(chat) = self.chat(chat) else {
            return true;
        };
        if !chat.is_new(id) {
            return false;
        }
        if let Some(backlog) = chat.backlog.as_mut().filter(|backlog| id <= backlog.until) {
            backlog.after = id;
        }
        chat.backlog = chat.backlog.filter(|backlog| backlog.after < backlog.until);
        chat.shown = chat.shown.max(id);
        true
    }

    /// Notes a message of this user that was said in another session. Returns true if it is to be
    /// shown.
    pub fn arrive_own(&mut self, chat: Target, id: MessageId) -> bool {
        self.chat(chat).is_none_or(|chat| {
            let is_new = id > chat.shown.max(chat.own);
            chat.own = chat.own.max(id);
            is_new
        })
    }

    /// Notes a message of this user in a list of missed ones, the oldest first. Returns true if it
    /// is to be shown.
    pub fn show_own(&mut self, chat: Target, id: MessageId) -> bool {
        let is_new = self.chat(chat).is_none_or(|chat| {
            let is_new = id > chat.own;
            chat.own = chat.own.max(id);
            is_new
        });
        if is_new {
            self.unconfirmed.insert(id);
        }
        if self.unconfirmed.len() > UNCONFIRMED_MAX {
            self.unconfirmed.pop_first();
        }
        is_new
    }

    /// Notes a message of this user that the server has confirmed. Returns true if it is to be
    /// shown.
    pub fn confirm(&mut self, chat: Target, id: MessageId) -> bool {
        if self.unconfirmed.remove(&id) {
            return false;
        }
        if let Some(chat) = self.chat(chat) {
            chat.own = chat.own.max(id);
        }
        true
    }

    /// Sets the newest message of all chats at the first login.
    pub fn begin(&mut self, newest: MessageId) {
        self.base = Some(newest);
    }

    /// The message after which all of a chat were missed; `None` if that is unknown.
    pub fn floor(&self, chat: Target) -> Option<MessageId> {
        let chat = self.chats.iter().find(|other| other.target == chat);
        let shown = chat.map(|chat| chat.shown.max(chat.own)).filter(|id| *id > MessageId(0));
        shown.max(self.base)
    }

    /// Notes up to where the server knows a chat as read, perhaps by another session. Of a chat
    /// without a read state there is nothing to note.
    pub fn is_read(&mut self, chat: Target, id: MessageId) {
        if self.chats.iter().any(|other| other.target == chat) {
            self.unmark(chat);
            self.read_elsewhere(chat, id);
        }
    }

    /// Makes the messages up to `until` that were not shown a backlog.
    pub fn set_backlog(&mut self, chat: Target, until: MessageId) {
        if let Some(chat) = self.chat(chat) {
            let after = chat.read();
            chat.backlog = (until > after).then_some(Backlog { after, until });
            chat.shown = chat.shown.max(until);
        }
    }

    /// Removes the backlog: the user has opened the chat and seen all messages.
    pub fn clear_backlog(&mut self, chat: Target) {
        if let Some(chat) = self.chat(chat) {
            chat.backlog = None;
        }
    }

    /// Returns true if the chat has a backlog.
    pub fn has_backlog(&mut self, chat: Target) -> bool {
        self.chat(chat).is_some_and(|chat| chat.backlog.is_some())
    }

    /// The newest message of a chat that was shown or is in the backlog.
    pub fn shown(&mut self, chat: Target) -> MessageId {
        self.chat(chat).map_or(MessageId(0), |chat| chat.shown)
    }

    /// Counts all messages up to `id` as shown.
    pub fn begin_after(&mut self, chat: Target, id: MessageId) {
        if let Some(chat) = self.chat(chat) {
            chat.shown = chat.shown.max(id);
        }
    }

    /// Returns true if there is something to mark as read.
    pub fn has_unmarked(&self) -> bool {
        self.chats.iter().any(is_unmarked)
    }

    /// The marks to send to the server, for at most `max` chats; they count as sent from now on.
    pub fn mark(&mut self, max: usize) -> Vec<(Target, MessageId)> {
        let unmarked = self.chats.iter_mut().filter(|chat| is_unmarked(chat)).take(max);
        let mark = |chat: &mut Chat| {
            chat.marked = chat.read();
            (chat.target, chat.marked)
        };
        unmarked.map(mark).collect()
    }

    /// Notes that the user has read a chat up to `id` in another session.
    pub fn read_elsewhere(&mut self, chat: Target, id: MessageId) {
        if let Some(chat) = self.chat(chat) {
            chat.marked = chat.marked.max(id);
            if let Some(backlog) = &mut chat.backlog {
                backlog.after = backlog.after.max(id);
            }
            chat.backlog = chat.backlog.filter(|backlog| backlog.after < backlog.until);
        }
    }

    /// Notes that the server may not have the mark of a chat, so that it is sent again.
    pub fn unmark(&mut self, chat: Target) {
        if let Some(chat) = self.chat(chat) {
            chat.marked = MessageId(0);
        }
    }

    /// The chats, the most recently used first.
    pub fn targets(&self) -> impl Iterator<Item = Target> {
        self.chats.iter().map(|chat| chat.target)
    }

    /// Removes a chat that is not this user's any more.
    pub fn forget(&mut self, chat: Target) {
        self.chats.retain(|other| other.target != chat);
    }

    /// The state of a chat, which is added if it is new; `None` if there are too many.
    fn chat(&mut self, target: Target) -> Option<&mut Chat> {
        let at = match self.chats.iter().position(|chat| chat.target == target) {
            Some(at) => at,
            None if self.chats.len() == CHATS_MAX => return None,
            None => {
                let none = MessageId(0);
                self.chats.push(Chat {
                    target,
                    shown: none,
                    own: none,
                    backlog: None,
                    marked: none,
                });
                self.chats.len() - 1
            }
        };
        self.chats[..=at].rotate_right(1);
        self.chats.first_mut()
    }
}

/// Returns true if messages were shown that the server does not know as read. The public chat has
/// no such marks.
fn is_unmarked(chat: &Chat) -> bool {
    chat.target != Target::Everyone && chat.read() > chat.marked
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(name: &str) -> Target {
        name.parse().unwrap()
    }

    fn show(chats: &mut Chats, ids: impl IntoIterator<Item = u64>) -> Vec<u64> {
        let bob = target("bob");
        ids.into_iter().filter(|id| chats.show(bob, MessageId(*id))).collect()
    }

    #[test]
    fn a_message_is_shown_once_and_marked_once() {
        let mut chats = Chats::default();
        assert_eq!(show(&mut chats, [1, 2, 2, 1, 3]), [1, 2, 3]);
        assert_eq!(chats.mark(9), [(target("bob"), MessageId(3))]);
        assert_eq!(chats.mark(9), []);
        chats.unmark(target("BOB"));
        assert!(chats.has_unmarked());
        chats.show(Target::Everyone, MessageId(4));
        assert_eq!(chats.mark(9).len(), 1);
    }

    #[test]
    fn a_backlog_waits_and_is_not_marked_by_what_is_newer() {
        let (mut chats, bob) = (Chats::default(), target("bob"));
        chats.set_backlog(bob, MessageId(10));
        for (id, is_new) in [(9, false), (11, true), (12, true), (11, false)] {
            assert_eq!(chats.arrive(bob, MessageId(id)), is_new);
        }
        assert!(!chats.has_unmarked() && chats.has_backlog(bob));
        // The user opens the chat, in two steps.
        assert_eq!(show(&mut chats, 1..=5), [1, 2, 3, 4, 5]);
        assert_eq!(chats.mark(9), [(bob, MessageId(5))]);
        assert_eq!(show(&mut chats, 6..=13), [6, 7, 8, 9, 10, 13]);
        assert!(!chats.has_backlog(bob));
        assert_eq!(chats.mark(9), [(bob, MessageId(13))]);
    }

    #[test]
    fn words_of_ones_own_are_shown_once() {
        let (mut chats, bob) = (Chats::default(), target("bob"));
        chats.begin(MessageId(4));
        assert_eq!(chats.floor(bob), Some(MessageId(4)));
        // A confirmation comes when the message is on disk, behind words that were said later.
        assert!(chats.arrive(bob, MessageId(7)));
        assert!(chats.confirm(bob, MessageId(6)));
        assert!(chats.arrive_own(bob, MessageId(8)) && !chats.arrive_own(bob, MessageId(8)));
        assert_eq!(chats.floor(bob), Some(MessageId(8)));
        // The connection was lost before 9 was confirmed.
        assert!(chats.show_own(bob, MessageId(9)) && chats.show_own(bob, MessageId(10)));
        assert!(!chats.confirm(bob, MessageId(9)) && !chats.arrive_own(bob, MessageId(10)));
        assert_eq!(chats.mark(9), [(bob, MessageId(7))]);
        (11..2000).for_each(|id| assert!(chats.show_own(bob, MessageId(id))));
        assert_eq!(chats.unconfirmed.len(), UNCONFIRMED_MAX);
    }

    #[test]
    fn what_the_server_knows_as_read_is_marked_no_more_and_the_rest_again() {
        let (mut chats, bob) = (Chats::default(), target("bob"));
        chats.is_read(bob, MessageId(9));
        assert_eq!(chats.targets().count(), 0);
        chats.arrive(bob, MessageId(5));
        assert_eq!(chats.mark(9).len(), 1);
        chats.is_read(bob, MessageId(4));
        assert_eq!(chats.mark(9), [(bob, MessageId(5))]);
        chats.set_backlog(bob, MessageId(9));
        chats.is_read(bob, MessageId(9));
        assert!(!chats.has_backlog(bob) && !chats.has_unmarked());
    }

    #[test]
    fn the_chats_are_bounded_and_none_is_forgotten() {
        let mut chats = Chats::default();
        for n in 0..CHATS_MAX {
            chats.set_backlog(target(&format!("u{n}")), MessageId(5));
        }
        assert!(chats.arrive(target("bob"), MessageId(6)));
        assert!(!chats.has_unmarked());
        assert!(chats.has_backlog(target("u0")));
    }

    #[test]
    fn what_was_read_in_another_session_needs_no_mark_and_waits_no_more() {
        let mut chats = Chats::default();
        let (bob, carol) = (target("bob"), target("carol"));
        for (chat, id) in [(bob, 5), (carol, 5)] {
            assert!(chats.arrive(chat, MessageId(id)));
        }
        chats.read_elsewhere(bob, MessageId(7));
        assert_eq!(chats.mark(9), [(carol, MessageId(5))]);
        chats.set_backlog(bob, MessageId(9));
        chats.read_elsewhere(bob, MessageId(8));
        assert!(chats.has_backlog(bob));
        chats.read_elsewhere(bob, MessageId(9));
        assert!(!chats.has_backlog(bob));
        chats.read_elsewhere(bob, MessageId(3));
        assert_eq!(chats.mark(9), []);
    }
}
