//! The connections over which the metrics are read: a request and its answer each.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::Shutdown;

use super::http::{HttpRequest, read};
use crate::server::connection::send;
use crate::server::poll::{Interest, Poll, PollKey};

/// All exchanges, each in a place of its own.
#[derive(Debug)]
pub struct Exchanges {
    places: Vec<Option<Exchange>>,
    /// How many there may be.
    max: usize,
    /// How many there were.
    count: u64,
}

/// What comes next in an exchange that is not over.
#[derive(Debug)]
pub enum ExchangeStep {
    /// The poll tells when it goes on.
    Waits,
    /// The request is there: [`Exchanges::answer`] is to be called.
    Asked(HttpRequest),
    /// The exchange of that number is answered, and ends soon.
    Answered(u64),
}

/// One request and its answer.
#[derive(Debug)]
struct Exchange {
    number: u64,
    socket: OwnedFd,
    request: Vec<u8>,
    state: ExchangeState,
    /// When a byte last moved.
    active_at: Duration,
}

#[derive(Debug)]
enum ExchangeState {
    /// The request is not complete.
    Reading,
    /// So much of the answer is written.
    Answering(Vec<u8>, usize),
    /// All is written and the server's side is shut. What still comes is dropped: closed at once,
    /// the connection would be reset, and the answer lost with it.
    Lingering,
}

/// What came of reading a request.
#[derive(PartialEq, Eq)]
enum Received {
    Bytes,
    Nothing,
    End,
}

impl Exchanges {
    /// No exchanges; there may be at most `max` at a time.
    pub fn new(max: usize) -> Self {
        Exchanges { places: Vec::new(), max, count: 0 }
    }

    /// Begins one, in the place of another where there is none left, and tells its number.
    ///
    /// # Errors
    /// Where the kernel refuses to watch its socket.
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

    /// A place for one more exchange, or that of the one which is idle longest; whoever has its
    /// answer goes first.
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

    /// Ends the exchange in a place, where there is one.
    pub fn close(&mut self, place: usize, poll: &Poll) {
        let Some(exchange) = self.places.get_mut(place).and_then(Option::take) else { return };
        if let Err(error) = poll.delete(&exchange.socket) {
            log::error!("event=poll-failed error={error}");
        }
    }

    /// Where the exchange of a number is, where it is not over.
    pub fn place_of(&self, number: u64) -> Option<usize> {
        let is_it = |exchange: &Option<Exchange>| {
            exchange.as_ref().is_some_and(|exchange| exchange.number == number)
        };
        self.places.iter().position(is_it)
    }

    /// Reads or writes what there is, now that the poll has told of a place. None where the
    /// exchange is over.
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

    /// Answers the request in a place. None where the exchange is over.
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
    /// Reads what came; `None` where the reader is gone.
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

    /// Writes what the socket takes, and tells whether that was the rest; `None` where the reader
    /// is gone.
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
