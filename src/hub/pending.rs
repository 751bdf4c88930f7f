//! Jobs whose outcome a domain waits for, and what each of them is for.

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
}

impl Domain {
    const ALL: [Domain; 10] = [
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
    ];

    /// The domain that began a job.
    pub fn of(job: JobId) -> Domain {
        let bits = job.0 & ((1 << DOMAIN_BITS) - 1);
        Domain::ALL[bits as usize % Domain::ALL.len()]
    }
}

/// The jobs of one domain that are under way. They outlive the sessions that asked for them: what
/// is on disk by then is so for everybody.
#[derive(Debug)]
pub struct Pending<T> {
    domain: Domain,
    waiting: HashMap<JobId, T>,
}

impl<T> Pending<T> {
    /// No job of that domain.
    pub fn new(domain: Domain) -> Self {
        Pending { domain, waiting: HashMap::new() }
    }

    /// Begins a job, whose outcome comes back with the number that is given.
    pub fn begin(&mut self, job: Job, what: T, cx: &mut Cx<'_>) -> JobId {
        let id = cx.begin(self.domain as u64, job);
        self.waiting.insert(id, what);
        id
    }

    /// What a job was for whose outcome came.
    pub fn take(&mut self, id: JobId) -> Option<T> {
        let what = self.waiting.remove(&id);
        debug_assert!(what.is_some(), "{id:?} is not under way");
        what
    }

    /// What a job is for that is under way.
    pub fn get(&self, id: JobId) -> Option<&T> {
        self.waiting.get(&id)
    }

    /// How many jobs are under way.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// What the jobs are for, in no order.
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
