//! The users who are no members of a group and whom it remembers: they were asked to join or ask
//! to, they did not come together, or they are shut out.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::chat::group::{GroupRecord, ShutOut, TurnedDown};
use crate::chat::id::LogTime;
use crate::chat::name::Number;
use crate::hub::accounts::directory::{Directory, UserIndex};
use crate::limits::{GROUP_TURNED_DOWN_MAX, TURNED_DOWN_TIME};

/// The users whom a group remembers, though they are no members.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outsiders {
    /// The users who were asked to join and have not.
    pub asked: Vec<UserIndex>,
    /// Those of them who ignore the one who asked: they are not told, and nobody learns of that.
    pub unheard: BTreeSet<UserIndex>,
    /// The users who asked to join.
    pub asking: Vec<UserIndex>,
    /// The users who may not come in.
    pub shut_out: BTreeMap<UserIndex, ShutOut<UserIndex>>,
    /// The users who declined or were refused, and when.
    pub turned_down: BTreeMap<UserIndex, TurnedDown>,
}

impl Outsiders {
    /// Takes them from a record of a group. Of changes on their way to the disk later ones may be
    /// kept alone. So those who are members are left out, and whoever was asked or asks is not shut
    /// out any more.
    pub fn of_record(
        record: &GroupRecord,
        directory: &Directory,
        is_member: impl Fn(&UserIndex) -> bool,
    ) -> Self {
        let find = |number: &Number| directory.find_number(*number);
        let stays = |user: &UserIndex| !is_member(user) && !directory.is_removed(*user);
        let outside = |number| find(number).filter(stays);
        let asked: Vec<UserIndex> = record.asked.iter().filter_map(outside).collect();
        let asking = record.asking.iter().filter_map(outside);
        let asking: Vec<UserIndex> = asking.filter(|user| !asked.contains(user)).collect();
        let unheard = record.unheard.iter().filter_map(outside);
        let unheard = unheard.filter(|user| asked.contains(user)).collect();
        let is_candidate = |user: &UserIndex| asked.contains(user) || asking.contains(user);
        let shut_out = record.shut_out.iter().filter_map(|one| {
            let user = outside(&one.user).filter(|user| !is_candidate(user))?;
            Some((user, ShutOut { user, by: find(&one.by)?, since: one.since }))
        });
        let shut_out = shut_out.collect();
        let turned_down = record.turned_down.iter();
        let turned_down =
            turned_down.filter_map(|(number, times)| Some((outside(number)?, *times)));
        Outsiders { turned_down: turned_down.collect(), asked, unheard, asking, shut_out }
    }

    /// Puts them into the record of a group.
    pub fn put_into(&self, record: &mut GroupRecord, directory: &Directory) {
        let number = |user: &UserIndex| directory.account(*user).number;
        record.asked = self.asked.iter().map(number).collect();
        record.unheard = self.unheard.iter().map(number).collect();
        record.unheard.sort_unstable();
        record.asking = self.asking.iter().map(number).collect();
        let shut_out = self.shut_out.values();
        record.shut_out = shut_out.map(|one| numbers(one, directory)).collect();
        record.shut_out.sort_unstable_by_key(|one| one.user);
        let turned_down = self.turned_down.iter();
        record.turned_down = turned_down.map(|(user, times)| (number(user), *times)).collect();
        record.turned_down.sort_unstable_by_key(|(number, _)| *number);
    }

    /// Forgets a user, who becomes a member.
    pub fn forget(&mut self, user: UserIndex) {
        self.is_asked_no_more(user);
        self.asking.retain(|other| *other != user);
        self.turned_down.remove(&user);
    }

    /// Notes that a user is asked to join, and is told so unless it is not to be heard.
    pub fn ask(&mut self, user: UserIndex, is_unheard: bool) {
        if !self.asked.contains(&user) {
            self.asked.push(user);
        }
        match is_unheard {
            true => self.unheard.insert(user),
            false => self.unheard.remove(&user),
        };
    }

    /// The users who were asked to join and are told so.
    pub fn asked_aloud(&self) -> impl Iterator<Item = UserIndex> {
        self.asked.iter().copied().filter(|user| !self.unheard.contains(user))
    }

    fn is_asked_no_more(&mut self, user: UserIndex) {
        self.asked.retain(|other| *other != user);
        self.unheard.remove(&user);
    }

    /// Notes that a user declined. Returns the user who is forgotten for that, if there is no room.
    pub fn decline(&mut self, user: UserIndex, now: LogTime) -> Option<UserIndex> {
        self.is_asked_no_more(user);
        self.turn_down(user, |times| times.declined = now.0)
    }

    /// Notes that a user was refused. Returns the user who is forgotten for that, if there is no
    /// room.
    pub fn refuse(&mut self, user: UserIndex, now: LogTime) -> Option<UserIndex> {
        self.asking.retain(|other| *other != user);
        self.turn_down(user, |times| {
            let [_, second, third] = times.refused;
            times.refused = [second, third, now.0];
        })
    }

    fn turn_down(
        &mut self,
        user: UserIndex,
        note: impl FnOnce(&mut TurnedDown),
    ) -> Option<UserIndex> {
        note(self.turned_down.entry(user).or_default());
        if self.turned_down.len() <= GROUP_TURNED_DOWN_MAX {
            return None;
        }
        let others = self.turned_down.iter().filter(|(other, _)| **other != user);
        let oldest = others.min_by_key(|(_, times)| times.latest()).map(|(other, _)| *other)?;
        self.turned_down.remove(&oldest);
        Some(oldest)
    }

    /// How long a user who declined is not to be asked again.
    pub fn may_be_asked_in(&self, user: UserIndex, now: LogTime) -> Option<Duration> {
        let times = self.turned_down.get(&user)?;
        left(times.declined, now)
    }

    /// How long a user who was refused often may not ask again.
    pub fn may_ask_in(&self, user: UserIndex, now: LogTime) -> Option<Duration> {
        let [first, .., last] = self.turned_down.get(&user)?.refused;
        // After a restart the clock may show less than before.
        let is_often = first > 0 && last.saturating_sub(first) < micros(TURNED_DOWN_TIME);
        if is_often { left(last, now) } else { None }
    }
}

/// A user who is shut out, by numbers.
pub fn numbers(one: &ShutOut<UserIndex>, directory: &Directory) -> ShutOut {
    let number = |user| directory.account(user).number;
    ShutOut { user: number(one.user), by: number(one.by), since: one.since }
}

/// The time that is left of a day since `at`; none if it is over, or never began.
fn left(at: u64, now: LogTime) -> Option<Duration> {
    let end = at.saturating_add(micros(TURNED_DOWN_TIME));
    let left = if at > 0 { end.saturating_sub(now.0) } else { 0 };
    (left > 0).then_some(Duration::from_micros(left))
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
