//! Lines about moderation are read as they are written.

use super::*;
use crate::chat::event::{Event, Reported};
use crate::chat::moderation::{AccountFlags, AccountLine, BanLine, Banned};
use crate::chat::moderation::{InviteLine, ReportLine};
use crate::chat::refusal::Refusal;
use crate::chat::registration::Registration;
use crate::chat::term::{TimeLeft, Until};
use crate::chat::text::Secret;
use crate::protocol::native::read::{Notice, Restriction};

fn bob() -> UserName {
    "bob".parse().unwrap()
}

#[test]
fn answers_to_administrators_are_read() {
    let word = || Secret::new("a1b2c3");
    words(Kind::ResetPassword, Done::PasswordSet(word()), |read| match read {
        ReplyWords::PasswordSet { password } => assert_eq!(password.expose(), "a1b2c3"),
        other => panic!("{other:?}"),
    });
    let added = Done::AccountAdded { name: bob(), number: Number(10_417), password: word() };
    words(Kind::AddUser, added, |read| match read {
        ReplyWords::AccountAdded { name: "bob", number: Number(10_417), password } => {
            assert_eq!(password.expose(), "a1b2c3");
        }
        other => panic!("{other:?}"),
    });
    words(Kind::Registration, Done::Registration(Registration::Invite), |read| {
        assert_eq!(read, ReplyWords::Registration { how: Registration::Invite });
    });
    let (code, until) = ("abcdEFGH0123_-xy", Until::Time(17));
    let invited = Done::Invited { code: code.parse().unwrap(), uses: 3, until };
    words(Kind::Invite, invited, |read| match read {
        ReplyWords::Invited { code: read, uses: 3, until: Until::Time(17) } => {
            assert_eq!(read.expose(), code);
        }
        other => panic!("{other:?}"),
    });
    words(Kind::Report, Done::Reported(7), |read| {
        assert_eq!(read, ReplyWords::ReportMade { number: 7 });
    });
    words(Kind::Accounts, Done::Left(7), |read| assert_eq!(read, ReplyWords::Left { left: 7 }));
}

#[test]
fn what_stands_against_a_request_is_read() {
    let minute = TimeLeft::Seconds(60);
    for (refusal, by) in [
        (Refusal::Muted(minute), Some(Restriction::Muted(minute))),
        (Refusal::Muted(TimeLeft::Ever), Some(Restriction::Muted(TimeLeft::Ever))),
        (Refusal::Young(60), Some(Restriction::Young(60))),
        (Refusal::Lockdown, Some(Restriction::Lockdown)),
        (Refusal::ResetFirst, Some(Restriction::Reset)),
        (Refusal::NotAMember, None),
    ] {
        words_of(&Answer { of: Kind::Say, result: Err(refusal) }, false, |read| match (read, by) {
            (ReplyWords::Restricted { by: read }, Some(by)) => assert_eq!(read, by),
            (ReplyWords::Other(_), None) => {}
            other => panic!("{other:?}"),
        });
    }
}

#[test]
fn lists_of_administrators_are_read() {
    let words = "says rude things";
    for (whom, read_whom) in [
        (Banned::User(bob()), "bob"),
        (Banned::Network("192.0.2.0/24".parse().unwrap()), "192.0.2.0/24"),
    ] {
        let reason = words.parse().ok();
        let line = BanLine { whom, by: bob(), since: 17, until: Until::Ever, reason };
        item(Kind::Bans, Item::Ban(Box::new(line)), |read| {
            let (by, since, until) = ("bob", 17, Until::Ever);
            assert_eq!(read, ListItem::Ban { whom: read_whom, by, since, until, reason: words });
        });
    }
    let (name, number) = (bob(), Number(10_417));
    let flags = AccountFlags { admin: true, online: true, ..AccountFlags::default() };
    for last_seen in [None, Some(18)] {
        let line = AccountLine { name, number, created: 17, last_seen, flags };
        item(Kind::Accounts, Item::Account(Box::new(line)), |read| {
            let (name, flags) = ("bob", "admin,online");
            assert_eq!(read, ListItem::Account { name, number, created: 17, last_seen, flags });
        });
    }
    for id in [None, Some(42)] {
        let (message, reason) = (id.map(MessageId), words.parse().unwrap());
        let (number, time) = (7, 17);
        let line = ReportLine { number, time, reporter: bob(), user: bob(), message, reason };
        item(Kind::Reports, Item::Report(Box::new(line)), |read| {
            let (reporter, user, message) = ("bob", "bob", id);
            let reason = words;
            let report = ListItem::Report { number, time, reporter, user, message, reason };
            assert_eq!(read, report);
        });
    }
    let (start, until) = ("abcd", Until::Time(17));
    let line = InviteLine { start: start.into(), uses: 3, until, by: bob() };
    item(Kind::Invites, Item::Invite(Box::new(line)), |read| {
        assert_eq!(read, ListItem::Invite { start, uses: 3, until, by: "bob" });
    });
    item(Kind::Ignored, Item::Ignored(bob()), |read| {
        assert_eq!(read, ListItem::Ignored { user: "bob" });
    });
    for text in ["be kind", "", " \tand brief "] {
        item(Kind::Motd, Item::Line(text.into()), |read| {
            assert_eq!(read, ListItem::Line { line: text });
        });
    }
    item(Kind::Audit, Item::Line("event=mute user=bob".into()), |read| {
        assert_eq!(read, ListItem::Line { line: "event=mute user=bob" });
    });
}

#[test]
fn notices_about_moderation_are_read_and_are_later_additions() {
    let words = "says rude things";
    let reason = || words.parse().unwrap();
    let reported =
        Reported { number: 7, user: bob(), reporter: "amy".parse().unwrap(), reason: reason() };
    for (event, notice) in [
        (
            Event::Muted(TimeLeft::Seconds(60), None),
            Notice::Muted { left: TimeLeft::Seconds(60), reason: "" },
        ),
        (
            Event::Muted(TimeLeft::Ever, Some(reason())),
            Notice::Muted { left: TimeLeft::Ever, reason: words },
        ),
        (
            Event::Reported(Box::new(reported)),
            Notice::Reported { number: 7, user: "bob", reporter: "amy", reason: words },
        ),
        (Event::Motd(3), Notice::Motd { lines: 3 }),
    ] {
        reading(
            |out| write::event(&event, true, out),
            |read| match read {
                Reading::Notice(read) => assert_eq!(read, notice),
                other => panic!("{other:?}"),
            },
        );
        let mut none = Vec::new();
        write::event(&event, false, &mut none);
        assert!(none.is_empty());
    }
}
