//! The threads that do what the database thread does not: hash, search, and work with files.

pub(in crate::store) mod files;
pub(in crate::store) mod parts;
pub(in crate::store) mod passwords;
pub(in crate::store) mod search;
pub(in crate::store) mod uploads;
