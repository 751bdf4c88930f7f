//! Peers that mean harm, and honest ones who must not notice.

mod support;

use std::fs::File;
use std::io::Write;
use std::process::Command;
use std::thread;
use std::time::Instant;

use socket2::SockRef;
use support::{Client, Frame, Options, PATIENCE, Random, Server, command, password_of};

const KIB: usize = 1024;
const MIB: u64 = 1024 * 1024;

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
fn five_hundred_that_send_random_bytes_harm_nobody() {
    let mut random = Random::new();
    let server = Server::start(&[]);
    let mut honest = Honest::new(&server);
    let baseline = server.open_files();
    let before = server.resident_bytes();
    for _ in 0..5 {
        let mut hostile: Vec<Client> = (0..100).map(|_| server.open()).collect();
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
    let mut slow: Vec<Client> = (0..COUNT).map(|_| server.open()).collect();
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
    let mut endless: Vec<Client> = (0..20).map(|_| server.open()).collect();
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
fn urgent_data_is_data() {
    let server = Server::start(&[]);
    let mut honest = Honest::new(&server);
    let mut urgent = server.connect();
    for _ in 0..3 {
        SockRef::from(urgent.transport().socket()).send_out_of_band(b"?").unwrap();
        honest.talk();
        urgent.send_bytes(b"\n");
        urgent.expect("C 500 - …");
    }
}

#[test]
fn connections_that_come_and_go_leave_nothing_behind() {
    let server = Server::start(&[]);
    let mut honest = Honest::new(&server);
    let baseline = server.open_files();
    for round in 0..300 {
        let mut client = server.open();
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
    server.log().wait_for_ended(300);
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

#[test]
fn whoever_waits_for_something_costs_no_time() {
    let server = Server::start(&["--public-files", "--login-timeout", "4s", "--rate", "10"]);
    server.write_file("large", vec![7; 32 << 20]);
    File::create(server.files().join("huge")).unwrap().set_len(1 << 40).unwrap();
    let narrow = Options { receive_buffer: Some(4 * KIB), ..Options::default() };
    let user = |name: &str| {
        let mut client = Client::open(&server, &narrow);
        client.expect("C 220 …");
        client.register(name);
        client
    };
    // Each waits in another way: for its reader, for the rate, for a sum, for the end of all that.
    let mut waiting: Vec<Client> = ["u0", "u1", "u2", "u3", "u4", "u5"].map(user).into();
    waiting[0].send("C GET 0 large");
    waiting[1].send("C GET 0 large");
    waiting[1].end_input();
    waiting[2].send_bytes("?\n".repeat(100).as_bytes());
    waiting[3].send_bytes("?\n".repeat(100).as_bytes());
    waiting[3].end_input();
    waiting[4].send("C SUM huge");
    waiting[5].send("C SUM huge");
    waiting[5].end_input();
    // These are gone while the server has something for them, or waits for something itself.
    for (name, line) in [("v0", "C GET 0 large"), ("v1", "C SUM huge"), ("v2", "F")] {
        let mut client = user(name);
        client.send(line);
        client.reset();
    }
    let mut lingering = user("v3");
    lingering.send("F");
    let mut clock = server.connect();
    clock.expect_nothing();
    let before = server.loop_time();
    clock.expect_closing("C 421 - …");
    let used = server.loop_time() - before;
    assert!(used.as_millis() < 200, "the loop turned for {used:?} of a second");
}

/// A server for which the shell has set limits.
fn server_under(limits: &str, args: &[&str]) -> Server {
    let folder = tempfile::tempdir().unwrap();
    let server = command(&folder.path().join("data"), args);
    let mut limited = Command::new("/bin/sh");
    limited.args(["-c", &format!("{limits} && exec \"$@\""), "sh"]);
    limited.arg(server.get_program()).args(server.get_args());
    Server::spawn(limited, folder, args)
}

#[test]
fn a_disk_that_takes_no_more_refuses_what_is_new_and_loses_nothing() {
    // No file may grow beyond so many blocks of 512 bytes; the signal for it is ignored, so that
    // writing fails.
    let mut server = server_under("trap '' XFSZ && ulimit -f 600", &[]);
    let mut honest = Honest::new(&server);
    let mut known = Vec::new();
    let refused = (0..1000).find_map(|index| {
        let mut client = server.connect();
        let name = format!("user{index}");
        client.ask(&format!("C USER {name}"), "C 332 USER …");
        client.send(&format!("D {}", password_of(&name)));
        let line = client.line();
        if line != "C 150 UNREAD 0" {
            return Some((name, line));
        }
        client.expect("C 230 USER …");
        client.leave();
        known.push(name);
        None
    });
    let (name, line) = refused.expect("a thousand accounts, and the disk takes more");
    assert!(line.starts_with("C 45"), "{line}");
    honest.alice.ask("D bob can this be kept?", "C 45… MSG …");
    drop(honest);
    server.restart();
    for name in &known {
        server.login(name).leave();
    }
    server.register(&name);
}

#[test]
fn the_limit_of_open_files_is_a_limit_of_connections() {
    let server = server_under("ulimit -n 300", &[]);
    let mut honest = Honest::new(&server);
    let mut others: Vec<Client> = (0..300).map(|_| server.open()).collect();
    let lines: Vec<Frame> = others.iter_mut().map(Client::frame).collect();
    let greeted = Frame::Line("C 220 chatsrv/0.1.0 1 ready".into());
    let refused = Frame::Line("C 421 - Connection Limit Exceeded !!".into());
    let count = |what: &Frame| lines.iter().filter(|line| *line == what).count();
    assert!(count(&greeted) > 10 && count(&refused) > 10, "{lines:?}");
    assert_eq!(count(&greeted) + count(&refused) + count(&Frame::End), others.len());
    honest.talk();
    drop(others);
    honest.talk();
    server.connect();
}

#[test]
fn who_downloads_takes_no_place_of_those_who_talk() {
    // Thirty-nine connections there may be, and each may download sixteen files.
    let server = server_under("ulimit -n 300", &["--quota", "5000"]);
    server.write_file("large", vec![7; 8 << 20]);
    let mut honest = Honest::new(&server);
    let baseline = server.open_files();
    let options = Options { receive_buffer: Some(4 * KIB), ..Options::default() };
    let hogs: Vec<Client> = (0..30)
        .map(|index| {
            let mut hog = Client::open(&server, &options);
            hog.expect("C 220 …");
            hog.register(&format!("hog{index}"));
            hog.send_bytes("C GET 0 large\n".repeat(16).as_bytes());
            honest.talk();
            hog
        })
        .collect();
    honest.alice.ask("C GET 0 large", "C 450 GET …");
    honest.alice.ask("C PUT 5000 refused", "C 450 PUT …");
    server.connect();
    drop(hogs);
    server.log().wait_for_ended(31);
    // A chunk that is being read when its connection ends keeps its file open until it is read.
    honest.talk_until_closed(&server, baseline);
    assert_eq!(honest.alice.download(0, "large").0, 8 << 20);
    // What was refused counts to nobody's quota.
    honest.alice.ask("C PUT 5000 taken", "C 250 PUT … 0");
}

#[test]
fn without_a_file_descriptor_left_those_who_come_wait() {
    let server = Server::start(&[]);
    let mut alice = server.register("alice");
    server.limit_files(Some(3));
    let mut others: Vec<Client> = (0..60).map(|_| server.open()).collect();
    server.log().wait_for("event=not-accepting");
    alice.expect_nothing();
    server.limit_files(None);
    for other in &mut others {
        other.expect("C 220 …");
    }
    alice.expect_nothing();
    drop((alice, others));
    server.log().wait_for("event=accepting-again");
    // It is told when that begins and ends, not for as long as it lasts.
    let told = server.log().wait_for_count("event=not-accepting", 1).len();
    assert!(told < 20, "the log says {told} times that no connection is taken");
}

#[test]
fn who_speaks_another_protocol_is_told_so() {
    let server = Server::start(&[]);
    let tls_hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";
    let cases: [(&[u8], &str); 2] = [(b"GET / HTTP/1.1\r\n\r\n", "http"), (tls_hello, "tls")];
    for (first, reason) in cases {
        let mut client = server.connect();
        client.send_bytes(first);
        client.expect_closing("C 421 - this …");
        server.log().wait_for(&format!("reason={reason}"));
    }
    let mut later = server.register("alice");
    later.ask("GET / HTTP/1.1", "C 500 - …");
}
