//! What people type: [`commands`], the table of them; [`groups`] and [`administration`], what is
//! asked with some of them; [`destination`], where a line goes; [`dialogues`], what is put together
//! step by step, and [`typed_ahead`], the lines whose time has not come.

pub mod administration;
pub mod commands;
pub mod destination;
pub mod dialogues;
pub mod groups;
pub mod typed_ahead;

use dialogues::Dialogues;
use typed_ahead::TypedAhead;

/// The input: what goes on with the person.
#[derive(Debug, Default)]
pub struct InputState {
    /// The dialogue that goes on.
    pub dialogue: Dialogues,
    /// Lines that were pasted or typed, and whose time has not come.
    pub typed_ahead: TypedAhead,
    /// Whether no more lines will come.
    pub has_ended: bool,
}
