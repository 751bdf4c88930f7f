//! Who may make an account, as the server was told at its start or by an administrator since, and
//! who is held back.

use std::collections::{HashMap, HashSet, VecDeque};

use chatsrv::chat::answer::{Done, Item};
use chatsrv::chat::kind::Kind;
use chatsrv::chat::moderation::{InviteLine, Moderation};
use chatsrv::chat::name::{Number, UserRef};
use chatsrv::chat::refusal::Refusal;
use chatsrv::chat::registration::{Invite, InviteCode, Registration};
use chatsrv::hub::input::ConnId;
use chatsrv::hub::job::{Job, Outcome, Value};
use chatsrv::hub::snapshot::Snapshot;
use chatsrv::protocol::native::code::Code;
use chatsrv::protocol::native::command::Command;

use super::NodeModel;
use crate::reply::Reply;

pub struct Doors {
    registration: Registration,
    /// Whether strangers are kept out, and those who have just come are held back.
    pub is_locked_down: bool,
    /// What who asked is to be told.
    told: HashMap<ConnId, VecDeque<Registration>>,
    /// The invitations, and how many accounts are being made with each.
    invites: Vec<(Invite, u32)>,
    /// The codes that were given with names.
    given: HashMap<ConnId, InviteCode>,
    /// Who gave one that was not good, and has yet to hear of it.
    wrong: HashSet<ConnId>,
}

/// What becomes of somebody with a new name.
#[derive(Debug, PartialEq)]
pub enum Entrance {
    Open,
    Invited,
    Shut,
    WrongCode,
}

impl Doors {
    /// The server starts.
    pub fn new(registration: Registration, kept: &Snapshot) -> Self {
        Doors {
            registration,
            is_locked_down: false,
            told: HashMap::new(),
            invites: kept.invites.iter().map(|invite| (invite.clone(), 0)).collect(),
            given: HashMap::new(),
            wrong: HashSet::new(),
        }
    }
}

impl NodeModel {
    /// What becomes of somebody with a new name, and with the code that was given.
    pub(super) fn entrance(&self, conn: ConnId) -> Entrance {
        let is_shut = self.doors.is_locked_down || self.doors.registration == Registration::Closed;
        let Some(code) = self.doors.given.get(&conn).filter(|_| !is_shut) else {
            let is_open = !is_shut && self.doors.registration == Registration::Open;
            return if is_open { Entrance::Open } else { Entrance::Shut };
        };
        let is_it =
            |(invite, taken): &&(Invite, u32)| invite.code == code.sum() && invite.uses > *taken;
        let invite = self.doors.invites.iter().find(is_it);
        match invite.is_some_and(|(invite, _)| !invite.until.is_over(self.seconds())) {
            true => Entrance::Invited,
            false => Entrance::WrongCode,
        }
    }

    /// Whether somebody has come too lately to reach many.
    pub(super) fn is_held_back(&self, user: Number) -> bool {
        let made = u64::from(self.account(user).created);
        self.doors.is_locked_down && self.seconds().saturating_sub(made) < 24 * 60 * 60
    }

    /// Somebody names who is to log in, perhaps with a code.
    pub(super) fn gives_code(&mut self, conn: ConnId, command: &Result<Command, (Kind, Refusal)>) {
        let Ok(Command::User { name, invite, .. }) = command else { return };
        if self.session(conn).user.is_some() {
            return;
        }
        match invite {
            Some(code) => drop(self.doors.given.insert(conn, code.clone())),
            None => drop(self.doors.given.remove(&conn)),
        }
        let is_new = self.find(UserRef::Name(*name)).is_none();
        let may_fail =
            !self.has_failed(conn, false) && self.arrivals_wait(conn, Kind::Resume).is_none();
        if is_new && self.entrance(conn) == Entrance::WrongCode && may_fail {
            self.gave_wrong_code(conn);
            self.doors.wrong.insert(conn);
        }
    }

    /// An administrator decides who may make an account.
    pub(super) fn doors_command(&mut self, conn: ConnId, asked: &Moderation) {
        let user = self.session(conn).user;
        if !user.is_some_and(|user| self.chat.people.is_administrator(user)) {
            return;
        }
        match asked {
            Moderation::Registration(how) => {
                self.doors.registration = how.unwrap_or(self.doors.registration);
                self.doors.told.entry(conn).or_default().push_back(self.doors.registration);
            }
            Moderation::Lockdown(on) => self.doors.is_locked_down = *on,
            _ => {}
        }
    }

    /// What INVITES ought to list.
    pub(super) fn invites(&self) -> Vec<Item> {
        let now = self.seconds();
        let lines = self.doors.invites.iter().filter_map(|(invite, taken)| {
            let Invite { start, uses, until, by, .. } = invite.clone();
            let is_good = uses > *taken && !until.is_over(now);
            is_good.then(|| InviteLine { start, uses: uses - taken, until, by: self.name(by) })
        });
        let mut lines: Vec<InviteLine> = lines.collect();
        lines.sort_by(|one, other| one.start.cmp(&other.start));
        lines.into_iter().map(Box::new).map(Item::Invite).collect()
    }

    /// An account begins to be made, perhaps with an invitation.
    pub(super) fn invite_is_taken(&mut self, job: &Job) {
        let Job::Register { invite: Some(code), .. } = job else { return };
        let taken = self.doors.invites.iter_mut().find(|(invite, _)| invite.code == *code);
        let (invite, taken) = taken.expect("the invitation is there");
        *taken += 1;
        assert!(*taken <= invite.uses, "{invite:?} is used too often");
    }

    /// The store is done with a job, and the hub has not heard of it yet.
    pub(super) fn invites_kept(&mut self, job: &Job, outcome: &Outcome) {
        let invites = &mut self.doors.invites;
        match (job, outcome) {
            (Job::MakeInvite { uses, until, by, .. }, Ok(Value::Token(code))) => {
                let code: InviteCode = code.expose().parse().unwrap();
                invites.push((code.invite(*uses, *until, *by), 0));
            }
            (Job::EndInvites(codes), Ok(Value::Done)) => {
                invites.retain(|(invite, _)| !codes.contains(&invite.code));
            }
            (Job::Register { invite: Some(code), .. }, outcome) => {
                let used = invites.iter_mut().find(|(invite, _)| invite.code == *code);
                if let Some((invite, taken)) = used {
                    *taken -= 1;
                    invite.uses -= u32::from(outcome.is_ok());
                }
            }
            _ => {}
        }
    }

    /// Somebody gets an answer.
    pub(super) fn check_doors(&mut self, conn: ConnId, reply: &Reply<'_>) {
        match (reply.of, reply.done) {
            (Kind::Identify, Some(Done::PasswordWanted { name, is_new })) => {
                let is_known = self.chat.people.find(UserRef::Name(*name)).is_some();
                let entrance = self.entrance(conn);
                let may_come = matches!(entrance, Entrance::Open | Entrance::Invited);
                assert_eq!(*is_new, !is_known && may_come, "{conn}: {reply}");
                assert!(is_known || entrance != Entrance::WrongCode, "{conn}: {reply}");
            }
            (Kind::Identify, None) => {
                let is_noted = self.doors.wrong.remove(&conn);
                if reply.code == Code::WrongPassword && !is_noted {
                    self.gave_wrong_code(conn);
                }
            }
            (Kind::Registration, Some(Done::Registration(told))) => {
                let due = self.doors.told.get_mut(&conn).and_then(VecDeque::pop_front);
                assert_eq!(Some(*told), due, "{conn}: {reply}");
            }
            _ => {}
        }
    }
}
