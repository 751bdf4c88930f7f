//! Guesses at passwords, and that they shut out nobody but those who guess: section 4 of
//! chatsrv-protocol(7).

mod support;

use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustix::net::{AddressFamily, SocketAddrV4, SocketType, bind, connect, socket};
use support::{Client, Server, captures};

/// Connects from an address of the loopback network.
fn connect_from(server: &Server, host: [u8; 4]) -> Client {
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None).expect("a socket");
    bind(&socket, &SocketAddrV4::new(host.into(), 0)).expect("all of 127.0.0.0/8 is here");
    connect(&socket, &server.address()).expect("the server listens");
    let mut client = Client::over_socket(server, TcpStream::from(socket));
    client.expect("C 220 …");
    client
}

/// Tries a wrong password; the seconds to wait where that is the answer.
fn guess(client: &mut Client, name: &str) -> Option<u32> {
    client.send(&format!("C USER {name}"));
    let mut line = client.line();
    if line.starts_with("C 331 USER ") {
        client.send("D wrong");
        line = client.line();
    }
    if line == "C 535 USER wrong password" {
        return None;
    }
    let seconds = captures("C 450 USER … …", &line).unwrap_or_else(|| client.fail(&line));
    Some(seconds[0].parse().expect("a number"))
}

/// Strangers from many networks guess until one of them is told to wait.
fn strangers_guess(server: &Server, name: &str) {
    let mut guessers: Vec<Client> =
        (0..10).map(|at| connect_from(server, [127, 0, 100 + at, 1])).collect();
    for guesser in &mut guessers {
        guesser.send(&format!("C USER {name}\nD wrong"));
    }
    let mut late = connect_from(server, [127, 0, 99, 1]);
    while guess(&mut late, name).is_none() {
        late = connect_from(server, [127, 0, 99, 1]);
    }
}

#[test]
fn an_owner_comes_in_while_strangers_guess_also_after_a_restart() {
    let mut server = Server::start(&[]);
    let mut alice = connect_from(&server, [127, 0, 9, 1]);
    alice.register("alice");
    let token = alice.ask("C TOKEN", "C 250 TOKEN …").remove(0);
    alice.leave();
    for crashes in [false, true] {
        strangers_guess(&server, "alice");
        for _ in 0..3 {
            // The last part of the address may be another one.
            let mut alice = connect_from(&server, [127, 0, 9, 200]);
            alice.login("alice");
            alice.leave();
            let mut elsewhere = connect_from(&server, [127, 0, 88, 1]);
            elsewhere.ask(&format!("C RESUME alice {token}"), "C 150 UNREAD 0");
            elsewhere.expect("C 230 RESUME alice …");
            elsewhere.leave();
        }
        if crashes {
            server.crash_and_restart();
        }
    }
    strangers_guess(&server, "alice");
    connect_from(&server, [127, 0, 9, 77]).login("alice");
}

#[test]
fn three_hundred_guesses_at_once_from_one_address_get_no_more_tries_than_in_sequence() {
    let server = Server::start(&[]);
    server.register("alice").leave();
    // Tokens are counted for the network, passwords for the name as well.
    for (host, verb, line, free) in [
        ([127, 0, 99, 1], "RESUME", "C RESUME alice guess", 30),
        ([127, 0, 98, 1], "USER", "C USER alice\nD guess", 10),
    ] {
        let begun = Instant::now();
        let mut guessers: Vec<Client> = (0..300).map(|_| connect_from(&server, host)).collect();
        guessers.iter_mut().for_each(|guesser| guesser.send(line));
        let answers = guessers.iter_mut().map(|guesser| {
            let line = guesser.line();
            if line.starts_with("C 331 USER ") { guesser.line() } else { line }
        });
        let lines: Vec<String> = answers.collect();
        let tries = lines.iter().filter(|line| line.starts_with("C 535 ")).count();
        let forgiven = begun.elapsed().as_secs() as usize / 10;
        assert!((free..=free + 1 + forgiven).contains(&tries), "{verb}: {tries} tries");
        for line in lines.iter().filter(|line| !line.starts_with("C 535")) {
            let seconds = captures(&format!("C 450 {verb} … …"), line);
            let seconds = seconds.unwrap_or_else(|| panic!("{line}"))[0].parse();
            assert!((1..=10).contains(&seconds.unwrap_or(0)), "{line}");
        }
    }
    // Elsewhere nobody notices.
    server.login("alice");
}

#[test]
fn who_guesses_on_is_told_when_to_come_again_and_waits_for_no_answer_for_long() {
    let server = Server::start(&[]);
    server.register("alice").leave();
    let mut guesser = connect_from(&server, [127, 0, 99, 1]);
    let mut told = None;
    for at in 1..=40 {
        if at % 3 == 0 {
            guesser = connect_from(&server, [127, 0, 99, 1]);
        }
        told = guess(&mut guesser, "alice").map(|seconds| (at, seconds));
        if told.is_some() {
            break;
        }
    }
    // At the twelfth or thirteenth where the machine has nothing else to do.
    let (at, seconds) = told.expect("forty wrong passwords, and no word of a wait");
    assert!(at >= 11 && (1..=10).contains(&seconds), "{at}: {seconds}");
    let again = guess(&mut guesser, "alice").unwrap_or(0);
    assert!(again <= seconds, "a try before that costs nothing");
    let until = Instant::now() + Duration::from_secs(u64::from(seconds));
    while Instant::now() < until && guess(&mut guesser, "alice").is_some() {}
    server.login("alice");
}

#[test]
fn a_login_takes_its_turn_beside_strangers_who_register() {
    const STRANGERS: usize = 90;
    let server = Server::start(&["--password-cost", "normal"]);
    let mut alice = connect_from(&server, [127, 0, 9, 1]);
    alice.register("alice");
    alice.leave();
    let mut alice = connect_from(&server, [127, 0, 9, 1]);
    let from = |at: usize| connect_from(&server, [127, 0, 50 + (at % 3) as u8, 1]);
    let mut strangers: Vec<Client> = (0..STRANGERS).map(from).collect();
    for (at, stranger) in strangers.iter_mut().enumerate() {
        stranger.send(&format!("C USER stranger{at}\nD password"));
    }
    alice.login("alice");
    // In a line for all she would come after all of them.
    let online = alice.list("C WHO").len();
    assert!(online < STRANGERS / 2, "{online} were hashed before");
}
