//! The event loop. A tick waits for a batch of events, handles each, and writes once at the end:
//! `wait → read → results → timers → accept → settle`.
//!
//! The phases are methods of [`Server`], in one file each.

mod accept;
mod apply;
mod exchanges;
mod handshakes;
mod metrics;
mod read;
mod receive;
mod reload;
mod results;
mod settle;
mod stalled;
mod stop;
mod web;

use std::io;
use std::time::Duration;

use super::state::Server;
use super::timers::Timer;
use super::tls::TlsSessions;
use crate::hub::input::Input;
use crate::limits::{NOTIFY_PAUSE, TIMERS_PER_TICK_MAX};
use crate::store::CLOSE_TIMEOUT;

impl Server {
    /// Serves until a stop, by a signal or by an administrator, is complete.
    ///
    /// # Errors
    /// If the kernel refuses to wait, which it never should.
    pub fn run(mut self) -> io::Result<()> {
        self.take_motd();
        self.supervisor.service.ready();
        self.arm_watchdog();
        while !self.is_over() {
            self.tick()?;
        }
        self.connections.stranger_lines.tell();
        // Before the store unlocks the data folder: another server may start then, and create a
        // socket file at the same path.
        self.listeners.close();
        self.supervisor.audit.finish(CLOSE_TIMEOUT);
        self.store.close();
        Ok(())
    }

    /// Returns true if a stop is complete.
    fn is_over(&self) -> bool {
        let has_none = self.connections.is_empty() && self.http.browsers.is_empty();
        self.stop.is_under_way() && has_none
    }

    fn tick(&mut self) -> io::Result<()> {
        let mut ready = std::mem::take(&mut self.buffers.ready);
        self.poll.wait(self.time_to_sleep(), &mut ready)?;
        self.time.read_clock();
        self.read_ready(&ready);
        self.take_results();
        self.watch_audit();
        self.end_stalled();
        self.run_timers();
        self.accept_ready(&ready);
        self.settle();
        self.time.count_tick();
        ready.clear();
        self.buffers.ready = ready;
        Ok(())
    }

    /// The timeout of the wait.
    fn time_to_sleep(&self) -> Option<Duration> {
        debug_assert!(self.buffers.lines.is_empty(), "what a tick made is written in it");
        if self.gate.is_runnable() || self.tls.as_ref().is_some_and(TlsSessions::is_behind) {
            return Some(Duration::ZERO);
        }
        let next =
            [self.time.timers.next(), self.hub.next_deadline()].into_iter().flatten().min()?;
        // Rounded up: an early wake-up would find nothing due, and repeat at once.
        Some(self.time.until(next + Duration::from_millis(1)))
    }

    fn run_timers(&mut self) {
        // Timers that are left make the next wait return at once. So thousands of connections that
        // came together and did not log in are closed a few at a time.
        for _ in 0..TIMERS_PER_TICK_MAX {
            let Some((at, timer)) = self.time.timers.pop_due(self.time.monotonic()) else { break };
            match timer {
                Timer::Connection(id) => self.connection_timer(id, at),
                Timer::Resume(id) => self.gate.run(id),
                Timer::Accept => self.rest_is_over(),
                Timer::Notify => {
                    self.supervisor.service.timer_due();
                    self.notify_later();
                }
                Timer::Watchdog => self.arm_watchdog(),
                Timer::Exchange(number) => self.exchange_timer(number),
                Timer::Web(id) => self.web_timer(id, at),
                Timer::Stop if self.stop.is_announced(at) => self.stop(),
                Timer::Stop => {}
                Timer::Leave => self.let_leave(),
                Timer::DrainOver => self.close_all(),
                Timer::Strangers => self.connections.stranger_lines.tell(),
            }
        }
        if self.hub.next_deadline().is_some_and(|at| at <= self.time.monotonic()) {
            self.tell_hub(Input::Deadline);
        }
    }

    /// Tells the hub if the audit log can't be written, or can again.
    fn watch_audit(&mut self) {
        if let Some(fails) = self.supervisor.audit.fails_newly() {
            self.tell_hub(Input::AuditFails(fails));
        }
    }

    /// Returns true if one more log line about a connection that has not logged in may be written
    /// now.
    fn may_log_stranger(&mut self) -> bool {
        self.connections.stranger_lines.may_write(self.time.monotonic(), &mut self.time.timers)
    }

    fn arm_watchdog(&mut self) {
        if let Some(period) = self.supervisor.service.watchdog(self.connections.len()) {
            self.time.after(period, Timer::Watchdog);
        }
        self.notify_later();
    }

    /// Sets a timer for notifications that the service manager did not take.
    fn notify_later(&mut self) {
        if self.supervisor.service.needs_timer() {
            self.time.after(NOTIFY_PAUSE, Timer::Notify);
        }
    }
}
