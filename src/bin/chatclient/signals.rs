//! Signals as events of the loop.

use std::ffi::c_int;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{
    SIGABRT, SIGALRM, SIGCONT, SIGHUP, SIGINT, SIGPIPE, SIGPROF, SIGQUIT, SIGSYS, SIGTERM, SIGTRAP,
    SIGTSTP, SIGUSR1, SIGUSR2, SIGVTALRM, SIGWINCH, SIGXCPU, SIGXFSZ,
};
use signal_hook::flag;
use signal_hook::low_level::{emulate_default_handler, pipe};

/// What asks the process to end.
const END_SIGNALS: [c_int; 3] = [SIGHUP, SIGINT, SIGTERM];

/// What else ends a process that does not catch it, but for faults of its own: behind those,
/// nothing can be relied on.
const FATAL_SIGNALS: [c_int; 11] = [
    SIGABRT, SIGALRM, SIGPROF, SIGQUIT, SIGSYS, SIGTRAP, SIGUSR1, SIGUSR2, SIGVTALRM, SIGXCPU,
    SIGXFSZ,
];

/// Exit code of a process that a signal has ended, as shells tell it, less the signal.
const ENDED_BY_SIGNAL: u8 = 128;

/// Ends the process as SIGPIPE does where nobody ignores it: whoever read its output has gone, and
/// a shell sees the same as of any other program in that place.
pub fn end_as_sigpipe() -> ExitCode {
    // It returns where the system lets nobody set a signal back; the code says the same then.
    let _ = emulate_default_handler(SIGPIPE);
    ExitCode::from(ENDED_BY_SIGNAL + SIGPIPE as u8)
}

/// As long as it lives, signals that end the process do not end it by themselves.
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

    /// The same as [`end`](Self::end), and for all that ends a process, as long as the guard lives;
    /// after that such a signal ends the process at once, as if it had never been caught.
    ///
    /// # Errors
    /// Where the process has no file descriptor left.
    pub fn end_for_now() -> io::Result<(Self, EndGuard)> {
        let guard = EndGuard(Arc::new(AtomicBool::new(false)));
        let signals = [&END_SIGNALS[..], &FATAL_SIGNALS].concat();
        for signal in &signals {
            flag::register_conditional_default(*signal, Arc::clone(&guard.0))?;
        }
        Ok((SignalPipe::catch(&signals)?, guard))
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

/// Catches what would end or stop the process at once, so that the terminal can be given back
/// before. As long as it lives.
#[derive(Debug)]
pub struct Postponed {
    pipe: SignalPipe,
    /// The number of the signal that came last; 0 is none.
    last: Arc<AtomicUsize>,
}

impl Postponed {
    /// Catches what stops the process, and `all` that ends it without being asked to.
    ///
    /// # Errors
    /// Where the process has no file descriptor left.
    pub fn catch(all: bool) -> io::Result<Self> {
        let last = Arc::new(AtomicUsize::new(0));
        let fatal = if all { &FATAL_SIGNALS[..] } else { &[] };
        let signals = [&[SIGTSTP], fatal].concat();
        for signal in &signals {
            // None of these numbers is negative.
            flag::register_usize(*signal, Arc::clone(&last), signal.unsigned_abs() as usize)?;
        }
        Ok(Postponed { pipe: SignalPipe::catch(&signals)?, last })
    }

    /// The signal that came since the last time.
    pub fn take(&mut self) -> Option<Signal> {
        self.pipe.take();
        let last = self.last.swap(0, Ordering::SeqCst);
        c_int::try_from(last).ok().filter(|signal| *signal != 0).map(Signal)
    }
}

impl AsFd for Postponed {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pipe.as_fd()
    }
}

impl Drop for Postponed {
    fn drop(&mut self) {
        set_stop_action(None);
    }
}

/// A signal that was caught and has not done yet what it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signal(c_int);

impl Signal {
    /// Does what the signal does to a process that does not catch it. One that stops it returns
    /// when the process is continued.
    ///
    /// # Errors
    /// Where the system refuses.
    pub fn obey(self) -> io::Result<()> {
        if self.0 != SIGTSTP {
            return emulate_default_handler(self.0);
        }
        // No other signal will do: this one does nothing where nobody is there to continue it.
        let caught = set_stop_action(None);
        let raised = signal_hook::low_level::raise(SIGTSTP);
        set_stop_action(caught);
        raised
    }
}

/// Says what SIGTSTP does, by default to stop; returns what it did.
fn set_stop_action(action: Option<libc::sigaction>) -> Option<libc::sigaction> {
    // SAFETY: a sigaction of zeros is one of the default action without flags, and all three
    // pointers are to valid ones or null. What is put back was the action before.
    unsafe {
        let action = action.unwrap_or_else(|| std::mem::zeroed());
        let mut before: libc::sigaction = std::mem::zeroed();
        (libc::sigaction(SIGTSTP, &raw const action, &raw mut before) == 0).then_some(before)
    }
}
