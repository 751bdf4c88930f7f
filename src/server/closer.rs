//! A thread that closes the files of transfers, so that the event loop need not wait for it.
//!
//! close(2) may wait for the disk: if the file was removed and this is its last descriptor, its
//! blocks are freed then, extent by extent; and a network file system first sends all that was
//! written to its server.

use std::any::Any;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread;

/// A counting semaphore for the files that are open for downloads and uploads, on all connections
/// together. Each takes a file descriptor, and connections must not run out of those.
#[derive(Debug)]
pub struct Permits {
    max: usize,
    given: Arc<()>,
}

/// A permit to hold one file open. It is returned when it is dropped.
#[derive(Debug)]
pub struct Permit(#[expect(dead_code, reason = "it counts by being there")] Arc<()>);

impl Permits {
    /// Creates a semaphore with `max` permits.
    pub fn new(max: usize) -> Self {
        Permits { max, given: Arc::new(()) }
    }

    /// Takes a permit, if one is left.
    pub fn take(&self) -> Option<Permit> {
        (Arc::strong_count(&self.given) <= self.max).then(|| Permit(Arc::clone(&self.given)))
    }
}

/// A file that is open for a transfer. When it is dropped, the closer's thread closes it and
/// returns the permit.
#[derive(Debug)]
pub struct Opened<F: Send + Sync + 'static> {
    /// `None` only while it is being dropped.
    held: Option<(Arc<F>, Permit)>,
    closer: Closer,
}

/// The handle of the thread that closes files; its clones share the thread.
#[derive(Clone, Debug)]
pub struct Closer(Option<Sender<(Held, Permit)>>);

/// A file of any type.
type Held = Arc<dyn Any + Send + Sync>;

impl Closer {
    /// Starts the thread.
    ///
    /// # Errors
    /// The error of the operating system, if it gives no more threads.
    pub fn start() -> io::Result<Self> {
        let (sender, receiver) = channel::<(Held, Permit)>();
        thread::Builder::new().name("file-close".to_owned()).spawn(move || {
            for (file, permit) in receiver {
                drop(file);
                drop(permit);
            }
        })?;
        Ok(Closer(Some(sender)))
    }

    /// Creates a closer without a thread: files are closed on the thread that drops them.
    #[cfg(test)]
    pub fn at_once() -> Self {
        Closer(None)
    }

    /// Wraps a file, so that this closer closes it when it is dropped.
    pub fn opened<F: Send + Sync>(&self, file: F, permit: Permit) -> Opened<F> {
        Opened { held: Some((Arc::new(file), permit)), closer: self.clone() }
    }
}

impl<F: Send + Sync> Opened<F> {
    /// The file. Only other threads may keep a clone of it, so that the loop is never the one that
    /// closes it.
    pub fn file(&self) -> &Arc<F> {
        let (file, _) = self.held.as_ref().expect("it is held until this is dropped");
        file
    }
}

impl<F: Send + Sync + 'static> Drop for Opened<F> {
    fn drop(&mut self) {
        if let Some((file, permit)) = self.held.take()
            && let Some(sender) = &self.closer.0
        {
            // The channel is unbounded. If the thread is gone, the file is closed here.
            let _ = sender.send((file, permit));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn files_are_closed_elsewhere_and_their_permits_come_back() {
        let permits = Permits::new(1);
        let closer = Closer::start().unwrap();
        let opened = closer.opened(tempfile::tempfile().unwrap(), permits.take().unwrap());
        let file = Arc::downgrade(opened.file());
        assert!(permits.take().is_none());
        drop(opened);
        let deadline = Instant::now() + Duration::from_secs(60);
        while permits.take().is_none() {
            assert!(Instant::now() < deadline, "the permit does not come back");
            thread::yield_now();
        }
        assert_eq!(file.strong_count(), 0);
    }
}
