//! The names that sessions give before they log in, and how often a network may log in.
//!
//! The answer to a name tells whether it has an account. So a name without a password behind it
//! counts against what the network may ask for, once the session ends or begins another login.

use crate::chat::address::Address;
use crate::chat::answer::Done;
use crate::chat::kind::Kind;
use crate::chat::name::UserName;
use crate::chat::refusal::Refusal;
use crate::chat::registration::InviteCode;
use crate::hub::accounts::Accounts;
use crate::hub::accounts::doors::Entrance;
use crate::hub::accounts::names::check_new_name;
use crate::hub::accounts::throttle::Verdict;
use crate::hub::context::Cx;
use crate::hub::counters::LoginResult;
use crate::hub::input::ConnId;
use crate::hub::try_again::retry_after;

/// Answers whether a name has an account, so that a password may follow. Returns false if it has
/// none, and the code that was given with it is not good: then no answer is given.
pub fn identify(
    conn: ConnId,
    name: UserName,
    code: Option<&InviteCode>,
    accounts: &mut Accounts,
    cx: &mut Cx<'_>,
) -> bool {
    let Some(from) = begin_anew(conn, accounts, cx) else { return true };
    let now = cx.core.now.monotonic;
    let user = accounts.find_login(&name);
    let tried = accounts.password_try(name, user, from, cx.core.now);
    let failures = match accounts.throttle.judge(tried, now) {
        Verdict::After(wait) => Some(wait),
        Verdict::Now | Verdict::InTurn => None,
    };
    if let Some(wait) = failures.max(accounts.arrivals.name_wait(from, now)) {
        cx.core.counters.login(LoginResult::Busy);
        cx.refuse(conn, Kind::Identify, retry_after(wait));
        return true;
    }
    // Whatever the answer is from here on, it tells whether there is such an account.
    asks(conn, cx);
    let time = cx.core.seconds();
    let entrance = match user {
        Some(_) => Entrance::Shut,
        None => accounts.doors.admit(code, time),
    };
    let is_new = matches!(entrance, Entrance::Open | Entrance::Invited);
    let names = (&accounts.directory, &accounts.roles);
    if is_new && let Err(refusal) = check_new_name(&name, None, names, cx.core) {
        cx.refuse(conn, Kind::Identify, refusal);
        return true;
    }
    let wait = accounts.arrivals.registration_wait(from, now);
    match wait.filter(|_| entrance == Entrance::Open) {
        _ if entrance == Entrance::WrongCode => return false,
        Some(wait) => {
            cx.core.counters.login(LoginResult::Busy);
            cx.refuse(conn, Kind::Identify, retry_after(wait));
        }
        None => cx.answer(conn, Kind::Identify, Done::PasswordWanted { name, is_new }),
    }
    true
}

/// Refuses a name that no account may have.
pub fn refuse_name(conn: ConnId, refusal: Refusal, accounts: &mut Accounts, cx: &mut Cx<'_>) {
    let Some(from) = begin_anew(conn, accounts, cx) else { return };
    let refusal = match accounts.arrivals.name_wait(from, cx.core.now.monotonic) {
        Some(wait) => retry_after(wait),
        None => {
            asks(conn, cx);
            refusal
        }
    };
    cx.refuse(conn, Kind::Identify, refusal);
}

/// Begins another login in a session: the name that it asked for before counts, if no password came
/// behind it. Returns the address of the peer, if the session is there.
pub fn begin_anew(conn: ConnId, accounts: &mut Accounts, cx: &mut Cx<'_>) -> Option<Address> {
    let now = cx.core.now.monotonic;
    let session = cx.session(conn)?;
    if std::mem::take(&mut session.has_only_asked) {
        accounts.arrivals.only_asked(session.from, now);
    }
    Some(session.from)
}

/// Counts a login against what the network may take, and returns the address of the peer. If there
/// were too many, the session is told when to try again; and the name that it asked for counts as
/// one without a password.
pub fn count_login(
    conn: ConnId,
    of: Kind,
    accounts: &mut Accounts,
    cx: &mut Cx<'_>,
) -> Option<Address> {
    let now = cx.core.now.monotonic;
    let session = cx.session(conn)?;
    let from = session.from;
    if let Some(wait) = accounts.arrivals.login_wait(from, now) {
        cx.core.counters.login(LoginResult::Busy);
        cx.refuse(conn, of, retry_after(wait));
        return None;
    }
    session.has_only_asked = false;
    accounts.arrivals.log_in(from, now);
    Some(from)
}

/// Counts a registration, which is a login too; see [`count_login`].
pub fn count_registration(
    conn: ConnId,
    accounts: &mut Accounts,
    cx: &mut Cx<'_>,
) -> Option<Address> {
    let now = cx.core.now.monotonic;
    let from = cx.session(conn)?.from;
    if let Some(wait) = accounts.arrivals.registration_wait(from, now) {
        cx.core.counters.login(LoginResult::Busy);
        cx.refuse(conn, Kind::LogIn, retry_after(wait));
        return None;
    }
    count_login(conn, Kind::LogIn, accounts, cx)?;
    accounts.arrivals.register(from, now);
    Some(from)
}

/// Notes that a session asks for a name.
fn asks(conn: ConnId, cx: &mut Cx<'_>) {
    if let Some(session) = cx.session(conn) {
        session.has_only_asked = true;
    }
}
