//! Why the client ends, and how.

use std::io;
use std::time::Duration;

use chatsrv::display::safe_text::SafeText;
use chatsrv::exit::Exit;
use chatsrv::protocol::native::closing::Closed;

/// Why the client ends, or the connection does.
#[derive(Debug)]
pub enum Ending {
    /// It logged out, or was told to end.
    Left,
    /// There is no server.
    NoServer(SafeText),
    /// Whoever answers is not to be trusted.
    NotSecure(SafeText),
    /// Something else than this server, or another version of it, answers there.
    NotChatsrv(SafeText),
    /// The server closed the connection and said why.
    Closed(SafeText, Closed),
    /// The connection broke.
    Lost(SafeText),
    /// The server wants to be asked again after this long.
    Busy(Duration),
    /// The login failed.
    LoginFailed(SafeText),
    /// The person's side broke.
    Ui(io::Error),
}

/// How the client ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conclusion {
    /// With this exit code.
    Exit(Exit),
    /// Whoever read its output has gone.
    ReaderGone,
}
