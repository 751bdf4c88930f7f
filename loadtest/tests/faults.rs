//! Tests that loadtest finds every kind of fault, and reports none that did not happen.

mod support;

use serde_json::{Value, json};
use support::server::{FILE_NAME, Mischief, Server};
use support::{loadtest, said};

/// The exit code and the figures of a short run of five clients, one of which downloads, against a
/// server with that fault.
fn run(mischief: Mischief, options: &[&str]) -> (Option<i32>, Value) {
    let server = Server::start(mischief);
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("figures.json");
    let address = server.address.to_string();
    let mut words = vec!["--server", &address, "--clients", "4", "--json"];
    words.push(json.to_str().unwrap());
    // If a message is lost, the whole drain is waited for.
    let drain = if mischief.loses() { "2s" } else { "20s" };
    words.extend(["--duration", "300ms", "--warmup", "0s", "--drain", drain]);
    words.extend(options);
    let output = loadtest(&words);
    let figures = std::fs::read(&json).unwrap_or_else(|error| panic!("{error}: {}", said(&output)));
    (output.status.code(), serde_json::from_slice(&figures).unwrap())
}

const OPEN: &[&str] = &["--rate", "50"];
const DIRECT: &[&str] = &["--direct", "--window", "2"];
const CLOSED: &[&str] = &["--rate", "0", "--window", "2", "--senders", "2"];

fn faults(lost: u64, doubled: u64, misordered: u64, corrupt: u64, stray: u64) -> Value {
    json!({
        "lost": lost, "doubled": doubled, "misordered": misordered, "corrupt": corrupt,
        "stray": stray,
    })
}

#[test]
fn all_is_well_where_all_is_well() {
    for options in [OPEN, CLOSED] {
        let (code, figures) = run(Mischief::None, options);
        assert_eq!(figures["faults"], faults(0, 0, 0, 0, 0), "{figures:#}");
        assert_eq!(code, Some(0), "{figures:#}");
        let broadcasts = figures["traffic"]["sent"].as_u64().unwrap();
        assert!(broadcasts >= 5, "{figures:#}");
        assert_eq!(figures["traffic"]["deliveries"], 3 * broadcasts);
        assert_eq!(figures["latency"]["delivery"]["count"], 3 * broadcasts);
        assert_eq!(figures["latency"]["last_receiver"]["count"], broadcasts);
        assert_eq!(figures["latency"]["confirmation"]["count"], broadcasts);
        assert_eq!(figures["server"]["greeting"], "test/1");
        assert_eq!(figures["server_process"]["pid"], std::process::id());
    }
}

#[test]
fn direct_messages_come_to_one_and_are_confirmed() {
    let (code, figures) = run(Mischief::None, DIRECT);
    assert_eq!(figures["faults"], faults(0, 0, 0, 0, 0), "{figures:#}");
    assert_eq!(code, Some(0), "{figures:#}");
    let sent = figures["traffic"]["sent"].as_u64().unwrap();
    assert!(sent >= 5, "{figures:#}");
    assert_eq!(figures["options"]["senders"], 2);
    assert_eq!(figures["traffic"]["deliveries"], sent);
    assert_eq!(figures["latency"]["delivery"]["count"], sent);
    assert_eq!(figures["latency"]["confirmation"]["count"], sent);
    assert!(figures["latency"]["last_receiver"].is_null());
}

#[test]
fn an_open_loop_sends_by_the_clock() {
    let (_, figures) = run(Mischief::None, OPEN);
    assert_eq!(figures["traffic"]["sent"], 15);
}

#[test]
fn every_mischief_is_found_and_counted_once() {
    for (mischief, expected) in [
        (Mischief::Lose, faults(1, 0, 0, 0, 0)),
        (Mischief::Double, faults(0, 1, 0, 0, 0)),
        (Mischief::Swap, faults(0, 0, 1, 0, 0)),
        (Mischief::Damage, faults(1, 0, 0, 1, 0)),
        (Mischief::Echo, faults(0, 0, 0, 0, 1)),
    ] {
        for options in [OPEN, CLOSED, DIRECT] {
            let (code, figures) = run(mischief, options);
            assert_eq!(figures["faults"], expected, "{mischief:?} {figures:#}");
            assert_eq!(code, Some(1), "{mischief:?}");
        }
    }
}

#[test]
fn what_one_session_of_several_gets_or_not_is_found() {
    for (mischief, expected) in [
        (Mischief::None, faults(0, 0, 0, 0, 0)),
        (Mischief::Lose, faults(1, 0, 0, 0, 0)),
        (Mischief::LoseOwn, faults(1, 0, 0, 0, 0)),
        (Mischief::Double, faults(0, 1, 0, 0, 0)),
        (Mischief::Swap, faults(0, 0, 1, 0, 0)),
    ] {
        for options in [OPEN, DIRECT] {
            let (code, figures) = run(mischief, &[options, &["--sessions", "2"]].concat());
            assert_eq!(figures["faults"], expected, "{mischief:?} {figures:#}");
            assert_eq!(code, Some(i32::from(mischief != Mischief::None)), "{mischief:?}");
        }
    }
}

#[test]
fn a_broken_connection_loses_what_was_under_way() {
    for options in [OPEN, CLOSED, DIRECT] {
        let (code, figures) = run(Mischief::HangUp, options);
        assert_eq!(figures["failures"]["connections"], 1, "{figures:#}");
        assert!(figures["faults"]["lost"].as_u64().unwrap() >= 1, "{figures:#}");
        assert!(figures["traffic"]["sent"].as_u64().unwrap() >= 5, "the others go on");
        assert_eq!(code, Some(1));
    }
}

#[test]
fn a_refused_broadcast_is_not_lost() {
    for options in [OPEN, CLOSED, DIRECT] {
        let (code, figures) = run(Mischief::Refuse, options);
        assert_eq!(figures["failures"]["refused"], 1, "{figures:#}");
        assert_eq!(figures["faults"], faults(0, 0, 0, 0, 0));
        assert_eq!(figures["failures"]["reasons"][0], "first message: 450 MSG not now");
        assert_eq!(code, Some(1));
    }
}

#[test]
fn a_busy_server_is_asked_again() {
    let (code, figures) = run(Mischief::Busy, OPEN);
    assert_eq!(code, Some(0), "{figures:#}");
    assert_eq!(figures["login"]["retries"], 1);
}

#[test]
fn downloads_are_counted_and_their_size_is_checked() {
    let download = ["--rate", "50", "--downloads", "2", "--download-name", FILE_NAME];
    let (code, figures) = run(Mischief::None, &download);
    assert_eq!(code, Some(0), "{figures:#}");
    assert!(figures["downloads"]["completed"].as_u64().unwrap() >= 2);
    assert!(figures["downloads"]["bytes_per_second"].as_f64().unwrap() > 0.0);
    let downloader = figures["latency"]["delivery_to_downloader"]["count"].as_u64();
    assert_eq!(downloader, Some(2 * 15), "who downloads receives, too");

    let (code, figures) = run(Mischief::ShortFile, &download);
    assert_eq!((code, &figures["downloads"]["failed"]), (Some(1), &json!(2)), "{figures:#}");
    let (code, figures) = run(Mischief::None, &["--downloads", "1", "--download-name", "missing"]);
    assert_eq!((code, &figures["failures"]["downloads"]), (Some(1), &json!(1)), "{figures:#}");
}
