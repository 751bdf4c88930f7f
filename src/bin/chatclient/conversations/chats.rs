//! What of each chat was shown, and what the server is to be told of that.
//!
//! Ids only grow, so one id tells what was shown of a chat: all up to it. Only a *backlog* makes a
//! hole there: messages that were unread at the login and wait until the person opens the chat,
//! while newer ones are shown as they arrive. As long as there is a backlog the newer ones are not
//! marked as read, for that would mark the older ones too.

use chatsrv::chat::id::MessageId;
use chatsrv::chat::name::Target;

/// How many chats are remembered. What arrives in others is shown and never marked as read, so it
/// comes as unread at the next login.
pub const CHATS_MAX: usize = 4096;

/// Messages that wait until the person opens the chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Backlog {
    /// Those after this one …
    after: MessageId,
    /// … up to this one.
    until: MessageId,
}

#[derive(Debug)]
struct Chat {
    target: Target,
    /// The newest message that was shown, or stands in the backlog.
    shown: MessageId,
    backlog: Option<Backlog>,
    /// Up to which message the server was told that it is read.
    marked: MessageId,
}

impl Chat {
    fn is_new(&self, id: MessageId) -> bool {
        let waits = |backlog: Backlog| id > backlog.after && id <= backlog.until;
        id > self.shown || self.backlog.is_some_and(waits)
    }

    /// Up to which message everything was shown.
    fn read(&self) -> MessageId {
        self.backlog.map_or(self.shown, |backlog| backlog.after)
    }
}

/// The chats of this run, the one last used first.
#[derive(Debug, Default)]
pub struct Chats {
    chats: Vec<Chat>,
}

impl Chats {
    /// A message has arrived: whether it is to be shown.
    pub fn arrive(&mut self, chat: Target, id: MessageId) -> bool {
        self.chat(chat).is_none_or(|chat| {
            let is_new = id > chat.shown;
            chat.shown = chat.shown.max(id);
            is_new
        })
    }

    /// A message stands in a list of what is unread or was missed, the oldest first: whether it is
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

    /// Messages up to this one wait until the person opens the chat.
    pub fn set_backlog(&mut self, chat: Target, until: MessageId) {
        if let Some(chat) = self.chat(chat) {
            let after = chat.read();
            chat.backlog = (until > after).then_some(Backlog { after, until });
            chat.shown = chat.shown.max(until);
        }
    }

    /// The person has opened the chat and seen everything.
    pub fn clear_backlog(&mut self, chat: Target) {
        if let Some(chat) = self.chat(chat) {
            chat.backlog = None;
        }
    }

    /// Whether messages wait there until the person opens the chat.
    pub fn has_backlog(&mut self, chat: Target) -> bool {
        self.chat(chat).is_some_and(|chat| chat.backlog.is_some())
    }

    /// The newest message of a chat that was shown.
    pub fn shown(&mut self, chat: Target) -> MessageId {
        self.chat(chat).map_or(MessageId(0), |chat| chat.shown)
    }

    /// Nothing up to this message counts as missed.
    pub fn begin_after(&mut self, chat: Target, id: MessageId) {
        if let Some(chat) = self.chat(chat) {
            chat.shown = chat.shown.max(id);
        }
    }

    /// Whether the server is to be told something.
    pub fn has_unmarked(&self) -> bool {
        self.chats.iter().any(is_unmarked)
    }

    /// What the server is to be told as read, `max` chats of it.
    pub fn mark(&mut self, max: usize) -> Vec<(Target, MessageId)> {
        let unmarked = self.chats.iter_mut().filter(|chat| is_unmarked(chat)).take(max);
        let mark = |chat: &mut Chat| {
            chat.marked = chat.read();
            (chat.target, chat.marked)
        };
        unmarked.map(mark).collect()
    }

    /// The server may not know what it was told of that chat.
    pub fn unmark(&mut self, chat: Target) {
        if let Some(chat) = self.chat(chat) {
            chat.marked = MessageId(0);
        }
    }

    /// The chats, the one last used first.
    pub fn targets(&self) -> impl Iterator<Item = Target> {
        self.chats.iter().map(|chat| chat.target)
    }

    /// The chat is not this user's any more.
    pub fn forget(&mut self, chat: Target) {
        self.chats.retain(|other| other.target != chat);
    }

    /// The chat; none where there are too many.
    fn chat(&mut self, target: Target) -> Option<&mut Chat> {
        let at = match self.chats.iter().position(|chat| chat.target == target) {
            Some(at) => at,
            None if self.chats.len() == CHATS_MAX => return None,
            None => {
                let (shown, marked) = (MessageId(0), MessageId(0));
                self.chats.push(Chat { target, shown, backlog: None, marked });
                self.chats.len() - 1
            }
        };
        self.chats[..=at].rotate_right(1);
        self.chats.first_mut()
    }
}

/// Everyone's chat is never counted as unread.
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
        // The person opens the chat, in two steps.
        assert_eq!(show(&mut chats, 1..=5), [1, 2, 3, 4, 5]);
        assert_eq!(chats.mark(9), [(bob, MessageId(5))]);
        assert_eq!(show(&mut chats, 6..=13), [6, 7, 8, 9, 10, 13]);
        assert!(!chats.has_backlog(bob));
        assert_eq!(chats.mark(9), [(bob, MessageId(13))]);
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
}
