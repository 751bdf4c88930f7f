//! The command line of loadtest, and its environment variables.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::BoolishValueParser;
use clap::{Parser, Subcommand};

use crate::broadcast::Pace;
use crate::chart::ChartOptions;
use crate::clients::Protocol;
use crate::clock::nanos;
use crate::crowd::Crowd;
use crate::failure::Failure;
use crate::figures::Timetable;
use crate::fill::FillOptions;
use crate::floor::FloorOptions;
use crate::groups::Plan;
use crate::limits::{
    DIRECT_PAIRS_MAX, GROUP_SIZE_MAX, GROUPS_MAX, IRC_PAYLOAD_BYTES_MAX, PAIRS_MAX, SENDERS_MAX,
    SESSIONS_MAX,
};
use crate::login::Roles;
use crate::payload::{INTENDED_NANOS_MAX, PAYLOAD_BYTES_MAX, PAYLOAD_BYTES_MIN};
use crate::request::RequestOptions;
use crate::slow::SlowOptions;
use crate::spawn;

/// Simulates many chat clients, and measures how fast and how well a server serves them.
///
/// All of them log in, some of them broadcast, and every one checks what it receives. Exits 1 where
/// a message was lost, doubled, out of order or damaged.
#[derive(Clone, Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
pub struct Options {
    /// What to do in place of measuring
    #[command(subcommand)]
    pub command: Option<Command>,

    /// The server
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:9000")]
    #[arg(env = "LOADTEST_SERVER", conflicts_with = "spawn")]
    pub server: String,

    /// Connect with TLS, and verify the server's certificate; a spawned server gets one
    #[arg(long, env = "LOADTEST_TLS", value_parser = BoolishValueParser::new())]
    pub tls: bool,

    /// Trust who stands in this file (PEM), and nobody else; it implies --tls [default: whom this
    /// machine trusts]
    #[arg(long, value_name = "FILE", env = "LOADTEST_CA", conflicts_with = "spawn")]
    pub ca: Option<PathBuf>,

    /// The protocol that the server speaks; only broadcasts go with others than chatsrv's, and
    /// only downloads with http
    #[arg(long, value_name = "PROTOCOL", default_value = "native", env = "LOADTEST_PROTOCOL")]
    #[arg(value_enum)]
    pub protocol: Protocol,

    /// Simulated clients
    #[arg(long, value_name = "N", default_value_t = 100, env = "LOADTEST_CLIENTS")]
    #[arg(value_parser = clap::value_parser!(u32).range(2..=1_000_000))]
    pub clients: u32,

    /// Sessions of each client: the first alone, the others beside it, which are also to get what
    /// the client says
    #[arg(long, value_name = "N", default_value_t = 1, env = "LOADTEST_SESSIONS")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=i64::from(SESSIONS_MAX)))]
    pub sessions: u32,

    /// Clients that connect and log in at once
    #[arg(long, value_name = "N", default_value_t = 64, env = "LOADTEST_LOGINS")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    pub logins: u32,

    /// Clients that broadcast; they receive what the others say, too
    #[arg(long, value_name = "K", default_value_t = 1, env = "LOADTEST_SENDERS")]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=i64::from(SENDERS_MAX)))]
    pub senders: u16,

    /// Broadcasts a second, all senders together; 0: as fast as the window allows
    #[arg(long, value_name = "R", default_value_t = 10.0, env = "LOADTEST_RATE")]
    #[arg(value_parser = parse_rate)]
    pub rate: f64,

    /// Direct messages in place of broadcasts: the first half of the clients writes to the second,
    /// each the next message when the one before is confirmed
    #[arg(long, env = "LOADTEST_DIRECT", value_parser = BoolishValueParser::new())]
    #[arg(conflicts_with_all = ["senders", "rate", "downloads"])]
    pub direct: bool,

    /// Groups in place of everyone: so many are made, and the maker of each writes to it, in turn
    #[arg(long, value_name = "N", default_value_t = 0, env = "LOADTEST_GROUPS")]
    #[arg(value_parser = clap::value_parser!(u32).range(0..=i64::from(GROUPS_MAX)))]
    #[arg(conflicts_with_all = ["senders", "rate", "direct", "downloads"])]
    pub groups: u32,

    /// Members of each group
    #[arg(long, value_name = "M", default_value_t = 100, env = "LOADTEST_GROUP_SIZE")]
    #[arg(value_parser = clap::value_parser!(u32).range(2..=GROUP_SIZE_MAX), requires = "groups")]
    pub group_size: u32,

    /// Nobody says anything: what clients cost that are only there
    #[arg(long, env = "LOADTEST_IDLE", value_parser = BoolishValueParser::new())]
    #[arg(conflicts_with_all = ["senders", "rate", "direct", "groups"])]
    pub idle: bool,

    /// Broadcasts under way, where the rate is 0; messages of each pair, or of all groups together
    #[arg(long, value_name = "W", default_value_t = 1, env = "LOADTEST_WINDOW")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub window: u32,

    /// Bytes of text in a message
    #[arg(long, value_name = "BYTES", default_value_t = 64, env = "LOADTEST_PAYLOAD")]
    #[arg(value_parser = clap::value_parser!(u32)
        .range(PAYLOAD_BYTES_MIN as i64..=PAYLOAD_BYTES_MAX as i64))]
    pub payload: u32,

    /// How long to measure
    #[arg(long, value_name = "D", default_value = "10s", env = "LOADTEST_DURATION")]
    #[arg(value_parser = humantime::parse_duration)]
    pub duration: Duration,

    /// How long to talk before that
    #[arg(long, value_name = "D", default_value = "1s", env = "LOADTEST_WARMUP")]
    #[arg(value_parser = humantime::parse_duration)]
    pub warmup: Duration,

    /// How long to wait after that for what is still under way; what is missing then is lost
    #[arg(long, value_name = "D", default_value = "10s", env = "LOADTEST_DRAIN")]
    #[arg(value_parser = humantime::parse_duration)]
    pub drain: Duration,

    /// Further clients that download a file over and over meanwhile
    #[arg(long, value_name = "N", default_value_t = 0, env = "LOADTEST_DOWNLOADS")]
    #[arg(value_parser = clap::value_parser!(u32).range(0..=100_000))]
    pub downloads: u32,

    /// The shared file that they download; a spawned server has one
    #[arg(long, value_name = "NAME", env = "LOADTEST_DOWNLOAD_NAME", conflicts_with = "spawn")]
    pub download_name: Option<String>,

    /// The server's process, whose CPU time and memory are reported [default: of a local server,
    /// where it can be found]
    #[arg(long, value_name = "PID", env = "LOADTEST_SERVER_PID", conflicts_with = "spawn")]
    pub server_pid: Option<u32>,

    /// Start a private chatsrv on a free port, in a folder of its own, for this run
    #[arg(long, env = "LOADTEST_SPAWN", value_parser = BoolishValueParser::new())]
    pub spawn: bool,

    /// Start it with this option; may be repeated
    #[arg(long, value_name = "OPTION", env = "LOADTEST_SERVER_OPTION", requires = "spawn")]
    #[arg(value_delimiter = ' ', allow_hyphen_values = true)]
    pub server_option: Vec<String>,

    /// Restart it once all have logged in, and let them come back with tokens, before they talk
    #[arg(long, env = "LOADTEST_RESUME", value_parser = BoolishValueParser::new())]
    #[arg(requires = "spawn")]
    pub resume: bool,

    /// Write all figures to a file, as JSON
    #[arg(long, value_name = "FILE", env = "LOADTEST_JSON")]
    pub json: Option<PathBuf>,

    /// Draw latency by percentile, as SVG
    #[arg(long, value_name = "FILE.svg", env = "LOADTEST_PLOT")]
    pub plot: Option<PathBuf>,
}

/// The subcommands of loadtest.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Serves as a bare event loop that others are measured against, on 127.0.0.1
    Floor(FloorOptions),
    /// Burdens a server with clients that do not read, or send a byte at a time
    Slow(SlowOptions),
    /// Fills the data folder of a chatsrv that does not run with accounts and messages
    Fill(FillOptions),
    /// Asks a server the same again and again, and tells what an answer takes
    Request(RequestOptions),
    /// Draws bars from a file of figures, as SVG
    Chart(ChartOptions),
}

impl Options {
    /// Checks conditions between several options.
    ///
    /// # Errors
    /// [`Failure::Usage`].
    pub fn check(&self) -> Result<(), Failure> {
        let refuse = |reason: &str| Err(Failure::Usage(reason.to_owned()));
        if usize::from(self.senders) > self.clients as usize {
            return refuse("--senders can't be more than --clients");
        }
        self.check_protocol()?;
        if self.direct && (self.clients % 2 == 1 || self.clients / 2 > DIRECT_PAIRS_MAX) {
            return refuse("--direct needs an even number of clients, 131072 at most");
        }
        if self.groups > 0 && self.clients < self.groups.max(self.group_size) {
            return refuse("--groups and --group-size can't be more than --clients");
        }
        if self.all_clients() * usize::from(self.senders) > PAIRS_MAX {
            return refuse("that many clients and senders together are more than can be checked");
        }
        if self.downloads > 0 && self.download_name().is_none() {
            return refuse("--downloads needs --download-name");
        }
        let whole = self.whole();
        if nanos(whole) > INTENDED_NANOS_MAX / 2
            || self.drain > whole.max(Duration::from_secs(3600))
        {
            return refuse(
                "a run lasts 38 hours at most, and its drain no longer than an hour or it",
            );
        }
        if self.rate * whole.as_secs_f64() > f64::from(u32::MAX) {
            return refuse("that rate and duration make more broadcasts than can be counted");
        }
        Ok(())
    }

    /// Returns true if the clients speak TLS.
    pub fn is_encrypted(&self) -> bool {
        self.tls || self.ca.is_some()
    }

    /// The host of the server, without its port.
    pub fn host(&self) -> &str {
        let host = self.server.rsplit_once(':').map_or(self.server.as_str(), |(host, _)| host);
        host.trim_start_matches('[').trim_end_matches(']')
    }

    /// Checks that the options are possible with the protocol.
    fn check_protocol(&self) -> Result<(), Failure> {
        let refuse = |reason: &str| Err(Failure::Usage(reason.to_owned()));
        if self.downloads > 0 && !self.protocol.has_downloads() {
            return refuse("--downloads goes with chatsrv's protocol and with http");
        }
        if self.protocol == Protocol::Http && !self.idle {
            return refuse("with http nobody talks: it needs --idle");
        }
        if self.protocol == Protocol::Irc && self.payload > IRC_PAYLOAD_BYTES_MAX {
            return refuse("that payload is too long for a line of IRC");
        }
        let is_native = self.protocol == Protocol::Native;
        if !is_native && self.is_encrypted() {
            return refuse("only chatsrv's protocol goes with --tls");
        }
        if !is_native && self.sessions > 1 {
            return refuse("only chatsrv's protocol goes with --sessions");
        }
        if !is_native && (self.direct || self.groups > 0 || self.spawn || self.senders > 1) {
            return refuse(
                "only chatsrv's protocol goes with --direct, --groups, --spawn or --senders",
            );
        }
        Ok(())
    }

    /// The users and their sessions.
    pub fn crowd(&self) -> Crowd {
        let [users, sessions, downloads] =
            [self.clients, self.sessions, self.downloads].map(|count| count as usize);
        Crowd { users, sessions, downloads }
    }

    /// The number of connections: all sessions that talk, and those that download.
    pub fn all_clients(&self) -> usize {
        self.crowd().clients()
    }

    /// The name of the file to download.
    pub fn download_name(&self) -> Option<&str> {
        if self.spawn { Some(spawn::FILE_NAME) } else { self.download_name.as_deref() }
    }

    /// The length of the warm-up and the measured part together.
    pub fn whole(&self) -> Duration {
        self.warmup.saturating_add(self.duration)
    }

    /// The number of clients that send.
    pub fn all_senders(&self) -> u32 {
        match self.direct {
            true => self.clients / 2,
            false if self.groups > 0 => self.groups,
            false => self.senders.into(),
        }
    }

    /// Returns true if the next message is sent when an earlier one has arrived, instead of by the
    /// clock.
    pub fn is_closed_loop(&self) -> bool {
        !self.idle && (self.direct || self.groups > 0 || self.rate == 0.0)
    }

    /// The groups, if messages go to groups.
    pub fn group_plan(&self) -> Option<Plan> {
        let [groups, size] = [self.groups, self.group_size].map(|count| count as usize);
        (groups > 0).then_some(Plan { groups, size, crowd: self.crowd() })
    }

    /// The roles of the clients.
    pub fn roles(&self) -> Roles {
        let senders = self.all_senders() as usize;
        let logins = self.logins as usize;
        Roles { crowd: self.crowd(), senders, logins, is_idle: self.idle }
    }

    /// The pace of broadcasts.
    pub fn pace(&self) -> Pace {
        if self.idle {
            Pace::Silent
        } else if self.rate > 0.0 {
            Pace::Open { rate: self.rate }
        } else {
            Pace::Closed { window: self.window as usize }
        }
    }

    /// The times of a run that starts with its first broadcast at `start_nanos`.
    pub fn timetable(&self, start_nanos: u64) -> Timetable {
        let measured_nanos = start_nanos + nanos(self.warmup);
        Timetable { start_nanos, measured_nanos, end_nanos: measured_nanos + nanos(self.duration) }
    }
}

fn parse_rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.0..=1e7).contains(&rate) { Ok(rate) } else { Err("not in 0 to 10000000".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Options::command().debug_assert();
    }

    fn check(arguments: &str) -> Result<(), String> {
        let words = ["loadtest"].into_iter().chain(arguments.split_whitespace());
        let options = Options::try_parse_from(words).map_err(|error| error.to_string())?;
        options.check().map_err(|failure| failure.to_string())
    }

    #[test]
    fn what_can_not_be_done_is_refused() {
        for good in ["", "--rate 0 --window 16", "--rate 0.5", "--downloads 2 --download-name a"]
            .into_iter()
            .chain(["--spawn --server-option=--offline=discard", "--direct --window 3"])
            .chain(["--groups 100 --window 4", "--groups 3 --group-size 7"])
            .chain(["--protocol irc --payload 400 --rate 0", "--idle"])
            .chain(["--protocol http --idle --downloads 1 --download-name a"])
        {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in [
            "--clients 1",
            "--clients 3 --direct",
            "--clients 131074 --direct",
            "--direct --rate 5",
            "--direct --senders 5",
            "--groups 101",
            "--groups 3 --group-size 101",
            "--groups 3 --rate 5",
            "--group-size 1 --groups 3",
            "--protocol irc --groups 3",
            "--protocol irc --sessions 2",
            "--sessions 17",
            "--resume",
            "--protocol gopher",
            "--protocol irc --payload 401",
            "--protocol mqtt --direct",
            "--protocol resp --senders 2",
            "--protocol nats --spawn",
            "--protocol nats --downloads 1 --download-name a",
            "--protocol http --downloads 1 --download-name a",
            "--idle --rate 3",
            "--server-option=--offline=discard",
            "--clients 3 --senders 4",
            "--senders 0",
            "--rate -1",
            "--rate nan",
            "--rate inf",
            "--window 0",
            "--payload 39",
            "--payload 4096",
            "--duration 40h",
            "--drain 2h",
            "--downloads 1",
            "--clients 1000000 --senders 1000",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
