//! What the chat knows, and what it wants done about what happens.
//!
//! [`Hub::handle`] takes one [`Input`] and the time, and adds [`Effects`]. There is no socket,
//! file, clock, random number or thread in here, so that a test can be the world: see
//! tests/simulator.

mod answers;
mod command;
mod credentials;
mod delivery;
mod directory;
pub mod effect;
mod figures;
mod finishing;
mod groups;
mod history;
mod ids;
pub mod input;
mod invariants;
pub mod job;
mod keys;
mod known_networks;
mod lists;
mod login;
mod messages;
mod online;
mod operator;
mod peers;
mod retention;
mod sent;
mod session;
mod tasks;
mod throttle;
mod transfers;
mod turns;
mod uploads;
mod users;
mod welcome;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use self::delivery::AwaitsId;
use self::directory::{Directory, UserIndex};
use self::figures::Tally;
use self::groups::Groups;
use self::ids::Ids;
use self::keys::Keys;
use self::known_networks::KnownNetworks;
use self::lists::OpenList;
use self::online::Online;
use self::operator::Rights;
use self::peers::Peers;
use self::retention::Retention;
use self::session::Sessions;
use self::tasks::UnderWay;
use self::throttle::Throttle;
use self::turns::Turns;
use self::uploads::Uploads;
use self::welcome::Entering;
use crate::hub::effect::Effects;
use crate::hub::input::{ConnId, Input, Now};
use crate::hub::job::{JobId, Snapshot};

/// What the operator decided about the chat.
#[derive(Clone, Debug)]
pub struct Config {
    /// Whether new names may register.
    pub registration: bool,
    /// Whether files may be read before the login.
    pub public_files: bool,
    /// With more users online than this, nobody is told who comes and goes.
    pub presence_limit: usize,
    /// Whether messages are kept, for users who are offline and to be read again. Otherwise nothing
    /// that people say comes to the disk.
    pub keep_messages: bool,
    /// For how long messages are kept; for ever where it is none.
    pub history: Option<Duration>,
    /// How often somebody who takes direct chats is to be heard of; two missed ones end it.
    pub alive_period: Duration,
    /// How many members a group may have; at least one.
    pub group_max: usize,
    /// The largest file that may be sent, in bytes.
    pub file_size_max: u64,
    /// How many bytes all files and uploads of one user may have.
    pub quota: u64,
}

/// The chat.
#[derive(Debug)]
pub struct Hub {
    config: Config,
    /// When the input that is being handled came.
    now: Now,
    /// Draws the numbers of new accounts.
    lot: fastrand::Rng,
    sessions: Sessions,
    directory: Directory,
    online: Online,
    groups: Groups,
    throttle: Throttle,
    known_networks: KnownNetworks,
    /// Logins that wait for others of their network.
    turns: Turns,
    /// Wrong passwords that are told later, by the time on the steady clock.
    refusals: BTreeSet<(Duration, ConnId)>,
    under_way: HashMap<JobId, UnderWay>,
    last_ticket: u64,
    ids: Ids,
    keys: Keys,
    /// What waits for an id, in the order in which it came; one thing of a session at most.
    await_id: Vec<(ConnId, AwaitsId)>,
    /// Who is let in and waits for what is unread.
    entering: BTreeMap<UserIndex, Entering>,
    /// Those of them for whom more waits than may; none between two inputs.
    slow_logins: Vec<ConnId>,
    /// Lists of messages that were begun and are not complete; one of a session at most.
    lists: BTreeMap<ConnId, OpenList>,
    retention: Retention,
    uploads: Uploads,
    peers: Peers,
    rights: Rights,
    /// When the server stops, where that was announced, on the steady clock.
    stops_at: Option<Duration>,
    tally: Tally,
}

impl Hub {
    /// A chat that begins with what was kept, and nobody online. Whatever the hub draws by lot
    /// comes from `seed`.
    pub fn new(config: Config, seed: u64, mut kept: Snapshot) -> Self {
        let keys = match config.keep_messages {
            true => Keys::kept(&kept.keys),
            false => Keys::in_memory(),
        };
        let accounts = std::mem::take(&mut kept.accounts);
        let directory = Directory::new(accounts);
        let networks = std::mem::take(&mut kept.networks);
        let rights = Rights::new(&kept, &directory);
        let known_networks = KnownNetworks::new(networks, &directory);
        Hub {
            peers: Peers::new(config.alive_period),
            groups: Groups::new(kept.groups, &directory, &rights),
            rights,
            stops_at: None,
            tally: Tally::default(),
            retention: Retention::new(config.history),
            uploads: Uploads::default(),
            config,
            now: Now::default(),
            lot: fastrand::Rng::with_seed(seed),
            sessions: Sessions::default(),
            directory,
            online: Online::default(),
            throttle: Throttle::default(),
            known_networks,
            turns: Turns::default(),
            refusals: BTreeSet::new(),
            under_way: HashMap::new(),
            last_ticket: 0,
            ids: Ids::above(kept.id_mark),
            keys,
            await_id: Vec::new(),
            entering: BTreeMap::new(),
            slow_logins: Vec::new(),
            lists: BTreeMap::new(),
        }
    }

    /// Takes what happened, and adds what is to be done. What comes from a connection that is gone
    /// is dropped; frames must come only while the connection [takes input](Self::takes_input).
    pub fn handle(&mut self, input: Input, now: Now, effects: &mut Effects) {
        self.now = now;
        if let Input::Asked { conn, .. } = input {
            self.heard_from(conn);
        }
        match input {
            Input::Connected { conn, from } => self.connected(conn, from, effects),
            Input::Asked { conn, request } => self.asked(conn, request, effects),
            Input::File { conn, stream } => self.file(conn, stream, effects),
            Input::DownloadOver { conn, stream, complete } => {
                self.download_over(conn, stream, complete, effects);
            }
            Input::UploadOver { conn, stream, end } => {
                self.upload_over(conn, stream, end, effects);
            }
            Input::PageRead { conn } => self.next_page(conn, effects),
            Input::Disconnected { conn } => self.forget(conn, true, effects),
            Input::Done { ticket, outcome } => self.done(ticket, outcome, effects),
            Input::Deadline => {
                self.end_silent();
                self.tell_refusals(effects);
                self.remove_old(effects);
                self.group_deadlines(effects);
                self.remove_old_uploads(effects);
            }
            Input::Shutdown { seconds } => self.stopping(seconds, effects),
        }
    }

    /// Whether the connection's next frame may be handled. While a password is checked, an upload
    /// is being opened, a list is under way or waits for its turn, or more answers wait than a
    /// session may have, it may not, nor once the connection is closed.
    pub fn takes_input(&self, conn: ConnId) -> bool {
        self.sessions.get(conn).is_some_and(|session| session.takes_input())
    }

    /// Whether every answer to what the connection sent has been given, and what became of each
    /// upload that is whole was told.
    pub fn has_answered(&self, conn: ConnId) -> bool {
        self.sessions.get(conn).is_none_or(|session| session.has_answered())
    }

    /// Who is logged in over a connection.
    fn user_of(&self, conn: ConnId) -> Option<UserIndex> {
        self.sessions.get(conn)?.user()
    }

    /// When to hand in [`Input::Deadline`], on the steady clock.
    pub fn next_deadline(&self) -> Option<Duration> {
        let refusal = self.refusals.first().map(|(at, _)| *at);
        let others = [
            refusal,
            self.retention.next,
            self.groups.next_deadline(),
            self.uploads.next_removal,
            self.peers.next_look(),
        ];
        others.into_iter().flatten().min()
    }
}
