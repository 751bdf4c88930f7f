//! Jobs: blocking work on threads of its own, whose results wake the client's loop.

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

/// Runs jobs, each on a thread of its own, and collects their results.
#[derive(Debug)]
pub struct Jobs<T> {
    sender: Sender<T>,
    receiver: Receiver<T>,
    wake: Arc<UnixStream>,
    woken: UnixStream,
}

impl<T: Send + 'static> Jobs<T> {
    /// Creates the runner without a job.
    ///
    /// # Errors
    /// If the process has no file descriptor left.
    pub fn new() -> io::Result<Self> {
        let (sender, receiver) = mpsc::channel();
        let (wake, woken) = UnixStream::pair()?;
        wake.set_nonblocking(true)?;
        woken.set_nonblocking(true)?;
        Ok(Jobs { sender, receiver, wake: Arc::new(wake), woken })
    }

    /// Runs `work` on a thread of its own.
    ///
    /// # Errors
    /// If no thread can be created.
    pub fn spawn(&self, work: impl FnOnce() -> T + Send + 'static) -> io::Result<()> {
        let (sender, wake) = (self.sender.clone(), Arc::clone(&self.wake));
        thread::Builder::new().name("job".into()).spawn(move || {
            // The send fails if the client has ended. A full pipe wakes it as well.
            if sender.send(work()).is_ok() {
                let _ = (&*wake).write(&[0]);
            }
        })?;
        Ok(())
    }

    /// Returns the results of the jobs that have finished since the last call.
    pub fn take(&mut self) -> Vec<T> {
        let mut drained = [0; 64];
        loop {
            match self.woken.read(&mut drained) {
                Ok(length) if length > 0 => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                _ => break,
            }
        }
        self.receiver.try_iter().collect()
    }
}

impl<T> AsFd for Jobs<T> {
    /// A descriptor that is readable when [`Jobs::take`] has a result.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.woken.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    #[test]
    fn a_job_wakes_the_loop() {
        let mut jobs = Jobs::new().unwrap();
        assert!(jobs.take().is_empty());
        jobs.spawn(|| 7).unwrap();
        let deadline = Timespec { tv_sec: 10, tv_nsec: 0 };
        assert_eq!(poll(&mut [PollFd::new(&jobs, PollFlags::IN)], Some(&deadline)), Ok(1));
        assert_eq!(jobs.take(), [7]);
    }
}
