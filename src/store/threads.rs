//! The threads of the store: named, and waited for when it closes.

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
    /// No threads yet.
    pub(super) fn new() -> Self {
        let (running, ended) = channel();
        Threads { running: Some(running), ended }
    }

    /// Starts a thread. Linux cuts a name after 15 bytes.
    ///
    /// # Errors
    /// The system's, where it gives no more threads.
    pub(super) fn spawn(&self, name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
        let running = self.running.clone();
        thread::Builder::new().name(name.to_owned()).spawn(move || {
            // Dropped last, also where the work panics.
            let _running = running;
            work();
        })?;
        Ok(())
    }

    /// Waits until all have ended, or the time is over; tells whether they have.
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

/// Lets the calling thread run only where nobody else wants the core: hashing must not take the
/// loop's time.
pub(super) fn yield_to_others() {
    // On Linux the nice value belongs to the thread, and `None` is the calling one.
    if let Err(error) = rustix::process::setpriority_process(None, 19) {
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
        assert_eq!(inside.join().unwrap(), 19);
        assert_eq!(rustix::process::getpriority_process(None).unwrap(), before);
    }
}
