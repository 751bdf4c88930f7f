//! Whose input is handled now, and who has to wait for what.
//!
//! Before every frame the gate is asked whether the connection may go on. It is the one place that
//! knows the reasons to wait, and how each of them ends.

use super::connection::{Connection, LineRate, Pause};
use super::time::Time;
use super::timers::Timer;
use crate::hub::Hub;
use crate::hub::input::ConnId;
use crate::store::Store;

/// Decides which connection's input is handled.
#[derive(Debug)]
pub struct Gate {
    /// How fast lines may come from one connection, where that is limited.
    rate: Option<LineRate>,
    /// Connections whose input is gone on with in the next tick.
    runnable: Vec<ConnId>,
    /// Connections that wait because the store is behind.
    behind_store: Vec<ConnId>,
}

impl Gate {
    /// A gate for so many lines a second from each connection; 0 is no limit.
    pub fn new(lines_per_second: u32) -> Self {
        let rate = LineRate::per_second(lines_per_second);
        Gate { rate, runnable: Vec::new(), behind_store: Vec::new() }
    }

    /// Why the next frame of a connection can't be handled yet, which may send `lines_left` more
    /// lines in this tick.
    pub fn reason_to_pause(
        &self,
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
        connection.pace.line_delay(time.monotonic(), self.rate?).map(|_| Pause::Rate)
    }

    /// Takes a line of a connection into account.
    pub fn count_line(&self, connection: &mut Connection, time: &Time) {
        if let Some(rate) = self.rate {
            connection.pace.count_line(time.monotonic(), rate);
        }
    }

    /// A connection waits from now on, for that reason.
    pub fn pause(&mut self, id: ConnId, connection: &mut Connection, why: Pause, time: &mut Time) {
        connection.lifecycle.pause_for(why);
        match why {
            Pause::Turn => self.runnable.push(id),
            Pause::Store => self.behind_store.push(id),
            Pause::Rate => {
                let delay =
                    self.rate.and_then(|rate| connection.pace.line_delay(time.monotonic(), rate));
                time.after(delay.unwrap_or_default(), Timer::Resume(id));
            }
            Pause::Answer | Pause::Disk | Pause::Handshake => {}
        }
    }

    /// Goes on with the input of a connection in the next tick, whatever it waits for.
    pub fn run(&mut self, id: ConnId) {
        self.runnable.push(id);
    }

    /// Some of what waits for a connection was written, or the hub has answered. Whether its input
    /// was waiting for that, or still is.
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

    /// Some of what a connection uploads was written.
    pub fn upload_written(&mut self, id: ConnId, connection: &mut Connection) {
        if connection.lifecycle.pause() == Some(Pause::Disk) && !connection.is_upload_behind() {
            connection.lifecycle.pause_for(Pause::Turn);
            self.runnable.push(id);
        }
    }

    /// The store has answered: those who wait for it go on, where it is behind no more.
    pub fn store_answered(&mut self, store: &Store) {
        if !self.behind_store.is_empty() && !store.is_congested() {
            self.runnable.append(&mut self.behind_store);
        }
    }

    /// Whether there is a connection to go on with.
    pub fn is_runnable(&self) -> bool {
        !self.runnable.is_empty()
    }

    /// The connections to go on with.
    pub fn take_runnable(&mut self) -> Vec<ConnId> {
        std::mem::take(&mut self.runnable)
    }
}
