//! What the hub wants done.

use std::fmt;

use chatsrv::hub::effect::{CloseReason, Effect};
use chatsrv::hub::input::ConnId;
use chatsrv::protocol::native::list::Piece;
use chatsrv::protocol::native::write::{Subject, encode_line};

use super::{FIGURES, ListUnderWay, Opened, Pipe, Server, Upload};

impl Server {
    pub(super) fn carry_out(&mut self, effect: &Effect, recipients: &[ConnId]) {
        match effect {
            Effect::Reply { conn, reply } => encode_line(reply, self.output(*conn)),
            Effect::List { conn, list } => {
                list.encode_head(self.output(*conn));
                self.add_piece(*conn, list.subject, &list.piece);
            }
            Effect::MoreOfList { conn, piece } => {
                let pipe = self.pipe(*conn);
                let list = self.pipes[pipe].list.as_ref().expect("a list is under way");
                assert!(list.is_asked_for, "nobody asked for more");
                self.add_piece(*conn, list.subject, piece);
            }
            Effect::Message { message, to } => {
                for conn in &recipients[to.clone()] {
                    self.add_unasked(*conn, message);
                }
            }
            Effect::Event { notice, to } => {
                for conn in &recipients[to.clone()] {
                    self.add_unasked(*conn, notice);
                }
            }
            Effect::LoggedIn { conn } => {
                self.output(*conn);
            }
            Effect::Close { conn, reason, last } => {
                if let Some(last) = last {
                    encode_line(last, self.output(*conn));
                }
                let pipe = self.pipe(*conn);
                self.over(pipe, *reason);
            }
            Effect::Job { ticket, job } => {
                self.jobs.push((*ticket, job.clone()));
            }
            Effect::DropFile { ticket } => {
                self.opened.remove(ticket).expect("an open file is dropped");
            }
            Effect::Download { conn, ticket, stream, bytes } => {
                let Some(Opened::Download(file)) = self.opened.remove(ticket) else {
                    panic!("{ticket:?} opened nothing to download");
                };
                let pipe = self.pipe(*conn);
                let known = self.pipes[pipe].downloads.insert(*stream, (file, bytes.clone()));
                assert!(known.is_none(), "stream {stream} comes twice");
            }
            Effect::Upload { conn, ticket, stream, bytes } => {
                let Some(Opened::Upload(id)) = self.opened.remove(ticket) else {
                    panic!("{ticket:?} opened nothing to upload");
                };
                let pipe = self.pipe(*conn);
                let (left, written) = (bytes.clone(), bytes.start);
                let upload = Upload { id, left, written, is_ended: false };
                let known = self.pipes[pipe].uploads.insert(*stream, upload);
                assert!(known.is_none(), "stream {stream} comes twice");
            }
            Effect::CancelUpload { conn, stream } => {
                let pipe = self.pipe(*conn);
                let known = self.pipes[pipe].uploads.remove(stream);
                assert!(known.is_some(), "stream {stream} is cancelled and was not open");
            }
            Effect::Figures { conn } => self.output(*conn).extend_from_slice(FIGURES),
            Effect::Stop { seconds } => self.stops = Some(*seconds),
            Effect::CancelDownload { conn, stream } => {
                let pipe = self.pipe(*conn);
                let known = self.pipes[pipe].downloads.remove(stream);
                assert!(known.is_some(), "stream {stream} is cancelled and was not open");
            }
        }
    }

    pub(super) fn over(&mut self, pipe: usize, reason: CloseReason) {
        self.pipes[pipe].closed = Some(reason);
        self.pipes[pipe].uploads.clear();
        if let Some(list) = self.pipes[pipe].list.take() {
            // What was held back would read like an item.
            let lines = list.held.split(|byte| *byte == b'\n');
            let is_message = |line: &&[u8]| line.starts_with(b"D ") || line.starts_with(b"C 124 ");
            let messages = lines.filter(is_message).count();
            self.model.are_dropped(self.pipes[pipe].conn, messages);
        }
        if !reason.finishes_downloads() {
            self.pipes[pipe].downloads.clear();
        }
        self.slots[self.pipes[pipe].conn.slot as usize].0 = None;
    }

    /// The pipe of a connection that is open; whatever the hub wants done is for one of those.
    fn pipe(&self, conn: ConnId) -> usize {
        let (pipe, generation) = self.slots[conn.slot as usize];
        assert_eq!(generation, conn.generation, "{conn} is gone");
        pipe.unwrap_or_else(|| panic!("{conn} is gone"))
    }

    pub(super) fn output(&mut self, conn: ConnId) -> &mut Vec<u8> {
        let pipe = self.pipe(conn);
        &mut self.pipes[pipe].output
    }

    /// Adds a line that was not asked for.
    fn add_unasked(&mut self, conn: ConnId, line: &impl fmt::Display) {
        let pipe = self.pipe(conn);
        let Pipe { list, output, unasked, .. } = &mut self.pipes[pipe];
        let out = list.as_mut().map_or(output, |list| &mut list.held);
        let before = out.len();
        encode_line(line, out);
        *unasked += out.len() - before;
        if *unasked > self.send_queue {
            self.overfull.push(pipe);
        }
    }

    fn add_piece(&mut self, conn: ConnId, subject: Subject, piece: &Piece) {
        let pipe = self.pipe(conn);
        let Pipe { list, output, .. } = &mut self.pipes[pipe];
        let mut at = 0;
        while piece.encode_item(subject, at, output) {
            at += 1;
        }
        let before = list.take().map(|list| list.held).unwrap_or_default();
        match &piece.last {
            Some(last) => {
                encode_line(last, output);
                output.extend(before);
            }
            None => {
                *list = Some(ListUnderWay { subject, is_asked_for: false, held: before });
            }
        }
    }
}
