//! Conversions of ids and sizes to and from SQLite's signed 64-bit integers.

use rusqlite::types::Type;

use crate::chat::id::{MessageId, UploadId};

/// A message's id as an integer. Ids above the range, which a client may ask for, become the
/// largest one.
pub(in crate::store) fn sql(id: MessageId) -> i64 {
    i64::try_from(id.0).unwrap_or(i64::MAX)
}

/// A stored message's id.
///
/// # Errors
/// If it is negative, which no server writes.
pub(in crate::store) fn from_sql(column: usize, id: i64) -> rusqlite::Result<MessageId> {
    u64::try_from(id).map(MessageId).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, Type::Integer, error.into())
    })
}

/// A size in bytes or a time in microseconds as an integer, at most `i64::MAX`.
pub(super) fn bounded(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// The id of an upload, or of the file that it has become, as an integer.
pub(super) fn key(id: UploadId) -> i64 {
    id.0.cast_signed()
}

/// The id of an upload from an integer.
pub(super) fn upload_id(key: i64) -> UploadId {
    UploadId(key.cast_unsigned())
}
