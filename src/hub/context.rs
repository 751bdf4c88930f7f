//! What every domain works with: the sessions, the sequence of ids, the time, and the effects of
//! the input that is being handled.

use std::collections::VecDeque;
use std::time::Duration;

use super::config::Config;
use super::counters::Counters;
use super::sequence::Sequence;
use super::sessions::replies::{Download, Due, Reply, Upload};
use super::sessions::state::State;
use super::sessions::{Session, Sessions};
use crate::chat::answer::{Answer, Done};
use crate::chat::close::CloseReason;
use crate::chat::entry::LogTime;
use crate::chat::event::Event;
use crate::chat::id::MessageId;
use crate::chat::refusal::Refusal;
use crate::chat::request::{Kind, Request};
use crate::chat::text::Reason;
use crate::hub::accounts::directory::UserIndex;
use crate::hub::effect::{Effect, Effects};
use crate::hub::input::{ConnId, Now};
use crate::hub::job::{Job, JobId};

/// What belongs to no domain, and what all of them need.
#[derive(Debug)]
pub struct Core {
    pub config: Config,
    /// When the input that is being handled came.
    pub now: Now,
    /// Draws the numbers of accounts and groups.
    pub rng: fastrand::Rng,
    pub sessions: Sessions,
    pub sequence: Sequence,
    pub counters: Counters,
    last_job: u64,
    /// Sessions that are to end before the input is done with.
    closing: VecDeque<Closing>,
    /// Streams to end, since the turn of what asked for that has come.
    aborts: VecDeque<(ConnId, u32)>,
    /// Requests that can't be handled before the store keeps a higher ceiling of the ids, in the
    /// order in which they came; one of a session at most, which is blocked.
    without_id: Vec<(ConnId, Request)>,
    /// The ceiling of the ids that the store is to keep, where that was not begun yet.
    ceiling_to_keep: Option<MessageId>,
    /// The time by which entries are decided.
    log_time: LogTime,
}

/// A session that is to end.
#[derive(Debug)]
pub struct Closing {
    pub conn: ConnId,
    /// Why.
    pub reason: CloseReason,
    /// The last line, where it is an answer.
    pub last: Option<Answer>,
    /// What an administrator said about it.
    pub words: Option<Reason>,
}

/// A logged-in user who asks for something, and over which connection.
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
    /// No session, and ids above those that were given out before.
    pub fn new(config: Config, seed: u64, sequence: Sequence) -> Self {
        Core {
            config,
            now: Now::default(),
            rng: fastrand::Rng::with_seed(seed),
            sessions: Sessions::default(),
            sequence,
            counters: Counters::default(),
            last_job: 0,
            closing: VecDeque::new(),
            aborts: VecDeque::new(),
            without_id: Vec::new(),
            ceiling_to_keep: None,
            log_time: LogTime::default(),
        }
    }

    /// Who is logged in over a connection.
    pub fn user_of(&self, conn: ConnId) -> Option<UserIndex> {
        self.sessions.get(conn)?.user()
    }

    /// The next session that is to end.
    pub fn next_closing(&mut self) -> Option<Closing> {
        self.closing.pop_front()
    }

    /// The next stream that is to end, and over which connection.
    pub fn next_abort(&mut self) -> Option<(ConnId, u32)> {
        self.aborts.pop_front()
    }

    /// The ceiling of the ids that the store is to keep now.
    pub fn next_ceiling(&mut self) -> Option<MessageId> {
        self.ceiling_to_keep.take()
    }

    /// The requests that waited for an id, in their order.
    pub fn take_without_id(&mut self) -> Vec<(ConnId, Request)> {
        std::mem::take(&mut self.without_id)
    }

    /// It is that time now. Entries are decided by the clock's time, or if it was set back, by the
    /// latest one that it has shown.
    pub fn set_time(&mut self, now: Now) {
        self.now = now;
        self.log_time = self.log_time.max(LogTime(now.unix_micros));
    }

    /// The time by which an entry is decided now.
    pub fn log_time(&self) -> LogTime {
        self.log_time
    }

    /// When a time comes by which entries are decided, on the monotonic clock.
    pub fn when(&self, time: LogTime) -> Duration {
        self.now.monotonic + Duration::from_micros(time.0.saturating_sub(self.log_time.0))
    }

    /// The sessions whose requests wait for an id.
    pub fn await_id(&self) -> impl Iterator<Item = &ConnId> {
        self.without_id.iter().map(|(conn, _)| conn)
    }

    /// A session is gone: what it asked for waits no more.
    pub fn session_ended(&mut self, conn: ConnId) {
        self.without_id.retain(|(from, _)| *from != conn);
    }

    /// Whether nothing is left to do between two inputs.
    pub fn is_settled(&self) -> bool {
        self.closing.is_empty() && self.aborts.is_empty() && self.ceiling_to_keep.is_none()
    }
}

impl<'a> Cx<'a> {
    /// The core and the effects, together.
    pub fn new(core: &'a mut Core, effects: &'a mut Effects) -> Self {
        Cx { core, effects }
    }

    /// Who asks for something over a connection, where somebody has logged in.
    pub fn caller(&self, conn: ConnId) -> Option<Caller> {
        self.core.user_of(conn).map(|user| Caller { conn, user })
    }

    /// A session, where its connection is still there.
    pub fn session(&mut self, conn: ConnId) -> Option<&mut Session> {
        self.core.sessions.get_mut(conn)
    }

    /// Has a session go on to another state.
    pub fn enter(&mut self, conn: ConnId, state: State) {
        if let Some(session) = self.session(conn) {
            session.enter(state);
        }
    }

    /// Begins a job of a domain. [`Pending::begin`](super::pending::Pending::begin) is the way to
    /// it.
    pub(super) fn begin(&mut self, domain_bits: u64, job: Job) -> JobId {
        self.core.last_job += 1;
        let job_id = JobId(self.core.last_job << DOMAIN_BITS | domain_bits);
        self.effects.push(Effect::Job { job_id, job });
        job_id
    }

    /// The next id, where the ceiling that is kept allows one. A higher one is kept before the ids
    /// come near that one, or once they are there.
    pub fn next_id(&mut self) -> Option<MessageId> {
        let Core { sequence, now, ceiling_to_keep, .. } = &mut *self.core;
        let id = sequence.next(now.unix_micros);
        *ceiling_to_keep = sequence.ceiling_to_keep(now.unix_micros).or(*ceiling_to_keep);
        id
    }

    /// Has a request wait until there is an id for it. The session is blocked until then, and the
    /// request is handled again as if it came only then.
    pub fn await_id(&mut self, conn: ConnId, request: Request) {
        self.block(conn);
        self.core.without_id.push((conn, request));
    }

    /// Answers a request that was carried out, in its turn.
    pub fn answer(&mut self, conn: ConnId, of: Kind, done: Done) {
        self.conclude(conn, of, Ok(done));
    }

    /// Answers a request that is not carried out, in its turn.
    pub fn refuse(&mut self, conn: ConnId, of: Kind, refusal: Refusal) {
        self.conclude(conn, of, Err(refusal));
    }

    /// Answers a request, in its turn.
    pub fn conclude(&mut self, conn: ConnId, of: Kind, result: Result<Done, Refusal>) {
        self.reply(conn, Reply::Answer(Answer { of, result }));
    }

    /// Gives a reply in its turn.
    pub fn reply(&mut self, conn: ConnId, reply: Reply) {
        let Some(session) = self.session(conn) else { return };
        match session.replies.waiting() {
            0 => self.give(conn, reply),
            _ => session.replies.push(reply),
        }
    }

    /// Keeps the turn of a request whose reply waits for the outcome of a job.
    pub fn reply_after(&mut self, conn: ConnId, job: JobId) {
        if let Some(session) = self.session(conn) {
            session.replies.wait_for(job);
        }
    }

    /// Gives the reply that waited for the outcome of a job, and all behind it whose turn has come.
    pub fn resolve(&mut self, conn: ConnId, job: JobId, reply: Reply) {
        let Some(session) = self.session(conn) else { return };
        session.replies.resolve(job, reply);
        self.give_due(conn);
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

    /// A stream that was to end was looked at: answers that, and gives what waited behind it.
    pub fn abort_done(&mut self, conn: ConnId, result: Result<Done, Refusal>) {
        let Some(session) = self.session(conn) else { return };
        session.replies.abort_done();
        self.give(conn, Reply::Answer(Answer { of: Kind::Abort, result }));
        self.give_due(conn);
    }

    /// Has a session take nothing until it is unblocked.
    pub fn block(&mut self, conn: ConnId) {
        if let Some(session) = self.session(conn) {
            session.is_blocked = true;
        }
    }

    /// Has a session go on. Whether it is still there.
    pub fn unblock(&mut self, conn: ConnId) -> bool {
        self.session(conn).map(|session| session.is_blocked = false).is_some()
    }

    /// Tells something, where there is anybody to tell.
    pub fn tell(&mut self, event: Event, to: impl IntoIterator<Item = ConnId>) {
        self.effects.tell(event, to);
    }

    /// Has a session end, once the domain that says so has returned. Its connection is told why.
    pub fn close(&mut self, conn: ConnId, reason: CloseReason) {
        self.core.closing.push_back(Closing { conn, reason, last: None, words: None });
    }

    /// Has a session end with a refusal for its last line.
    pub fn close_with(&mut self, conn: ConnId, reason: CloseReason, of: Kind, refusal: Refusal) {
        let last = Some(Answer { of, result: Err(refusal) });
        self.core.closing.push_back(Closing { conn, reason, last, words: None });
    }

    /// Has a session end for a reason that an administrator may give words to.
    pub fn close_saying(&mut self, conn: ConnId, reason: CloseReason, words: Option<Reason>) {
        self.core.closing.push_back(Closing { conn, reason, last: None, words });
    }

    /// Takes nothing more of a session, and ends it once its replies are given.
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
            Reply::Answer(answer) => self.effects.push(Effect::Answer { conn, answer }),
            Reply::List(list) => self.effects.push(Effect::List { conn, list }),
            Reply::Figures => self.effects.push(Effect::Figures { conn }),
            Reply::Download(download) => self.begin_download(conn, download),
            Reply::Upload(upload) => self.begin_upload(conn, upload),
            Reply::Abort(stream) => {
                // Nothing waits before it, so no stream can still be opened.
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

/// How many bits of a job's number tell its domain.
pub(super) const DOMAIN_BITS: u32 = 4;
