//! One upload: its file, its goal, and its state.

use std::sync::{Arc, Weak};
use std::time::Instant;

use chatsrv::chat::name::{FileName, Target};
use chatsrv::chat::sha256::Sha256Sum;
use chatsrv::display::clock;
use chatsrv::display::safe_text::{SafeText, safe};
use chatsrv::protocol::native::outgoing::Outgoing;
use chatsrv::protocol::native::verb::Verb;

use super::local_file::LocalFile;
use super::transfer::TransferId;
use crate::requests::{Asked, Requests};

/// The goal of an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// The server's shared folder.
    Shared,
    /// A chat.
    Chat(Target),
}

#[derive(Debug)]
pub(super) enum UploadState {
    /// The local file is being opened.
    Opening,
    /// The client is offline.
    Waiting,
    /// The upload was requested.
    Asked,
    /// The server has the start of the file, with this SHA-256; the same bytes of the local file
    /// are being hashed.
    Checking { stream: u32, theirs: Sha256Sum },
    /// Chunks are being written.
    Sending { stream: u32 },
    /// All chunks are written; the whole file is being hashed.
    Summing { stream: u32 },
    /// The end of the stream is written; the server has not confirmed the file yet.
    Sent(Sent),
    /// The server has the file, under the name `at`. The two checksums are to be compared.
    Comparing { at: String, theirs: Option<Sha256Sum>, ours: Option<Sha256Sum> },
}

/// An upload whose end was sent.
#[derive(Debug)]
pub(super) struct Sent {
    pub stream: u32,
    /// The SHA-256 of the local file.
    pub sum: Sha256Sum,
    /// Whether the server compares it with its own; `None` before it has replied.
    pub compares: Option<bool>,
    /// The name under which the server has the file; `None` before it has confirmed it.
    pub at: Option<String>,
}

#[derive(Debug)]
pub(super) struct Upload {
    pub goal: Goal,
    /// The name that the file is to have on the server.
    pub name: FileName,
    pub file: Option<Arc<LocalFile>>,
    pub state: UploadState,
    /// Held while a job hashes for this upload. Dropping it ends the job.
    pub summing: Option<Arc<()>>,
    /// True if it was cancelled, and ends as soon as possible.
    pub cancelled: bool,
    /// True if it was begun anew, since the server had the start of another file.
    pub anew: bool,
    /// True if the connection was lost after the end of the stream and before the server's
    /// confirmation.
    pub was_sent: bool,
    /// The number of bytes that the server had when the upload began on this connection.
    pub offset: u64,
    pub sent: u64,
    pub started: Instant,
}

impl Upload {
    /// Creates an upload whose file is being opened.
    pub fn new(name: FileName, goal: Goal) -> Self {
        Upload {
            goal,
            name,
            file: None,
            state: UploadState::Opening,
            summing: None,
            cancelled: false,
            anew: false,
            was_sent: false,
            offset: 0,
            sent: 0,
            started: Instant::now(),
        }
    }

    /// Returns true if `name` is its name, or `None`.
    pub fn is_named(&self, name: Option<&str>) -> bool {
        name.is_none_or(|name| name == self.name.as_str())
    }

    /// Returns true if it has a chunk to write.
    pub fn is_sending(&self) -> bool {
        matches!(self.state, UploadState::Sending { .. })
    }

    /// Its open stream, if there is one.
    pub fn stream(&self) -> Option<u32> {
        match &self.state {
            UploadState::Checking { stream, .. }
            | UploadState::Sending { stream }
            | UploadState::Summing { stream }
            | UploadState::Sent(Sent { stream, at: None, .. }) => Some(*stream),
            _ => None,
        }
    }

    /// The size in bytes.
    pub fn size(&self) -> u64 {
        self.file.as_ref().map_or(0, |file| file.size())
    }

    /// Returns true if `summing` belongs to the job that it waits for.
    pub fn awaits(&self, summing: &Weak<()>) -> bool {
        self.summing.as_ref().is_some_and(|awaited| Weak::as_ptr(summing) == Arc::as_ptr(awaited))
    }

    /// Requests the upload.
    pub fn ask(&mut self, id: TransferId, requests: &mut Requests) {
        requests.ask_for_more();
        let (size, name) = (self.size(), &self.name);
        let line = match self.goal {
            Goal::Shared => Outgoing::command(Verb::Put, format_args!("{size} {name}")),
            Goal::Chat(target) => {
                Outgoing::command(Verb::Sendfile, format_args!("{target} {size} {name}"))
            }
        };
        // A target, a number and a file name always fit into a line.
        if let Ok(line) = line {
            self.state = UploadState::Asked;
            requests.ask(Asked::Put(id), line);
        }
    }

    /// Requests the checksum of the file on the server.
    pub fn ask_sum(&self, id: TransferId, requests: &mut Requests) {
        if let UploadState::Comparing { at, .. } = &self.state
            // A file name and a number always fit into a line.
            && let Ok(line) = Outgoing::command(Verb::Sum, at)
        {
            requests.ask(Asked::CompareUpload(id), line);
        }
    }

    /// Sends the end of the stream, and before it the SHA-256, if the server can compare it.
    pub fn send_end(
        &mut self,
        id: TransferId,
        stream: u32,
        sum: Sha256Sum,
        requests: &mut Requests,
    ) {
        let expects = requests.has_more();
        // Two numbers and a checksum always fit into a line.
        if expects && let Ok(line) = Outgoing::command(Verb::Expect, format_args!("{stream} {sum}"))
        {
            requests.ask(Asked::Expect(id), line);
        }
        requests.say(Outgoing::file_end(stream));
        let compares = (!expects).then_some(false);
        self.state = UploadState::Sent(Sent { stream, sum, compares, at: None });
    }

    /// Makes it wait for the next connection. Returns its chat as an error if it is unknown whether
    /// the file was delivered there.
    pub fn disconnected(&mut self) -> Result<(), Target> {
        match (&mut self.state, self.goal) {
            (UploadState::Sent(Sent { at: Some(at), sum, .. }), _) => {
                let (at, ours) = (std::mem::take(at), Some(*sum));
                self.state = UploadState::Comparing { at, theirs: None, ours };
            }
            (UploadState::Sent(_), Goal::Chat(target)) => return Err(target),
            (UploadState::Sent(_), Goal::Shared) => {
                self.was_sent = true;
                self.state = UploadState::Waiting;
            }
            (
                UploadState::Asked
                | UploadState::Checking { .. }
                | UploadState::Sending { .. }
                | UploadState::Summing { .. },
                _,
            ) => {
                self.summing = None;
                self.state = UploadState::Waiting;
            }
            (UploadState::Opening | UploadState::Waiting | UploadState::Comparing { .. }, _) => {}
        }
        Ok(())
    }

    /// The text to show after success.
    pub fn success(&self, at: &str) -> SafeText {
        let size = clock::size(self.size());
        match self.goal {
            Goal::Shared => safe!("{at} is on the server: {size}, SHA-256 matches"),
            Goal::Chat(target) => {
                safe!("{} is sent to {target}: {size}, SHA-256 matches; {at}", self.name)
            }
        }
    }
}
