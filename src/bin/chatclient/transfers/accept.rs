//! The policy for files that others send: which are downloaded without a command.

use chatsrv::protocol::native::read::SentFile;
use clap::ValueEnum;

/// Which files that others send are downloaded without a command. The texts of the variants are
/// those of --help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AcceptFiles {
    /// None: it is told how to get them.
    Ask,
    /// Those that are not too large.
    Always,
    /// None, and it is not told how to get them.
    Never,
}

/// The policy for files that others send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accept {
    /// Which files are downloaded.
    pub which: AcceptFiles,
    /// The largest file that is downloaded, in bytes.
    pub bytes_max: u64,
}

impl Accept {
    /// Returns true if a file is to be downloaded.
    pub fn takes(&self, file: &SentFile<'_>) -> bool {
        self.which == AcceptFiles::Always && file.size <= self.bytes_max
    }
}
