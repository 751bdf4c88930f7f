//! The person's side: [`interface`], what the client asks of it, and who does that: a [`terminal`],
//! [`plain`] lines, and [`one_job`] of the command line. [`completion`] is what the Tab key knows.

pub mod completion;
pub mod interface;
pub mod one_job;
pub mod plain;
pub mod terminal;
