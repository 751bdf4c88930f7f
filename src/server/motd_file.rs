//! The file of the message of the day: read at the start, and again at SIGHUP.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, TryRecvError};
use std::thread;

use super::poll::Waker;
use crate::chat::motd::{InvalidMotd, MOTD_BYTES_MAX, MessageOfTheDay};

/// The file of the message of the day.
#[derive(Debug)]
pub struct MotdFile {
    path: PathBuf,
    reading: MotdReload,
    /// Whether it was to be read again meanwhile, since it may have changed.
    is_asked_again: bool,
}

/// What there is of the text to take.
#[derive(Debug)]
enum MotdReload {
    /// Nothing.
    None,
    /// The text of the start.
    Done(MessageOfTheDay),
    /// What another thread reads.
    UnderWay(Receiver<Result<MessageOfTheDay, MotdFileError>>),
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
        let reading = MotdReload::Done(read(path)?);
        Ok(MotdFile { path: path.to_owned(), reading, is_asked_again: false })
    }

    /// The path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Begins to read the file again, on a thread of its own: its folder may be on a network that
    /// does not answer. `waker` is called when that is done. While it is read, another time is
    /// noted for later.
    ///
    /// # Errors
    /// If no thread can be started.
    pub fn begin_reload(&mut self, waker: Waker) -> Result<(), MotdFileError> {
        if matches!(self.reading, MotdReload::UnderWay(_)) {
            self.is_asked_again = true;
            return Ok(());
        }
        let (sender, receiver) = mpsc::channel();
        let path = self.path.clone();
        let read = move || {
            // An error says that the event loop has ended.
            let _ = sender.send(read(&path));
            waker.wake();
        };
        let thread = thread::Builder::new().name("motd".to_owned());
        thread.spawn(read).map_err(MotdFileError::Thread)?;
        self.reading = MotdReload::UnderWay(receiver);
        Ok(())
    }

    /// Takes what was read, if that is done and was not taken yet.
    pub fn take(&mut self) -> Option<Result<MessageOfTheDay, MotdFileError>> {
        match std::mem::replace(&mut self.reading, MotdReload::None) {
            MotdReload::None => None,
            MotdReload::Done(text) => Some(Ok(text)),
            MotdReload::UnderWay(receiver) => match receiver.try_recv() {
                Ok(result) => Some(result),
                Err(TryRecvError::Empty) => {
                    self.reading = MotdReload::UnderWay(receiver);
                    None
                }
                Err(TryRecvError::Disconnected) => {
                    Some(Err(MotdFileError::Thread(io::ErrorKind::BrokenPipe.into())))
                }
            },
        }
    }

    /// Returns true, once, if the file was to be read again meanwhile.
    pub fn take_asked_again(&mut self) -> bool {
        std::mem::take(&mut self.is_asked_again)
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
