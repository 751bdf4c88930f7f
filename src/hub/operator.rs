//! The operator, who comes over the server's own socket, and what administrators may do.

use super::Hub;
use super::tasks::{Task, failed};
use crate::chat::answer::{Answer, Done};
use crate::chat::close::CloseReason;
use crate::chat::event::Event;
use crate::chat::name::UserRef;
use crate::chat::refusal::Refusal;
use crate::chat::request::Kind;
use crate::chat::text::Reason;
use crate::hub::accounts::directory::{OPERATOR, UserIndex};
use crate::hub::accounts::roles::Role;
use crate::hub::effect::{Effect, Effects};
use crate::hub::input::ConnId;
use crate::hub::job::{Job, Outcome, Value};
use crate::log::Quoted;

impl Hub {
    /// Lets the operator in, without a password: the socket takes nobody else.
    pub(super) fn let_operator_in(&mut self, conn: ConnId, effects: &mut Effects) {
        log::info!("event=operator conn={conn}");
        self.admit(conn, OPERATOR, Kind::LogIn, true, effects);
    }

    /// What whoever is at the other end of a connection may do.
    pub(super) fn rank_of(&self, conn: ConnId) -> Role {
        self.accounts.roles.of(self.user_of(conn))
    }

    /// Another user than the one who asks, and not the operator.
    fn other_user(&self, conn: ConnId, user: UserRef) -> Result<(UserIndex, UserIndex), Refusal> {
        let by = self.user_of(conn);
        let user = self.accounts.directory.find(user).ok_or(Refusal::NoSuchUser)?;
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
        let Some(session) = self.presence.session_of(user) else {
            return self.refuse(conn, Kind::Kick, Refusal::NotOnline, effects);
        };
        log::info!(
            "event=kicked user={} by={} conn={session} reason={}",
            self.accounts.directory.account(user).name,
            self.accounts.directory.account(by).name,
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
                let number = self.accounts.directory.account(user).number;
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
            self.accounts.directory.account(user).name,
            self.accounts.directory.account(by).name,
        );
        self.accounts.roles.set_banned(user, banned);
        if let Some(session) = self.presence.session_of(user).filter(|_| banned) {
            let reason = CloseReason::Banned;
            self.close(session, reason, None, effects);
        }
        let (groups, users, mut cx) = self.groups_with(effects);
        groups.ban_changed(user, users, &mut cx);
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
                let number = self.accounts.directory.account(user).number;
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
        let name = |user| &self.accounts.directory.account(user).name;
        log::info!("event=admin-{word} user={} by={}", name(user), name(by));
        self.accounts.roles.set_administrator(user, admin);
        Answer { of: Kind::Admin, result: Ok(Done::Switched(admin)) }
    }

    /// Takes SHUTDOWN. The server itself tells everybody of a stop that comes at once.
    pub(super) fn shut_down(&mut self, conn: ConnId, seconds: u32, effects: &mut Effects) {
        let Some(by) = self.user_of(conn) else { return };
        log::info!(
            "event=shutdown seconds={seconds} by={}",
            self.accounts.directory.account(by).name
        );
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
