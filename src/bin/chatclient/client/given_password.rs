//! A password that was given to the user, who has to choose one of their own before the server
//! takes anything else.

use chatsrv::display::line::Line;
use chatsrv::display::safe_text::safe;
use chatsrv::protocol::native::read::{FinalReply, ReplyWords, Restriction};
use chatsrv::protocol::native::verb::Verb;

use super::execute::ask_group;
use super::moderation::ask_personal;
use super::parts::Parts;
use crate::core::Core;
use crate::input::destination::{Dialogue, PasswordEntry};
use crate::requests::Asked;

/// Asks somebody at a terminal for a new password, if that is why a request was refused. Returns
/// true if the request was one of the login, which waits until then.
///
/// Tokens end when a password is given. So a server that has taken one and asks for this is not the
/// one that it was, and would be told the password.
pub fn puts_off(parts: &mut Parts, asked: &Asked, reply: &FinalReply<'_>) -> bool {
    let Parts { core, input, login, .. } = parts;
    let is_reset = reply.words == ReplyWords::Restricted { by: Restriction::Reset };
    if !is_reset || login.has_resumed() || !core.has_person() || !asked.is_of_login() {
        return false;
    }
    if core.put_off.is_empty() {
        let text = "that password was given to you for a day: choose one of your own";
        core.show(Line::warning(safe!("{text}")));
        if input.dialogue.step == Dialogue::None {
            input.dialogue.step = Dialogue::Password(PasswordEntry::Old);
        }
    }
    core.put_off.push(asked.clone());
    true
}

/// Sends the requests that waited, now that the user has a password of their own.
pub fn go_on(core: &mut Core) {
    for asked in std::mem::take(&mut core.put_off) {
        match asked {
            Asked::FirstChats | Asked::MissedChats => core.ask(asked, Verb::Chats, ""),
            Asked::More => core.requests.ask_again_for_more(),
            Asked::Who { .. } => core.ask(asked, Verb::Who, ""),
            Asked::Files { .. } => core.ask(asked, Verb::Ls, ""),
            Asked::Group(request) => ask_group(core, request),
            Asked::Personal(request) => ask_personal(core, request),
            // A token was requested with the new password.
            _ => {}
        }
    }
}
