//! The HTTP connections to the metrics page: one request and one response each.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::Shutdown;

use super::http::{HttpRequest, read};
use crate::server::connection::send;
use crate::server::poll::{Interest, Poll, PollKey};

/// All HTTP connections to the metrics page, each in a slot.
#[derive(Debug)]
pub struct Exchanges {
    places: Vec<Option<Exchange>>,
    /// The largest number of slots.
    max: usize,
    /// The number of the last exchange.
    count: u64,
}

/// The next step of an exchange that is not over.
#[derive(Debug)]
pub enum ExchangeStep {
    /// It waits for the poll.
    Waits,
    /// The request is complete: the caller must call [`Exchanges::answer`].
    Asked(HttpRequest),
    /// The response of the exchange with that number is written, and it lingers.
    Answered(u64),
}

/// One request and its response.
#[derive(Debug)]
struct Exchange {
    number: u64,
    socket: OwnedFd,
    request: Vec<u8>,
    state: ExchangeState,
    /// When a byte last moved.
    active_at: Duration,
}

/// The state of an exchange.
#[derive(Debug)]
enum ExchangeState {
    /// The request is not complete.
    Reading,
    /// The response, and how many bytes of it are written.
    Answering(Vec<u8>, usize),
    /// The response is written and the server's side is shut down. What still comes is dropped:
    /// closing at once could reset the connection, and lose the response.
    Lingering,
}

/// The result of one read.
#[derive(PartialEq, Eq)]
enum Received {
    Bytes,
    Nothing,
    End,
}

impl Exchanges {
    /// Creates an empty table; there may be at most `max` exchanges at a time.
    pub fn new(max: usize) -> Self {
        Exchanges { places: Vec::new(), max, count: 0 }
    }

    /// Begins an exchange, and returns its number. If no slot is free, it replaces another one.
    ///
    /// # Errors
    /// If the kernel refuses to watch its socket.
    pub fn begin(&mut self, socket: OwnedFd, now: Duration, poll: &Poll) -> io::Result<u64> {
        let place = self.free_place();
        self.close(place, poll);
        poll.add(&socket, PollKey::Exchange(place as u16), Interest::READ)?;
        self.count += 1;
        let number = self.count;
        let (request, state) = (Vec::new(), ExchangeState::Reading);
        self.places[place] = Some(Exchange { number, socket, request, state, active_at: now });
        Ok(number)
    }

    /// A free slot; or else that of an exchange which lingers; or else that of the one which is
    /// idle longest.
    fn free_place(&mut self) -> usize {
        if let Some(place) = self.places.iter().position(Option::is_none) {
            return place;
        }
        if self.places.len() < self.max {
            self.places.push(None);
            return self.places.len() - 1;
        }
        let idle = |(_, exchange): &(usize, &Option<Exchange>)| {
            exchange.as_ref().map(|exchange| {
                let is_done = matches!(exchange.state, ExchangeState::Lingering);
                (!is_done, exchange.active_at, exchange.number)
            })
        };
        self.places.iter().enumerate().min_by_key(idle).map_or(0, |(place, _)| place)
    }

    /// Closes the exchange in a slot, if there is one.
    pub fn close(&mut self, place: usize, poll: &Poll) {
        let Some(exchange) = self.places.get_mut(place).and_then(Option::take) else { return };
        if let Err(error) = poll.delete(&exchange.socket) {
            log::error!("event=poll-failed error={error}");
        }
    }

    /// The slot of the exchange with that number, if it is not over.
    pub fn place_of(&self, number: u64) -> Option<usize> {
        let is_it = |exchange: &Option<Exchange>| {
            exchange.as_ref().is_some_and(|exchange| exchange.number == number)
        };
        self.places.iter().position(is_it)
    }

    /// Reads or writes, after an event of the poll for a slot. `None` if the exchange is over.
    pub fn go_on(&mut self, place: usize, now: Duration, poll: &Poll) -> Option<ExchangeStep> {
        let exchange = self.places.get_mut(place)?.as_mut()?;
        match exchange.state {
            ExchangeState::Lingering => {
                let came = exchange.read()?;
                exchange.request.clear();
                (came != Received::End).then_some(ExchangeStep::Waits)
            }
            ExchangeState::Reading => {
                let is_all = match exchange.read()? {
                    Received::Bytes => false,
                    Received::Nothing => return Some(ExchangeStep::Waits),
                    Received::End if exchange.request.is_empty() => return None,
                    Received::End => true,
                };
                exchange.active_at = now;
                Some(
                    read(&exchange.request, is_all)
                        .map_or(ExchangeStep::Waits, ExchangeStep::Asked),
                )
            }
            ExchangeState::Answering(..) => self.write_on(place, now, poll),
        }
    }

    /// Begins to write the response of the exchange in a slot. `None` if the exchange is over.
    pub fn answer(
        &mut self,
        place: usize,
        answer: Vec<u8>,
        now: Duration,
        poll: &Poll,
    ) -> Option<ExchangeStep> {
        let exchange = self.places.get_mut(place)?.as_mut()?;
        exchange.state = ExchangeState::Answering(answer, 0);
        let interest = Interest { read: false, write: true };
        poll.modify(&exchange.socket, PollKey::Exchange(place as u16), interest).ok()?;
        self.write_on(place, now, poll)
    }

    fn write_on(&mut self, place: usize, now: Duration, poll: &Poll) -> Option<ExchangeStep> {
        let exchange = self.places.get_mut(place)?.as_mut()?;
        exchange.active_at = now;
        if !exchange.write()? {
            return Some(ExchangeStep::Waits);
        }
        exchange.state = ExchangeState::Lingering;
        exchange.request.clear();
        poll.modify(&exchange.socket, PollKey::Exchange(place as u16), Interest::READ).ok()?;
        Some(ExchangeStep::Answered(exchange.number))
    }
}

impl Exchange {
    /// Reads once; `None` if the client is gone.
    fn read(&mut self) -> Option<Received> {
        let mut buffer = [0; 1024];
        match rustix::io::read(&self.socket, &mut buffer) {
            Ok(0) => Some(Received::End),
            Ok(count) => {
                self.request.extend_from_slice(&buffer[..count]);
                Some(Received::Bytes)
            }
            Err(Errno::AGAIN | Errno::INTR) => Some(Received::Nothing),
            Err(_) => None,
        }
    }

    /// Writes as much as the socket takes. Returns true if the response is complete; `None` if the
    /// client is gone.
    fn write(&mut self) -> Option<bool> {
        let ExchangeState::Answering(answer, written) = &mut self.state else { return Some(false) };
        let took = send(self.socket.as_fd(), &answer[*written..], false).ok()?;
        *written += took.unwrap_or(0);
        if *written < answer.len() {
            return Some(false);
        }
        rustix::net::shutdown(&self.socket, Shutdown::Write).ok()?;
        Some(true)
    }
}
