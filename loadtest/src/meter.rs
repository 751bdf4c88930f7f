//! The meter of CPU time and memory, of the server and of this program, read before and after each
//! phase of a run.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::figures::Measured;
use crate::process::{Process, Thread};

/// Reads the resource use of both processes.
#[derive(Clone, Copy, Debug)]
pub struct Meter {
    server: Option<Process>,
    this: Process,
}

/// The resource use of both processes at a time.
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
    /// The earlier reading.
    pub before: Reading,
    /// The later reading.
    pub after: Reading,
}

/// The server's resource use during the logins.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct LoginUse {
    /// CPU time of all logins.
    pub cpu_seconds: f64,
    /// The same for each client.
    pub cpu_us_per_client: f64,
    /// Resident memory before the logins.
    pub rss_bytes_before: u64,
    /// Resident memory that was added, for each client.
    pub rss_bytes_per_client: f64,
}

/// The server's resource use in the measured part of a run.
#[derive(Clone, Debug, Serialize)]
pub struct ServerUse {
    /// The id of its process.
    pub pid: u32,
    /// Memory at the end of the run.
    pub rss_bytes: u64,
    /// CPU time of all threads.
    #[serde(flatten)]
    pub cpu: Cpu,
    /// CPU time of the threads by name, the busiest first, without idle ones.
    pub threads: Vec<ThreadUse>,
}

/// The CPU time of the threads with one name.
#[derive(Clone, Debug, Serialize)]
pub struct ThreadUse {
    /// Their name.
    pub name: String,
    /// Their CPU time.
    #[serde(flatten)]
    pub cpu: Cpu,
}

/// CPU time in the measured part of a run, including that for downloads.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Cpu {
    /// The total.
    pub cpu_seconds: f64,
    /// For each message received; absent if there was none.
    pub cpu_us_per_delivery: Option<f64>,
    /// For each gigabyte (10^9 bytes) downloaded; absent if there was none.
    pub cpu_seconds_per_gigabyte: Option<f64>,
    /// As a share of the time of one processor.
    pub cpu_share: f64,
}

impl Meter {
    /// Creates a meter for this process, and for the server if that is known.
    pub fn new(server: Option<Process>) -> Self {
        Meter { server, this: Process::this() }
    }

    /// Reads the resource use of both processes.
    pub fn read(&self) -> Reading {
        let server = self.server.and_then(|server| {
            Some(ServerReading { threads: server.threads()?, rss_bytes: server.rss_bytes()? })
        });
        Reading { server, this_cpu: self.this.cpu_time() }
    }

    /// The server's resource use in the measured part; `None` if its process is unknown or has
    /// ended.
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
    /// The server's resource use during the logins of a number of clients; `None` if its process is
    /// unknown.
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

    /// This program's CPU time in the measured part.
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
