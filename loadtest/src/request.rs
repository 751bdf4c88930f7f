//! Measures the latency of one request that a client repeats, or of logins one after the other.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::io::{self, BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use chatsrv::protocol::native::read::ServerLine;
use clap::ValueEnum;
use fastrand::Rng;
use serde::Serialize;

use crate::clients::Protocol;
use crate::clock::nanos;
use crate::failure::{self, Failure};
use crate::fill::user_name;
use crate::latency::{Latencies, Percentiles};
use crate::limits::{ACCOUNTS_MAX, ANSWER_MAX, BUSY_PAUSE};
use crate::server::{self, Server};

/// The options of the subcommand request.
#[derive(Clone, Debug, clap::Args)]
pub struct RequestOptions {
    /// The server
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:9000")]
    #[arg(env = "LOADTEST_REQUEST_SERVER")]
    pub server: String,

    /// The user who asks
    #[arg(long, value_name = "NAME", default_value = "user0")]
    #[arg(env = "LOADTEST_REQUEST_USER")]
    pub user: String,

    /// The password of all users
    #[arg(long, value_name = "TEXT", default_value = "password")]
    #[arg(env = "LOADTEST_REQUEST_PASSWORD")]
    pub password: String,

    /// How often
    #[arg(long, value_name = "N", default_value_t = 1000)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    #[arg(env = "LOADTEST_REQUEST_COUNT")]
    pub count: u32,

    /// Log in instead, as users that are drawn from those that fill made, each on a connection of
    /// its own
    #[arg(long, value_name = "HOW", value_enum, requires = "accounts", conflicts_with = "line")]
    #[arg(env = "LOADTEST_REQUEST_LOG_IN")]
    pub log_in: Option<LogIn>,

    /// How many users there are
    #[arg(long, value_name = "N", requires = "log_in")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=i64::from(ACCOUNTS_MAX)))]
    #[arg(env = "LOADTEST_REQUEST_ACCOUNTS")]
    pub accounts: Option<u32>,

    /// Write all figures to a file, as JSON
    #[arg(long, value_name = "FILE")]
    #[arg(env = "LOADTEST_REQUEST_JSON")]
    pub json: Option<PathBuf>,

    /// The request, such as 'C WHO'
    #[arg(value_name = "LINE", required_unless_present = "log_in")]
    pub line: Option<String>,
}

/// The credentials that users log in with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogIn {
    /// Their password.
    Password,
    /// A token, which they got before that is measured.
    Token,
}

/// The result.
#[derive(Clone, Debug, Serialize)]
struct Answers {
    /// The request.
    request: String,
    /// The time from the request to the last line of the reply.
    latency: Option<Percentiles>,
    /// The number of lines of all replies.
    lines: u64,
    /// How often the server was too busy, and was asked again after a moment.
    busy: u64,
    /// The server's CPU time for each request, if its process is known.
    server_cpu_us: Option<f64>,
    /// The server's resident memory in the end.
    server_rss_bytes: Option<u64>,
}

/// Sends the requests, and prints the result.
///
/// # Errors
/// [`Failure::Unavailable`] if there is no server, or it refuses a request.
pub fn ask(options: &RequestOptions) -> Result<(), Failure> {
    let server = server::reach(&options.server, Protocol::Native, None, None)?;
    let answers = match (options.log_in, options.accounts, &options.line) {
        (Some(how), Some(accounts), _) => log_in_often(options, server, how, accounts),
        (_, _, Some(line)) => ask_often(options, server, line),
        _ => return Err(Failure::Usage("there is nothing to ask".to_owned())),
    }
    .map_err(|error| Failure::Unavailable(error.to_string()))?;
    failure::report(&answers)?;
    if let Some(path) = &options.json {
        let refuse = |reason: String| Failure::Output(path.clone(), reason);
        let json = serde_json::to_string_pretty(&answers);
        let json = json.map_err(|error| refuse(error.to_string()))?;
        std::fs::write(path, json + "\n").map_err(|error| refuse(error.to_string()))?;
    }
    Ok(())
}

fn ask_often(options: &RequestOptions, server: Server, line: &str) -> io::Result<Answers> {
    let mut client = BlockingClient::connect(server)?;
    client.log_in(&options.user, &options.password)?;
    // The first request may read from the disk, so it is not measured.
    client.ask(line)?;
    let mut answers = measure(options.count, server, line, |_| client.ask(line))?;
    answers.busy = client.busy;
    Ok(answers)
}

fn log_in_often(
    options: &RequestOptions,
    server: Server,
    how: LogIn,
    accounts: u32,
) -> io::Result<Answers> {
    let mut rng = Rng::with_seed(accounts.into());
    let users: Vec<String> = (0..options.count).map(|_| user_name(rng.u32(..accounts))).collect();
    if how == LogIn::Password {
        return measure(options.count, server, "a login with the password", |number| {
            BlockingClient::connect(server)?.log_in(&users[number], &options.password)
        });
    }
    // One token for each user, however often it logs in: the server keeps a limited number of each
    // user's.
    let mut tokens = HashMap::new();
    for user in &users {
        if let Entry::Vacant(place) = tokens.entry(user.as_str()) {
            let mut client = BlockingClient::connect(server)?;
            client.log_in(user, &options.password)?;
            client.ask("C TOKEN")?;
            place.insert(client.last_word());
        }
    }
    measure(options.count, server, "a login with a token", |number| {
        let mut client = BlockingClient::connect(server)?;
        let user = users[number].as_str();
        client.ask(&format!("C RESUME {user} {}", tokens[user]))
    })
}

/// Measures `count` requests. `ask` takes the number of requests before, and returns the number of
/// lines of the reply.
fn measure(
    count: u32,
    server: Server,
    request: &str,
    mut ask: impl FnMut(usize) -> io::Result<u64>,
) -> io::Result<Answers> {
    let cpu = || server.process.and_then(|process| process.cpu_time());
    let (mut latencies, mut lines) = (Latencies::new(), 0);
    let before = cpu();
    for number in 0..count as usize {
        let asked = Instant::now();
        lines += ask(number)?;
        latencies.record(nanos(asked.elapsed()));
    }
    let used = cpu().zip(before).map(|(after, before): (Duration, _)| after.saturating_sub(before));
    Ok(Answers {
        request: request.to_owned(),
        latency: latencies.percentiles(),
        lines,
        busy: 0,
        server_cpu_us: used.map(|used| used.as_secs_f64() * 1e6 / f64::from(count)),
        server_rss_bytes: server.process.and_then(|process| process.rss_bytes()),
    })
}

/// A client that waits for each reply.
struct BlockingClient {
    reader: BufReader<TcpStream>,
    line: String,
    /// How often the server was too busy.
    busy: u64,
}

impl BlockingClient {
    fn connect(server: Server) -> io::Result<Self> {
        let socket = TcpStream::connect(server.address)?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(ANSWER_MAX))?;
        let mut client =
            BlockingClient { reader: BufReader::new(socket), line: String::new(), busy: 0 };
        client.read_line()?;
        Ok(client)
    }

    /// Logs in. Returns the number of lines of the replies.
    fn log_in(&mut self, user: &str, password: &str) -> io::Result<u64> {
        // Both lines are sent at once, so that only the server's work is measured; 331 is not the
        // final reply.
        self.reader.get_mut().write_all(format!("C USER {user}\nD {password}\n").as_bytes())?;
        Ok(self.await_final()? + self.await_final()?)
    }

    /// Asks, and again after a moment for as long as the server is too busy. Returns the number of
    /// lines of the reply.
    fn ask(&mut self, line: &str) -> io::Result<u64> {
        loop {
            self.reader.get_mut().write_all(format!("{line}\n").as_bytes())?;
            match self.await_final() {
                Err(_) if self.line.starts_with("C 450 ") => self.busy += 1,
                answer => return answer,
            }
            thread::park_timeout(BUSY_PAUSE);
        }
    }

    /// Reads up to a final reply or a 3xx. Returns the number of lines.
    fn await_final(&mut self) -> io::Result<u64> {
        let mut count = 0;
        loop {
            self.read_line()?;
            count += 1;
            let Some(text) = self.line.trim_end().strip_prefix("C ") else { continue };
            match ServerLine::parse(text) {
                Some(line) if line.code >= 400 => {
                    let refused = format!("the server said: {}", text.escape_debug());
                    return Err(io::Error::other(refused));
                }
                Some(line) if line.is_final() => return Ok(count),
                _ => {}
            }
        }
    }

    fn read_line(&mut self) -> io::Result<()> {
        self.line.clear();
        match self.reader.read_line(&mut self.line)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    fn last_word(&self) -> String {
        self.line.trim_end().rsplit(' ').next().unwrap_or_default().to_owned()
    }
}

impl fmt::Display for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "request   {}", self.request.escape_debug())?;
        if let Some(Percentiles { count, p50_us, p99_us, max_us, .. }) = self.latency {
            let each = self.lines as f64 / count as f64;
            writeln!(f, "answers   {count}, {each:.1} lines each")?;
            writeln!(f, "latency   p50 {p50_us:.0} us, p99 {p99_us:.0} us, max {max_us:.0} us")?;
        }
        if self.busy > 0 {
            writeln!(f, "busy      {} times, and asked again", self.busy)?;
        }
        match self.server_cpu_us {
            Some(micros) => writeln!(f, "process   {micros:.1} us of the server's CPU time each"),
            None => Ok(()),
        }
    }
}
