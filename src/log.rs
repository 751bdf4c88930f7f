//! The server's log: one line per event, on standard error. A thread of its own writes it, so that
//! a slow reader of the log delays nobody.
//!
//! A line is mostly `key=value` pairs, of which the first is `event`. Under systemd it begins with
//! its priority (sd-daemon(3)), and the journal adds the time; elsewhere it begins with the time in
//! UTC and the level. Text from a peer goes through [`Quoted`].

mod queue;

use std::backtrace::{Backtrace, BacktraceStatus};
use std::fmt::{self, Write as _};
use std::panic::{self, PanicHookInfo};
use std::sync::LazyLock;
use std::time::{Instant, SystemTime};
use std::{io, thread};

use env_logger::Target;
use log::{Level, LevelFilter, Record};
use queue::{LAST_WORDS_TIME_MAX, LogQueue};

use crate::chat::joined::is_invisible;

/// The lines that wait to be written to standard error.
static QUEUE: LazyLock<LogQueue> = LazyLock::new(LogQueue::default);

/// The largest number of characters of a peer's text in one value of a log line.
const QUOTED_CHARS_MAX: usize = 200;

/// A guard for the log of this process. When it is dropped, it waits until all lines are written,
/// but at most a second.
#[derive(Debug)]
pub struct Log(());

/// Starts the log: from now on, everything logged up to `level` is written to standard error, and
/// so are messages of panics.
///
/// # Errors
/// If a log was set up before, or no thread can be started.
pub fn start(level: LevelFilter) -> io::Result<Log> {
    let to_journal = is_journal();
    env_logger::Builder::new()
        .filter_level(level)
        // Errors of TLS are logged with their connections, and escaped.
        .filter_module("rustls", LevelFilter::Off)
        .target(Target::Pipe(Box::new(ToQueue)))
        .format(move |out, record| write_line(out, record, to_journal))
        .try_init()
        .map_err(io::Error::other)?;
    let told = move |lines| {
        let arguments = format_args!("event=log-lines-lost lines={lines}: nobody took them");
        line(&Record::builder().level(Level::Warn).args(arguments).build(), to_journal)
    };
    thread::Builder::new()
        .name("log".to_owned())
        .spawn(move || QUEUE.write_all(io::stderr(), told))?;
    panic::set_hook(Box::new(tell_panic));
    Ok(Log(()))
}

impl Drop for Log {
    fn drop(&mut self) {
        QUEUE.wait_until_written(Instant::now() + LAST_WORDS_TIME_MAX);
    }
}

/// Logs a line whatever the level of the log is. A program that started the server may wait for it.
pub fn announce(message: fmt::Arguments<'_>) {
    let record = Record::builder().level(Level::Info).args(message).build();
    QUEUE.push(&line(&record, is_journal()));
}

/// The number of lines that were dropped, because they were not read fast enough or writing failed.
pub fn lines_lost() -> u64 {
    QUEUE.lost()
}

/// The panic hook: logs the message, and waits until it is written, because the process may end as
/// soon as this returns.
fn tell_panic(panic: &PanicHookInfo<'_>) {
    let to_journal = is_journal();
    let tell = |text: &str| {
        let arguments = format_args!("{text}");
        let record = Record::builder().level(Level::Error).args(arguments).build();
        QUEUE.push_last(&line(&record, to_journal));
    };
    let thread = thread::current();
    let name = thread.name().unwrap_or("without a name");
    tell(&format!("thread '{name}' {panic}").replace('\n', " "));
    let backtrace = Backtrace::capture();
    if backtrace.status() == BacktraceStatus::Captured {
        backtrace.to_string().lines().for_each(tell);
    }
    QUEUE.wait_until_written(Instant::now() + LAST_WORDS_TIME_MAX);
}

/// A writer that adds each line, which must be one write, to the queue.
struct ToQueue;

impl io::Write for ToQueue {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        QUEUE.push(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn line(record: &Record<'_>, to_journal: bool) -> Vec<u8> {
    let mut line = Vec::new();
    // Writing to a vector does not fail.
    let _ = write_line(&mut line, record, to_journal);
    line
}

fn write_line(out: &mut impl io::Write, record: &Record<'_>, to_journal: bool) -> io::Result<()> {
    if to_journal {
        return writeln!(out, "<{}>{}", priority(record.level()), record.args());
    }
    let time = humantime::format_rfc3339_millis(SystemTime::now());
    writeln!(out, "{time} {:<5} {}", record.level().as_str().to_lowercase(), record.args())
}

/// The priority for the journal (syslog(3)).
fn priority(level: Level) -> u8 {
    match level {
        Level::Error => 3,
        Level::Warn => 4,
        Level::Info => 6,
        Level::Debug | Level::Trace => 7,
    }
}

/// Returns true if standard error goes to the journal. `$JOURNAL_STREAM` names the device and inode
/// of the journal's socket; it is also set if a shell under systemd redirects the output.
fn is_journal() -> bool {
    let Ok(named) = std::env::var("JOURNAL_STREAM") else { return false };
    let Ok(stat) = rustix::fs::fstat(io::stderr()) else { return false };
    named == format!("{}:{}", stat.st_dev, stat.st_ino)
}

/// A peer's text as a value in the log: quoted, with control, bidirectional and invisible
/// characters, quotes and backslashes escaped, and cut after 200 characters.
#[derive(Clone, Copy, Debug)]
pub struct Quoted<'a>(pub &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for (count, c) in self.0.chars().enumerate() {
            if count == QUOTED_CHARS_MAX {
                f.write_char('…')?;
                break;
            }
            if c.is_control() || is_invisible(c) || matches!(c, '"' | '\\') {
                write!(f, "{}", c.escape_default())?;
            } else {
                f.write_char(c)?;
            }
        }
        f.write_char('"')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(level: Level, to_journal: bool) -> String {
        let record = Record::builder().level(level).args(format_args!("conn=3.1 closed")).build();
        String::from_utf8(super::line(&record, to_journal)).unwrap()
    }

    #[test]
    fn the_journal_gets_priorities_and_everybody_else_the_time() {
        assert_eq!(line(Level::Info, true), "<6>conn=3.1 closed\n");
        assert_eq!(line(Level::Error, true), "<3>conn=3.1 closed\n");
        assert_eq!(line(Level::Trace, true), "<7>conn=3.1 closed\n");
        let plain = line(Level::Warn, false);
        let (time, rest) = plain.split_once(' ').unwrap();
        assert!(humantime::parse_rfc3339(time).is_ok(), "{time}");
        assert_eq!(rest, "warn  conn=3.1 closed\n");
    }

    #[test]
    fn what_a_peer_wrote_stays_on_its_line_and_in_its_quotes() {
        assert_eq!(Quoted("a b").to_string(), r#""a b""#);
        assert_eq!(
            Quoted("\x1b[2J\r\n\u{9b}\u{202e}\u{200b}\"\\").to_string(),
            r#""\u{1b}[2J\r\n\u{9b}\u{202e}\u{200b}\"\\""#
        );
        assert_eq!(Quoted("Zoë 中 👍").to_string(), "\"Zoë 中 👍\"");
    }

    #[test]
    fn a_long_text_is_cut() {
        let longest = "é".repeat(QUOTED_CHARS_MAX);
        assert_eq!(Quoted(&longest).to_string(), format!("\"{longest}\""));
        assert_eq!(Quoted(&format!("{longest}é")).to_string(), format!("\"{longest}…\""));
    }
}
