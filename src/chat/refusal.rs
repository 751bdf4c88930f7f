//! Why something is not done.

/// Why the store does not do what it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// There is no such file or folder, or it must not be read; or no such idempotency key.
    NotFound,
    /// A file of that name exists already.
    Exists,
    /// The upload is whole, and not what its sender expects.
    Mismatch,
    /// Too many such jobs wait already.
    Busy,
    /// There is no room on the disk.
    NoRoom,
    /// It failed for another reason, which the log tells.
    Failed,
}
