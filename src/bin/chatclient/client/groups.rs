//! Groups: what comes of what the person asks about them, and what the server tells of them.

use chatsrv::chat::name::{GroupName, Target};
use chatsrv::display::line::Line;
use chatsrv::display::safe_text::{SafeText, safe};
use chatsrv::protocol::native::read::{FinalReply, Notice, ReplyWords};

use super::parts::Parts;
use crate::input::groups::{GroupRequest, News};
use crate::requests::Asked;

/// Takes the head of a list about groups.
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

/// Takes a group of a list. Whether it is shown.
pub fn take_group(parts: &mut Parts, request: &GroupRequest, name: GroupName) -> bool {
    parts.core.completion.add_chat(Target::Group(name));
    if let GroupRequest::Mine { .. } = request {
        parts.conversations.groups.push(name);
    }
    *request != GroupRequest::Mine { quiet: true }
}

/// Takes the server's yes to what was asked about a group.
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

/// Takes a notice about a group.
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

/// Takes a notice about a group that only later servers send. What of it ends a chat ends it here
/// too.
pub fn take_later_change(parts: &mut Parts, group: GroupName, what: &str) {
    if what == "dissolve" {
        forget_group(parts, group);
    }
}

/// Leaves a group of which this user is no member any more: what was begun there goes nowhere. A
/// script does not see that, unless it leaves by itself: its next lines were meant for the group.
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

/// Leaves the group that is open, where it has ended while the connection was gone.
fn leave_what_is_over(parts: &mut Parts) {
    if let Some(Target::Group(group)) = parts.conversations.places.open()
        && !parts.conversations.groups.contains(&group)
    {
        parts.core.show(Line::notice(safe!("you are no member of {group} any more")));
        forget_group(parts, group);
    }
}
