//! One connection of a client: its socket, transport, codec, input buffer, outbox and uploads. It
//! knows no user.

mod chunks;
pub mod download;
mod inbound;
mod lifecycle;
mod line_queue;
mod lists;
mod outbox;
mod pace;
mod readiness;
mod segments;
mod sink;
mod transport;
pub mod upload;

pub use lifecycle::{Pause, Phase, TimerDue};
pub use pace::LineRate;
pub use sink::{Sink, send};
pub use transport::{Came, Filled, Transport};

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::net::Shutdown;

use self::download::OutboxEvent;
use self::inbound::Inbound;
use self::lifecycle::Lifecycle;
use self::outbox::{Flushed, Outbox};
use self::pace::Pace;
use self::readiness::Readiness;
use self::upload::{IncomingFile, IncomingFiles};
use super::peer::Peer;
use super::poll::Interest;
use super::tick_lines::TickLines;
use super::tls::TlsSession;
use crate::protocol::heard::Heard;
use crate::protocol::wire::{Variant, Wire};

/// One connection of a client.
#[derive(Debug)]
pub struct Connection {
    socket: OwnedFd,
    /// The layer that carries its frames: the plain socket, or TLS.
    transport: Transport,
    /// The peer.
    pub peer: Peer,
    /// Whether it was accepted for TLS. It stays true after the TLS session is over.
    pub is_tls: bool,
    /// Whether it is refused, and stays open only until its peer has read why.
    pub is_refused: bool,
    /// Its phase, pause and deadline.
    pub lifecycle: Lifecycle,
    /// Its codec.
    pub wire: Wire,
    /// Input that was read and not handled yet.
    pub inbound: Inbound,
    /// Output that waits to be written.
    pub outbox: Outbox,
    /// The uploads under way; `None` takes less memory than an empty list.
    pub uploads: Option<Box<IncomingFiles>>,
    /// The result of [`Connection::waiting_memory`] when it was last counted.
    waiting_counted: u32,
    /// The state of the socket in the poll.
    pub readiness: Readiness,
    /// The state of the rate limit for lines.
    pub pace: Pace,
    /// The bytes that were read and written.
    pub traffic: Traffic,
}

/// The traffic of a connection, as the socket sees it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Traffic {
    /// Bytes read.
    pub bytes_in: u64,
    /// Bytes written.
    pub bytes_out: u64,
}

impl Connection {
    /// Creates a connection that was just accepted; it speaks TLS if it gets a session.
    pub fn new(socket: OwnedFd, tls: Option<Box<TlsSession>>, peer: Peer, now: Duration) -> Self {
        let is_tls = tls.is_some();
        Connection {
            socket,
            is_tls,
            transport: Transport::new(tls),
            peer,
            is_refused: false,
            lifecycle: Lifecycle::new(now, is_tls),
            wire: Wire::native(),
            inbound: Inbound::default(),
            outbox: Outbox::default(),
            uploads: None,
            waiting_counted: 0,
            readiness: Readiness::new(),
            pace: Pace::new(now),
            traffic: Traffic::default(),
        }
    }

    /// Takes socket and transport out of it: it is another protocol's.
    pub fn into_transport(self) -> (OwnedFd, Transport) {
        (self.socket, self.transport)
    }

    /// The socket.
    pub fn socket(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// The TLS session, if there is one.
    pub fn tls(&self) -> Option<&TlsSession> {
        self.transport.tls()
    }

    /// Drops the TLS session: either what still comes is ignored, or the peer does not speak TLS.
    pub fn drop_transport(&mut self) {
        self.transport = Transport::Plain;
    }

    /// Returns true if the TLS handshake is not done, so that no frame can be written.
    #[inline]
    pub fn is_handshaking(&self) -> bool {
        self.transport.is_handshaking()
    }

    /// Returns true if the peer has ended the TLS session (close_notify).
    pub fn is_ended(&self) -> bool {
        self.transport.is_ended()
    }

    /// The number of bytes of frames that were read, without those of TLS itself.
    pub fn frame_bytes_in(&self) -> u64 {
        self.transport.frame_bytes(self.traffic.bytes_in)
    }

    /// The number of bytes that wait to be written; see [`Outbox::waiting_bytes`].
    pub fn waiting_bytes(&self) -> usize {
        self.outbox.waiting_bytes() + self.transport.unsent()
    }

    /// The memory of data that waits for this connection, in bytes: to be written to the socket, to
    /// be handled, or to be written to disk.
    pub fn waiting_memory(&self) -> usize {
        let uploads = self.uploads.as_ref().map_or(0, |uploads| uploads.bytes());
        self.outbox.memory() + self.transport.memory() + self.inbound.len() + uploads
    }

    /// The last result of [`Connection::count_waiting`].
    pub fn waiting_counted(&self) -> usize {
        self.waiting_counted as usize
    }

    /// Updates and returns the count of [`Connection::waiting_memory`], at most 4 GiB.
    pub fn count_waiting(&mut self) -> usize {
        self.waiting_counted = u32::try_from(self.waiting_memory()).unwrap_or(u32::MAX);
        self.waiting_counted()
    }

    /// Moves the input buffer to the start of `clear`, and reads once, at most `room` bytes, behind
    /// it. Returns how many bytes `clear` holds then, and the result of the read. `cipher` is
    /// scratch space for TLS.
    pub fn fill(&mut self, clear: &mut [u8], room: usize, cipher: &mut [u8]) -> (usize, Filled) {
        let kept = self.inbound.take_leftover(clear);
        let (socket, before) = (self.socket.as_fd(), self.traffic.bytes_in);
        let filled = self.transport.fill(socket, &mut clear[kept..], room, cipher, before);
        self.traffic.bytes_in += filled.read as u64;
        match filled.came {
            Came::Bytes(count) => (kept + count, filled),
            _ => (kept, filled),
        }
    }

    /// Writes what the transport itself has to send, for example a TLS alert.
    ///
    /// # Errors
    /// If the connection is lost.
    pub fn push(&mut self) -> io::Result<()> {
        self.traffic.bytes_out += self.transport.push(self.socket.as_fd())? as u64;
        Ok(())
    }

    /// Adds what `write` encodes with the connection's codec to the outbox, as a reply.
    pub fn say(&mut self, lines: &mut TickLines, write: impl FnOnce(&mut Wire, &mut Vec<u8>)) {
        let variant = self.variant();
        let range = lines.encode(variant, |out| write(&mut self.wire, out));
        self.outbox.push_reply(lines.of(variant), range);
        if self.variant() != variant {
            // The next lines are in the buffer of another variant.
            self.outbox.keep(lines.of(variant));
        }
    }

    /// The variant in which events are encoded for it. Only a [reply](Self::say) changes it.
    #[inline]
    pub fn variant(&self) -> Variant {
        self.wire.variant()
    }

    /// Writes as much of the outbox as the socket takes; see [`Outbox::flush`]. `buffer` is scratch
    /// space for the bytes of files.
    ///
    /// # Errors
    /// If the connection is lost.
    pub fn flush(
        &mut self,
        lines: &TickLines,
        buffer: &mut [u8],
        events: &mut Vec<OutboxEvent>,
    ) -> io::Result<()> {
        let lines = lines.of(self.variant());
        if self.readiness.is_write_blocked {
            // The poll reports when another attempt makes sense. With thousands of clients that do
            // not read, every message would cost as many system calls.
            self.outbox.keep(lines);
            return Ok(());
        }
        let mut sink = self.transport.sink(self.socket.as_fd(), buffer);
        // Bytes that were encrypted in earlier ticks come first. Messages of TLS itself are sent
        // even if there is no line.
        let flushed = sink
            .push()
            .and_then(|_| self.outbox.flush(&mut sink, lines, &mut self.wire, events))
            .and_then(|flushed| sink.push().map(|_| flushed));
        self.traffic.bytes_out += sink.written() as u64;
        let flushed = flushed?;
        let has_left = flushed == Flushed::Left;
        self.readiness.is_write_blocked = self.transport.is_write_blocked(has_left);
        Ok(())
    }

    /// Shuts down the server's side, after the end of the TLS session was written. Returns false if
    /// the socket has not taken that yet.
    ///
    /// # Errors
    /// If the connection is lost.
    pub fn end_output(&mut self) -> io::Result<bool> {
        self.traffic.bytes_out += self.transport.end(self.socket.as_fd())? as u64;
        self.readiness.is_write_blocked = self.transport.unsent() > 0;
        if self.readiness.is_write_blocked {
            return Ok(false);
        }
        rustix::net::shutdown(&self.socket, Shutdown::Write)?;
        Ok(true)
    }

    /// The upload on a stream, if there is one.
    pub fn upload(&mut self, stream: u32) -> Option<&mut IncomingFile> {
        self.uploads.as_mut()?.find(stream)
    }

    /// Returns true if what was just heard counts as a line against the rate of lines: every line,
    /// empty ones too, and at its end each file frame of a stream on which no upload is under way.
    pub fn counts_as_line(&self, heard: &Heard<'_>) -> bool {
        let is_over = |stream: u32| !self.uploads.as_ref().is_some_and(|all| all.has(stream));
        match heard {
            Heard::Bytes { stream, .. } => is_over(*stream) && self.wire.is_between_frames(),
            Heard::End { stream } => is_over(*stream),
            Heard::Asked(_) | Heard::Refused(..) | Heard::Nothing => true,
        }
    }

    /// The streams of the uploads that have stood still since a time, though the disk was ready.
    pub fn stalled_uploads(&self, since: Duration) -> impl Iterator<Item = u32> {
        self.uploads.iter().flat_map(move |uploads| uploads.stalled(since))
    }

    /// Returns true if the uploads are ahead of the disk, so that the peer has to wait.
    pub fn is_upload_behind(&self) -> bool {
        self.uploads.as_ref().is_some_and(|uploads| uploads.are_behind())
    }

    /// Returns true if an upload was received completely and is still being written.
    pub fn is_upload_ending(&self) -> bool {
        self.uploads.as_ref().is_some_and(|uploads| uploads.are_ending())
    }

    /// Returns true if its input is paused for something that its peer can't change.
    pub fn is_held_back(&self) -> bool {
        match self.lifecycle.pause() {
            None => false,
            Some(Pause::Answer) => !self.outbox.is_full(),
            Some(
                Pause::Turn
                | Pause::Rate
                | Pause::Speech
                | Pause::Disk
                | Pause::Store
                | Pause::Handshake,
            ) => true,
        }
    }

    /// The events for which the poll should watch it after this tick.
    pub fn wanted_interest(&self) -> Interest {
        let read = match self.lifecycle.phase() {
            Phase::Handshaking | Phase::Unauthenticated | Phase::Authenticated => {
                self.lifecycle.pause().is_none() && !self.lifecycle.is_at_end()
            }
            Phase::Lingering(_) => true,
            // The last line can't be written until the handshake is done.
            Phase::Flushing(_) => self.lifecycle.pause().is_none() && self.is_handshaking(),
            Phase::Doomed(_) => false,
        };
        Interest { read, write: self.readiness.is_write_blocked }
    }

    /// Counts an event of the poll. Returns how many in a row before it moved no byte.
    pub fn count_wakeup(&mut self) -> u16 {
        let Traffic { bytes_in, bytes_out } = self.traffic;
        self.readiness.count_wakeup(bytes_in + bytes_out)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::unix::net::UnixStream;

    use super::*;
    use crate::chat::answer::{Answer, Done};
    use crate::chat::kind::Kind;
    use crate::protocol::native::steps::MORE_ON;

    #[test]
    fn an_idle_connection_takes_little_memory() {
        assert!(size_of::<Connection>() <= 216, "{}", size_of::<Connection>());
    }

    #[test]
    fn what_is_said_before_and_behind_a_change_of_variant_stays_in_order() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let peer = Peer::Process { pid: 1, uid: 1 };
        let mut connection = Connection::new(ours.into(), None, peer, Duration::ZERO);
        let mut lines = TickLines::default();
        let before = lines.encode(Variant::NATIVE, |out| out.extend_from_slice(b"before\n"));
        lines.encode(Variant::NATIVE_MORE, |out| out.extend_from_slice(b"for others\n"));
        connection.outbox.push_unasked(lines.of(Variant::NATIVE), before);
        let answer = Answer { of: Kind::Step(MORE_ON), result: Ok(Done::Done) };
        connection.say(&mut lines, |wire, out| wire.answer(&answer, out));
        assert_eq!(connection.variant(), Variant::NATIVE_MORE);
        let behind = lines.encode(Variant::NATIVE_MORE, |out| out.extend_from_slice(b"behind\n"));
        connection.outbox.push_unasked(lines.of(Variant::NATIVE_MORE), behind);
        connection.flush(&lines, &mut [], &mut Vec::new()).unwrap();
        drop(connection);
        let mut received = String::new();
        theirs.read_to_string(&mut received).unwrap();
        let received: Vec<&str> = received.lines().collect();
        assert_eq!(received.len(), 3, "{received:?}");
        assert_eq!((received[0], received[2]), ("before", "behind"));
        assert!(received[1].starts_with("C 250 "), "{received:?}");
    }
}
