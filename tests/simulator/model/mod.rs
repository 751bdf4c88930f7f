//! What ought to happen, told apart from how the hub does it: plain maps, walked through whole.

mod creations;
mod deliveries;
mod failures;
mod files;
mod groups;
mod ledger;
mod lists;
mod messages;
mod ops;
mod peers;
mod people;
mod uploads;

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::ops::Range;
use std::time::Duration;

use chatsrv::chat::account::Account;
use chatsrv::chat::answer::Item;
use chatsrv::chat::close::CloseReason;
use chatsrv::chat::entry::LogTime;
use chatsrv::chat::event::Event;
use chatsrv::chat::id::MessageId;
use chatsrv::chat::message::{Message, StoredMessage};
use chatsrv::chat::name::{Key, Number};
use chatsrv::chat::request::{Kind, Request};
use chatsrv::hub::config::Config;
use chatsrv::hub::effect::{Effect, Effects};
use chatsrv::hub::input::{ConnId, Input, Now};
use chatsrv::hub::job::{Job, JobId, Outcome, Snapshot, Value};
use chatsrv::protocol::native::command::Command;
use chatsrv::protocol::native::frame::{Frame, FrameError};
use chatsrv::protocol::native::parse::parse_command;
use chatsrv::protocol::native::verb::Verb;
use chatsrv::protocol::native::{code::Code, codes};

use self::failures::Failures;
use self::groups::{GroupDue, Groups};
use self::ledger::Ledger;
use self::lists::{DueList, Reading};
use self::messages::{Due, Said};
use self::peers::Peers;
use self::people::{Presence, with_operator};
use self::uploads::Expectations;
use crate::reply::Reply;
use crate::store::Store;

/// The chat as a spectator knows it.
pub struct Model {
    config: Config,
    accounts: BTreeMap<Number, Account>,
    /// Everybody in the order in which the server came to know them.
    registered: Vec<Number>,
    /// The time on the monotonic clock.
    pub now: Duration,
    /// The time on the clock.
    clock: LogTime,
    /// The latest time of the clock at which the hub was handed something.
    newest_time: LogTime,
    sessions: BTreeMap<ConnId, Session>,
    pub ledger: Ledger,
    pub groups: Groups,
    peers: Peers,
    uploads: Expectations,
    failures: Failures,
    /// What each connection has yet to receive, also after it was closed.
    deliveries: HashMap<ConnId, VecDeque<Message>>,
    /// Those that get no more than a part of it, and the server's last line.
    cut_off: HashSet<ConnId>,
    /// A file that is kept, and whose message ought to go out with the next effects.
    file_due: Option<StoredMessage>,
    /// The notices of who came and went that the last input ought to bring.
    presence: Vec<Presence>,
    /// Who asked for the jobs under way.
    askers: HashMap<JobId, ConnId>,
    /// Whose input, or whose job's outcome, is being handled.
    current: Option<ConnId>,
    /// Whether the outcome of a job is being handled.
    is_outcome: bool,
    /// How whoever waits for a higher mark is being refused.
    mark_failed: Option<Code>,
}

#[derive(Default)]
struct Session {
    user: Option<Number>,
    entering: Option<Entering>,
    quiet: bool,
    composing: Option<Verb>,
    awaits_password: bool,
    /// The word that marks the next message.
    key: Option<Key>,
    /// Answers to messages, and lists, in the order in which they are due.
    replies: VecDeque<Due>,
    group_replies: VecDeque<GroupDue>,
    lists: VecDeque<DueList>,
    reading: VecDeque<Reading>,
    /// What was said before the welcome and has to be delivered with it.
    held: VecDeque<Said>,
}

/// Somebody who gave the right password and is not welcomed yet.
struct Entering {
    user: Number,
    is_news: bool,
    /// The newest message when what is unread was counted.
    since: MessageId,
    /// What is delivered with the welcome.
    held: Vec<Said>,
}

impl Model {
    pub fn new(config: Config, kept: &Snapshot) -> Self {
        let accounts = with_operator(&kept.accounts);
        let registered = accounts.iter().map(|account| account.number).collect();
        let mut model = Model {
            config,
            accounts: accounts.into_iter().map(|account| (account.number, account)).collect(),
            registered,
            now: Duration::ZERO,
            clock: LogTime::default(),
            newest_time: LogTime::default(),
            groups: Groups::default(),
            peers: Peers::start(&kept.banned, &kept.administrators),
            failures: Failures::start(&kept.networks),
            sessions: BTreeMap::new(),
            uploads: Expectations::default(),
            ledger: Ledger::new(kept.id_mark),
            deliveries: HashMap::new(),
            cut_off: HashSet::new(),
            file_due: None,
            presence: Vec::new(),
            askers: HashMap::new(),
            current: None,
            is_outcome: false,
            mark_failed: None,
        };
        model.start_groups(&kept.groups);
        model
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
        self.newest_time = LogTime::default();
        self.uploads = Expectations::default();
        self.askers.clear();
        // Whatever was on disk when the server crashed is told to nobody any more, but read by all.
        self.file_due = None;
        let kept = store.kept();
        self.peers = Peers::start(&kept.banned, &kept.administrators);
        self.failures = Failures::start(&kept.networks);
        let accounts = with_operator(&kept.accounts);
        self.registered = accounts.iter().map(|account| account.number).collect();
        self.accounts = accounts.into_iter().map(|account| (account.number, account)).collect();
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
        self.is_outcome = matches!(input, Input::Done { .. });
        match input {
            Input::Connected { conn, .. } => {
                self.sessions.insert(*conn, Session::default());
                self.deliveries.insert(*conn, VecDeque::new());
            }
            Input::Disconnected { conn } => self.leave(*conn),
            Input::Deadline => self.groups.is_deadline = true,
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
                    Err((of, _)) => codes::verb(*of),
                };
                self.tries(conn, &command);
                self.session(conn).stop_composing(verb);
                match (command, self.session(conn).user, verb) {
                    (Ok(command), user, _) => {
                        if user.is_some() {
                            self.uploads.command(conn, &command);
                        }
                        self.command(conn, &command);
                    }
                    (Err((of, refusal)), Some(_), Some(verb)) => {
                        let code = codes::refused(of, &refusal).0;
                        self.group_command_refused(conn, verb, code);
                    }
                    _ => {}
                }
            }
            Frame::Data(text) => {
                self.tries_password(conn);
                self.data(conn, text);
            }
            Frame::Bad(FrameError::Command(verb, _)) => self.session(conn).stop_composing(*verb),
            Frame::Bad(FrameError::Data(_)) => self.session(conn).bad_data(),
            Frame::Bad(FrameError::UnknownType | FrameError::FileHeader)
            | Frame::File { .. }
            | Frame::FileEnd { .. } => {}
        }
    }

    fn command(&mut self, conn: ConnId, request: &Command) {
        let session = self.sessions.get_mut(&conn).unwrap();
        let user = session.user;
        if user.is_some() {
            match request {
                Command::Passwd if user == Some(Number::OPERATOR) => {}
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
            self.peer_command(user, request);
        }
        let account = |(number, _)| &self.accounts[&number];
        let items: Option<Vec<Item>> = match (request, user) {
            (Command::Ask(Request::Who), Some(_)) => {
                let line = |(number, conn)| {
                    let account = &self.accounts[&number];
                    lists::who_line(account, self.direct(number, conn))
                };
                Some(self.people().map(line).collect())
            }
            (Command::Dm, Some(user)) => {
                let others = self.people().filter(|(number, _)| *number != user).map(account);
                Some(others.map(|other| Item::Direct(other.name, other.number)).collect())
            }
            (Command::Ask(Request::Unread), Some(_)) => None,
            _ => return,
        };
        let doubtful = self.doubtful();
        let verb = request.verb();
        self.session(conn).lists.push_back(DueList { verb, items, doubtful });
    }

    /// The store is done with a job, and the hub has not heard of it yet.
    pub fn job_done(&mut self, job_id: JobId, job: &Job, outcome: &Outcome) {
        let asker = self.askers.get(&job_id).copied();
        self.peer_job_done(job, outcome);
        self.uploads.job_done(job_id, outcome);
        self.try_is_settled(job_id, outcome);
        match (job, outcome) {
            (Job::Register { account, .. }, Ok(Value::Done)) => {
                let number = account.number;
                assert!(number.0 >= Number::MIN, "{number} is no contact number");
                self.accounts.insert(number, account.clone());
                self.registered.push(number);
            }
            (Job::SetDisplayName { number, display }, Ok(Value::Done)) => {
                self.accounts.get_mut(number).unwrap().display = Some(display.clone());
            }
            (Job::CheckPassword { .. }, Ok(Value::PasswordRight)) => {
                if let Some(session) = asker.and_then(|asker| self.sessions.get_mut(&asker))
                    && session.user.is_some()
                {
                    session.composing = Some(Verb::Passwd);
                }
            }
            (Job::KeepMessage { .. }, _) => {
                self.ledger.keep_done(job_id, *outcome == Ok(Value::Done));
            }
            (Job::FinishUpload { message: Some(message), .. }, _) => {
                self.file_kept(job_id, message, outcome);
            }
            (Job::RaiseIdMark { mark }, Ok(Value::Done)) => self.ledger.mark = *mark,
            (Job::RaiseIdMark { .. }, _) => self.mark_failed = creations::failure(outcome),
            (Job::MarkSeen { reader, chat, id }, Ok(Value::Done)) => {
                self.ledger.seen(*reader, *chat, *id);
            }
            (Job::SaveGroup(record), _) => self.group_saved(job_id, record, outcome),
            (Job::EndGroup(id), _) => self.group_ended(job_id, *id, outcome),
            (Job::ChangeGroups(rows), _) => self.rows_kept(job_id, rows, outcome),
            (Job::RemoveOld { before }, Ok(Value::Removed { .. })) => self.ledger.removed(*before),
            (Job::CountUnread { reader }, outcome) => {
                self.counted(asker, *reader, matches!(outcome, Ok(Value::Unread(_))));
            }
            (
                Job::SelectMessages { reader, which },
                Ok(Value::Selected { ids, .. } | Value::Found { ids, .. }),
            ) => self.selected(asker, *reader, which, ids),
            _ => {}
        }
    }

    /// The hub has told what it wants done.
    pub fn after(&mut self, effects: &Effects, goes_on: impl Fn(ConnId) -> bool) {
        let sorted = |to: &Range<usize>| {
            let mut to = effects.recipients[to.clone()].to_vec();
            to.sort_unstable();
            to
        };
        self.check_peers(effects);
        self.uploads.after(effects);
        let mut told = Vec::new();
        let mut told_of_groups = Vec::new();
        let mut is_news = None;
        for effect in &effects.list {
            if self.groups.is_deadline && is_about_groups(effect) {
                self.end_memberships();
            }
            match effect {
                Effect::Answer { conn, answer } => self.reply(*conn, &Reply::new(answer)),
                Effect::List { conn, list } => self.list(*conn, list),
                Effect::Page { conn, page } => self.page(*conn, page),
                Effect::Tell { event: Event::Said(message), to } => {
                    self.delivered(message, sorted(to));
                }
                Effect::Tell { event: Event::On(name, _), to } => {
                    told.push(Presence { online: true, name: *name, to: sorted(to) });
                }
                Effect::Tell { event: Event::Off(name, _), to } => {
                    told.push(Presence { online: false, name: *name, to: sorted(to) });
                }
                Effect::Tell { event, to } if is_about_groups(effect) => {
                    told_of_groups.push((event.clone(), sorted(to)));
                }
                Effect::Close { conn, reason: CloseReason::TakenOver, .. } => {
                    let session = self.remove(*conn).expect("it was there");
                    is_news = Some(session.entering.is_some_and(|entering| entering.is_news));
                }
                Effect::Close { conn, reason, .. } => {
                    let user = self.session(*conn).user;
                    if let (CloseReason::Goodbye, Some(user)) = (reason, user) {
                        self.leave_groups(user);
                    }
                    self.leave(*conn);
                }
                Effect::Job { job_id, job } => self.job(*job_id, job, is_news),
                _ => {}
            }
        }
        self.settle_file();
        if self.groups.is_deadline {
            self.end_memberships();
        }
        assert_eq!(told, std::mem::take(&mut self.presence));
        assert_eq!(told_of_groups, std::mem::take(&mut self.groups.notices));
        for (conn, session) in &self.sessions {
            assert!(session.held.is_empty(), "{conn} misses {:?}", session.held);
        }
        let unsettled = self.sessions.iter().filter(|(_, session)| session.has_unsettled());
        let unsettled: Vec<ConnId> = unsettled.map(|(conn, _)| *conn).collect();
        for conn in unsettled.into_iter().filter(|conn| goes_on(*conn)) {
            self.settle_message(conn);
        }
        self.settle_creations(goes_on);
        self.mark_failed = None;
    }

    fn job(&mut self, job_id: JobId, job: &Job, is_news: Option<bool>) {
        match job {
            Job::KeepMessage { message, key } => return self.is_to_be_kept(job_id, message, key),
            Job::RaiseIdMark { mark } => {
                assert!(*mark > self.ledger.mark);
                return;
            }
            Job::RemoveOld { .. } | Job::KeepNetworks { .. } => return,
            Job::SaveGroup(record) => return self.group_is_saved(job_id, record),
            Job::EndGroup(id) => return self.group_is_ended(job_id, *id),
            Job::ChangeGroups(rows) => return self.rows_change(job_id, rows),
            _ => {}
        }
        if self.file_job(job_id, job) {
            return;
        }
        let in_turn = self.try_is_taken(job_id, job);
        let conn = in_turn.or(self.current).or_else(|| self.sender(job));
        let conn = conn.unwrap_or_else(|| panic!("nobody asks for {job:?}"));
        self.askers.insert(job_id, conn);
        if let (Job::SelectMessages { .. }, true) = (job, self.is_outcome) {
            // What was told before is out of date.
            self.session(conn).reading.pop_back();
        }
        if let (Job::CountUnread { reader }, None) = (job, self.session(conn).user) {
            let is_news = is_news.unwrap_or(true);
            let since = self.ledger.newest();
            let entering = Entering { user: *reader, is_news, since, held: Vec::new() };
            let before = self.session(conn).entering.replace(entering);
            assert!(before.is_none(), "{conn} enters twice");
            self.came_online(*reader);
        }
    }

    /// The session whose message waited for an id, and is looked for once more.
    fn sender(&self, job: &Job) -> Option<ConnId> {
        let Job::FindKey { sender, .. } = job else { return None };
        self.online().find(|(user, _)| user == sender).map(|(_, conn)| conn)
    }

    fn reply(&mut self, conn: ConnId, reply: &Reply<'_>) {
        self.check_failures(conn, reply);
        if reply.of == Kind::Say {
            return self.message_answered(conn, reply);
        }
        if let Some(verb) = reply.verb()
            && groups::is_answered_here(verb)
            && self.session(conn).user.is_some()
        {
            return self.group_reply(conn, verb, reply);
        }
        let is_login = matches!(reply.of, Kind::LogIn | Kind::Resume);
        let session = self.session(conn);
        match reply.code {
            Code::SendPassword | Code::ChoosePassword => session.awaits_password = true,
            Code::Busy if is_login => {
                // What is unread could not be counted.
                let Some(Entering { user, is_news, .. }) = session.entering.take() else { return };
                self.went_offline(user);
                if !is_news {
                    self.tell(conn, user, false);
                }
            }
            _ => {}
        }
    }

    fn logged_in(&mut self, conn: ConnId, number: Number) {
        let session = self.session(conn);
        let entering = session.entering.take().expect("somebody enters");
        assert_eq!((entering.user, session.user.replace(number)), (number, None));
        session.held = entering.held.into();
        self.group_news(number);
        self.is_known(conn, number);
        if entering.is_news {
            self.tell(conn, number, true);
        }
    }

    fn leave(&mut self, conn: ConnId) {
        let Some(session) = self.sessions.get(&conn) else { return };
        let user = match &session.entering {
            Some(entering) if !entering.is_news => Some(entering.user),
            _ => session.user,
        };
        if let Some(user) = user {
            self.tell(conn, user, false);
        }
        self.remove(conn);
    }

    /// A session is over.
    fn remove(&mut self, conn: ConnId) -> Option<Session> {
        let session = self.sessions.remove(&conn)?;
        self.forget_creations(conn);
        self.peers.is_gone(conn, session.user);
        self.failures.is_gone(conn);
        let user = session.user.or(session.entering.as_ref().map(|entering| entering.user));
        if let Some(user) = user {
            self.went_offline(user);
        }
        Some(session)
    }

    fn session(&mut self, conn: ConnId) -> &mut Session {
        self.sessions.get_mut(&conn).unwrap_or_else(|| panic!("{conn} is not connected"))
    }
}

/// Whether it brings what changed in a group to members or to the disk.
fn is_about_groups(effect: &Effect) -> bool {
    match effect {
        Effect::Tell { event, .. } => {
            matches!(event, Event::Group(..) | Event::Ask(..) | Event::Join(..))
        }
        Effect::Job { job, .. } => {
            matches!(job, Job::SaveGroup(_) | Job::EndGroup(_) | Job::ChangeGroups(_))
        }
        _ => false,
    }
}

impl Session {
    fn stop_composing(&mut self, verb: Option<Verb>) {
        let stands = match verb {
            Some(Verb::Alive) => true,
            Some(Verb::Seen) => self.user.is_some(),
            _ => false,
        };
        if !stands {
            self.composing = None;
            self.awaits_password = false;
        }
    }

    fn bad_data(&mut self) {
        if !self.awaits_password && self.composing != Some(Verb::Passwd) {
            self.replies.push_back(Due::Refused(Code::BadParameters));
            self.key = None;
        }
        self.stop_composing(None);
    }
}
