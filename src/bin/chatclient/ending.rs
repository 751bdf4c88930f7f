//! Reasons for the end of a connection or of the client, and how the process ends.

use std::io;
use std::time::Duration;

use chatsrv::display::safe_text::SafeText;
use chatsrv::exit::Exit;
use chatsrv::protocol::native::closing::Closed;

/// The reason for the end of the connection, and of the client unless it connects again.
#[derive(Debug)]
pub enum Ending {
    /// The client logged out, or a signal ended it.
    Left,
    /// No connection could be made.
    NoServer(SafeText),
    /// The server could not be authenticated with TLS.
    NotSecure(SafeText),
    /// The server is not chatsrv, or speaks another version of the protocol.
    NotChatsrv(SafeText),
    /// The server closed the connection and gave a reason.
    Closed(SafeText, Closed),
    /// The connection was lost.
    Lost(SafeText),
    /// The server is busy, and a login may be tried again after this time.
    Busy(Duration),
    /// The login failed.
    LoginFailed(SafeText),
    /// The user interface failed.
    Ui(io::Error),
}

/// How the process is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conclusion {
    /// With this exit code.
    Exit(Exit),
    /// As by SIGPIPE: the reader of standard output has closed it.
    ReaderGone,
}
