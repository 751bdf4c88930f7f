//! The password threads: Argon2id (RFC 9106), as many hashes at once as there are cores.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};

use crate::chat::account::Account;
use crate::chat::name::Number;
use crate::chat::refusal::Failure;
use crate::chat::text::Secret;
use crate::hub::job::{JobId, Outcome, Value};
use crate::store::completions::Completions;
use crate::store::database;
use crate::store::figures::Counters;
use crate::store::health::Health;
use crate::store::queue::Queue;
use crate::store::requests;

/// How many passwords may wait for their hash, or be hashed. Two cores work that off in about the
/// time that a client has to log in; whoever came later would wait in vain.
pub(in crate::store) const WAITING_MAX: usize = 1_024;
/// The most memory that a stored hash may ask for, in KiB. The server writes none that needs more.
const STORED_KIB_MAX: u32 = 256 * 1_024;
/// The most passes that a stored hash may ask for.
const STORED_PASSES_MAX: u32 = 64;
/// The length of a salt, as RFC 9106 recommends it.
const SALT_BYTES: usize = 16;

/// 8 KiB and one pass.
const LOW: Params =
    match Params::new(Params::MIN_M_COST, Params::MIN_T_COST, Params::MIN_P_COST, None) {
        Ok(params) => params,
        Err(_) => panic!("Argon2 takes its own minimum"),
    };

/// How much work a password hash is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PasswordCost {
    /// Argon2id with 19 MiB and two passes, as OWASP recommends it.
    #[default]
    Normal,
    /// The least that Argon2 takes: for tests and load tests.
    Low,
}

impl PasswordCost {
    fn params(self) -> Params {
        match self {
            PasswordCost::Normal => Params::DEFAULT,
            PasswordCost::Low => LOW,
        }
    }
}

/// The right to have one password hashed; given back when it is dropped.
#[derive(Debug)]
pub(in crate::store) struct Slot(Arc<AtomicUsize>);

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Hands out at most [`WAITING_MAX`] rights at a time.
#[derive(Debug, Default)]
pub(in crate::store) struct Slots(Arc<AtomicUsize>);

impl Slots {
    /// A right, where one is left. Only one thread may ask.
    pub(in crate::store) fn take(&self) -> Option<Slot> {
        if self.0.load(Ordering::Relaxed) >= WAITING_MAX {
            return None;
        }
        self.0.fetch_add(1, Ordering::Relaxed);
        Some(Slot(Arc::clone(&self.0)))
    }
}

/// Something to hash.
#[derive(Debug)]
pub(in crate::store) enum Request {
    /// Hash the password of a new account.
    Register { ticket: JobId, account: Account, password: Secret, slot: Slot },
    /// Hash a new password of an account.
    Set { ticket: JobId, number: Number, password: Secret, slot: Slot },
    /// Compare a password with the stored hash, where there is one.
    Check {
        ticket: JobId,
        number: Option<Number>,
        stored: Option<String>,
        password: Secret,
        slot: Slot,
    },
}

/// Why a password can't be hashed, or compared.
#[derive(Debug)]
enum HashError {
    Argon2(argon2::Error),
    Phc(argon2::password_hash::phc::Error),
    Random(getrandom::Error),
    Malformed(&'static str),
}

/// Whether a stored hash is one that this server can compare with.
pub(in crate::store) fn is_well_formed(stored: &str) -> bool {
    Stored::parse(stored).is_ok()
}

/// A stored hash, taken apart.
#[derive(Debug)]
struct Stored {
    hasher: Argon2<'static>,
    salt: Salt,
    output: Output,
    is_current_algorithm: bool,
}

impl Stored {
    fn parse(phc: &str) -> Result<Self, HashError> {
        let hash = PasswordHash::new(phc)?;
        let algorithm = Algorithm::new(hash.algorithm.as_str())?;
        let version = hash.version.map_or(Ok(Version::default()), Version::try_from)?;
        let params = Params::try_from(&hash).map_err(|_| HashError::Malformed("parameters"))?;
        if params.m_cost() > STORED_KIB_MAX || params.t_cost() > STORED_PASSES_MAX {
            return Err(HashError::Malformed("cost"));
        }
        Ok(Stored {
            hasher: Argon2::new(algorithm, version, params),
            salt: hash.salt.ok_or(HashError::Malformed("salt"))?,
            output: hash.hash.ok_or(HashError::Malformed("hash"))?,
            is_current_algorithm: algorithm == Algorithm::Argon2id && version == Version::V0x13,
        })
    }

    fn has_cost(&self, params: &Params) -> bool {
        let stored = self.hasher.params();
        self.is_current_algorithm
            && (stored.m_cost(), stored.t_cost(), stored.p_cost())
                == (params.m_cost(), params.t_cost(), params.p_cost())
    }
}

/// One password thread.
#[derive(Debug)]
pub(in crate::store) struct Worker {
    hasher: Argon2<'static>,
    /// Argon2's memory: kept from hash to hash, given back when nothing waits.
    memory: Vec<Block>,
    health: Arc<Health>,
    counters: Arc<Counters>,
}

impl Worker {
    /// A worker for hashes of that cost.
    pub(in crate::store) fn new(
        cost: PasswordCost,
        health: Arc<Health>,
        counters: Arc<Counters>,
    ) -> Self {
        Worker {
            hasher: Argon2::new(Algorithm::Argon2id, Version::V0x13, cost.params()),
            memory: Vec::new(),
            health,
            counters,
        }
    }

    /// Hashes until the queue is closed and empty.
    pub(in crate::store) fn run(
        mut self,
        requests: &Queue<Request>,
        database: &Queue<requests::Request>,
        completions: &Completions,
    ) {
        while let Some(request) = self.next(requests) {
            match request {
                Request::Register { ticket, account, password, slot } => {
                    self.keep_hash(ticket, &password, database, completions, |hash| {
                        requests::Request::Register { ticket, account, hash }
                    });
                    drop(slot);
                }
                Request::Set { ticket, number, password, slot } => {
                    self.keep_hash(ticket, &password, database, completions, |hash| {
                        requests::Request::SetPassword { ticket, number, hash }
                    });
                    drop(slot);
                }
                Request::Check { ticket, number, stored, password, slot } => {
                    let account = number.zip(stored);
                    let outcome = self.check(account.as_ref().map(|(_, hash)| &**hash), &password);
                    let right = outcome == Ok(Value::PasswordRight);
                    completions.finish(ticket, outcome);
                    if let (true, Some((number, old))) = (right, account) {
                        self.renew(number, old, &password, database);
                    }
                    drop(slot);
                }
            }
        }
    }

    fn next(&mut self, requests: &Queue<Request>) -> Option<Request> {
        requests.try_pop().or_else(|| {
            self.memory = Vec::new();
            requests.pop()
        })
    }

    /// Hashes a password, and has the database keep what `request` makes of the hash.
    fn keep_hash(
        &mut self,
        ticket: JobId,
        password: &Secret,
        database: &Queue<requests::Request>,
        completions: &Completions,
        request: impl FnOnce(String) -> requests::Request,
    ) {
        match self.hash(password) {
            Ok(hash) => {
                self.health.worked();
                if database.push(request(hash), database::WAITING_MAX).is_err() {
                    completions.finish(ticket, Err(Failure::Busy));
                }
            }
            Err(error) => {
                self.health.failed(error);
                completions.finish(ticket, Err(Failure::Failed));
            }
        }
    }

    fn check(&mut self, stored: Option<&str>, password: &Secret) -> Outcome {
        let verdict = match stored {
            Some(stored) => self.compare(stored, password),
            // An unknown name must take as long as a known one.
            None => self.hash(password).map(|_| false),
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
    fn renew(
        &mut self,
        number: Number,
        old: String,
        password: &Secret,
        database: &Queue<requests::Request>,
    ) {
        if Stored::parse(&old).is_ok_and(|stored| stored.has_cost(self.hasher.params())) {
            return;
        }
        match self.hash(password) {
            Ok(new) => {
                let request = requests::Request::ReplaceHash { number, old, new };
                if database.push(request, database::WAITING_MAX).is_err() {
                    log::debug!(
                        "no room to renew the password hash of {number}: at the next login"
                    );
                }
            }
            Err(error) => self.health.failed(error),
        }
    }

    /// The password's hash as a PHC string, with a salt of its own.
    fn hash(&mut self, password: &Secret) -> Result<String, HashError> {
        let mut salt = [0; SALT_BYTES];
        getrandom::fill(&mut salt)?;
        let mut output = [0; Params::DEFAULT_OUTPUT_LEN];
        self.counters.hashes.add(1);
        fill(&self.hasher, &mut self.memory, password, &salt, &mut output)?;
        let params = ParamsString::try_from(self.hasher.params())
            .map_err(|_| HashError::Malformed("parameters"))?;
        let hash = PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params,
            salt: Some(Salt::new(&salt)?),
            hash: Some(Output::new(&output)?),
        };
        Ok(hash.to_string())
    }

    fn compare(&mut self, stored: &str, password: &Secret) -> Result<bool, HashError> {
        let stored = Stored::parse(stored)?;
        let mut output = [0; Output::MAX_LENGTH];
        let output = &mut output[..stored.output.len()];
        self.counters.hashes.add(1);
        fill(&stored.hasher, &mut self.memory, password, &stored.salt, output)?;
        // `Output` compares in constant time.
        Ok(Output::new(output)? == stored.output)
    }
}

fn fill(
    hasher: &Argon2<'_>,
    memory: &mut Vec<Block>,
    password: &Secret,
    salt: &[u8],
    output: &mut [u8],
) -> Result<(), HashError> {
    memory.resize(hasher.params().block_count(), Block::new());
    let password = password.expose().as_bytes();
    hasher.hash_password_into_with_memory(password, salt, output, memory)?;
    Ok(())
}

impl From<argon2::Error> for HashError {
    fn from(error: argon2::Error) -> Self {
        HashError::Argon2(error)
    }
}

impl From<argon2::password_hash::phc::Error> for HashError {
    fn from(error: argon2::password_hash::phc::Error) -> Self {
        HashError::Phc(error)
    }
}

impl From<getrandom::Error> for HashError {
    fn from(error: getrandom::Error) -> Self {
        HashError::Random(error)
    }
}

impl fmt::Display for HashError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HashError::Argon2(error) => error.fmt(f),
            HashError::Phc(error) => write!(f, "stored hash: {error}"),
            HashError::Random(error) => error.fmt(f),
            HashError::Malformed(what) => write!(f, "stored hash: malformed {what}"),
        }
    }
}
