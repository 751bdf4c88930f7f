//! Sessions, from the connection to their end.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use chatsrv::chat::device::DeviceState;
use chatsrv::chat::entry::Said;
use chatsrv::chat::event::Event;
use chatsrv::chat::id::MessageId;
use chatsrv::chat::name::{Key, Number};
use chatsrv::chat::request::Place;
use chatsrv::chat::text::Reason;
use chatsrv::hub::input::ConnId;
use chatsrv::limits::SESSIONS_BESIDE_MAX;
use chatsrv::protocol::native::code::Code;
use chatsrv::protocol::native::verb::Verb;

use super::NodeModel;
use super::groups::GroupDue;
use super::lists::{DueList, Reading};
use super::messages::Due;

#[derive(Default)]
pub struct Session {
    pub user: Option<Number>,
    pub entering: Option<Entering>,
    /// The place that its login asked for.
    pub place: Option<Place>,
    /// Whether it stands beside others.
    pub beside: bool,
    /// The number of its device.
    pub device: u32,
    /// Whether it is told what came to the protocol later.
    pub more: bool,
    pub quiet: bool,
    /// The words with which it is away, behind a number that tells which were said last.
    pub away: Option<(u64, Reason)>,
    /// Those of whom it is told in any case.
    pub monitored: BTreeSet<Number>,
    pub composing: Option<Verb>,
    pub awaits_password: bool,
    /// The word that marks the next message.
    pub key: Option<Key>,
    /// Answers to messages, and lists, in the order in which they are due.
    pub replies: VecDeque<Due>,
    pub group_replies: VecDeque<GroupDue>,
    pub lists: VecDeque<DueList>,
    pub reading: VecDeque<Reading>,
    /// The open devices of lists that were made, and wait for answers before them.
    pub devices_due: VecDeque<Vec<(u32, DeviceState)>>,
    /// What was said before the welcome and has to be delivered with it.
    pub held: VecDeque<Held>,
}

/// What is delivered with the welcome.
#[derive(Clone, Debug)]
pub struct Held {
    /// Its id, where that is known.
    pub id: Option<MessageId>,
    pub said: Said,
    /// Whether the user said it, in another session.
    pub is_own: bool,
}

/// Somebody who gave the right password and is not welcomed yet.
pub struct Entering {
    pub user: Number,
    /// The newest message when what is unread was counted.
    pub since: MessageId,
    /// What is delivered with the welcome.
    pub held: Vec<Held>,
    /// What the user has read meanwhile, in other sessions, and what was removed.
    pub marks: Vec<(Event, Vec<ConnId>)>,
}

impl NodeModel {
    pub(super) fn logged_in(&mut self, conn: ConnId, number: Number) {
        let session = self.session(conn);
        let entering = session.entering.take().expect("somebody enters");
        assert_eq!((entering.user, session.user.replace(number)), (number, None));
        session.held = entering.held.into();
        self.deletions.notices.extend(entering.marks);
        let session = self.session(conn);
        session.more = session.beside;
        self.is_being_welcomed(number);
        self.is_here(number);
        self.mute_is_told(conn, number);
        self.motd_is_told(&[conn]);
        self.group_news(conn, number);
        self.is_known(conn, number);
        if self.announced.insert(number) {
            self.tell(number, true);
        }
        self.tell_if_away(number, Some(conn));
    }

    /// A session is over, and the others are told if its user is gone.
    pub(super) fn leave(&mut self, conn: ConnId) {
        let user = self.sessions.get(&conn).and_then(Session::owner);
        if let Some(user) = self.remove(conn) {
            self.is_gone(user);
        } else if let Some(user) = user {
            self.tell_if_away(user, None);
        }
    }

    /// A session is over. Gives its user if it was the last.
    pub(super) fn remove(&mut self, conn: ConnId) -> Option<Number> {
        let session = self.sessions.remove(&conn)?;
        self.begins_anew(conn);
        if let Some(user) = session.user {
            self.is_here(user);
        }
        self.forget_creations(conn);
        self.forget_deletions(conn);
        self.peers.is_gone(conn, session.user);
        self.failures.is_gone(conn);
        let user = session.owner()?;
        self.is_being_welcomed(user);
        if self.open_sessions(user).next().is_some() {
            return None;
        }
        self.went_offline(user);
        Some(user)
    }

    /// A user has no session any more, and the others are told if they were told of the coming.
    pub(super) fn is_gone(&mut self, user: Number) {
        if self.announced.remove(&user) {
            self.away.remove(&user);
            self.tell(user, false);
        }
    }

    /// The sessions over which somebody is online, or about to be.
    pub(super) fn open_sessions(&self, user: Number) -> impl Iterator<Item = ConnId> {
        let own = self.sessions.iter().filter(move |(_, session)| session.owner() == Some(user));
        own.map(|(conn, _)| *conn)
    }

    /// Whoever is told something now is told it again where a session has yet to be welcomed.
    pub(super) fn is_being_welcomed(&mut self, user: Number) {
        let mut own = self.sessions.values().filter(|session| session.owner() == Some(user));
        let hears_all = own.clone().count() > 0 && own.all(|session| session.user.is_some());
        self.chat.people.set_welcomed(user, hears_all);
    }

    /// Nobody has more sessions than may be.
    pub(super) fn check_sessions(&self) {
        let mut open: BTreeMap<Number, Vec<&Session>> = BTreeMap::new();
        for session in self.sessions.values() {
            if let Some(user) = session.owner() {
                open.entry(user).or_default().push(session);
            }
        }
        for (user, sessions) in open {
            let beside = sessions.iter().filter(|session| session.beside).count();
            assert!(beside <= SESSIONS_BESIDE_MAX, "{user} has {beside} sessions");
            assert!(sessions.len() - beside <= 1, "{user} is alone twice");
            let mut devices: Vec<u32> = sessions.iter().map(|session| session.device).collect();
            devices.sort_unstable();
            assert!(devices.windows(2).all(|two| two[0] != two[1]), "{user}: {devices:?}");
        }
    }
}

impl Session {
    /// Whose session it is, or is about to be.
    pub fn owner(&self) -> Option<Number> {
        self.user.or(self.entering.as_ref().map(|entering| entering.user))
    }

    pub fn stop_composing(&mut self, verb: Option<Verb>) {
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

    pub fn bad_data(&mut self) {
        if !self.awaits_password && self.composing != Some(Verb::Passwd) {
            self.replies.push_back(Due::Refused(Code::BadParameters));
            self.key = None;
        }
        self.stop_composing(None);
    }
}
