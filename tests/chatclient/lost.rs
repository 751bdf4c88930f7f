//! Connections that are lost, and what comes of the messages on both sides.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::peer::{Peer, Script, client, run, serve, stderr, stdout, talk, talk_through};

#[test]
fn why_the_server_closed_is_said() {
    let output = talk("", |peer| peer.send("C 421 - Connection Limit Exceeded !!\n"));
    assert_eq!(output.status.code(), Some(69));
    assert!(stderr(&output).contains("closed the connection: Connection Limit Exceeded !!"));
    let lasts = [
        ("C 421 - the server is shutting down\n", "closed the connection: the server is shutting"),
        ("", "the connection was lost"),
    ];
    for (last, said) in lasts {
        let folder = tempfile::tempdir().unwrap();
        let (port, server) = serve(move |peer| {
            peer.welcome();
            peer.expect("C WHO");
            peer.send(last);
        });
        let mut command = client(folder.path(), port);
        command.args(["--retry", "0s"]);
        let output = run(command, "/list\n");
        server.join().unwrap();
        assert_eq!(output.status.code(), Some(69));
        assert!(stderr(&output).contains(said), "{}", stderr(&output));
    }
}

#[test]
fn who_was_sent_away_does_not_come_back() {
    for why in ["you logged in elsewhere", "you were kicked: spam", "you are banned"] {
        let output = talk("/list\n", move |peer| {
            peer.welcome();
            peer.expect("C WHO");
            peer.send(format!("C 421 - {why}\n"));
        });
        assert_eq!(output.status.code(), Some(69), "{why}");
        assert!(stderr(&output).contains(&format!("closed the connection: {why}")));
    }
}

#[test]
fn who_is_told_when_to_come_back_does_not_come_before() {
    let (tell, told) = mpsc::channel();
    let output = talk_through(
        "/list\n",
        vec![
            Box::new(move |peer: &mut Peer| {
                peer.welcome();
                peer.expect("C WHO");
                tell.send(Instant::now()).unwrap();
                peer.send("C 421 - the server is shutting down, come back in 2 s\n");
            }),
            Box::new(move |peer: &mut Peer| {
                let waited = told.recv().unwrap().elapsed();
                // Without the hint it would be back within one second.
                assert!(waited > Duration::from_millis(1500), "{waited:?}");
                peer.resume(&[]);
                peer.nothing_missed();
                peer.goodbye();
            }),
        ],
    );
    assert!(stderr(&output).contains("online again"), "{}", stderr(&output));
}

#[test]
fn what_was_not_confirmed_is_sent_again_with_its_key() {
    let (tell_key, first_key) = mpsc::channel();
    let output = talk_through(
        "/broadcast one\n/broadcast two\n",
        vec![
            Box::new(move |peer: &mut Peer| {
                peer.welcome();
                peer.message("D * one");
                peer.send("C 250 MSG 1000000000123456 * 1 0\n");
                tell_key.send(peer.message("D * two")).unwrap();
            }),
            Box::new(|peer: &mut Peer| peer.send("C 421 - Connection Limit Exceeded !!\n")),
            Box::new(move |peer: &mut Peer| {
                peer.resume(&[]);
                peer.chats(&["* 0 0 1000000000123456 alice - one"]);
                assert_eq!(peer.message("D * two"), first_key.recv().unwrap());
                // It had been taken already.
                peer.send("C 250 MSG 1000000000123457 * 0 0\n");
                peer.goodbye();
            }),
        ],
    );
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    // Nobody can tell any more who was there.
    assert_eq!(stdout(&output).matches("alice -> *: two\n").count(), 1, "{}", stdout(&output));
    assert!(stderr(&output).contains("online again"), "{}", stderr(&output));
}

#[test]
fn what_was_missed_on_an_older_server_is_shown_once_and_in_order() {
    let output = talk_through(
        "/list\n",
        vec![
            Box::new(|peer: &mut Peer| {
                peer.welcome();
                peer.expect("C WHO");
                peer.send("D 1000000000000010 bob alice ten\n");
                peer.expect("C SEEN bob 1000000000000010");
            }),
            Box::new(|peer: &mut Peer| {
                peer.resume(&["bob 2 1000000000000012", "#ops 1 1000000000000011"]);
                peer.no_chats();
                peer.expect("C OPEN bob");
                // It arrives before what was said before it.
                peer.send("D 1000000000000014 bob alice fourteen\n");
                let unread =
                    ["1000000000000010 bob alice ten", "1000000000000012 bob alice twelve"];
                peer.list("OPEN", &unread, "bob 0");
                peer.expect("C OPEN #ops");
                peer.list("OPEN", &["1000000000000011 carol #ops eleven"], "#ops 0");
                peer.expect("C OPEN * 100");
                let public = ["1000000000000007 bob * seven", "1000000000000013 carol * thirteen"];
                peer.list("OPEN", &public, "* 0");
                peer.expect("C SEEN bob 1000000000000014");
                peer.expect("C SEEN #ops 1000000000000011");
                peer.send("C 250 SEEN bob 1\nC 250 SEEN #ops 1\n");
                peer.goodbye();
            }),
        ],
    );
    // What was asked for before the connection broke has failed.
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(stderr(&output).contains("no answer came to /list"), "{}", stderr(&output));
    let shown: Vec<&str> =
        stdout(&output).lines().map(|line| line.rsplit(' ').next().unwrap()).collect();
    assert_eq!(shown, ["ten", "—", "eleven", "twelve", "thirteen", "—", "fourteen"]);
    assert!(stdout(&output).contains("— 3 missed messages —\n"), "{}", stdout(&output));
}

#[test]
fn what_was_missed_is_shown_once_and_in_order_ones_own_words_among_it() {
    let output = talk_through(
        "/list\n/msg bob one\n/msg bob two\n",
        vec![
            Box::new(|peer: &mut Peer| {
                peer.welcome();
                peer.expect("C WHO");
                peer.send("D 1000000000000010 bob alice ten\nC 150 WHO 0\nC 250 WHO\n");
                peer.expect("C SEEN bob 1000000000000010");
                peer.send("C 250 SEEN bob 1000000000000010\n");
                peer.message("D bob one");
                // It comes before the confirmation, which waits for the disk.
                peer.send("D 1000000000000012 bob alice twelve\n");
                peer.send("C 250 MSG 1000000000000011 bob 1 0\n");
                peer.message("D bob two");
            }),
            Box::new(|peer: &mut Peer| {
                peer.resume(&["bob 1 1000000000000016", "#ops 1 1000000000000015"]);
                // It arrives before what was said before it.
                peer.send("D 1000000000000018 bob alice eighteen\n");
                peer.chats(&[
                    "bob 2 1000000000000010 1000000000000018 bob - eighteen",
                    "carol 0 0 1000000000000017 alice - elsewhere",
                    "#ops 0 1000000000000015 1000000000000015 dave - fifteen",
                    "dave 0 1000000000000006 1000000000000006 dave - long ago",
                    "#new 0 0 0 - -",
                ]);
                // It had been taken already.
                peer.message("D bob two");
                peer.send("C 250 MSG 1000000000000013 bob 0 0\n");
                peer.expect("C AFTER bob 1000000000000012 1000");
                let bob = [
                    "1000000000000013 alice bob two",
                    "1000000000000014 alice bob elsewhere",
                    "1000000000000016 bob alice sixteen",
                    "1000000000000018 bob alice eighteen",
                ];
                peer.list("AFTER", &bob, "bob 0");
                peer.expect("C AFTER carol 1000000000000007 996");
                peer.list("AFTER", &["1000000000000017 alice carol elsewhere"], "carol 0");
                // It was read elsewhere meanwhile, and is shown all the same.
                peer.expect("C AFTER #ops 1000000000000007 995");
                peer.list("AFTER", &["1000000000000015 dave #ops fifteen"], "#ops 0");
                peer.expect("C SEEN bob 1000000000000018");
                peer.expect("C SEEN #ops 1000000000000015");
                peer.send("C 250 SEEN bob 1\nC 250 SEEN #ops 1\n");
                peer.goodbye();
            }),
        ],
    );
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let shown: Vec<&str> =
        stdout(&output).lines().map(|line| line.rsplit(' ').next().unwrap()).collect();
    let missed = ["two", "elsewhere", "fifteen", "sixteen", "elsewhere", "eighteen"];
    assert_eq!(shown, [&["ten", "0", "twelve", "one", "—"], &missed[..], &["—"]].concat());
    assert!(stdout(&output).contains("— 6 missed messages —\n"), "{}", stdout(&output));
}

#[test]
fn the_token_ends_with_a_goodbye_and_nobody_waits_for_that() {
    for end in ["", "C 501 TOKEN what is that?\n", "C 250 TOKEN your tokens are over\n"] {
        let output = talk("/list\n", move |peer| {
            peer.welcome();
            peer.expect("C WHO");
            peer.send("C 150 WHO 0\nC 250 WHO\n");
            peer.expect("C TOKEN END");
            // It comes right behind it.
            peer.expect("C EX");
            peer.send(format!("{end}C 221 EX goodbye\n"));
        });
        assert_eq!((output.status.code(), stderr(&output)), (Some(0), ""));
    }
}

#[test]
fn too_much_that_was_missed_waits_until_the_chat_is_opened() {
    let output = talk_through(
        "/list\n/open bob\n",
        vec![
            Box::new(|peer: &mut Peer| {
                peer.welcome();
                peer.expect("C WHO");
            }),
            Box::new(|peer: &mut Peer| {
                peer.resume(&["bob 1001 1000000000000900"]);
                peer.chats(&[
                    "bob 1001 1000000000000008 1000000000000900 bob - last",
                    "* 1 0 1000000000000007 bob - before",
                ]);
                // The newer one does not mark the older ones as read.
                peer.send("D 1000000000000901 bob alice newer\n");
                peer.expect("C OPEN bob");
                peer.list("OPEN", &["1000000000000100 bob alice first"], "bob 2");
                peer.expect("C SEEN bob 1000000000000100");
                peer.expect("C OPEN bob");
                peer.send("C 250 SEEN bob 1000000000000100\n");
                let rest = ["1000000000000900 bob alice last", "1000000000000901 bob alice newer"];
                peer.list("OPEN", &rest, "bob 0");
                peer.expect("C SEEN bob 1000000000000901");
                peer.send("C 250 SEEN bob 1000000000000901\n");
                peer.goodbye();
            }),
        ],
    );
    let shown = stdout(&output);
    assert!(shown.contains("more was missed from bob; /open bob\n"), "{shown}");
    let said = shown.lines().filter(|line| line.contains("bob -> alice"));
    let said: Vec<&str> = said.map(|line| line.rsplit(' ').next().unwrap()).collect();
    assert_eq!(said, ["newer", "first", "last"]);
}

#[test]
fn what_stays_unconfirmed_fails_and_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let (port, server) = serve(|peer| {
        peer.log_in();
        peer.message("D bob hi");
    });
    let mut command = client(folder.path(), port);
    command.args(["--retry", "100ms", "--say", "bob", "hi"]);
    let output = run(command, "");
    server.join().unwrap();
    assert_eq!(output.status.code(), Some(69));
    assert!(stderr(&output).contains("not confirmed: hi (to bob)"), "{}", stderr(&output));
}

#[test]
fn a_server_that_says_nothing_more_is_lost() {
    let silences: [(&str, Script); 4] = [
        (
            "/list\n",
            Box::new(|peer: &mut Peer| {
                peer.send("C 220 chatsrv/0.1.0 1 ready\n");
                peer.expect("C USER alice");
                peer.end();
            }),
        ),
        (
            "/list\n",
            Box::new(|peer: &mut Peer| {
                peer.welcome();
                peer.expect("C WHO");
                peer.send("C 120 ON bob 10417\n");
                peer.end();
            }),
        ),
        (
            "/get a\n",
            Box::new(|peer: &mut Peer| {
                peer.welcome();
                peer.expect("C GET 0 a");
                peer.send("C 250 GET 1 5 a\nF 1 2\nab");
                peer.end();
            }),
        ),
        (
            "",
            Box::new(|peer: &mut Peer| {
                peer.log_in();
                peer.expect("C TOKEN");
                peer.expect("C CHATS");
                peer.expect("C IGNORED");
                peer.send("C 250 TOKEN t0ken\n");
                peer.end();
            }),
        ),
    ];
    // All at once, for each takes as long as the client's patience.
    let clients = silences.map(|(input, silence)| {
        std::thread::spawn(move || {
            let folder = tempfile::tempdir().unwrap();
            let (port, server) = serve(silence);
            let mut command = client(folder.path(), port);
            command.args(["--retry", "0s"]);
            let output = run(command, input);
            server.join().unwrap();
            output
        })
    });
    for client in clients {
        let output = client.join().unwrap();
        assert_eq!(output.status.code(), Some(69), "{}", stderr(&output));
        assert!(stderr(&output).contains("the server does not answer"), "{}", stderr(&output));
    }
}

#[test]
fn a_list_that_is_longer_than_it_may_be_ends_the_connection() {
    for item in ["D 1000000000000010 bob alice hi\n", "C 124 FILE 1000000000000010 bob alice 1 a\n"]
    {
        let folder = tempfile::tempdir().unwrap();
        let (port, server) = serve(move |peer| {
            peer.welcome();
            peer.expect("C HISTORY bob 9223372036854775807 20");
            peer.send(format!("C 150 HISTORY 1001\n{}", item.repeat(1001)));
            peer.end();
        });
        let mut command = client(folder.path(), port);
        command.args(["--retry", "0s"]);
        let output = run(command, "/history bob\n");
        server.join().unwrap();
        assert_eq!(output.status.code(), Some(69), "{}", stderr(&output));
        assert!(stderr(&output).contains("a list is longer than it may be"), "{}", stderr(&output));
    }
}
