//! The record of a run: all its figures, and the environment in which they were measured.

use std::fs;
use std::path::Path;

use serde::Serialize;

use crate::downloads::Tally;
use crate::failure::Failure;
use crate::latency::Percentiles;
use crate::ledger::Faults;
use crate::machine::{Limits, Machine};
use crate::meter::{Cpu, LoginUse, ServerUse};
use crate::options::Options;

/// A report: all figures of a run, and the environment in which they were measured.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The environment in which the figures were measured.
    #[serde(flatten)]
    pub environment: Environment,
    /// The options that decide what is measured.
    pub options: Settings,
    /// The logins.
    pub login: Login,
    /// The logins with tokens after a restart, if there were any.
    pub resume: Option<Login>,
    /// The measured part of the run.
    pub traffic: TrafficReport,
    /// Latencies; each is absent if nothing was measured.
    pub latency: Latency,
    /// Downloads, if there were any.
    pub downloads: Option<DownloadReport>,
    /// The resource use of the server's process, if it is known.
    pub server_process: Option<ServerUse>,
    /// This program's CPU time.
    pub own_process: Option<Cpu>,
    /// The faults of messages.
    pub faults: Faults,
    /// Other failures.
    pub failures: Failures,
    /// True if a signal ended the run early.
    pub interrupted: bool,
}

/// The environment in which the figures of a run were measured.
#[derive(Clone, Debug, Serialize)]
pub struct Environment {
    /// This program's version.
    pub version: &'static str,
    /// The exact command line.
    pub command: String,
    /// The server.
    pub server: ServerReport,
    /// The machine.
    pub machine: Machine,
    /// The limits of this process.
    pub limits: Limits,
}

/// The server of a run.
#[derive(Clone, Debug, Serialize)]
pub struct ServerReport {
    /// Its address and port.
    pub address: String,
    /// Its name and version, from its greeting.
    pub greeting: String,
    /// The last lines of its log, if it was spawned for this run.
    pub log: Vec<String>,
}

/// How fast clients send, at a rate or as fast as a window allows, and the size of a message.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Sending {
    /// Broadcasts per second; absent if the window decides, 0 if nobody sends.
    pub rate: Option<f64>,
    /// Broadcasts, or messages of each pair, under way.
    pub window: Option<u32>,
    /// Bytes of text in a broadcast.
    pub payload_bytes: u32,
}

/// The length of each part of a run, in seconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Periods {
    /// The warm-up.
    pub warmup_seconds: f64,
    /// The measured part.
    pub duration_seconds: f64,
    /// The longest wait for messages under way at the end.
    pub drain_seconds: f64,
}

/// How many clients talk, and in how many sessions.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Population {
    /// The number of clients that talk.
    pub clients: u32,
    /// The number of sessions of each of them.
    pub sessions: u32,
}

/// The options that decide what is measured, with their defaults filled in.
#[derive(Clone, Debug, Serialize)]
pub struct Settings {
    /// The protocol.
    pub protocol: &'static str,
    /// Who talks.
    #[serde(flatten)]
    pub population: Population,
    /// The number of concurrent logins.
    pub logins: u32,
    /// The number of clients that send.
    pub senders: u32,
    /// True if they send direct messages.
    pub direct: bool,
    /// The number of groups that they write to; 0 if there are none.
    pub groups: u32,
    /// The number of members of each group.
    pub group_size: u32,
    /// How fast they send, and the size of a message.
    #[serde(flatten)]
    pub sending: Sending,
    /// The length of each part of the run.
    #[serde(flatten)]
    pub periods: Periods,
    /// True if the clients spoke TLS.
    pub tls: bool,
    /// True if the server was spawned for this run.
    pub spawn: bool,
    /// The additional options of a spawned server.
    pub server_options: Vec<String>,
    /// The number of additional clients that download.
    pub downloads: u32,
    /// The name of the file that they download.
    pub download_name: Option<String>,
}

impl From<&Options> for Settings {
    fn from(options: &Options) -> Self {
        Settings {
            protocol: options.protocol.name(),
            population: Population { clients: options.clients, sessions: options.sessions },
            logins: options.logins,
            senders: options.all_senders(),
            direct: options.direct,
            groups: options.groups,
            group_size: options.group_size,
            sending: Sending {
                rate: (!options.is_closed_loop()).then_some(if options.idle {
                    0.0
                } else {
                    options.rate
                }),
                window: options.is_closed_loop().then_some(options.window),
                payload_bytes: options.payload,
            },
            periods: Periods {
                warmup_seconds: options.warmup.as_secs_f64(),
                duration_seconds: options.duration.as_secs_f64(),
                drain_seconds: options.drain.as_secs_f64(),
            },
            tls: options.is_encrypted(),
            spawn: options.spawn,
            server_options: options.server_option.clone(),
            downloads: options.downloads,
            download_name: options.download_name().map(str::to_owned),
        }
    }
}

/// The logins of all clients.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Login {
    /// The time for all of them.
    pub seconds: f64,
    /// The number of logins repeated since the server was busy.
    pub retries: u64,
    /// The server's resource use for them, if its process is known.
    #[serde(flatten)]
    pub server_use: Option<LoginUse>,
}

/// The counts and rates of messages.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct TrafficReport {
    /// The length of the measured part, including the wait for messages under way.
    pub seconds: f64,
    /// Messages sent, including the warm-up.
    pub sent: u64,
    /// Messages received, including the warm-up.
    pub deliveries: u64,
    /// Messages received in the measured part.
    pub measured_deliveries: u64,
    /// Messages received in the measured part, per second.
    pub deliveries_per_second: f64,
    /// Messages of others.
    pub foreign: u64,
}

/// All latencies. They count from the time at which a message was due.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Latency {
    /// To each receiver that does not download.
    pub delivery: Option<Percentiles>,
    /// To each receiver that downloads.
    pub delivery_to_downloader: Option<Percentiles>,
    /// To the last receiver of a broadcast.
    pub last_receiver: Option<Percentiles>,
    /// To the server's confirmation.
    pub confirmation: Option<Percentiles>,
    /// To the moment of sending.
    pub sent_late: Option<Percentiles>,
}

/// The downloads of all clients.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct DownloadReport {
    /// The counts of downloads.
    #[serde(flatten)]
    pub tally: Tally,
    /// Bytes per second in the measured part.
    pub bytes_per_second: f64,
}

/// Failures besides the faults of messages.
#[derive(Clone, Debug, Serialize)]
pub struct Failures {
    /// Connections that ended.
    pub connections: usize,
    /// Messages that the server refused.
    pub refused: u64,
    /// Messages that were due and could not be sent.
    pub unsent: u64,
    /// Downloads that failed.
    pub downloads: u64,
    /// The first reason of each kind.
    pub reasons: Vec<String>,
}

impl Report {
    /// Returns true if there were no faults and no failures.
    pub fn is_clean(&self) -> bool {
        let Failures { connections, refused, unsent, downloads, .. } = self.failures;
        !self.faults.any() && connections == 0 && refused + unsent + downloads == 0
    }

    /// The title and the subtitle for a plot of the latencies.
    pub fn titles(&self) -> [String; 2] {
        let Settings { population, direct, groups, sending, .. } = self.options;
        let Population { clients, .. } = population;
        let Sending { rate, window, payload_bytes } = sending;
        let pace = match (rate, window) {
            (Some(rate), _) => format!("{rate} broadcasts a second"),
            (None, window) if direct => {
                format!("{} messages under way in each pair", window.unwrap_or(1))
            }
            (None, window) if groups > 0 => {
                format!("{} messages to {groups} groups under way", window.unwrap_or(1))
            }
            (None, window) => format!("{} broadcasts under way", window.unwrap_or(1)),
        };
        let Environment { server, machine, .. } = &self.environment;
        [
            format!("Latency from the intended time to the receivers, {clients} clients"),
            format!("{}, {pace} of {payload_bytes} bytes, {machine}", server.greeting),
        ]
    }

    /// Writes the report as a JSON object.
    ///
    /// # Errors
    /// [`Failure::Output`].
    pub fn write_json(&self, path: &Path) -> Result<(), Failure> {
        let refuse = |reason: String| Failure::Output(path.to_owned(), reason);
        let mut json =
            serde_json::to_string_pretty(self).map_err(|error| refuse(error.to_string()))?;
        json.push('\n');
        fs::write(path, json).map_err(|error| refuse(error.to_string()))
    }
}
