//! Flow control of input: decides before every frame whether a connection's next frame is handled
//! now, or what it waits for.
//!
//! This is the one place that knows the reasons to wait ([`Pause`]), and how each of them ends.

use std::time::Duration;

use super::backlogs::Backlogs;
use super::config::ServerConfig;
use super::connection::{Connection, LineRate, Pause};
use super::speech::Speech;
use super::time::Time;
use super::timers::Timer;
use crate::hub::Hub;
use crate::hub::input::ConnId;
use crate::limits::SPEAKER_LOOK_PERIOD;
use crate::store::Store;

/// The flow control of input from all connections.
#[derive(Debug)]
pub struct Gate {
    /// The limit of lines a second from one connection, if there is one.
    rate: Option<LineRate>,
    /// The limit of what one user says.
    speech: Speech,
    /// The receivers for whom much waits.
    pub backlogs: Backlogs,
    /// Connections whose input is handled in the next tick.
    runnable: Vec<ConnId>,
    /// Connections that wait because the store's queues are too long.
    behind_store: Vec<ConnId>,
}

impl Gate {
    /// Creates a gate with the limits of that configuration.
    pub fn new(config: &ServerConfig) -> Self {
        Gate {
            rate: LineRate::per_second(config.rate),
            speech: Speech::new(config.speech_rate),
            backlogs: Backlogs::new(config.send_queue),
            runnable: Vec::new(),
            behind_store: Vec::new(),
        }
    }

    /// Returns why the connection's next frame can't be handled yet; `None` if it can. The
    /// connection may send `lines_left` more lines in this tick.
    pub fn reason_to_pause(
        &mut self,
        (id, connection): (ConnId, &Connection),
        lines_left: u32,
        hub: &Hub,
        store: &Store,
        time: &Time,
    ) -> Option<Pause> {
        if lines_left == 0 {
            return Some(Pause::Turn);
        }
        if connection.outbox.is_full() || !hub.takes_input(id) {
            return Some(Pause::Answer);
        }
        if connection.is_upload_behind() {
            return Some(Pause::Disk);
        }
        if store.is_congested() {
            return Some(Pause::Store);
        }
        let now = time.monotonic();
        if self.speech_delay(id, hub, now).is_some() {
            return Some(Pause::Speech);
        }
        connection.pace.line_delay(now, self.rate?).map(|_| Pause::Rate)
    }

    /// Returns how long the user of a connection has to wait with the next words, if there is a
    /// reason to, and when to look again.
    fn speech_delay(&mut self, id: ConnId, hub: &Hub, now: Duration) -> Option<Duration> {
        if self.speech.is_quiet(now) && self.backlogs.is_quiet(now) {
            return None;
        }
        let user = hub.speaker(id)?;
        let backlog = self.backlogs.delay(user, now);
        self.speech.delay(user, now).max(backlog.map(|delay| delay.min(SPEAKER_LOOK_PERIOD)))
    }

    /// Counts the bytes of what a connection said.
    pub fn count_speech(&mut self, id: ConnId, bytes: usize, hub: &Hub, time: &Time) {
        if let Some(user) = hub.speaker(id) {
            self.speech.count(user, bytes, time.monotonic());
        }
    }

    /// Counts lines, or what costs as much as lines, against the connection's rate limit.
    pub fn count_lines(&self, lines: u32, connection: &mut Connection, time: &Time) {
        if let Some(rate) = self.rate {
            connection.pace.count_lines(lines, time.monotonic(), rate);
        }
    }

    /// Pauses a connection's input for that reason, and schedules how it resumes.
    pub fn pause(
        &mut self,
        (id, connection): (ConnId, &mut Connection),
        why: Pause,
        hub: &Hub,
        time: &mut Time,
    ) {
        connection.lifecycle.pause_for(why);
        match why {
            Pause::Turn => self.runnable.push(id),
            Pause::Speech => {
                let delay = self.speech_delay(id, hub, time.monotonic());
                time.after(delay.unwrap_or_default(), Timer::Resume(id));
            }
            Pause::Store => self.behind_store.push(id),
            Pause::Rate => {
                let delay =
                    self.rate.and_then(|rate| connection.pace.line_delay(time.monotonic(), rate));
                time.after(delay.unwrap_or_default(), Timer::Resume(id));
            }
            Pause::Answer | Pause::Disk | Pause::Handshake => {}
        }
    }

    /// Schedules a connection's input for the next tick, whatever it waits for.
    pub fn run(&mut self, id: ConnId) {
        self.runnable.push(id);
    }

    /// Resumes a connection that waited for replies to be written or for the hub to answer, if it
    /// need not wait any longer. Returns true if it was paused for that, even if it still is.
    pub fn flushed(&mut self, id: ConnId, connection: &mut Connection, hub: &Hub) -> bool {
        if connection.lifecycle.pause() != Some(Pause::Answer) {
            return false;
        }
        if !connection.outbox.is_full() && hub.takes_input(id) {
            connection.lifecycle.pause_for(Pause::Turn);
            self.runnable.push(id);
        }
        true
    }

    /// Resumes a connection that waited for its upload to be written to disk, if enough of it was.
    pub fn upload_written(&mut self, id: ConnId, connection: &mut Connection) {
        if connection.lifecycle.pause() == Some(Pause::Disk) && !connection.is_upload_behind() {
            connection.lifecycle.pause_for(Pause::Turn);
            self.runnable.push(id);
        }
    }

    /// Resumes the connections that wait for the store, if its queues are short enough again.
    pub fn store_answered(&mut self, store: &Store) {
        if !self.behind_store.is_empty() && !store.is_congested() {
            self.runnable.append(&mut self.behind_store);
        }
    }

    /// Returns true if a connection's input is scheduled for the next tick.
    pub fn is_runnable(&self) -> bool {
        !self.runnable.is_empty()
    }

    /// Takes the connections whose input is scheduled.
    pub fn take_runnable(&mut self) -> Vec<ConnId> {
        std::mem::take(&mut self.runnable)
    }
}
