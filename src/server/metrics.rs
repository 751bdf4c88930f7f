//! The page that Prometheus reads, and whether the server is well: a little HTTP on the same loop.
//!
//! There may be few such connections, each for a short time; who comes when there is no place is
//! closed at once. The format is Prometheus' text exposition format, version 0.0.4.

use std::fmt::Write;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::Shutdown;

use super::listener::{Accepted, Listener};
use super::poll::{Interest, Key, Poll};
use super::sink::send;
use super::{Server, Timer};
use crate::figures::{Family, Kind};
use crate::limits::{EXCHANGE_TIME_MAX, EXCHANGES_MAX, REQUEST_BYTES_MAX};

/// Who listens for readers of the metrics, and who reads them.
#[derive(Debug, Default)]
pub struct Metrics {
    /// Who listens for readers, where anybody does.
    pub listener: Option<Listener>,
    exchanges: Vec<Option<Exchange>>,
    /// How many there were.
    count: u64,
}

/// One request and its answer.
#[derive(Debug)]
struct Exchange {
    number: u64,
    socket: OwnedFd,
    request: Vec<u8>,
    /// Empty while the request is not complete.
    answer: Vec<u8>,
    written: usize,
}

impl Metrics {
    /// Listens on `address`, where there is one.
    ///
    /// # Errors
    /// The address that can't be listened on, and why.
    pub fn open(address: Option<SocketAddr>) -> Result<Metrics, (SocketAddr, io::Error)> {
        let Some(address) = address else { return Ok(Metrics::default()) };
        let listener = Listener::open(address).map_err(|error| (address, error))?;
        log::info!("event=metrics address={}", listener.endpoint);
        Ok(Metrics { listener: Some(listener), ..Metrics::default() })
    }

    /// A place for one more exchange.
    fn free_place(&mut self) -> Option<usize> {
        if let Some(place) = self.exchanges.iter().position(Option::is_none) {
            return Some(place);
        }
        (self.exchanges.len() < EXCHANGES_MAX).then(|| {
            self.exchanges.push(None);
            self.exchanges.len() - 1
        })
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
            Accepted::Gone | Accepted::None => return,
            Accepted::Exhausted(error) => return self.rest(&error),
        };
        self.accepts_again();
        let Some(place) = self.metrics.free_place() else { return };
        if let Err(error) = self.poll.add(&socket, Key::Exchange(place as u16), Interest::READ) {
            log::warn!("event=poll-failed error={error}");
            return;
        }
        self.metrics.count += 1;
        let number = self.metrics.count;
        self.timers.add(self.now.steady + EXCHANGE_TIME_MAX, Timer::Exchange(number));
        let (request, answer) = (Vec::new(), Vec::new());
        let exchange = Exchange { number, socket, request, answer, written: 0 };
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
        let exchange = self.metrics.exchanges.get_mut(place)?.as_mut()?;
        if exchange.answer.is_empty() {
            if !exchange.read()? {
                return Some(());
            }
            let answer = self.answer(place)?;
            let exchange = self.metrics.exchanges[place].as_mut()?;
            exchange.answer = answer;
            let interest = Interest { read: false, write: true };
            self.poll.modify(&exchange.socket, Key::Exchange(place as u16), interest).ok()?;
        }
        self.metrics.exchanges[place].as_mut()?.write()
    }

    fn answer(&mut self, place: usize) -> Option<Vec<u8>> {
        let mut headers = [httparse::EMPTY_HEADER; 64];
        let mut request = httparse::Request::new(&mut headers);
        let exchange = self.metrics.exchanges[place].as_ref()?;
        let (status, body) = match request.parse(&exchange.request) {
            Ok(httparse::Status::Complete(_)) => match (request.method, request.path) {
                (Some("GET"), Some("/metrics")) => ("200 OK", page(&self.figures())),
                (Some("GET"), Some("/healthz")) if self.drain.is_some() => {
                    ("503 Service Unavailable", "stopping\n".to_owned())
                }
                (Some("GET"), Some("/healthz")) if !self.store.can_write() => {
                    ("503 Service Unavailable", "the store can't be written to\n".to_owned())
                }
                (Some("GET"), Some("/healthz")) => ("200 OK", "ok\n".to_owned()),
                (Some("GET"), _) => ("404 Not Found", "/metrics or /healthz\n".to_owned()),
                _ => ("405 Method Not Allowed", "GET alone\n".to_owned()),
            },
            _ => ("400 Bad Request", "that is no HTTP request\n".to_owned()),
        };
        let length = body.len();
        Some(
            format!(
                "HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n\
                 Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
            )
            .into_bytes(),
        )
    }
}

impl Exchange {
    /// Reads what came; whether the request is complete, or longer than it may be. `None` where the
    /// reader is gone.
    fn read(&mut self) -> Option<bool> {
        let mut buffer = [0; 1024];
        let count = match rustix::io::read(&self.socket, &mut buffer) {
            Ok(0) => return None,
            Ok(count) => count,
            Err(Errno::AGAIN | Errno::INTR) => return Some(false),
            Err(_) => return None,
        };
        self.request.extend_from_slice(&buffer[..count]);
        let is_complete = memchr::memmem::find(&self.request, b"\r\n\r\n").is_some();
        Some(is_complete || self.request.len() > REQUEST_BYTES_MAX)
    }

    /// Writes what the socket takes; `None` where all is written, or the reader is gone.
    fn write(&mut self) -> Option<()> {
        let took = send(self.socket.as_fd(), &self.answer[self.written..], false).ok()?;
        self.written += took.unwrap_or(0);
        if self.written == self.answer.len() {
            // It may be gone already, and then nothing is left to be shut.
            let _ = rustix::net::shutdown(&self.socket, Shutdown::Write);
            return None;
        }
        Some(())
    }
}

/// The figures as Prometheus reads them.
fn page(families: &[Family]) -> String {
    let mut page = String::new();
    for family in families {
        let kind = match family.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
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
