//! All connections: a slab whose slots carry a generation, so that what comes late for a connection
//! that is gone meets nobody. The only place that frees a slot, and closes a socket.

use std::cmp::Reverse;
use std::collections::{HashMap, VecDeque};
use std::io;
use std::time::Duration;

use slab::Slab;

use super::connection::{Connection, Phase};
use super::counters::ConnectionCounters;
use super::poll::{Interest, Poll, PollKey};
use super::strangers::StrangerLines;
use super::timers::{Timer, Timers};
use crate::chat::address::Address;
use crate::chat::close::CloseReason;
use crate::hub::input::ConnId;
use crate::limits::CONNECTIONS_RESERVED_MAX;

/// All connections.
#[derive(Debug, Default)]
pub struct Connections {
    slab: Slab<(u32, Connection)>,
    /// Slots from here on were never used.
    unused_from: usize,
    /// The generation that the next connection gets.
    generation: u32,
    /// How many connections each IPv4 address or IPv6 network has, without the refused ones.
    by_address: HashMap<Address, u32>,
    /// How many are there only to be told that they are refused.
    refused: usize,
    /// How many are the operator's.
    operators: usize,
    /// Bytes that wait on account of all connections.
    waiting: usize,
    /// Those to be flushed, each once, behind them those of `blocked`.
    dirty: Vec<ConnId>,
    /// The same for those whose sockets take nothing: they can wait for the others.
    blocked: Vec<ConnId>,
    /// Those to be freed, each once.
    doomed: VecDeque<ConnId>,
    /// What is counted of them.
    pub counters: ConnectionCounters,
    /// How much the log says about those on which nobody has logged in.
    pub stranger_lines: StrangerLines,
}

/// See [`Connections::totals`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Totals {
    /// Bytes read.
    pub bytes_in: u64,
    /// Bytes written.
    pub bytes_out: u64,
    /// Bytes that wait to be written.
    pub waiting: usize,
    /// The most of them that wait for one connection.
    pub waiting_most: usize,
    /// How many of them speak TLS.
    pub tls: usize,
}

impl Connections {
    /// No connections. With more than `count` of them at a time, those that there are have to be
    /// moved, tens of megabytes at once; room for them that was never used takes no memory.
    pub fn with_room_for(count: usize) -> Self {
        let slab = Slab::with_capacity(count.min(CONNECTIONS_RESERVED_MAX));
        Connections { slab, ..Connections::default() }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.slab.len()
    }

    /// How many of them are clients that are served. Those that are refused take nobody's place,
    /// nor does the operator.
    pub fn served(&self) -> usize {
        self.slab.len() - self.refused - self.operators
    }

    /// How many of them are refused.
    pub fn refused(&self) -> usize {
        self.refused
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.slab.is_empty()
    }

    /// Counts anew what waits on account of a connection.
    pub fn count_waiting(&mut self, id: ConnId) {
        let Some(connection) = self.get(id) else { return };
        let before = connection.waiting_counted();
        let waiting = connection.count_waiting();
        self.waiting = self.waiting - before + waiting;
    }

    /// Bytes that wait on account of all connections.
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    /// The connections on whose account something waits, in the order in which they have to go
    /// where that is too much: the newest strangers, then those for whom most waits; also those
    /// that are closing.
    pub fn dearest_first(&self) -> impl Iterator<Item = ConnId> + use<> {
        let mut dear: Vec<((bool, Reverse<u64>), ConnId)> = self
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
                ((rank.0, Reverse(rank.1)), id)
            })
            .collect();
        dear.sort_unstable_by_key(|(rank, _)| *rank);
        dear.into_iter().map(|(_, id)| id)
    }

    /// What all connections together have read, written, and yet to be written.
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

    /// How many are served from the network of an address.
    pub fn count_from(&self, address: Address) -> u32 {
        self.by_address.get(&address.network()).copied().unwrap_or(0)
    }

    /// Takes a connection in, and registers it for reading.
    ///
    /// # Errors
    /// Where the kernel refuses to watch it; the socket is closed then.
    pub fn add(&mut self, connection: Connection, poll: &Poll) -> io::Result<ConnId> {
        let entry = self.slab.vacant_entry();
        // Zero is what the poll keeps for other sources. A generation comes again after four
        // billion connections.
        self.generation = self.generation.checked_add(1).unwrap_or(1);
        let id = ConnId { slot: entry.key() as u32, generation: self.generation };
        poll.add(&connection.socket(), PollKey::Connection(id), Interest::READ)?;
        if connection.is_refused {
            self.refused += 1;
        } else if connection.peer.is_operator() {
            self.operators += 1;
        } else {
            *self.by_address.entry(network(&connection)).or_default() += 1;
        }
        entry.insert((id.generation, connection));
        self.unused_from = self.unused_from.max(id.slot as usize + 1);
        Ok(id)
    }

    /// The connection, where it is still there.
    #[inline]
    pub fn get(&mut self, id: ConnId) -> Option<&mut Connection> {
        match self.slab.get_mut(id.slot as usize) {
            Some((generation, connection)) if *generation == id.generation => Some(connection),
            _ => None,
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

    /// The ids of the first so many connections in a slot from `slot` on.
    pub fn ids_from(&self, slot: usize, count: usize) -> Vec<ConnId> {
        let slots = slot..self.unused_from;
        let id = |slot| {
            let (generation, _) = self.slab.get(slot)?;
            Some(ConnId { slot: slot as u32, generation: *generation })
        };
        slots.filter_map(id).take(count).collect()
    }

    /// The poll has reported a connection. How many reports of it in a row moved no byte before.
    pub fn count_wakeup(&mut self, id: ConnId) -> u16 {
        let spurious = self.get(id).map_or(0, Connection::count_wakeup);
        self.counters.spurious_wakeups += u64::from(spurious > 0);
        spurious
    }

    /// Puts a connection on the list of those to be flushed.
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

    /// Takes the list of those to be flushed: first those who read, so that thousands who do not
    /// read delay nobody.
    pub fn take_dirty(&mut self) -> Vec<ConnId> {
        let mut dirty = std::mem::take(&mut self.dirty);
        dirty.append(&mut self.blocked);
        dirty
    }

    /// Gives the list back, so that its memory is used again.
    pub fn reuse_dirty(&mut self, mut list: Vec<ConnId>) {
        if self.dirty.is_empty() {
            list.clear();
            self.dirty = list;
        }
    }

    /// Has a connection freed at the end of the tick; once only.
    pub fn doom(&mut self, id: ConnId, reason: CloseReason) {
        let Some(connection) = self.get(id) else { return };
        if connection.lifecycle.doom(reason) {
            self.doomed.push_back(id);
        }
    }

    /// Sets when a connection's timer is to fire; earlier than before needs an entry of its own,
    /// later only moves the field.
    pub fn set_deadline(&mut self, id: ConnId, at: Option<Duration>, timers: &mut Timers<Timer>) {
        let Some(connection) = self.get(id) else { return };
        if connection.lifecycle.set_deadline(at)
            && let Some(at) = at
        {
            timers.add(at, Timer::Connection(id));
        }
    }

    /// Tells the poll what a connection is to be watched for, where that changed.
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

    /// Frees the next one that is doomed.
    pub fn reap(&mut self, poll: &Poll) -> Option<(ConnId, Connection, CloseReason)> {
        loop {
            let id = self.doomed.pop_front()?;
            let Some(Phase::Doomed(reason)) =
                self.get(id).map(|connection| connection.lifecycle.phase())
            else {
                continue;
            };
            let (_, connection) = self.slab.remove(id.slot as usize);
            if let Err(error) = poll.delete(&connection.socket()) {
                log::error!("event=poll-failed conn={id} error={error}");
            }
            self.waiting -= connection.waiting_counted();
            self.counters.count_close(reason, connection.traffic);
            self.count_out(&connection);
            return Some((id, connection, reason));
        }
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
        let network = network(connection);
        if let Some(count) = self.by_address.get_mut(&network) {
            *count -= 1;
            if *count == 0 {
                self.by_address.remove(&network);
            }
        }
    }
}

/// What limits count a connection by.
fn network(connection: &Connection) -> Address {
    connection.peer.address().network()
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;

    use super::super::peer::Peer;
    use super::super::tick_lines::VariantLines;
    use super::*;

    #[test]
    fn strangers_go_first_and_those_that_are_closing_by_what_waits() {
        let poll = Poll::new().unwrap();
        let mut connections = Connections::with_room_for(8);
        let mut lines = VariantLines::default();
        let changes: [fn(&mut Connection); 6] = [
            |one| one.lifecycle.authenticate(),
            |one| one.lifecycle.begin_to_flush(CloseReason::Goodbye),
            |_| {},
            |_| {},
            |one| one.lifecycle.authenticate(),
            |one| assert!(one.lifecycle.doom(CloseReason::Goodbye)),
        ];
        let mut since = Duration::ZERO;
        let ids = changes.map(|change| {
            since += Duration::from_secs(1);
            let (ours, _theirs) = UnixStream::pair().unwrap();
            let peer = Peer::Host("127.0.0.1:1".parse().unwrap());
            let connection = Connection::new(ours.into(), None, peer, since);
            let id = connections.add(connection, &poll).unwrap();
            // Each has more than the one before.
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
