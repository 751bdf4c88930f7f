//! Replies that are lists, written page by page, and the output that has to wait until they end.

use std::collections::VecDeque;
use std::time::Duration;

use super::download::{OutboxEvent, OutgoingFile};
use super::line_queue::LineQueue;
use super::segments::Segments;
use crate::chat::answer::{List, Page};
use crate::chat::kind::Kind;
use crate::limits::{ANSWER_BYTES_MAX, LINE_OF_LIST_BYTES};
use crate::protocol::wire::Wire;

/// The list that is being written.
#[derive(Debug)]
pub struct ListWriter {
    of: Kind,
    page: Page,
    /// The index of the next item in the page.
    next: usize,
    /// Whether the next page was requested from the hub.
    is_asked_for: bool,
    /// The memory that the page takes, in bytes.
    memory: usize,
    /// The number of bytes that were encoded and cost no line yet.
    uncounted: usize,
}

/// How far a [`ListWriter`] has written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// As much as may be encoded at once; the page goes on.
    Some,
    /// The rest of the page; the list goes on.
    Page,
    /// The rest of the list, with its final reply.
    End,
}

impl ListWriter {
    fn new(of: Kind, page: Page) -> Self {
        let memory = page.memory();
        ListWriter { of, page, next: 0, is_asked_for: false, memory, uncounted: 0 }
    }

    /// Goes on with the next page.
    fn go_on(&mut self, page: Page) {
        *self = ListWriter { uncounted: self.uncounted, ..ListWriter::new(self.of, page) };
    }

    /// Counts encoded bytes, and returns how many lines they cost.
    fn count(&mut self, bytes: usize) -> u32 {
        let uncounted = self.uncounted + bytes;
        self.uncounted = uncounted % LINE_OF_LIST_BYTES;
        u32::try_from(uncounted / LINE_OF_LIST_BYTES).unwrap_or(u32::MAX)
    }

    fn write(&mut self, wire: &mut Wire, out: &mut Vec<u8>) -> Written {
        while let Some(item) = self.page.item(self.next) {
            if let Some(item) = item {
                wire.list_item(self.of, item, out);
            }
            self.next += 1;
            // A quarter of the limit at a time keeps the memory small and the writes long.
            if out.len() >= ANSWER_BYTES_MAX / 4 {
                return Written::Some;
            }
        }
        let Some(last) = &self.page.last else { return Written::Page };
        wire.answer(last, out);
        Written::End
    }
}

/// A reply that waits until a list ends.
#[derive(Debug)]
pub enum Behind {
    /// An encoded line.
    Line(Box<[u8]>),
    /// Another list.
    List(List),
    /// A download, whose reply is the line before it.
    OutgoingFile(OutgoingFile),
}

/// The list that is being written, and the output that waits until it ends.
#[derive(Debug, Default)]
pub struct Lists {
    current: Option<ListWriter>,
    /// Replies to later requests, in order.
    behind: VecDeque<Behind>,
    /// Events, which must not be sent inside the list.
    held: Segments,
}

impl Lists {
    /// Returns true if a list is being written.
    #[inline]
    pub fn is_writing(&self) -> bool {
        self.current.is_some()
    }

    /// Returns true if no list is being written and nothing waits.
    pub fn is_empty(&self) -> bool {
        self.current.is_none() && self.behind.is_empty() && self.held.is_empty()
    }

    /// Begins to write a list, and adds its head to `lines`. None may be being written.
    pub fn begin(&mut self, list: List, wire: &mut Wire, lines: &mut LineQueue) {
        let mut head = Vec::new();
        wire.list_head(list.of, list.count, &mut head);
        lines.push_own(&head);
        self.current = Some(ListWriter::new(list.of, list.page));
    }

    /// Adds a reply that follows the list.
    pub fn push_behind(&mut self, answer: Behind) {
        self.behind.push_back(answer);
    }

    /// Holds back the line of an event until the list ends.
    pub fn hold(&mut self, line: &[u8]) {
        self.held.push(line);
    }

    /// Adds the next page of the list, which must have been requested.
    pub fn push_page(&mut self, page: Page) {
        debug_assert!(self.current.as_ref().is_some_and(|list| list.is_asked_for), "not asked for");
        if let Some(list) = &mut self.current {
            list.go_on(page);
        }
    }

    /// Encodes more of the list into `lines`, which must be empty, and adds to `events` what that
    /// costs. `None` if no list is being written.
    pub fn write(
        &mut self,
        wire: &mut Wire,
        lines: &mut LineQueue,
        events: &mut Vec<OutboxEvent>,
    ) -> Option<Written> {
        let list = self.current.as_mut()?;
        let written = lines.fill(|out| list.write(wire, out));
        let cost = list.count(lines.len());
        if cost > 0 {
            events.push(OutboxEvent::Listed { lines: cost });
        }
        if written == Written::End {
            lines.append(&mut self.held);
            self.current = None;
        }
        Some(written)
    }

    /// Returns true if the caller is to request the next page; only the first call for a page does.
    pub fn ask_for_page(&mut self) -> bool {
        self.current.as_mut().is_some_and(|list| !std::mem::replace(&mut list.is_asked_for, true))
    }

    /// Takes the next reply that waited, if no list is being written any more.
    pub fn next_behind(&mut self) -> Option<Behind> {
        if self.is_writing() { None } else { self.behind.pop_front() }
    }

    /// Drops lists whose next page will not come, and the events held back for the end of the
    /// current one: inside the list a client would read them as items.
    pub fn break_off(&mut self) {
        let is_incomplete =
            |answer: &Behind| matches!(answer, Behind::List(list) if list.page.last.is_none());
        self.behind.retain(|answer| !is_incomplete(answer));
        if self.current.as_ref().is_some_and(|list| list.page.last.is_none()) {
            self.abandon();
        }
    }

    /// Drops everything.
    pub fn abandon(&mut self) {
        *self = Lists::default();
    }

    /// The downloads that wait for the end of the list.
    pub fn downloads(&mut self) -> impl Iterator<Item = &mut OutgoingFile> {
        self.behind.iter_mut().filter_map(|answer| match answer {
            Behind::OutgoingFile(download) => Some(download),
            _ => None,
        })
    }

    /// Drops the waiting downloads for which `is_meant` is true.
    pub fn cancel(&mut self, is_meant: impl Fn(&OutgoingFile) -> bool) {
        self.behind.retain(|answer| !matches!(answer, Behind::OutgoingFile(one) if is_meant(one)));
    }

    /// Drops the waiting downloads that wait since a time, and adds their streams.
    pub fn drop_stalled(&mut self, since: Duration, streams: &mut Vec<u32>) {
        self.behind.retain(|answer| match answer {
            Behind::OutgoingFile(one) if one.is_stalled(since) => {
                streams.push(one.stream());
                false
            }
            _ => true,
        });
    }

    /// The number of bytes of events that are held back.
    pub fn held_bytes(&self) -> usize {
        self.held.len()
    }

    /// The memory that all of it takes, in bytes.
    pub fn memory(&self) -> usize {
        let behind = |answer: &Behind| match answer {
            Behind::Line(line) => line.len(),
            Behind::List(list) => list.page.memory(),
            Behind::OutgoingFile(_) => 0,
        };
        let list = self.current.as_ref().map_or(0, |list| list.memory);
        list + self.held.len() + self.behind.iter().map(behind).sum::<usize>()
    }
}
