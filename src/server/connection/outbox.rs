//! The output queue of one connection: lines, lists and downloads. Lines are written before the
//! next chunk of a file.
//!
//! The lines of one tick are encoded once, one after the other, into [`VariantLines`], and an
//! outbox refers to its own as a range. So a broadcast costs three numbers per recipient, and
//! adjacent lines are sent in one write. What the socket does not take is copied into segments
//! once, at the end of the tick. An idle outbox owns no memory.

use std::io;
use std::time::Duration;

use super::chunks::OutgoingFiles;
use super::download::{OutboxEvent, OutgoingFile};
use super::line_queue::LineQueue;
use super::lists::{Behind, Lists, Written};
use super::sink::Sink;
use crate::chat::answer::{List, Page};
use crate::limits::{ANSWER_BYTES_MAX, FILE_BYTES_PER_TICK_MAX};
use crate::protocol::wire::Wire;
use crate::server::tick_lines::{LineRange, VariantLines};

/// The result of a flush.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flushed {
    /// Everything was written that can be written now.
    Done,
    /// Something is left: the socket has to become writable first, or the tick's share was used up.
    Left,
}

/// The output queue of one connection.
#[derive(Debug, Default)]
pub struct Outbox {
    lines: LineQueue,
    /// An upper bound of the bytes of events that wait.
    unasked: usize,
    asked: Option<Box<LongAnswers>>,
}

/// The parts of an outbox that exist only while lists or downloads are under way.
#[derive(Debug, Default)]
struct LongAnswers {
    lists: Lists,
    downloads: OutgoingFiles,
}

impl Outbox {
    /// Adds a reply.
    pub fn push_reply(&mut self, lines: &VariantLines, line: LineRange) {
        match self.list_under_way() {
            Some(lists) => lists.push_behind(Behind::Line(lines.get(line).into())),
            None => self.lines.push(lines, line),
        }
    }

    /// Adds an event: output that the client did not ask for.
    #[inline]
    pub fn push_unasked(&mut self, lines: &VariantLines, line: LineRange) {
        self.unasked += line.len();
        match self.list_under_way() {
            Some(lists) => lists.hold(lines.get(line)),
            None => self.lines.push(lines, line),
        }
    }

    /// Adds a list, which is encoded piece by piece as the socket takes it.
    pub fn push_list(&mut self, lines: &VariantLines, wire: &mut Wire, list: List) {
        self.lines.keep(lines);
        let asked = self.asked.get_or_insert_default();
        match asked.lists.is_writing() {
            true => asked.lists.push_behind(Behind::List(list)),
            false => asked.lists.begin(list, wire, &mut self.lines),
        }
    }

    /// Adds the next page of the list under way.
    pub fn push_page(&mut self, page: Page) {
        if let Some(asked) = &mut self.asked {
            asked.lists.push_page(page);
        }
    }

    /// Drops lists whose next page will not come; see [`Lists::break_off`].
    pub fn break_off_list(&mut self) {
        if let Some(asked) = &mut self.asked {
            asked.lists.break_off();
        }
    }

    /// Adds a download, after the reply that announced it.
    pub fn push_download(&mut self, download: OutgoingFile) {
        let LongAnswers { lists, downloads } = &mut **self.asked.get_or_insert_default();
        match lists.is_writing() {
            true => lists.push_behind(Behind::OutgoingFile(download)),
            false => downloads.push(download),
        }
    }

    /// Cancels a download; its chunk under way is still completed. If it has none, the file is
    /// closed at once: a peer that does not read must not keep files open that it has given up.
    pub fn cancel_download(&mut self, stream: u32) {
        self.cancel(|download| download.stream() == stream);
    }

    /// Hands the result of a file thread to the download that needed it.
    pub fn warmed(&mut self, stream: u32, result: io::Result<()>) {
        let Some(LongAnswers { lists, downloads }) = self.asked.as_deref_mut() else { return };
        let mut downloads = downloads.iter_mut().chain(lists.downloads());
        if let Some(download) = downloads.find(|download| download.stream() == stream) {
            download.warmed(result);
        }
    }

    /// Cancels all downloads; the chunk under way is still completed.
    pub fn cancel_downloads(&mut self) {
        self.cancel(|_| true);
    }

    /// Notes which downloads have sent bytes since the last call.
    pub fn note_progress(&mut self, now: Duration) {
        if let Some(asked) = &mut self.asked {
            asked.downloads.iter_mut().for_each(|download| download.note_progress(now));
        }
    }

    /// Drops the downloads that have sent no byte since a time, and returns their streams.
    pub fn drop_stalled(&mut self, since: Duration) -> Vec<u32> {
        let mut streams = Vec::new();
        if let Some(LongAnswers { lists, downloads }) = self.asked.as_deref_mut() {
            downloads.drop_stalled(since, &mut streams);
            lists.drop_stalled(since, &mut streams);
        }
        streams
    }

    /// Drops all output but the rest of a line or chunk that was begun, so that one more line can
    /// follow.
    pub fn abandon(&mut self, lines: &VariantLines) {
        self.cancel_downloads();
        self.lines.abandon(lines);
        if let Some(asked) = &mut self.asked {
            asked.lists.abandon();
        }
    }

    /// Returns true if a chunk was begun and is not complete, so that nothing else can be sent.
    pub fn is_inside_chunk(&self) -> bool {
        self.asked.as_ref().is_some_and(|asked| asked.downloads.is_inside_chunk())
    }

    /// Returns true if no line and no list waits.
    pub fn has_no_lines(&self) -> bool {
        self.lines.is_empty() && !self.is_writing_list()
    }

    /// Returns true if nothing waits at all.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.asked.is_none()
    }

    /// The number of encoded bytes that wait, without files and the rest of lists.
    pub fn waiting_bytes(&self) -> usize {
        self.lines.len() + self.asked.as_ref().map_or(0, |asked| asked.lists.held_bytes())
    }

    /// The memory in bytes of the encoded lines and of the items of lists. Spare capacity does not
    /// count.
    pub fn memory(&self) -> usize {
        self.lines.len() + self.asked.as_ref().map_or(0, |asked| asked.lists.memory())
    }

    /// Returns true if more than so many bytes of events may wait; false if they surely do not.
    #[inline]
    pub fn may_hold_unasked(&self, bytes: usize) -> bool {
        self.unasked > bytes
    }

    /// The number of bytes of events that wait.
    pub fn unasked_bytes(&self) -> usize {
        self.unasked.min(self.waiting_bytes())
    }

    /// Returns true if so much waits that the client should read it before it asks for more.
    pub fn is_full(&self) -> bool {
        self.lines.len() > ANSWER_BYTES_MAX || self.is_writing_list()
    }

    /// Writes as much as the sink takes, and adds to `events` what lists and downloads need.
    ///
    /// # Errors
    /// If the connection is lost.
    pub fn flush(
        &mut self,
        sink: &mut Sink<'_>,
        lines: &VariantLines,
        wire: &mut Wire,
        events: &mut Vec<OutboxEvent>,
    ) -> io::Result<Flushed> {
        let flushed = self.write(sink, lines, wire, events);
        self.lines.keep(lines);
        self.lines.shrink();
        self.unasked = self.unasked_bytes();
        flushed
    }

    /// Copies the lines of this tick, so that they outlive it.
    pub fn keep(&mut self, lines: &VariantLines) {
        self.lines.keep(lines);
    }

    fn write(
        &mut self,
        sink: &mut Sink<'_>,
        lines: &VariantLines,
        wire: &mut Wire,
        events: &mut Vec<OutboxEvent>,
    ) -> io::Result<Flushed> {
        let mut budget = FILE_BYTES_PER_TICK_MAX;
        loop {
            // Nothing may be sent inside a chunk that was begun.
            let is_between = match &mut self.asked {
                Some(asked) => asked.downloads.write(sink, &mut budget)?,
                None => true,
            };
            if !is_between || !self.lines.write(sink, lines)? {
                return Ok(Flushed::Left);
            }
            if self.continue_list(wire, events) {
                continue;
            }
            let Some(asked) = &mut self.asked else { return Ok(Flushed::Done) };
            let has_chunk = asked.downloads.begin_chunk(wire, events);
            self.forget_if_over();
            if !has_chunk {
                return Ok(Flushed::Done);
            }
            if budget == 0 {
                return Ok(Flushed::Left);
            }
        }
    }

    /// Encodes more lines of the list under way; the line queue must be empty. Returns true if
    /// there are any.
    fn continue_list(&mut self, wire: &mut Wire, events: &mut Vec<OutboxEvent>) -> bool {
        let Some(LongAnswers { lists, downloads }) = self.asked.as_deref_mut() else {
            return false;
        };
        match lists.write(wire, &mut self.lines, events) {
            None => return false,
            Some(Written::Some) => return true,
            Some(Written::Page) => {
                let is_dry = self.lines.is_empty();
                if is_dry && lists.ask_for_page() {
                    events.push(OutboxEvent::PageRead);
                }
                return !is_dry;
            }
            Some(Written::End) => {}
        }
        while let Some(answer) = lists.next_behind() {
            match answer {
                Behind::Line(line) => self.lines.push_own(&line),
                Behind::List(list) => lists.begin(list, wire, &mut self.lines),
                Behind::OutgoingFile(download) => downloads.push(download),
            }
        }
        self.forget_if_over();
        true
    }

    fn forget_if_over(&mut self) {
        if let Some(asked) = &self.asked
            && asked.lists.is_empty()
            && asked.downloads.is_empty()
        {
            self.asked = None;
        }
    }

    #[inline]
    fn list_under_way(&mut self) -> Option<&mut Lists> {
        self.asked.as_deref_mut().map(|asked| &mut asked.lists).filter(|lists| lists.is_writing())
    }

    fn is_writing_list(&self) -> bool {
        self.asked.as_ref().is_some_and(|asked| asked.lists.is_writing())
    }

    fn cancel(&mut self, is_meant: impl Fn(&OutgoingFile) -> bool) {
        if let Some(asked) = &mut self.asked {
            asked.downloads.cancel(&is_meant);
            asked.lists.cancel(&is_meant);
        }
    }
}

#[cfg(test)]
mod tests;
