//! The first phase of a run: all clients connect and log in, a limited number at a time. Also
//! requests tokens, to log in again.

use std::collections::VecDeque;
use std::io;
use std::time::{Duration, Instant};

use indicatif::ProgressBar;

use crate::clients::{Client, Clients, Heard, Listener, Role};
use crate::crowd::Crowd;
use crate::failure::Failure;
use crate::limits::{LOGIN_RETRY_MAX, LOGIN_STALL_MAX};
use crate::names::Names;

/// The result of the logins.
#[derive(Clone, Debug)]
pub struct LoggedIn {
    /// The time for all of them.
    pub elapsed: Duration,
    /// The number of logins repeated since the server was busy.
    pub retries: u64,
    /// The server's name and version, from its greeting.
    pub server: String,
}

/// The credentials of the clients.
#[derive(Clone, Copy, Debug)]
pub enum Credentials<'a> {
    /// Their password. A new name is registered with it.
    Password,
    /// Tokens, by the numbers of the clients.
    Tokens(&'a [String]),
}

/// The roles of the clients.
#[derive(Clone, Copy, Debug)]
pub struct Roles {
    /// The users and their sessions.
    pub crowd: Crowd,
    /// The number of senders, which are the first clients.
    pub senders: usize,
    /// The number of concurrent logins.
    pub logins: usize,
    /// True if all clients are idle, senders too.
    pub is_idle: bool,
}

impl Roles {
    fn of(&self, number: usize) -> Role {
        match self.is_idle {
            true => Role::Idler,
            false if number < self.senders => Role::Sender,
            false => Role::Receiver,
        }
    }
}

/// Connects and logs in all clients.
///
/// # Errors
/// [`Failure::Unavailable`] if a client can't log in, or none has made progress for
/// [`LOGIN_STALL_MAX`]; [`Failure::Interrupted`] after a signal.
pub fn log_in(
    clients: &mut Clients,
    names: &Names,
    credentials: Credentials<'_>,
    roles: Roles,
    progress: &ProgressBar,
) -> Result<LoggedIn, Failure> {
    let count = roles.crowd.clients();
    let start = Instant::now();
    let mut logins = LoginListener::default();
    let mut last_progress = (0, start);
    while logins.done < count {
        begin_more(clients, names, credentials, roles, &mut logins)
            .map_err(|error| Failure::Unavailable(format!("client {}: {error}", clients.len())))?;
        let stall = last_progress.1 + LOGIN_STALL_MAX;
        let deadline = logins.waiting.front().map_or(stall, |(at, _)| stall.min(*at));
        clients.turn(deadline, &mut logins).map_err(Failure::Internal)?;
        progress.set_position(logins.done as u64);
        if let Some(reason) = logins.failure.take() {
            return Err(Failure::Unavailable(reason));
        }
        if clients.interrupted() {
            return Err(Failure::Interrupted);
        }
        if logins.done > last_progress.0 {
            last_progress = (logins.done, Instant::now());
        } else if Instant::now() >= stall {
            let seconds = LOGIN_STALL_MAX.as_secs();
            return Err(Failure::Unavailable(format!(
                "no login was done in {seconds} seconds; {} of {count} are",
                logins.done
            )));
        }
    }
    let LoginListener { retries, server, .. } = logins;
    Ok(LoggedIn { elapsed: start.elapsed(), retries, server })
}

fn begin_more(
    clients: &mut Clients,
    names: &Names,
    credentials: Credentials<'_>,
    roles: Roles,
    logins: &mut LoginListener,
) -> io::Result<()> {
    let crowd = roles.crowd;
    let begun_max = if logins.done < crowd.first() { crowd.first() } else { crowd.clients() };
    while logins.under_way < roles.logins {
        let again = logins.take_due();
        let number = match again {
            Some(number) => number,
            None if clients.len() < begun_max => clients.connect()?.number(),
            None => break,
        };
        let (name, is_beside) = (names.of(crowd.user(number)), crowd.is_beside(number));
        clients.client(number).say(|session, out| match (credentials, session.native()) {
            (Credentials::Password, Some(session)) => {
                session.log_in(&name, names.password(), is_beside, out);
            }
            (Credentials::Password, None) => session.log_in(&name, roles.of(number), out),
            (Credentials::Tokens(tokens), Some(session)) => {
                session.resume(&name, &tokens[number], is_beside, out);
            }
            // The options permit tokens with no other protocol.
            (Credentials::Tokens(_), None) => {}
        });
        logins.under_way += 1;
        if again.is_some() {
            clients.flush(number, logins);
        }
    }
    Ok(())
}

#[derive(Default)]
struct LoginListener {
    under_way: usize,
    done: usize,
    retries: u64,
    /// The clients that are to try again, and the times, the earliest first.
    waiting: VecDeque<(Instant, usize)>,
    server: String,
    failure: Option<String>,
}

impl LoginListener {
    /// A client that is to try again now.
    fn take_due(&mut self) -> Option<usize> {
        let (at, number) = *self.waiting.front()?;
        (at <= Instant::now()).then(|| self.waiting.pop_front())?;
        Some(number)
    }

    fn retry(&mut self, number: usize, seconds: u32) {
        let wait = Duration::from_secs(u64::from(seconds)).min(LOGIN_RETRY_MAX);
        let at = Instant::now() + wait;
        let place = self.waiting.partition_point(|(other, _)| *other <= at);
        self.waiting.insert(place, (at, number));
        self.under_way -= 1;
        self.retries += 1;
    }

    fn fail(&mut self, client: &Client, reason: &str) {
        let number = client.number();
        self.failure.get_or_insert_with(|| format!("client {number} can't log in: {reason}"));
    }
}

impl Listener for LoginListener {
    fn heard(&mut self, client: &mut Client, heard: Heard<'_>, _now_nanos: u64) {
        match heard {
            Heard::Greeting(server) if self.server.is_empty() => {
                self.server = server.escape_debug().to_string();
            }
            Heard::LoggedIn => {
                self.under_way -= 1;
                self.done += 1;
            }
            Heard::Busy { seconds } => self.retry(client.number(), seconds),
            Heard::Refused(line) | Heard::Closing(line) => {
                self.fail(client, &format!("the server said: {}", line.escape_debug()));
            }
            Heard::Garbled => self.fail(client, "the server does not speak the protocol"),
            // Messages of others may arrive as soon as a client is logged in.
            _ => {}
        }
    }

    fn gone(&mut self, client: &Client, reason: &str) {
        self.fail(client, reason);
    }
}

/// Requests a token for every client.
///
/// # Errors
/// As [`log_in`].
pub fn collect_tokens(clients: &mut Clients) -> Result<Vec<String>, Failure> {
    let count = clients.len();
    let mut tokens = Tokens { received: vec![String::new(); count], count: 0, failure: None };
    for number in 0..count {
        clients.client(number).say(|session, out| {
            if let Some(session) = session.native() {
                session.ask_for_token(out);
            }
        });
        clients.flush(number, &mut tokens);
    }
    let deadline = Instant::now() + LOGIN_STALL_MAX;
    while tokens.count < count {
        clients.turn(deadline, &mut tokens).map_err(Failure::Internal)?;
        if let Some(reason) = tokens.failure.take() {
            return Err(Failure::Unavailable(reason));
        }
        if clients.interrupted() {
            return Err(Failure::Interrupted);
        }
        if Instant::now() >= deadline {
            let reason = format!("{} of {count} tokens came", tokens.count);
            return Err(Failure::Unavailable(reason));
        }
    }
    Ok(tokens.received)
}

struct Tokens {
    received: Vec<String>,
    count: usize,
    failure: Option<String>,
}

impl Listener for Tokens {
    fn heard(&mut self, client: &mut Client, heard: Heard<'_>, _now_nanos: u64) {
        match heard {
            Heard::Token(token) => {
                token.clone_into(&mut self.received[client.number()]);
                self.count += 1;
            }
            Heard::NotTaken(line) => {
                let line = line.escape_debug();
                self.failure.get_or_insert_with(|| format!("no token: the server said: {line}"));
            }
            _ => {}
        }
    }

    fn gone(&mut self, _client: &Client, reason: &str) {
        self.failure.get_or_insert_with(|| format!("no token: {reason}"));
    }
}
