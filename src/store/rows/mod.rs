//! The rows of the database: the SQL, by table.

pub(in crate::store) mod accounts;
pub(in crate::store) mod groups;
pub(in crate::store) mod lane;
pub(in crate::store) mod messages;
pub(in crate::store) mod networks;
pub(in crate::store) mod schema;
pub(in crate::store) mod snapshot;
pub(in crate::store) mod tokens;
pub(in crate::store) mod uploads;
