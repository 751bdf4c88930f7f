//! The set of all listening sockets.

use std::io;
use std::net::IpAddr;

use super::audit_file::AuditSink;
use super::config::{HttpPort, ListenConfig, PlainAccess, ServerConfig, StartError};
use super::inherited::Inherited;
use super::listener::{Endpoint, Listener, SocketPath, is_taken};
use super::motd_file::MotdFile;
use super::poll::{Interest, Poll, PollKey};
use super::tls::Certificates;

/// What the server needs to listen beside its configuration.
#[derive(Debug)]
pub struct Listening {
    /// The sockets that the service manager passed; they replace those that the server would open.
    pub inherited: Inherited,
    /// The certificates for TLS, if the server speaks it.
    pub certificates: Option<Certificates>,
    /// Where the lines of the audit log go.
    pub audit: AuditSink,
    /// The file of the message of the day, if there is one.
    pub motd: Option<MotdFile>,
}

/// All listening sockets.
#[derive(Debug)]
pub struct Listeners {
    /// The listeners for clients, the plain ones first, and those for the operator.
    clients: Vec<Listener>,
    /// The listener for the metrics page, if there is one.
    pub metrics: Option<Listener>,
    /// The socket files of closed listeners, which are still to be removed.
    paths: Vec<SocketPath>,
    /// Whether the last attempt to accept found no descriptor or memory left.
    is_exhausted: bool,
}

impl Listeners {
    /// Uses the inherited sockets, and opens those of `config` for every kind that was not
    /// inherited; those for TLS only if `takes_tls`, and the plain ones where they may be.
    ///
    /// # Errors
    /// See [`StartError`].
    pub fn open(
        config: &ServerConfig,
        takes_tls: bool,
        inherited: Inherited,
    ) -> Result<Self, StartError> {
        let ListenConfig { addresses, port, tls_port, plain, http, https } = &config.listen;
        let failed = |(address, error)| StartError::Listen(address, error);
        let usual = match (takes_tls, inherited.tls.is_empty()) {
            (false, _) => PlainAccess::Anywhere,
            (true, true) => PlainAccess::Loopback,
            (true, false) => PlainAccess::Nowhere,
        };
        let plain = plain.unwrap_or(usual);
        let mut clients = inherited.plain;
        if clients.is_empty() {
            clients = match plain {
                PlainAccess::Anywhere => Listener::open_all(addresses, *port).map_err(failed)?,
                PlainAccess::Loopback => {
                    Listener::open_loopback(addresses, *port).map_err(failed)?
                }
                PlainAccess::Nowhere => Vec::new(),
            };
        }
        if takes_tls && inherited.tls.is_empty() {
            let listeners = Listener::open_all(addresses, *tls_port).map_err(failed)?;
            clients.extend(listeners.into_iter().map(Listener::for_tls));
        }
        clients.extend(inherited.tls);
        if inherited.http.is_empty()
            && let Some(port) = http.filter(|_| plain != PlainAccess::Nowhere)
        {
            clients.extend(open_http(addresses, port)?);
        }
        clients.extend(inherited.http);
        if takes_tls
            && inherited.https.is_empty()
            && let Some(port) = https
        {
            let listeners = Listener::open_all(addresses, *port).map_err(failed)?;
            clients.extend(listeners.into_iter().map(Listener::for_https));
        }
        clients.extend(inherited.https);
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

    /// A listener for clients or the operator, by its index; `None` once the server stops.
    pub fn client(&self, place: usize) -> Option<&Listener> {
        self.clients.get(place)
    }

    /// The endpoints of the listeners for clients, the plain ones first, and for the operator.
    pub fn endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        self.clients.iter().map(|listener| &listener.endpoint)
    }

    /// The port where browsers find the page over TLS, if there is one: their own, or that which
    /// they share with clients.
    pub fn https_port(&self) -> Option<u16> {
        let own = self.endpoints().find(|endpoint| matches!(endpoint, Endpoint::Https(_)));
        let shared = || self.endpoints().find(|endpoint| matches!(endpoint, Endpoint::Tls(_)));
        own.or_else(shared)?.port()
    }

    /// Registers all listeners with the poll that are not registered yet.
    ///
    /// # Errors
    /// If the kernel refuses.
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

    /// Returns true if the poll watches all listeners.
    pub fn are_watched(&self) -> bool {
        self.clients.iter().chain(&self.metrics).all(|listener| listener.is_watched)
    }

    /// Stops watching all listeners, because no descriptor or memory is left to accept with.
    /// Returns true if that was not so before.
    pub fn rest(&mut self, poll: &Poll) -> bool {
        for listener in self.clients.iter_mut().chain(&mut self.metrics) {
            unwatch(listener, poll);
        }
        !std::mem::replace(&mut self.is_exhausted, true)
    }

    /// Notes that a connection was accepted. Returns true if the attempt before it had found no
    /// descriptor or memory left.
    pub fn accepted(&mut self) -> bool {
        std::mem::take(&mut self.is_exhausted)
    }

    /// Closes the listeners for clients and the operator. The socket files stay until
    /// [`Listeners::close`], because removing one may wait for the disk.
    pub fn stop(&mut self, poll: &Poll) {
        for mut listener in std::mem::take(&mut self.clients) {
            unwatch(&mut listener, poll);
            self.paths.extend(listener.into_path());
        }
    }

    /// Closes the listeners for clients and the operator, and removes their socket files.
    pub fn close(&mut self) {
        self.clients.clear();
        self.paths.clear();
    }
}

/// Opens the listeners for browsers; none where a port is taken that nobody asked for.
fn open_http(addresses: &[IpAddr], port: HttpPort) -> Result<Vec<Listener>, StartError> {
    match Listener::open_all(addresses, port.port) {
        Ok(listeners) => Ok(listeners.into_iter().map(Listener::for_http).collect()),
        Err((address, error)) if !port.is_asked_for && is_taken(&error) => {
            log::warn!(
                "event=http-off address={address} error={error}: --http-port takes another port"
            );
            Ok(Vec::new())
        }
        Err((address, error)) => Err(StartError::Listen(address, error)),
    }
}

/// Removes a listener from the poll, if it is registered.
fn unwatch(listener: &mut Listener, poll: &Poll) {
    if !std::mem::take(&mut listener.is_watched) {
        return;
    }
    if let Err(error) = poll.delete(&listener.socket()) {
        log::error!("event=poll-failed listener={} error={error}", listener.endpoint);
    }
}
