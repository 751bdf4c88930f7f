//! Dialogues by theme.

mod credentials;
mod expected_sums;
mod files;
mod groups;
mod history;
mod kept;
mod login;
mod members;
mod operator;
mod order;
mod peers;
mod people;
mod regressions;
mod sent;
mod talk;
mod uploads;
