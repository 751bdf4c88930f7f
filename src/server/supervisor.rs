//! Those who run the server: the operator, whose signals come, and the service manager.

use std::io;

use super::poll::{Interest, Poll, PollKey};
use super::service::Service;
use super::signals::Signals;

/// The ways to those who run the server.
#[derive(Debug)]
pub struct Supervisor {
    /// What they ask for.
    pub signals: Signals,
    /// What the service manager hears.
    pub service: Service,
}

impl Supervisor {
    /// Takes over the signals of this process, which `poll` is to watch.
    ///
    /// # Errors
    /// Where the system refuses.
    pub fn new(poll: &Poll) -> io::Result<Self> {
        let signals = Signals::new()?;
        for source in signals.sources() {
            poll.add(&source, PollKey::Signals, Interest::READ)?;
        }
        Ok(Supervisor { signals, service: Service::new() })
    }
}
