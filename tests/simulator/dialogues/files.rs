//! The shared folder.

use chatsrv::hub::config::{Config, Rules};

use super::login::with_bob;
use super::people::play_among_two;
use crate::dialogue::{config, play_with};

const BOB: &str = "bob logs in with secret
    ";

fn play_as_bob(script: &str) {
    play_with(config(), with_bob(), &format!("{BOB}{script}"));
}

#[test]
fn folders_are_listed_and_files_are_hashed() {
    let sum = "a0a33407951ac2dfa3c0b31f05f2db6ad3cffded6d361ea101960493ee6f0243";
    play_as_bob(&format!(
        "bob > C LS
         bob < C 150 LS 3
         bob < C 151 LS 0 7 empty
         bob < C 151 LS - 7 folder/
         bob < C 151 LS 11 7 small
         bob < C 250 LS ...
         bob > C LS folder/
         bob < C 150 LS 1
         bob < C 151 LS 200000 7 folder/large file
         bob < C 250 LS ...
         bob > C LS nowhere
         bob < C 550 LS ...
         bob > C LS ..
         bob < C 550 LS ...
         bob > C SUM folder/large file
         bob < C 250 SUM {sum} 200000 folder/large file
         bob > C SUM nothing
         bob < C 550 SUM nothing
         store holds
         bob > C LS
         store answers first busy
         bob < C 450 LS ..."
    ));
}

#[test]
fn a_download_begins_at_the_offset_and_may_be_aborted() {
    play_as_bob(
        "bob > C GET 0 small
         bob < C 250 GET 1 11 small
         bob > C GET 11 small
         bob < C 250 GET 2 11 small
         bob > C GET 12 small
         bob < C 501 GET ...
         bob > C GET 0 nothing
         bob < C 550 GET nothing
         bob > C GET 0 ../small
         bob < C 550 GET ../small
         bob > C GET 0 folder/large file
         bob < C 250 GET 3 200000 folder/large file
         bob > C ABORT 1
         bob < C 250 ABORT ...
         bob > C ABORT 1
         bob < C 550 ABORT ...
         bob > C ABORT 4
         bob < C 550 ABORT ...
         bob > F 1 0
         bob > C QUIET on
         bob < C 250 QUIET ...
         bob > F 4 0
         bob < C 421 - ...
         bob closed bad-file-frame",
    );
}

#[test]
fn a_file_frame_that_cannot_be_read_ends_the_connection() {
    play_as_bob(
        "bob > F x 1
         bob < C 421 - ...
         bob closed bad-file-frame",
    );
}

#[test]
fn a_session_has_so_many_downloads_at_once() {
    let mut script = String::new();
    for stream in 1..=16 {
        script += &format!("bob > C GET 0 small\nbob < C 250 GET {stream} 11 small\n");
    }
    script += "bob > C GET 0 small
               bob < C 450 GET ...
               bob > C ABORT 5
               bob < C 250 ABORT ...
               store holds
               bob > C GET 0 nothing
               bob > C GET 0 small
               store answers first
               bob < C 550 GET nothing
               bob < C 450 GET ...
               bob > C GET 0 small
               store answers first
               bob < C 250 GET 17 11 small";
    play_as_bob(&script);
}

#[test]
fn public_files_may_be_read_before_the_login() {
    let rules = Rules { public_files: true, ..Rules::default() };
    let config = Config { rules, ..config() };
    play_with(
        config,
        with_bob(),
        "guest connects
         guest > C GET 3 small
         guest < C 250 GET 1 11 small
         guest > C SUM small
         guest < C 530 SUM ...
         guest > C LS
         guest < C 530 LS ...
         guest > C GET 12 small
         guest < C 501 GET ...
         guest > C GET 0 nothing
         guest < C 550 GET nothing
         guest closed no-such-file
         other connects
         other > C GET 0 ../small
         other < C 550 GET ../small
         other closed no-such-file",
    );
}

#[test]
fn its_uploader_may_remove_a_file_for_a_day_and_an_administrator_may_ever() {
    play_among_two(
        "alice > C PUT 3 new
         alice < C 250 PUT 1 0
         alice sends 1 abc
         alice sends 1
         alice < C 126 PUT 1 3 new
         alice > C PUT 3 folder/new
         alice < C 250 PUT 2 0
         alice sends 2 abc
         alice sends 2
         alice < C 126 PUT 2 3 folder/new
         bob > C RM new
         bob < C 530 RM ...
         bob > C RM small
         bob < C 530 RM ...
         bob > C RM folder
         bob < C 530 RM ...
         bob > C RM nothing
         bob < C 550 RM nothing
         bob > C RM ../small
         bob < C 550 RM ../small
         bob > C RM
         bob < C 501 RM ...
         guest connects
         guest > C RM new
         guest < C 530 RM ...
         wait 86399000ms
         alice > C RM new
         alice < C 250 RM ...
         alice > C RM new
         alice < C 550 RM new
         alice > C LS
         alice < C 150 LS 3
         alice < C 151 LS 0 7 empty
         alice < C 151 LS - 7 folder/
         alice < C 151 LS 11 7 small
         alice < C 250 LS ...
         wait 2000ms
         alice > C RM folder/new
         alice < C 530 RM ...
         op logs in locally
         op > C RM folder
         op < C 503 RM ...
         op > C RM folder/new
         op < C 250 RM ...
         op > C RM small
         op < C 250 RM ...",
    );
}

#[test]
fn what_comes_behind_a_removal_waits_for_it() {
    play_among_two(
        "alice > C PUT 900 new
         alice < C 250 PUT 1 0
         alice > C ABORT 1
         alice < C 250 ABORT ...
         alice > C PUT 3 new
         alice < C 250 PUT 2 0
         alice sends 2 abc
         alice sends 2
         alice < C 126 PUT 2 3 new
         bob > C GET 0 new
         bob < C 250 GET 1 3 new
         store holds
         alice > C RM new
         alice > C PUT 3 new
         store answers last
         alice < C 250 RM ...
         store answers last
         alice < C 250 PUT 3 0
         bob gets 1 abc
         alice > C RM folder
         store answers first busy
         alice < C 450 RM ...
         alice > C RM nothing
         alice breaks
         store answers first",
    );
}
