//! Lines that wait: pasted ones are taken one by one, and what is meant for a chat that is being
//! opened waits until it is.

use chatsrv::protocol::name::Target;

use super::{Client, Dialogue, Stage};
use crate::commands::{self, Action, Typed};
use crate::line::Line;
use crate::login::Password;
use crate::safe_text::{SafeText, safe};
use crate::session::Asked;

/// How many lines wait at most: some times what can be pasted at once.
const WAITING_MAX: usize = 1024;

impl Client {
    /// A line was typed.
    pub(super) fn take_entered(&mut self, line: Password) {
        let is_behind = self.is_opening() || !self.waiting.is_empty();
        // A script can't know when there is room again; a person is told.
        let waits = !self.front.is_interactive() && self.is_full_for(&line);
        if waits || self.dialogue == Dialogue::None && is_behind && self.depends_on_chat(&line) {
            self.keep_waiting([line]);
        } else {
            self.take_typed(line);
        }
    }

    /// Several lines at once: each is a message where a dialogue waits for one, else a line as
    /// if it had been typed.
    pub(super) fn take_pasted(&mut self, lines: Vec<String>) {
        if let Dialogue::Text(target) = self.dialogue {
            self.dialogue = Dialogue::None;
            return self.say_each(target, &lines);
        }
        let goes_on = self.waiting.is_empty();
        self.keep_waiting(lines.into_iter().map(Password::new));
        self.take_waiting(goes_on);
    }

    fn say_each(&mut self, target: Target, lines: &[String]) {
        for line in lines.iter().filter(|line| !line.trim().is_empty()) {
            self.say(target, line);
        }
    }

    fn keep_waiting(&mut self, lines: impl IntoIterator<Item = Password>) {
        for line in lines {
            if self.waiting.len() < WAITING_MAX {
                self.waiting.push_back(line);
            } else {
                let line = line.as_str();
                self.show(Line::error(safe!("not taken, too many lines wait: {line}")));
            }
        }
    }

    /// Takes the lines whose time has come. Where they `go_on` with a dialogue it is theirs;
    /// another one is the person's, and they wait for its end.
    pub(super) fn take_waiting(&mut self, mut go_on: bool) {
        while self.is_open() {
            let may_come = match (self.dialogue, self.waiting.front()) {
                (_, None) | (Dialogue::Leave, _) => false,
                (Dialogue::None, Some(line)) => self.is_time_for(line),
                (_, Some(line)) if !self.front.is_interactive() => self.is_time_for(line),
                _ => go_on,
            };
            if !may_come {
                return;
            }
            if let Some(line) = self.waiting.pop_front() {
                self.take_typed(line);
            }
            go_on = true;
        }
    }

    fn is_time_for(&self, line: &str) -> bool {
        let has_room = self.session.has_room() && self.outbox.has_room();
        let is_awaited = self.front.is_interactive() || self.stage == Stage::Talking;
        let has_room = has_room && is_awaited && !self.is_full_for(line);
        has_room && !(self.is_opening() && self.depends_on_chat(line))
    }

    /// Whether the server has not answered yet what leads into a chat.
    fn is_opening(&self) -> bool {
        self.session.open_requests().any(Asked::leads_into_chat)
    }

    /// Whether it matters for that line which chat is open.
    fn depends_on_chat(&self, line: &str) -> bool {
        match commands::read(line) {
            Typed::Text(text) => !text.trim().is_empty() && !self.direct.is_open(),
            Typed::Action(action) => {
                matches!(action, Action::Open(_) | Action::Close | Action::History(None, _))
            }
            Typed::Misused(_) | Typed::Unknown => false,
        }
    }

    /// Takes none of the lines that wait, and shows them, up to where they may be passwords.
    pub(super) fn drop_waiting(&mut self) {
        let lines = std::mem::take(&mut self.waiting);
        let is_harmless =
            |line: &&Password| !matches!(commands::read(line), Typed::Action(Action::Passwd));
        let shown: Vec<&Password> = lines.iter().take_while(is_harmless).collect();
        for line in &shown {
            self.show(Line::notice(safe!("not taken: {}", line.as_str())));
        }
        if shown.len() < lines.len() {
            let count = lines.len() - shown.len();
            self.show(Line::notice(safe!("not taken: the {count} lines from /passwd on")));
        }
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
        if !asks || self.session.has_room() {
            return false;
        }
        let count = self.session.open_requests().count();
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
