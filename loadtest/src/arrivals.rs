//! The decoder of received messages. It caches the latest ones, because a broadcast is received by
//! thousands.

use crate::clients::PLACES;
use crate::names::Names;
use crate::payload::{Format, Stamp};

/// A received message, decoded.
#[derive(Clone, Copy, Debug)]
pub enum Arrival {
    /// A message of another sender than this run's clients.
    Foreign,
    /// A message of this run, as it was sent.
    Ours(Stamp),
    /// A message of this run with changed bytes.
    Corrupt,
}

/// Decodes the messages of one run.
#[derive(Debug)]
pub struct Arrivals<'a> {
    names: &'a Names,
    format: Format,
    /// The latest messages, by the places in which the clients remember them.
    recent: [Arrival; PLACES],
}

impl<'a> Arrivals<'a> {
    /// Creates the decoder, without a message in the cache.
    pub fn new(names: &'a Names, format: Format) -> Self {
        // Messages received during the logins are not of this run.
        Arrivals { names, format, recent: [Arrival::Foreign; PLACES] }
    }

    /// Decodes a message, and caches it in `place`; `from` is the sender, if the protocol gives it.
    pub fn read(&mut self, from: Option<&str>, text: &str, place: Option<usize>) -> Arrival {
        let arrival = self.parse(from, text);
        if let Some(place) = place {
            self.recent[place] = arrival;
        }
        arrival
    }

    /// The message cached in `place`.
    pub fn same(&self, place: usize) -> Arrival {
        self.recent[place]
    }

    fn parse(&self, from: Option<&str>, text: &str) -> Arrival {
        let stamp = self.format.read(text.as_bytes());
        let Some(from) = from else { return stamp.map_or(Arrival::Corrupt, Arrival::Ours) };
        match (self.names.number(from), stamp) {
            (None, _) => Arrival::Foreign,
            (Some(number), Some(stamp)) if number == usize::from(stamp.sender) => {
                Arrival::Ours(stamp)
            }
            _ => Arrival::Corrupt,
        }
    }
}
