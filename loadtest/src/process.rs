//! The CPU time and the memory of a process, from proc(5), and the process of a server.

use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use rustix::process::{Pid, getpid};

/// A process of this machine.
#[derive(Clone, Copy, Debug)]
pub struct Process {
    pid: Pid,
}

/// A thread of a process.
#[derive(Clone, Debug)]
pub struct Thread {
    /// Its name. The first thread has that of the program.
    pub name: String,
    /// The CPU time that it has used so far.
    pub cpu: Duration,
}

impl Process {
    /// The process with that id; `None` if there is none, or it must not be inspected.
    pub fn with_pid(pid: u32) -> Option<Self> {
        let pid = Pid::from_raw(i32::try_from(pid).ok()?)?;
        let process = Process { pid };
        process.rss_bytes().map(|_| process)
    }

    /// This process.
    pub fn this() -> Self {
        Process { pid: getpid() }
    }

    /// The process on this machine that holds the server's end of a connection; `None` if it runs
    /// elsewhere or belongs to another user.
    pub fn at_other_end(client: SocketAddr, server: SocketAddr) -> Option<Self> {
        let link = format!("socket:[{}]", inode_of_connection(server, client)?);
        let entries = fs::read_dir("/proc").ok()?;
        let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        pids.filter(|pid| has_file(*pid, &link)).find_map(Process::with_pid)
    }

    /// Its id.
    pub fn pid(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    /// The CPU time of each of its threads, from the scheduler, without threads that have ended.
    /// `None` if the process has ended, or the kernel has no such statistics.
    pub fn threads(&self) -> Option<Vec<Thread>> {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.pid())).ok()?;
        let threads = tasks.flatten().filter_map(|task| {
            let name = fs::read_to_string(task.path().join("comm")).ok()?;
            let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
            let nanos = text.split(' ').next()?.parse().ok()?;
            Some(Thread { name: name.trim_end().to_owned(), cpu: Duration::from_nanos(nanos) })
        });
        Some(threads.collect::<Vec<_>>()).filter(|threads| !threads.is_empty())
    }

    /// The sum of the CPU times of its threads.
    pub fn cpu_time(&self) -> Option<Duration> {
        Some(self.threads()?.iter().map(|thread| thread.cpu).sum())
    }

    /// Its resident memory, in bytes.
    pub fn rss_bytes(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kib| kib * 1024)
    }
}

fn has_file(pid: u32, link: &str) -> bool {
    let Ok(files) = fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
    files.flatten().any(|file| fs::read_link(file.path()).is_ok_and(|to| to == Path::new(link)))
}

/// The inode of the local socket of a TCP connection.
fn inode_of_connection(local: SocketAddr, remote: SocketAddr) -> Option<u64> {
    ["/proc/net/tcp", "/proc/net/tcp6"].iter().find_map(|table| {
        let is_v6 = table.ends_with('6');
        let [local, remote] = [in_table(local, is_v6)?, in_table(remote, is_v6)?];
        let text = fs::read_to_string(table).ok()?;
        text.lines().find_map(|line| {
            let mut words = line.split_whitespace();
            (words.nth(1)? == local && words.next()? == remote).then_some(())?;
            words.nth(6)?.parse().ok().filter(|inode| *inode != 0)
        })
    })
}

/// Formats an address like the kernel's tables: 32 bits at a time, in the machine's byte order.
fn in_table(address: SocketAddr, is_v6: bool) -> Option<String> {
    let words = |octets: &[u8]| -> String {
        let words = octets.chunks_exact(4).map(|word| match word {
            [a, b, c, d] => u32::from_ne_bytes([*a, *b, *c, *d]),
            _ => 0,
        });
        words.map(|word| format!("{word:08X}")).collect()
    };
    let digits = match (address.ip(), is_v6) {
        (IpAddr::V4(ip), false) => words(&ip.octets()),
        (IpAddr::V4(ip), true) => words(&ip.to_ipv6_mapped().octets()),
        (IpAddr::V6(ip), true) => words(&ip.octets()),
        (IpAddr::V6(_), false) => return None,
    };
    Some(format!("{digits}:{:04X}", address.port()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn this_process_uses_time_and_memory() {
        let this = Process::this();
        let before = this.cpu_time().unwrap();
        let mut hash = 1_u64;
        // The scheduler updates its statistics every few milliseconds.
        while this.cpu_time().unwrap() < before + Duration::from_millis(5) {
            hash = std::hint::black_box(hash.wrapping_mul(31));
        }
        assert!(this.rss_bytes().unwrap() > 100 * 1024);
        assert_eq!(Process::with_pid(this.pid()).unwrap().pid(), this.pid());
        assert!(Process::with_pid(0).is_none());
        assert!(Process::with_pid(u32::MAX).is_none());
    }

    #[test]
    fn the_other_end_of_a_connection_is_found() {
        for address in ["127.0.0.1:0", "[::1]:0", "[::]:0"] {
            let Ok(listener) = TcpListener::bind(address) else { continue };
            let port = listener.local_addr().unwrap().port();
            let host = if address == "[::1]:0" { "[::1]" } else { "127.0.0.1" };
            let server: SocketAddr = format!("{host}:{port}").parse().unwrap();
            let client = TcpStream::connect(server).unwrap();
            let _accepted = listener.accept().unwrap();
            let found = Process::at_other_end(client.local_addr().unwrap(), server);
            assert_eq!(found.map(|process| process.pid()), Some(std::process::id()), "{address}");
        }
        let nobody = "127.0.0.1:1".parse().unwrap();
        assert!(Process::at_other_end(nobody, nobody).is_none());
    }
}
