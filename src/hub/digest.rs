//! What all entries have made, for tests: whoever decided the same entries, or starts with what was
//! kept of them, has the same.

use crate::hub::domains::Domains;

/// Whether all that entries have made is on disk.
pub fn is_kept(domains: &Domains) -> bool {
    let Domains { accounts, groups, admin, .. } = domains;
    groups.are_kept()
        && admin.jobs() == 0
        && accounts.jobs() == 0
        && accounts.directory.reservations() == 0
}

/// A line for each account, with whether it is banned, whether it is an administrator's, and the
/// groups of whose end it has yet to be told; and one for each group.
pub fn digest(domains: &Domains) -> Vec<String> {
    let Domains { accounts, groups, .. } = domains;
    let mut lines = Vec::new();
    for (user, account) in accounts.directory.iter() {
        let roles = &accounts.roles;
        let of_roles = (roles.is_banned(user), roles.is_administrator(user));
        lines.push(format!("{:?}", (account, of_roles, groups.untold(user))));
    }
    // Whoever starts has the accounts in another order.
    lines.sort_unstable();
    lines.extend(groups.records(accounts).map(|record| format!("{record:?}")));
    lines
}
