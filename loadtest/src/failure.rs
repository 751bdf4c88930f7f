//! Failures: reasons for the end of a run without a result, and their exit codes.

use std::fmt;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use chatsrv::exit::Exit;

/// The exit code if a message was lost, doubled, out of order, damaged or delivered to its sender,
/// or a connection, a message or a download failed.
pub const EXIT_FAULTS: u8 = 1;
/// The exit code if a signal came before anything was measured: 128 and SIGINT, as in shells.
const EXIT_INTERRUPTED: u8 = 130;

/// The reason for which there is no result.
#[derive(Debug)]
pub enum Failure {
    /// The options can't be fulfilled.
    Usage(String),
    /// There is no server, or the clients can't log in.
    Unavailable(String),
    /// The system refused something that the run needs.
    Internal(io::Error),
    /// The report can't be written to standard output.
    Report(io::Error),
    /// A file with the results can't be written.
    Output(PathBuf, String),
    /// A signal came before anything was measured.
    Interrupted,
}

impl Failure {
    /// The exit code of the process.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Failure::Usage(_) => Exit::Usage.into(),
            Failure::Unavailable(_) => Exit::Unavailable.into(),
            Failure::Internal(_) => Exit::System.into(),
            Failure::Report(_) => Exit::InputOutput.into(),
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
            Failure::Report(error) => write!(f, "cannot write to standard output: {error}"),
            Failure::Output(path, reason) => write!(f, "{}: {reason}", path.display()),
            Failure::Interrupted => f.write_str("interrupted"),
        }
    }
}

impl std::error::Error for Failure {}

/// Writes a report to standard output.
///
/// # Errors
/// [`Failure::Report`], except if the reader has closed the pipe, since it has read what it wanted.
pub fn report(text: impl fmt::Display) -> Result<(), Failure> {
    let mut output = io::stdout().lock();
    match write!(output, "{text}").and_then(|()| output.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::Report(error)),
        _ => Ok(()),
    }
}
