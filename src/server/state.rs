//! The server: what the loop works with. What it does stands in `tick`.

use super::buffers::Buffers;
use super::config::{ServerConfig, StartError};
use super::connections::Connections;
use super::drain::Stop;
use super::gate::Gate;
use super::listener::Endpoint;
use super::listeners::{Listeners, Listening};
use super::metrics::Exchanges;
use super::open_files::OpenFiles;
use super::poll::Poll;
use super::supervisor::Supervisor;
use super::time::Time;
use super::tls::TlsSessions;
use crate::hub::Hub;
use crate::store::Store;

/// The server.
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
    /// What TLS sessions have in common, where the server has certificates.
    pub(super) tls: Option<TlsSessions>,
    /// Who reads the metrics.
    pub(super) exchanges: Exchanges,
    pub(super) buffers: Buffers,
    pub(super) stop: Stop,
}

impl Server {
    /// Listens, and takes over the signals. `poll` is the one whose waker the store got.
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
        let Listening { inherited, certificates } = listening;
        // The refused are beside the clients, and so is the operator.
        let room = config.limits.clients.saturating_add(2 * config.limits.refused);
        let mut server = Server {
            listeners: Listeners::open(&config, certificates.is_some(), inherited)?,
            supervisor: Supervisor::new(&poll)?,
            time: Time::begin(room),
            connections: Connections::with_room_for(room),
            gate: Gate::new(config.rate),
            files: OpenFiles::new(config.limits.transfers)?,
            exchanges: Exchanges::new(config.limits.exchanges),
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

    /// What is listened on: clients' addresses first, and of those the plain ones.
    pub fn endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        self.listeners.endpoints()
    }

    /// Where the metrics are read, if they are.
    pub fn metrics_endpoint(&self) -> Option<&Endpoint> {
        self.listeners.metrics.as_ref().map(|listener| &listener.endpoint)
    }
}
