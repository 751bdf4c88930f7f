//! What the server and this program have used, read at four moments: before and after the logins,
//! and before and after the measured part of the run.

use std::time::Duration;

use serde::Serialize;

use crate::process::Process;
use crate::traffic::Measured;

/// Reads both processes.
#[derive(Debug)]
pub struct Meter {
    server: Option<Process>,
    this: Process,
    readings: Vec<Reading>,
}

#[derive(Clone, Copy, Debug)]
struct Reading {
    server_cpu: Option<Duration>,
    server_rss_bytes: Option<u64>,
    this_cpu: Option<Duration>,
}

/// What the server used.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct ServerUse {
    /// Its process.
    pub pid: u32,
    /// CPU time of the logins, for each of the clients.
    pub login_cpu_us_per_client: f64,
    /// Memory that the logins added, for each of the clients.
    pub rss_bytes_per_connection: f64,
    /// Memory at the end of the run.
    pub rss_bytes: u64,
    /// CPU time in the measured part.
    #[serde(flatten)]
    pub cpu: Cpu,
}

/// CPU time in the measured part of a run, downloads and all.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Cpu {
    /// All of it.
    pub cpu_seconds: f64,
    /// For each message received; absent where there was none.
    pub cpu_us_per_delivery: Option<f64>,
    /// As a share of the time of one processor.
    pub cpu_share: f64,
}

impl Meter {
    /// A meter for this process, and for the server where it is known.
    pub fn new(server: Option<Process>) -> Self {
        Meter { server, this: Process::this(), readings: Vec::new() }
    }

    /// Reads both.
    pub fn read(&mut self) {
        self.readings.push(Reading {
            server_cpu: self.server.and_then(|server| server.cpu_time()),
            server_rss_bytes: self.server.and_then(|server| server.rss_bytes()),
            this_cpu: self.this.cpu_time(),
        });
    }

    /// What the server used; `None` where it is not known, or has ended.
    pub fn server_use(&self, clients: usize, measured: &Measured) -> Option<ServerUse> {
        let [start, logged_in, before, after] = self.readings[..] else { return None };
        let clients = clients as f64;
        let login_cpu = logged_in.server_cpu?.saturating_sub(start.server_cpu?);
        let added_bytes = logged_in.server_rss_bytes? as f64 - start.server_rss_bytes? as f64;
        Some(ServerUse {
            pid: self.server?.pid(),
            login_cpu_us_per_client: login_cpu.as_secs_f64() * 1e6 / clients,
            rss_bytes_per_connection: added_bytes / clients,
            rss_bytes: after.server_rss_bytes?,
            cpu: Cpu::between(before.server_cpu?, after.server_cpu?, measured),
        })
    }

    /// What this program used in the measured part.
    pub fn own_use(&self, measured: &Measured) -> Option<Cpu> {
        let [.., before, after] = self.readings[..] else { return None };
        Some(Cpu::between(before.this_cpu?, after.this_cpu?, measured))
    }
}

impl Cpu {
    fn between(before: Duration, after: Duration, measured: &Measured) -> Self {
        let seconds = after.saturating_sub(before).as_secs_f64();
        Cpu {
            cpu_seconds: seconds,
            cpu_us_per_delivery: (measured.deliveries > 0)
                .then(|| seconds * 1e6 / measured.deliveries as f64),
            cpu_share: seconds / measured.elapsed.as_secs_f64(),
        }
    }
}
