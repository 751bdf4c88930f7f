//! Downloads: each goes from the part file over the server's chunks and its checksum to a file with
//! its name. Of a file that was sent in a chat the checksum is asked for first.

use std::collections::BTreeMap;
use std::fmt;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Instant;

use chatsrv::protocol::reply::{MessageId, ServerLine};
use sha2::{Digest, Sha256};

use super::download::{Download, Place, Sink, Source, State, refusal};
use super::{Progress, TRANSFERS_MAX, TransferId, abort, hex, is_done};
use crate::clock;
use crate::jobs::Jobs;
use crate::line::Line;
use crate::part_file::{PartError, PartFile, local_name, received_name};
use crate::safe_text::{SafeText, safe};
use crate::session::Session;

/// What a thread did for a download.
enum Outcome {
    Prepared(TransferId, Result<(PartFile, Sha256), PartError>),
    Saved(TransferId, Result<String, PartError>),
}

/// How many names of files that were sent are remembered.
const NAMES_MAX: usize = 1024;

/// All downloads.
pub struct Downloads {
    downloads: BTreeMap<TransferId, Download>,
    last: u32,
    online: bool,
    /// The names of files that were sent, by their messages: the server may not tell them again.
    names: BTreeMap<MessageId, String>,
    jobs: Jobs<Outcome>,
}

impl Downloads {
    /// Without any yet.
    ///
    /// # Errors
    /// Where the process has no file descriptor left.
    pub fn new() -> io::Result<Self> {
        let (downloads, names) = (BTreeMap::new(), BTreeMap::new());
        Ok(Downloads { downloads, last: 0, online: true, names, jobs: Jobs::new()? })
    }

    /// A file was sent under this name.
    pub fn remember(&mut self, id: MessageId, name: &str) {
        self.names.insert(id, name.to_string());
        if self.names.len() > NAMES_MAX {
            self.names.pop_first();
        }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.downloads.len()
    }

    /// Whether the server is to send bytes.
    pub fn is_running(&self) -> bool {
        self.downloads.values().any(|download| matches!(download.state, State::Running { .. }))
    }

    /// Whether one of this name, or any, is under way.
    pub fn has(&self, name: Option<&str>) -> bool {
        self.downloads.values().any(|download| download.is_named(name))
    }

    /// How far those are whose bytes arrive.
    pub fn progress(&self, now: Instant) -> Vec<Progress> {
        let running = |download: &&Download| matches!(download.state, State::Running { .. });
        let progress = |download: &Download| {
            let bytes = (download.offset, download.received, download.size.unwrap_or(0));
            let elapsed = now.saturating_duration_since(download.started);
            Progress::new(SafeText::new(&download.name), bytes, elapsed)
        };
        self.downloads.values().filter(running).map(progress).collect()
    }

    /// Begins one.
    ///
    /// # Errors
    /// Text for people where it can't be.
    pub fn start(
        &mut self,
        source: Source,
        place: Place,
        session: &mut Session,
    ) -> Result<(), SafeText> {
        if self.downloads.len() == TRANSFERS_MAX {
            return Err(safe!("{TRANSFERS_MAX} downloads are under way, no more at a time"));
        }
        self.last += 1;
        let id = TransferId(self.last);
        let mut download = Download::new(source, place);
        match (&download.place, &download.source) {
            (Place::Output, _) => download.ask(id, Sink::Output(io::stdout()), session),
            (Place::Folder(_), Source::Sent(_)) => download.ask_name(id, session),
            (Place::Folder(folder), Source::Shared(name)) => {
                let (folder, name) = (folder.clone(), local_name(name));
                self.prepare(id, move || PartFile::open(&folder, &name))?;
            }
            (Place::File(folder, name), _) => {
                let (folder, name) = (folder.clone(), name.clone());
                self.prepare(id, move || PartFile::open(&folder, &name))?;
            }
        }
        self.downloads.insert(id, download);
        Ok(())
    }

    fn prepare(
        &self,
        id: TransferId,
        open: impl FnOnce() -> Result<(PartFile, Sha256), PartError> + Send + 'static,
    ) -> Result<(), SafeText> {
        self.jobs.spawn(move || Outcome::Prepared(id, open())).map_err(SafeText::new)
    }

    /// The server says what a file is that was sent: `sha256 size name`.
    pub fn named(&mut self, id: TransferId, line: &ServerLine<'_>) -> Option<Line> {
        let download = self.downloads.get_mut(&id)?;
        let mut words = line.rest.splitn(3, ' ');
        let (hash, _size, name) = (words.next(), words.next(), words.next());
        let reason = match (&download.source, &download.place, hash, name) {
            _ if !is_done(line) => refusal(line),
            _ if download.cancelled => "cancelled".to_string(),
            (Source::Sent(sent), Place::Folder(folder), Some(hash), Some(name)) => {
                let known = self.names.get(sent).map_or(name, String::as_str);
                let (sent, folder, name) = (*sent, folder.clone(), received_name(known));
                download.name.clone_from(&name);
                download.expected = Some(hash.to_string());
                download.state = State::Preparing;
                let open = move || PartFile::open_sent(&folder, &name, sent);
                let refused = self.prepare(id, open).err()?;
                return self.drop_download(id, None, refused);
            }
            _ => "the server's answer can't be read".to_string(),
        };
        self.drop_download(id, None, reason)
    }

    /// Goes on with what the threads have done.
    pub fn jobs_done(&mut self, session: &mut Session) -> Vec<Line> {
        let outcomes = self.jobs.take();
        outcomes.into_iter().filter_map(|outcome| self.job_done(outcome, session)).collect()
    }

    fn job_done(&mut self, outcome: Outcome, session: &mut Session) -> Option<Line> {
        match outcome {
            Outcome::Prepared(id, Ok((part, hash))) => {
                let download = self.downloads.get_mut(&id)?;
                if download.cancelled {
                    return self.drop_download(id, Some(Sink::Part(part)), "cancelled");
                }
                download.hash = hash;
                download.offset = part.kept();
                download.received = part.kept();
                if self.online {
                    download.ask(id, Sink::Part(part), session);
                } else {
                    download.state = State::Waiting(Sink::Part(part));
                }
                None
            }
            Outcome::Prepared(id, Err(error)) => self.drop_download(id, None, error),
            Outcome::Saved(id, Ok(name)) => {
                let download = self.downloads.remove(&id)?;
                Some(Line::notice(download.success(&name)))
            }
            Outcome::Saved(id, Err(error @ PartError::MayVanish(..))) => {
                let download = self.downloads.remove(&id)?;
                Some(Line::error(safe!("{}: {error}", download.name)))
            }
            Outcome::Saved(id, Err(error)) => {
                self.drop_download(id, None, format_args!("it stays NAME.part: {error}"))
            }
        }
    }

    /// The server answers the request for the file.
    pub fn get_answered(
        &mut self,
        id: TransferId,
        line: &ServerLine<'_>,
        session: &mut Session,
    ) -> Option<Line> {
        let download = self.downloads.get_mut(&id)?;
        let State::Asked(sink) = std::mem::replace(&mut download.state, State::Preparing) else {
            return None;
        };
        if !is_done(line) {
            return self.drop_download(id, Some(sink), refusal(line));
        }
        let mut words = line.rest.splitn(3, ' ');
        let mut word = || words.next().unwrap_or_default();
        let (Ok(stream), Ok(size)) = (word().parse(), word().parse::<u64>()) else {
            return self.drop_download(id, Some(sink), "the server's answer can't be read");
        };
        let is_another = download.size.is_some_and(|known| known != size);
        if download.cancelled || is_another {
            let reason =
                if is_another { "it has another size than before there" } else { "cancelled" };
            abort(stream, session);
            return self.drop_download(id, Some(sink), reason);
        }
        download.size = Some(size);
        download.started = Instant::now();
        download.state = State::Running { stream, sink };
        None
    }

    /// Bytes arrive. Those of a stream that is over are dropped.
    pub fn chunk(&mut self, stream: u32, bytes: &[u8], session: &mut Session) -> Option<Line> {
        let id = self.find(stream)?;
        let download = self.downloads.get_mut(&id)?;
        download.received += bytes.len() as u64;
        let written = match &mut download.state {
            _ if Some(download.received) > download.size => Err(io::Error::other("it is too long")),
            State::Running { sink: Sink::Part(part), .. } => part.write(bytes),
            State::Running { sink: Sink::Output(output), .. } => output.write_all(bytes),
            _ => return None,
        };
        match written {
            Ok(()) => {
                download.hash.update(bytes);
                None
            }
            // Whoever read standard output has seen enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                abort(stream, session);
                self.downloads.remove(&id);
                None
            }
            Err(error) => {
                abort(stream, session);
                self.stop(id, error)
            }
        }
    }

    /// The last byte has arrived.
    pub fn complete(&mut self, stream: u32, session: &mut Session) -> Option<Line> {
        let id = self.find(stream)?;
        let download = self.downloads.get_mut(&id)?;
        if Some(download.received) != download.size {
            return self.stop(id, "it is shorter than the server said");
        }
        let State::Running { sink, .. } = std::mem::replace(&mut download.state, State::Preparing)
        else {
            return None;
        };
        download.state = State::Comparing(sink);
        match download.expected.take() {
            Some(expected) => self.compare(id, Ok(&expected)),
            None => {
                download.ask_sum(id, session);
                None
            }
        }
    }

    /// The server tells the checksum.
    pub fn compare_answered(&mut self, id: TransferId, line: &ServerLine<'_>) -> Option<Line> {
        match is_done(line) {
            true => self.compare(id, Ok(line.rest.split(' ').next().unwrap_or_default())),
            false => self.compare(id, Err(refusal(line))),
        }
    }

    /// Compares the checksum with the server's, or says why it has none, and saves the file.
    fn compare(&mut self, id: TransferId, expected: Result<&str, String>) -> Option<Line> {
        let download = self.downloads.get_mut(&id)?;
        let State::Comparing(sink) = std::mem::replace(&mut download.state, State::Saving) else {
            return None;
        };
        download.remark = match expected {
            Ok(expected) if expected != hex(download.hash.clone()) => {
                return self.differs(id, sink);
            }
            Ok(_) => safe!("SHA-256 matches"),
            Err(why) => safe!("SHA-256 not compared: {why}"),
        };
        match sink {
            Sink::Part(part) => {
                let saved = self.jobs.spawn(move || Outcome::Saved(id, part.finish()));
                saved.err().and_then(|error| self.drop_download(id, None, error))
            }
            Sink::Output(mut output) => match output.flush() {
                Ok(()) => {
                    let done = self.downloads.remove(&id)?;
                    Some(Line::notice(done.success(&done.name)))
                }
                Err(error) => self.drop_download(id, None, error),
            },
        }
    }

    /// The server ends a stream early.
    pub fn aborted(&mut self, stream: u32, reason: &str) -> Option<Line> {
        let id = self.find(stream)?;
        self.stop(id, reason)
    }

    /// Cancels the downloads of this name, or all. What is being saved can't be stopped any more.
    pub fn cancel(&mut self, name: Option<&str>, session: &mut Session) -> Vec<Line> {
        let wanted = |download: &Download| download.is_named(name);
        let ids: Vec<TransferId> =
            self.downloads.iter().filter(|(_, d)| wanted(d)).map(|(id, _)| *id).collect();
        ids.into_iter().filter_map(|id| self.cancel_one(id, session)).collect()
    }

    fn cancel_one(&mut self, id: TransferId, session: &mut Session) -> Option<Line> {
        let download = self.downloads.get_mut(&id)?;
        match download.state {
            State::Naming | State::Preparing | State::Asked(_) => {
                download.cancelled = true;
                None
            }
            State::Running { stream, .. } => {
                abort(stream, session);
                self.stop(id, "cancelled")
            }
            State::Waiting(_) | State::Comparing(_) => self.stop(id, "cancelled"),
            State::Saving => None,
        }
    }

    /// The connection is gone: what is under way waits for the next one.
    pub fn disconnected(&mut self) {
        self.online = false;
        for download in self.downloads.values_mut() {
            download.state = match std::mem::replace(&mut download.state, State::Preparing) {
                State::Asked(sink) | State::Running { sink, .. } | State::Comparing(sink) => {
                    State::Waiting(sink)
                }
                state => state,
            };
        }
    }

    /// The connection is back.
    pub fn reconnected(&mut self, session: &mut Session) -> Vec<Line> {
        self.online = true;
        let mut cancelled = Vec::new();
        for (id, download) in &mut self.downloads {
            match std::mem::replace(&mut download.state, State::Preparing) {
                State::Waiting(sink) if download.cancelled => {
                    download.state = State::Waiting(sink);
                    cancelled.push(*id);
                }
                State::Waiting(sink) => download.go_on(*id, sink, session),
                State::Naming => download.ask_name(*id, session),
                state => download.state = state,
            }
        }
        cancelled.into_iter().filter_map(|id| self.stop(id, "cancelled")).collect()
    }

    /// The client ends, and with it every download but those that are being saved.
    pub fn end(&mut self, reason: &str) -> Vec<Line> {
        let ids: Vec<TransferId> = self.downloads.keys().copied().collect();
        let mut lines = Vec::new();
        for id in ids {
            match self.downloads.get_mut(&id).map(|download| &download.state) {
                Some(State::Saving) => {}
                _ => lines.extend(self.stop(id, reason)),
            }
        }
        lines
    }

    fn find(&self, stream: u32) -> Option<TransferId> {
        let is_it =
            |state: &State| matches!(state, State::Running { stream: of, .. } if *of == stream);
        self.downloads.iter().find(|(_, download)| is_it(&download.state)).map(|(id, _)| *id)
    }

    /// Ends a download; what came stays for the next try.
    fn stop(&mut self, id: TransferId, reason: impl fmt::Display) -> Option<Line> {
        let download = self.downloads.get_mut(&id)?;
        let sink = match std::mem::replace(&mut download.state, State::Preparing) {
            State::Waiting(sink)
            | State::Asked(sink)
            | State::Running { sink, .. }
            | State::Comparing(sink) => Some(sink),
            State::Naming | State::Preparing | State::Saving => None,
        };
        self.drop_download(id, sink, reason)
    }

    fn drop_download(
        &mut self,
        id: TransferId,
        sink: Option<Sink>,
        reason: impl fmt::Display,
    ) -> Option<Line> {
        let download = self.downloads.remove(&id)?;
        let mut text = safe!("{}: {reason}", download.name);
        let kept = match sink {
            Some(Sink::Part(part)) => part.keep(),
            _ => Ok(()),
        };
        // Writing to a SafeText does not fail.
        let _ = match kept {
            Err(error) => write!(text, "; its .part is not in order: {error}"),
            Ok(()) if download.received > 0 && !matches!(download.place, Place::Output) => {
                write!(text, "; /get goes on from {}", clock::size(download.received))
            }
            Ok(()) => Ok(()),
        };
        Some(Line::error(text))
    }

    /// The checksum is another one than the server's: what came is no use.
    fn differs(&mut self, id: TransferId, sink: Sink) -> Option<Line> {
        let download = self.downloads.remove(&id)?;
        let discarded = match sink {
            Sink::Part(part) if part.kept() > 0 => part
                .discard()
                .map(|()| "; the .part that was here before is as it was: remove it to begin anew"),
            Sink::Part(part) => part.discard().map(|()| "; what came was removed"),
            Sink::Output(_) => Ok(""),
        };
        let remark = discarded.unwrap_or("; its .part can't be put in order");
        Some(Line::error(safe!("{}: the SHA-256 is not the server's{remark}", download.name)))
    }
}

impl AsFd for Downloads {
    /// Readable when [`Downloads::jobs_done`] has something to do.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.jobs.as_fd()
    }
}
