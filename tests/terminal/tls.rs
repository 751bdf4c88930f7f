//! Over TLS, with the real server: a person, and jobs that run once.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::folder;
use crate::person::Person;
use crate::support::{Finished, Identity, Random, Server, command, finish, password_of};

/// A server that takes TLS, and what its clients need to know.
struct Tls {
    server: Server,
    args: Vec<String>,
    port: String,
    certificate: String,
}

impl Tls {
    fn start() -> Self {
        let folder = folder();
        let (certificate, key) = Identity::new().write(folder.path());
        let certificate = certificate.to_str().unwrap().to_string();
        let mut args = vec![format!("--tls-cert={certificate}")];
        args.push(format!("--tls-key={}", key.display()));
        let mut first: Vec<&str> = args.iter().map(String::as_str).collect();
        first.push("--tls-port=0");
        let command = command(&folder.path().join("data"), &first);
        let server = Server::spawn(command, folder, &first);
        let port = server.tls_address().port().to_string();
        args.push(format!("--tls-port={port}"));
        Tls { server, args, port, certificate }
    }

    /// Starts it again after a crash, where it was.
    fn come_back(&mut self) {
        self.server.start_again(&self.args.iter().map(String::as_str).collect::<Vec<_>>());
    }

    fn sit_down(&self, folder: &Path) -> Person {
        Person::sit_down_with(&["--ca", &self.certificate, "localhost", &self.port], folder, 80)
    }

    /// Runs one job.
    fn run(&self, folder: &Path, words: &[&str]) -> Finished {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chatclient"));
        command.args(["--ca", &self.certificate]).args(words);
        command.args(["localhost", &self.port, "alice"]);
        command.current_dir(folder).env_clear().env("CHAT_PASSWORD", password_of("alice"));
        finish(command)
    }
}

#[test]
fn what_is_typed_stands_when_the_server_comes_back() {
    let (mut tls, folder) = (Tls::start(), folder());
    let mut bob = tls.sit_down(folder.path());
    bob.wait_for_row(&format!("connected to localhost:{} (TLS 1.3)", tls.port));
    bob.sign_up("bob");
    let mut alice = tls.server.register("alice");
    bob.wait_for_row("alice is online");
    bob.type_keys("/broadcast one\rhalf a line");
    alice.expect("D … bob * one");
    bob.wait_for_row("bob -> *: one");
    alice.ask("D * two", "C 250 MSG … * 1 0");
    bob.wait_for_row("alice -> *: two");

    tls.server.crash();
    bob.wait_for_row("offline");
    tls.come_back();
    bob.wait_for_row("online again");
    bob.wait_for_prompt("bob> half a line");
    bob.type_keys("\x15EX\r");
    assert_eq!(bob.wait_for_end(), Some(0));
    let shown = String::from_utf8_lossy(&bob.everything);
    assert_eq!(shown.matches("connected to").count(), 1, "{shown}");
}

#[test]
fn one_job_after_the_other_is_done() {
    let (tls, folder) = (Tls::start(), folder());
    let done = |words: &[&str]| {
        let finished = tls.run(folder.path(), words);
        assert_eq!((finished.code, finished.stderr.as_str()), (Some(0), ""), "{words:?}");
    };
    let content = Random::new().bytes(5_000_000);
    fs::write(folder.path().join("a b.bin"), &content).unwrap();
    done(&["--register", "--say", "*", "hello"]);
    done(&["--put", "a b.bin"]);
    assert!(fs::read(tls.server.files().join("a b.bin")).unwrap() == content);
    done(&["--get", "a b.bin", "-o", "back.bin"]);
    assert!(fs::read(folder.path().join("back.bin")).unwrap() == content);
    done(&["--send", "alice", "a b.bin"]);
    let mut carol = tls.server.register("carol");
    carol.ask("C OPEN * 1", "C 150 OPEN 1");
    carol.expect("D … alice * hello");
    carol.expect("C 250 OPEN * 0");
}
