//! The names that sessions give before they log in.

use crate::chat::answer::Done;
use crate::chat::kind::Kind;
use crate::chat::name::UserName;
use crate::chat::refusal::Refusal;
use crate::hub::accounts::Accounts;
use crate::hub::accounts::throttle::Verdict;
use crate::hub::context::Cx;
use crate::hub::counters::LoginResult;
use crate::hub::input::ConnId;
use crate::hub::try_again::retry_after;

/// Answers whether a name has an account, so that a password may follow.
pub fn identify(conn: ConnId, name: UserName, accounts: &Accounts, cx: &mut Cx<'_>) {
    let Some(session) = cx.core.sessions.get(conn) else { return };
    let user = accounts.find_login(&name);
    let tried = accounts.password_try(name, user, session.from, cx.core.now);
    if let Verdict::After(wait) = accounts.throttle.judge(tried, cx.core.now.monotonic) {
        cx.core.counters.login(LoginResult::Busy);
        return cx.refuse(conn, Kind::Identify, retry_after(wait));
    }
    let is_new = cx.core.config.registration && user.is_none();
    let now = cx.core.log_time().0 / 1_000_000;
    if is_new && (accounts.directory.is_kept(&name, now) || name.is_of_removed()) {
        return cx.refuse(conn, Kind::Identify, Refusal::ReservedName);
    }
    cx.answer(conn, Kind::Identify, Done::PasswordWanted { name, is_new });
}
