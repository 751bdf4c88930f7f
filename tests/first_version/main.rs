//! What a client of version 0.1 sees: the server answers every line of a dialogue as the server of
//! that version did, from which `dialogue.txt` was recorded.
//!
//! A line of the file begins with the name of a connection, which is made when it is named first:
//! `alice> ` is what it sends, where `\n` ends a line of several, and `alice< ` what comes: a line,
//! as a pattern, `FILE` with a stream and all of its bytes, or `END`.

#[path = "../support/mod.rs"]
mod support;

use std::collections::HashMap;

use support::{Client, Server};

#[test]
fn every_line_is_answered_as_by_the_first_server() {
    // Of a message of the day a client hears that asked for what came later.
    let folder = tempfile::tempdir().unwrap();
    let motd = folder.path().join("motd");
    std::fs::write(&motd, "be kind\n").unwrap();
    let server = Server::start(&["--motd", motd.to_str().unwrap()]);
    let mut clients: HashMap<&str, Client> = HashMap::new();
    let mut token = String::new();
    for step in include_str!("dialogue.txt").lines() {
        let (name, what) = step.split_once(' ').expect("a step has a name");
        let (name, sends) = match name.strip_suffix('>') {
            Some(name) => (name, true),
            None => (name.strip_suffix('<').expect("a name ends with > or <"), false),
        };
        let is_first = what.starts_with("C 220");
        if is_first {
            let mut client = server.open();
            client.watch_presence();
            clients.insert(name, client);
        }
        let client = clients.get_mut(name).expect("the first line is the greeting");
        match what.split_once(' ') {
            _ if sends && what.ends_with("\\n") => {
                client.send_bytes(what.replace("\\n", "\n").as_bytes());
            }
            _ if sends => client.send(&what.replace("TOKEN_OF_ALICE", &token)),
            None => client.expect_end(),
            Some(("FILE", file)) => {
                let (stream, content) = file.split_once(' ').expect("a stream and its bytes");
                let stream = stream.parse().expect("a stream is a number");
                assert_eq!(client.chunks(stream), content.as_bytes());
            }
            Some(_) => {
                let told = client.expect(what);
                if what == "C 250 TOKEN …" {
                    token = told.into_iter().next().expect("it is told");
                }
            }
        }
    }
}
