//! File descriptors: whatever was opened for a client is closed when it is done.

mod support;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use support::{Client, PATIENCE, Server, command, finish};

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

/// The server's command with so many descriptors and no more.
fn with_files(limit: u32, data: &Path, args: &[&str]) -> Command {
    let inner = command(data, args);
    let mut outer = Command::new("sh");
    outer.args(["-c", &format!("ulimit -n {limit} && exec \"$0\" \"$@\"")]);
    outer.arg(inner.get_program()).args(inner.get_args());
    for (name, value) in inner.get_envs() {
        match value {
            Some(value) => outer.env(name, value),
            None => outer.env_remove(name),
        };
    }
    outer
}

fn start_with_files(limit: u32, args: &[&str]) -> Server {
    let folder = tempfile::tempdir().unwrap();
    let command = with_files(limit, &folder.path().join("data"), args);
    Server::spawn(command, folder, &[])
}

/// How many connections the server says that there may be.
fn room(server: &Server) -> usize {
    let found = server.log().wait_for("event=started …connections=… …");
    found[1].parse().expect("a number")
}

#[test]
fn with_few_descriptors_people_talk_and_send_files() {
    for (limit, args, least) in [
        (64, &[][..], 20),
        (64, &["--metrics", "127.0.0.1:0"], 20),
        (256, &["--metrics", "127.0.0.1:0"], 128),
        (1024, &[], 768),
    ] {
        let server = start_with_files(limit, args);
        let room = room(&server);
        assert!(room >= least, "{room} of {limit}");
        let mut alice = server.register("alice");
        let mut bob = server.register("bob");
        // All other places are taken, and some have come in vain.
        let strangers: Vec<Client> = (2..room).map(|_| server.connect()).collect();
        server.open().expect_closing("C 421 - Connection Limit Exceeded !!");
        alice.ask("D bob hello", "C 250 MSG … bob 1 0");
        bob.expect("D … alice bob hello");
        for round in 0..5 {
            let stream = upload(&mut alice, &format!("SENDFILE bob {SIZE} file"), CHUNKS);
            alice.send(&format!("F {stream} 0"));
            let sent = bob.expect("C 124 FILE … alice bob … file").remove(0);
            alice.expect("C 126 SENDFILE …");
            assert_eq!(bob.download(0, &format!("@{sent}")).1.len(), SIZE, "{round}");
        }
        alice.ask(&format!("C SENDFILE bob {SIZE} one"), "C 250 SENDFILE …");
        alice.ask(&format!("C PUT {SIZE} two"), "C 250 PUT …");
        drop(strangers);
        let warned = server.log().lines().iter().any(|line| line.contains("event=few-connections"));
        assert_eq!(warned, room < 100);
    }
}

#[test]
fn with_too_few_descriptors_it_says_how_many_it_needs() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let finished = finish(with_files(24, &data, &[]));
    assert_eq!(finished.code, Some(71), "{}", finished.stderr);
    let (_, needed) = finished
        .stderr
        .split_once("limit of open files is 24, and the server needs ")
        .unwrap_or_else(|| panic!("{}", finished.stderr));
    let needed: u32 = needed.split(' ').next().unwrap().parse().unwrap();
    let server = start_with_files(needed, &[]);
    assert_eq!(room(&server), 2);
    let mut alice = server.register("alice");
    let mut bob = server.register("bob");
    alice.ask("D bob hello", "C 250 MSG … bob 1 0");
    bob.expect("D … alice bob hello");
    server.write_file("file", "content");
    assert_eq!(bob.download(0, "file").1, b"content");
}

#[test]
fn more_clients_than_there_are_descriptors_for_is_told() {
    let server = start_with_files(256, &["--max-clients", "5000"]);
    server.log().wait_for("event=few-connections limit=256 connections=…: … 5000 …");
}
