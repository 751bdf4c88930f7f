//! What the operator decided about the chat.

use std::time::Duration;

/// What the operator decided about the chat.
#[derive(Clone, Debug)]
pub struct Config {
    /// Whether new names may register.
    pub registration: bool,
    /// Whether files may be read before the login.
    pub public_files: bool,
    /// With more users online than this, nobody is told who comes and goes.
    pub presence_limit: usize,
    /// Whether messages are kept, for users who are offline and to be read again. Otherwise nothing
    /// that people say comes to the disk.
    pub keep_messages: bool,
    /// For how long messages are kept; for ever where it is none.
    pub history: Option<Duration>,
    /// How often somebody who takes direct chats is to be heard of; two missed ones end it.
    pub alive_period: Duration,
    /// How many members a group may have; at least one.
    pub group_max: usize,
    /// The largest file that may be sent, in bytes.
    pub file_size_max: u64,
    /// How many bytes all files and uploads of one user may have.
    pub quota: u64,
}
