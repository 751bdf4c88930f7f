//! SEARCH: words, scripts without spaces, emoji, files by their names, and an index that is made
//! anew while it is asked.

mod support;

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use support::{Client, Server};

/// The ids that a search lists, and the text at its end.
fn search(client: &mut Client, words: &str) -> (Vec<String>, String) {
    client.send(&format!("C SEARCH - {words}"));
    let count: usize = client.expect("C 150 SEARCH …").remove(0).parse().expect("a count");
    let ids = (0..count).map(|_| client.expect("D … … … …").remove(0)).collect();
    (ids, client.expect("C 250 SEARCH …").remove(0))
}

const WHOLE: &str = "these hold all the words";
const STILL_INDEXED: &str = "older messages are still being indexed";

#[test]
fn words_scripts_without_spaces_and_emoji_are_found() {
    let server = Server::start(&[]);
    let mut alice = server.register("alice");
    let texts =
        ["我在上海大学读书", "Straße, Zoë!", "ok 👍🏽", "สวัสดีครับ", "❤\u{fe0f} 1\u{fe0f}\u{20e3}"];
    let say = |text: &&str| alice.ask(&format!("D * {text}"), "C 250 MSG … * …").remove(0);
    let ids: Vec<String> = texts.iter().map(say).collect();
    for (words, found) in [
        ("上海", &[0][..]),
        ("大学读 我在", &[0]),
        ("上", &[]),
        ("STRASSE zoë", &[1]),
        ("zoe", &[]),
        ("👍", &[2]),
        ("OK 👍🏿 !", &[2]),
        ("สดี", &[3]),
        ("❤", &[4]),
        ("1\u{20e3}", &[4]),
    ] {
        let expected: Vec<String> = found.iter().map(|at: &usize| ids[*at].clone()).collect();
        assert_eq!(search(&mut alice, words), (expected, WHOLE.to_owned()), "{words}");
    }
    alice.ask("C SEARCH - ?! € ...", "C 501 SEARCH that can't be found: …");
    alice.ask(&format!("C SEARCH -{}", " 上".repeat(33)), "C 501 SEARCH at most 32 words");
}

/// Makes the index one of version 0.1, and adds many older messages of everyone's.
fn age(data: &Path, messages: u32) {
    let index = Connection::open(data.join("search.sqlite")).unwrap();
    index.pragma_update(None, "user_version", 2).unwrap();
    let store = Connection::open(data.join("chatsrv.db")).unwrap();
    let insert = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ?1)
                  INSERT INTO messages (id, lane, sender, text)
                  SELECT n, lane, sender, 'old' || n || ?2
                  FROM n, (SELECT lane, sender FROM messages LIMIT 1)";
    store.execute(insert, (messages, " of long ago".repeat(150))).unwrap();
}

#[test]
fn an_old_index_is_made_anew_while_it_is_asked() {
    const OLD: u32 = 6_000;
    let mut server = Server::start(&[]);
    let mut alice = server.register("alice");
    let id = alice.ask("D * 上海 news", "C 250 MSG … * …").remove(0);
    drop(alice);
    server.stop();
    age(&server.data(), OLD);
    server.start_again(&[]);
    let mut alice = server.login("alice");
    // The newest messages come first, and nobody waits for the others.
    assert_eq!(search(&mut alice, "上海"), (vec![id.clone()], STILL_INDEXED.to_owned()));
    let new = alice.ask("D * 上海 too", "C 250 MSG … * …").remove(0);
    assert_eq!(search(&mut alice, "上海").0, [id.clone(), new.clone()]);
    server.crash_and_restart();
    let mut alice = server.login("alice");
    assert_eq!(search(&mut alice, "上海").0, [id, new]);
    let begun = Instant::now();
    loop {
        let (found, told) = search(&mut alice, "old1 ago");
        if told == WHOLE {
            assert_eq!(found, ["1"]);
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{told}");
    }
    assert_eq!(search(&mut alice, "ago").0.len(), 1_000);
}
