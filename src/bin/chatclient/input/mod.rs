//! What people type: [`commands`], the table of them; [`groups`] and [`administration`], what is
//! asked with some of them, and [`destination`], where a line goes.

pub mod administration;
pub mod commands;
pub mod destination;
pub mod groups;
