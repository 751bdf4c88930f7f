//! Who is online, and who is told when that changes.

use std::collections::BTreeSet;

use chatsrv::chat::name::{Number, UserName};
use chatsrv::hub::input::ConnId;

use super::NodeModel;

/// A notice of who came or went.
#[derive(Debug, PartialEq)]
pub struct Presence {
    pub online: bool,
    pub name: UserName,
    pub to: Vec<ConnId>,
}

impl NodeModel {
    /// Notes who ought to be told that a user came or went.
    pub(super) fn tell(&mut self, user: Number, online: bool) {
        // The user counts, online or not.
        let others = self.people().into_iter().filter(|number| *number != user).count();
        if user == Number::OPERATOR || others + 1 > self.config.presence_limit {
            return;
        }
        let told = self
            .sessions
            .iter()
            .filter(|(_, session)| session.user.is_some_and(|other| other != user))
            .filter(|(_, session)| !session.quiet);
        let to: Vec<ConnId> = told.map(|(conn, _)| *conn).collect();
        if !to.is_empty() {
            self.presence.push(Presence { online, name: self.name(user), to });
        }
    }

    /// Who is online, without the operator.
    pub(super) fn people(&self) -> BTreeSet<Number> {
        let online = self.online().map(|(number, _)| number);
        online.filter(|number| *number != Number::OPERATOR).collect()
    }

    /// Every session of somebody who is online.
    pub(super) fn online(&self) -> impl Iterator<Item = (Number, ConnId)> {
        self.sessions.iter().filter_map(|(conn, session)| Some((session.user?, *conn)))
    }
}
