//! Few file descriptors: how they are shared out, and what is said of it.

mod support;

use std::path::Path;
use std::process::Command;

use support::{Client, Server, command, finish};

/// How many chunks of 64 KiB an upload has.
const CHUNKS: usize = 4;
const SIZE: usize = CHUNKS * 65_536;

/// Sends a file to bob, and returns when all of it is there.
fn send_file(client: &mut Client) {
    let request = format!("C SENDFILE bob {SIZE} file");
    let stream = client.ask(&request, "C 250 SENDFILE … 0").remove(0);
    for _ in 0..CHUNKS {
        client.send_bytes(format!("F {stream} 65536\n").as_bytes());
        client.send_bytes(&[7; 65_536]);
    }
    client.send(&format!("F {stream} 0"));
    client.expect("C 126 SENDFILE …");
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
            send_file(&mut alice);
            let sent = bob.expect("C 124 FILE … alice bob … file").remove(0);
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
