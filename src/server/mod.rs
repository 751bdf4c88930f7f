//! The loop and its sockets.
//!
//! [`Server::run`] sleeps in one place, wakes with a batch of events, lets each run its course, and
//! writes once at the end: `wait → read → results → timers → accept → settle`. These phases are
//! methods of [`Server`], in the modules of `tick`; what they work with stands in the others.
//!
//! # What the loop asks of the kernel
//!
//! Between two waits the thread of the loop makes no call that waits for anybody or anything else.
//! These are all that it makes, and why each comes back at once. One that is to be added belongs
//! into this table, or on another thread.
//!
//! | call | on | why it does not wait |
//! |---|---|---|
//! | `epoll_pwait` | the poll | it is the wait, the one place to sleep |
//! | `epoll_ctl`, `timerfd_settime` | the poll | they change a table in memory |
//! | `read`, `write` | the eventfd of the poll | it does not block |
//! | `accept4`, `getsockopt` | listeners | none of them blocks, whoever opened it |
//! | `recvfrom`, `read`, `sendto`, `writev` | connections | they come with `SOCK_NONBLOCK` |
//! | `shutdown`, `close` | connections, listeners | the kernel goes on by itself: no `SO_LINGER` |
//! | `recvfrom` | the pairs that signals write into | they do not block |
//! | `sendto` | the service manager's socket | it does not block; see `service.rs` |
//! | `preadv2` | files to be sent | `RWF_NOWAIT`: what is not in memory a file thread reads |
//! | `sendfile`, `pread64` | the same | of what is in memory; see below |
//! | `openat`, `statx`, `read`, `close` | `/proc/self`, for metrics | its text is made in memory |
//! | `getrandom` | tickets of calls, TLS | the start has waited for the first bytes |
//! | `mmap`, `mremap`, `munmap`, `brk`, `mprotect` | memory | it is there, or the process ends |
//! | `clone3` | the thread that reads certificates again | the same |
//! | `futex` | queues to other threads | held to move an item, not for longer; see below |
//!
//! Whether the next 256 KiB of a file are in memory is asked of their first and their last byte.
//! Where the kernel has dropped the pages between them, or drops them before they are sent, that
//! one call waits for the disk; there is none to send from memory alone.
//!
//! The lock of a queue is held to put an item in or to take some out, and no call that may wait is
//! made meanwhile. Nobody waits for room: a queue that is full refuses (the store), drops (the
//! log), or has a bound above all that can come at a time (writes and reads of transfers).
//!
//! What may wait is elsewhere: whatever opens, reads from the disk, writes to it or removes is done
//! by the store's threads; files are closed by one of their own (`closer.rs`), since the last one
//! to close a file that was removed gives its blocks back; the log is written by another
//! ([`crate::log`]), and certificates are read again by one that is started for it. The operator's
//! socket is removed, and the store is waited for, when the loop has ended.

mod buffers;
mod clock;
mod closer;
mod config;
mod connection;
mod connections;
mod counters;
mod drain;
mod gate;
mod hub_metrics;
mod inherited;
mod last_line;
mod listener;
mod listeners;
mod metrics;
mod open_files;
mod peer;
mod poll;
mod process;
mod service;
mod signals;
mod state;
mod strangers;
mod supervisor;
mod tick;
mod tick_lines;
mod time;
mod timers;
mod tls;
mod transfer_id;

pub use clock::unix_micros;
pub use config::{ServerConfig, ServerLimits, StartError};
pub use inherited::{Inherited, InheritedError};
pub use listener::Endpoint;
pub use listeners::Listening;
pub use poll::{Poll, Waker};
pub use state::Server;
pub use tls::{CertificateError, Certificates};
