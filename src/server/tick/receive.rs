//! Uploads in the event loop: from frames to the file threads.

use std::io;
use std::ops::Range;

use rustix::io::Errno;

use crate::hub::input::{ConnId, Input, UploadEnd};
use crate::hub::job::JobId;
use crate::server::connection::upload::{IncomingFile, WrongSize};
use crate::server::state::Server;
use crate::server::transfer_id::transfer_id;

impl Server {
    /// Begins an upload that the hub has accepted.
    pub(super) fn begin_upload(
        &mut self,
        id: ConnId,
        job_id: JobId,
        stream: u32,
        bytes: Range<u64>,
    ) {
        let Some(opened) = self.files.take_part(job_id) else { return };
        let Some(connection) = self.connections.get(id) else { return };
        let upload = IncomingFile::new(stream, opened, bytes, self.time.monotonic());
        connection.uploads.get_or_insert_default().add(upload);
    }

    /// Drops an upload. A write under way is still completed.
    pub(super) fn drop_upload(&mut self, id: ConnId, stream: u32) {
        let Some(connection) = self.connections.get(id) else { return };
        let Some(uploads) = &mut connection.uploads else { return };
        if uploads.remove(stream) {
            connection.uploads = None;
        }
    }

    /// Handles bytes of a chunk; an empty chunk is the end of the stream.
    pub(super) fn take_file(&mut self, id: ConnId, stream: u32, bytes: &[u8]) {
        let Some(connection) = self.connections.get(id) else { return };
        let Some(upload) = connection.upload(stream) else {
            return self.tell_hub(Input::File { conn: id, stream });
        };
        upload.note_progress(self.time.monotonic());
        let taken = if bytes.is_empty() { upload.end() } else { upload.take(bytes) };
        match taken {
            Ok(()) => self.write_on(id, stream),
            Err(WrongSize) => self.end_upload(id, stream, UploadEnd::WrongSize),
        }
    }

    /// Handles the result of a write by a file thread.
    pub(super) fn upload_written(&mut self, id: ConnId, stream: u32, result: io::Result<()>) {
        let Some(connection) = self.connections.get(id) else { return };
        let Some(upload) = connection.upload(stream) else { return };
        match result {
            Ok(()) => {
                upload.written();
                upload.note_progress(self.time.monotonic());
                self.write_on(id, stream);
            }
            Err(error) => {
                log::warn!("event=upload-failed conn={id} stream={stream} error={error}");
                let end = match Errno::from_io_error(&error) {
                    Some(Errno::NOSPC | Errno::DQUOT) => UploadEnd::NoRoom,
                    _ => UploadEnd::Failed,
                };
                self.end_upload(id, stream, end);
            }
        }
        let Some(connection) = self.connections.get(id) else { return };
        self.gate.upload_written(id, connection);
        // If the peer has shut down its side, the flush closes the connection after the last write.
        self.connections.mark_dirty(id);
    }

    fn write_on(&mut self, id: ConnId, stream: u32) {
        let Some(connection) = self.connections.get(id) else { return };
        let Some(upload) = connection.upload(stream) else { return };
        if let Some(write) = upload.next_write() {
            self.store.write(transfer_id(id, stream), write.part, write.offset, write.bytes);
        } else if upload.is_whole() {
            self.end_upload(id, stream, UploadEnd::Whole);
        }
    }

    pub(super) fn end_upload(&mut self, conn: ConnId, stream: u32, end: UploadEnd) {
        self.drop_upload(conn, stream);
        self.tell_hub(Input::UploadOver { conn, stream, end });
    }
}
