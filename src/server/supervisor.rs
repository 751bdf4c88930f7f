//! The inputs and outputs of those who run the server: the operator's signals, notifications to the
//! service manager, the audit log, and the message of the day.

use std::io;

use super::audit_file::AuditSink;
use super::motd_file::MotdFile;
use super::poll::{Interest, Poll, PollKey};
use super::service::Service;
use super::signals::Signals;

/// The operator's signals, the connection to the service manager, the audit log, and the message of
/// the day.
#[derive(Debug)]
pub struct Supervisor {
    /// The signals that they send.
    pub signals: Signals,
    /// The notifications to the service manager.
    pub service: Service,
    /// Where the lines of the audit log go.
    pub audit: AuditSink,
    /// The file of the message of the day, if there is one.
    pub motd: Option<MotdFile>,
}

impl Supervisor {
    /// Installs the signal handlers, and registers their pipes with `poll`.
    ///
    /// # Errors
    /// If the operating system refuses.
    pub fn new(poll: &Poll, audit: AuditSink, motd: Option<MotdFile>) -> io::Result<Self> {
        let signals = Signals::new()?;
        for source in signals.sources() {
            poll.add(&source, PollKey::Signals, Interest::READ)?;
        }
        Ok(Supervisor { signals, service: Service::new(), audit, motd })
    }
}
