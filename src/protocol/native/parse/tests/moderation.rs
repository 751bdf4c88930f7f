//! The commands of administrators, and those of users about others.

use super::*;
use crate::chat::moderation::Moderation;
use crate::chat::registration::Registration;
use crate::chat::term::Term;
use crate::chat::text::Reason;

fn ask(moderation: Moderation) -> Result<Command, Code> {
    Ok(Command::Ask(Request::Moderate(moderation)))
}

fn bob() -> UserRef {
    "bob".parse().unwrap()
}

fn reason(words: &str) -> Option<Reason> {
    Some(words.parse().unwrap())
}

#[test]
fn reasons_have_a_length_and_hide_nothing() {
    assert_eq!(parse("KICK bob"), ask(Moderation::Kick { user: bob(), reason: None }));
    let longest = "r".repeat(200);
    assert!(parse(&format!("KICK bob {longest}")).is_ok());
    assert_eq!(parse(&format!("KICK bob {longest}r")), Err(Code::BadParameters));
    assert_eq!(parse("KICK bob \u{202e}x"), Err(Code::BadParameters));
    assert_eq!(parse("KICK"), Err(Code::BadParameters));
    assert_eq!(parse("KICK b/b"), Err(Code::NotFound));
    assert_eq!(parse("ADMIN bob on"), ask(Moderation::Admin { user: bob(), admin: true }));
    assert_eq!(parse("ADMIN bob"), Err(Code::BadParameters));
}

#[test]
fn a_ban_has_a_time_if_the_first_word_is_one() {
    let ban = |term, reason| ask(Moderation::Ban { user: bob(), term, reason });
    let hour = Term::For(3600);
    assert_eq!(parse("BAN bob"), ban(Term::Ever, None));
    assert_eq!(parse("BAN bob 1h"), ban(hour, None));
    assert_eq!(parse("BAN bob 1h spam"), ban(hour, reason("spam")));
    assert_eq!(parse("BAN bob ever"), ban(Term::Ever, None));
    assert_eq!(parse("BAN bob spam 1h"), ban(Term::Ever, reason("spam 1h")));
    assert_eq!(parse("BAN bob 5 times told"), ban(Term::Ever, reason("5 times told")));
    for wrong in ["BAN bob 0s", "BAN bob 3651d spam", "BAN"] {
        assert_eq!(parse(wrong), Err(Code::BadParameters), "{wrong}");
    }
    assert_eq!(parse("UNBAN bob"), ask(Moderation::Unban(bob())));
    let network = "192.0.2.0/24".parse().unwrap();
    assert_eq!(
        parse("BANADDR 192.0.2.7/24 1h a raid"),
        ask(Moderation::BanNetwork { network, term: hour, reason: reason("a raid") })
    );
    assert_eq!(parse("UNBANADDR 192.0.2.0/24"), ask(Moderation::UnbanNetwork(network)));
    for wrong in ["BANADDR", "BANADDR bob", "BANADDR 192.0.2.0/33", "UNBANADDR"] {
        assert_eq!(parse(wrong), Err(Code::BadParameters), "{wrong}");
    }
}

#[test]
fn a_mute_says_how_long_it_lasts() {
    let mute = |term, reason| ask(Moderation::Mute { user: bob(), term, reason });
    assert_eq!(parse("MUTE bob 30m"), mute(Some(Term::For(1800)), None));
    assert_eq!(parse("MUTE bob ever rude"), mute(Some(Term::Ever), reason("rude")));
    assert_eq!(parse("MUTE bob OFF"), mute(None, None));
    for wrong in ["MUTE bob", "MUTE bob rude", "MUTE bob off now", "MUTE bob 0s", "MUTE"] {
        assert_eq!(parse(wrong), Err(Code::BadParameters), "{wrong}");
    }
}

#[test]
fn accounts_are_made_listed_and_removed() {
    let name = "bob".parse().unwrap();
    assert_eq!(parse("ADDUSER bob"), ask(Moderation::AddUser(name)));
    assert_eq!(parse("ADDUSER operator"), Err(Code::NameNotAllowed));
    assert_eq!(parse("ADDUSER 4bob"), Err(Code::NameNotAllowed));
    assert_eq!(parse("ACCOUNTS"), ask(Moderation::Accounts { after: None }));
    assert_eq!(parse("ACCOUNTS bob"), ask(Moderation::Accounts { after: Some(name) }));
    assert_eq!(parse("REMOVE bob"), ask(Moderation::Remove { user: bob(), erase: false }));
    assert_eq!(parse("REMOVE bob erase"), ask(Moderation::Remove { user: bob(), erase: true }));
    assert_eq!(parse("REMOVE bob all"), Err(Code::BadParameters));
    assert_eq!(parse("UNREGISTER"), Ok(Command::Unregister { erase: false }));
    assert_eq!(parse("UNREGISTER ERASE"), Ok(Command::Unregister { erase: true }));
    assert_eq!(parse("UNREGISTER now"), Err(Code::BadParameters));
}

#[test]
fn invitations_have_uses_and_a_time() {
    let invite = |uses, term| ask(Moderation::Invite { uses, term });
    let week = Term::For(7 * 24 * 60 * 60);
    assert_eq!(parse("INVITE"), invite(1, week));
    assert_eq!(parse("INVITE 5"), invite(5, week));
    assert_eq!(parse("INVITE 30m"), invite(1, Term::For(1800)));
    assert_eq!(parse("INVITE 5 ever"), invite(5, Term::Ever));
    for wrong in ["INVITE 0", "INVITE 10001", "INVITE x", "INVITE 1 2", "INVITE 1 0s"] {
        assert_eq!(parse(wrong), Err(Code::BadParameters), "{wrong}");
    }
    let code = "abcdEFGH0123_-xy";
    let (name, invite) = ("bob".parse().unwrap(), Some(code.parse().unwrap()));
    let user = |place| Ok(Command::User { name, place, invite: invite.clone() });
    assert_eq!(parse(&format!("USER bob INVITE {code}")), user(Place::Alone));
    assert_eq!(parse(&format!("USER bob BESIDE invite {code}")), user(Place::Beside));
    assert_eq!(parse("USER bob INVITE a.b"), Err(Code::WrongPassword));
    for wrong in ["USER bob INVITE", "USER bob INVITE a b", "USER bob INVITE a BESIDE"] {
        assert_eq!(parse(wrong), Err(Code::BadParameters), "{wrong}");
    }
    assert_eq!(parse("UNINVITE abcd"), ask(Moderation::Uninvite("abcd".parse().unwrap())));
    assert_eq!(parse("UNINVITE a.b"), Err(Code::NotFound));
    let closed = Some(Registration::Closed);
    assert_eq!(parse("REGISTRATION Closed"), ask(Moderation::Registration(closed)));
    assert_eq!(parse("REGISTRATION"), ask(Moderation::Registration(None)));
    assert_eq!(parse("REGISTRATION maybe"), Err(Code::BadParameters));
}

#[test]
fn lists_and_stops_have_bounds() {
    assert_eq!(parse("AUDIT"), ask(Moderation::Audit(1000)));
    assert_eq!(parse("AUDIT 5"), ask(Moderation::Audit(5)));
    assert_eq!(parse("AUDIT 1001"), Err(Code::BadParameters));
    assert_eq!(parse("RESOLVE x"), Err(Code::BadParameters));
    assert_eq!(parse("SHUTDOWN"), ask(Moderation::Shutdown { seconds: 0 }));
    let week = 7 * 24 * 60 * 60;
    assert_eq!(parse(&format!("SHUTDOWN {week}")), ask(Moderation::Shutdown { seconds: week }));
    assert_eq!(parse(&format!("SHUTDOWN {}", week + 1)), Err(Code::BadParameters));
}

#[test]
fn a_report_may_name_a_message() {
    let report = |message, words: &str| {
        let reason = words.parse().unwrap();
        Ok(Command::Ask(Request::Report { user: bob(), message, reason }))
    };
    assert_eq!(parse("REPORT bob he is rude"), report(None, "he is rude"));
    assert_eq!(parse("REPORT bob 17 rude"), report(Some(MessageId(17)), "rude"));
    for wrong in ["REPORT bob", "REPORT bob 17", "REPORT", "REPORT bob 99999999999999999999 x"] {
        assert_eq!(parse(wrong), Err(Code::BadParameters), "{wrong}");
    }
    let path = "a/b c".parse().unwrap();
    assert_eq!(parse("RM a/b c/"), Ok(Command::Ask(Request::RemoveFile(path))));
    assert_eq!(parse("RM ../a"), Err(Code::NotFound));
}
