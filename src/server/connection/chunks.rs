//! The downloads of one connection, which share it round-robin, chunk by chunk.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use super::download::{Chunk, OutboxEvent, OutgoingFile};
use super::sink::Sink;
use crate::protocol::wire::Wire;

/// The downloads of one connection.
#[derive(Debug, Default)]
pub struct OutgoingFiles {
    queue: VecDeque<OutgoingFile>,
    /// The chunk of the first download that is being sent. Nothing else may be sent inside it.
    chunk: Option<Chunk>,
}

impl OutgoingFiles {
    /// Adds a download.
    pub fn push(&mut self, download: OutgoingFile) {
        self.queue.push_back(download);
    }

    /// Returns true if a chunk was begun and is not complete.
    pub fn is_inside_chunk(&self) -> bool {
        self.chunk.is_some()
    }

    /// Returns true if there are no downloads and no chunk under way.
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty() && self.chunk.is_none()
    }

    /// All downloads.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut OutgoingFile> {
        self.queue.iter_mut()
    }

    /// Cancels the downloads for which `is_meant` is true. The chunk under way is still completed.
    pub fn cancel(&mut self, is_meant: impl Fn(&OutgoingFile) -> bool) {
        let mut is_under_way = self.chunk.is_some();
        self.queue.retain_mut(|download| {
            // The chunk under way belongs to the first download.
            let has_chunk = std::mem::take(&mut is_under_way);
            if is_meant(download) {
                download.cancel();
                return has_chunk;
            }
            true
        });
    }

    /// Drops the downloads that have sent no byte since a time, and adds their streams. The chunk
    /// under way is filled up.
    pub fn drop_stalled(&mut self, since: Duration, streams: &mut Vec<u32>) {
        let mut is_under_way = self.chunk.is_some();
        self.queue.retain_mut(|download| {
            let has_chunk = std::mem::take(&mut is_under_way);
            if download.is_stalled(since) {
                download.drop_file();
                streams.push(download.stream());
                return has_chunk;
            }
            true
        });
    }

    /// Sends as much of the chunk under way as the sink takes. Returns true if no chunk is under
    /// way afterwards. Sent bytes are subtracted from `budget`.
    ///
    /// # Errors
    /// If the connection is lost.
    pub fn write(&mut self, sink: &mut Sink<'_>, budget: &mut u64) -> io::Result<bool> {
        let Some(chunk) = &mut self.chunk else { return Ok(true) };
        let Some(download) = self.queue.front_mut() else { return Ok(true) };
        let (sent, complete) = chunk.send(sink, download)?;
        *budget = budget.saturating_sub(sent);
        if complete {
            self.chunk = None;
            match download.is_over() {
                true => drop(self.queue.pop_front()),
                // Round-robin: the next chunk is another download's.
                false => self.queue.rotate_left(1),
            }
        }
        Ok(complete)
    }

    /// Begins the next chunk, of the first download that is ready for one. Returns true if there is
    /// one. What the other downloads need is added to `events`.
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
