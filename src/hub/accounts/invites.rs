//! Invitations: the codes with which new accounts can be made, known by their hashes alone.

use std::collections::BTreeMap;

use crate::chat::moderation::InviteLine;
use crate::chat::name::{Number, UserName};
use crate::chat::registration::{INVITE_START_CHARS, Invite, InviteCode};
use crate::chat::sha256::Sha256Sum;
use crate::limits::INVITES_MAX;

/// All invitations that are good, and perhaps some that were.
#[derive(Debug, Default)]
pub struct Invites {
    all: BTreeMap<[u8; 32], OpenInvite>,
    /// The number of invitations that are being kept.
    making: usize,
}

/// An invitation, and how many accounts are being made with it.
#[derive(Debug)]
struct OpenInvite {
    kept: Invite,
    taken: u32,
}

impl OpenInvite {
    /// How many more accounts it may make, from a time on, in seconds since the Unix epoch.
    fn uses(&self, now: u64) -> u32 {
        if self.kept.until.is_over(now) { 0 } else { self.kept.uses.saturating_sub(self.taken) }
    }
}

impl Invites {
    /// Creates the invitations that the store kept.
    pub fn new(kept: Vec<Invite>) -> Self {
        let mut invites = Invites::default();
        kept.into_iter().for_each(|invite| invites.insert(invite));
        invites
    }

    /// Forgets those whose time is over, and returns true if there may be one more, which is being
    /// kept from now on.
    pub fn begin(&mut self, now: u64) -> bool {
        self.all.retain(|_, invite| invite.taken > 0 || !invite.kept.until.is_over(now));
        let has_room = self.all.len() + self.making < INVITES_MAX;
        self.making += usize::from(has_room);
        has_room
    }

    /// Takes the outcome of what [`begin`](Self::begin) has begun: none if it was not kept.
    pub fn made(&mut self, invite: Option<Invite>) {
        self.making -= 1;
        invite.into_iter().for_each(|invite| self.insert(invite));
    }

    fn insert(&mut self, invite: Invite) {
        self.all.insert(invite.code.0, OpenInvite { kept: invite, taken: 0 });
    }

    /// Returns true if an account can be made with a code.
    pub fn is_good(&self, code: &InviteCode, now: u64) -> bool {
        self.all.get(&code.sum().0).is_some_and(|invite| invite.uses(now) > 0)
    }

    /// Takes one use of a code, which is good, for an account that is being made.
    pub fn take(&mut self, code: &InviteCode) -> Sha256Sum {
        let sum = code.sum();
        if let Some(invite) = self.all.get_mut(&sum.0) {
            invite.taken += 1;
        }
        sum
    }

    /// The account for which a use was taken was made, or was not. An invitation that was used up
    /// is gone.
    pub fn settle(&mut self, code: Sha256Sum, is_made: bool) {
        let Some(invite) = self.all.get_mut(&code.0) else { return };
        invite.taken = invite.taken.saturating_sub(1);
        invite.kept.uses = invite.kept.uses.saturating_sub(u32::from(is_made));
        if invite.kept.uses == 0 {
            self.all.remove(&code.0);
        }
    }

    /// The invitations with that code, or with that start of it.
    pub fn find(&self, code: &InviteCode) -> Vec<Sha256Sum> {
        if code.expose().len() == INVITE_START_CHARS {
            let all = self.all.values().map(|invite| &invite.kept);
            return all.filter(|one| *one.start == *code.expose()).map(|one| one.code).collect();
        }
        let sum = code.sum();
        self.all.contains_key(&sum.0).then_some(sum).into_iter().collect()
    }

    /// Forgets invitations that were taken back.
    pub fn remove(&mut self, codes: &[Sha256Sum]) {
        codes.iter().for_each(|code| drop(self.all.remove(&code.0)));
    }

    /// The invitations that are good, by the start of their codes.
    pub fn list(&self, now: u64, name: impl Fn(Number) -> UserName) -> Vec<InviteLine> {
        let good = self.all.values().filter(|invite| invite.uses(now) > 0);
        let line = |invite: &OpenInvite| InviteLine {
            start: invite.kept.start.clone(),
            uses: invite.uses(now),
            until: invite.kept.until,
            by: name(invite.kept.by),
        };
        let mut lines: Vec<InviteLine> = good.map(line).collect();
        lines.sort_by(|one, other| one.start.cmp(&other.start));
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::term::Until;

    fn code(text: &str) -> InviteCode {
        text.parse().unwrap()
    }

    fn invite(text: &str, uses: u32, until: Until) -> Invite {
        let (code, start) = (code(text).sum(), text[..INVITE_START_CHARS].into());
        Invite { code, start, uses, until, by: Number(10_001) }
    }

    #[test]
    fn a_use_is_taken_once_and_given_back_where_no_account_was_made() {
        let good = code("abcdefghijkmnpqr");
        let mut invites = Invites::new(vec![invite(good.expose(), 1, Until::Time(20))]);
        assert!(invites.is_good(&good, 19) && !invites.is_good(&good, 20));
        let sum = invites.take(&good);
        assert!(!invites.is_good(&good, 0), "the last use is taken");
        invites.settle(sum, false);
        assert!(invites.is_good(&good, 0));
        invites.take(&good);
        invites.settle(sum, true);
        assert!(!invites.is_good(&good, 0) && invites.find(&good).is_empty());
    }

    #[test]
    fn there_are_so_many_and_the_late_ones_make_room() {
        let mut invites = Invites::default();
        for at in 0..INVITES_MAX {
            assert!(invites.begin(0));
            let until = if at == 0 { Until::Time(9) } else { Until::Ever };
            invites.made(Some(invite(&format!("{at:04}efghijkmnpqr"), 1, until)));
        }
        assert!(!invites.begin(8) && invites.begin(9) && !invites.begin(9));
        invites.made(None);
        assert!(invites.begin(9));
    }

    #[test]
    fn one_is_found_by_its_code_and_by_the_start_of_it() {
        let all = ["abcdefghijkmnpqr", "abcdzzzzzzzzzzzz", "xyz2zzzzzzzzzzzz"];
        let invites = Invites::new(all.map(|text| invite(text, 1, Until::Ever)).into());
        assert_eq!(invites.find(&code(all[0])), [code(all[0]).sum()]);
        assert_eq!(invites.find(&code("abcd")).len(), 2);
        assert_eq!(invites.find(&code("xyz2")), [code(all[2]).sum()]);
        for none in ["xyz", "xyz2z", "abcdefghijkmnpqs"] {
            assert_eq!(invites.find(&code(none)), [], "{none}");
        }
    }
}
