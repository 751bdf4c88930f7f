//! Administration: kicks, bans, administrators and the announced stop of the server.

use std::time::Duration;

use crate::chat::answer::Done;
use crate::chat::close::CloseReason;
use crate::chat::entry::Entry;
use crate::chat::event::Event;
use crate::chat::kind::Kind;
use crate::chat::name::UserRef;
use crate::chat::refusal::Refusal;
use crate::chat::text::Reason;
use crate::hub::accounts::Accounts;
use crate::hub::accounts::directory::{OPERATOR, UserIndex};
use crate::hub::audit::Deed;
use crate::hub::context::{Caller, Cx};
use crate::hub::effect::Effect;
use crate::hub::input::ConnId;
use crate::hub::job::{Job, JobId, Outcome, Value};
use crate::hub::outcome::failed;
use crate::hub::pending::{Domain, Pending};
use crate::hub::presence::Presence;
use crate::log::Quoted;

/// The administration domain: the announced stop, and the decisions that are being kept.
#[derive(Debug)]
pub struct Admin {
    /// The time at which the server stops, on the monotonic clock, once that was announced.
    stops_at: Option<Duration>,
    pending: Pending<(Caller, Decision)>,
}

/// A decision of an administrator about a user.
#[derive(Clone, Copy, Debug)]
pub enum Decision {
    /// Bans the user, or lifts the ban.
    Banned(UserIndex, bool),
    /// Makes the user an administrator, or takes that role away.
    Administrator(UserIndex, bool),
}

/// A decision that is on disk and is to hold from now on, and the request that is to be answered
/// once it holds.
#[derive(Debug)]
pub struct Decided {
    pub conn: ConnId,
    pub job: JobId,
    pub decision: Decision,
    pub entry: Entry,
}

impl Decision {
    /// The kind of the request that asks for it.
    pub fn kind(self) -> Kind {
        match self {
            Decision::Banned(_, true) => Kind::Ban,
            Decision::Banned(_, false) => Kind::Unban,
            Decision::Administrator(..) => Kind::Admin,
        }
    }

    /// The answer once it holds.
    pub fn done(self) -> Done {
        match self {
            Decision::Banned(..) => Done::Done,
            Decision::Administrator(_, admin) => Done::Switched(admin),
        }
    }
}

impl Default for Admin {
    fn default() -> Self {
        Admin { stops_at: None, pending: Pending::new(Domain::Admin) }
    }
}

impl Admin {
    /// Ends a user's sessions. The answer is due once they have ended.
    pub fn kick(
        &self,
        caller: Caller,
        user: UserRef,
        reason: Option<Reason>,
        (accounts, presence): (&Accounts, &Presence),
        cx: &mut Cx<'_>,
    ) -> Result<Done, Refusal> {
        let user = other_user(caller, user, accounts)?;
        if !presence.is_present(user) {
            return Err(Refusal::NotOnline);
        }
        for session in presence.open_sessions_of(user) {
            log::info!(
                "event=kicked user={} by={} conn={session} reason={}",
                accounts.name(user),
                accounts.name(caller.user),
                Quoted(reason.as_ref().map_or("", Reason::as_str)),
            );
            cx.close_saying(session, CloseReason::Kicked, reason.clone());
        }
        Ok(Done::Done)
    }

    /// Bans a user, or lifts the ban. The answer waits until that is on disk.
    pub fn ban(
        &mut self,
        caller: Caller,
        user: UserRef,
        banned: bool,
        accounts: &Accounts,
        cx: &mut Cx<'_>,
    ) {
        let of = if banned { Kind::Ban } else { Kind::Unban };
        match other_user(caller, user, accounts) {
            Ok(user) => {
                let job = Job::SetBanned { number: accounts.number(user), banned };
                self.decide(caller, job, Decision::Banned(user, banned), cx);
            }
            Err(refusal) => cx.refuse(caller.conn, of, refusal),
        }
    }

    /// Makes a user an administrator, or takes that role away. The answer waits until that is on
    /// disk.
    pub fn set_administrator(
        &mut self,
        caller: Caller,
        user: UserRef,
        admin: bool,
        accounts: &Accounts,
        cx: &mut Cx<'_>,
    ) {
        match other_user(caller, user, accounts) {
            Ok(user) => {
                let job = Job::SetAdministrator { number: accounts.number(user), admin };
                self.decide(caller, job, Decision::Administrator(user, admin), cx);
            }
            Err(refusal) => cx.refuse(caller.conn, Kind::Admin, refusal),
        }
    }

    fn decide(&mut self, caller: Caller, job: Job, decision: Decision, cx: &mut Cx<'_>) {
        let job = self.pending.begin(job, (caller, decision), cx);
        cx.reply_after(caller.conn, job);
    }

    /// Takes the outcome of a job. Returns the decision if it is on disk and is to hold from now
    /// on; otherwise the request is refused.
    pub fn done(
        &mut self,
        id: JobId,
        outcome: &Outcome,
        accounts: &Accounts,
        cx: &mut Cx<'_>,
    ) -> Option<Decided> {
        let (Caller { conn, user: by }, decision) = self.pending.take(id)?;
        if *outcome != Ok(Value::Done) {
            cx.resolve_answer(conn, id, decision.kind(), Err(failed(outcome)));
            return None;
        }
        let (by, number) = (accounts.number(by), |user| accounts.number(user));
        let entry = match decision {
            Decision::Banned(user, banned) => Entry::BanSet { user: number(user), by, banned },
            Decision::Administrator(user, admin) => {
                Entry::AdministratorSet { user: number(user), by, admin }
            }
        };
        Some(Decided { conn, job: id, decision, entry })
    }

    /// Announces that the server stops in so many seconds. A stop at once is announced by the
    /// server itself.
    pub fn shut_down(
        &mut self,
        caller: Caller,
        seconds: u32,
        accounts: &Accounts,
        cx: &mut Cx<'_>,
    ) {
        let deed = Deed::of("shutdown", None).by(accounts.name(caller.user)).over(caller.conn);
        cx.audit(&deed.with(format_args!("seconds={seconds}")));
        cx.answer(caller.conn, Kind::Shutdown, Done::Done);
        let at = cx.core.now.monotonic + Duration::from_secs(seconds.into());
        self.stops_at = (seconds > 0).then_some(at);
        if seconds > 0 {
            tell_all(seconds, cx);
        }
        cx.effects.push(Effect::Stop { seconds });
    }

    /// Tells everybody that the server stops now, within so many seconds, unless that was
    /// announced.
    pub fn stopping(&self, seconds: u32, cx: &mut Cx<'_>) {
        let is_known = self.stops_at.is_some_and(|at| at <= cx.core.now.monotonic);
        if !is_known {
            tell_all(seconds, cx);
        }
    }

    /// Tells a session that has just begun of a stop that was announced, if there is one.
    pub fn tell_of_stop(&self, conn: ConnId, cx: &mut Cx<'_>) {
        let Some(at) = self.stops_at else { return };
        let left = at.saturating_sub(cx.core.now.monotonic);
        let seconds = u32::try_from(left.as_millis().div_ceil(1000)).unwrap_or(u32::MAX);
        cx.tell(Event::Shutdown { seconds }, [conn]);
    }

    /// Returns true if a job is under way.
    pub fn is_under_way(&self, job: JobId) -> bool {
        self.pending.get(job).is_some()
    }

    /// The number of decisions that are being kept.
    pub fn jobs(&self) -> usize {
        self.pending.len()
    }
}

fn tell_all(seconds: u32, cx: &mut Cx<'_>) {
    let all = cx.core.sessions.iter().map(|(conn, _)| conn);
    cx.effects.tell(Event::Shutdown { seconds }, all);
}

/// Finds another user than the one who asks, and not the operator.
fn other_user(caller: Caller, user: UserRef, accounts: &Accounts) -> Result<UserIndex, Refusal> {
    match accounts.find(user).ok_or(Refusal::NoSuchUser)? {
        OPERATOR => Err(Refusal::NotWithOperator),
        user if user == caller.user => Err(Refusal::NotWithYourself),
        user => Ok(user),
    }
}
