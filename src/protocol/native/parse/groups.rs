//! The parsers of the words of the commands about groups.

use super::pieces::{MISSING, known, nothing, on_or_off};
use crate::chat::name::{GroupName, InvalidName, UserRef};
use crate::chat::refusal::Refusal;
use crate::chat::request::Request;
use crate::chat::text::Text;
use crate::protocol::native::verb::Verb;

/// Parses the words of a command about groups.
pub(super) fn request(verb: Verb, words: Text<'_>) -> Result<Request, Refusal> {
    match verb {
        Verb::Mkgroup => mkgroup(words, false),
        Verb::Mkgroupreq => mkgroup(words, true),
        Verb::Join => group(words.as_str()).map(Request::Join),
        Verb::Admit => admit(words, true),
        Verb::Refuse => admit(words, false),
        Verb::Leave => group(words.as_str()).map(Request::Leave),
        Verb::Keep => keep(words),
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
        Verb::Members => group(words.as_str()).map(Request::Members),
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

fn mkgroup(words: Text<'_>, asks: bool) -> Result<Request, Refusal> {
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
    Ok(Request::Mkgroup { name, users, asks })
}

/// The name of a group that is to be made. Numbers are given by the server alone.
fn new_group(word: &str) -> Result<GroupName, Refusal> {
    let name = word.parse().ok().filter(|name: &GroupName| !name.is_numbered());
    name.ok_or(Refusal::BadGroupName)
}

fn admit(words: Text<'_>, admit: bool) -> Result<Request, Refusal> {
    let (name, user) = words.split_word();
    let group = group(name)?;
    if user.is_empty() {
        return Err(MISSING);
    }
    let user = user.parse().map_err(|InvalidName| Refusal::NoSuchUser)?;
    Ok(Request::Admit { group, user, admit })
}

fn group_and_user(words: Text<'_>) -> Result<(GroupName, UserRef, Text<'_>), Refusal> {
    let (name, rest) = words.split_word();
    let (user, rest) = rest.split_word();
    Ok((group(name)?, known(user)?, rest))
}

fn keep(words: Text<'_>) -> Result<Request, Refusal> {
    let (name, rest) = words.split_word();
    Ok(Request::Keep { group: group(name)?, keep: on_or_off(rest)? })
}

fn groups(words: Text<'_>) -> Result<Request, Refusal> {
    match words.as_str() {
        "" => Ok(Request::Groups { all: false }),
        word if word.eq_ignore_ascii_case("ALL") => Ok(Request::Groups { all: true }),
        _ => Err(Refusal::BadWords("say nothing, or ALL")),
    }
}
