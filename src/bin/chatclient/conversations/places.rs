//! The chats on the server to which plain lines go: the open one, the one being opened, and those
//! that are over.

use std::collections::VecDeque;

use chatsrv::chat::name::Target;

use crate::input::destination::Destination;

/// The largest number of remembered chats that are over. A line that still waits was begun in one
/// of the last few.
const OVER_MAX: usize = 1024;

/// The open chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Open {
    chat: Target,
    /// The target as it was typed, which may have a number in place of the name.
    typed: Target,
}

/// The chats to which lines go.
#[derive(Debug, Default)]
pub struct Places {
    open: Option<Open>,
    opening: Option<Target>,
    /// True if the lines to come were meant for a chat that could not be opened or is over.
    is_lost: bool,
    /// The chats that are over and were not opened again, the newest last.
    over: VecDeque<Target>,
}

impl Places {
    /// The chat that is open.
    pub fn open(&self) -> Option<Target> {
        self.open.map(|open| open.chat)
    }

    /// The destination of a line that is begun now: the chat being opened, else the open one.
    pub fn destination(&self) -> Destination {
        let without = if self.is_lost { Destination::Gone } else { Destination::Nowhere };
        self.opening.or(self.open()).map_or(without, Destination::Chat)
    }

    /// Begins to open a chat.
    pub fn begin(&mut self, chat: Target) {
        self.over.retain(|over| *over != chat);
        self.opening = Some(chat);
    }

    /// Makes a chat the open one; `chat` is the server's name for it.
    pub fn enter(&mut self, chat: Target) {
        let typed = self.opening.take().unwrap_or(chat);
        self.over.retain(|over| *over != chat);
        self.open = Some(Open { chat, typed });
        self.is_lost = false;
    }

    /// Notes that a chat could not be opened. The open chat remains open.
    pub fn fail(&mut self, chat: Target) {
        self.opening = None;
        let is_open = self.open.is_some_and(|open| open.chat == chat || open.typed == chat);
        if !is_open {
            self.is_over(chat);
        }
    }

    /// Gives up the chat that was being opened, since the connection was lost.
    pub fn disconnected(&mut self) {
        if let Some(chat) = self.opening {
            self.fail(chat);
        }
    }

    /// Closes the open chat; the lines to come are for none.
    pub fn close(&mut self) {
        self.is_lost = false;
        self.leave();
    }

    /// Closes the open chat; the lines to come were meant for a chat, and go nowhere.
    pub fn lose(&mut self) {
        self.leave();
        self.is_lost = true;
    }

    fn leave(&mut self) {
        if let Some(Open { chat, typed }) = self.open.take() {
            self.is_over(chat);
            self.is_over(typed);
        }
    }

    /// Notes that a chat is over, open or not.
    pub fn end(&mut self, chat: Target) {
        match self.open {
            Some(open) if open.chat == chat => self.leave(),
            _ => self.is_over(chat),
        }
    }

    /// Returns true if a line that was begun in a chat may still go there: it may after another
    /// chat was opened, but not after its own is over.
    pub fn takes(&self, chat: Target) -> bool {
        !self.over.contains(&chat)
    }

    /// Returns true if the chat is not open yet.
    pub fn is_to_come(&self, chat: Target) -> bool {
        self.open.is_none_or(|open| open.chat != chat && open.typed != chat)
    }

    fn is_over(&mut self, chat: Target) {
        if self.takes(chat) {
            if self.over.len() == OVER_MAX {
                self.over.pop_front();
            }
            self.over.push_back(chat);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(name: &str) -> Target {
        name.parse().unwrap()
    }

    fn opened(names: &[&str]) -> Places {
        let mut places = Places::default();
        for name in names {
            places.begin(target(name));
            places.enter(target(name));
        }
        places
    }

    #[test]
    fn a_line_that_begins_behind_open_is_meant_for_that_chat() {
        let mut places = opened(&["carol"]);
        places.begin(target("bob"));
        assert_eq!(places.destination(), Destination::Chat(target("bob")));
        assert!(places.is_to_come(target("bob")) && places.open() == Some(target("carol")));
        places.enter(target("bob"));
        assert!(!places.is_to_come(target("bob")));
        // Another chat is opened; that does not end the one before.
        assert!(places.takes(target("carol")));
    }

    #[test]
    fn what_was_meant_for_a_chat_that_is_none_goes_nowhere() {
        let mut places = opened(&["carol"]);
        places.begin(target("nobody"));
        places.fail(target("nobody"));
        assert!(!places.takes(target("nobody")));
        assert_eq!(places.destination(), Destination::Chat(target("carol")));
        places.begin(target("bob"));
        places.disconnected();
        assert!(!places.takes(target("bob")) && places.takes(target("carol")));
        // The same chat is opened again; it remains open although that fails.
        places.begin(target("carol"));
        places.fail(target("carol"));
        assert!(places.takes(target("carol")));
    }

    #[test]
    fn a_chat_that_is_over_takes_no_line_until_it_is_opened_again() {
        let mut places = opened(&["carol", "#ops"]);
        places.end(target("#ops"));
        assert_eq!(places.destination(), Destination::Nowhere);
        assert!(!places.takes(target("#ops")) && places.takes(target("carol")));
        places.end(target("carol"));
        assert!(!places.takes(target("carol")));
        places.begin(target("#ops"));
        assert!(places.takes(target("#ops")));
    }

    #[test]
    fn lines_that_were_meant_for_a_lost_chat_are_for_no_other() {
        let mut places = opened(&["carol"]);
        places.lose();
        assert_eq!(places.destination(), Destination::Gone);
        assert!(!places.takes(target("carol")));
        places.end(target("carol"));
        places.begin(target("nobody"));
        places.fail(target("nobody"));
        assert_eq!(places.destination(), Destination::Gone);
        places.begin(target("bob"));
        assert_eq!(places.destination(), Destination::Chat(target("bob")));
        places.enter(target("bob"));
        places.end(target("bob"));
        assert_eq!(places.destination(), Destination::Nowhere);
        places.lose();
        places.close();
        assert_eq!(places.destination(), Destination::Nowhere);
    }

    #[test]
    fn a_chat_is_the_same_by_name_and_number() {
        let mut places = Places::default();
        places.begin(target("10417"));
        places.enter(target("bob"));
        assert_eq!(places.destination(), Destination::Chat(target("bob")));
        assert!(!places.is_to_come(target("10417")));
        places.close();
        assert!(!places.takes(target("10417")) && !places.takes(target("bob")));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut places = Places::default();
        (0..OVER_MAX + 5).for_each(|n| places.end(target(&format!("u{n}"))));
        assert_eq!(places.over.len(), OVER_MAX);
        assert!(!places.takes(target("u1028")));
    }
}
