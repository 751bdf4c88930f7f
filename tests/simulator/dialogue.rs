//! Dialogues: what a client sends and what it must get, line by line.
//!
//! | line | meaning |
//! |---|---|
//! | `alice connects [from ADDRESS]` | and is greeted; the operator comes from `local` |
//! | `alice is refused from ADDRESS` | she connects, and gets another line than the greeting |
//! | `alice logs in` | a scene: it stands for several lines, see [`scenes`] |
//! | `alice > C WHO` | she sends a line; `\t` and the like are not translated |
//! | `alice < C 150 WHO 1` | the next line that she gets; `_` is any word, `...` any rest |
//! | `alice sends 1 some bytes` | she sends a chunk of a stream; without bytes, its end |
//! | `alice gets 1 some bytes` | the rest of a download comes to its end |
//! | `disk fails alice 1 full` | her upload can't be written: `full` or `broken` |
//! | `alice closed goodbye` | the server closed her connection, for that reason |
//! | `alice ends`, `alice breaks` | she ends her input; her connection is reset |
//! | `store holds` | from now on the store only keeps by itself who was here, and where |
//! | `store answers WHICH [OUTCOME]` | it does the oldest (`first`) or newest (`last`) job |
//! | `store has 3 jobs` | so many wait |
//! | `store works` | it does all, and everything from now on |
//! | `server crashes` | it starts again with what the store has done |
//! | `server crashes after 2 jobs` | that the store had done and the server did not hear of |
//! | `motd is be kind / and brief` | the server reads that message of the day, of two lines |
//! | `motd is nothing` | it reads an empty one |
//! | `server stops in 5` | it was told to, in so many seconds |
//! | `wait 250ms`, `wait 5s` | time goes by |
//! | `clock goes back 250ms` | the time of day is set back, and none goes by |
//!
//! `sha256(some bytes)` stands for their sum.
//!
//! Whatever is sent to a client and is not in the dialogue is an error.

use std::collections::HashMap;
use std::time::Duration;

use chatsrv::chat::address::Address;
use chatsrv::chat::refusal::Failure;
use chatsrv::chat::registration::Registration;
use chatsrv::hub::config::{AccountRules, ArrivalBounds, Config, FileBounds, GroupBounds, Rules};
use chatsrv::hub::input::UploadEnd;
use chatsrv::hub::job::Job;
use chatsrv::protocol::native::frame::encode_chunk_header;

use crate::scenes;
use crate::server::Server;
use crate::store::{Store, sum};

struct Dialogue {
    server: Server,
    store: Store,
    holds: bool,
    pipes: HashMap<String, usize>,
}

/// The usual configuration.
pub fn config() -> Config {
    Config {
        registration: Registration::Open,
        rules: Rules::default(),
        arrivals: ArrivalBounds::unbounded(),
        accounts: AccountRules::lenient(),
        presence_limit: 500,
        audits: true,
        bounds_rates: true,
        keep_messages: true,
        history: None,
        delete_window: Duration::from_secs(24 * 60 * 60),
        groups: groups(100),
        files: FileBounds { size_max: 1000, places: 10_000, quota: 2000 },
        alive_period: Duration::from_secs(30),
    }
}

/// The usual bounds of groups, with so many members.
pub fn groups(members_max: usize) -> GroupBounds {
    GroupBounds { members_max, per_user_max: 1000, all_max: 10_000, ask_first: false }
}

/// Plays a dialogue in a chat where nobody has registered.
pub fn play(script: &str) {
    play_with(config(), Store::new(), script);
}

/// Plays a dialogue.
pub fn play_with(config: Config, store: Store, script: &str) {
    let server = Server::new(config, 7, &store);
    let mut dialogue = Dialogue { server, store, holds: false, pipes: HashMap::new() };
    for (at, line) in script.lines().enumerate() {
        let line = line.trim_start();
        if line.is_empty() {
            continue;
        }
        if let Err(why) = dialogue.step(&with_sums(line)) {
            panic!("line {}, {line:?}: {why}", at + 1);
        }
    }
    dialogue.nothing_unexpected().unwrap_or_else(|why| panic!("at the end: {why}"));
}

impl Dialogue {
    fn step(&mut self, line: &str) -> Result<(), String> {
        if let Some(lines) = scenes::lines(line) {
            let step = |line: &String| self.step(line).map_err(|why| format!("{line:?}: {why}"));
            return lines.iter().try_for_each(step);
        }
        let (who, what) = line.split_once(' ').ok_or("what about it?")?;
        let (verb, rest) = what.split_once(' ').unwrap_or((what, ""));
        if verb == "<" {
            self.expect(who, rest)?;
            self.server.output_taken(self.pipes[who]);
            return self.work();
        }
        if verb == "closed" {
            let closed = self.server.pipes[self.pipes[who]].closed.map(|reason| reason.name());
            return (closed == Some(rest)).then_some(()).ok_or(format!("it is {closed:?}"));
        }
        self.nothing_unexpected()?;
        match (who, verb) {
            ("wait", duration) => {
                self.server.advance(millis(duration)?);
            }
            ("clock", "goes") => {
                let back = millis(rest.strip_prefix("back ").ok_or("it only goes back")?)?;
                self.server.now.unix_micros -= back.as_micros() as u64;
            }
            ("store", "holds") => self.holds = true,
            ("store", "works") => self.holds = false,
            ("store", "answers") => self.answer(rest)?,
            ("store", "has") => {
                let jobs = format!("{} jobs", self.server.jobs.len());
                return (jobs == rest).then_some(()).ok_or(format!("it has {jobs}"));
            }
            ("server", "stops") => {
                let seconds = rest.strip_prefix("in ").and_then(|seconds| seconds.parse().ok());
                let stops = self.server.stops.take();
                return (stops == seconds).then_some(()).ok_or(format!("it is {stops:?}"));
            }
            ("motd", "is") => self.server.read_motd(&motd(rest)),
            ("server", "crashes") => {
                let done = rest.strip_prefix("after ").and_then(|rest| rest.strip_suffix(" jobs"));
                let done = done.map_or(Ok(0), |done| done.parse().map_err(|_| "how many?"))?;
                self.server.crash(|at, _| at < done, &mut self.store);
            }
            (_, "connects") => self.is_greeted(who, rest)?,
            // What comes in place of the greeting is expected in the next line.
            (_, "is") => self.connect(who, rest.strip_prefix("refused ").ok_or("is what?")?),
            ("disk", "fails") => {
                let [who, stream, why] = rest.split(' ').collect::<Vec<_>>()[..] else {
                    return Err("whose, which, why?".into());
                };
                let end = if why == "full" { UploadEnd::NoRoom } else { UploadEnd::Failed };
                self.server.end_upload(self.pipes[who], stream.parse().unwrap(), end);
            }
            (_, "sends") => {
                let (stream, bytes) = rest.split_once(' ').unwrap_or((rest, ""));
                let mut frame = Vec::new();
                encode_chunk_header(stream.parse().unwrap(), bytes.len(), &mut frame);
                frame.extend_from_slice(bytes.as_bytes());
                self.server.receive(self.pipes[who], &frame);
            }
            (_, "gets") => {
                let (stream, bytes) = rest.split_once(' ').ok_or("what?")?;
                return self.expect_file(who, stream.parse().unwrap(), bytes);
            }
            (_, ">") => self.server.receive(self.pipes[who], format!("{rest}\n").as_bytes()),
            (_, "ends") => self.server.end_input(self.pipes[who]),
            (_, "breaks") => self.server.reset(self.pipes[who]),
            _ => return Err("no such step".into()),
        }
        self.work()
    }

    fn is_greeted(&mut self, who: &str, words: &str) -> Result<(), String> {
        self.connect(who, words);
        self.expect(who, "C 220 chatsrv/0.1.0 1 ready")
    }

    fn connect(&mut self, who: &str, words: &str) {
        let from = match words.strip_prefix("from ").unwrap_or("192.0.2.1") {
            "local" => Address::Local,
            host => Address::host(host.parse().unwrap()),
        };
        let pipe = self.server.connect(from);
        self.pipes.insert(who.to_owned(), pipe);
    }

    fn work(&mut self) -> Result<(), String> {
        loop {
            while !self.server.writes.is_empty() {
                self.server.write_done(&mut self.store);
            }
            // Nobody waits for that, nor sees it.
            let is_known = |(_, job): &(_, Job)| {
                matches!(job, Job::KeepNetworks { .. } | Job::UseToken { .. })
                    || matches!(job, Job::KeepLastSeen(_))
            };
            if let Some(at) = self.server.jobs.iter().position(is_known) {
                let outcome = self.store.run(&self.server.jobs[at].1);
                self.server.job_done(at, outcome, &self.store);
                continue;
            }
            if self.holds || self.server.jobs.is_empty() {
                return Ok(());
            }
            self.answer("first")?;
        }
    }

    fn expect_file(&mut self, who: &str, stream: u32, bytes: &str) -> Result<(), String> {
        let pipe = self.pipes[who];
        while self.server.pipes[pipe].downloads.contains_key(&stream) {
            self.server.send_chunk(pipe, stream, 65_536);
        }
        let mut expected = Vec::new();
        encode_chunk_header(stream, bytes.len(), &mut expected);
        expected.extend_from_slice(bytes.as_bytes());
        encode_chunk_header(stream, 0, &mut expected);
        let output = std::mem::take(&mut self.server.pipes[pipe].output);
        let is_it = output == expected;
        is_it.then_some(()).ok_or_else(|| String::from_utf8_lossy(&output).into_owned())
    }

    fn answer(&mut self, words: &str) -> Result<(), String> {
        let (which, outcome) = words.split_once(' ').unwrap_or((words, ""));
        let last = self.server.jobs.len().checked_sub(1).ok_or("no job waits")?;
        let at = if which == "last" { last } else { 0 };
        self.store.files.now = self.server.now.unix_micros;
        let outcome = match outcome {
            "" => self.store.run(&self.server.jobs[at].1),
            "busy" => Err(Failure::Busy),
            "failed" => Err(Failure::Failed),
            "no-room" => Err(Failure::NoRoom),
            "exists" => Err(Failure::Exists),
            "not-found" => Err(Failure::NotFound),
            _ => return Err("no such outcome".into()),
        };
        self.server.job_done(at, outcome, &self.store);
        Ok(())
    }

    fn expect(&mut self, who: &str, pattern: &str) -> Result<(), String> {
        let output = &mut self.server.pipes[self.pipes[who]].output;
        let end = output.iter().position(|byte| *byte == b'\n').ok_or("no line comes")?;
        let line: Vec<u8> = output.drain(..=end).collect();
        let line = String::from_utf8(line).unwrap();
        let line = line.trim_end_matches('\n');
        if matches(line, pattern) { Ok(()) } else { Err(format!("it is {line:?}")) }
    }

    fn nothing_unexpected(&self) -> Result<(), String> {
        for (who, pipe) in &self.pipes {
            let pipe = &self.server.pipes[*pipe];
            if !pipe.output.is_empty() {
                return Err(format!("{who} gets {:?}", String::from_utf8_lossy(&pipe.output)));
            }
        }
        Ok(())
    }
}

/// A line with the sums that it speaks of.
fn with_sums(line: &str) -> String {
    match line
        .split_once("sha256(")
        .and_then(|(before, rest)| Some((before, rest.split_once(')')?)))
    {
        Some((before, (bytes, after))) => format!("{before}{}{after}", sum(bytes.as_bytes())),
        None => line.to_owned(),
    }
}

/// The text of a message of the day.
fn motd(words: &str) -> String {
    if words == "nothing" { String::new() } else { words.replace(" / ", "\n") }
}

fn millis(words: &str) -> Result<Duration, String> {
    let number = |unit| words.strip_suffix(unit).and_then(|number| number.parse().ok());
    let time = number("ms").map(Duration::from_millis);
    let time = time.or_else(|| number("s").map(Duration::from_secs));
    let time = time.or_else(|| number("m").map(|minutes| Duration::from_secs(60 * minutes)));
    time.ok_or_else(|| "say 30m, 5s or 250ms".into())
}

fn matches(line: &str, pattern: &str) -> bool {
    let mut words = line.split(' ');
    for expected in pattern.split(' ') {
        match (expected, words.next()) {
            ("...", _) => return true,
            ("_", Some(word)) if !word.is_empty() => {}
            (expected, Some(word)) if expected == word => {}
            _ => return false,
        }
    }
    words.next().is_none()
}
