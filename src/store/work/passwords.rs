//! The password threads, which hash and compare passwords, one thread per core.

mod queue;
mod task;

use std::num::NonZero;
use std::sync::Arc;
use std::{io, thread};

use self::queue::PasswordQueue;
pub(in crate::store) use self::task::{HashPurpose, PasswordTask};
use crate::chat::name::Number;
use crate::chat::refusal::Failure;
use crate::chat::text::Secret;
use crate::hub::job::{JobId, Outcome, Value};
use crate::store::completions::Completions;
use crate::store::counters::StoreCounters;
use crate::store::hash::{HashCost, Hasher};
use crate::store::health::Health;
use crate::store::requests::{AccountRequest, StoreRequest};
use crate::store::sender::RequestSender;
use crate::store::threads::{Threads, yield_to_others};

/// The handle of the password threads; its clones share them.
#[derive(Clone, Debug)]
pub(in crate::store) struct Passwords(Arc<PasswordQueue>);

impl Passwords {
    /// Creates the handle; [`Passwords::start`] starts the threads.
    pub(in crate::store) fn new() -> Self {
        Passwords(Arc::new(PasswordQueue::new()))
    }

    /// Starts a thread for each core. New hashes get the given cost.
    ///
    /// # Errors
    /// The error of the operating system, if it gives no more threads.
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

    /// Submits a task. Returns the job that is refused if the queue is full: of the network with
    /// most in it.
    pub(in crate::store) fn hand(&self, task: PasswordTask) -> Option<JobId> {
        Some(self.0.push(task).err()?.job)
    }

    /// The number of tasks in the queue.
    pub(in crate::store) fn waiting(&self) -> usize {
        self.0.len()
    }

    /// Drops what waits in the queue, and lets the threads end.
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
    /// Carries out tasks until the queue is closed and empty.
    fn run(mut self, tasks: &PasswordQueue) {
        while let Some(task) = self.next(tasks) {
            let PasswordTask { job, password, purpose, .. } = task;
            match purpose {
                HashPurpose::Register(account, invite) => {
                    self.keep_hash(job, &password, |hash| AccountRequest::Register {
                        account: *account,
                        hash,
                        invite,
                    });
                }
                HashPurpose::Set(number) => {
                    self.keep_hash(job, &password, |hash| AccountRequest::SetPassword {
                        number,
                        hash,
                    });
                }
                HashPurpose::Reset(number, until) => {
                    let word = password.clone();
                    self.keep_hash(job, &password, |hash| AccountRequest::ResetPassword {
                        number,
                        hash,
                        word,
                        until,
                    });
                }
                HashPurpose::Add(account, until) => {
                    let word = password.clone();
                    self.keep_hash(job, &password, |hash| AccountRequest::AddAccount {
                        account: *account,
                        hash,
                        word,
                        until,
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
        }
    }

    fn next(&mut self, tasks: &PasswordQueue) -> Option<PasswordTask> {
        tasks.try_pop().or_else(|| {
            self.hasher.rest();
            tasks.pop()
        })
    }

    /// Hashes a password, and sends the database the request that `request` makes of the hash.
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
            None => self.hasher.compare_with_nothing(password),
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

    /// Replaces a stored hash of another cost by one of the configured cost.
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
