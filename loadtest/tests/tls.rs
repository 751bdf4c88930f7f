//! Tests of loadtest over TLS.

mod support;

use std::fs;

use serde_json::Value;
use support::server::{Mischief, Server};
use support::{build_server, loadtest, said};

#[test]
fn a_server_that_does_not_speak_tls_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem");
    let certificate = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    fs::write(&ca, certificate.cert.pem()).unwrap();
    let server = Server::start(Mischief::None).address.to_string();
    let output = loadtest(&["--server", &server, "--ca", ca.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(69), "{}", said(&output));
    assert!(said(&output).contains("does not speak TLS"), "{}", said(&output));
}

#[test]
fn a_spawned_server_serves_over_tls_and_so_it_does_after_a_restart() {
    build_server();
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("a.json");
    let words = ["--spawn", "--tls", "--resume", "--clients", "20", "--senders", "3"];
    let more = ["--rate", "100", "--duration", "500ms", "--warmup", "100ms", "--downloads", "1"];
    let output = loadtest(&[&words[..], &more, &["--json", json.to_str().unwrap()]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(said(&output).contains(", TLS\n"), "{}", said(&output));
    let figures: Value = serde_json::from_slice(&fs::read(json).unwrap()).unwrap();
    assert_eq!(figures["traffic"]["deliveries"], 60 * 20, "{figures:#}");
    assert!(figures["resume"]["seconds"].as_f64().unwrap() > 0.0, "{figures:#}");
    assert!(figures["downloads"]["bytes"].as_u64().unwrap() > 1_000_000, "{figures:#}");
}
