//! loadtest as a program: what it writes, how it ends, and the server that it starts.

mod support;

use std::path::Path;
use std::process::Command;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use support::server::{Mischief, Server};
use support::{DEADLINE, finish, loadtest, said, start};

#[test]
fn the_exit_code_tells_what_kept_it_from_measuring() {
    let gone = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().to_string()
    };
    let of = |mischief| Server::start(mischief).address.to_string();
    for (words, code, text) in [
        (["--server", &gone], 69, "no server at"),
        (["--server", &of(Mischief::Silence)], 69, "no server at"),
        (["--server", &of(Mischief::TurnAway)], 69, "client 2 can't log in: the server said: 535"),
        (["--clients", "1"], 64, "--clients"),
        (["--clients", "900000"], 64, "open files"),
        (["--server-pid", "1000000000"], 64, "there is no process"),
    ] {
        // All but the first three fail before they need a server, or on this one.
        let server = of(Mischief::None);
        let rest = if words[0] == "--server" { vec![] } else { vec!["--server", &server] };
        let output = loadtest(&[&words[..], &rest].concat());
        assert_eq!(output.status.code(), Some(code), "{words:?} {}", said(&output));
        assert!(said(&output).contains(text), "{words:?} {}", said(&output));
    }
}

#[test]
fn results_that_can_not_be_written_are_told() {
    let server = Server::start(Mischief::None).address.to_string();
    let run = ["--server", &server, "--duration", "50ms", "--warmup", "0s", "--clients", "2"];
    for option in ["--json", "--plot"] {
        let output = loadtest(&[&run[..], &[option, "/nowhere/at/all"]].concat());
        assert_eq!(output.status.code(), Some(73), "{}", said(&output));
        assert!(said(&output).contains("/nowhere/at/all"), "{}", said(&output));
    }
}

#[test]
fn a_signal_ends_the_run_with_a_report() {
    for signal in [Signal::INT, Signal::TERM] {
        let server = Server::start(Mischief::None);
        let address = server.address.to_string();
        let child = start(&["--server", &address, "--duration", "1h", "--clients", "3"]);
        server.broadcasts.recv_timeout(DEADLINE).expect("nothing was broadcast");
        kill_process(Pid::from_child(&child), signal).unwrap();
        let output = finish(child);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        assert!(said(&output).contains("lost 0"), "{}", said(&output));
        assert!(said(&output).contains("interrupted"), "{}", said(&output));
    }
}

#[test]
fn every_option_has_its_variable() {
    let help = String::from_utf8(loadtest(&["--help"]).stdout).unwrap();
    let lines = help.lines().filter_map(|line| line.trim_start().strip_prefix("--"));
    let names: Vec<&str> = lines.filter_map(|line| line.split(' ').next()).collect();
    assert!(names.contains(&"server-pid"), "{help}");
    for name in names {
        let variable = format!("LOADTEST_{}", name.to_uppercase().replace('-', "_"));
        assert!(help.contains(&format!("{variable}=")), "{variable}");
    }
}

/// Builds the chatsrv beside loadtest from these sources.
fn build_server() {
    let program = Path::new(env!("CARGO_BIN_EXE_loadtest"));
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--locked", "--package", "chatsrv", "--bin", "chatsrv"]);
    cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
    cargo.arg("--target-dir").arg(program.ancestors().nth(2).unwrap());
    if program.components().any(|part| part.as_os_str() == "release") {
        cargo.arg("--release");
    }
    assert!(cargo.status().unwrap().success(), "chatsrv was not built");
}

#[test]
fn a_spawned_server_serves_and_is_gone_afterwards() {
    build_server();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (json, plot) = (path("a.json"), path("a.svg"));
    let output = loadtest(&[
        "--spawn",
        "--clients",
        "20",
        "--senders",
        "3",
        "--rate",
        "100",
        "--duration",
        "500ms",
        "--warmup",
        "100ms",
        "--downloads",
        "1",
        "--json",
        &json,
        "--plot",
        &plot,
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let figures: Value = serde_json::from_slice(&std::fs::read(json).unwrap()).unwrap();
    assert_eq!(figures["traffic"]["deliveries"], 60 * 20, "{figures:#}");
    assert!(figures["server"]["greeting"].as_str().unwrap().starts_with("chatsrv/"));
    let process = &figures["server_process"];
    assert!(process["cpu_us_per_delivery"].as_f64().unwrap() > 0.0, "{figures:#}");
    assert!(process["threads"][0]["cpu_us_per_delivery"].as_f64().unwrap() > 0.0, "{figures:#}");
    assert!(figures["login"]["cpu_us_per_client"].as_f64().unwrap() > 0.0, "{figures:#}");
    let pid = process["pid"].as_u64().unwrap();
    assert!(!Path::new(&format!("/proc/{pid}")).exists(), "the server is still there");
    let svg = std::fs::read_to_string(plot).unwrap();
    assert!(svg.contains("each receiver") && svg.contains("receivers that download"));
}

#[test]
fn clients_come_back_with_tokens_after_a_restart() {
    build_server();
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("a.json");
    let words = ["--spawn", "--resume", "--direct", "--clients", "10", "--duration", "200ms"];
    let more = ["--warmup", "0s", "--server-option=--offline=discard", "--json"];
    let output = loadtest(&[&words[..], &more, &[json.to_str().unwrap()]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let figures: Value = serde_json::from_slice(&std::fs::read(json).unwrap()).unwrap();
    assert!(figures["resume"]["cpu_seconds"].as_f64().unwrap() > 0.0, "{figures:#}");
    assert!(figures["traffic"]["deliveries"].as_u64().unwrap() > 5, "{figures:#}");
    assert_eq!(figures["options"]["server_options"][0], "--offline=discard");
}
