//! Signals, as bytes in pipes that the poll watches.

use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use signal_hook::low_level::pipe;

/// The pipes into which signals write.
#[derive(Debug)]
pub struct Signals {
    /// SIGTERM and SIGINT.
    stop: UnixStream,
    /// SIGUSR1.
    metrics: UnixStream,
    /// SIGHUP.
    reload: UnixStream,
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
        let (metrics, sender) = UnixStream::pair()?;
        metrics.set_nonblocking(true)?;
        pipe::register(SIGUSR1, sender)?;
        let (reload, sender) = UnixStream::pair()?;
        reload.set_nonblocking(true)?;
        pipe::register(SIGHUP, sender)?;
        Ok(Signals { stop, metrics, reload })
    }

    /// What to watch.
    pub fn sources(&self) -> [BorrowedFd<'_>; 3] {
        [self.stop.as_fd(), self.metrics.as_fd(), self.reload.as_fd()]
    }

    /// How many signals to stop arrived since the last call.
    pub fn take_stops(&mut self) -> usize {
        take(&mut self.stop)
    }

    /// Whether the metrics were asked for since the last call.
    pub fn take_metrics(&mut self) -> bool {
        take(&mut self.metrics) > 0
    }

    /// Whether files are to be read again since the last call.
    pub fn take_reloads(&mut self) -> bool {
        take(&mut self.reload) > 0
    }
}

fn take(pipe: &mut UnixStream) -> usize {
    let mut bytes = [0; 64];
    // An empty pipe is an error too, as it does not block.
    pipe.read(&mut bytes).unwrap_or(0)
}
