//! Signals, as bytes in pipes that the poll watches.

use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use signal_hook::flag;
use signal_hook::low_level::pipe;

/// The pipes into which signals write.
#[derive(Debug)]
pub struct Signals {
    /// SIGTERM and SIGINT.
    stop: UnixStream,
    /// SIGUSR1.
    figures: UnixStream,
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
        let (figures, sender) = UnixStream::pair()?;
        figures.set_nonblocking(true)?;
        pipe::register(SIGUSR1, sender)?;
        // A daemon reads its files again at SIGHUP. This one has none to read, and must not end at
        // once and without a word, as it would if nobody took the signal.
        flag::register(SIGHUP, Arc::new(AtomicBool::new(false)))?;
        Ok(Signals { stop, figures })
    }

    /// What to watch.
    pub fn sources(&self) -> [BorrowedFd<'_>; 2] {
        [self.stop.as_fd(), self.figures.as_fd()]
    }

    /// How many signals to stop arrived since the last call.
    pub fn take_stops(&mut self) -> usize {
        take(&mut self.stop)
    }

    /// Whether the figures were asked for since the last call.
    pub fn take_figures(&mut self) -> bool {
        take(&mut self.figures) > 0
    }
}

fn take(pipe: &mut UnixStream) -> usize {
    let mut bytes = [0; 64];
    // An empty pipe is an error too, as it does not block.
    pipe.read(&mut bytes).unwrap_or(0)
}
