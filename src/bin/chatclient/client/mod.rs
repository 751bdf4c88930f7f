//! The client's loop: it waits in one place for the person, the server, the files' threads and
//! signals, and lets each run its course.

mod act;
mod receive;
mod wait;

use std::io;
use std::time::{Duration, Instant};

use chatsrv::protocol::SERVER_LINE_BYTES_MAX;
use chatsrv::protocol::frame::FrameBuffer;
use chatsrv::protocol::name::{Number, Target, UserName};
use chatsrv::protocol::verb::Verb;

use crate::connection::{ConnectError, Connection, READ_BYTES, Server};
use crate::exit::Exit;
use crate::front::{Front, Prompt};
use crate::line::{Kind, Line};
use crate::login::{Credentials, Login, Question, Step};
use crate::safe_text::{SafeText, safe};
use crate::session::{Asked, Session};
use crate::signals::SignalPipe;
use crate::transfers::Transfers;
use crate::vocabulary::Vocabulary;
use crate::wire::Outgoing;

/// How long the server may take to greet.
const GREETING_TIMEOUT: Duration = Duration::from_secs(20);
/// How often it is told how far the downloads are.
const PROGRESS_PERIOD: Duration = Duration::from_millis(250);
/// How long the server may take to say goodbye.
const GOODBYE_TIMEOUT: Duration = Duration::from_secs(3);

/// Why the client ends.
#[derive(Debug)]
enum Ending {
    /// It logged out, or was told to end.
    Left,
    /// There is no server.
    NoServer(SafeText),
    /// Something else than this server, or another version of it, answers there.
    NotChatsrv(SafeText),
    /// The server closed the connection and said why.
    Closed(SafeText),
    /// The connection broke.
    Lost(SafeText),
    /// The login failed.
    LoginFailed(SafeText),
    /// The person's side broke.
    Front(io::Error),
}

/// How far the session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The server has not greeted.
    Greeting,
    /// Logging in; the question that the person is to answer.
    Login(Option<Question>),
    /// Logged in.
    Talking,
    /// The server was told goodbye.
    Leaving,
}

/// A message or a decision that is put together step by step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dialogue {
    /// None.
    None,
    /// Waits for whom a direct message is.
    User,
    /// Waits for the message to this target.
    Text(Target),
    /// Waits for whether to leave.
    Leave,
}

/// What is known before the start.
pub struct Start {
    /// Where the server is.
    pub server: Server,
    /// Who logs in.
    pub credentials: Credentials,
    /// What to do after the login, instead of taking lines.
    pub job: Option<crate::one_job::Job>,
}

/// The client.
pub struct Client {
    server: Server,
    front: Box<dyn Front>,
    connection: Option<Connection>,
    frames: FrameBuffer,
    read_buffer: Vec<u8>,
    session: Session,
    stage: Stage,
    login: Login,
    /// Whether the server refused a password.
    refused: bool,
    name: Option<UserName>,
    job: Option<crate::one_job::Job>,
    dialogue: Dialogue,
    transfers: Transfers,
    /// When it was last told how far the downloads are.
    progress_shown: Option<Instant>,
    words: Vocabulary,
    /// Whether the Tab key's words are to be kept.
    completes: bool,
    /// Whether something that was asked for failed.
    failed: bool,
    input_ended: bool,
    /// When the server has taken too long.
    deadline: Option<Instant>,
    change: Option<SignalPipe>,
    end: Option<SignalPipe>,
}

impl Client {
    /// A client that shows and takes lines through `front`.
    ///
    /// # Errors
    /// Where the process has no file descriptor left.
    pub fn new(start: Start, front: Box<dyn Front>) -> io::Result<Self> {
        let completes = front.is_interactive() && start.job.is_none();
        Ok(Client {
            server: start.server,
            connection: None,
            frames: FrameBuffer::new(SERVER_LINE_BYTES_MAX),
            read_buffer: vec![0; READ_BYTES],
            session: Session::default(),
            stage: Stage::Greeting,
            login: Login::new(start.credentials),
            refused: false,
            name: None,
            job: start.job,
            dialogue: Dialogue::None,
            transfers: Transfers::new()?,
            progress_shown: None,
            words: Vocabulary::default(),
            completes,
            failed: false,
            input_ended: false,
            deadline: None,
            change: completes.then(SignalPipe::change).transpose()?,
            end: completes.then(SignalPipe::end).transpose()?,
            front,
        })
    }

    /// Runs until the person leaves or the server is gone.
    pub fn run(mut self) -> Exit {
        let ending = match self.connect() {
            Ok(()) => loop {
                if let Err(ending) = self.turn() {
                    break ending;
                }
            },
            Err(ending) => ending,
        };
        let exit = self.conclude(ending);
        // Whoever reads is gone where this fails; the exit code still tells.
        let _ = self.front.flush();
        exit
    }

    fn turn(&mut self) -> Result<(), Ending> {
        self.take_input()?;
        self.leave_when_done()?;
        self.send()?;
        self.show_progress();
        let prompt = self.prompt();
        self.front.set_prompt(prompt);
        self.front.flush().map_err(Ending::Front)?;
        let ready = self.wait()?;
        if ready.changed && self.change.as_mut().is_some_and(SignalPipe::take) {
            self.front.changed().map_err(Ending::Front)?;
        }
        if ready.ended {
            return Err(Ending::Left);
        }
        if ready.jobs {
            let lines = self.transfers.jobs_done(&mut self.session);
            self.show_all(lines);
        }
        if ready.server {
            self.receive()?;
        }
        if ready.person {
            self.front.read().map_err(Ending::Front)?;
        }
        if self.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Err(match self.stage {
                Stage::Leaving => Ending::Left,
                _ => Ending::NotChatsrv(safe!("no greeting came from {}", self.server)),
            });
        }
        Ok(())
    }

    /// Tells how far the downloads are, at most once a period: chunks arrive far more often.
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

    fn connect(&mut self) -> Result<(), Ending> {
        let connection = Connection::open(&self.server).map_err(|error| match error {
            ConnectError::NoHost(error) => {
                Ending::NoServer(safe!("no such host: {} ({error})", self.server.host))
            }
            ConnectError::NoServer(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                Ending::NoServer(safe!("no server there: {}", self.server))
            }
            ConnectError::NoServer(error) => {
                Ending::NoServer(safe!("no server there: {} ({error})", self.server))
            }
        })?;
        self.connection = Some(connection);
        self.frames = FrameBuffer::new(SERVER_LINE_BYTES_MAX);
        self.session = Session::default();
        self.stage = Stage::Greeting;
        self.deadline = Some(Instant::now() + GREETING_TIMEOUT);
        Ok(())
    }

    /// Hands what was asked to the connection, and writes what the kernel takes.
    fn send(&mut self) -> Result<(), Ending> {
        let lines = self.session.take_outgoing();
        let Some(connection) = &mut self.connection else {
            return Ok(());
        };
        lines.iter().for_each(|line| connection.send(line));
        // A connection that can't be written may still hold the server's last word: it is read
        // before the connection is given up.
        if let Err(error) = connection.flush() {
            self.receive()?;
            return Err(self.lost(error));
        }
        Ok(())
    }

    /// A script ends when all its lines are answered and all its downloads are here.
    fn leave_when_done(&mut self) -> Result<(), Ending> {
        let done = self.stage == Stage::Talking
            && (self.input_ended || self.job.is_some())
            && self.session.is_idle()
            && self.transfers.is_idle();
        if done {
            if matches!(self.dialogue, Dialogue::User | Dialogue::Text(_)) {
                self.show(Line::error(safe!("the input ended in the middle of a message")));
            }
            self.leave();
        }
        Ok(())
    }

    fn leave(&mut self) {
        self.dialogue = Dialogue::None;
        self.ask(Asked::Exit, Verb::Ex, "");
        self.stage = Stage::Leaving;
        self.deadline = Some(Instant::now() + GOODBYE_TIMEOUT);
    }

    /// Carries out a step of the login.
    fn go_on(&mut self, step: Step) -> Result<(), Ending> {
        self.stage = Stage::Login(None);
        match step {
            Step::Send(line) => self.session.ask(Asked::Login, line),
            Step::SendAgain(why, line) => {
                self.show(Line::error(why));
                self.session.ask(Asked::Login, line);
            }
            Step::Ask(question) => self.stage = Stage::Login(Some(question)),
            Step::AskAgain(why, question) => {
                self.show(Line::error(why));
                if question == Question::TakeOver {
                    // The server closes this connection; another one goes on with the login.
                    self.connection = None;
                }
                self.stage = Stage::Login(Some(question));
            }
            Step::Reconnect => self.connect()?,
            Step::Done(name, number) => self.logged_in(name, number),
            Step::Failed(why) => return Err(Ending::LoginFailed(why)),
        }
        Ok(())
    }

    fn logged_in(&mut self, name: UserName, number: Number) {
        self.stage = Stage::Talking;
        self.name = Some(name);
        // What a person mistyped on the way is no failure.
        self.failed = false;
        if self.completes {
            self.show(Line::notice(safe!("welcome, {name}; your number is {number}")));
            self.show(Line::notice(safe!("type PM, DM or EX; /help lists all commands")));
            self.ask(Asked::Who { quiet: true }, Verb::Who, "");
            self.ask(Asked::Files { quiet: true }, Verb::Ls, "");
        }
        if let Some(job) = self.job.clone() {
            self.run_job(job);
        }
    }

    /// Asks the server something that the person did not type.
    fn ask(&mut self, asked: Asked, verb: Verb, words: impl std::fmt::Display) {
        match Outgoing::command(verb, words) {
            Ok(line) => self.session.ask(asked, line),
            Err(error) => self.show(Line::error(SafeText::new(error))),
        }
    }

    fn prompt(&self) -> Prompt {
        let text = match (self.stage, self.dialogue) {
            (Stage::Greeting | Stage::Login(None) | Stage::Leaving, _) => SafeText::default(),
            (Stage::Login(Some(question)), _) => {
                return Prompt {
                    text: question_text(question),
                    secret: question.is_secret(),
                    ..Prompt::default()
                };
            }
            (Stage::Talking, Dialogue::None) => match self.name {
                Some(name) => safe!("{name}> "),
                None => safe!("> "),
            },
            (Stage::Talking, Dialogue::User) => safe!("to whom? "),
            (Stage::Talking, Dialogue::Text(Target::Everyone)) => safe!("to everyone> "),
            (Stage::Talking, Dialogue::Text(target)) => safe!("to {target}> "),
            (Stage::Talking, Dialogue::Leave) => safe!("leave? (y/n) "),
        };
        let awaits_user = self.stage == Stage::Talking && self.dialogue == Dialogue::User;
        let remembered = self.dialogue != Dialogue::Leave;
        Prompt { text, secret: false, remembered, awaits_user }
    }

    fn show(&mut self, line: Line) {
        self.failed |= line.kind == Kind::Error;
        self.front.show(&line);
    }

    fn show_all(&mut self, lines: impl IntoIterator<Item = Line>) {
        lines.into_iter().for_each(|line| self.show(line));
    }

    /// Says why it ends, and with which exit code.
    fn conclude(&mut self, ending: Ending) -> Exit {
        let interactive = self.front.is_interactive() && self.job.is_none();
        let reason = match ending {
            Ending::Left => "cancelled",
            _ => "the connection was lost",
        };
        let lines = self.transfers.end(reason);
        self.show_all(lines);
        let (text, exit) = match ending {
            Ending::Left if self.name.is_none() => return Exit::LoginFailed,
            Ending::Left if self.failed && !interactive => return Exit::Failed,
            Ending::Left => return Exit::Done,
            Ending::Front(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                return if self.failed { Exit::Failed } else { Exit::Done };
            }
            Ending::Front(error) => (SafeText::new(error), Exit::Failed),
            Ending::LoginFailed(why) => (safe!("login failed: {why}"), Exit::LoginFailed),
            Ending::Closed(why) if self.refused && self.name.is_none() => {
                (safe!("login failed: {why}"), Exit::LoginFailed)
            }
            Ending::Closed(why) => {
                (safe!("the server closed the connection: {why}"), Exit::Unavailable)
            }
            Ending::Lost(why) => (safe!("the connection was lost: {why}"), Exit::Unavailable),
            Ending::NoServer(why) | Ending::NotChatsrv(why) => (why, Exit::Unavailable),
        };
        self.show(Line::error(text));
        exit
    }
}

fn question_text(question: Question) -> SafeText {
    SafeText::new(match question {
        Question::Name => "name: ",
        Question::Password => "password: ",
        Question::NewPassword => "new here; choose a password: ",
        Question::NewPasswordAgain => "the same password again: ",
        Question::TryAgain => "Enter tries again: ",
        Question::TakeOver => "end it and log in here? (y/n) ",
    })
}
