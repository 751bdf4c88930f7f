//! The lines that one tick makes, each encoded once for all who get it.

use crate::protocol::native::SERVER_LINE_BYTES_MAX;
use crate::protocol::wire::Variant;

/// Bytes of a segment: where the next line may not fit, the next segment begins, so that a tick
/// that makes many megabytes copies none of them to make room.
const SEGMENT_BYTES: usize = 256 * 1024;
/// Segments whose memory stays for the next tick.
const SEGMENTS_KEPT: usize = 4;

/// The lines that one tick made for anybody, by variant: what is said to a reader stands behind
/// each other, whatever is said to readers of other variants meanwhile.
#[derive(Debug, Default)]
pub struct TickLines {
    variants: [VariantLines; Variant::COUNT],
}

impl TickLines {
    /// Adds what a codec writes for readers of a variant, which is nothing, a line or several, and
    /// tells where it stands.
    pub fn encode(&mut self, variant: Variant, write: impl FnOnce(&mut Vec<u8>)) -> LineRange {
        self.variants[variant.index()].encode(write)
    }

    /// The lines of a variant.
    #[inline]
    pub fn of(&self, variant: Variant) -> &VariantLines {
        &self.variants[variant.index()]
    }

    /// Forgets the lines; every outbox must have been flushed.
    pub fn clear(&mut self) {
        self.variants.iter_mut().for_each(VariantLines::clear);
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.variants.iter().all(VariantLines::is_empty)
    }
}

/// Where something for many readers stands that is encoded once for each variant among them.
#[derive(Debug, Default)]
pub struct SharedRange([Option<LineRange>; Variant::COUNT]);

impl SharedRange {
    /// Where it stands for a reader of that variant, for the first of whom `write` encodes it.
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
    /// The one that is being filled.
    current: usize,
}

/// Where lines stand in [`VariantLines`] that follow each other in one segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LineRange {
    segment: u32,
    start: u32,
    end: u32,
}

impl VariantLines {
    /// Adds what a codec writes, a line or several, and tells where it stands.
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
        // A segment ends soon behind its bound.
        LineRange { segment: self.current as u32, start: start as u32, end: segment.len() as u32 }
    }

    /// The bytes of lines.
    #[inline]
    pub fn get(&self, lines: LineRange) -> &[u8] {
        match self.segments.get(lines.segment as usize) {
            Some(segment) => &segment[lines.start as usize..lines.end as usize],
            None => &[],
        }
    }

    /// Forgets the lines.
    pub fn clear(&mut self) {
        // One tick with long answers must not cost their memory for ever.
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
    /// How many bytes they have.
    #[inline]
    pub fn len(self) -> usize {
        (self.end - self.start) as usize
    }

    /// Whether there is none.
    #[inline]
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// Goes on with lines that stand behind these; whether they do.
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

    /// Takes bytes from the front.
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
