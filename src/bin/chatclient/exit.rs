//! How the client ends, as the shell sees it; the numbers are those of sysexits(3).

use std::process::ExitCode;

/// The exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Everything that was asked for was done.
    Done = 0,
    /// Something that was asked for was refused or failed.
    Failed = 1,
    /// The command line makes no sense.
    Usage = 64,
    /// There is no server, or the connection to it was lost.
    Unavailable = 69,
    /// The login failed.
    LoginFailed = 77,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}
