//! The steps of the dialogues between a native client and its codec: each with its verb, the
//! sessions that may take it, and its answer.

use super::code::Code;
use super::verb::Verb;
use crate::chat::access::{Access, DialogueStep};

/// The old password is asked for.
pub const PASSWD: DialogueStep = DialogueStep { access: Access::Account, number: 0 };
/// A message to everyone is asked for.
pub const PM: DialogueStep = DialogueStep { access: Access::User, number: 1 };
/// The next message gets an idempotency key.
pub const KEY: DialogueStep = DialogueStep { access: Access::User, number: 2 };
/// Later additions to the protocol are sent from now on.
pub const MORE_ON: DialogueStep = DialogueStep { access: Access::User, number: 3 };
/// Later additions to the protocol are sent no longer.
pub const MORE_OFF: DialogueStep = DialogueStep { access: Access::User, number: 4 };
/// The verbs are listed.
pub const HELP: DialogueStep = DialogueStep { access: Access::Anyone, number: 5 };

const ROWS: [(DialogueStep, Verb, Code, &str); 6] = [
    (PASSWD, Verb::Passwd, Code::SendText, "send the old password"),
    (PM, Verb::Pm, Code::SendText, "send the message"),
    (KEY, Verb::Key, Code::Done, "it marks your next message"),
    (MORE_ON, Verb::More, Code::Done, "you are told what older clients don't know"),
    (MORE_OFF, Verb::More, Code::Done, "you are told what every client knows"),
    (HELP, Verb::Help, Code::Done, "D target text sends a message"),
];

/// The verb of a step.
pub fn verb(step: DialogueStep) -> Option<Verb> {
    ROWS.get(usize::from(step.number)).map(|row| row.1)
}

/// The code and the text of the answer to a step that was taken.
pub fn done(step: DialogueStep) -> (Code, &'static str) {
    ROWS.get(usize::from(step.number)).map_or((Code::Done, "done"), |row| (row.2, row.3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_at_the_numbers_of_their_steps() {
        for (at, (step, ..)) in ROWS.iter().enumerate() {
            assert_eq!(usize::from(step.number), at);
        }
    }
}
