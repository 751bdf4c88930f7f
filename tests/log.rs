//! The log and who reads it: slowly, not at all, or no longer. Nobody else has a part in that.

mod support;

use std::fs::File;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

use rustix::process::Signal;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use support::{Client, Log, PATIENCE, Server, captures, command};

/// How many people talk.
const PEOPLE: usize = 50;
/// Control-S, at which a terminal shows nothing more (termios(3), `VSTOP`), and Control-Q.
const STOP: u8 = 0x13;
const START: u8 = 0x11;

fn people(server: &Server) -> Vec<Client> {
    (0..PEOPLE).map(|number| server.register(&format!("u{number}"))).collect()
}

/// Each says something, which all others hear.
fn talk(people: &mut [Client]) {
    for speaker in 0..people.len() {
        people[speaker].ask(&format!("D * from {speaker}"), "C 250 MSG … * … 0");
        for (listener, client) in people.iter_mut().enumerate() {
            if listener != speaker {
                client.expect(&format!("D … u{speaker} * from {speaker}"));
            }
        }
    }
}

/// How many lines of the log were lost, as the server tells.
fn lost(server: &Server) -> u64 {
    let address: SocketAddr =
        server.log().wait_for("event=metrics address=…").remove(0).parse().unwrap();
    let mut page = TcpStream::connect(address).unwrap();
    page.set_read_timeout(Some(PATIENCE)).unwrap();
    page.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").unwrap();
    let mut text = String::new();
    page.read_to_string(&mut text).unwrap();
    let found = text.lines().find_map(|line| captures("chatsrv_log_lines_lost_total …", line));
    found.expect("it is among the figures").remove(0).parse().unwrap()
}

/// Has the server log all its figures until nothing more finds room.
fn flood(server: &Server, anybody: &mut Client) {
    let deadline = Instant::now() + PATIENCE;
    while lost(server) == 0 {
        assert!(Instant::now() < deadline, "however much it logs, there is room");
        for _ in 0..20 {
            server.signal(Signal::USR1);
            anybody.expect_nothing();
        }
    }
}

/// Nobody reads the log of that server any more: its people notice nothing, and it stops.
fn goes_on_without_a_reader(mut server: Server) {
    let mut people = people(&server);
    flood(&server, &mut people[0]);
    talk(&mut people);
    let mut late = server.register("late");
    late.ask("D u0 hello", "C 250 MSG … u0 1 0");
    people[0].expect("D … late u0 hello");
    late.leave();
    server.signal(Signal::TERM);
    for mut client in people {
        client.expect("C 129 SHUTDOWN …");
        client.expect_closing("C 421 - …");
    }
    assert_eq!(server.wait().code(), Some(0));
    server.log().release();
}

#[test]
fn a_pipe_that_nobody_reads_holds_up_neither_the_chat_nor_the_stop() {
    let server = Server::start(&["--metrics", "127.0.0.1:0"]);
    lost(&server);
    server.log().hold();
    goes_on_without_a_reader(server);
}

/// A terminal of the test's own that shows what the server logs.
fn terminal() -> (File, File) {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let name = ptsname(&ours, Vec::new()).unwrap().into_string().unwrap();
    let theirs = File::options().read(true).write(true).open(name).unwrap();
    let mut settings = tcgetattr(&theirs).unwrap();
    settings.output_modes.remove(rustix::termios::OutputModes::OPOST);
    tcsetattr(&theirs, OptionalActions::Now, &settings).unwrap();
    (ours.into(), theirs)
}

#[test]
fn a_terminal_that_was_stopped_holds_up_neither_the_chat_nor_the_stop() {
    let folder = tempfile::tempdir().unwrap();
    let (mut ours, theirs) = terminal();
    let log = Log::follow(ours.try_clone().unwrap());
    let mut command = command(&folder.path().join("data"), &["--metrics", "127.0.0.1:0"]);
    command.stderr(theirs);
    let server = Server::spawn_with_log(command, folder, log.clone());
    lost(&server);
    ours.write_all(&[STOP]).unwrap();
    goes_on_without_a_reader(server);
    // So that whoever reads comes to the end.
    ours.write_all(&[START]).unwrap();
}

#[test]
fn what_was_lost_is_told_in_its_place_once_somebody_reads_again() {
    let server = Server::start(&["--metrics", "127.0.0.1:0"]);
    let mut alice = server.register("alice");
    lost(&server);
    server.log().hold();
    flood(&server, &mut alice);
    server.log().release();
    let told: u64 =
        server.log().wait_for("event=log-lines-lost lines=…: …").remove(0).parse().unwrap();
    assert!(told > 0);
    server.register("bob").leave();
    server.log().wait_for("reason=goodbye");
    assert!(lost(&server) >= told);
}

#[test]
fn strangers_get_some_lines_and_the_rest_is_counted() {
    const STRANGERS: usize = 300;
    let server = Server::start(&[]);
    let mut alice = server.register("alice");
    for _ in 0..STRANGERS {
        server.connect().end_input();
    }
    alice.expect_nothing();
    server.log().wait_for_ended(STRANGERS);
    assert_eq!(server.log().ended(), STRANGERS);
    server.log().wait_for("event=strangers lines=…");
    // Who was logged in has a line of her own, however many strangers there are.
    let mut bob = server.register("bob");
    for _ in 0..STRANGERS {
        server.connect().end_input();
    }
    alice.leave();
    server.log().wait_for("reason=goodbye");
    bob.expect_nothing();
}
