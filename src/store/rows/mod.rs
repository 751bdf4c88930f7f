//! The SQL of the database: a module for each table or group of tables, and removal across them.

pub(super) mod accounts;
pub(super) mod ahead;
pub(super) mod chats;
mod clock;
mod counts;
pub(super) mod erasing;
pub(super) mod files;
pub(super) mod groups;
pub(super) mod history;
pub(super) mod ignored;
pub(super) mod invites;
pub(super) mod keys;
pub(super) mod lane;
pub(super) mod messages;
pub(super) mod networks;
mod outsiders;
mod people;
pub(super) mod removal;
pub(super) mod reports;
pub(super) mod sanctions;
pub(super) mod schema;
pub(super) mod snapshot;
pub(super) mod tokens;
pub(super) mod untold;
pub(super) mod uploads;
pub(super) mod values;
