//! Uploads: each goes from the local file over its chunks to the server's checksum.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use chatsrv::protocol::CHUNK_BYTES_MAX;
use chatsrv::protocol::name::{FileName, Target};
use chatsrv::protocol::reply::{Code, ServerLine};
use chatsrv::protocol::verb::Verb;

use super::{Progress, Source, TRANSFERS_MAX, TransferId, abort, hex, is_done};
use crate::clock;
use crate::jobs::Jobs;
use crate::line::Line;
use crate::local_file::LocalFile;
use crate::safe_text::{SafeText, safe};
use crate::session::{Asked, Session};
use crate::wire::Outgoing;

/// Where an upload goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// The server's shared folder.
    Shared,
    /// A chat.
    Chat(Target),
}

#[derive(Debug)]
enum State {
    /// The local file is being opened.
    Opening,
    /// There is no connection.
    Waiting,
    /// The server was asked to take the file.
    Asked,
    /// The chunks are written.
    Sending { stream: u32 },
    /// All are written; the server has not said yet that it has the file.
    Sent { stream: u32 },
    /// The server has the file under this name. The two checksums are to be compared.
    Comparing { at: String, theirs: Option<String>, ours: Option<String> },
}

#[derive(Debug)]
struct Upload {
    goal: Goal,
    /// What the server is to call it.
    name: FileName,
    file: Option<Arc<LocalFile>>,
    state: State,
    /// Whether it is over as soon as it can be.
    cancelled: bool,
    /// Whether all of it was sent over a connection that broke before the server said so.
    was_sent: bool,
    /// Where this connection has begun.
    offset: u64,
    sent: u64,
    started: Instant,
}

/// What a thread did for an upload.
enum Outcome {
    Opened(TransferId, io::Result<LocalFile>),
    Hashed(TransferId, io::Result<String>),
}

/// All uploads.
pub struct Uploads {
    uploads: BTreeMap<TransferId, Upload>,
    last: u32,
    /// Whose turn it was last to send a chunk.
    turn: TransferId,
    online: bool,
    jobs: Jobs<Outcome>,
}

impl Uploads {
    /// Without any yet.
    ///
    /// # Errors
    /// Where the process has no file descriptor left.
    pub fn new() -> io::Result<Self> {
        let (uploads, jobs) = (BTreeMap::new(), Jobs::new()?);
        Ok(Uploads { uploads, last: 0, turn: TransferId(0), online: true, jobs })
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.uploads.len()
    }

    /// Whether as many are under way as may be.
    pub fn is_full(&self) -> bool {
        self.uploads.len() >= TRANSFERS_MAX
    }

    /// Whether the server is to take bytes, or to say that it has them.
    pub fn is_running(&self) -> bool {
        let awaits = |state: &State| matches!(state, State::Sending { .. } | State::Sent { .. });
        self.uploads.values().any(|upload| awaits(&upload.state))
    }

    /// Whether one of this name, or any, is under way.
    pub fn has(&self, name: Option<&str>) -> bool {
        self.uploads.values().any(|upload| upload.is_named(name))
    }

    /// How far those are whose bytes are written.
    pub fn progress(&self, now: Instant) -> Vec<Progress> {
        let moving =
            |upload: &&Upload| matches!(upload.state, State::Sending { .. } | State::Sent { .. });
        let progress = |upload: &Upload| {
            let bytes = (upload.offset, upload.sent, upload.size());
            let elapsed = now.saturating_duration_since(upload.started);
            Progress::new(safe!("↑ {}", upload.name), bytes, elapsed)
        };
        self.uploads.values().filter(moving).map(progress).collect()
    }

    /// Begins one.
    ///
    /// # Errors
    /// Text for people where it can't be.
    pub fn start(&mut self, path: PathBuf, goal: Goal) -> Result<(), SafeText> {
        let shown = safe!("{}", path.display());
        let name = path.file_name().and_then(|name| name.to_str());
        let Some(name) = name.and_then(|name| name.parse::<FileName>().ok()) else {
            return Err(safe!("{shown}: no name that the server takes"));
        };
        if self.is_full() {
            return Err(safe!("{TRANSFERS_MAX} uploads are under way, no more at a time"));
        }
        self.last += 1;
        let id = TransferId(self.last);
        self.jobs
            .spawn(move || Outcome::Opened(id, LocalFile::open(&path)))
            .map_err(SafeText::new)?;
        let upload = Upload {
            goal,
            name,
            file: None,
            state: State::Opening,
            cancelled: false,
            was_sent: false,
            offset: 0,
            sent: 0,
            started: Instant::now(),
        };
        self.uploads.insert(id, upload);
        Ok(())
    }

    /// Goes on with what the threads have done.
    pub fn jobs_done(&mut self, session: &mut Session) -> Vec<Line> {
        let outcomes = self.jobs.take();
        outcomes.into_iter().filter_map(|outcome| self.job_done(outcome, session)).collect()
    }

    fn job_done(&mut self, outcome: Outcome, session: &mut Session) -> Option<Line> {
        match outcome {
            Outcome::Opened(id, Ok(file)) => {
                let upload = self.uploads.get_mut(&id)?;
                upload.file = Some(Arc::new(file));
                if upload.cancelled {
                    return self.stop(id, "cancelled");
                }
                upload.state = State::Waiting;
                if self.online {
                    upload.ask(id, session);
                }
                None
            }
            Outcome::Hashed(id, Ok(hash)) => {
                if let State::Comparing { ours, .. } = &mut self.uploads.get_mut(&id)?.state {
                    *ours = Some(hash);
                }
                self.compare(id)
            }
            Outcome::Opened(id, Err(error)) | Outcome::Hashed(id, Err(error)) => {
                self.stop(id, error)
            }
        }
    }

    /// The server answers the announcement: `stream offset`.
    pub fn announced(
        &mut self,
        id: TransferId,
        line: &ServerLine<'_>,
        session: &mut Session,
    ) -> Option<Line> {
        let upload = self.uploads.get_mut(&id)?;
        if !matches!(upload.state, State::Asked) {
            return None;
        }
        if line.code == Code::NameNotAllowed as u16 && upload.was_sent {
            // It may have been whole before the connection broke; the checksum tells.
            let name = upload.name.to_string();
            return self.begin_comparing(id, name, session);
        }
        if !is_done(line) {
            return self.stop(id, line.rest);
        }
        let mut words = line.rest.split(' ');
        let mut word = || words.next().unwrap_or_default();
        let (Ok(stream), Ok(offset)) = (word().parse(), word().parse::<u64>()) else {
            return self.stop(id, "the server's answer can't be read");
        };
        if upload.cancelled || offset > upload.size() {
            let reason =
                if upload.cancelled { "cancelled" } else { "the server has more than there is" };
            abort(stream, session);
            return self.stop(id, reason);
        }
        upload.offset = offset;
        upload.sent = offset;
        upload.started = Instant::now();
        upload.state = State::Sending { stream };
        None
    }

    /// Whether a chunk waits to be written.
    pub fn has_chunk(&self) -> bool {
        self.uploads.values().any(Upload::is_sending)
    }

    /// Writes one chunk of the upload whose turn it is, or its end.
    pub fn write_chunk(&mut self, output: &mut Vec<u8>, session: &mut Session) -> Option<Line> {
        let sending = |(id, upload): (&TransferId, &Upload)| upload.is_sending().then_some(*id);
        let later = self.uploads.iter().filter_map(sending).find(|id| *id > self.turn);
        let id = later.or_else(|| self.uploads.iter().find_map(sending))?;
        self.turn = id;
        let upload = self.uploads.get_mut(&id)?;
        let (State::Sending { stream }, Some(file)) = (&upload.state, &upload.file) else {
            return None;
        };
        let stream = *stream;
        let left = file.size() - upload.sent;
        let length = left.min(CHUNK_BYTES_MAX as u64) as usize;
        let begin = output.len();
        output.extend_from_slice(format!("F {stream} {length}\n").as_bytes());
        if length == 0 {
            upload.state = State::Sent { stream };
            return None;
        }
        let header = output.len();
        output.resize(header + length, 0);
        if let Err(error) = file.read(&mut output[header..], upload.sent) {
            output.truncate(begin);
            abort(stream, session);
            return self.stop(id, error);
        }
        upload.sent += length as u64;
        None
    }

    /// The server has a whole file and has written it to disk: `stream size name`, or `@id` in
    /// place of the name.
    pub fn taken(&mut self, words: &str, session: &mut Session) -> Option<Line> {
        let mut words = words.splitn(3, ' ');
        let stream: u32 = words.next()?.parse().ok()?;
        let (_size, at) = (words.next()?, words.next()?);
        let is_it =
            |upload: &Upload| matches!(upload.state, State::Sent { stream: of } if of == stream);
        let (id, upload) = self.uploads.iter().find(|(_, upload)| is_it(upload))?;
        let (id, goal) = (*id, upload.goal);
        let at = match (goal, at.parse()) {
            (Goal::Shared, _) => upload.name.to_string(),
            (Goal::Chat(_), Ok(Source::Sent(id))) => Source::Sent(id).to_string(),
            (Goal::Chat(_), _) => return self.stop(id, "the server's answer can't be read"),
        };
        self.begin_comparing(id, at, session)
    }

    fn begin_comparing(
        &mut self,
        id: TransferId,
        at: String,
        session: &mut Session,
    ) -> Option<Line> {
        let upload = self.uploads.get_mut(&id)?;
        let file = Arc::clone(upload.file.as_ref()?);
        upload.state = State::Comparing { at, theirs: None, ours: None };
        upload.ask_sum(id, session);
        let hash = move || Outcome::Hashed(id, file.hash().map(hex));
        self.jobs.spawn(hash).err().and_then(|error| self.stop(id, error))
    }

    /// The server tells the checksum.
    pub fn compare_answered(&mut self, id: TransferId, line: &ServerLine<'_>) -> Option<Line> {
        if !is_done(line) {
            let why = safe!("it is there, but its SHA-256 was not compared: {}", line.rest);
            return self.stop(id, why);
        }
        let hash = line.rest.split(' ').next().unwrap_or_default().to_string();
        if let State::Comparing { theirs, .. } = &mut self.uploads.get_mut(&id)?.state {
            *theirs = Some(hash);
        }
        self.compare(id)
    }

    fn compare(&mut self, id: TransferId) -> Option<Line> {
        let upload = self.uploads.get(&id)?;
        let State::Comparing { at, theirs: Some(theirs), ours: Some(ours) } = &upload.state else {
            return None;
        };
        if theirs != ours {
            let reason = if upload.was_sent {
                "another file of that name is there"
            } else {
                "the SHA-256 of what came there is not that of the file here"
            };
            return self.stop(id, reason);
        }
        let size = clock::size(upload.size());
        let text = match upload.goal {
            Goal::Shared => safe!("{at} is on the server: {size}, SHA-256 matches"),
            Goal::Chat(target) => {
                safe!("{} is sent to {target}: {size}, SHA-256 matches; {at}", upload.name)
            }
        };
        self.uploads.remove(&id);
        Some(Line::notice(text))
    }

    /// The server ends a stream early.
    pub fn aborted(&mut self, stream: u32, reason: &str) -> Option<Line> {
        let is_it = |upload: &Upload| {
            matches!(upload.state,
                State::Sending { stream: of } | State::Sent { stream: of } if of == stream)
        };
        let id = *self.uploads.iter().find(|(_, upload)| is_it(upload))?.0;
        self.stop(id, reason)
    }

    /// Cancels the uploads of this name, or all. One that the server has can't be stopped any more.
    pub fn cancel(&mut self, name: Option<&str>, session: &mut Session) -> Vec<Line> {
        let wanted = |(_, upload): &(&TransferId, &Upload)| upload.is_named(name);
        let ids: Vec<_> = self.uploads.iter().filter(wanted).map(|(id, _)| *id).collect();
        ids.into_iter().filter_map(|id| self.cancel_one(id, session)).collect()
    }

    fn cancel_one(&mut self, id: TransferId, session: &mut Session) -> Option<Line> {
        let upload = self.uploads.get_mut(&id)?;
        match upload.state {
            State::Opening | State::Asked => {
                upload.cancelled = true;
                None
            }
            State::Sending { stream } | State::Sent { stream } => {
                abort(stream, session);
                self.stop(id, "cancelled")
            }
            State::Waiting => self.stop(id, "cancelled"),
            State::Comparing { .. } => None,
        }
    }

    /// The connection is gone: what is under way waits for the next one. Of a file that was sent
    /// to a chat as a whole, nobody knows whether it arrived: sent again, it could come twice.
    pub fn disconnected(&mut self) -> Vec<Line> {
        self.online = false;
        let mut unknown = Vec::new();
        for (id, upload) in &mut self.uploads {
            match (&upload.state, upload.goal) {
                (State::Asked | State::Sending { .. }, _) => upload.state = State::Waiting,
                (State::Sent { .. }, Goal::Shared) => {
                    upload.was_sent = true;
                    upload.state = State::Waiting;
                }
                (State::Sent { .. }, Goal::Chat(target)) => unknown.push((*id, target)),
                (State::Opening | State::Waiting | State::Comparing { .. }, _) => {}
            }
        }
        let tell = |(id, target)| {
            let why = safe!("the connection broke at its end; /history {target} tells if it came");
            self.stop(id, why)
        };
        unknown.into_iter().filter_map(tell).collect()
    }

    /// The connection is back.
    pub fn reconnected(&mut self, session: &mut Session) {
        self.online = true;
        for (id, upload) in &mut self.uploads {
            match &upload.state {
                State::Waiting => upload.ask(*id, session),
                State::Comparing { theirs: None, .. } => upload.ask_sum(*id, session),
                _ => {}
            }
        }
    }

    /// The client ends, and with it every upload.
    pub fn end(&mut self, reason: &str) -> Vec<Line> {
        let ids: Vec<_> = self.uploads.keys().copied().collect();
        ids.into_iter().filter_map(|id| self.stop(id, reason)).collect()
    }

    fn stop(&mut self, id: TransferId, reason: impl std::fmt::Display) -> Option<Line> {
        let upload = self.uploads.remove(&id)?;
        Some(Line::error(safe!("{}: {reason}", upload.name)))
    }
}

impl AsFd for Uploads {
    /// Readable when [`Uploads::jobs_done`] has something to do.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.jobs.as_fd()
    }
}

impl Upload {
    fn is_named(&self, name: Option<&str>) -> bool {
        name.is_none_or(|name| name == self.name.as_str())
    }

    fn is_sending(&self) -> bool {
        matches!(self.state, State::Sending { .. })
    }

    fn size(&self) -> u64 {
        self.file.as_ref().map_or(0, |file| file.size())
    }

    fn ask(&mut self, id: TransferId, session: &mut Session) {
        let (size, name) = (self.size(), &self.name);
        let line = match self.goal {
            Goal::Shared => Outgoing::command(Verb::Put, format_args!("{size} {name}")),
            Goal::Chat(target) => {
                Outgoing::command(Verb::Sendfile, format_args!("{target} {size} {name}"))
            }
        };
        // A target, a number and a file name always fit into a line.
        if let Ok(line) = line {
            self.state = State::Asked;
            session.ask(Asked::Put(id), line);
        }
    }

    fn ask_sum(&self, id: TransferId, session: &mut Session) {
        if let State::Comparing { at, .. } = &self.state
            // A file name and a number always fit into a line.
            && let Ok(line) = Outgoing::command(Verb::Sum, at)
        {
            session.ask(Asked::CompareUpload(id), line);
        }
    }
}
