//! All uploads. Each opens its local file, sends the chunks, and compares the checksum with the
//! server's. If the server has the start of the file already, that is compared before the upload
//! continues from there.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::Instant;

use chatsrv::chat::name::FileName;
use chatsrv::chat::sha256::Sha256Sum;
use chatsrv::display::line::Line;
use chatsrv::display::refusal::refusal;
use chatsrv::display::safe_text::{SafeText, safe};
use chatsrv::protocol::native::CHUNK_BYTES_MAX;
use chatsrv::protocol::native::code::Code;
use chatsrv::protocol::native::outgoing::Outgoing;
use chatsrv::protocol::native::read::{FinalReply, ReplyWords};
use chatsrv::protocol::native::verb::Verb;

use super::download::Source;
use super::local_file::LocalFile;
use super::transfer::{Progress, TRANSFERS_MAX, TransferId, UNREADABLE};
use super::upload::{Goal, Sent, Upload, UploadState};
use crate::jobs::Jobs;
use crate::requests::{Asked, Requests};

/// The result of a job for an upload.
enum UploadWork {
    Opened(TransferId, io::Result<LocalFile>),
    /// A checksum, for the upload that holds the other side of the `Weak`.
    Summed(TransferId, Weak<()>, io::Result<Sha256Sum>),
}

/// All uploads.
pub struct Uploads {
    uploads: BTreeMap<TransferId, Upload>,
    last: u32,
    /// The upload that has sent the last chunk.
    turn: TransferId,
    online: bool,
    jobs: Jobs<UploadWork>,
}

impl Uploads {
    /// Creates the uploads, none at first.
    ///
    /// # Errors
    /// If the process has no file descriptor left.
    pub fn new() -> io::Result<Self> {
        let (uploads, jobs) = (BTreeMap::new(), Jobs::new()?);
        Ok(Uploads { uploads, last: 0, turn: TransferId(0), online: true, jobs })
    }

    /// The number of uploads.
    pub fn count(&self) -> usize {
        self.uploads.len()
    }

    /// Returns true if no more can be begun.
    pub fn is_full(&self) -> bool {
        self.uploads.len() >= TRANSFERS_MAX
    }

    /// Returns true if bytes are being sent, or the server's confirmation is awaited.
    pub fn is_running(&self) -> bool {
        let awaits = |state: &UploadState| {
            matches!(state, UploadState::Sending { .. } | UploadState::Sent(_))
        };
        self.uploads.values().any(|upload| awaits(&upload.state))
    }

    /// Returns true if there is an upload of this name; `None` for any.
    pub fn has(&self, name: Option<&str>) -> bool {
        self.uploads.values().any(|upload| upload.is_named(name))
    }

    /// Returns true if there is an upload of the same name to the same goal, of which the server
    /// accepts one at a time.
    pub fn has_like(&self, path: &Path, goal: Goal) -> bool {
        let name = path.file_name().and_then(OsStr::to_str);
        let is_like = |upload: &Upload| upload.goal == goal && name == Some(upload.name.as_str());
        self.uploads.values().any(is_like)
    }

    /// The progress of the uploads whose bytes are being sent.
    pub fn progress(&self, now: Instant) -> Vec<Progress> {
        let moving = |upload: &&Upload| upload.stream().is_some();
        let progress = |upload: &Upload| {
            let bytes = (upload.offset, upload.sent, upload.size());
            let elapsed = now.saturating_duration_since(upload.started);
            Progress::new(safe!("↑ {}", upload.name), bytes, elapsed)
        };
        self.uploads.values().filter(moving).map(progress).collect()
    }

    /// Begins an upload.
    ///
    /// # Errors
    /// A message for people, if it can't be begun.
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
            .spawn(move || UploadWork::Opened(id, LocalFile::open(&path)))
            .map_err(SafeText::new)?;
        self.uploads.insert(id, Upload::new(name, goal));
        Ok(())
    }

    /// Handles the results of finished jobs.
    pub fn jobs_done(&mut self, requests: &mut Requests) -> Vec<Line> {
        let outcomes = self.jobs.take();
        outcomes.into_iter().filter_map(|outcome| self.job_done(outcome, requests)).collect()
    }

    fn job_done(&mut self, outcome: UploadWork, requests: &mut Requests) -> Option<Line> {
        match outcome {
            UploadWork::Opened(id, Ok(file)) => {
                let upload = self.uploads.get_mut(&id)?;
                upload.file = Some(Arc::new(file));
                if upload.cancelled {
                    return self.stop(id, "cancelled");
                }
                upload.state = UploadState::Waiting;
                if self.online {
                    upload.ask(id, requests);
                }
                None
            }
            UploadWork::Opened(id, Err(error)) => self.stop(id, error),
            UploadWork::Summed(id, summing, sum) => {
                let upload = self.uploads.get_mut(&id)?;
                if !upload.awaits(&summing) {
                    return None;
                }
                upload.summing = None;
                match sum {
                    Ok(sum) => self.summed(id, sum, requests),
                    Err(error) => self.fail(id, error, requests),
                }
            }
        }
    }

    /// Begins a job that hashes the first `length` bytes.
    fn sum(&mut self, id: TransferId, length: u64, requests: &mut Requests) -> Option<Line> {
        let upload = self.uploads.get_mut(&id)?;
        let file = Arc::clone(upload.file.as_ref()?);
        let summing = Arc::new(());
        let awaited = Arc::downgrade(&summing);
        upload.summing = Some(summing);
        let work = move || {
            let sum = file.hash(length, || awaited.strong_count() > 0);
            UploadWork::Summed(id, awaited, sum)
        };
        let failed = self.jobs.spawn(work).err()?;
        self.fail(id, failed, requests)
    }

    /// Handles a finished checksum by the state of its upload.
    fn summed(&mut self, id: TransferId, sum: Sha256Sum, requests: &mut Requests) -> Option<Line> {
        let upload = self.uploads.get_mut(&id)?;
        match &mut upload.state {
            UploadState::Checking { stream, theirs } if *theirs == sum => {
                let stream = *stream;
                if upload.sent == upload.size() {
                    upload.send_end(id, stream, sum, requests);
                } else {
                    upload.state = UploadState::Sending { stream };
                }
                None
            }
            UploadState::Checking { .. } if upload.anew => {
                let why = "what the server has of it is of another file, time and again";
                self.fail(id, why, requests)
            }
            UploadState::Checking { stream, .. } => {
                requests.ask_abort(*stream);
                upload.anew = true;
                upload.ask(id, requests);
                let why = "what the server had of it was of another file; it is sent anew";
                Some(Line::notice(safe!("{}: {why}", upload.name)))
            }
            UploadState::Summing { stream } => {
                let stream = *stream;
                upload.send_end(id, stream, sum, requests);
                None
            }
            UploadState::Comparing { ours, .. } => {
                *ours = Some(sum);
                self.compare(id)
            }
            _ => None,
        }
    }

    /// Handles the reply to the request for an upload.
    pub fn announced(
        &mut self,
        id: TransferId,
        reply: &FinalReply<'_>,
        requests: &mut Requests,
    ) -> Option<Line> {
        let upload = self.uploads.get_mut(&id)?;
        if !matches!(upload.state, UploadState::Asked) {
            return None;
        }
        if reply.has(Code::NameNotAllowed) && upload.was_sent {
            // It may have been complete before the connection was lost; the checksum decides.
            let at = upload.name.to_string();
            upload.state = UploadState::Comparing { at, theirs: None, ours: None };
            upload.ask_sum(id, requests);
            let size = upload.size();
            return self.sum(id, size, requests);
        }
        let (stream, offset, theirs) = match reply.words {
            ReplyWords::Upload { stream, offset, sha256 } => (stream, offset, sha256),
            _ if reply.has(Code::Done) => return self.stop(id, UNREADABLE),
            _ => return self.stop(id, refusal(reply).as_str()),
        };
        if upload.cancelled || offset > upload.size() {
            let reason =
                if upload.cancelled { "cancelled" } else { "the server has more than there is" };
            requests.ask_abort(stream);
            return self.stop(id, reason);
        }
        upload.offset = offset;
        upload.sent = offset;
        upload.started = Instant::now();
        if let Some(theirs) = theirs.filter(|_| offset > 0 && requests.has_more()) {
            upload.state = UploadState::Checking { stream, theirs };
            return self.sum(id, offset, requests);
        }
        upload.state = UploadState::Sending { stream };
        None
    }

    /// Returns true if there is a chunk to write.
    pub fn has_chunk(&self) -> bool {
        self.uploads.values().any(Upload::is_sending)
    }

    /// Appends one chunk of the next upload in turn to `output`. After the last chunk the file is
    /// hashed.
    pub fn write_chunk(&mut self, output: &mut Vec<u8>, requests: &mut Requests) -> Option<Line> {
        let sending = |(id, upload): (&TransferId, &Upload)| upload.is_sending().then_some(*id);
        let later = self.uploads.iter().filter_map(sending).find(|id| *id > self.turn);
        let id = later.or_else(|| self.uploads.iter().find_map(sending))?;
        self.turn = id;
        let upload = self.uploads.get_mut(&id)?;
        let (UploadState::Sending { stream }, Some(file)) = (&upload.state, &upload.file) else {
            return None;
        };
        let stream = *stream;
        let left = file.size() - upload.sent;
        let length = left.min(CHUNK_BYTES_MAX as u64) as usize;
        if length == 0 {
            let size = file.size();
            upload.state = UploadState::Summing { stream };
            return self.sum(id, size, requests);
        }
        let begin = output.len();
        output.extend_from_slice(format!("F {stream} {length}\n").as_bytes());
        let header = output.len();
        output.resize(header + length, 0);
        let read = file.read(&mut output[header..], upload.sent).and_then(|()| file.is_same());
        if let Err(error) = read {
            output.truncate(begin);
            return self.fail(id, error, requests);
        }
        upload.sent += length as u64;
        None
    }

    /// Handles the server's confirmation that a complete file is on its disk, with its name or
    /// `@id`.
    pub fn taken(&mut self, stream: u32, at: &str, requests: &mut Requests) -> Option<Line> {
        let is_it = |upload: &Upload| matches!(upload.state, UploadState::Sent(_));
        let id = self.find(stream).filter(|id| self.uploads.get(id).is_some_and(is_it))?;
        let upload = self.uploads.get_mut(&id)?;
        let name = match (upload.goal, at.parse()) {
            (Goal::Shared, _) => upload.name.to_string(),
            (Goal::Chat(_), Ok(Source::Sent(id))) => Source::Sent(id).to_string(),
            (Goal::Chat(_), _) => return self.stop(id, UNREADABLE),
        };
        if let UploadState::Sent(Sent { at, .. }) = &mut upload.state {
            *at = Some(name);
        }
        self.settle(id, requests)
    }

    /// Handles the reply that says whether the server compares the checksum.
    pub fn expect_answered(
        &mut self,
        id: TransferId,
        reply: &FinalReply<'_>,
        requests: &mut Requests,
    ) -> Option<Line> {
        if let UploadState::Sent(Sent { compares, .. }) = &mut self.uploads.get_mut(&id)?.state {
            *compares = Some(reply.has(Code::Done));
        }
        self.settle(id, requests)
    }

    /// Ends an upload that the server has confirmed and compared, or requests the checksum to
    /// compare it here.
    fn settle(&mut self, id: TransferId, requests: &mut Requests) -> Option<Line> {
        let upload = self.uploads.get_mut(&id)?;
        let UploadState::Sent(Sent { at: Some(at), compares: Some(compares), sum, .. }) =
            &upload.state
        else {
            return None;
        };
        if *compares {
            let done = upload.success(at);
            self.uploads.remove(&id);
            return Some(Line::notice(done));
        }
        let (at, ours) = (at.clone(), Some(*sum));
        upload.state = UploadState::Comparing { at, theirs: None, ours };
        upload.ask_sum(id, requests);
        None
    }

    /// Handles the reply with the checksum of the server's file.
    pub fn compare_answered(&mut self, id: TransferId, reply: &FinalReply<'_>) -> Option<Line> {
        let ReplyWords::Sum { sha256, .. } = reply.words else {
            let why = safe!("it is there, but its SHA-256 was not compared: {}", refusal(reply));
            return self.stop(id, why);
        };
        if let UploadState::Comparing { theirs, .. } = &mut self.uploads.get_mut(&id)?.state {
            *theirs = Some(sha256);
        }
        self.compare(id)
    }

    fn compare(&mut self, id: TransferId) -> Option<Line> {
        let upload = self.uploads.get(&id)?;
        let UploadState::Comparing { at, theirs: Some(theirs), ours: Some(ours) } = &upload.state
        else {
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
        let text = upload.success(at);
        self.uploads.remove(&id);
        Some(Line::notice(text))
    }

    /// Handles a stream that the server aborts.
    pub fn aborted(&mut self, stream: u32, reason: &str) -> Option<Line> {
        let id = self.find(stream)?;
        self.stop(id, reason)
    }

    /// Cancels the uploads of this name; `None` for all. One that the server has confirmed can't be
    /// cancelled.
    pub fn cancel(&mut self, name: Option<&str>, requests: &mut Requests) -> Vec<Line> {
        let wanted = |(_, upload): &(&TransferId, &Upload)| upload.is_named(name);
        let ids: Vec<_> = self.uploads.iter().filter(wanted).map(|(id, _)| *id).collect();
        ids.into_iter().filter_map(|id| self.cancel_one(id, requests)).collect()
    }

    fn cancel_one(&mut self, id: TransferId, requests: &mut Requests) -> Option<Line> {
        let upload = self.uploads.get_mut(&id)?;
        match &upload.state {
            UploadState::Opening | UploadState::Asked => {
                upload.cancelled = true;
                None
            }
            // The server may have the complete file already; its reply tells.
            UploadState::Sent(Sent { stream, at: None, .. }) if !upload.cancelled => {
                // A number always fits into a line.
                if let Ok(line) = Outgoing::command(Verb::Abort, stream) {
                    requests.ask(Asked::AbortUpload(id), line);
                    upload.cancelled = true;
                }
                None
            }
            UploadState::Waiting
            | UploadState::Checking { .. }
            | UploadState::Sending { .. }
            | UploadState::Summing { .. } => self.fail(id, "cancelled", requests),
            UploadState::Sent(_) | UploadState::Comparing { .. } => None,
        }
    }

    /// Handles the reply to the abortion of an upload whose end was sent: it is dropped, or
    /// complete.
    pub fn abort_answered(&mut self, id: TransferId, reply: &FinalReply<'_>) -> Option<Line> {
        let upload = self.uploads.get_mut(&id)?;
        if reply.has(Code::Done) {
            return self.stop(id, "cancelled");
        }
        upload.cancelled = false;
        None
    }

    /// Makes the uploads wait for the next connection. A file whose end was sent to a chat is given
    /// up: it may have been delivered, and sent again it could be delivered twice.
    pub fn disconnected(&mut self) -> Vec<Line> {
        self.online = false;
        let unknown: Vec<_> = self
            .uploads
            .iter_mut()
            .filter_map(|(id, upload)| upload.disconnected().err().map(|target| (*id, target)))
            .collect();
        let tell = |(id, target)| {
            let why = safe!("the connection broke at its end; /history {target} tells if it came");
            self.stop(id, why)
        };
        unknown.into_iter().filter_map(tell).collect()
    }

    /// Continues the uploads on a new connection.
    pub fn reconnected(&mut self, requests: &mut Requests) {
        self.online = true;
        for (id, upload) in &mut self.uploads {
            match &upload.state {
                UploadState::Waiting => upload.ask(*id, requests),
                UploadState::Comparing { theirs: None, .. } => upload.ask_sum(*id, requests),
                _ => {}
            }
        }
    }

    /// Ends all uploads.
    pub fn end(&mut self, reason: &str) -> Vec<Line> {
        let ids: Vec<_> = self.uploads.keys().copied().collect();
        ids.into_iter().filter_map(|id| self.stop(id, reason)).collect()
    }

    fn find(&self, stream: u32) -> Option<TransferId> {
        let is_it = |upload: &Upload| upload.stream() == Some(stream);
        self.uploads.iter().find(|(_, upload)| is_it(upload)).map(|(id, _)| *id)
    }

    /// Ends an upload, and aborts its stream if there is one.
    fn fail(
        &mut self,
        id: TransferId,
        reason: impl std::fmt::Display,
        requests: &mut Requests,
    ) -> Option<Line> {
        let stream = self.uploads.get(&id)?.stream();
        stream.into_iter().for_each(|stream| requests.ask_abort(stream));
        self.stop(id, reason)
    }

    fn stop(&mut self, id: TransferId, reason: impl std::fmt::Display) -> Option<Line> {
        let upload = self.uploads.remove(&id)?;
        Some(Line::error(safe!("{}: {reason}", upload.name)))
    }
}

impl AsFd for Uploads {
    /// A descriptor that is readable when [`Uploads::jobs_done`] has something to do.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.jobs.as_fd()
    }
}
