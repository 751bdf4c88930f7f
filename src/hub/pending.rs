//! Pending jobs: those of which a domain awaits the outcome, each with its purpose.

use std::collections::HashMap;

use super::context::{Cx, DOMAIN_BITS};
use crate::hub::job::{Job, JobId};

/// A part of the hub that begins jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Domain {
    Hub,
    Login,
    Accounts,
    Sequence,
    Groups,
    Messages,
    History,
    Files,
    Calls,
    Admin,
    Devices,
    Whois,
    Reports,
    Removals,
    Exports,
}

impl Domain {
    const ALL: [Domain; 15] = [
        Domain::Hub,
        Domain::Login,
        Domain::Accounts,
        Domain::Sequence,
        Domain::Groups,
        Domain::Messages,
        Domain::History,
        Domain::Files,
        Domain::Calls,
        Domain::Admin,
        Domain::Devices,
        Domain::Whois,
        Domain::Reports,
        Domain::Removals,
        Domain::Exports,
    ];

    /// The domain that began a job.
    pub fn of(job: JobId) -> Domain {
        let bits = job.0 & ((1 << DOMAIN_BITS) - 1);
        Domain::ALL[bits as usize % Domain::ALL.len()]
    }
}

/// The pending jobs of one domain, each with its purpose. Jobs outlive the sessions that asked for
/// them, since their effect on the disk holds for everybody.
#[derive(Debug)]
pub struct Pending<T> {
    domain: Domain,
    waiting: HashMap<JobId, T>,
}

impl<T> Pending<T> {
    /// Creates the empty map of a domain.
    pub fn new(domain: Domain) -> Self {
        Pending { domain, waiting: HashMap::new() }
    }

    /// Begins a job with a purpose. The outcome will come with the id that is returned.
    pub fn begin(&mut self, job: Job, what: T, cx: &mut Cx<'_>) -> JobId {
        let id = cx.begin(self.domain as u64, job);
        self.waiting.insert(id, what);
        id
    }

    /// Removes a job whose outcome has come, and returns its purpose.
    pub fn take(&mut self, id: JobId) -> Option<T> {
        let what = self.waiting.remove(&id);
        debug_assert!(what.is_some(), "{id:?} is not under way");
        what
    }

    /// The purpose of a job that is under way.
    pub fn get(&self, id: JobId) -> Option<&T> {
        self.waiting.get(&id)
    }

    /// The number of jobs under way.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Returns true if no job is under way.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The ids of the jobs, in no order.
    pub fn ids(&self) -> impl Iterator<Item = JobId> {
        self.waiting.keys().copied()
    }

    /// The purposes of the jobs, in no order.
    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.waiting.values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_domain_is_told_by_the_numbers_of_its_jobs() {
        assert!(Domain::ALL.len() <= 1 << DOMAIN_BITS);
        for (at, domain) in Domain::ALL.into_iter().enumerate() {
            assert_eq!(domain as usize, at);
            assert_eq!(Domain::of(JobId(7 << DOMAIN_BITS | at as u64)), domain);
        }
    }
}
