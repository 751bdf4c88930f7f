//! One download: where it comes from, where it goes, and how far it is.

use std::fmt::{self, Write as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Instant;

use chatsrv::chat::id::MessageId;
use chatsrv::chat::name::{FileName, InvalidName};
use chatsrv::chat::sha256::Sha256Sum;
use chatsrv::display::clock;
use chatsrv::display::line::Line;
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

/// Where a download comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The server's shared folder.
    Shared(FileName),
    /// A chat, in which it was sent as this message.
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

/// Where a download goes.
#[derive(Clone, Debug)]
pub enum Place {
    /// This folder, under the name that the file has.
    Folder(PathBuf),
    /// A file of this name in this folder.
    File(PathBuf, String),
    /// Standard output.
    Output,
    /// This device or pipe.
    Device(PathBuf),
}

impl Place {
    /// Whether the bytes go there as they come.
    pub fn is_output(&self) -> bool {
        matches!(self, Place::Output | Place::Device(_))
    }
}

#[derive(Debug)]
pub(super) enum DownloadState {
    /// The server was asked what is to come.
    Naming,
    /// The part file is being opened.
    Preparing,
    /// There is no connection.
    Waiting(Sink),
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
pub(super) struct Download {
    pub source: Source,
    /// What people call it.
    pub name: String,
    pub place: Place,
    pub state: DownloadState,
    /// Whether it is over as soon as it can be.
    pub cancelled: bool,
    /// Whether what is here came by more than one request. The server's file may have been another
    /// one each time.
    pub joined: bool,
    /// Whether it has begun anew once.
    pub anew: bool,
    pub hash: Sha256,
    /// What the server said of the hash before the file came.
    pub expected: Option<Sha256Sum>,
    /// How many bytes were here before.
    pub offset: u64,
    pub received: u64,
    /// None as long as the server has not told.
    pub size: Option<u64>,
    pub started: Instant,
    /// What is said beside the success.
    pub remark: SafeText,
}

impl Download {
    /// Without anything done for it.
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

    /// Takes its state, for another one.
    pub fn take_state(&mut self) -> DownloadState {
        std::mem::replace(&mut self.state, DownloadState::Preparing)
    }

    /// Takes what its bytes go to, where that is here.
    pub fn take_sink(&mut self) -> Option<Sink> {
        match self.take_state() {
            DownloadState::Waiting(sink)
            | DownloadState::Asked(sink)
            | DownloadState::Running { sink, .. }
            | DownloadState::Comparing(sink) => Some(sink),
            DownloadState::Naming | DownloadState::Preparing | DownloadState::Saving => None,
        }
    }

    /// The stream on which it arrives, where it does.
    pub fn stream(&self) -> Option<u32> {
        match self.state {
            DownloadState::Running { stream, .. } => Some(stream),
            _ => None,
        }
    }

    /// By its name, or by what it was asked for with.
    pub fn is_named(&self, name: Option<&str>) -> bool {
        name.is_none_or(|name| name == self.name || name == self.source.to_string())
    }

    /// Whether what came can be forgotten, and all of it asked for once more.
    pub fn can_begin_anew(&self, sink: &Sink) -> bool {
        self.joined && !self.anew && matches!(sink, Sink::Part(_))
    }

    /// Puts what came aside and forgets it; why, for people.
    ///
    /// # Errors
    /// Text for people where it can't be put aside.
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

    /// The sum of what came.
    pub fn sum(&self) -> Sha256Sum {
        Sha256Sum(self.hash.clone().finalize().into())
    }

    /// Ends it, where what came is no use; what is said then.
    pub fn discard(self, sink: Sink, why: &str) -> Line {
        let discarded = match sink {
            Sink::Part(part) => part.discard().map(|()| "; what came was removed"),
            Sink::Output(_) => Ok(""),
        };
        let remark = discarded.unwrap_or("; its .part can't be put in order");
        Line::error(safe!("{}: {why}{remark}", self.name))
    }

    /// Ends it, and keeps what came for the next try; what is said then.
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

    /// Where it goes, as people write it.
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

    /// Asks what it is.
    pub fn ask_name(&mut self, id: TransferId, requests: &mut Requests) {
        self.state = DownloadState::Naming;
        // A file name and a number always fit into a line and hold no control characters.
        if let Ok(line) = Outgoing::command(Verb::Sum, &self.source) {
            requests.ask(Asked::NameOf(id), line);
        }
    }

    /// Asks for the bytes that are not here.
    pub fn ask(&mut self, id: TransferId, sink: Sink, requests: &mut Requests) {
        self.offset = self.received;
        self.joined |= self.offset > 0;
        self.state = DownloadState::Asked(sink);
        let words = format!("{} {}", self.offset, self.source);
        if let Ok(line) = Outgoing::command(Verb::Get, words) {
            requests.ask(Asked::Get(id), line);
        }
    }

    /// Asks for the checksum.
    pub fn ask_sum(&self, id: TransferId, requests: &mut Requests) {
        if let Ok(line) = Outgoing::command(Verb::Sum, &self.source) {
            requests.ask(Asked::Compare(id), line);
        }
    }

    /// Asks for what is missing, once the connection is back.
    pub fn go_on(&mut self, id: TransferId, sink: Sink, requests: &mut Requests) {
        if self.size == Some(self.received) && self.expected.is_none() {
            // The server's file may be another one by now.
            self.joined = true;
            self.state = DownloadState::Comparing(sink);
            return self.ask_sum(id, requests);
        }
        self.ask(id, sink, requests);
    }

    /// What is said in the end.
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

/// What a refusal says to people. A 550 repeats the file's name, which the reader knows.
pub(super) fn refusal(reply: &FinalReply<'_>) -> String {
    match reply.has(Code::NotFound) {
        true => "no such file".to_string(),
        false => reply.text.to_string(),
    }
}
