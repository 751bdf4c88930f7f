//! The handling of replies and notices about groups.

use chatsrv::chat::name::{GroupName, Target};
use chatsrv::display::line::Line;
use chatsrv::display::safe_text::{SafeText, safe};
use chatsrv::protocol::native::read::{FinalReply, Notice, ReplyWords};

use super::parts::Parts;
use crate::core::Core;
use crate::input::group_news::{Effect, News};
use crate::input::groups::GroupRequest;
use crate::requests::Asked;

/// Handles the head of a list about groups.
pub fn take_group_head(parts: &mut Parts, request: &GroupRequest, count: usize) {
    match request {
        GroupRequest::Mine { .. } => parts.conversations.groups.clear(),
        GroupRequest::Members(group, _) => {
            parts.core.show(Line::answer(safe!("members of {group}: {count}")));
        }
        GroupRequest::ShutOut(group) if count > 0 => {
            parts.core.show(Line::answer(safe!("shut out of {group}: {count}")));
        }
        _ => {}
    }
    if let (0, Some(nothing)) = (count, request.nothing()) {
        parts.core.show(Line::answer(SafeText::new(nothing)));
    }
}

/// Handles a group of a list. Returns true if it is to be shown.
pub fn take_group(parts: &mut Parts, request: &GroupRequest, name: GroupName) -> bool {
    parts.core.completion.add_chat(Target::Group(name));
    if let GroupRequest::Mine { .. } = request {
        parts.conversations.groups.push(name);
    }
    *request != GroupRequest::Mine { quiet: true }
}

/// Handles the success of a request about a group.
pub fn group_done(parts: &mut Parts, request: &GroupRequest, reply: &FinalReply<'_>) {
    match request {
        GroupRequest::Make { .. } => {
            if let ReplyWords::GroupMade { group, .. } = reply.words
                && let Ok(group) = group.parse()
            {
                parts.core.completion.add_chat(Target::Group(group));
            }
        }
        GroupRequest::Leave(group, _) => {
            parts.conversations.groups.retain(|other| other != group);
            parts.conversations.forget(Target::Group(*group));
        }
        GroupRequest::Mine { .. } => leave_what_is_over(parts),
        _ => {}
    }
    parts.core.show_all(request.done(reply).map(Line::answer));
}

/// Handles a notice about a group.
pub fn take_group_notice(parts: &mut Parts, notice: &Notice<'_>) {
    let Some(News { group, text, effect }) = News::of(notice, parts.core.name) else { return };
    let Parts { core, conversations, .. } = parts;
    core.completion.add_chat(Target::Group(group));
    // Of a member who has left for a reason, that is told already.
    let explained = conversations.explained.take();
    let is_told = match effect {
        Effect::Left { user, .. } => explained == Some((group, user)),
        _ => is_answered(notice, core),
    };
    if !is_told {
        core.show(Line::notice(text));
    }
    match effect {
        Effect::Joined if !conversations.groups.contains(&group) => {
            conversations.groups.push(group);
        }
        Effect::Explained(user) => conversations.explained = Some((group, user)),
        Effect::Left { own: true, .. } | Effect::Ended => forget_group(parts, group),
        _ => {}
    }
}

/// Returns true if a notice tells of a change that this client asked for, which its answer tells.
fn is_answered(notice: &Notice<'_>, core: &Core) -> bool {
    let (Notice::Topic { group, by, .. } | Notice::GroupNews { group, by, .. }) = *notice else {
        return false;
    };
    let mut requests = core.requests.open_requests();
    let is_own = core.name.is_some_and(|own| own.as_str() == by);
    is_own && requests.any(|asked| matches!(asked, Asked::Group(asked) if asked.changes(group)))
}

/// Forgets a group of which this user is no member any more. If it was open, the next lines of a
/// script were meant for it and must go nowhere, unless the script has left the group itself.
fn forget_group(parts: &mut Parts, group: GroupName) {
    let was_open = parts.conversations.places.open() == Some(Target::Group(group));
    parts.conversations.groups.retain(|other| *other != group);
    parts.conversations.forget(Target::Group(group));
    let leaves = parts.core.requests.open_requests().any(
        |asked| matches!(asked, Asked::Group(GroupRequest::Leave(leaving, _)) if *leaving == group),
    );
    if was_open && !leaves && !parts.core.ui.is_interactive() {
        parts.conversations.places.lose();
    }
}

/// Forgets the group that is open, if the membership has ended while the client was offline.
fn leave_what_is_over(parts: &mut Parts) {
    if let Some(Target::Group(group)) = parts.conversations.places.open()
        && !parts.conversations.groups.contains(&group)
    {
        parts.core.show(Line::notice(safe!("you are no member of {group} any more")));
        forget_group(parts, group);
    }
}
