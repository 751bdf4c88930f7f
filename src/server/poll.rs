//! Readiness of sockets and other descriptors (epoll); the one place that uses the crate `polling`.
//!
//! Every source is registered level-triggered, so an event repeats until its cause is handled. The
//! owner of a source keeps its interest, and calls [`Poll::modify`] only if that changes.

use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::sync::Arc;
use std::time::Duration;

use polling::{Event, Events, PollMode, Poller};

use crate::hub::input::ConnId;

/// The events for which a source is registered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Interest {
    /// Readable, or at its end.
    pub read: bool,
    /// Writable.
    pub write: bool,
}

impl Interest {
    /// Readable only.
    pub const READ: Interest = Interest { read: true, write: false };
    /// Neither; only a lost connection is reported, which can't be turned off.
    pub const NONE: Interest = Interest { read: false, write: false };
}

/// The key of a source, by which its events are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PollKey {
    /// A connection, which may be closed by now.
    Connection(ConnId),
    /// The pipes of the signals.
    Signals,
    /// A listener, by its index.
    Listener(u16),
    /// The listener for the metrics.
    Metrics,
    /// An HTTP connection to the metrics page, by its index; it may be closed by now.
    Exchange(u16),
    /// A connection of a browser, by its index; it may be closed by now.
    Web(u16),
}

impl PollKey {
    /// Packs the key into the number that the kernel keeps. Generations start at 1, so that 0 is
    /// left for the other sources. `usize::MAX`, which `polling` reserves, would be the last
    /// generation of the last slot.
    fn pack(self) -> usize {
        let other = |kind: usize, place: u16| kind << 16 | usize::from(place);
        match self {
            PollKey::Connection(ConnId { slot, generation }) => {
                (generation as usize) << 32 | slot as usize
            }
            PollKey::Signals => other(0, 0),
            PollKey::Metrics => other(1, 0),
            PollKey::Listener(place) => other(2, place),
            PollKey::Exchange(place) => other(3, place),
            PollKey::Web(place) => other(4, place),
        }
    }

    fn unpack(key: usize) -> Self {
        let (generation, slot) = ((key >> 32) as u32, key as u32);
        match (generation, slot >> 16) {
            (0, 0) => PollKey::Signals,
            (0, 1) => PollKey::Metrics,
            (0, 2) => PollKey::Listener(slot as u16),
            (0, 3) => PollKey::Exchange(slot as u16),
            (0, _) => PollKey::Web(slot as u16),
            _ => PollKey::Connection(ConnId { slot, generation }),
        }
    }
}

/// An event: a source that is ready.
#[derive(Clone, Copy, Debug)]
pub struct Ready {
    /// The source.
    pub key: PollKey,
    /// It can be read, or is at its end.
    pub readable: bool,
    /// It can be written.
    pub writable: bool,
    /// The connection is lost in both directions.
    pub lost: bool,
}

/// An epoll instance, with the events of its last wait.
#[derive(Debug)]
pub struct Poll {
    poller: Arc<Poller>,
    events: Events,
}

/// A handle to wake a [`Poll`] from another thread.
#[derive(Clone, Debug)]
pub struct Waker(Arc<Poller>);

impl Waker {
    /// Ends the wait under way, or the next one if none is.
    pub fn wake(&self) {
        if let Err(error) = self.0.notify() {
            log::error!("cannot wake the loop: {error}");
        }
    }
}

impl Poll {
    /// Creates a poll without sources.
    ///
    /// # Errors
    /// If no descriptor is left.
    pub fn new() -> io::Result<Self> {
        Ok(Poll { poller: Arc::new(Poller::new()?), events: Events::new() })
    }

    /// The waker of this poll.
    pub fn waker(&self) -> Waker {
        Waker(Arc::clone(&self.poller))
    }

    /// Registers a source. The owner must [`delete`](Poll::delete) it before it is closed.
    ///
    /// # Errors
    /// If the kernel refuses.
    pub fn add(&self, source: &impl AsFd, key: PollKey, interest: Interest) -> io::Result<()> {
        let source = source.as_fd().as_raw_fd();
        // SAFETY: the source has to be deleted before it is closed. Connections are closed only in
        // `Connections::remove`, those to the metrics page only in `Exchanges::close`, and those of
        // browsers only in `WebConnections::remove`, each after a delete. `Listeners::stop` deletes
        // the listeners for clients before it closes them. The listener for the metrics, the signal
        // pipe, and whatever else is left when `Server::run` ends live that long, and nothing waits
        // on this poll any more then.
        unsafe { self.poller.add_with_mode(source, event(key, interest), PollMode::Level) }
    }

    /// Changes the events for which a source is registered.
    ///
    /// # Errors
    /// If the kernel refuses.
    pub fn modify(&self, source: &impl AsFd, key: PollKey, interest: Interest) -> io::Result<()> {
        self.poller.modify_with_mode(source.as_fd(), event(key, interest), PollMode::Level)
    }

    /// Removes a source.
    ///
    /// # Errors
    /// If it is not registered.
    pub fn delete(&self, source: &impl AsFd) -> io::Result<()> {
        self.poller.delete(source.as_fd())
    }

    /// Waits until a source is ready, the timeout is over, or another thread wakes it, and adds the
    /// events to `ready`.
    ///
    /// # Errors
    /// If the kernel refuses to wait, which it never should.
    pub fn wait(&mut self, timeout: Option<Duration>, ready: &mut Vec<Ready>) -> io::Result<()> {
        self.events.clear();
        self.poller.wait(&mut self.events, timeout)?;
        ready.extend(self.events.iter().map(|event| Ready {
            key: PollKey::unpack(event.key),
            readable: event.readable,
            writable: event.writable,
            lost: event.is_interrupt() || event.is_err() == Some(true),
        }));
        Ok(())
    }
}

fn event(key: PollKey, interest: Interest) -> Event {
    Event::new(key.pack(), interest.read, interest.write)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_survive_the_kernel() {
        let conn = ConnId { slot: 7, generation: 3 };
        let others = [
            PollKey::Signals,
            PollKey::Metrics,
            PollKey::Listener(5),
            PollKey::Exchange(65_535),
            PollKey::Web(65_535),
        ];
        for key in others.into_iter().chain([PollKey::Connection(conn)]) {
            assert_eq!(PollKey::unpack(key.pack()), key);
        }
    }
}
