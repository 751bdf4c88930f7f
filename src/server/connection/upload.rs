//! The uploads of one connection.
//!
//! Received bytes are gathered and handed to a file thread, one write at a time; meanwhile the next
//! bytes are gathered. If the disk is slower than the sender, only that sender waits.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use crate::limits::UPLOAD_BUFFER_BYTES_MAX;
use crate::server::clock::Moment;
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

    /// The upload on a stream, if there is one.
    pub fn find(&mut self, stream: u32) -> Option<&mut IncomingFile> {
        self.0.iter_mut().find(|upload| upload.stream == stream)
    }

    /// Returns true if there is an upload on a stream.
    pub fn has(&self, stream: u32) -> bool {
        self.0.iter().any(|upload| upload.stream == stream)
    }

    /// The streams of the uploads whose sender has sent nothing since a time, all before being
    /// written.
    pub fn stalled(&self, since: Duration) -> impl Iterator<Item = u32> {
        let since = since.into();
        let is_stalled = move |one: &&IncomingFile| {
            !one.is_ended && one.writing == 0 && one.gathered.is_empty() && one.moved_at <= since
        };
        self.0.iter().filter(is_stalled).map(|one| one.stream)
    }

    /// Removes the upload on a stream. Returns true if none is left.
    pub fn remove(&mut self, stream: u32) -> bool {
        self.0.retain(|upload| upload.stream != stream);
        self.0.is_empty()
    }

    /// The number of bytes that are gathered or being written.
    pub fn bytes(&self) -> usize {
        self.0.iter().map(|upload| upload.gathered.len() + upload.writing).sum()
    }

    /// Returns true if so many bytes are gathered that the sender has to wait for the disk.
    pub fn are_behind(&self) -> bool {
        let gathered: usize = self.0.iter().map(|upload| upload.gathered.len()).sum();
        gathered >= UPLOAD_BUFFER_BYTES_MAX
    }

    /// Returns true if an upload was received completely and is still being written.
    pub fn are_ending(&self) -> bool {
        self.0.iter().any(|upload| upload.is_ended)
    }
}

/// An upload under way.
#[derive(Debug)]
pub struct IncomingFile {
    stream: u32,
    opened: Opened<OpenPart>,
    /// The bytes of the file that are still to come.
    left: Range<u64>,
    /// Bytes that were received and not yet handed to a file thread.
    gathered: Vec<u8>,
    /// The number of bytes that a file thread is writing.
    writing: usize,
    is_ended: bool,
    /// When bytes last came or were written.
    moved_at: Moment,
}

/// A write for a file thread.
#[derive(Debug)]
pub struct Write {
    /// The file.
    pub part: Arc<OpenPart>,
    /// The offset in the file.
    pub offset: u64,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl Drop for IncomingFile {
    fn drop(&mut self) {
        // At once, and not when the file is closed on another thread: the user's next request must
        // find the space free.
        self.opened.file().release_room();
    }
}

/// The error of an upload that has more or fewer bytes than were announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongSize;

impl IncomingFile {
    /// Creates an upload of `bytes` of a file.
    pub fn new(stream: u32, opened: Opened<OpenPart>, bytes: Range<u64>, now: Duration) -> Self {
        IncomingFile {
            stream,
            opened,
            left: bytes,
            gathered: Vec::new(),
            writing: 0,
            is_ended: false,
            moved_at: now.into(),
        }
    }

    /// Notes that bytes came, or were written.
    pub fn note_progress(&mut self, now: Duration) {
        self.moved_at = now.into();
    }

    /// Adds bytes of a chunk.
    ///
    /// # Errors
    /// If there are more than were announced.
    pub fn take(&mut self, bytes: &[u8]) -> Result<(), WrongSize> {
        let length = bytes.len() as u64;
        if self.is_ended || length > self.left.end - self.left.start {
            return Err(WrongSize);
        }
        self.left.start += length;
        self.gathered.extend_from_slice(bytes);
        Ok(())
    }

    /// Notes the end of the stream.
    ///
    /// # Errors
    /// If fewer bytes came than were announced.
    pub fn end(&mut self) -> Result<(), WrongSize> {
        if self.is_ended || !self.left.is_empty() {
            return Err(WrongSize);
        }
        self.is_ended = true;
        Ok(())
    }

    /// Takes the gathered bytes as the next write, unless one is under way.
    pub fn next_write(&mut self) -> Option<Write> {
        if self.writing > 0 || self.gathered.is_empty() {
            return None;
        }
        let bytes = std::mem::take(&mut self.gathered);
        self.writing = bytes.len();
        let offset = self.left.start - bytes.len() as u64;
        Some(Write { part: Arc::clone(self.opened.file()), offset, bytes })
    }

    /// Notes that the write under way is done.
    pub fn written(&mut self) {
        self.writing = 0;
    }

    /// Returns true if all bytes were received and written.
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
        IncomingFile::new(stream, Closer::at_once().opened(part, permit), bytes, Duration::ZERO)
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
    fn who_sends_nothing_is_stalled_and_who_waits_for_the_disk_is_not() {
        let second = Duration::from_secs;
        let mut uploads = IncomingFiles::default();
        uploads.add(upload(1, 0..10));
        uploads.add(upload(2, 0..10));
        let stalled = |uploads: &IncomingFiles, since| uploads.stalled(since).collect::<Vec<_>>();
        assert_eq!(stalled(&uploads, second(1)), [1, 2]);
        let upload = uploads.find(2).unwrap();
        upload.take(b"abc").unwrap();
        upload.note_progress(second(5));
        assert_eq!(stalled(&uploads, second(4)), [1]);
        upload_waits(&mut uploads, 2);
        assert_eq!(stalled(&uploads, second(9)), [1]);
        uploads.find(2).unwrap().written();
        assert_eq!(stalled(&uploads, second(9)), [1, 2]);
    }

    fn upload_waits(uploads: &mut IncomingFiles, stream: u32) {
        assert!(uploads.find(stream).unwrap().next_write().is_some());
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
