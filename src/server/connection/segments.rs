//! A queue of bytes in segments. When a segment is full a new one begins, so that growing never
//! copies, and memory is freed piece by piece as bytes are taken.

use std::collections::VecDeque;

/// The size of a segment in bytes, unless it was added whole. A line of the protocol is shorter,
/// and a write to a socket takes a few segments.
const SEGMENT_BYTES_MAX: usize = 64 * 1024;
/// The smallest size of the first segment in bytes, enough for a line or two.
const SEGMENT_BYTES_MIN: usize = 256;

/// A queue of bytes. An empty queue is one word and owns no memory, unless [`Segments::consume`]
/// has just emptied it.
#[derive(Debug, Default)]
pub struct Segments(Option<Box<SegmentQueue>>);

/// A queue of bytes that owns memory.
#[derive(Debug, Default)]
struct SegmentQueue {
    /// None of them is empty, except the last one if it is the only one.
    segments: VecDeque<Vec<u8>>,
    /// How many bytes of the first segment were taken.
    taken: usize,
    /// The number of bytes in the queue.
    len: usize,
}

impl Segments {
    /// The number of bytes in the queue.
    #[inline]
    pub fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |queue| queue.len)
    }

    /// Returns true if the queue is empty.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Appends bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.0.get_or_insert_default().push(bytes);
        }
    }

    /// Appends a segment, without copying it.
    pub fn push_segment(&mut self, segment: Vec<u8>) {
        self.0.get_or_insert_default().push_segment(segment);
    }

    /// Moves all bytes of `other` to the end of this queue.
    pub fn append(&mut self, other: &mut Segments) {
        let Some(other) = other.0.take() else { return };
        match &mut self.0 {
            Some(queue) if queue.len > 0 => queue.append(*other),
            empty => *empty = Some(other),
        }
    }

    /// The bytes, as slices in order.
    pub fn slices(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().flat_map(|queue| queue.slices())
    }

    /// Removes `count` bytes from the front, which must be there, and returns the last of them.
    pub fn consume(&mut self, count: usize) -> Option<u8> {
        debug_assert!(count <= self.len(), "nobody takes what is not there");
        self.0.as_mut()?.consume(count)
    }

    /// Takes an empty segment to fill: the one that was just emptied, if there is one.
    pub fn take_empty(&mut self) -> Vec<u8> {
        match &mut self.0 {
            Some(queue) if queue.len == 0 => queue.segments.pop_back().unwrap_or_default(),
            _ => Vec::new(),
        }
    }

    /// Drops everything after the first byte `end`.
    pub fn truncate_behind(&mut self, end: u8) {
        if let Some(queue) = &mut self.0 {
            queue.truncate_behind(end);
        }
    }

    /// Drops all bytes, and frees their memory.
    pub fn clear(&mut self) {
        self.0 = None;
    }
}

impl SegmentQueue {
    fn push(&mut self, mut bytes: &[u8]) {
        if let Some(last) = self.segments.back_mut() {
            let room = last.capacity() - last.len();
            let (fits, rest) = bytes.split_at(room.min(bytes.len()));
            last.extend_from_slice(fits);
            self.len += fits.len();
            bytes = rest;
        }
        while !bytes.is_empty() {
            // The size doubles, so that many short lines take few segments.
            let size = self.len.max(bytes.len()).clamp(SEGMENT_BYTES_MIN, SEGMENT_BYTES_MAX);
            let mut segment = Vec::with_capacity(size);
            let (fits, rest) = bytes.split_at(size.min(bytes.len()));
            segment.extend_from_slice(fits);
            self.push_segment(segment);
            bytes = rest;
        }
    }

    fn push_segment(&mut self, segment: Vec<u8>) {
        if self.len == 0 {
            *self = SegmentQueue::default();
        }
        self.len += segment.len();
        self.segments.push_back(segment);
    }

    fn append(&mut self, mut other: SegmentQueue) {
        if other.taken > 0
            && let Some(first) = other.segments.front_mut()
        {
            first.drain(..other.taken);
        }
        self.len += other.len;
        self.segments.append(&mut other.segments);
    }

    fn slices(&self) -> impl Iterator<Item = &[u8]> {
        let mut taken = self.taken;
        self.segments.iter().map(move |segment| &segment[std::mem::take(&mut taken)..])
    }

    fn consume(&mut self, mut count: usize) -> Option<u8> {
        let mut last = None;
        self.len -= count;
        while count > 0 {
            let is_only = self.segments.len() == 1;
            let Some(first) = self.segments.front_mut() else { break };
            let left = first.len() - self.taken;
            if count < left {
                self.taken += count;
                return Some(first[self.taken - 1]);
            }
            last = first.last().copied();
            count -= left;
            self.taken = 0;
            match is_only {
                // Its memory may be reused; see `take_empty`.
                true => first.clear(),
                false => drop(self.segments.pop_front()),
            }
        }
        last
    }

    fn truncate_behind(&mut self, end: u8) {
        let mut kept = 0;
        let mut from = self.taken;
        for at in 0..self.segments.len() {
            let segment = &mut self.segments[at];
            if let Some(place) = memchr::memchr(end, &segment[from..]) {
                segment.truncate(from + place + 1);
                self.segments.truncate(at + 1);
                self.len = kept + place + 1;
                return;
            }
            kept += segment.len() - from;
            from = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn content(segments: &Segments) -> Vec<u8> {
        segments.slices().collect::<Vec<_>>().concat()
    }

    /// The memory that it owns, in bytes.
    fn memory(segments: &Segments) -> usize {
        segments.0.iter().flat_map(|queue| &queue.segments).map(Vec::capacity).sum()
    }

    #[derive(Clone, Debug)]
    enum Step {
        Push(usize),
        Consume(usize),
        Append(usize, usize),
        Segment(usize),
        Truncate(u8),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            (0..100_000usize).prop_map(Step::Push),
            (0..300usize).prop_map(Step::Push),
            (0..200_000usize).prop_map(Step::Consume),
            (0..70_000usize, 0..70_000usize).prop_map(|(len, gone)| Step::Append(len, gone)),
            (0..300usize).prop_map(Step::Segment),
            any::<u8>().prop_map(Step::Truncate),
        ]
    }

    proptest! {
        #[test]
        fn they_are_like_one_vector(steps in proptest::collection::vec(step(), 0..40)) {
            let mut segments = Segments::default();
            let mut model: Vec<u8> = Vec::new();
            let mut next = 0u32;
            let mut bytes = |len: usize| -> Vec<u8> {
                (0..len).map(|_| { next += 1; (next / 7) as u8 }).collect()
            };
            for step in steps {
                match step {
                    Step::Push(len) => {
                        let bytes = bytes(len);
                        segments.push(&bytes);
                        model.extend(bytes);
                    }
                    Step::Consume(count) => {
                        let count = count.min(model.len());
                        let gone: Vec<u8> = model.drain(..count).collect();
                        prop_assert_eq!(segments.consume(count), gone.last().copied());
                    }
                    Step::Append(len, gone) => {
                        let bytes = bytes(len);
                        let mut other = Segments::default();
                        other.push(&bytes);
                        other.consume(gone.min(len));
                        segments.append(&mut other);
                        prop_assert!(other.is_empty());
                        model.extend(&bytes[gone.min(len)..]);
                    }
                    Step::Segment(len) => {
                        let mut segment = segments.take_empty();
                        segment.extend(bytes(len));
                        model.extend(&segment);
                        segments.push_segment(segment);
                    }
                    Step::Truncate(end) => {
                        segments.truncate_behind(end);
                        if let Some(at) = model.iter().position(|byte| *byte == end) {
                            model.truncate(at + 1);
                        }
                    }
                }
                prop_assert_eq!(segments.len(), model.len());
                prop_assert!(content(&segments) == model);
            }
        }
    }

    #[test]
    fn memory_follows_what_waits() {
        let mut segments = Segments::default();
        assert_eq!(memory(&segments), 0);
        segments.push(b"one line\n");
        assert_eq!(memory(&segments), SEGMENT_BYTES_MIN);
        let line = [b'x'; 100];
        while segments.len() < 10_000_000 {
            segments.push(&line);
            let (held, waits) = (memory(&segments), segments.len());
            assert!(held <= 2 * waits + SEGMENT_BYTES_MIN, "{held} for {waits}");
            assert!(held <= waits + SEGMENT_BYTES_MAX, "{held} for {waits}");
        }
        while !segments.is_empty() {
            segments.consume(segments.len().min(5_000));
            let (held, waits) = (memory(&segments), segments.len());
            assert!(held <= waits + 2 * SEGMENT_BYTES_MAX, "{held} for {waits}");
        }
        segments.clear();
        assert_eq!(memory(&segments), 0);
    }
}
