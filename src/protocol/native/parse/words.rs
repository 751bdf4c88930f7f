//! The parsers of the words of each command.

use super::groups;
use super::moderation;
use super::pieces::{
    MISSING, erase, is_plain_number, known, nothing, number, on_or_off, reason_if_any,
};
use crate::chat::file::FileRef;
use crate::chat::id::MessageId;
use crate::chat::name::{DisplayName, FileName, InvalidName, Key, Target, UserName, UserRef};
use crate::chat::refusal::Refusal;
use crate::chat::registration::InvalidInviteCode;
use crate::chat::request::{LIST_MESSAGES_MAX, PORT_MIN, Place, Request};
use crate::chat::sha256::InvalidSum;
use crate::chat::text::{Secret, Text};
use crate::chat::words::{SEARCH_TERMS_MAX, SEARCH_WORDS_MAX, Terms};
use crate::protocol::native::command::Command;
use crate::protocol::native::verb::Verb;

/// The refusal of a verb whose words are no request by themselves.
const TAKES_A_STEP: Refusal = Refusal::BadWords("that command takes a step");

/// Parses the words of a command.
pub(super) fn parse(verb: Verb, words: Text<'_>) -> Result<Command, Refusal> {
    match verb {
        Verb::User => user(words),
        Verb::Passwd => nothing(words, Command::Passwd),
        Verb::Unregister => Ok(Command::Unregister { erase: erase(words)? }),
        Verb::Pm => nothing(words, Command::Pm),
        Verb::Dm => nothing(words, Command::Dm),
        Verb::Key => key(words).map(Command::Key),
        Verb::More => on_or_off(words).map(Command::More),
        Verb::Help => nothing(words, Command::Help),
        _ => request(verb, words).map(Command::Ask),
    }
}

/// Parses the words of a command that is a complete request.
fn request(verb: Verb, words: Text<'_>) -> Result<Request, Refusal> {
    match verb {
        Verb::Token => token(words),
        Verb::Sessions => nothing(words, Request::Sessions),
        Verb::Endsession => end_session(words),
        Verb::Resume => resume(words),
        Verb::Unread => nothing(words, Request::Unread),
        Verb::Chats => chats(words),
        Verb::Open => open(words),
        Verb::History => history(words),
        Verb::After => after(words),
        Verb::Search => search(words),
        Verb::Seen => seen(words),
        Verb::Delete => {
            Ok(Request::Delete(MessageId(number(words.as_str(), "give the message's id")?)))
        }
        Verb::Who => nothing(words, Request::Who),
        Verb::Nick => display_name(words).map(Request::Nick),
        Verb::Quiet => on_or_off(words).map(Request::Quiet),
        Verb::Away => reason_if_any(words).map(Request::Away),
        Verb::Whois => known(words.as_str()).map(Request::Whois),
        Verb::Monitor => {
            let (user, on) = user_on_or_off(words)?;
            Ok(Request::Monitor { user, on })
        }
        Verb::Ignore => {
            let (user, on) = user_on_or_off(words)?;
            Ok(Request::Ignore { user, on })
        }
        Verb::Report => report(words),
        Verb::Ignored => nothing(words, Request::Ignored),
        Verb::Askfirst => on_or_off(words).map(Request::AskFirst),
        Verb::Motd => nothing(words, Request::Motd),
        Verb::Export => nothing(words, Request::Export),
        Verb::Rm => path(words).map(Request::RemoveFile),
        Verb::Ls => folder(words).map(Request::Ls),
        Verb::Get => get(words),
        Verb::Sum => file_ref(words).map(Request::Sum),
        Verb::Put => put(words),
        Verb::Sendfile => sendfile(words),
        Verb::Expect => expect(words),
        Verb::Abort => {
            Ok(Request::Abort { stream: number(words.as_str(), "give the stream's number")? })
        }
        Verb::Up => up(words),
        Verb::Down => nothing(words, Request::Down),
        Verb::Alive => nothing(words, Request::Alive),
        Verb::Call => known(words.as_str()).map(Request::Call),
        Verb::Ex => nothing(words, Request::Ex),
        Verb::User | Verb::Passwd | Verb::Unregister | Verb::Pm | Verb::Dm | Verb::Key => {
            Err(TAKES_A_STEP)
        }
        Verb::More | Verb::Help => Err(TAKES_A_STEP),
        other => match moderation::request(other, words) {
            Some(moderation) => moderation.map(Request::Moderate),
            None => groups::request(other, words),
        },
    }
}

fn user(words: Text<'_>) -> Result<Command, Refusal> {
    const WRONG: Refusal =
        Refusal::BadWords("after the name only TAKEOVER or BESIDE and INVITE may stand");
    let (name, rest) = words.split_word();
    let (place, rest) = match rest.split_word() {
        (word, rest) if word.eq_ignore_ascii_case("TAKEOVER") => (Place::TakesOver, rest),
        (word, rest) if word.eq_ignore_ascii_case("BESIDE") => (Place::Beside, rest),
        _ => (Place::Alone, rest),
    };
    let invite = match rest.split_word() {
        ("", rest) if rest.is_empty() => None,
        // A code that no invitation can have is refused like a wrong one.
        (word, code) if word.eq_ignore_ascii_case("INVITE") => {
            Some(code.parse().map_err(|InvalidInviteCode| {
                match code.contains(' ') || code.is_empty() {
                    true => WRONG,
                    false => Refusal::WrongCode,
                }
            })?)
        }
        _ => return Err(WRONG),
    };
    if name.is_empty() {
        return Err(MISSING);
    }
    match name.parse::<UserName>() {
        Ok(name) if !name.is_operator() => Ok(Command::User { name, place, invite }),
        _ => Err(Refusal::BadUserName),
    }
}

fn user_on_or_off(words: Text<'_>) -> Result<(UserRef, bool), Refusal> {
    let (user, rest) = words.split_word();
    Ok((known(user)?, on_or_off(rest)?))
}

fn report(words: Text<'_>) -> Result<Request, Refusal> {
    let (user, rest) = words.split_word();
    let user = known(user)?;
    // A word of digits is an id, whatever follows it.
    let (message, reason) = match rest.split_word() {
        (word, reason) if is_plain_number(word) => {
            (Some(MessageId(number(word, "that is no message's id")?)), reason)
        }
        _ => (None, rest),
    };
    let reason = reason_if_any(reason)?.ok_or(Refusal::BadWords("say what there is to report"))?;
    Ok(Request::Report { user, message, reason })
}

fn resume(words: Text<'_>) -> Result<Request, Refusal> {
    let (name, rest) = words.split_word();
    let (token, rest) = rest.split_word();
    let beside = rest.eq_ignore_ascii_case("BESIDE");
    if token.is_empty() || !(beside || rest.is_empty()) {
        return Err(Refusal::BadWords("give the name and the token"));
    }
    // A name that no account can have is refused like a wrong token.
    let name = name.parse().map_err(|InvalidName| Refusal::WrongToken)?;
    Ok(Request::Resume { name, token: Secret::new(token), beside })
}

fn token(words: Text<'_>) -> Result<Request, Refusal> {
    const WRONG: Refusal = Refusal::BadWords("say nothing, FOR and a name, or END");
    let (word, name) = words.split_word();
    match word {
        "" if name.is_empty() => Ok(Request::Token { name: None }),
        word if word.eq_ignore_ascii_case("END") && name.is_empty() => Ok(Request::EndToken),
        word if word.eq_ignore_ascii_case("FOR") => {
            let name = name.parse().map_err(|InvalidName| {
                Refusal::BadWords("the name of a program is like that of a user")
            })?;
            Ok(Request::Token { name: Some(name) })
        }
        _ => Err(WRONG),
    }
}

fn end_session(words: Text<'_>) -> Result<Request, Refusal> {
    match words.as_str() {
        word if word.eq_ignore_ascii_case("all") => Ok(Request::EndSession(None)),
        word => Ok(Request::EndSession(Some(number(word, "give a number of SESSIONS, or all")?))),
    }
}

fn key(words: Text<'_>) -> Result<Key, Refusal> {
    words.parse().map_err(|InvalidName| Refusal::BadWords("a key is one word of at most 64 bytes"))
}

fn chat(word: &str) -> Result<Target, Refusal> {
    if word.is_empty() {
        return Err(MISSING);
    }
    word.parse().map_err(|InvalidName| Refusal::NoSuchChat)
}

fn chats(words: Text<'_>) -> Result<Request, Refusal> {
    const WRONG: &str = "give the last-id of a chat, or nothing";
    if words.is_empty() {
        return Ok(Request::Chats { before: None });
    }
    match number(words.as_str(), WRONG)? {
        0 => Err(Refusal::BadWords(WRONG)),
        before => Ok(Request::Chats { before: Some(MessageId(before)) }),
    }
}

fn open(words: Text<'_>) -> Result<Request, Refusal> {
    let (word, rest) = words.split_word();
    let chat = chat(word)?;
    match rest.as_str() {
        "" if chat == Target::Everyone => {
            Err(Refusal::BadWords("say how many messages of * to list"))
        }
        "" => Ok(Request::OpenUnread(chat)),
        number => Ok(Request::OpenLast { chat, count: count(number)? }),
    }
}

fn history(words: Text<'_>) -> Result<Request, Refusal> {
    let (word, rest) = words.split_word();
    let (before, rest) = rest.split_word();
    let before = MessageId(number(before, "give the chat, an id and a number")?);
    Ok(Request::History { chat: chat(word)?, before, count: count(rest.as_str())? })
}

fn after(words: Text<'_>) -> Result<Request, Refusal> {
    let (word, rest) = words.split_word();
    let (after, rest) = rest.split_word();
    let after = MessageId(number(after, "give the chat, an id and a number")?);
    Ok(Request::After { chat: chat(word)?, after, count: count(rest.as_str())? })
}

fn search(words: Text<'_>) -> Result<Request, Refusal> {
    let (word, rest) = words.split_word();
    let chat = if word == "-" { None } else { Some(chat(word)?) };
    if rest.trim().is_empty() {
        return Err(Refusal::BadWords("give the chat and the words"));
    }
    let terms = Terms::of(&rest);
    match terms.words {
        0 => Err(Refusal::BadWords("that can't be found: give words or an emoji")),
        _ if terms.count() > SEARCH_TERMS_MAX => {
            Err(Refusal::BadWords("that is too long: at most 64 pairs of characters"))
        }
        1..=SEARCH_WORDS_MAX => Ok(Request::Search { chat, words: rest.as_str().into() }),
        _ => Err(Refusal::BadWords("at most 32 words")),
    }
}

fn seen(words: Text<'_>) -> Result<Request, Refusal> {
    let (word, id) = words.split_word();
    let id = MessageId(number(id.as_str(), "give the chat and an id")?);
    Ok(Request::Seen { chat: chat(word)?, id })
}

fn count(word: &str) -> Result<u16, Refusal> {
    const WRONG: &str = "at most 1000 messages";
    let count = number(word, WRONG)?;
    if count <= LIST_MESSAGES_MAX { Ok(count) } else { Err(Refusal::BadWords(WRONG)) }
}

fn display_name(words: Text<'_>) -> Result<DisplayName, Refusal> {
    words
        .parse()
        .map_err(|InvalidName| Refusal::BadWords("a display name has 1 to 64 visible characters"))
}

fn file(words: Text<'_>) -> Result<FileName, Refusal> {
    if words.is_empty() {
        return Err(MISSING);
    }
    words.parse().map_err(|InvalidName| no_such_file(words))
}

/// A name that no file can have is refused like that of a missing file.
fn no_such_file(words: Text<'_>) -> Refusal {
    Refusal::NoSuchFile(words.as_str().into())
}

fn folder(words: Text<'_>) -> Result<Option<FileName>, Refusal> {
    // A folder may be written as LS lists it, with a slash at its end.
    let path = words.strip_suffix('/').unwrap_or(&words);
    if words.is_empty() {
        return Ok(None);
    }
    path.parse().map(Some).map_err(|InvalidName| Refusal::NoSuchFolder)
}

/// A path that may be that of a file or of a folder; the latter as LS lists it, or without a slash.
fn path(words: Text<'_>) -> Result<FileName, Refusal> {
    if words.is_empty() {
        return Err(MISSING);
    }
    let path = words.strip_suffix('/').unwrap_or(&words);
    path.parse().map_err(|InvalidName| no_such_file(words))
}

fn get(words: Text<'_>) -> Result<Request, Refusal> {
    let (offset, name) = words.split_word();
    let offset = number(offset, "give the offset and the name")?;
    Ok(Request::Get { offset, file: file_ref(name)? })
}

fn file_ref(words: Text<'_>) -> Result<FileRef, Refusal> {
    match FileName::sent_id(&words) {
        Some(id) => {
            id.parse().map(|id| FileRef::Sent(MessageId(id))).map_err(|_| no_such_file(words))
        }
        None => file(words).map(FileRef::Shared),
    }
}

fn put(words: Text<'_>) -> Result<Request, Refusal> {
    let (size, name) = words.split_word();
    let size = number(size, "give the size and the name")?;
    Ok(Request::Put { size, name: new_file(name)? })
}

fn sendfile(words: Text<'_>) -> Result<Request, Refusal> {
    let (target, rest) = words.split_word();
    let (size, name) = rest.split_word();
    let size = number(size, "give the target, the size and the name")?;
    let name = new_file(name)?;
    if name.as_str().contains('/') {
        return Err(Refusal::NoFolders);
    }
    Ok(Request::Sendfile { to: chat(target)?, size, name })
}

fn expect(words: Text<'_>) -> Result<Request, Refusal> {
    const WRONG: &str = "give the stream's number and 64 hexadecimal digits";
    let (stream, sum) = words.split_word();
    let stream = number(stream, WRONG)?;
    let sha256 = sum.parse().map_err(|InvalidSum| Refusal::BadWords(WRONG))?;
    Ok(Request::Expect { stream, sha256 })
}

/// The name of a file that is to be created.
fn new_file(words: Text<'_>) -> Result<FileName, Refusal> {
    match file(words) {
        Err(Refusal::NoSuchFile(_)) => Err(Refusal::BadFileName),
        other => other,
    }
}

fn up(words: Text<'_>) -> Result<Request, Refusal> {
    const WRONG: &str = "a port is a number from 1024 to 65535";
    if words.is_empty() {
        return Ok(Request::Up { port: None });
    }
    match number(words.as_str(), WRONG)? {
        port @ PORT_MIN.. => Ok(Request::Up { port: Some(port) }),
        _ => Err(Refusal::BadWords(WRONG)),
    }
}
