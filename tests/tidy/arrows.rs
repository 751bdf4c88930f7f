//! Which room may name which: an arrow goes down only.
//!
//! `protocol` and `hub` stand on `chat` and never name each other, so that another protocol changes
//! nothing in the hub. The store knows of the hub nothing but the jobs that it does.

use std::collections::BTreeSet;

use crate::assert_none;
use crate::findings::{Finding, finding, lines};
use crate::modules::{self, Modules, is_below, room};

/// The rooms from the bottom up, and what each of them may name beside itself: rooms, or modules
/// with all that is below them.
const ARROWS: &[(&str, &[&str])] = &[
    ("exit", &[]),
    ("metrics", &[]),
    ("limits", &[]),
    ("chat", &[]),
    ("bounds", &["chat", "limits"]),
    ("log", &["chat"]),
    ("capacity", &["limits"]),
    ("command_line", &["exit"]),
    ("protocol", &["chat", "limits"]),
    ("options", &["bounds", "chat", "command_line", "protocol"]),
    ("tls_client", &[]),
    ("display", CLIENTS),
    ("direct", CLIENTS),
    ("hub", &["bounds", "chat", "limits", "log"]),
    ("store", STORE),
    ("server", &["bounds", "chat", "hub", "limits", "log", "metrics", "protocol", "store"]),
    ("main", SERVERS),
    (
        "chatclient",
        &["chat", "command_line", "direct", "display", "exit", "protocol", "tls_client"],
    ),
    ("loadtest", LOAD),
    ("chatsrv_fuzz", &["chat", "direct", "display", "protocol"]),
];

/// What the server's program ties together.
const SERVERS: &[&str] = &[
    "capacity",
    "command_line",
    "exit",
    "hub",
    "limits",
    "log",
    "options",
    "protocol",
    "server",
    "store",
];

/// What the store stands on: the jobs that it does and what it hands out are the hub's.
const STORE: &[&str] =
    &["chat", "exit", "hub::export_job", "hub::job", "hub::selection", "hub::snapshot", "metrics"];

/// What a client's side stands on: what it shows and says was read from the server's lines, and a
/// direct chat is made of the protocol's frames.
const CLIENTS: &[&str] = &["chat", "protocol"];

/// What the load generator stands on: it is a client, and it fills a data folder through the
/// store, whose jobs are the hub's.
const LOAD: &[&str] = &[
    "chat",
    "command_line",
    "exit",
    "hub::job",
    "hub::selection",
    "hub::snapshot",
    "protocol",
    "store",
    "tls_client",
];

fn may_name(from: &str, to: &str) -> bool {
    let to = short(to);
    let row = ARROWS.iter().find(|(room, _)| *room == from);
    row.is_some_and(|(_, below)| below.iter().any(|room| *room == to || is_below(to, room)))
}

/// A module's name without that of the library.
fn short(name: &str) -> &str {
    name.strip_prefix("chatsrv::").unwrap_or(name)
}

fn findings(modules: &Modules<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for module in modules.iter() {
        let from = room(&module.name);
        let named = modules.named_by(module).into_iter().map(|named| &named.module.name);
        // The library itself holds nothing but its modules, and macros.
        let others = named.filter(|to| *to != "chatsrv" && room(to) != from);
        let against = others.filter(|to| !may_name(short(from), to));
        let rooms = against.map(|to| short(room(to))).collect::<BTreeSet<_>>();
        let arrow = |to| finding(format!("{} -> {to}", short(from)), module.file);
        findings.extend(rooms.into_iter().map(arrow));
    }
    findings
}

#[test]
fn rooms_name_only_what_they_may() {
    assert_none(lines(findings(modules::all())));
}

#[test]
fn a_room_may_name_only_rooms_below_it() {
    let mut below = BTreeSet::new();
    for (room, named) in ARROWS {
        for name in *named {
            let name = name.split("::").next().unwrap();
            assert!(below.contains(name), "{room} stands below {name}");
        }
        assert!(below.insert(*room), "{room} stands twice");
    }
    let rooms = modules::all().iter().map(|module| short(room(&module.name)));
    let unknown = rooms.filter(|room| *room != "chatsrv" && !below.contains(room));
    assert_eq!(unknown.collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn what_a_room_may_name_it_does_name() {
    let all = modules::all();
    for (from, named) in ARROWS {
        let modules = all.iter().filter(|module| short(room(&module.name)) == *from);
        let names = modules
            .flat_map(|module| all.named_by(module))
            .map(|named| short(&named.module.name))
            .collect::<BTreeSet<_>>();
        for to in *named {
            let is_named = names.iter().any(|name| name == to || is_below(name, to));
            assert!(is_named, "{from} does not need {to}");
        }
    }
}

#[test]
fn an_arrow_that_the_table_lacks_is_found() {
    let files = modules::examples(&[
        ("src/hub/mod.rs", "use crate::chat::Name; use crate::protocol::Frame;"),
        ("src/hub/job.rs", "use super::Hub;"),
        ("src/store/mod.rs", "use crate::hub::job::Job; use crate::{chat, hub::Hub};"),
        ("src/chat/mod.rs", "fn f() { crate::hub::job::f() }"),
        ("src/server/mod.rs", ""),
        ("src/protocol/mod.rs", "use crate::chat::Text;"),
        ("loadtest/src/main.rs", "use chatsrv::{chat, server::Server};"),
    ]);
    let expected = [
        finding("chat -> hub", "src/chat/mod.rs"),
        finding("hub -> protocol", "src/hub/mod.rs"),
        finding("store -> hub", "src/store/mod.rs"),
        finding("loadtest -> server", "loadtest/src/main.rs"),
    ];
    assert_eq!(findings(&Modules::of(&files)), expected);
}
