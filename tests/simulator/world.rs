//! A world drawn by lot: people who come, go, stall and break off, and a store that takes its time.

use std::collections::BTreeMap;
use std::time::Duration;

use chatsrv::hub::{Account, Config, Job, Outcome};
use chatsrv::limits::GROUP_OFFLINE_TIME_MAX;
use chatsrv::protocol::address::Address;
use chatsrv::protocol::name::Number;
use chatsrv::protocol::reply::MessageId;
use fastrand::Rng;

use crate::audit;
use crate::client::{Client, Learned, Received, Tally};
use crate::lines::People;
use crate::server::Server;
use crate::store::Store;
use crate::uploads::{self, SentNames};

/// How large a world is.
pub struct Size {
    /// People who have a name in it.
    pub people: usize,
    /// Clients that are connected at a time.
    pub present_max: usize,
    /// What happens before it comes to its end.
    pub steps: usize,
}

struct World {
    lot: Rng,
    size: Size,
    server: Server,
    store: Store,
    clients: Vec<Client>,
    people: People,
    /// Messages that clients were told to be kept, by their ids.
    confirmed: BTreeMap<MessageId, String>,
    tally: Tally,
}

/// Runs the world of a seed to its end, and counts what happened in it.
pub fn run(seed: u64, size: Size) -> Tally {
    let mut world = World::new(seed, size);
    for _ in 0..world.size.present_max / 2 {
        world.connect();
    }
    for _ in 0..world.size.steps {
        world.step();
    }
    world.settle();
    world.end();
    audit::check(&mut world.server, &mut world.store, &world.confirmed);
    world.tally
}

impl World {
    fn new(seed: u64, size: Size) -> Self {
        let mut lot = Rng::with_seed(seed);
        let config = Config {
            registration: lot.u8(..4) > 0,
            public_files: lot.bool(),
            presence_limit: lot.usize(..=size.people),
            keep_messages: lot.u8(..8) > 0,
            alive_period: Duration::from_secs(lot.u64(1..60)),
            group_max: lot.usize(1..=size.people),
            history: (lot.u8(..4) == 0).then(|| Duration::from_secs(lot.u64(10..4000))),
            file_size_max: 400,
            quota: 2_000,
        };
        let mut store = Store::new();
        let mut people = People::new(size.people);
        people.meets_in_groups = lot.bool();
        let steps = if people.meets_in_groups { 2 * size.steps } else { size.steps };
        let size = Size { steps, ..size };
        for (at, name) in people.names.iter().enumerate().filter(|(at, _)| at % 2 == 0) {
            let number = Number(20_000 + at as u32);
            people.numbers.push(number.0);
            store.add(Account { number, name: name.parse().unwrap(), display: None }, "right");
        }
        let server = Server::new(config, seed, &store);
        let (clients, confirmed, tally) = (Vec::new(), BTreeMap::new(), Tally::default());
        World { lot, size, server, store, clients, people, confirmed, tally }
    }

    fn step(&mut self) {
        match self.lot.u8(..100) {
            0..3 => self.connect(),
            3..30 => self.type_something(),
            30..55 => self.deliver(),
            55..71 => self.read(),
            71..83 => self.do_a_job(),
            83..89 => self.download(),
            89..92 => self.upload(),
            92..96 => self.let_time_pass(),
            96 if self.lot.bool() => self.lose_somebody(),
            97 if self.lot.bool() => {
                if let Some(client) = self.pick() {
                    self.clients[client].ends = true;
                }
            }
            98 => self.set_the_clock(),
            _ if self.lot.u8(..100) == 0 => self.server.shut_down(),
            _ if self.lot.usize(..self.size.steps) < 60 => self.crash(),
            _ => {}
        }
    }

    fn connect(&mut self) {
        if self.present().len() >= self.size.present_max {
            return;
        }
        if self.lot.u8(..16) == 0 {
            let pipe = self.server.connect(Address::Local);
            self.clients.push(Client::operator(pipe, SentNames::clone(&self.people.sent_names)));
            return;
        }
        let from = Address::host([192, 0, 2, self.lot.usize(..self.size.people / 2) as u8].into());
        let pipe = self.server.connect(from);
        self.clients.push(Client::new(pipe, SentNames::clone(&self.people.sent_names)));
    }

    /// The clients that are connected, or have something left to read.
    fn present(&self) -> Vec<usize> {
        let all = self.clients.iter().enumerate().filter(|(_, client)| {
            let pipe = &self.server.pipes[client.pipe];
            !client.broke && (pipe.closed.is_none() || !pipe.output.is_empty())
        });
        all.map(|(at, _)| at).collect()
    }

    fn pick(&mut self) -> Option<usize> {
        self.lot.choice(self.present())
    }

    /// All of so many bytes, or a part.
    fn some_of(&mut self, length: usize) -> usize {
        if self.lot.bool() { length } else { self.lot.usize(..=length) }
    }

    fn type_something(&mut self) {
        let Some(at) = self.pick() else { return };
        let client = &mut self.clients[at];
        if client.ends {
            return;
        }
        for _ in 0..1 + self.lot.usize(..3) * self.lot.usize(..2) {
            self.people.say_something(client, &mut self.lot);
        }
    }

    /// Some of what a client sent arrives, cut anywhere.
    fn deliver(&mut self) {
        let Some(at) = self.pick() else { return };
        let length = self.some_of(self.clients[at].to_send.len());
        self.deliver_from(at, length);
    }

    fn deliver_from(&mut self, at: usize, length: usize) {
        let client = &mut self.clients[at];
        let pipe = client.pipe;
        let bytes: Vec<u8> = client.to_send.drain(..length).collect();
        let ends = client.ends && client.to_send.is_empty();
        if self.server.pipes[pipe].closed.is_some() {
            return;
        }
        self.server.receive(pipe, &bytes);
        if ends && self.server.pipes[pipe].closed.is_none() {
            self.server.end_input(pipe);
        }
    }

    fn read(&mut self) {
        let Some(at) = self.pick() else { return };
        let pipe = self.clients[at].pipe;
        let length = self.some_of(self.server.pipes[pipe].output.len());
        self.read_by(at, length);
    }

    fn read_by(&mut self, at: usize, length: usize) {
        let client = &mut self.clients[at];
        let pipe = &mut self.server.pipes[client.pipe];
        let bytes: Vec<u8> = pipe.output.drain(..length).collect();
        let (conn, model) = (pipe.conn, &mut self.server.model);
        client.read(&bytes, &mut self.tally, |received| match received {
            Received::Message(message) => model.received(conn, message),
            Received::File(line) => model.received_file(conn, line),
        });
        self.learn_from(at);
        self.server.output_taken(self.clients[at].pipe);
    }

    fn learn_from(&mut self, at: usize) {
        let Learned { tokens, groups, confirmed, marked } =
            std::mem::take(&mut self.clients[at].learned);
        self.people.tokens.extend(tokens);
        self.people.groups.extend(groups);
        self.confirmed.extend(confirmed);
        for marked in marked {
            // Somebody may send what was confirmed once more.
            if self.lot.u8(..4) == 0 {
                self.people.to_send_again.push(marked);
            }
        }
        let client = &mut self.clients[at];
        if client.broke || client.is_over() {
            self.people.to_send_again.extend(client.unconfirmed());
        }
    }

    /// The store does some job: passwords and files in any order, what it keeps in turn.
    fn do_a_job(&mut self) {
        if self.server.jobs.is_empty() {
            return;
        }
        let mut at = self.lot.usize(..self.server.jobs.len());
        if is_in_turn(&self.server.jobs[at].1) {
            at = self.server.jobs.iter().position(|(_, job)| is_in_turn(job)).unwrap_or(at);
        }
        self.store.files.now = self.server.now.unix_micros;
        let outcome = match (self.lot.u8(..32), &self.server.jobs[at].1) {
            (0, _) => Outcome::Busy,
            (1, _) => Outcome::Failed,
            (2, job) if writes(job) => Outcome::NoRoom,
            (_, job) => self.store.run(job),
        };
        if let (Job::Register { account, .. }, Outcome::Done) = (&self.server.jobs[at].1, &outcome)
        {
            self.people.numbers.push(account.number.0);
        }
        self.server.job_done(at, outcome, &self.store);
    }

    /// Some download goes on, ends, or breaks off.
    fn download(&mut self) {
        let downloads: Vec<(usize, u32)> = (0..self.server.pipes.len())
            .flat_map(|at| self.server.pipes[at].downloads.keys().map(move |stream| (at, *stream)))
            .collect();
        let Some((pipe, stream)) = self.lot.choice(downloads) else { return };
        match self.lot.u8(..16) {
            0 if self.server.pipes[pipe].closed.is_none() => {
                self.server.break_download(pipe, stream);
            }
            1..12 => self.server.send_chunk(pipe, stream, self.lot.u64(1..100)),
            _ => self.server.send_chunk(pipe, stream, 65_536),
        }
    }

    /// Some client sends more of an upload, or the disk does what it has to, or can't.
    fn upload(&mut self) {
        let sending = self.present().into_iter().filter(|at| {
            let client = &self.clients[*at];
            !client.ends && client.uploads.some_stream().is_some()
        });
        if let Some(at) = self.lot.choice(sending.collect::<Vec<_>>()) {
            let client = &mut self.clients[at];
            for _ in 0..self.lot.u8(..4) {
                client.uploads.send_some(&mut self.lot, &mut client.to_send);
            }
        }
        match self.lot.u8(..64) {
            0 => uploads::break_one(&mut self.server, &mut self.lot),
            1..16 => {}
            _ => {
                for _ in 0..3 {
                    self.server.write_done(&mut self.store);
                }
            }
        }
    }

    fn let_time_pass(&mut self) {
        let millis = match self.lot.u8(..8) {
            0 if self.lot.u8(..8) == 0 => 3_600_000,
            0 if self.lot.u8(..4) == 0 => GROUP_OFFLINE_TIME_MAX.as_millis() as u64,
            0 => self.lot.u64(..60_000),
            _ => self.lot.u64(..500),
        };
        self.server.advance(Duration::from_millis(millis));
    }

    fn set_the_clock(&mut self) {
        let by = self.lot.u64(..20_000_000);
        let clock = &mut self.server.now.unix_micros;
        *clock = if self.lot.bool() { *clock - by } else { *clock + by };
    }

    fn lose_somebody(&mut self) {
        let Some(at) = self.pick() else { return };
        self.server.reset(self.clients[at].pipe);
        self.break_off(at);
    }

    fn break_off(&mut self, at: usize) {
        self.clients[at].broke = true;
        self.learn_from(at);
    }

    /// The server dies. The store may have done some of what the server had not heard of yet.
    fn crash(&mut self) {
        let in_turn = self.server.jobs.iter().filter(|(_, job)| is_in_turn(job)).count();
        let mut left = self.lot.usize(..=in_turn);
        for (ticket, job) in std::mem::take(&mut self.server.jobs) {
            let is_done = if is_in_turn(&job) { left > 0 } else { self.lot.bool() };
            left -= usize::from(is_in_turn(&job) && is_done);
            if is_done {
                let outcome = self.store.run(&job);
                self.server.model.job_done(ticket, &job, &outcome);
            }
        }
        self.server.restart(&mut self.store);
        for at in 0..self.clients.len() {
            self.break_off(at);
        }
        if !self.server.keeps_messages() {
            // Nobody remembers the words of what was confirmed.
            self.people.to_send_again.retain(|(_, marked)| marked.id.is_none());
        }
        *self.tally.entry("crash".into()).or_default() += 1;
    }

    /// Everything that is on its way arrives.
    fn settle(&mut self) {
        loop {
            for at in 0..self.clients.len() {
                if !self.clients[at].broke {
                    self.deliver_from(at, self.clients[at].to_send.len());
                    let output = self.server.pipes[self.clients[at].pipe].output.len();
                    self.read_by(at, output);
                }
            }
            let downloads =
                self.server.pipes.iter().filter(|pipe| !pipe.downloads.is_empty()).count();
            let output = self
                .clients
                .iter()
                .any(|client| !client.broke && !self.server.pipes[client.pipe].output.is_empty());
            if self.server.jobs.is_empty()
                && self.server.writes.is_empty()
                && downloads == 0
                && !output
                && !self.server.has_deadline_within(Duration::from_secs(60))
            {
                return;
            }
            self.do_a_job();
            self.download();
            self.server.write_done(&mut self.store);
            self.server.advance(Duration::from_millis(500));
        }
    }

    /// Everybody has what was theirs; then everybody goes, and nothing is left.
    fn end(&mut self) {
        for client in self.clients.iter().filter(|client| !client.broke) {
            let pipe = &self.server.pipes[client.pipe];
            let by_server = pipe.closed.is_some_and(|reason| reason.name() != "peer-closed");
            client.check_answered(by_server);
            self.server.model.received_all(pipe.conn);
            assert!(self.server.hub.has_answered(pipe.conn));
            assert!(!client.ends || pipe.closed.is_some(), "an ended input ends the session");
        }
        for at in 0..self.clients.len() {
            self.server.reset(self.clients[at].pipe);
        }
        // Who does not come back leaves the groups that are not kept.
        for _ in 0..10_000 {
            if self.server.hub.is_idle() && self.server.jobs.is_empty() {
                break;
            }
            self.server.advance(GROUP_OFFLINE_TIME_MAX);
            self.do_a_job();
        }
        assert!(self.server.model.groups.are_all_kept(), "{:?}", self.server.model.groups);
        assert!(self.server.hub.is_idle(), "{:?}", self.server.hub);
        let messages = &self.store.messages;
        self.store.files.check(|id| Some(messages.get(id)?.text.to_string()));
        assert!(self.server.opened.is_empty(), "files stay open: {:?}", self.server.opened);
    }
}

/// Whether the store does a job in its turn, and not when it happens to be ready.
fn is_in_turn(job: &Job) -> bool {
    !matches!(
        job,
        Job::Register { .. }
            | Job::CheckPassword { .. }
            | Job::SetPassword { .. }
            | Job::ListFolder { .. }
            | Job::OpenFile { .. }
            | Job::SumFile { .. }
            | Job::OpenSent(_)
            | Job::SumSent(_)
            | Job::SyncUpload(_)
            | Job::MakeCallTicket
    )
}

/// Whether a job needs room on the disk.
fn writes(job: &Job) -> bool {
    matches!(
        job,
        Job::Register { .. }
            | Job::SetPassword { .. }
            | Job::MakeToken { .. }
            | Job::KeepMessage { .. }
            | Job::RaiseIdMark { .. }
            | Job::MarkSeen { .. }
            | Job::SetDisplayName { .. }
            | Job::SetBanned { .. }
            | Job::SetAdministrator { .. }
            | Job::SaveGroup(_)
            | Job::EndGroup(_)
            | Job::BeginUpload { .. }
            | Job::SyncUpload(_)
            | Job::FinishUpload { .. }
    )
}
