//! A file on its way to one connection, chunk by chunk.

use std::fs::File;
use std::io::{self, IoSliceMut};
use std::ops::Range;
use std::sync::Arc;

use rustix::io::{Errno, ReadWriteFlags};

use super::sink::{SendError, Sink};
use crate::limits::{PAGE_BYTES, SENT_CHUNK_BYTES_MAX, WARM_BYTES, WARM_PROBE_BYTES};
use crate::protocol::wire::Wire;
use crate::server::closer::Opened;

/// A download under way.
#[derive(Debug)]
pub struct OutgoingFile {
    stream: u32,
    opened: Opened<File>,
    /// What is still to be sent.
    left: Range<u64>,
    /// Up to where the file is known to be in the page cache.
    warm_until: u64,
    state: FileState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FileState {
    Ready,
    /// A file thread reads what comes next.
    Warming,
    /// No more chunks are to be sent.
    Cancelled,
    /// All of it was sent, but perhaps the chunk that says so.
    Ended,
    /// The file could not be read on.
    Broken,
}

/// What an outbox needs, or what became of it.
#[derive(Debug)]
pub enum OutboxEvent {
    /// The last page of the list under way was read, and the list is not complete.
    PageRead,
    /// Bytes that are to be brought into the page cache before a download can go on.
    NeedsWarming {
        /// The stream that waits.
        stream: u32,
        /// Its file.
        file: Arc<File>,
        /// Which bytes.
        bytes: Range<u64>,
    },
    /// A download is over.
    Over {
        /// The stream that ended.
        stream: u32,
        /// Whether the file could be read to its end.
        complete: bool,
    },
}

impl OutgoingFile {
    /// A download of `bytes` of a file.
    pub fn new(stream: u32, opened: Opened<File>, bytes: Range<u64>) -> Self {
        let warm_until = bytes.start;
        OutgoingFile { stream, opened, left: bytes, warm_until, state: FileState::Ready }
    }

    /// The number of its stream.
    pub fn stream(&self) -> u32 {
        self.stream
    }

    /// No more chunks of it are to be sent.
    pub fn cancel(&mut self) {
        self.state = FileState::Cancelled;
    }

    /// What a file thread brought into the page cache, or could not read.
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

    /// Plans the next chunk. Where the file has to be read from the disk first, or the download is
    /// over, `events` tells so instead.
    pub fn next_chunk(&mut self, wire: &Wire, events: &mut Vec<OutboxEvent>) -> Option<Chunk> {
        let stream = self.stream;
        match self.state {
            FileState::Warming | FileState::Cancelled | FileState::Ended => return None,
            FileState::Broken => {
                self.state = FileState::Ended;
                events.push(OutboxEvent::Over { stream, complete: false });
                return None;
            }
            FileState::Ready => {}
        }
        // The first chunk is shorter where it begins inside a page, so that the others do not.
        let until_page_end = SENT_CHUNK_BYTES_MAX - self.left.start % PAGE_BYTES;
        let length = (self.left.end - self.left.start).min(until_page_end);
        if self.left.start + length > self.warm_until && !self.is_cached() {
            let end = self.left.end.min(self.left.start + WARM_BYTES);
            let bytes = self.left.start..end;
            events.push(OutboxEvent::NeedsWarming {
                stream,
                file: Arc::clone(self.opened.file()),
                bytes,
            });
            self.state = FileState::Warming;
            return None;
        }
        if length == 0 {
            self.state = FileState::Ended;
            events.push(OutboxEvent::Over { stream, complete: true });
        }
        Some(Chunk::new(wire, stream, length as usize))
    }

    /// Whether nothing is left of it to send.
    pub fn is_over(&self) -> bool {
        matches!(self.state, FileState::Cancelled | FileState::Ended)
    }

    /// Asks the kernel for the first and the last byte of the next [`WARM_PROBE_BYTES`] without
    /// reading the disk. What the answer says of the bytes between them is a guess, but files are
    /// read, written and dropped from the cache in longer runs than that.
    fn is_cached(&mut self) -> bool {
        let end = self.left.end.min(self.left.start + WARM_PROBE_BYTES);
        if end == self.left.start {
            return true;
        }
        let cached = [self.left.start, end - 1].into_iter().all(|offset| {
            let mut byte = [0];
            let slices = &mut [IoSliceMut::new(&mut byte)];
            match rustix::io::preadv2(&**self.opened.file(), slices, offset, ReadWriteFlags::NOWAIT)
            {
                Ok(_) => true,
                // It is not, or the file system can't tell.
                Err(Errno::AGAIN | Errno::OPNOTSUPP) => false,
                // What is wrong with the file is told by the write.
                Err(_) => true,
            }
        });
        if cached {
            self.warm_until = end;
        }
        cached
    }

    /// Hands over up to `length` bytes, and tells how many were taken.
    fn send(&mut self, sink: &mut Sink<'_>, length: usize) -> Result<usize, SendError> {
        let sent = sink.send_file(self.opened.file(), self.left.start, length)?;
        self.left.start += sent as u64;
        Ok(sent)
    }
}

/// A chunk whose header was decided on, and which therefore has to be sent to its end.
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

    /// Hands over what the sink takes, and tells how much that was, and whether the chunk is
    /// complete.
    ///
    /// # Errors
    /// Where the connection is lost.
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
                FileState::Broken => send_padding(sink, self.left)?,
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

/// The bytes of a chunk were promised by its header; where the file does not give them, zeros do,
/// and a notice tells the reader that the stream is broken.
fn send_padding(sink: &mut Sink<'_>, length: usize) -> io::Result<Option<usize>> {
    static ZEROS: [u8; 4096] = [0; 4096];
    sink.send(&ZEROS[..length.min(ZEROS.len())], false)
}
