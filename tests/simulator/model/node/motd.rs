//! The message of the day, who has asked for it, and who is to be told of it.

use std::collections::BTreeMap;

use chatsrv::chat::answer::Item;
use chatsrv::chat::event::Event;
use chatsrv::chat::motd::MessageOfTheDay;
use chatsrv::chat::name::Number;
use chatsrv::chat::sha256::Sha256Sum;
use chatsrv::hub::input::ConnId;
use chatsrv::hub::job::{Job, Outcome, Value};
use chatsrv::hub::snapshot::Snapshot;

use super::NodeModel;

#[derive(Default)]
pub struct Motd {
    text: Option<MessageOfTheDay>,
    /// Who has asked for which text last, by its hash.
    asked: BTreeMap<Number, Sha256Sum>,
    /// What is to be kept of that.
    due: Vec<(Number, Sha256Sum)>,
    /// Who is to be told.
    told: Vec<(Event, Vec<ConnId>)>,
}

impl Motd {
    /// The server starts, and has read no text yet.
    pub fn start(kept: &Snapshot) -> Self {
        Motd { asked: kept.wishes.motd.iter().copied().collect(), ..Motd::default() }
    }

    fn sum(&self) -> Option<Sha256Sum> {
        self.text.as_ref()?.sum()
    }
}

impl NodeModel {
    /// The server has read a text, of which users are to be told at their next login.
    pub(super) fn motd_is_read(&mut self, text: &MessageOfTheDay) {
        self.motd.text = Some(text.clone());
    }

    /// Those of these sessions are to be told who get more, and whose users have not asked for it.
    pub(super) fn motd_is_told(&mut self, to: &[ConnId]) {
        let Some(sum) = self.motd.sum() else { return };
        let lines = self.motd.text.as_ref().map_or(0, |text| text.lines().len());
        let is_due = |conn: &&ConnId| {
            let session = &self.sessions[*conn];
            session.more
                && session.user.is_some_and(|user| {
                    user != Number::OPERATOR && self.motd.asked.get(&user) != Some(&sum)
                })
        };
        let to: Vec<ConnId> = to.iter().filter(is_due).copied().collect();
        if !to.is_empty() {
            self.motd.told.push((Event::Motd(lines), to));
        }
    }

    /// A session gets more from now on, and is told of the text if it did not before.
    pub(super) fn gets_more(&mut self, conn: ConnId) {
        if !std::mem::replace(&mut self.session(conn).more, true) {
            self.motd_is_told(&[conn]);
        }
    }

    /// A session gets no more from now on, nor what it was to be told of because it did.
    pub(super) fn gets_no_more(&mut self, conn: ConnId) {
        self.session(conn).more = false;
        self.motd.told.retain(|(_, to)| *to != [conn]);
    }

    /// Somebody asks for the text. What MOTD ought to list.
    pub(super) fn asks_for_motd(&mut self, user: Number) -> Vec<Item> {
        if let Some(sum) = self.motd.sum()
            && user != Number::OPERATOR
            && self.motd.asked.insert(user, sum) != Some(sum)
        {
            self.motd.due.push((user, sum));
        }
        let lines = self.motd.text.iter().flat_map(MessageOfTheDay::lines);
        lines.cloned().map(Item::Line).collect()
    }

    /// The hub has it kept that somebody asked for a text, once for each.
    pub(super) fn motd_is_kept(&mut self, user: Number, sum: Sha256Sum) {
        let due = self.motd.due.iter().position(|due| *due == (user, sum));
        self.motd.due.remove(due.unwrap_or_else(|| panic!("{user} asks for no other text")));
    }

    /// The store has kept who asked for which text, or has not.
    pub(super) fn motd_job_done(&mut self, job: &Job, outcome: &Outcome) {
        let Job::KeepMotdAsked(user, sum) = job else { return };
        if *outcome != Ok(Value::Done) && self.motd.asked.get(user) == Some(sum) {
            self.motd.asked.remove(user);
        }
    }

    /// Who ought to have been told of the text.
    pub(super) fn check_motd(&mut self, mut told: Vec<(Event, Vec<ConnId>)>) {
        assert_eq!(self.motd.due, [], "it is to be kept");
        let mut due = std::mem::take(&mut self.motd.told);
        told.sort_by(|one, other| one.1.cmp(&other.1));
        due.sort_by(|one, other| one.1.cmp(&other.1));
        assert_eq!(told, due);
    }
}
