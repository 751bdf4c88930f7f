//! Every bound on what one peer may take, and that the others don't notice when it is reached.

mod support;

use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};

use support::{Client, Frame, Options, PATIENCE, Server, password_of};

const KIB: usize = 1024;

#[test]
fn one_connection_too_many_is_refused_in_words() {
    let server = Server::start(&["--max-clients", "2"]);
    let mut alice = server.register("alice");
    let bob = server.connect();
    for _ in 0..3 {
        server.open().expect_closing("C 421 - Connection Limit Exceeded !!");
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
    server.open().expect_closing("C 421 - …");
    server.log().wait_for("reason=address-limit");
    let mut elsewhere =
        Client::open(&server, &Options { from: [127, 0, 0, 2].into(), ..Options::default() });
    elsewhere.expect("C 220 …");
    first.leave();
    elsewhere.expect_nothing();
    server.connect();
}

const TOO_MANY: &str = "C 421 - too many connections from your address";

/// Connects from another address of this machine.
fn open_from(server: &Server, last: u8) -> Client {
    Client::open(server, &Options { from: [127, 0, 0, last].into(), ..Options::default() })
}

#[test]
fn strangers_of_one_address_have_a_limit_of_their_own() {
    let server = Server::start(&["--strangers-per-address", "2"]);
    let mut alice = server.register("alice");
    let mut bob = server.register("bob");
    let mut carol = server.connect();
    let dave = server.connect();
    server.open().expect_closing(TOO_MANY);
    server.log().wait_for("reason=address-limit");
    open_from(&server, 2).expect("C 220 …");
    // Whoever logs in or goes makes room for one more.
    carol.register("carol");
    let erin = server.connect();
    server.open().expect_closing(TOO_MANY);
    dave.leave();
    erin.leave();
    carol.ask("D bob hello", "C 250 MSG … bob 1 0");
    bob.expect("D … carol bob hello");
    server.connect();
    // A refused connection is nobody's place.
    alice.expect_nothing();
    server.connect();
}

#[test]
fn one_address_connects_only_so_often() {
    let server = Server::start(&["--connects-per-address", "3/10m"]);
    let mut alice = server.register("alice");
    for _ in 0..2 {
        server.connect().leave();
    }
    for _ in 0..5 {
        server.open().expect_closing(TOO_MANY);
    }
    open_from(&server, 2).expect("C 220 …");
    alice.expect_nothing();
}

#[test]
fn limits_of_one_address_leave_alone_who_is_exempt() {
    let server = Server::start(&[
        "--max-per-address=1",
        "--strangers-per-address=1",
        "--connects-per-address=1/1h",
        "--exempt=127.0.0.2,127.0.1.0/24",
        "--exempt=::/0",
    ]);
    let _first = server.connect();
    server.open().expect_closing(TOO_MANY);
    let mut others: Vec<Client> = (0..5).map(|_| open_from(&server, 2)).collect();
    for client in &mut others {
        client.expect("C 220 …");
    }
}

#[test]
fn at_their_defaults_the_limits_of_one_address_leave_this_machine_alone() {
    const COUNT: usize = 150;
    let server = Server::start(&[]);
    let mut clients: Vec<Client> = (0..COUNT).map(|_| server.open()).collect();
    for client in &mut clients {
        client.expect("C 220 …");
    }
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
                let mut client = server.open();
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
fn who_waits_for_the_rate_is_not_idle() {
    const COUNT: usize = 200;
    // Beyond the burst it takes twice as long as the client may be silent.
    let server = Server::start(&["--rate", "50", "--idle-timeout", "1s"]);
    let mut alice = server.connect();
    // All of it is there when the time begins to count, however late this test comes to read.
    let login = format!("C USER alice\nD {}\n", password_of("alice"));
    alice.send_bytes((login + &"?\n".repeat(COUNT)).as_bytes());
    alice.expect("C 332 USER alice …");
    alice.expect("C 150 UNREAD 0");
    alice.expect("C 230 USER alice … welcome");
    for _ in 0..COUNT {
        alice.expect("C 500 - …");
    }
    alice.expect_closing("C 421 - …");
    server.log().wait_for("reason=idle-timeout");
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

/// Has alice talk to everyone until `deaf`, who reads nothing, is closed, and holds that bob hears
/// all of it and `deaf` a part that is whole and in order.
fn talk_until_too_slow(server: &Server, mut deaf: Client) {
    let mut alice = server.register("alice");
    let mut bob = server.register("bob");
    bob.watch_presence();
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
    let mut heard = 0;
    loop {
        match deaf.frame() {
            Frame::Line(line) if line.starts_with("D ") => {
                assert!(line.contains(&format!(" alice * {heard} x")), "{line:.60}");
                heard += 1;
            }
            Frame::Line(line) if line.starts_with("C 250 GET ") => {}
            Frame::Line(line) => assert!(line.starts_with("C 421 - "), "{line:.60}"),
            Frame::Chunk(_, bytes) => assert!(!bytes.is_empty(), "the file came whole"),
            Frame::End => break,
        }
    }
    assert!(heard <= sent, "{heard} of {sent} were heard");
    drop(deaf);
    server.log().wait_for("reason=too-slow");
}

fn deaf_client(server: &Server) -> Client {
    let options = Options { receive_buffer: Some(4 * KIB), ..Options::default() };
    let mut deaf = Client::open(server, &options);
    deaf.expect("C 220 …");
    deaf.register("deaf");
    deaf
}

#[test]
fn who_never_reads_is_closed_and_the_others_are_served() {
    let server = Server::start(&["--send-queue", "64KiB"]);
    let deaf = deaf_client(&server);
    talk_until_too_slow(&server, deaf);
}

#[test]
fn what_waits_for_all_together_has_a_bound_and_the_slowest_pays() {
    let server = Server::start(&["--send-queue", "1GiB", "--send-queue-total", "256KiB"]);
    let deaf = deaf_client(&server);
    talk_until_too_slow(&server, deaf);
    server.log().wait_for("event=send-queues-full");
}

#[test]
fn what_waits_is_counted_and_not_the_memory_for_it() {
    const MIB: usize = 1024 * 1024;
    let server = Server::start(&["--send-queue", "64MiB", "--send-queue-total", "12MiB"]);
    let deaf = deaf_client(&server);
    let mut alice = server.register("alice");
    let text = "x".repeat(3990);
    let mut sent = 0;
    // What the kernels hold for the deaf one comes on top of what waits in the server.
    while sent < 64 * MIB {
        let found = alice.ask(&format!("D deaf {text}"), "C 25… MSG … deaf …");
        if found[0] == "1" {
            break;
        }
        sent += format!("D {} alice deaf {text}\n", found[1]).len();
    }
    assert!((12 * MIB..64 * MIB).contains(&sent), "closed after {sent} bytes");
    drop(deaf);
}

#[test]
fn megabytes_that_wait_for_one_reader_arrive_and_hold_up_nobody() {
    const LINES: usize = 8_000;
    let queues = ["--send-queue", "64MiB", "--send-queue-total", "128MiB"];
    let server = Server::start(&queues);
    let mut slow = deaf_client(&server);
    let mut alice = server.register("alice");
    let text = "x".repeat(3990);
    for line in 0..LINES {
        alice.ask(&format!("D deaf {line} {text}"), "C 250 MSG … deaf 1 0");
    }
    let mut operator = Client::operator(&server);
    operator.expect("C 150 UNREAD 0");
    operator.expect("C 230 USER operator 1 welcome");
    let dump = operator.list("C DUMP");
    let longest = dump.iter().find(|line| line.starts_with("chatsrv_tick_longest_seconds "));
    println!("{LINES} lines of 4 KB wait: {}", longest.expect("it is among the figures"));
    for line in 0..LINES {
        slow.expect(&format!("D … alice deaf {line} {text}"));
    }
    slow.expect_nothing();
}

#[test]
fn who_does_not_read_a_file_is_closed_for_the_messages_behind_it() {
    let server = Server::start(&["--send-queue", "64KiB"]);
    server.write_file("large", vec![7; 32 << 20]);
    let mut deaf = deaf_client(&server);
    deaf.send("C GET 0 large");
    talk_until_too_slow(&server, deaf);
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
        assert!(began.elapsed() < PATIENCE, "talking keeps the connection open");
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
