//! The page that Prometheus reads, and whether the server is well: a little HTTP on the same loop.
//!
//! There may be few such connections, each for a short time; for one more the one goes that is idle
//! longest. The format is Prometheus' text exposition format, version 0.0.4.

mod http;

use std::fmt::Write;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use http::{Answer, Page};
use rustix::io::Errno;
use rustix::net::Shutdown;

use super::listener::{Accepted, Listener};
use super::poll::{Interest, Key, Poll};
use super::sink::send;
use super::{Server, Timer};
use crate::figures::{Family, MetricKind};
use crate::limits::{EXCHANGE_TIME_MAX, LINGER_TIME_MAX};

/// Who listens for readers of the metrics, and who reads them.
#[derive(Debug, Default)]
pub struct Metrics {
    /// Who listens for readers, where anybody does.
    pub listener: Option<Listener>,
    exchanges: Vec<Option<Exchange>>,
    /// How many there may be.
    max: usize,
    /// How many there were.
    count: u64,
}

/// One request and its answer.
#[derive(Debug)]
struct Exchange {
    number: u64,
    socket: OwnedFd,
    request: Vec<u8>,
    state: State,
    /// When a byte last moved.
    active_at: Duration,
}

#[derive(Debug)]
enum State {
    /// The request is not complete.
    Reading,
    /// So much of the answer is written.
    Answering(Vec<u8>, usize),
    /// All is written and the server's side is shut. What still comes is dropped: closed at once,
    /// the connection would be reset, and the answer lost with it.
    Lingering,
}

/// What came of reading.
enum Came {
    Bytes,
    Nothing,
    End,
}

impl Metrics {
    /// Listens on `address`, where there is one, for at most `max` readers at a time.
    ///
    /// # Errors
    /// The address that can't be listened on, and why.
    pub fn open(
        address: Option<SocketAddr>,
        max: usize,
    ) -> Result<Metrics, (SocketAddr, io::Error)> {
        let Some(address) = address else { return Ok(Metrics::default()) };
        let listener = Listener::open(address).map_err(|error| (address, error))?;
        Ok(Metrics { listener: Some(listener), max, ..Metrics::default() })
    }

    /// A place for one more exchange, or that of the one which is idle longest; whoever has its
    /// answer goes first.
    fn place(&mut self) -> usize {
        if let Some(place) = self.exchanges.iter().position(Option::is_none) {
            return place;
        }
        if self.exchanges.len() < self.max {
            self.exchanges.push(None);
            return self.exchanges.len() - 1;
        }
        let idle = |(_, exchange): &(usize, &Option<Exchange>)| {
            exchange.as_ref().map(|exchange| {
                let is_done = matches!(exchange.state, State::Lingering);
                (!is_done, exchange.active_at, exchange.number)
            })
        };
        self.exchanges.iter().enumerate().min_by_key(idle).map_or(0, |(place, _)| place)
    }

    fn close(&mut self, place: usize, poll: &Poll) {
        let Some(exchange) = self.exchanges.get_mut(place).and_then(Option::take) else { return };
        if let Err(error) = poll.delete(&exchange.socket) {
            log::error!("event=poll-failed error={error}");
        }
    }
}

impl Server {
    /// Takes who wants to read the metrics.
    pub(super) fn accept_exchange(&mut self) {
        let Some(listener) = &self.metrics.listener else { return };
        let socket = match listener.accept() {
            Accepted::Connection(socket, _) => socket,
            Accepted::Gone | Accepted::Forbidden(_) | Accepted::None => return,
            Accepted::Exhausted(error) => return self.rest(&error),
        };
        self.accepts_again();
        let place = self.metrics.place();
        self.metrics.close(place, &self.poll);
        if let Err(error) = self.poll.add(&socket, Key::Exchange(place as u16), Interest::READ) {
            log::warn!("event=poll-failed error={error}");
            return;
        }
        self.metrics.count += 1;
        let number = self.metrics.count;
        let now = self.now.steady;
        self.timers.add(now + EXCHANGE_TIME_MAX, Timer::Exchange(number));
        let (request, state) = (Vec::new(), State::Reading);
        let exchange = Exchange { number, socket, request, state, active_at: now };
        self.metrics.exchanges[place] = Some(exchange);
    }

    /// Goes on with a request or an answer.
    pub(super) fn exchange_ready(&mut self, place: u16) {
        let place = usize::from(place);
        if self.exchange(place).is_none() {
            self.close_exchange(place);
        }
    }

    /// Ends an exchange that takes too long.
    pub(super) fn exchange_timer(&mut self, number: u64) {
        let is_it = |exchange: &Option<Exchange>| {
            exchange.as_ref().is_some_and(|exchange| exchange.number == number)
        };
        if let Some(place) = self.metrics.exchanges.iter().position(is_it) {
            self.close_exchange(place);
        }
    }

    fn close_exchange(&mut self, place: usize) {
        self.metrics.close(place, &self.poll);
        self.rest_is_over();
    }

    /// Reads or writes what there is; `None` where it is over.
    fn exchange(&mut self, place: usize) -> Option<()> {
        let now = self.now.steady;
        let exchange = self.metrics.exchanges.get_mut(place)?.as_mut()?;
        if matches!(exchange.state, State::Lingering) {
            let came = exchange.read()?;
            exchange.request.clear();
            return (!matches!(came, Came::End)).then_some(());
        }
        if matches!(exchange.state, State::Reading) {
            let is_all = match exchange.read()? {
                Came::Bytes => false,
                Came::Nothing => return Some(()),
                Came::End if exchange.request.is_empty() => return None,
                Came::End => true,
            };
            exchange.active_at = now;
            let Some(request) = http::read(&exchange.request, is_all) else { return Some(()) };
            let answer = match request.page {
                Ok(Page::Metrics) => Answer::figures(page(&self.figures())),
                Ok(Page::Health) => Answer::health(self.ailment()),
                Err(refusal) => refusal.answer(),
            };
            let exchange = self.metrics.exchanges[place].as_mut()?;
            exchange.state = State::Answering(answer.encode(request.is_head), 0);
            let interest = Interest { read: false, write: true };
            self.poll.modify(&exchange.socket, Key::Exchange(place as u16), interest).ok()?;
        }
        let exchange = self.metrics.exchanges[place].as_mut()?;
        exchange.active_at = now;
        if exchange.write()? {
            exchange.state = State::Lingering;
            exchange.request.clear();
            self.poll.modify(&exchange.socket, Key::Exchange(place as u16), Interest::READ).ok()?;
            self.timers.add(now + LINGER_TIME_MAX, Timer::Exchange(exchange.number));
        }
        Some(())
    }

    /// Why the server is not well, in a word or a few.
    fn ailment(&self) -> Option<&'static str> {
        if self.drain.is_some() {
            return Some("stopping");
        }
        self.store.ailment()
    }
}

impl Exchange {
    /// Reads what came; `None` where the reader is gone.
    fn read(&mut self) -> Option<Came> {
        let mut buffer = [0; 1024];
        match rustix::io::read(&self.socket, &mut buffer) {
            Ok(0) => Some(Came::End),
            Ok(count) => {
                self.request.extend_from_slice(&buffer[..count]);
                Some(Came::Bytes)
            }
            Err(Errno::AGAIN | Errno::INTR) => Some(Came::Nothing),
            Err(_) => None,
        }
    }

    /// Writes what the socket takes, and tells whether that was the rest; `None` where the reader
    /// is gone.
    fn write(&mut self) -> Option<bool> {
        let State::Answering(answer, written) = &mut self.state else { return Some(false) };
        let took = send(self.socket.as_fd(), &answer[*written..], false).ok()?;
        *written += took.unwrap_or(0);
        if *written < answer.len() {
            return Some(false);
        }
        rustix::net::shutdown(&self.socket, Shutdown::Write).ok()?;
        Some(true)
    }
}

/// The figures as Prometheus reads them.
fn page(families: &[Family]) -> String {
    let mut page = String::new();
    for family in families {
        let kind = match family.kind {
            MetricKind::Counter => "counter",
            MetricKind::Gauge => "gauge",
            MetricKind::Histogram => "histogram",
        };
        // Writing to a String does not fail.
        let _ = writeln!(page, "# HELP {} {}", family.name, family.help);
        let _ = writeln!(page, "# TYPE {} {kind}", family.name);
        for row in &family.rows {
            let _ = writeln!(page, "{}", row.line(family.name));
        }
    }
    page
}
