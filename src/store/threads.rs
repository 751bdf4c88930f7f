//! Groups of named threads that can be joined with a deadline.

use std::convert::Infallible;
use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Instant;

/// A group of threads that end together.
#[derive(Debug)]
pub(super) struct Threads {
    /// Each thread holds a clone until it ends; nothing is ever sent.
    running: Option<Sender<Infallible>>,
    ended: Receiver<Infallible>,
}

impl Threads {
    /// Creates an empty group.
    pub(super) fn new() -> Self {
        let (running, ended) = channel();
        Threads { running: Some(running), ended }
    }

    /// Starts a thread. Linux truncates its name to 15 bytes.
    ///
    /// # Errors
    /// The error of the operating system, if it gives no more threads.
    pub(super) fn spawn(&self, name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
        let running = self.running.clone();
        thread::Builder::new().name(name.to_owned()).spawn(move || {
            // Dropped last, even if the work panics.
            let _running = running;
            work();
        })?;
        Ok(())
    }

    /// Waits until all threads have ended, or the deadline has passed. Returns true if they have
    /// ended.
    pub(super) fn join(&mut self, deadline: Instant) -> bool {
        drop(self.running.take());
        let left = deadline.saturating_duration_since(Instant::now());
        match self.ended.recv_timeout(left) {
            Err(RecvTimeoutError::Disconnected) => true,
            Err(RecvTimeoutError::Timeout) => false,
            Ok(never) => match never {},
        }
    }
}

/// Lowers the priority of the calling thread to the minimum: the index of words is made, and disks
/// are kept busy with it, when nobody else has anything to do.
pub(super) fn stand_back() {
    set_priority(19);
}

/// Lowers the priority of the calling thread, which hashes or works on files: where the event loop
/// wants all of a core, such a thread has a tenth of it. With less, as at the minimum, logins would
/// stand for as long as somebody keeps the loop busy.
pub(super) fn yield_to_others() {
    set_priority(10);
}

/// Lowers the priority of the calling thread a little: the event loop and the database thread go
/// first, but logins wait for it.
pub(super) fn step_back() {
    set_priority(5);
}

fn set_priority(nice: i32) {
    // On Linux the nice value is per thread, and `None` is the calling one.
    if let Err(error) = rustix::process::setpriority_process(None, nice) {
        log::warn!("a background thread keeps its priority: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn they_are_waited_for_until_the_deadline() {
        let (release, released) = channel::<()>();
        let mut threads = Threads::new();
        threads.spawn("test", move || assert!(released.recv().is_err())).unwrap();
        assert!(!threads.join(Instant::now()));

        let mut threads = Threads::new();
        threads.spawn("test", || ()).unwrap();
        assert!(threads.join(Instant::now() + Duration::from_secs(60)));
        drop(release);
    }

    #[test]
    fn the_nice_value_is_the_threads_own() {
        let before = rustix::process::getpriority_process(None).unwrap();
        let inside = thread::spawn(|| {
            yield_to_others();
            rustix::process::getpriority_process(None).unwrap()
        });
        assert_eq!(inside.join().unwrap(), 10);
        assert_eq!(rustix::process::getpriority_process(None).unwrap(), before);
    }
}
