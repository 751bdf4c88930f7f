//! How many transfers one user, or strangers, may have at a time, and what becomes of those that
//! stand still.

use chatsrv::hub::config::{Config, FileBounds, Rules};

use super::login::with_bob;
use super::people::{play_among_two, play_among_two_with};
use crate::dialogue::{config, play_with};

/// Alice, who is online, logs in once more beside that session.
const ALICE_BESIDE: &str = "again connects
    again > C USER alice BESIDE
    again < C 331 ...
    again > D x
    again < C 150 UNREAD 0
    again < C 230 ...
    ";

/// Somebody begins to download a file over and over.
fn downloads(who: &str, streams: std::ops::RangeInclusive<u32>) -> String {
    let one = |stream| format!("{who} > C GET 0 small\n{who} < C 250 GET {stream} 11 small\n");
    streams.map(one).collect()
}

/// So many files may be open at a time.
fn with_places(places: usize) -> Config {
    let config = config();
    Config { files: FileBounds { places, ..config.files }, ..config }
}

#[test]
fn a_user_has_a_sixteenth_of_the_places_in_all_sessions_together() {
    let first = downloads("alice", 1..=16);
    let beside = downloads("again", 1..=16);
    let other = downloads("bob", 1..=16);
    // Of 528 places.
    let script = format!(
        "{ALICE_BESIDE}{first}{beside}
         again > C PUT 3 new
         again < C 250 PUT 17 0
         again > C PUT 3 other
         again < C 450 PUT ...
         {other}
         alice > C ABORT 7
         alice < C 250 ABORT ...
         alice > C GET 0 small
         alice < C 250 GET 17 11 small
         again > C PUT 3 other
         again < C 450 PUT ..."
    );
    play_among_two_with(with_places(528), &script);
}

#[test]
fn where_there_are_few_places_a_user_has_a_quarter_of_them_at_most() {
    let most = downloads("alice", 1..=5);
    let script = format!("{most}alice > C GET 0 small\nalice < C 450 GET ...");
    play_among_two_with(with_places(20), &script);
}

#[test]
fn strangers_have_a_quarter_together_and_two_a_network() {
    let rules = Rules { public_files: true, ..Rules::default() };
    let config = Config { rules, ..with_places(16) };
    let script = "one connects from 198.51.100.1
        one > C GET 0 small
        one < C 250 GET 1 11 small
        again connects from 198.51.100.1
        again > C GET 0 small
        again < C 250 GET 1 11 small
        again > C GET 0 small
        again < C 450 GET ...
        third connects from 198.51.100.1
        third > C GET 0 small
        third < C 450 GET ...
        other connects from 203.0.113.7
        other > C GET 0 small
        other < C 250 GET 1 11 small
        other > C GET 0 small
        other < C 250 GET 2 11 small
        last connects from 192.0.2.33
        last > C GET 0 small
        last < C 450 GET ...
        bob logs in with secret
        bob > C GET 0 small
        bob < C 250 GET 1 11 small
        one breaks
        last > C GET 0 small
        last < C 250 GET 1 11 small";
    play_with(config, with_bob(), script);
}

#[test]
fn an_upload_that_stands_still_gives_up_its_name_to_who_wants_it() {
    play_among_two(
        "alice > C PUT 11 notes
         alice < C 250 PUT 1 0
         alice sends 1 hello
         wait 59999ms
         bob > C PUT 3 notes
         bob < C 450 PUT ...
         alice > C ALIVE
         alice < C 503 ALIVE ...
         wait 1ms
         bob > C PUT 3 notes
         alice < C 127 ABORT 1 stalled, and others wait for its place or its name
         bob < C 450 PUT ...
         bob > C PUT 3 notes
         bob < C 250 PUT 1 0
         bob sends 1 new
         bob sends 1
         bob < C 126 PUT 1 3 notes",
    );
}
