//! What must hold between two inputs, for tests.

use std::collections::HashSet;

use super::Hub;
use super::session::State;
use super::tasks::Task;

impl Hub {
    /// Checks what must hold between two inputs. It walks through everything, so it is for tests.
    ///
    /// # Panics
    /// Where something does not hold.
    pub fn check_invariants(&self) {
        self.directory.check_invariants();
        self.online.check_invariants();
        let mut online = 0;
        let mut checking = 0;
        let mut refused = 0;
        for (conn, session) in self.sessions.iter() {
            session.answers.check_invariants();
            if let Some(user) = session.user() {
                online += 1;
                assert_eq!(self.online.conn(user), Some(conn));
            } else {
                assert!(session.answers.waiting() <= 1, "{conn} is owed more than one answer");
            }
            let opening = self
                .under_way
                .values()
                .filter(|job| job.conn == conn && matches!(job.task, Task::Download { .. }));
            let asked = opening.count() + session.answers.opened_files().count();
            assert_eq!(session.answers.downloads_asked(), asked, "{conn}");
            for ticket in session.answers.awaited() {
                let under_way = self.under_way.get(&ticket).map(|job| job.conn);
                assert_eq!(under_way, Some(conn), "an answer waits for {ticket:?}");
            }
            checking += usize::from(*session.state() == State::ChecksPassword);
            refused += usize::from(*session.state() == State::Refused);
            let leaves = matches!(session.state(), State::Leaving(_));
            assert!(!leaves || session.answers.waiting() > 0, "{conn} could have left");
        }
        assert_eq!(self.online.len(), online);
        assert_eq!(self.refusals.len(), refused);

        let passwords = self.under_way.values().filter(|job| {
            matches!(job.task, Task::Register(_) | Task::CheckPassword(_))
                && self.sessions.get(job.conn).is_some()
        });
        let conns: HashSet<_> = passwords.map(|job| job.conn).collect();
        assert_eq!(conns.len(), checking);
        let registering =
            self.under_way.values().filter(|job| matches!(job.task, Task::Register(_)));
        assert_eq!(registering.count(), self.directory.reservations());
    }

    /// Whether nobody is connected and nothing is under way.
    pub fn is_idle(&self) -> bool {
        self.sessions.len() == 0
            && self.online.len() == 0
            && self.under_way.is_empty()
            && self.refusals.is_empty()
            && self.directory.reservations() == 0
    }
}
