//! A world drawn by lot: people who come, go, stall and break off, and a store that takes its time.

mod crowd;
mod ending;
mod faults;
mod jobs;

use std::collections::BTreeMap;
use std::time::Duration;

use chatsrv::bounds::allowance::Allowance;
use chatsrv::bounds::limit::{Exempt, Limit};
use chatsrv::chat::account::Account;
use chatsrv::chat::address::Address;
use chatsrv::chat::id::MessageId;
use chatsrv::chat::name::Number;
use chatsrv::chat::registration::Registration;
use chatsrv::hub::config::{
    AccountRules, ArrivalBounds, Config, FileBounds, GroupBounds, Permitted, Rules,
};
use chatsrv::limits::{ANSWER_BYTES_MAX, GROUP_OFFLINE_TIME_MAX};
use fastrand::Rng;

use crate::client::{Client, Known, Learned, Received};
use crate::counts::Counts;
use crate::lines::{self, People};
use crate::server::Server;
use crate::store::Store;
use crate::uploads::{self, SentNames};

/// How large a world is, and what happens in it.
pub enum Size {
    /// Everything by lot.
    Drawn {
        /// People who have a name in it.
        people: usize,
        /// Clients that are connected at a time.
        present_max: usize,
        /// What happens before it comes to its end.
        steps: usize,
    },
    /// Many come at once, talk to everyone, and come back at once after a crash.
    Crowd {
        /// People who have an account and a token.
        people: usize,
    },
}

struct World {
    rng: Rng,
    /// Clients that may be connected at a time.
    present_max: usize,
    steps: usize,
    /// How many of them were made.
    step: usize,
    server: Server,
    store: Store,
    /// All clients that there ever were.
    clients: Vec<Client>,
    /// Those that may be connected, or have something left to read.
    here: Vec<usize>,
    /// The first pipe of the server that runs now.
    first_pipe: usize,
    /// The pipes of clients that are gone without a word to the server.
    vanished: Vec<usize>,
    people: People,
    /// Messages that clients were told to be kept, by their ids.
    confirmed: BTreeMap<MessageId, String>,
    /// Whether little goes wrong, so that people come to more.
    is_calm: bool,
    /// Up to which step what does not work.
    outages: Outages,
    /// The step at which a server that was told to stops.
    stops: Option<usize>,
    counts: Counts,
}

/// Up to which step something does not work.
#[derive(Default)]
struct Outages {
    store: usize,
    disk_full: usize,
    passwords: usize,
}

/// After how many steps the server reads another message of the day.
const MOTD_STEPS: usize = 300;
/// The messages of the day, of which one comes twice in a row, and another one twice.
const MOTDS: [&str; 6] =
    ["", "be kind", "be kind", "be kind\nand brief", "be kind", "closed today"];

/// Runs the world of a seed to its end, and counts what happened in it.
pub fn run(seed: u64, size: Size) -> Counts {
    let (people, present_max, steps) = match size {
        Size::Drawn { people, present_max, steps } => (people, present_max, steps),
        Size::Crowd { people } => return crowd::run(seed, people),
    };
    let mut world = World::new(seed, people, present_max, steps);
    for _ in 0..present_max / 2 {
        world.connect();
    }
    while world.step < world.steps {
        world.step();
        world.step += 1;
    }
    world.finish(usize::MAX)
}

/// Some bounds of registrations, from networks of which one may be exempt.
fn arrival_bounds(rng: &mut Rng) -> ArrivalBounds {
    let mut limit = |most: [u32; 3]| {
        let most = Allowance::new(most[rng.usize(..3)], Duration::from_secs(3600));
        Limit { most, spares_loopback: true }
    };
    let (registrations, registrations_total) = (limit([1, 3, 1000]), limit([2, 5, 1000]));
    let exempt = "192.0.1.0/24".parse().unwrap();
    let exempt = Exempt(Vec::from_iter(rng.bool().then_some(exempt)));
    ArrivalBounds { registrations, registrations_total, exempt }
}

/// Some rules; in most worlds everybody may do all.
fn rules(config: &Config, rng: &mut Rng) -> Rules {
    use Permitted::{Administrators, All, Nobody};
    let mut drawn = |rare: Permitted| if rng.u8(..8) == 0 { rare } else { All };
    let (broadcast, group_makers) = (drawn(Administrators), drawn(Administrators));
    let rare = [Administrators, Nobody];
    let uploads = drawn(rare[usize::from(broadcast == group_makers)]);
    // Where nothing is kept, what is said to nobody does not show in the simulator.
    let message_quota = if config.keep_messages && rng.u8(..8) == 0 { 300 } else { 0 };
    let probation = [0, 0, 0, 20, 4000][rng.usize(..5)];
    Rules {
        broadcast,
        group_makers,
        uploads,
        probation,
        new_see_history: [None, None, None, Some(0), Some(100)][rng.usize(..5)],
        message_quota,
        ..config.rules
    }
}

/// What holds for names and passwords in the world of a seed: in some of them, new passwords need
/// six characters.
fn account_rules(seed: u64) -> AccountRules {
    let password_min = if seed % 16 == 5 { 6 } else { 1 };
    AccountRules { password_min, ..AccountRules::lenient() }
}

/// Some bounds of groups among so many people: few of them are large.
fn bounds(people: usize, rng: &mut Rng) -> GroupBounds {
    GroupBounds {
        members_max: rng.usize(1..=people),
        per_user_max: [2, 4, 1000][rng.usize(..3)],
        all_max: [3, 8, 10_000][rng.usize(..3)],
        ask_first: rng.u8(..4) == 0,
    }
}

impl World {
    fn new(seed: u64, people: usize, present_max: usize, steps: usize) -> Self {
        let mut rng = Rng::with_seed(seed);
        let mut config = Config {
            registration: match rng.u8(..8) {
                0..6 => Registration::Open,
                6 => Registration::Invite,
                _ => Registration::Closed,
            },
            arrivals: arrival_bounds(&mut rng),
            rules: Rules { public_files: rng.bool(), ..Rules::default() },
            accounts: account_rules(seed),
            presence_limit: rng.usize(..=people),
            audits: true,
            bounds_rates: rng.u8(..4) > 0,
            keep_messages: rng.u8(..8) > 0,
            alive_period: Duration::from_secs(rng.u64(1..60)),
            groups: bounds(people, &mut rng),
            delete_window: Duration::from_secs([0, 10, 100_000][rng.usize(..3)]),
            history: (rng.u8(..4) == 0).then(|| Duration::from_secs(rng.u64(10..4000))),
            files: FileBounds { size_max: 400, places: 10_000, quota: 2_000 },
        };
        // What else the world draws does not depend on them.
        config.rules = rules(&config, &mut Rng::with_seed(!seed));
        let mut store = Store::new();
        let mut people = People::new(people);
        people.meets_in_groups = rng.bool();
        people.is_club = people.meets_in_groups && rng.u8(..3) == 0;
        people.sees_days_go_by = rng.u8(..4) == 0;
        people.guesses = rng.u8(..16) == 0;
        let steps = match people.is_club {
            true => 3 * steps,
            false if people.meets_in_groups => 2 * steps,
            false => steps,
        };
        for (at, name) in people.names.iter().enumerate().filter(|(at, _)| at % 2 == 0) {
            let number = Number(20_000 + at as u32);
            people.numbers.push(number.0);
            store.add(
                Account { number, name: name.parse().unwrap(), display: None, created: 0 },
                "right",
            );
        }
        let mut server = Server::new(config, seed, &store);
        if rng.bool() {
            server.send_queue = rng.usize(100..700);
        }
        server.compares_every = 16;
        let is_calm = rng.bool();
        World { steps, present_max, is_calm, ..World::of(rng, server, store, people) }
    }

    /// A world in which nothing happens yet.
    fn of(rng: Rng, server: Server, store: Store, people: People) -> Self {
        World {
            rng,
            present_max: usize::MAX,
            steps: 0,
            step: 0,
            server,
            store,
            clients: Vec::new(),
            here: Vec::new(),
            first_pipe: 0,
            vanished: Vec::new(),
            people,
            confirmed: BTreeMap::new(),
            is_calm: false,
            outages: Outages::default(),
            stops: None,
            counts: Counts { worlds: 1, ..Counts::default() },
        }
    }

    fn step(&mut self) {
        if self.server.stops.take().is_some() {
            self.announce_stop();
        }
        if self.stops.is_some_and(|at| at <= self.step) {
            self.stop();
        }
        if self.rng.u8(..64) == 0 {
            self.catch_up();
        }
        if self.step.is_multiple_of(MOTD_STEPS) {
            let at = self.step / MOTD_STEPS % MOTDS.len();
            self.server.read_motd(MOTDS[at]);
        }
        match self.rng.u8(..100) {
            0..3 => self.connect(),
            3..30 => self.type_something(),
            30..55 => self.deliver(),
            55..71 => self.read(),
            71..83 => self.do_a_job(),
            83..89 => self.download(),
            89..92 => self.upload(),
            92..96 => self.let_time_pass(),
            _ if self.is_calm && self.rng.u8(..4) > 0 => {}
            _ => self.something_goes_wrong(),
        }
    }

    fn connect(&mut self) {
        if self.here.len() >= self.present_max {
            let here = std::mem::take(&mut self.here);
            self.here = here.into_iter().filter(|at| self.is_here(*at)).collect();
        }
        if self.here.len() >= self.present_max {
            return;
        }
        let operator = self.rng.u8(..16) == 0;
        let networks = (self.people.names.len() / 2).min(255) as u8;
        let from = match operator {
            true => Address::Local,
            false => Address::host([192, 0, self.rng.u8(..3), self.rng.u8(..networks)].into()),
        };
        self.connect_from(from);
    }

    fn connect_from(&mut self, from: Address) -> usize {
        let pipe = self.server.connect(from);
        let names = SentNames::clone(&self.people.sent_names);
        self.here.push(self.clients.len());
        self.clients.push(match from {
            Address::Local => Client::operator(pipe, names),
            _ => Client::new(pipe, names),
        });
        self.counts.clients += 1;
        self.clients.len() - 1
    }

    /// Whether a client is connected, or has something left to read.
    fn is_here(&self, at: usize) -> bool {
        let client = &self.clients[at];
        let pipe = &self.server.pipes[client.pipe];
        let is_over = pipe.closed.is_some() && pipe.output.is_empty() && pipe.downloads.is_empty();
        !client.broke && !is_over
    }

    /// Some client that is there and does not stall.
    fn pick(&mut self) -> Option<usize> {
        while !self.here.is_empty() {
            let place = self.rng.usize(..self.here.len());
            let at = self.here[place];
            if self.is_here(at) {
                return Some(at).filter(|at| self.clients[*at].stalls_until <= self.step);
            }
            self.here.swap_remove(place);
        }
        None
    }

    /// All of so many bytes, or a part.
    fn some_of(&mut self, length: usize) -> usize {
        if self.rng.bool() { length } else { self.rng.usize(..=length) }
    }

    fn type_something(&mut self) {
        let Some(at) = self.pick() else { return };
        let client = &mut self.clients[at];
        if client.ends {
            return;
        }
        for _ in 0..1 + self.rng.usize(..3) * self.rng.usize(..2) {
            if self.rng.u8(..) < 20 {
                lines::say_nonsense(client, &mut self.rng);
                self.counts.fault("client sends nonsense");
            } else {
                self.people.say_something(client, &mut self.rng);
            }
        }
    }

    /// Some of what a client sent arrives, cut anywhere; nothing while it owes too much reading.
    fn deliver(&mut self) {
        let Some(at) = self.pick() else { return };
        let sent = self.clients[at].to_send.len();
        if self.server.pipes[self.clients[at].pipe].output.len() > ANSWER_BYTES_MAX {
            return;
        }
        let length = self.some_of(sent);
        if length < sent {
            self.counts.fault("client sends a part");
        }
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
        let waiting = self.server.pipes[pipe].output.len();
        let length = self.some_of(waiting);
        if length < waiting {
            self.counts.fault("client reads a part");
        }
        self.read_by(at, length);
    }

    fn read_by(&mut self, at: usize, length: usize) {
        let client = &mut self.clients[at];
        let bytes = self.server.take_output(client.pipe, length);
        let (conn, model) = (self.server.pipes[client.pipe].conn, &mut self.server.model);
        let Counts { said, deliveries, .. } = &mut self.counts;
        let user = client.user().map(str::to_owned);
        let (mut own_words, mut own_files) = (0, 0);
        client.read(&bytes, said, |received| {
            *deliveries += 1;
            match received {
                Received::Message(message) => {
                    own_words += u64::from(Some(message.from) == user.as_deref());
                    model.received(conn, message);
                }
                Received::File(line) => {
                    own_files += u64::from(line.split(' ').nth(3) == user.as_deref());
                    model.received_file(conn, line);
                }
            }
        });
        *said.entry("D from oneself".into()).or_default() += own_words;
        *said.entry("124 from oneself".into()).or_default() += own_files;
        self.learn_from(at);
        self.server.output_taken(self.clients[at].pipe);
    }

    fn learn_from(&mut self, at: usize) {
        let Learned { tokens, codes, groups, confirmed, marked } =
            std::mem::take(&mut self.clients[at].learned);
        self.people.tokens.extend(tokens);
        self.people.codes.extend(codes);
        self.people.groups.extend(groups);
        let client = &self.clients[at];
        if let Some(user) = client.user().filter(|_| client.groups != Known::default()) {
            self.people.known.insert(user.to_owned(), client.groups.clone());
        }
        self.counts.messages += confirmed.len() as u64;
        self.confirmed.extend(confirmed);
        // Somebody may send what was confirmed once more.
        let rng = &mut self.rng;
        let mut again: Vec<_> = marked.into_iter().filter(|_| rng.u8(..4) == 0).collect();
        let client = &mut self.clients[at];
        if client.broke || client.is_over() {
            again.extend(client.unconfirmed());
        }
        let forgets = client.pipe < self.first_pipe && !self.server.keeps_messages();
        again.retain(|(_, marked)| !forgets || marked.id.is_none());
        self.people.to_send_again.extend(again);
    }

    /// Some download goes on, ends, or breaks off.
    fn download(&mut self) {
        let pipes = self.here.iter().map(|at| self.clients[*at].pipe);
        let pipes = pipes.map(|at| (at, &self.server.pipes[at]));
        let pipes = pipes.filter(|(_, pipe)| pipe.output.len() <= ANSWER_BYTES_MAX);
        let downloads: Vec<(usize, u32)> = pipes
            .flat_map(|(at, pipe)| pipe.downloads.keys().map(move |stream| (at, *stream)))
            .collect();
        let Some((pipe, stream)) = self.rng.choice(downloads) else { return };
        match self.rng.u8(..16) {
            0 if self.server.pipes[pipe].closed.is_none() => {
                self.server.break_download(pipe, stream);
                self.counts.fault("download breaks off");
            }
            1..12 => self.server.send_chunk(pipe, stream, self.rng.u64(1..100)),
            _ => self.server.send_chunk(pipe, stream, 65_536),
        }
    }

    /// Some client sends more of an upload, or the disk does what it has to, or can't.
    fn upload(&mut self) {
        let sending = self.here.iter().copied().filter(|at| {
            let client = &self.clients[*at];
            let may_send = client.stalls_until <= self.step && !client.ends;
            may_send && self.is_here(*at) && client.uploads.some_stream().is_some()
        });
        if let Some(at) = self.rng.choice(sending.collect::<Vec<_>>()) {
            let client = &mut self.clients[at];
            for _ in 0..self.rng.u8(..4) {
                lines::upload(client, &mut self.rng);
            }
        }
        match self.rng.u8(..64) {
            0 => {
                if uploads::break_one(&mut self.server, &mut self.rng) {
                    self.counts.fault("upload breaks off");
                }
            }
            1..16 => {}
            _ => {
                for _ in 0..3 {
                    self.server.write_done(&mut self.store);
                }
            }
        }
    }

    fn let_time_pass(&mut self) {
        let millis = match self.rng.u8(..8) {
            0 if self.rng.u8(..8) == 0 => 3_600_000,
            0 if self.rng.u8(..4) == 0 => GROUP_OFFLINE_TIME_MAX.as_millis() as u64,
            0 => self.rng.u64(..60_000),
            _ => self.rng.u64(..500),
        };
        self.server.advance(Duration::from_millis(millis));
    }
}
