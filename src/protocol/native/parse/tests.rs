//! Command lines and the requests that they make.

mod moderation;

use super::*;
use crate::chat::file::FileRef;
use crate::chat::group::{GroupRange, GroupSetting, GroupStart};
use crate::chat::id::MessageId;
use crate::chat::name::{FileName, GroupName, Target, UserRef};
use crate::chat::request::{Place, Request};
use crate::chat::sha256::Sha256Sum;
use crate::chat::text::Secret;
use crate::protocol::native::code::Code;
use crate::protocol::native::codes;
use crate::protocol::native::command::Command;

fn parse(line: &str) -> Result<Command, Code> {
    let command = parse_command(Text::new(line).unwrap());
    command.map_err(|(of, refusal)| codes::refused(of, &refusal, true).0)
}

#[test]
fn words_are_checked() {
    let name = "alice".parse().unwrap();
    let user = |place| Command::User { name, place, invite: None };
    assert_eq!(parse("USER alice"), Ok(user(Place::Alone)));
    assert_eq!(parse("user alice takeover"), Ok(user(Place::TakesOver)));
    assert_eq!(parse("USER alice BESIDE"), Ok(user(Place::Beside)));
    assert_eq!(parse("USER alice x"), Err(Code::BadParameters));
    assert_eq!(parse("USER"), Err(Code::BadParameters));
    assert_eq!(parse("USER 4lice"), Err(Code::NameNotAllowed));
    assert_eq!(parse("USER operator"), Err(Code::NameNotAllowed));
    assert_eq!(parse("PM x"), Err(Code::BadParameters));
    assert_eq!(parse("NICK Al Ice"), Ok(Command::Ask(Request::Nick("Al Ice".parse().unwrap()))));
    assert_eq!(parse("QUIET maybe"), Err(Code::BadParameters));
    assert_eq!(parse("MORE ON"), Ok(Command::More(true)));
    assert_eq!(parse("MORE off"), Ok(Command::More(false)));
    assert_eq!(parse("MORE"), Err(Code::BadParameters));
    assert_eq!(parse("NOPE"), Err(Code::Unknown));
    assert_eq!(parse(""), Err(Code::Unknown));
}

#[test]
fn devices_and_their_tokens_have_words_of_their_own() {
    let ask = |request| Ok(Command::Ask(request));
    assert_eq!(parse("TOKEN"), ask(Request::Token { name: None }));
    let name = Some("phone".parse().unwrap());
    assert_eq!(parse("TOKEN for phone"), ask(Request::Token { name }));
    assert_eq!(parse("TOKEN end"), ask(Request::EndToken));
    for wrong in ["TOKEN x", "TOKEN END x", "TOKEN FOR", "TOKEN FOR my phone"] {
        assert_eq!(parse(wrong), Err(Code::BadParameters), "{wrong}");
    }
    let (name, token) = ("alice".parse().unwrap(), Secret::new("t"));
    assert_eq!(
        parse("RESUME alice t beside"),
        ask(Request::Resume { name, token: token.clone(), beside: true })
    );
    assert_eq!(parse("RESUME alice t"), ask(Request::Resume { name, token, beside: false }));
    for wrong in ["RESUME alice", "RESUME alice t x", "RESUME alice t BESIDE x"] {
        assert_eq!(parse(wrong), Err(Code::BadParameters), "{wrong}");
    }
    assert_eq!(parse("ENDSESSION 7"), ask(Request::EndSession(Some(7))));
    assert_eq!(parse("ENDSESSION ALL"), ask(Request::EndSession(None)));
    for wrong in ["ENDSESSION", "ENDSESSION x", "ENDSESSION -1", "SESSIONS x"] {
        assert_eq!(parse(wrong), Err(Code::BadParameters), "{wrong}");
    }
}

#[test]
fn file_names_come_last_and_may_hold_spaces() {
    let file = FileRef::Shared("a b/c".parse().unwrap());
    assert_eq!(parse("GET 7 a b/c"), Ok(Command::Ask(Request::Get { offset: 7, file })));
    let file = FileRef::Sent(MessageId(17));
    assert_eq!(
        parse("GET 0 @17"),
        Ok(Command::Ask(Request::Get { offset: 0, file: file.clone() }))
    );
    assert_eq!(parse("SUM @17"), Ok(Command::Ask(Request::Sum(file))));
    let file = FileRef::Shared("@x".parse().unwrap());
    assert_eq!(parse("SUM @x"), Ok(Command::Ask(Request::Sum(file))));
    assert_eq!(parse("GET 7"), Err(Code::BadParameters));
    assert_eq!(parse("GET -1 a"), Err(Code::BadParameters));
    assert_eq!(parse("GET +1 a"), Err(Code::BadParameters));
    assert_eq!(parse("GET 0 ../a"), Err(Code::NotFound));
    assert_eq!(parse("LS"), Ok(Command::Ask(Request::Ls(None))));
    assert_eq!(parse("LS a/"), Ok(Command::Ask(Request::Ls(Some("a".parse().unwrap())))));
    assert_eq!(parse("LS /"), Err(Code::NotFound));
    assert_eq!(parse("ABORT 3"), Ok(Command::Ask(Request::Abort { stream: 3 })));
    assert_eq!(parse("ABORT x"), Err(Code::BadParameters));
}

#[test]
fn chats_are_read() {
    let bob: Target = "bob".parse().unwrap();
    assert_eq!(parse("OPEN bob"), Ok(Command::Ask(Request::OpenUnread(bob))));
    assert_eq!(
        parse("OPEN bob 1000"),
        Ok(Command::Ask(Request::OpenLast { chat: bob, count: 1000 }))
    );
    assert_eq!(parse("OPEN bob 1001"), Err(Code::BadParameters));
    assert_eq!(parse("OPEN bob 99999"), Err(Code::BadParameters));
    assert_eq!(parse("OPEN *"), Err(Code::BadParameters));
    assert_eq!(
        parse("OPEN * 0"),
        Ok(Command::Ask(Request::OpenLast { chat: Target::Everyone, count: 0 }))
    );
    assert_eq!(parse("OPEN b/b"), Err(Code::NotFound));
    let before = MessageId(17);
    assert_eq!(
        parse("HISTORY bob 17 5"),
        Ok(Command::Ask(Request::History { chat: bob, before, count: 5 }))
    );
    assert_eq!(parse("HISTORY bob 17"), Err(Code::BadParameters));
    let words = "two words".into();
    assert_eq!(
        parse("SEARCH - two words"),
        Ok(Command::Ask(Request::Search { chat: None, words }))
    );
    assert_eq!(parse("SEARCH bob  "), Err(Code::BadParameters));
    assert_eq!(parse("SEARCH - ?! € :-)"), Err(Code::BadParameters));
    assert!(parse("SEARCH - 上 👍 ?!").is_ok());
    assert!(parse(&format!("SEARCH -{}", " word".repeat(32))).is_ok());
    assert_eq!(parse(&format!("SEARCH -{}", " a.b".repeat(17))), Err(Code::BadParameters));
    assert!(parse(&format!("SEARCH - {}", "上".repeat(65))).is_ok(), "that has 64 pairs");
    assert_eq!(parse(&format!("SEARCH - {}", "上".repeat(66))), Err(Code::BadParameters));
    assert!(parse(&format!("SEARCH -{}", " 上海大".repeat(32))).is_ok());
    let pairs = format!("SEARCH -{}", " 上海大学".repeat(22));
    assert_eq!(parse(&pairs), Err(Code::BadParameters), "66 in 22 words");
    assert_eq!(parse("SEEN bob 17"), Ok(Command::Ask(Request::Seen { chat: bob, id: before })));
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
fn uploads_need_a_size_and_a_name() {
    let name: FileName = "a b".parse().unwrap();
    assert_eq!(parse("PUT 5 a b"), Ok(Command::Ask(Request::Put { size: 5, name: name.clone() })));
    assert_eq!(parse("PUT a"), Err(Code::BadParameters));
    let sha256 = Sha256Sum([0xab; 32]);
    let expect = format!("EXPECT 3 {sha256}");
    assert_eq!(parse(&expect), Ok(Command::Ask(Request::Expect { stream: 3, sha256 })));
    for wrong in ["EXPECT 3", "EXPECT x", &expect[..70], &format!("{expect} "), &expect[7..]] {
        assert!(parse(wrong).is_err(), "{wrong}");
    }
    assert_eq!(parse("PUT 5"), Err(Code::BadParameters));
    assert_eq!(parse("PUT 5 ../a"), Err(Code::NameNotAllowed));
    let to = "bob".parse().unwrap();
    assert_eq!(
        parse("SENDFILE bob 5 a b"),
        Ok(Command::Ask(Request::Sendfile { to, size: 5, name }))
    );
    assert_eq!(parse("SENDFILE bob 5 a/b"), Err(Code::NameNotAllowed));
    assert_eq!(parse("SENDFILE b/b 5 a"), Err(Code::NotFound));
    assert_eq!(parse("SENDFILE bob x a"), Err(Code::BadParameters));
}

#[test]
fn groups_have_names_and_members() {
    let (ops, bob): (GroupName, UserRef) = ("#ops".parse().unwrap(), "bob".parse().unwrap());
    let carol = "10417".parse().unwrap();
    assert_eq!(
        parse("MKGROUP #ops bob 10417"),
        Ok(Command::Ask(Request::Mkgroup {
            name: Some(ops),
            users: vec![bob, carol],
            start: GroupStart::Adds,
        }))
    );
    assert_eq!(
        parse("MKGROUPREQ bob"),
        Ok(Command::Ask(Request::Mkgroup {
            name: None,
            users: vec![bob],
            start: GroupStart::Asks,
        }))
    );
    assert_eq!(parse("MKGROUP #ops"), Err(Code::BadParameters));
    assert_eq!(parse("MKGROUP #123 bob"), Err(Code::NameNotAllowed));
    assert_eq!(parse("MKGROUP b/b"), Err(Code::NotFound));
    assert_eq!(parse("JOIN ops"), Err(Code::NotFound));
    assert_eq!(
        parse("REFUSE #ops bob"),
        Ok(Command::Ask(Request::Refuse { group: ops, user: bob, ever: false }))
    );
    assert_eq!(
        parse("REFUSE #ops bob ever"),
        Ok(Command::Ask(Request::Refuse { group: ops, user: bob, ever: true }))
    );
    assert_eq!(parse("REFUSE #ops bob never"), Err(Code::BadParameters));
    assert_eq!(parse("ADMIT #ops"), Err(Code::BadParameters));
    let set = |setting, on| Ok(Command::Ask(Request::Set { group: ops, setting, on }));
    assert_eq!(parse("KEEP #ops on"), set(GroupSetting::Kept, true));
    assert_eq!(parse("PUBLIC #ops off"), set(GroupSetting::Public, false));
    assert_eq!(parse("OPENTOPIC #ops on"), set(GroupSetting::OpenTopic, true));
    assert_eq!(parse("KEEP #ops"), Err(Code::BadParameters));
}

#[test]
fn groups_have_ops_and_lists() {
    let (ops, bob): (GroupName, UserRef) = ("#ops".parse().unwrap(), "bob".parse().unwrap());
    assert_eq!(
        parse("OP #ops bob off"),
        Ok(Command::Ask(Request::Op { group: ops, user: bob, op: false }))
    );
    assert_eq!(parse("OP #ops bob"), Err(Code::BadParameters));
    assert_eq!(parse("OP #ops"), Err(Code::BadParameters));
    assert_eq!(parse("OP #ops 9a on"), Err(Code::NotFound));
    assert_eq!(
        parse("HANDOVER #ops bob"),
        Ok(Command::Ask(Request::Handover { group: ops, user: bob }))
    );
    assert_eq!(parse("HANDOVER #ops bob now"), Err(Code::BadParameters));
    assert_eq!(parse("DISSOLVE #ops"), Ok(Command::Ask(Request::Dissolve(ops))));
    assert_eq!(parse("DISSOLVE ops"), Err(Code::NotFound));
    assert_eq!(parse("GROUPS all"), Ok(Command::Ask(Request::Groups(GroupRange::All))));
    assert_eq!(parse("GROUPS public"), Ok(Command::Ask(Request::Groups(GroupRange::Public))));
    assert_eq!(parse("GROUPS mine"), Err(Code::BadParameters));
}

#[test]
fn people_come_and_go_for_reasons() {
    let (ops, bob): (GroupName, UserRef) = ("#ops".parse().unwrap(), "bob".parse().unwrap());
    let expel = |ever, reason: Option<&str>| {
        let reason = reason.map(|reason| reason.parse().unwrap());
        Ok(Command::Ask(Request::Expel { group: ops, user: bob, ever, reason }))
    };
    assert_eq!(parse("EXPEL #ops bob"), expel(false, None));
    assert_eq!(parse("EXPEL #ops bob EVER"), expel(true, None));
    assert_eq!(parse("EXPEL #ops bob ever so rude"), expel(true, Some("so rude")));
    assert_eq!(parse("EXPEL #ops bob rude"), expel(false, Some("rude")));
    assert_eq!(parse(&format!("EXPEL #ops bob {}", "x".repeat(201))), Err(Code::BadParameters));
    assert_eq!(parse("EXPEL #ops"), Err(Code::BadParameters));
    let leave = |reason: Option<&str>| {
        let reason = reason.map(|reason| reason.parse().unwrap());
        Ok(Command::Ask(Request::Leave { group: ops, reason }))
    };
    assert_eq!(parse("LEAVE #ops"), leave(None));
    assert_eq!(parse("LEAVE #ops off to lunch"), leave(Some("off to lunch")));
    let topic = |topic: Option<&str>| {
        let topic = topic.map(|topic| topic.parse().unwrap());
        Ok(Command::Ask(Request::Topic { group: ops, topic }))
    };
    assert_eq!(parse("TOPIC #ops"), topic(None));
    assert_eq!(parse("TOPIC #ops what we eat"), topic(Some("what we eat")));
    let longest = "é".repeat(195);
    assert_eq!(parse(&format!("TOPIC #ops {longest}")), topic(Some(&longest)));
    assert_eq!(parse(&format!("TOPIC #ops {longest}x")), Err(Code::BadParameters));
    assert_eq!(parse("TOPIC #ops a\u{202e}b"), Err(Code::BadParameters));
    assert_eq!(
        parse("MKPUBLIC #ops"),
        Ok(Command::Ask(Request::Mkgroup {
            name: Some(ops),
            users: vec![],
            start: GroupStart::Public,
        }))
    );
    assert_eq!(parse("MKPUBLIC"), Err(Code::BadParameters));
    assert_eq!(parse("MKPUBLIC #10000"), Err(Code::NameNotAllowed));
    assert_eq!(parse("MKPUBLIC #ops bob"), Err(Code::NameNotAllowed));
    let members = |whole| Ok(Command::Ask(Request::Members { group: ops, whole }));
    assert_eq!(parse("MEMBERS #ops"), members(false));
    assert_eq!(parse("MEMBERS #ops all"), members(true));
    assert_eq!(parse("MEMBERS #ops some"), Err(Code::BadParameters));
}

#[test]
fn ports_have_bounds() {
    assert_eq!(parse("UP"), Ok(Command::Ask(Request::Up { port: None })));
    assert_eq!(parse("UP 1024"), Ok(Command::Ask(Request::Up { port: Some(1024) })));
    assert_eq!(parse("UP 65535"), Ok(Command::Ask(Request::Up { port: Some(65_535) })));
    for port in ["1023", "65536", "0", "-1", "x"] {
        assert_eq!(parse(&format!("UP {port}")), Err(Code::BadParameters), "{port}");
    }
}

#[test]
fn every_verb_can_be_asked_for() {
    let sum = format!(" 1 {}", Sha256Sum([1; 32]));
    let words = |verb| match verb {
        Verb::Expect => &sum,
        Verb::User => " alice",
        Verb::Nick | Verb::Key => " x",
        Verb::Resume => " alice t",
        Verb::Endsession => " 2",
        Verb::Open => " bob",
        Verb::History | Verb::After => " bob 17 1",
        Verb::Search => " - x",
        Verb::Seen => " bob 17",
        Verb::Monitor => " bob on",
        Verb::Quiet | Verb::More => " on",
        Verb::Get | Verb::Put => " 0 x",
        Verb::Sendfile => " * 0 x",
        Verb::Mkgroup | Verb::Mkgroupreq => " bob",
        Verb::Join | Verb::Leave | Verb::Members | Verb::Dissolve => " #g",
        Verb::Decline | Verb::Info | Verb::Shutout | Verb::Topic | Verb::Mkpublic => " #g",
        Verb::Admit | Verb::Refuse | Verb::Handover => " #g bob",
        Verb::Ask | Verb::Expel => " #g bob",
        Verb::Op => " #g bob on",
        Verb::Keep | Verb::Public | Verb::Opentopic => " #g on",
        Verb::Whois | Verb::Call | Verb::Kick | Verb::Ban | Verb::Unban => " bob",
        Verb::Admin | Verb::Ignore => " bob on",
        Verb::Logout | Verb::Setpasswd | Verb::Adduser | Verb::Remove => " bob",
        Verb::Banaddr | Verb::Unbanaddr => " 192.0.2.0/24",
        Verb::Mute => " bob 30m",
        Verb::Report => " bob rude",
        Verb::Uninvite => " code",
        Verb::Askfirst | Verb::Lockdown => " on",
        Verb::Resolve => " 1",
        Verb::Rm => " x",
        Verb::Sum => " x",
        Verb::Abort | Verb::Delete => " 1",
        _ => "",
    };
    for verb in Verb::ALL {
        let line = format!("{verb}{}", words(*verb));
        assert_eq!(parse(&line).map(|command| command.verb()), Ok(*verb), "{line}");
    }
}
