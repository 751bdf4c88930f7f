//! What operators look at: the page for Prometheus, whether the server is well, and the figures in
//! the log.

mod support;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};

use rusqlite::Connection;
use rustix::process::Signal;
use support::{Client, Options, PATIENCE, Server, captures, command, finish};

/// A server with a metrics page, and where that is.
fn start() -> (Server, SocketAddr) {
    start_with(&[])
}

fn start_with(args: &[&str]) -> (Server, SocketAddr) {
    let server = Server::start(&[&["--metrics", "127.0.0.1:0"], args].concat());
    let address = server.log().wait_for("event=metrics address=…").remove(0);
    (server, address.parse().unwrap())
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

fn read_all(mut stream: TcpStream) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

/// The head and the body of the answer to a request.
fn ask(address: SocketAddr, request: &str) -> (String, String) {
    let mut stream = connect(address);
    stream.write_all(request.as_bytes()).unwrap();
    let answer = read_all(stream);
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head ends with an empty line");
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
    assert_eq!(length.map(str::parse), Some(Ok(body.len())), "{head}");
    (head.to_owned(), body.to_owned())
}

fn get(address: SocketAddr, path: &str) -> (String, String) {
    ask(address, &format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"))
}

/// The figures of the page, by their names and labels; the page is held to the format.
fn figures(address: SocketAddr) -> BTreeMap<String, f64> {
    let (head, page) = get(address, "/metrics");
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(head.contains("\r\nContent-Type: text/plain; version=0.0.4"), "{head}");
    let mut figures = BTreeMap::new();
    let mut families = BTreeSet::new();
    let (mut family, mut kind) = (String::new(), String::new());
    for line in page.lines() {
        if let Some(found) = captures("# HELP … ….", line) {
            family = found[0].clone();
            assert!(families.insert(family.clone()), "{family} comes twice");
        } else if let Some(found) = captures("# TYPE … …", line) {
            assert_eq!(found[0], family, "the type of what was explained");
            kind = found[1].clone();
            assert_eq!(family.ends_with("_total"), kind == "counter", "{line}");
        } else {
            let (key, value) = line.rsplit_once(' ').expect("a name and a value");
            let name = key.split('{').next().unwrap_or_default();
            let suffix = name.strip_prefix(family.as_str()).expect("a figure of that family");
            let suffixes: &[&str] = match kind.as_str() {
                "histogram" => &["_bucket", "_sum", "_count"],
                _ => &[""],
            };
            assert!(suffixes.contains(&suffix), "{line}");
            let before = figures.insert(key.to_owned(), value.parse().expect("a number"));
            assert_eq!(before, None, "{key} comes twice");
        }
    }
    figures
}

#[test]
fn the_page_tells_what_happened() {
    let (server, address) = start();
    let before = figures(address);
    assert_eq!(before["chatsrv_connections_accepted_total"], 0.0);
    let mut alice = server.register("alice");
    server.register("bob").leave();
    alice.expect_nothing();
    server.log().wait_for("reason=goodbye");
    let after = figures(address);
    assert_eq!(after["chatsrv_connections_accepted_total"], 2.0);
    assert_eq!(after["chatsrv_connections"], 1.0);
    assert_eq!(after["chatsrv_connections_closed_total{reason=\"goodbye\"}"], 1.0);
    assert!(after["chatsrv_network_bytes_total{direction=\"in\"}"] > 50.0);
    assert!(after["chatsrv_tick_seconds_count"] > before["chatsrv_tick_seconds_count"]);
    let names = |figures: &BTreeMap<String, f64>| figures.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&before), names(&after), "no figure comes or goes");
}

#[test]
fn what_is_refused_and_what_uploads_announced_is_told() {
    let (server, address) = start();
    let mut alice = server.register("alice");
    alice.ask("C PUT 1000 notes", "C 250 PUT 1 0");
    alice.ask("D nobody hello", "C 550 MSG …");
    alice.ask("C KICK alice", "C 530 KICK …");
    let figures = figures(address);
    assert_eq!(figures["chatsrv_uploads_announced_bytes"], 1000.0);
    assert_eq!(figures["chatsrv_refused_total{reason=\"not-found\"}"], 1.0);
    assert_eq!(figures["chatsrv_refused_total{reason=\"not-allowed\"}"], 1.0);
    assert_eq!(figures["chatsrv_store_failing"], 0.0);
    for place in ["data", "files"] {
        assert!(figures[&format!("chatsrv_disk_free_bytes{{place=\"{place}\"}}")] > 0.0);
    }
}

#[test]
fn the_manual_lists_every_figure() {
    let (_server, address) = start();
    let manual = include_str!("../man/chatsrv.8");
    for name in figures(address).keys() {
        let name = name.split('{').next().unwrap_or_default();
        let family = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
        let item = |name: &str| manual.contains(&format!("\n.It Li {name}\n"));
        assert!(item(name) || family.is_some_and(item), "{name} is not in the manual");
    }
}

#[test]
fn a_server_that_stops_is_not_well() {
    let (mut server, address) = start_with(&["--drain", "1h"]);
    let (head, body) = get(address, "/healthz");
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert_eq!(body, "ok\n");
    // Who downloads and does not read holds up the stop, and so the server can be asked.
    server.write_file("large", vec![7; 32 << 20]);
    let narrow = Options { receive_buffer: Some(4096), ..Options::default() };
    let mut deaf = Client::open(&server, &narrow);
    deaf.expect("C 220 …");
    deaf.register("deaf");
    deaf.ask("C GET 0 large", "C 250 GET 1 … large");
    server.signal(Signal::TERM);
    server.log().wait_for("event=stopping");
    let mut late = connect(address);
    late.write_all(b"GET /healthz HTTP/1.0\r\n\r\n").unwrap();
    assert!(read_all(late).starts_with("HTTP/1.1 503 Service Unavailable\r\n"));
    server.signal(Signal::TERM);
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn what_is_no_request_for_figures_is_refused() {
    let (_server, address) = start();
    let cases = [
        ("GET / HTTP/1.1\r\n\r\n", "404"),
        ("POST /metrics HTTP/1.1\r\n\r\n", "405"),
        ("C USER alice\r\n\r\n", "400"),
        ("what is this?\r\n\r\n", "400"),
    ];
    for (request, code) in cases {
        let (head, _) = ask(address, request);
        assert!(head.starts_with(&format!("HTTP/1.1 {code} ")), "{request:?}: {head}");
    }
    let (head, _) = ask(address, &"x".repeat(8 * 1024 + 1));
    assert!(head.starts_with("HTTP/1.1 431 "), "{head}");
    let (head, _) = ask(address, "OPTIONS /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(head.contains("\r\nAllow: GET, HEAD\r\n"), "{head}");
}

#[test]
fn whatever_monitors_ask_in_is_answered() {
    let (_server, address) = start();
    let many: String = (0..40).map(|n| format!("X-{n}: {n}\r\n")).collect();
    for (request, code) in [
        ("GET /healthz?verbose=1 HTTP/1.1\r\nHost: x\r\n\r\n", "200"),
        ("GET http://127.0.0.1:9199/healthz HTTP/1.1\r\nHost: x\r\n\r\n", "200"),
        ("GET /healthz HTTP/1.0\r\n\r\n", "200"),
        ("GET /healthz HTTP/1.0\n\n", "200"),
        ("\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", "200"),
        (&format!("GET /healthz HTTP/1.1\r\nHost: x\r\n{many}\r\n"), "200"),
        ("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n", "200"),
        // The second request is for a connection of its own, as the first answer says.
        (&"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n".repeat(9), "200"),
        ("GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody", "200"),
        (
            "GET /healthz HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\
             Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n",
            "200",
        ),
        ("GET /no?/healthz HTTP/1.1\r\nHost: x\r\n\r\n", "404"),
        ("get /healthz HTTP/1.1\r\nHost: x\r\n\r\n", "501"),
        ("GET /healthz HTTP/3.0\r\nHost: x\r\n\r\n", "505"),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505"),
        ("\u{16}\u{3}\u{1}", "400"),
    ] {
        let (head, body) = ask(address, request);
        assert!(head.starts_with(&format!("HTTP/1.1 {code} ")), "{request:?}: {head}");
        assert!(head.contains("\r\nConnection: close"), "{head}");
        assert_eq!(body == "ok\n", code == "200", "{body}");
    }
}

#[test]
fn a_head_is_that_of_the_page_without_it() {
    let (_server, address) = start();
    for path in ["/healthz", "/metrics", "/nowhere"] {
        let mut stream = connect(address);
        stream.write_all(format!("HEAD {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).unwrap();
        let text = read_all(stream);
        let (head, body) = text.split_once("\r\n\r\n").expect("a head ends with an empty line");
        assert_eq!(body, "", "{head}");
        let (whole, _) = get(address, path);
        let first = |head: &str| head.lines().next().map(str::to_owned);
        assert_eq!(first(head), first(&whole));
        let length = |line: &&str| line.starts_with("Content-Length: ");
        assert!(!head.lines().find(length).expect("it tells the length").ends_with(" 0"));
    }
}

#[test]
fn a_request_may_come_a_byte_at_a_time_and_its_end_early() {
    let (_server, address) = start();
    let mut slow = connect(address);
    slow.set_nodelay(true).unwrap();
    for byte in b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" {
        slow.write_all(&[*byte]).unwrap();
    }
    assert!(read_all(slow).ends_with("\r\n\r\nok\n"));
    for (request, code) in [("GET /healthz HTTP/1.0\r\n\r\n", "200"), ("GET /healthz", "400")] {
        let mut half = connect(address);
        half.write_all(request.as_bytes()).unwrap();
        half.shutdown(Shutdown::Write).unwrap();
        assert!(read_all(half).starts_with(&format!("HTTP/1.1 {code} ")), "{request}");
    }
}

#[test]
fn a_store_that_can_not_write_is_not_well() {
    let (server, address) = start();
    server.register("bob").leave();
    let mut alice = server.register("alice");
    let store = Connection::open(server.data().join("chatsrv.db")).unwrap();
    store.execute_batch("BEGIN IMMEDIATE").unwrap();
    alice.ask("D bob hello", "C 450 MSG …");
    let (head, body) = get(address, "/healthz");
    assert!(head.starts_with("HTTP/1.1 503 "), "{head}");
    assert_eq!(body, "the store can't be written to\n");
    store.execute_batch("ROLLBACK").unwrap();
    alice.ask("D bob hello again", "C 251 MSG …");
    assert_eq!(get(address, "/healthz").1, "ok\n");
}

#[test]
fn a_store_that_can_write_again_is_well_though_nobody_writes() {
    let (server, address) = start();
    let mut alice = server.register("alice");
    let store = Connection::open(server.data().join("chatsrv.db")).unwrap();
    store.execute_batch("BEGIN IMMEDIATE").unwrap();
    alice.ask("C NICK Alice", "C 450 NICK …");
    assert_eq!(get(address, "/healthz").1, "the store can't be written to\n");
    store.execute_batch("ROLLBACK").unwrap();
    server.log().wait_for("…writing to the store works again");
    assert_eq!(get(address, "/healthz").1, "ok\n");
}

#[test]
fn few_may_read_at_once_and_nobody_for_long() {
    let (server, address) = start();
    let mut silent: VecDeque<TcpStream> = (0..8).map(|_| connect(address)).collect();
    // The first is idle no longer, once it is known to have been read.
    silent[0].write_all(b"GET /heal").unwrap();
    for _ in 0..20 {
        assert_eq!(get(address, "/healthz").1, "ok\n", "whoever asks has a place");
    }
    let idle_longest = silent.remove(1).expect("it is there");
    assert_eq!(read_all(idle_longest), "", "who has waited longest is closed for it");
    // Who talks does not notice.
    server.register("alice").expect_nothing();
    for stream in silent {
        assert_eq!(read_all(stream), "", "who asks nothing is closed");
    }
    figures(address);
}

#[test]
fn without_a_file_descriptor_left_readers_wait_too() {
    let (server, address) = start();
    let mut alice = server.register("alice");
    server.limit_files(Some(3));
    let mut late = connect(address);
    late.write_all(b"GET /healthz HTTP/1.1\r\n\r\n").unwrap();
    // The server says so once, and does not try again and again meanwhile.
    server.log().wait_for("event=not-accepting");
    alice.expect_nothing();
    server.limit_files(None);
    assert!(read_all(late).starts_with("HTTP/1.1 200 OK\r\n"));
    server.log().wait_for("event=accepting-again");
    assert_eq!(server.log().wait_for_count("event=not-accepting", 1).len(), 1);
}

#[test]
fn a_signal_writes_the_figures_to_the_log() {
    let server = Server::start(&[]);
    let _alice = server.register("alice");
    server.signal(Signal::USR1);
    server.log().wait_for("event=figure chatsrv_connections 1");
    server.log().wait_for("event=figure chatsrv_connections_closed_total{reason=\"tls\"} 0");
}

#[test]
fn a_taken_address_exits_69() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let folder = tempfile::tempdir().unwrap();
    let finished = finish(command(&folder.path().join("data"), &["--metrics", &address]));
    assert_eq!(finished.code, Some(69), "{}", finished.stderr);
    assert!(finished.stderr.contains(&address), "{}", finished.stderr);
}
