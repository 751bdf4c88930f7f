//! The machine and the limits of a run, so that its figures can be judged and reproduced.

use std::fmt;
use std::fs;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde::Serialize;

use crate::failure::Failure;
use crate::limits::OTHER_FILES;

/// The machine.
#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    /// The processor's name.
    pub processor: String,
    /// The number of processors that this process may use.
    pub processors: usize,
    /// The kernel's name and release.
    pub kernel: String,
}

impl Machine {
    /// This machine.
    pub fn this() -> Self {
        let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
        let uname = rustix::system::uname();
        let words = [uname.sysname(), uname.release(), uname.machine()];
        Machine {
            processor: model.map_or("unknown", |(_, name)| name).to_owned(),
            processors: std::thread::available_parallelism().map_or(1, Into::into),
            kernel: words.map(|word| word.to_string_lossy()).join(" "),
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Machine { processor, processors, kernel } = self;
        write!(f, "{processors} x {processor}, {kernel}")
    }
}

/// The resource limits of a run.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Limits {
    /// The limit of open files (RLIMIT_NOFILE).
    pub open_files: u64,
}

/// Raises the limit of open files to the hard limit.
///
/// # Errors
/// [`Failure::Usage`] if that many clients need more.
pub fn raise_open_files(clients: usize) -> Result<Limits, Failure> {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    // Without a raise the limit may suffice, which is checked below.
    let _ = setrlimit(Resource::Nofile, raised);
    let open_files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let needed = clients + OTHER_FILES;
    if needed as u64 > open_files {
        return Err(Failure::Usage(format!(
            "{clients} clients need {needed} open files, and the limit is {open_files}"
        )));
    }
    Ok(Limits { open_files })
}
