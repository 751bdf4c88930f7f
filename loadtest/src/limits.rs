//! Every bound that is no option, with its unit and its reason.

use std::time::Duration;

/// How long the logins may make no progress before the run is given up.
pub const LOGIN_STALL_MAX: Duration = Duration::from_secs(60);

/// The longest wait that a server's 450 is taken at its word for.
pub const LOGIN_RETRY_MAX: Duration = Duration::from_secs(30);

/// How long one attempt to reach the server may take, and then its greeting.
pub const CONNECT_MAX: Duration = Duration::from_secs(5);

/// Unsent bytes of a sender above which its next broadcasts wait. They keep their intended times,
/// so that the wait is part of their latency.
pub const OUTBOX_BYTES_MAX: usize = 16 * 1024;

/// Bytes read from a socket at once, into one buffer that all clients share.
pub const READ_BYTES_MAX: usize = 64 * 1024;

/// Events taken from the poller at once. Few, because a broadcast whose time has come waits until
/// they are handled.
pub const EVENTS_MAX: usize = 256;

/// Senders at most: what every receiver expects next is kept for each of them.
pub const SENDERS_MAX: u16 = 1000;

/// Pairs of a receiver and a sender at most: 4 bytes each.
pub const PAIRS_MAX: usize = 1 << 28;

/// Pairs that write to each other at most: a message carries the number of its pair in 16 bits.
pub const DIRECT_PAIRS_MAX: u32 = 1 << 16;

/// Groups at most: a message carries the number of its maker in 16 bits.
pub const GROUPS_MAX: u32 = 1 << 16;

/// Members of a group at most: their names fit the line that makes it.
pub const GROUP_SIZE_MAX: i64 = 200;

/// Accounts that a data folder is filled with, at most.
pub const ACCOUNTS_MAX: u32 = 10_000_000;

/// New accounts under way while a data folder is filled: fewer than the store hashes passwords for.
pub const FILL_ACCOUNTS_MAX: usize = 1_000;

/// Messages under way then: several transactions, so that the database thread need not wait.
pub const FILL_MESSAGES_MAX: usize = 8_000;

/// How long the store may do nothing while it is filled.
pub const FILL_STALL_MAX: Duration = Duration::from_secs(60);

/// Messages that the reader of a filled folder gets, or a few more.
pub const READER_MESSAGES_MAX: u32 = 100;

/// How long one answer of the server may take.
pub const ANSWER_MAX: Duration = Duration::from_secs(60);

/// Bytes of text in a broadcast over IRC at most: a line has 512, and the server puts the sender's
/// name, user and host before it.
pub const IRC_PAYLOAD_BYTES_MAX: u32 = 400;

/// Clients that share one source address: far fewer than it has ephemeral ports.
pub const CLIENTS_PER_ADDRESS: usize = 500;

/// Open files beside the clients' sockets: the poller, the terminal, the results.
pub const OTHER_FILES: usize = 32;

/// Connections that wait to be accepted by the floor; the kernel caps it at net.core.somaxconn.
pub const FLOOR_BACKLOG: i32 = 4096;

/// How long an interrupted run still waits for what is under way.
pub const INTERRUPTED_DRAIN_MAX: Duration = Duration::from_secs(1);

/// How long a spawned server may take until it listens, and then until it has ended.
pub const SPAWN_MAX: Duration = Duration::from_secs(20);

/// The size of the file that a spawned server shares, in bytes: many reads long, and no burden for
/// a small disk.
pub const SPAWN_FILE_BYTES: u64 = 64 * 1024 * 1024;

/// Lines of a spawned server's log that are kept.
pub const SERVER_LOG_LINES_MAX: usize = 20;

/// The receive buffer of clients that stop reading, in bytes: the least that the kernel allows, so
/// that what they do not read waits in the server soon.
pub const STALLED_RECEIVE_BYTES: usize = 2304;

/// Reasons for which connections ended that are told apart.
pub const CLOSING_REASONS_MAX: usize = 16;
