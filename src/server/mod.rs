//! The server: an event loop on one thread, with all its sockets.
//!
//! [`Server::run`] repeats one tick: it waits for a batch of events in one place, handles each of
//! them, and writes once at the end: `wait → read → results → timers → accept → settle`. These
//! phases are methods of [`Server`], in the modules of `tick`; the state they work on is in the
//! other modules.
//!
//! # What the loop asks of the kernel
//!
//! Between two waits the loop's thread makes no system call that blocks. This table lists every
//! call that it makes, and why it returns at once. A new call belongs either into this table or on
//! another thread.
//!
//! | call | on | why it does not wait |
//! |---|---|---|
//! | `epoll_pwait` | the poll | it is the wait, the only call that blocks |
//! | `epoll_ctl`, `timerfd_settime` | the poll | they change a table in memory |
//! | `read`, `write` | the eventfd of the poll | it is non-blocking |
//! | `accept4`, `getsockopt` | listeners | they are non-blocking, inherited ones too |
//! | `recvfrom`, `read`, `sendto`, `writev` | connections | they come with `SOCK_NONBLOCK` |
//! | `shutdown`, `close` | connections, listeners | without `SO_LINGER` they return at once |
//! | `recvfrom` | the socket pairs of the signals | they are non-blocking |
//! | `sendto` | the service manager's socket | it is non-blocking; see `service.rs` |
//! | `preadv2` | files to be sent | `RWF_NOWAIT`: a file thread reads what is not in memory |
//! | `sendfile`, `pread64` | the same | of what is in memory; see below |
//! | `openat`, `statx`, `read`, `close` | `/proc/self`, for metrics | its text is made in memory |
//! | `getrandom` | tickets of calls, TLS | the random generator was ready at the start |
//! | `mmap`, `mremap`, `munmap`, `brk`, `mprotect` | memory | it is there, or the process ends |
//! | `clone3` | the threads that read files again | the same |
//! | `futex` | queues to other threads | held only to move an item; see below |
//!
//! Whether the next 256 KiB of a file are in the page cache is judged by their first and last byte.
//! If the kernel has dropped pages between them, or drops them before they are sent, that one call
//! waits for the disk; Linux has no `sendfile` that sends from memory alone.
//!
//! The lock of a queue is held only to add or to take items, with no blocking call meanwhile.
//! Nobody waits for space in a queue: a full queue refuses (the store), drops (the log), or has a
//! capacity above all that can be queued at a time (writes and reads of transfers).
//!
//! Everything that may block runs on other threads: the store's threads open, read, write and
//! remove files; one thread closes files (`closer.rs`), since closing a removed file frees its
//! blocks; one writes the log ([`crate::log`]), one the
//! file of the audit log (`audit_file.rs`); and at SIGHUP one is started to reload certificates,
//! and one to read the message of the day. The operator's socket file is removed, and the store is
//! waited for, after the loop has ended.

mod audit_file;
mod backlogs;
mod buffers;
mod clock;
mod closer;
mod config;
mod connection;
mod connections;
mod counters;
mod crowding;
mod drain;
mod gate;
mod http_servers;
mod hub_metrics;
mod inherited;
mod last_line;
mod listener;
mod listeners;
mod metrics;
mod motd_file;
mod open_files;
mod peer;
mod poll;
mod process;
mod refusals;
mod reload;
mod service;
mod signals;
mod speech;
mod state;
mod strangers;
mod supervisor;
mod tick;
mod tick_lines;
mod time;
mod timers;
mod tls;
mod transfer_id;
mod wanted;
mod web;
mod web_id;

pub use audit_file::{AuditFile, AuditSink};
pub use clock::unix_micros;
pub use config::{
    AboutLimits, AboutServer, HttpPort, ListenConfig, PlainAccess, ServerConfig, ServerLimits,
    StartError, WebConfig,
};
pub use crowding::ConnectionBounds;
pub use inherited::{Inherited, InheritedError};
pub use listener::Endpoint;
pub use listeners::Listening;
pub use motd_file::{MotdFile, MotdFileError};
pub use poll::{Poll, Waker};
pub use state::Server;
pub use tls::{CertificateError, Certificates};
