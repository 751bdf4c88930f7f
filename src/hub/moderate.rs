//! The way of an administrator's request to the domain that carries it out.

use crate::chat::answer::Item;
use crate::chat::kind::Kind;
use crate::chat::moderation::Moderation;
use crate::chat::name::UserRef;
use crate::chat::refusal::Refusal;
use crate::chat::term::Term;
use crate::chat::text::Reason;
use crate::hub::context::Cx;
use crate::hub::domains::Domains;
use crate::hub::input::ConnId;
use crate::hub::lifecycle::settle;
use crate::hub::sessions::replies::Reply;

/// Hands a request of an administrator, who may make it, to the domain that carries it out.
pub fn moderate(domains: &mut Domains, conn: ConnId, request: Moderation, cx: &mut Cx<'_>) {
    let Some(caller) = cx.caller(conn) else { return };
    let of = request.kind();
    match request {
        Moderation::Kick { user, reason } => kick(domains, conn, user, reason, cx),
        Moderation::Ban { user, term: Term::Ever, reason: _ } => {
            domains.admin.ban(caller, user, true, &domains.accounts, cx);
        }
        Moderation::Unban(user) => domains.admin.ban(caller, user, false, &domains.accounts, cx),
        Moderation::Admin { user, admin } => {
            domains.admin.set_administrator(caller, user, admin, &domains.accounts, cx);
        }
        Moderation::Dump => cx.reply(conn, Reply::Figures),
        Moderation::Shutdown { seconds } => {
            domains.admin.shut_down(caller, seconds, &domains.accounts, cx);
        }
        Moderation::Ban { .. }
        | Moderation::LogOut(_)
        | Moderation::BanNetwork { .. }
        | Moderation::UnbanNetwork(_)
        | Moderation::Bans
        | Moderation::Mute { .. }
        | Moderation::ResetPassword(_)
        | Moderation::AddUser(_)
        | Moderation::Accounts { .. } => cx.refuse(conn, of, Refusal::NotYet),
        Moderation::Remove { .. } | Moderation::Reports | Moderation::Resolve(_) => {
            cx.refuse(conn, of, Refusal::NotYet);
        }
        Moderation::Registration(_)
        | Moderation::Invite { .. }
        | Moderation::Invites
        | Moderation::Uninvite(_)
        | Moderation::Lockdown(_) => cx.refuse(conn, of, Refusal::NotYet),
        Moderation::Audit(count) => audit(conn, count, cx),
    }
}

/// Lists the last lines of the audit log.
fn audit(conn: ConnId, count: u16, cx: &mut Cx<'_>) {
    if !cx.core.audit.is_kept() {
        return cx.refuse(conn, Kind::Audit, Refusal::AuditOff);
    }
    let lines: Vec<Item> = cx.core.audit.last(count).map(|line| Item::Line(line.into())).collect();
    cx.list(conn, Kind::Audit, lines);
}

/// Ends a user's sessions, and then answers the administrator.
fn kick(
    domains: &mut Domains,
    conn: ConnId,
    user: UserRef,
    reason: Option<Reason>,
    cx: &mut Cx<'_>,
) {
    let Some(caller) = cx.caller(conn) else { return };
    let people = (&domains.accounts, &domains.presence);
    let result = domains.admin.kick(caller, user, reason, people, cx);
    settle(domains, cx);
    cx.conclude(conn, Kind::Kick, result);
}
