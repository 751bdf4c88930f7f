//! One connection of a browser: requests come in, and are answered one after the other.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::Shutdown;

use crate::chat::address::Address;
use crate::limits::{
    HEAD_BYTES_MAX, HEAD_TIME_MAX, LINGER_TIME_MAX, WEB_IDLE_TIME_MAX, WEB_REQUESTS_MAX,
    WEB_STALL_TIME_MAX,
};
use crate::protocol::http::head::{Method, RequestHead};
use crate::protocol::http::refusal::HeadError;
use crate::protocol::http::response::Response;
use crate::protocol::http::scan::HeadScan;
use crate::protocol::http::status::Status;
use crate::server::connection::send;
use crate::server::poll::Interest;

/// One connection of a browser.
#[derive(Debug)]
pub struct WebConnection {
    socket: OwnedFd,
    /// The address that it is from.
    pub from: Address,
    /// Whether there is no place for it: it stays open until it was told so.
    pub is_refused: bool,
    /// Requests that were read and not answered yet, the first perhaps not complete.
    input: Vec<u8>,
    /// How far the first of them was looked at.
    scan: HeadScan,
    state: WebState,
    /// How many requests were answered.
    answered: u32,
    /// When it is given up, or told that it took too long.
    pub deadline: Duration,
    /// Whether it has more to do, and had its share of this tick.
    pub is_due: bool,
    /// What the poll watches it for.
    pub interest: Interest,
}

/// The state of a connection.
#[derive(Debug)]
enum WebState {
    /// It waits for a request.
    Reading,
    /// A response is being written.
    Writing(WebOutput),
    /// The last response is written and the server's side is shut down. What still comes is
    /// dropped: closing at once could reset the connection, and lose the response.
    Lingering,
}

/// A response that is being written.
#[derive(Debug)]
struct WebOutput {
    head: Vec<u8>,
    /// The body, if one is sent.
    body: Option<Arc<[u8]>>,
    /// How many bytes of both were written.
    written: usize,
    /// Whether the connection is closed behind it.
    closes: bool,
}

/// The next step of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebStep {
    /// It waits for the poll.
    Waits,
    /// A request is complete, with a head of so many bytes: it is to be answered.
    Asked(usize),
    /// What came is no request, and is to be refused.
    Refused(HeadError),
    /// A response is written, and the next request is looked at.
    Answered,
    /// It is over.
    Over,
}

impl WebConnection {
    /// Creates a connection that was just accepted.
    pub fn new(socket: OwnedFd, from: Address, now: Duration) -> Self {
        WebConnection {
            socket,
            from,
            is_refused: false,
            input: Vec::new(),
            scan: HeadScan::default(),
            state: WebState::Reading,
            answered: 0,
            deadline: now + WEB_IDLE_TIME_MAX,
            is_due: false,
            interest: Interest::READ,
        }
    }

    /// The socket.
    pub fn socket(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Returns true if nothing of a request has come since the last one was answered.
    pub fn is_idle(&self) -> bool {
        matches!(self.state, WebState::Reading) && self.input.is_empty()
    }

    /// Returns true if a response is being written.
    pub fn is_writing(&self) -> bool {
        matches!(self.state, WebState::Writing(_))
    }

    /// What the poll should watch it for.
    pub fn wanted_interest(&self) -> Interest {
        match self.state {
            WebState::Writing(_) => Interest { read: false, write: true },
            // It can be written at once, so that the poll reports it in the next tick.
            WebState::Reading => Interest { read: true, write: self.is_due },
            WebState::Lingering => Interest::READ,
        }
    }

    /// Writes, or looks at what has come, or reads once into `buffer`.
    pub fn go_on(&mut self, buffer: &mut [u8], now: Duration) -> WebStep {
        match self.state {
            WebState::Writing(_) => self.write_on(now),
            WebState::Lingering => match rustix::io::read(&self.socket, buffer) {
                Ok(1..) | Err(Errno::AGAIN | Errno::INTR) => WebStep::Waits,
                Ok(0) | Err(_) => WebStep::Over,
            },
            WebState::Reading => match self.look() {
                WebStep::Waits => self.read(buffer, now),
                step => step,
            },
        }
    }

    /// The head of the first request that was read.
    ///
    /// # Errors
    /// If it is malformed.
    pub fn head(&self, length: usize) -> Result<RequestHead<'_>, HeadError> {
        RequestHead::parse(&self.input[..length])
    }

    /// Begins to write the response to the first request that was read, whose head has `length`
    /// bytes; 0 if it is not complete.
    pub fn answer(&mut self, length: usize, mut response: Response, now: (Duration, i64)) {
        self.answered += 1;
        let head = self.head(length);
        let keeps_alive = head.as_ref().is_ok_and(RequestHead::keeps_alive);
        let is_head = match head {
            Ok(head) => head.method == Method::Head,
            Err(_) => self.input.starts_with(b"HEAD "),
        };
        response.closes |= !keeps_alive || self.answered >= WEB_REQUESTS_MAX;
        self.input.drain(..length);
        if self.input.is_empty() || response.closes {
            // An idle connection owns no buffer.
            self.input = Vec::new();
        }
        self.scan = HeadScan::default();
        let (now, unix_seconds) = now;
        self.deadline = now + WEB_STALL_TIME_MAX;
        self.state = WebState::Writing(WebOutput {
            head: response.head(unix_seconds),
            closes: response.closes,
            body: Some(response.body)
                .filter(|_| !is_head && response.status != Status::NotModified),
            written: 0,
        });
    }

    /// Acts on a deadline that has passed. Returns true if a response says so.
    pub fn time_out(&mut self, now: (Duration, i64)) -> bool {
        if self.input.is_empty() || !matches!(self.state, WebState::Reading) {
            return false;
        }
        let response = Response::text(Status::RequestTimeout, "the request took too long");
        self.answer(0, response.closing(), now);
        true
    }

    /// Looks whether the first request that was read is complete.
    fn look(&mut self) -> WebStep {
        match self.scan.advance(&self.input) {
            Ok(None) => WebStep::Waits,
            Ok(Some(length)) => WebStep::Asked(length),
            Err(error) => WebStep::Refused(error),
        }
    }

    fn read(&mut self, buffer: &mut [u8], now: Duration) -> WebStep {
        // One byte more than a head may have tells that it is too long.
        let room = (HEAD_BYTES_MAX + 1 - self.input.len()).min(buffer.len());
        match rustix::io::read(&self.socket, &mut buffer[..room]) {
            Ok(0) => WebStep::Over,
            Ok(count) => {
                if self.input.is_empty() {
                    self.deadline = now + HEAD_TIME_MAX;
                }
                self.input.extend_from_slice(&buffer[..count]);
                self.look()
            }
            Err(Errno::AGAIN | Errno::INTR) => WebStep::Waits,
            Err(_) => WebStep::Over,
        }
    }

    /// Writes as much as the socket takes.
    fn write_on(&mut self, now: Duration) -> WebStep {
        let WebState::Writing(output) = &mut self.state else { return WebStep::Waits };
        match output.write(self.socket.as_fd()) {
            Ok(0) if !output.is_written() => return WebStep::Waits,
            Ok(_) => {}
            Err(_) => return WebStep::Over,
        }
        if !output.is_written() {
            self.deadline = now + WEB_STALL_TIME_MAX;
            return WebStep::Waits;
        }
        if !output.closes {
            self.state = WebState::Reading;
            let is_idle = self.input.is_empty();
            self.deadline = now + if is_idle { WEB_IDLE_TIME_MAX } else { HEAD_TIME_MAX };
            return WebStep::Answered;
        }
        self.state = WebState::Lingering;
        self.deadline = now + LINGER_TIME_MAX;
        match rustix::net::shutdown(&self.socket, Shutdown::Write) {
            Ok(()) => WebStep::Waits,
            Err(_) => WebStep::Over,
        }
    }
}

impl WebOutput {
    fn is_written(&self) -> bool {
        self.written == self.head.len() + self.body.as_ref().map_or(0, |body| body.len())
    }

    /// Writes as much as the socket takes, and returns how much that was.
    fn write(&mut self, socket: BorrowedFd<'_>) -> io::Result<usize> {
        let before = self.written;
        let body = self.body.as_deref().unwrap_or_default();
        if let Some(rest) = self.head.get(self.written..).filter(|rest| !rest.is_empty()) {
            self.written += send(socket, rest, !body.is_empty())?.unwrap_or(0);
        }
        if self.written >= self.head.len() {
            let rest = &body[self.written - self.head.len()..];
            if !rest.is_empty() {
                self.written += send(socket, rest, false)?.unwrap_or(0);
            }
        }
        Ok(self.written - before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_connection_takes_little_memory() {
        assert!(size_of::<WebConnection>() <= 176, "{}", size_of::<WebConnection>());
    }
}
