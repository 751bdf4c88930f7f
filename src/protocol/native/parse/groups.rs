//! The parsers of the words of the commands about groups.

use super::pieces::{MISSING, known, nothing, on_or_off, reason_if_any};
use crate::chat::group::{GroupRange, GroupSetting, GroupStart};
use crate::chat::name::{GroupName, InvalidName, UserRef};
use crate::chat::refusal::Refusal;
use crate::chat::request::Request;
use crate::chat::text::{InvalidTopic, Text};
use crate::protocol::native::verb::Verb;

/// Parses the words of a command about groups.
pub(super) fn request(verb: Verb, words: Text<'_>) -> Result<Request, Refusal> {
    match verb {
        Verb::Mkgroup => mkgroup(words, GroupStart::Adds),
        Verb::Mkgroupreq => mkgroup(words, GroupStart::Asks),
        Verb::Mkpublic => mkpublic(words),
        Verb::Join => group(words.as_str()).map(Request::Join),
        Verb::Ask => {
            let (group, user, rest) = group_and_user(words)?;
            nothing(rest, Request::Ask { group, user })
        }
        Verb::Decline => group(words.as_str()).map(Request::Decline),
        Verb::Admit => {
            let (group, user, rest) = group_and_user(words)?;
            nothing(rest, Request::Admit { group, user })
        }
        Verb::Refuse => {
            let (group, user, rest) = group_and_user(words)?;
            let (ever, rest) = ever(rest);
            nothing(rest, Request::Refuse { group, user, ever })
        }
        Verb::Expel => {
            let (group, user, rest) = group_and_user(words)?;
            let (ever, rest) = ever(rest);
            Ok(Request::Expel { group, user, ever, reason: reason_if_any(rest)? })
        }
        Verb::Shutout => group(words.as_str()).map(Request::ShutOut),
        Verb::Leave => {
            let (name, rest) = words.split_word();
            Ok(Request::Leave { group: group(name)?, reason: reason_if_any(rest)? })
        }
        Verb::Keep => set(words, GroupSetting::Kept),
        Verb::Public => set(words, GroupSetting::Public),
        Verb::Opentopic => set(words, GroupSetting::OpenTopic),
        Verb::Topic => topic(words),
        Verb::Op => {
            let (group, user, rest) = group_and_user(words)?;
            Ok(Request::Op { group, user, op: on_or_off(rest)? })
        }
        Verb::Handover => {
            let (group, user, rest) = group_and_user(words)?;
            nothing(rest, Request::Handover { group, user })
        }
        Verb::Dissolve => group(words.as_str()).map(Request::Dissolve),
        Verb::Groups => groups(words),
        Verb::Members => members(words),
        Verb::Info => group(words.as_str()).map(Request::Info),
        _ => {
            debug_assert!(false, "{verb} is not about groups");
            Err(MISSING)
        }
    }
}

fn group(word: &str) -> Result<GroupName, Refusal> {
    if word.is_empty() {
        return Err(MISSING);
    }
    word.parse().map_err(|InvalidName| Refusal::NoSuchGroup)
}

fn mkgroup(words: Text<'_>, start: GroupStart) -> Result<Request, Refusal> {
    let (first, rest) = words.split_word();
    let (name, users) = match first.starts_with('#') {
        true => (Some(new_group(first)?), rest),
        false => (None, words),
    };
    if users.is_empty() {
        return Err(Refusal::BadWords("say who is to be in it"));
    }
    let user = |word: &str| word.parse().map_err(|InvalidName| Refusal::NoSuchUser);
    let users = users.split(' ').map(user).collect::<Result<_, _>>()?;
    Ok(Request::Mkgroup { name, users, start })
}

/// The name of a group that is to be made. Numbers are given by the server alone.
fn new_group(word: &str) -> Result<GroupName, Refusal> {
    let name = word.parse().ok().filter(|name: &GroupName| !name.is_numbered());
    name.ok_or(Refusal::BadGroupName)
}

fn mkpublic(words: Text<'_>) -> Result<Request, Refusal> {
    if words.is_empty() {
        return Err(MISSING);
    }
    let (name, users) = (Some(new_group(words.as_str())?), Vec::new());
    Ok(Request::Mkgroup { name, users, start: GroupStart::Public })
}

fn group_and_user(words: Text<'_>) -> Result<(GroupName, UserRef, Text<'_>), Refusal> {
    let (name, rest) = words.split_word();
    let (user, rest) = rest.split_word();
    Ok((group(name)?, known(user)?, rest))
}

/// Takes the word EVER, if it is the first.
fn ever(words: Text<'_>) -> (bool, Text<'_>) {
    match words.split_word() {
        (word, rest) if word.eq_ignore_ascii_case("EVER") => (true, rest),
        _ => (false, words),
    }
}

fn set(words: Text<'_>, setting: GroupSetting) -> Result<Request, Refusal> {
    let (name, rest) = words.split_word();
    Ok(Request::Set { group: group(name)?, setting, on: on_or_off(rest)? })
}

fn topic(words: Text<'_>) -> Result<Request, Refusal> {
    let (name, rest) = words.split_word();
    let topic = match rest.as_str() {
        "" => None,
        text => Some(text.parse().map_err(|InvalidTopic| {
            Refusal::BadWords("a topic has at most 390 bytes of visible characters")
        })?),
    };
    Ok(Request::Topic { group: group(name)?, topic })
}

fn groups(words: Text<'_>) -> Result<Request, Refusal> {
    match words.as_str() {
        "" => Ok(Request::Groups(GroupRange::Own)),
        word if word.eq_ignore_ascii_case("ALL") => Ok(Request::Groups(GroupRange::All)),
        word if word.eq_ignore_ascii_case("PUBLIC") => Ok(Request::Groups(GroupRange::Public)),
        _ => Err(Refusal::BadWords("say nothing, ALL or PUBLIC")),
    }
}

fn members(words: Text<'_>) -> Result<Request, Refusal> {
    let (name, rest) = words.split_word();
    let whole = match rest.as_str() {
        "" => false,
        word if word.eq_ignore_ascii_case("ALL") => true,
        _ => return Err(Refusal::BadWords("after the group only ALL may stand")),
    };
    Ok(Request::Members { group: group(name)?, whole })
}
