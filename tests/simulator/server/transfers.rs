//! Files on their way.

use chatsrv::hub::input::{DownloadEnd, Input, UploadEnd};
use chatsrv::protocol::native::frame::encode_chunk_header;

use super::{Pipe, Server, Write};
use crate::store::Store;

impl Server {
    /// Writes the next chunk of a download, or its end.
    pub fn send_chunk(&mut self, pipe: usize, stream: u32, bytes_max: u64) {
        let Pipe { conn, closed, .. } = self.pipes[pipe];
        let (bytes, left) = self.pipes[pipe].downloads.get_mut(&stream).unwrap();
        let end = left.end.min(left.start + bytes_max);
        let chunk = bytes[left.start as usize..end as usize].to_vec();
        left.start = end;
        let is_over = left.is_empty();
        let output = &mut self.pipes[pipe].output;
        if !chunk.is_empty() {
            encode_chunk_header(stream, chunk.len(), output);
            output.extend(&chunk);
        }
        if is_over {
            encode_chunk_header(stream, 0, output);
            self.pipes[pipe].downloads.remove(&stream);
            if closed.is_none() {
                self.feed(Input::DownloadOver { conn, stream, end: DownloadEnd::Whole });
            }
        }
    }

    /// The file of a download can't be read any further.
    pub fn break_download(&mut self, pipe: usize, stream: u32) {
        let Pipe { conn, closed, .. } = self.pipes[pipe];
        self.pipes[pipe].downloads.remove(&stream);
        if closed.is_none() {
            self.feed(Input::DownloadOver { conn, stream, end: DownloadEnd::Failed });
        }
    }

    /// Takes bytes of an upload, or its end.
    pub(super) fn take_file(&mut self, pipe: usize, stream: u32, bytes: &[u8]) {
        let upload = self.pipes[pipe].uploads.get_mut(&stream).unwrap();
        let length = bytes.len() as u64;
        let is_wrong = match bytes {
            [] => upload.is_ended || !upload.left.is_empty(),
            _ => upload.is_ended || length > upload.left.end - upload.left.start,
        };
        if is_wrong {
            return self.end_upload(pipe, stream, UploadEnd::WrongSize);
        }
        if bytes.is_empty() {
            upload.is_ended = true;
            return self.end_if_whole(pipe, stream);
        }
        upload.moved = self.now.monotonic;
        let (upload_id, offset) = (upload.id, upload.left.start);
        upload.left.start += length;
        let bytes = bytes.to_vec();
        self.writes.push_back(Write { pipe, stream, upload: upload_id, offset, bytes });
    }

    /// The oldest write is done.
    pub fn write_done(&mut self, store: &mut Store) {
        let Some(write) = self.writes.pop_front() else { return };
        store.files.now = self.now.unix_micros;
        store.files.write(write.upload, write.offset, &write.bytes);
        let Write { pipe, stream, bytes, .. } = write;
        if let Some(upload) = self.pipes[pipe].uploads.get_mut(&stream) {
            upload.written += bytes.len() as u64;
            self.end_if_whole(pipe, stream);
            self.read_all();
        }
    }

    fn end_if_whole(&mut self, pipe: usize, stream: u32) {
        let upload = &self.pipes[pipe].uploads[&stream];
        if upload.is_ended && upload.written == upload.left.end {
            self.end_upload(pipe, stream, UploadEnd::Whole);
        }
    }

    /// An upload is over.
    pub fn end_upload(&mut self, pipe: usize, stream: u32, end: UploadEnd) {
        let conn = self.pipes[pipe].conn;
        self.pipes[pipe].uploads.remove(&stream).expect("it is under way");
        self.feed(Input::UploadOver { conn, stream, end });
    }
}
