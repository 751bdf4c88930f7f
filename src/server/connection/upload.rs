//! A file that comes from one connection.
//!
//! What was read is gathered and handed to a file thread, one write at a time; meanwhile the next
//! bytes are gathered. Where the disk is slower than the sender, the sender alone waits.

use std::ops::Range;
use std::sync::Arc;

use crate::limits::UPLOAD_BUFFER_BYTES_MAX;
use crate::server::closer::Opened;
use crate::store::OpenPart;

/// The uploads of one connection.
#[derive(Debug, Default)]
pub struct IncomingFiles(Vec<IncomingFile>);

impl IncomingFiles {
    /// Adds an upload.
    pub fn add(&mut self, upload: IncomingFile) {
        self.0.push(upload);
    }

    /// The upload on a stream.
    pub fn find(&mut self, stream: u32) -> Option<&mut IncomingFile> {
        self.0.iter_mut().find(|upload| upload.stream == stream)
    }

    /// Forgets the upload on a stream, and tells whether it was the last one.
    pub fn remove(&mut self, stream: u32) -> bool {
        self.0.retain(|upload| upload.stream != stream);
        self.0.is_empty()
    }

    /// Bytes that are gathered, or being written.
    pub fn bytes(&self) -> usize {
        self.0.iter().map(|upload| upload.gathered.len() + upload.writing).sum()
    }

    /// Whether the disk is so far behind that the sender has to wait.
    pub fn are_behind(&self) -> bool {
        let gathered: usize = self.0.iter().map(|upload| upload.gathered.len()).sum();
        gathered >= UPLOAD_BUFFER_BYTES_MAX
    }

    /// Whether one came to its end and is still being written.
    pub fn are_ending(&self) -> bool {
        self.0.iter().any(|upload| upload.is_ended)
    }
}

/// An upload under way.
#[derive(Debug)]
pub struct IncomingFile {
    stream: u32,
    opened: Opened<OpenPart>,
    /// What is still to come.
    left: Range<u64>,
    /// What came and was not handed on.
    gathered: Vec<u8>,
    /// How many bytes a file thread was handed and has not written.
    writing: usize,
    is_ended: bool,
}

/// Bytes for a file thread to write.
#[derive(Debug)]
pub struct Write {
    /// Into which file.
    pub part: Arc<OpenPart>,
    /// Where to.
    pub offset: u64,
    /// What.
    pub bytes: Vec<u8>,
}

impl Drop for IncomingFile {
    fn drop(&mut self) {
        // At once, and not when the file is closed on another thread: what its user asks for next
        // is to find the room.
        self.opened.file().release_room();
    }
}

/// More bytes came than were announced, or fewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongSize;

impl IncomingFile {
    /// An upload of `bytes` of `file`.
    pub fn new(stream: u32, opened: Opened<OpenPart>, bytes: Range<u64>) -> Self {
        IncomingFile {
            stream,
            opened,
            left: bytes,
            gathered: Vec::new(),
            writing: 0,
            is_ended: false,
        }
    }

    /// Takes bytes of a chunk.
    ///
    /// # Errors
    /// Where more come than were announced.
    pub fn take(&mut self, bytes: &[u8]) -> Result<(), WrongSize> {
        let length = bytes.len() as u64;
        if self.is_ended || length > self.left.end - self.left.start {
            return Err(WrongSize);
        }
        self.left.start += length;
        self.gathered.extend_from_slice(bytes);
        Ok(())
    }

    /// Takes the end of the stream.
    ///
    /// # Errors
    /// Where fewer bytes came than were announced.
    pub fn end(&mut self) -> Result<(), WrongSize> {
        if self.is_ended || !self.left.is_empty() {
            return Err(WrongSize);
        }
        self.is_ended = true;
        Ok(())
    }

    /// What is to be written next, where nothing is being written.
    pub fn next_write(&mut self) -> Option<Write> {
        if self.writing > 0 || self.gathered.is_empty() {
            return None;
        }
        let bytes = std::mem::take(&mut self.gathered);
        self.writing = bytes.len();
        let offset = self.left.start - bytes.len() as u64;
        Some(Write { part: Arc::clone(self.opened.file()), offset, bytes })
    }

    /// What was handed on is written.
    pub fn written(&mut self) {
        self.writing = 0;
    }

    /// Whether all of it came and was written.
    pub fn is_whole(&self) -> bool {
        self.is_ended && self.writing == 0 && self.gathered.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::closer::{Closer, Permits};

    fn upload(stream: u32, bytes: Range<u64>) -> IncomingFile {
        let permit = Permits::new(1).take().unwrap();
        let part = OpenPart::of(tempfile::tempfile().unwrap());
        IncomingFile::new(stream, Closer::at_once().opened(part, permit), bytes)
    }

    #[test]
    fn one_write_at_a_time_holds_all_that_came_meanwhile() {
        let mut upload = upload(1, 100..110);
        upload.take(b"abc").unwrap();
        let write = upload.next_write().unwrap();
        assert_eq!((write.offset, &write.bytes[..]), (100, &b"abc"[..]));
        upload.take(b"defg").unwrap();
        upload.take(b"hij").unwrap();
        assert!(upload.next_write().is_none());
        upload.end().unwrap();
        assert!(!upload.is_whole());
        upload.written();
        let write = upload.next_write().unwrap();
        assert_eq!((write.offset, &write.bytes[..]), (103, &b"defghij"[..]));
        upload.written();
        assert!(upload.is_whole());
    }

    #[test]
    fn the_size_must_be_the_announced_one() {
        let mut upload = upload(1, 0..3);
        assert_eq!(upload.take(b"abcd"), Err(WrongSize));
        upload.take(b"ab").unwrap();
        assert_eq!(upload.end(), Err(WrongSize));
        upload.take(b"c").unwrap();
        assert_eq!(upload.end(), Ok(()));
        assert_eq!(upload.take(b"d"), Err(WrongSize));
        assert_eq!(upload.end(), Err(WrongSize));
    }

    #[test]
    fn a_slow_disk_makes_the_sender_wait() {
        let mut uploads = IncomingFiles::default();
        for stream in 1..=4 {
            uploads.add(upload(stream, 0..u64::MAX));
        }
        let chunk = vec![0; UPLOAD_BUFFER_BYTES_MAX / 4];
        for stream in 1..=4 {
            assert!(!uploads.are_behind());
            let upload = uploads.find(stream).unwrap();
            upload.take(&chunk).unwrap();
            upload.next_write().unwrap();
            upload.take(&chunk).unwrap();
        }
        assert!(uploads.are_behind(), "all of them together");
        uploads.remove(3);
        assert!(!uploads.are_behind());
    }
}
