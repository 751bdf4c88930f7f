//! The events that a client can receive from a server, in any protocol.

/// An event, decoded from the server's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard<'a> {
    /// The greeting: the server's name and version.
    Greeting(&'a str),
    /// The login is done.
    LoggedIn,
    /// The login is to be tried again later.
    Busy {
        /// The wait, as the server has given it.
        seconds: u32,
    },
    /// The login failed: the server's line.
    Refused(&'a str),
    /// A message.
    Message {
        /// The sender, if the protocol gives it.
        from: Option<&'a str>,
        /// The text.
        text: &'a str,
        /// The place in the cache of recent messages, for its other receivers.
        place: Option<usize>,
    },
    /// The same message as the one cached in a place.
    SameMessage {
        /// The place.
        place: usize,
    },
    /// A message of this client is confirmed.
    Confirmed,
    /// The token that this client has requested.
    Token(&'a str),
    /// The group that this client has requested is created.
    GroupMade,
    /// A request of this client was refused: the server's line.
    NotTaken(&'a str),
    /// The reply to the fence: everything that the server sent before has been received.
    Fenced,
    /// A download begins.
    Download {
        /// The file's size.
        bytes: u64,
    },
    /// Bytes of the download.
    Chunk {
        /// Their number.
        bytes: usize,
    },
    /// The end of the download.
    DownloadEnd,
    /// The server aborted the download: its line.
    DownloadAborted(&'a str),
    /// The server is about to close the connection: its line.
    Closing(&'a str),
    /// Bytes that are no frame of the protocol.
    Garbled,
}
