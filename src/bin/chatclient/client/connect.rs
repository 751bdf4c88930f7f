//! Coming to the server: the connection, the login, and both again when they were lost.

use std::io;
use std::time::{Duration, Instant};

use chatsrv::chat::name::{Number, UserName};
use chatsrv::display::line::Line;
use chatsrv::display::safe_text::{SafeText, safe};
use chatsrv::protocol::native::SERVER_LINE_BYTES_MAX;
use chatsrv::protocol::native::frame::FrameBuffer;
use chatsrv::protocol::native::verb::Verb;

use super::console::Console;
use super::{Client, Ending, Stage};
use crate::input::destination::Dialogue;
use crate::input::groups::GroupRequest;
use crate::link::connection::{ConnectError, Connection};
use crate::link::login::{Question, Step};
use crate::requests::{Asked, Requests};

/// How long the server may take to greet and to answer each step of a login; where nobody is at a
/// terminal, also for how long it may be silent after that while something is awaited.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);
/// The same for what a large file takes: to be hashed, and to come through a narrow line.
const LONG_ANSWER_TIMEOUT: Duration = Duration::from_secs(600);
/// How long a connection has to stand before the next wait is a short one again.
const STEADY_AFTER: Duration = Duration::from_secs(10);
/// After how long without a confirmation it is told.
const CONFIRMATION_PATIENCE: Duration = Duration::from_secs(3);

impl Client {
    /// Looks for the server, on a thread of its own.
    pub(super) fn connect(&mut self) -> Result<(), Ending> {
        let (server, tls) = (self.server.clone(), self.tls.clone());
        let search = move || Connection::open(&server, tls.as_ref());
        self.connecting.spawn(search).map_err(Ending::Front)?;
        self.stage = Stage::Connecting;
        self.deadline = None;
        Ok(())
    }

    /// The search for the server is over.
    pub(super) fn take_connection(&mut self) -> Result<(), Ending> {
        let found = self.connecting.take();
        if self.stage != Stage::Connecting {
            return Ok(());
        }
        for found in found {
            let connection = found.map_err(|error| self.no_server(&error))?;
            self.tell_tls(&connection);
            self.connection = Some(connection);
            self.frames = FrameBuffer::new(SERVER_LINE_BYTES_MAX);
            self.requests = Requests::default();
            self.stage = Stage::Greeting;
            self.deadline = Some(Instant::now() + ANSWER_TIMEOUT);
        }
        // The greeting may have come with the end of a handshake: the socket would not tell.
        self.receive()
    }

    /// Tells a person before the login that the connection is encrypted.
    fn tell_tls(&mut self, connection: &Connection) {
        if let (Some(version), true, None) = (connection.tls_version(), self.completes, self.name) {
            self.show(Line::notice(safe!("connected to {} ({version})", self.server)));
        }
    }

    fn no_server(&self, error: &ConnectError) -> Ending {
        Ending::NoServer(match error {
            ConnectError::Tls(error) if error.is_final() => {
                return Ending::NotSecure(safe!("no TLS with {}: {error}", self.server));
            }
            ConnectError::Tls(error) => safe!("no TLS with {}: {error}", self.server),
            ConnectError::NoHost(error) => {
                safe!("no such host: {} ({error})", self.server.host())
            }
            ConnectError::NoServer(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                safe!("no server there: {}", self.server)
            }
            ConnectError::NoServer(error) => safe!("no server there: {} ({error})", self.server),
        })
    }

    /// Carries out a step of the login.
    pub(super) fn go_on(&mut self, step: Step) -> Result<(), Ending> {
        self.stage = Stage::Login(None);
        match step {
            Step::Send(line) => self.requests.ask(Asked::Login, line),
            Step::Await => self.requests.await_answer(Asked::Login),
            Step::SendAgain(why, line) => {
                self.show(Line::error(why));
                self.requests.ask(Asked::Login, line);
            }
            Step::Ask(question) => self.stage = Stage::Login(Some(question)),
            Step::AskAgain(why, question) => {
                self.show(Line::error(why));
                if matches!(question, Question::TakeOver | Question::PasswordAgain) {
                    // The server closes this connection, or would not wait for the answer; another
                    // one goes on with the login.
                    self.connection = None;
                }
                self.stage = Stage::Login(Some(question));
            }
            Step::Reconnect => return self.connect(),
            Step::Later(wait) => return Err(Ending::Busy(wait)),
            Step::Done(name, number) => self.logged_in(name, number),
            Step::Failed(why) => return Err(Ending::LoginFailed(why)),
        }
        // A person may take any time for an answer; nobody waits for the server for ever.
        let waits = self.stage == Stage::Login(None);
        self.deadline = waits.then(|| Instant::now() + ANSWER_TIMEOUT);
        self.heard = None;
        Ok(())
    }

    /// Without a person who could see that nothing happens and leave, the server may be silent only
    /// for so long while something is awaited.
    pub(super) fn limit_silence(&mut self) {
        let may_leave = self.completes && !self.input_ended;
        if self.stage != Stage::Talking || may_leave {
            return;
        }
        let patience = match self.requests.open_requests().next() {
            Some(asked) if asked.takes_long() => Some(LONG_ANSWER_TIMEOUT),
            Some(_) => Some(ANSWER_TIMEOUT),
            None if self.transfers.downloads.is_running() => Some(ANSWER_TIMEOUT),
            None if self.transfers.uploads.is_running() => Some(LONG_ANSWER_TIMEOUT),
            None => None,
        };
        self.heard = patience.and(self.heard.or_else(|| Some(Instant::now())));
        self.deadline = self.heard.zip(patience).map(|(heard, patience)| heard + patience);
    }

    fn logged_in(&mut self, name: UserName, number: Number) {
        let first = self.name.is_none();
        self.stage = Stage::Talking;
        self.online_since = Some(Instant::now());
        self.lost_since = None;
        self.was_shut_down = false;
        self.name = Some(name);
        self.direct.number = Some(number);
        if first {
            // What a person mistyped on the way is no failure.
            self.failed = false;
        } else {
            self.show(Line::warning(safe!("online again")));
        }
        if self.completes && first {
            self.show(Line::notice(safe!("welcome, {name}; your number is {number}")));
            self.show(Line::notice(safe!("type PM, DM or EX; /help lists all commands")));
        }
        if self.job.is_none() {
            self.ask(Asked::Token, Verb::Token, "");
            if first || self.console.is_some() {
                self.tell_unread();
            } else {
                self.fetch_missed();
            }
        }
        if self.completes || self.server.is_socket() {
            self.requests.ask_for_more();
        }
        self.come_up_again();
        if self.completes {
            self.ask_group(GroupRequest::Mine { quiet: true });
            self.ask(Asked::Who { quiet: true }, Verb::Who, "");
            self.ask(Asked::Files { quiet: true }, Verb::Ls, "");
        }
        if !first {
            let lines = self.transfers.reconnected(&mut self.requests);
            self.show_all(lines);
        }
        if let (true, Some(job)) = (first, self.job.clone()) {
            self.run_job(job);
        }
    }

    /// Comes back after a connection that was lost, where that can be.
    ///
    /// # Errors
    /// The ending, where it can't.
    pub(super) fn recover(&mut self, ending: Ending) -> Result<(), Ending> {
        if self.wanted_end(&ending) {
            let requests = std::mem::take(&mut self.requests);
            self.tell_unanswered(&requests);
            return Err(Ending::Left);
        }
        let why = match &ending {
            _ if self.name.is_none() || self.stage == Stage::Leaving => return Err(ending),
            Ending::Left | Ending::Front(_) | Ending::LoginFailed(_) => return Err(ending),
            // Nothing was said there, and waiting would hide what a person should know.
            Ending::NotSecure(_) => return Err(ending),
            // Somebody wants it so, or another client of the same user has the session.
            Ending::Closed(_, closed) if !closed.may_return() => return Err(ending),
            Ending::Busy(_) => safe!("too many log in at the moment"),
            Ending::Lost(why) => safe!("the connection was lost: {why}"),
            Ending::NoServer(why) | Ending::NotChatsrv(why) | Ending::Closed(why, _) => why.clone(),
        };
        let now = Instant::now();
        let lost_since = *self.lost_since.get_or_insert(now);
        let left = match self.patience {
            Some(patience) => patience.checked_sub(now.duration_since(lost_since)),
            None => Some(Duration::MAX),
        };
        let Some(left) = left.filter(|left| !left.is_zero()) else {
            return Err(ending);
        };
        if self.online_since.take().is_some_and(|since| now - since >= STEADY_AFTER) {
            self.backoff.reset();
        }
        self.disconnected(&why);
        let asked_for = match ending {
            Ending::Busy(wait) => wait,
            Ending::Closed(_, closed) => closed.come_back_after.unwrap_or_default(),
            _ => Duration::ZERO,
        };
        let wait = asked_for.saturating_add(self.backoff.next_wait()).min(left);
        match self.login.come_back() {
            Step::Reconnect => self.wait_to_connect(wait),
            step => return self.go_on(step),
        }
        Ok(())
    }

    fn wait_to_connect(&mut self, wait: Duration) {
        let now = Instant::now();
        // What can't be told as a time is too far away to be meant.
        let until = now.checked_add(wait).unwrap_or(now);
        self.stage = Stage::Offline(until);
        self.deadline = Some(until);
    }

    /// Drops what hung on the connection, and says what that means to the person.
    fn disconnected(&mut self, why: &SafeText) {
        let was_online = self.stage == Stage::Talking;
        self.connection = None;
        let lines = self.transfers.disconnected();
        self.show_all(lines);
        let requests = std::mem::take(&mut self.requests);
        self.outbox.disconnected();
        if was_online {
            self.show(Line::warning(safe!("offline: {why}")));
        }
        if requests.open_requests().any(Asked::leads_into_chat) {
            self.drop_waiting_for_chat();
            self.not_led_to_chat();
        }
        self.reading.disconnected(requests.open_requests());
        self.tell_unanswered(&requests);
    }

    fn tell_unanswered(&mut self, requests: &Requests) {
        let unanswered = requests.open_requests().filter_map(Asked::typed_as);
        let unanswered: Vec<Line> = unanswered
            .map(|typed| Line::error(safe!("no answer came to {typed}: ask again later")))
            .collect();
        self.show_all(unanswered);
    }

    /// Says how the connection is, where that is not as it should be.
    pub(super) fn status(&self, now: Instant) -> Option<SafeText> {
        let waiting = match self.outbox.len() {
            0 => SafeText::default(),
            count => safe!("; messages to send: {count}"),
        };
        match self.stage {
            Stage::Offline(until) => {
                let left = until.saturating_duration_since(now).as_secs_f64().ceil();
                Some(safe!("offline, trying again in {left} s{waiting}"))
            }
            Stage::Connecting | Stage::Greeting | Stage::Login(None) if self.name.is_some() => {
                Some(safe!("offline, trying now{waiting}"))
            }
            Stage::Login(Some(_)) if self.name.is_some() => Some(safe!("offline{waiting}")),
            Stage::Talking | Stage::Leaving => {
                let lines = self.waiting_lines();
                if lines.is_some() {
                    return lines;
                }
                let new = self.console.as_ref().and_then(Console::summary);
                if new.is_some() {
                    return new;
                }
                let Some(waited) = self.outbox.waiting(now) else {
                    let is_full = !self.outbox.is_empty() && !self.requests.has_room();
                    return is_full.then(|| safe!("the server does not answer{waiting}"));
                };
                let seconds = waited.as_secs();
                (waited >= CONFIRMATION_PATIENCE)
                    .then(|| safe!("not confirmed yet: {}, for {seconds} s", self.outbox.len()))
            }
            _ => None,
        }
    }

    /// The time has come that [`Client::deadline`] says.
    pub(super) fn overdue(&mut self) -> Result<(), Ending> {
        match self.stage {
            Stage::Offline(_) => self.connect(),
            Stage::Leaving => Err(Ending::Left),
            Stage::Greeting => {
                let hint = if self.tls.is_none() { "; if it speaks TLS, give --tls" } else { "" };
                Err(Ending::NotChatsrv(safe!("no greeting came from {}{hint}", self.server)))
            }
            _ => Err(Ending::Lost(safe!("the server does not answer"))),
        }
    }

    /// Logs out; what is not sent yet goes before.
    pub(super) fn leave(&mut self) {
        self.dialogue = Dialogue::None;
        self.hang_up_at_the_end();
        let now = Instant::now();
        let timeout = match self.stage {
            Stage::Talking => {
                self.outbox.send(&mut self.requests, now, true);
                self.mark(true);
                self.ask(Asked::Exit, Verb::Ex, "");
                super::GOODBYE_TIMEOUT
            }
            _ => Duration::ZERO,
        };
        self.stage = Stage::Leaving;
        self.deadline = Some(now + timeout);
    }
}
