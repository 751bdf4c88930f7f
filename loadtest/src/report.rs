//! What a run came to, for people and for programs.

use std::fmt::{self, Write};
use std::fs;
use std::path::Path;

use serde::Serialize;

use crate::downloads::Tally;
use crate::failure::Failure;
use crate::latency::Percentiles;
use crate::ledger::Faults;
use crate::machine::{Limits, Machine};
use crate::options::Options;

/// All figures of a run, and what they were measured with.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// This program's version.
    pub version: &'static str,
    /// The exact command line.
    pub command: String,
    /// The server: its address, and its name and version as it greets.
    pub server: Server,
    /// The machine.
    pub machine: Machine,
    /// The limits of this process.
    pub limits: Limits,
    /// The options that decide what is measured.
    pub options: Settings,
    /// The logins.
    pub login: Login,
    /// The measured part of the run.
    pub traffic: Traffic,
    /// Latencies; each is absent where nothing was measured.
    pub latency: Latency,
    /// Downloads, where there were any.
    pub downloads: Option<Downloads>,
    /// What went wrong with messages.
    pub faults: Faults,
    /// What else went wrong.
    pub failures: Failures,
    /// Whether a signal ended the run early.
    pub interrupted: bool,
}

/// The server of a run.
#[derive(Clone, Debug, Serialize)]
pub struct Server {
    /// Its address and port.
    pub address: String,
    /// Its name and version.
    pub greeting: String,
}

/// The options that decide what is measured, with their defaults filled in.
#[derive(Clone, Debug, Serialize)]
pub struct Settings {
    /// Clients that talk.
    pub clients: u32,
    /// Of these, who broadcast.
    pub senders: u16,
    /// Broadcasts a second, or 0.
    pub rate: f64,
    /// Broadcasts under way, with a rate of 0.
    pub window: Option<u32>,
    /// Bytes of text in a broadcast.
    pub payload_bytes: u32,
    /// The warm-up, in seconds.
    pub warmup_seconds: f64,
    /// The measured part, in seconds.
    pub duration_seconds: f64,
    /// The wait for what was under way, at most, in seconds.
    pub drain_seconds: f64,
    /// Further clients that download.
    pub downloads: u32,
    /// What they download.
    pub download_name: Option<String>,
}

impl From<&Options> for Settings {
    fn from(options: &Options) -> Self {
        Settings {
            clients: options.clients,
            senders: options.senders,
            rate: options.rate,
            window: (options.rate == 0.0).then_some(options.window),
            payload_bytes: options.payload,
            warmup_seconds: options.warmup.as_secs_f64(),
            duration_seconds: options.duration.as_secs_f64(),
            drain_seconds: options.drain.as_secs_f64(),
            downloads: options.downloads,
            download_name: options.download_name.clone(),
        }
    }
}

/// The logins of all clients.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Login {
    /// How long they took together.
    pub seconds: f64,
    /// How often the server was busy and was asked again.
    pub retries: u64,
}

/// Counts and rates.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Traffic {
    /// The measured part of the run, with the wait for what was under way.
    pub seconds: f64,
    /// Broadcasts sent, with the warm-up.
    pub broadcasts: u64,
    /// Messages received, with the warm-up.
    pub deliveries: u64,
    /// Messages received in the measured part.
    pub measured_deliveries: u64,
    /// The same a second.
    pub deliveries_per_second: f64,
    /// Messages of others.
    pub foreign: u64,
}

/// All latencies. They count from the time at which a broadcast was due.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Latency {
    /// To each receiver that does not download.
    pub delivery: Option<Percentiles>,
    /// To each receiver that downloads.
    pub delivery_to_downloader: Option<Percentiles>,
    /// To the last receiver.
    pub last_receiver: Option<Percentiles>,
    /// To the server's confirmation.
    pub confirmation: Option<Percentiles>,
    /// To the moment of sending.
    pub sent_late: Option<Percentiles>,
}

/// The downloads of all clients.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Downloads {
    /// All that was downloaded.
    #[serde(flatten)]
    pub tally: Tally,
    /// Bytes a second in the measured part.
    pub bytes_per_second: f64,
}

/// What went wrong beside messages.
#[derive(Clone, Debug, Serialize)]
pub struct Failures {
    /// Connections that ended.
    pub connections: usize,
    /// Broadcasts that the server refused.
    pub refused: u64,
    /// Broadcasts that were due and could not be sent.
    pub unsent: u64,
    /// Downloads.
    pub downloads: u64,
    /// The first reason of each kind.
    pub reasons: Vec<String>,
}

impl Report {
    /// Whether all went as it should.
    pub fn is_clean(&self) -> bool {
        let Failures { connections, refused, unsent, downloads, .. } = self.failures;
        !self.faults.any() && connections == 0 && refused + unsent + downloads == 0
    }

    /// Writes all of it as one JSON object.
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

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_setting(f)?;
        self.write_latencies(f)?;
        self.write_counts(f)?;
        self.write_faults(f)
    }
}

impl Report {
    fn write_setting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Machine { processor, processors, kernel } = &self.machine;
        writeln!(f, "command   {}", self.command)?;
        writeln!(f, "version   loadtest {}, server {}", self.version, self.server.greeting)?;
        writeln!(f, "server    {}", self.server.address)?;
        writeln!(f, "machine   {processor}, {processors} processors, {kernel}")?;
        writeln!(
            f,
            "limits    {} open files, {} logins under way",
            self.limits.open_files, self.limits.logins_under_way
        )?;
        let Settings { clients, senders, payload_bytes, .. } = self.options;
        write!(f, "load      {clients} clients, {senders} of them send {payload_bytes} bytes, ")?;
        match self.options.window {
            Some(window) => writeln!(f, "{window} broadcasts under way")?,
            None => writeln!(f, "{} broadcasts a second", self.options.rate)?,
        }
        write!(f, "login     all in {:.2} s", self.login.seconds)?;
        match self.login.retries {
            0 => f.write_char('\n'),
            retries => writeln!(f, ", {retries} retries"),
        }
    }

    fn write_latencies(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\nlatency in ms    {:>9} {:>9} {:>9} {:>9} {:>9} {:>10}",
            "p50", "p90", "p99", "p99.9", "max", "count"
        )?;
        for (name, percentiles) in [
            ("each receiver", &self.latency.delivery),
            ("  downloading", &self.latency.delivery_to_downloader),
            ("last receiver", &self.latency.last_receiver),
            ("confirmation", &self.latency.confirmation),
            ("sent late by", &self.latency.sent_late),
        ] {
            let Some(found) = percentiles else { continue };
            write!(f, "{name:<16}")?;
            for micros in [found.p50_us, found.p90_us, found.p99_us, found.p99_9_us, found.max_us] {
                write!(f, " {:>9.3}", micros / 1000.0)?;
            }
            writeln!(f, " {:>10}", found.count)?;
        }
        Ok(())
    }

    fn write_counts(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Traffic { seconds, measured_deliveries, deliveries_per_second, foreign, .. } =
            self.traffic;
        writeln!(
            f,
            "\nreceived  {measured_deliveries} messages in {seconds:.2} s: \
             {deliveries_per_second:.0} a second"
        )?;
        if foreign > 0 {
            writeln!(f, "          and {foreign} messages of others")?;
        }
        if let Some(Downloads { tally, bytes_per_second }) = &self.downloads {
            writeln!(
                f,
                "download  {} files, {} bytes in all: {:.1} MB a second",
                tally.completed,
                tally.bytes,
                bytes_per_second / 1e6
            )?;
        }
        Ok(())
    }

    fn write_faults(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Faults { lost, doubled, misordered, corrupt, stray } = self.faults;
        write!(f, "faults    lost {lost}, doubled {doubled}, out of order {misordered}")?;
        writeln!(f, ", damaged {corrupt}, astray {stray}")?;
        let Failures { connections, refused, unsent, downloads, reasons } = &self.failures;
        if connections + reasons.len() > 0 || refused + unsent + downloads > 0 {
            write!(f, "failures  {connections} connections, {refused} broadcasts refused")?;
            writeln!(f, ", {unsent} not sent, {downloads} downloads")?;
        }
        for reason in reasons {
            writeln!(f, "          {reason}")?;
        }
        if self.interrupted {
            writeln!(f, "The run was interrupted.")?;
        }
        Ok(())
    }
}
