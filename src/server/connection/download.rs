//! One download: a file that is sent to a connection chunk by chunk.

use std::fs::File;
use std::io::{self, IoSliceMut};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use rustix::io::{Errno, ReadWriteFlags};

use super::sink::{SendError, Sink};
use crate::limits::{PAGE_BYTES, SENT_CHUNK_BYTES_MAX, WARM_BYTES, WARM_PROBE_BYTES};
use crate::protocol::wire::Wire;
use crate::server::clock::Moment;
use crate::server::closer::Opened;

/// A download under way.
#[derive(Debug)]
pub struct OutgoingFile {
    stream: u32,
    /// `None` once the download was dropped.
    opened: Option<Opened<File>>,
    /// The bytes of the file that are still to be sent.
    left: Range<u64>,
    /// Where the rest began when it was last looked at.
    seen: u64,
    /// Since when it begins there.
    since: Moment,
    /// Up to where the file is known to be in the page cache.
    warm_until: u64,
    state: FileState,
}

/// The state of a download.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FileState {
    Ready,
    /// A file thread reads the next bytes into the page cache.
    Warming,
    /// Cancelled: no more chunks are sent.
    Cancelled,
    /// Cancelled, and the file is closed: the chunk under way is filled up.
    Dropped,
    /// All bytes were sent, but perhaps not the empty chunk that ends the stream.
    Ended,
    /// Reading the file failed.
    Broken,
}

/// What an outbox reports when it is flushed: something that it needs, or the end of a download.
#[derive(Debug)]
pub enum OutboxEvent {
    /// More of a list was encoded.
    Listed {
        /// How many times [`LINE_OF_LIST_BYTES`](crate::limits::LINE_OF_LIST_BYTES) it was, which
        /// is as many lines that it costs.
        lines: u32,
    },
    /// The current page of the list under way was written, and the list goes on: the next page is
    /// needed.
    PageRead,
    /// A download needs bytes of its file in the page cache before it can go on.
    NeedsWarming {
        /// The stream of the download.
        stream: u32,
        /// The file.
        file: Arc<File>,
        /// The bytes that it needs.
        bytes: Range<u64>,
    },
    /// A download is over.
    Over {
        /// The stream of the download.
        stream: u32,
        /// Whether the file could be read to its end.
        complete: bool,
    },
}

impl OutgoingFile {
    /// Creates a download of `bytes` of a file.
    pub fn new(stream: u32, opened: Opened<File>, bytes: Range<u64>, now: Duration) -> Self {
        OutgoingFile {
            stream,
            opened: Some(opened),
            seen: bytes.start,
            since: now.into(),
            warm_until: bytes.start,
            left: bytes,
            state: FileState::Ready,
        }
    }

    /// The number of the stream.
    pub fn stream(&self) -> u32 {
        self.stream
    }

    /// Cancels the download: no more chunks are begun.
    pub fn cancel(&mut self) {
        self.state = FileState::Cancelled;
    }

    /// Notes whether bytes were sent since the last call.
    pub fn note_progress(&mut self, now: Duration) {
        if self.left.start != self.seen {
            self.seen = self.left.start;
            self.since = now.into();
        }
    }

    /// Returns true if no byte was sent since a time, though none had to be read from the disk.
    pub fn is_stalled(&self, since: Duration) -> bool {
        self.state == FileState::Ready && self.since <= since.into()
    }

    /// Cancels the download, and closes the file at once, even inside a chunk: that is filled up.
    pub fn drop_file(&mut self) {
        self.state = FileState::Dropped;
        self.opened = None;
    }

    /// Handles the result of a file thread that read the next bytes into the page cache.
    pub fn warmed(&mut self, result: io::Result<()>) {
        if self.state != FileState::Warming {
            return;
        }
        self.state = match result {
            Ok(()) => FileState::Ready,
            Err(error) => {
                log::warn!("event=download-failed stream={} error={error}", self.stream);
                FileState::Broken
            }
        };
        self.warm_until = self.left.end.min(self.left.start + WARM_BYTES);
    }

    /// Plans the next chunk. If the file has to be read from the disk first, or the download has
    /// failed, it adds that to `events` instead. The last chunk is empty, and comes with
    /// [`OutboxEvent::Over`].
    pub fn next_chunk(&mut self, wire: &Wire, events: &mut Vec<OutboxEvent>) -> Option<Chunk> {
        let stream = self.stream;
        match self.state {
            FileState::Warming | FileState::Cancelled | FileState::Dropped | FileState::Ended => {
                return None;
            }
            FileState::Broken => {
                self.state = FileState::Ended;
                events.push(OutboxEvent::Over { stream, complete: false });
                return None;
            }
            FileState::Ready => {}
        }
        // If the first chunk begins inside a page it is shorter, so that all others begin at a
        // page.
        let until_page_end = SENT_CHUNK_BYTES_MAX - self.left.start % PAGE_BYTES;
        let length = (self.left.end - self.left.start).min(until_page_end);
        if self.left.start + length > self.warm_until && !self.is_cached() {
            let end = self.left.end.min(self.left.start + WARM_BYTES);
            let bytes = self.left.start..end;
            let file = Arc::clone(self.opened.as_ref()?.file());
            events.push(OutboxEvent::NeedsWarming { stream, file, bytes });
            self.state = FileState::Warming;
            return None;
        }
        if length == 0 {
            self.state = FileState::Ended;
            events.push(OutboxEvent::Over { stream, complete: true });
        }
        Some(Chunk::new(wire, stream, length as usize))
    }

    /// Returns true if no more chunks follow.
    pub fn is_over(&self) -> bool {
        matches!(self.state, FileState::Cancelled | FileState::Dropped | FileState::Ended)
    }

    /// Returns true if the next [`WARM_PROBE_BYTES`] are probably in the page cache: it reads their
    /// first and last byte with `RWF_NOWAIT`. For the bytes between them that is a guess, but files
    /// enter and leave the cache in longer runs than that.
    fn is_cached(&mut self) -> bool {
        let end = self.left.end.min(self.left.start + WARM_PROBE_BYTES);
        let Some(opened) = self.opened.as_ref().filter(|_| end > self.left.start) else {
            return true;
        };
        let cached = [self.left.start, end - 1].into_iter().all(|offset| {
            let mut byte = [0];
            let slices = &mut [IoSliceMut::new(&mut byte)];
            match rustix::io::preadv2(&**opened.file(), slices, offset, ReadWriteFlags::NOWAIT) {
                Ok(_) => true,
                // Not in the page cache, or the file system can't tell.
                Err(Errno::AGAIN | Errno::OPNOTSUPP) => false,
                // Sending the bytes will report the error.
                Err(_) => true,
            }
        });
        if cached {
            self.warm_until = end;
        }
        cached
    }

    /// Sends up to `length` bytes, and returns how many were taken.
    fn send(&mut self, sink: &mut Sink<'_>, length: usize) -> Result<usize, SendError> {
        let Some(opened) = &self.opened else {
            return Err(SendError::File(io::ErrorKind::NotFound.into()));
        };
        let sent = sink.send_file(opened.file(), self.left.start, length)?;
        self.left.start += sent as u64;
        Ok(sent)
    }
}

/// A chunk under way. Its header announces its length, so it has to be completed.
#[derive(Debug)]
pub struct Chunk {
    header: Vec<u8>,
    header_sent: usize,
    left: usize,
}

impl Chunk {
    fn new(wire: &Wire, stream: u32, length: usize) -> Self {
        let mut header = Vec::with_capacity(24);
        wire.chunk_header(stream, length, &mut header);
        Chunk { header, header_sent: 0, left: length }
    }

    /// Sends as much as the sink takes. Returns how many bytes that were, and whether the chunk is
    /// complete.
    ///
    /// # Errors
    /// If the connection is lost.
    pub fn send(
        &mut self,
        sink: &mut Sink<'_>,
        download: &mut OutgoingFile,
    ) -> io::Result<(u64, bool)> {
        let mut sent = 0;
        while self.header_sent < self.header.len() {
            let Some(took) = self.send_header(sink)? else { return Ok((sent, false)) };
            sent += took as u64;
        }
        while self.left > 0 {
            let took = match download.state {
                FileState::Broken | FileState::Dropped => send_padding(sink, self.left)?,
                _ => match download.send(sink, self.left) {
                    Ok(took) => Some(took),
                    Err(SendError::Blocked) => None,
                    Err(SendError::Socket(error)) => return Err(error),
                    Err(SendError::File(error)) => {
                        let stream = download.stream;
                        log::warn!("event=download-failed stream={stream} error={error}");
                        download.state = FileState::Broken;
                        continue;
                    }
                },
            };
            let Some(took) = took else { return Ok((sent, false)) };
            self.left -= took;
            sent += took as u64;
        }
        Ok((sent, true))
    }

    fn send_header(&mut self, sink: &mut Sink<'_>) -> io::Result<Option<usize>> {
        let more = self.left > 0;
        let took = sink.send(&self.header[self.header_sent..], more)?;
        self.header_sent += took.unwrap_or(0);
        Ok(took)
    }
}

/// Fills up a chunk with zeros after its file could not be read, or was closed, because its header
/// has announced its length. An event then tells the client that the stream is broken.
fn send_padding(sink: &mut Sink<'_>, length: usize) -> io::Result<Option<usize>> {
    static ZEROS: [u8; 4096] = [0; 4096];
    sink.send(&ZEROS[..length.min(ZEROS.len())], false)
}
