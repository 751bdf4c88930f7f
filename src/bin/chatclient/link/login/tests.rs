use chatsrv::protocol::native::read::{Reading, ServerLine};

use super::*;

fn reply(login: &mut Login, line: &str) -> Step {
    match ServerLine::parse(line).unwrap().read() {
        Reading::Final(reply) => login.replied(&reply),
        other => panic!("{other:?}"),
    }
}

fn sent(step: Step) -> String {
    match step {
        Step::Send(line) => String::from_utf8(line.as_bytes().to_vec()).unwrap(),
        other => panic!("{other:?}"),
    }
}

fn secret(text: &str) -> Password {
    Zeroizing::new(text.to_string())
}

/// A server that is sure to be the one that it was.
fn proven() -> Recipient {
    Recipient { name: "h:9443".to_string(), is_proven: true }
}

fn person() -> Login {
    Login::new(Credentials { may_ask: true, ..Credentials::default() })
}

fn script(may_register: bool) -> Login {
    Login::new(Credentials {
        name: "alice".parse().ok(),
        password: Some(secret("pw")),
        if_new: if may_register { IfNew::Register } else { IfNew::Ask },
        recipient: proven(),
        ..Credentials::default()
    })
}

#[test]
fn a_new_user_chooses_a_password_twice() {
    let mut login = person();
    assert_eq!(login.greeted(), Step::Ask(Question::Name));
    assert!(matches!(
        login.answered(Question::Name, secret("4lice")),
        Step::AskAgain(_, Question::Name)
    ));
    assert_eq!(sent(login.answered(Question::Name, secret(" alice "))), "C USER alice\n");
    assert_eq!(reply(&mut login, "332 USER alice new"), Step::Ask(Question::NewPassword));
    assert_eq!(
        login.answered(Question::NewPassword, secret("one")),
        Step::Ask(Question::NewPasswordAgain)
    );
    assert!(matches!(
        login.answered(Question::NewPasswordAgain, secret("two")),
        Step::AskAgain(_, Question::NewPassword)
    ));
    login.answered(Question::NewPassword, secret("one"));
    assert_eq!(sent(login.answered(Question::NewPasswordAgain, secret("one"))), "D one\n");
    let done = reply(&mut login, "230 USER alice 48213 welcome");
    assert_eq!(done, Step::Done("alice".parse().unwrap(), Number(48_213)));
}

#[test]
fn a_person_may_try_again_and_a_script_may_not() {
    let mut login = person();
    login.greeted();
    login.answered(Question::Name, secret("alice"));
    assert_eq!(reply(&mut login, "331 USER alice"), Step::Ask(Question::Password));
    assert_eq!(sent(login.answered(Question::Password, secret("bad"))), "D bad\n");
    match reply(&mut login, "535 USER wrong password") {
        Step::SendAgain(_, line) => assert_eq!(line.as_bytes(), b"C USER alice\n"),
        other => panic!("{other:?}"),
    }
    assert_eq!(reply(&mut login, "331 USER alice"), Step::Ask(Question::Password));

    let mut login = script(false);
    assert_eq!(sent(login.greeted()), "C USER alice\n");
    assert_eq!(sent(reply(&mut login, "331 USER alice")), "D pw\n");
    assert!(matches!(reply(&mut login, "535 USER wrong password"), Step::Failed(_)));
}

#[test]
fn a_person_chooses_another_password_where_one_is_too_short() {
    let mut login = person();
    login.greeted();
    login.answered(Question::Name, secret("alice"));
    assert_eq!(reply(&mut login, "332 USER alice new"), Step::Ask(Question::NewPassword));
    login.answered(Question::NewPassword, secret("one"));
    assert_eq!(sent(login.answered(Question::NewPasswordAgain, secret("one"))), "D one\n");
    match reply(&mut login, "501 USER a new password needs more characters: 8 at least") {
        Step::SendAgain(why, line) => {
            assert_eq!(why.as_str(), "a new password needs more characters: 8 at least");
            assert_eq!(line.as_bytes(), b"C USER alice\n");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(reply(&mut login, "332 USER alice new"), Step::Ask(Question::NewPassword));
}

#[test]
fn a_script_makes_an_account_only_when_told() {
    let mut login = script(false);
    login.greeted();
    assert!(matches!(reply(&mut login, "332 USER alice new"), Step::Failed(_)));
    let mut login = script(true);
    login.greeted();
    assert_eq!(sent(reply(&mut login, "332 USER alice new")), "D pw\n");
}

#[test]
fn taking_over_uses_the_password_again() {
    let mut login = person();
    login.greeted();
    login.answered(Question::Name, secret("alice"));
    reply(&mut login, "331 USER alice");
    login.answered(Question::Password, secret("pw"));
    assert!(matches!(
        reply(&mut login, "431 USER alice is already logged in"),
        Step::AskAgain(_, Question::InUse)
    ));
    assert_eq!(login.answered(Question::InUse, secret("t")), Step::Reconnect);
    assert_eq!(sent(login.greeted()), "C USER alice TAKEOVER\n");
    assert_eq!(sent(reply(&mut login, "331 USER alice")), "D pw\n");
}

#[test]
fn who_comes_back_uses_the_token_and_then_the_password() {
    let mut login = script(false);
    login.greeted();
    reply(&mut login, "331 USER alice");
    reply(&mut login, "230 USER alice 48213 welcome");
    login.set_token("t0ken");
    assert_eq!(login.come_back(), Step::Reconnect);
    assert_eq!(sent(login.greeted()), "C RESUME alice t0ken\n");
    let done = reply(&mut login, "230 RESUME alice 48213");
    assert_eq!(done, Step::Done("alice".parse().unwrap(), Number(48_213)));

    login.come_back();
    login.greeted();
    let busy = reply(&mut login, "450 RESUME 7 try again later");
    assert_eq!(busy, Step::Later(Duration::from_secs(7)));
    let waits = [("4294967295", 3600), ("18446744073709551615", 0), ("-1", 0), ("soon", 0)];
    for (seconds, wait) in waits {
        let busy = reply(&mut login, &format!("450 RESUME {seconds} try again later"));
        assert_eq!(busy, Step::Later(Duration::from_secs(wait)), "{seconds}");
    }
    login.come_back();
    login.greeted();
    assert_eq!(sent(reply(&mut login, "535 RESUME no")), "C USER alice TAKEOVER\n");
    assert_eq!(sent(reply(&mut login, "331 USER alice")), "D pw\n");
    assert!(matches!(reply(&mut login, "535 USER wrong password"), Step::Failed(_)));
    assert!(matches!(login.come_back(), Step::Failed(_)));
}

/// A login that comes back with a token to a server that may be another one.
fn unproven(may_ask: bool) -> Login {
    let mut login = Login::new(Credentials {
        name: "alice".parse().ok(),
        password: Some(secret("pw")),
        if_new: IfNew::Register,
        may_ask,
        recipient: Recipient { name: "h:9000".to_string(), is_proven: false },
        ..Credentials::default()
    });
    login.greeted();
    assert_eq!(sent(reply(&mut login, "331 USER alice")), "D pw\n");
    assert!(login.sends_password());
    reply(&mut login, "230 USER alice 48213 welcome");
    login.set_token("t0ken");
    assert_eq!(login.come_back(), Step::Reconnect);
    assert_eq!(sent(login.greeted()), "C RESUME alice t0ken\n");
    login
}

#[test]
fn a_server_that_may_be_another_one_is_sent_no_password_unasked() {
    for refusal in ["535 RESUME no", "331 RESUME alice", "332 RESUME alice new"] {
        let why = "h:9000 wants the password again, and is not encrypted";
        let failed = Step::Failed(safe!("{why}; with --tls it is sent again"));
        assert_eq!(reply(&mut unproven(false), refusal), failed);
        let mut login = unproven(true);
        let asked = Step::AskAgain(safe!("{why}"), Question::PasswordAgain);
        assert_eq!(reply(&mut login, refusal), asked);
        assert!(!login.sends_password());
        assert_eq!(login.answered(Question::PasswordAgain, secret("pw")), Step::Reconnect);
        assert_eq!(sent(login.greeted()), "C USER alice TAKEOVER\n");
        assert_eq!(sent(reply(&mut login, "331 USER alice")), "D pw\n");
    }
}

#[test]
fn a_person_is_asked_again_before_there_is_a_connection() {
    let mut login = person();
    login.greeted();
    login.answered(Question::Name, secret("alice"));
    login.set_token("t0ken");
    assert_eq!(login.come_back(), Step::Reconnect);
    login.greeted();
    assert!(matches!(
        reply(&mut login, "535 RESUME no"),
        Step::AskAgain(_, Question::PasswordAgain)
    ));
    assert_eq!(login.answered(Question::PasswordAgain, secret("pw")), Step::Reconnect);
    assert_eq!(sent(login.greeted()), "C USER alice TAKEOVER\n");
    assert_eq!(sent(reply(&mut login, "331 USER alice")), "D pw\n");
}

#[test]
fn a_busy_server_and_an_unreadable_welcome_end_it() {
    let mut login = script(false);
    login.greeted();
    assert_eq!(
        reply(&mut login, "450 USER 7 try again later"),
        Step::Failed(safe!("too many logins at the moment; try again in 7 s"))
    );
    assert!(matches!(reply(&mut login, "230 USER alice"), Step::Failed(_)));

    let mut login = person();
    login.greeted();
    login.answered(Question::Name, secret("alice"));
    assert!(matches!(
        reply(&mut login, "450 USER 7 try again later"),
        Step::AskAgain(_, Question::TryAgain)
    ));
    assert_eq!(sent(login.answered(Question::TryAgain, secret(""))), "C USER alice\n");
}

fn beside() -> Login {
    Login::new(Credentials {
        name: "alice".parse().ok(),
        password: Some(secret("pw")),
        beside: true,
        recipient: proven(),
        ..Credentials::default()
    })
}

#[test]
fn a_person_chooses_to_stand_beside_or_to_leave() {
    let in_use = || {
        let mut login = person();
        login.greeted();
        login.answered(Question::Name, secret("alice"));
        reply(&mut login, "331 USER alice");
        login.answered(Question::Password, secret("pw"));
        reply(&mut login, "431 USER alice is already logged in");
        login
    };
    let mut login = in_use();
    let again = login.answered(Question::InUse, secret("y"));
    assert!(matches!(again, Step::AskAgain(_, Question::InUse)));
    assert_eq!(login.answered(Question::InUse, secret(" B ")), Step::Reconnect);
    assert_eq!(sent(login.greeted()), "C USER alice BESIDE\n");
    assert_eq!(sent(reply(&mut login, "331 USER alice")), "D pw\n");
    assert!(matches!(in_use().answered(Question::InUse, secret("l")), Step::Failed(_)));
}

#[test]
fn a_session_that_stands_beside_comes_back_so() {
    let mut login = beside();
    assert_eq!(sent(login.greeted()), "C USER alice BESIDE\n");
    assert_eq!(sent(reply(&mut login, "331 USER alice")), "D pw\n");
    reply(&mut login, "230 USER alice 48213 welcome");
    login.set_token("t0ken");
    login.come_back();
    assert_eq!(sent(login.greeted()), "C RESUME alice t0ken BESIDE\n");
    let step = reply(&mut login, "535 RESUME that token is not good");
    assert_eq!(sent(step), "C USER alice BESIDE\n");
    assert_eq!(sent(reply(&mut login, "331 USER alice")), "D pw\n");
    let full = reply(&mut login, "431 USER you are logged in too often");
    assert_eq!(full, Step::Failed(safe!("you are logged in too often")));
}

#[test]
fn an_older_server_is_used_without_beside() {
    let mut login = beside();
    login.greeted();
    assert_eq!(sent(reply(&mut login, "501 USER what is that?")), "C USER alice\n");
    assert_eq!(sent(reply(&mut login, "331 USER alice")), "D pw\n");
    assert!(matches!(reply(&mut login, "501 USER too short"), Step::Failed(_)));
    login.set_token("t0ken");
    login.come_back();
    assert_eq!(sent(login.greeted()), "C RESUME alice t0ken\n");

    let mut login = beside();
    login.set_token("t0ken");
    login.come_back();
    login.greeted();
    assert_eq!(sent(reply(&mut login, "501 RESUME what is that?")), "C RESUME alice t0ken\n");
}

#[test]
fn an_invitation_is_shown_until_it_is_used() {
    let invited = || {
        let mut login = Login::new(Credentials {
            name: "alice".parse().ok(),
            password: Some(secret("pw")),
            if_new: IfNew::Invited("abcdefghijklmnop".parse().unwrap()),
            beside: true,
            recipient: proven(),
            ..Credentials::default()
        });
        assert_eq!(sent(login.greeted()), "C USER alice BESIDE INVITE abcdefghijklmnop\n");
        login
    };
    let mut login = invited();
    let failed = Step::Failed(safe!("that invitation is not good, or not any more"));
    assert_eq!(reply(&mut login, "535 USER that code is not good"), failed);
    let mut login = invited();
    assert_eq!(sent(reply(&mut login, "332 USER alice new")), "D pw\n");
    reply(&mut login, "230 USER alice 48213 welcome");
    login.come_back();
    assert_eq!(sent(login.greeted()), "C USER alice BESIDE\n");
}
