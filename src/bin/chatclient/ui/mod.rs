//! The user interfaces: the trait in [`interface`], and its implementations: a [`terminal`] with a
//! line editor, [`plain`] lines, and [`one_job`] of the command line. [`rows`] are those of a line
//! on a terminal, and [`completion`] is for the Tab key.

pub mod completion;
pub mod interface;
pub mod one_job;
pub mod plain;
mod rows;
pub mod terminal;
