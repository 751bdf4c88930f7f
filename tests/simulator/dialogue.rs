//! Dialogues: what a client sends and what it must get, line by line.
//!
//! | line | meaning |
//! |---|---|
//! | `alice connects [from ADDRESS]` | and is greeted |
//! | `alice > C WHO` | she sends a line; `\t` and the like are not translated |
//! | `alice < C 150 WHO 1` | the next line that she gets; `_` is any word, `...` any rest |
//! | `alice closed goodbye` | the server closed her connection, for that reason |
//! | `alice ends`, `alice breaks` | she ends her input; her connection is reset |
//! | `store holds` | from now on the store does nothing by itself |
//! | `store answers WHICH [OUTCOME]` | it does the oldest (`first`) or newest (`last`) job |
//! | `store has 3 jobs` | so many wait |
//! | `store works` | it does all, and everything from now on |
//! | `server crashes` | it starts again with what the store has done |
//! | `wait 250ms` | time goes by |
//!
//! Whatever is sent to a client and is not in the dialogue is an error.

use std::collections::HashMap;
use std::time::Duration;

use chatsrv::hub::{Config, Outcome};
use chatsrv::protocol::address::Address;

use crate::server::Server;
use crate::store::Store;

struct Dialogue {
    server: Server,
    store: Store,
    holds: bool,
    pipes: HashMap<String, usize>,
}

/// The usual configuration.
pub fn config() -> Config {
    Config {
        registration: true,
        public_files: false,
        presence_limit: 500,
        keep_messages: true,
        history: None,
        group_max: 100,
    }
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
        if let Err(why) = dialogue.step(line) {
            panic!("line {}, {line:?}: {why}", at + 1);
        }
    }
    dialogue.nothing_unexpected().unwrap_or_else(|why| panic!("at the end: {why}"));
}

impl Dialogue {
    fn step(&mut self, line: &str) -> Result<(), String> {
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
                let millis = duration.strip_suffix("ms").ok_or("say so many ms")?;
                self.server.advance(Duration::from_millis(millis.parse().unwrap()));
            }
            ("store", "holds") => self.holds = true,
            ("store", "works") => self.holds = false,
            ("store", "answers") => self.answer(rest)?,
            ("store", "has") => {
                let jobs = format!("{} jobs", self.server.jobs.len());
                return (jobs == rest).then_some(()).ok_or(format!("it has {jobs}"));
            }
            ("server", "crashes") => self.server.restart(&mut self.store),
            (_, "connects") => {
                let address = rest.strip_prefix("from ").unwrap_or("192.0.2.1");
                let pipe = self.server.connect(Address::host(address.parse().unwrap()));
                self.pipes.insert(who.to_owned(), pipe);
                self.expect(who, "C 220 chatsrv/0.1.0 1 ready")?;
            }
            (_, ">") => self.server.receive(self.pipes[who], format!("{rest}\n").as_bytes()),
            (_, "ends") => self.server.end_input(self.pipes[who]),
            (_, "breaks") => self.server.reset(self.pipes[who]),
            _ => return Err("no such step".into()),
        }
        self.work()
    }

    fn work(&mut self) -> Result<(), String> {
        while !self.holds && !self.server.jobs.is_empty() {
            self.answer("first")?;
        }
        Ok(())
    }

    fn answer(&mut self, words: &str) -> Result<(), String> {
        let (which, outcome) = words.split_once(' ').unwrap_or((words, ""));
        let last = self.server.jobs.len().checked_sub(1).ok_or("no job waits")?;
        let at = if which == "last" { last } else { 0 };
        let outcome = match outcome {
            "" => self.store.run(&self.server.jobs[at].1),
            "busy" => Outcome::Busy,
            "failed" => Outcome::Failed,
            "no-room" => Outcome::NoRoom,
            _ => return Err("no such outcome".into()),
        };
        self.server.job_done(at, outcome);
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
