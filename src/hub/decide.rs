//! The decision on entries, which is the one way in which the chat changes.
//!
//! On one machine an entry is decided when it is proposed, with an id of this server's own
//! sequence. The domains hold the state that entries make. What differs from server to server
//! follows from that state: who is told, who waits for an answer, what is brought to the disk.

use crate::chat::answer::Done;
use crate::chat::close::CloseReason;
use crate::chat::entry::{Entry, Stamp};
use crate::chat::event::Event;
use crate::chat::name::{DisplayName, Number, UserName};
use crate::chat::sanction::{Sanction, Sanctioned};
use crate::chat::term::TimeLeft;
use crate::hub::audit::Deed;
use crate::hub::context::Cx;
use crate::hub::domains::Domains;
use crate::hub::proposal::{Asker, Proposal};
use crate::log::Quoted;

/// Decides on a proposal.
pub fn propose(domains: &mut Domains, proposal: Proposal, cx: &mut Cx<'_>) {
    let Proposal { entry, id, asker } = proposal;
    let id = id.unwrap_or_else(|| cx.core.sequence.newest());
    let stamp = Stamp { id, time: cx.core.log_time() };
    decide(domains, entry, stamp, asker, cx);
}

/// Decides on entries that no session asked for and that make nothing.
pub fn propose_all(
    domains: &mut Domains,
    entries: impl IntoIterator<Item = Entry>,
    cx: &mut Cx<'_>,
) {
    for entry in entries {
        propose(domains, Proposal::of_nobody(entry), cx);
    }
}

/// Judges an entry, and applies it or refuses it. The session that asked for it is answered.
fn decide(
    domains: &mut Domains,
    entry: Entry,
    stamp: Stamp,
    asker: Option<Asker>,
    cx: &mut Cx<'_>,
) {
    match entry {
        Entry::Said(said) => {
            let (messages, people) = domains.messages();
            messages.apply(said, stamp.id, asker, people, cx);
        }
        Entry::Seen { reader, chat, id } => {
            let untold = cx.core.unannounced.first(chat);
            let (messages, people) = domains.messages();
            messages.history.apply_seen((reader, chat, id), (stamp, untold), asker, people, cx);
        }
        Entry::Deleted(deletion) => {
            let (messages, people) = domains.messages();
            messages.apply_deletion(&deletion, stamp.time, asker, people, cx);
        }
        Entry::GroupMade(group) => {
            let (groups, users) = domains.groups();
            groups.made(&group, stamp, asker, users, cx);
        }
        Entry::GroupChanged(id, action) => {
            let (groups, users) = domains.groups();
            groups.change((id, &action), stamp, asker, users, cx);
        }
        Entry::DisplayNameSet(user, display) => {
            display_name_set(domains, user, display, asker, cx);
        }
        Entry::IgnoreSet { user, whom, on } => {
            let names = domains.accounts.set_ignored((user, whom), on);
            if let Some((user, whom)) = names {
                let more = format_args!("ignored={whom} on={on}");
                let conn = asker.map(|asker| asker.conn);
                cx.audit(&Deed::of("ignore", user).over(conn).with(more));
            }
            switched(on, asker, cx);
        }
        Entry::AccountRemoved { user, name, by: _, erase } => {
            account_removed(domains, (user, name), erase, stamp, cx);
        }
        Entry::ReportMade(report) => {
            let Domains { accounts, presence, reports, .. } = domains;
            reports.made(*report, asker, (accounts, presence), cx);
        }
        Entry::ReportResolved { number, by } => {
            let Domains { accounts, reports, .. } = domains;
            reports.resolved((number, by), asker, accounts, cx);
        }
        Entry::AskFirstSet { user, on } => {
            if let Some(user) = domains.accounts.directory.find_number(user) {
                domains.accounts.ask_first.say(user, on);
                let deed = Deed::of("askfirst", domains.accounts.name(user));
                let conn = asker.map(|asker| asker.conn);
                cx.audit(&deed.over(conn).with(format_args!("on={on}")));
            }
            switched(on, asker, cx);
        }
        about_a_user => apply_to_user(domains, about_a_user, cx),
    }
}

/// Answers the session that asked for something to be on or off, if one of this server did.
fn switched(on: bool, asker: Option<Asker>, cx: &mut Cx<'_>) {
    if let Some(Asker { conn, of }) = asker {
        cx.answer(conn, of, Done::Switched(on));
    }
}

/// Applies an entry about one user, which nothing can refuse.
fn apply_to_user(domains: &mut Domains, entry: Entry, cx: &mut Cx<'_>) {
    match entry {
        Entry::AccountAdded(account) => drop(domains.accounts.directory.add(account)),
        Entry::SanctionSet { whom, by: _, sanction } => {
            sanction_set(domains, whom, sanction, cx);
        }
        Entry::SanctionOver { whom, until } => sanction_over(domains, whom, until, cx),
        Entry::AdministratorSet { user, by: _, admin } => {
            domains.accounts.set_administrator(user, admin);
        }
        Entry::PasswordReset { user, by: _ } => domains.accounts.password_reset(user),
        Entry::PasswordReplaced(user) => domains.accounts.password_replaced(user),
        Entry::CameOnline(user) => {
            let Some(user) = domains.accounts.directory.find_number(user) else { return };
            domains.groups.came_online(user, &domains.accounts, cx);
        }
        Entry::WentOffline { user, memberships_end } => {
            let Some(user) = domains.accounts.directory.find_number(user) else { return };
            domains.groups.went_offline(user, memberships_end, &domains.accounts, cx);
        }
        Entry::GroupsTold { user, most } => {
            let Some(user) = domains.accounts.directory.find_number(user) else { return };
            domains.groups.told(user, most, &domains.accounts, cx);
        }
        other => debug_assert!(false, "{other:?} is about more than a user"),
    }
}

/// Removes an account. Its user is in no group any more, and what is left goes by another name.
fn account_removed(
    domains: &mut Domains,
    (number, name): (Number, UserName),
    erase: bool,
    stamp: Stamp,
    cx: &mut Cx<'_>,
) {
    let Some(user) = domains.accounts.directory.find_number(number) else { return };
    if domains.accounts.directory.is_removed(user) {
        return;
    }
    for session in domains.presence.open_sessions_of(user) {
        cx.close(session, CloseReason::AccountRemoved);
    }
    let (groups, users) = domains.groups();
    groups.forget(user, stamp, users, cx);
    domains.accounts.remove(user, name, stamp.time);
    domains.exports.owner_removed(number, cx);
    if erase {
        domains.removals.erase(number, cx);
    }
}

/// Gives a user a display name, and tells everyone but the session that asked for it.
fn display_name_set(
    domains: &mut Domains,
    user: Number,
    display: DisplayName,
    asker: Option<Asker>,
    cx: &mut Cx<'_>,
) {
    let Some(user) = domains.accounts.directory.find_number(user) else { return };
    domains.accounts.directory.set_display(user, display.clone());
    domains.presence.who_changed();
    if let Some(Asker { conn, of }) = asker {
        let name = format_args!("display={}", Quoted(display.as_str()));
        cx.audit(&Deed::of("nick", domains.accounts.name(user)).over(conn).with(name));
        cx.answer(conn, of, Done::Done);
    }
    let but = asker.map(|asker| asker.conn);
    let event = Event::Nick(domains.accounts.name(user), display);
    domains.presence.announce(user, event, but, &domains.accounts, cx);
}

/// Puts a sanction in the place of one before, or lifts it. With a ban, sessions are to end, and
/// groups are to get another admin; who is muted is told.
fn sanction_set(
    domains: &mut Domains,
    whom: Sanctioned,
    sanction: Option<Sanction>,
    cx: &mut Cx<'_>,
) {
    let begins = sanction.is_some();
    let before = domains.accounts.set_sanction(whom, sanction);
    match whom {
        Sanctioned::Mute(user) if begins || before.is_some() => tell_of_mute(domains, user, cx),
        Sanctioned::Mute(_) => {}
        Sanctioned::Ban(user) => {
            let Some(user) = domains.accounts.directory.find_number(user) else { return };
            for session in domains.presence.open_sessions_of(user).filter(|_| begins) {
                cx.close(session, CloseReason::Banned);
            }
            let (groups, users) = domains.groups();
            groups.ban_changed(user, users);
        }
        Sanctioned::Network(network) if begins => {
            let there = cx.core.sessions.iter();
            let exempt = &cx.core.config.arrivals.exempt;
            let is_shut_out = |from| network.contains(from) && !exempt.contains(from);
            let there = there.filter(|(_, session)| is_shut_out(session.from));
            for conn in there.map(|(conn, _)| conn).collect::<Vec<_>>() {
                cx.close(conn, CloseReason::AddressBanned);
            }
        }
        Sanctioned::Network(_) => {}
    }
}

/// Lifts a sanction that is over.
fn sanction_over(domains: &mut Domains, whom: Sanctioned, until: u64, cx: &mut Cx<'_>) {
    if domains.accounts.end_sanction(whom, until).is_none() {
        return;
    }
    match whom {
        Sanctioned::Ban(user) => {
            let Some(user) = domains.accounts.directory.find_number(user) else { return };
            let (groups, users) = domains.groups();
            groups.ban_changed(user, users);
        }
        Sanctioned::Mute(user) => tell_of_mute(domains, user, cx),
        Sanctioned::Network(_) => {}
    }
}

/// Tells a user of being muted, or of not being muted any more.
fn tell_of_mute(domains: &Domains, user: Number, cx: &mut Cx<'_>) {
    let Domains { accounts, presence, .. } = domains;
    let Some(user) = accounts.directory.find_number(user) else { return };
    let event = accounts.mute_event(user, cx.core);
    let event = event.unwrap_or(Event::Muted(TimeLeft::Seconds(0), None));
    cx.tell(event, presence.sessions_of(user));
}
