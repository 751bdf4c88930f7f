//! Signals as events of the loop.

use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM, SIGWINCH};
use signal_hook::low_level::pipe;

/// A pipe that certain signals write to.
#[derive(Debug)]
pub struct SignalPipe(UnixStream);

impl SignalPipe {
    /// Catches what may have changed the terminal: its new size, and the process going on after it
    /// was stopped.
    ///
    /// # Errors
    /// Where the process has no file descriptor left.
    pub fn change() -> io::Result<Self> {
        SignalPipe::catch(&[SIGWINCH, SIGCONT])
    }

    /// Catches what asks the process to end.
    ///
    /// # Errors
    /// Where the process has no file descriptor left.
    pub fn end() -> io::Result<Self> {
        SignalPipe::catch(&[SIGHUP, SIGINT, SIGTERM])
    }

    fn catch(signals: &[i32]) -> io::Result<Self> {
        let (read, write) = UnixStream::pair()?;
        read.set_nonblocking(true)?;
        for signal in signals {
            pipe::register(*signal, write.try_clone()?)?;
        }
        Ok(SignalPipe(read))
    }

    /// Whether a signal came since the last time.
    pub fn take(&mut self) -> bool {
        let mut drained = [0; 64];
        let mut came = false;
        while matches!(self.0.read(&mut drained), Ok(length) if length > 0) {
            came = true;
        }
        came
    }
}

impl AsFd for SignalPipe {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
