//! Tests of loadtest as a program: its output, its exit codes, and its private server.

mod support;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use support::server::{Mischief, Server};
use support::{DEADLINE, build_server, finish, loadtest, said, start};

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
        (["--ca", "/nowhere/at/all"], 64, "/nowhere/at/all: "),
        (["--server-pid", "1000000000"], 64, "there is no process"),
    ] {
        // All but the first three fail before they need a server, or with this one.
        let server = of(Mischief::None);
        let rest = if words[0] == "--server" { vec![] } else { vec!["--server", &server] };
        let output = loadtest(&[&words[..], &rest].concat());
        assert_eq!(output.status.code(), Some(code), "{words:?} {}", said(&output));
        assert!(said(&output).contains(text), "{words:?} {}", said(&output));
    }
}

#[test]
fn more_clients_than_files_may_be_open_are_refused() {
    let server = Server::start(Mischief::None).address.to_string();
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", "ulimit -n 1000 && exec \"$@\"", "sh", env!("CARGO_BIN_EXE_loadtest")]);
    shell.args(["--server", &server, "--clients", "2000"]).stdin(Stdio::null());
    let output = shell.output().unwrap();
    assert_eq!(output.status.code(), Some(64), "{}", said(&output));
    assert!(said(&output).contains("open files"), "{}", said(&output));
}

#[test]
fn variables_are_named_where_they_are_wrong_and_the_command_line_goes_before_them() {
    let load = |variable: &str, value: &str, words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_loadtest"));
        command.args(words).env(variable, value).stdin(Stdio::null()).output().unwrap()
    };
    for (variable, words) in [
        ("LOADTEST_RATE", &[][..]),
        ("LOADTEST_SLOW_PERIOD", &["slow"]),
        ("LOADTEST_FILL_ACCOUNTS", &["fill", "/nowhere/at/all"]),
        ("LOADTEST_REQUEST_COUNT", &["request", "C WHO"]),
    ] {
        let output = load(variable, "bad", words);
        assert_eq!(output.status.code(), Some(64), "{}", said(&output));
        assert!(said(&output).contains(&format!("'bad' for '{variable}'")), "{}", said(&output));
    }
    // An empty variable counts as none, and an option on the command line precedes a variable that
    // contradicts it: both runs get as far as connecting to the server, which does not exist.
    let nowhere = ["--server", "127.0.0.1:1", "--rate", "5"];
    for (variable, value) in [("LOADTEST_DIRECT", "yes"), ("LOADTEST_CLIENTS", "")] {
        let output = load(variable, value, &nowhere);
        assert_eq!(output.status.code(), Some(69), "{}", said(&output));
    }
}

#[test]
fn results_that_can_not_be_written_are_told() {
    let server = Server::start(Mischief::None).address.to_string();
    let run = ["--server", &server, "--duration", "50ms", "--warmup", "0s", "--clients", "2"];
    for words in [&run[..], &["--help"], &["--completions", "zsh"]] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_loadtest"));
        let output = command.args(words).stdout(full).stderr(Stdio::piped()).output().unwrap();
        assert_eq!(output.status.code(), Some(74), "{}", said(&output));
        assert!(said(&output).contains("cannot write to standard output"), "{}", said(&output));
    }
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
fn groups_are_made_and_written_to() {
    build_server();
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("a.json");
    let words = ["--spawn", "--groups", "5", "--group-size", "4", "--clients", "10", "--window"];
    let more = ["3", "--warmup", "0s", "--duration", "200ms", "--json", json.to_str().unwrap()];
    let output = loadtest(&[&words[..], &more].concat());
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let figures: Value = serde_json::from_slice(&std::fs::read(json).unwrap()).unwrap();
    let sent = figures["traffic"]["sent"].as_u64().unwrap();
    assert!(sent >= 3, "{figures:#}");
    assert_eq!(figures["traffic"]["deliveries"], sent * 3, "{figures:#}");
    assert_eq!(figures["latency"]["last_receiver"]["count"], sent, "{figures:#}");
}

#[test]
fn every_session_gets_everything_once_also_after_a_restart() {
    build_server();
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("a.json");
    let run = |words: &[&str]| {
        let first = ["--spawn", "--sessions", "3", "--clients", "6", "--warmup", "0s", "--json"];
        let all = [&first[..], &[json.to_str().unwrap()], words].concat();
        let output = loadtest(&all);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        assert!(said(&output).contains("6 clients, 3 sessions each"), "{}", said(&output));
        let figures: Value = serde_json::from_slice(&std::fs::read(&json).unwrap()).unwrap();
        let count = |what: &str| figures["traffic"][what].as_u64().unwrap();
        assert!(count("sent") > 0, "{figures:#}");
        count("deliveries") / count("sent")
    };
    let short = ["--duration", "300ms", "--resume"];
    // All sessions but the one that says it.
    let broadcast = run(&[&short[..], &["--senders", "3", "--rate", "50"]].concat());
    assert_eq!(broadcast, 6 * 3 - 1);
    let direct = run(&[&short[..], &["--direct", "--window", "2"]].concat());
    assert_eq!(direct, 2 * 3 - 1);
    let groups = ["--groups", "4", "--group-size", "5", "--window", "3"];
    assert_eq!(run(&[&short[..], &groups].concat()), 5 * 3 - 1);
}

#[test]
fn every_subcommand_has_help() {
    for command in ["floor", "slow", "fill", "request", "chart"] {
        for words in [&[command, "--help"][..], &[command, "-h"], &["help", command]] {
            let output = loadtest(words);
            assert_eq!(output.status.code(), Some(0), "{words:?} {}", said(&output));
            let usage = format!("Usage: loadtest {command}");
            assert!(said(&output).contains(&usage), "{words:?} {}", said(&output));
        }
    }
}

#[test]
fn a_filled_server_answers() {
    build_server();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let data = data.to_str().unwrap();
    let output = loadtest(&["fill", "--accounts", "10", "--messages", "300", data]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let program = Path::new(env!("CARGO_BIN_EXE_loadtest")).with_file_name("chatsrv");
    let mut command = Command::new(program);
    command.args(["--port", "0", "--listen", "127.0.0.1", "--data", data, "--rate", "0"]);
    let mut server = Ended(command.stderr(Stdio::piped()).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(server.0.stderr.as_mut().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().split_once("listening on ").unwrap().1.to_owned();
    let ask = |words: &[&str]| {
        let json = folder.path().join("a.json");
        let first = ["request", "--server", &address, "--count", "4", "--json"];
        let output = loadtest(&[&first[..], &[json.to_str().unwrap()], words].concat());
        let figures = std::fs::read(json).unwrap_or_default();
        (output, serde_json::from_slice::<Value>(&figures).unwrap_or_default())
    };
    for (words, lines) in [
        // At least one line with the head of the list of unread messages, and one with its end.
        (&["--log-in", "password", "--accounts", "10"][..], 2..),
        (&["--log-in", "token", "--accounts", "10"], 2..),
        (&["C OPEN user1 50"], 52..),
        (&["C SEARCH - needle"], 12..),
    ] {
        let (output, figures) = ask(words);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        assert_eq!(figures["latency"]["count"], 4, "{figures:#}");
        let count = figures["lines"].as_u64().unwrap();
        assert!(count.is_multiple_of(4) || words[0] == "--log-in", "{words:?} {figures:#}");
        assert!(lines.contains(&(count / 4)), "{words:?} {figures:#}");
        assert!(figures["server_cpu_us"].as_f64().unwrap() > 0.0, "{figures:#}");
    }
    // The server keeps no more than 16 tokens of one user.
    let words = ["request", "--server", &address, "--count", "20", "--log-in", "token"];
    let output = loadtest(&[&words[..], &["--accounts", "1"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let (output, _) = ask(&["C OPEN nobody"]);
    assert_eq!(output.status.code(), Some(69), "{}", said(&output));
    assert!(said(&output).contains("the server said: 550"), "{}", said(&output));
}

/// A process that is terminated with the test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
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
