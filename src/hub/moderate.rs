//! The way of an administrator's request to the domain that carries it out.

use crate::chat::answer::{Done, Item};
use crate::chat::kind::Kind;
use crate::chat::moderation::{BanLine, Banned, Moderation};
use crate::chat::name::UserRef;
use crate::chat::refusal::Refusal;
use crate::chat::registration::Registration;
use crate::chat::sanction::Sanction;
use crate::chat::text::Reason;
use crate::hub::accounts::Accounts;
use crate::hub::audit::Deed;
use crate::hub::context::{Caller, Cx};
use crate::hub::decision::{Sentence, UserSanction};
use crate::hub::domains::Domains;
use crate::hub::input::ConnId;
use crate::hub::lifecycle::settle;
use crate::hub::sessions::replies::Reply;

/// Hands a request of an administrator, who may make it, to the domain that carries it out.
pub fn moderate(domains: &mut Domains, conn: ConnId, request: Moderation, cx: &mut Cx<'_>) {
    let Some(caller) = cx.caller(conn) else { return };
    match request {
        Moderation::Kick { user, reason } => kick(domains, caller, user, reason, cx),
        Moderation::Ban { .. }
        | Moderation::Unban(_)
        | Moderation::BanNetwork { .. }
        | Moderation::UnbanNetwork(_)
        | Moderation::Mute { .. }
        | Moderation::Bans => sanction(domains, caller, request, cx),
        Moderation::Admin { user, admin } => {
            domains.admin.set_administrator(caller, user, admin, &domains.accounts, cx);
        }
        Moderation::Dump => cx.reply(conn, Reply::Figures),
        Moderation::Shutdown { seconds } => {
            domains.admin.shut_down(caller, seconds, &domains.accounts, cx);
        }
        Moderation::Reports => domains.reports.list(conn, &domains.accounts, cx),
        Moderation::Resolve(number) => domains.reports.resolve(caller, number, cx),
        Moderation::Remove { user, erase } => {
            domains.removals.remove(caller, (user, erase), &domains.accounts, cx);
        }
        Moderation::LogOut(user) => {
            let people = (&domains.accounts, &domains.presence);
            domains.admin.log_out(caller, user, people, cx);
        }
        Moderation::ResetPassword(user) => {
            domains.admin.reset_password(caller, user, &domains.accounts, cx);
        }
        Moderation::AddUser(name) => {
            domains.admin.add_user(caller, name, &mut domains.accounts, cx);
        }
        Moderation::Accounts { after } => domains.whois.list_accounts(conn, after, cx),
        Moderation::Lockdown(on) => lock_down(caller, on, &mut domains.accounts, cx),
        Moderation::Registration(how) => registration(caller, how, &mut domains.accounts, cx),
        Moderation::Invite { uses, term } => {
            domains.admin.invite(caller, (uses, term), &mut domains.accounts, cx);
        }
        Moderation::Uninvite(code) => domains.admin.uninvite(caller, &code, &domains.accounts, cx),
        Moderation::Invites => cx.list(conn, Kind::Invites, invites(&domains.accounts, cx)),
        Moderation::Audit(count) => audit(conn, count, cx),
    }
}

/// Decides who may make an account, or only tells.
fn registration(
    Caller { conn, user }: Caller,
    how: Option<Registration>,
    accounts: &mut Accounts,
    cx: &mut Cx<'_>,
) {
    if let Some(how) = how {
        accounts.doors.set_registration(how);
        let deed = Deed::of("registration", None).by(accounts.name(user)).over(conn);
        cx.audit(&deed.with(format_args!("how={how}")));
    }
    cx.answer(conn, Kind::Registration, Done::Registration(accounts.doors.registration()));
}

/// Shuts the door to strangers, or opens it again.
fn lock_down(Caller { conn, user }: Caller, on: bool, accounts: &mut Accounts, cx: &mut Cx<'_>) {
    accounts.doors.lock_down(on);
    let deed = Deed::of("lockdown", None).by(accounts.name(user)).over(conn);
    cx.audit(&deed.with(format_args!("how={}", if on { "on" } else { "off" })));
    cx.answer(conn, Kind::Lockdown, Done::Switched(on));
}

/// Lists the last lines of the audit log.
fn audit(conn: ConnId, count: u16, cx: &mut Cx<'_>) {
    if !cx.core.audit.is_kept() {
        return cx.refuse(conn, Kind::Audit, Refusal::AuditOff);
    }
    let lines: Vec<Item> = cx.core.audit.last(count).map(|line| Item::Line(line.into())).collect();
    cx.list(conn, Kind::Audit, lines);
}

/// Carries out a request about bans and mutes.
fn sanction(domains: &mut Domains, caller: Caller, request: Moderation, cx: &mut Cx<'_>) {
    let Domains { admin, accounts, .. } = domains;
    match request {
        Moderation::Ban { user, term, reason } => {
            let sentence = Some(Sentence { term, reason });
            admin.sanction_user(caller, (user, UserSanction::Ban), sentence, accounts, cx);
        }
        Moderation::Unban(user) => {
            admin.sanction_user(caller, (user, UserSanction::Ban), None, accounts, cx);
        }
        Moderation::Mute { user, term, reason } => {
            let sentence = term.map(|term| Sentence { term, reason });
            admin.sanction_user(caller, (user, UserSanction::Mute), sentence, accounts, cx);
        }
        Moderation::BanNetwork { network, term, reason } => {
            admin.ban_network(caller, network, Sentence { term, reason }, accounts, cx);
        }
        Moderation::UnbanNetwork(network) => admin.unban_network(caller, network, accounts, cx),
        Moderation::Bans => cx.list(caller.conn, Kind::Bans, bans(accounts)),
        other => debug_assert!(false, "{other:?} is no sanction"),
    }
}

/// The items of the list of invitations.
fn invites(accounts: &Accounts, cx: &Cx<'_>) -> Vec<Item> {
    let lines = accounts.doors.invites.list(cx.core.seconds(), |by| accounts.name_of(by));
    lines.into_iter().map(Box::new).map(Item::Invite).collect()
}

/// The items of the list of bans: users, the oldest ban first, then networks.
fn bans(accounts: &Accounts) -> Vec<Item> {
    let line = |whom, ban: &Sanction| BanLine {
        whom,
        by: accounts.name_of(ban.by),
        since: ban.since,
        until: ban.until,
        reason: ban.reason.clone(),
    };
    let sanctions = &accounts.roles.sanctions;
    let users = sanctions.bans().map(|(user, ban)| line(Banned::User(accounts.name(user)), ban));
    let mut users: Vec<BanLine> = users.collect();
    users.sort_by_key(|ban| ban.since);
    let networks = sanctions.networks().map(|(network, ban)| line(Banned::Network(network), ban));
    users.into_iter().chain(networks).map(Box::new).map(Item::Ban).collect()
}

/// Ends a user's sessions, and then answers the administrator.
fn kick(
    domains: &mut Domains,
    caller: Caller,
    user: UserRef,
    reason: Option<Reason>,
    cx: &mut Cx<'_>,
) {
    let people = (&domains.accounts, &domains.presence);
    let result = domains.admin.kick(caller, user, reason, people, cx);
    settle(domains, cx);
    cx.conclude(caller.conn, Kind::Kick, result);
}
