//! What the server and this program have used, read before and after each phase of a run.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::figures::Measured;
use crate::process::{Process, Thread};

/// Reads both processes.
#[derive(Clone, Copy, Debug)]
pub struct Meter {
    server: Option<Process>,
    this: Process,
}

/// What both had used at one moment.
#[derive(Clone, Debug)]
pub struct Reading {
    server: Option<ServerReading>,
    this_cpu: Option<Duration>,
}

#[derive(Clone, Debug)]
struct ServerReading {
    threads: Vec<Thread>,
    rss_bytes: u64,
}

/// Two readings of one meter.
#[derive(Clone, Debug)]
pub struct Span {
    /// The earlier one.
    pub before: Reading,
    /// The later one.
    pub after: Reading,
}

/// What the server used while clients logged in.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct LoginUse {
    /// CPU time of all of them.
    pub cpu_seconds: f64,
    /// The same for each client.
    pub cpu_us_per_client: f64,
    /// Resident memory before them.
    pub rss_bytes_before: u64,
    /// Resident memory that was added, for each client.
    pub rss_bytes_per_client: f64,
}

/// What the server used while the clients talked.
#[derive(Clone, Debug, Serialize)]
pub struct ServerUse {
    /// Its process.
    pub pid: u32,
    /// Memory at the end of the run.
    pub rss_bytes: u64,
    /// CPU time of all threads.
    #[serde(flatten)]
    pub cpu: Cpu,
    /// The same of the threads by their names, the busiest first, without the idle.
    pub threads: Vec<ThreadUse>,
}

/// What threads of one name used.
#[derive(Clone, Debug, Serialize)]
pub struct ThreadUse {
    /// Their name.
    pub name: String,
    /// Their CPU time.
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
    /// For each gigabyte (10^9 bytes) downloaded; absent where there was none.
    pub cpu_seconds_per_gigabyte: Option<f64>,
    /// As a share of the time of one processor.
    pub cpu_share: f64,
}

impl Meter {
    /// A meter for this process, and for the server where it is known.
    pub fn new(server: Option<Process>) -> Self {
        Meter { server, this: Process::this() }
    }

    /// Reads both.
    pub fn read(&self) -> Reading {
        let server = self.server.and_then(|server| {
            Some(ServerReading { threads: server.threads()?, rss_bytes: server.rss_bytes()? })
        });
        Reading { server, this_cpu: self.this.cpu_time() }
    }

    /// What the server used in the measured part; `None` where it is not known, or has ended.
    pub fn server_use(&self, used: &Span, measured: &Measured) -> Option<ServerUse> {
        let (before, after) = used.server()?;
        let [before_by_name, mut by_name] = [before.by_name(), after.by_name()];
        for (name, cpu) in &mut by_name {
            *cpu = cpu.saturating_sub(before_by_name.get(name).copied().unwrap_or_default());
        }
        let mut by_name: Vec<_> = by_name.into_iter().filter(|(_, cpu)| !cpu.is_zero()).collect();
        by_name.sort_by_key(|(_, cpu)| std::cmp::Reverse(*cpu));
        let thread = |(name, cpu): (&str, _)| ThreadUse {
            name: name.escape_debug().to_string(),
            cpu: Cpu::of(cpu, measured),
        };
        Some(ServerUse {
            pid: self.server?.pid(),
            rss_bytes: after.rss_bytes,
            cpu: Cpu::of(after.cpu().saturating_sub(before.cpu()), measured),
            threads: by_name.into_iter().map(thread).collect(),
        })
    }
}

impl Span {
    /// What the server used while so many clients logged in; `None` where it is not known.
    pub fn login_use(&self, clients: usize) -> Option<LoginUse> {
        let (before, after) = self.server()?;
        let clients = clients as f64;
        let cpu_seconds = after.cpu().saturating_sub(before.cpu()).as_secs_f64();
        Some(LoginUse {
            cpu_seconds,
            cpu_us_per_client: cpu_seconds * 1e6 / clients,
            rss_bytes_before: before.rss_bytes,
            rss_bytes_per_client: (after.rss_bytes as f64 - before.rss_bytes as f64) / clients,
        })
    }

    /// What this program used in the measured part.
    pub fn own_use(&self, measured: &Measured) -> Option<Cpu> {
        let used = self.after.this_cpu?.saturating_sub(self.before.this_cpu?);
        Some(Cpu::of(used, measured))
    }

    fn server(&self) -> Option<(&ServerReading, &ServerReading)> {
        Some((self.before.server.as_ref()?, self.after.server.as_ref()?))
    }
}

impl ServerReading {
    fn cpu(&self) -> Duration {
        self.threads.iter().map(|thread| thread.cpu).sum()
    }

    fn by_name(&self) -> BTreeMap<&str, Duration> {
        let mut by_name = BTreeMap::new();
        for Thread { name, cpu } in &self.threads {
            *by_name.entry(name.as_str()).or_default() += *cpu;
        }
        by_name
    }
}

impl Cpu {
    fn of(used: Duration, measured: &Measured) -> Self {
        let seconds = used.as_secs_f64();
        Cpu {
            cpu_seconds: seconds,
            cpu_us_per_delivery: (measured.deliveries > 0)
                .then(|| seconds * 1e6 / measured.deliveries as f64),
            cpu_seconds_per_gigabyte: (measured.downloaded_bytes > 0)
                .then(|| seconds * 1e9 / measured.downloaded_bytes as f64),
            cpu_share: seconds / measured.elapsed.as_secs_f64(),
        }
    }
}
