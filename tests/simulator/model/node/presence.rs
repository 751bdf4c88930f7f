//! Who is online, and who is told when that changes.

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
    /// Notes who ought to be told that a user came or is about to go.
    pub(super) fn tell(&mut self, own: ConnId, user: Number, online: bool) {
        // The user counts, online or not.
        let others = self.people().filter(|(number, _)| *number != user).count();
        if user == Number::OPERATOR || others + 1 > self.config.presence_limit {
            return;
        }
        let told = self
            .sessions
            .iter()
            .filter(|(conn, session)| **conn != own && session.user.is_some() && !session.quiet);
        let to: Vec<ConnId> = told.map(|(conn, _)| *conn).collect();
        if !to.is_empty() {
            self.presence.push(Presence { online, name: self.name(user), to });
        }
    }

    /// Who is online, without the operator.
    pub(super) fn people(&self) -> impl Iterator<Item = (Number, ConnId)> {
        self.online().filter(|(number, _)| *number != Number::OPERATOR)
    }

    pub(super) fn online(&self) -> impl Iterator<Item = (Number, ConnId)> {
        self.sessions.iter().filter_map(|(conn, session)| Some((session.user?, *conn)))
    }
}
