//! The client as a program, against a server that says exactly what each test wants: what a real
//! one does seldom or never.

mod any_bytes;
mod certificates;
mod chats;
mod downloads;
mod groups;
mod lost;
mod moderation;
mod output;
mod peer;
mod people;
mod pipes;
mod sent_files;
mod sessions;
mod tls;
mod trust;
mod uploads;
mod versions;

use std::io::Write;
use std::net::TcpListener;
use std::process::Command;

use peer::{client, run, serve, stderr, stdout, talk};

#[test]
fn lines_are_answered_one_by_one_and_the_end_says_goodbye() {
    let output = talk("PM\nhello\n/msg bob hi\nDM\nbob\nagain\n", |peer| {
        peer.welcome();
        peer.message("D * hello");
        peer.send("C 250 MSG 1000000000123456 * 3 0\n");
        peer.message("D bob hi");
        peer.send("D 1000000000123457 carol alice psst\nC 251 MSG 1000000000123458 bob 0 1\n");
        peer.expect("C WHO");
        peer.expect("C SEEN carol 1000000000123457");
        peer.send("C 150 WHO 1\nC 151 WHO bob 10417 1000000000000000 - Bob\nC 250 WHO\n");
        peer.send("C 250 SEEN carol 1\n");
        peer.message("D bob again");
        peer.send("C 250 MSG 1000000000123459 bob 1 0\n");
        peer.goodbye();
    });
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(
        stdout(&output),
        "2001-09-09 01:46 alice -> *: hello\n\
         2001-09-09 01:46 carol -> alice: psst\n\
         2001-09-09 01:46 alice -> bob: hi (offline; kept)\n\
         online: 1\nbob          10417  since 2001-09-09 01:46, \"Bob\"\n\
         2001-09-09 01:46 alice -> bob: again\n"
    );
}

#[test]
fn one_failed_line_fails_the_script_but_not_the_rest() {
    let output = talk("hello\n/msg nobody hi\n/nope\n/broadcast on\n", |peer| {
        peer.welcome();
        peer.message("D nobody hi");
        peer.send("C 550 MSG no such user\n");
        peer.message("D * on");
        peer.send("C 250 MSG 1000000000123456 * 1 0\n");
        peer.goodbye();
    });
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stdout(&output), "2001-09-09 01:46 alice -> *: on\n");
    assert!(stderr(&output).contains("not sent to nobody: no such user"), "{}", stderr(&output));
    assert!(stderr(&output).contains("no such command"));
}

#[test]
fn a_sum_is_told_or_what_there_is_not() {
    let output = talk("/sum a b\n/sum  c \n", |peer| {
        peer.welcome();
        peer.expect("C SUM a b");
        peer.send(format!("C 250 SUM {} 5 a b\n", "0".repeat(64)));
        // A name is all that stands behind the one space.
        peer.expect("C SUM  c ");
        peer.send("C 550 SUM  c \n");
        peer.goodbye();
    });
    assert_eq!(stdout(&output), format!("{}  a b\n", "0".repeat(64)));
    assert_eq!(stderr(&output), "chatclient: no such file:  c \n");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn nothing_raw_from_a_peer_is_printed() {
    let output = talk("/files\n", |peer| {
        peer.welcome();
        peer.expect("C LS");
        peer.send("D 1000000000123456 bob * \u{202e}evil\u{200b}\n");
        peer.send("C 150 LS 1\nC 151 LS 1 0 a\u{2066}b\nC 250 LS\n");
        peer.send("C 120 ON \u{feff}x 1\n");
        peer.goodbye();
    });
    assert!(stdout(&output).contains("bob -> *: <U+202E>evil<U+200B>\n"), "{}", stdout(&output));
    assert!(stdout(&output).contains("a<U+2066>b\n"));
    assert!(stdout(&output).contains("<U+FEFF>x is online\n"));
}

#[test]
fn a_line_with_control_characters_is_told_and_not_shown() {
    let output = talk("/list\n", |peer| {
        peer.welcome();
        peer.expect("C WHO");
        peer.send(b"D 1000000000123456 bob * \x1b[2J\n");
        peer.send("C 150 WHO 0\nC 250 WHO\n");
        peer.goodbye();
    });
    assert!(!output.stdout.contains(&0x1b) && !output.stderr.contains(&0x1b));
    assert!(stderr(&output).contains("can't be read"));
}

#[test]
fn a_missing_server_is_said_plainly() {
    let folder = tempfile::tempdir().unwrap();
    let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let output = run(client(folder.path(), port), "");
    assert_eq!(output.status.code(), Some(69));
    assert_eq!(stderr(&output), format!("chatclient: no server there: 127.0.0.1:{port}\n"));
}

#[test]
fn what_is_no_chatsrv_is_said_plainly() {
    let output = talk("", |peer| peer.send("SSH-2.0-OpenSSH_9.6\r\n"));
    assert_eq!(output.status.code(), Some(69));
    assert!(stderr(&output).contains("is no chatsrv"), "{}", stderr(&output));
    let output = talk("", |peer| peer.send("C 220 chatsrv/9.0.0 9 ready\n"));
    assert_eq!(output.status.code(), Some(69));
    assert!(stderr(&output).contains("version 9 of the protocol"), "{}", stderr(&output));
}

#[test]
fn a_failed_login_has_its_own_exit_code() {
    let refusals = [
        ("C 331 USER alice\n", "D secret", "C 535 USER wrong password\n", "wrong password"),
        ("C 331 USER alice\n", "D secret", "C 431 USER already\n", "already logged in"),
        ("C 332 USER alice\n", "", "", "--register"),
        ("C 450 USER 9 try again later\n", "", "", "try again in 9 s"),
    ];
    for (answer, sent, refusal, said) in refusals {
        let output = talk("/list\n", move |peer| {
            peer.send("C 220 chatsrv/0.1.0 1 ready\n");
            peer.expect("C USER alice");
            peer.send(answer);
            peer.expect(sent);
            // The client may have gone already.
            let _ = peer.lines.get_mut().write_all(refusal.as_bytes());
        });
        assert_eq!(output.status.code(), Some(77), "{said}");
        assert!(stderr(&output).contains(said), "{}", stderr(&output));
        assert!(!stderr(&output).contains("secret"));
    }
}

#[test]
fn an_invitation_makes_an_account_and_a_bad_one_fails() {
    let folder = tempfile::tempdir().unwrap();
    for is_good in [true, false] {
        let (port, server) = serve(move |peer| {
            peer.send("C 220 chatsrv/0.2.0 1 ready\n");
            peer.expect("C USER alice INVITE abcdefghijklmnop");
            if !is_good {
                peer.send("C 535 USER that code is not good\n");
                return peer.end();
            }
            peer.send("C 332 USER alice new here, choose a password\n");
            peer.expect("D secret");
            peer.send("C 150 UNREAD 0\nC 230 USER alice 48213 welcome\n");
            peer.go_on();
            peer.goodbye();
        });
        let mut command = client(folder.path(), port);
        command.args(["--invite", "abcdefghijklmnop"]);
        let output = run(command, "");
        server.join().unwrap();
        let (code, said) = match is_good {
            true => (0, ""),
            false => {
                (77, "chatclient: login failed: that invitation is not good, or not any more\n")
            }
        };
        assert_eq!((output.status.code(), stderr(&output)), (Some(code), said));
    }
}

#[test]
fn one_message_is_said_in_silence() {
    let folder = tempfile::tempdir().unwrap();
    for (reply, code) in [("C 250 MSG 1000000000123456 bob 1 0\n", 0), ("C 550 MSG no\n", 1)] {
        let (port, server) = serve(move |peer| {
            peer.log_in();
            peer.send("C 120 ON carol 10001\nD 1000000000123456 carol * chatter\n");
            peer.message("D bob -x");
            peer.send(reply);
            peer.goodbye();
        });
        let mut command = client(folder.path(), port);
        command.args(["--say", "bob", "-x"]);
        let output = run(command, "");
        server.join().unwrap();
        assert_eq!(output.status.code(), Some(code), "{}", stderr(&output));
        assert_eq!(stdout(&output), "");
        assert_eq!(stderr(&output).is_empty(), code == 0);
    }
}

#[test]
fn the_environment_says_yes_and_no_as_people_do() {
    let folder = tempfile::tempdir().unwrap();
    for (name, value) in [("CHAT_TLS", "1"), ("CHAT_REGISTER", "yes"), ("CHAT_TLS", "off")] {
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let mut command = client(folder.path(), port);
        command.env(name, value);
        let output = run(command, "");
        assert_eq!(output.status.code(), Some(69), "{}", stderr(&output));
        assert!(stderr(&output).contains("no server there"), "{}", stderr(&output));
    }
}

#[test]
fn a_wrong_command_line_is_told() {
    for words in [&["localhost"][..], &["localhost", "0"], &["localhost", "9000", "4lice"]] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chatclient"));
        command.args(words).env_clear();
        assert_eq!(run(command, "").status.code(), Some(64), "{words:?}");
    }
    for shell in ["bash", "zsh", "fish"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chatclient"));
        command.args(["--completions", shell]).env_clear();
        let output = run(command, "");
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert!(stdout(&output).contains("password-file"));
    }
}
