//! A server without sockets: the real hub and the real codec between bytes and bytes, and a model
//! that looks on.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ops::Range;
use std::rc::Rc;
use std::time::Duration;

use chatsrv::hub::{
    CloseReason, Config, ConnId, Effect, Effects, Hub, Input, Job, Now, Outcome, Ticket, UploadEnd,
    UploadId,
};
use chatsrv::protocol::CLIENT_LINE_BYTES_MAX;
use chatsrv::protocol::address::Address;
use chatsrv::protocol::frame::{Frame, FrameBuffer, encode_chunk_header};
use chatsrv::protocol::reply::{Piece, Subject, encode_line};
use chatsrv::protocol::request::Request;

use crate::model::Model;
use crate::store::Store;

/// The hub, and what the real server would have around it.
pub struct Server {
    pub hub: Hub,
    pub now: Now,
    pub model: Model,
    /// Jobs that the store has not done, oldest first.
    pub jobs: Vec<(Ticket, Job)>,
    /// Every connection there ever was.
    pub pipes: Vec<Pipe>,
    /// By slot: the pipe there, and the generation.
    slots: Vec<(Option<usize>, u32)>,
    /// Files that were opened for downloads and uploads that have not begun.
    pub opened: HashMap<Ticket, Opened>,
    /// What was handed on to be written, oldest first.
    pub writes: VecDeque<Write>,
    /// In how many seconds it was told to stop.
    pub stops: Option<u32>,
    effects: Effects,
    config: Config,
    seed: u64,
}

/// The list of all figures.
const FIGURES: &[u8] = b"C 150 DUMP 1\nC 151 DUMP figure 7\nC 250 DUMP all\n";

/// A file that was opened.
#[derive(Debug)]
pub enum Opened {
    Download(Rc<[u8]>),
    Upload(UploadId),
}

/// Bytes of an upload that are to be written.
pub struct Write {
    pub pipe: usize,
    pub stream: u32,
    pub upload: UploadId,
    pub offset: u64,
    pub bytes: Vec<u8>,
}

/// An upload under way.
pub struct Upload {
    id: UploadId,
    left: Range<u64>,
    /// Up to where it is written.
    written: u64,
    is_ended: bool,
}

/// One connection, as the server sees it.
pub struct Pipe {
    pub conn: ConnId,
    input: FrameBuffer,
    /// What the client has yet to read.
    pub output: Vec<u8>,
    /// The list under way whose next piece has to be asked for, or was.
    list: Option<ListUnderWay>,
    /// Downloads under way: the file, and what is left of it.
    pub downloads: BTreeMap<u32, (Rc<[u8]>, Range<u64>)>,
    pub uploads: BTreeMap<u32, Upload>,
    /// Why the server closed it.
    pub closed: Option<CloseReason>,
    /// Whether the client has ended its input.
    pub ended: bool,
}

struct ListUnderWay {
    subject: Subject,
    is_asked_for: bool,
    /// What was not asked for and must not stand in it.
    held: Vec<u8>,
}

impl Server {
    pub fn new(config: Config, seed: u64, store: &Store) -> Self {
        let now = Now { steady: Duration::from_secs(1), unix_micros: 1_700_000_000_000_000 };
        let kept = store.kept();
        Server {
            model: Model::new(config.clone(), &kept),
            hub: Hub::new(config.clone(), seed, kept),
            now,
            jobs: Vec::new(),
            pipes: Vec::new(),
            slots: Vec::new(),
            opened: HashMap::new(),
            writes: VecDeque::new(),
            stops: None,
            effects: Effects::default(),
            config,
            seed,
        }
    }

    /// The server dies, and starts again with what is in the store.
    pub fn restart(&mut self, store: &mut Store) {
        store.open();
        for pipe in &mut self.pipes {
            pipe.closed.get_or_insert(CloseReason::ConnectionLost);
            pipe.downloads.clear();
            pipe.uploads.clear();
        }
        self.slots.iter_mut().for_each(|(pipe, _)| *pipe = None);
        self.jobs.clear();
        self.opened.clear();
        self.writes.clear();
        self.model.restart(store);
        self.hub = Hub::new(self.config.clone(), self.seed, store.kept());
    }

    pub fn keeps_messages(&self) -> bool {
        self.config.keep_messages
    }

    pub fn has_deadline_within(&self, time: Duration) -> bool {
        self.hub.next_deadline().is_some_and(|at| at <= self.now.steady + time)
    }

    /// Accepts a connection, and gives the index of its pipe.
    pub fn connect(&mut self, from: Address) -> usize {
        let pipe = self.pipes.len();
        let slot = self.slots.iter().position(|(pipe, _)| pipe.is_none()).unwrap_or_else(|| {
            self.slots.push((None, 0));
            self.slots.len() - 1
        });
        let (in_use, generation) = &mut self.slots[slot];
        *in_use = Some(pipe);
        *generation += 1;
        let conn = ConnId { slot: slot as u32, generation: *generation };
        self.pipes.push(Pipe {
            conn,
            input: FrameBuffer::new(CLIENT_LINE_BYTES_MAX),
            output: Vec::new(),
            list: None,
            downloads: BTreeMap::new(),
            uploads: BTreeMap::new(),
            closed: None,
            ended: false,
        });
        self.feed(Input::Connected { conn, from });
        pipe
    }

    /// Bytes arrive from a client.
    pub fn receive(&mut self, pipe: usize, bytes: &[u8]) {
        self.pipes[pipe].input.extend(bytes);
        self.read(pipe);
    }

    /// A client ends its input; the answers to what it sent still come.
    pub fn end_input(&mut self, pipe: usize) {
        self.pipes[pipe].ended = true;
        self.read(pipe);
    }

    /// A connection breaks.
    pub fn reset(&mut self, pipe: usize) {
        let Pipe { conn, closed, .. } = self.pipes[pipe];
        if closed.is_none() {
            self.over(pipe, CloseReason::ConnectionLost);
            self.feed(Input::Disconnected { conn });
        }
        self.pipes[pipe].downloads.clear();
    }

    /// The store is done with the job at a place in the queue.
    pub fn job_done(&mut self, at: usize, outcome: Outcome, store: &Store) {
        let (ticket, job) = self.jobs.remove(at);
        match outcome {
            Outcome::Opened { .. } => {
                let bytes = store.file(&job).expect("it could be opened");
                self.opened.insert(ticket, Opened::Download(Rc::clone(bytes)));
            }
            Outcome::UploadReady { upload, .. } => {
                self.opened.insert(ticket, Opened::Upload(upload));
            }
            _ => {}
        }
        self.model.now = self.now.steady;
        self.model.job_done(ticket, &job, &outcome);
        self.feed(Input::Done { ticket, outcome });
        self.read_all();
    }

    /// Time goes by.
    pub fn advance(&mut self, by: Duration) {
        self.now.steady += by;
        self.now.unix_micros += by.as_micros() as u64;
        // What is due is done in steps, and comes to an end.
        for _ in 0..1000 {
            if self.hub.next_deadline().is_none_or(|at| at > self.now.steady) {
                return;
            }
            self.feed(Input::Deadline);
            self.read_all();
        }
        panic!("{:?} stays due", self.hub.next_deadline());
    }

    pub fn shut_down(&mut self) {
        self.feed(Input::Shutdown { seconds: 10 });
    }

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
                self.feed(Input::DownloadOver { conn, stream, complete: true });
            }
        }
    }

    /// The file of a download can't be read any further.
    pub fn break_download(&mut self, pipe: usize, stream: u32) {
        let Pipe { conn, closed, .. } = self.pipes[pipe];
        self.pipes[pipe].downloads.remove(&stream);
        if closed.is_none() {
            self.feed(Input::DownloadOver { conn, stream, complete: false });
        }
    }

    /// Takes bytes of an upload, or its end.
    fn take_file(&mut self, pipe: usize, stream: u32, bytes: &[u8]) {
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

    /// The client has taken all that was written; what there is of a list comes piece by piece.
    pub fn output_taken(&mut self, pipe: usize) {
        let Pipe { conn, closed, output, list, .. } = &mut self.pipes[pipe];
        if let (Some(list), None, true) = (list, *closed, output.is_empty())
            && !list.is_asked_for
        {
            list.is_asked_for = true;
            let conn = *conn;
            self.feed(Input::ListTaken { conn });
        }
    }

    fn read_all(&mut self) {
        for pipe in 0..self.pipes.len() {
            if self.pipes[pipe].closed.is_none() {
                self.read(pipe);
            }
        }
    }

    /// Handles the frames that the hub takes.
    fn read(&mut self, pipe: usize) {
        let conn = self.pipes[pipe].conn;
        let mut input =
            std::mem::replace(&mut self.pipes[pipe].input, FrameBuffer::new(CLIENT_LINE_BYTES_MAX));
        while self.hub.takes_input(conn) {
            let Some(frame) = input.next_frame() else { break };
            self.feed(match frame {
                Frame::File { stream, bytes } if self.pipes[pipe].uploads.contains_key(&stream) => {
                    self.take_file(pipe, stream, bytes);
                    continue;
                }
                Frame::FileEnd { stream } if self.pipes[pipe].uploads.contains_key(&stream) => {
                    self.take_file(pipe, stream, &[]);
                    continue;
                }
                Frame::Command(text) => Input::Command { conn, request: Request::parse(text) },
                Frame::Data(text) => Input::Data { conn, text },
                Frame::Bad(error) => Input::BadFrame { conn, error },
                Frame::File { stream, .. } | Frame::FileEnd { stream } => {
                    Input::File { conn, stream }
                }
            });
        }
        let is_upload_ending = self.pipes[pipe].uploads.values().any(|upload| upload.is_ended);
        let waits = !self.hub.takes_input(conn) || !self.hub.has_answered(conn) || is_upload_ending;
        let Pipe { ended, closed, .. } = self.pipes[pipe];
        self.pipes[pipe].input = input;
        if ended && closed.is_none() && !waits {
            self.over(pipe, CloseReason::PeerClosed);
            self.feed(Input::Disconnected { conn });
        }
    }

    fn feed(&mut self, input: Input<'_>) {
        self.model.now = self.now.steady;
        self.model.before(&input);
        self.hub.handle(input, self.now, &mut self.effects);
        self.hub.check_invariants();
        let effects = std::mem::take(&mut self.effects);
        self.model.after(&effects, |conn| self.hub.takes_input(conn));
        for effect in &effects.list {
            self.carry_out(effect, &effects.recipients);
        }
        self.effects = effects;
        self.effects.clear();
    }

    fn carry_out(&mut self, effect: &Effect, recipients: &[ConnId]) {
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
                    encode_line(message, self.unasked(*conn));
                }
            }
            Effect::Notice { notice, to } => {
                for conn in &recipients[to.clone()] {
                    encode_line(notice, self.unasked(*conn));
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

    fn over(&mut self, pipe: usize, reason: CloseReason) {
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

    fn output(&mut self, conn: ConnId) -> &mut Vec<u8> {
        let pipe = self.pipe(conn);
        &mut self.pipes[pipe].output
    }

    /// Where a line goes that was not asked for.
    fn unasked(&mut self, conn: ConnId) -> &mut Vec<u8> {
        let pipe = self.pipe(conn);
        let Pipe { list, output, .. } = &mut self.pipes[pipe];
        list.as_mut().map_or(output, |list| &mut list.held)
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
