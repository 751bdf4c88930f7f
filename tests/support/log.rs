//! What the server writes to standard error, line by line, as it comes.

use std::collections::VecDeque;
use std::fmt;
use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Instant;

use super::{PATIENCE, captures};

/// How many lines are kept, so that a server that floods its log can't take the memory.
const LINES_MAX: usize = 20_000;
/// How many of the last lines a failure shows.
const LINES_SHOWN: usize = 60;

/// The log of one server process. Clones share it.
#[derive(Clone, Default)]
pub struct Log(Arc<Shared>);

#[derive(Default)]
struct Shared {
    lines: Mutex<Lines>,
    changed: Condvar,
}

#[derive(Default)]
struct Lines {
    kept: VecDeque<String>,
    ended: bool,
    /// Whether nobody reads on.
    held: bool,
}

impl Log {
    /// Reads `output` on a thread of its own, to its end.
    pub fn follow(output: impl Read + Send + 'static) -> Self {
        let log = Log::default();
        let writer = log.clone();
        std::thread::spawn(move || {
            let mut output = BufReader::new(output);
            let mut line = Vec::new();
            while output.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
                let text = String::from_utf8_lossy(&line).trim_end_matches('\n').to_owned();
                writer.change(|lines| {
                    lines.kept.push_back(text);
                    if lines.kept.len() > LINES_MAX {
                        lines.kept.pop_front();
                    }
                });
                line.clear();
                writer.wait_while_held();
            }
            writer.change(|lines| lines.ended = true);
        });
        log
    }

    /// The lines that came so far.
    pub fn lines(&self) -> Vec<String> {
        self.0.lines.lock().unwrap().kept.iter().cloned().collect()
    }

    /// Reads no further, but for the line that may be under way.
    pub fn hold(&self) {
        self.change(|lines| lines.held = true);
    }

    /// Reads on.
    pub fn release(&self) {
        self.change(|lines| lines.held = false);
    }

    fn wait_while_held(&self) {
        let mut lines = self.0.lines.lock().unwrap();
        while lines.held {
            lines = self.0.changed.wait(lines).unwrap();
        }
    }

    /// Waits for a line that holds `pattern`, and returns what its `…` stand for; the first such
    /// line of the log counts.
    pub fn wait_for(&self, pattern: &str) -> Vec<String> {
        self.find(pattern).unwrap_or_else(|| panic!("the log does not say {pattern:?}\n{self}"))
    }

    /// Like [`Log::wait_for`], but `None` where no such line comes.
    pub fn find(&self, pattern: &str) -> Option<Vec<String>> {
        self.wait(|lines| lines.iter().find_map(|line| held(pattern, line)))
    }

    /// Waits until `count` lines hold `pattern`, and returns all of them.
    pub fn wait_for_count(&self, pattern: &str, count: usize) -> Vec<String> {
        let found = self.wait(|lines| {
            let found: Vec<String> =
                lines.iter().filter(|line| held(pattern, line).is_some()).cloned().collect();
            (found.len() >= count).then_some(found)
        });
        found.unwrap_or_else(|| panic!("the log does not say {pattern:?} {count} times\n{self}"))
    }

    /// How many connections ended by now: those with a line of their own, and those that the log
    /// only counts, since too many strangers came in a second.
    pub fn ended(&self) -> usize {
        ended(&self.0.lines.lock().unwrap().kept)
    }

    /// Waits until so many connections have ended.
    pub fn wait_for_ended(&self, count: usize) {
        let found = self.wait(|lines| (ended(lines) >= count).then_some(()));
        found.unwrap_or_else(|| panic!("{} of {count} have ended\n{self}", self.ended()));
    }

    /// Waits until the server has closed its standard error, and returns every line of it.
    pub fn wait_for_end(&self) -> Vec<String> {
        let deadline = Instant::now() + PATIENCE;
        let mut lines = self.0.lines.lock().unwrap();
        while !lines.ended {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "the log does not end");
            lines = self.0.changed.wait_timeout(lines, left).unwrap().0;
        }
        lines.kept.iter().cloned().collect()
    }

    fn wait<T>(&self, find: impl Fn(&VecDeque<String>) -> Option<T>) -> Option<T> {
        let deadline = Instant::now() + PATIENCE;
        let mut lines = self.0.lines.lock().unwrap();
        loop {
            if let Some(found) = find(&lines.kept) {
                return Some(found);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || lines.ended {
                return None;
            }
            lines = self.0.changed.wait_timeout(lines, left).unwrap().0;
        }
    }

    fn change(&self, change: impl FnOnce(&mut Lines)) {
        // A test that failed while it read the log must not hide the rest of it.
        change(&mut self.0.lines.lock().unwrap_or_else(|poisoned| poisoned.into_inner()));
        self.0.changed.notify_all();
    }
}

impl fmt::Display for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = self.0.lines.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let hidden = lines.kept.len().saturating_sub(LINES_SHOWN);
        writeln!(f, "--- the server's log, without the first {hidden} lines")?;
        lines.kept.iter().skip(hidden).try_for_each(|line| writeln!(f, "{}", line.escape_debug()))
    }
}

fn ended(lines: &VecDeque<String>) -> usize {
    let count = |line: &String| match held("event=strangers lines=…:", line) {
        Some(found) => found[0].parse().expect("a number"),
        None => usize::from(line.contains("event=closed")),
    };
    lines.iter().map(count).sum()
}

/// What each `…` of `pattern` stands for, where `line` holds it anywhere.
fn held(pattern: &str, line: &str) -> Option<Vec<String>> {
    let end = if pattern.ends_with('…') { "" } else { "…" };
    let mut captures = captures(&format!("…{pattern}{end}"), line)?;
    captures.remove(0);
    Some(captures)
}
