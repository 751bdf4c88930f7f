//! The threads of the store beside the database thread: for password hashing, the search, and
//! files.

pub(super) mod files;
pub(super) mod history;
pub(super) mod passwords;
pub(super) mod search;
pub(super) mod uploads;
