//! Nothing confirmed is ever lost: the server is killed at a random moment while clients send as
//! fast as they are confirmed, and what was confirmed is there when it has started again.

mod support;

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::sync::mpsc::{Sender, channel};
use std::thread;

use support::{Client, Frame, PATIENCE, Random, Server};

/// How often the server is killed, where `CHATSRV_CRASH_ROUNDS` does not say.
const ROUNDS: u32 = 5;
/// Who sends: each to the next one, who is online, and to [`READER`], who is not.
const WRITERS: [&str; 3] = ["alice", "bob", "carol"];
const READER: &str = "dave";
/// How many messages a client has under way.
const WINDOW: u32 = 32;
/// The server is killed before so many confirmations came.
const CONFIRMATIONS_MAX: usize = 4_000;

/// A message: its id where it is known, its round, and its place among those of its sender.
type Said = (u64, u32, u32);

/// From whom, and to whom.
type Pair = (&'static str, &'static str);

/// What one client sent in a round.
struct Sent {
    /// How many messages, at most; some of them may not have reached the server.
    count: u32,
    confirmed: Vec<(Pair, Said)>,
}

fn target(writer: usize, place: u32) -> &'static str {
    if place.is_multiple_of(2) { READER } else { WRITERS[(writer + 1) % WRITERS.len()] }
}

/// Sends until the connection breaks, and tells `confirmed` of each confirmation.
fn send_all(writer: usize, round: u32, mut stream: TcpStream, confirmed: &Sender<()>) -> Sent {
    let mut sent = Sent { count: 0, confirmed: Vec::new() };
    let mut lines = BufReader::new(stream.try_clone().expect("a second handle")).lines();
    loop {
        let mut batch = String::new();
        while sent.count - (sent.confirmed.len() as u32) < WINDOW {
            batch += &format!("D {} {round} {}\n", target(writer, sent.count), sent.count);
            sent.count += 1;
        }
        if stream.write_all(batch.as_bytes()).is_err() {
            return sent;
        }
        let Some(Ok(line)) = lines.next() else { return sent };
        let words: Vec<&str> = line.split(' ').collect();
        // What the others send comes between.
        let ["C", code, "MSG", id, to, ..] = words[..] else { continue };
        assert!(["250", "251"].contains(&code), "{line}");
        let place = sent.confirmed.len() as u32;
        let receiver = target(writer, place);
        assert_eq!(to, receiver, "confirmations come in order");
        let id = id.parse().expect("an id");
        sent.confirmed.push(((WRITERS[writer], receiver), (id, round, place)));
        // Nobody counts any more once the server is killed.
        let _ = confirmed.send(());
    }
}

/// Lets all writers send, kills the server at a random moment, and starts it again.
fn crash(server: &mut Server, round: u32, random: &mut Random) -> Vec<Sent> {
    let (confirmed, confirmations) = channel();
    let clients: Vec<Client> = WRITERS.iter().map(|name| server.login(name)).collect();
    let senders: Vec<_> = clients
        .iter()
        .enumerate()
        .map(|(writer, client)| {
            let (stream, confirmed) = (client.writer(), confirmed.clone());
            thread::spawn(move || send_all(writer, round, stream, &confirmed))
        })
        .collect();
    for _ in 0..=random.below(CONFIRMATIONS_MAX) {
        confirmations.recv_timeout(PATIENCE).expect("the server confirms");
    }
    server.crash_and_restart();
    senders.into_iter().map(|sender| sender.join().expect("no writer fails")).collect()
}

/// Opens a chat step by step, and marks what came as read.
fn open(client: &mut Client, from: &str) -> Vec<Said> {
    let mut all = Vec::new();
    loop {
        client.send(&format!("C OPEN {from}"));
        let count: u32 = client.expect("C 150 OPEN …")[0].parse().expect("a count");
        let messages: Vec<Said> = (0..count).map(|_| message(client)).collect();
        client.expect(&format!("C 250 OPEN {from} …"));
        let Some((last, ..)) = messages.last() else { return all };
        client.ask(&format!("C SEEN {from} {last}"), "C 250 SEEN…");
        all.extend(messages);
    }
}

fn message(client: &mut Client) -> Said {
    let Frame::Line(line) = client.frame() else { client.fail("a message was due") };
    let words: Vec<&str> = line.split(' ').collect();
    let ["D", id, _, _, round, place] = words[..] else { client.fail("that is no message") };
    let number = |word: &str| word.parse().expect("a number");
    (id.parse().expect("an id"), number(round), number(place))
}

/// Holds that what a reader got is in order, once, was sent, and holds all that was confirmed.
fn check(pair: Pair, received: &[Said], sent: &[Sent], writer: usize) {
    for both in received.windows(2) {
        let ((one, _, before), (other, _, after)) = (both[0], both[1]);
        assert!(one < other && before < after, "{pair:?}: {both:?}");
    }
    assert!(received.iter().all(|(_, _, place)| *place < sent[writer].count), "{pair:?}");
    let found: HashMap<u64, Said> = received.iter().map(|said| (said.0, *said)).collect();
    for (of, said) in &sent[writer].confirmed {
        if *of == pair {
            assert_eq!(found.get(&said.0), Some(said), "{pair:?}: confirmed and lost");
        }
    }
}

#[test]
fn what_was_confirmed_survives_a_kill() {
    let rounds = std::env::var("CHATSRV_CRASH_ROUNDS").map_or(ROUNDS, |n| n.parse().unwrap());
    let mut random = Random::new();
    let mut server = Server::start(&["--presence-limit", "0"]);
    for name in WRITERS.into_iter().chain([READER]) {
        server.register(name).ask("C EX", "C 221…");
    }
    let mut confirmed = 0;
    let mut newest = 0;
    for round in 1..=rounds {
        let sent = crash(&mut server, round, &mut random);
        for reader in WRITERS.into_iter().chain([READER]) {
            let mut client = server.login(reader);
            for (writer, from) in WRITERS.into_iter().enumerate() {
                let received = if from == reader { Vec::new() } else { open(&mut client, from) };
                assert!(received.iter().all(|(id, of, _)| *id > newest && *of == round));
                check((from, reader), &received, &sent, writer);
            }
            client.ask("C EX", "C 221…");
        }
        let ids = sent.iter().flat_map(|sent| &sent.confirmed).map(|(_, (id, ..))| *id);
        newest = ids.max().expect("something was confirmed");
        confirmed += sent.iter().map(|sent| sent.confirmed.len()).sum::<usize>();
    }
    println!("{rounds} rounds, {confirmed} messages confirmed, none lost");
}
