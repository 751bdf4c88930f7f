//! The data lines that came last. A broadcast comes to thousands of clients as the same bytes: it
//! is taken apart for the first of them, and compared as a whole for the others.

/// How many lines are known at once. More broadcasts than that are hardly under way.
pub const PLACES: usize = 256;

/// Where the last eight of the sixteen digits of an id stand: those that differ between messages of
/// the same minute.
const DIGITS: std::ops::Range<usize> = 10..18;

/// Lines, each in the place that follows from the message's id.
#[derive(Debug)]
pub struct RecentLines {
    lines: Vec<Vec<u8>>,
}

impl RecentLines {
    /// No line yet.
    pub fn new() -> Self {
        RecentLines { lines: vec![Vec::new(); PLACES] }
    }

    /// Where the line stands that `input` begins with, and how long it is with its LF.
    pub fn find(&self, input: &[u8]) -> Option<(usize, usize)> {
        let place = place(input)?;
        let line = &self.lines[place];
        (!line.is_empty() && input.starts_with(line)).then_some((place, line.len()))
    }

    /// Keeps a whole data line, LF included, and tells where; it takes the place of an older one.
    pub fn keep(&mut self, line: &[u8]) -> Option<usize> {
        let place = place(line)?;
        self.lines[place].clear();
        self.lines[place].extend_from_slice(line);
        Some(place)
    }
}

fn place(line: &[u8]) -> Option<usize> {
    let digits: [u8; 8] = line.get(DIGITS)?.try_into().ok()?;
    // The golden ratio spreads what differs in the low digits over the upper bits.
    let hash = u64::from_le_bytes(digits).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    line.starts_with(b"D ").then_some((hash >> 56) as usize % PLACES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_very_line_is_found() {
        let mut recent = RecentLines::new();
        let line = b"D 1795521601123456 bob * hello\n";
        assert_eq!(recent.find(line), None);
        let place = recent.keep(line).unwrap();
        let more = [&line[..], b"C 120 ON x 10000\n"].concat();
        assert_eq!(recent.find(&more), Some((place, line.len())));
        for at in 0..line.len() {
            let mut damaged = line.to_vec();
            damaged[at] ^= 1;
            assert_eq!(recent.find(&damaged), None, "byte {at}");
            assert_eq!(recent.find(&line[..at]), None, "{at} bytes");
        }
        assert_eq!(recent.keep(b"C 250 MSG 1795521601123456 * 1 0\n"), None);
        assert_eq!(recent.keep(b"D 7 b * hi\n"), None, "too short to have a place");
    }

    #[test]
    fn messages_of_one_moment_hardly_ever_share_a_place() {
        let mut recent = RecentLines::new();
        let lines: Vec<String> =
            (0..32).map(|n| format!("D {} bob * x\n", 1_795_521_601_123_456_u64 + n * 7)).collect();
        for line in &lines {
            recent.keep(line.as_bytes());
        }
        let found = lines.iter().filter(|line| recent.find(line.as_bytes()).is_some());
        assert!(found.count() >= 24);
    }
}
