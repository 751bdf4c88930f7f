use proptest::prelude::*;

mod moderation;

use super::*;
use crate::chat::address::Address;
use crate::chat::answer::{Answer, Done, GroupLine, Item, OnlineUser};
use crate::chat::event::{AbortReason, Call, Event};
use crate::chat::file::{FileRef, FolderEntry};
use crate::chat::group::{GroupChange, GroupSetting};
use crate::chat::kind::Kind;
use crate::chat::message::{Destination, Message};
use crate::chat::name::{DisplayName, FileName, GroupName, Number, UserName};
use crate::chat::refusal::Refusal;
use crate::chat::sha256::Sha256Sum;
use crate::chat::text::Secret;
use crate::protocol::native::verb::Verb;
use crate::protocol::native::{codes, kinds, write};

/// The requests whose answer names the group.
const IN_GROUPS: &[Kind] = &[
    Kind::Join,
    Kind::Admit,
    Kind::Refuse,
    Kind::Leave,
    Kind::Set(GroupSetting::Kept),
    Kind::Set(GroupSetting::Public),
    Kind::Set(GroupSetting::OpenTopic),
    Kind::Topic,
    Kind::Ask,
    Kind::Decline,
    Kind::Expel,
    Kind::ShutOut,
    Kind::Info,
    Kind::Op,
    Kind::Handover,
    Kind::Dissolve,
    Kind::Members,
];

fn line(text: &str) -> ServerLine<'_> {
    ServerLine::parse(text).unwrap()
}

/// The line that `write` appends, without its LF.
fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    write(&mut out);
    let line = String::from_utf8(out).unwrap();
    assert_eq!(line.find('\n'), Some(line.len() - 1), "{line:?}");
    line.trim_end_matches('\n').to_string()
}

/// Lets `check` look at a line that `write` appends, as a client reads it.
fn reading(write: impl FnOnce(&mut Vec<u8>), check: impl FnOnce(Reading<'_>)) {
    let written = written(write);
    check(line(written.strip_prefix("C ").unwrap()).read());
}

/// Lets `check` look at the words of a final reply, which may have later additions to the protocol.
fn words_of(answer: &Answer, later: bool, check: impl FnOnce(ReplyWords<'_>)) {
    let code = match &answer.result {
        Ok(done) => code(answer.of, done),
        Err(refusal) => codes::refused(answer.of, refusal, true).0,
    };
    reading(
        |out| write::answer(answer, later, out),
        |read| {
            let Reading::Final(reply) = read else { panic!("{read:?}") };
            assert_eq!(reply.code, Some(code));
            let about = kinds::verb(answer.of).map_or(About::Message, About::Verb);
            assert_eq!(reply.about, about);
            check(reply.words);
        },
    );
}

/// Lets `check` look at the words of a result, as every client reads it.
fn words(of: Kind, done: Done, check: impl FnOnce(ReplyWords<'_>)) {
    words_of(&Answer { of, result: Ok(done) }, false, check);
}

/// The code of a result. Every variant is named, so that each new one is looked at here.
fn code(of: Kind, done: &Done) -> Code {
    match done {
        Done::Done => codes::done(of).0,
        Done::Greeted => Code::Greeting,
        Done::PasswordWanted { is_new: false, .. } => Code::SendPassword,
        Done::PasswordWanted { is_new: true, .. } => Code::ChoosePassword,
        Done::LoggedIn { .. } => Code::LoggedIn,
        Done::LoggedOut => Code::Goodbye,
        Done::Said { is_offline: true, .. } => Code::DoneStored,
        Done::GroupWaits(_) => Code::DoneWaiting,
        Done::Said { is_offline: false, .. }
        | Done::Switched(_)
        | Done::Opened(..)
        | Done::Left(_)
        | Done::Chat(_)
        | Done::FoundSoFar
        | Done::Seen(..)
        | Done::Download { .. }
        | Done::Upload { .. }
        | Done::Sum { .. }
        | Done::Stream(_)
        | Done::DownloadEnded
        | Done::UploadEnded
        | Done::Group(_)
        | Done::GroupMade(..)
        | Done::Token(_)
        | Done::Up { .. }
        | Done::Port(_)
        | Done::Call(_) => Code::Done,
        Done::PasswordSet(_) | Done::AccountAdded { .. } => Code::Done,
        Done::Registration(_) | Done::Invited { .. } | Done::Reported(_) => Code::Done,
    }
}

/// Lets `check` look at an item, as it is in a list of a kind.
fn item(of: Kind, item: Item, check: impl FnOnce(ListItem<'_>)) {
    reading(
        |out| write::item(of, &item, true, out),
        |read| match read {
            Reading::Item(item) => check(item),
            other => panic!("{other:?}"),
        },
    );
}

fn user_name() -> impl Strategy<Value = UserName> {
    "[A-Za-z][A-Za-z0-9_.-]{0,31}".prop_map(|name| name.parse().unwrap())
}

fn group_name() -> impl Strategy<Value = GroupName> {
    let name = user_name().prop_map(|name| format!("#{name}"));
    let number = (10_000..1_000_000u32).prop_map(|number| format!("#{number}"));
    prop_oneof![name, number].prop_map(|name| name.parse().unwrap())
}

fn number() -> impl Strategy<Value = Number> {
    (1..=u32::MAX).prop_map(Number)
}

fn destination() -> impl Strategy<Value = Destination> {
    prop_oneof![
        Just(Destination::Everyone),
        user_name().prop_map(Destination::User),
        group_name().prop_map(Destination::Group),
    ]
}

fn file_name() -> impl Strategy<Value = FileName> {
    let part = "[a-zA-Z0-9 @é_-][a-z0-9 .é]{0,20}";
    proptest::collection::vec(part, 1..4)
        .prop_filter_map("a name", |parts| parts.join("/").parse().ok())
}

fn file_ref() -> impl Strategy<Value = FileRef> {
    let sent = any::<u64>().prop_map(|id| FileRef::Sent(MessageId(id)));
    prop_oneof![file_name().prop_map(FileRef::Shared), sent]
}

fn address() -> impl Strategy<Value = Address> {
    prop_oneof![Just(Address::Local), any::<std::net::IpAddr>().prop_map(Address::host),]
}

fn call() -> impl Strategy<Value = Call> {
    let ticket = "[A-Za-z0-9_-]{43}".prop_map(|ticket| Secret::new(&ticket));
    (user_name(), address(), any::<Option<u16>>(), ticket)
        .prop_map(|(user, address, port, ticket)| Call { user, address, port, ticket })
}

fn same_call(read: &CallWords<'_>, call: &Call) -> bool {
    (read.user, read.address, read.port) == (call.user, Some(call.address), call.port)
        && read.ticket == call.ticket.expose()
}

#[test]
fn server_lines_are_cut_apart() {
    let welcome = line("230 USER alice 48213 welcome");
    assert_eq!((welcome.code, welcome.verb, welcome.rest), (230, "USER", "alice 48213 welcome"));
    assert!(welcome.is_final());
    assert!(line("120 ON a 1").is_notice());
    assert!(line("354 PM send").is_final());
    assert!(!line("151 WHO x").is_final());
    assert_eq!(ServerLine::parse("hello"), None);
    assert_eq!(ServerLine::parse("99999 X"), None);
    let message = Delivered::parse("17 bob * two words").unwrap();
    assert_eq!((message.id, message.to, message.text), (MessageId(17), "*", "two words"));
    assert_eq!(Delivered::parse("x"), None);
}

#[test]
fn what_a_later_version_says_stays_readable() {
    let Reading::Final(reply) = line("259 BREW a pot").read() else { panic!("no reply") };
    assert_eq!((reply.family, reply.code, reply.about), (ReplyFamily::Done, None, About::Unknown));
    assert_eq!((reply.words, reply.text), (ReplyWords::Other("a pot"), "a pot"));
    let Reading::Final(reply) = line("250 GET 7 12 notes").read() else { panic!("no reply") };
    assert_eq!(reply.words, ReplyWords::Download { stream: 7, size: 12, name: "notes" });
    let Reading::Final(reply) = line("250 GET soon").read() else { panic!("no reply") };
    assert_eq!(reply.words, ReplyWords::Other("soon"));
    let Reading::Final(reply) = line("250 UP 4000 30 more words").read() else { panic!("none") };
    assert_eq!(reply.words, ReplyWords::Up { port: 4000, period: Some(30) });
    assert_eq!(line("151 BREW tea").read(), Reading::Item(ListItem::Other("tea")));
    assert_eq!(line("151 WHO bob").read(), Reading::Item(ListItem::Other("bob")));
    assert_eq!(line("127 ABORT x").read(), Reading::Notice(Notice::Other("x")));
    assert_eq!(line("180 WHAT is this").read(), Reading::Unknown);
    for elsewhere in ["local", "ff02:1", "onion.example"] {
        let call = format!("125 CALL bob {elsewhere} - ticket");
        let Reading::Notice(Notice::Call { call: Some(call) }) = line(&call).read() else {
            panic!("no call")
        };
        assert_eq!((call.port, call.ticket), (None, "ticket"));
        assert_eq!(call.address, (elsewhere == "local").then_some(Address::Local));
    }
}

#[test]
fn a_secret_is_not_printed() {
    let Reading::Final(reply) = line("250 TOKEN secret").read() else { panic!("no reply") };
    assert_eq!(format!("{:?}", reply.words), "Token { token: ******** }");
    let Reading::Notice(notice) = line("125 CALL bob local 1 secret").read() else {
        panic!("no notice")
    };
    assert!(!format!("{notice:?}").contains("secret"), "{notice:?}");
}

#[test]
fn the_first_line_and_the_heads_of_lists_are_read() {
    let greeted = Answer { of: Kind::Connect, result: Ok(Done::Greeted) };
    reading(
        |out| write::answer(&greeted, false, out),
        |read| {
            let Reading::Greeting { software, version } = read else { panic!("no greeting") };
            assert!(software.starts_with("chatsrv/"));
            assert_eq!(version, crate::protocol::native::VERSION.to_string());
        },
    );
    reading(
        |out| write::list_head(Kind::Who, 17, out),
        |read| assert_eq!(read, Reading::Head { count: Some(17) }),
    );
    assert_eq!(line("150 WHO many").read(), Reading::Head { count: None });
}

#[test]
fn every_verb_of_help_is_read() {
    let mut out = Vec::new();
    write::help(&mut out);
    let help = String::from_utf8(out).unwrap();
    let mut lines = help.lines().map(|text| line(text.strip_prefix("C ").unwrap()).read());
    assert_eq!(lines.next(), Some(Reading::Head { count: Some(Verb::ALL.len()) }));
    for verb in Verb::ALL {
        let (name, words, summary) = (verb.name(), verb.words(), verb.summary());
        let item = ListItem::Verb { name, words, summary };
        assert_eq!(lines.next(), Some(Reading::Item(item)));
    }
    assert_eq!(lines.next(), None);
}

#[test]
fn why_a_transfer_ended_is_read() {
    use AbortReason::*;
    let of_files = [WrongSize, NameTaken, Mismatch, NotAMember, NoSuchFolder, NoRoomForFile];
    for why in of_files.into_iter().chain([NoRoom, WriteFailed, ReadFailed, Unfinished, Stalled]) {
        let reason = codes::aborted(why);
        reading(
            |out| write::event(&Event::Abort { stream: 7, reason: why }, true, out),
            |read| assert_eq!(read, Reading::Notice(Notice::Aborted { stream: 7, reason })),
        );
    }
}

#[test]
fn texts_are_read_as_they_are() {
    let is = |of: Kind, done: Done, text: &str| {
        words(of, done, |read| assert_eq!(read, ReplyWords::Other(text)));
    };
    for of in [Kind::SetPassword, Kind::ConfirmPassword, Kind::Who, Kind::Down, Kind::Shutdown] {
        is(of, Done::Done, codes::done(of).1);
    }
    for of in [Kind::Quiet, Kind::Admin] {
        for is_on in [true, false] {
            is(of, Done::Switched(is_on), codes::switched(of, is_on));
        }
    }
    is(Kind::Ex, Done::LoggedOut, "goodbye");
    is(Kind::Abort, Done::DownloadEnded, "no more of it comes");
    is(Kind::Abort, Done::UploadEnded, "what came of it is dropped");
}

proptest! {
    #[test]
    fn any_line_is_read_without_harm(code in 100..600u16, verb in "[A-Z]{0,6}", rest in ".{0,80}") {
        let verbs = Verb::ALL.iter().map(|verb| verb.name());
        for verb in verbs.chain([verb.as_str(), "MSG", "-"]) {
            let text = format!("{code} {verb} {rest}");
            ServerLine::parse(&text).unwrap().read();
        }
    }

    #[test]
    fn notices_are_read(
        (user, number, group) in (user_name(), number(), group_name()),
        (id, size, stream) in (any::<u64>(), any::<u64>(), any::<u32>()),
        (file, to, call) in (file_ref(), destination(), call()),
    ) {
        let name = user.as_str();
        let is = |event: Event, notice: Notice<'_>| {
            let write = |out: &mut Vec<u8>| write::event(&event, true, out);
            reading(write, |read| assert_eq!(read, Reading::Notice(notice)));
        };
        is(Event::On(user, number), Notice::On { name, number });
        is(Event::Off(user, number), Notice::Off { name, number });
        is(Event::Ask(group, user), Notice::Asks { group, user });
        is(Event::Join(group, user), Notice::WantsIn { group, user });
        for change in [GroupChange::Join, GroupChange::Leave, GroupChange::Admin] {
            is(Event::Group(group, change, user), Notice::Group { group, change, user });
        }
        let put = Event::Put { stream, size, file: file.clone() };
        is(put, Notice::Uploaded { stream, size, name: &file.to_string() });
        is(Event::Shutdown { seconds: stream }, Notice::Shutdown { seconds: stream });
        let (text, id) = (file.to_string(), MessageId(id));
        is(Event::Seen(to, id), Notice::Seen { chat: &to.to_string(), id });
        is(Event::Deleted(id, to), Notice::Deleted { id, chat: &to.to_string() });
        let event = Event::Call(Box::new(call.clone()));
        reading(|out| write::event(&event, true, out), |read| {
            let Reading::Notice(Notice::Call { call: Some(read) }) = read else {
                panic!("no call")
            };
            assert!(same_call(&read, &call));
        });
        let message = Message { id, from: user, to, text: (*text).into(), file_size: Some(size) };
        let file = SentFile { id, from: name, to: &to.to_string(), size, name: &text };
        is(Event::Said(message.clone()), Notice::File { file });
        reading(|out| write::item(Kind::Open, &Item::Message(message), true, out), |read| {
            assert_eq!(read, Reading::Notice(Notice::File { file }));
        });
    }

    #[test]
    fn messages_are_read(
        (from, to, id) in (user_name(), destination(), any::<u64>()),
        text in "[^\\p{Cc}]{1,80}",
    ) {
        let id = MessageId(id);
        let said = Message { id, from, to, text: (*text).into(), file_size: None };
        let message =
            Delivered { id, from: from.as_str(), to: &to.to_string(), text: text.as_str() };
        let event = written(|out| write::event(&Event::Said(said.clone()), true, out));
        let item = written(|out| write::item(Kind::History, &Item::Message(said), true, out));
        for line in [event, item] {
            assert_eq!(Delivered::parse(line.strip_prefix("D ").unwrap()), Some(message));
        }
    }

    #[test]
    fn items_are_read(
        (user, number, group) in (user_name(), number(), group_name()),
        (id, count, members) in (any::<u64>(), any::<u64>(), any::<usize>()),
        (size, mtime, file) in (any::<Option<u64>>(), any::<i64>(), file_name()),
        (direct, chat) in (proptest::option::of((address(), any::<u16>())), destination()),
        (display, kept) in (proptest::option::of("[a-zé ]{1,20}"), any::<bool>()),
    ) {
        let (name, since) = (user.as_str(), MessageId(id));
        let display: Option<DisplayName> = display.and_then(|display| display.parse().ok());
        let shown = display.as_ref().map_or(name, DisplayName::as_str).to_string();
        let online = OnlineUser { name: user, number, since, direct, display };
        item(Kind::Who, Item::Online(online), |read| {
            let user = OnlineWords { name, number, since, direct, display: &shown };
            assert_eq!(read, ListItem::Online { user });
        });
        item(Kind::Reachable, Item::Direct(user, number), |read| {
            assert_eq!(read, ListItem::Direct { name, number });
        });
        item(Kind::Members, Item::Member(user, number), |read| {
            assert_eq!(read, ListItem::Member { name, number, more: None });
        });
        item(Kind::Unread, Item::Unread { chat, count, last: since }, |read| {
            assert_eq!(read, ListItem::Unread { chat: &chat.to_string(), count, last: since });
        });
        let line = GroupLine { name: group, admin: user, members, kept, public: !kept };
        let read_group = ListItem::Group {
            name: &group.to_string(),
            admin: name,
            members,
            is_kept: kept,
            is_public: !kept,
            topic: "",
        };
        item(Kind::Groups, Item::Group(line), |read| assert_eq!(read, read_group));
        let folder = if size.is_some() { "" } else { "/" };
        let entry = format!("{file}{folder}");
        item(Kind::Ls, Item::Entry(FolderEntry { size, mtime, name: file }), |read| {
            assert_eq!(read, ListItem::Entry { size, mtime, name: &entry });
        });
        item(Kind::Dump, Item::Line("lines 5".into()), |read| {
            assert_eq!(read, ListItem::Figure { text: "lines 5" });
        });
    }

    #[test]
    fn replies_are_read(
        (user, group, chat) in (user_name(), group_name(), destination()),
        (number, id, sum) in (number(), any::<u64>(), any::<[u8; 32]>()),
        (stream, size, count) in (any::<u32>(), any::<u64>(), any::<usize>()),
        (delivered, stored, port) in (any::<u32>(), any::<u32>(), any::<u16>()),
        (file, period, call) in (file_ref(), any::<u64>(), call()),
    ) {
        let (id, to, name) = (MessageId(id), chat.to_string(), file.to_string());
        let (sha256, group_name) = (Sha256Sum(sum), group.to_string());
        let is = |of: Kind, done: Done, expected: ReplyWords<'_>| {
            words(of, done, |read| assert_eq!(read, expected));
        };
        let is_later = |of: Kind, done: Done, expected: ReplyWords<'_>| {
            let answer = Answer { of, result: Ok(done) };
            words_of(&answer, true, |read| assert_eq!(read, expected));
        };
        for is_new in [false, true] {
            let words = ReplyWords::Name { name: user.as_str() };
            is(Kind::Identify, Done::PasswordWanted { name: user, is_new }, words);
        }
        for of in [Kind::LogIn, Kind::Resume] {
            let welcome = ReplyWords::LoggedIn { name: user, number };
            is(of, Done::LoggedIn { name: user, number }, welcome);
        }
        for is_offline in [false, true] {
            let said = Done::Said { id, to: chat, delivered, stored, is_offline };
            is(Kind::Say, said, ReplyWords::Confirmed { id, to: &to, delivered, stored });
        }
        words(Kind::Token, Done::Token(Secret::new("t0ken")), |read| {
            let ReplyWords::Token { token } = read else { panic!("no token") };
            assert_eq!(token.expose(), "t0ken");
        });
        for of in [Kind::Open, Kind::After] {
            is(of, Done::Opened(chat, size), ReplyWords::Opened { chat: &to, left: size });
        }
        is(Kind::Chats, Done::Left(size), ReplyWords::Left { left: size });
        is(Kind::History, Done::Chat(chat), ReplyWords::Chat { chat: &to });
        is(Kind::Seen, Done::Seen(chat, id), ReplyWords::Seen { chat: &to, id });
        let download = Done::Download { stream, size, file: file.clone() };
        is(Kind::Get, download, ReplyWords::Download { stream, size, name: &name });
        for of in [Kind::Put, Kind::Sendfile] {
            let (upload, offset) = (Done::Upload { stream, offset: size, sha256 }, size);
            let told = (size > 0).then_some(sha256);
            is(of, upload.clone(), ReplyWords::Upload { stream, offset, sha256: None });
            is_later(of, upload, ReplyWords::Upload { stream, offset, sha256: told });
        }
        let sum = Done::Sum { sha256, size, file };
        is(Kind::Sum, sum, ReplyWords::Sum { sha256, size, name: &name });
        is(Kind::Expect, Done::Stream(stream), ReplyWords::Stream { stream });
        for of in [Kind::Mkgroup, Kind::Mkgroupreq] {
            let made = ReplyWords::GroupMade { group: &group_name, members: count };
            is(of, Done::GroupMade(group, count), made);
        }
        for of in IN_GROUPS {
            is(*of, Done::Group(group), ReplyWords::Group { group: &group_name });
        }
        is(Kind::Join, Done::GroupWaits(group), ReplyWords::Group { group: &group_name });
        is(Kind::Up, Done::Up { port, period }, ReplyWords::Up { port, period: None });
        let up = ReplyWords::Up { port, period: Some(period) };
        is_later(Kind::Up, Done::Up { port, period }, up);
        is(Kind::Alive, Done::Port(port), ReplyWords::Port { port });
        words(Kind::Call, Done::Call(Box::new(call.clone())), |read| {
            let ReplyWords::Call { call: read } = read else { panic!("no call") };
            assert!(same_call(&read, &call));
        });
    }

    #[test]
    fn refusals_with_words_of_their_own_are_read(seconds in any::<u32>(), file in file_ref()) {
        let is = |of: Kind, refusal: Refusal, expected: ReplyWords<'_>| {
            let answer = Answer { of, result: Err(refusal) };
            words_of(&answer, false, |read| assert_eq!(read, expected));
        };
        for of in [Kind::Identify, Kind::LogIn, Kind::Resume, Kind::ConfirmPassword] {
            is(of, Refusal::TryAgainIn(seconds), ReplyWords::RetryAfter { seconds });
        }
        let name = file.to_string();
        for of in [Kind::Get, Kind::Sum] {
            is(of, Refusal::NoSuchFile((*name).into()), ReplyWords::NoFile { name: &name });
        }
    }

    #[test]
    fn text_for_people_is_not_taken_for_words(
        code in proptest::sample::select(Code::ALL),
        verb in proptest::sample::select(Verb::ALL),
    ) {
        let text = "say it in other words";
        let written = format!("{code} {verb} {text}");
        let Reading::Final(reply) = line(&written).read() else { return Ok(()) };
        assert_eq!((reply.about, reply.text), (About::Verb(verb), text));
        assert_eq!(reply.family == ReplyFamily::Done, (200..300).contains(&(code as u16)));
    }
}
