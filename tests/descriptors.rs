//! File descriptors: whatever was opened for a client is closed when it is done.

mod support;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

use support::{Client, PATIENCE, Server};

/// How many chunks of 64 KiB an upload has.
const CHUNKS: usize = 4;
const SIZE: usize = CHUNKS * 65_536;

/// Begins an upload, sends `chunks` chunks, and returns its stream.
fn upload(client: &mut Client, command: &str, chunks: usize) -> String {
    let verb = command.split(' ').next().unwrap_or_default();
    let stream = client.ask(&format!("C {command}"), &format!("C 250 {verb} … 0")).remove(0);
    for _ in 0..chunks {
        client.send_bytes(format!("F {stream} 65536\n").as_bytes());
        client.send_bytes(&[7; 65_536]);
    }
    stream
}

/// What one client does with files in one of several ways; some of them go in the middle of it.
fn visit(server: &Server, round: usize) {
    let mut client = server.login("alice");
    let put = format!("PUT {SIZE} up{round}");
    match round % 8 {
        0 => {
            let stream = upload(&mut client, &put, CHUNKS);
            client.send(&format!("F {stream} 0"));
            client.expect(&format!("C 126 PUT {stream} {SIZE} up{round}"));
            client.leave();
        }
        1 => {
            upload(&mut client, &put, 1);
            client.reset();
        }
        2 => {
            let stream = upload(&mut client, &format!("SENDFILE bob {SIZE} sent"), 2);
            client.ask(&format!("C ABORT {stream}"), "C 250 ABORT …");
            client.leave();
        }
        3 => {
            assert_eq!(client.download(0, "large").1.len(), 3_000_000);
            client.leave();
        }
        4 => {
            client.ask("C GET 0 large", "C 250 GET … … large");
            client.reset();
        }
        5 => {
            client.send("C GET 0 large\nC ABORT 1\nC SUM large\nC LS\nC EX");
            while client.frame() != support::Frame::End {}
        }
        6 => {
            client.send("C SUM large");
            client.reset();
        }
        _ => drop(Client::operator(server)),
    }
}

/// Reads a page whole, or goes before it has come.
fn scrape(address: SocketAddr, whole: bool) {
    let mut page = TcpStream::connect(address).unwrap();
    page.set_read_timeout(Some(PATIENCE)).unwrap();
    let request = b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    page.write_all(if whole { request } else { &request[..20] }).unwrap();
    if whole {
        let mut text = String::new();
        page.read_to_string(&mut text).unwrap();
        assert!(text.contains("# TYPE"), "{text}");
    }
}

#[test]
fn every_file_descriptor_comes_back() {
    let server = Server::start(&["--metrics", "127.0.0.1:0"]);
    let metrics = server.log().wait_for("event=metrics address=…").remove(0).parse().unwrap();
    server.write_file("large", vec![7; 3_000_000]);
    server.register("alice").leave();
    let mut bob = server.register("bob");
    server.log().wait_for_count("event=closed", 1);
    let baseline = server.open_files();
    for round in 0..200 {
        visit(&server, round);
        if round % 10 == 0 {
            scrape(metrics, round % 20 == 0);
        }
    }
    let deadline = Instant::now() + PATIENCE;
    while server.open_files() != baseline {
        assert!(Instant::now() < deadline, "{} are open, not {baseline}", server.open_files());
        bob.send("C WHO");
        while !bob.line().starts_with("C 250 WHO ") {}
    }
}
