//! What the hub wants done.

use std::ops::Range;

use crate::chat::event::Event;
use crate::chat::message::Message;
use crate::hub::input::ConnId;
use crate::hub::job::{Job, JobId};
use crate::protocol::native::closing::Closing;
use crate::protocol::native::list::{List, Piece};
use crate::protocol::native::write::Reply;

/// One thing to do.
#[derive(Debug)]
pub enum Effect {
    /// Answer what was asked for. Replies and lists for one connection are in order.
    Reply {
        /// Whom.
        conn: ConnId,
        /// What.
        reply: Reply,
    },
    /// Answer with a list; what the connection did not ask for waits until it is written.
    List {
        /// Whom.
        conn: ConnId,
        /// What.
        list: List,
    },
    /// Go on with the list under way, when [`Input::ListTaken`](super::Input::ListTaken) asked for
    /// more of it.
    MoreOfList {
        /// Whom.
        conn: ConnId,
        /// What.
        piece: Piece,
    },
    /// Deliver a message, which counts against the send queues.
    Message {
        /// The message.
        message: Message,
        /// To whom.
        to: Recipients,
    },
    /// Tell something that was not asked for, which counts against the send queues.
    Event {
        /// What.
        notice: Event,
        /// To whom.
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
        /// Why, for the log.
        reason: CloseReason,
        /// The last line, where there is one.
        last: Option<Reply>,
    },
    /// Do something that may block, and hand its outcome back with the ticket.
    Job {
        /// What the outcome is handed back with.
        ticket: JobId,
        /// What to do.
        job: Job,
    },
    /// Close the file that the job with this ticket opened: nobody wants it any more. Every file
    /// that was opened comes to this or to a download, which may both be some inputs later.
    DropFile {
        /// The job that opened the file.
        ticket: JobId,
    },
    /// Begin a download of the file that the job with this ticket opened; the reply that announces
    /// it comes before. The outbox ends the stream.
    Download {
        /// To whom.
        conn: ConnId,
        /// The job that opened the file.
        ticket: JobId,
        /// The number of the stream.
        stream: u32,
        /// The first byte to send, and the one after the last.
        bytes: Range<u64>,
    },
    /// Take an upload in, into the file that the job with this ticket opened; the reply that
    /// announces it comes before.
    Upload {
        /// From whom.
        conn: ConnId,
        /// The job that opened the file.
        ticket: JobId,
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
    /// Answer with the list of all figures.
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
    pub fn notify(&mut self, notice: Event, to: impl IntoIterator<Item = ConnId>) {
        let to = self.recipients(to);
        if !to.is_empty() {
            self.push(Effect::Event { notice, to });
        }
    }

    /// Forgets all of it, and keeps the memory.
    pub fn clear(&mut self) {
        self.list.clear();
        self.recipients.clear();
    }
}

/// Declares [`CloseReason`] and the list of all of them, so that none is missing there.
macro_rules! close_reasons {
    ($($(#[$doc:meta])* $reason:ident,)*) => {
        /// Why a connection ends.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum CloseReason {
            $($(#[$doc])* $reason,)*
        }

        impl CloseReason {
            /// Every reason, in the order of the enum.
            pub const ALL: &[CloseReason] = &[$(CloseReason::$reason),*];
        }
    };
}

close_reasons! {
    /// The client said EX.
    Goodbye,
    /// The client closed its side, and had its answers.
    PeerClosed,
    /// Reading or writing failed.
    ConnectionLost,
    /// A file frame could not be read, or named a stream that was never open.
    BadFileFrame,
    /// No login within the login timeout.
    LoginTimeout,
    /// Nothing was heard for the idle timeout.
    IdleTimeout,
    /// Three wrong passwords.
    WrongPassword,
    /// That user is logged in already.
    AlreadyOnline,
    /// A newer session of the same user took over.
    TakenOver,
    /// An administrator ended the session.
    Kicked,
    /// The user is banned.
    Banned,
    /// A file was asked for before the login, and does not exist.
    NoSuchFile,
    /// The rest of a list could not be read.
    ListFailed,
    /// More waits to be written than the send queue holds.
    TooSlow,
    /// One connection more than the limit.
    ConnectionLimit,
    /// One connection more than one address may have.
    AddressLimit,
    /// It speaks HTTP.
    Http,
    /// It speaks TLS where none is spoken.
    Tls,
    /// It speaks no TLS where nothing else is spoken.
    NotTls,
    /// What it speaks is not TLS as it should be.
    TlsFailed,
    /// It was ready again and again, and nothing moved: a defect of the server.
    NoProgress,
    /// The server stops.
    Shutdown,
}

impl CloseReason {
    /// The word for the log and the metrics.
    pub fn name(self) -> &'static str {
        match self {
            CloseReason::Goodbye => "goodbye",
            CloseReason::PeerClosed => "peer-closed",
            CloseReason::ConnectionLost => "connection-lost",
            CloseReason::BadFileFrame => "bad-file-frame",
            CloseReason::LoginTimeout => "login-timeout",
            CloseReason::IdleTimeout => "idle-timeout",
            CloseReason::WrongPassword => "wrong-password",
            CloseReason::AlreadyOnline => "already-online",
            CloseReason::TakenOver => "taken-over",
            CloseReason::Kicked => "kicked",
            CloseReason::Banned => "banned",
            CloseReason::NoSuchFile => "no-such-file",
            CloseReason::ListFailed => "list-failed",
            CloseReason::TooSlow => "too-slow",
            CloseReason::ConnectionLimit => "connection-limit",
            CloseReason::AddressLimit => "address-limit",
            CloseReason::Http => "http",
            CloseReason::Tls => "tls",
            CloseReason::NotTls => "not-tls",
            CloseReason::TlsFailed => "tls-failed",
            CloseReason::NoProgress => "no-progress",
            CloseReason::Shutdown => "shutdown",
        }
    }

    /// What the 421 says that a connection gets which ends for this reason; none where it gets
    /// none, or another last line.
    pub fn closing(self) -> Option<Closing> {
        Some(match self {
            CloseReason::BadFileFrame => Closing::BadFileFrame,
            CloseReason::LoginTimeout => Closing::LoginTimeout,
            CloseReason::IdleTimeout => Closing::IdleTimeout,
            CloseReason::WrongPassword => Closing::WrongPassword,
            CloseReason::TakenOver => Closing::TakenOver,
            CloseReason::Kicked => Closing::Kicked,
            CloseReason::Banned => Closing::Banned,
            CloseReason::ListFailed => Closing::ListFailed,
            CloseReason::TooSlow => Closing::TooSlow,
            CloseReason::ConnectionLimit => Closing::ConnectionLimit,
            CloseReason::AddressLimit => Closing::AddressLimit,
            CloseReason::Http => Closing::Http,
            CloseReason::Tls => Closing::Tls,
            CloseReason::NotTls => Closing::NotTls,
            CloseReason::Shutdown => Closing::Shutdown,
            CloseReason::Goodbye
            | CloseReason::PeerClosed
            | CloseReason::ConnectionLost
            | CloseReason::AlreadyOnline
            | CloseReason::NoSuchFile
            | CloseReason::TlsFailed
            | CloseReason::NoProgress => return None,
        })
    }

    /// The 421 that says so, where there is one.
    pub fn last_line(self) -> Option<Reply> {
        self.closing().map(Reply::closing)
    }

    /// Whether downloads under way are finished first. A peer that has closed its side is closed
    /// only once it has them.
    pub fn finishes_downloads(self) -> bool {
        matches!(self, CloseReason::NoSuchFile)
    }
}
