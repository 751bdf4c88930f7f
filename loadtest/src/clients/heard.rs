//! What a client can hear from a server, in any protocol.

/// Something that a client heard from the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard<'a> {
    /// The greeting: the server's name and version.
    Greeting(&'a str),
    /// The login is done.
    LoggedIn,
    /// The login has to be tried again after that many seconds.
    Busy {
        /// As the server told.
        seconds: u32,
    },
    /// The login failed: the server's line.
    Refused(&'a str),
    /// A message of somebody.
    Message {
        /// Who said it, where the protocol tells.
        from: Option<&'a str>,
        /// What.
        text: &'a str,
        /// Where it is remembered, for others to whom it comes as well.
        place: Option<usize>,
    },
    /// The very message that was remembered last in that place.
    SameMessage {
        /// Where.
        place: usize,
    },
    /// A message of this client is confirmed.
    Confirmed,
    /// The token that this client asked for.
    Token(&'a str),
    /// The group that this client asked for is made.
    GroupMade,
    /// A request of this client was refused: the server's line.
    NotTaken(&'a str),
    /// Everything that the server had for this client before its fence has been heard.
    Fenced,
    /// A download starts; it has that many bytes.
    Download {
        /// The file's size.
        bytes: u64,
    },
    /// Bytes of the download.
    Chunk {
        /// How many.
        bytes: usize,
    },
    /// The download is complete, as the server says.
    DownloadEnd,
    /// The server broke the download off: its line.
    DownloadAborted(&'a str),
    /// The server is about to close the connection: its line.
    Closing(&'a str),
    /// Bytes that are no frame of the protocol.
    Garbled,
}
