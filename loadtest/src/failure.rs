//! Why a run ended without a result, and the exit codes.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Exit codes, as in sysexits(3) where it has one.
pub mod exit {
    /// Nothing went wrong.
    pub const OK: u8 = 0;
    /// A message was lost, doubled, out of order or damaged, or a connection or request failed.
    pub const FAULTS: u8 = 1;
    /// EX_USAGE.
    pub const USAGE: u8 = 64;
    /// EX_UNAVAILABLE.
    pub const UNAVAILABLE: u8 = 69;
    /// EX_OSERR.
    pub const OS_ERROR: u8 = 71;
    /// EX_CANTCREAT.
    pub const CANNOT_CREATE: u8 = 73;
    /// 128 and SIGINT, as shells count.
    pub const INTERRUPTED: u8 = 130;
}

/// Why there is no result.
#[derive(Debug)]
pub enum Failure {
    /// The options can't be met.
    Usage(String),
    /// There is no server, or it doesn't let the clients in.
    Unavailable(String),
    /// The system refused something that the run can't do without.
    Internal(io::Error),
    /// A file with the results can't be written.
    Output(PathBuf, String),
    /// A signal came before anything was measured.
    Interrupted,
}

impl Failure {
    /// What the process exits with.
    pub fn exit_code(&self) -> u8 {
        match self {
            Failure::Usage(_) => exit::USAGE,
            Failure::Unavailable(_) => exit::UNAVAILABLE,
            Failure::Internal(_) => exit::OS_ERROR,
            Failure::Output(..) => exit::CANNOT_CREATE,
            Failure::Interrupted => exit::INTERRUPTED,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Usage(reason) | Failure::Unavailable(reason) => f.write_str(reason),
            Failure::Internal(error) => error.fmt(f),
            Failure::Output(path, reason) => write!(f, "{}: {reason}", path.display()),
            Failure::Interrupted => f.write_str("interrupted"),
        }
    }
}

impl std::error::Error for Failure {}
