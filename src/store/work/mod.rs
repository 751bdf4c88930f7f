//! The threads that do what the database thread does not: hash, search, and work with files.

pub(super) mod files;
pub(super) mod passwords;
pub(super) mod search;
pub(super) mod uploads;
