//! The lines of the server: answers, lists and events.

mod groups;
mod moderation;

use std::fmt::Display;
use std::io::Write;

use super::closing::ClosingReason;
use super::code::Code;
use super::codes;
use super::verb::Verb;
use crate::chat::address::{Address, Encryption};
use crate::chat::answer::{Answer, ChatLine, Done, Item, LastMessage, OnlineUser};
use crate::chat::close::CloseReason;
use crate::chat::device::{Device, DeviceState};
use crate::chat::event::{Call, Event};
use crate::chat::fact::Fact;
use crate::chat::file::{FileRef, FolderEntry};
use crate::chat::kind::Kind;
use crate::chat::message::Message;
use crate::chat::name::{DisplayName, UserName};
use crate::chat::refusal::Refusal;
use crate::chat::text::Reason;

/// The protocol version that the greeting announces.
pub const VERSION: u32 = 1;

/// Appends a line and its LF. Writing to a vector does not fail.
macro_rules! line {
    ($out:expr, $($format:tt)*) => {{
        let _ = writeln!($out, $($format)*);
    }};
}

/// Appends the final answer to a request. `tells_more` is true if the reader asked for the later
/// additions to the protocol.
pub fn answer(answer: &Answer, tells_more: bool, out: &mut Vec<u8>) {
    match &answer.result {
        Ok(done) => self::done(answer.of, done, tells_more, out),
        Err(refusal) => refused(answer.of, refusal, tells_more, out),
    }
}

fn done(of: Kind, done: &Done, tells_more: bool, out: &mut Vec<u8>) {
    let mut say = |code: Code, words: &dyn Display| {
        line!(out, "C {code} {} {words}", codes::subject(of));
    };
    match done {
        Done::Done => {
            let (code, text) = codes::done(of);
            say(code, &text);
        }
        Done::Greeted => {
            line!(
                out,
                "C {} chatsrv/{} {VERSION} ready",
                Code::Greeting,
                env!("CARGO_PKG_VERSION")
            );
        }
        Done::PasswordWanted { name, is_new: true } => {
            say(Code::ChoosePassword, &format_args!("{name} new here, choose a password"));
        }
        Done::PasswordWanted { name, is_new: false } => {
            say(Code::SendPassword, &format_args!("{name} send the password"));
        }
        Done::LoggedIn { name, number } => {
            say(Code::LoggedIn, &format_args!("{name} {number} welcome"));
        }
        Done::LoggedOut => say(Code::Goodbye, &"goodbye"),
        Done::Switched(is_on) => say(Code::Done, &codes::switched(of, *is_on)),
        Done::Said { id, to, delivered, stored, is_offline } => {
            let code = if *is_offline { Code::DoneStored } else { Code::Done };
            say(code, &format_args!("{id} {to} {delivered} {stored}"));
        }
        Done::Opened(chat, left) => say(Code::Done, &format_args!("{chat} {left}")),
        Done::Left(left) => say(Code::Done, left),
        Done::Chat(chat) => say(Code::Done, chat),
        Done::FoundSoFar => say(Code::Done, &codes::FOUND_SO_FAR),
        Done::Seen(chat, id) => say(Code::Done, &format_args!("{chat} {id}")),
        Done::Download { stream, size, file } => {
            say(Code::Done, &format_args!("{stream} {size} {file}"));
        }
        Done::Upload { stream, offset, sha256 } if tells_more && *offset > 0 => {
            say(Code::Done, &format_args!("{stream} {offset} {sha256}"));
        }
        Done::Upload { stream, offset, .. } => {
            say(Code::Done, &format_args!("{stream} {offset}"));
        }
        Done::Sum { sha256, size, file } => {
            say(Code::Done, &format_args!("{sha256} {size} {file}"));
        }
        Done::Stream(stream) => say(Code::Done, stream),
        Done::DownloadEnded => say(Code::Done, &"no more of it comes"),
        Done::UploadEnded => say(Code::Done, &"what came of it is dropped"),
        Done::Group(group) => say(Code::Done, group),
        Done::GroupWaits(group) => say(Code::DoneWaiting, group),
        Done::GroupMade(group, members) => {
            say(Code::Done, &format_args!("{group} {members}"));
        }
        Done::Token(token) => say(Code::Done, &token.expose()),
        Done::PasswordSet(_)
        | Done::AccountAdded { .. }
        | Done::Registration(_)
        | Done::Invited { .. }
        | Done::Reported(_) => moderation::done(done, |words| say(Code::Done, words)),
        Done::Up { port, period } if tells_more => {
            say(Code::Done, &format_args!("{port} {period}"));
        }
        Done::Up { port, .. } | Done::Port(port) => say(Code::Done, port),
        Done::Call(call) => {
            call_line(&format_args!("C {} {}", Code::Done, codes::subject(of)), call, out);
        }
    }
}

fn refused(of: Kind, refusal: &Refusal, tells_more: bool, out: &mut Vec<u8>) {
    let (code, text) = codes::refused(of, refusal, tells_more);
    let subject = codes::subject(of);
    match refusal {
        Refusal::TryAgainIn(seconds) | Refusal::ExportedToday(seconds) => {
            line!(out, "C {code} {subject} {seconds} {text}");
        }
        Refusal::Muted(left) => line!(out, "C {code} {subject} muted {left} {text}"),
        Refusal::Young(seconds) => line!(out, "C {code} {subject} young {seconds} {text}"),
        Refusal::Lockdown => line!(out, "C {code} {subject} lockdown {text}"),
        Refusal::ResetFirst => line!(out, "C {code} {subject} reset {text}"),
        Refusal::PasswordTooShort(least) => {
            line!(out, "C {code} {subject} {text}: {least} at least");
        }
        Refusal::NoSuchFile(name) => line!(out, "C {code} {subject} {name}"),
        _ => line!(out, "C {code} {subject} {text}"),
    }
}

/// Appends the last line of a connection that the server closes, if it gets a 421.
pub fn close(
    reason: CloseReason,
    words: Option<&Reason>,
    come_back_in: Option<u32>,
    out: &mut Vec<u8>,
) {
    let Some(closing) = ClosingReason::of(reason) else { return };
    line!(out, "C {} - {}", Code::Closing, closing.line(words, come_back_in));
}

/// Appends the line of an event. There is none if the reader did not ask for the later additions to
/// the protocol, and it is one of them.
pub fn event(event: &Event, tells_more: bool, out: &mut Vec<u8>) {
    if is_later(event) && !tells_more {
        return;
    }
    match event {
        Event::Said(said) | Event::SaidElsewhere(said) => message(said, out),
        Event::On(name, number) => line!(out, "C 120 ON {name} {number}"),
        Event::Off(name, number) => line!(out, "C 121 OFF {name} {number}"),
        Event::Away(..) | Event::Nick(..) if !tells_more => {}
        Event::Away(name, None) => line!(out, "C 137 AWAY {name}"),
        Event::Away(name, Some(words)) => line!(out, "C 137 AWAY {name} {}", words.as_str()),
        Event::Nick(name, display) => line!(out, "C 138 NICK {name} {}", display.as_str()),
        Event::Ask(group, user) => line!(out, "C 122 ASK {group} {user}"),
        Event::Join(group, user) => line!(out, "C 123 JOIN {group} {user}"),
        Event::Call(call) => call_line(&"C 125 CALL", call, out),
        Event::Put { stream, size, file: FileRef::Shared(name) } => {
            line!(out, "C 126 PUT {stream} {size} {name}");
        }
        Event::Put { stream, size, file: FileRef::Sent(id) } => {
            line!(out, "C 126 SENDFILE {stream} {size} @{id}");
        }
        Event::Abort { stream, reason } => {
            line!(out, "C 127 ABORT {stream} {}", codes::aborted(*reason));
        }
        Event::Group(group, change, user) => line!(out, "C 128 GROUP {group} {change} {user}"),
        Event::Shutdown { seconds } => line!(out, "C 129 SHUTDOWN {seconds}"),
        Event::Seen(chat, id) => line!(out, "C 130 SEEN {chat} {id}"),
        Event::Muted(..) | Event::Reported(_) | Event::Motd(_) => moderation::event(event, out),
        Event::Deleted(id, chat) => line!(out, "C 131 DELETED {id} {chat}"),
        Event::Topic(group, by, None) => line!(out, "C 135 TOPIC {group} {by}"),
        Event::Topic(group, by, Some(topic)) => {
            line!(out, "C 135 TOPIC {group} {by} {}", topic.as_str());
        }
        Event::GroupNews(news) => groups::news(news, out),
    }
}

/// Returns true for an event of which only readers are told who asked for the later additions to
/// the protocol.
fn is_later(event: &Event) -> bool {
    matches!(event, Event::SaidElsewhere(_) | Event::Seen(..) | Event::Deleted(..))
        || matches!(event, Event::Topic(..) | Event::GroupNews(_))
        || matches!(event, Event::Muted(..) | Event::Reported(_) | Event::Motd(_))
}

fn message(message: &Message, out: &mut Vec<u8>) {
    let Message { id, from, to, text, file_size } = message;
    match file_size {
        None => line!(out, "D {id} {from} {to} {text}"),
        Some(size) => line!(out, "C 124 FILE {id} {from} {to} {size} {text}"),
    }
}

fn call_line(start: &dyn Display, call: &Call, out: &mut Vec<u8>) {
    let Call { user, address, port, ticket } = call;
    let ticket = ticket.expose();
    match port {
        Some(port) => line!(out, "{start} {user} {address} {port} {ticket}"),
        None => line!(out, "{start} {user} {address} - {ticket}"),
    }
}

/// Appends the head of a list.
pub fn list_head(of: Kind, count: usize, out: &mut Vec<u8>) {
    line!(out, "C {} {} {count}", Code::ListHead, codes::subject(of));
}

/// Appends an item's line in a list of a kind. `tells_more` is true if the reader asked for the
/// later additions to the protocol.
pub fn item(of: Kind, item: &Item, tells_more: bool, out: &mut Vec<u8>) {
    let mut say = |words: &dyn Display| {
        line!(out, "C {} {} {words}", Code::ListItem, codes::subject(of));
    };
    match item {
        Item::Message(said) => message(said, out),
        Item::Chat(chat) => {
            let ChatLine { chat, unread, seen, last } = &**chat;
            match last {
                Some(LastMessage { id, from, file_size: Some(size), text }) => {
                    say(&format_args!("{chat} {unread} {seen} {id} {from} {size} {text}"));
                }
                Some(LastMessage { id, from, file_size: None, text }) => {
                    say(&format_args!("{chat} {unread} {seen} {id} {from} - {text}"));
                }
                None => say(&format_args!("{chat} {unread} {seen} 0 - -")),
            }
        }
        Item::Unread { chat, count, last } => say(&format_args!("{chat} {count} {last}")),
        Item::Direct(name, number) | Item::Member(name, number) => {
            say(&format_args!("{name} {number}"));
        }
        Item::Group(line) => groups::line(line, tells_more, say),
        Item::PublicGroup(line, topic) => groups::public_line(line, topic.as_ref(), say),
        Item::GroupFact(fact) => groups::fact(fact, say),
        Item::MemberLine(line) => groups::member(line, say),
        Item::ShutOut { user, by, since } => say(&format_args!("{user} {by} {since}")),
        Item::Line(line) => say(line),
        Item::Ban(_) | Item::Account(_) | Item::Report(_) | Item::Invite(_) | Item::Ignored(_) => {
            moderation::item(item, say)
        }
        Item::Fact(fact) => self::fact(fact, say),
        Item::Device(state, device) => {
            let state = match state {
                DeviceState::Here => "here",
                DeviceState::Alone => "alone",
                DeviceState::Beside => "beside",
                DeviceState::Token => "token",
            };
            let Device { number, made, used, address, name } = &**device;
            let name = name.as_ref().map_or("-", UserName::as_str);
            match address {
                Some(address) => {
                    say(&format_args!("{number} {state} {made} {used} {address} {name}"));
                }
                None => say(&format_args!("{number} {state} {made} {used} - {name}")),
            }
        }
        Item::Online(OnlineUser { name, number, since, direct, display }) => {
            let display = display.as_ref().map_or(name.as_str(), DisplayName::as_str);
            match direct {
                Some((address, port)) => {
                    say(&format_args!("{name} {number} {since} {address}:{port} {display}"));
                }
                None => say(&format_args!("{name} {number} {since} - {display}")),
            }
        }
        Item::Entry(FolderEntry { size: Some(size), mtime, name }) => {
            say(&format_args!("{size} {mtime} {name}"));
        }
        Item::Entry(FolderEntry { size: None, mtime, name }) => {
            say(&format_args!("- {mtime} {name}/"));
        }
    }
}

/// Says the key and the value of something that is known of a user.
fn fact(fact: &Fact, mut say: impl FnMut(&dyn Display)) {
    fn or_dash(value: Option<&dyn Display>) -> &dyn Display {
        value.unwrap_or(&"-")
    }
    let (key, value): (&str, &dyn Display) = match fact {
        Fact::Name(name) => ("name", name),
        Fact::Number(number) => ("number", number),
        Fact::Display(name, None) => ("display", name),
        Fact::Display(_, Some(display)) => {
            return say(&format_args!("display {}", display.as_str()));
        }
        Fact::Since(since) => ("since", or_dash(since.as_ref().map(|since| since as _))),
        Fact::Away(Some(words)) => return say(&format_args!("away {}", words.as_str())),
        Fact::Away(None) => ("away", &"-"),
        Fact::Created(time) => ("created", time),
        Fact::LastSeen(time) => ("last-seen", or_dash(time.as_ref().map(|time| time as _))),
        Fact::LastAddress(address) => {
            ("last-address", or_dash(address.as_ref().map(|address| address as _)))
        }
        Fact::Addresses(all) => {
            let all: Vec<String> = all.iter().map(Address::to_string).collect();
            let all = if all.is_empty() { "-".to_owned() } else { all.join(" ") };
            return say(&format_args!("address {all}"));
        }
        Fact::Encryptions(all) => {
            let all: Vec<String> = all.iter().map(Encryption::to_string).collect();
            let all = if all.is_empty() { "-".to_owned() } else { all.join(" ") };
            return say(&format_args!("tls {all}"));
        }
        Fact::Sessions(count) => ("sessions", count),
        Fact::Groups(count) => ("groups", count),
        Fact::Tokens(count) => ("tokens", count),
        Fact::Files(count) => ("files", count),
        Fact::Bytes(count) => ("bytes", count),
        Fact::Banned(true) => ("banned", &"on"),
        Fact::Banned(false) => ("banned", &"off"),
        Fact::Muted(true) => ("muted", &"on"),
        Fact::Muted(false) => ("muted", &"off"),
        Fact::Reports(count) => ("reports", count),
    };
    say(&format_args!("{key} {value}"));
}

/// Appends the list of all verbs, without the answer that ends it.
pub fn help(out: &mut Vec<u8>) {
    line!(out, "C {} {} {}", Code::ListHead, Verb::Help, Verb::ALL.len());
    for verb in Verb::ALL {
        let words = if verb.words().is_empty() { "" } else { " " };
        let (words, summary) = ((words, verb.words()), verb.summary());
        line!(out, "C {} {} {verb}{}{} - {summary}", Code::ListItem, Verb::Help, words.0, words.1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::id::MessageId;
    use crate::chat::message::Destination;
    use crate::chat::name::Number;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn lines_read_as_the_protocol_says() {
        let alice: UserName = "alice".parse().unwrap();
        let number = Number(48_213);
        let logged_in = Done::LoggedIn { name: alice, number };
        let said = Done::Said {
            id: MessageId(1_795_521_601_123_456),
            to: Destination::Everyone,
            delivered: 41,
            stored: 0,
            is_offline: false,
        };
        let answered =
            |of, done| written(|out| answer(&Answer { of, result: Ok(done) }, false, out));
        assert_eq!(answered(Kind::LogIn, logged_in), "C 230 USER alice 48213 welcome\n");
        assert_eq!(answered(Kind::Say, said), "C 250 MSG 1795521601123456 * 41 0\n");
        let closed = written(|out| close(CloseReason::LoginTimeout, None, None, out));
        assert_eq!(closed, "C 421 - no login in time\n");
        let on = written(|out| event(&Event::On(alice, number), false, out));
        assert_eq!(on, "C 120 ON alice 48213\n");
        assert_eq!(written(|out| close(CloseReason::Goodbye, None, None, out)), "");
    }
}
