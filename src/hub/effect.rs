//! What the hub wants done.

use std::ops::Range;

use crate::chat::answer::{Answer, List, Page};
use crate::chat::close::CloseReason;
use crate::chat::event::Event;
use crate::chat::text::Reason;
use crate::hub::input::ConnId;
use crate::hub::job::{Job, JobId};

/// One thing to do.
#[derive(Debug)]
pub enum Effect {
    /// Answer what was asked for. ReplyQueue and lists for one connection are in order.
    Answer {
        /// Whom.
        conn: ConnId,
        /// What.
        answer: Answer,
    },
    /// Answer with a list; what the connection did not ask for waits until it is written.
    List {
        /// Whom.
        conn: ConnId,
        /// What.
        list: List,
    },
    /// Go on with the list under way, when [`Input::PageRead`](super::Input::PageRead) asked for
    /// more of it.
    Page {
        /// Whom.
        conn: ConnId,
        /// What.
        page: Page,
    },
    /// Tell something that was not asked for, which counts against the send queues.
    Tell {
        /// What.
        event: Event,
        /// Whom.
        to: Recipients,
    },
    /// A login succeeded: the limits from before the login no longer hold.
    LoggedIn {
        /// On which connection.
        conn: ConnId,
    },
    /// Write what waits, then the last line, and close. The hub has forgotten the connection.
    Close {
        /// Which.
        conn: ConnId,
        /// Why, for the log, and for the last line where no answer is that.
        reason: CloseReason,
        /// The last line, where it is an answer.
        last: Option<Answer>,
        /// What an administrator said about it.
        words: Option<Reason>,
    },
    /// Do something that may block, and hand its outcome back with its id.
    Job {
        /// What the outcome is handed back with.
        job_id: JobId,
        /// What to do.
        job: Job,
    },
    /// Close the file that the job opened: nobody wants it any more. Every file
    /// that was opened comes to this or to a download, which may both be some inputs later.
    DropFile {
        /// The job that opened the file.
        job_id: JobId,
    },
    /// Begin a download of the file that the job opened; the reply that announces
    /// it comes before. The outbox ends the stream.
    Download {
        /// To whom.
        conn: ConnId,
        /// The job that opened the file.
        job_id: JobId,
        /// The number of the stream.
        stream: u32,
        /// The first byte to send, and the one after the last.
        bytes: Range<u64>,
    },
    /// Take an upload in, into the file that the job opened; the reply that
    /// announces it comes before.
    Upload {
        /// From whom.
        conn: ConnId,
        /// The job that opened the file.
        job_id: JobId,
        /// The number of the stream.
        stream: u32,
        /// The first byte that is still to come, and the one after the last.
        bytes: Range<u64>,
    },
    /// End an upload early; what comes of it is dropped.
    CancelUpload {
        /// Whose.
        conn: ConnId,
        /// Its stream.
        stream: u32,
    },
    /// Answer with the list of all metrics.
    Figures {
        /// Whom.
        conn: ConnId,
    },
    /// Stop the server; what was asked for before counts no longer.
    Stop {
        /// In how many seconds.
        seconds: u32,
    },
    /// End a download early; no more chunks of it go out.
    CancelDownload {
        /// Whose.
        conn: ConnId,
        /// Its stream.
        stream: u32,
    },
}

/// A range of [`Effects::recipients`].
pub type Recipients = Range<usize>;

/// What one call of the hub wants done, in this order.
#[derive(Debug, Default)]
pub struct Effects {
    /// What to do.
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

    /// Adds recipients and tells where they stand.
    pub fn recipients(&mut self, to: impl IntoIterator<Item = ConnId>) -> Recipients {
        let start = self.recipients.len();
        self.recipients.extend(to);
        start..self.recipients.len()
    }

    /// Tells something, where there is anybody to tell.
    pub fn tell(&mut self, event: Event, to: impl IntoIterator<Item = ConnId>) {
        let to = self.recipients(to);
        if !to.is_empty() {
            self.push(Effect::Tell { event, to });
        }
    }

    /// Forgets all of it, and keeps the memory.
    pub fn clear(&mut self) {
        self.list.clear();
        self.recipients.clear();
    }
}
