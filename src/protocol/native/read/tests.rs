use proptest::prelude::*;

use super::*;
use crate::chat::address::Address;
use crate::chat::event::{Call, Event};
use crate::chat::file::{FileRef, FolderEntry};
use crate::chat::group::GroupChange;
use crate::chat::message::{Destination, Message};
use crate::chat::name::{DisplayName, FileName, GroupName, Number, UserName};
use crate::chat::sha256::Sha256Sum;
use crate::chat::text::Secret;
use crate::protocol::native::list::{Item, List, Online};
use crate::protocol::native::verb::Verb;
use crate::protocol::native::write::{Detail, Reply, Subject, encode_line};

/// The verbs whose reply names the group.
const IN_GROUPS: &[Verb] = &[
    Verb::Join,
    Verb::Admit,
    Verb::Refuse,
    Verb::Leave,
    Verb::Keep,
    Verb::Op,
    Verb::Handover,
    Verb::Dissolve,
    Verb::Members,
];

fn line(text: &str) -> ServerLine<'_> {
    ServerLine::parse(text).unwrap()
}

/// Has `check` look at a line as a client reads it.
fn reading(line: impl std::fmt::Display, check: impl FnOnce(Reading<'_>)) {
    let line = line.to_string();
    check(ServerLine::parse(line.strip_prefix("C ").unwrap()).unwrap().read());
}

/// Has `check` look at the words of a final reply.
fn words(code: Code, about: impl Into<Subject>, detail: Detail, check: impl FnOnce(ReplyWords)) {
    reading(Reply::new(code, about, detail), |read| match read {
        Reading::Final(reply) => {
            assert_eq!(reply.code, Some(code));
            check(reply.words);
        }
        other => panic!("{other:?}"),
    });
}

/// Has `check` look at an item as it stands in the list of a verb.
fn item(verb: Verb, item: Item, check: impl FnOnce(ListItem<'_>)) {
    let last = Reply::text(Code::Done, verb, "");
    let list = List::whole(verb, [item].into(), None, last);
    let mut out = Vec::new();
    list.piece.encode_item(list.subject, 0, &mut out);
    let line = String::from_utf8(out).unwrap();
    reading(line.trim_end_matches('\n'), |read| match read {
        Reading::Item(item) => check(item),
        other => panic!("{other:?}"),
    });
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
fn codes_have_their_numbers() {
    let known = (0..=u16::MAX).filter_map(Code::from_number);
    assert_eq!(known.collect::<Vec<_>>(), Code::ALL);
    for code in Code::ALL {
        assert_eq!(Code::from_number(*code as u16), Some(*code));
    }
}

#[test]
fn what_a_later_version_says_stays_readable() {
    let Reading::Final(reply) = line("259 BREW a pot").read() else { panic!("no reply") };
    assert_eq!((reply.family, reply.code, reply.about), (Family::Done, None, About::Unknown));
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
fn a_notice_of_a_later_version_is_one() {
    for later in ["130 NEW", "149 NEW notice", "136 GROUP tea dissolve"] {
        assert!(line(later).is_notice());
        assert_eq!(line(later).read(), Reading::LaterNotice);
    }
    let Reading::Notice(notice) = line("136 GROUP #tea dissolve bob").read() else {
        panic!("no notice")
    };
    let group = "#tea".parse().unwrap();
    assert_eq!(notice, Notice::GroupLater { group, what: "dissolve" });
    assert!(!line("150 WHO 1").is_notice() && !line("119 X").is_notice());
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
    reading(Reply::greeting(), |read| {
        let Reading::Greeting { software, version } = read else { panic!("no greeting") };
        assert!(software.starts_with("chatsrv/"));
        assert_eq!(version, crate::protocol::native::VERSION.to_string());
    });
    let mut out = Vec::new();
    encode_line(&Reply::new(Code::ListHead, Verb::Who, Detail::Count(17)), &mut out);
    let head = String::from_utf8(out).unwrap();
    reading(head.trim_end(), |read| assert_eq!(read, Reading::Head { count: Some(17) }));
    assert_eq!(line("150 WHO many").read(), Reading::Head { count: None });
}

#[test]
fn every_verb_of_help_is_read() {
    for verb in Verb::ALL {
        item(Verb::Help, Item::Help(*verb), |read| {
            let (name, words, summary) = (verb.name(), verb.words(), verb.summary());
            assert_eq!(read, ListItem::Verb { name, words, summary });
        });
    }
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
            reading(event, |read| assert_eq!(read, Reading::Notice(notice)));
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
        let reason = "the disk is full";
        is(Event::Abort { stream, reason }, Notice::Aborted { stream, reason });
        is(Event::Shutdown { seconds: stream }, Notice::Shutdown { seconds: stream });
        reading(Event::Call(Box::new(call.clone())), |read| {
            let Reading::Notice(Notice::Call { call: Some(read) }) = read else {
                panic!("no call")
            };
            assert!(same_call(&read, &call));
        });
        let (text, id) = (file.to_string(), MessageId(id));
        let message = Message { id, from: user, to, text: (*text).into(), file_size: Some(size) };
        let file = SentFile { id, from: name, to: &to.to_string(), size, name: &text };
        reading(message, |read| assert_eq!(read, Reading::Notice(Notice::File { file })));
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
        let online = Online { name: user, number, since, direct, display };
        item(Verb::Who, Item::Online(online), |read| {
            let user = OnlineWords { name, number, since, direct, display: &shown };
            assert_eq!(read, ListItem::Online { user });
        });
        item(Verb::Dm, Item::Direct(user, number), |read| {
            assert_eq!(read, ListItem::Direct { name, number });
        });
        item(Verb::Members, Item::Member(user, number), |read| {
            assert_eq!(read, ListItem::Member { name, number });
        });
        item(Verb::Unread, Item::Unread { chat, count, last: since }, |read| {
            assert_eq!(read, ListItem::Unread { chat: &chat.to_string(), count, last: since });
        });
        item(Verb::Groups, Item::Group { name: group, admin: user, members, kept }, |read| {
            let (group, admin) = (group.to_string(), name);
            assert_eq!(read, ListItem::Group { name: &group, admin, members, is_kept: kept });
        });
        let folder = if size.is_some() { "" } else { "/" };
        let entry = format!("{file}{folder}");
        item(Verb::Ls, Item::Entry(FolderEntry { size, mtime, name: file }), |read| {
            assert_eq!(read, ListItem::Entry { size, mtime, name: &entry });
        });
        item(Verb::Dump, Item::Figure("lines 5".into()), |read| {
            assert_eq!(read, ListItem::Figure { text: "lines 5" });
        });
    }

    #[test]
    fn replies_are_read(
        (user, group, chat) in (user_name(), group_name(), destination()),
        (number, id, sum) in (number(), any::<u64>(), any::<[u8; 32]>()),
        (stream, size, count) in (any::<u32>(), any::<u64>(), any::<usize>()),
        (delivered, stored, port) in (any::<u32>(), any::<u32>(), any::<u16>()),
        (file, period, call) in (file_ref(), any::<Option<u64>>(), call()),
    ) {
        let (id, to, name) = (MessageId(id), chat.to_string(), file.to_string());
        let sha256 = Sha256Sum(sum);
        let is = |code, subject: Subject, detail: Detail, expected: ReplyWords<'_>| {
            words(code, subject, detail, |read| assert_eq!(read, expected));
        };
        for code in [Code::SendPassword, Code::ChoosePassword] {
            let name = ReplyWords::Name { name: user.as_str() };
            is(code, Verb::User.into(), Detail::User(user, "send the password"), name);
        }
        for verb in [Verb::User, Verb::Resume] {
            let welcome = ReplyWords::LoggedIn { name: user, number };
            is(Code::LoggedIn, verb.into(), Detail::LoggedIn(user, number), welcome);
            let later = ReplyWords::RetryAfter { seconds: stream };
            is(Code::Busy, verb.into(), Detail::RetryAfter(stream), later);
        }
        for code in [Code::Done, Code::DoneStored] {
            let detail = Detail::Confirmed { id, to: chat, delivered, stored };
            let confirmed = ReplyWords::Confirmed { id, to: &to, delivered, stored };
            is(code, Subject::Message, detail, confirmed);
        }
        let is_done = |verb: Verb, detail, expected| is(Code::Done, verb.into(), detail, expected);
        words(Code::Done, Verb::Token, Detail::Token(Secret::new("t0ken")), |read| {
            let ReplyWords::Token { token } = read else { panic!("no token") };
            assert_eq!(token.expose(), "t0ken");
        });
        let opened = ReplyWords::Opened { chat: &to, left: size };
        is_done(Verb::Open, Detail::Opened(chat, size), opened);
        is_done(Verb::History, Detail::Chat(chat), ReplyWords::Chat { chat: &to });
        is_done(Verb::Seen, Detail::Seen(chat, id), ReplyWords::Seen { chat: &to, id });
        let download = Detail::Download { stream, size, file: file.clone() };
        is_done(Verb::Get, download, ReplyWords::Download { stream, size, name: &name });
        for sha256 in [None, Some(sha256)] {
            let (upload, offset) = (Detail::Upload { stream, offset: size, sha256 }, size);
            is_done(Verb::Put, upload.clone(), ReplyWords::Upload { stream, offset, sha256 });
            is_done(Verb::Sendfile, upload, ReplyWords::Upload { stream, offset, sha256 });
        }
        let detail = Detail::Sum { sha256, size, file };
        is_done(Verb::Sum, detail, ReplyWords::Sum { sha256, size, name: &name });
        for verb in [Verb::Get, Verb::Sum] {
            let missing = ReplyWords::NoFile { name: &name };
            is(Code::NotFound, verb.into(), Detail::File((*name).into()), missing);
        }
        is_done(Verb::Expect, Detail::Stream(stream), ReplyWords::Stream { stream });
        let made = || ReplyWords::GroupMade { group: "#tea", members: count };
        let tea: GroupName = "#tea".parse().unwrap();
        is_done(Verb::Mkgroup, Detail::GroupOf(tea, count), made());
        is_done(Verb::Mkgroupreq, Detail::GroupOf(tea, count), made());
        let group_name = group.to_string();
        for verb in IN_GROUPS {
            is_done(*verb, Detail::Group(group), ReplyWords::Group { group: &group_name });
        }
        let waits = ReplyWords::Group { group: &group_name };
        is(Code::DoneWaiting, Verb::Join.into(), Detail::Group(group), waits);
        is_done(Verb::Up, Detail::Up { port, period }, ReplyWords::Up { port, period });
        is_done(Verb::Alive, Detail::Port(port), ReplyWords::Port { port });
        words(Code::Done, Verb::Call, Detail::Call(Box::new(call.clone())), |read| {
            let ReplyWords::Call { call: read } = read else { panic!("no call") };
            assert!(same_call(&read, &call));
        });
    }

    #[test]
    fn text_for_people_is_not_taken_for_words(
        code in proptest::sample::select(Code::ALL),
        verb in proptest::sample::select(Verb::ALL),
    ) {
        let text = "say it in other words";
        reading(Reply::text(code, verb, text), |read| {
            let Reading::Final(reply) = read else { return };
            assert_eq!((reply.about, reply.text), (About::Verb(verb), text));
            assert_eq!(reply.family == Family::Done, (200..300).contains(&(code as u16)));
        });
    }
}
