//! Accounts that are removed, and passwords that were given, at a terminal.

use std::io::Write;

use rustix::process::Signal;

use crate::folder;
use crate::peer::{Peer, serve_all};
use crate::person::Person;
use crate::scripted::{leave, resumes, sit_down, until_the_end, welcome, welcomed, welcomes};
use crate::support::Server;

#[test]
fn what_can_not_be_undone_is_confirmed() {
    let (mut alice, server, _folder) = welcomed(|peer| {
        peer.expect("C REMOVE bob");
        peer.send("C 250 REMOVE x\n");
        peer.expect("C RM a b");
        peer.send("C 250 RM x\n");
        peer.expect("C UNREGISTER");
        peer.send("C 354 UNREGISTER send your password\n");
        peer.expect("D secret");
        peer.send("C 250 UNREGISTER gone\nC 421 - the account was removed\n");
        until_the_end(peer);
    });
    for (answer, said) in
        [("n", "cancelled, nothing was sent"), ("Y", "the account of bob is gone")]
    {
        alice.type_keys("/remove bob\r");
        alice.wait_for_row("remove the account of bob for good?");
        alice.wait_for_prompt("sure? (y/n)");
        alice.type_keys(&format!("{answer}\r"));
        alice.wait_for_row(said);
        alice.wait_for_prompt("alice>");
    }
    // What is pasted is no answer.
    alice.paste_lines("/rm a b\ny");
    alice.wait_for_row("remove a b from the shared folder for good?");
    alice.wait_for_row("lines that wait: 1");
    alice.type_keys("y\r");
    alice.wait_for_row("a b is removed");
    alice.type_keys("/unregister\r");
    alice.wait_for_prompt("sure? (y/n)");
    alice.type_keys("\x03");
    alice.wait_for_prompt("alice>");
    alice.type_keys("/unregister\ry\r");
    alice.wait_for_prompt("your password:");
    alice.type_keys("secret\r");
    alice.wait_for_row("your account is gone");
    assert_eq!(alice.wait_for_end(), Some(0));
    assert!(!String::from_utf8_lossy(&alice.everything).contains("secret"));
    server.join().unwrap();
}

#[test]
fn a_password_that_was_given_is_changed_at_once() {
    let (port, server) = serve_all(vec![Box::new(|peer: &mut Peer| {
        peer.log_in();
        for verb in ["TOKEN", "CHATS", "IGNORED", "MORE", "GROUPS", "WHO", "LS"] {
            let line = peer.line();
            assert_eq!(line.split(' ').nth(1), Some(verb), "{line}");
            peer.send(format!("C 530 {verb} reset set a password of your own first\n"));
        }
        peer.expect("C PASSWD");
        peer.send("C 354 PASSWD send the old password\n");
        peer.expect("D secret");
        peer.send("C 354 PASSWD send the new password\n");
        peer.expect("D an0ther");
        peer.send("C 250 PASSWD changed\n");
        welcomes(peer);
        peer.send("C 134 MOTD 1\n");
        peer.expect("C MOTD");
        peer.send("C 150 MOTD 1\nC 151 MOTD be kind\nC 250 MOTD\n");
        peer.goodbye();
    })]);
    let folder = folder();
    let args = ["127.0.0.1", &port.to_string(), "alice"];
    let mut alice = Person::sit_down_at("xterm", &args, folder.path(), 80);
    alice.wait_for_prompt("password:");
    alice.type_keys("secret\r");
    alice.wait_for_row("that password was given to you for a day: choose one of your own");
    for (prompt, password) in [
        ("old password:", "secret"),
        ("new password:", "an0ther"),
        ("the new password again:", "an0ther"),
    ] {
        alice.wait_for_prompt(prompt);
        alice.type_keys(&format!("{password}\r"));
    }
    alice.wait_for_row("the password is changed");
    // The text might look like any other line.
    alice.wait_until("the message of the day", |screen| {
        let rows = screen.rows();
        rows.windows(2).any(|rows| rows == ["message of the day:", "  be kind"])
    });
    alice.wait_for_prompt("alice>");
    leave(alice, server);
}

#[test]
fn a_new_message_of_the_day_is_shown_once() {
    let folder = folder();
    let file = folder.path().join("motd");
    std::fs::write(&file, "be kind\n\u{202e}and brief\n").unwrap();
    let server = Server::start(&["--motd", file.to_str().unwrap()]);
    let shown = ["message of the day:", "  be kind", "  <U+202E>and brief"];
    let wait_for_it = |person: &mut Person| {
        person.wait_until("the message of the day", |screen| {
            screen.rows().windows(3).any(|rows| rows == shown)
        });
        person.wait_for_prompt("alice>");
    };
    let leaves = |mut person: Person| {
        person.type_keys("/ex\r");
        assert_eq!(person.wait_for_end(), Some(0));
    };
    let mut alice = Person::register(&server, folder.path(), 80, "alice");
    wait_for_it(&mut alice);
    leaves(alice);
    let mut alice = Person::log_in(&server, folder.path(), 80, "alice");
    alice.type_keys("/motd\r");
    wait_for_it(&mut alice);
    let times = alice.screen.rows().iter().filter(|row| *row == shown[0]).count();
    assert_eq!(times, 1, "it is shown where it was asked for alone");
    std::fs::write(&file, "closed today\n").unwrap();
    server.signal(Signal::HUP);
    server.log().wait_for_count("event=motd file=", 2);
    leaves(alice);
    let mut alice = Person::log_in(&server, folder.path(), 80, "alice");
    alice.wait_for_row("  closed today");
    leaves(alice);
}

#[test]
fn a_server_that_takes_a_token_does_not_get_the_password_by_asking_for_a_new_one() {
    let refuses_all = |peer: &mut Peer| {
        resumes(peer);
        peer.send("C 150 UNREAD 0\nC 230 RESUME alice 48213\n");
        loop {
            let line = peer.line();
            let Some(verb) = line.split(' ').nth(1) else { return };
            // One that leaves does not wait for an answer.
            let answer = format!("C 530 {verb} reset set a password of your own first\n");
            let _ = peer.lines.get_mut().write_all(answer.as_bytes());
        }
    };
    let (mut alice, server, _folder) =
        sit_down("xterm", vec![Box::new(welcome), Box::new(refuses_all)]);
    alice.wait_for_row("online again");
    alice.type_keys("/list\r");
    alice.wait_for_row("first choose a password of your own: /passwd");
    alice.wait_for_prompt("alice>");
    assert!(!alice.screen.rows().iter().any(|row| row.contains("was given to you")));
    alice.signal(Signal::TERM);
    alice.wait_for_end();
    server.join().unwrap();
}

#[test]
fn who_gets_an_account_from_the_operator_chooses_a_password() {
    let (server, folder) = (Server::start(&["--registration", "closed"]), folder());
    let mut operator = Person::operator(&server, folder.path(), 200);
    operator.type_keys("/adduser carol\r");
    operator.wait_for_row("carol is there, number ");
    let rows = operator.screen.rows();
    let told = rows.iter().find_map(|row| row.split_once("; the password ")).unwrap().1;
    let given = told.split(' ').next().unwrap();

    let mut carol = Person::sit_down(&server, folder.path(), 80);
    carol.wait_for_prompt("name:");
    carol.type_keys("carol\r");
    carol.wait_for_prompt("password:");
    carol.type_keys(&format!("{given}\r"));
    carol.wait_for_row("that password was given to you for a day");
    for prompt in ["old password:", "new password:", "the new password again:"] {
        carol.wait_for_prompt(prompt);
        let password = if prompt == "old password:" { given } else { "an0ther one" };
        carol.type_keys(&format!("{password}\r"));
    }
    carol.wait_for_row("the password is changed");
    carol.wait_for_prompt("carol>");
    carol.type_keys("/broadcast hello\r");
    carol.wait_for_row("carol -> *: hello");
}

#[test]
fn who_is_muted_is_told_until_when() {
    let (server, folder) = (Server::start(&[]), folder());
    let mut bob = Person::register(&server, folder.path(), 80, "bob");
    let mut operator = Person::operator(&server, folder.path(), 80);
    operator.type_keys("/mute bob 2h too loud\r");
    operator.wait_for_row("bob is muted for 2h");
    bob.wait_for_row("you are muted until ");
    bob.wait_for_row(": too loud");
    bob.type_keys("/broadcast hello\r");
    bob.wait_for_row("not sent to *: you are muted until ");
    operator.type_keys("/mute bob off\r");
    operator.wait_for_row("bob may speak again");
    bob.wait_for_row("you may speak again");
    operator.type_keys("/ban bob 7d\r");
    operator.wait_for_row("that user is let in no more for 7d");
    operator.type_keys("/bans\r");
    operator.wait_for_row("banned by operator since ");
    assert_eq!(bob.wait_for_end(), Some(69));
}
