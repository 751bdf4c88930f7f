//! What the loop does for TLS sessions: reads them, gives their handshakes a share of each tick,
//! and reads the certificates again.

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
    /// Goes on with the handshakes that earlier ticks had no time for.
    pub(super) fn resume_handshakes(&mut self) {
        let Some(tls) = &mut self.tls else { return };
        tls.begin_tick();
        while let Some(id) = self.tls.as_mut().and_then(TlsSessions::next_waiting) {
            let Some(connection) = self.connections.get(id) else { continue };
            // One that is being closed does not wait any more.
            if connection.lifecycle.pause() == Some(Pause::Handshake) {
                connection.lifecycle.resume();
                self.connections.mark_dirty(id);
                self.read_handshake(id);
            }
        }
    }

    /// Reads the next flight of a handshake, or notes that it has to wait: one takes longer than
    /// hundreds of lines, and who talks must not wait for a crowd that comes in.
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

    /// The handshake of a connection is done.
    pub(super) fn handshake_done(&mut self, id: ConnId) {
        let Some(session) = self.connections.get(id).and_then(|connection| connection.tls()) else {
            return;
        };
        let (kind, version) = (session.handshake_kind(), session.version().unwrap_or("unknown"));
        log::debug!("event=tls conn={id} version={version} handshake={kind:?}");
        if let Some(tls) = &mut self.tls {
            tls.count_handshake(kind);
        }
        let Some(connection) = self.connections.get(id) else { return };
        let from = connection.peer.address();
        if connection.lifecycle.establish() {
            self.tell_hub(Input::Connected { conn: id, from });
        }
        // A last line may have waited for it.
        self.connections.mark_dirty(id);
    }

    /// Closes a connection on which TLS has failed, with the alert that says why.
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
        // Nothing can be said any more but that alert, which is on its way.
        if let Some(connection) = self.connections.get(id) {
            connection.drop_transport();
            connection.outbox = Default::default();
        }
    }

    /// Closes a connection that has sent no TLS: its peer gets the last line as it is, which it can
    /// read, where it would not know what to make of an alert.
    pub(super) fn refuse_plain(&mut self, id: ConnId, reason: CloseReason) {
        let Some(connection) = self.connections.get(id) else { return };
        connection.drop_transport();
        self.connections.mark_dirty(id);
        // One that is refused for another reason has that for its last line.
        let Some(connection) = self.connections.get(id).filter(|one| one.lifecycle.is_open())
        else {
            return;
        };
        connection.outbox.abandon(self.buffers.lines.of(connection.variant()));
        self.end(id, reason, LastLine::of(CloseReason::NotTls));
    }

    /// A connection took too long to log in, and the handshake is not done.
    pub(super) fn time_out_handshake(&mut self, id: ConnId) {
        let Some(connection) = self.connections.get(id) else { return };
        match connection.traffic.bytes_in {
            // It may be a client that waits to be greeted, as it would be where TLS is not spoken.
            0 => self.refuse_plain(id, CloseReason::LoginTimeout),
            _ => self.lose(id, CloseReason::LoginTimeout),
        }
    }

    /// Reads the certificates again, beside the loop.
    pub(super) fn reload_certificates(&mut self) {
        match &mut self.tls {
            Some(tls) => tls.reload(self.poll.waker()),
            None => log::info!("event=reload what=nothing: there are no certificates"),
        }
    }

    /// Takes the certificates that were read again, where they are there.
    pub(super) fn take_certificates(&mut self) {
        if self.tls.as_mut().is_some_and(TlsSessions::finish_reload) {
            self.reload_certificates();
        }
    }
}
