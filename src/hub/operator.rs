//! The operator, who comes over the server's own socket, and what administrators may do.

use std::collections::HashSet;

use super::Hub;
use super::directory::{Directory, OPERATOR, UserIndex};
use super::tasks::{Task, failed};
use crate::chat::answer::{Answer, Done};
use crate::chat::close::CloseReason;
use crate::chat::event::Event;
use crate::chat::name::{Number, UserRef};
use crate::chat::refusal::Refusal;
use crate::chat::request::Kind;
use crate::chat::text::Reason;
use crate::hub::effect::{Effect, Effects};
use crate::hub::input::ConnId;
use crate::hub::job::{Job, Outcome, Snapshot, Value};
use crate::log::Quoted;

/// What one may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// Has not logged in.
    Guest,
    User,
    /// An account that may look after the others.
    Administrator,
    /// Came over the server's own socket.
    Operator,
}

/// Accounts with which it is another matter than with the others.
#[derive(Debug, Default)]
pub(super) struct Rights {
    administrators: HashSet<UserIndex>,
    banned: HashSet<UserIndex>,
}

impl Rights {
    /// The rights that were kept.
    pub fn new(kept: &Snapshot, directory: &Directory) -> Self {
        let find = |numbers: &[Number]| {
            let users = numbers.iter().filter_map(|number| directory.find_number(*number));
            users.collect()
        };
        Rights { administrators: find(&kept.administrators), banned: find(&kept.banned) }
    }

    /// Whether a user is let in no more.
    pub fn is_banned(&self, user: UserIndex) -> bool {
        self.banned.contains(&user)
    }

    /// How many are banned.
    pub fn banned(&self) -> usize {
        self.banned.len()
    }
}

impl Hub {
    /// Lets the operator in, without a password: the socket takes nobody else.
    pub(super) fn let_operator_in(&mut self, conn: ConnId, effects: &mut Effects) {
        log::info!("event=operator conn={conn}");
        self.admit(conn, OPERATOR, Kind::LogIn, true, effects);
    }

    /// What whoever is at the other end of a connection may do.
    pub(super) fn rank_of(&self, conn: ConnId) -> Rank {
        match self.user_of(conn) {
            None => Rank::Guest,
            Some(OPERATOR) => Rank::Operator,
            Some(user) if self.rights.administrators.contains(&user) => Rank::Administrator,
            Some(_) => Rank::User,
        }
    }

    /// Another user than the one who asks, and not the operator.
    fn other_user(&self, conn: ConnId, user: UserRef) -> Result<(UserIndex, UserIndex), Refusal> {
        let by = self.user_of(conn);
        let user = self.directory.find(user).ok_or(Refusal::NoSuchUser)?;
        match by {
            _ if user == OPERATOR => Err(Refusal::NotWithOperator),
            Some(by) if by != user => Ok((by, user)),
            _ => Err(Refusal::NotWithYourself),
        }
    }

    /// Takes KICK.
    pub(super) fn kick(
        &mut self,
        conn: ConnId,
        user: UserRef,
        reason: Option<Reason>,
        effects: &mut Effects,
    ) {
        let (by, user) = match self.other_user(conn, user) {
            Ok(found) => found,
            Err(refusal) => return self.refuse(conn, Kind::Kick, refusal, effects),
        };
        let Some(session) = self.session_of(user) else {
            return self.refuse(conn, Kind::Kick, Refusal::NotOnline, effects);
        };
        log::info!(
            "event=kicked user={} by={} conn={session} reason={}",
            self.directory.account(user).name,
            self.directory.account(by).name,
            Quoted(reason.as_ref().map_or("", Reason::as_str)),
        );
        let kicked = CloseReason::Kicked;
        effects.push(Effect::Close { conn: session, reason: kicked, last: None, words: reason });
        self.end_session(session, kicked, effects);
        self.answer(conn, Kind::Kick, Done::Done, effects);
    }

    /// Takes BAN and UNBAN.
    pub(super) fn ban(&mut self, conn: ConnId, user: UserRef, banned: bool, effects: &mut Effects) {
        let of = if banned { Kind::Ban } else { Kind::Unban };
        match self.other_user(conn, user) {
            Ok((by, user)) => {
                let number = self.directory.account(user).number;
                let task = Task::SetBanned { user, banned, by };
                self.answer_after(conn, Job::SetBanned { number, banned }, task, effects);
            }
            Err(refusal) => self.refuse(conn, of, refusal, effects),
        }
    }

    /// A ban, or its end, is on disk, or is not.
    pub(super) fn ban_set(
        &mut self,
        user: UserIndex,
        banned: bool,
        by: UserIndex,
        outcome: &Outcome,
        effects: &mut Effects,
    ) -> Answer {
        let of = if banned { Kind::Ban } else { Kind::Unban };
        if *outcome != Ok(Value::Done) {
            return Answer { of, result: Err(failed(outcome)) };
        }
        log::info!(
            "event={} user={} by={}",
            if banned { "banned" } else { "unbanned" },
            self.directory.account(user).name,
            self.directory.account(by).name,
        );
        if !banned {
            self.rights.banned.remove(&user);
            self.ban_changed(user, effects);
            return Answer::done(of);
        }
        self.rights.banned.insert(user);
        if let Some(session) = self.session_of(user) {
            let reason = CloseReason::Banned;
            self.close(session, reason, None, effects);
        }
        self.ban_changed(user, effects);
        Answer::done(of)
    }

    /// Ends the login of a user who is banned. Only the right password or token comes so far, so
    /// strangers don't learn of it.
    pub(super) fn refuse_banned(&mut self, conn: ConnId, of: Kind, effects: &mut Effects) {
        if self.core.sessions.get(conn).is_none() {
            return;
        }
        let last = Answer { of, result: Err(Refusal::Banned) };
        self.close(conn, CloseReason::Banned, Some(last), effects);
    }

    /// Takes ADMIN.
    pub(super) fn set_admin(
        &mut self,
        conn: ConnId,
        user: UserRef,
        admin: bool,
        effects: &mut Effects,
    ) {
        match self.other_user(conn, user) {
            Ok((by, user)) => {
                let number = self.directory.account(user).number;
                let task = Task::SetAdministrator { user, admin, by };
                self.answer_after(conn, Job::SetAdministrator { number, admin }, task, effects);
            }
            Err(refusal) => self.refuse(conn, Kind::Admin, refusal, effects),
        }
    }

    /// What an account may do is on disk, or is not.
    pub(super) fn admin_set(
        &mut self,
        user: UserIndex,
        admin: bool,
        by: UserIndex,
        outcome: &Outcome,
    ) -> Answer {
        if *outcome != Ok(Value::Done) {
            return Answer { of: Kind::Admin, result: Err(failed(outcome)) };
        }
        let word = if admin { "on" } else { "off" };
        let name = |user| &self.directory.account(user).name;
        log::info!("event=admin-{word} user={} by={}", name(user), name(by));
        match admin {
            true => self.rights.administrators.insert(user),
            false => self.rights.administrators.remove(&user),
        };
        Answer { of: Kind::Admin, result: Ok(Done::Switched(admin)) }
    }

    /// Takes SHUTDOWN. The server itself tells everybody of a stop that comes at once.
    pub(super) fn shut_down(&mut self, conn: ConnId, seconds: u32, effects: &mut Effects) {
        let Some(by) = self.user_of(conn) else { return };
        log::info!("event=shutdown seconds={seconds} by={}", self.directory.account(by).name);
        self.answer(conn, Kind::Shutdown, Done::Done, effects);
        let at = self.core.now.steady + std::time::Duration::from_secs(seconds.into());
        self.stops_at = (seconds > 0).then_some(at);
        if seconds > 0 {
            let all = self.core.sessions.iter().map(|(conn, _)| conn);
            effects.tell(Event::Shutdown { seconds }, all);
        }
        effects.push(Effect::Stop { seconds });
    }

    /// The server stops now, and has so many seconds for it.
    pub(super) fn stopping(&mut self, seconds: u32, effects: &mut Effects) {
        let is_known = self.stops_at.is_some_and(|at| at <= self.core.now.steady);
        if !is_known {
            let all = self.core.sessions.iter().map(|(conn, _)| conn);
            effects.tell(Event::Shutdown { seconds }, all);
        }
    }

    /// Tells somebody who came that the server is about to stop, where it is.
    pub(super) fn tell_of_stop(&self, conn: ConnId, effects: &mut Effects) {
        let Some(at) = self.stops_at else { return };
        let left = at.saturating_sub(self.core.now.steady);
        let seconds = u32::try_from(left.as_millis().div_ceil(1000)).unwrap_or(u32::MAX);
        effects.tell(Event::Shutdown { seconds }, [conn]);
    }
}
