//! What one server does with what comes in: sessions, answers and their order, lists, jobs under
//! way, deliveries, and what is on its disk. What changes the chat becomes an entry.
//!
//! The entries follow from the inputs alone. Only the ids come from the hub, which may take any
//! that rise; where an entry makes nothing, its stamp has the newest id that anybody saw.

mod additions;
mod arrivals;
mod creations;
mod deletions;
mod deliveries;
mod devices;
mod doors;
mod effects;
mod entries;
mod exports;
mod failures;
mod files;
mod group_lists;
mod groups;
mod jobs;
mod ledger;
mod lists;
mod messages;
mod motd;
mod names;
mod order;
mod peers;
mod presence;
mod reports;
mod rules;
mod sanctions;
mod sessions;
mod spoken;
mod uploads;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::time::Duration;

use chatsrv::chat::answer::Item;
use chatsrv::chat::entry::Entry;
use chatsrv::chat::id::{LogTime, MessageId};
use chatsrv::chat::kind::Kind;
use chatsrv::chat::message::{Chat, Message, StoredMessage};
use chatsrv::chat::moderation::Moderation;
use chatsrv::chat::name::Number;
use chatsrv::chat::request::Request;
use chatsrv::chat::text::Reason;
use chatsrv::hub::config::Config;
use chatsrv::hub::input::{ConnId, Input, Now};
use chatsrv::hub::job::JobId;
use chatsrv::hub::snapshot::Snapshot;
use chatsrv::limits::PASSWORD_BYTES_MAX;
use chatsrv::protocol::native::command::Command;
use chatsrv::protocol::native::frame::{Frame, FrameError};
use chatsrv::protocol::native::parse::parse_command;
use chatsrv::protocol::native::verb::Verb;
use chatsrv::protocol::native::{code::Code, codes, kinds};

use self::arrivals::Arrivals;
use self::deletions::Deletions;
use self::doors::Doors;
use self::exports::ExportWork;
use self::failures::Failures;
use self::groups::GroupWork;
use self::ledger::Ledger;
use self::lists::DueList;
use self::motd::Motd;
use self::names::Names;
use self::order::Order;
use self::peers::Peers;
use self::presence::{Minute, Presence, Storm, Told};
use self::reports::ReportWork;
use self::rules::Forbidden;
use self::sanctions::Endings;
use self::sessions::Session;
use self::spoken::Spoken;
use self::uploads::Expectations;
use crate::model::chat::ChatModel;
use crate::store::Store;

/// One server as a spectator knows it.
pub struct NodeModel {
    config: Config,
    /// What the entries have made.
    pub chat: ChatModel,
    /// The time on the monotonic clock.
    pub now: Duration,
    /// The time on the clock.
    clock: LogTime,
    /// The latest time of the clock at which the hub was handed something.
    newest_time: LogTime,
    sessions: BTreeMap<ConnId, Session>,
    pub ledger: Ledger,
    groups: GroupWork,
    peers: Peers,
    reports: ReportWork,
    /// An account that is removed once the sessions of its user are gone.
    removal_due: Option<Entry>,
    uploads: Expectations,
    exports: ExportWork,
    failures: Failures,
    names: Names,
    arrivals: Arrivals,
    doors: Doors,
    motd: Motd,
    /// What each connection has yet to receive, also after it was closed.
    deliveries: HashMap<ConnId, VecDeque<Message>>,
    order: Order,
    deletions: Deletions,
    /// Those that get no more than a part of it, and the server's last line.
    cut_off: HashSet<ConnId>,
    /// A file that is kept, and whose message ought to go out with the next effects, and to whom.
    file_due: Option<(StoredMessage, Vec<Number>)>,
    /// The session in which that was sent.
    file_sent_in: Option<ConnId>,
    /// Whether other sessions of its sender were told.
    file_told_elsewhere: bool,
    /// Whether it is an export, of which all sessions of its owner are told.
    is_export_due: bool,
    /// Of whom the others were told that they are away, and with which words.
    away: BTreeMap<Number, Reason>,
    /// How often somebody was away.
    said_away: u64,
    /// The notices of who came and went that the last input ought to bring.
    presence: Vec<Presence>,
    forbidden: Forbidden,
    spoken: Spoken,
    /// The sanctions that end.
    pub endings: Endings,
    /// When users were last here since the server started, to the minute.
    seen: BTreeMap<Number, u64>,
    /// What the others were told last of whom.
    told: BTreeMap<Number, Told>,
    /// Who caused notices, and how many, in the order in which these minutes began.
    minutes: Vec<Minute>,
    storm: Storm,
    /// How many notices came only when a minute was over.
    pub told_late: u64,
    /// Of whom the others were told that they are online, or would have been.
    announced: BTreeSet<Number>,
    /// The highest number of a device of each user.
    devices: BTreeMap<Number, u32>,
    /// A message that was told to other sessions of its sender, and to whom else it is due.
    told_elsewhere: Option<(MessageId, Vec<ConnId>)>,
    /// The sessions that are to be logged out.
    logged_out: Vec<ConnId>,
    /// Who asked for the jobs under way.
    askers: HashMap<JobId, ConnId>,
    /// Whose input, or whose job's outcome, is being handled.
    current: Option<ConnId>,
    /// Whether the outcome of a job is being handled.
    is_outcome: bool,
    /// How whoever waits for a higher mark is being refused.
    mark_failed: Option<Code>,
    /// Who is about to have read which chat, up to where.
    seen_due: Option<(Number, Chat, MessageId)>,
}

impl NodeModel {
    pub fn new(config: Config, kept: &Snapshot) -> Self {
        NodeModel {
            doors: Doors::new(config.registration, kept),
            motd: Motd::start(kept),
            config,
            chat: ChatModel::new(kept),
            now: Duration::ZERO,
            clock: LogTime::default(),
            newest_time: LogTime::default(),
            groups: GroupWork::start(kept),
            peers: Peers::start(&kept.administrators),
            reports: ReportWork::start(kept),
            removal_due: None,
            failures: Failures::start(&kept.networks),
            arrivals: Arrivals::default(),
            names: Names::default(),
            sessions: BTreeMap::new(),
            uploads: Expectations::default(),
            exports: ExportWork::start(kept),
            ledger: Ledger::new(kept.id_mark),
            deliveries: HashMap::new(),
            order: Order::default(),
            deletions: Deletions::default(),
            cut_off: HashSet::new(),
            file_due: None,
            file_sent_in: None,
            file_told_elsewhere: false,
            is_export_due: false,
            away: BTreeMap::new(),
            said_away: 0,
            presence: Vec::new(),
            forbidden: Forbidden::default(),
            spoken: Spoken::default(),
            endings: Endings::default(),
            seen: BTreeMap::new(),
            told: BTreeMap::new(),
            minutes: Vec::new(),
            storm: Storm::default(),
            told_late: 0,
            announced: BTreeSet::new(),
            devices: kept.devices.iter().copied().collect(),
            told_elsewhere: None,
            logged_out: Vec::new(),
            askers: HashMap::new(),
            current: None,
            is_outcome: false,
            mark_failed: None,
            seen_due: None,
        }
    }

    /// It is that time now.
    pub fn set_time(&mut self, now: Now) {
        self.now = now.monotonic;
        self.clock = LogTime(now.unix_micros);
    }

    /// The time by which entries are decided that come now.
    pub fn log_time(&self) -> LogTime {
        self.newest_time.max(self.clock)
    }

    /// The server died and starts again. What was on its way to somebody may not arrive.
    pub fn restart(&mut self, store: &Store) {
        self.restart_groups(store);
        self.ledger.crash(store);
        if !self.config.keep_messages {
            self.ledger.words.clear();
        }
        self.sessions.clear();
        self.announced.clear();
        self.told.clear();
        self.endings.forget();
        self.forbidden = Forbidden::default();
        self.spoken = Spoken::default();
        self.seen.clear();
        self.minutes.clear();
        self.storm = Storm::default();
        self.away.clear();
        self.logged_out.clear();
        self.devices = store.kept().devices.into_iter().collect();
        self.newest_time = LogTime::default();
        self.uploads = Expectations::default();
        self.deletions = Deletions::default();
        self.askers.clear();
        // Whatever was on disk when the server crashed is told to nobody any more, but read by all.
        self.file_due = None;
        self.is_export_due = false;
        self.presence.clear();
        let kept = store.kept();
        self.peers = Peers::start(&kept.administrators);
        self.reports = ReportWork::start(&kept);
        self.exports = ExportWork::start(&kept);
        self.failures = Failures::start(&kept.networks);
        self.arrivals = Arrivals::default();
        self.doors = Doors::new(self.config.registration, &kept);
        self.motd = Motd::start(&kept);
        self.chat = ChatModel::new(&kept);
    }

    /// Something happens, and the hub has not heard of it yet.
    pub fn before(&mut self, input: &Input) {
        self.newest_time = self.log_time();
        self.current = match input {
            Input::Asked { conn, .. } | Input::Connected { conn, .. } => Some(*conn),
            Input::PageRead { conn } => Some(*conn),
            Input::Done { job_id, .. } => self.askers.remove(job_id),
            _ => None,
        };
        self.before_peers(input);
        self.uploads.before(input);
        self.before_tries(input);
        if matches!(input, Input::Shutdown { .. }) {
            let here: Vec<Number> = self.online().map(|(user, _)| user).collect();
            here.into_iter().for_each(|user| self.is_here(user));
        }
        self.is_outcome = matches!(input, Input::Done { .. });
        match input {
            Input::Connected { conn, .. } => {
                self.sessions.insert(*conn, Session::default());
                self.deliveries.insert(*conn, VecDeque::new());
            }
            Input::Disconnected { conn } => {
                self.forbidden.forget(*conn);
                self.leave(*conn);
            }
            Input::MotdRead(text) => self.motd_is_read(text),
            Input::Deadline => {
                self.groups.is_deadline = true;
                self.end_minutes();
            }
            _ => {}
        }
    }

    /// A client's frame comes, and neither its codec nor the hub has heard of it.
    pub fn hears(&mut self, conn: ConnId, frame: &Frame<'_>) {
        match frame {
            Frame::Command(line) => {
                let command = parse_command(*line);
                let verb = match &command {
                    Ok(command) => Some(command.verb()),
                    Err((of, _)) => kinds::verb(*of),
                };
                self.tries(conn, &command);
                self.gives_code(conn, &command);
                if let Ok(command) = &command {
                    self.login_command(conn, command);
                }
                self.session(conn).stop_composing(verb);
                let user = self.session(conn).user;
                if let (Some(user), Some(verb)) = (user, verb)
                    && self.has_to_reset(user, verb)
                {
                    return self.refused_until_reset(conn, verb);
                }
                if let (Some(user), Some(verb)) = (user, verb)
                    && self.is_silenced(user, verb)
                {
                    return self.group_command_refused(conn, verb, Code::NotAllowed);
                }
                if let (Some(user), Some(verb)) = (user, verb)
                    && let Some(refusal) = self.against_rules(user, verb, command.as_ref().ok())
                {
                    let code = codes::refused(Kind::Unknown, &refusal, false).0;
                    self.is_forbidden(conn, refusal);
                    return self.group_command_refused(conn, verb, code);
                }
                match (command, user, verb) {
                    (Ok(Command::Ask(Request::Mkgroup { .. })), Some(user), Some(verb))
                        if self.is_held_back(user) =>
                    {
                        self.group_command_refused(conn, verb, Code::NotAllowed);
                    }
                    (Ok(command), user, _) => {
                        if user.is_some() {
                            self.uploads.command(conn, &command);
                        }
                        self.command(conn, &command);
                    }
                    (Err((of, refusal)), Some(_), Some(verb)) => {
                        let code = codes::refused(of, &refusal, false).0;
                        self.group_command_refused(conn, verb, code);
                    }
                    _ => {}
                }
            }
            Frame::Data(text) => {
                let is_password = (1..=PASSWORD_BYTES_MAX).contains(&text.len());
                if self.session(conn).awaits_password && is_password {
                    self.gives_password(conn, text);
                }
                self.tries_password(conn);
                self.data(conn, text);
            }
            Frame::Bad(FrameError::Command(verb, _)) => self.session(conn).stop_composing(*verb),
            Frame::Bad(FrameError::Data(_)) => self.session(conn).bad_data(),
            Frame::Bad(FrameError::UnknownType | FrameError::FileHeader)
            | Frame::File { .. }
            | Frame::FileEnd { .. }
            | Frame::Empty => {}
        }
    }

    fn command(&mut self, conn: ConnId, request: &Command) {
        let session = self.sessions.get_mut(&conn).unwrap();
        let user = session.user;
        if user.is_some() {
            match request {
                Command::Passwd if user == Some(Number::OPERATOR) => {}
                Command::Unregister { .. } if user != Some(Number::OPERATOR) => {
                    session.composing = Some(Verb::Passwd);
                }
                Command::Pm | Command::Dm | Command::Passwd => {
                    session.composing = Some(request.verb());
                }
                Command::Ask(Request::Quiet(quiet)) => session.quiet = *quiet,
                Command::Key(key) => session.key = Some(key.clone()),
                _ => {}
            }
        }
        if let Some(user) = user {
            self.group_command(conn, user, request);
            self.peer_command(conn, user, request);
            self.device_command(conn, user, request);
            self.presence_command(conn, user, request);
            match request {
                Command::Ask(Request::Seen { chat, id }) => self.reads_up_to(user, chat, *id),
                Command::Ask(Request::Delete(id)) => self.wants_deleted(conn, *id),
                Command::Ask(Request::Moderate(asked)) => self.doors_command(conn, asked),
                Command::Ask(Request::Nick(display)) => self.wants_display(conn, display),
                _ => {}
            }
        }
        let items: Option<Vec<Item>> = match (request, user) {
            (Command::Ask(Request::Who), Some(_)) => {
                let line = |number| lists::who_line(self.account(number), self.direct(number));
                Some(self.people().into_iter().map(line).collect())
            }
            (Command::Dm, Some(user)) => {
                let others = self.people().into_iter().filter(|number| *number != user);
                Some(others.map(|other| Item::Direct(self.name(other), other)).collect())
            }
            (Command::Ask(Request::Moderate(Moderation::Reports)), Some(user)) => {
                match self.chat.people.is_administrator(user) {
                    true => Some(self.report_lines()),
                    false => return,
                }
            }
            (Command::Ask(Request::Motd), Some(user)) => Some(self.asks_for_motd(user)),
            (Command::Ask(Request::Ignored), Some(user)) => Some(self.ignored_lines(user)),
            (Command::Ask(Request::Whois(whom)), Some(user)) => match self.find(*whom) {
                Some(whom) if whom != user && !self.chat.people.is_administrator(user) => {
                    Some(self.facts_for_all(whom))
                }
                _ => return,
            },
            (Command::Ask(Request::Moderate(Moderation::Invites)), Some(user))
                if self.chat.people.is_administrator(user) =>
            {
                Some(self.invites())
            }
            (Command::Ask(Request::Moderate(Moderation::Bans)), Some(_))
                if self.may_administer(conn) =>
            {
                Some(self.bans())
            }
            (Command::Ask(Request::Unread | Request::Chats { .. }), Some(_)) => None,
            _ => return,
        };
        let doubtful = self.doubtful();
        let verb = request.verb();
        self.session(conn).lists.push_back(DueList { verb, items, doubtful });
    }

    fn session(&mut self, conn: ConnId) -> &mut Session {
        self.sessions.get_mut(&conn).unwrap_or_else(|| panic!("{conn} is not connected"))
    }
}
