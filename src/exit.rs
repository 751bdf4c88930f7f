//! How the programs end: the exit codes of sysexits.h that they use.

use std::process::ExitCode;

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Everything that was asked for was done.
    Done = 0,
    /// Something that was asked for was refused or failed.
    Failed = 1,
    /// EX_USAGE: the command line or the environment asks for what there is not, or hands over what
    /// can't be used.
    Usage = 64,
    /// EX_DATAERR: a check found what should not be.
    Data = 65,
    /// EX_UNAVAILABLE: an address to listen on is taken, or no server answers.
    Unavailable = 69,
    /// EX_SOFTWARE: the program found itself in a state that it should never be in.
    Software = 70,
    /// EX_OSERR: the system refused what the program can't do without.
    System = 71,
    /// EX_CANTCREAT: the data folder or a file in it can't be made or used.
    CantCreate = 73,
    /// EX_IOERR: what is there can't be read, or what was asked for can't be written.
    InputOutput = 74,
    /// EX_TEMPFAIL: not now; another server has the data folder.
    TryAgain = 75,
    /// EX_NOPERM: the login failed.
    LoginFailed = 77,
    /// EX_CONFIG: what the operator set up can't be used, a certificate for example.
    Config = 78,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}
