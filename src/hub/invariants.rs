//! What must hold between two inputs, for tests.

use std::collections::HashSet;

use super::Hub;
use crate::hub::accounts::directory::OPERATOR;
use crate::hub::groups::users::Users;
use crate::hub::input::ConnId;
use crate::hub::pending::Domain;
use crate::hub::sessions::state::State;

impl Hub {
    /// Checks what must hold between two inputs. It walks through everything, so it is for tests.
    ///
    /// # Panics
    /// Where something does not hold.
    pub fn check_invariants(&self) {
        self.accounts.directory.check_invariants();
        self.presence.check_invariants();
        self.groups.check(Users { accounts: &self.accounts, presence: &self.presence });
        self.calls.check();
        self.login.check(&self.accounts, &self.core.sessions);
        let mut online = 0;
        let mut entering = 0;
        let mut on_hold = 0;
        for (conn, session) in self.core.sessions.iter() {
            session.replies.check_invariants();
            if let Some(user) = session.user() {
                online += usize::from(user != OPERATOR);
                assert_eq!(self.presence.conn(user), Some(conn));
            } else {
                assert!(session.replies.waiting() <= 1, "{conn} is owed more than one answer");
            }
            for ticket in session.replies.awaited() {
                let is_asked_for = match Domain::of(ticket) {
                    Domain::Login => self.login.is_under_way(ticket),
                    Domain::Calls => self.calls.is_under_way(ticket),
                    Domain::Admin => self.admin.is_under_way(ticket),
                    Domain::Files => self.files.asked_by(ticket) == Some(conn),
                    Domain::Messages | Domain::History => self.messages.answers(conn, ticket),
                    Domain::Groups => self.groups.answers(conn, ticket),
                    Domain::Hub | Domain::Accounts | Domain::Sequence => false,
                };
                assert!(is_asked_for, "an answer waits for {ticket:?}");
            }
            if let State::Enters(user) = session.state() {
                entering += 1;
                assert_eq!(
                    self.presence.entering.get(user).map(|entering| entering.conn),
                    Some(conn)
                );
                assert_eq!(self.presence.conn(*user), None);
            }
            on_hold += usize::from(session.is_blocked);
            let leaves = matches!(session.state(), State::Leaving(_));
            assert!(!leaves || session.replies.waiting() > 0, "{conn} could have left");
        }
        assert_eq!(self.presence.len(), online);

        assert_eq!(self.presence.entering.len(), entering);
        let logins = self.presence.entering.iter();
        let logins: Vec<_> = logins.map(|(user, entering)| (*user, entering.conn)).collect();
        self.messages.check(&logins);
        assert!(self.core.is_settled());
        self.check_tasks(on_hold);
        self.files.check(&self.core.sessions);
    }

    /// Checks that whoever waits waits for something that is under way.
    fn check_tasks(&self, on_hold: usize) {
        let is_there = |conn: &ConnId| self.core.sessions.get(*conn).is_some();
        let domains = self.login.blocked().chain(self.accounts.blocked());
        let domains = domains.chain(self.files.blocked()).chain(self.messages.blocked().copied());
        let domains = domains.chain(self.groups.makers()).chain(self.core.await_id().copied());
        let held: Vec<ConnId> = domains.filter(|conn| is_there(conn)).collect();
        let waiting: HashSet<&ConnId> = held.iter().collect();
        assert_eq!(held.iter().collect::<HashSet<_>>().len(), held.len(), "one thing at a time");
        assert_eq!(waiting.len(), on_hold);
        for conn in waiting {
            assert!(
                self.core.sessions.get(*conn).is_some_and(|session| session.is_blocked),
                "{conn}"
            );
        }
    }

    /// Whether nobody is connected and nothing is under way.
    pub fn is_idle(&self) -> bool {
        self.core.sessions.len() == 0
            && self.presence.len() == 0
            && self.jobs() == 0
            && self.login.is_idle()
            && self.accounts.directory.reservations() == 0
            && self.presence.entering.is_empty()
            && self.core.await_id().next().is_none()
            && self.marks.is_empty()
            && self.groups.is_idle()
            && self.messages.jobs() == 0
            && self.messages.history.lists() == 0
            && self.files.is_idle()
    }
}
