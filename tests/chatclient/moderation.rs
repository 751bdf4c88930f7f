//! The commands of administrators and those about other users, and what they are told in words.

use crate::peer::{Peer, client, run, serve, stderr, stdout, talk, talk_through};

/// A request, the server's answer, and what the client writes.
type Exchange = (&'static str, &'static str, &'static [&'static str], &'static str);

/// Runs a client with the typed lines, each of which is this request and has this answer. Returns
/// its exit code and what it writes to standard error.
#[track_caller]
fn ask_all(exchanges: &'static [Exchange]) -> (Option<i32>, String) {
    let input: String = exchanges.iter().map(|(typed, ..)| format!("{typed}\n")).collect();
    let output = talk(&input, move |peer| {
        peer.welcome();
        for (_, request, answers, _) in exchanges {
            peer.expect(request);
            answers.iter().for_each(|line| peer.send(format!("{line}\n")));
        }
        peer.goodbye();
    });
    let shown: String = exchanges.iter().map(|(.., shown)| *shown).collect();
    assert_eq!(stdout(&output), shown, "{}", stderr(&output));
    (output.status.code(), stderr(&output).to_string())
}

#[test]
fn the_commands_of_administrators_are_the_words_of_their_verbs() {
    let ended = ask_all(&[
        (
            "/logout bob",
            "C LOGOUT bob",
            &["C 250 LOGOUT x"],
            "the sessions and tokens of bob are over\n",
        ),
        (
            "/ban bob 7d  too loud",
            "C BAN bob 7d too loud",
            &["C 250 BAN x"],
            "that user is let in no more for 7d\n",
        ),
        (
            "/banaddr 192.0.2.0/24 a raid",
            "C BANADDR 192.0.2.0/24 a raid",
            &["C 250 BANADDR x"],
            "nobody is let in from 192.0.2.0/24\n",
        ),
        (
            "/unbanaddr 192.0.2.0/24",
            "C UNBANADDR 192.0.2.0/24",
            &["C 250 UNBANADDR x"],
            "people from 192.0.2.0/24 are let in again\n",
        ),
        (
            "/bans",
            "C BANS",
            &["C 150 BANS 1", "C 151 BANS bob alice 1000000000 ever too loud", "C 250 BANS x"],
            "bob           banned by alice since 2001-09-09 01:46, for ever: too loud\n",
        ),
        ("/bans", "C BANS", &["C 150 BANS 0", "C 250 BANS x"], "nobody is banned\n"),
        ("/mute bob 2h", "C MUTE bob 2h", &["C 250 MUTE x"], "bob is muted for 2h\n"),
        ("/mute bob off", "C MUTE bob off", &["C 250 MUTE x"], "bob may speak again\n"),
    ]);
    assert_eq!(ended, (Some(0), String::new()));
}

#[test]
fn what_administrators_give_out_and_look_at_is_told_in_words() {
    let ended = ask_all(&[
        (
            "/setpasswd bob",
            "C SETPASSWD bob",
            &["C 250 SETPASSWD w0rd"],
            "w0rd is good for a day, and has to be changed at the login\n",
        ),
        (
            "/adduser carol",
            "C ADDUSER carol",
            &["C 250 ADDUSER carol 10417 w0rd"],
            "carol is there, number 10417; the password w0rd is good for a day, and has to be \
             changed at the login\n",
        ),
        (
            "/reports",
            "C REPORTS",
            &["C 150 REPORTS 1", "C 151 REPORTS 3 1000000000 bob dave - spam", "C 250 REPORTS x"],
            "3    2001-09-09 01:46, bob about dave: spam\n",
        ),
        ("/resolve 3", "C RESOLVE 3", &["C 250 RESOLVE x"], "report 3 is done with\n"),
        (
            "/registration closed",
            "C REGISTRATION closed",
            &["C 250 REGISTRATION closed"],
            "nobody may make an account\n",
        ),
        (
            "/invite 2 1d",
            "C INVITE 2 1d",
            &["C 250 INVITE abcdefghijklmnop 2 1000000000"],
            "abcdefghijklmnop makes 2 accounts, until 2001-09-09 01:46\n",
        ),
        (
            "/invites",
            "C INVITES",
            &["C 150 INVITES 1", "C 151 INVITES abcd 2 ever alice", "C 250 INVITES x"],
            "abcd          good for 2, for ever, by alice\n",
        ),
        (
            "/uninvite abcd",
            "C UNINVITE abcd",
            &["C 250 UNINVITE x"],
            "that invitation is good no more\n",
        ),
        ("/lockdown off", "C LOCKDOWN off", &["C 250 LOCKDOWN x"], "the door is open again\n"),
        (
            "/audit 1",
            "C AUDIT 1",
            &["C 150 AUDIT 1", "C 151 AUDIT event=ban user=bob", "C 250 AUDIT x"],
            "event=ban user=bob\n",
        ),
    ]);
    assert_eq!(ended, (Some(0), String::new()));
}

#[test]
fn the_list_of_accounts_is_asked_for_to_its_end_and_no_further() {
    let output = talk("/accounts\n", |peer| {
        peer.welcome();
        // The second part does not get on, and is the last.
        for (request, name) in [("C ACCOUNTS", "bob"), ("C ACCOUNTS bob", "Bob")] {
            peer.expect(request);
            peer.send(format!("C 150 ACCOUNTS 1\nC 151 ACCOUNTS {name} 10417 1000000000 - -\n"));
            peer.send("C 250 ACCOUNTS 1\n");
        }
        peer.goodbye();
    });
    let row = |name: &str| format!("{name}          10417  since 2001-09-09 01:46, never\n");
    assert_eq!(stdout(&output), row("bob") + &row("Bob"));
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), ""));
}

#[test]
fn the_commands_about_others_and_oneself_are_answered_in_words() {
    let ended = ask_all(&[
        (
            "/askfirst ON",
            "C ASKFIRST on",
            &["C 250 ASKFIRST x"],
            "you are asked before you are added to a group\n",
        ),
        (
            "/report bob @1000 spam",
            "C REPORT bob 1000 spam",
            &["C 250 REPORT 7 thank you"],
            "the administrators have it as report 7\n",
        ),
        (
            "/motd",
            "C MOTD",
            &["C 150 MOTD 2", "C 151 MOTD 09:15 bob -> *: x", "C 151 MOTD y", "C 250 MOTD x"],
            "message of the day:\n  09:15 bob -> *: x\n  y\n",
        ),
        ("/motd", "C MOTD", &["C 150 MOTD 0", "C 250 MOTD x"], "there is no message of the day\n"),
        (
            "/export",
            "C EXPORT",
            &["C 250 EXPORT x"],
            "it is sent to you as a file, once it is made\n",
        ),
        ("/rm docs/a b.txt", "C RM docs/a b.txt", &["C 250 RM x"], "docs/a b.txt is removed\n"),
    ]);
    assert_eq!(ended, (Some(0), String::new()));
}

#[test]
fn why_a_request_is_refused_is_told_in_words() {
    let (code, said) = ask_all(&[
        ("/joingroup #a", "C JOIN #a", &["C 530 JOIN muted ever you may read"], ""),
        ("/rm a", "C RM a", &["C 530 RM young 5400 x"], ""),
        ("/makegroup bob", "C MKGROUP bob", &["C 530 MKGROUP lockdown x"], ""),
        ("/nick Al", "C NICK Al", &["C 530 NICK reset x"], ""),
        ("/export", "C EXPORT", &["C 450 EXPORT 7200 once a day"], ""),
        ("/dump", "C DUMP", &["C 530 DUMP administrators only"], ""),
    ]);
    let expected = [
        "you are muted for ever",
        "your account is too young for that, for 1h 30m more",
        "not now: accounts younger than a day may not do that for a while",
        "first choose a password of your own: /passwd",
        "once a day; try again in 2h",
        "administrators only",
    ];
    assert_eq!(said, expected.map(|text| format!("chatclient: {text}\n")).concat());
    assert_eq!(code, Some(1));
}

#[test]
fn a_message_that_may_not_be_said_is_told_with_the_reason() {
    let output = talk("/broadcast hello\n", |peer| {
        peer.welcome();
        peer.message("D * hello");
        peer.send("C 530 MSG muted ever you may read\n");
        peer.goodbye();
    });
    let said = "not sent to *: you are muted for ever (it was: hello)";
    assert!(stderr(&output).contains(said), "{}", stderr(&output));
}

#[test]
fn notices_of_administrators_read_as_people_say_it() {
    let folder = tempfile::tempdir().unwrap();
    let (port, server) = serve(|peer: &mut Peer| {
        peer.welcome();
        peer.expect("C WHO");
        peer.send("C 132 MUTED ever too loud\nC 132 MUTED 0\nC 132 MUTED 60\nC 134 MOTD 3\n");
        peer.send("C 133 REPORT 7 bob carol spam\nC 150 WHO 0\nC 250 WHO\n");
        peer.goodbye();
    });
    let mut command = client(folder.path(), port);
    command.arg("--beside");
    let output = run(command, "/list\n");
    server.join().unwrap();
    let shown: Vec<&str> = stdout(&output).lines().collect();
    assert_eq!(shown[..2], ["you are muted for ever: too loud", "you may speak again"]);
    assert!(shown[2].starts_with("you are muted until "), "{shown:?}");
    assert_eq!(shown[3], "report 7: carol about bob: spam; /resolve 7");
}

/// Logs alice in, who ignores bob.
fn ignores_bob(peer: &mut Peer) {
    peer.log_in();
    peer.expect("C TOKEN");
    peer.send("C 250 TOKEN t0ken\n");
    peer.chats(&[]);
    peer.ignored(&["bob"]);
}

#[test]
fn what_those_say_to_others_whom_one_ignores_is_hidden() {
    let folder = tempfile::tempdir().unwrap();
    let (port, server) = serve(|peer| {
        ignores_bob(peer);
        peer.expect("C WHO");
        let to = |to: &str, id: u64| format!("D 10000000000000{id} Bob {to} to {to}\n");
        peer.send([to("*", 10), to("#ops", 11), to("alice", 12)].concat());
        peer.send("C 124 FILE 1000000000000013 bob * 5 a.txt\n");
        peer.send("D 1000000000000014 carol * hello\nC 150 WHO 0\nC 250 WHO\n");
        let mut line = peer.line();
        // What is hidden counts as read.
        while let Some(seen) = line.strip_prefix("C SEEN ") {
            peer.send(format!("C 250 SEEN {seen}\n"));
            line = peer.line();
        }
        assert_eq!(line, "C HISTORY * 9223372036854775807 2");
        let listed = ["1000000000000010 bob * to *", "1000000000000014 carol * hello"];
        peer.list("HISTORY", &listed, "*");
        peer.expect("C IGNORE 10417 off");
        peer.send("C 250 IGNORE x\n");
        peer.ignored(&[]);
        peer.expect("C HISTORY #ops 9223372036854775807 1");
        peer.list("HISTORY", &["1000000000000011 bob #ops to #ops"], "#ops");
        peer.goodbye();
    });
    let mut command = client(folder.path(), port);
    command.args(["--accept-files", "always"]);
    let output = run(command, "/list\n/history * 2\n/ignore 10417 off\n/history #ops 1\n");
    server.join().unwrap();
    assert_eq!(
        stdout(&output),
        "what those say whom you ignore is hidden; /ignored lists them\n\
         2001-09-09 01:46 Bob -> alice: to alice\n\
         2001-09-09 01:46 carol -> *: hello\nonline: 0\n\
         2001-09-09 01:46 carol -> *: hello\n\
         10417 reaches you again\n\
         2001-09-09 01:46 bob -> #ops: to #ops\n"
    );
    assert_eq!(stderr(&output), "");
}

#[test]
fn of_what_was_missed_the_lines_of_those_one_ignores_are_hidden() {
    let output = talk_through(
        "/list\n",
        vec![
            Box::new(|peer: &mut Peer| {
                ignores_bob(peer);
                peer.expect("C WHO");
            }),
            Box::new(|peer: &mut Peer| {
                peer.resume(&[]);
                peer.chats(&["* 2 0 1000000000000009 carol - two"]);
                let line = peer.line();
                assert!(line.starts_with("C AFTER * "), "{line}");
                let missed = ["1000000000000008 bob * one", "1000000000000009 carol * two"];
                peer.list("AFTER", &missed, "* 0");
                peer.goodbye();
            }),
        ],
    );
    let shown = stdout(&output);
    assert!(shown.contains("— 1 missed message —\n"), "{shown}");
    assert!(shown.contains("carol -> *: two\n") && !shown.contains("bob"), "{shown}");
}

#[test]
fn a_script_removes_what_it_says_without_a_question() {
    let ended = ask_all(&[
        (
            "/remove bob erase",
            "C REMOVE bob erase",
            &["C 250 REMOVE x"],
            "the account of bob is gone, and all that was said and sent goes\n",
        ),
        ("/dissolve #a", "C DISSOLVE #a", &["C 250 DISSOLVE #a"], "#a has ended\n"),
    ]);
    assert_eq!(ended, (Some(0), String::new()));
}

#[test]
fn an_account_is_removed_with_its_password_and_nothing_is_left_to_do() {
    let output = talk("/unregister\nbad\n/unregister ERASE\nsecret\n", |peer| {
        peer.welcome();
        peer.expect("C UNREGISTER");
        peer.send("C 354 UNREGISTER send your password\n");
        peer.expect("D bad");
        peer.send("C 535 UNREGISTER wrong password\n");
        peer.expect("C UNREGISTER ERASE");
        peer.send("C 354 UNREGISTER send your password\n");
        peer.expect("D secret");
        peer.send("C 250 UNREGISTER gone\nC 421 - the account was removed\n");
        peer.end();
    });
    assert_eq!(stdout(&output), "your account is gone\n");
    assert_eq!(stderr(&output), "chatclient: your account stays: wrong password\n");
    assert_eq!(output.status.code(), Some(1));
}
