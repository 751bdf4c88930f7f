//! TLS in the event loop: handshakes, which get a limited share of each tick, and failures.

use std::time::Instant;

use rustls::Error;

use crate::chat::close::CloseReason;
use crate::hub::input::{ConnId, Input};
use crate::log::Quoted;
use crate::server::connection::Pause;
use crate::server::last_line::LastLine;
use crate::server::state::Server;
use crate::server::tls::TlsSessions;

impl Server {
    /// Continues the handshakes that earlier ticks had no time for.
    pub(super) fn resume_handshakes(&mut self) {
        let Some(tls) = &mut self.tls else { return };
        tls.begin_tick();
        while let Some(id) = self.tls.as_mut().and_then(TlsSessions::next_waiting) {
            let Some(connection) = self.connections.get(id) else { continue };
            // A connection that is closing is not paused any more.
            if connection.lifecycle.pause() == Some(Pause::Handshake) {
                connection.lifecycle.resume();
                self.connections.mark_dirty(id);
                self.read_handshake(id);
            }
        }
    }

    /// Reads the next flight of a handshake, or pauses it if the handshakes' share of this tick is
    /// used up: one takes longer than hundreds of lines, and users who are online must not wait for
    /// a crowd that connects.
    pub(super) fn read_handshake(&mut self, id: ConnId) {
        let Some(tls) = &mut self.tls else { return };
        if !tls.has_time() {
            tls.delay(id);
            if let Some(connection) = self.connections.get(id) {
                connection.lifecycle.pause_for(Pause::Handshake);
                self.connections.mark_dirty(id);
            }
            return;
        }
        let start = Instant::now();
        self.read_on(id);
        if let Some(tls) = &mut self.tls {
            tls.spend(start.elapsed());
        }
    }

    /// Handles the end of a connection's handshake, with which the first `filled` bytes of the
    /// shared buffer came. The hub is told of the connection, unless it is a browser's.
    pub(super) fn handshake_done(&mut self, id: ConnId, filled: usize) {
        let Some(session) = self.connections.get(id).and_then(|connection| connection.tls()) else {
            return;
        };
        let (kind, encryption) = (session.handshake_kind(), session.encryption());
        let speaks_http = session.speaks_http();
        log::debug!("event=tls conn={id} version={encryption} handshake={kind:?}");
        if let Some(tls) = &mut self.tls {
            tls.count_handshake(kind);
        }
        if speaks_http {
            return self.hand_over_to_web(id, filled);
        }
        let Some(connection) = self.connections.get(id) else { return };
        let from = connection.peer.address();
        if connection.lifecycle.establish() {
            self.tell_hub(Input::Connected { conn: id, from, encryption });
        }
        // A last line may have waited for the handshake.
        self.connections.mark_dirty(id);
    }

    /// Closes a connection on which TLS has failed, with an alert that says why.
    pub(super) fn fail_tls(&mut self, id: ConnId, error: &Error) {
        let Some(connection) = self.connections.get(id) else { return };
        let peer = connection.peer;
        if connection.lifecycle.was_authenticated() || self.may_log_stranger() {
            let error = error.to_string();
            log::info!("event=tls-failed conn={id} peer={peer} error={}", Quoted(&error));
        }
        let Some(connection) = self.connections.get(id) else { return };
        if let Some(tls) = &mut self.tls {
            tls.count_failure();
        }
        if !connection.lifecycle.is_open() {
            return self.connections.doom(id, CloseReason::TlsFailed);
        }
        if connection.push().is_err() {
            return self.lose(id, CloseReason::TlsFailed);
        }
        self.end(id, CloseReason::TlsFailed, LastLine::None);
        // Nothing can be sent after that alert.
        if let Some(connection) = self.connections.get(id) {
            connection.drop_transport();
            connection.outbox = Default::default();
        }
    }

    /// Closes a connection that does not speak TLS on the TLS port. Its last line is sent in
    /// plaintext, which such a peer understands better than an alert.
    pub(super) fn refuse_plain(&mut self, id: ConnId, reason: CloseReason) {
        let Some(connection) = self.connections.get(id) else { return };
        connection.drop_transport();
        self.connections.mark_dirty(id);
        // A connection that is already closing for another reason keeps its last line.
        let Some(connection) = self.connections.get(id).filter(|one| one.lifecycle.is_open())
        else {
            return;
        };
        connection.outbox.abandon(self.buffers.lines.of(connection.variant()));
        self.end(id, reason, LastLine::of(CloseReason::NotTls));
    }

    /// Handles the login timeout of a connection whose handshake is not done.
    pub(super) fn time_out_handshake(&mut self, id: ConnId) {
        let Some(connection) = self.connections.get(id) else { return };
        match connection.traffic.bytes_in {
            // It may be a client without TLS that waits for the greeting.
            0 => self.refuse_plain(id, CloseReason::LoginTimeout),
            _ => self.lose(id, CloseReason::LoginTimeout),
        }
    }
}
