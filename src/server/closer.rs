//! Files that the loop is done with, closed on a thread of their own.
//!
//! The last one who closes a file may have to wait for the disk: what was removed meanwhile is
//! given back then, extent by extent, and a network file system first brings all that was written
//! to its server.

use std::any::Any;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread;

/// How many files may be open for downloads and uploads, on all connections together. Each takes a
/// file descriptor, and must not take those of the connections.
#[derive(Debug)]
pub struct Permits {
    max: usize,
    given: Arc<()>,
}

/// The right to hold one file open; given back when it is dropped.
#[derive(Debug)]
pub struct Permit(#[expect(dead_code, reason = "it counts by being there")] Arc<()>);

impl Permits {
    /// As many as `max`.
    pub fn new(max: usize) -> Self {
        Permits { max, given: Arc::new(()) }
    }

    /// One of them, where one is left.
    pub fn take(&self) -> Option<Permit> {
        (Arc::strong_count(&self.given) <= self.max).then(|| Permit(Arc::clone(&self.given)))
    }
}

/// A file that was opened for a transfer. Dropped, it is closed, and then the right to hold it open
/// is given back.
#[derive(Debug)]
pub struct Opened<F: Send + Sync + 'static> {
    /// None while it is dropped.
    held: Option<(Arc<F>, Permit)>,
    closer: Closer,
}

/// The way to the thread that closes files.
#[derive(Clone, Debug)]
pub struct Closer(Option<Sender<(Held, Permit)>>);

/// A file of whatever kind.
type Held = Arc<dyn Any + Send + Sync>;

impl Closer {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system's, where it gives no more threads.
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

    /// One that closes files at once, on whatever thread drops them.
    #[cfg(test)]
    pub fn at_once() -> Self {
        Closer(None)
    }

    /// A file that this one will close.
    pub fn opened<F: Send + Sync>(&self, file: F, permit: Permit) -> Opened<F> {
        Opened { held: Some((Arc::new(file), permit)), closer: self.clone() }
    }
}

impl<F: Send + Sync> Opened<F> {
    /// The file. Who holds it beside this is another thread, which closes it there.
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
            // It takes any number, and where the thread is gone, the file is closed here.
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
