//! Accounts that are being made, from the password to the disk.

use crate::chat::account::Account;
use crate::chat::address::Address;
use crate::chat::kind::Kind;
use crate::chat::name::UserName;
use crate::chat::refusal::Refusal;
use crate::chat::registration::InviteCode;
use crate::chat::request::Place;
use crate::chat::sha256::Sha256Sum;
use crate::hub::accounts::Accounts;
use crate::hub::accounts::names::check_new_name;
use crate::hub::context::Cx;
use crate::hub::counters::LoginResult;
use crate::hub::identify::{count_login, count_registration};
use crate::hub::input::ConnId;
use crate::hub::job::{Outcome, Value};
use crate::hub::try_again::{not_checked, start_over};

/// An account that is being made.
#[derive(Debug)]
pub struct NewAccount {
    pub conn: ConnId,
    pub from: Address,
    pub account: Account,
    pub place: Place,
    /// The invitation of which a use is taken, if it is made with one.
    pub invite: Option<Sha256Sum>,
}

impl NewAccount {
    /// Reserves a name for a session. With an invitation, which is good, it does not count as a
    /// registration of its network. If it can't be, the session is told so.
    pub fn reserve(
        conn: ConnId,
        name: UserName,
        (place, invite): (Place, Option<InviteCode>),
        accounts: &mut Accounts,
        cx: &mut Cx<'_>,
    ) -> Option<NewAccount> {
        let from = match &invite {
            Some(_) => count_login(conn, Kind::LogIn, accounts, cx)?,
            None => count_registration(conn, accounts, cx)?,
        };
        let now = cx.core.seconds();
        let names = (&accounts.directory, &accounts.roles);
        let is_free = check_new_name(&name, None, names, cx.core).is_ok();
        let mut reserve = || accounts.directory.reserve(name, now, &mut cx.core.rng);
        let Some(account) = (if is_free { reserve() } else { None }) else {
            if invite.is_none() {
                accounts.arrivals.did_not_register(from, cx.core.now.monotonic);
            }
            cx.refuse(conn, Kind::LogIn, Refusal::UserNameTaken);
            return None;
        };
        let invite = invite.map(|code| accounts.doors.invites.take(&code));
        Some(NewAccount { conn, from, account, place, invite })
    }

    /// Takes the outcome of keeping it. Returns true if it is on disk.
    pub fn settle(&self, outcome: &Outcome, accounts: &mut Accounts, cx: &mut Cx<'_>) -> bool {
        let is_made = *outcome == Ok(Value::Done);
        if let Some(invite) = self.invite {
            accounts.doors.invites.settle(invite, is_made);
        }
        if is_made {
            cx.core.counters.login(LoginResult::Registered);
            return true;
        }
        accounts.directory.release(&self.account);
        if self.invite.is_none() {
            accounts.arrivals.did_not_register(self.from, cx.core.now.monotonic);
        }
        cx.core.counters.login(LoginResult::Busy);
        start_over(self.conn, Kind::LogIn, not_checked(outcome), cx);
        false
    }
}
