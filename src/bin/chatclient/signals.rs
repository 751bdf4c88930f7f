//! Signals as events of the loop.

use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGPIPE, SIGTERM, SIGWINCH};
use signal_hook::flag;
use signal_hook::low_level::{emulate_default_handler, pipe};

/// What asks the process to end.
const END_SIGNALS: [i32; 3] = [SIGHUP, SIGINT, SIGTERM];

/// Exit code of a process that a signal has ended, as shells tell it, less the signal.
const ENDED_BY_SIGNAL: u8 = 128;

/// Ends the process as SIGPIPE does where nobody ignores it: whoever read its output has gone, and
/// a shell sees the same as of any other program in that place.
pub fn end_as_sigpipe() -> ExitCode {
    // It returns where the system lets nobody set a signal back; the code says the same then.
    let _ = emulate_default_handler(SIGPIPE);
    ExitCode::from(ENDED_BY_SIGNAL + SIGPIPE as u8)
}

/// As long as it lives, signals that ask the process to end do not end it by themselves.
#[derive(Debug)]
pub struct EndGuard(Arc<AtomicBool>);

impl Drop for EndGuard {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

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

    /// The same as [`end`](Self::end) as long as the guard lives; after that such a signal ends the
    /// process at once, as if it had never been caught.
    ///
    /// # Errors
    /// Where the process has no file descriptor left.
    pub fn end_for_now() -> io::Result<(Self, EndGuard)> {
        let guard = EndGuard(Arc::new(AtomicBool::new(false)));
        for signal in END_SIGNALS {
            flag::register_conditional_default(signal, Arc::clone(&guard.0))?;
        }
        Ok((SignalPipe::end()?, guard))
    }

    /// Catches what asks the process to end.
    ///
    /// # Errors
    /// Where the process has no file descriptor left.
    pub fn end() -> io::Result<Self> {
        SignalPipe::catch(&END_SIGNALS)
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
