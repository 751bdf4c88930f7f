//! EXPORT: all that is a user's own comes as a file, whole and nothing else, once a day; also where
//! the server is killed before the file is there.

mod support;

use std::fs;
use std::time::Instant;

use serde_json::{Value, json};
use support::{Client, PATIENCE, Server, password_of};

/// Messages of a user whose export takes several steps, and the bytes of each.
const MESSAGES: usize = 2_500;
const MESSAGE_BYTES: usize = 400;

/// Reads on until a line begins so, and returns what follows.
fn until(client: &mut Client, start: &str) -> String {
    loop {
        if let Some(rest) = client.line().strip_prefix(start) {
            return rest.trim_start().to_owned();
        }
    }
}

/// Calls until there is something, for as long as anything may take.
fn soon<T>(mut what: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = what() {
            return found;
        }
        assert!(Instant::now() < deadline, "it does not come");
        std::thread::yield_now();
    }
}

/// The lines of an export, which the message of that id sent.
fn export(client: &mut Client, id: &str) -> Vec<Value> {
    let (size, bytes) = client.download(0, &format!("@{id}"));
    assert_eq!(size, bytes.len() as u64);
    let text = String::from_utf8(bytes).expect("it is UTF-8");
    assert!(text.ends_with('\n'));
    text.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
}

/// The sizes of the files in the folder of what was sent.
fn sent_files(server: &Server) -> Vec<u64> {
    let files = fs::read_dir(server.data().join("sent")).unwrap();
    let size = |file: std::io::Result<fs::DirEntry>| Some(file.ok()?.metadata().ok()?.len());
    files.filter_map(size).collect()
}

/// What an export holds besides times and ids, which differ each time.
fn without_times(mut line: Value) -> Value {
    let object = line.as_object_mut().expect("a line is an object");
    for key in ["id", "time", "since", "created", "last_seen", "number", "made", "used"] {
        if let Some(value) = object.remove(key) {
            assert!(value.is_null() || value.as_u64().is_some(), "{key} is {value}");
        }
    }
    line
}

/// Makes all that alice's export holds, and what it must not hold.
fn talk(alice: &mut Client, bob: &mut Client, carol: &mut Client) {
    let said = |by: &mut Client, line: &str| {
        by.send(line);
        until(by, "C 250 MSG");
    };
    said(alice, "D bob hello \"bob\"");
    said(bob, "D alice two\u{2028}lines of \\ üñí 上海");
    said(bob, "D carol of no concern to alice");
    said(alice, "D * to all");
    said(bob, "D * nothing of alice's");
    said(carol, "D alice she ignores this later");
    for line in ["MKPUBLIC #tea", "TOPIC #tea of tea"] {
        bob.send(&format!("C {line}"));
        until(bob, &format!("C 250 {}", line.split(' ').next().unwrap()));
    }
    said(bob, "D #tea before she came");
    alice.send("C JOIN #tea");
    until(alice, "C 250 JOIN");
    said(bob, "D #tea welcome");
    said(alice, "D #tea thanks");
    for (line, end) in [
        ("C PUT 5 notes of mine", "F 1 5\nhelloF 1 0\n"),
        ("C SENDFILE bob 3 a.png", "F 2 3\npngF 2 0\n"),
    ] {
        alice.send(line);
        alice.send_bytes(end.as_bytes());
        until(alice, "C 126");
    }
    for line in ["TOKEN FOR phone", "IGNORE carol on", "ASKFIRST on", "NICK Alice L."] {
        alice.send(&format!("C {line}"));
        until(alice, "C 250");
    }
    said(carol, "D alice nobody hears this");
}

#[test]
fn all_that_is_ones_own_comes_as_a_file_and_nothing_else() {
    let server = Server::start(&[]);
    let mut alice = server.register("alice");
    let (mut bob, mut carol) = (server.register("bob"), server.register("carol"));
    talk(&mut alice, &mut bob, &mut carol);
    alice.send("C EXPORT");
    until(&mut alice, "C 250 EXPORT");
    let told = until(&mut alice, "C 124 FILE");
    let words: Vec<&str> = told.split(' ').collect();
    let [id, "alice", "alice", size, name] = words[..] else { panic!("{told}") };
    let date = name.strip_prefix("export-alice-").and_then(|rest| rest.strip_suffix(".jsonl"));
    assert!(date.is_some_and(|date| date.len() == 10 && date.matches('-').count() == 2), "{name}");
    let lines = export(&mut alice, id);
    let account = lines[0].clone();
    assert_eq!(account["devices"][0]["name"], "phone");
    assert_eq!(account["number"], alice.number());
    let account = without_times(account);
    for key in ["password", "hash", "token", "tokens"] {
        assert!(account.get(key).is_none(), "{key}");
    }
    assert_eq!(
        (&account["type"], &account["name"], &account["display"], &account["ask_first"]),
        (&json!("account"), &json!("alice"), &json!("Alice L."), &json!(true))
    );
    assert_eq!(account["ignored"], json!(["carol"]));
    let message =
        |chat, from, text| json!({"type": "message", "chat": chat, "from": from, "text": text});
    let mut expected = vec![
        json!({"type": "group", "name": "#tea", "role": "member", "kept": true, "public": true,
               "topic": "of tea"}),
        json!({"type": "file", "name": "notes of mine", "size": 5, "chat": null}),
        json!({"type": "file", "name": "a.png", "size": 3, "chat": "bob"}),
        message("bob", "alice", "hello \"bob\""),
        message("bob", "bob", "two\u{2028}lines of \\ üñí 上海"),
        json!({"type": "message", "chat": "bob", "from": "alice", "text": "a.png",
               "file_size": 3}),
        message("carol", "carol", "she ignores this later"),
        message("#tea", "bob", "welcome"),
        message("#tea", "alice", "thanks"),
        message("*", "alice", "to all"),
    ];
    let mut found: Vec<Value> = lines.into_iter().skip(1).map(without_times).collect();
    // Direct chats come in the order of the others' numbers, which are drawn.
    let by_text = |line: &Value| line.to_string();
    expected.sort_by_key(by_text);
    found.sort_by_key(by_text);
    assert_eq!(found, expected);
    assert!(size.parse::<u64>().is_ok_and(|size| size > 500));
    bob.send(&format!("C GET 0 @{id}"));
    until(&mut bob, "C 550 GET");
    let wait = alice.ask("C EXPORT", "C 450 EXPORT … once a day").remove(0);
    assert!((1..=86_400).contains(&wait.parse::<u32>().unwrap()), "{wait}");
    server.log().wait_for("event=export time=… user=alice …");
}

#[test]
fn the_day_holds_over_a_restart_and_nothing_of_it_counts_to_the_quota() {
    let mut server = Server::start(&[]);
    let mut alice = server.register("alice");
    let usage = |client: &mut Client| {
        let facts = client.list("C WHOIS alice");
        let is_of_files = |fact: &String| fact.starts_with("files ") || fact.starts_with("bytes ");
        facts.into_iter().filter(is_of_files).collect::<Vec<_>>()
    };
    let before = usage(&mut alice);
    alice.send("C EXPORT");
    until(&mut alice, "C 250 EXPORT");
    let told = until(&mut alice, "C 124 FILE");
    let id = told.split(' ').next().unwrap();
    assert_eq!(usage(&mut alice), before);
    server.crash_and_restart();
    let mut alice = server.login("alice");
    alice.ask("C EXPORT", "C 450 EXPORT … once a day");
    assert_eq!(export(&mut alice, id)[0]["name"], "alice");
    alice.ask(&format!("C DELETE {id}"), "C 250 DELETE …");
    assert_eq!(usage(&mut alice), before);
    alice.ask("C EXPORT", "C 450 EXPORT … once a day");
    soon(|| sent_files(&server).is_empty().then_some(()));
}

/// Registers a user who has much to export.
fn talker(server: &Server, name: &str) -> Client {
    let mut client = server.register(name);
    let text = "x".repeat(MESSAGE_BYTES);
    for batch in 0..MESSAGES / 50 {
        for place in 0..50 {
            client.send(&format!("D {name} {} {text}", batch * 50 + place));
        }
        for _ in 0..50 {
            client.expect("C 250 MSG …");
        }
    }
    client
}

#[test]
fn what_was_confirmed_comes_whichever_step_the_server_dies_in() {
    let mut server = Server::start(&[]);
    let whole = (MESSAGES * MESSAGE_BYTES) as u64;
    // How much is written when it dies: nothing at all, or so much at least.
    for (round, behind) in [0, 1, whole / 4, whole / 2, whole].into_iter().enumerate() {
        let name = format!("user{round}");
        let mut client = talker(&server, &name);
        client.ask("C EXPORT", "C 250 EXPORT …");
        let others = round;
        if behind > 0 {
            soon(|| {
                let mut sizes = sent_files(&server);
                sizes.sort_unstable();
                let grown = sizes.iter().filter(|size| **size >= behind).count();
                let all_whole = sizes.iter().filter(|size| **size >= whole).count();
                (grown > others.min(all_whole) || all_whole > others).then_some(())
            });
        }
        server.crash_and_restart();
        let mut client = server.login(&name);
        let id = soon(|| {
            client.send(&format!("C OPEN {name} 1"));
            until(&mut client, "C 150 OPEN");
            let line = client.line();
            until(&mut client, "C 250 OPEN");
            let told = line.strip_prefix("C 124 FILE ")?;
            told.split(' ').next().map(str::to_owned)
        });
        let lines = export(&mut client, &id);
        assert_eq!(lines.len(), 1 + MESSAGES, "{name}");
        let texts = lines[1..].iter().map(|line| line["text"].as_str().unwrap());
        let places = texts.map(|text| text.split(' ').next().unwrap().parse::<usize>().unwrap());
        assert!(places.eq(0..MESSAGES), "{name}");
        assert_eq!(sent_files(&server).len(), round + 1, "no part is left behind");
    }
}

#[test]
fn the_export_of_whoever_ends_the_account_goes() {
    let server = Server::start(&[]);
    let mut client = talker(&server, "alice");
    client.dialogue(
        "> C EXPORT
         < C 250 EXPORT …
         > C UNREGISTER",
    );
    until(&mut client, "C 354 UNREGISTER");
    client.send(&format!("D {}", password_of("alice")));
    until(&mut client, "C");
    server.log().wait_for("event=unregister …");
    soon(|| sent_files(&server).is_empty().then_some(()));
}

#[test]
fn where_there_is_no_room_it_is_refused_and_the_day_is_not_used_up() {
    let mut server = Server::start(&["--reserve", "1000000GiB"]);
    let mut alice = server.register("alice");
    for _ in 0..2 {
        alice.ask("C EXPORT", "C 452 EXPORT …");
    }
    soon(|| sent_files(&server).is_empty().then_some(()));
    server.restart_with(&[]);
    let mut alice = server.login("alice");
    alice.ask("C EXPORT", "C 250 EXPORT …");
    alice.expect("C 124 FILE … alice alice … export-alice-…");
}
