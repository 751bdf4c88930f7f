//! One connection of a browser: requests come in, and are answered one after the other.

use std::io::{self, IoSlice};
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
use crate::server::connection::{Came, Sink, Transport};
use crate::server::poll::Interest;

/// One connection of a browser.
#[derive(Debug)]
pub struct WebConnection {
    socket: OwnedFd,
    transport: Transport,
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
    /// Whether the end of a TLS session was written behind it.
    has_ended: bool,
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
        WebConnection::over_tls((socket, Transport::Plain), from, now)
    }

    /// Creates a connection whose TLS handshake is done.
    pub fn over_tls(
        (socket, transport): (OwnedFd, Transport),
        from: Address,
        now: Duration,
    ) -> Self {
        WebConnection {
            socket,
            transport,
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

    /// Returns true if it speaks TLS.
    pub fn is_encrypted(&self) -> bool {
        self.transport.tls().is_some()
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
            WebState::Reading => {
                Interest { read: true, write: self.is_due || self.transport.unsent() > 0 }
            }
            WebState::Lingering => Interest::READ,
        }
    }

    /// Writes, or looks at what has come, or reads once. `clear` and `cipher` are scratch space.
    pub fn go_on(&mut self, clear: &mut [u8], cipher: &mut [u8], now: Duration) -> WebStep {
        match self.state {
            WebState::Writing(_) => self.write_on(now).unwrap_or(WebStep::Over),
            WebState::Lingering => match rustix::io::read(&self.socket, clear) {
                Ok(1..) | Err(Errno::AGAIN | Errno::INTR) => WebStep::Waits,
                Ok(0) | Err(_) => WebStep::Over,
            },
            WebState::Reading => match self.look() {
                WebStep::Waits if self.transport.is_ended() => WebStep::Over,
                WebStep::Waits => self.read(clear, cipher, now),
                step => step,
            },
        }
    }

    /// Takes bytes of requests that were read.
    pub fn receive(&mut self, bytes: &[u8], now: Duration) {
        if self.input.is_empty() && !bytes.is_empty() {
            self.deadline = now + HEAD_TIME_MAX;
        }
        self.input.extend_from_slice(bytes);
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
            has_ended: false,
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

    fn read(&mut self, clear: &mut [u8], cipher: &mut [u8], now: Duration) -> WebStep {
        // One byte more than a head may have tells that it is too long.
        let room = (HEAD_BYTES_MAX + 1).saturating_sub(self.input.len());
        let socket = self.socket.as_fd();
        let filled = self.transport.fill(socket, clear, room, cipher, BEHIND_HANDSHAKE);
        // TLS may have an alert to send, or an answer to a message of its own.
        if self.transport.push(socket).is_err() {
            return WebStep::Over;
        }
        match filled.came {
            Came::Bytes(count) => {
                self.receive(&clear[..count], now);
                self.look()
            }
            Came::Nothing => WebStep::Waits,
            Came::End | Came::Lost | Came::Foreign | Came::Failed(_) => WebStep::Over,
        }
    }

    /// Writes as much as the socket takes.
    ///
    /// # Errors
    /// If the connection is lost.
    fn write_on(&mut self, now: Duration) -> io::Result<WebStep> {
        let WebState::Writing(output) = &mut self.state else { return Ok(WebStep::Waits) };
        let mut sink = self.transport.sink(self.socket.as_fd(), &mut []);
        output.write(&mut sink)?;
        if sink.written() > 0 {
            self.deadline = now + WEB_STALL_TIME_MAX;
        }
        if !output.is_written() {
            return Ok(WebStep::Waits);
        }
        if output.closes && !output.has_ended {
            output.has_ended = true;
            self.transport.end(self.socket.as_fd())?;
        }
        if self.transport.unsent() > 0 {
            return Ok(WebStep::Waits);
        }
        if !output.closes {
            self.state = WebState::Reading;
            let is_idle = self.input.is_empty();
            self.deadline = now + if is_idle { WEB_IDLE_TIME_MAX } else { HEAD_TIME_MAX };
            return Ok(WebStep::Answered);
        }
        self.state = WebState::Lingering;
        self.deadline = now + LINGER_TIME_MAX;
        rustix::net::shutdown(&self.socket, Shutdown::Write)?;
        // What still comes is dropped as it is.
        self.transport = Transport::Plain;
        Ok(WebStep::Waits)
    }
}

/// A number of bytes that were read before: behind the handshake it does not matter which.
const BEHIND_HANDSHAKE: u64 = 1;

impl WebOutput {
    fn is_written(&self) -> bool {
        self.written == self.head.len() + self.body.as_ref().map_or(0, |body| body.len())
    }

    /// Writes as much as the sink takes.
    ///
    /// # Errors
    /// If the connection is lost.
    fn write(&mut self, sink: &mut Sink<'_>) -> io::Result<()> {
        sink.push()?;
        let body = self.body.as_deref().unwrap_or_default();
        while self.written < self.head.len() + body.len() {
            let head = self.head.get(self.written..).unwrap_or_default();
            let rest = &body[self.written.saturating_sub(self.head.len())..];
            match sink.send_all(&[IoSlice::new(head), IoSlice::new(rest)])? {
                Some(taken) => self.written += taken,
                None => break,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_connection_takes_little_memory() {
        assert!(size_of::<WebConnection>() <= 192, "{}", size_of::<WebConnection>());
    }
}
