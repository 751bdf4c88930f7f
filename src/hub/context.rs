//! The context of the domains: the sessions, the sequence of ids, the time, and the effects of the
//! input that is being handled. It knows nothing of what the domains do.

use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use super::audit::{AuditLog, Deed};
use super::config::Config;
use super::counters::Counters;
use super::sequence::Sequence;
use super::sessions::replies::{Download, Due, Reply, Upload};
use super::sessions::state::State;
use super::sessions::{Session, Sessions};
use super::unannounced::Unannounced;
use crate::chat::address::Network;
use crate::chat::answer::{Answer, Done, Item, List};
use crate::chat::close::CloseReason;
use crate::chat::event::Event;
use crate::chat::id::{LogTime, MessageId};
use crate::chat::kind::Kind;
use crate::chat::message::Chat;
use crate::chat::refusal::Refusal;
use crate::chat::request::Request;
use crate::chat::term::{TimeLeft, Until};
use crate::chat::text::Reason;
use crate::hub::accounts::directory::UserIndex;
use crate::hub::effect::{Effect, Effects};
use crate::hub::input::{ConnId, Now};
use crate::hub::job::{Job, JobId};

/// The state that belongs to no domain and that all of them need.
#[derive(Debug)]
pub struct Core {
    pub config: Config,
    /// The time of the input that is being handled.
    pub now: Now,
    /// The random numbers by which accounts and groups are numbered.
    pub rng: fastrand::Rng,
    pub sessions: Sessions,
    pub sequence: Sequence,
    /// Files that are being kept, and the requests that wait for them.
    pub unannounced: Unannounced,
    pub counters: Counters,
    pub audit: AuditLog,
    /// The number of the last job, without the bits of its domain.
    last_job: u64,
    /// Sessions that are to end before the hub is done with the input.
    closing: VecDeque<Closing>,
    /// Streams to end, by connection and number, whose ABORT has its turn.
    aborts: VecDeque<(ConnId, u32)>,
    /// Requests that can't be handled before the store keeps a higher ceiling of the ids, in order.
    /// A session has one at most, and is blocked.
    without_id: Vec<(ConnId, Request)>,
    /// The ceiling of the ids that the store is to keep, if no job keeps it yet.
    ceiling_to_keep: Option<MessageId>,
    /// The time by which entries are decided.
    log_time: LogTime,
}

/// A session that is to end.
#[derive(Debug)]
pub struct Closing {
    pub conn: ConnId,
    /// The reason.
    pub reason: CloseReason,
    /// The last line, if it is an answer.
    pub last: Option<Answer>,
    /// The words that an administrator gave as the reason.
    pub words: Option<Reason>,
}

/// A logged-in user who makes a request, and the connection over which it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    pub conn: ConnId,
    pub user: UserIndex,
}

/// The core, and the effects of the input that is being handled.
pub struct Cx<'a> {
    pub core: &'a mut Core,
    pub effects: &'a mut Effects,
}

impl Core {
    /// Creates the state with no session.
    pub fn new(config: Config, seed: u64, sequence: Sequence) -> Self {
        Core {
            audit: AuditLog::new(config.audits),
            config,
            now: Now::default(),
            rng: fastrand::Rng::with_seed(seed),
            sessions: Sessions::default(),
            sequence,
            unannounced: Unannounced::default(),
            counters: Counters::default(),
            last_job: 0,
            closing: VecDeque::new(),
            aborts: VecDeque::new(),
            without_id: Vec::new(),
            ceiling_to_keep: None,
            log_time: LogTime::default(),
        }
    }

    /// The network of a connection, as limits count it.
    pub fn network_of(&self, conn: ConnId) -> Network {
        self.sessions.get(conn).map_or(Network::Local, |session| session.from.network())
    }

    /// The user who is logged in over a connection.
    pub fn user_of(&self, conn: ConnId) -> Option<UserIndex> {
        self.sessions.get(conn)?.user()
    }

    /// Takes the next session that is to end.
    pub fn next_closing(&mut self) -> Option<Closing> {
        self.closing.pop_front()
    }

    /// Takes the next stream that is to end, by connection and number.
    pub fn next_abort(&mut self) -> Option<(ConnId, u32)> {
        self.aborts.pop_front()
    }

    /// Takes the ceiling of the ids that the store is to keep.
    pub fn next_ceiling(&mut self) -> Option<MessageId> {
        self.ceiling_to_keep.take()
    }

    /// Takes the requests that wait for an id, in order.
    pub fn take_without_id(&mut self) -> Vec<(ConnId, Request)> {
        std::mem::take(&mut self.without_id)
    }

    /// Sets the time. Entries are decided by the clock's time, or if the clock was set back, by the
    /// latest time that it has shown.
    pub fn set_time(&mut self, now: Now) {
        self.now = now;
        self.log_time = self.log_time.max(LogTime(now.unix_micros));
    }

    /// The time by which entries are decided now.
    pub fn log_time(&self) -> LogTime {
        self.log_time
    }

    /// The time by which entries are decided, in whole seconds since the Unix epoch.
    pub fn seconds(&self) -> u64 {
        self.log_time.0 / MICROS
    }

    /// The first whole second that is not before the time by which entries are decided.
    pub fn next_second(&self) -> u64 {
        self.log_time.0.div_ceil(MICROS)
    }

    /// What is left of something that lasts until a time; none if it is over.
    pub fn left_until(&self, until: Until) -> Option<TimeLeft> {
        if until.is_over(self.seconds()) {
            return None;
        }
        Some(match until.left(self.next_second()) {
            TimeLeft::Seconds(seconds) => TimeLeft::Seconds(seconds.max(1)),
            ever => ever,
        })
    }

    /// Converts a time by which entries are decided to the monotonic clock.
    pub fn when(&self, time: LogTime) -> Duration {
        self.now.monotonic + Duration::from_micros(time.0.saturating_sub(self.log_time.0))
    }

    /// The sessions whose requests wait for an id.
    pub fn await_id(&self) -> impl Iterator<Item = &ConnId> {
        self.without_id.iter().map(|(conn, _)| conn)
    }

    /// Drops the request of a session that has ended, if it waits for an id.
    pub fn session_ended(&mut self, conn: ConnId) {
        self.without_id.retain(|(from, _)| *from != conn);
    }

    /// Returns true if nothing is left to do between two inputs.
    pub fn is_settled(&self) -> bool {
        self.closing.is_empty()
            && self.sessions.are_told_all()
            && self.aborts.is_empty()
            && self.ceiling_to_keep.is_none()
    }
}

impl<'a> Cx<'a> {
    /// Creates the context of one input.
    pub fn new(core: &'a mut Core, effects: &'a mut Effects) -> Self {
        Cx { core, effects }
    }

    /// The user who makes a request over a connection, if one is logged in.
    pub fn caller(&self, conn: ConnId) -> Option<Caller> {
        self.core.user_of(conn).map(|user| Caller { conn, user })
    }

    /// A session, if its connection is still there.
    pub fn session(&mut self, conn: ConnId) -> Option<&mut Session> {
        self.core.sessions.get_mut(conn)
    }

    /// Puts a session into another state.
    pub fn enter(&mut self, conn: ConnId, state: State) {
        if let Some(session) = self.session(conn) {
            session.enter(state);
        }
    }

    /// Begins a job of a domain. Domains call [`Pending::begin`](super::pending::Pending::begin)
    /// instead.
    pub(super) fn begin(&mut self, domain_bits: u64, job: Job) -> JobId {
        self.core.last_job += 1;
        let job_id = JobId(self.core.last_job << DOMAIN_BITS | domain_bits);
        self.effects.push(Effect::Job { job_id, job });
        job_id
    }

    /// Takes the next id, if the kept ceiling allows one. A higher ceiling is kept before the ids
    /// come near the current one, or once they reach it.
    pub fn next_id(&mut self) -> Option<MessageId> {
        let Core { sequence, now, ceiling_to_keep, .. } = &mut *self.core;
        let id = sequence.next(now.unix_micros);
        *ceiling_to_keep = sequence.ceiling_to_keep(now.unix_micros).or(*ceiling_to_keep);
        id
    }

    /// Lets a request wait until there is an id for it. The session is blocked until then, and the
    /// request is handled again as if it had just come.
    pub fn await_id(&mut self, conn: ConnId, request: Request) {
        self.block(conn);
        self.core.without_id.push((conn, request));
    }

    /// Lets a request wait until the file of a chat that is being kept is told, or has failed. The
    /// session is blocked until then, and the request is handled again as if it had just come.
    pub fn await_file(&mut self, conn: ConnId, chat: Chat, request: Request) {
        self.block(conn);
        self.core.unannounced.wait(chat, conn, request);
    }

    /// Answers a request that was carried out, in order.
    pub fn answer(&mut self, conn: ConnId, of: Kind, done: Done) {
        self.conclude(conn, of, Ok(done));
    }

    /// Answers a request that is refused, in order.
    pub fn refuse(&mut self, conn: ConnId, of: Kind, refusal: Refusal) {
        self.conclude(conn, of, Err(refusal));
    }

    /// Answers a request with its result, in order.
    pub fn conclude(&mut self, conn: ConnId, of: Kind, result: Result<Done, Refusal>) {
        self.reply(conn, Reply::Answer(Answer { of, result }));
    }

    /// Gives a reply in order: at once, or after the replies that still wait.
    pub fn reply(&mut self, conn: ConnId, reply: Reply) {
        let Some(session) = self.session(conn) else { return };
        match session.replies.waiting() {
            0 => self.give(conn, reply),
            _ => session.replies.push(reply),
        }
    }

    /// Answers a request with a list that is complete, and has nothing more to tell at its end.
    pub fn list(&mut self, conn: ConnId, of: Kind, items: impl Into<Rc<[Item]>>) {
        let list = List::whole(of, items.into(), None, Answer::done(of));
        self.reply(conn, Reply::List(list));
    }

    /// Keeps the place of a reply that waits for the outcome of a job.
    pub fn reply_after(&mut self, conn: ConnId, job: JobId) {
        if let Some(session) = self.session(conn) {
            session.replies.wait_for(job);
        }
    }

    /// Gives the reply that waited for a job, and the replies behind it that are ready.
    pub fn resolve(&mut self, conn: ConnId, job: JobId, reply: Reply) {
        let Some(session) = self.session(conn) else { return };
        if let Some(reply) = session.replies.resolve(job, reply) {
            self.give(conn, reply);
            self.give_due(conn);
        }
    }

    /// Answers the request that waited for the outcome of a job.
    pub fn resolve_answer(
        &mut self,
        conn: ConnId,
        job: JobId,
        of: Kind,
        result: Result<Done, Refusal>,
    ) {
        self.resolve(conn, job, Reply::Answer(Answer { of, result }));
    }

    /// Answers an ABORT whose turn has come, and gives the replies behind it that are ready.
    pub fn abort_done(&mut self, conn: ConnId, result: Result<Done, Refusal>) {
        let Some(session) = self.session(conn) else { return };
        session.replies.abort_done();
        self.give(conn, Reply::Answer(Answer { of: Kind::Abort, result }));
        self.give_due(conn);
    }

    /// Blocks a session: its input waits until it is unblocked.
    pub fn block(&mut self, conn: ConnId) {
        if let Some(session) = self.session(conn) {
            session.is_blocked = true;
        }
    }

    /// Unblocks a session. Returns false if it is gone.
    pub fn unblock(&mut self, conn: ConnId) -> bool {
        self.session(conn).map(|session| session.is_blocked = false).is_some()
    }

    /// Tells the audit log of a deed.
    pub fn audit(&mut self, deed: &Deed<'_>) {
        let Core { sessions, audit, now, .. } = &mut *self.core;
        let session = deed.conn().and_then(|conn| sessions.get(conn));
        if let Some(line) = audit.tell(deed, session.map(|session| session.from), now.unix_micros) {
            self.effects.push(Effect::Audit(line));
        }
    }

    /// Tells connections of an event; does nothing if there are none.
    pub fn tell(&mut self, event: Event, to: impl IntoIterator<Item = ConnId>) {
        self.effects.tell(event, to);
    }

    /// Ends a session, once the domain that calls this has returned. Its connection is told the
    /// reason.
    pub fn close(&mut self, conn: ConnId, reason: CloseReason) {
        self.core.closing.push_back(Closing { conn, reason, last: None, words: None });
    }

    /// Ends a session, with a refusal as its last line.
    pub fn close_with(&mut self, conn: ConnId, reason: CloseReason, of: Kind, refusal: Refusal) {
        let last = Some(Answer { of, result: Err(refusal) });
        self.core.closing.push_back(Closing { conn, reason, last, words: None });
    }

    /// Ends a session for a reason that an administrator may have given in words.
    pub fn close_saying(&mut self, conn: ConnId, reason: CloseReason, words: Option<Reason>) {
        self.core.closing.push_back(Closing { conn, reason, last: None, words });
    }

    /// Takes no more input of a session, and ends it once its replies are given.
    pub fn close_in_turn(&mut self, conn: ConnId, reason: CloseReason) {
        let Some(session) = self.session(conn) else { return };
        if let Some(user) = session.user() {
            session.enter(State::Leaving(user));
        }
        let goodbye = Answer { of: Kind::Ex, result: Ok(Done::LoggedOut) };
        let last = (reason == CloseReason::Goodbye).then_some(goodbye);
        self.reply(conn, Reply::Close(reason, last));
    }

    fn give_due(&mut self, conn: ConnId) {
        while let Some(due) = self.session(conn).and_then(|session| session.replies.pop()) {
            match due {
                Due::Reply(reply) => self.give(conn, reply),
                Due::Abort(stream) => self.core.aborts.push_back((conn, stream)),
            }
        }
    }

    fn give(&mut self, conn: ConnId, reply: Reply) {
        match reply {
            Reply::Answer(answer) => {
                self.note_step(conn, &answer);
                self.effects.push(Effect::Answer { conn, answer });
            }
            Reply::List(list) => self.effects.push(Effect::List { conn, list }),
            Reply::Figures => self.effects.push(Effect::Figures { conn }),
            Reply::Download(download) => self.begin_download(conn, download),
            Reply::Upload(upload) => self.begin_upload(conn, upload),
            Reply::Abort(stream) => {
                // No reply waits before it, so no stream can still be opened.
                if let Some(session) = self.session(conn) {
                    session.replies.push(Reply::Abort(stream));
                }
                self.give_due(conn);
            }
            Reply::Close(reason, last) => {
                self.core.closing.push_back(Closing { conn, reason, last, words: None });
            }
        }
    }

    /// Notes whether a session is told more once it has this answer. That is so from the answer
    /// on, and not from the request, since others may be answered in between.
    fn note_step(&mut self, conn: ConnId, answer: &Answer) {
        if let (Kind::Step(step), Ok(_)) = (answer.of, &answer.result)
            && let Some(tells_more) = step.tells_more
        {
            self.core.sessions.set_tells_more(conn, tells_more);
        }
    }

    /// Announces a download whose turn has come, and begins it.
    fn begin_download(&mut self, conn: ConnId, download: Download) {
        let Some(session) = self.session(conn) else { return };
        let Download { job, offset, size, file } = download;
        let stream = session.replies.open_download();
        let done = Done::Download { stream, size, file };
        self.effects
            .push(Effect::Answer { conn, answer: Answer { of: Kind::Get, result: Ok(done) } });
        self.effects.push(Effect::Download { conn, job_id: job, stream, bytes: offset..size });
    }

    /// Announces an upload whose turn has come, and begins it.
    fn begin_upload(&mut self, conn: ConnId, upload: Upload) {
        let Some(session) = self.session(conn) else { return };
        let Upload { job, of, offset, sha256, size } = upload;
        let stream = session.replies.open_upload(job);
        let done = Done::Upload { stream, offset, sha256 };
        self.effects.push(Effect::Answer { conn, answer: Answer { of, result: Ok(done) } });
        self.effects.push(Effect::Upload { conn, job_id: job, stream, bytes: offset..size });
    }
}

/// Microseconds in a second.
const MICROS: u64 = 1_000_000;

/// The number of bits of a job's id that hold its domain.
pub(super) const DOMAIN_BITS: u32 = 4;
