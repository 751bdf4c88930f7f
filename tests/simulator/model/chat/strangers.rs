//! Who is no member of a group and has to do with it: plain lists of what happened, walked through
//! whole.

use std::collections::BTreeSet;

use chatsrv::chat::entry::NewGroup;
use chatsrv::chat::group::{GroupRecord, ShutOut, TurnedDown};
use chatsrv::chat::name::Number;
use chatsrv::limits::GROUP_TURNED_DOWN_MAX;

use super::change::Refused;

/// A day, in microseconds.
const DAY: u64 = 24 * 60 * 60 * 1_000_000;

/// The strangers of one group.
#[derive(Debug, Default)]
pub struct Strangers {
    /// Who was asked to join, oldest first.
    pub asked: Vec<Number>,
    /// Who of them ignores who asked, by number.
    pub unheard: BTreeSet<Number>,
    /// Who asks to join, oldest first.
    pub asking: Vec<Number>,
    /// Who may not come in, oldest first.
    pub shut_out: Vec<ShutOut>,
    /// Who declined, and when that was last.
    declined: Vec<(Number, u64)>,
    /// Every time that an op refused somebody, oldest first.
    refused: Vec<(Number, u64)>,
}

impl Strangers {
    /// Those of a group that begins.
    pub fn who_are_asked(new: &NewGroup) -> Self {
        let (asked, unheard) = (new.asked.clone(), new.unheard.iter().copied().collect());
        Strangers { asked, unheard, ..Strangers::default() }
    }

    /// Those of a group that was kept. A change may have got lost: whoever became a member waits
    /// for nobody, whoever was asked does not ask, and neither of these is shut out.
    pub fn of(record: &GroupRecord, is_member: impl Fn(Number) -> bool) -> Self {
        let mut strangers = Strangers {
            asked: record.asked.clone(),
            unheard: record.unheard.iter().copied().collect(),
            asking: record.asking.clone(),
            shut_out: record.shut_out.clone(),
            declined: Vec::new(),
            refused: Vec::new(),
        };
        for (user, TurnedDown { declined, refused }) in &record.turned_down {
            let happened = |time: &u64| *time > 0;
            let declined = Some(*declined).filter(happened);
            strangers.declined.extend(declined.map(|at| (*user, at)));
            let refused = refused.iter().copied().filter(happened);
            strangers.refused.extend(refused.map(|at| (*user, at)));
        }
        strangers.asked.retain(|user| !is_member(*user));
        strangers.unheard.retain(|user| strangers.asked.contains(user));
        strangers.asking.retain(|user| !is_member(*user) && !strangers.asked.contains(user));
        let Strangers { asked, asking, shut_out, declined, refused, .. } = &mut strangers;
        let waits = |user: Number| asked.contains(&user) || asking.contains(&user);
        shut_out.retain(|one| !is_member(one.user) && !waits(one.user));
        declined.retain(|(user, _)| !is_member(*user));
        refused.retain(|(user, _)| !is_member(*user));
        strangers
    }

    pub fn is_shut_out(&self, user: Number) -> bool {
        self.shut_out.iter().any(|one| one.user == user)
    }

    /// Somebody becomes a member, and nothing of this matters any more.
    pub fn comes_in(&mut self, user: Number) {
        self.asked.retain(|other| *other != user);
        self.unheard.remove(&user);
        self.asking.retain(|other| *other != user);
        self.declined.retain(|(other, _)| *other != user);
        self.refused.retain(|(other, _)| *other != user);
    }

    /// Somebody is nobody any more.
    pub fn forget(&mut self, user: Number) {
        self.comes_in(user);
        self.shut_out.retain(|one| one.user != user);
    }

    pub fn declines(&mut self, user: Number, now: u64) {
        self.asked.retain(|other| *other != user);
        self.unheard.remove(&user);
        self.declined.retain(|(other, _)| *other != user);
        self.declined.push((user, now));
        self.forget_some(user);
    }

    pub fn is_refused(&mut self, user: Number, now: u64) {
        self.asking.retain(|other| *other != user);
        self.refused.push((user, now));
        self.forget_some(user);
    }

    /// Only of so many it is remembered; the one for whom it is longest ago is forgotten.
    fn forget_some(&mut self, but: Number) {
        let all = self.turned_down_by_number();
        if all.len() <= GROUP_TURNED_DOWN_MAX {
            return;
        }
        let others = all.iter().filter(|(user, _)| *user != but);
        let oldest = others.min_by_key(|(_, times)| times.latest()).map(|(user, _)| *user);
        self.declined.retain(|(user, _)| Some(*user) != oldest);
        self.refused.retain(|(user, _)| Some(*user) != oldest);
    }

    /// Whoever declined is left alone for a day.
    pub fn may_be_asked(&self, user: Number, now: u64) -> Result<(), Refused> {
        let declined = self.declined.iter().find(|(other, _)| *other == user);
        declined.map_or(Ok(()), |(_, at)| a_day_has_passed(*at, now))
    }

    /// Whoever was refused three times in a day leaves the ops alone for a day.
    pub fn may_ask(&self, user: Number, now: u64) -> Result<(), Refused> {
        match self.times_refused(user)[..] {
            [first, _, last] if last < first + DAY => a_day_has_passed(last, now),
            _ => Ok(()),
        }
    }

    /// The last three times at most that somebody was refused, oldest first.
    fn times_refused(&self, user: Number) -> Vec<u64> {
        let all = self.refused.iter().filter(|(other, _)| *other == user);
        let all: Vec<u64> = all.map(|(_, at)| *at).collect();
        all[all.len().saturating_sub(3)..].to_vec()
    }

    pub fn shut_out_by_number(&self) -> Vec<ShutOut> {
        let mut all = self.shut_out.clone();
        all.sort_by_key(|one| one.user);
        all
    }

    pub fn turned_down_by_number(&self) -> Vec<(Number, TurnedDown)> {
        let both = self.declined.iter().chain(&self.refused);
        let mut users: Vec<Number> = both.map(|(user, _)| *user).collect();
        users.sort_unstable();
        users.dedup();
        let times = |user| {
            let declined = self.declined.iter().find(|(other, _)| *other == user);
            let declined = declined.map_or(0, |(_, at)| *at);
            let mut refused = [0; 3];
            for (place, at) in self.times_refused(user).into_iter().rev().enumerate() {
                refused[2 - place] = at;
            }
            (user, TurnedDown { declined, refused })
        };
        users.into_iter().map(times).collect()
    }
}

fn a_day_has_passed(since: u64, now: u64) -> Result<(), Refused> {
    match (since + DAY).saturating_sub(now) {
        0 => Ok(()),
        left => Err(Refused::Later(left.div_ceil(1_000_000))),
    }
}
