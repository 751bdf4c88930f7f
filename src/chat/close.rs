//! Why connections end.

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

    /// Whether downloads under way are finished first. A peer that has closed its side is closed
    /// only once it has them.
    pub fn finishes_downloads(self) -> bool {
        matches!(self, CloseReason::NoSuchFile)
    }
}
