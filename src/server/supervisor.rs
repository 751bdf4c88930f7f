//! The inputs and outputs of those who run the server: the operator's signals, notifications to the
//! service manager, and the audit log.

use std::io;

use super::audit_file::AuditSink;
use super::poll::{Interest, Poll, PollKey};
use super::service::Service;
use super::signals::Signals;

/// The operator's signals, the connection to the service manager, and the audit log.
#[derive(Debug)]
pub struct Supervisor {
    /// The signals that they send.
    pub signals: Signals,
    /// The notifications to the service manager.
    pub service: Service,
    /// Where the lines of the audit log go.
    pub audit: AuditSink,
}

impl Supervisor {
    /// Installs the signal handlers, and registers their pipes with `poll`.
    ///
    /// # Errors
    /// If the operating system refuses.
    pub fn new(poll: &Poll, audit: AuditSink) -> io::Result<Self> {
        let signals = Signals::new()?;
        for source in signals.sources() {
            poll.add(&source, PollKey::Signals, Interest::READ)?;
        }
        Ok(Supervisor { signals, service: Service::new(), audit })
    }
}
