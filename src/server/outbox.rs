//! What waits to be written to one connection: lines first, then the next chunk of a file.
//!
//! The lines of one tick are encoded once, one behind the other, into [`TickLines`]; an outbox
//! notes which range of them is its own. A broadcast thus costs a recipient three numbers, and
//! several lines that follow each other leave in one write. What the socket does not take is copied
//! at the end of the tick, once, into [`Segments`]. An idle outbox owns no memory.

use std::collections::VecDeque;
use std::io::{self, IoSlice};

use super::download::{Chunk, Download, OutboxEvent};
use super::segments::Segments;
use super::sink::Sink;
use super::tick_lines::{LineRange, TickLines};
use crate::chat::answer::{List, Page};
use crate::chat::request::Kind;
use crate::limits::{ANSWER_BYTES_MAX, FILE_BYTES_PER_TICK_MAX};
use crate::protocol::wire::Wire;

/// Parts of what waits that one write takes: a megabyte, which is more than a socket does.
const SLICES_PER_WRITE_MAX: usize = 16;

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
    /// Lines of earlier ticks.
    waiting: Segments,
    /// Lines of this tick, behind those.
    fresh: LineRange,
    /// Whether the last byte that was written is not a line's last.
    is_inside_line: bool,
    /// At least as many bytes as wait that were not asked for.
    unasked: usize,
    answers: Option<Box<Answers>>,
}

/// What only a connection has that asked for more than a line.
#[derive(Debug, Default)]
struct Answers {
    list: Option<ListUnderWay>,
    /// Answers behind that list.
    behind: VecDeque<Answer>,
    /// What was not asked for and must not stand inside the list.
    held: Segments,
    downloads: VecDeque<Download>,
    /// A chunk of the first download, which nothing may interrupt.
    chunk: Option<Chunk>,
}

/// A list that was begun and is not complete.
#[derive(Debug)]
struct ListUnderWay {
    of: Kind,
    page: Page,
    /// The place of the next item in the page.
    next: usize,
    /// Whether the next page was asked for.
    is_asked_for: bool,
    /// Bytes of memory that the page takes.
    memory: usize,
}

impl ListUnderWay {
    fn new(of: Kind, page: Page) -> Self {
        let memory = page.memory();
        ListUnderWay { of, page, next: 0, is_asked_for: false, memory }
    }
}

#[derive(Debug)]
enum Answer {
    Line(Box<[u8]>),
    List(List),
    Download(Download),
}

impl Outbox {
    /// Adds a reply.
    pub fn push_reply(&mut self, lines: &TickLines, line: LineRange) {
        match self.list_under_way() {
            Some(answers) => {
                answers.behind.push_back(Answer::Line(lines.get(line).into()));
            }
            None => self.append(lines, line),
        }
    }

    /// Adds a message or a notice.
    #[inline]
    pub fn push_unasked(&mut self, lines: &TickLines, line: LineRange) {
        self.unasked += line.len();
        match self.list_under_way() {
            Some(answers) => answers.held.push(lines.get(line)),
            None => self.append(lines, line),
        }
    }

    /// Adds a list, which is written item by item as there is room.
    pub fn push_list(&mut self, lines: &TickLines, wire: &mut Wire, list: List) {
        self.keep(lines);
        self.push_answer(Answer::List(list), wire);
    }

    /// Goes on with the list under way.
    pub fn push_page(&mut self, page: Page) {
        let list = self.answers.as_mut().and_then(|answers| answers.list.as_mut());
        debug_assert!(list.as_ref().is_some_and(|list| list.is_asked_for), "nobody asked for it");
        if let Some(list) = list {
            *list = ListUnderWay::new(list.of, page);
        }
    }

    /// Gives up a list whose next page will not come, and what was held back for its end: inside
    /// the list it would read like an item.
    pub fn break_off_list(&mut self) {
        let Some(answers) = &mut self.answers else { return };
        let is_incomplete =
            |answer: &Answer| matches!(answer, Answer::List(list) if list.page.last.is_none());
        answers.behind.retain(|answer| !is_incomplete(answer));
        if answers.list.as_ref().is_some_and(|list| list.page.last.is_none()) {
            answers.list = None;
            answers.behind.clear();
            answers.held.clear();
        }
    }

    /// Adds a download behind the reply that announced it.
    pub fn push_download(&mut self, wire: &mut Wire, download: Download) {
        self.push_answer(Answer::Download(download), wire);
    }

    /// Ends a download; the chunk under way is still sent to its end. The file is closed at once
    /// where no chunk of it is: a peer that does not read must not hold what it has given up.
    pub fn cancel_download(&mut self, stream: u32) {
        self.cancel(|download| download.stream() == stream);
    }

    /// Tells a download what a file thread did for it.
    pub fn warmed(&mut self, stream: u32, result: io::Result<()>) {
        self.with_download(stream, |download| download.warmed(result));
    }

    /// Forgets all downloads; the chunk under way is still sent to its end.
    pub fn cancel_downloads(&mut self) {
        self.cancel(|_| true);
    }

    /// Forgets what waits, but for the rest of a line or chunk that was begun, so that one more
    /// line can follow.
    pub fn abandon(&mut self, lines: &TickLines) {
        self.cancel_downloads();
        self.keep(lines);
        match self.is_inside_line {
            true => self.waiting.truncate_behind(b'\n'),
            false => self.waiting.clear(),
        }
        if let Some(answers) = &mut self.answers {
            answers.list = None;
            answers.behind.clear();
            answers.held.clear();
        }
    }

    /// Whether a chunk was begun and is not complete, so that nothing else can be said.
    pub fn is_inside_chunk(&self) -> bool {
        self.answers.as_ref().is_some_and(|answers| answers.chunk.is_some())
    }

    /// Whether no line waits, and no list.
    pub fn has_no_lines(&self) -> bool {
        self.line_bytes() == 0 && self.answers.as_ref().is_none_or(|answers| answers.list.is_none())
    }

    /// Whether nothing waits at all.
    pub fn is_empty(&self) -> bool {
        self.line_bytes() == 0 && self.answers.is_none()
    }

    /// Bytes that wait, without those of files and of lists that are yet to be made.
    pub fn waiting_bytes(&self) -> usize {
        self.line_bytes() + self.answers.as_ref().map_or(0, |answers| answers.held.len())
    }

    /// Bytes of memory that hold those, and the items of lists that are yet to be written. A vector
    /// that grows takes up to twice what it holds.
    pub fn memory(&self) -> usize {
        let behind = |answer: &Answer| match answer {
            Answer::Line(line) => line.len(),
            Answer::List(list) => list.page.memory(),
            Answer::Download(_) => 0,
        };
        let answers = self.answers.as_ref().map_or(0, |answers| {
            let list = answers.list.as_ref().map_or(0, |list| list.memory);
            list + answers.held.len() + answers.behind.iter().map(behind).sum::<usize>()
        });
        self.line_bytes() + answers
    }

    /// Bytes that wait and were not asked for.
    pub fn unasked_bytes(&self) -> usize {
        self.unasked.min(self.waiting_bytes())
    }

    /// Whether so much waits that the connection should read before it asks for more.
    pub fn is_full(&self) -> bool {
        self.line_bytes() > ANSWER_BYTES_MAX
            || self.answers.as_ref().is_some_and(|answers| answers.list.is_some())
    }

    /// Writes what the sink takes, and adds to `events` what the downloads need.
    ///
    /// # Errors
    /// Where the connection is lost.
    pub fn flush(
        &mut self,
        sink: &mut Sink<'_>,
        lines: &TickLines,
        wire: &mut Wire,
        events: &mut Vec<OutboxEvent>,
    ) -> io::Result<Flushed> {
        let flushed = self.write(sink, lines, wire, events);
        self.keep(lines);
        if self.line_bytes() == 0 {
            self.waiting.clear();
        }
        self.unasked = self.unasked_bytes();
        flushed
    }

    /// Copies the lines of this tick that are noted so far.
    pub fn keep(&mut self, lines: &TickLines) {
        if !self.fresh.is_empty() {
            self.waiting.push(lines.get(self.fresh));
        }
        self.fresh = LineRange::default();
    }

    fn write(
        &mut self,
        sink: &mut Sink<'_>,
        lines: &TickLines,
        wire: &mut Wire,
        events: &mut Vec<OutboxEvent>,
    ) -> io::Result<Flushed> {
        let mut budget = FILE_BYTES_PER_TICK_MAX;
        loop {
            if !self.write_chunk(sink, &mut budget)? || !self.write_lines(sink, lines)? {
                return Ok(Flushed::Left);
            }
            if self.continue_list(wire, events) {
                continue;
            }
            let Some(answers) = &mut self.answers else { return Ok(Flushed::Done) };
            answers.chunk = answers.next_chunk(wire, events);
            if answers.is_over() {
                self.answers = None;
                return Ok(Flushed::Done);
            }
            if answers.chunk.is_none() {
                return Ok(Flushed::Done);
            }
            if budget == 0 {
                return Ok(Flushed::Left);
            }
        }
    }

    /// Sends the chunk under way; whether there is none any more.
    fn write_chunk(&mut self, sink: &mut Sink<'_>, budget: &mut u64) -> io::Result<bool> {
        let Some(answers) = &mut self.answers else { return Ok(true) };
        let Some(chunk) = &mut answers.chunk else { return Ok(true) };
        let Some(download) = answers.downloads.front_mut() else { return Ok(true) };
        let (sent, complete) = chunk.send(sink, download)?;
        *budget = budget.saturating_sub(sent);
        if complete {
            answers.chunk = None;
            match download.is_over() {
                true => drop(answers.downloads.pop_front()),
                // The next chunk is another download's turn.
                false => answers.downloads.rotate_left(1),
            }
        }
        Ok(complete)
    }

    /// Writes the lines; whether none is left.
    fn write_lines(&mut self, sink: &mut Sink<'_>, lines: &TickLines) -> io::Result<bool> {
        let length = self.line_bytes();
        if length == 0 {
            return Ok(true);
        }
        let fresh = lines.get(self.fresh);
        let took = match self.waiting.is_empty() {
            true => sink.send(fresh, false)?,
            false => {
                // The rest, where there is more, is for the next tick: others are to be served.
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

    /// Encodes more of the list under way into `waiting`, which is empty; whether there was any.
    fn continue_list(&mut self, wire: &mut Wire, events: &mut Vec<OutboxEvent>) -> bool {
        let Some(answers) = &mut self.answers else { return false };
        let Some(list) = &mut answers.list else { return false };
        let mut items = self.waiting.take_empty();
        while let Some(item) = list.page.item(list.next) {
            if let Some(item) = item {
                wire.list_item(list.of, item, &mut items);
            }
            list.next += 1;
            // A quarter of the bound at a time keeps the memory small and the writes long.
            if items.len() >= ANSWER_BYTES_MAX / 4 {
                self.waiting.push_segment(items);
                return true;
            }
        }
        let Some(last) = &list.page.last else {
            let is_dry = items.is_empty();
            if is_dry && !list.is_asked_for {
                list.is_asked_for = true;
                events.push(OutboxEvent::PageRead);
            }
            self.waiting.push_segment(items);
            return !is_dry;
        };
        wire.answer(last, &mut items);
        self.waiting.push_segment(items);
        self.waiting.append(&mut answers.held);
        answers.list = None;
        while answers.list.is_none()
            && let Some(answer) = answers.behind.pop_front()
        {
            answers.take_up(answer, wire, &mut self.waiting);
        }
        if answers.is_over() {
            self.answers = None;
        }
        true
    }

    fn push_answer(&mut self, answer: Answer, wire: &mut Wire) {
        let answers = self.answers.get_or_insert_default();
        match answers.list {
            Some(_) => answers.behind.push_back(answer),
            None => answers.take_up(answer, wire, &mut self.waiting),
        }
    }

    fn list_under_way(&mut self) -> Option<&mut Answers> {
        self.answers.as_deref_mut().filter(|answers| answers.list.is_some())
    }

    fn cancel(&mut self, is_meant: impl Fn(&Download) -> bool) {
        let Some(answers) = &mut self.answers else { return };
        let mut is_under_way = answers.chunk.is_some();
        answers.downloads.retain_mut(|download| {
            // The chunk under way is the first one's.
            let has_chunk = std::mem::take(&mut is_under_way);
            if is_meant(download) {
                download.cancel();
                return has_chunk;
            }
            true
        });
        answers.behind.retain(|answer| !matches!(answer, Answer::Download(one) if is_meant(one)));
    }

    fn with_download(&mut self, stream: u32, act: impl FnOnce(&mut Download)) {
        let Some(answers) = &mut self.answers else { return };
        let behind = answers.behind.iter_mut().filter_map(|answer| match answer {
            Answer::Download(download) => Some(download),
            _ => None,
        });
        let mut downloads = answers.downloads.iter_mut().chain(behind);
        if let Some(download) = downloads.find(|download| download.stream() == stream) {
            act(download);
        }
    }

    fn append(&mut self, lines: &TickLines, line: LineRange) {
        if !self.fresh.extend(line) {
            self.keep(lines);
            self.fresh = line;
        }
    }

    fn line_bytes(&self) -> usize {
        self.waiting.len() + self.fresh.len()
    }
}

impl Answers {
    /// Begins with an answer, none of which stands before it any more; `out` gets its lines.
    fn take_up(&mut self, answer: Answer, wire: &mut Wire, out: &mut Segments) {
        match answer {
            Answer::Line(line) => out.push(&line),
            Answer::Download(download) => self.downloads.push_back(download),
            Answer::List(list) => {
                let mut head = Vec::new();
                let List { of, count, page } = list;
                wire.list_head(of, count, &mut head);
                out.push(&head);
                self.list = Some(ListUnderWay::new(of, page));
            }
        }
    }

    /// Plans the next chunk of the first download that is ready for one.
    fn next_chunk(&mut self, wire: &Wire, events: &mut Vec<OutboxEvent>) -> Option<Chunk> {
        for _ in 0..self.downloads.len() {
            let download = self.downloads.front_mut()?;
            let chunk = download.next_chunk(wire, events);
            if chunk.is_some() {
                return chunk;
            }
            match download.is_over() {
                true => drop(self.downloads.pop_front()),
                false => self.downloads.rotate_left(1),
            }
        }
        None
    }

    fn is_over(&self) -> bool {
        self.list.is_none()
            && self.behind.is_empty()
            && self.held.is_empty()
            && self.downloads.is_empty()
            && self.chunk.is_none()
    }
}

#[cfg(test)]
mod tests;
