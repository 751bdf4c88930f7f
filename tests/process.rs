//! The server as a process: options, exit codes, signals, systemd and the log.

mod support;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use support::{Client, Frame, Options, PATIENCE, Server, bare_command, command, finish};

/// How a server ends whose options, environment or surroundings are wrong.
fn exit_code(command: Command) -> Option<i32> {
    let finished = finish(command);
    assert!(!finished.stderr.is_empty(), "it ends without a word");
    assert!(!finished.stderr.contains("panicked"), "{}", finished.stderr);
    finished.code
}

#[test]
fn version_and_help_are_told() {
    let run = |option| {
        let mut command = bare_command();
        command.arg(option);
        finish(command)
    };
    let version = run("--version");
    assert_eq!((version.code, version.stderr.as_str()), (Some(0), ""));
    assert_eq!(version.stdout, format!("chatsrv {}\n", env!("CARGO_PKG_VERSION")));
    assert_eq!(run("-V").stdout, version.stdout);
    let help = run("--help");
    assert_eq!((help.code, help.stderr.as_str()), (Some(0), ""));
    for option in [
        "--port",
        "--listen",
        "--data",
        "--files",
        "--public-files",
        "--registration",
        "--offline",
        "--max-clients",
        "--max-per-address",
        "--presence-limit",
        "--login-timeout",
        "--idle-timeout",
        "--send-queue",
        "--rate",
        "--password-cost",
        "--drain",
        "--log",
    ] {
        assert!(help.stdout.contains(option), "{option} is not in the help");
    }
}

#[test]
fn wrong_usage_exits_64() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    for args in [
        &["--no-such-option"][..],
        &["--port", "65536"],
        &["--port", "-1"],
        &["--listen", "nowhere"],
        &["--registration", "perhaps"],
        &["--login-timeout", "soon"],
        &["--send-queue", "much"],
        &["--max-clients", "0"],
        &["--password-cost", "free"],
        &["1", "2"],
        &["port"],
    ] {
        assert_eq!(exit_code(command(&data, args)), Some(64), "{args:?}");
    }
    let mut by_environment = command(&data, &[]);
    by_environment.env("CHATSRV_LOGIN_TIMEOUT", "soon");
    assert_eq!(exit_code(by_environment), Some(64));
    assert!(!data.exists(), "a refused command line leaves nothing behind");
}

#[test]
fn options_come_from_the_environment_and_the_command_line_wins() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = bare_command();
    command
        .env("CHATSRV_PORT", "0")
        .env("CHATSRV_LISTEN", "127.0.0.1")
        .env("CHATSRV_DATA", folder.path().join("data"))
        .env("CHATSRV_PASSWORD_COST", "low")
        .env("CHATSRV_MAX_CLIENTS", "1")
        .env("CHATSRV_REGISTRATION", "closed")
        .args(["--max-clients", "2"]);
    let server = Server::spawn(command, folder, &[]);
    let mut client = server.connect();
    let _second = server.connect();
    server.open().expect_closing("C 421 - Connection Limit Exceeded !!");
    client.ask("C USER alice", "C 331 USER alice …");
    assert!(server.data().exists());
}

#[test]
fn the_bare_port_is_the_port() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = bare_command();
    command.arg("--data").arg(folder.path().join("data")).args(["-l", "127.0.0.1", "0"]);
    let server = Server::spawn(command, folder, &[]);
    server.connect();
    assert_ne!(server.address().port(), 9000, "the port without the word");
}

#[test]
fn several_addresses_can_be_listened_on() {
    let server = Server::start(&["--listen", "127.0.0.1", "--listen", "127.0.0.2"]);
    let port = server.log().wait_for("listening on 127.0.0.2:…").remove(0).parse().unwrap();
    let elsewhere = SocketAddr::from((Ipv4Addr::new(127, 0, 0, 2), port));
    assert!(TcpStream::connect(elsewhere).is_ok());
    server.connect();
}

#[test]
fn the_data_folder_is_its_owners_alone() {
    let server = Server::start(&[]);
    let mode = fs::metadata(server.data()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    assert!(server.files().is_dir());
}

#[test]
fn a_taken_port_exits_69() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    assert_eq!(exit_code(command(&folder.path().join("data"), &["--port", &port])), Some(69));
}

#[test]
fn an_address_that_is_not_ones_own_exits_69() {
    let folder = tempfile::tempdir().unwrap();
    // RFC 5737 keeps it for documentation.
    let command = command(&folder.path().join("data"), &["--listen", "192.0.2.1"]);
    assert_eq!(exit_code(command), Some(69));
}

#[test]
fn a_data_folder_that_can_not_be_used_exits_73() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let file = folder.path().join("file");
    fs::write(&file, "not a folder").unwrap();
    assert_eq!(exit_code(command(&file, &[])), Some(73));
    assert_eq!(exit_code(command(&file.join("below"), &[])), Some(73));
    assert_eq!(exit_code(command(&data, &["--files", file.to_str().unwrap()])), Some(73));
    fs::write(
        data.join("chatsrv.db"),
        "this is no database, and longer than its header. ".repeat(99),
    )
    .unwrap();
    assert_eq!(exit_code(command(&data, &[])), Some(73));
}

#[test]
fn a_data_folder_of_another_server_exits_75() {
    let mut server = Server::start(&[]);
    let mut alice = server.register("alice");
    assert_eq!(exit_code(command(&server.data(), &[])), Some(75));
    alice.expect_nothing();
    drop(alice);
    // Its end, even by force, frees the folder.
    server.crash_and_restart();
    server.login("alice");
}

#[test]
fn a_signal_stops_the_server_and_everyone_is_told() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut server = Server::start(&[]);
        let mut alice = server.register("alice");
        let mut stranger = server.connect();
        server.signal(signal);
        alice.expect("C 129 SHUTDOWN …");
        alice.expect_closing("C 421 - …");
        loop {
            let line = stranger.line();
            if line.starts_with("C 421 - ") {
                break;
            }
            assert!(line.starts_with("C 129 SHUTDOWN "), "{line}");
        }
        stranger.expect_end();
        drop(stranger);
        assert_eq!(server.wait().code(), Some(0));
        let log = server.log().wait_for_end();
        assert_eq!(log.iter().filter(|line| line.contains("reason=shutdown")).count(), 2);
    }
}

#[test]
fn a_stop_writes_what_waits() {
    const COUNT: usize = 100;
    let mut server = Server::start(&[]);
    let mut alice = server.register("alice");
    let mut bob = server.register("bob");
    let text = "x".repeat(3000);
    for index in 0..COUNT {
        alice.ask(&format!("D bob {index} {text}"), "C 250 MSG … bob 1 0");
    }
    server.signal(Signal::TERM);
    for index in 0..COUNT {
        bob.expect(&format!("D … alice bob {index} {text}"));
    }
    bob.expect("C 129 SHUTDOWN …");
    bob.expect_closing("C 421 - …");
    drop(alice);
    assert_eq!(server.wait().code(), Some(0));
}

/// The size of that file, which is more than sockets buffer.
const LARGE: usize = 32 << 20;

/// A client to which a file is under way; its kernel takes about that many bytes ahead.
fn reads_a_large_file(server: &Server, receive_buffer: usize) -> Client {
    server.write_file("large", vec![7; LARGE]);
    let options = Options { receive_buffer: Some(receive_buffer), ..Options::default() };
    let mut client = Client::open(server, &options);
    client.expect("C 220 …");
    client.register("reader");
    client.ask("C GET 0 large", "C 250 GET 1 … large");
    client
}

#[test]
fn who_does_not_read_does_not_hold_up_the_stop() {
    let mut server = Server::start(&["--drain", "300ms"]);
    let _deaf = reads_a_large_file(&server, 4096);
    assert_eq!(server.stop().code(), Some(0));
}

#[test]
fn a_second_signal_stops_at_once_and_breaks_nothing_off_inside_a_frame() {
    let mut server = Server::start(&["--drain", "1h"]);
    // The end of the chunk under way should come within a second, and not in small pieces.
    let mut reader = reads_a_large_file(&server, 256 * 1024);
    server.signal(Signal::TERM);
    server.log().wait_for("event=stopping");
    server.signal(Signal::TERM);
    let mut last = None;
    loop {
        match reader.frame() {
            Frame::End => break,
            Frame::Line(line) => last = Some(line),
            Frame::Chunk(..) => {}
        }
    }
    assert!(last.as_ref().is_some_and(|line| line.starts_with("C 421 - ")), "{last:?}");
    drop(reader);
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn signal_upon_signal_does_not_put_off_the_end() {
    let mut server = Server::start(&["--drain", "1h"]);
    let _deaf = reads_a_large_file(&server, 4096);
    let deadline = Instant::now() + PATIENCE;
    while !server.ends_within(Duration::from_millis(100)) {
        assert!(Instant::now() < deadline, "it does not end while it is told to");
        server.signal(Signal::TERM);
    }
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn a_stopping_server_takes_no_new_connections() {
    let mut server = Server::start(&["--drain", "1h"]);
    let mut reader = reads_a_large_file(&server, 4096);
    server.signal(Signal::TERM);
    // Who downloads goes on; who comes now finds nobody.
    let (mut size, mut notices) = (0, 0);
    loop {
        match reader.frame() {
            Frame::Chunk(1, bytes) if bytes.is_empty() => break,
            Frame::Chunk(1, bytes) => size += bytes.len(),
            Frame::Line(line) if line.starts_with("C 129 SHUTDOWN ") => {
                assert!(TcpStream::connect(server.address()).is_err());
                notices += 1;
            }
            other => reader.fail(&format!("{other:?}")),
        }
    }
    assert_eq!(notices, 1);
    assert_eq!(size, LARGE);
    reader.expect_closing("C 421 - …");
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn a_hangup_harms_nobody() {
    let server = Server::start(&[]);
    let mut alice = server.register("alice");
    server.signal(Signal::HUP);
    alice.expect_nothing();
    server.register("bob");
}

/// Waits for a datagram that holds `line`.
fn await_notification(socket: &UnixDatagram, line: &str) {
    let mut buffer = [0; 4096];
    loop {
        let length = socket.recv(&mut buffer).unwrap_or_else(|error| panic!("{line}: {error}"));
        let text = String::from_utf8_lossy(&buffer[..length]);
        if text.lines().any(|found| found == line) {
            return;
        }
    }
}

#[test]
fn systemd_is_told_of_the_start_the_life_and_the_stop() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut command = command(&folder.path().join("data"), &[]);
    command.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "200000");
    let mut server = Server::spawn(command, folder, &[]);
    await_notification(&socket, "READY=1");
    server.connect();
    for _ in 0..3 {
        await_notification(&socket, "WATCHDOG=1");
    }
    server.signal(Signal::TERM);
    await_notification(&socket, "STOPPING=1");
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn systemd_waits_as_long_as_a_stop_may_take() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut command = command(&folder.path().join("data"), &["--drain", "2h"]);
    command.env("NOTIFY_SOCKET", &path);
    let mut server = Server::spawn(command, folder, &[]);
    await_notification(&socket, "READY=1");
    server.signal(Signal::TERM);
    // Two seconds for the last lines, and five for the store.
    await_notification(&socket, "EXTEND_TIMEOUT_USEC=7207000000");
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn a_service_manager_that_stands_still_holds_up_neither_the_chat_nor_the_stop() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    // It reads nothing, and has no room for more.
    let other = UnixDatagram::unbound().unwrap();
    other.set_nonblocking(true).unwrap();
    while other.send_to(b"OTHER=1", &path).is_ok() {}
    let mut command = command(&folder.path().join("data"), &[]);
    command.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "100000");
    let mut server = Server::spawn(command, folder, &[]);
    let mut alice = server.register("alice");
    let mut bob = server.register("bob");
    alice.ask("D bob hello", "C 250 MSG … bob 1 0");
    bob.expect("D … alice bob hello");
    // What was not taken is said once it can be.
    await_notification(&socket, "READY=1");
    while other.send_to(b"OTHER=1", &path).is_ok() {}
    server.signal(Signal::TERM);
    alice.expect("C 129 SHUTDOWN …");
    alice.expect_closing("C 421 - …");
    drop(bob);
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn a_service_manager_that_stood_still_for_a_while_hears_again_that_the_server_lives() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut command = command(&folder.path().join("data"), &[]);
    command.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "100000");
    let server = Server::spawn(command, folder, &[]);
    await_notification(&socket, "WATCHDOG=1");
    // It has no room for more; whoever waits for some waits in vain for several periods.
    let other = UnixDatagram::unbound().unwrap();
    other.set_write_timeout(Some(Duration::from_millis(300))).unwrap();
    while other.send_to(b"OTHER=1", &path).is_ok() {}
    for _ in 0..10 {
        await_notification(&socket, "WATCHDOG=1");
    }
    server.connect();
}

#[test]
fn without_anybody_to_notify_it_runs_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = command(&folder.path().join("data"), &[]);
    command.env("NOTIFY_SOCKET", folder.path().join("nobody")).env("WATCHDOG_USEC", "100000");
    let server = Server::spawn(command, folder, &[]);
    server.register("alice");
}

#[test]
fn without_anybody_who_reads_the_log_it_runs_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = command(&folder.path().join("data"), &["--log", "trace"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    log.read_line(&mut line).unwrap();
    while !line.contains("listening on ") {
        assert_ne!(log.read_line(&mut line).unwrap(), 0, "{line}");
    }
    drop(log);
    let port = line.trim_end().rsplit(':').next().unwrap().parse().unwrap();
    for _ in 0..3 {
        let mut client = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        client.set_read_timeout(Some(PATIENCE)).unwrap();
        client.write_all(b"C EX\n").unwrap();
        let mut text = String::new();
        client.read_to_string(&mut text).unwrap();
        assert!(text.lines().last().is_some_and(|line| line.starts_with("C 221 ")), "{text}");
    }
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn each_ended_connection_is_one_line_of_the_log() {
    let mut server = Server::start(&[]);
    let alice = server.register("alice");
    alice.leave();
    server.connect().end_input();
    server.connect().reset();
    let mut bad = server.connect();
    bad.send("F");
    bad.expect_closing("C 421 - …");
    let mut last = server.connect();
    server.log().wait_for_count("reason=", 4);
    last.expect_nothing();
    assert!(server.stop().success());
    let log = server.log().wait_for_end();
    let count = |text: &str| log.iter().filter(|line| line.contains(text)).count();
    assert_eq!(count("reason="), 5, "{log:#?}");
    for reason in ["goodbye", "peer-closed", "connection-lost", "bad-file-frame", "shutdown"] {
        assert_eq!(count(&format!("reason={reason}")), 1, "{reason}: {log:#?}");
    }
}

#[test]
fn what_a_peer_writes_reaches_the_log_escaped_if_at_all() {
    let mut server = Server::start(&["--log", "trace"]);
    let mut alice = server.register("alice");
    for line in [
        "C NICK \u{1b}[2J\u{1b}]0;evil\u{7}",
        "C GET 0 \u{202e}gpj.exe\u{200b}",
        "C SUM \u{9b}31m",
        "D bob \u{1b}[31mred",
        "D nobody \u{202e}text",
        "C \u{1b}[2J",
        "\u{1b}[2J",
        "C NICK a\rforged line",
        "C USER \u{85}x",
    ] {
        alice.ask(line, "C 5…");
    }
    alice.send_bytes(b"\xff\xfe\x00\x1b[2J\n");
    alice.expect("C 50…");
    drop(alice);
    assert!(server.stop().success());
    for line in server.log().wait_for_end() {
        let raw = line.contains(|c: char| {
            c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{200b}'..='\u{200f}')
        });
        assert!(!raw, "{line:?}");
    }
}
