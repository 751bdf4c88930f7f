//! What the hub wants done.

use chatsrv::chat::answer::{Answer, Page};
use chatsrv::chat::close::CloseReason;
use chatsrv::chat::event::Event;
use chatsrv::chat::kind::Kind;
use chatsrv::hub::effect::Effect;
use chatsrv::hub::input::ConnId;
use chatsrv::limits::STALLED_AFTER;
use chatsrv::protocol::wire;

use super::{FIGURES, OpenList, Opened, Pipe, Server, Upload};

impl Server {
    pub(super) fn carry_out(&mut self, effect: &Effect, recipients: &[ConnId]) {
        match effect {
            Effect::Answer { conn, answer } => self.add_answer(*conn, answer),
            Effect::List { conn, list } => {
                let pipe = self.pipe(*conn);
                let Pipe { wire, output, .. } = &mut self.pipes[pipe];
                wire.list_head(list.of, list.count, output);
                self.add_page(*conn, list.of, &list.page);
            }
            Effect::Page { conn, page } => {
                let pipe = self.pipe(*conn);
                let list = self.pipes[pipe].list.as_ref().expect("a list is under way");
                assert!(list.is_asked_for, "nobody asked for more");
                self.add_page(*conn, list.of, page);
            }
            Effect::Tell { event, to } => {
                for conn in &recipients[to.clone()] {
                    self.add_unasked(*conn, event);
                }
            }
            Effect::LoggedIn { conn, .. } => self.logged_in(*conn),
            Effect::Close { conn, reason, last, words } => {
                let pipe = self.pipe(*conn);
                let Pipe { wire, output, .. } = &mut self.pipes[pipe];
                match last {
                    Some(last) => wire.answer(last, output),
                    None => wire.close(*reason, words.as_ref(), None, output),
                }
                self.over(pipe, *reason);
            }
            Effect::Job { job_id, job } => self.jobs.push((*job_id, job.clone())),
            Effect::DropFile { job_id } => {
                self.opened.remove(job_id).expect("an open file is dropped");
            }
            Effect::Download { conn, job_id, stream, bytes } => {
                let Some(Opened::Download(file)) = self.opened.remove(job_id) else {
                    panic!("{job_id:?} opened nothing to download");
                };
                let pipe = self.pipe(*conn);
                let known = self.pipes[pipe].downloads.insert(*stream, (file, bytes.clone()));
                assert!(known.is_none(), "stream {stream} comes twice");
            }
            Effect::Upload { conn, job_id, stream, bytes } => {
                let Some(Opened::Upload(id)) = self.opened.remove(job_id) else {
                    panic!("{job_id:?} opened nothing to upload");
                };
                let pipe = self.pipe(*conn);
                let (left, written) = (bytes.clone(), bytes.start);
                let moved = self.now.monotonic;
                let upload = Upload { id, left, written, is_ended: false, moved };
                let known = self.pipes[pipe].uploads.insert(*stream, upload);
                assert!(known.is_none(), "stream {stream} comes twice");
            }
            Effect::CancelUpload { conn, stream } => {
                let pipe = self.pipe(*conn);
                let known = self.pipes[pipe].uploads.remove(stream);
                assert!(known.is_some(), "stream {stream} is cancelled and was not open");
            }
            Effect::PlaceWanted => {}
            Effect::NameWanted { conn, stream } => self.name_wanted(*conn, *stream),
            Effect::Figures { conn } => self.output(*conn).extend_from_slice(FIGURES),
            Effect::Audit(line) => is_line_of_audit(line),
            Effect::Stop { seconds } => self.stops = Some(*seconds),
            Effect::CancelDownload { conn, stream } => {
                let pipe = self.pipe(*conn);
                let known = self.pipes[pipe].downloads.remove(stream);
                assert!(known.is_some(), "stream {stream} is cancelled and was not open");
            }
        }
    }

    /// Somebody wants the name of an upload, which ends where it stands still.
    fn name_wanted(&mut self, conn: ConnId, stream: u32) {
        let pipe = self.pipe(conn);
        let upload = &self.pipes[pipe].uploads[&stream];
        if !upload.is_ended && upload.moved + STALLED_AFTER <= self.now.monotonic {
            self.stalled.push((pipe, stream));
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

    fn add_answer(&mut self, conn: ConnId, answer: &Answer) {
        let pipe = self.pipe(conn);
        let Pipe { wire, output, .. } = &mut self.pipes[pipe];
        wire.answer(answer, output);
    }

    /// Adds a line that was not asked for.
    fn add_unasked(&mut self, conn: ConnId, event: &Event) {
        let pipe = self.pipe(conn);
        let Pipe { list, output, unasked, wire, .. } = &mut self.pipes[pipe];
        let out = list.as_mut().map_or(output, |list| &mut list.held);
        let before = out.len();
        wire::encode(event, wire.variant(), out);
        *unasked += out.len() - before;
        if *unasked > self.send_queue {
            self.overfull.push(pipe);
        }
    }

    fn add_page(&mut self, conn: ConnId, of: Kind, page: &Page) {
        let pipe = self.pipe(conn);
        let Pipe { list, output, wire, .. } = &mut self.pipes[pipe];
        let mut at = 0;
        while let Some(item) = page.item(at) {
            if let Some(item) = item {
                wire.list_item(of, item, output);
            }
            at += 1;
        }
        let before = list.take().map(|list| list.held).unwrap_or_default();
        match &page.last {
            Some(last) => {
                wire.answer(last, output);
                output.extend(before);
            }
            None => {
                *list = Some(OpenList { of, is_asked_for: false, held: before });
            }
        }
    }
}

impl Server {
    fn logged_in(&mut self, conn: ConnId) {
        let pipe = self.pipe(conn);
        self.pipes[pipe].wire.logged_in();
    }
}

/// Checks that a line of the audit log is one line, and begins as all of them do.
fn is_line_of_audit(line: &str) {
    assert!(line.starts_with("event=") && !line.contains(char::is_control), "{line}");
}
