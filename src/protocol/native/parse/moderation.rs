//! The parsers of the words of the commands of administrators.

use super::pieces::{MISSING, erase, known, nothing, number, on_or_off, reason_if_any};
use crate::chat::cidr::{Cidr, InvalidCidr};
use crate::chat::moderation::{AUDIT_LINES_MAX, INVITE_USES_MAX, Moderation};
use crate::chat::name::{InvalidName, UserName};
use crate::chat::refusal::Refusal;
use crate::chat::registration::{InvalidInviteCode, InvalidRegistration};
use crate::chat::request::SHUTDOWN_SECONDS_MAX;
use crate::chat::term::{InvalidTerm, Term};
use crate::chat::text::{Reason, Text};
use crate::protocol::native::verb::Verb;

/// The refusal of a time that nothing can last.
const BAD_TERM: Refusal = Refusal::BadWords("a time is like 30m, 12h or 7d, ten years at most");

/// How long an invitation is good if nothing else is said: a week.
const INVITE_TERM: Term = Term::For(7 * 24 * 60 * 60);

/// Parses the words of a command of administrators; none if the verb is not one of theirs.
pub(super) fn request(verb: Verb, words: Text<'_>) -> Option<Result<Moderation, Refusal>> {
    Some(match verb {
        Verb::Kick => kick(words),
        Verb::Logout => known(words.as_str()).map(Moderation::LogOut),
        Verb::Ban => ban(words),
        Verb::Unban => known(words.as_str()).map(Moderation::Unban),
        Verb::Banaddr => ban_network(words),
        Verb::Unbanaddr => network(words.as_str()).map(Moderation::UnbanNetwork),
        Verb::Bans => nothing(words, Moderation::Bans),
        Verb::Mute => mute(words),
        Verb::Setpasswd => known(words.as_str()).map(Moderation::ResetPassword),
        Verb::Adduser => new_user(words.as_str()).map(Moderation::AddUser),
        Verb::Accounts => accounts(words),
        Verb::Remove => remove(words),
        Verb::Reports => nothing(words, Moderation::Reports),
        Verb::Resolve => {
            number(words.as_str(), "give the report's number").map(Moderation::Resolve)
        }
        Verb::Registration => registration(words),
        Verb::Invite => invite(words),
        Verb::Invites => nothing(words, Moderation::Invites),
        Verb::Uninvite => uninvite(words),
        Verb::Lockdown => on_or_off(words).map(Moderation::Lockdown),
        Verb::Audit => audit(words),
        Verb::Admin => admin(words),
        Verb::Dump => nothing(words, Moderation::Dump),
        Verb::Shutdown => shutdown(words),
        _ => return None,
    })
}

fn kick(words: Text<'_>) -> Result<Moderation, Refusal> {
    let (user, rest) = words.split_word();
    let reason = reason_if_any(rest)?;
    Ok(Moderation::Kick { user: known(user)?, reason })
}

fn ban(words: Text<'_>) -> Result<Moderation, Refusal> {
    let (user, rest) = words.split_word();
    let (term, reason) = term_and_reason(rest)?;
    Ok(Moderation::Ban { user: known(user)?, term, reason })
}

fn ban_network(words: Text<'_>) -> Result<Moderation, Refusal> {
    let (word, rest) = words.split_word();
    let (term, reason) = term_and_reason(rest)?;
    Ok(Moderation::BanNetwork { network: network(word)?, term, reason })
}

/// Takes a time, if one comes first, and a reason, if there is one. Without a time it is for ever.
fn term_and_reason(words: Text<'_>) -> Result<(Term, Option<Reason>), Refusal> {
    let (word, rest) = words.split_word();
    match word.parse() {
        Ok(term) => Ok((term, reason_if_any(rest)?)),
        Err(InvalidTerm::NotATime) => Ok((Term::Ever, reason_if_any(words)?)),
        Err(InvalidTerm::OutOfRange) => Err(BAD_TERM),
    }
}

fn network(word: &str) -> Result<Cidr, Refusal> {
    if word.is_empty() {
        return Err(MISSING);
    }
    word.parse()
        .map_err(|InvalidCidr| Refusal::BadWords("a network is like 192.0.2.0/24, or one address"))
}

fn mute(words: Text<'_>) -> Result<Moderation, Refusal> {
    let (user, rest) = words.split_word();
    let user = known(user)?;
    let (word, rest) = rest.split_word();
    if word.eq_ignore_ascii_case("off") {
        return nothing(rest, Moderation::Mute { user, term: None, reason: None });
    }
    let term = word.parse().map_err(|error| match error {
        InvalidTerm::NotATime => Refusal::BadWords("say how long, like 30m, 7d or ever, or off"),
        InvalidTerm::OutOfRange => BAD_TERM,
    })?;
    Ok(Moderation::Mute { user, term: Some(term), reason: reason_if_any(rest)? })
}

fn new_user(word: &str) -> Result<UserName, Refusal> {
    match word.parse::<UserName>() {
        _ if word.is_empty() => Err(MISSING),
        Ok(name) if !name.is_operator() => Ok(name),
        _ => Err(Refusal::BadUserName),
    }
}

fn accounts(words: Text<'_>) -> Result<Moderation, Refusal> {
    let after = match words.as_str() {
        "" => None,
        name => Some(name.parse().map_err(|InvalidName| Refusal::BadWords("give a user's name"))?),
    };
    Ok(Moderation::Accounts { after })
}

fn remove(words: Text<'_>) -> Result<Moderation, Refusal> {
    let (user, rest) = words.split_word();
    Ok(Moderation::Remove { user: known(user)?, erase: erase(rest)? })
}

fn registration(words: Text<'_>) -> Result<Moderation, Refusal> {
    let registration = match words.as_str() {
        "" => None,
        word => Some(
            word.parse()
                .map_err(|InvalidRegistration| Refusal::BadWords("say open, invite or closed"))?,
        ),
    };
    Ok(Moderation::Registration(registration))
}

fn invite(words: Text<'_>) -> Result<Moderation, Refusal> {
    const WRONG: &str = "say for how many, 10000 at most, and how long";
    let (word, rest) = words.split_word();
    let (uses, rest) = match word.bytes().all(|byte| byte.is_ascii_digit()) && !word.is_empty() {
        true => (number(word, WRONG)?, rest),
        false => (1, words),
    };
    let term = match rest.parse() {
        _ if rest.is_empty() => INVITE_TERM,
        Ok(term) => term,
        Err(InvalidTerm::NotATime) => return Err(Refusal::BadWords(WRONG)),
        Err(InvalidTerm::OutOfRange) => return Err(BAD_TERM),
    };
    match uses {
        1..=INVITE_USES_MAX => Ok(Moderation::Invite { uses, term }),
        _ => Err(Refusal::BadWords(WRONG)),
    }
}

fn uninvite(words: Text<'_>) -> Result<Moderation, Refusal> {
    if words.is_empty() {
        return Err(MISSING);
    }
    let code = words.parse().map_err(|InvalidInviteCode| Refusal::NoSuchInvite)?;
    Ok(Moderation::Uninvite(code))
}

fn audit(words: Text<'_>) -> Result<Moderation, Refusal> {
    const WRONG: &str = "at most 1000 lines";
    if words.is_empty() {
        return Ok(Moderation::Audit(AUDIT_LINES_MAX));
    }
    match number(words.as_str(), WRONG)? {
        count @ ..=AUDIT_LINES_MAX => Ok(Moderation::Audit(count)),
        _ => Err(Refusal::BadWords(WRONG)),
    }
}

fn admin(words: Text<'_>) -> Result<Moderation, Refusal> {
    let (user, rest) = words.split_word();
    Ok(Moderation::Admin { user: known(user)?, admin: on_or_off(rest)? })
}

fn shutdown(words: Text<'_>) -> Result<Moderation, Refusal> {
    const WRONG: &str = "say in how many seconds, a week at most";
    if words.is_empty() {
        return Ok(Moderation::Shutdown { seconds: 0 });
    }
    match number(words.as_str(), WRONG)? {
        seconds @ ..=SHUTDOWN_SECONDS_MAX => Ok(Moderation::Shutdown { seconds }),
        _ => Err(Refusal::BadWords(WRONG)),
    }
}
