//! The loop and its sockets.
//!
//! [`Server::run`] sleeps in one place, wakes with a batch of events, lets each run its course, and
//! writes once at the end: `wait → read → results → timers → accept → settle`. The phases are
//! methods of [`Server`]: `read`, `accept` and `settle` in the modules of these names, the others
//! here.
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
//! | `openat`, `statx`, `read`, `close` | `/proc/self`, for figures | its text is made in memory |
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

mod accept;
mod clock;
mod closer;
mod connection;
mod connections;
mod download;
mod drain;
mod effects;
mod figures;
mod last_line;
mod listener;
mod metrics;
mod outbox;
mod passed;
mod peer;
mod poll;
mod process;
mod read;
mod receive;
mod segments;
mod service;
mod settle;
mod signals;
mod sink;
mod strangers;
mod tick_lines;
mod timers;
mod tls;
mod transfer_id;
mod upload;

pub use clock::unix_micros;
pub use listener::Endpoint;
pub use passed::{Passed, PassedError};
pub use poll::{Poll, Waker};
pub use tls::{CertificateError, Certificates};

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use closer::{Closer, Opened, Permit, Permits};
use connection::LineRate;
use connections::Connections;
use download::OutboxEvent;
use drain::Drain;
use figures::Counters;
use listener::{Listener, SocketPath};
use metrics::Metrics;
use poll::{Interest, Key, Ready};
use service::Service;
use signals::Signals;
use strangers::StrangerLines;
use tick_lines::TickLines;
use timers::Timers;
use tls::Tls;
use transfer_id::conn_of;

use crate::hub::Hub;
use crate::hub::effect::Effects;
use crate::hub::input::{ConnId, Input, Now};
use crate::hub::job::{Job, JobId, Value};
use crate::limits::{NOTIFY_PAUSE, READ_BYTES_MAX, TIMERS_PER_TICK_MAX};
use crate::store::{Completion, OpenPart, Store};

/// What the operator decided about connections.
#[derive(Clone, Debug)]
pub struct Config {
    /// The addresses to listen on; none is all.
    pub listen: Vec<IpAddr>,
    /// The address of the metrics page, where there is one.
    pub metrics: Option<SocketAddr>,
    /// The path of the operator's socket.
    pub admin_socket: PathBuf,
    /// The port; 0 takes a free one.
    pub port: u16,
    /// The port for TLS, where there are certificates; 0 takes a free one.
    pub tls_port: u16,
    /// How many connections there may be.
    pub max_clients: usize,
    /// How many files may be open to be sent or received.
    pub transfers_max: usize,
    /// How many connections may be there only to be told that they are one too many.
    pub refused_max: usize,
    /// How many may read the metrics at a time.
    pub exchanges_max: usize,
    /// How many there may be from one address.
    pub max_per_address: Option<u32>,
    /// How long a connection may take to log in.
    pub login_timeout: Duration,
    /// How long a connection may say nothing.
    pub idle_timeout: Option<Duration>,
    /// Bytes that may wait for a connection that it did not ask for.
    pub send_queue: usize,
    /// Bytes that may wait for all connections together.
    pub send_queue_total: usize,
    /// Lines a second from one connection; 0 is no limit.
    pub rate: u32,
    /// How long stopping may take.
    pub drain: Duration,
}

/// Why the server does not start.
#[derive(Debug)]
pub enum StartError {
    /// An address can't be listened on.
    Listen(SocketAddr, io::Error),
    /// The operator's socket can't be made.
    AdminSocket(PathBuf, io::Error),
    /// The system refuses what the loop needs.
    System(io::Error),
}

impl From<io::Error> for StartError {
    fn from(error: io::Error) -> Self {
        StartError::System(error)
    }
}

/// What is to happen at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    /// A connection's deadline may have come.
    Connection(ConnId),
    /// A connection may send its next line.
    Resume(ConnId),
    /// The listeners have rested.
    Accept,
    /// The service manager is to be told again.
    Notify,
    /// The service manager is to hear that the loop turns.
    Watchdog,
    /// Whoever reads the metrics has taken too long, where it is still the one with that number.
    Exchange(u64),
    /// The time to stop has come, where it is still that one.
    Stop,
    /// The next connections may leave, now that the server stops.
    Leave,
    /// Stopping has taken long enough.
    DrainOver,
    /// The log is to say how many lines about strangers were left out.
    Strangers,
}

/// The server.
#[derive(Debug)]
pub struct Server {
    config: Config,
    rate: Option<LineRate>,
    poll: Poll,
    listeners: Vec<Listener>,
    /// Where listeners were, that are to be removed.
    socket_paths: Vec<SocketPath>,
    signals: Signals,
    service: Service,
    connections: Connections,
    hub: Hub,
    store: Store,
    timers: Timers<Timer>,
    /// When the process began, by the steady clock.
    started: Instant,
    now: Now,
    /// What the jobs hold that are about to open a file.
    opening: HashMap<JobId, Permit>,
    /// Files that were opened for transfers which the hub has yet to begin.
    opened: HashMap<JobId, Opened<File>>,
    opened_parts: HashMap<JobId, Opened<OpenPart>>,
    /// How many more may be open.
    permits: Permits,
    closer: Closer,
    /// Connections whose share of the last tick was used up.
    turns: Vec<ConnId>,
    /// Connections that wait because the store is behind.
    behind_store: Vec<ConnId>,
    counters: Counters,
    stranger_lines: StrangerLines,
    metrics: Metrics,
    /// What TLS sessions have in common, where the server has certificates.
    tls: Option<Tls>,
    /// What this tick made to be written.
    lines: TickLines,
    /// Memory that is used again in every tick.
    ready: Vec<Ready>,
    effects: Effects,
    outbox_events: Vec<OutboxEvent>,
    read_buffer: Box<[u8]>,
    /// What was read of a TLS session and is to be decrypted, or of a file and is to be encrypted;
    /// nothing where the server has no certificates.
    tls_buffer: Box<[u8]>,
    /// Whether there was no file descriptor left for the last connection that came.
    is_exhausted: bool,
    /// When the server stops, where an administrator said so.
    stops_at: Option<Duration>,
    /// How the server stops, once it does.
    drain: Option<Drain>,
}

impl Server {
    /// Listens, with TLS too where there are `certificates`, and takes over the signals. What was
    /// passed takes the place of what `config` says to listen on. `poll` is the one whose waker the
    /// store got.
    ///
    /// # Errors
    /// See [`StartError`].
    pub fn bind(
        config: Config,
        certificates: Option<Certificates>,
        passed: Passed,
        poll: Poll,
        hub: Hub,
        store: Store,
    ) -> Result<Self, StartError> {
        let listeners = listeners(&config, certificates.is_some(), passed)?;
        let metrics = Metrics::open(config.metrics, config.exchanges_max)
            .map_err(|(address, error)| StartError::Listen(address, error))?;
        let signals = Signals::new()?;
        for source in signals.sources() {
            poll.add(&source, Key::Signals, Interest::READ)?;
        }
        // The refused are beside those, and so is the operator.
        let room = config.max_clients.saturating_add(2 * config.refused_max);
        let mut server = Server {
            rate: LineRate::per_second(config.rate),
            permits: Permits::new(config.transfers_max),
            closer: Closer::start()?,
            config,
            poll,
            listeners,
            socket_paths: Vec::new(),
            signals,
            service: Service::new(),
            connections: Connections::with_room_for(room),
            hub,
            store,
            timers: Timers::with_room_for(room),
            started: Instant::now(),
            now: Now::default(),
            opening: HashMap::new(),
            opened: HashMap::new(),
            opened_parts: HashMap::new(),
            turns: Vec::new(),
            behind_store: Vec::new(),
            counters: Counters::default(),
            stranger_lines: StrangerLines::default(),
            metrics,
            tls_buffer: vec![0; if certificates.is_some() { READ_BYTES_MAX } else { 0 }].into(),
            tls: certificates.map(Tls::new),
            lines: TickLines::default(),
            ready: Vec::new(),
            effects: Effects::default(),
            outbox_events: Vec::new(),
            read_buffer: vec![0; 2 * READ_BYTES_MAX].into(),
            is_exhausted: false,
            stops_at: None,
            drain: None,
        };
        server.read_clock();
        server.watch_listeners()?;
        Ok(server)
    }

    /// What is listened on: clients' addresses first, and of those the plain ones.
    pub fn endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        self.listeners.iter().map(|listener| &listener.endpoint)
    }

    /// Where the metrics are read, if they are.
    pub fn metrics_endpoint(&self) -> Option<&Endpoint> {
        self.metrics.listener.as_ref().map(|listener| &listener.endpoint)
    }

    /// Serves until a signal ends it.
    ///
    /// # Errors
    /// Where the kernel refuses to wait, which it never should.
    pub fn run(mut self) -> io::Result<()> {
        self.service.ready();
        self.arm_watchdog();
        while !(self.drain.is_some() && self.connections.is_empty()) {
            self.tick()?;
        }
        self.stranger_lines.tell();
        // Before another server can have the data folder, and a socket in the same place.
        self.listeners.clear();
        self.socket_paths.clear();
        self.store.close();
        Ok(())
    }

    fn tick(&mut self) -> io::Result<()> {
        let mut ready = std::mem::take(&mut self.ready);
        self.poll.wait(self.time_to_sleep(), &mut ready)?;
        self.read_clock();
        self.read_ready(&ready);
        self.take_results();
        self.run_timers();
        self.accept_ready(&ready);
        self.settle();
        self.counters.ticks.record(self.started.elapsed() - self.now.steady);
        ready.clear();
        self.ready = ready;
        Ok(())
    }

    /// How long to sleep if nothing happens.
    fn time_to_sleep(&self) -> Option<Duration> {
        debug_assert!(self.lines.is_empty(), "what a tick made is written in it");
        if !self.turns.is_empty() || self.tls.as_ref().is_some_and(Tls::is_behind) {
            return Some(Duration::ZERO);
        }
        let next = [self.timers.next(), self.hub.next_deadline()].into_iter().flatten().min()?;
        // Rounded up: a wake-up that comes early finds nothing due, and would be repeated at once.
        Some((next + Duration::from_millis(1)).saturating_sub(self.started.elapsed()))
    }

    fn read_clock(&mut self) {
        let now = Now { steady: self.started.elapsed(), unix_micros: unix_micros() };
        if let Some(back) = clock::set_back(self.now, now) {
            let seconds = back.as_secs();
            log::warn!("event=clock-set-back seconds={seconds}: ids go on from the newest");
        }
        self.now = now;
    }

    /// Takes what the other threads have finished.
    fn take_results(&mut self) {
        self.take_certificates();
        let completions: Vec<Completion> = self.store.completions().collect();
        for completion in completions {
            match completion {
                Completion::Job { job: ticket, outcome } => {
                    self.opening.remove(&ticket);
                    self.tell_hub(Input::Done { ticket, outcome });
                }
                Completion::UploadOpened { job: ticket, part, offset, sha256 } => {
                    let Some(permit) = self.permit_of(ticket) else { continue };
                    let outcome = Ok(Value::UploadReady { upload: part.upload(), offset, sha256 });
                    self.opened_parts.insert(ticket, self.closer.opened(part, permit));
                    self.tell_hub(Input::Done { ticket, outcome });
                }
                Completion::Written { transfer, result } => {
                    self.upload_written(conn_of(transfer), transfer.stream, result);
                }
                Completion::Opened { job: ticket, file, size } => {
                    let Some(permit) = self.permit_of(ticket) else { continue };
                    self.opened.insert(ticket, self.closer.opened(file, permit));
                    self.tell_hub(Input::Done { ticket, outcome: Ok(Value::Opened { size }) });
                }
                Completion::Warmed { transfer, result } => {
                    let conn = conn_of(transfer);
                    if let Some(connection) = self.connections.get(conn) {
                        connection.outbox.warmed(transfer.stream, result);
                        self.connections.mark_dirty(conn);
                    }
                }
            }
        }
        if !self.behind_store.is_empty() && !self.store.is_congested() {
            self.turns.append(&mut self.behind_store);
        }
    }

    /// Has the store do a job. One that opens a file is refused before it is begun where no more
    /// may be open: an upload that the store has noted counts to its owner's quota for a day.
    fn begin_job(&mut self, ticket: JobId, job: Job) {
        if matches!(job, Job::OpenFile { .. } | Job::OpenSent(_) | Job::BeginUpload { .. }) {
            let Some(permit) = self.permits.take() else { return self.store.refuse(ticket) };
            self.opening.insert(ticket, permit);
        }
        self.store.submit(ticket, job);
    }

    /// The permit under which a file was opened, which is kept until the hub says what for.
    fn permit_of(&mut self, ticket: JobId) -> Option<Permit> {
        let permit = self.opening.remove(&ticket);
        debug_assert!(permit.is_some(), "a file was opened without a permit");
        permit
    }

    fn run_timers(&mut self) {
        // Those that are left keep the loop from sleeping: thousands who came together and did not
        // log in are closed a few at a time, too.
        for _ in 0..TIMERS_PER_TICK_MAX {
            let Some((at, timer)) = self.timers.pop_due(self.now.steady) else { break };
            match timer {
                Timer::Connection(id) => self.connection_timer(id, at),
                Timer::Resume(id) => self.turns.push(id),
                Timer::Accept => self.rest_is_over(),
                Timer::Notify => {
                    self.service.timer_due();
                    self.notify_later();
                }
                Timer::Watchdog => self.arm_watchdog(),
                Timer::Exchange(number) => self.exchange_timer(number),
                Timer::Stop if self.stops_at == Some(at) => self.stop(),
                Timer::Stop => {}
                Timer::Leave => self.let_leave(),
                Timer::DrainOver => self.close_all(),
                Timer::Strangers => self.stranger_lines.tell(),
            }
        }
        if self.hub.next_deadline().is_some_and(|at| at <= self.now.steady) {
            self.tell_hub(Input::Deadline);
        }
    }

    /// Whether one more line about somebody who is not logged in is to be written now.
    fn may_log_stranger(&mut self) -> bool {
        self.stranger_lines.may_write(self.now.steady, &mut self.timers)
    }

    fn arm_watchdog(&mut self) {
        if let Some(period) = self.service.watchdog(self.connections.len()) {
            self.timers.add(self.now.steady + period, Timer::Watchdog);
        }
        self.notify_later();
    }

    /// Has the service manager be told a little later what it did not take.
    fn notify_later(&mut self) {
        if self.service.needs_timer() {
            self.timers.add(self.now.steady + NOTIFY_PAUSE, Timer::Notify);
        }
    }
}

/// Everything to listen on, for clients first.
fn listeners(
    config: &Config,
    takes_tls: bool,
    passed: Passed,
) -> Result<Vec<Listener>, StartError> {
    let open = |port| {
        Listener::open_all(&config.listen, port)
            .map_err(|(address, error)| StartError::Listen(address, error))
    };
    let mut listeners = passed.plain;
    if listeners.is_empty() {
        listeners = open(config.port)?;
    }
    if takes_tls && passed.tls.is_empty() {
        listeners.extend(open(config.tls_port)?.into_iter().map(Listener::for_tls));
    }
    listeners.extend(passed.tls);
    if passed.operator.is_empty() {
        let listener = Listener::open_unix(&config.admin_socket)
            .map_err(|error| StartError::AdminSocket(config.admin_socket.clone(), error))?;
        listeners.push(listener);
    }
    listeners.extend(passed.operator);
    Ok(listeners)
}
