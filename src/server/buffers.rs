//! The buffers of the event loop, which are allocated once and reused in every tick.

use super::connection::download::OutboxEvent;
use super::poll::Ready;
use super::tick_lines::TickLines;
use crate::hub::effect::Effects;
use crate::limits::READ_BYTES_MAX;

/// The buffers that every tick uses. They are empty between two ticks.
#[derive(Debug)]
pub struct Buffers {
    /// The lines that this tick encoded, which are written at its end.
    pub lines: TickLines,
    /// The sources that the poll reported.
    pub ready: Vec<Ready>,
    /// The effects that the hub asks for.
    pub effects: Effects,
    /// What an outbox asks for when it is flushed.
    pub outbox_events: Vec<OutboxEvent>,
    /// Bytes that were read from a socket, as plaintext.
    pub read: Box<[u8]>,
    /// Ciphertext that was read from a socket, or bytes of a file that are to be encrypted. Empty
    /// if the server has no certificates.
    pub tls: Box<[u8]>,
}

impl Buffers {
    /// Allocates the buffers, the one for TLS only if the server speaks it.
    pub fn new(speaks_tls: bool) -> Self {
        Buffers {
            lines: TickLines::default(),
            ready: Vec::new(),
            effects: Effects::default(),
            outbox_events: Vec::new(),
            read: vec![0; 2 * READ_BYTES_MAX].into(),
            tls: vec![0; if speaks_tls { READ_BYTES_MAX } else { 0 }].into(),
        }
    }
}
