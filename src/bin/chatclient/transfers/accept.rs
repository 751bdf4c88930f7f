//! What is done with files that people send.

use chatsrv::protocol::native::read::SentFile;
use clap::ValueEnum;

/// Which files that people send are fetched unasked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AcceptFiles {
    /// None: it is told how to get them.
    Ask,
    /// Those that are not too large.
    Always,
    /// None, and it is not told how to get them.
    Never,
}

/// What is done with files that people send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accept {
    /// Which are fetched unasked.
    pub which: AcceptFiles,
    /// The largest one that is.
    pub bytes_max: u64,
}

impl Accept {
    /// Whether a file is fetched unasked.
    pub fn takes(&self, file: &SentFile<'_>) -> bool {
        self.which == AcceptFiles::Always && file.size <= self.bytes_max
    }
}
