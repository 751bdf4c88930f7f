//! A crowd: thousands come at once, talk, are slow, and come back at once after a crash. What grows
//! faster than the crowd shows here, and every bound that a few people never reach.

use std::time::Duration;

use chatsrv::chat::account::Account;
use chatsrv::chat::address::Address;
use chatsrv::chat::name::Number;
use chatsrv::chat::registration::Registration;
use chatsrv::hub::config::{AccountRules, ArrivalBounds, Config, FileBounds, Rules};
use chatsrv::hub::job::{Job, Value};
use fastrand::Rng;

use super::World;
use crate::client::State;
use crate::counts::Counts;
use crate::lines::{People, say};
use crate::server::Server;
use crate::store::Store;

/// How many of a crowd read everything in the end.
const AUDITED_MAX: usize = 20;
/// Messages to everyone between two storms of logins.
const BROADCASTS: usize = 20;

/// Runs the crowd of a seed to its end, and counts what happened in it.
pub fn run(seed: u64, people: usize) -> Counts {
    let mut rng = Rng::with_seed(seed);
    let config = Config {
        registration: Registration::Open,
        rules: Rules::default(),
        accounts: AccountRules::lenient(),
        arrivals: ArrivalBounds::unbounded(),
        presence_limit: [0, 100, 300][rng.usize(..3)],
        audits: true,
        bounds_rates: true,
        keep_messages: rng.u8(..4) > 0,
        alive_period: Duration::from_secs(30),
        groups: crate::dialogue::groups(100),
        history: None,
        delete_window: Duration::ZERO,
        files: FileBounds { size_max: 400, places: 10_000, quota: 2_000 },
    };
    let mut store = Store::new();
    let mut known = People::new(people);
    for (name, at) in known.names.iter().zip(20_000..) {
        let number = Number(at);
        store.add(
            Account { number, name: name.parse().unwrap(), display: None, created: 0 },
            "right",
        );
        let (device, address) = (1, Address::Local);
        let job = Job::MakeToken { number, device, name: None, address };
        let Ok(Value::Token(token)) = store.run(&job) else { panic!("{name}") };
        known.tokens.push((name.clone(), token.expose().to_owned()));
    }
    let mut server = Server::new(config, seed, &store);
    server.send_queue = 16 * 1024;
    server.looks_every = people as u64;
    server.compares_every = people as u64;
    let mut world = World { steps: usize::MAX, ..World::of(rng, server, store, known) };
    world.storm();
    world.talk();
    world.crash();
    world.storm();
    world.talk();
    world.finish(AUDITED_MAX)
}

impl World {
    /// Everybody comes at once, with a token.
    fn storm(&mut self) {
        let mut everybody: Vec<usize> = (0..self.people.names.len()).collect();
        self.rng.shuffle(&mut everybody);
        let first = self.clients.len();
        for person in &everybody {
            let host = [198, 51, (person / 250) as u8, (person % 250) as u8];
            let at = self.connect_from(Address::host(host.into()));
            let (name, token) = &self.people.tokens[*person];
            say(&mut self.clients[at], &format!("C RESUME {name} {token}"));
        }
        for _ in 0..4 * everybody.len() {
            self.something_moves();
        }
        while !self.server.jobs.is_empty() || self.clients[first..].iter().any(has_to_send) {
            for at in first..self.clients.len() {
                self.deliver_from(at, self.clients[at].to_send.len());
            }
            for _ in 0..self.server.jobs.len() {
                self.do_a_job();
            }
            self.step += 1;
        }
        for at in first..self.clients.len() {
            self.read_by(at, self.server.pipes[self.clients[at].pipe].output.len());
        }
        let is_online = |client: &&crate::client::Client| client.state() == State::Online;
        let online = self.clients[first..].iter().filter(is_online).count();
        assert!(online > everybody.len() * 3 / 4, "{online} of {} are online", everybody.len());
    }

    /// People talk, and some neither read nor send.
    fn talk(&mut self) {
        let members: Vec<&str> = self.people.names[..100].iter().map(String::as_str).collect();
        let makes = format!("C MKGROUP #crowd {}", members.join(" "));
        let everybody = self.people.names.len();
        let steps = 4 * everybody;
        for at in 0..steps {
            self.step += 1;
            if at.is_multiple_of(steps / BROADCASTS) {
                self.somebody_says("D *");
            }
            match self.rng.u16(..1000) {
                0..100 => {
                    let other = self.rng.usize(..everybody);
                    self.somebody_says(&format!("D {}", self.people.names[other].clone()));
                }
                100..110 => self.somebody_says("D #crowd"),
                110..115 => self.somebody_asks("C WHO"),
                115..120 => self.somebody_asks("C QUIET on"),
                120..123 => self.somebody_asks(&makes),
                123..133 => self.something_goes_wrong(),
                133..140 => self.let_time_pass(),
                _ => self.something_moves(),
            }
        }
    }

    fn something_moves(&mut self) {
        self.step += 1;
        match self.rng.u8(..3) {
            0 => self.deliver(),
            1 => self.do_a_job(),
            _ => self.read(),
        }
    }

    fn somebody_says(&mut self, to: &str) {
        let text = self.people.text();
        self.somebody_asks(&format!("{to} {text}"));
    }

    fn somebody_asks(&mut self, line: &str) {
        let Some(at) = self.pick() else { return };
        if self.clients[at].state() == State::Online && !self.clients[at].ends {
            say(&mut self.clients[at], line);
        }
    }
}

fn has_to_send(client: &crate::client::Client) -> bool {
    !client.to_send.is_empty() && !client.broke
}
