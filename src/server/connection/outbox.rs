//! What waits to be written to one connection: lines first, then the next chunk of a file.
//!
//! The lines of one tick are encoded once, one behind the other, into [`VariantLines`]; an outbox
//! notes which range of them is its own. A broadcast thus costs a recipient three numbers, and
//! several lines that follow each other leave in one write. What the socket does not take is copied
//! at the end of the tick, once, into segments. An idle outbox owns no memory.

use std::io;

use super::chunks::OutgoingFiles;
use super::download::{OutboxEvent, OutgoingFile};
use super::line_queue::LineQueue;
use super::lists::{Behind, Lists, Written};
use super::sink::Sink;
use crate::chat::answer::{List, Page};
use crate::limits::{ANSWER_BYTES_MAX, FILE_BYTES_PER_TICK_MAX};
use crate::protocol::wire::Wire;
use crate::server::tick_lines::{LineRange, VariantLines};

/// What is left after a flush.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flushed {
    /// Nothing that could be written now.
    Done,
    /// Something; the socket has to become writable first, or the tick's share was used up.
    Left,
}

/// The outbox of one connection.
#[derive(Debug, Default)]
pub struct Outbox {
    lines: LineQueue,
    /// At least as many bytes as wait that were not asked for.
    unasked: usize,
    asked: Option<Box<LongAnswers>>,
}

/// What only a connection has that asked for more than a line.
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

    /// Adds a message or a notice.
    #[inline]
    pub fn push_unasked(&mut self, lines: &VariantLines, line: LineRange) {
        self.unasked += line.len();
        match self.list_under_way() {
            Some(lists) => lists.hold(lines.get(line)),
            None => self.lines.push(lines, line),
        }
    }

    /// Adds a list, which is written item by item as there is room.
    pub fn push_list(&mut self, lines: &VariantLines, wire: &mut Wire, list: List) {
        self.lines.keep(lines);
        let asked = self.asked.get_or_insert_default();
        match asked.lists.is_writing() {
            true => asked.lists.push_behind(Behind::List(list)),
            false => asked.lists.begin(list, wire, &mut self.lines),
        }
    }

    /// Goes on with the list under way.
    pub fn push_page(&mut self, page: Page) {
        if let Some(asked) = &mut self.asked {
            asked.lists.push_page(page);
        }
    }

    /// Gives up a list whose next page will not come; see [`Lists::break_off`].
    pub fn break_off_list(&mut self) {
        if let Some(asked) = &mut self.asked {
            asked.lists.break_off();
        }
    }

    /// Adds a download behind the reply that announced it.
    pub fn push_download(&mut self, download: OutgoingFile) {
        let LongAnswers { lists, downloads } = &mut **self.asked.get_or_insert_default();
        match lists.is_writing() {
            true => lists.push_behind(Behind::OutgoingFile(download)),
            false => downloads.push(download),
        }
    }

    /// Ends a download; the chunk under way is still sent to its end. The file is closed at once
    /// where no chunk of it is: a peer that does not read must not hold what it has given up.
    pub fn cancel_download(&mut self, stream: u32) {
        self.cancel(|download| download.stream() == stream);
    }

    /// Tells a download what a file thread did for it.
    pub fn warmed(&mut self, stream: u32, result: io::Result<()>) {
        let Some(LongAnswers { lists, downloads }) = self.asked.as_deref_mut() else { return };
        let mut downloads = downloads.iter_mut().chain(lists.downloads());
        if let Some(download) = downloads.find(|download| download.stream() == stream) {
            download.warmed(result);
        }
    }

    /// Forgets all downloads; the chunk under way is still sent to its end.
    pub fn cancel_downloads(&mut self) {
        self.cancel(|_| true);
    }

    /// Forgets what waits, but for the rest of a line or chunk that was begun, so that one more
    /// line can follow.
    pub fn abandon(&mut self, lines: &VariantLines) {
        self.cancel_downloads();
        self.lines.abandon(lines);
        if let Some(asked) = &mut self.asked {
            asked.lists.abandon();
        }
    }

    /// Whether a chunk was begun and is not complete, so that nothing else can be said.
    pub fn is_inside_chunk(&self) -> bool {
        self.asked.as_ref().is_some_and(|asked| asked.downloads.is_inside_chunk())
    }

    /// Whether no line waits, and no list.
    pub fn has_no_lines(&self) -> bool {
        self.lines.is_empty() && !self.is_writing_list()
    }

    /// Whether nothing waits at all.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.asked.is_none()
    }

    /// Bytes that wait, without those of files and of lists that are yet to be made.
    pub fn waiting_bytes(&self) -> usize {
        self.lines.len() + self.asked.as_ref().map_or(0, |asked| asked.lists.held_bytes())
    }

    /// Bytes of memory that hold those, and the items of lists that are yet to be written. A vector
    /// that grows takes up to twice what it holds.
    pub fn memory(&self) -> usize {
        self.lines.len() + self.asked.as_ref().map_or(0, |asked| asked.lists.memory())
    }

    /// Bytes that wait and were not asked for.
    pub fn unasked_bytes(&self) -> usize {
        self.unasked.min(self.waiting_bytes())
    }

    /// Whether so much waits that the connection should read before it asks for more.
    pub fn is_full(&self) -> bool {
        self.lines.len() > ANSWER_BYTES_MAX || self.is_writing_list()
    }

    /// Writes what the sink takes, and adds to `events` what the downloads need.
    ///
    /// # Errors
    /// Where the connection is lost.
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

    /// Copies the lines of this tick that are noted so far.
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
            // Nothing may stand inside a chunk that was begun.
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

    /// Makes more lines of the list under way, where none waits; whether there are any.
    fn continue_list(&mut self, wire: &mut Wire, events: &mut Vec<OutboxEvent>) -> bool {
        let Some(LongAnswers { lists, downloads }) = self.asked.as_deref_mut() else {
            return false;
        };
        match lists.write(wire, &mut self.lines) {
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
