//! How large the system lets the server get: file descriptors and memory, and how they are shared
//! out.

use std::fmt;
use std::path::Path;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::limits::{
    EXCHANGES_MAX, FILES_OF_THREADS, MEMORY_PER_CLIENT, OWN_FILES, REFUSED_CONNECTIONS_MAX,
    RESERVED_FILES, RESERVED_FOR_TRANSFERS, TRANSFERS_MAX,
};

/// The fewest descriptors that are left beside clients: two files on their way, one refused
/// connection, and one reader of the metrics.
const BESIDE_CLIENTS_MIN: u64 = 4;
/// With fewer clients than this than could be, somebody will stand before a closed door.
const FEW_CLIENTS: u64 = 100;

/// What descriptors are for. Each of the figures is a bound, so that none of them takes what
/// another one needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shares {
    /// Clients.
    pub clients: u64,
    /// Files that are sent or received.
    pub transfers: u64,
    /// Connections that are told that they are one too many.
    pub refused: u64,
    /// Readers of the metrics.
    pub exchanges: u64,
}

/// There are so few descriptors that the server can't work at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooFewFiles {
    /// How many there are.
    pub limit: u64,
    /// How many it needs at least.
    pub needed: u64,
}

impl fmt::Display for TooFewFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TooFewFiles { limit, needed } = self;
        write!(f, "the limit of open files is {limit}, and the server needs {needed} at least")
    }
}

impl std::error::Error for TooFewFiles {}

impl Shares {
    /// Shares out `files` descriptors, `listeners` of which are for sockets that listen. Clients
    /// get all but [`RESERVED_FILES`], but half of them where there are few, and no more than
    /// `memory` allows for; or as many as are `wanted`, where so many fit.
    ///
    /// # Errors
    /// See [`TooFewFiles`].
    pub fn of(
        files: u64,
        listeners: u64,
        memory: u64,
        wanted: Option<u64>,
    ) -> Result<Shares, TooFewFiles> {
        // One more accepts whoever is refused without a word.
        let own = OWN_FILES + listeners + FILES_OF_THREADS + 1;
        let needed = own + BESIDE_CLIENTS_MIN + 2;
        let most = files.saturating_sub(own + BESIDE_CLIENTS_MIN);
        if most < 2 {
            return Err(TooFewFiles { limit: files, needed });
        }
        let usual = files.saturating_sub(RESERVED_FILES).max(files / 2);
        let usual = usual.min(memory / MEMORY_PER_CLIENT).max(2);
        let clients = wanted.unwrap_or(usual).min(most);
        let left = files - own - clients;
        let refused = (left / 4).min(REFUSED_CONNECTIONS_MAX);
        let exchanges = (left / 8).clamp(1, EXCHANGES_MAX);
        // Where there are many descriptors and few clients, not all of what is left.
        let transfers = left - refused - exchanges;
        let transfers = transfers.min(RESERVED_FOR_TRANSFERS + files / 8).min(TRANSFERS_MAX);
        Ok(Shares { clients, transfers, refused, exchanges })
    }

    /// What the operator should know of the number of clients, where people will notice it.
    pub fn warning(&self, limit: u64, wanted: Option<u64>) -> Option<String> {
        let clients = self.clients;
        match wanted {
            Some(wanted) if wanted > clients => Some(format!(
                "event=few-connections limit={limit} connections={clients}: the limit of open \
                 files has no room for the {wanted} of --max-clients"
            )),
            None if clients < FEW_CLIENTS => Some(format!(
                "event=few-connections limit={limit} connections={clients}: the limit of open \
                 files, or the memory, has room for no more"
            )),
            _ => None,
        }
    }
}

/// Raises the limit of open files as far as it goes, and tells how far that was. A service manager
/// may have set it already and forbid to change it.
pub fn raise_file_limit() -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current == maximum {
        return current.unwrap_or(u64::MAX);
    }
    match setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        Ok(()) => maximum.unwrap_or(u64::MAX),
        Err(error) => {
            log::warn!("cannot raise the limit of open files: {error}");
            current.unwrap_or(u64::MAX)
        }
    }
}

/// The memory that this process may use, in bytes: the machine's, or less where a control group
/// (cgroups(7)), one that holds it, or a limit of the process says so.
pub fn memory() -> u64 {
    let info = rustix::system::sysinfo();
    let machine = (info.totalram as u64).saturating_mul(u64::from(info.mem_unit));
    let limits = [Resource::As, Resource::Data].map(|which| getrlimit(which).current);
    let groups = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let group = control_group_memory(&groups, Path::new("/sys/fs/cgroup"));
    limits.into_iter().flatten().chain(group).fold(machine, u64::min)
}

/// The least limit of the control groups that `groups`, a file like `/proc/self/cgroup`, names, and
/// of those that hold them.
fn control_group_memory(groups: &str, root: &Path) -> Option<u64> {
    let limits = groups.lines().flat_map(|line| {
        let mut parts = line.splitn(3, ':').skip(1);
        let (hierarchy, path) = (parts.next().unwrap_or_default(), parts.next().unwrap_or("/"));
        let (root, file) = match hierarchy {
            "" => (root.to_owned(), "memory.max"),
            _ => (root.join("memory"), "memory.limit_in_bytes"),
        };
        let is_memory = hierarchy.is_empty() || hierarchy.split(',').any(|one| one == "memory");
        let folder = root.join(path.trim_start_matches('/'));
        let above: Vec<_> = folder.ancestors().map(Path::to_owned).collect();
        let above = above.into_iter().take_while(move |folder| folder.starts_with(&root));
        above.filter(move |_| is_memory).map(move |folder| folder.join(file))
    });
    let limits = limits.filter_map(|file| std::fs::read_to_string(file).ok()?.trim().parse().ok());
    limits.min()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLENTY: u64 = 1 << 50;

    fn shares(files: u64, wanted: Option<u64>) -> Shares {
        Shares::of(files, 3, PLENTY, wanted).unwrap()
    }

    #[test]
    fn clients_get_all_but_some_and_half_of_few() {
        for (files, clients) in
            [(1_048_576, 1_048_320), (20_000, 19_744), (1024, 768), (512, 256), (256, 128)]
        {
            let shares = shares(files, None);
            assert_eq!(shares.clients, clients, "{files}");
            let least = if files < 1024 { 40 } else { RESERVED_FOR_TRANSFERS };
            assert!(shares.transfers >= least, "{shares:?}");
        }
    }

    #[test]
    fn nothing_takes_what_another_needs() {
        let needed = Shares::of(0, 3, PLENTY, None).unwrap_err().needed;
        assert!(needed < 50, "{needed}");
        for files in needed..3000 {
            for wanted in [None, Some(1), Some(50), Some(1_000_000)] {
                let Shares { clients, transfers, refused, exchanges } = shares(files, wanted);
                let all =
                    OWN_FILES + 3 + FILES_OF_THREADS + clients + transfers + refused + exchanges;
                assert!(all < files, "{files}");
                assert!(transfers >= 2 && exchanges >= 1 && refused >= 1, "{files}");
                assert!(clients >= 2.min(wanted.unwrap_or(2)), "{files}");
            }
        }
        for files in 0..needed {
            let refused = Shares::of(files, 3, PLENTY, Some(1));
            assert_eq!(refused, Err(TooFewFiles { limit: files, needed }));
        }
    }

    #[test]
    fn memory_bounds_what_nobody_asked_for() {
        let memory = 1000 * MEMORY_PER_CLIENT;
        let shares = |wanted| Shares::of(20_000, 3, memory, wanted).unwrap().clients;
        assert_eq!(shares(None), 1000);
        assert_eq!(shares(Some(10_000)), 10_000);
    }

    #[test]
    fn few_connections_are_warned_of_with_the_numbers() {
        let warning = |files, wanted| shares(files, wanted).warning(files, wanted);
        assert!(warning(64, None).unwrap().contains("limit=64 connections=2"));
        assert_eq!(warning(256, None), None);
        assert_eq!(warning(64, Some(10)), None);
        assert!(warning(256, Some(1000)).unwrap().contains("limit=256"));
    }

    #[test]
    fn the_least_limit_of_all_groups_around_counts() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("a/b/memory.max", "max\n");
        write("a/memory.max", "1000\n");
        write("memory/c/memory.limit_in_bytes", "700\n");
        write("memory/memory.limit_in_bytes", "9223372036854771712\n");
        let memory = |groups| control_group_memory(groups, root.path());
        assert_eq!(memory("0::/a/b\n"), Some(1000));
        assert_eq!(memory("0::/\n"), None);
        assert_eq!(memory("4:cpu,memory:/c\n1:name=systemd:/a\n0::/a\n"), Some(700));
        assert_eq!(memory("4:cpu:/c\n"), None);
        assert_eq!(memory(""), None);
    }
}
