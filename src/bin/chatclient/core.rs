//! What every part of the client works with: the person's side, what the server was asked, and how
//! far the session is.

use std::fmt;
use std::io;
use std::time::Instant;

use chatsrv::chat::name::UserName;
use chatsrv::display::line::{Line, LineKind};
use chatsrv::display::safe_text::{SafeText, safe};
use chatsrv::protocol::native::outgoing::Outgoing;
use chatsrv::protocol::native::verb::Verb;

use crate::link::login::Question;
use crate::requests::{Asked, Requests};
use crate::ui::completion::Vocabulary;
use crate::ui::interface::Ui;

/// How far the session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The server is being looked for.
    Connecting,
    /// The connection was lost; when the next one is tried.
    Offline(Instant),
    /// The server has not greeted.
    Greeting,
    /// Logging in; the question that the person is to answer.
    Login(Option<Question>),
    /// Logged in.
    Talking,
    /// The server was told goodbye.
    Leaving,
}

/// The person's side, the requests and the session: what no part has for itself.
pub struct Core {
    /// The person's side.
    pub ui: Box<dyn Ui>,
    /// What the server was asked.
    pub requests: Requests,
    /// What the Tab key completes with.
    pub completion: Vocabulary,
    /// How far the session is.
    pub stage: Stage,
    /// Who is logged in, or was at last; none before the first login.
    pub name: Option<UserName>,
    /// Whether one job of the command line is done, instead of taking lines.
    pub has_job: bool,
    /// Whether something that was asked for failed.
    pub failed: bool,
    /// Why what was shown could not be written.
    pub unwritten: Option<io::Error>,
}

impl Core {
    /// Before there is a connection.
    pub fn new(ui: Box<dyn Ui>, has_job: bool) -> Self {
        Core {
            ui,
            requests: Requests::default(),
            completion: Vocabulary::default(),
            stage: Stage::Connecting,
            name: None,
            has_job,
            failed: false,
            unwritten: None,
        }
    }

    /// Whether a person is there who sees what happens, and may leave.
    pub fn has_person(&self) -> bool {
        self.ui.is_interactive() && !self.has_job
    }

    /// Whether the server can be asked for something.
    pub fn is_online(&self) -> bool {
        self.stage == Stage::Talking
    }

    /// Whether lines can be typed: from the first login on, unless the login asks something.
    pub fn is_open(&self) -> bool {
        match self.stage {
            Stage::Talking => true,
            Stage::Login(Some(_)) | Stage::Leaving => false,
            Stage::Connecting | Stage::Offline(_) | Stage::Greeting | Stage::Login(None) => {
                self.name.is_some()
            }
        }
    }

    /// One's own name, as it is shown.
    pub fn own_name(&self) -> &str {
        self.name.as_ref().map_or("", UserName::as_str)
    }

    /// Shows a line.
    pub fn show(&mut self, line: Line) {
        self.failed |= line.kind == LineKind::Error;
        self.ui.show(&line);
    }

    /// Shows some lines.
    pub fn show_all(&mut self, lines: impl IntoIterator<Item = Line>) {
        lines.into_iter().for_each(|line| self.show(line));
    }

    /// Asks the server for something; says so where it can't be asked now.
    pub fn ask(&mut self, asked: Asked, verb: Verb, words: impl fmt::Display) {
        if !self.is_online() {
            return self.show_offline();
        }
        match Outgoing::command(verb, words) {
            Ok(line) => self.requests.ask(asked, line),
            Err(error) => self.show(Line::error(SafeText::new(error))),
        }
    }

    /// Says that the server can't be asked now.
    pub fn show_offline(&mut self) {
        self.show(Line::error(safe!("offline: that has to wait until the server is back")));
    }

    /// Whether all that was shown is written. Where it can't be, nobody has seen it, and the client
    /// ends.
    pub fn is_written(&mut self) -> bool {
        match self.ui.write_shown() {
            Ok(()) => self.unwritten.is_none(),
            Err(error) => {
                self.unwritten.get_or_insert(error);
                false
            }
        }
    }
}
