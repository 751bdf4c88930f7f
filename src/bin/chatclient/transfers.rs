//! Downloads: each goes from the part file over the server's chunks and its checksum to a file with
//! its name.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use chatsrv::protocol::name::FileName;
use chatsrv::protocol::reply::{Code, ServerLine};
use chatsrv::protocol::verb::Verb;
use sha2::{Digest, Sha256};

use crate::clock;
use crate::jobs::Jobs;
use crate::line::Line;
use crate::part_file::{PartError, PartFile, local_name};
use crate::safe_text::{SafeText, safe};
use crate::session::{Asked, Session};
use crate::wire::Outgoing;

/// The most downloads that run at a time.
const TRANSFERS_MAX: usize = 16;

/// Tells the downloads of this client apart; no number comes twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TransferId(u32);

/// Where a download goes.
#[derive(Clone, Debug)]
pub enum Place {
    /// A file of this name in this folder.
    File(PathBuf, String),
    /// Standard output.
    Output,
}

impl Place {
    /// The current folder, under the last part of the server's name.
    pub fn here(name: &FileName) -> Self {
        Place::File(PathBuf::from("."), local_name(name))
    }
}

/// How far a download is.
#[derive(Clone, Debug)]
pub struct Progress {
    /// Under which name it is known.
    pub name: SafeText,
    /// How many bytes are here.
    pub received: u64,
    /// How many there will be.
    pub size: u64,
    /// Bytes a second, since it began.
    pub rate: u64,
}

impl Progress {
    /// `name 45% 12 MiB/s 0:04`.
    pub fn text(&self) -> SafeText {
        let percent = (self.received * 100).checked_div(self.size).unwrap_or(100);
        let mut text = safe!("{} {percent}% {}/s", self.name, clock::size(self.rate));
        if let Some(left) = (self.size - self.received.min(self.size)).checked_div(self.rate) {
            // Writing to a SafeText does not fail.
            let _ = write!(text, " {}", clock::duration(Duration::from_secs(left)));
        }
        text
    }
}

/// Where the bytes go.
#[derive(Debug)]
enum Sink {
    Part(PartFile),
    Output(io::Stdout),
}

#[derive(Debug)]
enum State {
    /// The part file is being opened.
    Preparing,
    /// The server was asked for the file.
    Asked(Sink),
    /// The chunks arrive.
    Running { stream: u32, sink: Sink },
    /// The server was asked for the checksum.
    Comparing(Sink),
    /// The file is being written to disk and renamed.
    Saving,
}

#[derive(Debug)]
struct Download {
    name: FileName,
    place: Place,
    state: State,
    /// Whether it is over as soon as it can be.
    cancelled: bool,
    hash: Sha256,
    /// How many bytes were here before.
    offset: u64,
    received: u64,
    size: u64,
    started: Instant,
    /// What is said beside the success.
    remark: SafeText,
}

/// What a thread did for a download.
enum Outcome {
    Prepared(TransferId, Result<(PartFile, Sha256), PartError>),
    Saved(TransferId, Result<(), PartError>),
}

/// All downloads.
pub struct Transfers {
    downloads: BTreeMap<TransferId, Download>,
    last: u32,
    jobs: Jobs<Outcome>,
}

impl Transfers {
    /// Without any yet.
    ///
    /// # Errors
    /// Where the process has no file descriptor left.
    pub fn new() -> io::Result<Self> {
        Ok(Transfers { downloads: BTreeMap::new(), last: 0, jobs: Jobs::new()? })
    }

    /// Whether there is none.
    pub fn is_idle(&self) -> bool {
        self.downloads.is_empty()
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.downloads.len()
    }

    /// Whether one of this name, or any, is under way.
    pub fn has(&self, name: Option<&FileName>) -> bool {
        self.downloads.values().any(|download| name.is_none_or(|name| *name == download.name))
    }

    /// How far those are whose bytes arrive.
    pub fn progress(&self, now: Instant) -> Vec<Progress> {
        let running = |download: &&Download| matches!(download.state, State::Running { .. });
        let progress = |download: &Download| {
            let elapsed = now.saturating_duration_since(download.started).as_secs_f64().max(0.05);
            Progress {
                name: SafeText::new(local_name(&download.name)),
                received: download.received,
                size: download.size,
                rate: ((download.received - download.offset) as f64 / elapsed) as u64,
            }
        };
        self.downloads.values().filter(running).map(progress).collect()
    }

    /// Begins one.
    ///
    /// # Errors
    /// Text for people where it can't be.
    pub fn start(
        &mut self,
        name: FileName,
        place: Place,
        session: &mut Session,
    ) -> Result<(), SafeText> {
        if self.downloads.len() == TRANSFERS_MAX {
            return Err(safe!("{TRANSFERS_MAX} downloads are under way, no more at a time"));
        }
        self.last += 1;
        let id = TransferId(self.last);
        let mut download = Download {
            name,
            place,
            state: State::Preparing,
            cancelled: false,
            hash: Sha256::new(),
            offset: 0,
            received: 0,
            size: 0,
            started: Instant::now(),
            remark: SafeText::default(),
        };
        match download.place.clone() {
            Place::Output => download.ask(id, Sink::Output(io::stdout()), session),
            Place::File(folder, name) => self
                .jobs
                .spawn(move || Outcome::Prepared(id, PartFile::open(&folder, &name)))
                .map_err(SafeText::new)?,
        }
        self.downloads.insert(id, download);
        Ok(())
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
                download.ask(id, Sink::Part(part), session);
                None
            }
            Outcome::Prepared(id, Err(error)) => self.drop_download(id, None, error),
            Outcome::Saved(id, Ok(())) => {
                let download = self.downloads.remove(&id)?;
                Some(Line::notice(download.success()))
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
        if line.code != Code::Done as u16 {
            return self.drop_download(id, Some(sink), refusal(line));
        }
        let mut words = line.rest.splitn(3, ' ');
        let mut word = || words.next().unwrap_or_default();
        let (Ok(stream), Ok(size)) = (word().parse(), word().parse::<u64>()) else {
            return self.drop_download(id, Some(sink), "the server's answer can't be read");
        };
        if download.cancelled {
            abort(stream, session);
            return self.drop_download(id, Some(sink), "cancelled");
        }
        download.size = size;
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
            _ if download.received > download.size => Err(io::Error::other("it is too long")),
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
        if download.received != download.size {
            return self.stop(id, "it is shorter than the server said");
        }
        match std::mem::replace(&mut download.state, State::Preparing) {
            State::Running { sink, .. } => download.state = State::Comparing(sink),
            other => download.state = other,
        }
        match Outgoing::command(Verb::Sum, &download.name) {
            Ok(line) => session.ask(Asked::Compare(id), line),
            Err(error) => return self.stop(id, error),
        }
        None
    }

    /// The server tells the checksum.
    pub fn compare_answered(&mut self, id: TransferId, line: &ServerLine<'_>) -> Option<Line> {
        let download = self.downloads.get_mut(&id)?;
        let State::Comparing(sink) = std::mem::replace(&mut download.state, State::Saving) else {
            return None;
        };
        if line.code == Code::Done as u16 {
            let ours = download.hash.clone().finalize();
            let ours = ours.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
            if line.rest.split(' ').next() != Some(&ours) {
                return self.differs(id, sink);
            }
            download.remark = safe!("SHA-256 matches");
        } else {
            download.remark = safe!("SHA-256 not compared: {}", refusal(line));
        }
        match sink {
            Sink::Part(part) => {
                let saved = self.jobs.spawn(move || Outcome::Saved(id, part.finish()));
                saved.err().and_then(|error| self.drop_download(id, None, error))
            }
            Sink::Output(mut output) => match output.flush() {
                Ok(()) => self.downloads.remove(&id).map(|done| Line::notice(done.success())),
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
    pub fn cancel(&mut self, name: Option<&FileName>, session: &mut Session) -> Vec<Line> {
        let wanted = |download: &Download| name.is_none_or(|name| *name == download.name);
        let ids: Vec<TransferId> =
            self.downloads.iter().filter(|(_, d)| wanted(d)).map(|(id, _)| *id).collect();
        ids.into_iter().filter_map(|id| self.cancel_one(id, session)).collect()
    }

    fn cancel_one(&mut self, id: TransferId, session: &mut Session) -> Option<Line> {
        let download = self.downloads.get_mut(&id)?;
        match download.state {
            State::Preparing | State::Asked(_) => {
                download.cancelled = true;
                None
            }
            State::Running { stream, .. } => {
                abort(stream, session);
                self.stop(id, "cancelled")
            }
            State::Comparing(_) => self.stop(id, "cancelled"),
            State::Saving => None,
        }
    }

    /// The connection is gone, and with it every download but those that are being saved.
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
    fn stop(&mut self, id: TransferId, reason: impl std::fmt::Display) -> Option<Line> {
        let download = self.downloads.get_mut(&id)?;
        let sink = match std::mem::replace(&mut download.state, State::Preparing) {
            State::Asked(sink) | State::Running { sink, .. } | State::Comparing(sink) => Some(sink),
            State::Preparing | State::Saving => None,
        };
        self.drop_download(id, sink, reason)
    }

    fn drop_download(
        &mut self,
        id: TransferId,
        sink: Option<Sink>,
        reason: impl std::fmt::Display,
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
            Ok(()) if download.received > 0 && matches!(download.place, Place::File(..)) => {
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

impl AsFd for Transfers {
    /// Readable when [`Transfers::jobs_done`] has something to do.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.jobs.as_fd()
    }
}

impl Download {
    fn ask(&mut self, id: TransferId, sink: Sink, session: &mut Session) {
        self.state = State::Asked(sink);
        // A file name and a number always fit into a line and hold no control characters.
        if let Ok(line) =
            Outgoing::command(Verb::Get, format_args!("{} {}", self.offset, self.name))
        {
            session.ask(Asked::Get(id), line);
        }
    }

    fn success(&self) -> SafeText {
        let size = clock::size(self.size);
        match &self.place {
            Place::File(_, name) => safe!("{name} is here: {size}, {}", self.remark),
            Place::Output => safe!("{}: {size}, {}", self.name, self.remark),
        }
    }
}

fn abort(stream: u32, session: &mut Session) {
    // A number always fits into a line.
    if let Ok(line) = Outgoing::command(Verb::Abort, stream) {
        session.ask(Asked::Abort, line);
    }
}

/// What a refusal says to people. A 550 repeats the file's name, which the reader knows.
fn refusal(line: &ServerLine<'_>) -> String {
    match line.code {
        code if code == Code::NotFound as u16 => "no such file".to_string(),
        code if code == Code::BadParameters as u16 => {
            format!("{} (is the .part here longer than the file?)", line.rest)
        }
        _ => line.rest.to_string(),
    }
}
