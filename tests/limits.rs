//! Every bound on what one peer may take, and that the others don't notice when it is reached.

mod support;

use std::io::Write;
use std::net::Ipv4Addr;
use std::thread;
use std::time::{Duration, Instant};

use support::{Client, Frame, Options, PATIENCE, Random, Server};

const KIB: usize = 1024;
const MIB: u64 = 1024 * 1024;

/// A connection of which nothing was read yet.
fn open(server: &Server) -> Client {
    Client::open(server, &Options::default())
}

fn open_from(server: &Server, from: Ipv4Addr) -> Client {
    Client::open(server, &Options { from, ..Options::default() })
}

/// Two users who talk while something else goes on, and count on every message.
struct Honest {
    alice: Client,
    bob: Client,
    said: usize,
}

impl Honest {
    fn new(server: &Server) -> Self {
        Honest { alice: server.register("alice"), bob: server.register("bob"), said: 0 }
    }

    /// Each says something to the other, and hears it.
    fn talk(&mut self) {
        self.said += 1;
        let text = format!("message {}", self.said);
        self.alice.ask(&format!("D bob {text}"), "C 250 MSG … bob 1 0");
        self.bob.expect(&format!("D … alice bob {text}"));
        self.bob.ask(&format!("D alice {text}"), "C 250 MSG … alice 1 0");
        self.alice.expect(&format!("D … bob alice {text}"));
    }

    /// Talks on until the server has as many files open as `baseline`.
    fn talk_until_closed(&mut self, server: &Server, baseline: usize) {
        let deadline = Instant::now() + PATIENCE;
        while server.open_files() > baseline {
            assert!(Instant::now() < deadline, "{} files stay open", server.open_files());
            self.talk();
        }
    }
}

#[test]
fn one_connection_too_many_is_refused_in_words() {
    let server = Server::start(&["--max-clients", "2"]);
    let mut alice = server.register("alice");
    let bob = server.connect();
    for _ in 0..3 {
        open(&server).expect_closing("C 421 - Connection Limit Exceeded !!");
    }
    server.log().wait_for_count("reason=connection-limit", 3);
    bob.leave();
    // Alice's answer comes after the tick in which bob's place was freed.
    alice.expect_nothing();
    let mut bob = server.register("bob");
    alice.ask("D bob hello", "C 250 MSG … bob 1 0");
    bob.expect("D … alice bob hello");
}

#[test]
fn one_address_has_its_own_limit() {
    let server = Server::start(&["--max-per-address", "2"]);
    let first = server.connect();
    let _second = server.connect();
    open(&server).expect_closing("C 421 - …");
    server.log().wait_for("reason=address-limit");
    let mut elsewhere = open_from(&server, Ipv4Addr::new(127, 0, 0, 2));
    elsewhere.expect("C 220 …");
    first.leave();
    elsewhere.expect_nothing();
    server.connect();
}

#[test]
fn who_is_refused_takes_nobodys_place() {
    for limit in ["--max-clients", "--max-per-address"] {
        let server = Server::start(&[limit, "2"]);
        let mut alice = server.register("alice");
        let bob = server.register("bob");
        // They were told, and stay as long as they can.
        let _refused: Vec<Client> = (0..80)
            .map(|_| {
                let mut client = open(&server);
                assert!(matches!(client.frame(), Frame::Line(_) | Frame::End));
                client
            })
            .collect();
        drop(bob);
        alice.expect_nothing();
        server.login("bob");
    }
}

#[test]
fn too_many_lines_wait_and_none_is_refused() {
    const RATE: usize = 50;
    const COUNT: usize = 160;
    let server = Server::start(&["--rate", &RATE.to_string()]);
    let mut alice = server.register("alice");
    let mut bob = server.register("bob");
    let mut carol = server.register("carol");
    let began = Instant::now();
    let lines: String = (0..COUNT).map(|index| format!("D bob {index}\n")).collect();
    alice.send_bytes(lines.as_bytes());
    // Whoever keeps to the rate does not wait for whoever does not.
    carol.ask("D alice hello", "C 250 MSG … alice 1 0");
    let mut confirmed = 0;
    while confirmed < COUNT {
        let line = alice.line();
        confirmed += usize::from(line.starts_with("C 250 MSG "));
        assert!(line.starts_with("C 250 MSG ") || line.starts_with("D "), "{line}");
    }
    let beyond_burst = Duration::from_secs_f64((COUNT - 2 * RATE) as f64 / RATE as f64);
    assert!(began.elapsed() > beyond_burst / 2, "nothing was held back: {:?}", began.elapsed());
    for index in 0..COUNT {
        bob.expect(&format!("D … alice bob {index}"));
    }
}

#[test]
fn what_waits_for_its_rate_is_answered_before_the_end() {
    const COUNT: usize = 450;
    let server = Server::start(&["--rate", "200"]);
    let mut alice = server.register("alice");
    alice.send_bytes("D * hello\n".repeat(COUNT).as_bytes());
    alice.end_input();
    for _ in 0..COUNT {
        alice.expect("C 250 MSG … * 0 0");
    }
    alice.expect_end();
}

#[test]
fn no_rate_holds_nothing_back() {
    let server = Server::start(&["--rate", "0"]);
    let mut alice = server.register("alice");
    let lines = "?\n".repeat(5000);
    let mut writer = alice.writer();
    let sender = thread::spawn(move || writer.write_all(lines.as_bytes()));
    for _ in 0..5000 {
        alice.expect("C 500 - …");
    }
    sender.join().unwrap().unwrap();
}

#[test]
fn who_never_reads_is_closed_and_the_others_are_served() {
    let server = Server::start(&["--send-queue", "64KiB"]);
    let mut alice = server.register("alice");
    let mut bob = server.register("bob");
    let options = Options { receive_buffer: Some(4 * KIB), ..Options::default() };
    let mut deaf = Client::open(&server, &options);
    deaf.expect("C 220 …");
    deaf.register("deaf");
    bob.watch_presence();
    bob.expect("C 120 ON deaf …");
    let text = "x".repeat(4000);
    let mut sent = 0;
    let closed = (0..10_000).any(|index| {
        alice.ask(&format!("D * {index} {text}"), "C 250 MSG … * … 0");
        sent = index;
        let line = bob.line();
        let left = line.starts_with("C 121 OFF deaf ");
        let message = if left { bob.line() } else { line };
        assert!(message.contains(&format!(" alice * {index} x")), "{message:.60}");
        left
    });
    assert!(closed, "forty megabytes unread, and still served");
    // What arrived is whole, in order and without a gap, up to where it breaks off.
    for index in 0..=sent {
        match deaf.frame() {
            Frame::Line(line) if line.starts_with("D ") => {
                assert!(line.contains(&format!(" alice * {index} x")), "{line:.60}");
            }
            Frame::Line(line) => {
                assert!(line.starts_with("C 421 - "), "{line:.60}");
                deaf.expect_end();
                break;
            }
            Frame::End => break,
            Frame::Chunk(..) => panic!("nobody asked for a file"),
        }
    }
    drop(deaf);
    server.log().wait_for("reason=too-slow");
}

#[test]
fn what_was_asked_for_does_not_count_as_slow() {
    const LINES: usize = 3000;
    let server = Server::start(&["--send-queue", "64KiB"]);
    let mut alice = server.register("alice");
    let mut bob = server.register("bob");
    let mut writer = alice.writer();
    // The answers are some megabytes; they are made as they are read.
    let requests = "C HELP\n".repeat(LINES);
    let sender = thread::spawn(move || writer.write_all(requests.as_bytes()));
    for round in 0..20 {
        bob.ask(&format!("D alice {round}"), "C 250 MSG … alice 1 0");
    }
    let (mut lists, mut messages) = (0, 0);
    while lists < LINES || messages < 20 {
        let line = alice.line();
        lists += usize::from(line.starts_with("C 250 HELP"));
        messages += usize::from(line.starts_with("D "));
    }
    sender.join().unwrap().unwrap();
}

#[test]
fn the_login_timeout_does_not_start_anew() {
    let server = Server::start(&["--login-timeout", "1s"]);
    let mut client = server.connect();
    let began = Instant::now();
    let last = loop {
        client.send("?");
        let line = client.line();
        if !line.starts_with("C 500 - ") {
            break line;
        }
        assert!(began.elapsed() < Duration::from_secs(8), "talking keeps the connection open");
    };
    assert!(last.starts_with("C 421 - "), "{last}");
}

#[test]
fn who_says_nothing_for_the_idle_timeout_is_closed() {
    let server = Server::start(&["--idle-timeout", "500ms"]);
    let alice = server.register("alice");
    alice.expect_closing("C 421 - …");
    server.log().wait_for("reason=idle-timeout");
}

#[test]
fn five_hundred_that_send_random_bytes_harm_nobody() {
    let mut random = Random::new();
    let server = Server::start(&[]);
    let mut honest = Honest::new(&server);
    let baseline = server.open_files();
    let before = server.resident_bytes();
    for _ in 0..5 {
        let mut hostile: Vec<Client> = (0..100).map(|_| open(&server)).collect();
        for client in &mut hostile {
            let mut bytes = random.bytes(4 * KIB);
            for _ in 0..100 {
                let at = random.below(bytes.len() - 3);
                bytes[at..at + 3].copy_from_slice([b"\nC ", b"\nD ", b"\nX\n"][random.below(3)]);
            }
            // The answers wait unread while this is sent, and are less than the system buffers.
            client.send_bytes(&bytes);
            honest.talk();
        }
    }
    honest.talk_until_closed(&server, baseline);
    let grown = server.resident_bytes_max() - before;
    assert!(grown < 64 * MIB, "{} MiB more than before", grown / MIB);
}

#[test]
fn five_hundred_that_send_a_byte_at_a_time_are_served_too() {
    const COUNT: usize = 500;
    let server = Server::start(&[]);
    let mut honest = Honest::new(&server);
    let baseline = server.open_files();
    let mut slow: Vec<Client> = (0..COUNT).map(|_| open(&server)).collect();
    let lines: Vec<String> = (0..COUNT).map(|index| format!("C USER u{index:03}\n")).collect();
    for at in 0..lines[0].len() {
        for (client, line) in slow.iter_mut().zip(&lines) {
            client.send_bytes(&line.as_bytes()[at..=at]);
        }
        honest.talk();
    }
    for (index, client) in slow.iter_mut().enumerate() {
        client.expect("C 220 …");
        client.expect(&format!("C 332 USER u{index:03} …"));
    }
    drop(slow);
    honest.talk_until_closed(&server, baseline);
}

#[test]
fn a_hundred_that_never_read_cost_bounded_memory() {
    const COUNT: usize = 100;
    let server = Server::start(&["--send-queue", "64KiB"]);
    server.write_file("big", vec![7; 8 << 20]);
    let mut honest = Honest::new(&server);
    let baseline = server.open_files();
    let options = Options { receive_buffer: Some(4 * KIB), ..Options::default() };
    let before = server.resident_bytes();
    let mut deaf: Vec<Client> = (0..COUNT)
        .map(|index| {
            let mut client = Client::open(&server, &options);
            client.expect("C 220 …");
            client.register(&format!("deaf{index}"));
            client.send_bytes("C GET 0 big\nC HELP\nC WHO\nC LS\n".repeat(20).as_bytes());
            client
        })
        .collect();
    let text = "x".repeat(4000);
    for round in 0..200 {
        honest.alice.ask(&format!("D * {round} {text}"), "C 250 MSG … * … 0");
        honest.bob.expect(&format!("D … alice * {round} {text}"));
        honest.talk();
    }
    let grown = server.resident_bytes_max() - before;
    assert!(grown < 64 * MIB, "{} MiB more than before", grown / MIB);
    for client in deaf.drain(..) {
        client.reset();
    }
    honest.talk_until_closed(&server, baseline);
}

#[test]
fn a_line_that_never_ends_costs_no_memory() {
    let server = Server::start(&[]);
    let mut honest = Honest::new(&server);
    let before = server.resident_bytes();
    let mut endless: Vec<Client> = (0..20).map(|_| open(&server)).collect();
    let block = vec![b'x'; 256 * KIB];
    for _ in 0..16 {
        for client in &mut endless {
            client.send_bytes(&block);
        }
        honest.talk();
    }
    let grown = server.resident_bytes_max() - before;
    assert!(grown < 16 * MIB, "{} MiB more than before", grown / MIB);
    for client in &mut endless {
        client.send_bytes(b"\n");
        client.expect("C 220 …");
        client.expect("C 50… - …");
    }
}

#[test]
fn a_flood_of_requests_leaves_room_for_the_others() {
    let server = Server::start(&[]);
    let mut honest = Honest::new(&server);
    let mut flood = server.register("flood");
    let mut writer = flood.writer();
    let sender = thread::spawn(move || writer.write_all("?\n".repeat(50_000).as_bytes()));
    for _ in 0..50 {
        honest.talk();
    }
    for _ in 0..50_000 {
        flood.expect("C 500 - …");
    }
    sender.join().unwrap().unwrap();
}

#[test]
fn connections_that_come_and_go_leave_nothing_behind() {
    let server = Server::start(&[]);
    let mut honest = Honest::new(&server);
    let baseline = server.open_files();
    for round in 0..300 {
        let mut client = open(&server);
        match round % 4 {
            0 => client.reset(),
            1 => drop(client),
            2 => {
                client.send_bytes(b"C USER nob");
                client.end_input();
                client.expect("C 220 …");
                client.expect_end();
            }
            _ => {
                client.send("C EX");
                client.expect("C 220 …");
                client.expect_closing("C 221 …");
            }
        }
    }
    server.log().wait_for_count("reason=", 300);
    honest.talk_until_closed(&server, baseline);
    assert_eq!(honest.alice.list("C WHO").len(), 2);
}

#[test]
fn a_reset_in_the_middle_of_an_answer_harms_nobody() {
    let server = Server::start(&[]);
    server.write_file("big", vec![7; 16 << 20]);
    let mut honest = Honest::new(&server);
    let baseline = server.open_files();
    server.register("reader");
    for _ in 0..20 {
        let mut client = server.connect();
        client.ask("C USER reader TAKEOVER", "C 331 USER …");
        client.give_password("reader");
        client.send("C GET 0 big");
        client.expect("C 250 GET 1 … big");
        client.frame();
        client.send_bytes("C HELP\n".repeat(100).as_bytes());
        client.reset();
        honest.talk();
    }
    honest.talk_until_closed(&server, baseline);
}
