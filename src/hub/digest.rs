//! The digest of all that entries have made, for tests. It is the same for the same entries, and
//! after a restart with what was kept of them.

use crate::hub::domains::Domains;

/// Returns true if everything that entries have made is on disk.
pub fn is_kept(domains: &Domains) -> bool {
    let Domains { accounts, groups, admin, reports, removals, .. } = domains;
    groups.are_kept()
        && admin.jobs() == 0
        && reports.jobs() == 0
        && removals.removing() == 0
        && accounts.jobs() == 0
        && accounts.directory.reservations() == 0
}

/// The digest: a line for each account, with its roles and the groups of whose end it has yet to be
/// told; a line for each banned network; then a line for each group, and for each report that is
/// not resolved.
pub fn digest(domains: &Domains) -> Vec<String> {
    let Domains { accounts, groups, reports, .. } = domains;
    let mut lines = Vec::new();
    for (user, account) in accounts.directory.iter() {
        let roles = &accounts.roles;
        let ignored = accounts.ignored.of(user).map(|whom| accounts.number(whom));
        let mut ignored: Vec<_> = ignored.collect();
        ignored.sort_unstable();
        let wishes = (ignored, accounts.ask_first.said(user));
        let sanctions = (roles.sanctions.ban(user), roles.sanctions.mute(user));
        let of_roles = (sanctions, roles.is_administrator(user), accounts.has_to_reset(user));
        lines.push(format!("{:?}", (account, of_roles, wishes, groups.untold(user))));
    }
    let networks = accounts.roles.sanctions.networks();
    lines.extend(networks.map(|banned| format!("{banned:?}")));
    // After a restart the accounts are in another order.
    lines.sort_unstable();
    lines.extend(groups.records(accounts).map(|record| format!("{record:?}")));
    lines.extend(reports.open().map(|report| format!("{report:?}")));
    lines
}
