//! Pipelines: whatever is asked for in one go is answered in order, each request once, however
//! the bytes are split and however the answers are read.

mod support;

use std::io::Write;
use std::thread;
use std::time::Instant;

use support::{Client, Frame, PATIENCE, Random, Server, captures, password_of};

/// Requests, with the final reply of each.
const REQUESTS: [(&str, &str); 19] = [
    ("C WHO", "C 250 WHO…"),
    ("C HELP", "C 250 HELP…"),
    ("C LS", "C 250 LS…"),
    ("C LS nothing", "C 550 LS …"),
    ("C GET 0 large", "C 250 GET … 300000 large"),
    ("C GET 3 small", "C 250 GET … 7 small"),
    ("C GET 8 small", "C 501 GET …"),
    ("C GET 0 nothing", "C 550 GET nothing"),
    ("C SUM small", "C 250 SUM … 7 small"),
    ("C SUM nothing", "C 550 SUM nothing"),
    ("C ABORT 4000000000", "C 550 ABORT …"),
    ("C NICK Alice", "C 250 NICK…"),
    ("C QUIET on", "C 250 QUIET…"),
    ("C MORE on", "C 250 MORE…"),
    ("C NOPE", "C 500 - …"),
    ("nonsense", "C 500 - …"),
    ("D * hello", "C 250 MSG … * 1 0"),
    ("D nobody hello", "C 550 MSG …"),
    ("C PM", "C 354 PM …"),
];

/// At most so many downloads run at once on one connection; one more is told to wait.
const BUSY: &str = "C 450 GET …";

/// Reads until every request is answered and every download complete.
fn read_answers(client: &mut Client, due: &[&str]) {
    let (mut answered, mut downloads) = (0, 0);
    while answered < due.len() || downloads > 0 {
        match client.frame() {
            Frame::Chunk(_, bytes) if bytes.is_empty() => downloads -= 1,
            Frame::Chunk(..) => {}
            Frame::Line(line) if line.starts_with("C 1") => {}
            Frame::Line(line) => {
                let pattern = due.get(answered).copied().unwrap_or("nothing");
                let busy = pattern.contains(" GET ") && captures(BUSY, &line).is_some();
                if !busy && captures(pattern, &line).is_none() {
                    client.fail(&format!("answer {answered}: due {pattern}, came {line}"));
                }
                downloads += u32::from(line.starts_with("C 250 GET "));
                answered += 1;
            }
            Frame::End => client.fail("the end came before the answers"),
        }
    }
}

#[test]
fn a_random_pipeline_is_answered_in_order() {
    let mut random = Random::new();
    let server = Server::start(&[]);
    server.write_file("large", vec![7; 300_000]);
    server.write_file("small", "content");
    let mut alice = server.register("alice");
    let mut bob = server.register("bob");
    for _ in 0..10 {
        let (mut said, mut due, mut messages) = (String::new(), Vec::new(), 0);
        for _ in 0..150 {
            let (request, reply) = REQUESTS[random.below(REQUESTS.len())];
            said += &format!("{request}\n");
            due.push(reply);
            if request == "C PM" {
                said += "D composed\n";
                due.push("C 250 MSG … * 1 0");
            }
            messages += usize::from(due.last() == Some(&"C 250 MSG … * 1 0"));
        }
        let mut writer = alice.writer();
        let longest = 1 + random.below(2000);
        let pieces: Vec<Vec<u8>> =
            random.pieces(said.as_bytes(), longest).into_iter().map(<[u8]>::to_vec).collect();
        let sender =
            thread::spawn(move || pieces.iter().try_for_each(|piece| writer.write_all(piece)));
        read_answers(&mut alice, &due);
        sender.join().unwrap().unwrap();
        alice.expect_nothing();
        for _ in 0..messages {
            bob.expect("D … alice * …");
        }
        bob.expect_nothing();
    }
}

#[test]
fn a_pipeline_with_an_end_is_answered_to_the_end() {
    let mut random = Random::new();
    let server = Server::start(&[]);
    server.write_file("large", vec![7; 300_000]);
    server.write_file("small", "content");
    let _bob = server.register("bob");
    for round in 0..20 {
        let mut alice = server.register(&format!("alice{round}"));
        let (mut said, mut due) = (String::new(), Vec::new());
        for _ in 0..random.below(60) {
            let (request, reply) = REQUESTS[random.below(REQUESTS.len() - 1)];
            said += &format!("{request}\n");
            due.push(reply);
        }
        let with_ex = random.below(2) == 0;
        if with_ex {
            // What follows EX is not read any more; what came before it is answered first.
            said = said.replace("C GET 0 large\n", "C WHO\n").replace("C GET 3 small\n", "C WHO\n");
            for reply in due.iter_mut().filter(|reply| reply.starts_with("C 250 GET ")) {
                *reply = "C 250 WHO…";
            }
            said += "C EX\nC WHO\n";
            due.push("C 221 EX …");
        }
        alice.send_bytes(said.as_bytes());
        alice.end_input();
        read_answers(&mut alice, &due);
        alice.expect_end();
    }
}

#[test]
fn whoever_leaves_in_the_middle_leaves_nothing_behind() {
    let mut random = Random::new();
    let server = Server::start(&["--public-files"]);
    server.write_file("large", vec![7; 3_000_000]);
    server.write_file("small", "content");
    let mut bob = server.register("bob");
    server.register("alice").leave();
    let baseline = server.open_files();
    for round in 0..100 {
        let mut client = server.connect();
        let mut said = match round % 3 {
            0 => format!("C USER new{round}\nD password\n"),
            1 => format!("C USER alice TAKEOVER\nD {}\n", password_of("alice")),
            _ => String::new(),
        };
        for _ in 0..random.below(10) {
            said += &format!("{}\n", REQUESTS[random.below(REQUESTS.len())].0);
        }
        client.send_bytes(said.as_bytes());
        // Each line is answered by one frame at least.
        for _ in 0..random.below(said.lines().count() + 1) {
            if client.frame() == Frame::End {
                break;
            }
        }
        client.reset();
    }
    server.log().wait_for_ended(101);
    let deadline = Instant::now() + PATIENCE;
    while server.open_files() > baseline {
        assert!(Instant::now() < deadline, "{} files stay open", server.open_files());
        bob.send("C WHO");
        while !bob.line().starts_with("C 250 WHO ") {}
    }
    // Whose account was on its way meanwhile has it, or can have it.
    server.connect().dialogue(
        r"> C USER new0
          < C 33…
          > D password
          < C 150 UNREAD 0
          < C 230 USER new0 …",
    );
}
