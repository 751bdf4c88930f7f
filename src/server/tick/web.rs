//! Connections of browsers in the event loop.

use std::os::fd::OwnedFd;
use std::time::Duration;

use crate::hub::input::ConnId;
use crate::limits::WEB_REQUESTS_PER_TICK_MAX;
use crate::server::peer::Peer;
use crate::server::state::Server;
use crate::server::tls::TlsSessions;
use crate::server::web::{Visit, WebConnection, WebStep};
use crate::server::web_id::WebId;

impl Server {
    /// Takes in a connection of a browser, or keeps it until it was told that it is one too many.
    pub(super) fn take_in_web(&mut self, socket: OwnedFd, peer: Peer) {
        self.accepts_again();
        let (from, now) = (peer.address(), self.time.monotonic());
        // Who is banned is not worth a response.
        if self.hub.has_banned(from, self.time.now) {
            self.connections.counters.refused.count_connection();
            log::debug!("event=refused peer={peer}");
            return;
        }
        if self.http.browsers.is_full() {
            self.close_idle_web();
        }
        self.make_room_for_one();
        let is_refused = self.http.browsers.is_full()
            || self.is_full()
            || self.connections.crowding.is_crowded(from, &self.config.networks);
        if is_refused {
            self.connections.counters.refused.count_connection();
            if self.refused() >= self.config.limits.refused {
                log::debug!("event=refused peer={peer}");
                return;
            }
        }
        let mut connection = WebConnection::new(socket, from, now);
        connection.is_refused = is_refused;
        self.add_web(connection, peer);
    }

    /// Takes in a browser that came to a port for TLS, once its handshake is done. The first
    /// `filled` bytes of the shared buffer came with that.
    pub(super) fn hand_over_to_web(&mut self, id: ConnId, filled: usize) {
        let Some(before) = self.connections.hand_over(id, &self.poll) else { return };
        let (peer, was_refused) = (before.peer, before.is_refused);
        let (from, now) = (peer.address(), self.time.monotonic());
        let mut connection = WebConnection::over_tls(before.into_transport(), from, now);
        connection.receive(&self.buffers.read[..filled], now);
        if self.http.browsers.is_full() {
            self.close_idle_web();
        }
        connection.is_refused = was_refused || self.http.browsers.is_full();
        if connection.is_refused && self.refused() >= self.config.limits.refused {
            log::debug!("event=refused peer={peer}");
            return;
        }
        if let Some(id) = self.add_web(connection, peer) {
            self.web_on(id);
        }
    }

    fn add_web(&mut self, connection: WebConnection, peer: Peer) -> Option<WebId> {
        let (from, is_refused) = (connection.from, connection.is_refused);
        match self.http.browsers.add(connection, self.time.monotonic(), &self.poll) {
            Ok(Some(id)) => {
                log::debug!("event=http-connected peer={peer} refused={is_refused}");
                if !is_refused {
                    self.connections.crowding.browser_came(from);
                }
                self.settle_web(id);
                Some(id)
            }
            Ok(None) => {
                log::debug!("event=refused peer={peer}");
                None
            }
            Err(error) => {
                self.could_not_take_in(peer, &error);
                None
            }
        }
    }

    /// Goes on with a connection of a browser, after an event of the poll.
    pub(super) fn web_ready(&mut self, slot: u16) {
        let Some(id) = self.http.browsers.id_at(slot) else { return };
        self.web_on(id);
    }

    fn web_on(&mut self, id: WebId) {
        let now = (self.time.monotonic(), self.unix_seconds());
        let mut requests = 0;
        loop {
            let Some(connection) = self.http.browsers.get(id) else { return };
            connection.is_due = false;
            match connection.go_on(&mut self.buffers.read, &mut self.buffers.tls, now.0) {
                WebStep::Waits => break,
                WebStep::Answered if requests == WEB_REQUESTS_PER_TICK_MAX => {
                    // Others come first; the poll reports it again at once.
                    connection.is_due = !connection.is_idle();
                    break;
                }
                WebStep::Answered => {}
                WebStep::Asked(length) => {
                    requests += 1;
                    self.answer_web(id, length);
                }
                WebStep::Refused(error) => connection.answer(0, error.into(), now),
                WebStep::Over => return self.close_web(id),
            }
        }
        self.settle_web(id);
    }

    fn answer_web(&mut self, id: WebId, length: usize) {
        let now = (self.time.monotonic(), self.unix_seconds());
        let is_stopping = self.stop.is_under_way();
        let certificate = self.tls.as_ref().map(TlsSessions::certificate_names);
        let (hub, hub_now) = (&self.hub, self.time.now);
        let Some(connection) = self.http.browsers.get(id) else { return };
        let visit = Visit {
            from: connection.from,
            is_encrypted: connection.is_encrypted(),
            is_refused: connection.is_refused,
            certificate,
        };
        let response = match connection.head(length) {
            Ok(head) => {
                self.http.site.respond(&head, visit, |address| hub.has_banned(address, hub_now))
            }
            Err(error) => error.into(),
        };
        let response = if is_stopping { response.closing() } else { response };
        connection.answer(length, response, now);
        self.http.browsers.requests += 1;
    }

    fn unix_seconds(&self) -> i64 {
        i64::try_from(self.time.now.unix_micros / 1_000_000).unwrap_or(i64::MAX)
    }

    fn settle_web(&mut self, id: WebId) {
        let now = self.time.monotonic();
        if let Err(error) = self.http.browsers.settle(id, now, &self.poll, &mut self.time.timers) {
            log::error!("event=poll-failed error={error}");
            self.close_web(id);
        }
    }

    /// Handles the timer of a connection, which was set for the time `at`.
    pub(super) fn web_timer(&mut self, id: WebId, at: Duration) {
        let now = self.time.monotonic();
        if !self.http.browsers.timer_fired(id, at, now) {
            return self.settle_web(id);
        }
        let now = (now, self.unix_seconds());
        let Some(connection) = self.http.browsers.get(id) else { return };
        match connection.time_out(now) {
            true => self.web_on(id),
            false => self.close_web(id),
        }
    }

    fn close_web(&mut self, id: WebId) {
        let Some(connection) = self.http.browsers.remove(id, &self.poll) else { return };
        if !connection.is_refused {
            self.connections.crowding.browser_left(connection.from);
        }
        self.rest_is_over();
    }

    /// Closes the connection of a browser that has been idle longest, if there is one.
    fn close_idle_web(&mut self) {
        if let Some(id) = self.http.browsers.idle_longest() {
            self.close_web(id);
        }
    }

    /// Closes an idle connection of a browser where no place is left for another one.
    pub(super) fn make_room_for_one(&mut self) {
        if self.is_full() {
            self.close_idle_web();
        }
    }

    /// Returns true if there are as many connections as may be, of clients and of browsers.
    pub(super) fn is_full(&self) -> bool {
        self.connections.served() + self.http.browsers.served() >= self.config.limits.clients
    }

    /// The number of connections that are open only until they were told that they are refused.
    pub(super) fn refused(&self) -> usize {
        self.connections.refused() + self.http.browsers.refused()
    }

    /// Closes the connections of browsers: all of them, or those to which no response is being
    /// written.
    pub(super) fn close_browsers(&mut self, all: bool) {
        for id in self.http.browsers.ids() {
            let is_writing = self.http.browsers.get(id).is_some_and(|one| one.is_writing());
            if all || !is_writing {
                self.close_web(id);
            }
        }
    }
}
