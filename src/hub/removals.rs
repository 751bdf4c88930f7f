//! Removals: accounts that end, and the steps in which all that their users said and sent goes.
//!
//! An account ends once that is on disk. Its number stays, and so does its row in the directory,
//! under the name `removed-` and the number.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use crate::chat::id::MessageId;
use crate::chat::kind::Kind;
use crate::chat::message::StoredMessage;
use crate::chat::name::{Number, UserName, UserRef};
use crate::chat::refusal::Refusal;
use crate::hub::accounts::Accounts;
use crate::hub::accounts::directory::{OPERATOR, UserIndex};
use crate::hub::context::{Caller, Cx};
use crate::hub::input::ConnId;
use crate::hub::job::{Job, JobId, Outcome, Value};
use crate::hub::outcome::failed;
use crate::hub::pending::{Domain, Pending};
use crate::hub::proposal::Asker;
use crate::hub::snapshot::Snapshot;
use crate::limits::{LOOK_PAUSE, REMOVAL_PAUSE, REMOVAL_PERIOD};

/// The removals domain.
#[derive(Debug)]
pub struct Removals {
    /// The removed users of whom something is still to go.
    erasing: BTreeSet<Number>,
    /// The time of the next step, on the monotonic clock; none while one is under way, or there is
    /// nothing to do.
    next_step: Option<Duration>,
    /// Sessions that want to end their own account and whose password is being checked; with true
    /// if all that their users said is to go.
    unregistering: HashMap<ConnId, bool>,
    pending: Pending<RemovalJob>,
}

/// An account that is to be removed.
#[derive(Clone, Copy, Debug)]
pub struct Removal {
    /// The session that asked for it.
    pub asker: Asker,
    /// The user who asked for it.
    pub by: UserIndex,
    pub user: UserIndex,
    /// The name under which what is left of it stays.
    pub name: UserName,
    /// True if all that the user said and sent is to go.
    pub erase: bool,
}

/// The purpose of a job.
#[derive(Debug)]
enum RemovalJob {
    /// Removes an account. The session that asked for it is blocked until then.
    Remove(Removal),
    /// Looks for messages that are to go.
    Look(Number),
    /// Removes some of what is to go, with the pause behind it.
    Erase(Number, Duration),
}

/// What is to follow the outcome of a job.
#[derive(Debug)]
pub enum RemovalDone {
    /// An account is removed on disk, and is to end.
    Removed(Removal),
    /// A job removes these messages from now on.
    Erases(JobId, Vec<StoredMessage>),
}

impl Removals {
    /// Creates the domain from what the store kept.
    pub fn new(kept: &Snapshot) -> Self {
        let erasing: BTreeSet<Number> = kept.gone.erasing.iter().copied().collect();
        Removals {
            next_step: (!erasing.is_empty()).then_some(Duration::ZERO),
            erasing,
            unregistering: HashMap::new(),
            pending: Pending::new(Domain::Removals),
        }
    }

    /// Handles REMOVE.
    pub fn remove(
        &mut self,
        caller: Caller,
        (user, erase): (UserRef, bool),
        accounts: &Accounts,
        cx: &mut Cx<'_>,
    ) {
        let of = Kind::Remove;
        match accounts.find(user) {
            None => cx.refuse(caller.conn, of, Refusal::NoSuchUser),
            Some(OPERATOR) => cx.refuse(caller.conn, of, Refusal::NotWithOperator),
            Some(user) => self.begin(caller, of, (user, erase), accounts, cx),
        }
    }

    /// Notes that a session wants to end its user's account, once its password is confirmed.
    pub fn awaits_password(&mut self, conn: ConnId, erase: bool) {
        self.unregistering.insert(conn, erase);
    }

    /// Ends the account of a user who has confirmed the password.
    pub fn unregister(&mut self, caller: Caller, accounts: &Accounts, cx: &mut Cx<'_>) {
        let Some(erase) = self.unregistering.remove(&caller.conn) else { return };
        self.begin(caller, Kind::Unregister, (caller.user, erase), accounts, cx);
    }

    fn begin(
        &mut self,
        Caller { conn, user: by }: Caller,
        of: Kind,
        (user, erase): (UserIndex, bool),
        accounts: &Accounts,
        cx: &mut Cx<'_>,
    ) {
        let number = accounts.number(user);
        let name = accounts.directory.name_of_removed(number);
        let time = cx.core.seconds();
        let removal = Removal { asker: Asker { conn, of }, by, user, name, erase };
        cx.block(conn);
        let job = Job::RemoveAccount { number, name, time, erase };
        self.pending.begin(job, RemovalJob::Remove(removal), cx);
    }

    /// Takes the outcome of a job.
    pub fn done(&mut self, id: JobId, outcome: Outcome, cx: &mut Cx<'_>) -> Option<RemovalDone> {
        match self.pending.take(id)? {
            RemovalJob::Remove(removal) => {
                let Asker { conn, of } = removal.asker;
                cx.unblock(conn);
                if outcome == Ok(Value::Done) {
                    return Some(RemovalDone::Removed(removal));
                }
                cx.refuse(conn, of, failed(&outcome));
                None
            }
            RemovalJob::Look(number) => match outcome {
                Ok(Value::ToErase { messages, up_to }) => {
                    let ids: Vec<MessageId> = messages.iter().map(|message| message.id).collect();
                    let pause = if ids.is_empty() { LOOK_PAUSE } else { REMOVAL_PAUSE };
                    let job = Job::Erase { number, messages: ids, up_to };
                    let job = self.pending.begin(job, RemovalJob::Erase(number, pause), cx);
                    Some(RemovalDone::Erases(job, messages))
                }
                _ => self.step_is_over(REMOVAL_PERIOD, cx),
            },
            RemovalJob::Erase(number, pause) => match outcome {
                Ok(Value::Removed { more }) => {
                    if !more {
                        self.erasing.remove(&number);
                    }
                    self.step_is_over(pause, cx)
                }
                _ => self.step_is_over(REMOVAL_PERIOD, cx),
            },
        }
    }

    fn step_is_over(&mut self, pause: Duration, cx: &Cx<'_>) -> Option<RemovalDone> {
        let next = cx.core.now.monotonic + pause;
        self.next_step = (!self.erasing.is_empty()).then_some(next);
        None
    }

    /// Lets all go that a removed user said and sent, from now on.
    pub fn erase(&mut self, user: Number, cx: &Cx<'_>) {
        let is_first = self.erasing.is_empty();
        self.erasing.insert(user);
        if is_first {
            self.next_step = Some(cx.core.now.monotonic);
        }
    }

    /// The time of the next step, on the monotonic clock.
    pub fn next_deadline(&self) -> Option<Duration> {
        self.next_step
    }

    /// Begins the next step, if it is due.
    pub fn deadline(&mut self, cx: &mut Cx<'_>) {
        if self.next_step.is_none_or(|at| at > cx.core.now.monotonic) {
            return;
        }
        self.next_step = None;
        let Some(number) = self.erasing.first().copied() else { return };
        self.pending.begin(Job::LookToErase(number), RemovalJob::Look(number), cx);
    }

    /// Forgets a session that has ended, or whose password was wrong.
    pub fn session_ended(&mut self, conn: ConnId) {
        self.unregistering.remove(&conn);
    }

    /// The sessions that are blocked until an account is removed.
    pub fn blocked(&self) -> impl Iterator<Item = ConnId> {
        self.pending.values().filter_map(|job| match job {
            RemovalJob::Remove(removal) => Some(removal.asker.conn),
            RemovalJob::Look(_) | RemovalJob::Erase(..) => None,
        })
    }

    /// The number of accounts that are being removed.
    pub fn removing(&self) -> usize {
        self.blocked().count()
    }

    /// The number of jobs under way.
    pub fn jobs(&self) -> usize {
        self.pending.len()
    }
}
