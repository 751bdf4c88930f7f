//! A cache of the latest messages. Thousands of clients receive a broadcast as the same bytes: it
//! is decoded for the first of them, and only compared for the others.

use crate::payload::SEQUENCE;

/// The number of places. There are hardly more broadcasts than that under way.
pub const PLACES: usize = 256;

/// The encoded messages, each in a place that is determined by its sequence number.
#[derive(Debug)]
pub struct RecentLines {
    lines: Vec<Vec<u8>>,
    /// The offset of the payload in the message that was kept last, which is the same for all
    /// messages of a sender.
    payload_at: usize,
}

impl RecentLines {
    /// Creates an empty cache.
    pub fn new() -> Self {
        RecentLines { lines: vec![Vec::new(); PLACES], payload_at: 0 }
    }

    /// The place and the length of the message with which `input` begins; `None` if it is not in
    /// the cache.
    pub fn find(&self, input: &[u8]) -> Option<(usize, usize)> {
        let place = self.place(input)?;
        let line = &self.lines[place];
        (!line.is_empty() && input.starts_with(line)).then_some((place, line.len()))
    }

    /// Keeps a complete message, of which `payload` is a part, in place of an older one. Returns
    /// its place.
    pub fn keep(&mut self, line: &[u8], payload: &str) -> Option<usize> {
        let at = (payload.as_ptr() as usize).checked_sub(line.as_ptr() as usize)?;
        self.payload_at = Some(at).filter(|at| at + payload.len() <= line.len())?;
        let place = self.place(line)?;
        self.lines[place].clear();
        self.lines[place].extend_from_slice(line);
        Some(place)
    }

    fn place(&self, line: &[u8]) -> Option<usize> {
        let digits = line.get(self.payload_at + SEQUENCE.start..self.payload_at + SEQUENCE.end)?;
        let digits: [u8; SEQUENCE.end - SEQUENCE.start] = digits.try_into().ok()?;
        // The multiplication by the golden ratio spreads differences in the low digits over the
        // upper bits.
        let hash = u64::from_le_bytes(digits).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Some((hash >> 56) as usize % PLACES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payload::{Format, Stamp};

    fn line(sequence: u32) -> Vec<u8> {
        let mut line = b"D 1795521601123456 bob * ".to_vec();
        let stamp = Stamp { sender: 0, sequence, intended_nanos: 7 };
        Format::new(1, 64).write(&stamp, &mut line);
        line.push(b'\n');
        line
    }

    fn keep(recent: &mut RecentLines, line: &[u8]) -> usize {
        recent.keep(line, std::str::from_utf8(&line[25..89]).unwrap()).unwrap()
    }

    #[test]
    fn only_the_very_message_is_found() {
        let mut recent = RecentLines::new();
        let line = line(17);
        assert_eq!(recent.find(&line), None);
        let place = keep(&mut recent, &line);
        let more = [&line[..], b"C 120 ON x 10000\n"].concat();
        assert_eq!(recent.find(&more), Some((place, line.len())));
        for at in 0..line.len() {
            let mut damaged = line.to_vec();
            damaged[at] ^= 1;
            assert_eq!(recent.find(&damaged), None, "byte {at}");
            assert_eq!(recent.find(&line[..at]), None, "{at} bytes");
        }
        assert_eq!(recent.keep(b"D 7 b * hi\n", "hi"), None, "that payload lies elsewhere");
    }

    #[test]
    fn messages_of_one_moment_hardly_ever_share_a_place() {
        let mut recent = RecentLines::new();
        let lines: Vec<_> = (1000..1032).map(line).collect();
        for line in &lines {
            keep(&mut recent, line);
        }
        let found = lines.iter().filter(|line| recent.find(line).is_some());
        assert!(found.count() >= 24);
    }
}
