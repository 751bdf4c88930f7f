//! The rules of the house that a compiler does not know, as an ordinary test.
//!
//! How long a function may be stands in clippy.toml, and `make check` holds it.

mod arrows;
mod circles;
mod faces;
mod files;
mod findings;
mod impls;
mod modules;
mod readme;
mod shape;
mod source;
mod texts;

use files::File;

/// The longest line, in characters.
const LINE_CHARS_MAX: usize = 100;
/// The longest file of Rust, in lines. A longer one has two themes: split it.
const FILE_LINES_MAX: usize = 500;

/// A word that some part of the project must not use.
struct Ban {
    /// The word.
    word: &'static str,
    /// Where it is banned: the paths that start with one of these.
    within: &'static [&'static str],
    /// Where it is allowed all the same.
    except: &'static [&'static str],
    /// Why.
    why: &'static str,
}

const EVERYWHERE: &[&str] = &["src/", "loadtest/src/"];
const HUB: &[&str] = &["src/hub/"];
const PROTOCOL: &[&str] = &["src/chat/", "src/protocol/"];
const STORE: &[&str] = &["src/store/"];
/// The programs that have one event loop each.
const LOOPS: &[&str] = &["src/server/poll.rs", "src/bin/chatclient/", "loadtest/src/"];
/// Where a type system can't see that a file descriptor stays open, or was open before.
const UNSAFE: &[&str] =
    &["src/server/poll.rs", "src/server/inherited.rs", "src/bin/chatclient/", "loadtest/src/"];

/// In two parts, so that this file does not find itself.
const SLEEP: &str = concat!("thread::", "sleep");

const NO_IO: &str = "the hub does no I/O, so that a test can be its world";
const NO_CLOCK: &str = "time comes in with the input";
const ONLY_BYTES: &str = "the protocol knows bytes and types alone";
const NO_SOCKET: &str = "the store knows neither sockets nor the chat";

const BANS: &[Ban] = &[
    ban("std::fs", HUB, NO_IO),
    ban("std::net", HUB, NO_IO),
    ban("std::thread", HUB, NO_IO),
    ban("rustix", HUB, NO_IO),
    ban("rusqlite", HUB, NO_IO),
    ban("getrandom", HUB, NO_IO),
    ban("Instant::now", HUB, NO_CLOCK),
    ban("SystemTime", HUB, NO_CLOCK),
    ban("std::fs", PROTOCOL, ONLY_BYTES),
    ban("TcpStream", PROTOCOL, ONLY_BYTES),
    ban("UnixStream", PROTOCOL, ONLY_BYTES),
    ban("socket2", PROTOCOL, ONLY_BYTES),
    ban("Instant", PROTOCOL, ONLY_BYTES),
    ban("SystemTime", PROTOCOL, ONLY_BYTES),
    ban("hub::", PROTOCOL, ONLY_BYTES),
    ban("std::net", STORE, NO_SOCKET),
    ban("socket2", STORE, NO_SOCKET),
    ban("hub::Hub", STORE, NO_SOCKET),
    ban("rusqlite", &["src/server/"], "the loop never waits for the disk"),
    ban("argon2", &["src/server/"], "the loop never waits for a hash"),
    Ban { word: "polling::", within: EVERYWHERE, except: LOOPS, why: "the loop owns the poller" },
    Ban {
        word: "unsafe {",
        within: EVERYWHERE,
        except: UNSAFE,
        why: "only a poller and passed sockets can't be had without it",
    },
    Ban {
        word: "println!",
        within: &["src/"],
        except: &["src/main.rs", "src/bin/"],
        why: "a library speaks through its types and the log",
    },
    ban(".unwrap()", EVERYWHERE, "say what happens when it is not there"),
    ban(SLEEP, EVERYWHERE, "wait for what is to happen, with a deadline"),
];

const fn ban(word: &'static str, within: &'static [&'static str], why: &'static str) -> Ban {
    Ban { word, within, except: &[], why }
}

impl Ban {
    fn holds_in(&self, path: &str) -> bool {
        let is_in = |folders: &[&str]| folders.iter().any(|folder| path.starts_with(folder));
        is_in(self.within) && !is_in(self.except)
    }
}

/// Fails with every finding at once, one a line.
fn assert_none(findings: Vec<String>) {
    assert!(findings.is_empty(), "\n{}", findings.join("\n"));
}

/// What `rule` finds wrong with a line of any file that `applies` to, and where.
fn find<'a>(
    files: &'a [File],
    applies: impl Fn(&File) -> bool,
    rule: impl Fn(&'a str) -> Option<String>,
) -> Vec<String> {
    let lines = files
        .iter()
        .filter(|file| applies(file))
        .flat_map(|file| file.lines().map(move |line| (file, line)));
    lines
        .filter_map(|(file, (number, line))| {
            Some(format!("{}:{number}: {}", file.path, rule(line)?))
        })
        .collect()
}

#[test]
fn lines_are_neither_long_nor_ragged() {
    let files = files::all();
    assert!(files.iter().any(|file| file.path == "src/lib.rs"), "the project was not found");
    assert_none(find(&files, File::is_rust, |line| {
        let chars = line.chars().count();
        (chars > LINE_CHARS_MAX).then(|| format!("{chars} characters"))
    }));
    assert_none(find(
        &files,
        |_| true,
        |line| line.ends_with([' ', '\t', '\r']).then(|| "white space at the end".to_owned()),
    ));
}

#[test]
fn files_are_short_and_end_with_one_line_feed() {
    let files = files::all();
    let long = files.iter().filter(|file| file.is_rust()).filter_map(|file| {
        let count = file.lines().count();
        (count > FILE_LINES_MAX).then(|| format!("{}: {count} lines", file.path))
    });
    assert_none(long.collect());
    let ragged = files.iter().filter(|file| {
        let text = &file.text;
        !text.is_empty() && (!text.ends_with('\n') || text.ends_with("\n\n"))
    });
    assert_none(ragged.map(|file| format!("{}: its end", file.path)).collect());
}

#[test]
fn nothing_is_left_for_later() {
    let words =
        [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X:"), concat!("HA", "CK")];
    let files = files::all();
    assert_none(find(
        &files,
        |_| true,
        |line| words.iter().find(|word| line.contains(*word)).map(|word| (*word).to_owned()),
    ));
}

#[test]
fn words_stay_in_their_rooms() {
    let files = files::all();
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| file.is_rust()) {
        for ban in BANS.iter().filter(|ban| ban.holds_in(&file.path)) {
            let lines = file.program_lines().filter(|(_, line)| line.contains(ban.word));
            findings.extend(
                lines.map(|(number, _)| {
                    format!("{}:{number}: {}: {}", file.path, ban.word, ban.why)
                }),
            );
        }
    }
    assert_none(findings);
}

#[test]
fn tests_wait_for_events_and_not_for_time() {
    let files = files::all();
    let in_tests = |file: &File| file.is_rust() && file.is_test();
    assert_none(find(&files, in_tests, |line| {
        line.contains(SLEEP).then(|| "wait with a deadline instead".to_owned())
    }));
}

#[test]
fn a_test_is_no_program_line() {
    let text = "fn a() {}\n// b\n#[cfg(test)]\nmod tests {\n".to_owned();
    let file = File { path: "src/a.rs".to_owned(), text };
    assert_eq!(file.program_lines().collect::<Vec<_>>(), [(1, "fn a() {}")]);
    let text = "#[cfg(test)]\nuse b::C;\nfn a() {}\n#[cfg(test)]\npub mod tests {\n".to_owned();
    let file = File { path: "src/a.rs".to_owned(), text };
    assert_eq!(file.program_lines().last(), Some((3, "fn a() {}")));
    let file = File { path: "src/a/tests.rs".to_owned(), text: "fn a() {}\n".to_owned() };
    assert_eq!(file.program_lines().count(), 0);
}
