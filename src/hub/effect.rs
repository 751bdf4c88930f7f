//! Effects: what the hub asks the server to do.

use std::ops::Range;

use crate::chat::answer::{Answer, List, Page};
use crate::chat::close::CloseReason;
use crate::chat::event::Event;
use crate::chat::name::Number;
use crate::chat::text::Reason;
use crate::hub::input::ConnId;
use crate::hub::job::{Job, JobId};

/// One thing for the server to do.
#[derive(Debug)]
pub enum Effect {
    /// Answer a request. Answers and lists for one connection are in order.
    Answer {
        /// The connection that gets it.
        conn: ConnId,
        /// The answer.
        answer: Answer,
    },
    /// Answer with a list. Events for the connection wait until the list is written.
    List {
        /// The connection that gets it.
        conn: ConnId,
        /// The list.
        list: List,
    },
    /// Go on with the list under way, after [`Input::PageRead`](super::Input::PageRead) asked for
    /// more of it.
    Page {
        /// The connection that gets it.
        conn: ConnId,
        /// The page.
        page: Page,
    },
    /// Tell connections of an event, which no request asked for. It counts against the send queues.
    Tell {
        /// The event.
        event: Event,
        /// The connections.
        to: Recipients,
    },
    /// A login succeeded: the limits from before the login no longer hold.
    LoggedIn {
        /// The connection.
        conn: ConnId,
        /// The number of the user.
        user: Number,
    },
    /// Write what is queued, then the last line, and close. The hub has forgotten the connection.
    Close {
        /// The connection.
        conn: ConnId,
        /// The reason, for the log, and for the last line if `last` is none.
        reason: CloseReason,
        /// The last line, if it is an answer.
        last: Option<Answer>,
        /// The words that an administrator gave as the reason.
        words: Option<Reason>,
    },
    /// Do something that may block, and hand in its outcome with its id.
    Job {
        /// The id of the job.
        job_id: JobId,
        /// The job.
        job: Job,
    },
    /// Close the file that a job opened, since nobody wants it any more. Every file that was opened
    /// comes to this or to a download; in either case, that may be some inputs later.
    DropFile {
        /// The job that opened the file.
        job_id: JobId,
    },
    /// Begin a download of the file that a job opened. The answer that announces it comes before.
    /// The outbox ends the stream.
    Download {
        /// The connection that gets it.
        conn: ConnId,
        /// The job that opened the file.
        job_id: JobId,
        /// The number of the stream.
        stream: u32,
        /// The first byte to send, and the one after the last.
        bytes: Range<u64>,
    },
    /// Take in an upload, into the file that a job opened. The answer that announces it comes
    /// before.
    Upload {
        /// The connection that sends it.
        conn: ConnId,
        /// The job that opened the file.
        job_id: JobId,
        /// The number of the stream.
        stream: u32,
        /// The first byte that is still to come, and the one after the last.
        bytes: Range<u64>,
    },
    /// End an upload early. Bytes of it that still come are dropped.
    CancelUpload {
        /// The connection that sends it.
        conn: ConnId,
        /// The number of its stream.
        stream: u32,
    },
    /// Somebody found no place for a transfer: end those that stand still.
    PlaceWanted,
    /// Somebody wants the name of an upload: end it if it stands still.
    NameWanted {
        /// The connection that sends it.
        conn: ConnId,
        /// The number of its stream.
        stream: u32,
    },
    /// Answer with the list of all metrics.
    Figures {
        /// The connection that gets it.
        conn: ConnId,
    },
    /// Write a line of the audit log.
    Audit(Box<str>),
    /// Stop the server. This replaces a stop that was asked for before.
    Stop {
        /// The time until then, in seconds.
        seconds: u32,
    },
    /// End a download early; no more chunks of it are sent.
    CancelDownload {
        /// The connection that gets it.
        conn: ConnId,
        /// The number of its stream.
        stream: u32,
    },
}

/// A range of [`Effects::recipients`].
pub type Recipients = Range<usize>;

/// The effects of one call of the hub, in order.
#[derive(Debug, Default)]
pub struct Effects {
    /// The effects.
    pub list: Vec<Effect>,
    /// The recipients of all messages and notices of this call. One vector serves them all, so that
    /// a broadcast allocates nothing.
    pub recipients: Vec<ConnId>,
}

impl Effects {
    /// Adds an effect.
    pub fn push(&mut self, effect: Effect) {
        self.list.push(effect);
    }

    /// Adds recipients, and returns their range.
    pub fn recipients(&mut self, to: impl IntoIterator<Item = ConnId>) -> Recipients {
        let start = self.recipients.len();
        self.recipients.extend(to);
        start..self.recipients.len()
    }

    /// Tells connections of an event; does nothing if there are none.
    pub fn tell(&mut self, event: Event, to: impl IntoIterator<Item = ConnId>) {
        let to = self.recipients(to);
        if !to.is_empty() {
            self.push(Effect::Tell { event, to });
        }
    }

    /// Removes all effects, and keeps the memory.
    pub fn clear(&mut self) {
        self.list.clear();
        self.recipients.clear();
    }
}
