//! Why a run ended without a result.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use chatsrv::exit::Exit;

/// The exit code where a message was lost, doubled, out of order, damaged or delivered to its
/// sender, or a connection, a message or a download failed.
pub const EXIT_FAULTS: u8 = 1;
/// The exit code where a signal came before anything was measured: 128 and SIGINT, as shells count.
const EXIT_INTERRUPTED: u8 = 130;

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
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Failure::Usage(_) => Exit::Usage.into(),
            Failure::Unavailable(_) => Exit::Unavailable.into(),
            Failure::Internal(_) => Exit::System.into(),
            Failure::Output(..) => Exit::CantCreate.into(),
            Failure::Interrupted => EXIT_INTERRUPTED.into(),
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
