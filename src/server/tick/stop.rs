//! The graceful stop in the event loop: no connection is accepted any more, and the open ones are
//! closed a few at a time.

use std::time::Duration;

use crate::chat::close::CloseReason;
use crate::hub::input::{ConnId, Input};
use crate::limits::{LEAVE_PERIOD, LINGER_TIME_MAX};
use crate::server::last_line::LastLine;
use crate::server::state::Server;
use crate::server::timers::Timer;
use crate::store::CLOSE_TIMEOUT;

impl Server {
    /// Handles the signals that arrived.
    pub(super) fn obey_signals(&mut self) {
        if self.supervisor.signals.take_metrics() {
            self.log_metrics();
        }
        if self.supervisor.signals.take_reloads() {
            self.reload();
        }
        match self.supervisor.signals.take_stops() {
            0 => return,
            1 if !self.stop.is_under_way() => {}
            // A second signal ends the graceful stop.
            _ => self.time.after(Duration::ZERO, Timer::DrainOver),
        }
        self.stop();
    }

    /// Announces a stop after some time, which replaces an earlier announcement.
    pub(super) fn stop_in(&mut self, time: Duration) {
        let at = self.time.monotonic() + time;
        self.stop.announce(at);
        self.time.timers.add(at, Timer::Stop);
    }

    /// Begins the stop: no connection is accepted any more, and the open ones are closed in turn.
    pub(super) fn stop(&mut self) {
        if self.stop.is_under_way() {
            return;
        }
        let connections = self.connections.len();
        log::info!("event=stopping connections={connections}");
        self.stop.begin(connections, self.config.drain, self.time.monotonic());
        // After the drain time, each connection may flush and then linger for LINGER_TIME_MAX each.
        self.supervisor.service.stopping(self.config.drain + 2 * LINGER_TIME_MAX + CLOSE_TIMEOUT);
        self.notify_later();
        self.listeners.stop(&self.poll);
        self.close_browsers(false);
        self.time.after(self.config.drain, Timer::DrainOver);
        let seconds = u32::try_from(self.config.drain.as_secs()).unwrap_or(u32::MAX);
        self.tell_hub(Input::Shutdown { seconds });
        self.let_leave();
    }

    /// Allows the next connections to be closed. The flush closes them once nothing waits for them.
    pub(super) fn let_leave(&mut self) {
        let Some((slot, count)) = self.stop.next_to_leave(self.time.monotonic()) else { return };
        let ids = self.connections.ids_from(slot, count);
        if ids.is_empty() {
            return;
        }
        self.stop.let_leave(&ids);
        for id in ids {
            self.connections.mark_dirty(id);
        }
        self.time.after(LEAVE_PERIOD, Timer::Leave);
    }

    /// Closes a connection because the server stops; the client is asked to reconnect after
    /// `come_back_in` seconds.
    pub(super) fn send_away(&mut self, id: ConnId, come_back_in: u32) {
        let (reason, come_back_in) = (CloseReason::Shutdown, Some(come_back_in));
        self.end(id, reason, LastLine::Closing { reason, words: None, come_back_in });
    }

    /// Ends the graceful stop: every open connection gets its last line, and LINGER_TIME_MAX to
    /// read it. One whose deadline is earlier keeps it, so that the stop ends however often this is
    /// called.
    pub(super) fn close_all(&mut self) {
        if !self.stop.is_under_way() {
            return;
        }
        self.stop.let_all_leave();
        self.close_browsers(true);
        for id in self.connections.ids() {
            if let Some(connection) = self.connections.get(id) {
                connection.outbox.cancel_downloads();
            }
            if let Some(seconds) = self.stop.come_back_in(id) {
                self.send_away(id, seconds);
            }
            let before =
                self.connections.get(id).and_then(|connection| connection.lifecycle.deadline());
            let deadline = self.time.monotonic() + LINGER_TIME_MAX;
            let deadline = before.map_or(deadline, |before| before.min(deadline));
            self.connections.set_deadline(id, Some(deadline), &mut self.time.timers);
            self.connections.mark_dirty(id);
        }
    }
}
