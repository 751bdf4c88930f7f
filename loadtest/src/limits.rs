//! The limits of loadtest that are not options, with their units and reasons.

use std::time::Duration;

/// How long the logins may make no progress until the run is given up.
pub const LOGIN_STALL_MAX: Duration = Duration::from_secs(60);

/// The longest wait that a server's 450 can cause.
pub const LOGIN_RETRY_MAX: Duration = Duration::from_secs(30);

/// How long a connection attempt may take, and then the greeting.
pub const CONNECT_MAX: Duration = Duration::from_secs(5);

/// The number of unsent bytes of a sender above which its next broadcasts wait. They keep their
/// intended times, so that the wait is part of their latency.
pub const OUTBOX_BYTES_MAX: usize = 16 * 1024;

/// The size of the read buffer, which all clients share, in bytes.
pub const READ_BYTES_MAX: usize = 64 * 1024;

/// The largest number of events that are handled at once. It is small because a broadcast that is
/// due waits for them.
pub const EVENTS_MAX: usize = 256;

/// The largest number of senders: every receiver keeps an expected sequence number for each.
pub const SENDERS_MAX: u16 = 1000;

/// The largest number of sessions of a client: the server keeps as many tokens of a user.
pub const SESSIONS_MAX: u32 = 16;

/// The largest number of pairs of a receiver and a sender, which take 4 bytes each.
pub const PAIRS_MAX: usize = 1 << 28;

/// The largest number of pairs for direct messages: a message carries the number of its pair in 16
/// bits.
pub const DIRECT_PAIRS_MAX: u32 = 1 << 16;

/// The largest number of groups: a message carries the number of its maker in 16 bits.
pub const GROUPS_MAX: u32 = 1 << 16;

/// The largest number of members of a group: their names fit the line that creates it.
pub const GROUP_SIZE_MAX: i64 = 200;

/// The largest number of accounts in a filled data folder.
pub const ACCOUNTS_MAX: u32 = 10_000_000;

/// The largest number of new accounts under way while a data folder is filled: fewer than the
/// store's queue for password hashing holds.
pub const FILL_ACCOUNTS_MAX: usize = 1_000;

/// The largest number of messages under way then: several transactions, so that the database thread
/// need not wait.
pub const FILL_MESSAGES_MAX: usize = 8_000;

/// How long the store may complete no job while it is filled.
pub const FILL_STALL_MAX: Duration = Duration::from_secs(60);

/// The number of messages to the reader of a filled folder, or a few more.
pub const READER_MESSAGES_MAX: u32 = 100;

/// How long a reply of the server may take.
pub const ANSWER_MAX: Duration = Duration::from_secs(60);

/// How long a client waits before it asks a server again that was too busy.
pub const BUSY_PAUSE: Duration = Duration::from_millis(100);

/// The largest payload over IRC, in bytes: a line has 512, and the server adds the sender's name,
/// user and host.
pub const IRC_PAYLOAD_BYTES_MAX: u32 = 400;

/// The number of clients that share a source address: far fewer than it has ephemeral ports.
pub const CLIENTS_PER_ADDRESS: usize = 500;

/// The number of open files besides the clients' sockets: the poller, the terminal, the results.
pub const OTHER_FILES: usize = 32;

/// The backlog of the floor's listening socket; the kernel caps it at net.core.somaxconn.
pub const FLOOR_BACKLOG: i32 = 4096;

/// How long an interrupted run waits for messages under way.
pub const INTERRUPTED_DRAIN_MAX: Duration = Duration::from_secs(1);

/// How long a spawned server may take until it listens, and then until it has ended.
pub const SPAWN_MAX: Duration = Duration::from_secs(20);

/// The size of the file that a spawned server shares, in bytes: many reads long, and small enough
/// for any disk.
pub const SPAWN_FILE_BYTES: u64 = 64 * 1024 * 1024;

/// The number of lines kept of a spawned server's log.
pub const SERVER_LOG_LINES_MAX: usize = 20;

/// The receive buffer of clients that stop reading, in bytes: the smallest that the kernel allows,
/// so that unread data soon waits in the server.
pub const STALLED_RECEIVE_BYTES: usize = 2304;

/// The largest number of different reasons for ended connections in a report.
pub const CLOSING_REASONS_MAX: usize = 16;
