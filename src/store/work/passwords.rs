//! The password threads: as many hashes at once as there are cores.

use std::num::NonZero;
use std::sync::Arc;
use std::{io, thread};

use crate::chat::account::Account;
use crate::chat::name::Number;
use crate::chat::refusal::Failure;
use crate::chat::text::Secret;
use crate::hub::job::{JobId, Outcome, Value};
use crate::store::completions::Completions;
use crate::store::counters::StoreCounters;
use crate::store::hash::{HashCost, Hasher};
use crate::store::health::Health;
use crate::store::queue::WorkQueue;
use crate::store::requests::{AccountRequest, StoreRequest};
use crate::store::sender::RequestSender;
use crate::store::slots::{PasswordSlot, SLOTS_MAX};
use crate::store::threads::{Threads, yield_to_others};

/// A password to hash.
#[derive(Debug)]
pub(in crate::store) struct PasswordTask {
    /// Whose outcome it is.
    pub(in crate::store) job: JobId,
    pub(in crate::store) password: Secret,
    /// What the hash is for.
    pub(in crate::store) purpose: HashPurpose,
    /// Kept until the password is hashed.
    pub(in crate::store) slot: PasswordSlot,
}

/// The purpose for which a password is hashed.
#[derive(Debug)]
pub(in crate::store) enum HashPurpose {
    /// To keep a new account.
    Register(Account),
    /// To keep it as the new password of an account.
    Set(Number),
    /// To compare it with the stored hash of an account, where there is one.
    Check { number: Option<Number>, stored: Option<String> },
}

/// The way to the password threads.
#[derive(Clone, Debug)]
pub(in crate::store) struct Passwords(Arc<WorkQueue<PasswordTask>>);

impl Passwords {
    /// The way to threads that [`Passwords::start`] starts.
    pub(in crate::store) fn new() -> Self {
        Passwords(Arc::new(WorkQueue::new()))
    }

    /// Starts a thread for each core, which hash at a cost.
    ///
    /// # Errors
    /// The system's, where it gives no more threads.
    pub(in crate::store) fn start(
        &self,
        threads: &Threads,
        cost: HashCost,
        database: &RequestSender,
        completions: &Completions,
        counters: &Arc<StoreCounters>,
    ) -> io::Result<()> {
        let health = Arc::new(Health::new("hashing passwords"));
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        for _ in 0..cores {
            let worker = PasswordWorker {
                hasher: Hasher::new(cost, Arc::clone(counters)),
                health: Arc::clone(&health),
                database: database.clone(),
                completions: completions.clone(),
            };
            let tasks = Arc::clone(&self.0);
            threads.spawn("password", move || {
                yield_to_others();
                worker.run(&tasks);
            })?;
        }
        Ok(())
    }

    /// Hands in a password; tells whether there was room for it.
    pub(in crate::store) fn hand(&self, task: PasswordTask) -> bool {
        self.0.push(task, SLOTS_MAX).is_ok()
    }

    /// How many wait.
    pub(in crate::store) fn waiting(&self) -> usize {
        self.0.len()
    }

    /// Drops what waits, and lets the threads end.
    pub(in crate::store) fn close(&self) {
        self.0.close_and_clear();
    }
}

/// One password thread.
#[derive(Debug)]
struct PasswordWorker {
    hasher: Hasher,
    health: Arc<Health>,
    database: RequestSender,
    completions: Completions,
}

impl PasswordWorker {
    /// Hashes until the queue is closed and empty.
    fn run(mut self, tasks: &WorkQueue<PasswordTask>) {
        while let Some(task) = self.next(tasks) {
            let PasswordTask { job, password, purpose, slot } = task;
            match purpose {
                HashPurpose::Register(account) => {
                    self.keep_hash(job, &password, |hash| AccountRequest::Register {
                        account,
                        hash,
                    });
                }
                HashPurpose::Set(number) => {
                    self.keep_hash(job, &password, |hash| AccountRequest::SetPassword {
                        number,
                        hash,
                    });
                }
                HashPurpose::Check { number, stored } => {
                    let account = number.zip(stored);
                    let outcome = self.check(account.as_ref().map(|(_, hash)| &**hash), &password);
                    let right = outcome == Ok(Value::PasswordRight);
                    self.completions.finish(job, outcome);
                    if let (true, Some((number, old))) = (right, account) {
                        self.renew(number, old, &password);
                    }
                }
            }
            drop(slot);
        }
    }

    fn next(&mut self, tasks: &WorkQueue<PasswordTask>) -> Option<PasswordTask> {
        tasks.try_pop().or_else(|| {
            self.hasher.rest();
            tasks.pop()
        })
    }

    /// Hashes a password, and has the database keep what `request` makes of the hash.
    fn keep_hash(
        &mut self,
        job: JobId,
        password: &Secret,
        request: impl FnOnce(String) -> AccountRequest,
    ) {
        match self.hasher.hash(password) {
            Ok(hash) => {
                self.health.worked();
                let request = StoreRequest::Account { job: Some(job), request: request(hash) };
                if !self.database.ask(request) {
                    self.completions.finish(job, Err(Failure::Busy));
                }
            }
            Err(error) => {
                self.health.failed(error);
                self.completions.finish(job, Err(Failure::Failed));
            }
        }
    }

    fn check(&mut self, stored: Option<&str>, password: &Secret) -> Outcome {
        let verdict = match stored {
            Some(stored) => self.hasher.compare(stored, password),
            // An unknown name must take as long as a known one.
            None => self.hasher.hash(password).map(|_| false),
        };
        match verdict {
            Ok(right) => {
                self.health.worked();
                if right { Ok(Value::PasswordRight) } else { Ok(Value::PasswordWrong) }
            }
            Err(error) => {
                self.health.failed(error);
                Err(Failure::Failed)
            }
        }
    }

    /// Keeps a hash of the configured cost in the place of one of another.
    fn renew(&mut self, number: Number, old: String, password: &Secret) {
        if self.hasher.is_current(&old) {
            return;
        }
        match self.hasher.hash(password) {
            Ok(new) => {
                let request = AccountRequest::ReplaceHash { number, old, new };
                if !self.database.ask(StoreRequest::Account { job: None, request }) {
                    log::debug!(
                        "no room to renew the password hash of {number}: at the next login"
                    );
                }
            }
            Err(error) => self.health.failed(error),
        }
    }
}
