//! The table of all connections of browsers.

use std::collections::BTreeSet;
use std::io;
use std::time::Duration;

use slab::Slab;

use super::connection::WebConnection;
use crate::limits::WEB_CONNECTIONS_MAX;
use crate::metrics::Family;
use crate::server::poll::{Poll, PollKey};
use crate::server::timers::{Timer, Timers};
use crate::server::web_id::WebId;

/// The table of all connections of browsers.
#[derive(Debug)]
pub struct WebConnections {
    slab: Slab<WebEntry>,
    generation: u32,
    /// Those that are served and idle, by the time since when they are.
    idle: BTreeSet<(Duration, WebId)>,
    /// How many are refused, and open only until they were told so.
    refused: usize,
    /// The largest number of those that are served.
    max: usize,
    /// How many requests were answered.
    pub requests: u64,
}

/// A connection in the table.
#[derive(Debug)]
struct WebEntry {
    connection: WebConnection,
    generation: u32,
    /// Since when it has been in the set of those that are idle.
    idle_since: Option<Duration>,
    /// When its next timer fires, if one is set.
    timer_at: Option<Duration>,
}

impl WebConnections {
    /// Creates an empty table, of which at most `max` connections are served at a time.
    pub fn new(max: usize) -> Self {
        let (slab, idle) = (Slab::new(), BTreeSet::new());
        WebConnections { slab, generation: 0, idle, refused: 0, max, requests: 0 }
    }

    /// The number of connections that are served.
    pub fn served(&self) -> usize {
        self.slab.len() - self.refused
    }

    /// The number of connections that are open only until they were told that they are refused.
    pub fn refused(&self) -> usize {
        self.refused
    }

    /// Returns true if no further connection is served.
    pub fn is_full(&self) -> bool {
        self.served() >= self.max
    }

    /// Returns true if there is no connection.
    pub fn is_empty(&self) -> bool {
        self.slab.is_empty()
    }

    /// Adds a connection, and registers it with the poll for reading. Returns its id; `None` if
    /// there are no numbers left.
    ///
    /// # Errors
    /// If the kernel refuses to watch it; the socket is closed then.
    pub fn add(
        &mut self,
        connection: WebConnection,
        now: Duration,
        poll: &Poll,
    ) -> io::Result<Option<WebId>> {
        let place = self.slab.vacant_entry();
        let Some(slot) = u16::try_from(place.key()).ok().filter(|_| place.key() < SLOTS) else {
            return Ok(None);
        };
        self.generation = self.generation.wrapping_add(1);
        let id = WebId { slot, generation: self.generation };
        poll.add(&connection.socket(), PollKey::Web(slot), connection.interest)?;
        self.refused += usize::from(connection.is_refused);
        let idle_since = Some(now).filter(|_| !connection.is_refused);
        self.idle.extend(idle_since.map(|since| (since, id)));
        let (generation, timer_at) = (id.generation, None);
        place.insert(WebEntry { connection, generation, idle_since, timer_at });
        Ok(Some(id))
    }

    /// The id of the connection in a slot, if there is one.
    pub fn id_at(&self, slot: u16) -> Option<WebId> {
        let entry = self.slab.get(usize::from(slot))?;
        Some(WebId { slot, generation: entry.generation })
    }

    /// The ids of all connections.
    pub fn ids(&self) -> Vec<WebId> {
        let id = |(slot, entry): (usize, &WebEntry)| WebId {
            slot: slot as u16,
            generation: entry.generation,
        };
        self.slab.iter().map(id).collect()
    }

    /// The connection, if it is still open.
    pub fn get(&mut self, id: WebId) -> Option<&mut WebConnection> {
        self.entry(id).map(|entry| &mut entry.connection)
    }

    /// The connection that has been idle longest.
    pub fn idle_longest(&self) -> Option<WebId> {
        self.idle.first().map(|(_, id)| *id)
    }

    /// Takes a connection out of the table and of the poll.
    pub fn remove(&mut self, id: WebId, poll: &Poll) -> Option<WebConnection> {
        self.entry(id)?;
        let WebEntry { connection, idle_since, .. } = self.slab.remove(usize::from(id.slot));
        if let Some(since) = idle_since {
            self.idle.remove(&(since, id));
        }
        if let Err(error) = poll.delete(&connection.socket()) {
            log::error!("event=poll-failed error={error}");
        }
        self.refused -= usize::from(connection.is_refused);
        Some(connection)
    }

    /// Updates what follows from a connection's state: whether it is idle, what the poll watches it
    /// for, and its timer.
    ///
    /// # Errors
    /// If the kernel refuses to watch it.
    pub fn settle(
        &mut self,
        id: WebId,
        now: Duration,
        poll: &Poll,
        timers: &mut Timers<Timer>,
    ) -> io::Result<()> {
        let Some(entry) = self.entry(id) else { return Ok(()) };
        let connection = &mut entry.connection;
        let was_idle = entry.idle_since;
        entry.idle_since = match connection.is_idle() && !connection.is_refused {
            true => was_idle.or(Some(now)),
            false => None,
        };
        let is_idle = entry.idle_since;
        let connection = &mut entry.connection;
        if entry.timer_at.is_none_or(|at| connection.deadline < at) {
            entry.timer_at = Some(connection.deadline);
            timers.add(connection.deadline, Timer::Web(id));
        }
        let wanted = connection.wanted_interest();
        if wanted != connection.interest {
            connection.interest = wanted;
            poll.modify(&connection.socket(), PollKey::Web(id.slot), wanted)?;
        }
        if was_idle != is_idle {
            was_idle.map(|since| self.idle.remove(&(since, id)));
            self.idle.extend(is_idle.map(|since| (since, id)));
        }
        Ok(())
    }

    /// Notes that a timer has fired, which was set for the time `at`. Returns true if the deadline
    /// of its connection has passed.
    pub fn timer_fired(&mut self, id: WebId, at: Duration, now: Duration) -> bool {
        let Some(entry) = self.entry(id) else { return false };
        if entry.timer_at == Some(at) {
            entry.timer_at = None;
        }
        entry.connection.deadline <= now
    }

    /// The metrics.
    pub fn metrics(&self) -> [Family; 2] {
        [
            Family::gauge(
                "chatsrv_http_connections",
                "Connections of browsers that stand.",
                self.slab.len(),
            ),
            Family::counter(
                "chatsrv_http_requests_total",
                "Requests of browsers that were answered.",
                self.requests,
            ),
        ]
    }

    fn entry(&mut self, id: WebId) -> Option<&mut WebEntry> {
        let entry = self.slab.get_mut(usize::from(id.slot))?;
        (entry.generation == id.generation).then_some(entry)
    }
}

/// How many slots have a number.
const SLOTS: usize = WEB_CONNECTIONS_MAX;
