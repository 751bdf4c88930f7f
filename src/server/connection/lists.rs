//! Lists that are written page by page, and what has to wait for their ends.

use std::collections::VecDeque;

use super::download::OutgoingFile;
use super::line_queue::LineQueue;
use super::segments::Segments;
use crate::chat::answer::{List, Page};
use crate::chat::request::Kind;
use crate::limits::ANSWER_BYTES_MAX;
use crate::protocol::wire::Wire;

/// Writes one list, which was begun and is not complete.
#[derive(Debug)]
pub struct ListWriter {
    of: Kind,
    page: Page,
    /// The place of the next item in the page.
    next: usize,
    /// Whether the next page was asked for.
    is_asked_for: bool,
    /// Bytes of memory that the page takes.
    memory: usize,
}

/// What a [`ListWriter`] has written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// As much as may be written at once.
    Some,
    /// The rest of the page, and the list goes on.
    Page,
    /// The rest of the list.
    End,
}

impl ListWriter {
    fn new(of: Kind, page: Page) -> Self {
        let memory = page.memory();
        ListWriter { of, page, next: 0, is_asked_for: false, memory }
    }

    fn write(&mut self, wire: &mut Wire, out: &mut Vec<u8>) -> Written {
        while let Some(item) = self.page.item(self.next) {
            if let Some(item) = item {
                wire.list_item(self.of, item, out);
            }
            self.next += 1;
            // A quarter of the bound at a time keeps the memory small and the writes long.
            if out.len() >= ANSWER_BYTES_MAX / 4 {
                return Written::Some;
            }
        }
        let Some(last) = &self.page.last else { return Written::Page };
        wire.answer(last, out);
        Written::End
    }
}

/// An answer behind a list.
#[derive(Debug)]
pub enum Behind {
    /// A line.
    Line(Box<[u8]>),
    /// Another list.
    List(List),
    /// A download, whose line stands before it.
    OutgoingFile(OutgoingFile),
}

/// The list that is being written, and what waits for its end.
#[derive(Debug, Default)]
pub struct Lists {
    current: Option<ListWriter>,
    /// Answers behind that list.
    behind: VecDeque<Behind>,
    /// What was not asked for and must not stand inside the list.
    held: Segments,
}

impl Lists {
    /// Whether a list is being written.
    #[inline]
    pub fn is_writing(&self) -> bool {
        self.current.is_some()
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.current.is_none() && self.behind.is_empty() && self.held.is_empty()
    }

    /// Begins with a list, while none is being written; `lines` get its head.
    pub fn begin(&mut self, list: List, wire: &mut Wire, lines: &mut LineQueue) {
        let mut head = Vec::new();
        wire.list_head(list.of, list.count, &mut head);
        lines.push_own(&head);
        self.current = Some(ListWriter::new(list.of, list.page));
    }

    /// Adds an answer behind the list that is being written.
    pub fn push_behind(&mut self, answer: Behind) {
        self.behind.push_back(answer);
    }

    /// Holds back a line that was not asked for.
    pub fn hold(&mut self, line: &[u8]) {
        self.held.push(line);
    }

    /// Takes the next page of the list that is being written.
    pub fn push_page(&mut self, page: Page) {
        debug_assert!(self.current.as_ref().is_some_and(|list| list.is_asked_for), "not asked for");
        if let Some(list) = &mut self.current {
            *list = ListWriter::new(list.of, page);
        }
    }

    /// Writes more of the list into `lines`, which are empty. None where no list is being written.
    pub fn write(&mut self, wire: &mut Wire, lines: &mut LineQueue) -> Option<Written> {
        let list = self.current.as_mut()?;
        let written = lines.fill(|out| list.write(wire, out));
        if written == Written::End {
            lines.append(&mut self.held);
            self.current = None;
        }
        Some(written)
    }

    /// Whether the next page is to be asked for now; it is once.
    pub fn ask_for_page(&mut self) -> bool {
        self.current.as_mut().is_some_and(|list| !std::mem::replace(&mut list.is_asked_for, true))
    }

    /// The next answer behind a list that is written.
    pub fn next_behind(&mut self) -> Option<Behind> {
        if self.is_writing() { None } else { self.behind.pop_front() }
    }

    /// Gives up a list whose next page will not come, and what was held back for its end: inside
    /// the list it would read like an item.
    pub fn break_off(&mut self) {
        let is_incomplete =
            |answer: &Behind| matches!(answer, Behind::List(list) if list.page.last.is_none());
        self.behind.retain(|answer| !is_incomplete(answer));
        if self.current.as_ref().is_some_and(|list| list.page.last.is_none()) {
            self.abandon();
        }
    }

    /// Gives up all of it.
    pub fn abandon(&mut self) {
        *self = Lists::default();
    }

    /// The downloads behind the list.
    pub fn downloads(&mut self) -> impl Iterator<Item = &mut OutgoingFile> {
        self.behind.iter_mut().filter_map(|answer| match answer {
            Behind::OutgoingFile(download) => Some(download),
            _ => None,
        })
    }

    /// Forgets downloads behind the list.
    pub fn cancel(&mut self, is_meant: impl Fn(&OutgoingFile) -> bool) {
        self.behind.retain(|answer| !matches!(answer, Behind::OutgoingFile(one) if is_meant(one)));
    }

    /// Bytes that are held back.
    pub fn held_bytes(&self) -> usize {
        self.held.len()
    }

    /// Bytes of memory that all of it takes.
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
