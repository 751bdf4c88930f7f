//! One upload: what goes where, and how far it is.

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

/// Where an upload goes.
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
    /// There is no connection.
    Waiting,
    /// The server was asked to take the file.
    Asked,
    /// The server has the start of it, with this SHA-256; that of the file here is being made.
    Checking { stream: u32, theirs: Sha256Sum },
    /// The chunks are written.
    Sending { stream: u32 },
    /// All are written; the whole file is read again for its SHA-256.
    Summing { stream: u32 },
    /// Its end is written; the server has not said yet that it has the file.
    Sent(Sent),
    /// The server has the file under this name. The two checksums are to be compared.
    Comparing { at: String, theirs: Option<Sha256Sum>, ours: Option<Sha256Sum> },
}

/// An upload whose end was sent.
#[derive(Debug)]
pub(super) struct Sent {
    pub stream: u32,
    /// The SHA-256 of the file here.
    pub sum: Sha256Sum,
    /// Whether the server compares it with that of what came; none where it has not said yet.
    pub compares: Option<bool>,
    /// Under which name the server has it; none where it has not said yet.
    pub at: Option<String>,
}

#[derive(Debug)]
pub(super) struct Upload {
    pub goal: Goal,
    /// What the server is to call it.
    pub name: FileName,
    pub file: Option<Arc<LocalFile>>,
    pub state: UploadState,
    /// As long as it stands, a thread makes a checksum for what the upload waits for.
    pub summing: Option<Arc<()>>,
    /// Whether it is over as soon as it can be.
    pub cancelled: bool,
    /// Whether it has begun anew, since what the server had of it was of another file.
    pub anew: bool,
    /// Whether all of it was sent over a connection that broke before the server said so.
    pub was_sent: bool,
    /// Where this connection has begun.
    pub offset: u64,
    pub sent: u64,
    pub started: Instant,
}

impl Upload {
    /// One whose file is being opened.
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

    /// By what the server is to call it.
    pub fn is_named(&self, name: Option<&str>) -> bool {
        name.is_none_or(|name| name == self.name.as_str())
    }

    /// Whether a chunk of it can be written.
    pub fn is_sending(&self) -> bool {
        matches!(self.state, UploadState::Sending { .. })
    }

    /// The stream on which the server takes it, where one is open.
    pub fn stream(&self) -> Option<u32> {
        match &self.state {
            UploadState::Checking { stream, .. }
            | UploadState::Sending { stream }
            | UploadState::Summing { stream }
            | UploadState::Sent(Sent { stream, at: None, .. }) => Some(*stream),
            _ => None,
        }
    }

    /// How many bytes it has.
    pub fn size(&self) -> u64 {
        self.file.as_ref().map_or(0, |file| file.size())
    }

    /// Whether that is what the thread works for that was begun last.
    pub fn awaits(&self, summing: &Weak<()>) -> bool {
        self.summing.as_ref().is_some_and(|awaited| Weak::as_ptr(summing) == Arc::as_ptr(awaited))
    }

    /// Asks the server to take it.
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

    /// Asks for the checksum.
    pub fn ask_sum(&self, id: TransferId, requests: &mut Requests) {
        if let UploadState::Comparing { at, .. } = &self.state
            // A file name and a number always fit into a line.
            && let Ok(line) = Outgoing::command(Verb::Sum, at)
        {
            requests.ask(Asked::CompareUpload(id), line);
        }
    }

    /// Sends its end, and before it, where the server can compare that, the SHA-256 of all of it.
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

    /// The connection is gone: it waits for the next one, unless nobody knows whether it arrived.
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

    /// What is said in the end.
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
