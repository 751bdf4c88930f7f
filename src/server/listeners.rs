//! All sockets that take connections.

use std::io;

use super::config::{ServerConfig, StartError};
use super::inherited::Inherited;
use super::listener::{Endpoint, Listener, SocketPath};
use super::poll::{Interest, Poll, PollKey};
use super::tls::Certificates;

/// What the server listens with beside what its configuration says.
#[derive(Debug)]
pub struct Listening {
    /// The sockets that it was handed; they take the place of those that it would open.
    pub inherited: Inherited,
    /// What it speaks TLS with, where it does.
    pub certificates: Option<Certificates>,
}

/// All sockets that take connections.
#[derive(Debug)]
pub struct Listeners {
    /// For clients, the plain ones first, and for the operator.
    clients: Vec<Listener>,
    /// For readers of the metrics, where there may be any.
    pub metrics: Option<Listener>,
    /// Where listeners were, that are to be removed.
    paths: Vec<SocketPath>,
    /// Whether there was no file descriptor left for the last connection that came.
    is_exhausted: bool,
}

impl Listeners {
    /// Listens on what was handed to the server, and else on what `config` says; with TLS too where
    /// `takes_tls`.
    ///
    /// # Errors
    /// See [`StartError`].
    pub fn open(
        config: &ServerConfig,
        takes_tls: bool,
        inherited: Inherited,
    ) -> Result<Self, StartError> {
        let open = |port| {
            Listener::open_all(&config.listen, port)
                .map_err(|(address, error)| StartError::Listen(address, error))
        };
        let mut clients = inherited.plain;
        if clients.is_empty() {
            clients = open(config.port)?;
        }
        if takes_tls && inherited.tls.is_empty() {
            clients.extend(open(config.tls_port)?.into_iter().map(Listener::for_tls));
        }
        clients.extend(inherited.tls);
        if inherited.operator.is_empty() {
            let listener = Listener::open_unix(&config.admin_socket)
                .map_err(|error| StartError::AdminSocket(config.admin_socket.clone(), error))?;
            clients.push(listener);
        }
        clients.extend(inherited.operator);
        let metrics = config.metrics.map(|address| {
            Listener::open(address).map_err(|error| StartError::Listen(address, error))
        });
        let metrics = metrics.transpose()?;
        Ok(Listeners { clients, metrics, paths: Vec::new(), is_exhausted: false })
    }

    /// A listener for clients, by its place; none once the server stops.
    pub fn client(&self, place: usize) -> Option<&Listener> {
        self.clients.get(place)
    }

    /// What is listened on for clients: the plain ones first.
    pub fn endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        self.clients.iter().map(|listener| &listener.endpoint)
    }

    /// Has the poll watch all of them.
    ///
    /// # Errors
    /// Where the kernel refuses.
    pub fn watch(&mut self, poll: &Poll) -> io::Result<()> {
        let clients = self.clients.iter_mut().enumerate();
        let clients = clients.map(|(place, listener)| (PollKey::Listener(place as u16), listener));
        let metrics = self.metrics.iter_mut().map(|listener| (PollKey::Metrics, listener));
        for (key, listener) in clients.chain(metrics).filter(|(_, one)| !one.is_watched) {
            poll.add(&listener.socket(), key, Interest::READ)?;
            listener.is_watched = true;
        }
        Ok(())
    }

    /// Whether the poll watches all of them.
    pub fn are_watched(&self) -> bool {
        self.clients.iter().chain(&self.metrics).all(|listener| listener.is_watched)
    }

    /// Has the poll watch none of them, as nothing is left to accept with. Whether that is new.
    pub fn rest(&mut self, poll: &Poll) -> bool {
        for listener in self.clients.iter_mut().chain(&mut self.metrics) {
            unwatch(listener, poll);
        }
        !std::mem::replace(&mut self.is_exhausted, true)
    }

    /// A connection was taken. Whether none could be before.
    pub fn accepted(&mut self) -> bool {
        std::mem::take(&mut self.is_exhausted)
    }

    /// Takes no clients any more. Files of sockets stay until [`Listeners::close`]: removing one
    /// may wait for the disk.
    pub fn stop(&mut self, poll: &Poll) {
        for mut listener in std::mem::take(&mut self.clients) {
            unwatch(&mut listener, poll);
            self.paths.extend(listener.into_path());
        }
    }

    /// Closes those for clients, and removes the files of their sockets.
    pub fn close(&mut self) {
        self.clients.clear();
        self.paths.clear();
    }
}

/// Has the poll forget a listener, where it watches it.
fn unwatch(listener: &mut Listener, poll: &Poll) {
    if !std::mem::take(&mut listener.is_watched) {
        return;
    }
    if let Err(error) = poll.delete(&listener.socket()) {
        log::error!("event=poll-failed listener={} error={error}", listener.endpoint);
    }
}
