//! A benchmark of the hub alone, without sockets and disks: the cost of a user and of a delivered
//! message, with a thousand to a million users online. Times are CPU times, so that other load on
//! the machine matters little. The ratios between rows tell most: whether a cost grows faster than
//! the number of users. The logins of the smallest row include the notices of users who came
//! online, which stop at the presence limit.
//!
//! `cargo bench --bench hub [-- USERS...]`

use std::alloc::{GlobalAlloc, Layout, System};
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chatsrv::chat::account::Account;
use chatsrv::chat::address::{Address, Encryption};
use chatsrv::chat::event::Event;
use chatsrv::chat::name::Number;
use chatsrv::chat::registration::Registration;
use chatsrv::hub::Hub;
use chatsrv::hub::config::{AccountRules, ArrivalBounds, Config, FileBounds, GroupBounds, Rules};
use chatsrv::hub::effect::{Effect, Effects};
use chatsrv::hub::input::{ConnId, Input, Now};
use chatsrv::hub::job::{Job, JobId, Outcome, Value};
use chatsrv::hub::snapshot::Snapshot;
use chatsrv::protocol::heard::Heard;
use chatsrv::protocol::wire::{self, Variant, Wire};

/// The numbers of users online, one for each row of the table.
const USERS: [usize; 4] = [1000, 10_000, 100_000, 1_000_000];
/// The number of deliveries for one figure of a row, about.
const DELIVERIES: usize = 4_000_000;
const GROUP_MEMBERS: usize = 100;

/// An allocator that counts the allocated bytes.
struct Counting;

static ALLOCATED: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is passed to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        ALLOCATED.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: `at` came from `alloc` above, with that layout.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

fn main() {
    // `cargo bench` passes options of its own, which are no numbers.
    let asked: Vec<usize> = std::env::args().filter_map(|word| word.parse().ok()).collect();
    let sizes = if asked.is_empty() { USERS.to_vec() } else { asked };
    println!("|   users | B/account | B/online | ns/login | broadcast | direct | storm | group |");
    println!("|--------:|----------:|---------:|---------:|----------:|-------:|------:|------:|");
    for users in sizes {
        let row = measure(users);
        let Row { account_bytes, online_bytes, login, broadcast, direct, storm, group } = row;
        println!(
            "| {users:>7} | {account_bytes:>9} | {online_bytes:>8} | {:>8} | {broadcast:>9.1} \
             | {direct:>6.1} | {storm:>5.1} | {group:>5.1} |",
            login.as_nanos(),
        );
    }
}

/// The result for a number of users: bytes for each, the time of a login, and nanoseconds for each
/// delivery of a message.
struct Row {
    account_bytes: usize,
    online_bytes: usize,
    login: Duration,
    broadcast: f64,
    /// Messages to one user.
    direct: f64,
    /// Messages to one user while a tenth of all users are logging in.
    storm: f64,
    /// Messages to a group.
    group: f64,
}

fn measure(users: usize) -> Row {
    let before = ALLOCATED.load(Ordering::Relaxed);
    let mut chat = Chat::new(users);
    let known = ALLOCATED.load(Ordering::Relaxed) - chat.boxes_bytes();
    let first = users * 9 / 10;
    let start = cpu_time();
    (0..first).for_each(|user| chat.log_in(user));
    chat.is_withholding = true;
    (first..users).for_each(|user| chat.log_in(user));
    let spent = cpu_time() - start;
    let to_one = format!("user{} hello", users / 2);
    let storm = chat.time_messages(DELIVERIES / 16, &to_one);
    let start = cpu_time();
    chat.let_in();
    let login = (spent + cpu_time() - start) / users as u32;
    let online = ALLOCATED.load(Ordering::Relaxed) - chat.boxes_bytes();
    let broadcast = chat.time_messages(DELIVERIES.div_ceil(users).max(4), "* hello all");
    let direct = chat.time_messages(DELIVERIES / 16, &to_one);
    chat.make_group();
    let group = chat.time_messages(DELIVERIES / GROUP_MEMBERS, "#bench hello");
    Row {
        account_bytes: known.saturating_sub(before) / users,
        online_bytes: online.saturating_sub(known) / users,
        login,
        broadcast,
        direct,
        storm,
        group,
    }
}

/// A hub in a minimal server: a store that does every job at once, and for each connection a box,
/// the range of the encoded lines that are for it.
struct Chat {
    hub: Hub,
    effects: Effects,
    now: Now,
    jobs: VecDeque<(JobId, Outcome)>,
    /// True while the store withholds the unread counts, so that no login completes.
    is_withholding: bool,
    withheld: Vec<JobId>,
    wires: Vec<Wire>,
    lines: Vec<u8>,
    boxes: Vec<Range<usize>>,
    /// The connections whose boxes are not empty.
    dirty: Vec<u32>,
    delivered: usize,
}

impl Chat {
    fn new(users: usize) -> Self {
        let account = |at: usize| Account {
            created: 0,
            number: Number(Number::MIN + at as u32),
            name: format!("user{at}").parse().expect("a name"),
            display: None,
        };
        let config = Config {
            registration: Registration::Open,
            rules: Rules::default(),
            arrivals: ArrivalBounds::unbounded(),
            accounts: AccountRules::lenient(),
            presence_limit: 500,
            audits: true,
            bounds_rates: true,
            keep_messages: true,
            history: None,
            delete_window: Duration::ZERO,
            alive_period: Duration::from_secs(30),
            groups: GroupBounds {
                members_max: GROUP_MEMBERS,
                per_user_max: 256,
                all_max: 10_000,
                ask_first: false,
            },
            files: FileBounds { size_max: 0, places: 1000, quota: 0 },
        };
        let kept = Snapshot { accounts: (0..users).map(account).collect(), ..Snapshot::default() };
        Chat {
            hub: Hub::new(config, 7, kept),
            effects: Effects::default(),
            now: Now { monotonic: Duration::ZERO, unix_micros: 1_700_000_000_000_000 },
            jobs: VecDeque::new(),
            is_withholding: false,
            withheld: Vec::new(),
            wires: (0..users).map(|_| Wire::native()).collect(),
            lines: Vec::new(),
            boxes: vec![0..0; users],
            dirty: Vec::with_capacity(users),
            delivered: 0,
        }
    }

    /// The allocated bytes that do not belong to the hub.
    fn boxes_bytes(&self) -> usize {
        let boxes = self.boxes.capacity() * size_of::<Range<usize>>();
        let wires = self.wires.capacity() * size_of::<Wire>();
        boxes + wires + self.dirty.capacity() * size_of::<u32>() + self.lines.capacity()
    }

    fn log_in(&mut self, user: usize) {
        let conn = conn(user);
        let host = Address::host([198, (user >> 16) as u8, (user >> 8) as u8, user as u8].into());
        self.handle(Input::Connected { conn, from: host, encryption: Encryption::Plain });
        self.command(user, &format!("RESUME user{user} token"));
        self.flush();
    }

    /// Completes the logins that were withheld.
    fn let_in(&mut self) {
        self.is_withholding = false;
        for job_id in std::mem::take(&mut self.withheld) {
            self.handle(Input::Done { job_id, outcome: Ok(Value::Unread(Vec::new())) });
            self.flush();
        }
    }

    fn make_group(&mut self) {
        let members: Vec<String> = (1..GROUP_MEMBERS).map(|at| format!("user{at}")).collect();
        self.command(0, &format!("MKGROUP #bench {}", members.join(" ")));
        self.flush();
    }

    /// Sends `count` messages from the first user; returns the nanoseconds for each delivery.
    fn time_messages(&mut self, count: usize, line: &str) -> f64 {
        let before = self.delivered;
        let data = format!("D {line}\n");
        let start = cpu_time();
        for _ in 0..count {
            self.line(0, &data);
            self.flush();
        }
        let delivered = self.delivered - before;
        assert!(delivered >= count, "{line:?} was delivered {delivered} times");
        (cpu_time() - start).as_nanos() as f64 / delivered as f64
    }

    fn command(&mut self, user: usize, line: &str) {
        self.line(user, &format!("C {line}\n"));
    }

    /// Handles a line that a user sends.
    fn line(&mut self, user: usize, line: &str) {
        let (used, heard) = self.wires[user].decode(line.as_bytes());
        assert_eq!(used, line.len(), "{line:?}");
        let Some(Heard::Asked(request)) = heard else { panic!("{line:?} is {heard:?}") };
        self.handle(Input::Asked { conn: conn(user), request: Ok(request) });
    }

    /// Hands an input to the hub, and then the outcomes of all jobs that it requests.
    fn handle(&mut self, input: Input) {
        self.now.monotonic += Duration::from_micros(1);
        self.now.unix_micros += 1;
        self.hub.handle(input, self.now, &mut self.effects);
        self.take_effects();
        while let Some((job_id, outcome)) = self.jobs.pop_front() {
            self.hub.handle(Input::Done { job_id, outcome }, self.now, &mut self.effects);
            self.take_effects();
        }
    }

    fn take_effects(&mut self) {
        let Effects { list, recipients } = &mut self.effects;
        for effect in list.drain(..) {
            let start = self.lines.len();
            let to = match effect {
                Effect::Job { job_id, job: Job::CountUnread { .. } } if self.is_withholding => {
                    self.withheld.push(job_id);
                    continue;
                }
                Effect::Job { job_id, job } => {
                    self.jobs.push_back((job_id, outcome(&job)));
                    continue;
                }
                Effect::Answer { conn, answer } => {
                    self.wires[conn.slot as usize].answer(&answer, &mut self.lines);
                    &[conn][..]
                }
                Effect::Tell { event, to } => {
                    wire::encode(&event, Variant::NATIVE, &mut self.lines);
                    if matches!(event, Event::Said(_)) {
                        self.delivered += to.len();
                    }
                    &recipients[to]
                }
                Effect::List { .. } | Effect::LoggedIn { .. } | Effect::Audit(_) => continue,
                other => panic!("nobody asks for {other:?}"),
            };
            for conn in to {
                let share = &mut self.boxes[conn.slot as usize];
                if *share == (0..0) {
                    share.start = start;
                    self.dirty.push(conn.slot);
                }
                share.end = self.lines.len();
            }
        }
        self.effects.clear();
    }

    /// Empties the boxes, as if every connection were written to.
    fn flush(&mut self) {
        for slot in self.dirty.drain(..) {
            self.boxes[slot as usize] = 0..0;
        }
        self.lines.clear();
    }
}

/// The CPU time of this thread, from proc(5).
fn cpu_time() -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux tells");
    let nanos = told.split(' ').next().and_then(|word| word.parse().ok());
    Duration::from_nanos(nanos.expect("a number"))
}

fn conn(user: usize) -> ConnId {
    ConnId { slot: user as u32, generation: 1 }
}

/// The outcome of a job in a store that succeeds always and holds nothing.
fn outcome(job: &Job) -> Outcome {
    match job {
        Job::CheckToken { .. } => Ok(Value::PasswordRight),
        Job::CountUnread { .. } => Ok(Value::Unread(Vec::new())),
        Job::KeepMessage { .. }
        | Job::KeepNetworks { .. }
        | Job::RaiseIdMark { .. }
        | Job::SaveGroup(_)
        | Job::ChangeGroups(_) => Ok(Value::Done),
        other => panic!("nobody asks for {other:?}"),
    }
}
