//! Password hashing: Argon2id (RFC 9106), stored as PHC strings.

use std::fmt;
use std::sync::Arc;

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};

use super::counters::StoreCounters;
use crate::chat::text::Secret;

/// The largest memory parameter of a stored hash in KiB. The server writes none that needs more.
const STORED_KIB_MAX: u32 = 256 * 1_024;
/// The largest number of passes of a stored hash.
const STORED_PASSES_MAX: u32 = 64;
/// The length of a salt in bytes, as RFC 9106 recommends.
const SALT_BYTES: usize = 16;

/// The parameters of [`HashCost::Low`]: 8 KiB and one pass.
const LOW: Params =
    match Params::new(Params::MIN_M_COST, Params::MIN_T_COST, Params::MIN_P_COST, None) {
        Ok(params) => params,
        Err(_) => panic!("Argon2 takes its own minimum"),
    };

/// The cost of a password hash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HashCost {
    /// Argon2id with 19 MiB and two passes, as OWASP recommends.
    #[default]
    Normal,
    /// The minimum of Argon2: for tests and load tests.
    Low,
}

impl HashCost {
    fn params(self) -> Params {
        match self {
            HashCost::Normal => Params::DEFAULT,
            HashCost::Low => LOW,
        }
    }
}

/// An error of hashing or comparing a password.
#[derive(Debug)]
pub(super) enum HashError {
    Argon2(argon2::Error),
    Phc(argon2::password_hash::phc::Error),
    Random(getrandom::Error),
    Malformed(&'static str),
}

/// Returns true if a stored hash can be compared with.
pub(super) fn is_well_formed(stored: &str) -> bool {
    Stored::parse(stored).is_ok()
}

/// A parsed stored hash.
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

/// A password hasher: Argon2 with its memory, and the cost of new hashes.
#[derive(Debug)]
pub(super) struct Hasher {
    argon2: Argon2<'static>,
    /// The working memory, reused until [`Hasher::rest`].
    memory: Vec<Block>,
    counters: Arc<StoreCounters>,
}

impl Hasher {
    /// Creates a hasher for a cost, without memory yet.
    pub(super) fn new(cost: HashCost, counters: Arc<StoreCounters>) -> Self {
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, cost.params());
        Hasher { argon2, memory: Vec::new(), counters }
    }

    /// Frees the memory, because nothing is to be hashed now.
    pub(super) fn rest(&mut self) {
        self.memory = Vec::new();
    }

    /// Returns true if a stored hash has the cost that new ones get.
    pub(super) fn is_current(&self, stored: &str) -> bool {
        Stored::parse(stored).is_ok_and(|stored| stored.has_cost(self.argon2.params()))
    }

    /// Hashes a password with a random salt, in the form in which passwords are compared, as a PHC
    /// string.
    pub(super) fn hash(&mut self, password: &Secret) -> Result<String, HashError> {
        let compared = password.as_compared();
        self.hash_as_it_is(compared.as_ref().unwrap_or(password))
    }

    fn hash_as_it_is(&mut self, password: &Secret) -> Result<String, HashError> {
        let mut salt = [0; SALT_BYTES];
        getrandom::fill(&mut salt)?;
        let mut output = [0; Params::DEFAULT_OUTPUT_LEN];
        self.counters.hashes.add(1);
        fill(&self.argon2, &mut self.memory, password, &salt, &mut output)?;
        let params = ParamsString::try_from(self.argon2.params())
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

    /// Returns true if a password matches a stored hash: in the form in which passwords are
    /// compared, or as it was sent, since older servers have hashed it so.
    pub(super) fn compare(&mut self, stored: &str, password: &Secret) -> Result<bool, HashError> {
        let stored = Stored::parse(stored)?;
        match password.as_compared() {
            // Both are hashed in any case, so that the time does not tell which one it was.
            Some(compared) => {
                let is_usual = self.matches(&stored, &compared)?;
                Ok(self.matches(&stored, password)? | is_usual)
            }
            None => self.matches(&stored, password),
        }
    }

    /// Takes as long as to compare a password with a stored hash, where there is none.
    pub(super) fn compare_with_nothing(&mut self, password: &Secret) -> Result<bool, HashError> {
        self.hash(password)?;
        if password.as_compared().is_some() {
            self.hash(password)?;
        }
        Ok(false)
    }

    fn matches(&mut self, stored: &Stored, password: &Secret) -> Result<bool, HashError> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_right_in_any_form_and_one_of_an_older_server_as_it_was_sent() {
        let mut hasher = Hasher::new(HashCost::Low, Arc::new(StoreCounters::default()));
        let [composed, apart] = ["caf\u{e9}", "cafe\u{301}"].map(Secret::new);
        let new = hasher.hash(&apart).unwrap();
        let old = hasher.hash_as_it_is(&apart).unwrap();
        assert!(hasher.compare(&new, &apart).unwrap());
        assert!(hasher.compare(&new, &composed).unwrap());
        assert!(hasher.compare(&old, &apart).unwrap());
        assert!(!hasher.compare(&old, &composed).unwrap());
        assert!(!hasher.compare(&new, &Secret::new("cafe")).unwrap());
        assert!(!hasher.compare_with_nothing(&apart).unwrap());
    }
}
