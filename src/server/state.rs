//! The state of the server. The event loop that works on it is in `tick`.

use super::buffers::Buffers;
use super::config::{ServerConfig, StartError};
use super::connections::Connections;
use super::drain::Stop;
use super::gate::Gate;
use super::http_servers::HttpServers;
use super::listener::Endpoint;
use super::listeners::{Listeners, Listening};
use super::open_files::OpenFiles;
use super::poll::Poll;
use super::supervisor::Supervisor;
use super::time::Time;
use super::tls::TlsSessions;
use crate::hub::Hub;
use crate::store::Store;

/// The server: the event loop with everything it owns.
#[derive(Debug)]
pub struct Server {
    pub(super) config: ServerConfig,
    pub(super) poll: Poll,
    pub(super) time: Time,
    pub(super) supervisor: Supervisor,
    pub(super) listeners: Listeners,
    pub(super) connections: Connections,
    pub(super) gate: Gate,
    pub(super) hub: Hub,
    pub(super) store: Store,
    pub(super) files: OpenFiles,
    /// The shared state of TLS sessions, if the server has certificates.
    pub(super) tls: Option<TlsSessions>,
    /// What is served over HTTP.
    pub(super) http: HttpServers,
    pub(super) buffers: Buffers,
    pub(super) stop: Stop,
}

impl Server {
    /// Creates the server: opens its listeners, and installs the signal handlers. `poll` must be
    /// the one whose waker the store has.
    ///
    /// # Errors
    /// See [`StartError`].
    pub fn bind(
        config: ServerConfig,
        listening: Listening,
        poll: Poll,
        hub: Hub,
        store: Store,
    ) -> Result<Self, StartError> {
        let Listening { inherited, certificates, audit, motd } = listening;
        // Refused connections and the operator's come on top of the limit of clients.
        let room = config.limits.clients.saturating_add(2 * config.limits.refused);
        let listeners = Listeners::open(&config, certificates.is_some(), inherited)?;
        let mut server = Server {
            http: HttpServers::new(&config, listeners.https_port())?,
            listeners,
            supervisor: Supervisor::new(&poll, audit, motd)?,
            time: Time::begin(room),
            connections: Connections::with_room_for(room),
            gate: Gate::new(&config),
            files: OpenFiles::new(config.limits.transfers)?,
            buffers: Buffers::new(certificates.is_some()),
            tls: certificates.map(TlsSessions::new),
            stop: Stop::default(),
            config,
            poll,
            hub,
            store,
        };
        server.listeners.watch(&server.poll)?;
        Ok(server)
    }

    /// The endpoints on which the server listens: first those for clients, of which the plain ones
    /// come first.
    pub fn endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        self.listeners.endpoints()
    }

    /// The endpoint of the metrics page, if there is one.
    pub fn metrics_endpoint(&self) -> Option<&Endpoint> {
        self.listeners.metrics.as_ref().map(|listener| &listener.endpoint)
    }
}
