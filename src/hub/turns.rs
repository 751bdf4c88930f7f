//! Logins that wait for their turn: as many tries of their network are being checked as it may
//! fail. Many people may sit behind one address and come at once, as after a restart; so they wait
//! for each other, and only where the others fail they are told to come later.

use std::collections::{HashMap, VecDeque};

use super::Hub;
use super::effect::Effects;
use super::input::ConnId;
use super::job::Job;
use super::tasks::Attempt;
use super::throttle::Verdict;
use crate::protocol::address::Address;

/// A login that may be checked later.
#[derive(Debug)]
pub(super) struct InTurn {
    pub conn: ConnId,
    pub attempt: Attempt,
    /// What checks it.
    pub job: Job,
}

/// Who waits, by network; one login of a connection at most.
#[derive(Debug, Default)]
pub(super) struct Turns(HashMap<Address, VecDeque<InTurn>>);

impl Turns {
    /// Has a login wait behind the others of its network.
    pub fn wait(&mut self, login: InTurn) {
        self.0.entry(login.attempt.tried.network).or_default().push_back(login);
    }

    /// A connection is gone.
    pub fn forget(&mut self, conn: ConnId, network: Address) {
        let Some(logins) = self.0.get_mut(&network) else { return };
        logins.retain(|login| login.conn != conn);
        if logins.is_empty() {
            self.0.remove(&network);
        }
    }

    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The connections that wait.
    pub fn conns(&self) -> impl Iterator<Item = ConnId> {
        self.0.values().flatten().map(|login| login.conn)
    }

    fn first(&self, network: Address) -> Option<&InTurn> {
        self.0.get(&network)?.front()
    }

    fn take(&mut self, network: Address) -> Option<InTurn> {
        let logins = self.0.get_mut(&network)?;
        let first = logins.pop_front();
        if logins.is_empty() {
            self.0.remove(&network);
        }
        first
    }
}

impl Hub {
    /// A try of a network was settled: those whose turn has come go on.
    pub(super) fn go_on_in_turn(&mut self, network: Address, effects: &mut Effects) {
        while let Some(first) = self.turns.first(network) {
            if self.throttle.judge(first.attempt.tried, self.now.steady) == Verdict::InTurn {
                return;
            }
            let Some(login) = self.turns.take(network) else { return };
            self.try_login(login, effects);
        }
    }
}
