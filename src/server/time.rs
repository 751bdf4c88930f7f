//! What time it is, and what is to happen when.

use std::time::{Duration, Instant};

use super::clock::{set_back, unix_micros};
use super::timers::{Timer, Timers};
use crate::hub::input::Now;
use crate::metrics::Histogram;

/// The clock of the loop, which stands still during a tick, and its timers.
#[derive(Debug)]
pub struct Time {
    /// When the process began.
    started: Instant,
    /// When this tick began.
    pub now: Now,
    /// What is to happen when.
    pub timers: Timers<Timer>,
    /// How long the ticks took, without the sleep.
    pub ticks: Histogram,
}

impl Time {
    /// A clock that begins now, and no timers; see [`Timers::with_room_for`] for `room`.
    pub fn begin(room: usize) -> Self {
        let mut time = Time {
            started: Instant::now(),
            now: Now::default(),
            timers: Timers::with_room_for(room),
            ticks: Histogram::default(),
        };
        time.read_clock();
        time
    }

    /// A tick begins.
    pub fn read_clock(&mut self) {
        let now = Now { monotonic: self.started.elapsed(), unix_micros: unix_micros() };
        if let Some(back) = set_back(self.now, now) {
            let seconds = back.as_secs();
            log::warn!("event=clock-set-back seconds={seconds}: ids go on from the newest");
        }
        self.now = now;
    }

    /// A tick is over.
    pub fn count_tick(&mut self) {
        self.ticks.record(self.started.elapsed() - self.now.monotonic);
    }

    /// When this tick began, on the monotonic clock.
    pub fn monotonic(&self) -> Duration {
        self.now.monotonic
    }

    /// Has something happen after some time.
    pub fn after(&mut self, time: Duration, what: Timer) {
        self.timers.add(self.now.monotonic + time, what);
    }

    /// How long it is until then.
    pub fn until(&self, at: Duration) -> Duration {
        at.saturating_sub(self.started.elapsed())
    }
}
