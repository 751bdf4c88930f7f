//! Which sums uploads are to have, as their senders told.

use std::collections::{BTreeMap, HashMap, VecDeque};

use chatsrv::chat::id::UploadId;
use chatsrv::chat::kind::Kind;
use chatsrv::chat::refusal::Failure;
use chatsrv::chat::request::Request;
use chatsrv::chat::sha256::Sha256Sum;
use chatsrv::hub::effect::{Effect, Effects};
use chatsrv::hub::input::{ConnId, Input, UploadEnd};
use chatsrv::hub::job::{Job, JobId, Outcome, Value};
use chatsrv::protocol::native::code::Code;
use chatsrv::protocol::native::command::Command;

use crate::reply::Reply;

/// What every sender expects of every upload.
#[derive(Default)]
pub struct Expectations {
    /// Which upload each job opened.
    opened: HashMap<JobId, UploadId>,
    /// The uploads under way, and the last sum that was told of each.
    open: BTreeMap<(ConnId, u32), (UploadId, Option<Sha256Sum>)>,
    /// Those that are whole and not on the disk.
    whole: HashMap<UploadId, Option<Sha256Sum>>,
    /// The answers to EXPECT that are due.
    due: HashMap<ConnId, VecDeque<Code>>,
    /// The answers to RM that are due.
    removals: HashMap<ConnId, VecDeque<Code>>,
    /// Over which connection each was sent last.
    pub senders: HashMap<UploadId, ConnId>,
}

impl Expectations {
    /// A user asks for something.
    pub fn command(&mut self, conn: ConnId, command: &Command) {
        let Command::Ask(Request::Expect { stream, sha256 }) = command else { return };
        let open = self.open.get_mut(&(conn, *stream));
        let code = if open.is_some() { Code::Done } else { Code::NotFound };
        if let Some((_, expected)) = open {
            *expected = Some(*sha256);
        }
        self.due.entry(conn).or_default().push_back(code);
    }

    /// Something happens.
    pub fn before(&mut self, input: &Input) {
        match input {
            Input::UploadOver { conn, stream, end } => {
                let over = self.open.remove(&(*conn, *stream));
                if let (Some((upload, expected)), UploadEnd::Whole) = (over, end) {
                    self.whole.insert(upload, expected);
                }
            }
            Input::Disconnected { conn } => self.forget(*conn),
            _ => {}
        }
    }

    /// The store is done with a job.
    pub fn job_done(&mut self, job_id: JobId, outcome: &Outcome) {
        if let Ok(Value::UploadReady { upload, .. }) = outcome {
            self.opened.insert(job_id, *upload);
        }
    }

    /// The store has removed a file, or has not.
    pub fn removed(&mut self, asker: Option<ConnId>, outcome: &Outcome) {
        let code = match outcome {
            Ok(_) => Code::Done,
            Err(Failure::NotFound) => Code::NotFound,
            Err(Failure::NotAllowed) => Code::NotAllowed,
            Err(Failure::NotEmpty) => Code::WrongState,
            Err(Failure::NoRoom) => Code::NoRoom,
            Err(_) => Code::Busy,
        };
        self.removals.entry(asker.expect("somebody asks")).or_default().push_back(code);
    }

    /// The hub has told what it wants done.
    pub fn after(&mut self, effects: &Effects) {
        for effect in &effects.list {
            match effect {
                Effect::Upload { conn, job_id, stream, .. } => {
                    let upload = self.opened.remove(job_id).expect("it was opened");
                    self.senders.insert(upload, *conn);
                    self.open.insert((*conn, *stream), (upload, None));
                }
                Effect::CancelUpload { conn, stream } => {
                    self.open.remove(&(*conn, *stream));
                }
                Effect::Job { job: Job::SyncUpload { upload, expected }, .. } => {
                    assert_eq!(self.whole.remove(upload), Some(*expected), "{upload:?}");
                }
                Effect::Answer { conn, answer } => self.reply(*conn, &Reply::new(answer)),
                Effect::Close { conn, .. } => self.forget(*conn),
                _ => {}
            }
        }
    }

    fn reply(&mut self, conn: ConnId, reply: &Reply<'_>) {
        let is_due = matches!(reply.code, Code::Done | Code::NotFound);
        if reply.of == Kind::RemoveFile {
            let due = self.removals.get_mut(&conn).and_then(VecDeque::pop_front);
            // Nobody looks for what no file can be called, nor for those who may ask for nothing.
            let needs_none =
                matches!(reply.code, Code::NotFound | Code::NotAllowed | Code::BadParameters);
            assert!(due == Some(reply.code) || due.is_none() && needs_none, "{conn}: {reply}");
        }
        if reply.of == Kind::Expect && is_due {
            let due = self.due.get_mut(&conn).and_then(VecDeque::pop_front);
            assert_eq!(due, Some(reply.code), "{conn}: {reply}");
        }
    }

    fn forget(&mut self, conn: ConnId) {
        self.open.retain(|(other, _), _| *other != conn);
        self.due.remove(&conn);
        self.removals.remove(&conn);
    }
}
