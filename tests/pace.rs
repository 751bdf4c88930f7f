//! What one user may take of the loop: more than that is read later, and nothing of it is refused
//! or lost.

mod support;

use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};

use support::{Client, Options, Server};

/// Lines a second, with a burst of twice as many.
const RATE: usize = 20;

/// How long so many lines take at least, all of which come at once.
fn time_for(lines: usize) -> Duration {
    Duration::from_secs_f64((lines - 2 * RATE) as f64 / RATE as f64)
}

/// Holds that alice is answered no sooner than so many lines are due, if she sends `bytes` at once
/// and a bad line behind them, and that bob does not wait for her.
fn waits_for_lines(server: &Server, alice: &mut Client, bytes: &[u8], lines: usize) {
    let mut bob = server.connect();
    let began = Instant::now();
    alice.send_bytes(&[bytes, b"?\n"].concat());
    bob.expect_nothing();
    while !alice.line().starts_with("C 500 - ") {}
    let time = began.elapsed();
    assert!(time > time_for(lines) / 2, "nothing was held back: {time:?}");
}

#[test]
fn a_list_costs_a_line_for_each_16_kib_of_it() {
    const LISTS: usize = 6;
    const FILES: usize = 1000;
    let server = Server::start(&["--rate", &RATE.to_string()]);
    let name = "x".repeat(240);
    for number in 0..FILES {
        server.write_file(&format!("{name}{number}"), "");
    }
    let mut alice = server.register("alice");
    let items = alice.list("C LS");
    let bytes: usize = items.iter().map(|item| "C 151 LS ".len() + item.len()).sum();
    let lines = LISTS * (1 + bytes / (16 * 1024));
    assert!(lines > 3 * RATE);
    waits_for_lines(&server, &mut alice, "C LS\n".repeat(LISTS).as_bytes(), lines);
}

#[test]
fn an_empty_line_costs_a_line() {
    let server = Server::start(&["--rate", &RATE.to_string()]);
    let mut alice = server.register("alice");
    waits_for_lines(&server, &mut alice, "\n\r\n".repeat(2 * RATE).as_bytes(), 4 * RATE);
}

#[test]
fn a_chunk_of_a_stream_that_is_over_costs_a_line_and_any_other_costs_nothing() {
    let server = Server::start(&["--rate", &RATE.to_string()]);
    let mut alice = server.register("alice");
    let size = 1000 * RATE;
    alice.ask(&format!("C PUT {size} notes"), "C 250 PUT 1 0");
    let began = Instant::now();
    alice.send_bytes("F 1 1\nx".repeat(size).as_bytes());
    alice.send("F 1 0");
    alice.expect("C 126 PUT 1 … notes");
    assert!(began.elapsed() < time_for(size), "chunks were counted");
    let stray = "F 1 1\nxF 1 0\n".repeat(2 * RATE);
    waits_for_lines(&server, &mut alice, stray.as_bytes(), 4 * RATE);
}

/// The id in a confirmation, which is the time at which the server took the message, in
/// microseconds.
fn confirmed(client: &mut Client) -> u64 {
    client.expect("C 25… MSG … …").remove(1).parse().expect("an id")
}

#[test]
fn what_a_user_says_beyond_the_rate_is_taken_later_whatever_the_session() {
    const LINES: usize = 44;
    let server = Server::start(&["--rate", "1000000", "--speech-rate", "64KiB"]);
    let mut alice = server.register("alice");
    let mut beside = server.connect();
    beside.login_beside("alice");
    beside.ask("C MORE off", "C 250 MORE …");
    let mut bob = server.register("bob");
    let mut carol = server.register("carol");
    let text = "x".repeat(4000);
    let line = |number: usize| format!("D bob {number} {text}\n");
    alice.send_bytes((0..LINES).map(line).collect::<String>().as_bytes());
    beside.send_bytes((0..LINES).map(line).collect::<String>().as_bytes());
    carol.expect_nothing();
    let mut ids: Vec<u64> = (0..LINES).map(|_| confirmed(&mut alice)).collect();
    ids.extend((0..LINES).map(|_| confirmed(&mut beside)));
    ids.sort_unstable();
    // Beyond the burst that is 88 KiB, but for the last line.
    let time = Duration::from_micros(ids[2 * LINES - 1] - ids[0]);
    assert!(time > Duration::from_millis(1100), "nothing was held back: {time:?}");
    for id in ids {
        bob.expect(&format!("D {id} alice bob … {text}"));
    }
}

#[test]
fn who_alone_fills_the_queue_of_a_slow_reader_waits_and_nobody_else_does() {
    const LINES: usize = 60;
    let server = Server::start(&["--send-queue", "64KiB"]);
    let mut alice = server.register("alice");
    let mut carol = server.register("carol");
    let options = Options { receive_buffer: Some(4096), ..Options::default() };
    let mut bob = Client::open(&server, &options);
    bob.expect("C 220 …");
    bob.register("bob");
    alice.send_bytes(format!("D bob {}\n", "x".repeat(4000)).repeat(LINES).as_bytes());
    let all =
        thread::spawn(move || -> Vec<u64> { (0..LINES).map(|_| confirmed(&mut alice)).collect() });
    let mut meanwhile = Vec::new();
    while !all.is_finished() {
        carol.send("D carol hello");
        meanwhile.push(confirmed(&mut carol));
    }
    let ids = all.join().expect("alice is answered");
    server.log().wait_for("reason=too-slow");
    let waited = ids.windows(2).max_by_key(|pair| pair[1] - pair[0]).expect("two lines");
    let time = Duration::from_micros(waited[1] - waited[0]);
    assert!(time > Duration::from_millis(4900), "alice did not wait: {time:?}");
    let others = meanwhile.iter().filter(|id| (waited[0]..waited[1]).contains(id)).count();
    assert!(others > 10, "carol waited too");
}

#[test]
fn who_waits_for_a_slow_reader_goes_on_as_it_reads_and_nothing_is_lost() {
    const LINES: usize = 500;
    let server = Server::start(&["--send-queue", "64KiB"]);
    let mut alice = server.register("alice");
    let options = Options { receive_buffer: Some(4096), ..Options::default() };
    let mut bob = Client::open(&server, &options);
    bob.expect("C 220 …");
    bob.register("bob");
    let text = "x".repeat(4000);
    let mut writer = alice.writer();
    let lines: String = (0..LINES).map(|number| format!("D bob {number} {text}\n")).collect();
    let sender = thread::spawn(move || writer.write_all(lines.as_bytes()));
    for number in 0..LINES {
        bob.expect(&format!("D … alice bob {number} {text}"));
    }
    sender.join().expect("it does not panic").expect("the server reads");
    for _ in 0..LINES {
        confirmed(&mut alice);
    }
    bob.expect_nothing();
}
