//! The client's loop: it waits in one place for the person, the server, the files' threads and
//! signals, and lets each run its course.
//!
//! [`parts`] has the parts of the client side by side, and the other files here are what goes from
//! one to another: [`answers`] takes what the server sends, [`typed`] what the person types, which
//! [`execute`] does; [`connect`] goes to the server and back to it, [`leaving`] away from it.

mod answers;
mod conclude;
mod connect;
mod execute;
mod groups;
mod leaving;
mod parts;
mod poll;
mod prompt;
mod typed;

use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use chatsrv::tls_client::TlsConnector;

use crate::calls::direct_chats::DirectChats;
use crate::conversations::Conversations;
use crate::conversations::outbox::Outbox;
use crate::core::Core;
use crate::ending::{Conclusion, Ending};
use crate::input::InputState;
use crate::link::Link;
use crate::link::connection::Server;
use crate::link::login::{Credentials, Login};
use crate::signals::{Postponed, SignalPipe};
use crate::transfers::Transfers;
use crate::transfers::accept::Accept;
use crate::ui::interface::Ui;
use crate::ui::one_job::Job;
use parts::Parts;
use poll::{Ready, Signals};

/// How many chunks are written before the person and the server have their turn.
const CHUNKS_PER_TURN: usize = 8;

/// What is known before the start.
pub struct Start {
    /// Where the server is.
    pub server: Server,
    /// Whom to trust there, where the connection is to be encrypted.
    pub tls: Option<TlsConnector>,
    /// Who logs in.
    pub credentials: Credentials,
    /// What to do after the login, instead of taking lines.
    pub job: Option<Job>,
    /// For how long to try again after a lost connection.
    pub patience: Option<Duration>,
    /// Where files go.
    pub downloads: PathBuf,
    /// What is done with files that people send.
    pub accept: Accept,
}

/// The client: its parts, and the signals that it waits for.
pub struct Client {
    parts: Parts,
    signals: Signals,
}

impl Client {
    /// A client that shows and takes lines through `ui`.
    ///
    /// # Errors
    /// Where the process has no file descriptor left.
    pub fn new(start: Start, ui: Box<dyn Ui>) -> io::Result<Self> {
        let core = Core::new(ui, start.job.is_some());
        let has_person = core.has_person();
        let is_operator = start.server.is_socket();
        let login = match is_operator {
            true => Login::operator(),
            false => Login::new(start.credentials),
        };
        let of_scripts = (!has_person).then_some(leaving::PATIENCE_OF_SCRIPTS);
        let patience = start.patience.or(of_scripts);
        let parts = Parts {
            core,
            link: Link::new(start.server, start.tls, patience)?,
            login,
            conversations: Conversations::new(has_person && is_operator),
            outbox: Outbox::new().map_err(|error| io::Error::other(error.to_string()))?,
            input: InputState::default(),
            transfers: Transfers::new(start.downloads, start.accept)?,
            calls: DirectChats::default(),
            job: start.job,
            was_shut_down: false,
        };
        Ok(Client { parts, signals: Signals::catch(has_person)? })
    }

    /// Runs until the person leaves or the server is gone.
    pub fn run(mut self) -> Conclusion {
        let ending = match connect::connect(&mut self.parts) {
            Ok(()) => loop {
                let turned = self.turn();
                let recovered = turned.or_else(|ending| connect::recover(&mut self.parts, ending));
                if let Err(ending) = recovered {
                    break ending;
                }
            },
            Err(ending) => ending,
        };
        conclude::conclude(&mut self.parts, ending)
    }

    fn turn(&mut self) -> Result<(), Ending> {
        self.go_on()?;
        self.send()?;
        connect::limit_silence(&mut self.parts);
        self.draw().map_err(Ending::Ui)?;
        let ready = poll::poll(&self.parts, &self.signals)?;
        self.take(ready)
    }

    /// Does what can be done before anything new comes.
    fn go_on(&mut self) -> Result<(), Ending> {
        let parts = &mut self.parts;
        parts.transfers.start_wanted(&mut parts.core);
        typed::take_input(parts)?;
        parts.conversations.mark(false, &mut parts.core);
        parts.calls.stay_up(&mut parts.core);
        leaving::leave_when_done(parts);
        parts.core.unwritten.take().map_or(Ok(()), Err).map_err(Ending::Ui)
    }

    /// Hands what was asked to the connection, and writes what the kernel takes.
    fn send(&mut self) -> Result<(), Ending> {
        let Parts { core, link, outbox, .. } = &mut self.parts;
        if core.is_online() {
            outbox.send(&mut core.requests, Instant::now(), false);
        }
        let written = link.write(&core.requests.take_outgoing());
        self.check_written(written)?;
        self.send_chunks()
    }

    /// Writes what the connection takes of the files that are sent.
    fn send_chunks(&mut self) -> Result<(), Ending> {
        for _ in 0..CHUNKS_PER_TURN {
            let Parts { core, link, transfers, .. } = &mut self.parts;
            let uploads = &mut transfers.uploads;
            let Some(output) = link.chunk_output().filter(|_| uploads.has_chunk()) else {
                return Ok(());
            };
            let failure = uploads.write_chunk(output, &mut core.requests);
            link.end_silence();
            core.show_all(failure);
            let written = link.write(&[]);
            self.check_written(written)?;
        }
        Ok(())
    }

    /// The ending, where the connection can't be written. It may still hold the server's last word,
    /// which is read before the connection is given up.
    fn check_written(&mut self, written: io::Result<()>) -> Result<(), Ending> {
        if let Err(error) = written {
            answers::receive(&mut self.parts)?;
            return Err(answers::lost(&self.parts, error));
        }
        Ok(())
    }

    /// Shows how things are.
    fn draw(&mut self) -> io::Result<()> {
        let parts = &mut self.parts;
        parts.transfers.show_progress(&mut parts.core);
        let status = prompt::status(parts, Instant::now());
        parts.core.ui.set_status(status);
        let prompt = prompt::prompt(parts);
        parts.core.ui.set_prompt(prompt);
        parts.core.ui.flush()
    }

    /// Takes what has come.
    fn take(&mut self, ready: Ready) -> Result<(), Ending> {
        let Client { parts, signals } = self;
        // What was typed was typed at the prompt that stands there, before all else happens.
        if ready.person {
            parts.core.ui.read().map_err(Ending::Ui)?;
            typed::take_input(parts)?;
        }
        if ready.changed && signals.change.as_mut().is_some_and(SignalPipe::take) {
            parts.core.ui.changed().map_err(Ending::Ui)?;
        }
        if ready.ended {
            return Err(Ending::Left);
        }
        if ready.signalled {
            self.obey().map_err(Ending::Ui)?;
        }
        let parts = &mut self.parts;
        if ready.jobs {
            let lines = parts.transfers.jobs_done(&mut parts.core.requests);
            parts.core.show_all(lines);
        }
        if ready.connection {
            connect::take_connection(parts)?;
        }
        // The greeting may have come with the end of a handshake: the socket would not tell.
        if ready.server || ready.connection {
            answers::receive(parts)?;
        }
        if ready.direct || parts.calls.is_due() {
            parts.calls.take_calls(&mut parts.core);
        }
        if parts.link.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            connect::overdue(parts)?;
        }
        Ok(())
    }

    /// Does what a signal does, but gives the terminal back before.
    fn obey(&mut self) -> io::Result<()> {
        let Some(signal) = self.signals.postponed.as_mut().and_then(Postponed::take) else {
            return Ok(());
        };
        self.parts.core.ui.release();
        signal.obey()?;
        self.parts.core.ui.changed()
    }
}
