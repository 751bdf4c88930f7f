//! The phase that reads: bytes to frames, frames to the hub.

use rustix::io::Errno;

use super::connection::{Connection, Pause, Phase};
use super::poll::{Key, Ready};
use super::tls::TlsSession;
use super::{Server, Timer};
use crate::hub::effect::CloseReason;
use crate::hub::input::{ConnId, Input};
use crate::limits::{IDLE_TURNS_MAX, LINES_PER_TICK_MAX, READ_BYTES_MAX, STRANGER_INPUT_BYTES_MAX};
use crate::protocol::native::frame::Frame;
use crate::protocol::native::parse::parse_request;

/// What one read gave.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Read {
    Bytes,
    Nothing,
    End,
    Lost,
}

impl Server {
    /// Reads every connection that is ready, and goes on with those that had to wait.
    pub(super) fn read_ready(&mut self, ready: &[Ready]) {
        for id in std::mem::take(&mut self.turns) {
            self.resume(id);
        }
        self.resume_handshakes();
        for event in ready {
            if let Key::Connection(id) = event.key {
                self.connection_ready(id, event);
            }
        }
    }

    fn resume(&mut self, id: ConnId) {
        let Some(connection) = self.connections.get(id) else { return };
        if connection.pause.take().is_none() || !connection.is_known_to_hub() {
            return;
        }
        let leftover = std::mem::take(&mut connection.leftover);
        self.read_buffer[..leftover.len()].copy_from_slice(&leftover);
        self.handle_buffer(id, leftover.len());
        self.connections.mark_dirty(id);
    }

    fn connection_ready(&mut self, id: ConnId, event: &Ready) {
        let Some(connection) = self.connections.get(id) else { return };
        let idle_turns = connection.count_turn();
        if idle_turns > 0 {
            self.counters.turns_without_progress += 1;
        }
        if idle_turns >= IDLE_TURNS_MAX {
            // Level mode would report it for ever: a defect of this program, which must not cost
            // the others their server.
            // Not what was read or is to be written: there may be a password in it.
            let connection = &*connection;
            let Connection { phase, pause, interest, is_at_end, is_write_blocked, .. } = connection;
            log::error!(
                "event=no-progress conn={id} phase={phase:?} pause={pause:?} interest={interest:?} \
                 event={event:?} at_end={is_at_end} write_blocked={is_write_blocked} leftover={} \
                 waiting={}",
                connection.leftover.len(),
                connection.waiting_bytes(),
            );
            debug_assert!(false, "{id} is reported again and again, and nothing moves");
            return self.lose(id, CloseReason::NoProgress);
        }
        let interest = connection.wanted_interest();
        if event.writable && interest.write {
            connection.is_write_blocked = false;
            self.connections.mark_dirty(id);
        }
        if interest.read {
            // An error shows in what the read says.
            if event.readable {
                self.read(id);
            }
        } else if event.lost && !interest.write {
            // Nothing else would tell: the connection is not read while an answer is made, and has
            // nothing to be written.
            self.lose(id, CloseReason::ConnectionLost);
        }
    }

    fn read(&mut self, id: ConnId) {
        match self.connections.get(id) {
            Some(connection) if connection.is_handshaking() => self.read_handshake(id),
            _ => self.read_on(id),
        }
    }

    /// Reads once, and handles what came.
    pub(super) fn read_on(&mut self, id: ConnId) {
        let (read, filled) = self.fill_buffer(id);
        if read == Read::Bytes {
            self.put_off_idle_timeout(id);
        }
        match (read, self.connections.get(id).map(|connection| connection.phase)) {
            (_, None) => {}
            (Read::Lost, _) => self.lose(id, CloseReason::ConnectionLost),
            (Read::End, Some(Phase::Lingering(reason) | Phase::Finishing(reason))) => {
                self.connections.doom(id, reason);
            }
            (_, Some(Phase::Lingering(_) | Phase::Finishing(_) | Phase::Doomed(_))) => {}
            (Read::End, _) => self.end_input(id),
            (Read::Nothing | Read::Bytes, _) => {
                self.handle_buffer(id, filled);
                let connection = self.connections.get(id);
                if connection.is_some_and(|one| one.tls().is_some_and(TlsSession::is_ended)) {
                    self.end_input(id);
                }
            }
        }
    }

    /// The peer sends no more: it has shut its side, or said so in TLS. Where it shuts its side of
    /// a TLS session without a word, that is the end, too: whoever cuts it off on the way can do so
    /// to any connection, and no frame counts that has not come to its end.
    fn end_input(&mut self, id: ConnId) {
        let Some(connection) = self.connections.get(id) else { return };
        if connection.is_handshaking() {
            return self.lose(id, CloseReason::PeerClosed);
        }
        connection.is_at_end = true;
        // Whether all is answered is seen behind the flush.
        self.connections.mark_dirty(id);
    }

    /// Reads once into the shared buffer, behind what was left over, so that frames are contiguous.
    /// Tells how much is in the buffer then.
    fn fill_buffer(&mut self, id: ConnId) -> (Read, usize) {
        let buffer = &mut self.read_buffer;
        let Some(connection) = self.connections.get(id) else { return (Read::Nothing, 0) };
        let leftover = std::mem::take(&mut connection.leftover);
        let kept = leftover.len();
        buffer[..kept].copy_from_slice(&leftover);
        let room = match connection.phase {
            Phase::Stranger => STRANGER_INPUT_BYTES_MAX,
            _ => READ_BYTES_MAX,
        };
        if connection.tls().is_some() {
            return self.fill_decrypted(id, kept, room);
        }
        let end = buffer.len().min(kept + room);
        let result = rustix::io::read(connection.socket(), &mut buffer[kept..end]);
        let filled = kept + result.unwrap_or(0);
        let read = match result {
            Ok(0) => Read::End,
            Ok(count) => {
                connection.bytes_in += count as u64;
                Read::Bytes
            }
            Err(Errno::AGAIN | Errno::INTR) => Read::Nothing,
            Err(_) => Read::Lost,
        };
        (read, filled)
    }

    /// Something was heard of a connection, so its idle time begins anew.
    fn put_off_idle_timeout(&mut self, id: ConnId) {
        if let Some(timeout) = self.config.idle_timeout
            && let Some(connection) = self.connections.get(id)
            && connection.phase == Phase::Open
        {
            connection.deadline = Some((self.now.steady + timeout).into());
        }
    }

    /// Handles the frames in the first bytes of the shared buffer, and keeps what is left of them
    /// with the connection.
    fn handle_buffer(&mut self, id: ConnId, filled: usize) {
        let shared = std::mem::take(&mut self.read_buffer);
        self.handle_bytes(id, &shared[..filled]);
        self.read_buffer = shared;
    }

    fn handle_bytes(&mut self, id: ConnId, buffer: &[u8]) {
        let Some(connection) = self.connections.get(id) else { return };
        let is_first = connection.frame_bytes_in() <= buffer.len() as u64;
        if let Some(reason) = foreign_protocol(buffer).filter(|_| is_first) {
            return self.end(id, reason, reason.last_line());
        }
        let mut done = 0;
        let mut lines_left = LINES_PER_TICK_MAX;
        let pause = loop {
            if done == buffer.len() {
                break None;
            }
            if let Some(pause) = self.reason_to_pause(id, lines_left) {
                break Some(pause);
            }
            let Some(connection) = self.connections.get(id) else { break None };
            let (used, frame) = connection.decoder.decode(&buffer[done..]);
            done += used;
            let Some(frame) = frame else { break None };
            if !matches!(frame, Frame::File { .. } | Frame::FileEnd { .. }) {
                lines_left -= 1;
                if let Some(rate) = self.rate {
                    connection.count_line(self.now.steady, rate);
                }
            }
            self.handle_frame(id, frame);
            if !self.connections.get(id).is_some_and(|connection| connection.is_known_to_hub()) {
                return;
            }
        };
        self.keep(id, &buffer[done..], pause);
    }

    fn handle_frame(&mut self, conn: ConnId, frame: Frame<'_>) {
        self.tell_hub(match frame {
            Frame::File { stream, bytes } => return self.take_file(conn, stream, bytes),
            Frame::FileEnd { stream } => return self.take_file(conn, stream, &[]),
            Frame::Command(line) => Input::Command { conn, request: parse_request(line) },
            Frame::Data(text) => Input::Data { conn, text },
            Frame::Bad(error) => Input::BadFrame { conn, error },
        });
    }

    /// Why the next frame can't be handled yet.
    fn reason_to_pause(&mut self, id: ConnId, lines_left: u32) -> Option<Pause> {
        let connection = self.connections.get(id)?;
        if lines_left == 0 {
            return Some(Pause::Turn);
        }
        if connection.outbox.is_full() || !self.hub.takes_input(id) {
            return Some(Pause::Answer);
        }
        if connection.is_upload_behind() {
            return Some(Pause::Disk);
        }
        if self.store.is_congested() {
            return Some(Pause::Store);
        }
        let delay = connection.line_delay(self.now.steady, self.rate?)?;
        self.timers.add(self.now.steady + delay, Timer::Resume(id));
        Some(Pause::Rate)
    }

    /// Keeps what was read and not handled.
    fn keep(&mut self, id: ConnId, leftover: &[u8], pause: Option<Pause>) {
        let Some(connection) = self.connections.get(id) else { return };
        // An exact copy: most connections have none, and the others only an unfinished line.
        connection.leftover = leftover.into();
        connection.pause = pause;
        if connection.waiting_counted > 0 || !leftover.is_empty() || connection.uploads.is_some() {
            self.connections.count_waiting(id);
        }
        match pause {
            None => return,
            Some(Pause::Turn) => self.turns.push(id),
            Some(Pause::Store) => self.behind_store.push(id),
            Some(Pause::Answer | Pause::Rate | Pause::Disk | Pause::Handshake) => {}
        }
        self.connections.mark_dirty(id);
    }
}

/// What else a connection speaks that begins with these bytes: a TLS handshake record (RFC 8446,
/// section 5.1) or an HTTP request.
fn foreign_protocol(start: &[u8]) -> Option<CloseReason> {
    const METHODS: [&[u8]; 5] = [b"GET /", b"POST /", b"HEAD /", b"PUT /", b"OPTIONS "];
    if start.starts_with(&[0x16, 0x03]) {
        return Some(CloseReason::Tls);
    }
    METHODS.iter().any(|method| start.starts_with(method)).then_some(CloseReason::Http)
}
