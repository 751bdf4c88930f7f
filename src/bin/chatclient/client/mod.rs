//! The client's main loop: it waits with one poll(2) for the user, the server, direct chats, the
//! threads of transfers and signals, and handles each event.
//!
//! [`parts`] holds the parts of the client, which do not know each other; the other files here pass
//! events between them. [`answers`] handles what the server sends, and [`notices`] what it tells
//! without being asked; [`typed`] handles what the user types, and [`execute`] the commands;
//! [`connect`] connects and logs in, [`leaving`] logs out.

mod answers;
mod conclude;
mod connect;
mod execute;
mod given_password;
mod groups;
mod leaving;
mod moderation;
mod notices;
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

/// The largest number of chunks of uploads written in a turn, so that the user and the server do
/// not wait.
const CHUNKS_PER_TURN: usize = 8;

/// The configuration of a client.
pub struct Start {
    /// The address of the server.
    pub server: Server,
    /// The TLS configuration; `None` for a connection without TLS.
    pub tls: Option<TlsConnector>,
    /// The user name and the password, as far as they are known.
    pub credentials: Credentials,
    /// The job to do after the login, instead of reading lines.
    pub job: Option<Job>,
    /// How long to try to connect again after a connection was lost.
    pub patience: Option<Duration>,
    /// The folder for downloads.
    pub downloads: PathBuf,
    /// The policy for files that others send.
    pub accept: Accept,
}

/// The client: its parts, and the signals that it catches.
pub struct Client {
    parts: Parts,
    signals: Signals,
}

impl Client {
    /// Creates a client with the user interface `ui`.
    ///
    /// # Errors
    /// If the process has no file descriptor left.
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
            transfers: Transfers::new(start.downloads, start.accept.asking(has_person))?,
            calls: DirectChats::default(),
            job: start.job,
            was_shut_down: false,
        };
        Ok(Client { parts, signals: Signals::catch(has_person)? })
    }

    /// Runs the loop until the user leaves or the server is gone for good.
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

    /// Does everything that can be done without a new event.
    fn go_on(&mut self) -> Result<(), Ending> {
        let parts = &mut self.parts;
        parts.transfers.start_wanted(&mut parts.core);
        typed::take_input(parts)?;
        parts.conversations.mark(false, &mut parts.core);
        parts.calls.stay_up(&mut parts.core);
        leaving::leave_when_done(parts);
        parts.core.unwritten.take().map_or(Ok(()), Err).map_err(Ending::Ui)
    }

    /// Hands the requests to the connection, and writes as much as the socket takes.
    fn send(&mut self) -> Result<(), Ending> {
        let Parts { core, link, outbox, .. } = &mut self.parts;
        if core.is_online() {
            outbox.send(&mut core.requests, Instant::now(), false);
        }
        let written = link.write(&core.requests.take_outgoing());
        self.check_written(written)?;
        self.send_chunks()
    }

    /// Writes chunks of uploads, as many as the connection takes.
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

    /// Returns the ending if a write has failed. Input may still hold the reason for which the
    /// server closed the connection, so it is read before.
    fn check_written(&mut self, written: io::Result<()>) -> Result<(), Ending> {
        if let Err(error) = written {
            answers::receive(&mut self.parts)?;
            return Err(answers::lost(&self.parts, error));
        }
        Ok(())
    }

    /// Draws the status and the prompt.
    fn draw(&mut self) -> io::Result<()> {
        let parts = &mut self.parts;
        parts.transfers.show_progress(&mut parts.core);
        let status = prompt::status(parts, Instant::now());
        parts.core.ui.set_status(status);
        let prompt = prompt::prompt(parts);
        parts.core.ui.set_prompt(prompt);
        parts.core.ui.flush()
    }

    /// Handles the events that poll(2) has reported.
    fn take(&mut self, ready: Ready) -> Result<(), Ending> {
        let Client { parts, signals } = self;
        // First of all, since lines were typed at the prompt that is shown now.
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
        // The greeting may have been read with the end of a TLS handshake; poll(2) would not report
        // it.
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

    /// Carries out a postponed signal, with the terminal's settings restored before.
    fn obey(&mut self) -> io::Result<()> {
        let Some(signal) = self.signals.postponed.as_mut().and_then(Postponed::take) else {
            return Ok(());
        };
        self.parts.core.ui.release();
        signal.obey()?;
        self.parts.core.ui.changed()
    }
}
