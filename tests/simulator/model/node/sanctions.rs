//! Bans of users and of networks, and who is muted; all of it ends by itself.

use std::collections::BTreeSet;

use chatsrv::chat::address::Address;
use chatsrv::chat::answer::Item;
use chatsrv::chat::entry::Entry;
use chatsrv::chat::event::Event;
use chatsrv::chat::moderation::{BanLine, Banned};
use chatsrv::chat::name::Number;
use chatsrv::chat::sanction::{Sanction, Sanctioned};
use chatsrv::chat::term::{TimeLeft, Until};
use chatsrv::hub::input::ConnId;
use chatsrv::hub::job::Job;
use chatsrv::protocol::native::code::Code;
use chatsrv::protocol::native::verb::Verb;

use super::NodeModel;

/// The end of sanctions.
#[derive(Default)]
pub struct Endings {
    /// Those whose end is being kept, or could not be and is to be tried again.
    under_way: BTreeSet<Sanctioned>,
    /// Who is to be told of being muted, or of not being muted any more.
    told: Vec<(Event, Vec<ConnId>)>,
    /// How many ended by themselves.
    pub count: u64,
}

impl Endings {
    /// The server died.
    pub fn forget(&mut self) {
        self.under_way.clear();
        self.told.clear();
    }
}

impl NodeModel {
    /// The time by which entries are decided, in whole seconds.
    pub(super) fn seconds(&self) -> u64 {
        self.log_time().0 / 1_000_000
    }

    /// Whether no connection from an address is taken.
    pub(super) fn is_covered(&self, from: Address, now: u64) -> bool {
        let is_exempt = self.config.arrivals.exempt.contains(from);
        !is_exempt
            && self.chat.people.sanctions().any(|(whom, sanction)| match whom {
                Sanctioned::Network(network) => {
                    network.contains(from) && !sanction.until.is_over(now)
                }
                Sanctioned::Ban(_) | Sanctioned::Mute(_) => false,
            })
    }

    /// The hub has the end of a sanction kept.
    pub(super) fn sanction_ends(&mut self, whom: Sanctioned, until: u64) {
        assert!(Until::Time(until).is_over(self.seconds()), "{whom:?} ends too early");
        let sanction = self.chat.people.sanction(whom);
        assert!(sanction.is_some_and(|sanction| sanction.ends_at(until)), "{whom:?}, {until}");
        self.endings.under_way.insert(whom);
    }

    /// Whatever is over ends when something is due.
    pub(super) fn check_endings(&self) {
        let now = self.seconds();
        for (whom, sanction) in self.chat.people.sanctions() {
            let ends = !sanction.until.is_over(now) || self.endings.under_way.contains(&whom);
            assert!(ends, "{whom:?} ought to end: {sanction:?}");
        }
    }

    /// The store has kept what became of a sanction.
    pub(super) fn sanction_kept(&mut self, by: Number, job: &Job) {
        let (whom, entry) = match job {
            Job::SetSanction { whom, sanction } => {
                let sanction = sanction.clone();
                (*whom, Entry::SanctionSet { whom: *whom, by, sanction })
            }
            Job::EndSanction { whom, until } => {
                self.endings.count += 1;
                (*whom, Entry::SanctionOver { whom: *whom, until: *until })
            }
            _ => return,
        };
        self.endings.under_way.remove(&whom);
        let begins = matches!(&entry, Entry::SanctionSet { sanction: Some(_), .. });
        let before = self.chat.people.sanction(whom).cloned();
        self.propose_surely(entry);
        let after = self.chat.people.sanction(whom);
        match whom {
            Sanctioned::Ban(user) => self.ban_changed(user),
            // The end of a mute that another one has replaced changes nothing.
            Sanctioned::Mute(user) if begins || before.as_ref() != after => {
                let event = self.mute_event(user);
                let event = event.unwrap_or(Event::Muted(TimeLeft::Seconds(0), None));
                let own = self.online().filter(|(other, _)| *other == user);
                let own: Vec<ConnId> = own.map(|(_, conn)| conn).collect();
                if !own.is_empty() {
                    self.endings.told.push((event, own));
                }
            }
            Sanctioned::Mute(_) | Sanctioned::Network(_) => {}
        }
    }

    /// How long somebody is still muted.
    pub(super) fn muted(&self, user: Number) -> Option<TimeLeft> {
        let mute = self.chat.people.sanction(Sanctioned::Mute(user))?;
        match mute.until {
            Until::Ever => Some(TimeLeft::Ever),
            Until::Time(end) => {
                let left = (end * 1_000_000).checked_sub(self.log_time().0);
                let left = left.filter(|left| *left > 0)?;
                Some(TimeLeft::Seconds((left / 1_000_000).max(1) as u32))
            }
        }
    }

    fn mute_event(&self, user: Number) -> Option<Event> {
        let reason = self.chat.people.sanction(Sanctioned::Mute(user))?.reason.clone();
        Some(Event::Muted(self.muted(user)?, reason))
    }

    /// Somebody is welcomed, and told of being muted.
    pub(super) fn mute_is_told(&mut self, conn: ConnId, user: Number) {
        let event = self.mute_event(user);
        self.endings.told.extend(event.map(|event| (event, vec![conn])));
    }

    /// Whether somebody may not use a verb, being muted.
    pub(super) fn is_silenced(&self, user: Number, verb: Verb) -> bool {
        use Verb::{Ask, Away, Call, Dm, Join, Mkgroup, Mkgroupreq, Mkpublic};
        use Verb::{Nick, Pm, Put, Sendfile, Topic};
        let is_speech = matches!(verb, Pm | Dm | Sendfile | Put | Mkgroup | Mkgroupreq | Mkpublic)
            || matches!(verb, Join | Call | Topic | Ask | Nick | Away);
        is_speech && self.muted(user).is_some()
    }

    /// Whether somebody may not use a verb before the password is replaced.
    pub(super) fn has_to_reset(&self, user: Number, verb: Verb) -> bool {
        let is_open = matches!(verb, Verb::Passwd | Verb::Help | Verb::Alive | Verb::Ex);
        !is_open && self.chat.people.has_to_reset(user)
    }

    /// A command is refused since the password has to be replaced first.
    pub(super) fn refused_until_reset(&mut self, conn: ConnId, verb: Verb) {
        match verb {
            Verb::Delete => self.deletion_refused(conn),
            verb => self.group_command_refused(conn, verb, Code::NotAllowed),
        }
    }

    /// The store has kept the end of tokens, or another password, or has not.
    pub(super) fn credentials_kept(&mut self, by: Number, job: &Job) {
        match job {
            Job::ResetPassword { number, .. } => {
                self.propose_surely(Entry::PasswordReset { user: *number, by });
                self.logged_out = self.open_sessions(*number).collect();
            }
            Job::AddAccount { account, .. } => {
                let user = account.number;
                self.propose_surely(Entry::AccountAdded(account.clone()));
                self.propose_surely(Entry::PasswordReset { user, by });
            }
            Job::SetPassword { number, .. } if self.chat.people.has_to_reset(*number) => {
                self.propose_surely(Entry::PasswordReplaced(*number));
            }
            _ => {}
        }
    }

    /// Who ought to have been told of being muted, or of not being muted any more.
    pub(super) fn check_mutes(&mut self, told: &[(Event, Vec<ConnId>)]) {
        assert_eq!(told, std::mem::take(&mut self.endings.told));
    }

    /// What BANS ought to list.
    pub(super) fn bans(&self) -> Vec<Item> {
        let line = |(whom, sanction): (Sanctioned, &Sanction)| {
            let whom = match whom {
                Sanctioned::Ban(user) => Banned::User(self.name(user)),
                Sanctioned::Network(network) => Banned::Network(network),
                Sanctioned::Mute(_) => return None,
            };
            let Sanction { by, since, until, reason } = sanction.clone();
            Some(Item::Ban(Box::new(BanLine { whom, by: self.name(by), since, until, reason })))
        };
        self.chat.people.sanctions().filter_map(line).collect()
    }
}
