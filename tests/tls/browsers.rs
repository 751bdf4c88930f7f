//! Browsers on the port for TLS, which they share with clients, and on one of their own.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};

use super::Secure;
use super::support::{PATIENCE, TlsTrust, Transport};

const GET: &str = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
const LAST: &str = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

fn open(address: SocketAddr, trust: &TlsTrust, protocols: &[&str]) -> Transport {
    let socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    trust.speaking(protocols).over(socket)
}

fn line(stream: &mut Transport) -> String {
    let mut line = Vec::new();
    let mut byte = [0];
    while line.last() != Some(&b'\n') {
        match stream.read(&mut byte) {
            Ok(1) => line.push(byte[0]),
            Ok(_) => break,
            Err(error) => return error.to_string(),
        }
    }
    String::from_utf8(line).unwrap()
}

/// Sends requests, the last of which closes, and reads to the end of the TLS session.
fn ask(mut stream: Transport, requests: &str) -> String {
    stream.write_all(requests.as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

fn https_address(secure: &Secure) -> SocketAddr {
    let port = secure.server.log().wait_for("listening on 127.0.0.1:… (HTTPS)").remove(0);
    SocketAddr::from(([127, 0, 0, 1], port.parse().unwrap()))
}

#[test]
fn a_client_says_whether_it_speaks_http() {
    let secure = Secure::start(&[]);
    let address = secure.server.tls_address();
    for protocols in [&["http/1.1"][..], &["h2", "http/1.1"]] {
        let text = ask(open(address, &secure.trust, protocols), &[GET, GET, LAST].concat());
        assert_eq!(text.matches("HTTP/1.1 200 OK\r\n").count(), 3, "{text}");
        assert!(text.ends_with("</html>\n"), "{text}");
    }
    for protocols in [&[][..], &["chatsrv"], &["http/1.1", "chatsrv"]] {
        let greeting = line(&mut open(address, &secure.trust, protocols));
        assert!(greeting.starts_with("C 220 "), "{protocols:?}: {greeting}");
    }
    let refused = line(&mut open(address, &secure.trust, &["h2"]));
    assert!(refused.contains("NoApplicationProtocol"), "{refused}");
    secure.register("alice").leave();
}

#[test]
fn a_port_for_browsers_alone_serves_whoever_says_nothing() {
    let secure = Secure::start(&["--https-port", "0"]);
    let address = https_address(&secure);
    for protocols in [&[][..], &["http/1.1"], &["chatsrv"]] {
        let text = ask(open(address, &secure.trust, protocols), LAST);
        assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{protocols:?}: {text}");
    }
    // Who does not speak TLS gets no page.
    let mut plain = TcpStream::connect(address).unwrap();
    plain.set_read_timeout(Some(PATIENCE)).unwrap();
    plain.write_all(GET.as_bytes()).unwrap();
    let mut answer = Vec::new();
    match plain.read_to_end(&mut answer) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
    }
    assert!(!answer.starts_with(b"HTTP/"), "{}", String::from_utf8_lossy(&answer));
}

#[test]
fn requests_that_are_long_or_many_are_read_over_tls_too() {
    let secure = Secure::start(&[]);
    let address = secure.server.tls_address();
    let text = ask(open(address, &secure.trust, &["http/1.1"]), &GET.repeat(120));
    assert_eq!(text.matches("HTTP/1.1 200 OK\r\n").count(), 100);
    let long = format!("GET / HTTP/1.1\r\nHost: localhost\r\nA: {}\r\n\r\n", "b".repeat(16_000));
    let text = ask(open(address, &secure.trust, &["http/1.1"]), &long);
    assert!(text.starts_with("HTTP/1.1 431 "), "{text}");
    let mut browser = open(address, &secure.trust, &["http/1.1"]);
    for byte in GET.as_bytes() {
        browser.write_all(&[*byte]).unwrap();
    }
    assert_eq!(line(&mut browser), "HTTP/1.1 200 OK\r\n");
}

#[test]
fn browsers_over_tls_are_a_quarter_too_and_no_strangers() {
    let secure = Secure::start(&["--max-clients", "8", "--strangers-per-address", "1"]);
    let address = secure.server.tls_address();
    let busy = [GET, &GET[..20]].concat();
    let mut browsers: Vec<Transport> = (0..2)
        .map(|_| {
            let mut browser = open(address, &secure.trust, &["http/1.1"]);
            browser.write_all(busy.as_bytes()).unwrap();
            assert_eq!(line(&mut browser), "HTTP/1.1 200 OK\r\n");
            browser
        })
        .collect();
    let text = ask(open(address, &secure.trust, &["http/1.1"]), GET);
    assert!(text.starts_with("HTTP/1.1 503 "), "{text}");
    browsers.pop();
    secure.register("alice").leave();
}
