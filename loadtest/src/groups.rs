//! Messages to groups: every group has a maker, who creates it and writes to it. The groups take
//! turns; the next message is sent when one of those under way has reached all members (closed
//! loop).

use std::time::Instant;

use crate::arrivals::Arrival;
use crate::clients::{Client, Clients, Heard, Listener};
use crate::crowd::Crowd;
use crate::failure::Failure;
use crate::figures::{Figures, Timetable};
use crate::flights::Flights;
use crate::ledger::{Faults, Ledger, Verdict};
use crate::limits::LOGIN_STALL_MAX;
use crate::names::Names;
use crate::payload::{Format, Stamp};
use crate::talk::Talk;
use crate::unconfirmed::Unconfirmed;

/// The index of the maker in a group, and of the maker's first session in the ledger.
const MAKER: usize = 0;

/// The sizes that determine the groups and their members.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// The number of groups.
    pub groups: usize,
    /// The number of members of each, including its maker.
    pub size: usize,
    /// The users and their sessions.
    pub crowd: Crowd,
}

impl Plan {
    /// The members of a group: user `number`, its maker, and then the others by their numbers. They
    /// are spread over all users, differently in each group.
    fn members(&self, number: usize) -> Vec<usize> {
        let users = self.crowd.users;
        let stride = (1 + 2 * number..).find(|stride| gcd(*stride, users) == 1).unwrap_or(1);
        let member = |place: usize| (number + place * stride) % users;
        let mut members: Vec<usize> = (0..self.size).map(member).collect();
        members[1..].sort_unstable();
        members
    }
}

fn gcd(one: usize, other: usize) -> usize {
    if other == 0 { one } else { gcd(other, one % other) }
}

/// Creates all groups, and waits until they exist.
///
/// # Errors
/// [`Failure::Unavailable`] if the server refuses one or does not reply; [`Failure::Interrupted`]
/// after a signal.
pub fn make(clients: &mut Clients, names: &Names, plan: Plan) -> Result<(), Failure> {
    let mut made = Made::default();
    for number in 0..plan.groups {
        let members = plan.members(number);
        let others: Vec<String> = members[1..].iter().map(|member| names.of(*member)).collect();
        clients.client(number).say(|session, out| {
            if let Some(session) = session.native() {
                session.make_group(&names.group(number), &others, out);
            }
        });
        clients.flush(number, &mut made);
    }
    let deadline = Instant::now() + LOGIN_STALL_MAX;
    while made.count < plan.groups {
        clients.turn(deadline, &mut made).map_err(Failure::Internal)?;
        if let Some(reason) = made.failure.take() {
            return Err(Failure::Unavailable(reason));
        }
        if clients.interrupted() {
            return Err(Failure::Interrupted);
        }
        if Instant::now() >= deadline {
            let reason = format!("{} of {} groups were made", made.count, plan.groups);
            return Err(Failure::Unavailable(reason));
        }
    }
    Ok(())
}

#[derive(Default)]
struct Made {
    count: usize,
    failure: Option<String>,
}

impl Listener for Made {
    fn heard(&mut self, _client: &mut Client, heard: Heard<'_>, _now_nanos: u64) {
        match heard {
            Heard::GroupMade => self.count += 1,
            Heard::NotTaken(line) => {
                let line = line.escape_debug();
                self.failure.get_or_insert_with(|| format!("no group: the server said: {line}"));
            }
            _ => {}
        }
    }

    fn gone(&mut self, _client: &Client, reason: &str) {
        self.failure.get_or_insert_with(|| format!("no group: {reason}"));
    }
}

/// The groups of a run. User `n` is the maker of group `n`, and writes to it in the first session.
#[derive(Debug)]
pub struct Groups {
    format: Format,
    timetable: Timetable,
    /// The number of all users.
    users: usize,
    /// The number of messages under way, in all groups together.
    window: usize,
    groups: Vec<Group>,
    flights: Flights,
    /// The group that is next.
    next: usize,
    /// The makers with output to flush.
    spoken: Vec<usize>,
    /// Faults that belong to no group.
    faults: Faults,
    figures: Figures,
}

#[derive(Debug)]
struct Group {
    name: String,
    /// The maker, and then the others by their numbers.
    members: Vec<usize>,
    /// The ledger of the members' sessions: the first ones of all members, by their indices in
    /// `members`, then the second ones, and so on.
    ledger: Ledger,
    unconfirmed: Unconfirmed,
    /// The number of the connected members' sessions, without the one that writes.
    receivers: usize,
    is_open: bool,
}

impl Group {
    /// The place of a client in the ledger, where `users` is the number of all users.
    fn place(&self, client: usize, users: usize) -> Option<usize> {
        let (user, session) = (client % users, client / users);
        let member = match self.members[MAKER] == user {
            true => MAKER,
            false => self.members[1..].binary_search(&user).ok()? + 1,
        };
        Some(session * self.members.len() + member)
    }
}

impl Groups {
    /// Creates the messages to the groups of a plan.
    pub fn new(
        names: &Names,
        format: Format,
        timetable: Timetable,
        window: usize,
        plan: Plan,
    ) -> Self {
        let group = |number| Group {
            name: names.group(number),
            members: plan.members(number),
            ledger: Ledger::new(plan.size * plan.crowd.sessions, 1),
            unconfirmed: Unconfirmed::default(),
            receivers: plan.size * plan.crowd.sessions - 1,
            is_open: true,
        };
        Groups {
            format,
            timetable,
            users: plan.crowd.users,
            window,
            groups: (0..plan.groups).map(group).collect(),
            flights: Flights::new(plan.groups),
            next: 0,
            spoken: Vec::new(),
            faults: Faults::default(),
            figures: Figures::new(),
        }
    }

    fn send(&mut self, clients: &mut Clients, number: usize, now_nanos: u64) {
        let group = &mut self.groups[number];
        let sequence = group.ledger.send(MAKER);
        let stamp = Stamp { sender: number as u16, sequence, intended_nanos: now_nanos };
        clients.client(number).say(|session, out| {
            if let Some(session) = session.native() {
                session.say(&group.name, out, |out| self.format.write(&stamp, out));
            }
        });
        group.unconfirmed.push(now_nanos);
        self.flights.launch(number, group.receivers);
        self.figures.sent += 1;
        self.spoken.push(number);
    }
}

impl Talk for Groups {
    fn next_due_nanos(&self) -> Option<u64> {
        None
    }

    fn send_due(&mut self, clients: &mut Clients, now_nanos: u64) {
        if now_nanos >= self.timetable.end_nanos {
            return;
        }
        // The loop ends after one round without a group that can be written to.
        let mut passed_over = 0;
        while self.flights.under_way() < self.window && passed_over < self.groups.len() {
            let number = self.next;
            self.next = (self.next + 1) % self.groups.len();
            let group = &self.groups[number];
            if group.is_open && group.receivers > 0 {
                self.send(clients, number, now_nanos);
                passed_over = 0;
            } else {
                passed_over += 1;
            }
        }
    }

    fn take_spoken(&mut self) -> Vec<usize> {
        std::mem::take(&mut self.spoken)
    }

    fn stop(&mut self, now_nanos: u64) {
        self.timetable.end(now_nanos);
    }

    fn receive(&mut self, receiver: usize, arrival: &Arrival, now_nanos: u64) {
        let stamp = match arrival {
            Arrival::Ours(stamp) => stamp,
            Arrival::Foreign => return self.figures.foreign += 1,
            Arrival::Corrupt => return self.faults.corrupt += 1,
        };
        let group = self.groups.get_mut(usize::from(stamp.sender));
        let Some((group, place)) = group.and_then(|group| {
            let place = group.place(receiver, self.users)?;
            Some((group, place))
        }) else {
            return self.faults.stray += 1;
        };
        let of_group = Stamp { sender: MAKER as u16, ..*stamp };
        if group.ledger.receive(place, &of_group) == Verdict::Fault {
            return;
        }
        self.figures.deliveries += 1;
        let was_last = self.flights.land(stamp);
        let Some(latency) = self.timetable.latency(stamp.intended_nanos, now_nanos) else { return };
        self.figures.delivery.record(latency);
        if was_last {
            self.figures.last_receiver.record(latency);
        }
    }

    fn confirm(&mut self, sender: usize, now_nanos: u64) {
        let Some(group) = self.groups.get_mut(sender) else { return };
        group.unconfirmed.confirm(&self.timetable, &mut self.figures, now_nanos);
    }

    fn refuse(&mut self, sender: usize) {
        self.figures.refused += 1;
        let Some(group) = self.groups.get_mut(sender) else { return };
        if let Some(sequence) = group.unconfirmed.refuse(&mut group.ledger, MAKER) {
            self.flights.withdraw(sender, sequence);
        }
    }

    fn leave(&mut self, number: usize) {
        let (groups, users) = (&self.groups, self.users);
        self.flights.leave(|of, sequence| {
            let place = groups[of].place(number, users);
            place.is_some_and(|place| groups[of].ledger.misses(place, MAKER, sequence))
        });
        for group in &mut self.groups {
            match group.place(number, users) {
                Some(MAKER) => {
                    group.is_open = false;
                    group.unconfirmed.clear();
                }
                Some(place) => {
                    group.receivers -= 1;
                    group.ledger.close(place);
                }
                None => {}
            }
        }
    }

    fn is_settled(&self) -> bool {
        self.flights.under_way() == 0
            && self.groups.iter().all(|group| group.unconfirmed.is_empty())
    }

    fn deliveries(&self) -> u64 {
        self.figures.deliveries
    }

    fn finish(self: Box<Self>) -> (Figures, Faults) {
        let Groups { groups, faults, figures, .. } = *self;
        let all = groups.into_iter().map(|group| group.ledger.finish());
        (figures, all.fold(faults, |sum, each| sum + each))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn crowd(users: usize) -> Crowd {
        Crowd { users, sessions: 1, downloads: 0 }
    }

    #[test]
    fn every_group_has_as_many_different_members_and_its_maker() {
        let plan = Plan { groups: 1000, size: 100, crowd: crowd(2000) };
        let mut all = HashSet::new();
        let mut memberships = vec![0; plan.crowd.users];
        for number in 0..plan.groups {
            let members = plan.members(number);
            assert_eq!(members[MAKER], number);
            assert_eq!(members.iter().collect::<HashSet<_>>().len(), plan.size);
            members.iter().for_each(|member| memberships[*member] += 1);
            all.insert(members);
        }
        assert_eq!(all.len(), plan.groups, "no two are alike");
        assert!(memberships.iter().all(|count| (10..=120).contains(count)), "{memberships:?}");
        let whole = Plan { groups: 1, size: 7, crowd: crowd(7) };
        assert_eq!(whole.members(0), [0, 1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn a_member_who_gets_nothing_lost_it_and_others_are_strangers() {
        let names = Names::random();
        let timetable = Timetable { start_nanos: 0, measured_nanos: 0, end_nanos: 9 };
        let plan = Plan { groups: 2, size: 3, crowd: crowd(9) };
        let mut groups = Groups::new(&names, Format::new(1, 64), timetable, 1, plan);
        let members = groups.groups[1].members.clone();
        groups.groups[1].ledger.send(MAKER);
        groups.flights.launch(1, 2);
        let stamp = Stamp { sender: 1, sequence: 0, intended_nanos: 0 };
        groups.receive(members[1], &Arrival::Ours(stamp), 5);
        let stranger = (0..9).find(|client| !members.contains(client)).unwrap();
        groups.receive(stranger, &Arrival::Ours(stamp), 5);
        groups.receive(members[MAKER], &Arrival::Ours(stamp), 5);
        assert!(!groups.is_settled());
        groups.leave(members[2]);
        assert!(groups.is_settled());
        assert_eq!(groups.deliveries(), 1);
        let (_, faults) = Box::new(groups).finish();
        assert_eq!(faults, Faults { lost: 1, stray: 2, ..Faults::default() });
    }
}
