//! Exports: all that is a user's own, as a file that the user gets. EXPORT is answered once the
//! store knows of it; the file is made in steps, a few exports at a time, and is sent into the
//! user's own chat then.
//!
//! An export changes nothing of the chat but by the message that sends it. One that was not sent
//! when the server stopped is begun again.

mod known;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use self::known::{ExportKey, ExportState, KnownExport};
use crate::chat::answer::Done;
use crate::chat::export::{Export, ExportPart, KeptExport};
use crate::chat::id::UploadId;
use crate::chat::kind::Kind;
use crate::chat::message::{Chat, StoredMessage};
use crate::chat::name::Number;
use crate::chat::refusal::{Failure, Refusal};
use crate::hub::accounts::Accounts;
use crate::hub::audit::Deed;
use crate::hub::context::{Caller, Core, Cx};
use crate::hub::export_job::ExportJob;
use crate::hub::input::ConnId;
use crate::hub::job::{Job, JobId, Outcome, Value};
use crate::hub::outcome::failed;
use crate::hub::pending::{Domain, Pending};
use crate::limits::{
    EXPORT_KEPT_FOR, EXPORT_PAUSE, EXPORT_PERIOD, EXPORT_RETRY, EXPORT_TRIES_MAX, EXPORTS_AT_ONCE,
    EXPORTS_PER_TICK_MAX, EXPORTS_WAITING_MAX, REMOVAL_PERIOD,
};

/// The exports domain.
#[derive(Debug)]
pub struct Exports {
    /// All exports of which something is on disk, by owner.
    all: BTreeMap<ExportKey, KnownExport>,
    /// When something is to be done with each, on the monotonic clock, unless a job of it is under
    /// way or it waits for its turn.
    due: BTreeSet<(Duration, ExportKey)>,
    /// Those that are to be made, in the order in which they have their turns.
    waiting: VecDeque<ExportKey>,
    /// The number of those that are being made.
    making: usize,
    /// Those of them that are whole and wait for an id, or for another file of the chat.
    held: Vec<ExportKey>,
    pending: Pending<ExportPurpose>,
}

/// The purpose of a job.
#[derive(Debug)]
enum ExportPurpose {
    /// Keeps that a user asked for an export. The session is blocked until then.
    Keep(Caller, Export),
    /// Does something of an export.
    Step(ExportKey),
    /// Sends an export.
    Send(ExportKey, StoredMessage),
}

/// What is to follow the outcome of a job.
#[derive(Debug)]
pub enum ExportDone {
    /// An export was sent with this message, or could not be. It held up the chat.
    Sent(Chat, Option<StoredMessage>),
    /// A job removes this message from now on.
    Removes(JobId, StoredMessage),
}

impl Exports {
    /// Creates the domain from what the store kept.
    pub fn new(kept: Vec<KeptExport>, accounts: &Accounts) -> Self {
        let mut exports = Exports {
            all: BTreeMap::new(),
            due: BTreeSet::new(),
            waiting: VecDeque::new(),
            making: 0,
            held: Vec::new(),
            pending: Pending::new(Domain::Exports),
        };
        for KeptExport { export, sent } in kept {
            let is_owned = accounts
                .directory
                .find_number(export.owner)
                .is_some_and(|owner| !accounts.directory.is_removed(owner));
            let state = match sent {
                _ if !is_owned => ExportState::Ends(sent),
                Some((message, size)) => ExportState::Sent(message, size),
                None => ExportState::Asked,
            };
            exports.insert(export, state, Duration::ZERO);
        }
        exports
    }

    fn insert(&mut self, export: Export, state: ExportState, due: Duration) {
        let known = KnownExport::new(export, state);
        self.due.insert((due, known.key()));
        self.all.insert(known.key(), known);
    }

    /// Handles EXPORT.
    pub fn ask(&mut self, caller: Caller, accounts: &Accounts, cx: &mut Cx<'_>) {
        let owner = accounts.number(caller.user);
        if let Err(refusal) = self.may_ask(owner, cx.core) {
            return cx.refuse(caller.conn, Kind::Export, refusal);
        }
        let export = Export { file: UploadId(0), owner, asked: cx.core.seconds() };
        cx.block(caller.conn);
        let job = Job::Export(ExportJob::Keep { owner, asked: export.asked });
        self.pending.begin(job, ExportPurpose::Keep(caller, export), cx);
    }

    fn may_ask(&self, owner: Number, core: &Core) -> Result<(), Refusal> {
        if !core.config.keep_messages {
            return Err(Refusal::NothingKept);
        }
        let known = self.of(owner).filter_map(|key| self.all.get(&key));
        let known = known.filter(|known| !matches!(known.state, ExportState::Ends(_)));
        let mut last = known.map(|known| known.export.asked).max();
        let mut under_way = self.waiting.len() + self.making;
        for job in self.pending.values() {
            let ExportPurpose::Keep(_, export) = job else { continue };
            under_way += 1;
            if export.owner == owner {
                last = last.max(Some(export.asked));
            }
        }
        let day = EXPORT_PERIOD.as_secs();
        let left = last.map_or(0, |asked| (asked + day).saturating_sub(core.seconds()));
        if left > 0 {
            // The clock may have been set back.
            let seconds = u32::try_from(left.min(day)).unwrap_or(u32::MAX);
            return Err(Refusal::ExportedToday(seconds));
        }
        match under_way < EXPORTS_WAITING_MAX {
            true => Ok(()),
            false => Err(Refusal::Store(Failure::Busy)),
        }
    }

    /// The keys of a user's exports.
    fn of(&self, owner: Number) -> impl Iterator<Item = ExportKey> {
        let own = (owner, UploadId(0))..=(owner, UploadId(u64::MAX));
        self.all.range(own).map(|(key, _)| *key)
    }

    /// Lets all exports of a user go, whose account is removed.
    pub fn owner_removed(&mut self, owner: Number, cx: &Cx<'_>) {
        let own: Vec<ExportKey> = self.of(owner).collect();
        for key in own {
            self.is_to_end(key, cx);
        }
    }

    /// Lets an export go, once no job of it is under way.
    fn is_to_end(&mut self, key: ExportKey, cx: &Cx<'_>) {
        let Some(known) = self.all.get_mut(&key) else { return };
        let sent = known.sent();
        if known.is_being_made() {
            self.making -= 1;
        }
        known.state = ExportState::Ends(sent);
        if !known.is_busy {
            self.waiting.retain(|other| *other != key);
            self.held.retain(|other| *other != key);
            self.due.retain(|(_, other)| *other != key);
            self.due.insert((cx.core.now.monotonic, key));
        }
    }

    /// The time at which something is due by itself, on the monotonic clock.
    pub fn next_deadline(&self) -> Option<Duration> {
        self.due.first().map(|(at, _)| *at)
    }

    /// Does what is due by itself: some of it, and the rest next time. Returns the messages that
    /// are removed from now on, each with the job that does.
    pub fn deadline(
        &mut self,
        accounts: &Accounts,
        cx: &mut Cx<'_>,
    ) -> Vec<(JobId, StoredMessage)> {
        let mut removed = Vec::new();
        for _ in 0..EXPORTS_PER_TICK_MAX {
            let Some((at, key)) = self.due.first().copied() else { break };
            if at > cx.core.now.monotonic {
                break;
            }
            self.due.pop_first();
            removed.extend(self.step(key, accounts, cx));
        }
        self.begin_next(accounts, cx);
        removed
    }

    /// Does what is next with an export.
    fn step(
        &mut self,
        key: ExportKey,
        accounts: &Accounts,
        cx: &mut Cx<'_>,
    ) -> Option<(JobId, StoredMessage)> {
        let known = self.all.get_mut(&key)?;
        let export = known.export;
        debug_assert!(!known.is_busy, "{export:?} has two jobs at a time");
        match known.state {
            ExportState::Asked => self.waiting.push_back(key),
            ExportState::Written { part, at, until } => {
                known.is_busy = true;
                let job = Job::Export(ExportJob::Write { export, part, at, until });
                self.pending.begin(job, ExportPurpose::Step(key), cx);
            }
            ExportState::Whole(size) => self.send(key, size, accounts, cx),
            ExportState::Sent(message, size) => {
                let kept_for = EXPORT_KEPT_FOR.as_secs();
                let left = (export.asked + kept_for).saturating_sub(cx.core.seconds());
                if left == 0 {
                    known.state = ExportState::Ends(Some((message, size)));
                    return self.step(key, accounts, cx);
                }
                // The clock may be set.
                let next = Duration::from_secs(left).min(REMOVAL_PERIOD);
                self.due.insert((cx.core.now.monotonic + next, key));
            }
            ExportState::Ends(sent) => {
                known.is_busy = true;
                let message = sent.map(|(message, _)| message);
                let job = Job::Export(ExportJob::End { file: export.file, message });
                let job = self.pending.begin(job, ExportPurpose::Step(key), cx);
                let owner = accounts.directory.find_number(export.owner)?;
                let (message, size) = sent?;
                return Some((job, export.message(message, accounts.name(owner), size)));
            }
        }
        None
    }

    /// Begins to make exports, as many as may be made at once.
    fn begin_next(&mut self, accounts: &Accounts, cx: &mut Cx<'_>) {
        while self.making < EXPORTS_AT_ONCE {
            let Some(key) = self.waiting.pop_front() else { return };
            let Some(known) = self.all.get_mut(&key) else { continue };
            self.making += 1;
            let until = cx.core.sequence.newest();
            known.state = ExportState::Written { part: ExportPart::Account, at: 0, until };
            self.step(key, accounts, cx);
        }
    }

    /// Sends an export, or has it wait for an id, or for another file of the chat.
    fn send(&mut self, key: ExportKey, size: u64, accounts: &Accounts, cx: &mut Cx<'_>) {
        let Some(known) = self.all.get_mut(&key) else { return };
        let export = known.export;
        let Some(owner) = accounts.directory.find_number(export.owner) else { return };
        let is_free = cx.core.unannounced.first(export.chat()).is_none();
        let Some(id) = is_free.then(|| cx.next_id()).flatten() else {
            return self.held.push(key);
        };
        known.is_busy = true;
        let message = export.message(id, accounts.name(owner), size);
        cx.core.unannounced.begin(id, export.chat());
        let job = ExportJob::Finish { file: export.file, message: message.clone() };
        self.pending.begin(Job::Export(job), ExportPurpose::Send(key, message), cx);
    }

    /// Sends those that waited for an id, if there may be one now, or for another file.
    pub fn send_again(&mut self, has_ids: bool, accounts: &Accounts, cx: &mut Cx<'_>) {
        for key in std::mem::take(&mut self.held) {
            match has_ids {
                true => drop(self.step(key, accounts, cx)),
                false => drop(self.due.insert((cx.core.now.monotonic + EXPORT_PAUSE, key))),
            }
        }
    }

    /// Takes the outcome of a job.
    pub fn done(
        &mut self,
        id: JobId,
        outcome: &Outcome,
        accounts: &Accounts,
        cx: &mut Cx<'_>,
    ) -> Option<ExportDone> {
        let done = match self.pending.take(id)? {
            ExportPurpose::Keep(caller, export) => {
                self.asked(caller, export, outcome, accounts, cx);
                None
            }
            ExportPurpose::Step(key) => {
                let removal = self.stepped(key, outcome, accounts, cx);
                removal.map(|(job, message)| ExportDone::Removes(job, message))
            }
            ExportPurpose::Send(key, message) => {
                cx.core.unannounced.end(message.id);
                let (is_sent, chat) = (*outcome == Ok(Value::Done), message.chat);
                self.sent(key, &message, outcome, accounts, cx);
                Some(ExportDone::Sent(chat, is_sent.then_some(message)))
            }
        };
        self.begin_next(accounts, cx);
        done
    }

    /// Answers a session that asked for an export, once that is on disk.
    fn asked(
        &mut self,
        Caller { conn, user }: Caller,
        export: Export,
        outcome: &Outcome,
        accounts: &Accounts,
        cx: &mut Cx<'_>,
    ) {
        cx.unblock(conn);
        let Ok(Value::ExportKept(file)) = *outcome else {
            return cx.refuse(conn, Kind::Export, failed(outcome));
        };
        let export = Export { file, ..export };
        if accounts.directory.is_removed(user) {
            return self.insert(export, ExportState::Ends(None), cx.core.now.monotonic);
        }
        let known = KnownExport::new(export, ExportState::Asked);
        self.waiting.push_back(known.key());
        self.all.insert(known.key(), known);
        cx.audit(&Deed::of("export", accounts.name(user)).over(conn));
        cx.answer(conn, Kind::Export, Done::Done);
    }

    /// Goes on with an export after a job of it.
    fn stepped(
        &mut self,
        key: ExportKey,
        outcome: &Outcome,
        accounts: &Accounts,
        cx: &mut Cx<'_>,
    ) -> Option<(JobId, StoredMessage)> {
        let known = self.all.get_mut(&key)?;
        known.is_busy = false;
        let now = cx.core.now.monotonic;
        match (known.state, outcome) {
            (ExportState::Written { until, .. }, Ok(Value::ExportWritten { next, size })) => {
                let (until, at) = (until, *size);
                known.state = match *next {
                    Some(part) => ExportState::Written { part, at, until },
                    None => ExportState::Whole(at),
                };
                return self.step(key, accounts, cx);
            }
            (ExportState::Written { .. }, Err(Failure::Busy)) => {
                self.due.insert((now + EXPORT_PAUSE, key));
            }
            (ExportState::Written { .. }, Err(Failure::NoRoom)) => {
                self.give_up(key, "no-room", accounts, cx);
            }
            (ExportState::Written { .. }, _) => self.failed(key, accounts, cx),
            (ExportState::Ends(_), Ok(Value::Done)) => {
                self.all.remove(&key);
            }
            (ExportState::Ends(_), Ok(Value::ExportWritten { .. })) => {
                return self.step(key, accounts, cx);
            }
            _ => {
                self.due.insert((now + EXPORT_RETRY, key));
            }
        }
        None
    }

    /// Begins an export anew some time after a failure, or gives it up.
    fn failed(&mut self, key: ExportKey, accounts: &Accounts, cx: &mut Cx<'_>) {
        let Some(known) = self.all.get_mut(&key) else { return };
        known.failures += 1;
        if known.failures >= EXPORT_TRIES_MAX {
            return self.give_up(key, "failed", accounts, cx);
        }
        known.state = ExportState::Asked;
        self.making -= 1;
        self.due.insert((cx.core.now.monotonic + EXPORT_RETRY, key));
    }

    /// Gives an export up that can't be made. The user may ask for another one at once.
    fn give_up(&mut self, key: ExportKey, why: &str, accounts: &Accounts, cx: &mut Cx<'_>) {
        let (owner, _) = key;
        if let Some(owner) = accounts.directory.find_number(owner) {
            let name = accounts.name(owner);
            log::warn!("event=export-given-up user={name} reason={why}");
            cx.audit(&Deed::of("export-given-up", name).with(format_args!("outcome={why}")));
        }
        self.is_to_end(key, cx);
    }

    /// Takes the outcome of the job that sends an export.
    fn sent(
        &mut self,
        key: ExportKey,
        message: &StoredMessage,
        outcome: &Outcome,
        accounts: &Accounts,
        cx: &mut Cx<'_>,
    ) {
        let Some(known) = self.all.get_mut(&key) else { return };
        known.is_busy = false;
        let now = cx.core.now.monotonic;
        let is_sent = *outcome == Ok(Value::Done);
        let sent = is_sent.then_some((message.id, message.file_size.unwrap_or(0)));
        match (known.state, sent) {
            (ExportState::Ends(_), sent) => {
                known.state = ExportState::Ends(sent);
                self.due.insert((now, key));
            }
            (_, Some((id, size))) => {
                known.state = ExportState::Sent(id, size);
                self.making -= 1;
                self.due.insert((now, key));
            }
            (_, None) if *outcome == Err(Failure::NotFound) => {
                self.give_up(key, "lost", accounts, cx);
            }
            // It is whole, so it is only a matter of time.
            (_, None) => {
                self.due.insert((now + EXPORT_RETRY, key));
            }
        }
    }

    /// The sessions that are blocked until it is on disk that they asked for an export.
    pub fn blocked(&self) -> impl Iterator<Item = ConnId> {
        self.pending.values().filter_map(|job| match job {
            ExportPurpose::Keep(caller, _) => Some(caller.conn),
            ExportPurpose::Step(_) | ExportPurpose::Send(..) => None,
        })
    }

    /// The number of exports that are being sent.
    pub fn sending(&self) -> usize {
        let is_sent = |job: &&ExportPurpose| matches!(job, ExportPurpose::Send(..));
        self.pending.values().filter(is_sent).count()
    }

    /// The number of jobs under way.
    pub fn jobs(&self) -> usize {
        self.pending.len()
    }

    /// Returns true if none is being made, waits for that or is to go.
    pub fn is_idle(&self) -> bool {
        self.all.values().all(|known| matches!(known.state, ExportState::Sent(..)))
    }

    /// Checks the invariants between two inputs.
    ///
    /// # Panics
    /// If an invariant does not hold.
    pub fn check(&self) {
        let made = self.all.values().filter(|known| known.is_being_made()).count();
        assert_eq!(self.making, made);
        assert!(made <= EXPORTS_AT_ONCE);
        let busy = self.all.values().filter(|known| known.is_busy).count();
        let keeping = self.blocked().count();
        assert_eq!(busy + keeping, self.pending.len());
        let resting = self.waiting.len() + self.held.len() + self.due.len();
        assert_eq!(busy + resting, self.all.len());
        let due = self.due.iter().map(|(_, key)| key);
        for key in due.chain(&self.waiting).chain(&self.held) {
            assert!(self.all.get(key).is_some_and(|known| !known.is_busy), "{key:?}");
        }
    }
}
