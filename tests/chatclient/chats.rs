//! What is unread, older messages, and the password.

use crate::peer::{Peer, stderr, stdout, talk};

#[test]
fn unread_chats_of_an_older_server_are_told_and_opened_and_a_plain_line_goes_there() {
    let output = talk("/chats\n/open bob\nhello\n/close\nhello\n", |peer| {
        peer.send("C 220 chatsrv/0.1.0 1 ready\n");
        peer.expect("C USER alice");
        peer.send("C 331 USER alice send the password\n");
        peer.expect("D secret");
        peer.send("C 150 UNREAD 1\nC 151 UNREAD bob 2 1000000000000012\n");
        peer.send("C 230 USER alice 48213 welcome\n");
        peer.go_on_as_before();
        peer.no_chats();
        peer.expect("C GROUPS");
        peer.expect("C UNREAD");
        peer.send("C 150 GROUPS 1\nC 151 GROUPS #ops bob 3 -\nC 250 GROUPS\n");
        peer.send("C 150 UNREAD 1\nC 151 UNREAD bob 2 1000000000000012\nC 250 UNREAD\n");
        peer.expect("C OPEN bob");
        let unread = ["1000000000000011 bob alice \u{202e}one", "1000000000000012 bob alice two"];
        peer.list("OPEN", &unread, "bob 0");
        peer.expect("C SEEN bob 1000000000000012");
        peer.send("C 250 SEEN bob 1000000000000012\n");
        peer.message("D bob hello");
        peer.send("C 250 MSG 1000000000000013 bob 1 0\n");
        peer.goodbye();
    });
    let shown = stdout(&output);
    assert!(shown.contains("2 unread from bob; /open bob\n"), "{shown}");
    assert!(
        shown.contains("bob          2 unread, the last 2001-09-09 01:46\n*\n#ops\n"),
        "{shown}"
    );
    assert!(shown.contains("bob -> alice: <U+202E>one\n"), "{shown}");
    assert!(shown.contains("alice -> bob: hello\n"), "{shown}");
    assert!(stderr(&output).contains("nothing was sent"), "{}", stderr(&output));
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn all_chats_are_listed_the_newest_first_with_their_last_words() {
    let output = talk("/chats\n/chats\n", |peer| {
        peer.welcome();
        peer.expect("C CHATS");
        let chats = [
            "bob 2 1000000000000011 1000000000000013 bob - one\u{2028}two",
            "* 9999 0 1000000000000012 carol - /me waves",
        ];
        peer.send_chats(&chats, 2);
        peer.expect("C CHATS 1000000000000012");
        let chats = ["#ops 0 7 1000000000000007 alice 2048 a b.txt", "#tea 0 0 0 - -"];
        peer.send_chats(&chats, 0);
        peer.chats(&[]);
        peer.goodbye();
    });
    assert_eq!(
        stdout(&output),
        "bob          2001-09-09 01:46, 2 unread, bob: one⏎two\n\
         *            2001-09-09 01:46, 9999 unread, * carol waves\n\
         #ops         2001-09-09 01:46, alice: the file a b.txt, 2.0 KiB\n\
         #tea         nothing was said yet\n\
         no chats yet\n"
    );
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), ""));
}

#[test]
fn what_people_do_is_told_as_such() {
    let input = "/open bob\n/me waves\n/me\n/msg bob /me smiles\n/history bob 2\n/close\n/me x\n";
    let output = talk(input, |peer| {
        peer.welcome();
        peer.expect("C OPEN bob");
        peer.list("OPEN", &["1000000000000011 bob alice /me is here\u{2028}again"], "bob 0");
        peer.expect("C SEEN bob 1000000000000011");
        peer.send("C 250 SEEN bob 1000000000000011\n");
        for text in ["waves", "smiles"] {
            peer.message(&format!("D bob /me {text}"));
            peer.send("C 250 MSG 1000000000000012 bob 1 0\n");
        }
        peer.expect("C HISTORY bob 9223372036854775807 2");
        let messages = ["1000000000000012 alice bob /me waves", "1000000000000013 bob alice /mess"];
        peer.list("HISTORY", &messages, "bob");
        peer.goodbye();
    });
    let lines = ["bob -> alice: * bob is here", "  again", "alice -> bob: * alice waves"];
    let more =
        ["alice -> bob: * alice smiles", "alice -> bob: * alice waves", "bob -> alice: /mess"];
    let shown: Vec<&str> =
        stdout(&output).lines().map(|l| l.strip_prefix("2001-09-09 01:46 ").unwrap_or(l)).collect();
    assert_eq!(shown, [&lines[..], &more[..]].concat());
    assert!(stderr(&output).contains("usage: /me TEXT"), "{}", stderr(&output));
    assert!(stderr(&output).contains("nothing was sent"), "{}", stderr(&output));
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn older_messages_are_read_step_by_step_and_searched() {
    let output = talk("/history bob 2\n/history bob 2\n/search - some words\n", |peer| {
        peer.welcome();
        peer.expect("C HISTORY bob 9223372036854775807 2");
        let messages = ["1000000000000011 bob alice eleven", "1000000000000012 alice bob twelve"];
        peer.list("HISTORY", &messages, "bob");
        peer.expect("C HISTORY bob 1000000000000011 2");
        peer.list("HISTORY", &[], "bob");
        peer.expect("C SEARCH - some words");
        peer.list("SEARCH", &["1000000000000001 bob * some words"], "these");
        peer.goodbye();
    });
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let shown = stdout(&output);
    assert!(shown.contains("bob -> alice: eleven\n2001-09-09 01:46 alice -> bob: twelve\n"));
    assert!(shown.contains("there are no older messages\n"), "{shown}");
    let found = "\n@1000000000000001 2001-09-09 01:46 bob -> *: some words\n";
    assert!(shown.contains(found), "{shown}");
}

#[test]
fn a_search_that_did_not_look_at_all_messages_says_so() {
    let output = talk("/search - 上海\n/search - 👍\n/search - ?!\n", |peer| {
        peer.welcome();
        peer.expect("C SEARCH - 上海");
        let text = "older messages are still being indexed";
        peer.list("SEARCH", &["1000000000000001 bob * 上海"], text);
        peer.expect("C SEARCH - 👍");
        peer.list("SEARCH", &[], "these hold all the words");
        peer.expect("C SEARCH - ?!");
        peer.send("C 501 SEARCH that can't be found\n");
        peer.goodbye();
    });
    let shown = stdout(&output);
    assert!(shown.contains("bob -> *: 上海\nolder messages are still being indexed\n"), "{shown}");
    assert!(shown.contains("indexed\nnothing was found\n"), "{shown}");
    assert!(!shown.contains("these hold"), "{shown}");
    assert!(stderr(&output).contains("that can't be found"), "{}", stderr(&output));
}

#[test]
fn a_password_is_changed_step_by_step_and_nothing_comes_between() {
    let output = talk("/passwd\nold\nnew\nnew\n/passwd\na\nb\nc\n/passwd\nbad\nx\nx\n", |peer| {
        peer.welcome();
        peer.expect("C PASSWD");
        peer.send("D 1000000000000010 bob alice meanwhile\nC 354 PASSWD send the old password\n");
        peer.expect("D old");
        peer.send("C 354 PASSWD send the new password\n");
        peer.expect("D new");
        peer.send("C 250 PASSWD that is your password now\n");
        peer.expect("C SEEN bob 1000000000000010");
        peer.expect("C TOKEN");
        peer.send("C 250 SEEN bob 1000000000000010\nC 250 TOKEN an0ther\n");
        peer.expect("C PASSWD");
        peer.send("C 354 PASSWD send the old password\n");
        peer.expect("D bad");
        peer.send("C 535 PASSWD wrong password\n");
        peer.goodbye();
    });
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).contains("the password is changed\n"), "{}", stdout(&output));
    assert!(stderr(&output).contains("these two differ"), "{}", stderr(&output));
    assert!(stderr(&output).contains("not changed: wrong password"), "{}", stderr(&output));
}

#[test]
fn a_chat_that_can_not_be_marked_as_read_is_not_opened_for_ever() {
    let output = talk("/open bob\n", |peer| {
        peer.welcome();
        let unread = ["1000000000000011 bob alice eleven"];
        peer.expect("C OPEN bob");
        peer.list("OPEN", &unread, "bob 2");
        peer.expect("C SEEN bob 1000000000000011");
        peer.expect("C OPEN bob");
        peer.send("C 452 SEEN the disk is full\n");
        peer.list("OPEN", &unread, "bob 2");
        peer.expect("C SEEN bob 1000000000000011");
        peer.send("C 452 SEEN the disk is full\n");
        peer.goodbye();
    });
    let shown = stdout(&output);
    assert_eq!(shown.matches("bob -> alice: eleven\n").count(), 1, "{shown}");
    assert!(shown.contains("2 unread from bob are left; /open bob\n"), "{shown}");
    let said = stderr(&output);
    assert_eq!(said, "chatclient: bob can't be marked as read: the disk is full\n");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_line_behind_what_led_to_no_chat_goes_to_no_other() {
    let input = "/open *\none\n/open nobody\ntwo\n/open *\n/open a b\nthree\n/open *\n/call bob\n\
                 four\n/open *\nPM\n//usr\n";
    let output = talk(input, |peer| {
        peer.welcome();
        let open = |peer: &mut Peer| {
            peer.expect("C OPEN * 20");
            peer.list("OPEN", &[], "* 0");
        };
        open(peer);
        peer.message("D * one");
        peer.send("C 250 MSG 1000000000000011 * 1 0\n");
        peer.expect("C OPEN nobody");
        peer.send("C 550 OPEN no such user\n");
        open(peer);
        open(peer);
        peer.expect("C CALL bob");
        peer.send("C 551 CALL that user takes no direct chats now\n");
        open(peer);
        for text in ["PM", "/usr"] {
            peer.message(&format!("D * {text}"));
            peer.send("C 250 MSG 1000000000000012 * 1 0\n");
        }
        peer.goodbye();
    });
    assert_eq!(stderr(&output).matches("nothing was sent").count(), 3, "{}", stderr(&output));
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn behind_what_led_to_no_chat_no_word_is_a_command() {
    let failures = ["/open nobody", "/open no such chat", "/call bob", "/call no one", "/accept"];
    let mut input: String =
        failures.iter().map(|line| format!("{line}\nhi\npm\nthe door is 4711\n")).collect();
    // What was asked for by its name is done all the same, and once the script itself leaves, a
    // word is a command again.
    input.push_str("/pm\nto all\nEX\n/close\npm\nto all\n");
    let output = talk(&input, |peer| {
        peer.welcome();
        peer.expect("C OPEN nobody");
        peer.send("C 550 OPEN no such user\n");
        peer.expect("C CALL bob");
        peer.send("C 551 CALL that user takes no direct chats now\n");
        for _ in 0..2 {
            peer.message("D * to all");
            peer.send("C 250 MSG 1000000000000011 * 1 0\n");
        }
        peer.goodbye();
    });
    let said = stderr(&output);
    let refused = "nothing was sent: the chat that the line was for is not open";
    assert_eq!(said.matches(refused).count(), 3 * failures.len() + 1, "{said}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn behind_a_group_that_is_over_no_word_is_a_command_unless_the_script_has_left_it() {
    let output = talk("/open #ops\n/files\nhi\npm\nthe door is 4711\n", |peer| {
        peer.welcome();
        peer.expect("C OPEN #ops");
        peer.list("OPEN", &[], "#ops 0");
        peer.expect("C LS");
        peer.send("C 128 GROUP #ops leave alice\nC 150 LS 0\nC 250 LS\n");
        peer.goodbye();
    });
    let said = stderr(&output);
    assert_eq!(said.matches("nothing was sent: the chat").count(), 3, "{said}");
    let output = talk("/open #ops\n/leavegroup #ops\npm\nto all\n", |peer| {
        peer.welcome();
        peer.expect("C OPEN #ops");
        peer.list("OPEN", &[], "#ops 0");
        peer.expect("C LEAVE #ops");
        peer.send("C 128 GROUP #ops leave alice\nC 250 LEAVE #ops\n");
        peer.message("D * to all");
        peer.send("C 250 MSG 1000000000000011 * 1 0\n");
        peer.goodbye();
    });
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[test]
fn a_message_of_several_lines_is_indented_behind_the_first() {
    let output = talk("/broadcast a\u{2028}b\n", |peer| {
        peer.welcome();
        peer.send("D 1000000000000010 bob * one\u{2028}\u{2028}09:15 alice -> *: two\n");
        peer.message("D * a\u{2028}b");
        peer.send("C 250 MSG 1000000000000011 * 0 0\n");
        peer.goodbye();
    });
    let shown = stdout(&output);
    let received = "01:46 bob -> *: one\n  \n  09:15 alice -> *: two\n";
    assert!(shown.contains(received), "{shown}");
    let own = "01:46 alice -> *: a\n  b (nobody else is online)\n";
    assert!(shown.contains(own), "{shown}");
}

#[test]
fn messages_are_removed_and_it_is_told() {
    let output = talk("/delete 1000000000000010\n/delete @7\n", |peer| {
        peer.welcome();
        peer.expect("C DELETE 1000000000000010");
        peer.send("C 131 DELETED 1000000000000009 bob\nC 250 DELETE it is gone\n");
        peer.expect("C DELETE 7");
        peer.send("C 530 DELETE not yours\n");
        peer.goodbye();
    });
    let lines = ["a message of 2001-09-09 01:46 in bob was removed", "it is removed for all"];
    assert_eq!(stdout(&output).lines().collect::<Vec<_>>(), lines);
    assert!(stderr(&output).contains("not yours"), "{}", stderr(&output));
    assert_eq!(output.status.code(), Some(1));
}
