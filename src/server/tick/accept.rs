//! The phase that accepts new connections, and handles signals and events of what is served over
//! HTTP.

use std::io;
use std::os::fd::OwnedFd;

use crate::chat::address::Encryption;
use crate::chat::close::CloseReason;
use crate::hub::input::Input;
use crate::limits::{ACCEPT_REST, ACCEPTS_PER_TICK_MAX};
use crate::server::connection::Connection;
use crate::server::last_line::LastLine;
use crate::server::listener::{Accepted, Endpoint};
use crate::server::peer::Peer;
use crate::server::poll::{PollKey, Ready};
use crate::server::state::Server;
use crate::server::timers::Timer;

impl Server {
    /// Accepts on every listener that is ready. This phase comes after reading, so that a storm of
    /// new connections does not delay the open ones.
    pub(super) fn accept_ready(&mut self, ready: &[Ready]) {
        for event in ready {
            match event.key {
                PollKey::Connection(_) => {}
                PollKey::Signals => self.obey_signals(),
                PollKey::Listener(place) => self.accept_on(usize::from(place)),
                PollKey::Metrics => self.accept_exchange(),
                PollKey::Exchange(place) => self.exchange_ready(place),
                PollKey::Web(place) => self.web_ready(place),
            }
        }
    }

    /// Watches the listeners again, after a pause or because a connection was freed.
    pub(super) fn rest_is_over(&mut self) {
        if self.listeners.are_watched() {
            return;
        }
        if let Err(error) = self.listeners.watch(&self.poll) {
            log::error!("event=poll-failed error={error}");
            self.time.after(ACCEPT_REST, Timer::Accept);
        }
    }

    fn accept_on(&mut self, index: usize) {
        for _ in 0..ACCEPTS_PER_TICK_MAX {
            // A stop removes the listeners.
            let Some(listener) = self.listeners.client(index) else { return };
            let is_https = matches!(listener.endpoint, Endpoint::Https(_));
            let is_tls = is_https || matches!(listener.endpoint, Endpoint::Tls(_));
            let is_http = matches!(listener.endpoint, Endpoint::Http(_));
            match listener.accept() {
                Accepted::Connection(socket, peer) if is_http => self.take_in_web(socket, peer),
                Accepted::Connection(socket, peer) => {
                    self.take_in(socket, peer, is_tls.then_some(is_https));
                }
                Accepted::Gone => {}
                Accepted::Forbidden(peer) if self.may_log_stranger() => {
                    log::warn!("event=refused peer={peer}");
                }
                Accepted::Forbidden(_) => {}
                Accepted::None => return,
                Accepted::Exhausted(error) => return self.rest(&error),
            }
        }
    }

    /// Stops watching the listeners because no descriptor or memory is left: level-triggered, the
    /// same connection would be reported for ever. They are watched again when a connection is
    /// freed, or after [`ACCEPT_REST`].
    pub(super) fn rest(&mut self, error: &io::Error) {
        if self.listeners.rest(&self.poll) && self.may_log_stranger() {
            log::warn!("event=not-accepting error={error} connections={}", self.connections.len());
        }
        self.time.after(ACCEPT_REST, Timer::Accept);
    }

    /// Logs that connections are accepted again, if that failed before.
    pub(super) fn accepts_again(&mut self) {
        if self.listeners.accepted() && self.may_log_stranger() {
            log::info!("event=accepting-again connections={}", self.connections.len());
        }
    }

    /// Takes in a connection; with TLS, `is_for_http` says whether its port is for HTTP alone.
    fn take_in(&mut self, socket: OwnedFd, peer: Peer, is_for_http: Option<bool>) {
        let is_tls = is_for_http.is_some();
        self.connections.counters.accepted += 1;
        self.accepts_again();
        let from = peer.address();
        if !peer.is_operator() {
            self.make_room_for_one();
        }
        let refusal = self.reason_to_refuse(peer);
        if refusal.is_some() {
            self.connections.counters.refused.count_connection();
        }
        // Who is banned is not worth a handshake.
        let is_worth_nothing = is_tls && refusal == Some(CloseReason::AddressBanned);
        let is_too_much = self.refused() >= self.config.limits.refused;
        if refusal.is_some() && (is_worth_nothing || is_too_much) {
            log::debug!("event=refused peer={peer}");
            return;
        }
        let session = self.tls.as_ref().zip(is_for_http);
        let session = match session.map(|(tls, is_for_http)| tls.session(is_for_http)).transpose() {
            Ok(session) => session,
            Err(error) => return self.could_not_take_in(peer, &error),
        };
        let now = self.time.monotonic();
        let mut connection = Connection::new(socket, session, peer, now);
        connection.is_refused = refusal.is_some();
        let id = match self.connections.add(connection, &self.config.networks, &self.poll) {
            Ok(id) => id,
            Err(error) => return self.could_not_take_in(peer, &error),
        };
        log::debug!("event=connected conn={id} peer={peer} tls={is_tls}");
        match refusal {
            None => {
                let deadline = now + self.config.login_timeout;
                self.connections.set_deadline(id, Some(deadline), &mut self.time.timers);
                // With TLS, the hub is told at the end of the handshake.
                if !is_tls {
                    let encryption = Encryption::Plain;
                    self.tell_hub(Input::Connected { conn: id, from, encryption });
                }
            }
            Some(reason) => self.finish(id, reason, &LastLine::of(reason)),
        }
    }

    pub(super) fn could_not_take_in(&mut self, peer: Peer, error: &dyn std::error::Error) {
        if self.may_log_stranger() {
            log::warn!("event=refused peer={peer} error={error}");
        }
    }

    /// Returns the limit by which a connection from that peer is refused, if any.
    fn reason_to_refuse(&self, peer: Peer) -> Option<CloseReason> {
        if peer.is_operator() {
            return None;
        }
        if self.hub.has_banned(peer.address(), self.time.now) {
            return Some(CloseReason::AddressBanned);
        }
        if self.is_full() {
            return Some(CloseReason::ConnectionLimit);
        }
        let (bounds, now) = (&self.config.networks, self.time.monotonic());
        let is_full = self.connections.crowding.is_full(peer.address(), bounds, now);
        is_full.then_some(CloseReason::AddressLimit)
    }
}
