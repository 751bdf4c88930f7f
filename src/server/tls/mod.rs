//! TLS (RFC 8446, and RFC 5246 for older clients): the certificates, the sessions, and the share of
//! a tick that their handshakes may take.

mod certificates;
mod facts;
mod session;

pub use certificates::{CertificateError, Certificates};
pub use session::TlsSession;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use rustls::HandshakeKind;

use crate::hub::input::ConnId;
use crate::limits::HANDSHAKE_TIME_PER_TICK_MAX;
use crate::metrics::{Family, MetricKind};
use crate::server::poll::Waker;

/// The shared state of all TLS sessions.
#[derive(Debug)]
pub struct TlsSessions {
    certificates: Certificates,
    /// Connections whose handshake has to wait for a later tick.
    waiting: VecDeque<ConnId>,
    /// The time that handshakes have taken in this tick.
    spent: Duration,
    counters: HandshakeCounters,
}

/// Counters of handshakes and reloads, for the metrics.
#[derive(Debug, Default)]
struct HandshakeCounters {
    full: u64,
    resumed: u64,
    failed: u64,
    delayed: u64,
    reloaded: u64,
    kept: u64,
}

impl TlsSessions {
    /// Creates the state, without sessions.
    pub fn new(certificates: Certificates) -> Self {
        TlsSessions {
            certificates,
            waiting: VecDeque::new(),
            spent: Duration::ZERO,
            counters: HandshakeCounters::default(),
        }
    }

    /// Creates a session for a connection that was just accepted, with the current certificate;
    /// `is_for_http` says whether its port is for HTTP alone.
    ///
    /// # Errors
    /// See [`TlsSession::new`].
    pub fn session(&self, is_for_http: bool) -> Result<Box<TlsSession>, rustls::Error> {
        TlsSession::new(Arc::clone(self.certificates.config()), is_for_http).map(Box::new)
    }

    /// The names of the current certificate's hosts.
    pub fn certificate_names(&self) -> &[String] {
        self.certificates.names()
    }

    /// Returns true if handshakes wait for a later tick.
    pub fn is_behind(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Begins a tick, with a new share for handshakes.
    pub fn begin_tick(&mut self) {
        self.spent = Duration::ZERO;
    }

    /// Returns true if handshakes may take more of this tick.
    pub fn has_time(&self) -> bool {
        self.spent < HANDSHAKE_TIME_PER_TICK_MAX
    }

    /// Counts time that a handshake has taken against the share of this tick.
    pub fn spend(&mut self, time: Duration) {
        self.spent += time;
    }

    /// Delays the next step of a handshake to a later tick.
    pub fn delay(&mut self, id: ConnId) {
        self.counters.delayed += 1;
        self.waiting.push_back(id);
    }

    /// Takes the next connection whose handshake waits, if this tick has time for it.
    pub fn next_waiting(&mut self) -> Option<ConnId> {
        if self.has_time() { self.waiting.pop_front() } else { None }
    }

    /// Counts a completed handshake.
    pub fn count_handshake(&mut self, kind: Option<HandshakeKind>) {
        match kind {
            Some(HandshakeKind::Resumed) => self.counters.resumed += 1,
            Some(HandshakeKind::Full | HandshakeKind::FullWithHelloRetryRequest) | None => {
                self.counters.full += 1;
            }
        }
    }

    /// Counts a failure of TLS.
    pub fn count_failure(&mut self) {
        self.counters.failed += 1;
    }

    /// Begins to reload the certificates on another thread; `waker` is called when that is done.
    pub fn reload(&mut self, waker: Waker) {
        if let Err(error) = self.certificates.begin_reload(waker) {
            self.counters.kept += 1;
            log::error!("event=reload-failed error={error}; the old certificates stay in use");
        }
    }

    /// Takes the result of a reload, if it is done. Open sessions keep the certificate that they
    /// began with. Returns true if another reload was requested meanwhile.
    pub fn finish_reload(&mut self) -> bool {
        match self.certificates.finish_reload() {
            None => return false,
            Some(Ok(())) => {
                self.counters.reloaded += 1;
            }
            Some(Err(error)) => {
                self.counters.kept += 1;
                log::error!("event=reload-failed error={error}; the old certificates stay in use");
            }
        }
        self.certificates.take_asked_again()
    }

    /// The metrics of TLS; `connections` is the number of open connections with a TLS session.
    pub fn metrics(&self, connections: usize) -> Vec<Family> {
        let HandshakeCounters { full, resumed, failed, delayed, reloaded, kept } = self.counters;
        let mut families = vec![
            Family::gauge(
                "chatsrv_tls_connections",
                "Connections that speak TLS, or are about to.",
                connections,
            ),
            Family::labelled(
                "chatsrv_tls_handshakes_total",
                "TLS handshakes, by how they ended; failed counts what failed later, too.",
                MetricKind::Counter,
                "result",
                [("full", full), ("resumed", resumed), ("failed", failed)],
            ),
            Family::counter(
                "chatsrv_tls_handshakes_delayed_total",
                "Steps of TLS handshakes that had to wait for a later tick.",
                delayed,
            ),
            Family::labelled(
                "chatsrv_tls_reloads_total",
                "Certificates read again (done), or not usable so that the old ones stay (failed).",
                MetricKind::Counter,
                "result",
                [("done", reloaded), ("failed", kept)],
            ),
        ];
        let expiry = self.certificates.expiry().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        families.extend(expiry.map(|at| {
            Family::gauge(
                "chatsrv_tls_certificate_expiry_timestamp_seconds",
                "When the certificate in use expires, as Unix time.",
                usize::try_from(at.as_secs()).unwrap_or(usize::MAX),
            )
        }));
        families
    }
}
