//! One download: its source, its place on this machine, and its state.

use std::fmt::{self, Write as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Instant;

use chatsrv::chat::id::MessageId;
use chatsrv::chat::name::{FileName, InvalidName};
use chatsrv::chat::sha256::Sha256Sum;
use chatsrv::display::clock;
use chatsrv::display::line::Line;
use chatsrv::display::refusal;
use chatsrv::display::safe_text::{SafeText, safe};
use chatsrv::protocol::native::code::Code;
use chatsrv::protocol::native::outgoing::Outgoing;
use chatsrv::protocol::native::read::FinalReply;
use chatsrv::protocol::native::verb::Verb;
use sha2::{Digest, Sha256};

use super::part_file::{PartFile, local_name, received_name};
use super::sink::Sink;
use super::transfer::TransferId;
use crate::requests::{Asked, Requests};

/// The source of a download.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The server's shared folder.
    Shared(FileName),
    /// A chat, in which the file was sent as this message.
    Sent(MessageId),
}

impl FromStr for Source {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        match text.strip_prefix('@').map(str::parse) {
            Some(Ok(id)) => Ok(Source::Sent(MessageId(id))),
            _ => text.parse().map(Source::Shared),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Shared(name) => name.fmt(f),
            Source::Sent(id) => write!(f, "@{id}"),
        }
    }
}

/// The place on this machine to which a download goes.
#[derive(Clone, Debug)]
pub enum Place {
    /// A folder, in which the file gets the name that it has on the server.
    Folder(PathBuf),
    /// A folder and the name of the file in it.
    File(PathBuf, String),
    /// Standard output.
    Output,
    /// A device or a named pipe.
    Device(PathBuf),
}

impl Place {
    /// Returns true if the bytes are written there as they arrive, without a part file.
    pub fn is_output(&self) -> bool {
        matches!(self, Place::Output | Place::Device(_))
    }
}

#[derive(Debug)]
pub(super) enum DownloadState {
    /// The name and the checksum of the file were requested.
    Naming,
    /// The part file is being opened.
    Preparing,
    /// The client is offline.
    Waiting(Sink),
    /// The file was requested.
    Asked(Sink),
    /// The chunks arrive.
    Running { stream: u32, sink: Sink },
    /// The checksum was requested.
    Comparing(Sink),
    /// The file is being written to disk and renamed.
    Saving,
}

#[derive(Debug)]
pub(super) struct Download {
    pub source: Source,
    /// The name that is shown.
    pub name: String,
    pub place: Place,
    pub state: DownloadState,
    /// True if it was cancelled, and ends as soon as possible.
    pub cancelled: bool,
    /// True if the bytes here came by more than one request. The file on the server may have been a
    /// different one each time.
    pub joined: bool,
    /// True if it was begun anew once.
    pub anew: bool,
    pub hash: Sha256,
    /// The checksum that the server gave before the file was requested.
    pub expected: Option<Sha256Sum>,
    /// The number of bytes that were here before the current request.
    pub offset: u64,
    pub received: u64,
    /// The size in bytes; `None` before the server has given it.
    pub size: Option<u64>,
    pub started: Instant,
    /// A remark about the checksum, shown with the success.
    pub remark: SafeText,
}

impl Download {
    /// Creates a download for which nothing was done yet.
    pub fn new(source: Source, place: Place) -> Self {
        Download {
            name: source.to_string(),
            source,
            place,
            state: DownloadState::Preparing,
            cancelled: false,
            joined: false,
            anew: false,
            hash: Sha256::new(),
            expected: None,
            offset: 0,
            received: 0,
            size: None,
            started: Instant::now(),
            remark: SafeText::default(),
        }
    }

    /// Takes the state, which is to be replaced.
    pub fn take_state(&mut self) -> DownloadState {
        std::mem::replace(&mut self.state, DownloadState::Preparing)
    }

    /// Takes the sink of its bytes; `None` if there is none or a job has it.
    pub fn take_sink(&mut self) -> Option<Sink> {
        match self.take_state() {
            DownloadState::Waiting(sink)
            | DownloadState::Asked(sink)
            | DownloadState::Running { sink, .. }
            | DownloadState::Comparing(sink) => Some(sink),
            DownloadState::Naming | DownloadState::Preparing | DownloadState::Saving => None,
        }
    }

    /// The stream on which it arrives, if it does.
    pub fn stream(&self) -> Option<u32> {
        match self.state {
            DownloadState::Running { stream, .. } => Some(stream),
            _ => None,
        }
    }

    /// Returns true if `name` is its name or its source, or `None`.
    pub fn is_named(&self, name: Option<&str>) -> bool {
        name.is_none_or(|name| name == self.name || name == self.source.to_string())
    }

    /// Returns true if the bytes here can be dropped and the whole file requested once more.
    pub fn can_begin_anew(&self, sink: &Sink) -> bool {
        self.joined && !self.anew && matches!(sink, Sink::Part(_))
    }

    /// Puts the part file aside and begins with an empty one. Returns the reason, for people.
    ///
    /// # Errors
    /// A message for people, if it can't be put aside.
    pub fn begin_anew(&mut self, part: &mut PartFile) -> Result<SafeText, SafeText> {
        let why = match part.begin_anew() {
            Ok(Some(old)) => safe!("the .part that was here is of another file, and is {old} now"),
            Ok(None) => safe!("what came is of another file than is there now"),
            Err(error) => return Err(safe!("its .part can't be put aside: {error}")),
        };
        (self.joined, self.anew) = (false, true);
        self.hash = Sha256::new();
        (self.received, self.size) = (0, None);
        Ok(why)
    }

    /// The SHA-256 of the bytes received.
    pub fn sum(&self) -> Sha256Sum {
        Sha256Sum(self.hash.clone().finalize().into())
    }

    /// Ends it and discards the bytes received, which are of no use. Returns the line to show.
    pub fn discard(self, sink: Sink, why: &str) -> Line {
        let discarded = match sink {
            Sink::Part(part) => part.discard().map(|()| "; what came was removed"),
            Sink::Output(_) => Ok(""),
        };
        let remark = discarded.unwrap_or("; its .part can't be put in order");
        Line::error(safe!("{}: {why}{remark}", self.name))
    }

    /// Ends it and keeps the bytes received for the next attempt. Returns the line to show.
    pub fn give_up(self, sink: Option<Sink>, reason: impl fmt::Display) -> Line {
        let mut text = safe!("{}: {reason}", self.name);
        let kept = match sink {
            Some(Sink::Part(part)) => part.keep(),
            _ => Ok(()),
        };
        // Writing to a SafeText does not fail.
        let _ = match kept {
            Err(error) => write!(text, "; its .part is not in order: {error}"),
            Ok(()) if self.received > 0 && !self.place.is_output() => {
                write!(text, "; /get goes on from {}", clock::size(self.received))
            }
            Ok(()) => Ok(()),
        };
        Line::error(text)
    }

    /// The path to which it goes, for people.
    pub fn here(&self) -> SafeText {
        let join = |folder: &Path, name: &str| match folder.as_os_str() == "." {
            true => SafeText::new(name),
            false => safe!("{}", folder.join(name).display()),
        };
        match (&self.place, &self.source) {
            (Place::Folder(folder), Source::Shared(name)) => join(folder, &local_name(name)),
            (Place::Folder(folder), Source::Sent(_)) => join(folder, &received_name(&self.name)),
            (Place::File(folder, name), _) => join(folder, name),
            (Place::Output, _) => safe!("standard output"),
            (Place::Device(path), _) => safe!("{}", path.display()),
        }
    }

    /// Requests the name and the checksum of the file.
    pub fn ask_name(&mut self, id: TransferId, requests: &mut Requests) {
        self.state = DownloadState::Naming;
        // A file name and a number always fit into a line and hold no control characters.
        if let Ok(line) = Outgoing::command(Verb::Sum, &self.source) {
            requests.ask(Asked::NameOf(id), line);
        }
    }

    /// Requests the file from the first missing byte on.
    pub fn ask(&mut self, id: TransferId, sink: Sink, requests: &mut Requests) {
        self.offset = self.received;
        self.joined |= self.offset > 0;
        self.state = DownloadState::Asked(sink);
        let words = format!("{} {}", self.offset, self.source);
        if let Ok(line) = Outgoing::command(Verb::Get, words) {
            requests.ask(Asked::Get(id), line);
        }
    }

    /// Requests the checksum.
    pub fn ask_sum(&self, id: TransferId, requests: &mut Requests) {
        if let Ok(line) = Outgoing::command(Verb::Sum, &self.source) {
            requests.ask(Asked::Compare(id), line);
        }
    }

    /// Continues on a new connection.
    pub fn go_on(&mut self, id: TransferId, sink: Sink, requests: &mut Requests) {
        if self.size == Some(self.received) && self.expected.is_none() {
            // The file on the server may be a different one by now.
            self.joined = true;
            self.state = DownloadState::Comparing(sink);
            return self.ask_sum(id, requests);
        }
        self.ask(id, sink, requests);
    }

    /// The text to show after success.
    pub fn success(&self, name: &str) -> SafeText {
        let size = clock::size(self.size.unwrap_or(0));
        match &self.place {
            Place::Folder(folder) if folder.as_os_str() != "." => {
                let path = folder.join(name);
                safe!("{name} is here: {size}, {}; {}", self.remark, path.display())
            }
            Place::Folder(_) | Place::File(..) => {
                safe!("{name} is here: {size}, {}", self.remark)
            }
            Place::Output | Place::Device(_) => safe!("{name}: {size}, {}", self.remark),
        }
    }
}

/// The text of a refusal, for people. That of a 550 is only the file's name, which the reader
/// knows.
pub(super) fn refusal(reply: &FinalReply<'_>) -> String {
    match reply.has(Code::NotFound) {
        true => "no such file".to_string(),
        false => refusal::refusal(reply).to_string(),
    }
}
