//! What the messages are that the clients receive. Those that came last are remembered, because a
//! broadcast comes to thousands.

use crate::clients::PLACES;
use crate::names::Names;
use crate::payload::{Format, Stamp};

/// What a received message is.
#[derive(Clone, Copy, Debug)]
pub enum Arrival {
    /// Somebody else's.
    Foreign,
    /// One of this run, as it was sent.
    Ours(Stamp),
    /// One of this run with changed bytes.
    Corrupt,
}

/// Tells what the messages of one run are.
#[derive(Debug)]
pub struct Arrivals<'a> {
    names: &'a Names,
    format: Format,
    /// Those that came last, by the places in which the clients remember them.
    recent: [Arrival; PLACES],
}

impl<'a> Arrivals<'a> {
    /// Nothing has come yet.
    pub fn new(names: &'a Names, format: Format) -> Self {
        // What came while the clients logged in was somebody else's.
        Arrivals { names, format, recent: [Arrival::Foreign; PLACES] }
    }

    /// Reads a message, and remembers it in `place`; `from` is who said it, where the protocol
    /// tells.
    pub fn read(&mut self, from: Option<&str>, text: &str, place: Option<usize>) -> Arrival {
        let arrival = self.parse(from, text);
        if let Some(place) = place {
            self.recent[place] = arrival;
        }
        arrival
    }

    /// The message that was remembered last in `place`.
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
