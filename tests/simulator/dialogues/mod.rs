//! Dialogues by theme.

mod chats;
mod credentials;
mod deletions;
mod devices;
mod doors;
mod expected_sums;
mod files;
mod groups;
mod guesses;
mod history;
mod kept;
mod login;
mod lost;
mod members;
mod open_groups;
mod operator;
mod ops;
mod order;
mod pace;
mod peers;
mod people;
mod presence;
mod regressions;
mod sent;
mod talk;
mod uploads;
