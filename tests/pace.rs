//! What one user may take of the loop: more than that is read later, and nothing of it is refused
//! or lost.

mod support;

use std::time::{Duration, Instant};

use support::{Client, Server};

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
