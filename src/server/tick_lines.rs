//! The output buffer of one tick: encoded lines, each encoded once for all connections that get it.

use crate::protocol::native::SERVER_LINE_BYTES_MAX;
use crate::protocol::wire::Variant;

/// The size of a segment in bytes. If the next line might not fit, a new segment begins, so that a
/// buffer that grows to many megabytes is never copied.
const SEGMENT_BYTES: usize = 256 * 1024;
/// The number of segments whose memory is kept for the next tick.
const SEGMENTS_KEPT: usize = 4;

/// The lines that one tick has encoded, by variant of the protocol. Each variant has its own
/// buffer, so that consecutive lines for one connection are adjacent whatever is encoded for other
/// variants in between.
#[derive(Debug, Default)]
pub struct TickLines {
    variants: [VariantLines; Variant::COUNT],
}

impl TickLines {
    /// Appends what `write` encodes for a variant, which is no line, one or several, and returns
    /// its range.
    pub fn encode(&mut self, variant: Variant, write: impl FnOnce(&mut Vec<u8>)) -> LineRange {
        self.variants[variant.index()].encode(write)
    }

    /// The lines of a variant.
    #[inline]
    pub fn of(&self, variant: Variant) -> &VariantLines {
        &self.variants[variant.index()]
    }

    /// Removes all lines. Every outbox must have been flushed, since their ranges become invalid.
    pub fn clear(&mut self) {
        self.variants.iter_mut().for_each(VariantLines::clear);
    }

    /// Returns true if there are no lines.
    pub fn is_empty(&self) -> bool {
        self.variants.iter().all(VariantLines::is_empty)
    }
}

/// The ranges of an event for many connections, which is encoded once for each variant among them.
#[derive(Debug, Default)]
pub struct SharedRange([Option<LineRange>; Variant::COUNT]);

impl SharedRange {
    /// The range for a variant. `write` encodes the event the first time that the variant is asked
    /// for.
    #[inline]
    pub fn get(
        &mut self,
        variant: Variant,
        lines: &mut TickLines,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> LineRange {
        *self.0[variant.index()].get_or_insert_with(|| lines.encode(variant, write))
    }
}

/// The lines of one variant.
#[derive(Debug, Default)]
pub struct VariantLines {
    segments: Vec<Vec<u8>>,
    /// The index of the segment that is being filled.
    current: usize,
}

/// A range of adjacent lines in one segment of [`VariantLines`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LineRange {
    segment: u32,
    start: u32,
    end: u32,
}

impl VariantLines {
    /// Appends what `write` encodes, one line or several, and returns its range.
    pub fn encode(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> LineRange {
        let is_full = |segment: &Vec<u8>| segment.len() + SERVER_LINE_BYTES_MAX > SEGMENT_BYTES;
        if self.segments.get(self.current).is_some_and(is_full) {
            self.current += 1;
        }
        if self.current == self.segments.len() {
            self.segments.push(Vec::with_capacity(SEGMENT_BYTES));
        }
        let segment = &mut self.segments[self.current];
        let start = segment.len();
        write(segment);
        // A segment is little longer than SEGMENT_BYTES, so these fit into 32 bits.
        LineRange { segment: self.current as u32, start: start as u32, end: segment.len() as u32 }
    }

    /// The bytes of a range.
    #[inline]
    pub fn get(&self, lines: LineRange) -> &[u8] {
        match self.segments.get(lines.segment as usize) {
            Some(segment) => &segment[lines.start as usize..lines.end as usize],
            None => &[],
        }
    }

    /// Removes all lines.
    pub fn clear(&mut self) {
        // One tick with much output must not hold its memory for ever.
        self.segments.truncate(SEGMENTS_KEPT);
        for segment in &mut self.segments {
            segment.clear();
            segment.shrink_to(SEGMENT_BYTES);
        }
        self.current = 0;
    }

    fn is_empty(&self) -> bool {
        self.segments.first().is_none_or(Vec::is_empty)
    }
}

impl LineRange {
    /// The number of bytes.
    #[inline]
    pub fn len(self) -> usize {
        (self.end - self.start) as usize
    }

    /// Returns true if the range is empty.
    #[inline]
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// Extends the range by one that directly follows it. Returns false, and changes nothing, if it
    /// does not follow.
    #[inline]
    pub fn extend(&mut self, lines: LineRange) -> bool {
        if self.is_empty() {
            *self = lines;
        } else if (self.segment, self.end) == (lines.segment, lines.start) {
            self.end = lines.end;
        } else {
            return false;
        }
        true
    }

    /// Removes `count` bytes from the front.
    #[inline]
    pub fn consume(&mut self, count: usize) {
        self.start = self.end.min(self.start + count as u32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> impl FnOnce(&mut Vec<u8>) {
        move |out| out.extend_from_slice(format!("{text}\n").as_bytes())
    }

    #[test]
    fn lines_stand_where_they_were_put_however_many_there_are() {
        let mut lines = VariantLines::default();
        assert!(lines.is_empty());
        for round in 0..3 {
            let text = |number: usize| format!("{round} {number} {}", "x".repeat(number % 5000));
            let ranges: Vec<LineRange> = (0..2000).map(|n| lines.encode(line(&text(n)))).collect();
            assert!(!lines.is_empty());
            for (number, range) in ranges.iter().enumerate() {
                assert_eq!(lines.get(*range), format!("{}\n", text(number)).as_bytes());
            }
            let copied = lines.segments.iter().all(|one| one.capacity() == SEGMENT_BYTES);
            assert!(copied, "a segment grew");
            lines.clear();
            assert!(lines.is_empty());
            assert_eq!(lines.segments.len(), SEGMENTS_KEPT);
        }
    }

    #[test]
    fn a_line_for_many_is_encoded_once_for_each_variant_and_parts_stay_one_range() {
        let mut lines = TickLines::default();
        let [one, other] = [Variant::NATIVE, Variant::NATIVE_MORE];
        let mut parts = [LineRange::default(); 2];
        for text in ["first", "second"] {
            let mut shared = SharedRange::default();
            let ranges =
                [one, other, one, other].map(|variant| shared.get(variant, &mut lines, line(text)));
            assert_eq!(ranges[..2], ranges[2..]);
            for (part, range) in parts.iter_mut().zip(ranges) {
                assert!(part.extend(range), "others stand between");
            }
        }
        for (part, variant) in parts.into_iter().zip([one, other]) {
            assert_eq!(lines.of(variant).get(part), b"first\nsecond\n");
            assert_eq!(lines.of(variant).segments[0].len(), part.len(), "encoded once");
        }
        lines.clear();
        assert!(lines.is_empty());
    }

    #[test]
    fn neighbours_become_one_range_within_a_segment() {
        let mut lines = VariantLines::default();
        let mut all = LineRange::default();
        let mut ranges = 1;
        let text = "x".repeat(1000);
        for _ in 0..SEGMENT_BYTES / 500 {
            let line = lines.encode(line(&text));
            if !all.extend(line) {
                ranges += 1;
                all = line;
            }
        }
        assert_eq!(ranges, lines.segments.len());
        all.consume(all.len() - 1);
        assert_eq!(lines.get(all), b"\n");
    }
}
