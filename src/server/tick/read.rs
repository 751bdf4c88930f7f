//! The phase that reads: it decodes bytes to requests, and hands those to the hub.

use crate::chat::close::CloseReason;
use crate::chat::request::Request;
use crate::hub::input::{ConnId, Input};
use crate::limits::{
    LINES_PER_TICK_MAX, READ_BYTES_MAX, SPURIOUS_WAKEUPS_MAX, STRANGER_INPUT_BYTES_MAX,
};
use crate::protocol::heard::Heard;
use crate::server::connection::{Came, Connection, Pause, Phase};
use crate::server::last_line::LastLine;
use crate::server::poll::{PollKey, Ready};
use crate::server::state::Server;

impl Server {
    /// Continues connections whose input was paused, and reads every connection that is ready.
    pub(super) fn read_ready(&mut self, ready: &[Ready]) {
        for id in self.gate.take_runnable() {
            self.resume(id);
        }
        self.resume_handshakes();
        for event in ready {
            if let PollKey::Connection(id) = event.key {
                self.connection_ready(id, event);
            }
        }
    }

    fn resume(&mut self, id: ConnId) {
        let Some(connection) = self.connections.get(id) else { return };
        if connection.lifecycle.resume().is_none() || !connection.lifecycle.is_known_to_hub() {
            return;
        }
        let kept = connection.inbound.take_leftover(&mut self.buffers.read);
        self.handle_buffer(id, kept);
        self.connections.mark_dirty(id);
    }

    fn connection_ready(&mut self, id: ConnId, event: &Ready) {
        let spurious_wakeups = self.connections.count_wakeup(id);
        let Some(connection) = self.connections.get(id) else { return };
        if spurious_wakeups >= SPURIOUS_WAKEUPS_MAX {
            // A defect of this program: level-triggered, the event would repeat for ever, and slow
            // down all others. The line has no input or output of the connection, since it may hold
            // a password.
            let Connection { lifecycle, readiness, inbound, .. } = &*connection;
            log::error!(
                "event=no-progress conn={id} phase={:?} pause={:?} interest={:?} event={event:?} \
                 at_end={} write_blocked={} leftover={} waiting={}",
                lifecycle.phase(),
                lifecycle.pause(),
                readiness.interest,
                lifecycle.is_at_end(),
                readiness.is_write_blocked,
                inbound.len(),
                connection.waiting_bytes(),
            );
            debug_assert!(false, "{id} is reported again and again, and nothing moves");
            return self.lose(id, CloseReason::NoProgress);
        }
        let interest = connection.wanted_interest();
        if event.writable && interest.write {
            connection.readiness.is_write_blocked = false;
            self.connections.mark_dirty(id);
        }
        if interest.read {
            // The read reports an error of the socket.
            if event.readable {
                self.read(id);
            }
        } else if event.lost && !interest.write {
            // Neither a read nor a write would notice that: its input is paused, and nothing waits
            // to be written.
            self.lose(id, CloseReason::ConnectionLost);
        }
    }

    fn read(&mut self, id: ConnId) {
        match self.connections.get(id) {
            Some(connection) if connection.is_handshaking() => self.read_handshake(id),
            _ => self.read_on(id),
        }
    }

    /// Reads once, and handles what was read.
    pub(super) fn read_on(&mut self, id: ConnId) {
        let (came, filled) = self.fill_buffer(id);
        if matches!(came, Came::Bytes(_)) {
            self.put_off_idle_timeout(id);
        }
        match (came, self.connections.get(id).map(|connection| connection.lifecycle.phase())) {
            (_, None) => {}
            (Came::Lost, _) => self.lose(id, CloseReason::ConnectionLost),
            (Came::End, Some(Phase::Lingering(reason) | Phase::Flushing(reason))) => {
                self.connections.doom(id, reason);
            }
            (_, Some(Phase::Lingering(_) | Phase::Flushing(_) | Phase::Doomed(_))) => {}
            (Came::End, _) => self.end_input(id),
            (_, Some(Phase::Handshaking)) => {}
            (_, Some(Phase::Unauthenticated | Phase::Authenticated)) => {
                self.handle_buffer(id, filled);
                if self.connections.get(id).is_some_and(|connection| connection.is_ended()) {
                    self.end_input(id);
                }
            }
        }
    }

    /// Handles the end of input: the peer has shut down its side, or ended the TLS session. TCP's
    /// end without TLS' close_notify counts too: an attacker who can cut off a connection can do so
    /// to any, and incomplete frames are ignored.
    fn end_input(&mut self, id: ConnId) {
        let Some(connection) = self.connections.get(id) else { return };
        if connection.lifecycle.phase() == Phase::Handshaking {
            return self.lose(id, CloseReason::PeerClosed);
        }
        connection.lifecycle.end_input();
        // The flush closes it once all is answered.
        self.connections.mark_dirty(id);
    }

    /// Reads once into the shared buffer, behind the connection's input buffer, so that frames are
    /// contiguous. Returns how many bytes the shared buffer holds then. A connection on which TLS
    /// fails is closed.
    fn fill_buffer(&mut self, id: ConnId) -> (Came, usize) {
        let Some(connection) = self.connections.get(id) else { return (Came::Nothing, 0) };
        let room = match connection.lifecycle.phase() {
            Phase::Handshaking | Phase::Unauthenticated => STRANGER_INPUT_BYTES_MAX,
            _ => READ_BYTES_MAX,
        };
        let (count, filled) = connection.fill(&mut self.buffers.read, room, &mut self.buffers.tls);
        if filled.wants_write {
            self.connections.mark_dirty(id);
        }
        match filled.came {
            Came::Foreign => self.refuse_plain(id, CloseReason::NotTls),
            Came::Failed(error) => self.fail_tls(id, &error),
            came => {
                if filled.is_established {
                    self.handshake_done(id, count);
                }
                return (came, count);
            }
        }
        (Came::Nothing, 0)
    }

    /// Extends the idle timeout of a connection that has sent something.
    fn put_off_idle_timeout(&mut self, id: ConnId) {
        if let Some(timeout) = self.config.idle_timeout
            && let Some(connection) = self.connections.get(id)
            && connection.lifecycle.phase() == Phase::Authenticated
        {
            connection.lifecycle.put_off_deadline(self.time.monotonic() + timeout);
        }
    }

    /// Handles the frames in the first `filled` bytes of the shared buffer, and stores the rest in
    /// the connection's input buffer.
    fn handle_buffer(&mut self, id: ConnId, filled: usize) {
        let shared = std::mem::take(&mut self.buffers.read);
        self.handle_bytes(id, &shared[..filled]);
        self.buffers.read = shared;
    }

    fn handle_bytes(&mut self, id: ConnId, buffer: &[u8]) {
        let Some(connection) = self.connections.get(id) else { return };
        let is_first = connection.frame_bytes_in() <= buffer.len() as u64;
        if let Some(reason) = foreign_protocol(buffer).filter(|_| is_first) {
            return self.end(id, reason, LastLine::of(reason));
        }
        let mut done = 0;
        let mut lines_left = LINES_PER_TICK_MAX;
        let pause = loop {
            if done == buffer.len() {
                break None;
            }
            let Some(connection) = self.connections.get(id) else { break None };
            let asked = (id, &*connection);
            let (hub, store, time) = (&self.hub, &self.store, &self.time);
            if let Some(pause) = self.gate.reason_to_pause(asked, lines_left, hub, store, time) {
                break Some(pause);
            }
            let (used, heard) = connection.wire.decode(&buffer[done..]);
            done += used;
            let Some(heard) = heard else { break None };
            if connection.counts_as_line(&heard) {
                lines_left -= 1;
                self.gate.count_lines(1, connection, &self.time);
            }
            if matches!(heard, Heard::Asked(Request::Say { .. })) {
                self.gate.count_speech(id, used, &self.hub, &self.time);
            }
            self.hear(id, heard);
            if !self
                .connections
                .get(id)
                .is_some_and(|connection| connection.lifecycle.is_known_to_hub())
            {
                return;
            }
        };
        self.keep(id, &buffer[done..], pause);
    }

    fn hear(&mut self, conn: ConnId, heard: Heard<'_>) {
        let request = match heard {
            Heard::Bytes { stream, bytes } => return self.take_file(conn, stream, bytes),
            Heard::End { stream } => return self.take_file(conn, stream, &[]),
            Heard::Nothing => return,
            Heard::Asked(request) => Ok(request),
            Heard::Refused(of, refusal) => Err((of, refusal)),
        };
        self.tell_hub(Input::Asked { conn, request });
    }

    /// Stores what was not handled in the connection's input buffer, and pauses its input if there
    /// is a reason.
    fn keep(&mut self, id: ConnId, leftover: &[u8], pause: Option<Pause>) {
        let Some(connection) = self.connections.get(id) else { return };
        connection.inbound.keep(leftover);
        if connection.waiting_counted() > 0 || !leftover.is_empty() || connection.uploads.is_some()
        {
            self.connections.count_waiting(id);
        }
        let Some(pause) = pause else { return };
        if let Some(connection) = self.connections.get(id) {
            self.gate.pause((id, connection), pause, &self.hub, &mut self.time);
            self.connections.mark_dirty(id);
        }
    }
}

/// Detects another protocol by the first bytes of a connection: a TLS handshake record (RFC 8446,
/// section 5.1) or an HTTP request.
fn foreign_protocol(start: &[u8]) -> Option<CloseReason> {
    const METHODS: [&[u8]; 5] = [b"GET /", b"POST /", b"HEAD /", b"PUT /", b"OPTIONS "];
    if start.starts_with(&[0x16, 0x03]) {
        return Some(CloseReason::Tls);
    }
    METHODS.iter().any(|method| start.starts_with(method)).then_some(CloseReason::Http)
}
