//! The words of the commands about groups, parsed.

use chatsrv::chat::group::{GroupSetting, GroupStart};
use chatsrv::chat::name::{GroupName, UserRef};

use super::groups::{GroupRequest, UserRequest};

/// Parses `on` or `off`.
pub fn on_or_off(word: &str) -> Option<bool> {
    match word.trim() {
        word if word.eq_ignore_ascii_case("on") => Some(true),
        word if word.eq_ignore_ascii_case("off") => Some(false),
        _ => None,
    }
}

/// Parses `#group`.
pub fn group(words: &str) -> Option<GroupName> {
    words.trim().parse().ok()
}

/// Parses `[#name] user...`; there must be at least one other member.
pub fn make(words: &str, start: GroupStart) -> Option<GroupRequest> {
    let mut words = words.split_whitespace().peekable();
    let name = words.next_if(|word| word.starts_with('#')).map(str::parse).transpose().ok()?;
    let users: Vec<UserRef> = words.map(|word| word.parse().ok()).collect::<Option<_>>()?;
    (!users.is_empty()).then_some(GroupRequest::Make { name, users, start })
}

/// Parses `#name`.
pub fn make_public(words: &str) -> Option<GroupRequest> {
    let name = Some(group(words)?);
    Some(GroupRequest::Make { name, users: Vec::new(), start: GroupStart::Public })
}

/// Parses `#group [reason]`.
pub fn leave(words: &str) -> Option<GroupRequest> {
    let (group, reason) = first_and_rest(words);
    Some(GroupRequest::Leave(group.parse().ok()?, optional(reason)?))
}

/// Parses `#group [text]`.
pub fn topic(words: &str) -> Option<GroupRequest> {
    let (group, topic) = first_and_rest(words);
    Some(GroupRequest::Topic(group.parse().ok()?, optional(topic)?))
}

/// Parses `#group [ALL]`.
pub fn members(words: &str) -> Option<GroupRequest> {
    let (group, all) = first_and_rest(words);
    let group = group.parse().ok()?;
    match all {
        "" => Some(GroupRequest::Members(group, false)),
        all => all.eq_ignore_ascii_case("all").then_some(GroupRequest::Members(group, true)),
    }
}

/// Parses `#group on` or `#group off`.
pub fn set(words: &str, setting: GroupSetting) -> Option<GroupRequest> {
    let (group, word) = first_and_rest(words);
    Some(GroupRequest::Set(group.parse().ok()?, setting, on_or_off(word)?))
}

/// Parses `#group user`.
pub fn about(words: &str, request: UserRequest) -> Option<GroupRequest> {
    let (group, user, rest) = group_user_and_rest(words)?;
    rest.is_empty().then_some(GroupRequest::About(group, user, request))
}

/// Parses `#group user on` or `#group user off`.
pub fn op(words: &str) -> Option<GroupRequest> {
    let (group, user, word) = group_user_and_rest(words)?;
    Some(GroupRequest::About(group, user, UserRequest::Op(on_or_off(word)?)))
}

/// Parses `#group user [EVER]`.
pub fn refuse(words: &str) -> Option<GroupRequest> {
    let (group, user, rest) = group_user_and_rest(words)?;
    let (ever, rest) = ever_and_rest(rest);
    rest.is_empty().then_some(GroupRequest::About(group, user, UserRequest::Refuse { ever }))
}

/// Parses `#group user [EVER] [reason]`.
pub fn expel(words: &str) -> Option<GroupRequest> {
    let (group, user, rest) = group_user_and_rest(words)?;
    let (ever, reason) = ever_and_rest(rest);
    let request = UserRequest::Expel { ever, reason: optional(reason)? };
    Some(GroupRequest::About(group, user, request))
}

/// Splits off the first word.
pub fn first_and_rest(words: &str) -> (&str, &str) {
    let words = words.trim();
    let (first, rest) = words.split_once(' ').unwrap_or((words, ""));
    (first, rest.trim_start())
}

fn group_user_and_rest(words: &str) -> Option<(GroupName, UserRef, &str)> {
    let (group, rest) = first_and_rest(words);
    let (user, rest) = first_and_rest(rest);
    Some((group.parse().ok()?, user.parse().ok()?, rest))
}

/// Splits off the word EVER, if it is the first.
fn ever_and_rest(words: &str) -> (bool, &str) {
    match first_and_rest(words) {
        (first, rest) if first.eq_ignore_ascii_case("ever") => (true, rest),
        _ => (false, words),
    }
}

/// Parses a text that may be absent; `None` if it is not valid.
fn optional<T: std::str::FromStr>(text: &str) -> Option<Option<T>> {
    if text.is_empty() { Some(None) } else { text.parse().ok().map(Some) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(request: Option<GroupRequest>) -> Option<String> {
        request.map(|request| format!("{} {}", request.verb(), request.words()))
    }

    #[test]
    fn words_become_requests() {
        let some = |line: &str| Some(line.to_string());
        assert_eq!(line(op(" #team  bob ON ")), some("OP #team bob on"));
        assert_eq!(line(op("#team 10417 off")), some("OP #team 10417 off"));
        assert_eq!(line(refuse("#team bob")), some("REFUSE #team bob"));
        assert_eq!(line(refuse("#team bob ever")), some("REFUSE #team bob EVER"));
        assert_eq!(line(expel("#team bob")), some("EXPEL #team bob"));
        assert_eq!(line(expel("#team bob Ever too  loud")), some("EXPEL #team bob EVER too  loud"));
        assert_eq!(line(expel("#team bob everybody left")), some("EXPEL #team bob everybody left"));
        assert_eq!(line(about("#team bob ", UserRequest::Ask)), some("ASK #team bob"));
        assert_eq!(line(leave("#team")), some("LEAVE #team"));
        assert_eq!(line(leave("#team  so long")), some("LEAVE #team so long"));
        assert_eq!(line(topic("#team green tea")), some("TOPIC #team green tea"));
        assert_eq!(line(topic("#team")), some("TOPIC #team"));
        assert_eq!(line(members("#team all")), some("MEMBERS #team ALL"));
        assert_eq!(line(make_public("#team")), some("MKPUBLIC #team"));
        let set = |words, setting| line(set(words, setting));
        assert_eq!(set("#team on", GroupSetting::Public), some("PUBLIC #team on"));
        assert_eq!(set("#team OFF", GroupSetting::OpenTopic), some("OPENTOPIC #team off"));
    }

    #[test]
    fn words_that_make_no_request_are_none() {
        for wrong in ["#team bob", "#team bob maybe", "team bob on", "#team bob on now", ""] {
            assert_eq!(op(wrong), None, "{wrong}");
        }
        for wrong in ["#team", "#team bob never", "#team bob ever now", "bob #team"] {
            assert_eq!(refuse(wrong), None, "{wrong}");
        }
        assert_eq!(expel(&format!("#team bob {}", "x".repeat(201))), None);
        assert_eq!(topic(&format!("#team {}", "x".repeat(391))), None);
        assert_eq!(topic("team x"), None);
        assert_eq!(members("#team some"), None);
        assert_eq!(make_public(""), None);
        assert_eq!(about("#team bob carol", UserRequest::Handover), None);
        assert_eq!(set("#team", GroupSetting::Kept), None);
    }
}
