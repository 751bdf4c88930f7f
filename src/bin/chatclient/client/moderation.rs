//! The requests about others and about the own account, and those of administrators: sent, and
//! their replies shown.

use chatsrv::chat::moderation::Moderation;
use chatsrv::chat::name::UserName;
use chatsrv::display::line::Line;
use chatsrv::display::listing;
use chatsrv::display::safe_text::{SafeText, safe};
use chatsrv::protocol::native::read::{FinalReply, ListItem, ReplyWords};

use super::parts::Parts;
use crate::conversations::Conversations;
use crate::core::Core;
use crate::input::administration::Administration;
use crate::input::personal::PersonalRequest;
use crate::requests::Asked;

/// Sends a request about others or about the own account.
pub fn ask_personal(core: &mut Core, request: PersonalRequest) {
    let (verb, words) = request.request();
    core.ask(Asked::Personal(request), verb, words);
}

/// Sends a request of an administrator. The server decides whether it is permitted.
pub fn administer(core: &mut Core, command: Administration) {
    let (verb, words) = (command.verb(), command.words().to_string());
    core.ask(Asked::Administer(command), verb, words);
}

/// Handles the head of a list.
pub fn take_head(core: &mut Core, asked: &Asked, count: usize) {
    let text = match asked {
        Asked::Administer(command) if count == 0 => command.nothing(),
        Asked::Personal(request) => request.head(count),
        _ => None,
    };
    core.show_all(text.map(SafeText::new).map(Line::answer));
}

/// Handles an item of a list of administrators. Returns false if it does not belong there.
pub fn take_listed(core: &mut Core, command: &Administration, item: &ListItem<'_>) -> bool {
    match (&command.meant, *item) {
        (Moderation::Accounts { .. }, ListItem::Account { name, .. }) => {
            core.last_account = name.parse().ok();
        }
        (Moderation::Bans, ListItem::Ban { .. })
        | (Moderation::Reports, ListItem::Report { .. })
        | (Moderation::Invites, ListItem::Invite { .. })
        | (Moderation::Audit(_), ListItem::Line { .. })
        | (Moderation::Dump, ListItem::Figure { .. }) => {}
        _ => return false,
    }
    core.show(listing::item(item));
    true
}

/// Handles an item of a list for this user. Returns false if it does not belong there.
pub fn take_personal(
    core: &mut Core,
    conversations: &mut Conversations,
    request: &PersonalRequest,
    item: &ListItem<'_>,
) -> bool {
    match (request, *item) {
        (PersonalRequest::Ignored { quiet }, ListItem::Ignored { user }) => {
            conversations.ignored.list(user);
            if !quiet {
                core.show(listing::item(item));
            }
        }
        // They are further rows of the line before them: the text may look like any other line.
        (PersonalRequest::Motd { .. }, ListItem::Line { line }) => {
            core.show(Line::answer(safe!("  {line}")));
        }
        _ => return false,
    }
    true
}

/// Handles the success of a request of an administrator.
pub fn administered(parts: &mut Parts, command: &Administration, reply: &FinalReply<'_>) {
    let core = &mut parts.core;
    parts.was_shut_down |= matches!(command.meant, Moderation::Shutdown { .. });
    core.show_all(command.done(reply).map(Line::answer));
    let (Moderation::Accounts { after }, ReplyWords::Left { left: 1.. }) =
        (&command.meant, reply.words)
    else {
        return;
    };
    if let Some(last) = core.last_account.take().filter(|last| is_behind(last, after.as_ref())) {
        administer(core, Administration::accounts_after(last));
    }
}

/// Returns true if a list that goes on behind `name` gets on.
fn is_behind(name: &UserName, before: Option<&UserName>) -> bool {
    let folded = |name: &UserName| name.as_str().to_ascii_lowercase();
    before.is_none_or(|before| folded(before) < folded(name))
}

/// Handles the success of a request about others or about the own account.
pub fn personal_done(parts: &mut Parts, request: &PersonalRequest, reply: &FinalReply<'_>) {
    let Parts { core, conversations, .. } = parts;
    core.show_all(request.done(reply).map(Line::answer));
    match request {
        // The user may have been named by number.
        PersonalRequest::Ignore { .. } => {
            ask_personal(core, PersonalRequest::Ignored { quiet: true });
        }
        PersonalRequest::Ignored { .. } => conversations.ignored.end_list(),
        _ => {}
    }
}
