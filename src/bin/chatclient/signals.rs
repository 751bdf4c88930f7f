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
    /// The number of the signal that came last of those that end the process; 0 is none.
    fatal: Arc<AtomicUsize>,
    /// SIGTSTP where it came and no SIGCONT behind it, else 0.
    stop: Arc<AtomicUsize>,
}

impl Postponed {
    /// Catches what stops the process, and `all` that ends it without being asked to.
    ///
    /// # Errors
    /// Where the process has no file descriptor left.
    pub fn catch(all: bool) -> io::Result<Self> {
        let fatal = Arc::new(AtomicUsize::new(0));
        let stop = Arc::new(AtomicUsize::new(0));
        let ending = if all { &FATAL_SIGNALS[..] } else { &[] };
        for signal in ending {
            flag::register_usize(*signal, Arc::clone(&fatal), number(*signal))?;
        }
        flag::register_usize(SIGTSTP, Arc::clone(&stop), number(SIGTSTP))?;
        flag::register_usize(SIGCONT, Arc::clone(&stop), 0)?;
        // A SIGCONT behind a SIGTSTP must not be handled within it, and so before it.
        if let Some(mut action) = set_stop_action(Some(stop_action(libc::SIG_IGN))) {
            // SAFETY: the set is the one of a valid action.
            unsafe { libc::sigaddset(&raw mut action.sa_mask, SIGCONT) };
            set_stop_action(Some(action));
        }
        let signals = [&[SIGTSTP], ending].concat();
        Ok(Postponed { pipe: SignalPipe::catch(&signals)?, fatal, stop })
    }

    /// The signal that came since the last time; one that ends the process before one that stops
    /// it. A stop behind which the process was told to go on is none any more.
    pub fn take(&mut self) -> Option<Signal> {
        self.pipe.take();
        let fatal = self.fatal.swap(0, Ordering::SeqCst);
        if let Some(fatal) = c_int::try_from(fatal).ok().filter(|fatal| *fatal != 0) {
            return Some(Signal::Fatal(fatal));
        }
        let stops = self.stop.load(Ordering::SeqCst) != 0;
        stops.then(|| Signal::Stop(Arc::clone(&self.stop)))
    }
}

/// The signal as a number without a sign; none of them is negative.
fn number(signal: c_int) -> usize {
    signal.unsigned_abs() as usize
}

impl AsFd for Postponed {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pipe.as_fd()
    }
}

impl Drop for Postponed {
    fn drop(&mut self) {
        set_stop_action(Some(stop_action(libc::SIG_DFL)));
    }
}

/// A signal that was caught and has not done yet what it does.
#[derive(Debug)]
pub enum Signal {
    /// It ends the process.
    Fatal(c_int),
    /// It stops the process, unless a SIGCONT has taken this back before it is obeyed.
    Stop(Arc<AtomicUsize>),
}

impl Signal {
    /// Does what the signal does to a process that does not catch it. One that stops it returns
    /// when the process is continued.
    ///
    /// # Errors
    /// Where the system refuses.
    pub fn obey(self) -> io::Result<()> {
        match self {
            Signal::Fatal(signal) => emulate_default_handler(signal),
            Signal::Stop(stop) => stop_unless_continued(&stop),
        }
    }
}

/// Stops the process, unless it was told to go on since `stop` was set.
///
/// The signal is raised while it is blocked. A SIGCONT that comes behind that takes it back, as
/// the system has it; one that came before has cleared `stop`. So none is missed in between, and
/// nobody is left waiting for a process that stopped after it was told to go on.
fn stop_unless_continued(stop: &AtomicUsize) -> io::Result<()> {
    let blocked = StopBlocked::new()?;
    // No other signal will do: this one does nothing where nobody is there to continue it.
    let caught = set_stop_action(Some(stop_action(libc::SIG_DFL)));
    let raised = signal_hook::low_level::raise(SIGTSTP);
    if stop.swap(0, Ordering::SeqCst) == 0 {
        // What is ignored does not stay pending.
        set_stop_action(Some(stop_action(libc::SIG_IGN)));
    }
    drop(blocked);
    set_stop_action(caught);
    raised
}

/// As long as it lives, SIGTSTP does not reach this thread.
struct StopBlocked(libc::sigset_t);

impl StopBlocked {
    fn new() -> io::Result<Self> {
        // SAFETY: a set of zeros is a valid place for one, sigemptyset makes it an empty one, and
        // all pointers are to sets that live.
        unsafe {
            let mut stop: libc::sigset_t = std::mem::zeroed();
            let mut before: libc::sigset_t = std::mem::zeroed();
            libc::sigemptyset(&raw mut stop);
            libc::sigaddset(&raw mut stop, SIGTSTP);
            match libc::pthread_sigmask(libc::SIG_BLOCK, &raw const stop, &raw mut before) {
                0 => Ok(StopBlocked(before)),
                error => Err(io::Error::from_raw_os_error(error)),
            }
        }
    }
}

impl Drop for StopBlocked {
    fn drop(&mut self) {
        // SAFETY: the set is the one that stood before. Setting a valid one can't fail.
        unsafe {
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.0, std::ptr::null_mut())
        };
    }
}

/// The action of that kind, without flags.
fn stop_action(kind: libc::sighandler_t) -> libc::sigaction {
    // SAFETY: a sigaction of zeros is a valid one.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = kind;
    action
}

/// Says what SIGTSTP does, where anything is to be said; returns what it did.
fn set_stop_action(action: Option<libc::sigaction>) -> Option<libc::sigaction> {
    let action = action?;
    // SAFETY: both pointers are to valid actions. What is put back was the action before.
    unsafe {
        let mut before: libc::sigaction = std::mem::zeroed();
        (libc::sigaction(SIGTSTP, &raw const action, &raw mut before) == 0).then_some(before)
    }
}

#[cfg(test)]
mod tests {
    use signal_hook::low_level::raise;

    use super::*;

    /// One test for all of it: what a signal does is a matter of the process.
    #[test]
    fn a_stop_is_taken_back_by_a_continuation_and_stands_behind_an_end() {
        let mut postponed = Postponed::catch(true).unwrap();
        raise(SIGTSTP).unwrap();
        raise(SIGCONT).unwrap();
        assert!(postponed.take().is_none());
        // Also where it comes while the terminal is being given back: else this would stop here.
        raise(SIGTSTP).unwrap();
        let stop = postponed.take().unwrap();
        assert!(matches!(stop, Signal::Stop(_)));
        raise(SIGCONT).unwrap();
        stop.obey().unwrap();
        // It is caught again.
        raise(SIGTSTP).unwrap();
        raise(SIGQUIT).unwrap();
        raise(SIGTSTP).unwrap();
        assert!(matches!(postponed.take(), Some(Signal::Fatal(SIGQUIT))));
        assert!(matches!(postponed.take(), Some(Signal::Stop(_))));
    }
}
