//! What browsers, and whoever poses as one, get over HTTP.

mod support;

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};

use flate2::read::GzDecoder;
use rustix::process::Signal;
use support::{PATIENCE, Server, command, finish};

/// A server with a port for browsers, and where that is.
fn start(args: &[&str]) -> (Server, SocketAddr) {
    let server = Server::start(&[&["--http-port", "0"], args].concat());
    let port = server.log().wait_for("listening on 127.0.0.1:… (HTTP)").remove(0);
    (server, SocketAddr::from(([127, 0, 0, 1], port.parse().unwrap())))
}

/// A connection, and what was read from it beyond the last response.
struct Browser {
    stream: TcpStream,
    read: Vec<u8>,
}

/// A response.
struct Reply {
    head: String,
    body: Vec<u8>,
}

impl Reply {
    fn status(&self) -> &str {
        self.head.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)).unwrap_or(&self.head)
    }

    fn field(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

impl Browser {
    fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Browser { stream, read: Vec::new() }
    }

    fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).unwrap();
    }

    /// Reads more. Returns false at the end.
    fn more(&mut self) -> bool {
        let mut buffer = [0; 4096];
        let count = match self.stream.read(&mut buffer) {
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::ConnectionReset => 0,
            Err(error) => panic!("{error}, after {:?}", String::from_utf8_lossy(&self.read)),
        };
        self.read.extend_from_slice(&buffer[..count]);
        count > 0
    }

    /// Reads the response to a request, which was HEAD or not.
    fn reply_to(&mut self, is_head: bool) -> Reply {
        let end = loop {
            if let Some(at) = self.read.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break at + 4;
            }
            assert!(self.more(), "no response: {:?}", String::from_utf8_lossy(&self.read));
        };
        let head = String::from_utf8(self.read.drain(..end).collect()).unwrap();
        let mut reply = Reply { head, body: Vec::new() };
        let length = reply.field("Content-Length").map_or(0, |length| length.parse().unwrap());
        let length = if is_head { 0 } else { length };
        while self.read.len() < length {
            assert!(self.more(), "the body breaks off");
        }
        reply.body = self.read.drain(..length).collect();
        reply
    }

    fn reply(&mut self) -> Reply {
        self.reply_to(false)
    }

    fn ask(&mut self, request: impl AsRef<[u8]>) -> Reply {
        self.send(request);
        self.reply()
    }

    /// Reads to the end, before which nothing comes.
    fn expect_end(mut self) {
        while self.more() {}
        assert_eq!(String::from_utf8_lossy(&self.read), "");
    }
}

const GET: &str = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
const HEAD: &str = "HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n";

fn get(fields: &str) -> String {
    format!("GET / HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n")
}

/// What is refused, with the status that it gets. The connection is closed behind it.
const HOSTILE: [(&str, &str); 62] = [
    // Line ends, NUL and folding.
    ("GET / HTTP/1.1\nHost: localhost\n\n", "400"),
    ("GET / HTTP/1.1\r\nHost: localhost\n\r\n", "400"),
    ("GET / HTTP/1.1\r\nHost: localhost\r\n\n", "400"),
    ("GET / HTTP/1.1\r\nHost: localhost\rA: b\r\n\r\n", "400"),
    ("GET / HTTP/1.1\r\r\nHost: localhost\r\n\r\n", "400"),
    ("GET / HTTP/1.1\r\nHost: localhost\r\nA: \0\r\n\r\n", "400"),
    ("GET /\0 HTTP/1.1\r\nHost: localhost\r\n\r\n", "400"),
    ("GET / HTTP/1.1\r\nHost: localhost\r\nA: b\r\n c\r\n\r\n", "400"),
    ("GET / HTTP/1.1\r\nHost: localhost\r\nA: b\r\n\tc\r\n\r\n", "400"),
    ("GET / HTTP/1.1\r\n Host: localhost\r\n\r\n", "400"),
    // The first line.
    ("\r\n\r\nGET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "400"),
    ("GET /\r\n\r\n", "400"),
    ("GET\r\n\r\n", "400"),
    ("hello\r\n\r\n", "400"),
    (" GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "400"),
    ("GET  / HTTP/1.1\r\nHost: localhost\r\n\r\n", "400"),
    ("GET /  HTTP/1.1\r\nHost: localhost\r\n\r\n", "400"),
    ("GET\t/ HTTP/1.1\r\nHost: localhost\r\n\r\n", "400"),
    ("GET / HTTP/1.1 \r\nHost: localhost\r\n\r\n", "400"),
    ("GET / http/1.1\r\nHost: localhost\r\n\r\n", "400"),
    ("GET / HTTP/11\r\nHost: localhost\r\n\r\n", "400"),
    ("GET / HTTP/1.01\r\nHost: localhost\r\n\r\n", "400"),
    ("GET / ICY/1.1\r\nHost: localhost\r\n\r\n", "400"),
    ("G(T / HTTP/1.1\r\nHost: localhost\r\n\r\n", "400"),
    ("\u{16}\u{3}\u{1}", "400"),
    ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505"),
    ("GET / HTTP/2.0\r\nHost: localhost\r\n\r\n", "505"),
    ("GET / HTTP/1.2\r\nHost: localhost\r\n\r\n", "505"),
    ("GET / HTTP/0.9\r\nHost: localhost\r\n\r\n", "505"),
    // Methods.
    ("POST / HTTP/1.1\r\nHost: localhost\r\n\r\n", "405"),
    ("OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", "405"),
    ("CONNECT localhost:22 HTTP/1.1\r\nHost: localhost\r\n\r\n", "405"),
    ("TRACE / HTTP/1.1\r\nHost: localhost\r\n\r\n", "405"),
    ("get / HTTP/1.1\r\nHost: localhost\r\n\r\n", "405"),
    // Targets.
    ("GET * HTTP/1.1\r\nHost: localhost\r\n\r\n", "400"),
    ("GET a HTTP/1.1\r\nHost: localhost\r\n\r\n", "400"),
    ("GET /% HTTP/1.1\r\nHost: localhost\r\n\r\n", "400"),
    ("GET /%zz HTTP/1.1\r\nHost: localhost\r\n\r\n", "400"),
    ("GET /%00 HTTP/1.1\r\nHost: localhost\r\n\r\n", "400"),
    ("GET /#a HTTP/1.1\r\nHost: localhost\r\n\r\n", "400"),
    ("GET /\\ HTTP/1.1\r\nHost: localhost\r\n\r\n", "400"),
    ("GET /\u{e4} HTTP/1.1\r\nHost: localhost\r\n\r\n", "400"),
    ("GET ftp://localhost/ HTTP/1.1\r\nHost: localhost\r\n\r\n", "400"),
    ("GET http://u:p@localhost/ HTTP/1.1\r\nHost: localhost\r\n\r\n", "400"),
    // Hosts.
    ("GET / HTTP/1.1\r\n\r\n", "400"),
    ("GET / HTTP/1.0\r\n\r\n", "400"),
    ("GET / HTTP/1.1\r\nHost:\r\n\r\n", "400"),
    ("GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", "400"),
    ("GET / HTTP/1.1\r\nHost: a@localhost\r\n\r\n", "400"),
    ("GET / HTTP/1.1\r\nHost: localhost/\r\n\r\n", "400"),
    ("GET / HTTP/1.1\r\nHost: localhost:x\r\n\r\n", "400"),
    // Fields.
    ("GET / HTTP/1.1\r\nHost : localhost\r\n\r\n", "400"),
    ("GET / HTTP/1.1\r\nHost: localhost\r\n: b\r\n\r\n", "400"),
    ("GET / HTTP/1.1\r\nHost: localhost\r\nA\r\n\r\n", "400"),
    ("GET / HTTP/1.1\r\nHost: localhost\r\nA b: c\r\n\r\n", "400"),
    // Bodies.
    ("GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc", "400"),
    ("GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", "400"),
    ("GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n", "400"),
    ("GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0, 0\r\n\r\n", "400"),
    ("GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"),
    ("POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding : chunked\r\n\r\n", "400"),
    ("GET / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n\r\n", "417"),
];

#[test]
fn hostile_requests_are_refused_and_nothing_behind_them_is_read() {
    let (_server, address) = start(&[]);
    for (request, status) in HOSTILE {
        let mut browser = Browser::open(address);
        browser.send(request);
        browser.send(GET);
        let reply = browser.reply();
        assert_eq!(reply.status(), status, "{request:?}: {}", reply.head);
        assert_eq!(reply.field("Connection"), Some("close"), "{request:?}: {}", reply.head);
        assert_eq!(reply.field("Allow").is_some(), status == "405", "{request:?}");
        browser.expect_end();
    }
}

#[test]
fn long_heads_are_refused() {
    let (_server, address) = start(&[]);
    let target = |bytes: usize| format!("GET /{} HTTP/1.1\r\n", "a".repeat(bytes - 1));
    let whole = |target: String, fields: &str| format!("{target}Host: localhost\r\n{fields}\r\n");
    for (request, status) in [
        (whole(target(2048), ""), "404"),
        (whole(target(2049), ""), "414"),
        (target(9000), "414"),
        (whole(target(1), &"A: b\r\n".repeat(63)), "200"),
        (whole(target(1), &"A: b\r\n".repeat(64)), "431"),
        (whole(target(1), &format!("A: {}\r\n", "b".repeat(8000))), "200"),
        (whole(target(1), &format!("A: {}\r\n", "b".repeat(8192))), "431"),
        (get(&"b".repeat(9000)), "431"),
    ] {
        let mut browser = Browser::open(address);
        let reply = browser.ask(&request);
        assert_eq!(reply.status(), status, "{} bytes: {}", request.len(), reply.head);
    }
}

#[test]
fn a_request_may_come_byte_by_byte_and_has_one_host() {
    let (_server, address) = start(&[]);
    let mut browser = Browser::open(address);
    browser.stream.set_nodelay(true).unwrap();
    for byte in GET.as_bytes() {
        browser.send([*byte]);
    }
    assert_eq!(browser.reply().status(), "200");
    let reply = browser.ask("GET http://LOCALHOST:1/about.json?a HTTP/1.1\r\nHost: evil\r\n\r\n");
    assert_eq!(reply.status(), "200");
    let reply = browser.ask("GET http://evil/ HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!(reply.status(), "421");
    let reply = browser.ask("\r\nGET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: h2c\r\n\r\n");
    assert_eq!(reply.status(), "200");
    let reply = browser.ask("GET / HTTP/1.0\r\nHost: localhost\r\n\r\n");
    assert_eq!((reply.status(), reply.field("Connection")), ("200", Some("close")));
    browser.expect_end();
}

#[test]
fn the_page_is_served_plain_and_compressed_and_once() {
    let (_server, address) = start(&["--title", "Tea & <Chess>"]);
    let mut browser = Browser::open(address);
    let plain = browser.ask(GET);
    assert_eq!(plain.status(), "200");
    assert_eq!(plain.field("Content-Type"), Some("text/html; charset=utf-8"));
    assert_eq!(plain.field("Cache-Control"), Some("no-cache"));
    assert!(plain.text().contains("<title>Tea &amp; &lt;Chess&gt;</title>"), "{}", plain.text());
    browser.send(HEAD);
    let head = browser.reply_to(true);
    let without_date = |head: &str| {
        head.lines().filter(|line| !line.starts_with("Date")).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(without_date(&head.head), without_date(&plain.head));
    let small = browser.ask(get("Accept-Encoding: gzip, deflate, br\r\n"));
    assert_eq!(small.field("Content-Encoding"), Some("gzip"));
    assert_eq!(small.field("Vary"), Some("Accept-Encoding"));
    let mut text = String::new();
    GzDecoder::new(&small.body[..]).read_to_string(&mut text).unwrap();
    assert_eq!(text, plain.text());
    let tag = plain.field("ETag").unwrap();
    let known = browser.ask(get(&format!("If-None-Match: {tag}\r\n")));
    assert_eq!((known.status(), known.field("ETag")), ("304", Some(tag)));
    assert_eq!(known.field("Content-Length"), None);
    let about = browser.ask("GET /about.json HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let about: serde_json::Value = serde_json::from_slice(&about.body).unwrap();
    assert_eq!(about["title"], "Tea & <Chess>");
    assert_eq!(about["registration"], "open");
    assert_eq!(about["limits"]["group"], 100);
    for path in ["/robots.txt", "/a", "/../etc/passwd", "/ws", "/metrics"] {
        let reply = browser.ask(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        let expected = if path == "/robots.txt" { "200" } else { "404" };
        assert_eq!(reply.status(), expected, "{path}");
    }
}

#[test]
fn what_is_pipelined_is_answered_in_order() {
    let (_server, address) = start(&[]);
    let mut browser = Browser::open(address);
    let missing = "GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n";
    browser.send([HEAD, missing, GET].concat().repeat(20));
    for _ in 0..20 {
        assert_eq!(browser.reply_to(true).status(), "200");
        assert_eq!(browser.reply().status(), "404");
        assert_eq!(browser.reply().status(), "200");
    }
    browser.send([GET, &GET[..5]].concat());
    assert_eq!(browser.reply().status(), "200");
    assert_eq!(browser.ask(&GET[5..]).status(), "200");
}

#[test]
fn a_connection_is_closed_after_a_hundred_requests() {
    let (_server, address) = start(&[]);
    let mut browser = Browser::open(address);
    browser.send(GET.repeat(110));
    for number in 1..=100 {
        let reply = browser.reply();
        assert_eq!(reply.status(), "200");
        assert_eq!(reply.field("Connection").is_some(), number == 100, "{number}");
    }
    browser.expect_end();
}

#[test]
fn who_only_reads_is_answered_and_who_asks_and_leaves_too() {
    let (_server, address) = start(&[]);
    let mut browser = Browser::open(address);
    browser.send(GET);
    browser.stream.shutdown(Shutdown::Write).unwrap();
    assert_eq!(browser.reply().status(), "200");
    browser.expect_end();
    let silent = Browser::open(address);
    silent.stream.shutdown(Shutdown::Write).unwrap();
    silent.expect_end();
}

#[test]
fn only_known_hosts_are_served() {
    let (_server, address) = start(&["--host", "chat.example.org"]);
    let mut browser = Browser::open(address);
    let mut ask = |host: &str| browser.ask(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"));
    let port = address.port();
    for host in ["chat.example.org", "CHAT.example.org.:9080", "localhost", "127.0.0.1", "[::1]:1"]
    {
        assert_eq!(ask(host).status(), "200", "{host}");
    }
    for host in ["evil.example", &format!("a.localhost:{port}"), "chat.example.org.evil.example"] {
        let reply = ask(host);
        assert_eq!(reply.status(), "421", "{host}");
        let name = host.split(':').next().unwrap();
        assert!(reply.text().contains(&format!("--host {name}\n")), "{}", reply.text());
    }
}

#[test]
fn who_sends_a_head_slowly_or_none_is_closed() {
    let (_server, address) = start(&[]);
    let mut slow = Browser::open(address);
    slow.send(&GET[..10]);
    let mut second = Browser::open(address);
    assert_eq!(second.ask(GET).status(), "200");
    second.send(&GET[..GET.len() - 1]);
    for mut browser in [slow, second] {
        assert_eq!(browser.reply().status(), "408");
        browser.expect_end();
    }
    Browser::open(address).expect_end();
}

#[test]
fn a_quarter_of_the_clients_are_browsers_and_idle_ones_make_room() {
    let (server, address) = start(&["--max-clients", "8"]);
    let mut first = Browser::open(address);
    assert_eq!(first.ask(GET).status(), "200");
    // With the answer to the first request, the beginning of the next one was read.
    let busy = [GET, &GET[..20]].concat();
    let mut second = Browser::open(address);
    assert_eq!(second.ask(&busy).status(), "200");
    let mut third = Browser::open(address);
    assert_eq!(third.ask(&busy).status(), "200");
    first.expect_end();
    let mut fourth = Browser::open(address);
    let reply = fourth.ask(GET);
    assert_eq!((reply.status(), reply.field("Connection")), ("503", Some("close")));
    fourth.expect_end();
    for browser in [&mut second, &mut third] {
        assert_eq!(browser.ask(&GET[20..]).status(), "200");
    }
    // Clients take all of the places, those of idle browsers too.
    let mut clients: Vec<_> = (0..8).map(|_| server.connect()).collect();
    second.expect_end();
    third.expect_end();
    assert_eq!(Browser::open(address).ask(GET).status(), "503");
    clients.pop();
    drop(clients);
    server.log().wait_for("reason=peer-closed");
}

#[test]
fn browsers_count_among_the_connections_of_an_address() {
    let (server, address) = start(&["--max-per-address", "2"]);
    let mut first = Browser::open(address);
    let mut second = Browser::open(address);
    assert_eq!(first.ask(GET).status(), "200");
    assert_eq!(second.ask(GET).status(), "200");
    assert_eq!(Browser::open(address).ask(GET).status(), "503");
    server.open().expect("C 421 …");
    drop(first);
    drop(second);
}

#[test]
fn a_stop_waits_for_no_browser() {
    let (mut server, address) = start(&["--drain", "1h"]);
    let mut idle = Browser::open(address);
    assert_eq!(idle.ask(GET).status(), "200");
    let mut slow = Browser::open(address);
    slow.send(&GET[..10]);
    assert_eq!(Browser::open(address).ask(GET).status(), "200");
    server.signal(Signal::TERM);
    idle.expect_end();
    slow.expect_end();
    assert!(server.wait().success());
}

#[test]
fn a_port_that_is_taken_is_an_error_only_where_it_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = other.local_addr().unwrap().port().to_string();
    let finished = finish(command(&folder.path().join("data"), &["--http-port", &port]));
    assert_eq!(finished.code, Some(69), "{}", finished.stderr);
    // Somebody else may have it, which is as good.
    let usual = TcpListener::bind("127.0.0.1:9080");
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let server = Server::start(&["--port", &free]);
    server.log().wait_for("event=http-off address=127.0.0.1:9080 …");
    drop(usual);
}
