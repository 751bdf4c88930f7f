//! Files that are read again at SIGHUP, on a thread of its own: their folder may be on a network
//! that does not answer.

use std::io;
use std::sync::mpsc::{self, Receiver, TryRecvError};
use std::thread;

use super::poll::Waker;

/// The reading of files that is under way, if any is.
#[derive(Debug)]
pub struct Reload<T> {
    under_way: Option<Receiver<T>>,
    /// Whether they were to be read again meanwhile, since they may have changed.
    is_asked_again: bool,
}

impl<T> Default for Reload<T> {
    fn default() -> Self {
        Reload { under_way: None, is_asked_again: false }
    }
}

impl<T: Send + 'static> Reload<T> {
    /// Begins to read, on a thread of that name. `waker` is called when that is done. While files
    /// are read, another time is noted for later.
    ///
    /// # Errors
    /// If no thread can be started.
    pub fn begin(
        &mut self,
        thread: &str,
        waker: Waker,
        read: impl FnOnce() -> T + Send + 'static,
    ) -> io::Result<()> {
        if self.under_way.is_some() {
            self.is_asked_again = true;
            return Ok(());
        }
        let (sender, receiver) = mpsc::channel();
        let work = move || {
            // An error says that the event loop has ended.
            let _ = sender.send(read());
            waker.wake();
        };
        thread::Builder::new().name(thread.to_owned()).spawn(work)?;
        self.under_way = Some(receiver);
        Ok(())
    }

    /// Takes what was read, if that is done and was not taken yet; an error if the thread has died.
    pub fn take(&mut self) -> Option<io::Result<T>> {
        let result = match self.under_way.as_ref()?.try_recv() {
            Ok(read) => Ok(read),
            Err(TryRecvError::Empty) => return None,
            Err(TryRecvError::Disconnected) => Err(io::ErrorKind::BrokenPipe.into()),
        };
        self.under_way = None;
        Some(result)
    }

    /// Returns true, once, if the files were to be read again meanwhile.
    pub fn take_asked_again(&mut self) -> bool {
        std::mem::take(&mut self.is_asked_again)
    }
}
