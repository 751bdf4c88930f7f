//! What the hub wants done, done.

use std::time::Duration;

use super::Server;
use super::connection::Phase;
use super::download::Download;
use super::last_line::LastLine;
use super::tick_lines::LineRange;
use crate::chat::answer::List;
use crate::chat::close::CloseReason;
use crate::chat::event::Event;
use crate::hub::effect::Effect;
use crate::hub::input::{ConnId, Input};
use crate::limits::FINISH_TIME_MAX;
use crate::protocol::wire::{self, Variant};

impl Server {
    /// Tells the hub what happened, and does what it wants done about it.
    pub(super) fn tell_hub(&mut self, input: Input) {
        let mut effects = std::mem::take(&mut self.effects);
        self.hub.handle(input, self.now, &mut effects);
        for effect in effects.list.drain(..) {
            self.apply(effect, &effects.recipients);
        }
        effects.clear();
        self.effects = effects;
    }

    fn apply(&mut self, effect: Effect, recipients: &[ConnId]) {
        match effect {
            Effect::Answer { conn, answer } => {
                let Some(connection) = self.connections.get(conn) else { return };
                let wire = &mut connection.wire;
                let lines = self.lines.encode(|out| wire.answer(&answer, out));
                connection.outbox.push_reply(&self.lines, lines);
                self.connections.mark_dirty(conn);
            }
            Effect::List { conn, list } => self.send_list(conn, list),
            Effect::Page { conn, page } => {
                let Some(connection) = self.connections.get(conn) else { return };
                connection.outbox.push_page(page);
                self.connections.mark_dirty(conn);
            }
            Effect::Tell { event, to } => self.tell(&event, &recipients[to]),
            Effect::LoggedIn { conn } => self.logged_in(conn),
            Effect::Close { conn, reason, last, words } => {
                let last = match last {
                    Some(answer) => LastLine::Answer(answer),
                    None => LastLine::Closing { reason, words, come_back_in: None },
                };
                self.finish(conn, reason, &last);
            }
            Effect::Job { ticket, job } => self.begin_job(ticket, job),
            Effect::Download { conn, ticket, stream, bytes } => {
                let Some(opened) = self.opened.remove(&ticket) else { return };
                let Some(connection) = self.connections.get(conn) else { return };
                let download = Download::new(stream, opened, bytes);
                connection.outbox.push_download(&mut connection.wire, download);
                self.connections.mark_dirty(conn);
            }
            Effect::Figures { conn } => self.list_figures(conn),
            Effect::Stop { seconds } => self.stop_in(Duration::from_secs(seconds.into())),
            Effect::DropFile { ticket } => {
                self.opened.remove(&ticket);
                self.opened_parts.remove(&ticket);
            }
            Effect::Upload { conn, ticket, stream, bytes } => {
                self.begin_upload(conn, ticket, stream, bytes);
            }
            Effect::CancelUpload { conn, stream } => self.drop_upload(conn, stream),
            Effect::CancelDownload { conn, stream } => {
                let Some(connection) = self.connections.get(conn) else { return };
                connection.outbox.cancel_download(stream);
                self.connections.mark_dirty(conn);
            }
        }
    }

    pub(super) fn send_list(&mut self, conn: ConnId, list: List) {
        let Some(connection) = self.connections.get(conn) else { return };
        connection.outbox.push_list(&self.lines, &mut connection.wire, list);
        self.connections.mark_dirty(conn);
    }

    /// Encodes an event once for each variant of a protocol among its readers, and adds it to the
    /// outbox of everyone it is for.
    fn tell(&mut self, event: &Event, to: &[ConnId]) {
        let mut encoded: [Option<LineRange>; Variant::COUNT] = Default::default();
        for id in to {
            let Some(connection) = self.connections.get(*id) else { continue };
            let variant = connection.wire.variant();
            let lines = *encoded[variant.index()]
                .get_or_insert_with(|| self.lines.encode(|out| wire::encode(event, variant, out)));
            connection.outbox.push_unasked(&self.lines, lines);
            self.connections.mark_dirty(*id);
        }
    }

    fn logged_in(&mut self, id: ConnId) {
        let Some(connection) = self.connections.get(id) else { return };
        connection.phase = Phase::Open;
        connection.was_logged_in = true;
        self.begin_idle_time(id);
    }

    /// Gives a user all of the idle timeout.
    pub(super) fn begin_idle_time(&mut self, id: ConnId) {
        let deadline = self.config.idle_timeout.map(|timeout| self.now.steady + timeout);
        self.connections.set_deadline(id, deadline, &mut self.timers);
    }

    /// Begins to close a connection that the hub has forgotten, or never knew: what waits is
    /// written, then the last line.
    pub(super) fn finish(&mut self, id: ConnId, reason: CloseReason, last: &LastLine) {
        let Some(connection) = self.connections.get(id) else { return };
        if !connection.is_known_to_hub() {
            return;
        }
        connection.phase = Phase::Finishing(reason);
        connection.leftover = Vec::new();
        connection.pause = None;
        connection.uploads = None;
        if !reason.finishes_downloads() {
            connection.outbox.cancel_downloads();
        }
        connection.outbox.break_off_list();
        let wire = &mut connection.wire;
        let line = self.lines.encode(|out| last.encode(wire, out));
        connection.outbox.push_reply(&self.lines, line);
        let patience = match reason.finishes_downloads() {
            // They are a stranger's, who has as long as the login may take and no longer.
            true => connection.deadline,
            false => Some(self.now.steady + FINISH_TIME_MAX),
        };
        self.connections.set_deadline(id, patience, &mut self.timers);
        self.connections.mark_dirty(id);
    }

    /// Closes a connection for a reason that the hub did not give, and tells it.
    pub(super) fn end(&mut self, id: ConnId, reason: CloseReason, last: LastLine) {
        let Some(connection) = self.connections.get(id) else { return };
        if connection.is_known_to_hub() {
            self.finish(id, reason, &last);
            self.tell_hub(Input::Disconnected { conn: id });
        }
    }

    /// Gives up a connection on which nothing can be written any more.
    pub(super) fn lose(&mut self, id: ConnId, reason: CloseReason) {
        self.end(id, reason, LastLine::None);
        self.connections.doom(id, reason);
    }
}
