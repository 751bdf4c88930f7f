//! Signals: those that stop the server are bytes in a pipe that the poll watches.

use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;
use signal_hook::low_level::pipe;

/// The pipe into which SIGTERM and SIGINT write.
#[derive(Debug)]
pub struct Signals {
    stop: UnixStream,
}

impl Signals {
    /// Takes over the signals of this process.
    ///
    /// # Errors
    /// Where the system refuses.
    pub fn new() -> io::Result<Self> {
        let (stop, sender) = UnixStream::pair()?;
        stop.set_nonblocking(true)?;
        pipe::register(SIGTERM, sender.try_clone()?)?;
        pipe::register(SIGINT, sender)?;
        // A daemon reads its files again at SIGHUP. This one has none to read, and must not end at
        // once and without a word, as it would if nobody took the signal.
        flag::register(SIGHUP, Arc::new(AtomicBool::new(false)))?;
        Ok(Signals { stop })
    }

    /// What to watch.
    pub fn source(&self) -> BorrowedFd<'_> {
        self.stop.as_fd()
    }

    /// How many signals to stop arrived since the last call.
    pub fn take_stops(&mut self) -> usize {
        let mut bytes = [0; 64];
        self.stop.read(&mut bytes).unwrap_or(0)
    }
}
