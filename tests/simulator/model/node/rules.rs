//! What is for administrators alone on this server, and what young accounts may not do yet.

use std::collections::{HashMap, VecDeque};

use chatsrv::chat::message::Chat;
use chatsrv::chat::name::{Number, Target};
use chatsrv::chat::refusal::Refusal;
use chatsrv::chat::request::Request;
use chatsrv::hub::config::Permitted;
use chatsrv::hub::effect::{Effect, Effects};
use chatsrv::hub::input::ConnId;
use chatsrv::hub::job::Job;
use chatsrv::protocol::native::command::Command;
use chatsrv::protocol::native::verb::Verb;

use super::NodeModel;
use crate::reply::Reply;

/// What is refused by the rules.
#[derive(Default)]
pub struct Forbidden {
    /// The refusals that are due, in their order.
    due: HashMap<ConnId, VecDeque<Refusal>>,
    /// Whether that is what has just been asked for.
    is_asked_for: bool,
}

impl NodeModel {
    /// Why somebody may not do what a command wants.
    pub(super) fn against_rules(
        &self,
        user: Number,
        verb: Verb,
        command: Option<&Command>,
    ) -> Option<Refusal> {
        let rules = &self.config.rules;
        let permitted = match verb {
            Verb::Pm => return self.may_not_broadcast(user, Chat::Everyone),
            Verb::Mkgroup | Verb::Mkgroupreq | Verb::Mkpublic => rules.group_makers,
            Verb::Put => rules.uploads,
            Verb::Call => Permitted::All,
            Verb::Sendfile => match command {
                Some(Command::Ask(Request::Sendfile { to: Target::Everyone, .. })) => {
                    Permitted::All
                }
                _ => return None,
            },
            _ => return None,
        };
        self.unless_permitted(user, permitted)
    }

    /// Why somebody may not write into a chat.
    pub(super) fn may_not_broadcast(&self, user: Number, chat: Chat) -> Option<Refusal> {
        let rules = &self.config.rules;
        (chat == Chat::Everyone).then(|| self.unless_permitted(user, rules.broadcast)).flatten()
    }

    fn unless_permitted(&self, user: Number, permitted: Permitted) -> Option<Refusal> {
        let is_user = user != Number::OPERATOR && !self.chat.people.is_administrator(user);
        match permitted {
            Permitted::Nobody => Some(Refusal::UploadsOff),
            Permitted::Administrators if is_user => Some(Refusal::NotForUsers),
            Permitted::All if is_user => {
                let made = u64::from(self.account(user).created);
                let ends = made + u64::from(self.config.rules.probation);
                let left = ends.checked_sub(self.seconds()).filter(|left| *left > 0)?;
                Some(Refusal::Young(left as u32))
            }
            _ => None,
        }
    }

    /// The rules forbid what somebody asks for.
    pub(super) fn is_forbidden(&mut self, conn: ConnId, refusal: Refusal) {
        self.forbidden.due.entry(conn).or_default().push_back(refusal);
        self.forbidden.is_asked_for = true;
    }

    /// Nothing comes of what is forbidden, and nothing else is refused so.
    pub(super) fn check_forbidden(&mut self, effects: &Effects) {
        let is_asked_for = std::mem::take(&mut self.forbidden.is_asked_for);
        for effect in &effects.list {
            match effect {
                Effect::Answer { conn, answer } => self.forbidden.reply(*conn, &Reply::new(answer)),
                Effect::Job {
                    job: job @ (Job::BeginUpload { .. } | Job::MakeCallTicket), ..
                } => {
                    assert!(!is_asked_for, "{job:?} is against the rules");
                }
                Effect::Close { conn, .. } => drop(self.forbidden.due.remove(conn)),
                _ => {}
            }
        }
    }
}

impl Forbidden {
    /// A connection is gone.
    pub fn forget(&mut self, conn: ConnId) {
        self.due.remove(&conn);
    }

    fn reply(&mut self, conn: ConnId, reply: &Reply<'_>) {
        let is_by_rules = |refusal: &&Refusal| {
            matches!(refusal, Refusal::NotForUsers | Refusal::UploadsOff | Refusal::Young(_))
        };
        let Some(refusal) = reply.refusal.filter(is_by_rules) else { return };
        let due = self.due.get_mut(&conn).and_then(VecDeque::pop_front);
        assert_eq!(due.as_ref(), Some(refusal), "{conn}: {reply}");
    }
}
