//! Tests of slow clients: they connect, stay for the given time, and report what became of them.

mod support;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::mpsc;
use std::thread;

use rustix::process::{Pid, Signal, kill_process};
use support::server::{Mischief, Server};
use support::{DEADLINE, finish, loadtest, said, start};

#[test]
fn some_never_read_and_others_send_a_byte_at_a_time() {
    let server = Server::start(Mischief::None).address.to_string();
    let words = ["slow", "--server", &server, "--stalled", "3", "--trickling", "2"];
    let output = loadtest(&[&words[..], &["--period", "10ms", "--duration", "300ms"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let text = said(&output);
    assert!(text.contains("3 clients are logged in and read nothing more"), "{text}");
    let bytes = text.split_once("every 10ms: ").expect("a line of the trickle").1;
    let bytes: u64 = bytes.split_once(' ').unwrap().0.parse().unwrap();
    assert!(bytes > 0, "{text}");
    assert!(text.contains("closed    0 connections"), "{text}");
}

#[test]
fn whoever_is_closed_comes_back_and_the_reasons_are_counted() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (told, came) = mpsc::channel();
    thread::spawn(move || {
        for mut socket in listener.incoming().flatten() {
            // A client that has disconnected meanwhile is not counted.
            let _ = socket.write_all(b"C 220 test/1 1 ready\n");
            let _ = socket.read(&mut [0; 1]);
            let _ = socket.write_all(b"C 421 - Enough !!\n");
            let _ = told.send(());
        }
    });
    let words = ["slow", "--server", &address, "--stalled", "0", "--trickling", "1"];
    let child = start(&[&words[..], &["--period", "20ms", "--duration", "1h"]].concat());
    // The first connection is loadtest's check that there is a server.
    for _ in 0..4 {
        came.recv_timeout(DEADLINE).expect("it comes back");
    }
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    let output = finish(child);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let text = said(&output);
    let count = text.split_once("closed    ").expect("a line of the closed").1;
    let count: u64 = count.split_once(' ').unwrap().0.parse().unwrap();
    assert!(count >= 2, "{text}");
    assert!(text.contains("421 - Enough !!"), "{text}");
}

#[test]
fn more_bytes_than_can_be_sent_in_time_do_not_keep_it_from_its_end() {
    let server = Server::start(Mischief::None).address.to_string();
    let words = ["slow", "--server", &server, "--stalled", "0", "--trickling", "2"];
    let output = loadtest(&[&words[..], &["--period", "1ns", "--duration", "100ms"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let output = loadtest(&[&words[..], &["--period", "0s"]].concat());
    assert_eq!(output.status.code(), Some(64), "{}", said(&output));
}

#[test]
fn a_server_that_is_not_there_is_told() {
    let gone = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().to_string()
    };
    let output = loadtest(&["slow", "--server", &gone]);
    assert_eq!(output.status.code(), Some(69), "{}", said(&output));
}
