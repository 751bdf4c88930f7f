//! Memory that is used again in every tick.

use super::connection::download::OutboxEvent;
use super::poll::Ready;
use super::tick_lines::TickLines;
use crate::hub::effect::Effects;
use crate::limits::READ_BYTES_MAX;

/// Memory that is used again in every tick, and empty between two of them.
#[derive(Debug)]
pub struct Buffers {
    /// What this tick made to be written.
    pub lines: TickLines,
    /// What is ready.
    pub ready: Vec<Ready>,
    /// What the hub wants done.
    pub effects: Effects,
    /// What an outbox needs.
    pub outbox_events: Vec<OutboxEvent>,
    /// What was read, in the clear.
    pub read: Box<[u8]>,
    /// What was read of a TLS session and is to be decrypted, or of a file and is to be encrypted;
    /// nothing where the server has no certificates.
    pub tls: Box<[u8]>,
}

impl Buffers {
    /// Empty buffers, for TLS too where the server speaks it.
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
