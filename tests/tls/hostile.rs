//! Peers that do not keep to TLS, or all come at once.

use std::io::{self, Read, Write};
use std::net::TcpStream;

use rustix::process::Signal;

use super::Secure;
use super::support::{Client, Options, PATIENCE, Random};

/// A socket that speaks nothing yet.
fn socket(secure: &Secure) -> TcpStream {
    let socket = Client::socket(secure.server.tls_address(), &Options::default());
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

/// The first flight of a client.
fn hello(secure: &Secure) -> Vec<u8> {
    let mut bytes = Vec::new();
    secure.trust.session().write_tls(&mut bytes).unwrap();
    bytes
}

/// Reads to the end, whichever it is.
fn read_out(mut socket: TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Err(error) = socket.read_to_end(&mut bytes) {
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset, "{error}");
    }
    bytes
}

#[test]
fn a_handshake_may_come_a_byte_at_a_time() {
    let secure = Secure::start(&[]);
    let mut socket = socket(&secure);
    let mut session = secure.trust.session();
    while session.is_handshaking() || session.wants_write() {
        let mut flight = Vec::new();
        while session.wants_write() {
            session.write_tls(&mut flight).unwrap();
        }
        for byte in flight {
            socket.write_all(&[byte]).unwrap();
        }
        if session.is_handshaking() {
            assert!(session.read_tls(&mut socket).unwrap() > 0, "the server ended it");
            session.process_new_packets().unwrap();
        }
    }
    let stream = rustls::StreamOwned::new(session, socket);
    let mut client = Client::over_tls(&secure.server, stream);
    client.expect("C 220 …");
    client.register("alice");
    client.leave();
}

#[test]
fn random_bytes_and_broken_handshakes_harm_nobody() {
    let mut random = Random::new();
    let secure = Secure::start(&[]);
    let mut alice = secure.register("alice");
    let baseline = secure.server.open_files();
    let hello = hello(&secure);
    for round in 0..200 {
        let mut bytes = hello.clone();
        match round % 4 {
            0 => bytes = random.bytes(4096),
            1 => bytes.truncate(random.below(hello.len())),
            // Behind the header of the record, so that it is TLS and wrong.
            2 => {
                let at = 5 + random.below(hello.len() - 5);
                bytes[at] ^= 1 << random.below(8);
            }
            _ => bytes.extend(random.bytes(2048)),
        }
        let mut socket = socket(&secure);
        // The server may have ended it by then.
        let _ = socket.write_all(&bytes);
        let _ = socket.shutdown(std::net::Shutdown::Write);
        read_out(socket);
        alice.expect_nothing();
    }
    let deadline = std::time::Instant::now() + PATIENCE;
    while secure.server.open_files() > baseline {
        assert!(std::time::Instant::now() < deadline, "connections stay");
        alice.expect_nothing();
    }
    assert!(secure.figure("chatsrv_tls_handshakes_total{result=\"failed\"}") > 0);
}

#[test]
fn a_handshake_has_a_length() {
    let secure = Secure::start(&[]);
    let mut socket = socket(&secure);
    // A hello of 60 KiB, of which not all comes: in records of 8 KiB.
    let mut bytes = Vec::new();
    for record in 0..4 {
        bytes.extend([22, 3, 1, 0x20, 0]);
        let start = bytes.len();
        bytes.resize(start + 0x2000, 0);
        if record == 0 {
            bytes[start..start + 4].copy_from_slice(&[1, 0, 0xf0, 0]);
        }
    }
    let _ = socket.write_all(&bytes);
    read_out(socket);
    secure.server.log().wait_for("tls=true reason=tls-failed");
}

#[test]
fn what_is_no_record_ends_the_session_with_an_alert() {
    let secure = Secure::start(&[]);
    let mut alice = secure.register("alice");
    let mut raw = alice.writer();
    raw.write_all(&[23, 3, 3, 0, 32]).unwrap();
    raw.write_all(&[0; 32]).unwrap();
    let error = alice.try_frame().unwrap_err();
    assert!(error.to_string().contains("BadRecordMac"), "{error}");
    secure.server.log().wait_for("event=tls-failed conn=… peer=… error=\"…");
    secure.server.log().wait_for("tls=true reason=tls-failed");
    // Who was logged in is so no more.
    let mut again = secure.connect();
    again.login("alice");
    again.leave();
}

#[test]
fn who_waits_in_the_middle_of_something_costs_no_turns() {
    const LINES: u64 = 200;
    let secure = Secure::start(&[]);
    secure.server.write_file("large", vec![7; 8 << 20]);
    let mut alice = secure.server.register("alice");
    let mut bob = secure.register("bob");
    let flight = hello(&secure);
    let half: Vec<TcpStream> = (0..20)
        .map(|index| {
            let mut socket = socket(&secure);
            // Nothing, a part of it, or all but an answer to the server's flight.
            socket.write_all(&flight[..flight.len() * (index % 3) / 2]).unwrap();
            socket
        })
        .collect();
    let deaf: Vec<Client> = (0..5)
        .map(|index| {
            let mut client = secure.register(&format!("deaf{index}"));
            client.send("C GET 0 large");
            client
        })
        .collect();
    let ticks = || secure.figure("chatsrv_tick_seconds_count");
    let before = ticks();
    for said in 0..LINES {
        alice.ask(&format!("D bob {said}"), "C 250 MSG … bob 1 0");
        bob.expect(&format!("D … alice bob {said}"));
    }
    let grown = ticks() - before;
    // A line takes a tick, and another for the answer of the store.
    assert!(grown < 10 * LINES, "{grown} ticks for {LINES} lines");
    let idle_turns = secure.figure("chatsrv_turns_without_progress_total");
    assert!(idle_turns < 10, "{idle_turns}, and no signal explains so many");
    drop((half, deaf));
}

#[test]
fn a_crowd_of_handshakes_does_not_keep_others_from_talking() {
    const COUNT: usize = 300;
    let secure = Secure::start(&[]);
    let mut alice = secure.server.register("alice");
    let mut bob = secure.register("bob");
    let mut crowd: Vec<(TcpStream, rustls::ClientConnection)> =
        (0..COUNT).map(|_| (socket(&secure), secure.trust.session())).collect();
    // While the server stands still, so that all of it is there when it goes on.
    secure.server.signal(Signal::STOP);
    for (socket, session) in &mut crowd {
        session.write_tls(socket).unwrap();
    }
    secure.server.signal(Signal::CONT);
    for said in 0..20 {
        alice.ask(&format!("D bob {said}"), "C 250 MSG … bob 1 0");
        bob.expect(&format!("D … alice bob {said}"));
    }
    assert!(secure.figure("chatsrv_tls_handshakes_delayed_total") > 0);
    for (index, (socket, session)) in crowd.into_iter().enumerate() {
        let mut client =
            Client::over_tls(&secure.server, rustls::StreamOwned::new(session, socket));
        client.expect("C 220 …");
        if index == 0 {
            client.register("carol");
            client.leave();
        }
    }
}

#[test]
fn a_banned_network_gets_no_handshake() {
    let secure = Secure::start(&[]);
    let alice = secure.register("alice");
    let mut operator = Client::operator(&secure.server);
    operator.expect("C 150 UNREAD 0");
    operator.expect("C 230 USER operator 1 welcome");
    operator.ask("C BANADDR 127.0.0.0/8", "C 250 BANADDR …");
    alice.expect_closing("C 421 - your address is banned");
    assert_eq!(read_out(socket(&secure)), b"");
    operator.ask("C UNBANADDR 127.0.0.0/8", "C 250 UNBANADDR …");
    secure.connect().login("alice");
}

/// Half-open handshakes, each with so many bytes of its first message, take together more than may
/// wait for all clients.
fn half_open(bytes: usize) {
    const COUNT: usize = 60;
    let secure = Secure::start(&["--send-queue-total", "512KiB"]);
    let mut alice = secure.register("alice");
    let first = hello(&secure);
    let mut strangers: Vec<TcpStream> = (0..COUNT)
        .map(|_| {
            let mut socket = socket(&secure);
            // The newest may be closed already.
            let _ = socket.write_all(&first[..bytes]);
            socket
        })
        .collect();
    secure.server.log().wait_for("event=send-queues-full");
    // Whoever has logged in notices nothing.
    alice.ask("D * hello", "C 250 MSG … * 0 0");
    // Those who came first stay, and many who came later are gone. Few lines tell of strangers.
    secure.server.log().wait_for_count("tls=true reason=too-slow", 10);
    let oldest = &mut strangers[0];
    oldest.set_nonblocking(true).unwrap();
    let error = oldest.read(&mut [0]).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::WouldBlock, "the oldest was closed");
}

#[test]
fn half_open_handshakes_are_closed_before_they_fill_the_memory() {
    for bytes in [0, 1, 100] {
        half_open(bytes);
    }
}
