//! What entries make of the chat, and nothing else does: accounts, groups, and what was said. It is
//! the same on every machine that decides the same entries.
//!
//! It states the rules once more, apart from the hub. What it decides follows from the entries
//! before, from the entry and from its stamp; of sessions, jobs and disks it knows nothing.

pub mod change;
pub mod group;
pub mod groups;
pub mod messages;
pub mod people;
pub mod rules;
mod strangers;

use std::collections::BTreeMap;

use chatsrv::chat::entry::{Entry, Stamp};
use chatsrv::chat::group_action::GroupAction;
use chatsrv::chat::id::GroupId;
use chatsrv::chat::report::Report;
use chatsrv::chat::sanction::Sanctioned;
use chatsrv::hub::snapshot::Snapshot;

use self::change::{Change, Decision, Refused};
use self::groups::Groups;
use self::messages::Messages;
use self::people::People;

/// The chat as whoever reads all entries knows it.
pub struct ChatModel {
    pub people: People,
    pub groups: Groups,
    pub messages: Messages,
    /// What was told of whom and is not resolved, by number.
    pub reports: BTreeMap<u32, Report>,
}

impl ChatModel {
    /// The chat begins with what was kept, and nobody is there.
    pub fn new(kept: &Snapshot) -> Self {
        let people = People::new(kept);
        let groups = Groups::new(kept, &people);
        let open = kept.reports.all.iter().filter(|(_, is_open)| *is_open);
        let reports = open.map(|(report, _)| (report.number, report.clone())).collect();
        ChatModel { people, groups, messages: Messages::default(), reports }
    }

    /// An entry is decided. Tells what comes of it.
    pub fn decide(&mut self, entry: &Entry, stamp: Stamp) -> Decision {
        let ChatModel { people, groups, messages, reports } = self;
        match entry {
            Entry::AccountRemoved { user, name, .. } => {
                let own: Vec<GroupId> = groups.of(*user).map(|(id, _)| id).collect();
                let leaves = GroupAction::Leave { user: *user, reason: None };
                let mut told = Vec::new();
                for id in own {
                    told.extend(groups.change(id, &leaves, stamp, people)?.told);
                }
                groups.forget(*user);
                people.remove(*user, *name);
                return Ok(Change::told(told));
            }
            Entry::ReportMade(report) => {
                let before = reports.insert(report.number, (**report).clone());
                assert_eq!(before, None, "a report is made twice");
                return Ok(Change::silent());
            }
            Entry::ReportResolved { number, .. } => {
                reports.remove(number);
                return Ok(Change::silent());
            }
            Entry::Said(said) => return messages.say(said, stamp, groups, people),
            Entry::Seen { reader, chat, id } => {
                return messages.see((*reader, *chat, *id), stamp, groups, people);
            }
            Entry::Deleted(deletion) => return messages.delete(deletion, stamp, groups, people),
            Entry::GroupMade(new) => return groups.make(new, stamp, people),
            Entry::GroupChanged(id, action) => return groups.change(*id, action, stamp, people),
            Entry::AccountAdded(account) => {
                people.add(account.clone());
                return Ok(Change::silent());
            }
            Entry::SanctionSet { whom, sanction, .. } => {
                people.set_sanction(*whom, sanction.clone());
                return Ok(Change::silent());
            }
            Entry::SanctionOver { whom, until } => {
                if people.sanction(*whom).is_some_and(|sanction| sanction.ends_at(*until)) {
                    people.set_sanction(*whom, None);
                }
                return Ok(Change::silent());
            }
            _ => {}
        }
        self.decide_on_user(entry)
    }

    fn decide_on_user(&mut self, entry: &Entry) -> Decision {
        let ChatModel { people, groups, .. } = self;
        match entry {
            Entry::DisplayNameSet(user, ..)
            | Entry::AdministratorSet { user, .. }
            | Entry::IgnoreSet { user, .. }
            | Entry::AskFirstSet { user, .. }
            | Entry::PasswordReset { user, .. }
            | Entry::PasswordReplaced(user)
            | Entry::CameOnline(user)
            | Entry::WentOffline { user, .. }
            | Entry::GroupsTold { user, .. }
                if !people.has(*user) =>
            {
                return Err(Refused::NotFound);
            }
            Entry::DisplayNameSet(user, display) => people.set_display(*user, display),
            Entry::AdministratorSet { user, admin, .. } => people.set_administrator(*user, *admin),
            Entry::AskFirstSet { user, on } => people.set_ask_first(*user, *on),
            Entry::IgnoreSet { user, whom, on } => people.set_ignored(*user, *whom, *on),
            Entry::PasswordReset { user, .. } => people.set_reset(*user, true),
            Entry::PasswordReplaced(user) => people.set_reset(*user, false),
            Entry::CameOnline(user) => {
                people.came(*user);
                groups.came(*user);
            }
            Entry::WentOffline { user, memberships_end } => {
                people.went(*user);
                groups.went(*user, *memberships_end);
            }
            Entry::GroupsTold { user, most } => groups.told(*user, *most),
            other => unreachable!("{other:?} is about more than a user"),
        }
        Ok(Change::silent())
    }

    /// All that entries have made of accounts and groups, as the hub's digest writes it.
    pub fn digest(&self) -> Vec<String> {
        let ChatModel { people, groups, reports, .. } = self;
        let accounts = people.accounts().map(|account| {
            let number = account.number;
            let ignored = people.ignored_by(number).collect::<Vec<_>>();
            let wishes = (ignored, people.asks_first(number));
            let ban = people.sanction(Sanctioned::Ban(number));
            let mute = people.sanction(Sanctioned::Mute(number));
            let is_admin = people.was_made_administrator(number);
            let roles = ((ban, mute), is_admin, people.has_to_reset(number));
            format!("{:?}", (account, roles, wishes, groups.ended(number)))
        });
        let mut lines: Vec<String> = accounts.collect();
        lines.extend(people.sanctions().filter_map(|(whom, ban)| match whom {
            Sanctioned::Network(network) => Some(format!("{:?}", (network, ban))),
            Sanctioned::Ban(_) | Sanctioned::Mute(_) => None,
        }));
        lines.sort_unstable();
        lines.extend(groups.groups.iter().map(|(id, group)| format!("{:?}", group.record(*id))));
        lines.extend(reports.values().map(|report| format!("{report:?}")));
        lines
    }
}
