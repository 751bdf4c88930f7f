//! The handling of replies and notices about groups.

use chatsrv::chat::name::{GroupName, Target};
use chatsrv::display::line::Line;
use chatsrv::display::safe_text::{SafeText, safe};
use chatsrv::protocol::native::read::{FinalReply, Notice, ReplyWords};

use super::parts::Parts;
use crate::input::groups::{GroupRequest, News};
use crate::requests::Asked;

/// Handles the head of a list about groups.
pub fn take_group_head(parts: &mut Parts, request: &GroupRequest, count: usize) {
    match request {
        GroupRequest::Mine { .. } => parts.conversations.groups.clear(),
        GroupRequest::Members(group) => {
            parts.core.show(Line::answer(safe!("members of {group}: {count}")));
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
        GroupRequest::Leave(group) => {
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
    let Some(news) = News::of(notice, parts.core.name) else { return };
    parts.core.completion.add_chat(Target::Group(news.group));
    if news.has_joined() && !parts.conversations.groups.contains(&news.group) {
        parts.conversations.groups.push(news.group);
    }
    parts.core.show(Line::notice(safe!("{news}")));
    if news.has_left() {
        forget_group(parts, news.group);
    }
}

/// Handles a change of a group that was added to the protocol later. A group that is dissolved is
/// left here too.
pub fn take_later_change(parts: &mut Parts, group: GroupName, what: &str) {
    if what == "dissolve" {
        forget_group(parts, group);
    }
}

/// Forgets a group of which this user is no member any more. If it was open, the next lines of a
/// script were meant for it and must go nowhere, unless the script has left the group itself.
fn forget_group(parts: &mut Parts, group: GroupName) {
    let was_open = parts.conversations.places.open() == Some(Target::Group(group));
    parts.conversations.groups.retain(|other| *other != group);
    parts.conversations.forget(Target::Group(group));
    let leave = Asked::Group(GroupRequest::Leave(group));
    let leaves = parts.core.requests.open_requests().any(|asked| *asked == leave);
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
