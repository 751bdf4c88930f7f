//! The hub's bounds that are no options.

use std::time::Duration;

/// Bytes of a password. More would only cost time to hash.
pub const PASSWORD_BYTES_MAX: usize = 1024;

/// Wrong passwords after which a connection is closed.
pub const WRONG_PASSWORDS_MAX: u8 = 3;

/// Answers of one session that wait for something. With more, it is not read on, so that a client
/// that pipelines can't make the server remember without end.
pub const ANSWERS_WAITING_MAX: usize = 64;

/// Downloads of one session that are open or asked for. Each holds a file descriptor.
pub const DOWNLOADS_MAX: usize = 16;

/// Failed logins that one name, or one network, may have before it has to wait. Low enough that a
/// password can't be guessed over the wire, high enough that nobody is locked out by mistyping.
pub const NAME_FAILURES_MAX: u32 = 10;
/// The same for a network, behind which many people may sit.
pub const NETWORK_FAILURES_MAX: u32 = 30;
/// After this long one failed login is forgiven.
pub const FAILURE_FORGIVEN_AFTER: Duration = Duration::from_secs(10);
/// How long the answer to a second failed login is delayed; twice as long for each one more.
pub const FAILURE_DELAY: Duration = Duration::from_millis(250);
/// The longest delay, which stays below the login timeout.
pub const FAILURE_DELAY_MAX: Duration = Duration::from_secs(8);
/// Names, and networks, whose failures are remembered, in each of two generations.
pub const FAILURES_REMEMBERED_MAX: usize = 16_384;

/// What a client is told to wait where no better number is known, in seconds.
pub const RETRY_SECONDS: u32 = 5;
