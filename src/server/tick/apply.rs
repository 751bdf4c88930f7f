//! Applies the effects of the hub, and closes connections.

use std::time::Duration;

use crate::chat::answer::List;
use crate::chat::close::CloseReason;
use crate::chat::event::Event;
use crate::chat::name::Number;
use crate::hub::effect::Effect;
use crate::hub::input::{ConnId, Input};
use crate::limits::FINISH_TIME_MAX;
use crate::protocol::wire;
use crate::server::connection::download::OutgoingFile;
use crate::server::last_line::LastLine;
use crate::server::state::Server;
use crate::server::tick_lines::SharedRange;

impl Server {
    /// Hands an input to the hub, and applies the effects that it returns.
    pub(super) fn tell_hub(&mut self, input: Input) {
        let mut effects = std::mem::take(&mut self.buffers.effects);
        self.hub.handle(input, self.time.now, &mut effects);
        for effect in effects.list.drain(..) {
            self.apply(effect, &effects.recipients);
        }
        effects.clear();
        self.buffers.effects = effects;
    }

    fn apply(&mut self, effect: Effect, recipients: &[ConnId]) {
        match effect {
            Effect::Answer { conn, answer } => {
                self.connections.counters.refused.count(&answer);
                let Some(connection) = self.connections.get(conn) else { return };
                connection.say(&mut self.buffers.lines, |wire, out| wire.answer(&answer, out));
                self.connections.mark_dirty(conn);
            }
            Effect::List { conn, list } => self.send_list(conn, list),
            Effect::Page { conn, page } => {
                let Some(connection) = self.connections.get(conn) else { return };
                connection.outbox.push_page(page);
                self.connections.mark_dirty(conn);
            }
            Effect::Tell { event, to } => self.tell(&event, &recipients[to]),
            Effect::LoggedIn { conn, user } => self.logged_in(conn, user),
            Effect::Audit(line) => self.supervisor.audit.write(line),
            Effect::Close { conn, reason, last, words } => {
                let last = match last {
                    Some(answer) => {
                        self.connections.counters.refused.count(&answer);
                        LastLine::Answer(answer)
                    }
                    None => LastLine::Closing { reason, words, come_back_in: None },
                };
                self.finish(conn, reason, &last);
            }
            Effect::Job { job_id, job } => self.begin_job(job_id, job),
            Effect::Download { conn, job_id, stream, bytes } => {
                let Some(opened) = self.files.take_file(job_id) else { return };
                let Some(connection) = self.connections.get(conn) else { return };
                let now = self.time.monotonic();
                connection.outbox.push_download(OutgoingFile::new(stream, opened, bytes, now));
                self.connections.mark_dirty(conn);
            }
            Effect::PlaceWanted => self.files.wanted.place(),
            Effect::NameWanted { conn, stream } => self.files.wanted.name(conn, stream),
            Effect::Figures { conn } => self.list_metrics(conn),
            Effect::Stop { seconds } => self.stop_in(Duration::from_secs(seconds.into())),
            Effect::DropFile { job_id } => self.files.close(job_id),
            Effect::Upload { conn, job_id, stream, bytes } => {
                self.begin_upload(conn, job_id, stream, bytes);
            }
            Effect::CancelUpload { conn, stream } => self.drop_upload(conn, stream),
            Effect::CancelDownload { conn, stream } => {
                let Some(connection) = self.connections.get(conn) else { return };
                connection.outbox.cancel_download(stream);
                self.connections.mark_dirty(conn);
            }
        }
    }

    /// Adds a list to a connection's outbox.
    pub(super) fn send_list(&mut self, conn: ConnId, list: List) {
        let Some(connection) = self.connections.get(conn) else { return };
        let lines = self.buffers.lines.of(connection.variant());
        connection.outbox.push_list(lines, &mut connection.wire, list);
        self.connections.mark_dirty(conn);
    }

    /// Encodes an event once for each variant of the protocol among its recipients, and adds it to
    /// their outboxes.
    fn tell(&mut self, event: &Event, to: &[ConnId]) {
        let mut shared = SharedRange::default();
        let lines = &mut self.buffers.lines;
        let backlogs = &mut self.gate.backlogs;
        let counted_above = backlogs.counted_above();
        for id in to {
            if let Some(connection) = self.connections.get(*id) {
                let variant = connection.variant();
                let range = shared.get(variant, lines, |out| wire::encode(event, variant, out));
                connection.outbox.push_unasked(lines.of(variant), range);
                if connection.outbox.may_hold_unasked(counted_above)
                    && let Event::Said(message) | Event::SaidElsewhere(message) = event
                {
                    let waiting = connection.outbox.unasked_bytes();
                    let now = self.time.monotonic();
                    backlogs.said(*id, message.from, range.len(), waiting, now);
                }
                self.connections.mark_dirty(*id);
            }
        }
    }

    fn logged_in(&mut self, id: ConnId, user: Number) {
        self.connections.logged_in(id, user);
        let Some(connection) = self.connections.get(id) else { return };
        connection.wire.logged_in();
        self.begin_idle_time(id);
    }

    /// Starts the idle timeout of a connection anew.
    pub(super) fn begin_idle_time(&mut self, id: ConnId) {
        let deadline = self.config.idle_timeout.map(|timeout| self.time.monotonic() + timeout);
        self.connections.set_deadline(id, deadline, &mut self.time.timers);
    }

    /// Begins to close a connection that the hub has forgotten, or never knew: what waits for it is
    /// written, then the last line.
    pub(super) fn finish(&mut self, id: ConnId, reason: CloseReason, last: &LastLine) {
        let Some(connection) = self.connections.get(id) else { return };
        if !connection.lifecycle.is_open() {
            return;
        }
        self.gate.backlogs.gone(id);
        connection.lifecycle.begin_to_flush(reason);
        connection.inbound.clear();
        connection.uploads = None;
        if !reason.finishes_downloads() {
            connection.outbox.cancel_downloads();
        }
        connection.outbox.break_off_list();
        connection.say(&mut self.buffers.lines, |wire, out| last.encode(wire, out));
        let patience = match reason.finishes_downloads() {
            // Only users who are not logged in close like this; the login timeout still applies.
            true => connection.lifecycle.deadline(),
            false => Some(self.time.monotonic() + FINISH_TIME_MAX),
        };
        self.connections.set_deadline(id, patience, &mut self.time.timers);
        self.connections.mark_dirty(id);
    }

    /// Closes a connection for a reason that is not the hub's, and tells the hub.
    pub(super) fn end(&mut self, id: ConnId, reason: CloseReason, last: LastLine) {
        let Some(connection) = self.connections.get(id) else { return };
        let is_known_to_hub = connection.lifecycle.is_known_to_hub();
        self.finish(id, reason, &last);
        if is_known_to_hub {
            self.tell_hub(Input::Disconnected { conn: id });
        }
    }

    /// Closes and frees a connection on which nothing can be written any more.
    pub(super) fn lose(&mut self, id: ConnId, reason: CloseReason) {
        self.end(id, reason, LastLine::None);
        self.connections.doom(id, reason);
    }
}
