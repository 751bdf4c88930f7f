//! Signals as events of the client's loop.

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

/// The signals that request the process to end.
const END_SIGNALS: [c_int; 3] = [SIGHUP, SIGINT, SIGTERM];

/// The other signals whose default action ends the process. Those for faults of the process itself
/// are not among them: after a fault, nothing can be relied on.
const FATAL_SIGNALS: [c_int; 11] = [
    SIGABRT, SIGALRM, SIGPROF, SIGQUIT, SIGSYS, SIGTRAP, SIGUSR1, SIGUSR2, SIGVTALRM, SIGXCPU,
    SIGXFSZ,
];

/// The exit code by which shells report a process ended by a signal, less the signal's number.
const ENDED_BY_SIGNAL: u8 = 128;

/// Ends the process as the default action of SIGPIPE does, for a client whose output nobody reads
/// any more. A shell sees the same as of other programs in a pipeline.
pub fn end_as_sigpipe() -> ExitCode {
    // It returns if the default action can't be restored; then the exit code says the same.
    let _ = emulate_default_handler(SIGPIPE);
    ExitCode::from(ENDED_BY_SIGNAL + SIGPIPE as u8)
}

/// A guard: until it is dropped, the signals caught with it do not end the process.
#[derive(Debug)]
pub struct EndGuard(Arc<AtomicBool>);

impl Drop for EndGuard {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// A pipe that is readable after certain signals.
#[derive(Debug)]
pub struct SignalPipe(UnixStream);

impl SignalPipe {
    /// Catches the signals after which the terminal may have changed: SIGWINCH (another size) and
    /// SIGCONT (the process was stopped).
    ///
    /// # Errors
    /// If the process has no file descriptor left.
    pub fn change() -> io::Result<Self> {
        SignalPipe::catch(&[SIGWINCH, SIGCONT])
    }

    /// Catches all signals that end the process, until the guard is dropped; after that they have
    /// their default action again.
    ///
    /// # Errors
    /// If the process has no file descriptor left.
    pub fn end_for_now() -> io::Result<(Self, EndGuard)> {
        let guard = EndGuard(Arc::new(AtomicBool::new(false)));
        let signals = [&END_SIGNALS[..], &FATAL_SIGNALS].concat();
        for signal in &signals {
            flag::register_conditional_default(*signal, Arc::clone(&guard.0))?;
        }
        Ok((SignalPipe::catch(&signals)?, guard))
    }

    /// Catches the signals that request the process to end.
    ///
    /// # Errors
    /// If the process has no file descriptor left.
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

    /// Returns true if there was a signal since the last call.
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

/// Catches the signals whose default action would end or stop the process at once, until it is
/// dropped, so that the terminal's settings can be restored before.
#[derive(Debug)]
pub struct Postponed {
    pipe: SignalPipe,
    /// The number of the last signal of those that end the process; 0 for none.
    fatal: Arc<AtomicUsize>,
    /// SIGTSTP if there was one and no SIGCONT after it, else 0.
    stop: Arc<AtomicUsize>,
}

impl Postponed {
    /// Catches SIGTSTP, and with `all` also the signals that end the process without requesting it.
    ///
    /// # Errors
    /// If the process has no file descriptor left.
    pub fn catch(all: bool) -> io::Result<Self> {
        let fatal = Arc::new(AtomicUsize::new(0));
        let stop = Arc::new(AtomicUsize::new(0));
        let ending = if all { &FATAL_SIGNALS[..] } else { &[] };
        for signal in ending {
            flag::register_usize(*signal, Arc::clone(&fatal), number(*signal))?;
        }
        flag::register_usize(SIGTSTP, Arc::clone(&stop), number(SIGTSTP))?;
        flag::register_usize(SIGCONT, Arc::clone(&stop), 0)?;
        // SIGCONT is blocked while the handler of SIGTSTP runs, so that its own handler runs after
        // that.
        if let Some(mut action) = set_stop_action(Some(stop_action(libc::SIG_IGN))) {
            // SAFETY: the set is a field of a valid action.
            unsafe { libc::sigaddset(&raw mut action.sa_mask, SIGCONT) };
            set_stop_action(Some(action));
        }
        let signals = [&[SIGTSTP], ending].concat();
        Ok(Postponed { pipe: SignalPipe::catch(&signals)?, fatal, stop })
    }

    /// The signal since the last call; one that ends the process precedes one that stops it. A
    /// SIGTSTP that a SIGCONT has followed does not count.
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

/// The signal as an unsigned number; none is negative.
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

/// A signal that was caught, and whose default action is postponed.
#[derive(Debug)]
pub enum Signal {
    /// It ends the process.
    Fatal(c_int),
    /// It stops the process, unless a SIGCONT comes before [`obey`](Self::obey).
    Stop(Arc<AtomicUsize>),
}

impl Signal {
    /// Carries out the default action of the signal. After a stop it returns when the process is
    /// continued.
    ///
    /// # Errors
    /// If the signal can't be raised.
    pub fn obey(self) -> io::Result<()> {
        match self {
            Signal::Fatal(signal) => emulate_default_handler(signal),
            Signal::Stop(stop) => stop_unless_continued(&stop),
        }
    }
}

/// Stops the process, unless there was a SIGCONT since `stop` was set.
///
/// SIGTSTP is raised while it is blocked. A SIGCONT after that removes the pending signal, as POSIX
/// has it; one before has cleared `stop`. So no SIGCONT is missed in between, which would leave the
/// process stopped although it was continued.
fn stop_unless_continued(stop: &AtomicUsize) -> io::Result<()> {
    let blocked = StopBlocked::new()?;
    // It must be SIGTSTP, which the kernel ignores in an orphaned process group, where nobody could
    // continue the process.
    let caught = set_stop_action(Some(stop_action(libc::SIG_DFL)));
    let raised = signal_hook::low_level::raise(SIGTSTP);
    if stop.swap(0, Ordering::SeqCst) == 0 {
        // A pending signal is discarded when its action becomes "ignore".
        set_stop_action(Some(stop_action(libc::SIG_IGN)));
    }
    drop(blocked);
    set_stop_action(caught);
    raised
}

/// A guard: until it is dropped, SIGTSTP is blocked in this thread.
struct StopBlocked(libc::sigset_t);

impl StopBlocked {
    fn new() -> io::Result<Self> {
        // SAFETY: a zeroed set may be passed to sigemptyset, which initializes it, and all pointers
        // are to live sets.
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
        // SAFETY: the set is the one that was in force before. Setting a valid one can't fail.
        unsafe {
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.0, std::ptr::null_mut())
        };
    }
}

/// A signal action of that kind, without flags.
fn stop_action(kind: libc::sighandler_t) -> libc::sigaction {
    // SAFETY: a zeroed sigaction is valid.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = kind;
    action
}

/// Sets the action of SIGTSTP, if one is given; returns the previous one.
fn set_stop_action(action: Option<libc::sigaction>) -> Option<libc::sigaction> {
    let action = action?;
    // SAFETY: both pointers are to valid actions.
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
