//! The table of all connections: a slab whose slots have a generation, so that a late result for a
//! closed connection does not reach the next connection in the same slot. Only this module frees a
//! slot and closes a connection's socket.

use std::cmp::Reverse;
use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use slab::Slab;

use super::connection::{Connection, Phase};
use super::counters::ConnectionCounters;
use super::crowding::{ConnectionBounds, Crowding};
use super::poll::{Interest, Poll, PollKey};
use super::strangers::StrangerLines;
use super::timers::{Timer, Timers};
use crate::chat::close::CloseReason;
use crate::chat::name::Number;
use crate::hub::input::ConnId;
use crate::limits::CONNECTIONS_RESERVED_MAX;

/// The table of all connections.
#[derive(Debug, Default)]
pub struct Connections {
    slab: Slab<(u32, Connection)>,
    /// Slots from here on were never used.
    unused_from: usize,
    /// The generation that the next connection gets.
    generation: u32,
    /// How many connections each network has, without the refused ones.
    pub crowding: Crowding,
    /// How many connections are open only until they have read that they are refused.
    refused: usize,
    /// How many connections are the operator's.
    operators: usize,
    /// Bytes of memory that wait for all connections, as counted by `count_waiting`.
    waiting: usize,
    /// The connections to flush, each once. Those in `blocked` are flushed after them.
    dirty: Vec<ConnId>,
    /// The connections to flush whose sockets did not take more bytes when last tried.
    blocked: Vec<ConnId>,
    /// The connections to free, each once.
    doomed: VecDeque<ConnId>,
    /// The counters for the metrics.
    pub counters: ConnectionCounters,
    /// The rate limit of log lines about connections that have not logged in.
    pub stranger_lines: StrangerLines,
}

/// Sums over all open connections, for the metrics.
#[derive(Clone, Copy, Debug, Default)]
pub struct Totals {
    /// Bytes read.
    pub bytes_in: u64,
    /// Bytes written.
    pub bytes_out: u64,
    /// Bytes that wait to be written.
    pub waiting: usize,
    /// The largest number of bytes that wait for one connection.
    pub waiting_most: usize,
    /// The number of connections that speak TLS.
    pub tls: usize,
}

impl Connections {
    /// Creates an empty table with capacity for `count` connections. With more than that, the table
    /// is reallocated, which moves tens of megabytes in one tick; capacity that was never used
    /// takes no physical memory.
    pub fn with_room_for(count: usize) -> Self {
        let slab = Slab::with_capacity(count.min(CONNECTIONS_RESERVED_MAX));
        Connections { slab, ..Connections::default() }
    }

    /// The number of open connections.
    pub fn len(&self) -> usize {
        self.slab.len()
    }

    /// The number of clients that are served, which counts against the limit. Refused connections
    /// and the operator's do not count.
    pub fn served(&self) -> usize {
        self.slab.len() - self.refused - self.operators
    }

    /// The number of refused connections that are still open.
    pub fn refused(&self) -> usize {
        self.refused
    }

    /// Returns true if there is no connection.
    pub fn is_empty(&self) -> bool {
        self.slab.is_empty()
    }

    /// Updates the total with what waits for a connection now.
    pub fn count_waiting(&mut self, id: ConnId) {
        let Some(connection) = self.get(id) else { return };
        let before = connection.waiting_counted();
        let waiting = connection.count_waiting();
        self.waiting = self.waiting - before + waiting;
    }

    /// Bytes of memory that wait for all connections.
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    /// The connections with waiting bytes, in the order in which they are closed if those are too
    /// many in total: first the newest that have not logged in, then by waiting bytes, most first.
    /// Connections that are closing are among them, those that are already doomed are not.
    pub fn dearest_first(&self) -> impl Iterator<Item = ConnId> + use<> {
        type Rank = (bool, Reverse<(u64, u32)>);
        let mut dear: Vec<(Rank, ConnId)> = self
            .slab
            .iter()
            .filter(|(_, (_, connection))| {
                connection.waiting_counted() > 0
                    && !matches!(connection.lifecycle.phase(), Phase::Doomed(_))
            })
            .map(|(slot, (generation, connection))| {
                let id = ConnId { slot: slot as u32, generation: *generation };
                let rank = match connection.lifecycle.phase() {
                    Phase::Handshaking | Phase::Unauthenticated => {
                        (false, connection.lifecycle.since().as_nanos() as u64)
                    }
                    _ => (true, connection.waiting_counted() as u64),
                };
                // Of those that came in one tick, the generation tells which is newer.
                ((rank.0, Reverse((rank.1, *generation))), id)
            })
            .collect();
        dear.sort_unstable_by_key(|(rank, _)| *rank);
        dear.into_iter().map(|(_, id)| id)
    }

    /// Sums up the traffic of all open connections.
    pub fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for (_, (_, connection)) in &self.slab {
            let waiting = connection.waiting_bytes();
            totals.bytes_in += connection.traffic.bytes_in;
            totals.bytes_out += connection.traffic.bytes_out;
            totals.waiting += waiting;
            totals.waiting_most = totals.waiting_most.max(waiting);
            totals.tls += usize::from(connection.tls().is_some());
        }
        totals
    }

    /// Adds a connection, and registers it with the poll for reading. It counts against `bounds`.
    ///
    /// # Errors
    /// If the kernel refuses to watch it; the socket is closed then.
    pub fn add(
        &mut self,
        connection: Connection,
        bounds: &ConnectionBounds,
        poll: &Poll,
    ) -> io::Result<ConnId> {
        let entry = self.slab.vacant_entry();
        // Generation 0 marks the keys of other sources (`PollKey`). A generation repeats after four
        // billion connections.
        self.generation = self.generation.checked_add(1).unwrap_or(1);
        let id = ConnId { slot: entry.key() as u32, generation: self.generation };
        poll.add(&connection.socket(), PollKey::Connection(id), Interest::READ)?;
        if connection.is_refused {
            self.refused += 1;
        } else if connection.peer.is_operator() {
            self.operators += 1;
        } else {
            let (from, now) = (connection.peer.address(), connection.lifecycle.since());
            self.crowding.connected(from, bounds, now);
        }
        entry.insert((id.generation, connection));
        self.unused_from = self.unused_from.max(id.slot as usize + 1);
        // A TLS session takes memory before its peer has sent anything.
        self.count_waiting(id);
        Ok(id)
    }

    /// The connection, if it is still open.
    #[inline]
    pub fn get(&mut self, id: ConnId) -> Option<&mut Connection> {
        match self.slab.get_mut(id.slot as usize) {
            Some((generation, connection)) if *generation == id.generation => Some(connection),
            _ => None,
        }
    }

    /// Notes that a user has logged in over a connection.
    pub fn logged_in(&mut self, id: ConnId, user: Number) {
        let Some(connection) = self.get(id) else { return };
        let was_stranger = !connection.lifecycle.was_authenticated();
        connection.lifecycle.authenticate(user);
        let peer = connection.peer;
        if was_stranger && !peer.is_operator() {
            self.crowding.logged_in(peer.address());
        }
    }

    /// The ids of all connections.
    pub fn ids(&self) -> Vec<ConnId> {
        let id = |(slot, (generation, _)): (usize, &(u32, Connection))| ConnId {
            slot: slot as u32,
            generation: *generation,
        };
        self.slab.iter().map(id).collect()
    }

    /// The ids of the first `count` connections in slots from `slot` on.
    pub fn ids_from(&self, slot: usize, count: usize) -> Vec<ConnId> {
        let slots = slot..self.unused_from;
        let id = |slot| {
            let (generation, _) = self.slab.get(slot)?;
            Some(ConnId { slot: slot as u32, generation: *generation })
        };
        slots.filter_map(id).take(count).collect()
    }

    /// Counts an event of the poll for a connection. Returns how many events in a row before it had
    /// no effect.
    pub fn count_wakeup(&mut self, id: ConnId) -> u16 {
        let spurious = self.get(id).map_or(0, Connection::count_wakeup);
        self.counters.spurious_wakeups += u64::from(spurious > 0);
        spurious
    }

    /// Adds a connection to the list of those to flush.
    #[inline]
    pub fn mark_dirty(&mut self, id: ConnId) {
        if let Some((generation, connection)) = self.slab.get_mut(id.slot as usize)
            && *generation == id.generation
            && !connection.readiness.is_dirty
        {
            connection.readiness.is_dirty = true;
            match connection.readiness.is_write_blocked {
                true => self.blocked.push(id),
                false => self.dirty.push(id),
            }
        }
    }

    /// Takes the list of connections to flush. Those whose sockets are blocked come last, so that
    /// thousands of clients that do not read delay nobody else.
    pub fn take_dirty(&mut self) -> Vec<ConnId> {
        let mut dirty = std::mem::take(&mut self.dirty);
        dirty.append(&mut self.blocked);
        dirty
    }

    /// Returns the memory of the list, to be reused.
    pub fn reuse_dirty(&mut self, mut list: Vec<ConnId>) {
        if self.dirty.is_empty() {
            list.clear();
            self.dirty = list;
        }
    }

    /// Marks a connection to be freed at the end of the tick. Only the first call for it counts.
    pub fn doom(&mut self, id: ConnId, reason: CloseReason) {
        let Some(connection) = self.get(id) else { return };
        if connection.lifecycle.doom(reason) {
            self.doomed.push_back(id);
        }
    }

    /// Sets a connection's deadline. An earlier one than before adds a timer; a later one only
    /// changes the field, which is checked when the timer fires.
    pub fn set_deadline(&mut self, id: ConnId, at: Option<Duration>, timers: &mut Timers<Timer>) {
        let Some(connection) = self.get(id) else { return };
        if connection.lifecycle.set_deadline(at)
            && let Some(at) = at
        {
            timers.add(at, Timer::Connection(id));
        }
    }

    /// Updates what the poll watches a connection for, if that changed.
    pub fn update_interest(&mut self, id: ConnId, poll: &Poll) {
        let Some(connection) = self.get(id) else { return };
        let wanted = connection.wanted_interest();
        if wanted == connection.readiness.interest {
            return;
        }
        connection.readiness.interest = wanted;
        if let Err(error) = poll.modify(&connection.socket(), PollKey::Connection(id), wanted) {
            log::error!("event=poll-failed conn={id} error={error}");
            self.doom(id, CloseReason::ConnectionLost);
        }
    }

    /// Removes the next doomed connection from the table and from the poll.
    pub fn reap(&mut self, poll: &Poll) -> Option<(ConnId, Connection, CloseReason)> {
        loop {
            let id = self.doomed.pop_front()?;
            let Some(Phase::Doomed(reason)) =
                self.get(id).map(|connection| connection.lifecycle.phase())
            else {
                continue;
            };
            let connection = self.remove(id, poll)?;
            self.counters.count_close(reason, connection.traffic);
            return Some((id, connection, reason));
        }
    }

    /// Removes a connection that is to speak another protocol from the table and from the poll.
    pub fn hand_over(&mut self, id: ConnId, poll: &Poll) -> Option<Connection> {
        let connection = self.remove(id, poll)?;
        self.counters.count_handed_over(connection.traffic);
        Some(connection)
    }

    fn remove(&mut self, id: ConnId, poll: &Poll) -> Option<Connection> {
        self.get(id)?;
        let (_, connection) = self.slab.remove(id.slot as usize);
        if let Err(error) = poll.delete(&connection.socket()) {
            log::error!("event=poll-failed conn={id} error={error}");
        }
        self.waiting -= connection.waiting_counted();
        self.count_out(&connection);
        Some(connection)
    }

    fn count_out(&mut self, connection: &Connection) {
        if connection.is_refused {
            self.refused -= 1;
            return;
        }
        if connection.peer.is_operator() {
            self.operators -= 1;
            return;
        }
        let was_stranger = !connection.lifecycle.was_authenticated();
        self.crowding.closed(connection.peer.address(), was_stranger);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;

    use super::super::peer::Peer;
    use super::super::tick_lines::VariantLines;
    use super::*;
    use crate::bounds::limit::{Exempt, Limit};

    #[test]
    fn strangers_go_first_and_those_that_are_closing_by_what_waits() {
        let poll = Poll::new().unwrap();
        let mut connections = Connections::with_room_for(8);
        let mut lines = VariantLines::default();
        let bounds = ConnectionBounds {
            connections: Limit::or_default(None, 1),
            strangers: Limit::or_default(None, 1),
            connects: Limit::or_default(None, "1/1h".parse().unwrap()),
            exempt: Exempt::default(),
        };
        let changes: [fn(&mut Connection); 6] = [
            |one| one.lifecycle.authenticate(Number(10_001)),
            |one| one.lifecycle.begin_to_flush(CloseReason::Goodbye),
            |_| {},
            |_| {},
            |one| one.lifecycle.authenticate(Number(10_001)),
            |one| assert!(one.lifecycle.doom(CloseReason::Goodbye)),
        ];
        let mut since = Duration::ZERO;
        let ids = changes.map(|change| {
            since += Duration::from_secs(1);
            let (ours, _theirs) = UnixStream::pair().unwrap();
            let peer = Peer::Host("127.0.0.1:1".parse().unwrap());
            let connection = Connection::new(ours.into(), None, peer, since);
            let id = connections.add(connection, &bounds, &poll).unwrap();
            // For each connection, more bytes wait than for the one before.
            let line = "x".repeat(1000 * (1 + id.slot as usize)) + "\n";
            let line = lines.encode(|out| out.extend_from_slice(line.as_bytes()));
            let connection = connections.get(id).unwrap();
            change(connection);
            connection.outbox.push_reply(&lines, line);
            connections.count_waiting(id);
            id
        });
        let dearest: Vec<ConnId> = connections.dearest_first().collect();
        assert_eq!(dearest, [ids[3], ids[2], ids[4], ids[1], ids[0]]);
    }
}
