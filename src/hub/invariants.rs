//! What must hold between two inputs, for tests.

use std::collections::{HashMap, HashSet};

use super::Hub;
use super::sent::Wanted;
use super::tasks::{Task, UnderWay};
use super::uploads::{Spot, Upload};
use crate::chat::request::Kind;
use crate::hub::accounts::directory::OPERATOR;
use crate::hub::groups::users::Users;
use crate::hub::input::ConnId;
use crate::hub::sessions::state::State;
use crate::limits::HELD_MESSAGES_MAX;

impl Hub {
    /// Checks what must hold between two inputs. It walks through everything, so it is for tests.
    ///
    /// # Panics
    /// Where something does not hold.
    pub fn check_invariants(&self) {
        self.accounts.directory.check_invariants();
        self.presence.check_invariants();
        self.groups.check(Users { accounts: &self.accounts, presence: &self.presence });
        self.peers.check_invariants();
        let mut online = 0;
        let mut checking = 0;
        let mut refused = 0;
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
            let is_opening = |what: &&UnderWay| match what {
                UnderWay::Asked(asked, Task::BeginUpload(_)) => *asked == conn,
                _ => false,
            };
            let opening = self.under_way.values().filter(is_opening).count();
            let asked = opening + session.replies.opened_uploads().count();
            assert_eq!(session.replies.uploads_asked(), asked, "{conn}");
            let opening = self.under_way.values().filter(|what| match what {
                UnderWay::Asked(asked, Task::Download { .. }) => *asked == conn,
                UnderWay::Asked(asked, Task::FindSent(_, Wanted::Download(_))) => *asked == conn,
                _ => false,
            });
            let asked = opening.count() + session.replies.opened_downloads().count();
            assert_eq!(session.replies.downloads_asked(), asked, "{conn}");
            for ticket in session.replies.awaited() {
                let is_asked_for = matches!(self.under_way.get(ticket),
                    Some(UnderWay::Asked(asked, _)) if *asked == conn);
                let is_asked_for = is_asked_for || self.groups.answers(conn, ticket);
                assert!(is_asked_for, "an answer waits for {ticket:?}");
            }
            checking += usize::from(*session.state() == State::ChecksPassword);
            refused += usize::from(matches!(session.state(), State::Refused(_)));
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
        assert_eq!(self.refusals.len(), refused);

        assert_eq!(self.presence.entering.len(), entering);
        assert!(self.presence.entering.values().all(|user| user.held.len() <= HELD_MESSAGES_MAX));
        assert!(self.slow_logins.is_empty());
        assert!(self.core.is_settled());
        self.check_tasks(checking, on_hold);
        self.check_uploads();
    }

    /// Checks that every upload is counted once, and has its spot.
    fn check_uploads(&self) {
        let is_there = |conn: &ConnId| self.core.sessions.get(*conn).is_some();
        let mut held: HashMap<Spot, (ConnId, bool)> = HashMap::new();
        let mut hold = |upload: &Upload, conn, is_whole| {
            let before = held.insert(upload.spot(), (conn, is_whole));
            assert!(before.is_none(), "{upload:?} is under way twice");
        };
        let mut published = 0;
        for what in self.under_way.values() {
            match what {
                UnderWay::Asked(conn, Task::BeginUpload(upload)) if is_there(conn) => {
                    hold(upload, *conn, false);
                }
                UnderWay::SyncsUpload(whole) => hold(&whole.upload, whole.conn, true),
                UnderWay::FinishesUpload(whole, message) => {
                    hold(&whole.upload, whole.conn, true);
                    published += usize::from(message.is_some());
                }
                _ => {}
            }
        }
        let mut open = 0;
        for (conn, _, upload) in self.uploads.open.values() {
            hold(upload, *conn, false);
        }
        for (_, session) in self.core.sessions.iter() {
            let replies = &session.replies;
            for job in replies.opened_uploads().chain(replies.open_uploads()) {
                assert!(self.uploads.open.contains_key(&job), "{job:?}");
                open += 1;
            }
        }
        assert_eq!(self.uploads.open.len(), open);
        for whole in &self.uploads.without_id {
            hold(&whole.upload, whole.conn, true);
        }
        assert_eq!(self.uploads.published.len(), published);
        let taken = self.uploads.taken.iter();
        let taken: HashMap<_, _> =
            taken.map(|(spot, holder)| (spot.clone(), (holder.conn, holder.is_whole))).collect();
        assert_eq!(taken, held);
        for (conn, session) in self.core.sessions.iter() {
            let own = || held.values().filter(|(holder, _)| *holder == conn);
            assert_eq!(session.replies.uploads(), own().count(), "{conn}");
            let finishing = own().filter(|(_, is_whole)| *is_whole).count();
            assert_eq!(session.replies.uploads_finishing(), finishing, "{conn}");
        }
    }

    /// Checks that whoever waits waits for something that is under way.
    fn check_tasks(&self, checking: usize, on_hold: usize) {
        let is_there = |conn: &ConnId| self.core.sessions.get(*conn).is_some();
        let asked = || {
            self.under_way.values().filter_map(|what| match what {
                UnderWay::Asked(conn, task) => Some((conn, task)),
                _ => None,
            })
        };
        let is_login = |task: &Task| {
            matches!(task, Task::Register(_) | Task::CheckPassword(_) | Task::CheckToken(_))
        };
        let logins = asked().filter(|(conn, task)| is_login(task) && is_there(conn));
        let conns: HashSet<&ConnId> = logins.map(|(conn, _)| conn).collect();
        let in_turn: HashSet<&ConnId> = self.turns.iter().map(|login| &login.conn).collect();
        assert_eq!(in_turn.len(), self.turns.iter().count(), "one login at a time");
        assert!(in_turn.iter().all(|conn| is_there(conn)));
        let changes =
            || self.turns.iter().filter(|login| login.attempt.of == Kind::ConfirmPassword);
        assert_eq!(conns.len() + in_turn.len() - changes().count(), checking);
        let registering = asked().filter(|(_, task)| matches!(task, Task::Register(_)));
        assert_eq!(registering.count(), self.accounts.directory.reservations());

        let waited_for = asked()
            .filter(|(conn, task)| task.is_waited_for() && is_there(conn))
            .map(|(conn, _)| conn);
        let awaits_id = self.await_id.iter().map(|(conn, _)| conn);
        let makers: Vec<ConnId> = self.groups.makers().filter(is_there).collect();
        let held: Vec<&ConnId> = waited_for
            .chain(awaits_id)
            .chain(&makers)
            .chain(changes().map(|change| &change.conn))
            .collect();
        let waiting: HashSet<&ConnId> = held.iter().copied().chain(self.lists.keys()).collect();
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
            && self.under_way.is_empty()
            && self.refusals.is_empty()
            && self.turns.is_empty()
            && self.accounts.directory.reservations() == 0
            && self.presence.entering.is_empty()
            && self.await_id.is_empty()
            && self.groups.is_idle()
            && self.lists.is_empty()
            && self.uploads.taken.is_empty()
            && self.uploads.open.is_empty()
    }
}
