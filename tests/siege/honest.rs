//! Honest users, who talk in pairs, and one who comes back over and over, while an attack goes on.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{Client, Options, Server};

/// The one who comes back.
const LATECOMER: &str = "late";

/// How long something took, many times.
#[derive(Default)]
pub struct Times(Vec<Duration>);

impl Times {
    /// The time that so many of a thousand did not exceed.
    pub fn permille(&self, share: usize) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        sorted
            .get((sorted.len() * share / 1000).min(sorted.len().saturating_sub(1)))
            .copied()
            .unwrap_or_default()
    }

    pub fn count(&self) -> usize {
        self.0.len()
    }
}

/// How many talk, and for how long.
#[derive(Clone, Copy)]
pub struct Talk {
    pub pairs: usize,
    /// One of each pair says so much, at least.
    pub messages: usize,
    pub time: Duration,
    /// The time from one message to the next.
    pub pause: Duration,
}

/// What the honest have seen.
pub struct Seen {
    pub messages: Times,
    pub logins: Times,
    /// How many were closed, or waited for longer than the harness does.
    pub lost: usize,
}

/// The honest users.
pub struct Honest {
    pairs: Vec<[Client; 2]>,
}

/// An address of an honest user's own.
fn from(number: usize) -> Options {
    let [.., high, low] = u32::try_from(number).expect("so many addresses").to_be_bytes();
    Options { from: Ipv4Addr::new(127, 1, high, low), ..Options::default() }
}

impl Honest {
    /// Registers them, each from an address of their own.
    pub fn arrive(server: &Server, pairs: usize) -> Self {
        let arrive = |number: usize, name: &str| {
            let mut client = Client::open(server, &from(number));
            client.expect("C 220 …");
            client.register(name);
            client
        };
        arrive(0, LATECOMER).leave();
        let one = |number: usize| arrive(1 + number, &Honest::name(number));
        Honest { pairs: (0..pairs).map(|pair| [one(2 * pair), one(2 * pair + 1)]).collect() }
    }

    /// The name of one of them.
    pub fn name(number: usize) -> String {
        format!("honest{number}")
    }

    /// Lets them talk.
    pub fn talk(self, server: &Server, talk: Talk) -> Seen {
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            let comes_back = scope.spawn(|| come_back(server, &is_over));
            let pairs = self
                .pairs
                .into_iter()
                .enumerate()
                .map(|(number, pair)| scope.spawn(move || talk_in_pair(number, pair, talk)));
            let pairs: Vec<_> = pairs.collect();
            let mut seen = Seen { messages: Times::default(), logins: Times::default(), lost: 0 };
            for pair in pairs {
                match pair.join() {
                    Ok(times) => seen.messages.0.extend(times),
                    Err(_) => seen.lost += 1,
                }
            }
            is_over.store(true, Ordering::Relaxed);
            match comes_back.join() {
                Ok(times) => seen.logins.0 = times,
                Err(_) => seen.lost += 1,
            }
            seen
        })
    }
}

/// One says something to another over and over, who hears all of it, in order. Returns how long
/// each message took until it was confirmed and heard.
fn talk_in_pair(number: usize, mut pair: [Client; 2], talk: Talk) -> Vec<Duration> {
    let began = Instant::now();
    let mut times = Vec::new();
    for message in 0.. {
        if message >= talk.messages && began.elapsed() >= talk.time {
            break;
        }
        let names = [Honest::name(2 * number), Honest::name(2 * number + 1)];
        let said = Instant::now();
        pair[0].send(&format!("D {} message {message}", names[1]));
        // What the attacker says to them comes, too. Who does not read all of that first is not
        // read by the server either.
        while !pair[0].line().starts_with("C 250 MSG ") {}
        let end = format!(" {} {} message {message}", names[0], names[1]);
        while !pair[1].line().ends_with(&end) {}
        times.push(said.elapsed());
        thread::park_timeout(talk.pause);
    }
    times
}

/// One logs in and out, until it is over, once at least. Returns how long that took.
fn come_back(server: &Server, is_over: &AtomicBool) -> Vec<Duration> {
    let mut times = Vec::new();
    // From another address each time, as one address may only connect so often.
    for number in 1000.. {
        let began = Instant::now();
        let mut client = Client::open(server, &from(number));
        client.expect("C 220 …");
        client.login(LATECOMER);
        times.push(began.elapsed());
        client.send("C EX");
        while !client.line().starts_with("C 221 ") {}
        if is_over.load(Ordering::Relaxed) {
            break;
        }
    }
    times
}
