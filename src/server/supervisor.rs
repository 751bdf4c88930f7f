//! The operator's signals, and the socket of the service manager.

use std::io;

use super::poll::{Interest, Poll, PollKey};
use super::service::Service;
use super::signals::Signals;

/// What connects the server to those who run it: the operator and the service manager.
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
