//! Inputs: everything that the hub is told.

use std::fmt;
use std::time::Duration;

use crate::chat::address::{Address, Encryption};
use crate::chat::kind::Kind;
use crate::chat::motd::MessageOfTheDay;
use crate::chat::refusal::Refusal;
use crate::chat::request::Request;
use crate::hub::job::{JobId, Outcome};

/// The id of a connection, unique as long as the process runs: a slot, which is used again, and the
/// generation that tells its connections apart. Input for a connection that is gone reaches no
/// other.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnId {
    /// The index at which the connection is kept.
    pub slot: u32,
    /// The number of the connection among those of the slot, from 1 on.
    pub generation: u32,
}

impl ConnId {
    /// The least of all ids, with which a range of them begins.
    pub const FIRST: ConnId = ConnId { slot: 0, generation: 0 };
}

impl fmt::Display for ConnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.slot, self.generation)
    }
}

impl fmt::Debug for ConnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The time, which the loop reads once a tick.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// The time since the process started; it never goes back.
    pub monotonic: Duration,
    /// Microseconds since the Unix epoch; it may jump.
    pub unix_micros: u64,
}

/// The end of an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UploadEnd {
    /// All bytes came and were written, though perhaps not to the disk yet.
    Whole,
    /// More or fewer bytes came than were announced.
    WrongSize,
    /// There is no room on the disk.
    NoRoom,
    /// Writing failed for another reason, which is in the log.
    Failed,
    /// It stood still while others wanted its place or its name.
    Stalled,
}

/// The end of a download.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DownloadEnd {
    /// All of it was handed to the kernel.
    Whole,
    /// It could not be read to its end.
    Failed,
    /// It stood still while others wanted its place.
    Stalled,
}

/// An event that the hub handles.
#[derive(Debug)]
pub enum Input {
    /// A connection was accepted and is to be greeted.
    Connected {
        /// The connection.
        conn: ConnId,
        /// The peer's address. Somebody who comes over the server's own socket is the operator.
        from: Address,
        /// The encryption of the connection.
        encryption: Encryption,
    },
    /// A connection made a request.
    Asked {
        /// The connection.
        conn: ConnId,
        /// The request, or the refusal of one that can't be carried out as it was sent.
        request: Result<Request, (Kind, Refusal)>,
    },
    /// A part of a file frame arrived, for a stream on which no upload is under way.
    File {
        /// The connection.
        conn: ConnId,
        /// The number of the stream.
        stream: u32,
    },
    /// An upload has ended.
    UploadOver {
        /// The connection.
        conn: ConnId,
        /// The number of its stream.
        stream: u32,
        /// How it ended.
        end: UploadEnd,
    },
    /// A download has ended.
    DownloadOver {
        /// The connection.
        conn: ConnId,
        /// The number of its stream.
        stream: u32,
        /// How it ended.
        end: DownloadEnd,
    },
    /// The reader has taken the last page that was sent of a list, and the list is not complete.
    PageRead {
        /// The connection.
        conn: ConnId,
    },
    /// The connection is gone, or is closing for a reason that the hub did not give.
    Disconnected {
        /// The connection.
        conn: ConnId,
    },
    /// A job is done.
    Done {
        /// The id of the job.
        job_id: JobId,
        /// Its outcome.
        outcome: Outcome,
    },
    /// The time that [`Hub::next_deadline`](super::Hub::next_deadline) named has come.
    Deadline,
    /// What holds the audit log can't be written (true), or can again.
    AuditFails(bool),
    /// The message of the day was read, at the start or again.
    MotdRead(MessageOfTheDay),
    /// The server is about to stop, within so many seconds.
    Shutdown {
        /// The seconds.
        seconds: u32,
    },
}
