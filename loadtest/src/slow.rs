//! Slow clients: some log in and never read again, others send a byte at a time and never end a
//! line. Their effect on other clients is measured by another loadtest that runs at the same time.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use indicatif::ProgressBar;

use crate::clients::{Client, Clients, Heard, Listener, Protocol};
use crate::clock::Clock;
use crate::crowd::Crowd;
use crate::failure::Failure;
use crate::limits::{CLOSING_REASONS_MAX, STALLED_RECEIVE_BYTES};
use crate::login::{Credentials, Roles, log_in};
use crate::machine::raise_open_files;
use crate::names::Names;
use crate::server;

/// The beginning of the line that a trickling client sends. The line never ends.
const ENDLESS_LINE: &[u8] = b"C USER somebody-with-a-long-name-";

/// The options of the subcommand slow.
#[derive(Clone, Debug, clap::Args)]
pub struct SlowOptions {
    /// The server, which speaks chatsrv's protocol
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:9000")]
    #[arg(env = "LOADTEST_SLOW_SERVER")]
    pub server: String,

    /// Clients that log in and never read again
    #[arg(long, value_name = "N", default_value_t = 100, env = "LOADTEST_SLOW_STALLED")]
    #[arg(value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub stalled: u32,

    /// Clients that do not log in, and send a byte at a time; one that is closed comes back
    #[arg(long, value_name = "N", default_value_t = 100, env = "LOADTEST_SLOW_TRICKLING")]
    #[arg(value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub trickling: u32,

    /// How often each of them sends one
    #[arg(long, value_name = "D", default_value = "1s", env = "LOADTEST_SLOW_PERIOD")]
    #[arg(value_parser = parse_period)]
    pub period: Duration,

    /// How long they are there once all have come
    #[arg(long, value_name = "D", default_value = "30s", env = "LOADTEST_SLOW_DURATION")]
    #[arg(value_parser = humantime::parse_duration)]
    pub duration: Duration,
}

fn parse_period(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(Duration::ZERO) => Err("it can't be 0".to_owned()),
        parsed => parsed.map_err(|error| error.to_string()),
    }
}

/// Runs the slow clients, and prints what became of them.
///
/// # Errors
/// A [`Failure`] if the clients can't connect or log in. A signal ends it early, with the same
/// report.
pub fn burden(options: &SlowOptions) -> Result<(), Failure> {
    let stalled = options.stalled as usize;
    raise_open_files(stalled + options.trickling as usize)?;
    let server = server::reach(&options.server, Protocol::Native, None, None)?;
    let mut clients = Clients::new(server.address, Protocol::Native, Clock::start())
        .map_err(Failure::Internal)?;
    clients.limit_receive_buffers(STALLED_RECEIVE_BYTES);
    let crowd = Crowd { users: stalled, sessions: 1, downloads: 0 };
    let roles = Roles { crowd, senders: 0, logins: 64, is_idle: true };
    let names = Names::random();
    log_in(&mut clients, &names, Credentials::Password, roles, &ProgressBar::hidden())?;
    for number in 0..stalled {
        clients.stop_reading(number);
    }
    let mut trickle = Trickle::begin(&mut clients, options)?;
    tell(&format!("stalled   {stalled} clients are logged in and read nothing more\n"))?;
    let end = Instant::now() + options.duration;
    while Instant::now() < end && !clients.interrupted() {
        trickle.turn(&mut clients, end)?;
    }
    tell(&trickle.report(options))
}

fn tell(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(Failure::Internal)
}

/// The trickling clients, which take turns to send a byte.
struct Trickle {
    first: usize,
    count: usize,
    /// The time between two bytes of any of them.
    interval: Duration,
    began: Instant,
    /// The number of bytes that were due so far.
    turns: u64,
    ends: Ends,
}

/// The ends of connections.
#[derive(Default)]
struct Ends {
    count: u64,
    /// Their number by reason, for a limited number of reasons.
    by_reason: BTreeMap<String, u64>,
}

impl Trickle {
    fn begin(clients: &mut Clients, options: &SlowOptions) -> Result<Self, Failure> {
        let count = options.trickling as usize;
        for _ in 0..count {
            clients.connect().map_err(Failure::Internal)?;
        }
        Ok(Trickle {
            first: clients.len() - count,
            count,
            interval: options.period.checked_div(options.trickling).unwrap_or(options.period),
            began: Instant::now(),
            turns: 0,
            ends: Ends::default(),
        })
    }

    /// Sends the bytes that are due, at most one of each client, and waits until the next one is
    /// due.
    fn turn(&mut self, clients: &mut Clients, end: Instant) -> Result<(), Failure> {
        // After one byte of each client, the end and the signals are checked, since more bytes may
        // be due than can be sent in time.
        for _ in 0..self.count {
            if self.next_due() > Instant::now() {
                break;
            }
            let number = self.first + (self.turns % self.count as u64) as usize;
            let place = self.turns / self.count as u64;
            let byte = ENDLESS_LINE.get(place as usize).copied().unwrap_or(b'x');
            self.turns += 1;
            if !clients.client(number).is_connected() {
                clients.connect_again(number).map_err(Failure::Internal)?;
            }
            clients.client(number).say(|_, out| out.push(byte));
            clients.flush(number, &mut self.ends);
        }
        let deadline = if self.count > 0 { self.next_due().min(end) } else { end };
        clients.turn(deadline, &mut self.ends).map_err(Failure::Internal)
    }

    fn next_due(&self) -> Instant {
        self.began + self.interval.mul_f64(self.turns as f64)
    }

    fn report(&self, options: &SlowOptions) -> String {
        let period = humantime::format_duration(options.period);
        let Trickle { count, turns, ends, .. } = self;
        let mut text = format!("trickling {count} clients, a byte every {period}: {turns} bytes\n");
        text += &format!("closed    {} connections\n", ends.count);
        for (reason, count) in &ends.by_reason {
            text += &format!("          {count}: {reason}\n");
        }
        text
    }
}

impl Listener for Ends {
    fn heard(&mut self, _client: &mut Client, _heard: Heard<'_>, _now_nanos: u64) {}

    fn gone(&mut self, _client: &Client, reason: &str) {
        self.count += 1;
        if self.by_reason.len() < CLOSING_REASONS_MAX || self.by_reason.contains_key(reason) {
            *self.by_reason.entry(reason.to_owned()).or_default() += 1;
        }
    }
}
