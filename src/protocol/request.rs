//! A command line to a request: the verb and its words, each checked once.

use super::name::{DisplayName, FileName, InvalidName, Key, Target, UserName};
use super::reply::{Code, Detail, MessageId};
use super::text::{Secret, Text};
use super::verb::Verb;

/// The most messages that one list holds.
pub const LIST_MESSAGES_MAX: u16 = 1000;

/// What a client asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Log in, or register.
    User {
        /// Under which name.
        name: UserName,
        /// Whether a session of that user which already stands is to end.
        takeover: bool,
    },
    /// Get a token.
    Token,
    /// Log in with a token.
    Resume {
        /// As whom.
        name: UserName,
        /// The token, as TOKEN gave it.
        token: Secret,
    },
    /// Change the password.
    Passwd,
    /// Compose a message to everyone.
    Pm,
    /// Compose a message to a user.
    Dm,
    /// Mark the next message.
    Key(Key),
    /// List the chats in which something is unread.
    Unread,
    /// List what is unread in a chat.
    OpenUnread(Target),
    /// List the last messages of a chat.
    OpenLast {
        /// Which chat.
        chat: Target,
        /// How many, at most [`LIST_MESSAGES_MAX`].
        count: u16,
    },
    /// List the messages before one.
    History {
        /// In which chat.
        chat: Target,
        /// Before which one.
        before: MessageId,
        /// How many, at most [`LIST_MESSAGES_MAX`].
        count: u16,
    },
    /// List the messages that hold all the words.
    Search {
        /// In which chat; none is all that the user may read.
        chat: Option<Target>,
        /// The words, separated by white space; at least one.
        words: Box<str>,
    },
    /// Mark all up to a message as read.
    Seen {
        /// In which chat.
        chat: Target,
        /// Up to which one.
        id: MessageId,
    },
    /// List who is online.
    Who,
    /// Choose a display name.
    Nick(DisplayName),
    /// Turn notices of presence off (true) or on.
    Quiet(bool),
    /// List a folder; `None` is the shared folder itself.
    Ls(Option<FileName>),
    /// Download a file.
    Get {
        /// From which byte on.
        offset: u64,
        /// Which one.
        name: FileName,
    },
    /// Hash a file.
    Sum(FileName),
    /// End a transfer.
    Abort {
        /// Its stream.
        stream: u32,
    },
    /// List the verbs.
    Help,
    /// Log out.
    Ex,
}

/// A command that can't be carried out as it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What was asked for, where that is a verb of the protocol.
    pub verb: Option<Verb>,
    /// Why not.
    pub code: Code,
    /// The words of the reply.
    pub detail: Detail,
}

impl Request {
    /// Reads the text of a `C` line.
    ///
    /// # Errors
    /// A [`Refusal`]: 500 for an unknown verb, 501 for missing or bad words, 550 for a name that no
    /// user or file can have, 553 for one that can't be chosen.
    pub fn parse(line: Text<'_>) -> Result<Request, Refusal> {
        let (word, rest) = line.split_word();
        let Some(verb) = Verb::from_word(word) else {
            let detail = Detail::Text("unknown command, HELP lists what there is");
            return Err(Refusal { verb: None, code: Code::Unknown, detail });
        };
        parse_words(verb, rest).map_err(|(code, text)| {
            // A name that no file can have reads like that of a missing file.
            let detail = match (verb, code) {
                (Verb::Get, Code::NotFound) => Detail::File(rest.split_word().1.as_str().into()),
                (Verb::Sum, Code::NotFound) => Detail::File(rest.as_str().into()),
                _ => Detail::Text(text),
            };
            Refusal { verb: Some(verb), code, detail }
        })
    }

    /// The verb that asks for it.
    pub fn verb(&self) -> Verb {
        match self {
            Request::User { .. } => Verb::User,
            Request::Token => Verb::Token,
            Request::Resume { .. } => Verb::Resume,
            Request::Passwd => Verb::Passwd,
            Request::Pm => Verb::Pm,
            Request::Dm => Verb::Dm,
            Request::Key(_) => Verb::Key,
            Request::Unread => Verb::Unread,
            Request::OpenUnread(_) | Request::OpenLast { .. } => Verb::Open,
            Request::History { .. } => Verb::History,
            Request::Search { .. } => Verb::Search,
            Request::Seen { .. } => Verb::Seen,
            Request::Who => Verb::Who,
            Request::Nick(_) => Verb::Nick,
            Request::Quiet(_) => Verb::Quiet,
            Request::Ls(_) => Verb::Ls,
            Request::Get { .. } => Verb::Get,
            Request::Sum(_) => Verb::Sum,
            Request::Abort { .. } => Verb::Abort,
            Request::Help => Verb::Help,
            Request::Ex => Verb::Ex,
        }
    }
}

type Wrong = (Code, &'static str);

const MISSING: Wrong = (Code::BadParameters, "a word is missing");
const NO_FILE: Wrong = (Code::NotFound, "no such file");

fn parse_words(verb: Verb, words: Text<'_>) -> Result<Request, Wrong> {
    match verb {
        Verb::User => user(words),
        Verb::Token => nothing(words, Request::Token),
        Verb::Resume => resume(words),
        Verb::Passwd => nothing(words, Request::Passwd),
        Verb::Pm => nothing(words, Request::Pm),
        Verb::Dm => nothing(words, Request::Dm),
        Verb::Key => key(words).map(Request::Key),
        Verb::Unread => nothing(words, Request::Unread),
        Verb::Open => open(words),
        Verb::History => history(words),
        Verb::Search => search(words),
        Verb::Seen => seen(words),
        Verb::Who => nothing(words, Request::Who),
        Verb::Nick => display_name(words).map(Request::Nick),
        Verb::Quiet => on_or_off(words).map(Request::Quiet),
        Verb::Ls => folder(words).map(Request::Ls),
        Verb::Get => get(words),
        Verb::Sum => file(words).map(Request::Sum),
        Verb::Abort => {
            Ok(Request::Abort { stream: number(words.as_str(), "give the stream's number")? })
        }
        Verb::Help => nothing(words, Request::Help),
        Verb::Ex => nothing(words, Request::Ex),
    }
}

fn nothing(words: Text<'_>, request: Request) -> Result<Request, Wrong> {
    match words.is_empty() {
        true => Ok(request),
        false => Err((Code::BadParameters, "that command stands alone")),
    }
}

fn user(words: Text<'_>) -> Result<Request, Wrong> {
    let (name, rest) = words.split_word();
    let takeover = match rest.as_str() {
        "" => false,
        word if word.eq_ignore_ascii_case("TAKEOVER") => true,
        _ => return Err((Code::BadParameters, "after the name only TAKEOVER may stand")),
    };
    if name.is_empty() {
        return Err(MISSING);
    }
    match name.parse::<UserName>() {
        Ok(name) if !name.is_operator() => Ok(Request::User { name, takeover }),
        _ => Err((
            Code::NameNotAllowed,
            "a name has 1 to 32 of A-Z a-z 0-9 _ . - and starts with a letter",
        )),
    }
}

fn resume(words: Text<'_>) -> Result<Request, Wrong> {
    let (name, token) = words.split_word();
    if token.is_empty() || token.contains(' ') {
        return Err((Code::BadParameters, "give the name and the token"));
    }
    // A name that nobody can have is refused as a token that is not good.
    let name =
        name.parse().map_err(|InvalidName| (Code::WrongPassword, "that token is not good"))?;
    Ok(Request::Resume { name, token: Secret::new(token.as_str()) })
}

fn key(words: Text<'_>) -> Result<Key, Wrong> {
    words
        .parse()
        .map_err(|InvalidName| (Code::BadParameters, "a key is one word of at most 64 bytes"))
}

fn chat(word: &str) -> Result<Target, Wrong> {
    if word.is_empty() {
        return Err(MISSING);
    }
    word.parse().map_err(|InvalidName| (Code::NotFound, "no such chat"))
}

fn open(words: Text<'_>) -> Result<Request, Wrong> {
    let (word, rest) = words.split_word();
    let chat = chat(word)?;
    match rest.as_str() {
        "" if chat == Target::Everyone => {
            Err((Code::BadParameters, "say how many messages of * to list"))
        }
        "" => Ok(Request::OpenUnread(chat)),
        number => Ok(Request::OpenLast { chat, count: count(number)? }),
    }
}

fn history(words: Text<'_>) -> Result<Request, Wrong> {
    let (word, rest) = words.split_word();
    let (before, rest) = rest.split_word();
    let before = MessageId(number(before, "give the chat, an id and a number")?);
    Ok(Request::History { chat: chat(word)?, before, count: count(rest.as_str())? })
}

fn search(words: Text<'_>) -> Result<Request, Wrong> {
    let (word, rest) = words.split_word();
    let chat = if word == "-" { None } else { Some(chat(word)?) };
    if rest.trim().is_empty() {
        return Err((Code::BadParameters, "give the chat and the words"));
    }
    Ok(Request::Search { chat, words: rest.as_str().into() })
}

fn seen(words: Text<'_>) -> Result<Request, Wrong> {
    let (word, id) = words.split_word();
    let id = MessageId(number(id.as_str(), "give the chat and an id")?);
    Ok(Request::Seen { chat: chat(word)?, id })
}

fn count(word: &str) -> Result<u16, Wrong> {
    const WRONG: &str = "at most 1000 messages";
    let count = number(word, WRONG)?;
    if count <= LIST_MESSAGES_MAX { Ok(count) } else { Err((Code::BadParameters, WRONG)) }
}

fn display_name(words: Text<'_>) -> Result<DisplayName, Wrong> {
    words.parse().map_err(|InvalidName| {
        (Code::BadParameters, "a display name has 1 to 64 visible characters")
    })
}

fn on_or_off(words: Text<'_>) -> Result<bool, Wrong> {
    match words.as_str() {
        word if word.eq_ignore_ascii_case("on") => Ok(true),
        word if word.eq_ignore_ascii_case("off") => Ok(false),
        _ => Err((Code::BadParameters, "say on or off")),
    }
}

fn file(words: Text<'_>) -> Result<FileName, Wrong> {
    if words.is_empty() {
        return Err(MISSING);
    }
    words.parse().map_err(|InvalidName| NO_FILE)
}

fn folder(words: Text<'_>) -> Result<Option<FileName>, Wrong> {
    // A folder may be written as LS lists it, with a slash at its end.
    let path = words.strip_suffix('/').unwrap_or(&words);
    if words.is_empty() {
        return Ok(None);
    }
    path.parse().map(Some).map_err(|InvalidName| (Code::NotFound, "no such folder"))
}

fn get(words: Text<'_>) -> Result<Request, Wrong> {
    let (offset, name) = words.split_word();
    let offset = number(offset, "give the offset and the name")?;
    Ok(Request::Get { offset, name: file(name)? })
}

/// A plain decimal number, without a sign.
fn number<N: std::str::FromStr>(word: &str, otherwise: &'static str) -> Result<N, Wrong> {
    let digits = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| word.parse().ok()).flatten().ok_or((Code::BadParameters, otherwise))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Request, Code> {
        Request::parse(Text::new(line).unwrap()).map_err(|refusal| refusal.code)
    }

    #[test]
    fn words_are_checked() {
        let name = "alice".parse().unwrap();
        assert_eq!(parse("USER alice"), Ok(Request::User { name, takeover: false }));
        assert_eq!(parse("user alice takeover"), Ok(Request::User { name, takeover: true }));
        assert_eq!(parse("USER alice x"), Err(Code::BadParameters));
        assert_eq!(parse("USER"), Err(Code::BadParameters));
        assert_eq!(parse("USER 4lice"), Err(Code::NameNotAllowed));
        assert_eq!(parse("USER operator"), Err(Code::NameNotAllowed));
        assert_eq!(parse("PM x"), Err(Code::BadParameters));
        assert_eq!(parse("NICK Al Ice"), Ok(Request::Nick("Al Ice".parse().unwrap())));
        assert_eq!(parse("QUIET maybe"), Err(Code::BadParameters));
        assert_eq!(parse("NOPE"), Err(Code::Unknown));
        assert_eq!(parse(""), Err(Code::Unknown));
    }

    #[test]
    fn file_names_come_last_and_may_hold_spaces() {
        let name = "a b/c".parse().unwrap();
        assert_eq!(parse("GET 7 a b/c"), Ok(Request::Get { offset: 7, name }));
        assert_eq!(parse("GET 7"), Err(Code::BadParameters));
        assert_eq!(parse("GET -1 a"), Err(Code::BadParameters));
        assert_eq!(parse("GET +1 a"), Err(Code::BadParameters));
        assert_eq!(parse("GET 0 ../a"), Err(Code::NotFound));
        assert_eq!(parse("LS"), Ok(Request::Ls(None)));
        assert_eq!(parse("LS a/"), Ok(Request::Ls(Some("a".parse().unwrap()))));
        assert_eq!(parse("LS /"), Err(Code::NotFound));
        assert_eq!(parse("ABORT 3"), Ok(Request::Abort { stream: 3 }));
        assert_eq!(parse("ABORT x"), Err(Code::BadParameters));
    }

    #[test]
    fn a_name_that_no_file_can_have_is_told_as_it_was_given() {
        for line in ["GET 0 ../a b", "SUM ../a b"] {
            let refusal = Request::parse(Text::new(line).unwrap()).unwrap_err();
            assert_eq!(refusal.detail, Detail::File("../a b".into()), "{line}");
        }
    }

    #[test]
    fn chats_are_read() {
        let bob: Target = "bob".parse().unwrap();
        assert_eq!(parse("OPEN bob"), Ok(Request::OpenUnread(bob)));
        assert_eq!(parse("OPEN bob 1000"), Ok(Request::OpenLast { chat: bob, count: 1000 }));
        assert_eq!(parse("OPEN bob 1001"), Err(Code::BadParameters));
        assert_eq!(parse("OPEN bob 99999"), Err(Code::BadParameters));
        assert_eq!(parse("OPEN *"), Err(Code::BadParameters));
        assert_eq!(parse("OPEN * 0"), Ok(Request::OpenLast { chat: Target::Everyone, count: 0 }));
        assert_eq!(parse("OPEN b/b"), Err(Code::NotFound));
        let before = MessageId(17);
        assert_eq!(parse("HISTORY bob 17 5"), Ok(Request::History { chat: bob, before, count: 5 }));
        assert_eq!(parse("HISTORY bob 17"), Err(Code::BadParameters));
        let words = "two words".into();
        assert_eq!(parse("SEARCH - two words"), Ok(Request::Search { chat: None, words }));
        assert_eq!(parse("SEARCH bob  "), Err(Code::BadParameters));
        assert_eq!(parse("SEEN bob 17"), Ok(Request::Seen { chat: bob, id: before }));
        assert_eq!(parse("SEEN bob x"), Err(Code::BadParameters));
    }

    #[test]
    fn keys_are_short_words() {
        assert!(parse("KEY a-1").is_ok());
        assert!(parse(&format!("KEY {}", "k".repeat(64))).is_ok());
        assert_eq!(parse(&format!("KEY {}", "k".repeat(65))), Err(Code::BadParameters));
        assert_eq!(parse("KEY two words"), Err(Code::BadParameters));
        assert_eq!(parse("KEY"), Err(Code::BadParameters));
        assert_eq!(parse("RESUME alice"), Err(Code::BadParameters));
        assert_eq!(parse("RESUME 4lice t"), Err(Code::WrongPassword));
    }

    #[test]
    fn every_verb_can_be_asked_for() {
        let words = |verb| match verb {
            Verb::User => " alice",
            Verb::Nick | Verb::Key => " x",
            Verb::Resume => " alice t",
            Verb::Open => " bob",
            Verb::History => " bob 17 1",
            Verb::Search => " - x",
            Verb::Seen => " bob 17",
            Verb::Quiet => " on",
            Verb::Get => " 0 x",
            Verb::Sum => " x",
            Verb::Abort => " 1",
            _ => "",
        };
        for verb in Verb::ALL {
            let line = format!("{verb}{}", words(*verb));
            assert_eq!(parse(&line).map(|request| request.verb()), Ok(*verb), "{line}");
        }
    }
}
