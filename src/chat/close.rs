//! Reasons why connections end.

/// Declares [`CloseReason`] and the list of all reasons, so that none is missing there.
macro_rules! close_reasons {
    ($($(#[$doc:meta])* $reason:ident,)*) => {
        /// The reason why a connection ends.
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
    /// A file frame could not be parsed, or named a stream that was never open.
    BadFileFrame,
    /// No login within the login timeout.
    LoginTimeout,
    /// Nothing came from the client for the idle timeout.
    IdleTimeout,
    /// Three wrong passwords.
    WrongPassword,
    /// That user is logged in already.
    AlreadyOnline,
    /// A newer session of the same user took over.
    TakenOver,
    /// The user, or an administrator, ended the session and its tokens.
    LoggedOut,
    /// An administrator ended the session.
    Kicked,
    /// The user is banned.
    Banned,
    /// Connections from that address are not taken.
    AddressBanned,
    /// The account was removed.
    AccountRemoved,
    /// A file was asked for before the login, and does not exist.
    NoSuchFile,
    /// The rest of a list could not be read.
    ListFailed,
    /// More bytes are queued than the send queue holds.
    TooSlow,
    /// One connection more than the limit.
    ConnectionLimit,
    /// One connection more than one address may have.
    AddressLimit,
    /// The client speaks HTTP.
    Http,
    /// The client speaks TLS on a port that takes none.
    Tls,
    /// The client speaks no TLS on a port that takes nothing else.
    NotTls,
    /// The client's TLS is not valid.
    TlsFailed,
    /// The connection was ready again and again, and no byte moved: a defect of the server.
    NoProgress,
    /// The server stops.
    Shutdown,
}

impl CloseReason {
    /// The word of the reason in the log and the metrics.
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
            CloseReason::LoggedOut => "logged-out",
            CloseReason::Kicked => "kicked",
            CloseReason::Banned => "banned",
            CloseReason::AddressBanned => "address-banned",
            CloseReason::AccountRemoved => "account-removed",
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

    /// Returns true if downloads under way are finished first. A peer that has closed its side is
    /// closed only once it has them.
    pub fn finishes_downloads(self) -> bool {
        matches!(self, CloseReason::NoSuchFile)
    }
}
