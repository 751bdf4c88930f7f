//! The input: parsing of typed lines, and its state. [`commands`] parses them by the [`table`] of
//! commands, each an [`action`]; [`groups`], [`devices`], [`personal`] and [`administration`] are
//! the requests of some of them, [`group_words`] parses those about groups, and [`group_news`]
//! tells their notices in words. [`destination`] is the chat or the question that a line is for;
//! [`dialogues`] asks for input in several steps, and [`typed_ahead`] is the queue of lines that
//! wait.

pub mod action;
pub mod administration;
pub mod commands;
pub mod destination;
pub mod devices;
pub mod dialogues;
pub mod group_news;
pub mod group_words;
pub mod groups;
pub mod personal;
pub mod table;
pub mod typed_ahead;

use dialogues::Dialogues;
use typed_ahead::TypedAhead;

/// The state of the input.
#[derive(Debug, Default)]
pub struct InputState {
    /// The current dialogue.
    pub dialogue: Dialogues,
    /// Lines that were pasted or typed, and wait.
    pub typed_ahead: TypedAhead,
    /// True if the input is at its end.
    pub has_ended: bool,
}
