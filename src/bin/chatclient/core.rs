//! The state that all parts of the client share: the user interface, the open requests, and the
//! stage of the session.

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

/// The stage of the session with the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// A connection is being made.
    Connecting,
    /// The connection was lost; the time of the next attempt.
    Offline(Instant),
    /// Connected; the server's greeting is awaited.
    Greeting,
    /// Logging in; the question that the user is to answer, if there is one.
    Login(Option<Question>),
    /// Logged in.
    Talking,
    /// Logging out.
    Leaving,
}

/// The state that all parts of the client share.
pub struct Core {
    /// The user interface.
    pub ui: Box<dyn Ui>,
    /// The requests without a reply.
    pub requests: Requests,
    /// The words that the Tab key completes.
    pub completion: Vocabulary,
    /// The stage of the session.
    pub stage: Stage,
    /// The user who is logged in, or was last; `None` before the first login.
    pub name: Option<UserName>,
    /// The last account of the list of accounts under way.
    pub last_account: Option<UserName>,
    /// The requests of the login that wait until the user has chosen a password of their own.
    pub put_off: Vec<Asked>,
    /// True if the client does one job of the command line instead of reading lines.
    pub has_job: bool,
    /// True if an error was shown.
    pub failed: bool,
    /// The error of an attempt to write output.
    pub unwritten: Option<io::Error>,
}

impl Core {
    /// Creates the state before the first connection.
    pub fn new(ui: Box<dyn Ui>, has_job: bool) -> Self {
        Core {
            ui,
            requests: Requests::default(),
            completion: Vocabulary::default(),
            stage: Stage::Connecting,
            name: None,
            last_account: None,
            put_off: Vec::new(),
            has_job,
            failed: false,
            unwritten: None,
        }
    }

    /// Returns true if a user at a terminal sees what happens, and can leave.
    pub fn has_person(&self) -> bool {
        self.ui.is_interactive() && !self.has_job
    }

    /// Returns true if the client is logged in, so that requests can be sent.
    pub fn is_online(&self) -> bool {
        self.stage == Stage::Talking
    }

    /// Returns true if lines are read: from the first login on, also while offline, but not while a
    /// login asks a question.
    pub fn is_open(&self) -> bool {
        match self.stage {
            Stage::Talking => true,
            Stage::Login(Some(_)) | Stage::Leaving => false,
            Stage::Connecting | Stage::Offline(_) | Stage::Greeting | Stage::Login(None) => {
                self.name.is_some()
            }
        }
    }

    /// The name of this user, empty before the first login.
    pub fn own_name(&self) -> &str {
        self.name.as_ref().map_or("", UserName::as_str)
    }

    /// Shows a line, and notes if it is an error.
    pub fn show(&mut self, line: Line) {
        self.failed |= line.kind == LineKind::Error;
        self.ui.show(&line);
    }

    /// Shows several lines.
    pub fn show_all(&mut self, lines: impl IntoIterator<Item = Line>) {
        lines.into_iter().for_each(|line| self.show(line));
    }

    /// Sends a request to the server, or shows an error if the client is offline.
    pub fn ask(&mut self, asked: Asked, verb: Verb, words: impl fmt::Display) {
        if !self.is_online() {
            return self.show_offline();
        }
        match Outgoing::command(verb, words) {
            Ok(line) => self.requests.ask(asked, line),
            Err(error) => self.show(Line::error(SafeText::new(error))),
        }
    }

    /// Shows an error, since the client is offline.
    pub fn show_offline(&mut self) {
        self.show(Line::error(safe!("offline: that has to wait until the server is back")));
    }

    /// Writes all lines that were shown; returns true if that succeeded. The client ends if it did
    /// not, since nobody has seen them.
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
