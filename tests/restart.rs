//! Stopping and starting again while clients are there.

mod support;

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use support::{Client, Identity, PATIENCE, Server, command, finish_with_its_output};

/// Reads up to the end of a connection that the server closes because it stops, and tells after
/// how many seconds to come back.
fn sent_away(client: &mut Client) -> u64 {
    client.expect("C 129 SHUTDOWN …");
    let found = client.expect("C 421 - the server is shutting down, come back in … s");
    client.expect_end();
    found[0].parse().expect("a number of seconds")
}

#[test]
fn many_clients_leave_a_few_at_a_time() {
    // Sixty-four leave at once, and as many each ten milliseconds.
    const COUNT: u32 = 10 * 64;
    let mut server = Server::start(&[]);
    let mut clients: Vec<Client> = (0..COUNT).map(|_| server.connect()).collect();
    let began = Instant::now();
    server.signal(Signal::TERM);
    for client in &mut clients {
        assert_eq!(sent_away(client), 1);
    }
    // The last leave nine periods after the first; half of that leaves room for coarse clocks.
    let took = began.elapsed();
    assert!(took >= Duration::from_millis(45), "all were sent away in {took:?}");
    drop(clients);
    assert_eq!(server.wait().code(), Some(0));
}

/// The server's command as a service manager starts it that hands it two sockets: `first` is
/// number 3 and `second` number 4. A shell puts them there, and knows the process's id.
fn handed(data: &Path, args: &[&str], names: &str, first: OwnedFd, second: OwnedFd) -> Command {
    let server = command(data, args);
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", "LISTEN_PID=$$ exec \"$@\" 3<&0 4<&1 </dev/null >/dev/null", "sh"]);
    shell.arg(server.get_program()).args(server.get_args());
    for (name, value) in server.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell.env("LISTEN_FDS", "2").env("LISTEN_FDNAMES", names);
    shell.stdin(Stdio::from(first)).stdout(Stdio::from(second));
    shell
}

/// Connects and is greeted, over and over; returns how often.
fn keep_coming(address: SocketAddr, is_over: &AtomicBool) -> u32 {
    let mut count = 0;
    while !is_over.load(Ordering::Relaxed) {
        let stream = TcpStream::connect(address).unwrap_or_else(|error| {
            panic!("refused after {count}: {error}");
        });
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).unwrap();
        assert!(line.starts_with("C 220 "), "after {count}: {line:?}");
        count += 1;
    }
    count
}

#[test]
fn nobody_is_refused_over_restarts_on_passed_sockets() {
    const RESTARTS: u32 = 5;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let clients = TcpListener::bind("127.0.0.1:0").unwrap();
    let path = folder.path().join("operator");
    let operator = UnixListener::bind(&path).unwrap();
    let address = clients.local_addr().unwrap();
    let hand = || {
        let second = operator.try_clone().unwrap();
        handed(&data, &[], "plain:admin", clients.try_clone().unwrap().into(), second.into())
    };
    let mut server = Server::spawn(hand(), folder, &[]);
    assert_eq!(server.address(), address, "it listens on what it was handed");
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let comer = scope.spawn(|| keep_coming(address, &is_over));
        for _ in 0..RESTARTS {
            server.replace(hand());
            let mut greeting = String::new();
            let operator = UnixStream::connect(&path).unwrap();
            BufReader::new(operator).read_line(&mut greeting).unwrap();
            assert!(greeting.starts_with("C 220 "), "{greeting}");
        }
        is_over.store(true, Ordering::Relaxed);
        assert!(comer.join().unwrap() > RESTARTS);
    });
}

#[test]
fn a_socket_for_tls_is_taken_over_too() {
    let folder = tempfile::tempdir().unwrap();
    let identity = Identity::new();
    let (certificate, key) = identity.write(folder.path());
    let args = ["--tls-cert", certificate.to_str().unwrap(), "--tls-key", key.to_str().unwrap()];
    let listen = || TcpListener::bind("127.0.0.1:0").unwrap();
    let (plain, tls) = (listen(), listen());
    let address = tls.local_addr().unwrap();
    let data = folder.path().join("data");
    let server =
        Server::spawn(handed(&data, &args, "plain:tls", plain.into(), tls.into()), folder, &[]);
    assert_eq!(server.tls_address(), address);
    Client::connect_tls(&server, &identity.trust()).register("alice");
}

#[test]
fn a_socket_for_browsers_is_taken_over_too() {
    let folder = tempfile::tempdir().unwrap();
    let listen = || TcpListener::bind("127.0.0.1:0").unwrap();
    let (plain, http) = (listen(), listen());
    let address = http.local_addr().unwrap();
    let data = folder.path().join("data");
    let handed = handed(&data, &[], "plain:http", plain.into(), http.into());
    let server = Server::spawn(handed, folder, &[]);
    server.log().wait_for(&format!("listening on {address} (HTTP)"));
    let mut browser = TcpStream::connect(address).unwrap();
    browser.set_read_timeout(Some(PATIENCE)).unwrap();
    browser.write_all(b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n").unwrap();
    let mut line = String::new();
    BufReader::new(browser).read_line(&mut line).unwrap();
    assert_eq!(line, "HTTP/1.1 200 OK\r\n");
}

#[test]
fn beside_a_socket_for_tls_alone_no_plain_one_is_opened_unless_asked_for() {
    for (plain, is_opened) in [(None, false), (Some("--plain=any"), true)] {
        let folder = tempfile::tempdir().unwrap();
        let identity = Identity::new();
        let (certificate, key) = identity.write(folder.path());
        let mut args = vec!["--tls-cert", certificate.to_str().unwrap()];
        args.extend(["--tls-key", key.to_str().unwrap()]);
        args.extend(plain);
        let tls = TcpListener::bind("127.0.0.1:0").unwrap();
        let operator = UnixListener::bind(folder.path().join("operator")).unwrap();
        let data = folder.path().join("data");
        let handed = handed(&data, &args, "tls:admin", tls.into(), operator.into());
        let server = Server::spawn(handed, folder, &[]);
        assert_eq!(server.address() != server.tls_address(), is_opened, "{plain:?}");
        Client::connect_tls(&server, &identity.trust()).register("alice");
    }
}

#[test]
fn passed_sockets_that_can_not_be_used_exit_64() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let stream = || TcpListener::bind("127.0.0.1:0").unwrap().into();
    let datagrams = || UdpSocket::bind("127.0.0.1:0").unwrap().into();
    for (names, second, why) in [
        ("plain:web", stream(), "\"web\" is named neither"),
        ("plain:", stream(), "\"\" is named neither"),
        ("plain:admin", stream(), "\"admin\": it is no Unix-domain socket"),
        ("plain:plain", datagrams(), "\"plain\": it is no socket that listens"),
        ("plain:tls", stream(), "there is no --tls-cert"),
        ("plain", stream(), "LISTEN_FDNAMES"),
    ] {
        let finished = finish_with_its_output(handed(&data, &[], names, stream(), second));
        assert_eq!(finished.code, Some(64), "{names}: {}", finished.stderr);
        assert!(finished.stderr.contains(why), "{}", finished.stderr);
    }
    assert!(!data.exists(), "a refused start leaves nothing behind");
}

#[test]
fn sockets_for_another_process_are_not_taken() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = command(&folder.path().join("data"), &[]);
    command.env("LISTEN_PID", "1").env("LISTEN_FDS", "1");
    Server::spawn(command, folder, &[]).connect();
}

#[test]
fn a_store_that_others_may_read_is_closed_to_them_and_told() {
    let mut server = Server::start(&[]);
    let path = server.data().join("chatsrv.db");
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    assert!(!server.log().lines().iter().any(|line| line.contains("store-was-readable")));
    fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    server.restart();
    server.log().wait_for("event=store-was-readable path=…/chatsrv.db mode=644: …");
    assert_eq!(mode(&path), 0o600);
}
