//! Dialogues by theme.

mod files;
mod login;
mod order;
mod talk;
