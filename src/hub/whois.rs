//! WHOIS: what is known of a user. Everyone is told a part of it, and the user and administrators
//! all, for which the store has to be asked. ACCOUNTS: what administrators are told of all.

use crate::chat::account::{Account, AccountFacts, AccountRow};
use crate::chat::answer::{Answer, Done, Item, List};
use crate::chat::fact::Fact;
use crate::chat::kind::Kind;
use crate::chat::moderation::{AccountFlags, AccountLine};
use crate::chat::name::{UserName, UserRef};
use crate::chat::refusal::Refusal;
use crate::hub::accounts::directory::UserIndex;
use crate::hub::accounts::roles::Role;
use crate::hub::context::{Caller, Cx};
use crate::hub::input::ConnId;
use crate::hub::job::{Job, JobId, Outcome, Value};
use crate::hub::outcome::failed;
use crate::hub::pending::{Domain, Pending};
use crate::hub::people::People;
use crate::hub::reports::Reports;
use crate::hub::sessions::replies::Reply;

/// The whois domain.
#[derive(Debug)]
pub struct Whois {
    /// The sessions that are to get the whole list of a user, or without a user that of accounts.
    /// They are blocked until then.
    pending: Pending<(ConnId, Option<UserIndex>)>,
}

impl Default for Whois {
    fn default() -> Self {
        Whois { pending: Pending::new(Domain::Whois) }
    }
}

impl Whois {
    /// Handles WHOIS.
    pub fn ask(&mut self, caller: Caller, user: UserRef, people: People<'_>, cx: &mut Cx<'_>) {
        let Some(user) = people.accounts.find(user) else {
            return cx.refuse(caller.conn, Kind::Whois, Refusal::NoSuchUser);
        };
        let role = people.accounts.roles.of(Some(caller.user));
        if user != caller.user && role < Role::Administrator {
            return cx.list(caller.conn, Kind::Whois, facts_for_all(user, people));
        }
        let number = people.accounts.number(user);
        cx.block(caller.conn);
        self.pending.begin(Job::LookUpAccount(number), (caller.conn, Some(user)), cx);
    }

    /// Handles ACCOUNTS, of an administrator.
    pub fn list_accounts(&mut self, conn: ConnId, after: Option<UserName>, cx: &mut Cx<'_>) {
        cx.block(conn);
        self.pending.begin(Job::ListAccounts { after }, (conn, None), cx);
    }

    /// Takes the outcome of a job.
    pub fn done(
        &mut self,
        id: JobId,
        outcome: Outcome,
        (people, reports): (People<'_>, &Reports),
        cx: &mut Cx<'_>,
    ) {
        let Some((conn, user)) = self.pending.take(id) else { return };
        if !cx.unblock(conn) {
            return;
        }
        match (outcome, user) {
            (Ok(Value::Accounts { accounts, left }), None) => {
                let lines = accounts.iter().filter_map(|row| account_line(row, people, cx));
                let items: Vec<Item> = lines.map(Box::new).map(Item::Account).collect();
                let last = Answer { of: Kind::Accounts, result: Ok(Done::Left(left)) };
                let list = List::whole(Kind::Accounts, items.into(), None, last);
                cx.reply(conn, Reply::List(list));
            }
            (other, None) => cx.refuse(conn, Kind::Accounts, failed(&other)),
            (Ok(Value::Account(kept)), Some(user)) => {
                let mut facts = facts_for_all(user, people);
                facts.extend(other_facts(user, &kept, people, cx));
                let reports = reports.count(people.accounts.number(user));
                facts.push(Item::Fact(Fact::Reports(reports)));
                cx.list(conn, Kind::Whois, facts);
            }
            (other, Some(_)) => cx.refuse(conn, Kind::Whois, failed(&other)),
        }
    }

    /// The sessions that are blocked until their list is there.
    pub fn blocked(&self) -> impl Iterator<Item = ConnId> {
        self.pending.values().map(|(conn, _)| *conn)
    }

    /// The number of jobs under way.
    pub fn jobs(&self) -> usize {
        self.pending.len()
    }
}

/// What everyone may know of a user.
fn facts_for_all(user: UserIndex, People { accounts, presence, .. }: People<'_>) -> Vec<Item> {
    let Account { name, number, display, .. } = accounts.account(user);
    let away = presence.away(user).filter(|_| presence.is_online(user));
    let facts = [
        Fact::Name(*name),
        Fact::Number(*number),
        Fact::Display(*name, display.clone()),
        Fact::Since(presence.since(user)),
        Fact::Away(away.cloned()),
    ];
    facts.map(Item::Fact).into()
}

/// What only the user and administrators may know.
fn other_facts(
    user: UserIndex,
    kept: &AccountFacts,
    people: People<'_>,
    cx: &Cx<'_>,
) -> impl Iterator<Item = Item> {
    let sessions = people.presence.sessions_of(user).filter_map(|conn| cx.core.sessions.get(conn));
    let (addresses, encryptions): (Vec<_>, Vec<_>) =
        sessions.map(|session| (session.from, session.encryption)).unzip();
    let sessions = addresses.len();
    let last_seen = kept.last_seen.max(people.accounts.last_seen.get(user));
    let last_seen = last_seen.filter(|_| sessions == 0);
    let facts = [
        Fact::Created(kept.created),
        Fact::LastSeen(last_seen),
        Fact::LastAddress(kept.last_address),
        Fact::Addresses(distinct(addresses)),
        Fact::Encryptions(distinct(encryptions)),
        Fact::Sessions(sessions),
        Fact::Tokens(kept.tokens),
        Fact::Files(kept.files),
        Fact::Bytes(kept.bytes),
        Fact::Groups(people.groups.registry.of(user).count()),
        Fact::Banned(people.accounts.roles.is_banned(user)),
        Fact::Muted(people.accounts.muted(user, cx.core).is_some()),
    ];
    facts.into_iter().map(Item::Fact)
}

/// The line of an account in a list of accounts. Who is online was last here in this minute.
fn account_line(row: &AccountRow, people: People<'_>, cx: &Cx<'_>) -> Option<AccountLine> {
    let People { accounts, presence, .. } = people;
    let user = accounts.directory.find_number(row.number)?;
    let flags = AccountFlags {
        admin: accounts.roles.is_administrator(user),
        banned: accounts.roles.is_banned(user),
        muted: accounts.muted(user, cx.core).is_some(),
        online: presence.is_online(user),
    };
    let now = cx.core.seconds();
    let last_seen = match flags.online {
        true => Some(now - now % 60),
        false => row.last_seen.max(accounts.last_seen.get(user)),
    };
    let AccountRow { number, created, .. } = *row;
    Some(AccountLine { name: accounts.name(user), number, created, last_seen, flags })
}

/// The different ones of some values, in order.
fn distinct<T: Ord>(mut values: Vec<T>) -> Box<[T]> {
    values.sort_unstable();
    values.dedup();
    values.into()
}
