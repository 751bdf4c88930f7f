//! The steps of the dialogues between a native client and its codec: each with the
//! sessions that may take it, and its answer.

use super::code::Code;
use crate::chat::access::{Access, DialogueStep};

/// The old password is asked for.
pub const PASSWD: DialogueStep = step(0, Access::PasswordHolder);
/// A message to everyone is asked for.
pub const PM: DialogueStep = step(1, Access::Broadcaster);
/// The next message gets an idempotency key.
pub const KEY: DialogueStep = step(2, Access::User);
/// Later additions to the protocol are sent from now on.
pub const MORE_ON: DialogueStep = DialogueStep { tells_more: Some(true), ..step(3, Access::User) };
/// Later additions to the protocol are sent no longer.
pub const MORE_OFF: DialogueStep =
    DialogueStep { tells_more: Some(false), ..step(4, Access::User) };
/// The verbs are listed.
pub const HELP: DialogueStep = step(5, Access::Anyone);
/// The password of the account that is to be removed is asked for.
pub const UNREGISTER: DialogueStep = step(6, Access::Account);

/// A step that leaves what the session is told as it is.
const fn step(number: u8, access: Access) -> DialogueStep {
    DialogueStep { access, number, tells_more: None }
}

const ROWS: [(DialogueStep, Code, &str); 7] = [
    (PASSWD, Code::SendText, "send the old password"),
    (PM, Code::SendText, "send the message"),
    (KEY, Code::Done, "it marks your next message"),
    (MORE_ON, Code::Done, "you are told what older clients don't know"),
    (MORE_OFF, Code::Done, "you are told what every client knows"),
    (HELP, Code::Done, "D target text sends a message"),
    (UNREGISTER, Code::SendText, "send the password, and your account is gone"),
];

/// The code and the text of the answer to a step that was taken.
pub fn done(step: DialogueStep) -> (Code, &'static str) {
    ROWS.get(usize::from(step.number)).map_or((Code::Done, "done"), |row| (row.1, row.2))
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
