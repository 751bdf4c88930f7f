//! The client's loop: it waits in one place for the person, the server, the files' threads and
//! signals, and lets each run its course.

mod act;
mod administer;
mod arrive;
mod console;
mod direct;
mod ending;
mod files;
mod group;
mod passwd;
mod prompt;
mod reading;
mod receive;
mod wait;
mod waiting;

pub use ending::Conclusion;

use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use chatsrv::chat::name::UserName;
use chatsrv::display::line::{Kind, Line};
use chatsrv::display::safe_text::{SafeText, safe};
use chatsrv::protocol::native::SERVER_LINE_BYTES_MAX;
use chatsrv::protocol::native::frame::FrameBuffer;
use chatsrv::protocol::native::outgoing::Outgoing;
use chatsrv::protocol::native::verb::Verb;
use chatsrv::tls_client::TlsConnector;

use crate::conversations::outbox::Outbox;
use crate::input::destination::Dialogue;
use crate::jobs::Jobs;
use crate::link::backoff::Backoff;
use crate::link::connection::{ConnectError, Connection, READ_BYTES, Server};
use crate::link::login::{Credentials, Login, Question};
use crate::options::Accept;
use crate::requests::{Asked, Requests};
use crate::signals::{Postponed, SignalPipe};
use crate::transfers::Transfers;
use crate::ui::completion::Vocabulary;
use crate::ui::interface::Ui;
use console::Console;
use direct::Direct;
use ending::Ending;
use passwd::Passwords;
use reading::Reading;
use waiting::Waiting;

/// How often it is told how far the transfers and the connection are.
const PROGRESS_PERIOD: Duration = Duration::from_millis(250);
/// How long the server may take to say goodbye.
const GOODBYE_TIMEOUT: Duration = Duration::from_secs(3);

/// For how long a script tries again after a lost connection.
const PATIENCE_OF_SCRIPTS: Duration = Duration::from_secs(30);

/// How far the session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
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

/// What is known before the start.
pub struct Start {
    /// Where the server is.
    pub server: Server,
    /// Whom to trust there, where the connection is to be encrypted.
    pub tls: Option<TlsConnector>,
    /// Who logs in.
    pub credentials: Credentials,
    /// What to do after the login, instead of taking lines.
    pub job: Option<crate::ui::one_job::Job>,
    /// For how long to try again after a lost connection.
    pub patience: Option<Duration>,
    /// Where files go.
    pub downloads: PathBuf,
    /// What is done with files that people send.
    pub accept: Accept,
}

/// The client.
pub struct Client {
    server: Server,
    tls: Option<TlsConnector>,
    front: Box<dyn Ui>,
    connection: Option<Connection>,
    frames: FrameBuffer,
    read_buffer: Vec<u8>,
    /// The search for the server.
    connecting: Jobs<Result<Connection, ConnectError>>,
    backoff: Backoff,
    /// For how long to try again after a lost connection; none is for ever.
    patience: Option<Duration>,
    lost_since: Option<Instant>,
    online_since: Option<Instant>,
    requests: Requests,
    outbox: Outbox,
    stage: Stage,
    login: Login,
    /// Whether the server refused a password.
    refused: bool,
    name: Option<UserName>,
    job: Option<crate::ui::one_job::Job>,
    dialogue: Dialogue,
    passwords: Passwords,
    /// Lines that were pasted or typed, and whose time has not come.
    waiting: Waiting,
    reading: Reading,
    transfers: Transfers,
    direct: Direct,
    /// What the operator sees instead of every message.
    console: Option<Console>,
    /// Where files go.
    downloads: PathBuf,
    accept: Accept,
    /// When it was last told how far the transfers are.
    progress_shown: Option<Instant>,
    words: Vocabulary,
    /// Whether the Tab key's words are to be kept.
    completes: bool,
    /// Whether something that was asked for failed.
    failed: bool,
    input_ended: bool,
    /// Why what was shown could not be written.
    unwritten: Option<io::Error>,
    /// Whether the server was told to stop, and said that it does.
    was_shut_down: bool,
    /// When the server has taken too long.
    deadline: Option<Instant>,
    /// Since when nothing has come or gone although something is awaited, as far as that matters.
    heard: Option<Instant>,
    change: Option<SignalPipe>,
    end: Option<SignalPipe>,
    postponed: Option<Postponed>,
}

impl Client {
    /// A client that shows and takes lines through `front`.
    ///
    /// # Errors
    /// Where the process has no file descriptor left.
    pub fn new(start: Start, front: Box<dyn Ui>) -> io::Result<Self> {
        let completes = front.is_interactive() && start.job.is_none();
        let is_operator = start.server.is_socket();
        let login = match is_operator {
            true => Login::operator(),
            false => Login::new(start.credentials),
        };
        Ok(Client {
            server: start.server,
            tls: start.tls,
            connection: None,
            frames: FrameBuffer::new(SERVER_LINE_BYTES_MAX),
            read_buffer: vec![0; READ_BYTES],
            connecting: Jobs::new()?,
            backoff: Backoff::default(),
            patience: start.patience.or((!completes).then_some(PATIENCE_OF_SCRIPTS)),
            lost_since: None,
            online_since: None,
            requests: Requests::default(),
            outbox: Outbox::new().map_err(|error| io::Error::other(error.to_string()))?,
            stage: Stage::Connecting,
            login,
            refused: false,
            name: None,
            job: start.job,
            dialogue: Dialogue::None,
            passwords: Passwords::default(),
            waiting: Waiting::default(),
            reading: Reading::default(),
            transfers: Transfers::new()?,
            direct: Direct::default(),
            console: (completes && is_operator).then(Console::default),
            downloads: start.downloads,
            accept: start.accept,
            progress_shown: None,
            words: Vocabulary::default(),
            completes,
            failed: false,
            input_ended: false,
            unwritten: None,
            was_shut_down: false,
            deadline: None,
            heard: None,
            change: completes.then(SignalPipe::change).transpose()?,
            end: completes.then(SignalPipe::end).transpose()?,
            postponed: completes.then(|| Postponed::catch(true)).transpose()?,
            front,
        })
    }

    /// Runs until the person leaves or the server is gone.
    pub fn run(mut self) -> Conclusion {
        let ending = match self.connect() {
            Ok(()) => loop {
                if let Err(ending) = self.turn().or_else(|ending| self.recover(ending)) {
                    break ending;
                }
            },
            Err(ending) => ending,
        };
        self.conclude(ending)
    }

    fn turn(&mut self) -> Result<(), Ending> {
        self.start_wanted();
        self.take_input()?;
        self.mark(false);
        self.stay_up();
        self.leave_when_done()?;
        self.unwritten.take().map_or(Ok(()), Err).map_err(Ending::Front)?;
        self.send()?;
        self.limit_silence();
        self.show_progress();
        let status = self.status(Instant::now());
        self.front.set_status(status);
        let prompt = self.prompt();
        self.front.set_prompt(prompt);
        self.front.flush().map_err(Ending::Front)?;
        let ready = self.wait()?;
        // What was typed was typed at the prompt that stands there, before all else happens.
        if ready.person {
            self.front.read().map_err(Ending::Front)?;
            self.take_input()?;
        }
        if ready.changed && self.change.as_mut().is_some_and(SignalPipe::take) {
            self.front.changed().map_err(Ending::Front)?;
        }
        if ready.ended {
            return Err(Ending::Left);
        }
        if ready.signalled {
            self.obey().map_err(Ending::Front)?;
        }
        if ready.jobs {
            let lines = self.transfers.jobs_done(&mut self.requests);
            self.show_all(lines);
        }
        if ready.connection {
            self.take_connection()?;
        }
        if ready.server {
            self.receive()?;
        }
        if ready.direct || self.direct.is_due() {
            self.take_calls();
        }
        if self.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            self.overdue()?;
        }
        Ok(())
    }

    /// Does what a signal does, but gives the terminal back before.
    fn obey(&mut self) -> io::Result<()> {
        let Some(signal) = self.postponed.as_mut().and_then(Postponed::take) else {
            return Ok(());
        };
        self.front.release();
        signal.obey()?;
        self.front.changed()
    }

    /// Tells how far the transfers are, at most once a period: chunks arrive far more often.
    fn show_progress(&mut self) {
        let now = Instant::now();
        let is_due = |shown: Instant| now.duration_since(shown) >= PROGRESS_PERIOD;
        if self.transfers.is_idle() {
            self.front.show_progress(&[]);
            self.progress_shown = None;
        } else if self.progress_shown.is_none_or(is_due) {
            self.front.show_progress(&self.transfers.progress(now));
            self.progress_shown = Some(now);
        }
    }

    /// Hands what was asked to the connection, and writes what the kernel takes.
    fn send(&mut self) -> Result<(), Ending> {
        if self.stage == Stage::Talking {
            self.outbox.send(&mut self.requests, Instant::now(), false);
        }
        let lines = self.requests.take_outgoing();
        let Some(connection) = &mut self.connection else {
            return Ok(());
        };
        lines.iter().for_each(|line| connection.send(line));
        self.flush_connection()?;
        self.send_chunks()
    }

    fn flush_connection(&mut self) -> Result<(), Ending> {
        let Some(connection) = &mut self.connection else {
            return Ok(());
        };
        // A connection that can't be written may still hold the server's last word: it is read
        // before the connection is given up.
        if let Err(error) = connection.flush() {
            self.receive()?;
            return Err(self.lost(error));
        }
        Ok(())
    }

    /// A script ends when all its lines are answered and all its files are where they belong.
    fn leave_when_done(&mut self) -> Result<(), Ending> {
        let done = self.stage == Stage::Talking
            && (self.input_ended || self.job.is_some())
            && self.is_idle()
            && self.transfers.is_idle();
        if done {
            if matches!(self.dialogue, Dialogue::User | Dialogue::Text(_) | Dialogue::Password(_)) {
                self.show(Line::error(safe!("the input ended in the middle of a message")));
            }
            self.leave();
        }
        Ok(())
    }

    /// Whether everything is answered.
    fn is_idle(&self) -> bool {
        self.requests.is_idle()
            && self.outbox.is_empty()
            && self.reading.is_idle()
            && !self.direct.is_calling()
            && self.waiting.is_empty()
    }

    /// Asks the server something that the person did not type.
    fn ask(&mut self, asked: Asked, verb: Verb, words: impl std::fmt::Display) {
        if self.stage != Stage::Talking {
            return self.show_offline();
        }
        match Outgoing::command(verb, words) {
            Ok(line) => self.requests.ask(asked, line),
            Err(error) => self.show(Line::error(SafeText::new(error))),
        }
    }

    fn show_offline(&mut self) {
        self.show(Line::error(safe!("offline: that has to wait until the server is back")));
    }

    /// Whether lines can be typed: from the first login on, unless the login asks something.
    fn is_open(&self) -> bool {
        match self.stage {
            Stage::Talking => true,
            Stage::Login(Some(_)) | Stage::Leaving => false,
            Stage::Connecting | Stage::Offline(_) | Stage::Greeting | Stage::Login(None) => {
                self.name.is_some()
            }
        }
    }

    fn show(&mut self, line: Line) {
        self.failed |= line.kind == Kind::Error;
        self.front.show(&line);
    }

    fn show_all(&mut self, lines: impl IntoIterator<Item = Line>) {
        lines.into_iter().for_each(|line| self.show(line));
    }
}
