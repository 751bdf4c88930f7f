//! Where a line goes: to whom it was begun for, whatever happens until Enter is pressed.

use std::io::{BufRead, BufReader, Read, Write};
use std::sync::mpsc::{self, Receiver};
use std::thread;

use rustix::process::Signal;

use crate::crash::pipe;
use crate::direct::talk;
use crate::folder;
use crate::peer::Peer;
use crate::person::Person;
use crate::scripted::{
    leave, opens, resumes, signal, sit_down, takes, until_the_end, wait, welcome, welcomed,
};
use crate::support::{Client, PATIENCE, Server, password_of};

/// Alice and bob at terminals, and carol, who hears what is none of her business.
fn three_people() -> (Server, tempfile::TempDir, Person, Person, Client) {
    let (server, folder) = (Server::start(&[]), folder());
    let alice = Person::register(&server, folder.path(), 80, "alice");
    let bob = Person::register(&server, folder.path(), 80, "bob");
    let carol = server.register("carol");
    (server, folder, alice, bob, carol)
}

/// Opens a chat, which the prompt then names.
fn open(person: &mut Person, chat: &str, prompt: &str) {
    person.type_keys(&format!("/open {chat}\r"));
    person.wait_for_prompt(prompt);
}

/// Pastes lines, which one question is then asked about.
fn paste(person: &mut Person, text: &str, question: &str) {
    person.type_keys(&format!("\x1b[200~{text}\x1b[201~"));
    person.wait_for_prompt(question);
}

#[test]
fn what_was_typed_for_a_direct_chat_goes_nowhere_once_it_is_over() {
    let (_server, _folder, mut alice, mut bob, mut carol) = three_people();
    open(&mut bob, "*", "bob to everyone>");
    talk(&mut alice, &mut bob);
    bob.type_keys("the secret is 42");
    bob.wait_for_prompt("bob <-> alice (direct)> the secret is 42");
    alice.type_keys("/hangup\r");
    bob.wait_for_row("the direct chat with alice is over: the other side hung up");
    bob.wait_for_prompt("bob <-> alice (direct)> the secret is 42");
    bob.type_keys("\r");
    bob.wait_for_row("nothing was sent: that line was for alice (direct)");
    bob.wait_for_prompt("bob to everyone>");
    // It was not lost, and where it goes now is for the person to say.
    bob.type_keys("\x1b[A");
    bob.wait_for_prompt("bob to everyone> the secret is 42");
    bob.type_keys("\x15and so on\r");
    carol.expect("D … bob * and so on");
    // A command is run all the same.
    alice.type_keys("/call bob\r");
    bob.wait_until("the call", |screen| screen.bells == 3);
    bob.type_keys("/accept\r");
    bob.wait_for_prompt("bob <-> alice (direct)>");
    bob.type_keys("/lis");
    bob.wait_for_prompt("bob <-> alice (direct)> /lis");
    alice.type_keys("/hangup\r");
    bob.wait_until("the end", |screen| screen.bells == 4);
    bob.type_keys("t\r");
    bob.wait_for_row("online: 3");
    carol.expect_nothing();
}

#[test]
fn what_was_typed_for_a_chat_goes_there_when_a_call_is_taken_meanwhile() {
    let (_server, _folder, mut alice, mut bob, mut carol) = three_people();
    alice.type_keys("/up\r");
    alice.wait_for_row("direct chats are taken on port ");
    open(&mut bob, "carol", "bob to carol>");
    bob.type_keys("/call alice\r");
    bob.wait_for_row("it rings at alice");
    bob.type_keys("alice is late again");
    alice.wait_for_row("bob calls; /accept or /decline");
    alice.type_keys("/accept\r");
    bob.wait_for_row("direct chat with alice, encrypted");
    bob.wait_for_prompt("bob to carol> alice is late again");
    bob.type_keys("\r");
    carol.expect("D … bob carol alice is late again");
    // Then the prompt moves. A line that is emptied is for nobody either.
    bob.wait_for_prompt("bob <-> alice (direct)>");
    bob.type_keys("for alice\r");
    alice.wait_for_row("bob -> alice (direct): for alice");
    bob.type_keys("x\x7fpm\rEX\r");
    alice.wait_for_row("bob -> alice (direct): pm");
    alice.wait_for_row("bob -> alice (direct): EX");
    let rows = alice.screen.rows();
    assert!(!rows.iter().any(|row| row.contains("late")), "{rows:?}");
    carol.expect_nothing();
}

#[test]
fn in_a_chat_the_words_pm_dm_and_ex_are_messages() {
    let (server, folder) = (Server::start(&[]), folder());
    let mut alice = server.register("alice");
    let mut carol = server.register("carol");
    let mut bob = Person::register(&server, folder.path(), 80, "bob");
    open(&mut bob, "alice", "bob to alice>");
    bob.type_keys("at 3 am or pm?\rpm\rthe door is 4711\rEX\rDm\r//usr\r");
    for text in ["at 3 am or pm?", "pm", "the door is 4711", "EX", "Dm", "/usr"] {
        alice.expect(&format!("D … bob alice {text}"));
    }
    bob.type_keys("/PM\r");
    bob.wait_for_prompt("to everyone>");
    bob.type_keys("hello all\r");
    carol.expect("D … bob * hello all");
    alice.expect("D … bob * hello all");
    bob.wait_for_prompt("bob to alice>");
    bob.type_keys("/ex\r");
    assert_eq!(bob.wait_for_end(), Some(0));
}

#[test]
fn what_was_typed_for_a_group_goes_nowhere_once_one_is_no_member() {
    let (mut alice, server, _folder) = welcomed(|peer| {
        for group in ["#ops", "#tea"] {
            opens(peer, group);
        }
        // What is typed after that is typed when it is known.
        peer.expect("C LS");
        peer.send("C 128 GROUP #tea leave alice\nC 150 LS 0\nC 250 LS\n");
        peer.goodbye();
    });
    open(&mut alice, "#ops", "alice to #ops>");
    open(&mut alice, "#tea", "alice to #tea>");
    alice.type_keys("/files\rtoo late");
    alice.wait_for_row("you are no member of #tea any more");
    alice.wait_for_prompt("alice to #tea> too late");
    alice.type_keys("\r");
    alice.wait_for_row("nothing was sent: that line was for #tea, and that chat is over");
    alice.wait_for_prompt("alice>");
    alice.type_keys("\x1b[Ax");
    alice.wait_for_prompt("alice> too latex");
    alice.type_keys("\x15");
    leave(alice, server);
}

#[test]
fn lines_that_wait_for_a_chat_that_is_over_are_dropped_and_counted() {
    let (tell, told) = signal();
    let (mut alice, server, _folder) = welcomed(move |peer| {
        opens(peer, "#tea");
        wait(&told);
        peer.send("C 128 GROUP #tea leave alice\n");
        loop {
            let line = peer.line();
            match line.split(' ').nth(1) {
                Some("KEY") => peer.send("C 250 KEY it marks your next message\n"),
                Some("TOKEN") => peer.send("C 250 TOKEN your tokens are over\n"),
                Some("EX") => return peer.send("C 221 EX goodbye\n"),
                _ if line.starts_with("D #tea ") => {
                    peer.send("C 250 MSG 1000000000000009 #tea 1 0\n");
                }
                _ => panic!("{line} was meant for the group"),
            }
        }
    });
    open(&mut alice, "#tea", "alice to #tea>");
    let block = |count: usize| vec!["x"; count].join("\n");
    let question = |count: usize, one: &str| {
        format!("send {count} lines to #tea? y each{one}, j joined, n not:")
    };
    // More than the server is asked for at a time.
    for count in [200, 100] {
        paste(&mut alice, &block(count), &question(count, ", o as one"));
        alice.type_keys("y");
    }
    alice.wait_for_row("lines that wait: 100");
    tell.send(()).unwrap();
    alice.wait_for_row("lines that were not sent: 100; they were for #tea");
    leave(alice, server);
}

#[test]
fn lines_that_are_pasted_into_a_chat_arrive_just_as_they_stand() {
    let (server, folder) = (Server::start(&[]), folder());
    let mut alice = Person::register(&server, folder.path(), 80, "alice");
    let mut bob = Person::register(&server, folder.path(), 80, "bob");
    open(&mut bob, "alice", "bob to alice>");
    let text = "// a comment\nint x;\n\n/* block */\n/usr/bin/true\nPM\nEX";
    let question = "send 7 lines (1 empty) to alice? y each, o as one, j joined, n not:";
    paste(&mut bob, text, question);
    bob.type_keys("y");
    for line in ["// a comment", "int x;", "/* block */", "/usr/bin/true", "PM", "EX"] {
        alice.wait_for_row(&format!("bob -> alice: {line}"));
    }
    paste(&mut bob, text, question);
    bob.type_keys("o");
    let more = ["  int x;", "", "  /* block */", "  /usr/bin/true", "  PM", "  EX"];
    let is_one = |rows: &[String]| {
        rows.windows(more.len() + 1).any(|rows| {
            rows[0].ends_with("bob -> alice: // a comment") && rows[1..].iter().eq(more)
        })
    };
    alice.wait_until("one message", |screen| is_one(&screen.rows()));
    bob.wait_until("one message", |screen| is_one(&screen.rows()));
    paste(&mut bob, "one\ntwo", "send 2 lines to alice? y each, o as one, j joined, n not:");
    bob.type_keys("j");
    bob.wait_for_prompt("bob to alice> one two");
    bob.type_keys("\x15a\x1b\rb");
    bob.wait_for_prompt("bob to alice> a⏎b");
    bob.type_keys("\r");
    alice.wait_until("a line break", |screen| {
        let rows = screen.rows();
        rows.windows(2).any(|rows| rows[0].ends_with("bob -> alice: a") && rows[1] == "  b")
    });
    // Where no chat is open the lines are as if typed, commands too.
    bob.type_keys("/close\r");
    bob.wait_for_prompt("bob>");
    paste(&mut bob, "PM\nto all", "take 2 lines as if typed? y, j joined, n not:");
    bob.type_keys("y");
    alice.wait_for_row("bob -> *: to all");
    bob.wait_for_prompt("bob>");
}

#[test]
fn pasted_lines_behind_what_may_lead_to_a_direct_chat_go_to_no_other() {
    let (_server, _folder, mut alice, mut bob, mut carol) = three_people();
    alice.type_keys("/up\r");
    alice.wait_for_row("direct chats are taken on port ");
    let text = "/open carol\nhi carol\n/call alice\nsecret for alice\npm\nthe door is 4711\n\
                /open carol\nhi again\n/call no one\npm\nthe door is 4711";
    paste(&mut bob, text, "take 11 lines as if typed? y, j joined, n not:");
    bob.type_keys("y");
    for line in ["hi carol", "hi again"] {
        carol.expect(&format!("D … bob carol {line}"));
    }
    for count in [3, 2] {
        let why = "the chat that they were for is not open";
        bob.wait_for_row(&format!("lines that were not sent: {count}; {why}"));
    }
    bob.wait_for_prompt("bob to carol>");
    carol.expect_nothing();
}

#[test]
fn a_line_is_meant_for_the_chat_that_is_being_opened_and_for_no_other() {
    let (tell, told) = signal();
    let (mut alice, server, _folder) = welcomed(move |peer| {
        for (chat, left) in [("carol", "carol 0"), ("bob", "bob 0")] {
            peer.expect(&format!("C OPEN {chat}"));
            wait(&told);
            peer.list("OPEN", &[], left);
        }
        takes(peer, "bob", "hello");
        peer.expect("C OPEN dave");
        wait(&told);
        peer.send("C 550 OPEN no such user\n");
        peer.goodbye();
    });
    alice.type_keys("/open carol\r");
    alice.wait_for_prompt("alice to carol (opening)>");
    tell.send(()).unwrap();
    alice.wait_for_prompt("alice to carol>");
    // The prompt names it at once, and goes on to.
    alice.type_keys("/open bob\rhell");
    alice.wait_for_prompt("alice to bob (opening)> hell");
    tell.send(()).unwrap();
    alice.wait_for_prompt("alice to bob> hell");
    alice.type_keys("o\r");
    alice.wait_for_row("alice -> bob: hello");
    alice.type_keys("/open dave\rpsst");
    alice.wait_for_prompt("alice to dave (opening)> psst");
    tell.send(()).unwrap();
    alice.wait_for_row("no such user");
    alice.type_keys("\r");
    alice.wait_for_row("nothing was sent: that line was for dave, and that chat is over");
    alice.wait_for_prompt("alice to bob>");
    leave(alice, server);
}

#[test]
fn a_question_after_a_lost_connection_takes_no_line_that_was_begun_before() {
    let (tell, told) = signal();
    let (mut alice, server, _folder) = sit_down(
        "xterm",
        vec![
            Box::new(move |peer: &mut Peer| {
                welcome(peer);
                opens(peer, "bob");
                wait(&told);
            }),
            Box::new(|peer: &mut Peer| {
                resumes(peer);
                peer.send("C 535 RESUME wrong token\n");
                until_the_end(peer);
            }),
            Box::new(|peer: &mut Peer| {
                peer.send("C 220 chatsrv/0.1.0 1 ready\n");
                peer.expect("C USER alice TAKEOVER");
                peer.send("C 331 USER alice send the password\n");
                peer.expect("D secret");
                peer.send("C 150 UNREAD 0\nC 230 USER alice 48213 welcome\n");
                until_the_end(peer);
            }),
        ],
    );
    open(&mut alice, "bob", "alice to bob>");
    alice.type_keys("see you at");
    alice.wait_for_prompt("alice to bob> see you at");
    tell.send(()).unwrap();
    alice.wait_for_row(" wants the password again, and is not encrypted");
    alice.wait_for_prompt("alice to bob> see you at");
    alice.type_keys(" 3\r");
    alice.wait_for_row("kept to be sent to bob: see you at 3");
    alice.wait_until("the question", |screen| {
        screen.cursor().0.starts_with("password for 127.0.0.1:")
    });
    alice.type_keys("secret\r");
    alice.wait_for_row("online again");
    alice.wait_for_prompt("alice to bob>");
    alice.signal(Signal::TERM);
    alice.wait_for_end();
    server.join().unwrap();
}

#[test]
fn a_paste_without_an_end_leaves_the_keyboard_alive() {
    let (server, folder) = (Server::start(&[]), folder());
    let mut alice = server.register("alice");
    let mut bob = Person::sit_down(&server, folder.path(), 80);
    bob.wait_for_prompt("name:");
    bob.type_keys("\x1b[200~bo");
    bob.wait_for_prompt("name: bo");
    bob.type_keys("b\r");
    for _ in 0..2 {
        bob.wait_until("a password", |screen| screen.cursor().0.ends_with(':'));
        bob.type_keys("\x1b[200~secr");
        bob.type_keys("\x03correct horse\r");
        bob.wait_until("the next", |screen| screen.cursor().0 != "new here; choose a password:");
    }
    bob.wait_for_prompt("bob>");
    bob.type_keys("\x1b[200~one\rtwo");
    bob.wait_for_prompt("take 2 lines as if typed? y, j joined, n not:");
    bob.type_keys("n\x1b[200~abc\x03");
    bob.wait_for_prompt("bob>");
    bob.type_keys("/broadcast still here\r");
    alice.expect("D … bob * still here");
    bob.type_keys("\x04");
    assert_eq!(bob.wait_for_end(), Some(0));
}

#[test]
fn a_paste_is_for_the_chat_where_it_began_however_long_it_takes() {
    let (mut alice, server, _folder) = welcomed(|peer| {
        opens(peer, "#ops");
        // What is pasted after that has begun when it is known.
        peer.expect("C LS");
        peer.send("C 128 GROUP #ops leave alice\nC 150 LS 0\nC 250 LS\n");
        // Nothing that was pasted comes, to whomever.
        peer.goodbye();
    });
    open(&mut alice, "#ops", "alice to #ops>");
    // Its end does not come, so that it is over after a while and not before.
    alice.type_keys("/files\r\x1b[200~minutes\rPM\rthe door is 5000\rbye");
    alice.wait_for_row("you are no member of #ops any more");
    alice.wait_for_prompt("send 4 lines to #ops? y each, o as one, j joined, n not:");
    alice.type_keys("y");
    alice.wait_for_row("lines that were not sent: 4; they were for #ops");
    alice.wait_for_prompt("alice>");
    leave(alice, server);
}

#[test]
fn a_pasted_login_is_as_if_typed() {
    let (server, folder) = (Server::start(&[]), folder());
    drop(server.register("bob"));
    let mut bob = Person::sit_down(&server, folder.path(), 80);
    bob.wait_for_prompt("name:");
    let lines = format!("bob\r{}", password_of("bob"));
    paste(&mut bob, &lines, "take 2 lines as if typed? y, j joined, n not:");
    bob.type_keys("y");
    bob.wait_for_row("welcome, bob");
    assert!(!String::from_utf8_lossy(&bob.everything).contains(&password_of("bob")));
}

#[test]
fn at_a_terminal_without_a_cursor_a_line_goes_nowhere_where_the_prompt_has_moved() {
    let (server, folder) = (Server::start(&[]), folder());
    let mut alice = Person::register(&server, folder.path(), 80, "alice");
    let (host, port) = (server.address().ip().to_string(), server.address().port().to_string());
    drop(server.register("bob"));
    alice.wait_for_row("bob has left");
    let mut bob = Person::sit_down_at("dumb", &[&host, &port, "bob"], folder.path(), 80);
    bob.wait_for_prompt("password:");
    bob.type_keys(&format!("{}\r", password_of("bob")));
    bob.wait_for_prompt("bob>");
    let mut carol = server.register("carol");
    alice.type_keys("/up\r");
    alice.wait_for_row("direct chats are taken on port ");
    bob.type_keys("/open carol\r");
    bob.wait_for_prompt("bob to carol>");
    bob.type_keys("/call alice\r");
    alice.wait_for_row("bob calls; /accept or /decline");
    bob.type_keys("late ag");
    alice.type_keys("/accept\r");
    bob.wait_for_prompt("bob <-> alice (direct)>");
    bob.type_keys("ain\r");
    bob.wait_for_row("nothing was sent: the prompt has moved");
    bob.type_keys("hello\r");
    alice.wait_for_row("bob -> alice (direct): hello");
    let rows = alice.screen.rows();
    assert!(!rows.iter().any(|row| row.contains("ain")), "{rows:?}");
    // A word that was begun as a message is no command either, wherever the prompt is now.
    bob.type_keys("/close\r/help /close\r");
    bob.wait_for_row("/close: write to no chat any more");
    bob.type_keys("p");
    alice.type_keys("/hangup\r");
    bob.wait_for_prompt("bob>");
    bob.type_keys("m\r");
    bob.wait_until("a second refusal", |screen| {
        let refused = |row: &&String| row.contains("nothing was sent: the prompt has moved");
        screen.rows().iter().filter(refused).count() == 2
    });
    bob.type_keys("the door is 4711\r");
    bob.wait_for_row("nothing was sent: type PM");
    carol.expect_nothing();
}

/// What a program writes, line by line.
fn lines_of(output: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        let mut output = BufReader::new(output).lines();
        while output.next().is_some_and(|line| sender.send(line.unwrap()).is_ok()) {}
    });
    lines
}

#[track_caller]
fn wait_for_line(lines: &Receiver<String>, part: &str) {
    while !lines.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("no {part:?}")).contains(part) {}
}

#[test]
fn the_lines_of_a_script_follow_its_own_commands_and_nothing_else() {
    let (server, folder) = (Server::start(&[]), folder());
    let mut alice = Person::register(&server, folder.path(), 80, "alice");
    let mut carol = server.register("carol");
    drop(server.register("bob"));
    alice.wait_for_row("bob has left");
    alice.type_keys("/up\r");
    alice.wait_for_row("direct chats are taken on port ");
    let mut bob = pipe(&server, folder.path(), "bob");
    let mut input = bob.stdin.take().unwrap();
    let told = lines_of(bob.stderr.take().unwrap());
    input.write_all(b"/open *\nto all\n/call alice\nfor alice\n").unwrap();
    carol.expect("D … bob * to all");
    alice.wait_for_row("bob calls; /accept or /decline");
    alice.type_keys("/accept\r");
    alice.wait_for_row("bob -> alice (direct): for alice");
    alice.type_keys("/hangup\r");
    wait_for_line(&told, "the direct chat with alice is over");
    input.write_all(b"the door is 4711\n").unwrap();
    wait_for_line(&told, "nothing was sent: that line was for alice (direct)");
    input.write_all(b"/open nobody\nfor nobody\n/open *\nall again\n").unwrap();
    carol.expect("D … bob * all again");
    wait_for_line(&told, "nothing was sent: the chat that the line was for is not open");
    drop(input);
    assert_eq!(bob.wait().unwrap().code(), Some(1));
}
