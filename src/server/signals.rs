//! Unix signals, delivered to the event loop as bytes in pipes that the poll watches.

use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use signal_hook::low_level::pipe;

/// The pipes into which the signal handlers write.
#[derive(Debug)]
pub struct Signals {
    /// SIGTERM and SIGINT: stop.
    stop: UnixStream,
    /// SIGUSR1: log the metrics.
    metrics: UnixStream,
    /// SIGHUP: read files again.
    reload: UnixStream,
}

impl Signals {
    /// Installs handlers for these signals in this process.
    ///
    /// # Errors
    /// If the operating system refuses.
    pub fn new() -> io::Result<Self> {
        let (stop, sender) = UnixStream::pair()?;
        stop.set_nonblocking(true)?;
        pipe::register(SIGTERM, sender.try_clone()?)?;
        pipe::register(SIGINT, sender)?;
        let (metrics, sender) = UnixStream::pair()?;
        metrics.set_nonblocking(true)?;
        pipe::register(SIGUSR1, sender)?;
        let (reload, sender) = UnixStream::pair()?;
        reload.set_nonblocking(true)?;
        pipe::register(SIGHUP, sender)?;
        Ok(Signals { stop, metrics, reload })
    }

    /// The descriptors that the poll has to watch.
    pub fn sources(&self) -> [BorrowedFd<'_>; 3] {
        [self.stop.as_fd(), self.metrics.as_fd(), self.reload.as_fd()]
    }

    /// Takes the number of signals to stop since the last call.
    pub fn take_stops(&mut self) -> usize {
        take(&mut self.stop)
    }

    /// Returns true if the metrics were requested since the last call.
    pub fn take_metrics(&mut self) -> bool {
        take(&mut self.metrics) > 0
    }

    /// Returns true if a reload was requested since the last call.
    pub fn take_reloads(&mut self) -> bool {
        take(&mut self.reload) > 0
    }
}

fn take(pipe: &mut UnixStream) -> usize {
    let mut bytes = [0; 64];
    // An empty pipe is an error too (EAGAIN).
    pipe.read(&mut bytes).unwrap_or(0)
}
