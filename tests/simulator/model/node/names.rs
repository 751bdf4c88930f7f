//! What accounts may be called, and how people may call themselves: every name is compared with all
//! others.

use std::collections::HashMap;

use chatsrv::chat::kind::Kind;
use chatsrv::chat::look_alike::skeleton;
use chatsrv::chat::name::{DisplayName, Number, UserName};
use chatsrv::chat::refusal::Refusal;
use chatsrv::hub::input::ConnId;
use chatsrv::protocol::native::code::Code;

use super::NodeModel;
use crate::reply::Reply;

/// The names that people have asked for, until they are answered: what is asked in one breath with
/// something slow is answered behind it.
#[derive(Default)]
pub struct Names {
    displays: HashMap<ConnId, Vec<DisplayName>>,
}

impl NodeModel {
    /// Somebody wants to be shown under a name.
    pub(super) fn wants_display(&mut self, conn: ConnId, display: &DisplayName) {
        self.names.displays.entry(conn).or_default().push(display.clone());
    }

    /// Whether a new account may have a name, if it is free.
    fn may_be_new(&self, name: &UserName) -> bool {
        let people = &self.chat.people;
        let mut alike =
            people.accounts().filter(|account| look_alike(&account.name, name.as_str()));
        !self.config.accounts.reserved.contains(name.as_str())
            && !alike.any(|account| people.is_administrator(account.number))
    }

    /// Whether a user may be shown under a name.
    fn may_be_shown(&self, user: Number, display: &str) -> bool {
        let people = &self.chat.people;
        let mut others = people.accounts().filter(|account| account.number != user);
        people.name(user).as_str().eq_ignore_ascii_case(display)
            || (!others.any(|account| look_alike(&account.name, display))
                && !self.config.accounts.reserved.contains(display))
    }

    /// Somebody is to be shown under a name.
    pub(super) fn display_is_kept(&self, user: Number, display: &DisplayName) {
        assert!(self.may_be_shown(user, display.as_str()), "{user} is shown as {display:?}");
    }

    /// A name is refused, or may be the name of a new account.
    pub(super) fn check_names(&mut self, conn: ConnId, reply: &Reply<'_>) {
        match (reply.of, reply.refusal) {
            (Kind::Nick, refusal @ (None | Some(Refusal::NameLooksAlike))) => {
                let user = self.sessions[&conn].user.expect("who has a name is logged in");
                let mut asked = self.names.displays.remove(&conn).unwrap_or_default();
                let is_fine = |display: &DisplayName| self.may_be_shown(user, display.as_str());
                let answered = asked.iter().position(|name| is_fine(name) == refusal.is_none());
                // A name that was free when it was kept may look like a newer account's now.
                let answered = answered.or(refusal.is_none().then_some(0));
                asked.remove(answered.unwrap_or_else(|| panic!("{asked:?}: {reply}")));
                self.names.displays.insert(conn, asked);
            }
            (Kind::Identify, Some(Refusal::ReservedName)) => {
                let name = self.failures.named[&conn];
                // The name of somebody who was removed comes free after a long time.
                let people = &self.chat.people;
                let is_kept = people.accounts().any(|account| people.is_removed(account.number));
                assert!(is_kept || !self.may_be_new(&name), "{name}: {reply}");
            }
            (Kind::Identify, _) if reply.code == Code::ChoosePassword => {
                let name = self.failures.named[&conn];
                assert!(self.may_be_new(&name), "{name}: {reply}");
            }
            _ => {}
        }
    }
}

fn look_alike(name: &UserName, other: &str) -> bool {
    skeleton(name.as_str()) == skeleton(other)
}
