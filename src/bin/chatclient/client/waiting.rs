//! Lines that wait: pasted ones are taken one by one, and what is meant for a chat that is being
//! opened waits until it is. Each keeps the destination that it had when it came.

use std::collections::VecDeque;

use chatsrv::chat::name::Target;
use chatsrv::display::line::Line;
use chatsrv::display::safe_text::{SafeText, safe};

use super::{Client, Stage};
use crate::calls::action::CallAction;
use crate::input::commands::{self, Action, Typed};
use crate::input::destination::{Destination, Dialogue};
use crate::input::groups::GroupRequest;
use crate::link::login::Password;
use crate::requests::Asked;
use crate::ui::interface::Pasted;

/// How many lines wait at most: some times what can be pasted at once.
const WAITING_MAX: usize = 1024;

/// A line whose time has not come.
#[derive(Debug)]
struct Entry {
    line: Password,
    to: Destination,
    /// Whether it is a message just as it stands, whatever it looks like.
    is_message: bool,
}

impl Entry {
    fn read(&self) -> Typed {
        match self.is_message {
            true => Typed::Text(self.line.to_string()),
            false => commands::read_for(&self.to, &self.line),
        }
    }

    /// Whether it matters for it which chat is open.
    fn depends_on_chat(&self) -> bool {
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

    /// Where a plain line goes that comes behind it.
    fn leads_to(&self) -> Destination {
        match self.read() {
            Typed::Action(Action::Open(chat)) => Destination::Chat(chat),
            Typed::Action(Action::Close) => Destination::Nowhere,
            Typed::Action(Action::Group(GroupRequest::Leave(group)))
                if self.to == Destination::Chat(Target::Group(group)) =>
            {
                Destination::Nowhere
            }
            // Whether it comes to a direct chat, or when, is not known.
            Typed::Action(Action::Call(CallAction::Call(_) | CallAction::Accept)) => {
                Destination::Gone
            }
            Typed::Misused(command) if command.leads_to_chat() => Destination::Gone,
            _ => self.to,
        }
    }
}

/// The lines that wait, in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    entries: VecDeque<Entry>,
    /// Where a plain line goes that comes behind them.
    behind: Destination,
}

impl Waiting {
    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Where a plain line goes that comes behind them; none where none of them has to do with it.
    pub fn behind(&self) -> Option<Destination> {
        self.depends_on_chat().then_some(self.behind)
    }

    /// Whether one waits for which it matters which chat is open.
    fn depends_on_chat(&self) -> bool {
        self.entries.iter().any(Entry::depends_on_chat)
    }

    /// Keeps a line that was typed for a destination. Those behind it follow where it leads.
    ///
    /// # Errors
    /// The line, where too many wait.
    fn push_typed(&mut self, line: Password, to: Destination) -> Result<(), Password> {
        let entry = Entry { line, to, is_message: false };
        let behind = entry.leads_to();
        self.push(entry)?;
        self.behind = behind;
        Ok(())
    }

    /// Keeps a line that was typed by itself, and for which it matters which chat is open: it
    /// comes behind those like it, and waits for no transfer that others wait for.
    ///
    /// # Errors
    /// The line, where too many wait.
    fn push_entered(&mut self, line: Password, to: Destination) -> Result<(), Password> {
        let last = self.entries.iter().rposition(Entry::depends_on_chat);
        let passed = self.entries.split_off(last.map_or(0, |last| last + 1));
        let room = WAITING_MAX.saturating_sub(passed.len());
        let kept = if self.entries.len() < room { self.push_typed(line, to) } else { Err(line) };
        self.entries.extend(passed);
        kept
    }

    /// Keeps a message.
    ///
    /// # Errors
    /// The message, where too many lines wait.
    fn push_message(&mut self, line: Password, to: Destination) -> Result<(), Password> {
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
}

impl Client {
    /// A line was typed for a destination.
    pub(super) fn take_entered(&mut self, line: Password, to: Destination) {
        let entry = Entry { line, to, is_message: false };
        // Lines that only wait for a transfer to be over hold up no conversation.
        let is_behind = self.is_opening() || self.waiting.depends_on_chat();
        let for_dialogue = matches!(to, Destination::Dialogue(_));
        // A script can't know when there is room again; a person is told.
        if !self.front.is_interactive() && self.is_full_for(&entry.line) {
            let kept = self.waiting.push_typed(entry.line, to);
            self.tell_not_kept(kept);
        } else if is_behind && !for_dialogue && entry.depends_on_chat() {
            let kept = self.waiting.push_entered(entry.line, to);
            self.tell_not_kept(kept);
        } else {
            self.take_typed(entry.line, to);
        }
    }

    /// Several lines at once.
    pub(super) fn take_pasted(&mut self, pasted: Pasted, to: Destination) {
        let goes_on = self.waiting.is_empty();
        match pasted {
            Pasted::Messages(lines) => self.keep_messages(lines, to),
            Pasted::Typed(lines) => {
                // Behind a step of a dialogue, nothing says for which chat they are.
                let mut to = match (to, self.destination_beneath()) {
                    (Destination::Nowhere | Destination::Gone, _) => to,
                    (_, Destination::Nowhere) => Destination::Nowhere,
                    _ => Destination::Gone,
                };
                for line in lines {
                    let kept = self.waiting.push_typed(Password::new(line), to);
                    self.tell_not_kept(kept);
                    to = self.waiting.behind;
                }
            }
        }
        self.take_waiting(goes_on);
    }

    fn keep_messages(&mut self, lines: Vec<String>, to: Destination) {
        if self.is_over(&to) {
            return self.tell_over(lines.len(), &to);
        }
        if to == Destination::Dialogue(self.dialogue) {
            self.dialogue = Dialogue::None;
        }
        for line in lines {
            // Nothing of a direct chat waits for the server.
            if let Destination::Direct(..) = to {
                self.say_directly(&line);
            } else {
                let kept = self.waiting.push_message(Password::new(line), to);
                self.tell_not_kept(kept);
            }
        }
    }

    fn tell_not_kept(&mut self, kept: Result<(), Password>) {
        if let Err(line) = kept {
            let line = line.as_str();
            self.show(Line::error(safe!("not taken, too many lines wait: {line}")));
        }
    }

    fn tell_over(&mut self, count: usize, to: &Destination) {
        let why = match to {
            Destination::Gone => safe!("the chat that they were for is not open"),
            to => safe!("they were for {to}, and that chat is over"),
        };
        self.show(Line::error(safe!("lines that were not sent: {count}; {why}")));
    }

    /// Takes the lines whose time has come. Where they `go_on` with a dialogue it is theirs;
    /// another one is the person's, and they wait for its end.
    pub(super) fn take_waiting(&mut self, mut go_on: bool) {
        let mut dropped: Option<(Destination, usize)> = None;
        while self.is_open() {
            let may_come = match (self.dialogue, self.waiting.entries.front()) {
                (_, None) | (Dialogue::Leave, _) => false,
                (Dialogue::None, Some(entry)) => self.is_time_for(entry),
                (_, Some(entry)) if entry.is_message || !self.front.is_interactive() => {
                    self.is_time_for(entry)
                }
                _ => go_on,
            };
            let Some(entry) = may_come.then(|| self.waiting.entries.pop_front()).flatten() else {
                break;
            };
            go_on = true;
            let text = matches!(entry.read(), Typed::Text(text) if !text.trim().is_empty());
            let in_dialogue = self.dialogue != Dialogue::None && !entry.is_message;
            if text && !in_dialogue && self.is_over(&entry.to) {
                let count = dropped.filter(|(to, _)| *to == entry.to).map_or(0, |(_, n)| n);
                self.tell_dropped(dropped.take_if(|(to, _)| *to != entry.to));
                dropped = Some((entry.to, count + 1));
            } else {
                self.take_entry(entry, in_dialogue);
            }
        }
        self.tell_dropped(dropped);
    }

    fn tell_dropped(&mut self, dropped: Option<(Destination, usize)>) {
        if let Some((to, count)) = dropped {
            self.tell_over(count, &to);
        }
    }

    fn take_entry(&mut self, entry: Entry, in_dialogue: bool) {
        match (entry.is_message, entry.to) {
            (true, Destination::Dialogue(Dialogue::Text(target))) => self.say(target, &entry.line),
            (true, to) => self.take_text(&entry.line, to),
            (false, _) if in_dialogue => {
                self.take_typed(entry.line, Destination::Dialogue(self.dialogue));
            }
            (false, to) => self.take_typed(entry.line, to),
        }
    }

    fn is_time_for(&self, entry: &Entry) -> bool {
        let has_room = self.requests.has_room() && self.outbox.has_room();
        let is_awaited = self.front.is_interactive() || self.stage == Stage::Talking;
        let is_full = !entry.is_message && self.is_full_for(&entry.line);
        let is_early = self.is_opening() && entry.depends_on_chat();
        has_room && is_awaited && !is_full && !is_early
    }

    /// Whether the server has not answered yet what leads into a chat.
    pub(super) fn is_opening(&self) -> bool {
        self.requests.open_requests().any(Asked::leads_into_chat)
    }

    /// What leads into a chat did not: where lines wait for it, none of those that wait is taken.
    pub(super) fn drop_waiting_for_chat(&mut self) {
        if self.waiting.depends_on_chat() {
            self.drop_waiting();
        }
    }

    /// Takes none of the lines that wait, and shows them, up to where they may be passwords.
    pub(super) fn drop_waiting(&mut self) {
        let entries = std::mem::take(&mut self.waiting).entries;
        if entries.is_empty() {
            return;
        }
        let is_harmless = |entry: &&Entry| !matches!(entry.read(), Typed::Action(Action::Passwd));
        let shown: Vec<&Entry> = entries.iter().take_while(is_harmless).collect();
        for entry in &shown {
            self.show(Line::notice(safe!("not taken: {}", entry.line.as_str())));
        }
        if shown.len() < entries.len() {
            let count = entries.len() - shown.len();
            self.show(Line::notice(safe!("not taken: the {count} lines from /passwd on")));
        }
        self.show(Line::notice(safe!("lines that were not taken: {}", entries.len())));
    }

    /// How many lines wait, and for what.
    pub(super) fn waiting_lines(&self) -> Option<SafeText> {
        match self.waiting.len() {
            0 => None,
            count if self.is_opening() => {
                Some(safe!("lines that wait for the chat to be opened: {count}"))
            }
            count => Some(safe!("lines that wait: {count}")),
        }
    }

    /// Keeps a line that would ask the server for more than it may be asked at a time.
    pub(super) fn is_refused(&mut self, action: &Action, line: &str) -> bool {
        let asks = asks_server(action) && self.stage == Stage::Talking;
        if !asks || self.requests.has_room() {
            return false;
        }
        let count = self.requests.open_requests().count();
        self.show(Line::error(safe!("the server does not answer: {count} requests wait")));
        self.front.give_back(line);
        true
    }
}

/// Whether the server is asked for something at once. A message waits in its own queue.
fn asks_server(action: &Action) -> bool {
    match action {
        Action::Public
        | Action::Say { .. }
        | Action::Close
        | Action::Abort(_)
        | Action::Help(_)
        | Action::Leave => false,
        Action::Call(call) => call.asks_server(),
        _ => true,
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
        let mut waiting = Waiting::default();
        assert_eq!(waiting.behind(), None);
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
            waiting.push_typed(Password::new(line.into()), to).unwrap();
            to = waiting.behind().unwrap();
            assert_eq!(to, behind, "{line}");
        }
    }

    #[test]
    fn a_message_leads_nowhere_whatever_it_says() {
        let mut waiting = Waiting::default();
        waiting.push_message(Password::new("/open bob".into()), chat("carol")).unwrap();
        assert_eq!(waiting.behind(), Some(chat("carol")));
    }

    #[test]
    fn what_waits_for_a_transfer_holds_up_no_line_for_a_chat() {
        let mut waiting = Waiting::default();
        let line = |text: &str| Password::new(text.into());
        for get in ["/get a", "/get b"] {
            waiting.push_typed(line(get), Destination::Nowhere).unwrap();
        }
        assert_eq!(waiting.behind(), None);
        waiting.push_entered(line("/open bob"), Destination::Nowhere).unwrap();
        assert_eq!(waiting.behind(), Some(chat("bob")));
        waiting.push_entered(line("hello"), chat("bob")).unwrap();
        let lines: Vec<&str> = waiting.entries.iter().map(|entry| entry.line.as_str()).collect();
        assert_eq!(lines, ["/open bob", "hello", "/get a", "/get b"]);
        for n in 4..WAITING_MAX {
            waiting.push_entered(line(&n.to_string()), chat("bob")).unwrap();
        }
        assert!(waiting.push_entered(line("x"), chat("bob")).is_err());
        assert_eq!(waiting.len(), WAITING_MAX);
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut waiting = Waiting::default();
        let mut push = || waiting.push_typed(Password::new("x".into()), chat("bob"));
        (0..WAITING_MAX).for_each(|_| push().unwrap());
        assert_eq!(push().unwrap_err().as_str(), "x");
    }
}
