//! The phase that ends a tick: it flushes connections with output and frees doomed ones, until
//! nothing is left to do. Writing is tried at once; the poll watches only for what is left.

use std::time::Duration;

use crate::chat::close::CloseReason;
use crate::chat::name::UserName;
use crate::hub::input::{ConnId, DownloadEnd, Input};
use crate::limits::{LINGER_TIME_MAX, SHED_SHARE};
use crate::server::connection::download::OutboxEvent;
use crate::server::connection::{Connection, Phase, TimerDue};
use crate::server::last_line::LastLine;
use crate::server::state::Server;
use crate::server::transfer_id::transfer_id;

impl Server {
    /// Flushes and frees connections. Flushing can doom a connection (a failed write), and freeing
    /// can produce output (a user goes offline). Each connection is doomed only once, so the loop
    /// ends.
    pub(super) fn settle(&mut self) {
        loop {
            let dirty = self.connections.take_dirty();
            for id in &dirty {
                self.flush(*id);
            }
            self.shed_load();
            let is_quiet = dirty.is_empty();
            self.connections.reuse_dirty(dirty);
            let freed = self.reap();
            if is_quiet && !freed {
                break;
            }
        }
        self.buffers.lines.clear();
    }

    fn flush(&mut self, id: ConnId) {
        let Some(connection) = self.connections.get(id) else { return };
        connection.readiness.is_dirty = false;
        if matches!(connection.lifecycle.phase(), Phase::Doomed(_)) {
            return;
        }
        let mut events = std::mem::take(&mut self.buffers.outbox_events);
        let flushed = connection.flush(&self.buffers.lines, &mut self.buffers.tls, &mut events);
        connection.outbox.note_progress(self.time.monotonic());
        if flushed.is_ok() {
            self.connections.count_waiting(id);
            self.handle_events(id, &mut events);
        }
        // Events of a lost connection do not matter.
        events.clear();
        self.buffers.outbox_events = events;
        if flushed.is_err() {
            return self.lose(id, CloseReason::ConnectionLost);
        }
        self.after_flush(id);
        self.connections.update_interest(id, &self.poll);
    }

    fn handle_events(&mut self, conn: ConnId, events: &mut Vec<OutboxEvent>) {
        for event in events.drain(..) {
            match event {
                OutboxEvent::Listed { lines } => {
                    if let Some(connection) = self.connections.get(conn) {
                        self.gate.count_lines(lines, connection, &self.time);
                    }
                }
                OutboxEvent::PageRead => self.tell_hub(Input::PageRead { conn }),
                OutboxEvent::NeedsWarming { stream, file, bytes } => {
                    self.store.warm(transfer_id(conn, stream), file, bytes);
                }
                OutboxEvent::Over { stream, complete } => {
                    let end = if complete { DownloadEnd::Whole } else { DownloadEnd::Failed };
                    self.tell_hub(Input::DownloadOver { conn, stream, end });
                }
            }
        }
    }

    /// Acts on what a flush has left: closes a slow reader, resumes paused input, or closes a
    /// connection with which nothing is left to do.
    fn after_flush(&mut self, id: ConnId) {
        let Some(connection) = self.connections.get(id) else { return };
        match connection.lifecycle.phase() {
            // Nothing can be sent to it, and it would delay the stop.
            Phase::Handshaking if self.stop.is_under_way() => {
                return self.lose(id, CloseReason::Shutdown);
            }
            Phase::Handshaking => return,
            Phase::Unauthenticated | Phase::Authenticated => {}
            Phase::Flushing(reason) => return self.finish_on(id, reason),
            Phase::Lingering(_) | Phase::Doomed(_) => return,
        }
        let unasked = connection.outbox.unasked_bytes();
        if unasked > self.config.send_queue {
            return self.close_slow(id);
        }
        if !self.gate.backlogs.is_empty() {
            self.gate.backlogs.read(id, unasked);
        }
        if self.gate.flushed(id, connection, &self.hub) {
            return;
        }
        let is_idle = connection.lifecycle.pause().is_none()
            && connection.outbox.is_empty()
            && !connection.is_upload_ending();
        if is_idle && self.hub.has_answered(id) {
            if connection.lifecycle.is_at_end() {
                self.end(id, CloseReason::PeerClosed, LastLine::None);
            } else if let Some(seconds) = self.stop.come_back_in(id) {
                self.send_away(id, seconds);
            }
        }
    }

    /// Closes connections if too much memory waits for all of them together: first those that have
    /// not logged in, then those for which most waits.
    fn shed_load(&mut self) {
        let budget = self.config.send_queue_total;
        let waiting = self.connections.waiting();
        if waiting <= budget {
            return;
        }
        // It frees a little more than is needed: with thousands of clients that do not read, the
        // next message would exceed the budget again, and repeat the search.
        let enough = budget - budget / SHED_SHARE;
        let mut closed = 0;
        for id in self.connections.dearest_first() {
            if self.connections.waiting() <= enough {
                break;
            }
            self.give_up_slow(id);
            self.connections.count_waiting(id);
            closed += 1;
        }
        // None is closed if all that waits belongs to connections that are freed in this tick
        // anyway.
        if closed > 0 {
            log::warn!("event=send-queues-full bytes={waiting} closed={closed}");
        }
    }

    /// Closes a connection to free its memory. One that is closing already is freed at once; it had
    /// its chance to read its last line.
    fn give_up_slow(&mut self, id: ConnId) {
        let Some(connection) = self.connections.get(id) else { return };
        let (Phase::Flushing(reason) | Phase::Lingering(reason)) = connection.lifecycle.phase()
        else {
            return match connection.is_handshaking() {
                // Nothing can be sent to it.
                true => {
                    connection.outbox = Default::default();
                    connection.drop_transport();
                    self.lose(id, CloseReason::TooSlow);
                }
                false => self.close_slow(id),
            };
        };
        connection.outbox = Default::default();
        connection.drop_transport();
        self.connections.doom(id, reason);
    }

    /// Closes a connection that does not read its events fast enough.
    fn close_slow(&mut self, id: ConnId) {
        let Some(connection) = self.connections.get(id) else { return };
        connection.outbox.abandon(self.buffers.lines.of(connection.variant()));
        let reason = CloseReason::TooSlow;
        self.end(id, reason, LastLine::of(reason));
    }

    /// Shuts down the server's side of a closing connection once its last line is written. The peer
    /// may still be sending; closing at once would send a reset, which could destroy that line on
    /// its way.
    fn finish_on(&mut self, id: ConnId, reason: CloseReason) {
        let Some(connection) = self.connections.get(id) else { return };
        let outbox = &connection.outbox;
        let is_written = match reason.finishes_downloads() {
            true => outbox.is_empty(),
            false => outbox.has_no_lines() && !outbox.is_inside_chunk(),
        };
        if !is_written {
            return;
        }
        match connection.end_output() {
            Ok(true) if !connection.lifecycle.is_at_end() => {}
            // The close_notify of TLS has to be written first.
            Ok(false) => return,
            Ok(true) | Err(_) => return self.connections.doom(id, reason),
        }
        connection.drop_transport();
        connection.outbox = Default::default();
        connection.readiness.is_write_blocked = false;
        connection.lifecycle.begin_to_linger(reason);
        let deadline = self.time.monotonic() + LINGER_TIME_MAX;
        self.connections.set_deadline(id, Some(deadline), &mut self.time.timers);
    }

    /// Frees the doomed connections. Returns true if there were any.
    fn reap(&mut self) -> bool {
        let now = self.time.monotonic();
        let mut freed = false;
        while let Some((id, connection, reason)) = self.connections.reap(&self.poll) {
            freed = true;
            let is_known =
                connection.lifecycle.was_authenticated() || connection.peer.is_operator();
            if is_known || self.may_log_stranger() {
                let user = connection.lifecycle.user().and_then(|user| self.hub.name_of(user));
                log_close(id, &connection, (user, reason), now);
            }
        }
        if freed {
            self.rest_is_over();
        }
        freed
    }

    /// Handles a connection's timer, if it is still valid.
    pub(super) fn connection_timer(&mut self, id: ConnId, at: Duration) {
        let Some(connection) = self.connections.get(id) else { return };
        match connection.lifecycle.timer_due(at, self.time.monotonic()) {
            TimerDue::Nothing => return,
            TimerDue::Later(deadline) => {
                return self.connections.set_deadline(id, Some(deadline), &mut self.time.timers);
            }
            TimerDue::Now => {}
        }
        match connection.lifecycle.phase() {
            Phase::Handshaking => self.time_out_handshake(id),
            Phase::Unauthenticated => self.time_out(id, CloseReason::LoginTimeout),
            // Its input is paused by the server, so it is not idle.
            Phase::Authenticated if connection.is_held_back() => self.begin_idle_time(id),
            Phase::Authenticated => self.time_out(id, CloseReason::IdleTimeout),
            Phase::Flushing(reason) | Phase::Lingering(reason) => self.connections.doom(id, reason),
            Phase::Doomed(_) => {}
        }
    }

    fn time_out(&mut self, id: ConnId, reason: CloseReason) {
        self.end(id, reason, LastLine::of(reason));
    }
}

/// Logs one line for a connection that was closed.
fn log_close(
    id: ConnId,
    connection: &Connection,
    (user, reason): (Option<UserName>, CloseReason),
    now: Duration,
) {
    log::info!(
        "event=closed conn={id} user={} peer={} tls={} reason={} in={} out={} seconds={:.1}",
        user.as_ref().map_or("-", UserName::as_str),
        connection.peer,
        connection.is_tls,
        reason.name(),
        connection.traffic.bytes_in,
        connection.traffic.bytes_out,
        now.saturating_sub(connection.lifecycle.since()).as_secs_f64(),
    );
}
