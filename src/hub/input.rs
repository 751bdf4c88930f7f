//! What reaches the hub.

use std::fmt;
use std::time::Duration;

use crate::chat::address::Address;
use crate::chat::refusal::Refusal;
use crate::chat::request::{Kind, Request};
use crate::hub::job::{JobId, Outcome};

/// One connection, for as long as the process runs: a slot that is used again, and the generation
/// that tells its users apart. What arrives late for a connection that is gone meets nobody.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnId {
    /// Where the connection is kept.
    pub slot: u32,
    /// Which of the connections that were kept there; from 1 on.
    pub generation: u32,
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

/// The time, as the loop read it once for a tick.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// Since the process started; it never goes back.
    pub monotonic: Duration,
    /// Microseconds since the Unix epoch; it may jump.
    pub unix_micros: u64,
}

/// How an upload ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UploadEnd {
    /// All bytes came and were written, though perhaps not to the disk yet.
    Whole,
    /// More or fewer bytes came than were announced.
    WrongSize,
    /// There is no room on the disk.
    NoRoom,
    /// Writing failed for another reason, which the log tells.
    Failed,
}

/// Something that happened.
#[derive(Debug)]
pub enum Input {
    /// A connection was accepted. It is greeted.
    Connected {
        /// Which.
        conn: ConnId,
        /// From where. Whoever comes over the server's own socket is the operator.
        from: Address,
    },
    /// A connection asks for something.
    Asked {
        /// Which.
        conn: ConnId,
        /// For what, or why that can't be carried out as it was sent.
        request: Result<Request, (Kind, Refusal)>,
    },
    /// A part of a file frame arrived, for a stream on which no upload is under way.
    File {
        /// From whom.
        conn: ConnId,
        /// The stream that it names.
        stream: u32,
    },
    /// An upload is over.
    UploadOver {
        /// Whose.
        conn: ConnId,
        /// Its stream.
        stream: u32,
        /// How it ended.
        end: UploadEnd,
    },
    /// A download was handed to the kernel to its end, or could not be read to its end.
    DownloadOver {
        /// Whose.
        conn: ConnId,
        /// Its stream.
        stream: u32,
        /// Whether all of it was read.
        complete: bool,
    },
    /// The reader has taken the last page of the list under way, and the list is not complete.
    PageRead {
        /// Which reader.
        conn: ConnId,
    },
    /// The connection is gone, or is closing for a reason that the hub did not give.
    Disconnected {
        /// Which.
        conn: ConnId,
    },
    /// A job is done.
    Done {
        /// The id of the job.
        job_id: JobId,
        /// What came of it.
        outcome: Outcome,
    },
    /// The time that [`Hub::next_deadline`](super::Hub::next_deadline) named has come.
    Deadline,
    /// The server is about to stop, in so many seconds at the latest.
    Shutdown {
        /// Seconds.
        seconds: u32,
    },
}
