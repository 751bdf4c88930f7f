//! The queue of lines that wait: pasted lines are handled one by one, and lines for a chat that is
//! being opened wait until it is open. Each keeps the destination that it had when it was typed.

use std::collections::VecDeque;

use chatsrv::chat::name::Target;
use chatsrv::display::line::Line;
use chatsrv::display::safe_text::{SafeText, safe};
use chatsrv::display::said::on_one_line;

use super::action::Action;
use super::commands::{self, Typed};
use super::destination::Destination;
use super::groups::GroupRequest;
use crate::calls::action::CallAction;
use crate::core::Core;
use crate::link::login::Password;

/// The largest number of lines: several times as many as can be pasted at once.
const WAITING_MAX: usize = 1024;

/// A line that waits.
#[derive(Debug)]
pub struct Entry {
    /// The line itself.
    pub line: Password,
    /// Its destination.
    pub to: Destination,
    /// True if it is a message even if it looks like a command.
    pub is_message: bool,
}

impl Entry {
    /// Creates an entry for a line that was typed for a destination.
    pub fn typed(line: Password, to: Destination) -> Self {
        Entry { line, to, is_message: false }
    }

    /// Parses the line.
    pub fn read(&self) -> Typed {
        match self.is_message {
            true => Typed::Text(self.line.to_string()),
            false => commands::read_for(&self.to, &self.line),
        }
    }

    /// Returns true if its effect depends on the open chat, or changes it.
    pub fn depends_on_chat(&self) -> bool {
        match self.read() {
            Typed::Text(text) => {
                !text.trim().is_empty() && !matches!(self.to, Destination::Direct(..))
            }
            Typed::Action(action) => {
                matches!(action, Action::Open(_) | Action::Close | Action::History(None, _))
            }
            Typed::Misused(_) | Typed::Unknown => false,
        }
    }

    /// The destination of a plain line that follows it.
    fn leads_to(&self) -> Destination {
        match self.read() {
            Typed::Action(Action::Open(chat)) => Destination::Chat(chat),
            Typed::Action(Action::Close) => Destination::Nowhere,
            Typed::Action(Action::Group(GroupRequest::Leave(group, _)))
                if self.to == Destination::Chat(Target::Group(group)) =>
            {
                Destination::Nowhere
            }
            // It is unknown whether there will be a direct chat, or when.
            Typed::Action(Action::Call(CallAction::Call(_) | CallAction::Accept)) => {
                Destination::Gone
            }
            Typed::Misused(command) if command.leads_to_chat() => Destination::Gone,
            _ => self.to,
        }
    }
}

/// The queue, in the order in which the lines were typed.
#[derive(Debug, Default)]
pub struct TypedAhead {
    entries: VecDeque<Entry>,
    /// The destination of a plain line that follows them.
    behind: Destination,
}

impl TypedAhead {
    /// Returns true if no line waits.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The number of lines.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// The destination of a plain line that follows them; `None` if none of them depends on the
    /// open chat.
    pub fn behind(&self) -> Option<Destination> {
        self.depends_on_chat().then_some(self.behind)
    }

    /// Returns true if the effect of a line depends on the open chat, or changes it.
    pub fn depends_on_chat(&self) -> bool {
        self.entries.iter().any(Entry::depends_on_chat)
    }

    /// Adds a line that was typed for a destination. A command in it may change the destination of
    /// the lines after it.
    ///
    /// # Errors
    /// The line, if too many wait.
    pub fn push_typed(&mut self, line: Password, to: Destination) -> Result<(), Password> {
        let entry = Entry::typed(line, to);
        let behind = entry.leads_to();
        self.push(entry)?;
        self.behind = behind;
        Ok(())
    }

    /// Adds a line that was not pasted and that depends on the open chat. It is put after the last
    /// such line, so that it does not wait for transfers that others wait for.
    ///
    /// # Errors
    /// The line, if too many wait.
    pub fn push_entered(&mut self, line: Password, to: Destination) -> Result<(), Password> {
        let last = self.entries.iter().rposition(Entry::depends_on_chat);
        let passed = self.entries.split_off(last.map_or(0, |last| last + 1));
        let room = WAITING_MAX.saturating_sub(passed.len());
        let kept = if self.entries.len() < room { self.push_typed(line, to) } else { Err(line) };
        self.entries.extend(passed);
        kept
    }

    /// Adds a message.
    ///
    /// # Errors
    /// The message, if too many lines wait.
    pub fn push_message(&mut self, line: Password, to: Destination) -> Result<(), Password> {
        if !self.depends_on_chat() {
            self.behind = to;
        }
        self.push(Entry { line, to, is_message: true })
    }

    fn push(&mut self, entry: Entry) -> Result<(), Password> {
        if self.entries.len() == WAITING_MAX {
            return Err(entry.line);
        }
        self.entries.push_back(entry);
        Ok(())
    }

    /// The first line.
    pub fn next(&self) -> Option<&Entry> {
        self.entries.front()
    }

    /// Removes the first line.
    pub fn take_next(&mut self) -> Option<Entry> {
        self.entries.pop_front()
    }

    /// The destination of the next line of a paste, after the lines before it.
    pub fn leads_to(&self) -> Destination {
        self.behind
    }

    /// Drops all lines if one of them depends on the open chat, since the chat could not be opened.
    pub fn drop_for_chat(&mut self, core: &mut Core) {
        if self.depends_on_chat() {
            self.drop_all(core);
        }
    }

    /// Drops all lines, and shows them as far as they can't be passwords.
    pub fn drop_all(&mut self, core: &mut Core) {
        let entries = std::mem::take(self).entries;
        if entries.is_empty() {
            return;
        }
        let is_harmless = |entry: &&Entry| !matches!(entry.read(), Typed::Action(Action::Passwd));
        let shown: Vec<&Entry> = entries.iter().take_while(is_harmless).collect();
        for entry in &shown {
            core.show(Line::notice(safe!("not taken: {}", on_one_line(&entry.line))));
        }
        if shown.len() < entries.len() {
            let count = entries.len() - shown.len();
            core.show(Line::notice(safe!("not taken: the {count} lines from /passwd on")));
        }
        core.show(Line::notice(safe!("lines that were not taken: {}", entries.len())));
    }

    /// The number of lines and what they wait for, for the status.
    pub fn status(&self, is_opening: bool) -> Option<SafeText> {
        match self.len() {
            0 => None,
            count if is_opening => {
                Some(safe!("lines that wait for the chat to be opened: {count}"))
            }
            count => Some(safe!("lines that wait: {count}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chat(name: &str) -> Destination {
        Destination::Chat(name.parse().unwrap())
    }

    #[test]
    fn a_line_behind_another_goes_where_that_one_leads() {
        let mut ahead = TypedAhead::default();
        assert_eq!(ahead.behind(), None);
        let mut to = chat("carol");
        let lines = [
            ("hello", chat("carol")),
            ("/open #ops", chat("#ops")),
            ("pm", chat("#ops")),
            ("/leavegroup #tea", chat("#ops")),
            ("/leavegroup #ops", Destination::Nowhere),
            ("/open bob", chat("bob")),
            ("/open no chat", Destination::Gone),
            ("pm", Destination::Gone),
            ("/open bob", chat("bob")),
            ("/call alice", Destination::Gone),
            ("for alice", Destination::Gone),
            ("/open bob", chat("bob")),
            ("/accept", Destination::Gone),
            ("/close", Destination::Nowhere),
            ("/call no user", Destination::Gone),
            ("/open bob", chat("bob")),
            ("/close", Destination::Nowhere),
        ];
        for (line, behind) in lines {
            ahead.push_typed(Password::new(line.into()), to).unwrap();
            to = ahead.behind().unwrap();
            assert_eq!(to, behind, "{line}");
        }
    }

    #[test]
    fn a_message_leads_nowhere_whatever_it_says() {
        let mut ahead = TypedAhead::default();
        ahead.push_message(Password::new("/open bob".into()), chat("carol")).unwrap();
        assert_eq!(ahead.behind(), Some(chat("carol")));
    }

    #[test]
    fn what_waits_for_a_transfer_holds_up_no_line_for_a_chat() {
        let mut ahead = TypedAhead::default();
        let line = |text: &str| Password::new(text.into());
        for get in ["/get a", "/get b"] {
            ahead.push_typed(line(get), Destination::Nowhere).unwrap();
        }
        assert_eq!(ahead.behind(), None);
        ahead.push_entered(line("/open bob"), Destination::Nowhere).unwrap();
        assert_eq!(ahead.behind(), Some(chat("bob")));
        ahead.push_entered(line("hello"), chat("bob")).unwrap();
        let lines: Vec<&str> = ahead.entries.iter().map(|entry| entry.line.as_str()).collect();
        assert_eq!(lines, ["/open bob", "hello", "/get a", "/get b"]);
        for n in 4..WAITING_MAX {
            ahead.push_entered(line(&n.to_string()), chat("bob")).unwrap();
        }
        assert!(ahead.push_entered(line("x"), chat("bob")).is_err());
        assert_eq!(ahead.len(), WAITING_MAX);
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut ahead = TypedAhead::default();
        let mut push = || ahead.push_typed(Password::new("x".into()), chat("bob"));
        (0..WAITING_MAX).for_each(|_| push().unwrap());
        assert_eq!(push().unwrap_err().as_str(), "x");
    }
}
