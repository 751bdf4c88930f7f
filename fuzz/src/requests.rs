//! The fuzz target `requests`: the parser of requests. A command that it accepts is parsed to the
//! same one again when the client encodes it, and a refusal is encoded to a reply that the client
//! can parse.

use std::fmt::Display;
use std::str::FromStr;

use chatsrv::chat::answer::Answer;
use chatsrv::chat::cidr::Cidr;
use chatsrv::chat::file::FileRef;
use chatsrv::chat::group::{GroupRange, GroupStart};
use chatsrv::chat::kind::Kind;
use chatsrv::chat::moderation::{AUDIT_LINES_MAX, INVITE_USES_MAX, Moderation};
use chatsrv::chat::name::{
    DisplayName, FileName, GroupName, Key, Number, Target, UserName, UserRef,
};
use chatsrv::chat::refusal::Refusal;
use chatsrv::chat::request::{LIST_MESSAGES_MAX, PORT_MIN, Place, Request};
use chatsrv::chat::term::Term;
use chatsrv::chat::text::{Reason, Text, TextError};
use chatsrv::protocol::native::code::Code;
use chatsrv::protocol::native::command::Command;
use chatsrv::protocol::native::frame::{Decoder, Frame};
use chatsrv::protocol::native::outgoing::Outgoing;
use chatsrv::protocol::native::parse::parse_command;
use chatsrv::protocol::native::read::ServerLine;
use chatsrv::protocol::native::{
    CLIENT_LINE_BYTES_MAX, SERVER_LINE_BYTES_MAX, codes, kinds, write,
};

use crate::hidden::is_hidden;

/// Parses the input line by line.
pub fn run(input: &[u8]) {
    input.split(|byte| *byte == b'\n').for_each(line);
}

fn line(bytes: &[u8]) {
    let text = match (Text::from_bytes(bytes), std::str::from_utf8(bytes)) {
        (Err(TextError::NotUtf8), Err(_)) => return,
        (Err(TextError::ControlCharacter), Ok(raw)) => {
            assert!(raw.contains(is_control), "refused for nothing: {raw:?}");
            return;
        }
        (Ok(text), Ok(raw)) => text_is(text, raw),
        (text, raw) => panic!("{text:?} of {raw:?}"),
    };
    names(text.as_str());
    text.split(' ').for_each(names);
    if "C \n".len() + text.len() > CLIENT_LINE_BYTES_MAX {
        return;
    }
    match parse_command(text) {
        Ok(command) => taken(&command),
        Err((of, refusal)) => refused(of, refusal),
    }
}

fn is_control(c: char) -> bool {
    c.is_control() && c != '\t'
}

fn text_is<'a>(text: Text<'a>, raw: &str) -> Text<'a> {
    assert_eq!(text.as_str(), raw);
    assert!(!raw.contains(is_control), "let through: {raw:?}");
    let (word, rest) = text.split_word();
    assert!(!word.contains(' '));
    let parts = [word, rest.as_str()].concat();
    assert_eq!(parts, raw.replacen(' ', "", 1));
    text
}

/// Checks that a command is parsed to the same one again when a client encodes it.
fn taken(command: &Command) {
    let line = match Outgoing::command(command.verb(), words(command)) {
        Ok(line) => line,
        // A number that was left out is written, which may make the line too long.
        Err(TextError::TooLong) => return,
        Err(error) => panic!("{command:?}: {error}"),
    };
    let mut decoder = Decoder::new(CLIENT_LINE_BYTES_MAX);
    let (used, frame) = decoder.decode(line.as_bytes());
    assert_eq!(used, line.as_bytes().len());
    let Some(Frame::Command(text)) = frame else { panic!("{line:?} is {frame:?}") };
    assert_eq!(parse_command(text).as_ref(), Ok(command), "{text:?}");
}

/// Checks that a refusal is encoded to one line, with the verb of its request.
fn refused(of: Kind, refusal: Refusal) {
    use Code::{BadParameters, NameNotAllowed, NotFound, Unknown, WrongPassword};
    let (verb, (code, _)) = (kinds::verb(of), codes::refused(of, &refusal, true));
    let codes = [Unknown, BadParameters, NotFound, NameNotAllowed, WrongPassword];
    assert!(codes.contains(&code), "{code}");
    assert_eq!(verb.is_none(), code == Unknown);
    let mut wire = Vec::new();
    write::answer(&Answer { of, result: Err(refusal) }, false, &mut wire);
    let mut decoder = Decoder::new(SERVER_LINE_BYTES_MAX);
    let (used, frame) = decoder.decode(&wire);
    assert_eq!(used, wire.len());
    let Some(Frame::Command(text)) = frame else { panic!("{frame:?}") };
    let line = ServerLine::parse(text.as_str()).unwrap();
    assert!(line.is_final() && !line.is_notice());
    assert_eq!(line.code, code as u16);
    assert_eq!(line.verb, verb.map_or("-", |verb| verb.name()));
}

/// Checks that every type of name that accepts `text` formats it again unchanged.
fn names(text: &str) {
    again::<Number>(text);
    again::<UserRef>(text);
    again::<Target>(text);
    if let Some(name) = again::<UserName>(text) {
        assert!(name.as_str().len() <= 32 && !name.as_str().contains([' ', '/', '#', '*']));
        assert_eq!(name.as_str().to_uppercase().parse(), Ok(name), "another case, another name");
    }
    if let Some(group) = again::<GroupName>(text) {
        let starts_with_digit = text[1..].starts_with(|c: char| c.is_ascii_digit());
        assert_eq!(group.is_numbered(), starts_with_digit);
    }
    if let Some(file) = again::<FileName>(text) {
        let mut parts = std::path::Path::new(file.as_str()).components();
        assert!(parts.all(|part| matches!(part, std::path::Component::Normal(_))), "{file}");
        assert!(!file.as_str().contains("/.") && !file.as_str().starts_with('.'));
    }
    if let Ok(name) = text.parse::<DisplayName>() {
        shown(name.as_str(), text);
    }
    if let Ok(network) = text.parse::<Cidr>() {
        again::<Cidr>(&network.to_string());
    }
    if let Ok(term) = text.parse::<Term>() {
        again::<Term>(&term.to_string());
    }
    if let Ok(reason) = text.parse::<Reason>() {
        shown(reason.as_str(), text);
    }
    if let Ok(key) = text.parse::<Key>() {
        assert!(key.as_str() == text && !text.contains(' ') && text.len() <= 64);
    }
}

fn again<T: FromStr + Display + PartialEq>(text: &str) -> Option<T> {
    let value = text.parse::<T>().ok()?;
    let written = value.to_string();
    assert!(written == text, "{text:?} is written as {written:?}");
    assert!(written.parse().is_ok_and(|again: T| again == value), "{text:?} is another");
    Some(value)
}

/// Checks that a text which users choose for others to see hides nothing.
fn shown(chosen: &str, text: &str) {
    assert_eq!(chosen, text);
    assert!(!chosen.contains(is_hidden), "{chosen:?}");
    assert!(!chosen.trim().is_empty());
}

/// The arguments of a command, in the form of chatsrv-protocol(7).
fn words(command: &Command) -> String {
    match command {
        Command::User { name, place, invite } => {
            let place = match place {
                Place::Alone => "",
                Place::TakesOver => " TAKEOVER",
                Place::Beside => " BESIDE",
            };
            match invite {
                Some(code) => format!("{name}{place} INVITE {}", code.expose()),
                None => format!("{name}{place}"),
            }
        }
        Command::Unregister { erase } => or_erase(*erase).trim().to_owned(),
        Command::Key(key) => key.as_str().to_owned(),
        Command::More(on) => on_or_off(*on).to_owned(),
        Command::Passwd | Command::Pm | Command::Dm | Command::Help => String::new(),
        Command::Ask(request) => words_of(request),
    }
}

fn or_ever(ever: bool) -> &'static str {
    if ever { " EVER" } else { "" }
}

fn or_erase(erase: bool) -> &'static str {
    if erase { " ERASE" } else { "" }
}

fn on_or_off(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

/// The arguments of a command that is a complete request.
fn words_of(request: &Request) -> String {
    match request {
        Request::Resume { name, token, beside } => {
            format!("{name} {}{}", token.expose(), if *beside { " BESIDE" } else { "" })
        }
        Request::Token { name: None } => String::new(),
        Request::Token { name: Some(name) } => format!("FOR {name}"),
        Request::EndToken => "END".to_owned(),
        Request::EndSession(None) => "all".to_owned(),
        Request::EndSession(Some(device)) => device.to_string(),
        Request::OpenUnread(chat) => chat.to_string(),
        Request::OpenLast { chat, count } => bounded(*count, format!("{chat} {count}")),
        Request::History { chat, before, count } => {
            bounded(*count, format!("{chat} {before} {count}"))
        }
        Request::After { chat, after, count } => bounded(*count, format!("{chat} {after} {count}")),
        Request::Chats { before } => {
            assert_ne!(before.map(|before| before.0), Some(0));
            before.map_or_else(String::new, |before| before.to_string())
        }
        Request::Delete(id) => id.to_string(),
        Request::Search { chat: None, words } => format!("- {words}"),
        Request::Search { chat: Some(chat), words } => format!("{chat} {words}"),
        Request::Seen { chat, id } => format!("{chat} {id}"),
        Request::Ls(folder) => folder.as_ref().map_or_else(String::new, FileName::to_string),
        Request::Get { offset, file } => format!("{offset} {file}"),
        Request::Sum(file) => FileRef::to_string(file),
        Request::Put { size, name } => format!("{size} {name}"),
        Request::Sendfile { to, size, name } => {
            assert!(!name.as_str().contains('/'), "{name} is a path");
            format!("{to} {size} {name}")
        }
        Request::Expect { stream, sha256 } => format!("{stream} {sha256}"),
        Request::Abort { stream } => stream.to_string(),
        Request::Up { port: None } => String::new(),
        Request::Up { port: Some(port) } => {
            assert!(*port >= PORT_MIN);
            port.to_string()
        }
        Request::Call(user) => user.to_string(),
        Request::Moderate(moderation) => words_about_moderation(moderation),
        Request::RemoveFile(path) => path.to_string(),
        Request::Sessions
        | Request::Unread
        | Request::Who
        | Request::Down
        | Request::Alive
        | Request::Ignored
        | Request::Motd
        | Request::Export
        | Request::Ex => String::new(),
        Request::Nick(_)
        | Request::Away(_)
        | Request::Whois(_)
        | Request::Monitor { .. }
        | Request::Ignore { .. }
        | Request::AskFirst(_)
        | Request::Report { .. }
        | Request::Quiet(_) => words_about_people(request),
        about_groups => words_about_groups(about_groups),
    }
}

/// The arguments of a command that is a request about groups.
fn words_about_groups(request: &Request) -> String {
    match request {
        Request::Mkgroup { name, users, start } => {
            assert_eq!(users.is_empty(), *start == GroupStart::Public);
            let name = name.iter().map(GroupName::to_string);
            name.chain(users.iter().map(UserRef::to_string)).collect::<Vec<_>>().join(" ")
        }
        Request::Join(group) | Request::Decline(group) | Request::ShutOut(group) => {
            group.to_string()
        }
        Request::Info(group) | Request::Dissolve(group) => group.to_string(),
        Request::Leave { group, reason: None } => group.to_string(),
        Request::Leave { group, reason: Some(reason) } => format!("{group} {}", reason.as_str()),
        Request::Members { group, whole: false } => group.to_string(),
        Request::Members { group, whole: true } => format!("{group} ALL"),
        Request::Topic { group, topic: None } => group.to_string(),
        Request::Topic { group, topic: Some(topic) } => format!("{group} {}", topic.as_str()),
        Request::Handover { group, user } => format!("{group} {user}"),
        Request::Op { group, user, op } => {
            format!("{group} {user} {}", on_or_off(*op))
        }
        Request::Admit { group, user } | Request::Ask { group, user } => format!("{group} {user}"),
        Request::Refuse { group, user, ever } => format!("{group} {user}{}", or_ever(*ever)),
        Request::Expel { group, user, ever, reason } => {
            let reason = reason.as_ref().map_or(String::new(), |it| format!(" {}", it.as_str()));
            format!("{group} {user}{}{reason}", or_ever(*ever))
        }
        Request::Set { group, setting: _, on } => format!("{group} {}", on_or_off(*on)),
        Request::Groups(GroupRange::Own) => String::new(),
        Request::Groups(GroupRange::All) => "ALL".to_owned(),
        Request::Groups(GroupRange::Public) => "PUBLIC".to_owned(),
        other => panic!("{other:?} is not a request that a line makes"),
    }
}

/// The arguments of a command that is a request about people.
fn words_about_people(request: &Request) -> String {
    match request {
        Request::Nick(name) => name.as_str().to_owned(),
        Request::Away(words) => {
            words.as_ref().map_or_else(String::new, |it| it.as_str().to_owned())
        }
        Request::Whois(user) => user.to_string(),
        Request::Monitor { user, on } => format!("{user} {}", on_or_off(*on)),
        Request::Quiet(on) | Request::AskFirst(on) => on_or_off(*on).to_owned(),
        Request::Ignore { user, on } => format!("{user} {}", on_or_off(*on)),
        Request::Report { user, message: None, reason } => format!("{user} {}", reason.as_str()),
        Request::Report { user, message: Some(id), reason } => {
            format!("{user} {id} {}", reason.as_str())
        }
        request => panic!("{request:?} of a command line"),
    }
}

/// The arguments of a command that is a request of an administrator.
fn words_about_moderation(request: &Moderation) -> String {
    let because = |reason: &Option<Reason>| {
        reason.as_ref().map_or_else(String::new, |reason| format!(" {}", reason.as_str()))
    };
    match request {
        Moderation::Kick { user, reason } => format!("{user}{}", because(reason)),
        Moderation::Ban { user, term, reason } => format!("{user} {term}{}", because(reason)),
        Moderation::BanNetwork { network, term, reason } => {
            format!("{network} {term}{}", because(reason))
        }
        Moderation::UnbanNetwork(network) => network.to_string(),
        Moderation::Mute { user, term: Some(term), reason } => {
            format!("{user} {term}{}", because(reason))
        }
        Moderation::Mute { user, term: None, reason } => {
            assert_eq!(*reason, None);
            format!("{user} off")
        }
        Moderation::Unban(user) | Moderation::LogOut(user) | Moderation::ResetPassword(user) => {
            user.to_string()
        }
        Moderation::AddUser(name) => name.to_string(),
        Moderation::Accounts { after } => after.map_or_else(String::new, |name| name.to_string()),
        Moderation::Remove { user, erase } => format!("{user}{}", or_erase(*erase)),
        Moderation::Resolve(number) => number.to_string(),
        Moderation::Registration(None) => String::new(),
        Moderation::Registration(Some(registration)) => registration.to_string(),
        Moderation::Invite { uses, term } => {
            assert!((1..=INVITE_USES_MAX).contains(uses));
            format!("{uses} {term}")
        }
        Moderation::Uninvite(code) => code.expose().to_owned(),
        Moderation::Lockdown(on) => on_or_off(*on).to_owned(),
        Moderation::Audit(count) => {
            assert!(*count <= AUDIT_LINES_MAX);
            count.to_string()
        }
        Moderation::Admin { user, admin } => format!("{user} {}", on_or_off(*admin)),
        Moderation::Shutdown { seconds } => seconds.to_string(),
        Moderation::Bans | Moderation::Reports | Moderation::Invites | Moderation::Dump => {
            String::new()
        }
    }
}

fn bounded(count: u16, words: String) -> String {
    assert!(count <= LIST_MESSAGES_MAX, "{words}");
    words
}
