//! Tests that the floors serve loadtest, and lose nothing.

mod support;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use support::{loadtest, said};

/// A floor that is terminated with the test.
struct Floor {
    child: Child,
    address: String,
}

impl Floor {
    fn start(options: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_loadtest"));
        command.args(["floor", "--port", "0"]).args(options);
        let mut child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on ").unwrap().to_owned();
        Floor { child, address }
    }
}

impl Drop for Floor {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[test]
fn every_broadcast_comes_to_everyone() {
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("a.json");
    for options in [&[][..], &["--batch"]] {
        let floor = Floor::start(options);
        let mut words = vec!["--server", &floor.address, "--clients", "20", "--senders", "3"];
        words.extend(["--rate", "0", "--window", "16", "--warmup", "0s", "--duration", "200ms"]);
        words.extend(["--json", json.to_str().unwrap()]);
        let output = loadtest(&words);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        let figures: Value = serde_json::from_slice(&std::fs::read(&json).unwrap()).unwrap();
        let sent = figures["traffic"]["sent"].as_u64().unwrap();
        assert!(sent >= 16, "{figures:#}");
        assert_eq!(figures["traffic"]["deliveries"], sent * 19, "{figures:#}");
        assert_eq!(figures["latency"]["confirmation"]["count"], sent, "{figures:#}");
        assert_eq!(figures["server_process"]["pid"], floor.child.id());
    }
}

#[test]
fn those_who_only_are_there_say_nothing() {
    let floor = Floor::start(&[]);
    let words = ["--server", &floor.address, "--idle", "--duration", "50ms", "--warmup", "0s"];
    let output = loadtest(&words);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(said(&output).contains("received  0 messages"), "{}", said(&output));
}
