//! The invariants between two inputs, for tests.

use std::collections::HashSet;

use crate::hub::context::{Caller, Core};
use crate::hub::domains::Domains;
use crate::hub::groups::users::Users;
use crate::hub::input::ConnId;
use crate::hub::pending::Domain;
use crate::hub::sessions::state::State;

/// Checks the invariants between two inputs. It walks through everything, so it is for tests.
///
/// # Panics
/// If an invariant does not hold.
pub fn invariants(domains: &Domains, core: &Core) {
    domains.accounts.directory.check_invariants();
    domains.presence.check_invariants();
    domains.groups.check(Users { accounts: &domains.accounts, presence: &domains.presence });
    domains.calls.check();
    let adding = domains.admin.reservations();
    domains.login.check((&domains.accounts, adding), &core.sessions);
    let mut online = 0;
    let mut entering = 0;
    let mut on_hold = 0;
    for (conn, session) in core.sessions.iter() {
        session.replies.check_invariants();
        if let Some(user) = session.user() {
            online += 1;
            assert!(domains.presence.sessions_of(user).any(|session| session == conn));
        } else {
            assert!(session.replies.waiting() <= 1, "{conn} is owed more than one answer");
        }
        for job_id in session.replies.awaited() {
            let is_asked_for = match Domain::of(job_id) {
                Domain::Login => domains.login.is_under_way(job_id),
                Domain::Calls => domains.calls.is_under_way(job_id),
                Domain::Devices => domains.devices.is_under_way(job_id),
                Domain::Files => domains.files.asked_by(job_id) == Some(conn),
                Domain::Messages | Domain::History => domains.messages.answers(conn, job_id),
                Domain::Groups => domains.groups.answers(conn, job_id),
                Domain::Hub | Domain::Accounts | Domain::Sequence => false,
                Domain::Whois | Domain::Reports | Domain::Removals | Domain::Admin => false,
                Domain::Exports => false,
            };
            assert!(is_asked_for, "an answer waits for {job_id:?}");
        }
        if let State::Enters(user) = session.state() {
            let caller = Caller { conn, user: *user };
            assert!(domains.presence.all_entering().any(|entering| entering == caller));
            assert!(domains.presence.sessions_of(*user).all(|session| session != conn));
            entering += 1;
        }
        on_hold += usize::from(session.is_blocked);
        let leaves = matches!(session.state(), State::Leaving(_));
        assert!(!leaves || session.replies.waiting() > 0, "{conn} could have left");
    }
    assert_eq!(domains.presence.sessions(), online);
    assert_eq!(domains.presence.all_entering().len(), entering);
    domains.messages.check(domains.presence.all_entering());
    assert!(core.is_settled());
    blocked(domains, core, on_hold);
    domains.exports.check();
    domains.files.check(domains.exports.sending(), core);
}

/// Checks that each blocked session waits for exactly one thing that is under way.
fn blocked(domains: &Domains, core: &Core, on_hold: usize) {
    let is_there = |conn: &ConnId| core.sessions.get(*conn).is_some();
    let Domains { accounts, groups, messages, files, login, devices, .. } = domains;
    let Domains { whois, reports, removals, exports, admin, .. } = domains;
    let blocked =
        devices.blocked().chain(login.blocked()).chain(accounts.blocked()).chain(files.blocked());
    let blocked = blocked.chain(messages.blocked().copied()).chain(groups.makers());
    let blocked = blocked.chain(whois.blocked()).chain(reports.blocked()).chain(removals.blocked());
    let blocked = blocked.chain(exports.blocked());
    let blocked = blocked.chain(admin.blocked()).chain(core.await_id().copied());
    let blocked = blocked.chain(core.unannounced.waiting().copied());
    let held: Vec<ConnId> = blocked.filter(|conn| is_there(conn)).collect();
    let waiting: HashSet<&ConnId> = held.iter().collect();
    assert_eq!(held.iter().collect::<HashSet<_>>().len(), held.len(), "one thing at a time");
    assert_eq!(waiting.len(), on_hold);
    for conn in waiting {
        assert!(core.sessions.get(*conn).is_some_and(|session| session.is_blocked), "{conn}");
    }
}

/// Returns true if nobody is connected and nothing is under way.
pub fn is_idle(domains: &Domains, core: &Core) -> bool {
    core.sessions.len() == 0
        && domains.presence.len() == 0
        && domains.jobs() == 0
        && domains.login.is_idle()
        && domains.accounts.directory.reservations() == 0
        && domains.presence.all_entering().len() == 0
        && core.await_id().next().is_none()
        && core.unannounced.waiting().next().is_none()
        && domains.own.ceilings.is_empty()
        && domains.groups.is_idle()
        && domains.messages.jobs() == 0
        && domains.messages.history.lists() == 0
        && domains.files.is_idle()
        && domains.exports.is_idle()
}
