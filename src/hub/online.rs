//! The sessions of those who are online, in dense lists, so that a broadcast copies connections and
//! does nothing else.

use std::collections::HashMap;

use crate::chat::id::MessageId;
use crate::hub::accounts::directory::{OPERATOR, UserIndex};
use crate::hub::context::Caller;
use crate::hub::effect::{Effects, Recipients};
use crate::hub::input::ConnId;

/// The sessions of those who are online. The three lists are parallel and have an entry for each
/// session; the last entry takes the place of one that leaves.
#[derive(Debug, Default)]
pub struct Online {
    conns: Vec<ConnId>,
    users: Vec<UserIndex>,
    /// The time since which the session is logged in.
    since: Vec<MessageId>,
    /// By user: the index of the first of the user's sessions in the lists, or [`OFFLINE`].
    first: Vec<u32>,
    /// The users who have several sessions, or whose first one has ended.
    several: HashMap<UserIndex, Several>,
    /// The number of sessions beside the first of each user.
    others: usize,
    /// The operator's connection. The operator is in none of the lists.
    operator: Option<ConnId>,
}

/// What the lists do not tell of a user who has, or had, several sessions at once.
#[derive(Debug)]
struct Several {
    /// The time since which the user is online.
    since: MessageId,
    /// The indexes of the sessions beside the first.
    others: Vec<u32>,
}

const OFFLINE: u32 = u32::MAX;

impl Online {
    /// The number of users, without the operator.
    pub fn len(&self) -> usize {
        self.conns.len() - self.others
    }

    /// The number of sessions, the operator's too.
    pub fn sessions(&self) -> usize {
        self.conns.len() + usize::from(self.operator.is_some())
    }

    /// The sessions of a user.
    pub fn sessions_of(&self, user: UserIndex) -> impl Iterator<Item = ConnId> {
        let first = match user {
            OPERATOR => self.operator,
            _ => self.first(user).map(|at| self.conns[at]),
        };
        first.into_iter().chain(self.others_of(user).iter().map(|at| self.conns[*at as usize]))
    }

    /// Returns true if a user is online.
    pub fn has(&self, user: UserIndex) -> bool {
        match user {
            OPERATOR => self.operator.is_some(),
            _ => self.first(user).is_some(),
        }
    }

    /// The index of a user's first session in the lists.
    fn first(&self, user: UserIndex) -> Option<usize> {
        let first = *self.first.get(user.0 as usize)?;
        (first != OFFLINE).then_some(first as usize)
    }

    /// The indexes of a user's sessions beside the first.
    fn others_of(&self, user: UserIndex) -> &[u32] {
        match self.others {
            0 => &[],
            _ => self.several.get(&user).map_or(&[], |several| &several.others),
        }
    }

    /// The index of a session in the lists.
    fn index(&self, Caller { conn, user }: Caller) -> Option<usize> {
        let others = self.others_of(user).iter().map(|at| *at as usize);
        self.first(user).into_iter().chain(others).find(|at| self.conns[*at] == conn)
    }

    /// The time since which a session is logged in.
    pub fn session_since(&self, caller: Caller) -> Option<MessageId> {
        self.index(caller).map(|at| self.since[at])
    }

    /// The time since which a user is online; none for the operator.
    pub fn since(&self, user: UserIndex) -> Option<MessageId> {
        let first = self.first(user)?;
        let several = self.several.get(&user);
        Some(several.map_or(self.since[first], |several| several.since))
    }

    /// Adds a session over which its user is online since a time. Returns true if that is the
    /// user's first.
    pub fn join(&mut self, Caller { conn, user }: Caller, since: MessageId) -> bool {
        if user == OPERATOR {
            debug_assert!(self.operator.is_none(), "there are two operators");
            self.operator = Some(conn);
            return true;
        }
        if self.first.len() <= user.0 as usize {
            self.first.resize(user.0 as usize + 1, OFFLINE);
        }
        let at = self.conns.len() as u32;
        let is_first = match self.first(user) {
            None => {
                self.first[user.0 as usize] = at;
                true
            }
            Some(first) => {
                let since = self.since[first];
                let several = self.several.entry(user);
                let new = Several { since, others: Vec::new() };
                several.or_insert(new).others.push(at);
                self.others += 1;
                false
            }
        };
        self.conns.push(conn);
        self.users.push(user);
        self.since.push(since);
        is_first
    }

    /// Removes a session.
    pub fn leave(&mut self, Caller { conn, user }: Caller) {
        if user == OPERATOR {
            debug_assert_eq!(self.operator, Some(conn), "another session is the operator's");
            self.operator = None;
            return;
        }
        let Some(at) = self.index(Caller { conn, user }) else {
            debug_assert!(false, "{user:?} is not online over {conn}");
            return;
        };
        self.forget_index(user, at as u32);
        self.conns.swap_remove(at);
        self.users.swap_remove(at);
        self.since.swap_remove(at);
        if let Some(moved) = self.users.get(at).copied() {
            self.index_moved(moved, self.conns.len() as u32, at as u32);
        }
    }

    /// Forgets one index of a user. Another session becomes the first one if that was it.
    fn forget_index(&mut self, user: UserIndex, at: u32) {
        let first = &mut self.first[user.0 as usize];
        let Some(several) = self.several.get_mut(&user) else {
            *first = OFFLINE;
            return;
        };
        if *first == at {
            *first = OFFLINE;
            if several.others.is_empty() {
                self.several.remove(&user);
                return;
            }
            *first = several.others.remove(0);
        } else {
            several.others.retain(|other| *other != at);
        }
        self.others -= 1;
    }

    /// Notes that a session of a user has another index.
    fn index_moved(&mut self, user: UserIndex, before: u32, at: u32) {
        let first = &mut self.first[user.0 as usize];
        if *first == before {
            *first = at;
            return;
        }
        let others = self.several.get_mut(&user).map(|several| several.others.iter_mut());
        others
            .into_iter()
            .flatten()
            .filter(|other| **other == before)
            .for_each(|other| *other = at);
    }

    /// Adds the sessions of everyone online but `user` to the recipients. Returns them, and the
    /// number of users.
    pub fn everyone_but(&self, user: UserIndex, effects: &mut Effects) -> (Recipients, usize) {
        let all = &mut effects.recipients;
        let start = all.len();
        let mut rest = 0;
        match self.others_of(user) {
            [] => {
                if let Some(at) = self.first(user) {
                    all.extend_from_slice(&self.conns[..at]);
                    rest = at + 1;
                }
            }
            others => {
                let first = self.first(user).map(|first| first as u32);
                let mut own: Vec<u32> = first.into_iter().chain(others.iter().copied()).collect();
                own.sort_unstable();
                for at in own {
                    all.extend_from_slice(&self.conns[rest..at as usize]);
                    rest = at as usize + 1;
                }
            }
        }
        all.extend_from_slice(&self.conns[rest..]);
        let operator = self.operator.filter(|_| user != OPERATOR);
        all.extend(operator);
        let users = self.len() - usize::from(user != OPERATOR && self.has(user));
        (start..all.len(), users + usize::from(operator.is_some()))
    }

    /// The sessions of everyone online, including the operator's.
    pub fn conns(&self) -> impl Iterator<Item = ConnId> {
        self.conns.iter().copied().chain(self.operator)
    }

    /// The users, with the time since which they are online, in the order of the lists; without the
    /// operator.
    pub fn users(&self) -> impl Iterator<Item = (UserIndex, MessageId)> {
        let entries = self.users.iter().zip(&self.since).enumerate();
        let firsts = entries.filter(|(at, (user, _))| self.first[user.0 as usize] == *at as u32);
        firsts.map(|(_, (user, since))| {
            let several = self.several.get(user);
            (*user, several.map_or(*since, |several| several.since))
        })
    }

    /// The index of a user in [`Self::users`].
    pub fn place(&self, user: UserIndex) -> Option<usize> {
        match self.others {
            0 => self.first(user),
            _ => self.users().position(|(other, _)| other == user),
        }
    }

    /// Checks the invariants between two inputs, for tests.
    pub fn check_invariants(&self) {
        assert_eq!(self.conns.len(), self.users.len());
        assert_eq!(self.conns.len(), self.since.len());
        assert!(!self.users.contains(&OPERATOR), "the operator is in a list");
        let mut others = 0;
        for (at, user) in self.users.iter().enumerate() {
            let is_other = self.others_of(*user).contains(&(at as u32));
            assert!(is_other != (self.first(*user) == Some(at)), "{user:?} is not found at {at}");
            others += usize::from(is_other);
        }
        assert_eq!(others, self.others);
        let online = self.first.iter().filter(|first| **first != OFFLINE).count();
        assert_eq!(online, self.len());
        let several = self.several.iter();
        let listed: usize = several.map(|(_, several)| several.others.len()).sum();
        assert_eq!(listed, self.others);
        assert!(self.several.keys().all(|user| self.has(*user)));
    }
}
