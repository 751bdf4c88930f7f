//! One connection: its socket, the input that is left over, and what waits to be written. It knows
//! no user.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::net::Shutdown;

use super::clock::Moment;
use super::download::OutboxEvent;
use super::outbox::{Flushed, Outbox};
use super::peer::Peer;
use super::poll::Interest;
use super::sink::Sink;
use super::tick_lines::TickLines;
use super::tls::TlsSession;
use super::upload::{Upload, Uploads};
use crate::hub::effect::CloseReason;
use crate::limits::HANDSHAKE_BYTES;
use crate::protocol::native::CLIENT_LINE_BYTES_MAX;
use crate::protocol::native::frame::Decoder;

/// How far a connection has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Not logged in.
    Stranger,
    /// Logged in.
    Open,
    /// The hub has forgotten it; what waits is written.
    Finishing(CloseReason),
    /// All is written, and the server's side is shut; what still comes is dropped.
    Lingering(CloseReason),
    /// To be freed at the end of the tick.
    Doomed(CloseReason),
}

/// One connection.
#[derive(Debug)]
pub struct Connection {
    socket: OwnedFd,
    /// What encrypts, where the connection does not carry its frames as they are.
    tls: Option<Box<TlsSession>>,
    /// Where it comes from, for the log.
    pub peer: Peer,
    /// Whether its peer is to speak TLS, also once the session is over.
    pub is_tls: bool,
    /// Whether it is one more than there may be, and only there to be told so.
    pub is_refused: bool,
    /// How far it has come.
    pub phase: Phase,
    /// Whether somebody has logged in on it, also once it is closing.
    pub was_logged_in: bool,
    /// What cuts its input into frames.
    pub decoder: Decoder,
    /// Input that was read and not handled: an unfinished line, or what the connection has to wait
    /// with.
    pub leftover: Box<[u8]>,
    /// What waits to be written.
    pub outbox: Outbox,
    /// What is being sent by the peer.
    pub uploads: Option<Box<Uploads>>,
    /// How many bytes [`Connection::waiting_memory`] were when they were last counted.
    pub waiting_counted: usize,
    /// What the poll knows.
    pub interest: Interest,
    /// Whether writing has to wait until the poll says that the socket is writable.
    pub is_write_blocked: bool,
    /// Whether it is on the list of those to be flushed.
    pub is_dirty: bool,
    /// Why the leftover is not handled, though it may hold whole frames.
    pub pause: Option<Pause>,
    /// Whether the peer has shut its side.
    pub is_at_end: bool,
    /// When something has to be done about it; see [`Phase`].
    pub deadline: Option<Moment>,
    /// The one timer that counts.
    pub armed: Option<Moment>,
    /// When the next line would be on time, by the limit of lines a second.
    pub next_line_at: Moment,
    /// How many bytes were read and written when the poll last reported it; what overflows does not
    /// matter.
    bytes_at_wakeup: u32,
    /// How many reports in a row moved none.
    spurious_wakeups: u16,
    /// When it was accepted.
    pub since: Moment,
    /// Bytes read.
    pub bytes_in: u64,
    /// Bytes written.
    pub bytes_out: u64,
}

/// Why a connection's input waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// Its share of this tick is used up; it is on the list of those to go on with.
    Turn,
    /// It sends faster than the limit of lines a second; a timer goes on with it.
    Rate,
    /// An answer has to come first, or be taken; flushing goes on with it.
    Answer,
    /// The disk is behind what it uploads; what is written goes on with it.
    Disk,
    /// The store is behind; it is on the list of those to go on with when the store is not.
    Store,
    /// This tick has seen enough handshakes; it is on the list of those to go on with.
    Handshake,
}

impl Connection {
    /// A connection that was just accepted, and speaks TLS with that session.
    pub fn new(socket: OwnedFd, tls: Option<Box<TlsSession>>, peer: Peer, now: Duration) -> Self {
        Connection {
            socket,
            is_tls: tls.is_some(),
            tls,
            peer,
            is_refused: false,
            phase: Phase::Stranger,
            was_logged_in: false,
            decoder: Decoder::new(CLIENT_LINE_BYTES_MAX),
            leftover: Box::default(),
            outbox: Outbox::default(),
            uploads: None,
            waiting_counted: 0,
            interest: Interest::READ,
            is_write_blocked: false,
            is_dirty: false,
            pause: None,
            is_at_end: false,
            deadline: None,
            armed: None,
            next_line_at: now.into(),
            bytes_at_wakeup: 0,
            spurious_wakeups: 0,
            since: now.into(),
            bytes_in: 0,
            bytes_out: 0,
        }
    }

    /// The socket.
    pub fn socket(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// The socket, and the TLS session on it where there is one.
    pub fn socket_and_tls(&mut self) -> (BorrowedFd<'_>, Option<&mut TlsSession>) {
        (self.socket.as_fd(), self.tls.as_deref_mut())
    }

    /// The TLS session, where there is one.
    pub fn tls(&self) -> Option<&TlsSession> {
        self.tls.as_deref()
    }

    /// Goes on without the TLS session: to drop what still comes, or with a peer that speaks none.
    pub fn drop_tls(&mut self) {
        self.tls = None;
    }

    /// Whether it takes TLS and there is no TLS session yet, so that no frame can be written.
    pub fn is_handshaking(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.is_handshaking())
    }

    /// Bytes of frames that were read.
    pub fn frame_bytes_in(&self) -> u64 {
        self.tls.as_ref().map_or(self.bytes_in, |tls| tls.received())
    }

    /// Bytes that wait to be written; see [`Outbox::waiting_bytes`].
    pub fn waiting_bytes(&self) -> usize {
        self.outbox.waiting_bytes() + self.tls.as_ref().map_or(0, |tls| tls.unsent())
    }

    /// Bytes that wait on its account: to be written, to be handled, or to reach the disk. A
    /// handshake is counted as what its state takes.
    pub fn waiting_memory(&self) -> usize {
        let tls = self.tls.as_ref().map_or(0, |tls| match tls.is_handshaking() {
            true => tls.unsent() + HANDSHAKE_BYTES,
            false => tls.unsent(),
        });
        let uploads = self.uploads.as_ref().map_or(0, |uploads| uploads.bytes());
        self.outbox.memory() + tls + self.leftover.len() + uploads
    }

    /// Writes what the socket takes; see [`Outbox::flush`]. `buffer` is for the bytes of files.
    ///
    /// # Errors
    /// Where the connection is lost.
    pub fn flush(
        &mut self,
        lines: &TickLines,
        buffer: &mut [u8],
        events: &mut Vec<OutboxEvent>,
    ) -> io::Result<()> {
        if self.is_write_blocked {
            // The poll tells when it is worth another attempt. Thousands who do not read would cost
            // one for every message.
            self.outbox.keep(lines);
            return Ok(());
        }
        let mut sink = match &mut self.tls {
            None => Sink::plain(self.socket.as_fd()),
            Some(session) => Sink::secure(self.socket.as_fd(), session, buffer),
        };
        // What was encrypted in earlier ticks comes first, and what only TLS itself has to say
        // leaves also where there is no line.
        let flushed = sink
            .push()
            .and_then(|_| self.outbox.flush(&mut sink, lines, events))
            .and_then(|flushed| sink.push().map(|_| flushed));
        self.bytes_out += sink.written() as u64;
        let flushed = flushed?;
        self.is_write_blocked = match &self.tls {
            None => flushed == Flushed::Left,
            // The lines wait for the peer's part of the handshake, and not for the socket.
            Some(session) if session.is_handshaking() => session.is_blocked(),
            Some(session) => flushed == Flushed::Left || session.is_blocked(),
        };
        Ok(())
    }

    /// Shuts the server's side, where all that waits is written, and tells whether it is shut.
    ///
    /// # Errors
    /// Where the connection is lost.
    pub fn end_output(&mut self) -> io::Result<bool> {
        if let Some(session) = &mut self.tls {
            if !session.is_handshaking() {
                session.send_close_notify();
            }
            self.bytes_out += session.push(self.socket.as_fd())? as u64;
            self.is_write_blocked = session.is_blocked();
            if self.is_write_blocked {
                return Ok(false);
            }
        }
        rustix::net::shutdown(&self.socket, Shutdown::Write)?;
        Ok(true)
    }

    /// The upload on a stream.
    pub fn upload(&mut self, stream: u32) -> Option<&mut Upload> {
        self.uploads.as_mut()?.find(stream)
    }

    /// Whether the disk is behind what the peer sends.
    pub fn is_upload_behind(&self) -> bool {
        self.uploads.as_ref().is_some_and(|uploads| uploads.are_behind())
    }

    /// Whether an upload came to its end and is still being written.
    pub fn is_upload_ending(&self) -> bool {
        self.uploads.as_ref().is_some_and(|uploads| uploads.are_ending())
    }

    /// Whether its input waits for something that its peer can do nothing about.
    pub fn is_held_back(&self) -> bool {
        match self.pause {
            None => false,
            Some(Pause::Answer) => !self.outbox.is_full(),
            Some(Pause::Turn | Pause::Rate | Pause::Disk | Pause::Store | Pause::Handshake) => true,
        }
    }

    /// Whether the hub knows it.
    pub fn is_known_to_hub(&self) -> bool {
        matches!(self.phase, Phase::Stranger | Phase::Open)
    }

    /// What the poll should know, now that the tick is done with it.
    pub fn wanted_interest(&self) -> Interest {
        let read = match self.phase {
            Phase::Stranger | Phase::Open => self.pause.is_none() && !self.is_at_end,
            Phase::Lingering(_) => true,
            // The last line can't be written without the peer's part of the handshake.
            Phase::Finishing(_) => self.pause.is_none() && self.is_handshaking(),
            Phase::Doomed(_) => false,
        };
        Interest { read, write: self.is_write_blocked }
    }

    /// Counts a report of the poll, and tells how many in a row moved no byte before it.
    pub fn count_wakeup(&mut self) -> u16 {
        let bytes = (self.bytes_in + self.bytes_out) as u32;
        self.spurious_wakeups = match bytes == self.bytes_at_wakeup && bytes > 0 {
            true => self.spurious_wakeups.saturating_add(1),
            false => 0,
        };
        self.bytes_at_wakeup = bytes;
        self.spurious_wakeups
    }

    /// How long the next line has to wait, where those before it came too fast.
    pub fn line_delay(&self, now: Duration, rate: LineRate) -> Option<Duration> {
        let ahead = Duration::from(self.next_line_at).saturating_sub(now);
        ahead.checked_sub(rate.burst).filter(|delay| !delay.is_zero())
    }

    /// Takes a line into account.
    pub fn count_line(&mut self, now: Duration, rate: LineRate) {
        let from = Duration::from(self.next_line_at).max(now);
        self.next_line_at = (from + rate.interval).into();
    }
}

/// How fast lines may come: one every interval, and up to a burst ahead of that (the generic cell
/// rate algorithm of ITU-T I.371).
#[derive(Clone, Copy, Debug)]
pub struct LineRate {
    /// One line every so often.
    pub interval: Duration,
    /// How far ahead of that they may be.
    pub burst: Duration,
}

impl LineRate {
    /// `lines` a second with a burst of twice that; 0 is no limit.
    pub fn per_second(lines: u32) -> Option<Self> {
        let interval = Duration::from_secs(1).checked_div(lines)?;
        Some(LineRate { interval, burst: interval * lines.saturating_mul(2).saturating_sub(1) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_without_a_byte_are_counted_until_one_moves() {
        let (one, _other) = std::os::unix::net::UnixStream::pair().unwrap();
        let peer = Peer::Host("127.0.0.1:1".parse().unwrap());
        let mut connection = Connection::new(one.into(), None, peer, Duration::ZERO);
        connection.bytes_out = 30;
        let turns: Vec<u16> = (0..4).map(|_| connection.count_wakeup()).collect();
        assert_eq!(turns, [0, 1, 2, 3]);
        connection.bytes_in = 1;
        assert_eq!(connection.count_wakeup(), 0);
    }

    #[test]
    fn an_idle_connection_takes_little_memory() {
        assert!(size_of::<Connection>() <= 208, "{}", size_of::<Connection>());
    }

    #[test]
    fn lines_come_in_a_burst_and_then_at_the_rate() {
        let (one, _other) = std::os::unix::net::UnixStream::pair().unwrap();
        let peer = Peer::Host("127.0.0.1:1".parse().unwrap());
        let mut connection = Connection::new(one.into(), None, peer, Duration::ZERO);
        let rate = LineRate::per_second(10).unwrap();
        let mut now = Duration::from_secs(5);
        for _ in 0..20 {
            assert_eq!(connection.line_delay(now, rate), None);
            connection.count_line(now, rate);
        }
        assert_eq!(connection.line_delay(now, rate), Some(Duration::from_millis(100)));
        now += Duration::from_millis(100);
        assert_eq!(connection.line_delay(now, rate), None);
        connection.count_line(now, rate);
        assert!(connection.line_delay(now, rate).is_some());
        assert!(LineRate::per_second(0).is_none());
        assert!(LineRate::per_second(u32::MAX).is_some());
    }
}
