//! The operator's console: the list of chats with new messages. Only messages of the open chat are
//! shown; those of others are counted until the operator opens the chat.

use chatsrv::chat::id::MessageId;
use chatsrv::chat::name::Target;
use chatsrv::display::clock;
use chatsrv::display::line::{Column, Line};
use chatsrv::display::safe_text::{SafeText, safe};

/// The largest number of chats in the list; a new one replaces the least recently used.
const CHATS_MAX: usize = 1024;
/// The largest number of chats named in the status.
const NAMED_MAX: usize = 8;

/// A chat with messages.
#[derive(Debug, PartialEq, Eq)]
struct Active {
    chat: Target,
    /// The number of messages that were not shown.
    new: u64,
    last: MessageId,
}

/// The list of chats, the most recently used first.
#[derive(Debug, Default)]
pub struct Console {
    chats: Vec<Active>,
}

impl Console {
    /// Sets the number of messages of a chat that were not shown, and the last of them.
    pub fn set(&mut self, chat: Target, new: u64, last: MessageId) {
        let active = self.chat(chat);
        active.new = new;
        active.last = active.last.max(last);
    }

    /// Counts a message that is not shown.
    pub fn count(&mut self, chat: Target, id: MessageId) {
        let active = self.chat(chat);
        active.new += 1;
        active.last = active.last.max(id);
    }

    /// Notes a message that is shown.
    pub fn touch(&mut self, chat: Target, id: MessageId) {
        let active = self.chat(chat);
        active.last = active.last.max(id);
    }

    /// Notes that all messages of a chat were shown.
    pub fn clear(&mut self, chat: Target) {
        if let Some(active) = self.chats.iter_mut().find(|active| active.chat == chat) {
            active.new = 0;
        }
    }

    /// Notes that the messages of a chat up to `id` were read in another session.
    pub fn read_elsewhere(&mut self, chat: Target, id: MessageId) {
        let active = self.chats.iter_mut().find(|active| active.chat == chat);
        if let Some(active) = active.filter(|active| active.last <= id) {
            active.new = 0;
        }
    }

    /// The chats with new messages, for the status; `None` if there are none.
    pub fn summary(&self) -> Option<SafeText> {
        let with_new = || self.chats.iter().filter(|active| active.new > 0);
        let named: Vec<String> =
            with_new().take(NAMED_MAX).map(|a| format!("{} {}", a.chat, a.new)).collect();
        let more = match with_new().count().saturating_sub(NAMED_MAX) {
            0 => String::new(),
            more => format!(" and {more} more chats"),
        };
        (!named.is_empty()).then(|| safe!("new: {}{more}", named.join(", ")))
    }

    /// The list, a line for each chat.
    pub fn lines(&self) -> Vec<Line> {
        if self.chats.is_empty() {
            return vec![Line::answer(safe!("no chats yet"))];
        }
        let line = |active: &Active| {
            let Active { chat, new, last } = active;
            let last = clock::moment(*last);
            Line::row(&[
                Column::named(&chat.to_string()),
                Column::right(4, safe!("{new}")),
                Column::rest(safe!("new, the last {last}")),
            ])
        };
        self.chats.iter().map(line).collect()
    }

    fn chat(&mut self, chat: Target) -> &mut Active {
        let at = match self.chats.iter().position(|active| active.chat == chat) {
            Some(at) => at,
            None => {
                self.chats.truncate(CHATS_MAX - 1);
                self.chats.push(Active { chat, new: 0, last: MessageId(0) });
                self.chats.len() - 1
            }
        };
        self.chats[..=at].rotate_right(1);
        &mut self.chats[0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(name: &str) -> Target {
        name.parse().unwrap()
    }

    #[test]
    fn counts_rise_until_the_chat_is_entered() {
        let mut console = Console::default();
        assert_eq!(console.summary(), None);
        console.set(target("bob"), 3, MessageId(5));
        console.count(target("alice"), MessageId(6));
        console.count(target("BOB"), MessageId(7));
        assert_eq!(console.summary(), Some(safe!("new: bob 4, alice 1")));
        console.clear(target("bob"));
        console.touch(target("bob"), MessageId(8));
        assert_eq!(console.summary(), Some(safe!("new: alice 1")));
        let lines: Vec<String> = console.lines().iter().map(|l| l.text.to_string()).collect();
        assert!(lines[0].starts_with("bob             0 new, the last "), "{lines:?}");
        assert!(lines[1].starts_with("alice           1 new, the last "), "{lines:?}");
    }

    #[test]
    fn the_list_and_the_summary_are_bounded() {
        let mut console = Console::default();
        for n in 0..CHATS_MAX + 10 {
            console.count(target(&format!("u{n}")), MessageId(n as u64));
        }
        assert_eq!(console.chats.len(), CHATS_MAX);
        let summary = console.summary().unwrap();
        assert!(summary.as_str().starts_with("new: u1033 1, u1032 1,"), "{summary}");
        assert!(summary.as_str().ends_with(", u1026 1 and 1016 more chats"), "{summary}");
    }
}
