//! What goes wrong, by lot: with clients, their connections, the store, the clock and the server.

use chatsrv::chat::close::CloseReason;
use chatsrv::hub::job::Job;

use super::World;
use super::jobs::is_in_turn;

/// Microseconds.
const HOUR: u64 = 3_600_000_000;

impl World {
    pub(super) fn something_goes_wrong(&mut self) {
        match self.rng.u8(..64) {
            0..8 => self.lose_somebody(),
            8..12 => self.somebody_ends(false),
            12..16 => self.somebody_ends(true),
            16..18 => self.somebody_vanishes(),
            18..20 => self.give_somebody_up(),
            20..26 => self.somebody_stalls(),
            26..28 => self.time_somebody_out(),
            28..44 => self.set_the_clock(),
            44..46 => {
                self.outages.store = self.some_steps();
                self.counts.fault("store stops for a while");
            }
            46..48 => {
                self.outages.disk_full = self.some_steps();
                self.counts.fault("disk full for a while");
            }
            48..50 => {
                self.outages.passwords = self.some_steps();
                self.counts.fault("password queue full for a while");
            }
            _ if self.rng.u8(..50) == 0 => self.announce_stop(),
            _ if self.rng.usize(..self.steps) < 60 => self.crash(),
            _ => {}
        }
    }

    /// The step up to which something lasts.
    fn some_steps(&mut self) -> usize {
        self.step + self.rng.usize(1..200)
    }

    fn lose_somebody(&mut self) {
        let Some(at) = self.pick() else { return };
        self.server.reset(self.clients[at].pipe);
        self.break_off(at);
        self.counts.fault("connection reset");
    }

    /// Somebody sends nothing more, perhaps after the beginning of a line.
    fn somebody_ends(&mut self, inside_line: bool) {
        let Some(at) = self.pick() else { return };
        let client = &mut self.clients[at];
        if client.ends {
            return;
        }
        client.ends = true;
        if inside_line {
            client.to_send.extend_from_slice(b"D * half a li");
            self.counts.fault("client ends its input inside a line");
        } else {
            self.counts.fault("client ends its input");
        }
    }

    /// Somebody's machine goes away, and nothing tells the server.
    fn somebody_vanishes(&mut self) {
        let Some(at) = self.pick() else { return };
        let pipe = self.clients[at].pipe;
        if self.server.pipes[pipe].closed.is_some() {
            return;
        }
        self.break_off(at);
        self.vanished.push(pipe);
        self.counts.fault("client vanishes, half-open");
    }

    /// The kernel gives up a connection of which nothing is heard.
    fn give_somebody_up(&mut self) {
        if self.vanished.is_empty() {
            return;
        }
        let place = self.rng.usize(..self.vanished.len());
        self.server.reset(self.vanished.swap_remove(place));
    }

    /// Somebody neither sends nor reads for a while.
    fn somebody_stalls(&mut self) {
        let Some(at) = self.pick() else { return };
        self.clients[at].stalls_until = self.step + self.rng.usize(1..1000);
        self.counts.fault("client stalls");
    }

    fn time_somebody_out(&mut self) {
        let Some(at) = self.pick() else { return };
        let pipe = self.clients[at].pipe;
        if self.server.pipes[pipe].closed.is_some() {
            return;
        }
        let is_online = self.clients[at].user().is_some();
        let reason = if is_online { CloseReason::IdleTimeout } else { CloseReason::LoginTimeout };
        self.server.close(pipe, reason);
        self.counts.fault("closed: timed out");
    }

    /// The time of day jumps; the monotonic clock doesn't.
    fn set_the_clock(&mut self) {
        let by = self.rng.u64(..20_000_000);
        let (fault, to) = {
            let clock = self.server.now.unix_micros;
            match self.rng.u8(..16) {
                0 => ("clock goes back an hour", clock - HOUR),
                1..4 if self.people.sees_days_go_by => {
                    ("clock goes forward a day", clock + 24 * HOUR)
                }
                1..8 => ("clock goes back", clock - by),
                _ => ("clock goes forward", clock + by),
            }
        };
        self.server.now.unix_micros = to;
        self.counts.fault(fault);
    }

    /// The server is told to stop, by a signal or an administrator, and tells everybody.
    pub(super) fn announce_stop(&mut self) {
        self.server.shut_down();
        self.stops.get_or_insert(self.step + self.rng.usize(1..100));
        self.counts.fault("shutdown announced");
    }

    /// The server stops: everybody gets the last line, and the store does what it was given. Then
    /// the server starts again.
    pub(super) fn stop(&mut self) {
        self.server.close_all();
        self.server.crash(|_, _| true, &mut self.store);
        self.restarted();
        self.counts.fault("shutdown");
    }

    /// The server dies. The store may have done some of what the server had not heard of yet.
    pub(super) fn crash(&mut self) {
        let in_turn = self.server.jobs.iter().filter(|(_, job)| is_in_turn(job)).count();
        let mut left = self.rng.usize(..=in_turn);
        let (mut done, mut lost) = (false, false);
        let rng = &mut self.rng;
        let is_done = |_, job: &Job| {
            let is_done = if is_in_turn(job) { left > 0 } else { rng.bool() };
            left -= usize::from(is_in_turn(job) && is_done);
            done |= is_done;
            lost |= !is_done;
            is_done
        };
        self.server.crash(is_done, &mut self.store);
        for at in 0..self.clients.len() {
            self.break_off(at);
        }
        self.restarted();
        self.counts.fault("crash");
        if done {
            self.counts.fault("crash after jobs of which nobody heard");
        }
        if lost {
            self.counts.fault("crash that loses jobs");
        }
    }

    fn restarted(&mut self) {
        self.stops = None;
        self.vanished.clear();
        self.first_pipe = self.server.pipes.len();
        if !self.server.keeps_messages() {
            // Nobody remembers the words of what was confirmed.
            self.people.to_send_again.retain(|(_, marked)| marked.id.is_none());
        }
    }

    fn break_off(&mut self, at: usize) {
        self.clients[at].broke = true;
        self.learn_from(at);
    }
}
