//! Ids and sizes as SQLite keeps them: as integers of 64 bits with a sign.

use rusqlite::types::Type;

use crate::chat::id::{MessageId, UploadId};

/// A message's id. One that no clock reaches, but a client may ask for, is after everything.
pub(in crate::store) fn sql(id: MessageId) -> i64 {
    i64::try_from(id.0).unwrap_or(i64::MAX)
}

/// A message's id as it was kept.
///
/// # Errors
/// Where a negative one stands there, which no server writes.
pub(in crate::store) fn from_sql(column: usize, id: i64) -> rusqlite::Result<MessageId> {
    u64::try_from(id).map(MessageId).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, Type::Integer, error.into())
    })
}

/// A size in bytes, or a time in microseconds.
pub(super) fn bounded(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// The key of an upload, or of the file that it has become.
pub(super) fn key(id: UploadId) -> i64 {
    id.0.cast_signed()
}

/// The upload with a key.
pub(super) fn upload_id(key: i64) -> UploadId {
    UploadId(key.cast_unsigned())
}
