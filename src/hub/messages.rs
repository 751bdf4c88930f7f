//! What people say to each other.

use std::sync::Arc;

use super::Hub;
use super::delivery::{Addressee, Draft};
use crate::chat::answer::{Answer, List};
use crate::chat::name::{Key, Target};
use crate::chat::refusal::Refusal;
use crate::chat::request::Kind;
use crate::hub::accounts::directory::UserIndex;
use crate::hub::effect::Effects;
use crate::hub::input::ConnId;
use crate::hub::sessions::replies::Reply;

impl Hub {
    /// Lists to whom a direct message goes at once.
    pub(super) fn reachable(&mut self, conn: ConnId, effects: &mut Effects) {
        let Some(user) = self.user_of(conn) else { return };
        let items = self.presence.direct(&self.accounts.directory);
        let without = self.presence.position(user);
        let last = Answer::done(Kind::Reachable);
        let list = List::whole(Kind::Reachable, items, without, last);
        self.reply(conn, Reply::List(list), effects);
    }

    /// Takes a message.
    pub(super) fn say(
        &mut self,
        conn: ConnId,
        to: Target,
        (text, key): (Arc<str>, Option<Key>),
        effects: &mut Effects,
    ) {
        let Some(from) = self.user_of(conn) else { return };
        match self.addressee(from, to) {
            Ok(to) => self.take(conn, Draft { from, to, text, key, file_size: None }, effects),
            Err(refusal) => self.refuse(conn, Kind::Say, refusal, effects),
        }
    }

    /// To whom goes what a user sends to a target.
    pub(super) fn addressee(&self, from: UserIndex, target: Target) -> Result<Addressee, Refusal> {
        match target {
            Target::Everyone => Ok(Addressee::Everyone),
            Target::User(user) => {
                self.accounts.directory.find(user).map(Addressee::User).ok_or(Refusal::NoSuchUser)
            }
            Target::Group(name) => self.groups.own(from, &name).map(Addressee::Group),
        }
    }
}
