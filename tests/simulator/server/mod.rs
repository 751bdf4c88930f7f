//! A server without sockets: the real hub and the real codec between bytes and bytes, and a model
//! that looks on.

mod effects;
mod transfers;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::ops::Range;
use std::rc::Rc;
use std::time::Duration;

use chatsrv::chat::address::{Address, Encryption};
use chatsrv::chat::close::CloseReason;
use chatsrv::chat::id::UploadId;
use chatsrv::chat::kind::Kind;
use chatsrv::chat::motd::MessageOfTheDay;
use chatsrv::hub::Hub;
use chatsrv::hub::config::Config;
use chatsrv::hub::effect::Effects;
use chatsrv::hub::input::{ConnId, Input, Now, UploadEnd};
use chatsrv::hub::job::{Job, JobId, Outcome, Value};
use chatsrv::protocol::heard::Heard;
use chatsrv::protocol::native::frame::{Decoder, FrameBuffer};
use chatsrv::protocol::native::{CLIENT_LINE_BYTES_MAX, SERVER_LINE_BYTES_MAX};
use chatsrv::protocol::wire::Wire;

use crate::model::NodeModel;
use crate::store::Store;

/// The hub, and what the real server would have around it.
pub struct Server {
    pub hub: Hub,
    pub now: Now,
    pub model: NodeModel,
    /// Jobs that the store has not done, oldest first.
    pub jobs: Vec<(JobId, Job)>,
    /// Every connection there ever was.
    pub pipes: Vec<Pipe>,
    /// By slot: the pipe there, and the generation.
    slots: Vec<(Option<usize>, u32)>,
    /// Files that were opened for downloads and uploads that have not begun.
    pub opened: HashMap<JobId, Opened>,
    /// What was handed on to be written, oldest first.
    pub writes: VecDeque<Write>,
    /// In how many seconds it was told to stop.
    pub stops: Option<u32>,
    /// Bytes that may wait for a connection that it did not ask for.
    pub send_queue: usize,
    /// How many inputs the hub has handled.
    pub events: u64,
    /// After how many of them the hub's invariants are checked, which looks at everything.
    pub looks_every: u64,
    /// After how many of them all that entries have made is compared with the model, which takes
    /// longer.
    pub compares_every: u64,
    /// Connections that were closed for reading too slowly.
    pub too_slow: u64,
    /// Those for which more waits than the send queue takes.
    overfull: Vec<usize>,
    /// Uploads that stand still and whose names others want.
    stalled: Vec<(usize, u32)>,
    /// Pipes that may have something to read, or an end of the input, that the hub does not take
    /// yet.
    unread: BTreeSet<usize>,
    effects: Effects,
    /// The message of the day.
    motd: MessageOfTheDay,
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
    /// When bytes last came.
    moved: Duration,
}

/// One connection, as the server sees it.
pub struct Pipe {
    pub conn: ConnId,
    input: Vec<u8>,
    pub wire: Wire,
    /// What the model looks at.
    frames: Decoder,
    /// What the client has yet to read.
    pub output: Vec<u8>,
    /// At least as many bytes of that as the client did not ask for.
    unasked: usize,
    /// What the client has taken, to know inside which frame that ends.
    taken: FrameBuffer,
    /// The list under way whose next piece has to be asked for, or was.
    list: Option<OpenList>,
    /// Downloads under way: the file, and what is left of it.
    pub downloads: BTreeMap<u32, (Rc<[u8]>, Range<u64>)>,
    pub uploads: BTreeMap<u32, Upload>,
    /// Why the server closed it.
    pub closed: Option<CloseReason>,
    /// Whether the client has ended its input.
    pub ended: bool,
}

struct OpenList {
    of: Kind,
    is_asked_for: bool,
    /// What was not asked for and must not stand in it.
    held: Vec<u8>,
}

impl Server {
    pub fn new(config: Config, seed: u64, store: &Store) -> Self {
        let now = Now { monotonic: Duration::from_secs(1), unix_micros: 1_700_000_000_000_000 };
        let kept = store.kept();
        Server {
            model: NodeModel::new(config.clone(), &kept),
            hub: Hub::new(config.clone(), seed, kept),
            now,
            jobs: Vec::new(),
            pipes: Vec::new(),
            slots: Vec::new(),
            opened: HashMap::new(),
            writes: VecDeque::new(),
            stops: None,
            send_queue: 1024 * 1024,
            events: 0,
            looks_every: 1,
            compares_every: 1,
            too_slow: 0,
            overfull: Vec::new(),
            stalled: Vec::new(),
            unread: BTreeSet::new(),
            effects: Effects::default(),
            motd: MessageOfTheDay::parse(b"").unwrap(),
            config,
            seed,
        }
    }

    /// The server dies. The store may have done some of what the server had not heard of yet.
    pub fn crash(&mut self, mut is_done: impl FnMut(usize, &Job) -> bool, store: &mut Store) {
        for (at, (job_id, job)) in std::mem::take(&mut self.jobs).into_iter().enumerate() {
            if is_done(at, &job) {
                let outcome = store.run(&job);
                self.model.job_done(job_id, &job, &outcome);
            }
        }
        self.restart(store);
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
        self.unread.clear();
        self.jobs.clear();
        self.opened.clear();
        self.writes.clear();
        self.model.restart(store);
        self.hub = Hub::new(self.config.clone(), self.seed, store.kept());
        self.feed(Input::MotdRead(self.motd.clone()));
    }

    /// The server reads another message of the day.
    pub fn read_motd(&mut self, text: &str) {
        self.motd = MessageOfTheDay::parse(text.as_bytes()).unwrap();
        self.feed(Input::MotdRead(self.motd.clone()));
    }

    /// Checks that a server which starts with all that is on disk has made of it what this one has.
    /// False where not all is on disk.
    pub fn check_restart(&self, store: &Store) -> bool {
        let is_kept = self.jobs.is_empty() && self.hub.is_kept();
        if is_kept {
            self.check_digest();
            let other = Hub::new(self.config.clone(), self.seed, store.all());
            assert_eq!(other.digest(), self.hub.digest());
        }
        is_kept
    }

    /// Checks that the hub has made of all entries what the model has.
    pub fn check_digest(&self) {
        assert_eq!(self.hub.digest(), self.model.chat.digest());
    }

    pub fn keeps_messages(&self) -> bool {
        self.config.keep_messages
    }

    pub fn has_deadline_within(&self, time: Duration) -> bool {
        self.hub.next_deadline().is_some_and(|at| at <= self.now.monotonic + time)
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
            input: Vec::new(),
            wire: Wire::native(),
            frames: Decoder::new(CLIENT_LINE_BYTES_MAX),
            output: Vec::new(),
            unasked: 0,
            taken: FrameBuffer::new(SERVER_LINE_BYTES_MAX),
            list: None,
            downloads: BTreeMap::new(),
            uploads: BTreeMap::new(),
            closed: None,
            ended: false,
        });
        // One of three, whatever that is.
        let encryptions = [Encryption::Plain, Encryption::Tls12, Encryption::Tls13];
        let encryption = match from {
            Address::Local => Encryption::Plain,
            Address::Host(_) => encryptions[pipe % 3],
        };
        self.feed(Input::Connected { conn, from, encryption });
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

    /// The server closes a connection by itself.
    pub fn close(&mut self, pipe: usize, reason: CloseReason) {
        let conn = self.pipes[pipe].conn;
        let Pipe { wire, output, .. } = &mut self.pipes[pipe];
        wire.close(reason, None, None, output);
        self.over(pipe, reason);
        self.feed(Input::Disconnected { conn });
    }

    /// The server stops: everybody gets the last line.
    pub fn close_all(&mut self) {
        for pipe in 0..self.pipes.len() {
            if self.pipes[pipe].closed.is_none() {
                self.close(pipe, CloseReason::Shutdown);
            }
        }
    }

    /// Closes a connection for which more waits than the send queue takes; of that it only gets
    /// the rest of a frame that was begun.
    fn cut_off(&mut self, pipe: usize) {
        let Pipe { conn, output, taken, .. } = &mut self.pipes[pipe];
        let waiting = std::mem::take(output);
        for byte in waiting {
            if taken.is_between_frames() {
                break;
            }
            output.push(byte);
            taken.extend(&[byte]);
            while taken.next_frame().is_some() {}
        }
        self.model.cut_off(*conn);
        self.too_slow += 1;
        self.close(pipe, CloseReason::TooSlow);
    }

    /// The store is done with the job at a place in the queue.
    pub fn job_done(&mut self, at: usize, outcome: Outcome, store: &Store) {
        let (job_id, job) = self.jobs.remove(at);
        match outcome {
            Ok(Value::Opened { .. }) => {
                let bytes = store.file(&job).expect("it could be opened");
                self.opened.insert(job_id, Opened::Download(Rc::clone(bytes)));
            }
            Ok(Value::UploadReady { upload, .. }) => {
                self.opened.insert(job_id, Opened::Upload(upload));
            }
            _ => {}
        }
        self.model.set_time(self.now);
        self.model.job_done(job_id, &job, &outcome);
        self.feed(Input::Done { job_id, outcome });
        self.read_all();
    }

    /// Time goes by.
    pub fn advance(&mut self, by: Duration) {
        self.now.monotonic += by;
        self.now.unix_micros += by.as_micros() as u64;
        self.model.set_time(self.now);
        // What is due is done in steps, and comes to an end.
        for _ in 0..1000 {
            if self.hub.next_deadline().is_none_or(|at| at > self.now.monotonic) {
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

    /// A client takes so many bytes of what was written.
    pub fn take_output(&mut self, pipe: usize, length: usize) -> Vec<u8> {
        let Pipe { output, taken, unasked, .. } = &mut self.pipes[pipe];
        let bytes: Vec<u8> = output.drain(..length).collect();
        if output.is_empty() {
            *unasked = 0;
        }
        taken.extend(&bytes);
        while taken.next_frame().is_some() {}
        bytes
    }

    /// The client has taken all that was written; what there is of a list comes piece by piece.
    pub fn output_taken(&mut self, pipe: usize) {
        let Pipe { conn, closed, output, list, .. } = &mut self.pipes[pipe];
        if let (Some(list), None, true) = (list, *closed, output.is_empty())
            && !list.is_asked_for
        {
            list.is_asked_for = true;
            let conn = *conn;
            self.feed(Input::PageRead { conn });
        }
    }

    fn read_all(&mut self) {
        let mut at = 0;
        while let Some(pipe) = self.unread.range(at..).next().copied() {
            self.read(pipe);
            at = pipe + 1;
        }
    }

    /// Handles the frames that the hub takes.
    fn read(&mut self, pipe: usize) {
        self.unread.remove(&pipe);
        if self.pipes[pipe].closed.is_some() {
            return;
        }
        let conn = self.pipes[pipe].conn;
        let mut input = std::mem::take(&mut self.pipes[pipe].input);
        let mut done = 0;
        while self.hub.takes_input(conn) {
            // The model looks at the frames as they came.
            let (_, frame) = self.pipes[pipe].frames.decode(&input[done..]);
            if let Some(frame) = &frame {
                self.model.set_time(self.now);
                self.model.hears(conn, frame);
            }
            let (used, heard) = self.pipes[pipe].wire.decode(&input[done..]);
            done += used;
            assert_eq!(heard.is_some(), frame.is_some(), "{conn}");
            let Some(heard) = heard else { break };
            let request = match heard {
                Heard::Bytes { stream, bytes } => {
                    self.take_bytes(pipe, stream, bytes);
                    continue;
                }
                Heard::End { stream } => {
                    self.take_bytes(pipe, stream, &[]);
                    continue;
                }
                Heard::Nothing => continue,
                Heard::Asked(request) => Ok(request),
                Heard::Refused(of, refusal) => Err((of, refusal)),
            };
            self.feed(Input::Asked { conn, request });
        }
        input.drain(..done);
        let is_upload_ending = self.pipes[pipe].uploads.values().any(|upload| upload.is_ended);
        let waits = !self.hub.takes_input(conn) || !self.hub.has_answered(conn) || is_upload_ending;
        let Pipe { ended, closed, .. } = self.pipes[pipe];
        self.pipes[pipe].input = input;
        if closed.is_none() && (waits || ended) {
            self.unread.insert(pipe);
        }
        if ended && closed.is_none() && !waits {
            self.over(pipe, CloseReason::PeerClosed);
            self.feed(Input::Disconnected { conn });
        }
    }

    fn take_bytes(&mut self, pipe: usize, stream: u32, bytes: &[u8]) {
        match self.pipes[pipe].uploads.contains_key(&stream) {
            true => self.take_file(pipe, stream, bytes),
            false => self.feed(Input::File { conn: self.pipes[pipe].conn, stream }),
        }
    }

    fn feed(&mut self, input: Input) {
        self.model.set_time(self.now);
        self.model.before(&input);
        self.hub.handle(input, self.now, &mut self.effects);
        self.events += 1;
        if self.events.is_multiple_of(self.looks_every) {
            self.hub.check_invariants();
        }
        let effects = std::mem::take(&mut self.effects);
        self.model.after(&effects, |conn| self.hub.takes_input(conn));
        if self.events.is_multiple_of(self.compares_every) {
            self.check_digest();
        }
        for effect in &effects.list {
            self.carry_out(effect, &effects.recipients);
        }
        self.effects = effects;
        self.effects.clear();
        for (pipe, stream) in std::mem::take(&mut self.stalled) {
            if self.pipes[pipe].uploads.contains_key(&stream) {
                self.end_upload(pipe, stream, UploadEnd::Stalled);
            }
        }
        for pipe in std::mem::take(&mut self.overfull) {
            if self.pipes[pipe].closed.is_none() {
                self.cut_off(pipe);
            }
        }
    }
}
