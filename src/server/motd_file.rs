//! The file of the message of the day: read at the start, and again at SIGHUP.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::poll::Waker;
use super::reload::Reload;
use crate::chat::motd::{InvalidMotd, MOTD_BYTES_MAX, MessageOfTheDay};

/// The file of the message of the day.
#[derive(Debug)]
pub struct MotdFile {
    path: PathBuf,
    /// The text of the start, until it is taken.
    first: Option<MessageOfTheDay>,
    reload: Reload<Result<MessageOfTheDay, MotdFileError>>,
}

/// Why the file can't be used.
#[derive(Debug)]
pub enum MotdFileError {
    /// It can't be read.
    Read(io::Error),
    /// It holds no message of the day.
    Invalid(InvalidMotd),
    /// The thread that is to read it can't be started, or has died.
    Thread(io::Error),
}

impl fmt::Display for MotdFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MotdFileError::Read(error) => write!(f, "cannot be read: {error}"),
            MotdFileError::Invalid(why) => write!(f, "is no message of the day: {why}"),
            MotdFileError::Thread(error) => write!(f, "cannot be read by a thread: {error}"),
        }
    }
}

impl MotdFile {
    /// Reads the file.
    ///
    /// # Errors
    /// See [`MotdFileError`].
    pub fn open(path: &Path) -> Result<Self, MotdFileError> {
        let first = Some(read(path)?);
        Ok(MotdFile { path: path.to_owned(), first, reload: Reload::default() })
    }

    /// The path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Begins to read the file again, on a thread of its own. `waker` is called when that is done.
    /// While it is read, another time is noted for later.
    ///
    /// # Errors
    /// If no thread can be started.
    pub fn begin_reload(&mut self, waker: Waker) -> Result<(), MotdFileError> {
        let path = self.path.clone();
        self.reload.begin("motd", waker, move || read(&path)).map_err(MotdFileError::Thread)
    }

    /// Takes what was read, if that is done and was not taken yet.
    pub fn take(&mut self) -> Option<Result<MessageOfTheDay, MotdFileError>> {
        if let Some(text) = self.first.take() {
            return Some(Ok(text));
        }
        Some(self.reload.take()?.map_err(MotdFileError::Thread).flatten())
    }

    /// Returns true, once, if the file was to be read again meanwhile.
    pub fn take_asked_again(&mut self) -> bool {
        self.reload.take_asked_again()
    }
}

fn read(path: &Path) -> Result<MessageOfTheDay, MotdFileError> {
    let file = File::open(path).map_err(MotdFileError::Read)?;
    let mut bytes = Vec::new();
    // One byte more than a text can have tells that there is more.
    let most = MOTD_BYTES_MAX as u64 + 1;
    file.take(most).read_to_end(&mut bytes).map_err(MotdFileError::Read)?;
    MessageOfTheDay::parse(&bytes).map_err(MotdFileError::Invalid)
}
