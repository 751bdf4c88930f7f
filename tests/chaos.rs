//! Everything at once: clients that come, talk, download, misbehave and go at random, take over
//! each other's sessions and leave in the middle of anything. Each holds what it reads to be whole
//! frames and whole lists; the server's own assertions hold the rest. `CHATSRV_TEST_STEPS` makes it
//! last longer.

mod support;

use std::io;
use std::thread;
use std::time::Instant;

use support::{Client, Frame, Options, PATIENCE, Random, Server, password_of};

/// What is said; `%` is a number up to 20.
const LINES: [&str; 22] = [
    "C WHO",
    "C HELP",
    "C LS",
    "C LS folder",
    "C GET 0 large",
    "C GET 0 large",
    "C GET 1% small",
    "C GET 0 folder/%",
    "C SUM large",
    "C SUM small",
    "C ABORT %",
    "C ABORT %",
    "C NICK name %",
    "C QUIET on",
    "C QUIET off",
    "C PM",
    "C DM",
    "D * hello %",
    "D user% hello",
    // Another command follows, or else the next message would be a wrong password.
    "C USER user% TAKEOVER\nC WHO",
    "C \u{1b}[2J",
    "%",
];

/// Somebody who acts at random.
struct Actor<'a> {
    server: &'a Server,
    random: Random,
    client: Client,
    connections: usize,
}

impl<'a> Actor<'a> {
    fn new(server: &'a Server, seed: u64) -> Self {
        let client = server.open();
        Actor { server, random: Random::with_seed(seed), client, connections: 1 }
    }

    fn act(&mut self) -> io::Result<()> {
        match self.random.below(12) {
            0 => self.come_back(),
            1 => self.log_in(),
            2 => self.client.try_send(&[b'x'; 5000]),
            3 => self.client.try_send(b"D * half a li"),
            4..=7 => self.read_all(),
            _ => self.say(),
        }
    }

    /// Leaves in one way or another.
    fn come_back(&mut self) -> io::Result<()> {
        let receive_buffer = [None, Some(4096)][self.random.below(2)];
        let options = Options { receive_buffer, ..Options::default() };
        let mut old = std::mem::replace(&mut self.client, Client::open(self.server, &options));
        self.connections += 1;
        match self.random.below(4) {
            0 => old.reset(),
            1 => old.try_send(b"\nC EX\n")?,
            2 => old.end_input(),
            _ => drop(old),
        }
        Ok(())
    }

    fn log_in(&mut self) -> io::Result<()> {
        let name = format!("user{}", self.random.below(5));
        let text = format!("\nC USER {name} TAKEOVER\nD {}\n", password_of("user"));
        self.client.try_send(text.as_bytes())
    }

    /// Says some lines, in pieces.
    fn say(&mut self) -> io::Result<()> {
        let mut text = String::new();
        for _ in 0..1 + self.random.below(20) {
            let line = LINES[self.random.below(LINES.len())];
            text += &line.replace('%', &self.random.below(20).to_string());
            text.push('\n');
        }
        let longest = 1 + self.random.below(300);
        let pieces = self.random.pieces(text.as_bytes(), longest);
        pieces.into_iter().try_for_each(|piece| self.client.try_send(piece))
    }

    /// Reads all that was asked for so far.
    fn read_all(&mut self) -> io::Result<()> {
        self.client.try_send(b"\n\xff marker\n")?;
        loop {
            match self.client.try_frame()? {
                Frame::Line(line) if line == "C 500 - a line starts with C, D or F" => {
                    return Ok(());
                }
                Frame::End => return Err(io::ErrorKind::UnexpectedEof.into()),
                _ => {}
            }
        }
    }
}

/// Acts so often; returns how many connections that took.
fn run(server: &Server, seed: u64, steps: usize) -> usize {
    let mut actor = Actor::new(server, seed);
    for _ in 0..steps {
        // Whoever was closed comes back.
        if actor.act().is_err() {
            actor.client = server.open();
            actor.connections += 1;
        }
    }
    actor.connections
}

#[test]
fn whatever_anybody_does_the_server_serves() {
    const ACTORS: usize = 6;
    let steps = std::env::var("CHATSRV_TEST_STEPS").map_or(150, |steps| steps.parse().unwrap());
    let mut random = Random::new();
    let server =
        Server::start(&["--public-files", "--send-queue", "64KiB", "--exempt", "127.0.0.0/8"]);
    server.write_file("large", vec![7; 2_000_000]);
    server.write_file("small", "content");
    for index in 0..20 {
        server.write_file(&format!("folder/{index}"), "1");
    }
    let baseline = server.open_files();
    let seeds: Vec<u64> = (0..ACTORS).map(|_| random.bits()).collect();
    let connections: usize = thread::scope(|scope| {
        let server = &server;
        let run = |seed| scope.spawn(move || run(server, seed, steps));
        let actors: Vec<_> = seeds.into_iter().map(run).collect();
        actors.into_iter().map(|actor| actor.join().unwrap()).sum()
    });
    server.log().wait_for_ended(connections);
    assert_eq!(server.log().ended(), connections, "each connection ends once");
    let (mut alice, mut bob) = (server.register("alice"), server.register("bob"));
    let deadline = Instant::now() + PATIENCE;
    while server.open_files() > baseline + 2 {
        assert!(Instant::now() < deadline, "{} files stay open", server.open_files());
        assert_eq!(alice.list("C WHO").len(), 2);
    }
    alice.ask("D * are we alone?", "C 250 MSG … * 1 0");
    bob.expect("D … alice * are we alone?");
}
