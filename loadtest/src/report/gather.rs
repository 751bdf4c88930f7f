//! Assembles the report of a run.

use super::record::{
    DownloadReport, Environment, Failures, Latency, Login, Report, ServerReport, TrafficReport,
};
use crate::figures::Figures;
use crate::login::LoggedIn;
use crate::machine::{Limits, Machine};
use crate::meter::{Meter, Span};
use crate::options::Options;
use crate::server::Server;
use crate::traffic::Outcome;

/// Logins of all clients.
#[derive(Debug)]
pub struct Logins {
    /// Their result.
    pub done: LoggedIn,
    /// The resource use of the processes meanwhile.
    pub used: Span,
}

/// The data of a run, besides the result of its traffic.
#[derive(Debug)]
pub struct Run<'a> {
    /// The options.
    pub options: &'a Options,
    /// The limits of this process.
    pub limits: Limits,
    /// The server.
    pub server: Server,
    /// The logins.
    pub login: Logins,
    /// The logins with tokens.
    pub resumed: Option<Logins>,
    /// The meter of the processes.
    pub meter: Meter,
    /// The last lines of the log of a spawned server.
    pub server_log: Vec<String>,
}

impl Logins {
    fn told(&self, clients: usize) -> Login {
        Login {
            seconds: self.done.elapsed.as_secs_f64(),
            retries: self.done.retries,
            server_use: self.used.login_use(clients),
        }
    }
}

impl Run<'_> {
    /// Returns the report, and the complete latencies.
    pub fn finish(self, outcome: Outcome) -> (Report, Figures) {
        let Run { options, limits, server, login, resumed, meter, server_log } = self;
        let clients = options.all_clients();
        let figures = &outcome.figures;
        let report = Report {
            environment: Environment {
                version: env!("CARGO_PKG_VERSION"),
                command: command(),
                server: ServerReport {
                    address: server.address.to_string(),
                    greeting: login.done.server.clone(),
                    log: server_log,
                },
                machine: Machine::this(),
                limits,
            },
            options: options.into(),
            login: login.told(clients),
            resume: resumed.map(|logins| logins.told(clients)),
            traffic: traffic(&outcome),
            latency: latency(figures),
            downloads: (options.downloads > 0).then(|| downloads(&outcome)),
            server_process: meter.server_use(&outcome.used, &outcome.measured),
            own_process: outcome.used.own_use(&outcome.measured),
            faults: outcome.faults,
            failures: failures(&outcome),
            interrupted: outcome.interrupted,
        };
        (report, outcome.figures)
    }
}

fn traffic(outcome: &Outcome) -> TrafficReport {
    let Outcome { figures, measured, .. } = outcome;
    let seconds = measured.elapsed.as_secs_f64();
    TrafficReport {
        seconds,
        sent: figures.sent,
        deliveries: figures.deliveries,
        measured_deliveries: measured.deliveries,
        deliveries_per_second: measured.deliveries as f64 / seconds,
        foreign: figures.foreign,
    }
}

fn latency(figures: &Figures) -> Latency {
    Latency {
        delivery: figures.delivery.percentiles(),
        delivery_to_downloader: figures.delivery_to_downloader.percentiles(),
        last_receiver: figures.last_receiver.percentiles(),
        confirmation: figures.confirmation.percentiles(),
        sent_late: figures.sent_late.percentiles(),
    }
}

fn downloads(outcome: &Outcome) -> DownloadReport {
    let Outcome { measured, .. } = outcome;
    DownloadReport {
        tally: outcome.downloads,
        bytes_per_second: measured.downloaded_bytes as f64 / measured.elapsed.as_secs_f64(),
    }
}

fn failures(outcome: &Outcome) -> Failures {
    let reasons = [
        ("connection", &outcome.broken.first_reason),
        ("message", &outcome.first_refusal),
        ("download", &outcome.first_download_failure),
    ];
    let told = |(what, reason): (&str, &Option<String>)| {
        Some(format!("first {what}: {}", reason.as_ref()?))
    };
    Failures {
        connections: outcome.broken.count,
        refused: outcome.figures.refused,
        unsent: outcome.figures.unsent,
        downloads: outcome.downloads.failed,
        reasons: reasons.into_iter().filter_map(told).collect(),
    }
}

/// The command line, quoted for a shell.
fn command() -> String {
    let words = std::env::args_os().map(|word| {
        let word = word.to_string_lossy();
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
        if !word.is_empty() && word.chars().all(plain) {
            word.into_owned()
        } else {
            format!("'{}'", word.replace('\'', r"'\''"))
        }
    });
    words.collect::<Vec<_>>().join(" ")
}
