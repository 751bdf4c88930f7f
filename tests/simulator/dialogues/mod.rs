//! Dialogues by theme.

mod credentials;
mod files;
mod history;
mod kept;
mod login;
mod order;
mod people;
mod talk;
