//! The time of the event loop: its clock and its timers.

use std::time::{Duration, Instant};

use super::clock::{set_back, unix_micros};
use super::timers::{Timer, Timers};
use crate::hub::input::Now;
use crate::metrics::Histogram;

/// The clock of the event loop, which is read once per tick, and its timers.
#[derive(Debug)]
pub struct Time {
    /// The origin of the monotonic clock.
    started: Instant,
    /// The time at which this tick began.
    pub now: Now,
    /// The timers.
    pub timers: Timers<Timer>,
    /// The durations of ticks, without the wait.
    pub ticks: Histogram,
}

impl Time {
    /// Creates a clock that begins now, without timers; for `room` see [`Timers::with_room_for`].
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

    /// Reads the clocks at the beginning of a tick.
    pub fn read_clock(&mut self) {
        let now = Now { monotonic: self.started.elapsed(), unix_micros: unix_micros() };
        if let Some(back) = set_back(self.now, now) {
            let seconds = back.as_secs();
            log::warn!("event=clock-set-back seconds={seconds}: ids go on from the newest");
        }
        self.now = now;
    }

    /// Records the duration of a tick at its end.
    pub fn count_tick(&mut self) {
        self.ticks.record(self.started.elapsed() - self.now.monotonic);
    }

    /// The time at which this tick began, on the monotonic clock.
    pub fn monotonic(&self) -> Duration {
        self.now.monotonic
    }

    /// Adds a timer that fires `time` after the beginning of this tick.
    pub fn after(&mut self, time: Duration, what: Timer) {
        self.timers.add(self.now.monotonic + time, what);
    }

    /// The time from now until `at`; zero if it has passed.
    pub fn until(&self, at: Duration) -> Duration {
        at.saturating_sub(self.started.elapsed())
    }
}
