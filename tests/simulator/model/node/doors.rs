//! Who may make an account, as the server was told at its start or by an administrator since, and
//! who is held back.

use std::collections::{HashMap, VecDeque};

use chatsrv::chat::answer::Done;
use chatsrv::chat::kind::Kind;
use chatsrv::chat::moderation::Moderation;
use chatsrv::chat::name::{Number, UserRef};
use chatsrv::chat::registration::Registration;
use chatsrv::hub::input::ConnId;

use super::NodeModel;
use crate::reply::Reply;

pub struct Doors {
    pub registration: Registration,
    /// Whether strangers are kept out, and those who have just come are held back.
    pub is_locked_down: bool,
    /// What who asked is to be told.
    told: HashMap<ConnId, VecDeque<Registration>>,
}

impl Doors {
    /// The server starts.
    pub fn new(registration: Registration) -> Self {
        Doors { registration, is_locked_down: false, told: HashMap::new() }
    }
}

impl NodeModel {
    /// Whether everybody may make an account.
    pub(super) fn are_doors_open(&self) -> bool {
        self.doors.registration == Registration::Open && !self.doors.is_locked_down
    }

    /// Whether somebody has come too lately to reach many.
    pub(super) fn is_held_back(&self, user: Number) -> bool {
        let made = u64::from(self.account(user).created);
        self.doors.is_locked_down && self.seconds().saturating_sub(made) < 24 * 60 * 60
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

    /// Somebody gets an answer.
    pub(super) fn check_doors(&mut self, conn: ConnId, reply: &Reply<'_>) {
        match (reply.of, reply.done) {
            (Kind::Identify, Some(Done::PasswordWanted { name, is_new })) => {
                let is_known = self.chat.people.find(UserRef::Name(*name)).is_some();
                assert_eq!(*is_new, !is_known && self.are_doors_open(), "{conn}: {reply}");
            }
            (Kind::Registration, Some(Done::Registration(told))) => {
                let due = self.doors.told.get_mut(&conn).and_then(VecDeque::pop_front);
                assert_eq!(Some(*told), due, "{conn}: {reply}");
            }
            _ => {}
        }
    }
}
