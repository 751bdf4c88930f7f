//! The files on their way to one connection: a chunk of each in turn.

use std::collections::VecDeque;
use std::io;

use super::download::{Chunk, OutboxEvent, OutgoingFile};
use super::sink::Sink;
use crate::protocol::wire::Wire;

/// The downloads of one connection.
#[derive(Debug, Default)]
pub struct OutgoingFiles {
    queue: VecDeque<OutgoingFile>,
    /// A chunk of the first download, which nothing may interrupt.
    chunk: Option<Chunk>,
}

impl OutgoingFiles {
    /// Adds a download.
    pub fn push(&mut self, download: OutgoingFile) {
        self.queue.push_back(download);
    }

    /// Whether a chunk was begun and is not complete.
    pub fn is_inside_chunk(&self) -> bool {
        self.chunk.is_some()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty() && self.chunk.is_none()
    }

    /// All of them.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut OutgoingFile> {
        self.queue.iter_mut()
    }

    /// Ends downloads; the chunk under way is still sent to its end.
    pub fn cancel(&mut self, is_meant: impl Fn(&OutgoingFile) -> bool) {
        let mut is_under_way = self.chunk.is_some();
        self.queue.retain_mut(|download| {
            // The chunk under way is the first one's.
            let has_chunk = std::mem::take(&mut is_under_way);
            if is_meant(download) {
                download.cancel();
                return has_chunk;
            }
            true
        });
    }

    /// Sends the chunk under way; whether there is none any more. What was sent counts against
    /// `budget`.
    ///
    /// # Errors
    /// Where the connection is lost.
    pub fn write(&mut self, sink: &mut Sink<'_>, budget: &mut u64) -> io::Result<bool> {
        let Some(chunk) = &mut self.chunk else { return Ok(true) };
        let Some(download) = self.queue.front_mut() else { return Ok(true) };
        let (sent, complete) = chunk.send(sink, download)?;
        *budget = budget.saturating_sub(sent);
        if complete {
            self.chunk = None;
            match download.is_over() {
                true => drop(self.queue.pop_front()),
                // The next chunk is another download's turn.
                false => self.queue.rotate_left(1),
            }
        }
        Ok(complete)
    }

    /// Begins the next chunk, of the first download that is ready for one; whether there is one.
    /// `events` tell what the others need.
    pub fn begin_chunk(&mut self, wire: &Wire, events: &mut Vec<OutboxEvent>) -> bool {
        self.chunk = self.next_chunk(wire, events);
        self.chunk.is_some()
    }

    fn next_chunk(&mut self, wire: &Wire, events: &mut Vec<OutboxEvent>) -> Option<Chunk> {
        for _ in 0..self.queue.len() {
            let download = self.queue.front_mut()?;
            let chunk = download.next_chunk(wire, events);
            if chunk.is_some() {
                return chunk;
            }
            match download.is_over() {
                true => drop(self.queue.pop_front()),
                false => self.queue.rotate_left(1),
            }
        }
        None
    }
}
