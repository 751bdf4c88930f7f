//! The queue of lines for one connection: those of this tick as a range of [`VariantLines`], those
//! of earlier ticks as copied bytes.

use std::io::{self, IoSlice};

use super::segments::Segments;
use super::sink::Sink;
use crate::server::tick_lines::{LineRange, VariantLines};

/// The most slices in one `writev`: a megabyte, which is more than a socket takes.
const SLICES_PER_WRITE_MAX: usize = 16;

/// A queue of lines. An empty queue owns no memory.
#[derive(Debug, Default)]
pub struct LineQueue {
    /// Lines of earlier ticks.
    waiting: Segments,
    /// Lines of this tick, which follow those.
    fresh: LineRange,
    /// Whether the last write ended inside a line.
    is_inside_line: bool,
}

impl LineQueue {
    /// Adds lines of this tick.
    #[inline]
    pub fn push(&mut self, lines: &VariantLines, range: LineRange) {
        if !self.fresh.extend(range) {
            self.keep(lines);
            self.fresh = range;
        }
    }

    /// Copies the lines of this tick, so that they outlive it.
    pub fn keep(&mut self, lines: &VariantLines) {
        if !self.fresh.is_empty() {
            self.waiting.push(lines.get(self.fresh));
        }
        self.fresh = LineRange::default();
    }

    /// Adds lines that are not in the tick's buffer. No line of this tick may be queued.
    pub fn push_own(&mut self, lines: &[u8]) {
        debug_assert!(self.fresh.is_empty(), "lines of this tick would be overtaken");
        self.waiting.push(lines);
    }

    /// Adds all lines of `others`. No line of this tick may be queued.
    pub fn append(&mut self, others: &mut Segments) {
        debug_assert!(self.fresh.is_empty(), "lines of this tick would be overtaken");
        self.waiting.append(others);
    }

    /// Adds the lines that `write` encodes to an empty queue. The memory of the lines written last
    /// is reused.
    pub fn fill<T>(&mut self, write: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        debug_assert!(self.is_empty(), "lines wait");
        let mut lines = self.waiting.take_empty();
        let written = write(&mut lines);
        self.waiting.push_segment(lines);
        written
    }

    /// Frees all memory if the queue is empty.
    pub fn shrink(&mut self) {
        if self.is_empty() {
            self.waiting.clear();
        }
    }

    /// Drops all lines but the rest of one that was partly written.
    pub fn abandon(&mut self, lines: &VariantLines) {
        self.keep(lines);
        match self.is_inside_line {
            true => self.waiting.truncate_behind(b'\n'),
            false => self.waiting.clear(),
        }
    }

    /// The number of bytes in the queue.
    #[inline]
    pub fn len(&self) -> usize {
        self.waiting.len() + self.fresh.len()
    }

    /// Returns true if the queue is empty.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Writes as much as the sink takes. Returns true if the queue is empty afterwards.
    ///
    /// # Errors
    /// If the connection is lost.
    pub fn write(&mut self, sink: &mut Sink<'_>, lines: &VariantLines) -> io::Result<bool> {
        let length = self.len();
        if length == 0 {
            return Ok(true);
        }
        let fresh = lines.get(self.fresh);
        let took = match self.waiting.is_empty() {
            true => sink.send(fresh, false)?,
            false => {
                // If there is more, it waits for the next tick, since other connections are to be
                // served.
                let mut slices = [IoSlice::new(&[]); SLICES_PER_WRITE_MAX];
                let fresh = (!fresh.is_empty()).then_some(fresh);
                let mut count = 0;
                for part in self.waiting.slices().chain(fresh).take(slices.len()) {
                    slices[count] = IoSlice::new(part);
                    count += 1;
                }
                match &slices[..count] {
                    [only] => sink.send(only, false)?,
                    several => sink.send_all(several)?,
                }
            }
        };
        let took = took.unwrap_or(0);
        let from_waiting = took.min(self.waiting.len());
        let from_fresh = took - from_waiting;
        let mut last = self.waiting.consume(from_waiting);
        if from_fresh > 0 {
            last = Some(fresh[from_fresh - 1]);
            self.fresh.consume(from_fresh);
        }
        self.is_inside_line = last.map_or(self.is_inside_line, |byte| byte != b'\n');
        Ok(took == length)
    }
}
