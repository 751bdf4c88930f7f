//! Tests of the outbox over a real pair of sockets.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::chat::answer::{Answer as FinalAnswer, Done, Item, Page};
use crate::chat::kind::Kind;
use crate::chat::name::Number;
use crate::server::closer::{Closer, Opened, Permits};

const NOW: Duration = Duration::from_secs(1);

struct World {
    outbox: Outbox,
    wire: Wire,
    lines: VariantLines,
    ours: UnixStream,
    theirs: UnixStream,
    events: Vec<OutboxEvent>,
}

impl World {
    fn new() -> Self {
        let (ours, theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        theirs.set_nonblocking(true).unwrap();
        let (outbox, lines) = (Outbox::default(), VariantLines::default());
        World { outbox, wire: Wire::native(), lines, ours, theirs, events: Vec::new() }
    }

    fn reply(&mut self, line: &str) {
        let line = encode(&mut self.lines, line);
        self.outbox.push_reply(&self.lines, line);
    }

    fn unasked(&mut self, line: &str) {
        let line = encode(&mut self.lines, line);
        self.outbox.push_unasked(&self.lines, line);
    }

    /// Flushes, as at the end of a tick.
    fn flush(&mut self) -> Flushed {
        let World { outbox, wire, lines, ours, events, .. } = self;
        let sink = &mut Sink::plain(ours.as_fd());
        let flushed = outbox.flush(sink, lines, wire, events).unwrap();
        self.lines.clear();
        flushed
    }

    /// What the peer has received by now.
    fn received(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        // It ends with an error, since the socket would block.
        let _ = self.theirs.read_to_end(&mut bytes);
        bytes
    }

    /// Flushes and reads until nothing is left.
    fn drain(&mut self) -> String {
        let mut bytes = Vec::new();
        while self.flush() == Flushed::Left {
            bytes.extend(self.received());
        }
        bytes.extend(self.received());
        assert!(self.outbox.is_empty());
        String::from_utf8(bytes).unwrap()
    }
}

fn encode(lines: &mut VariantLines, line: &str) -> LineRange {
    lines.encode(|out| out.extend_from_slice(format!("{line}\n").as_bytes()))
}

fn item() -> Item {
    Item::Member("bob".parse().unwrap(), Number(10_002))
}

/// The end of a list of members.
fn end() -> FinalAnswer {
    FinalAnswer { of: Kind::Members, result: Ok(Done::Stream(7)) }
}

fn list(count: usize) -> List {
    List::whole(Kind::Members, vec![item(); count].into(), None, end())
}

fn file(content: &[u8]) -> Opened<File> {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(content).unwrap();
    Closer::at_once().opened(file, Permits::new(1).take().unwrap())
}

#[test]
fn lines_leave_in_order_whatever_stands_between_them() {
    let mut world = World::new();
    world.reply("one");
    world.unasked("two");
    // A line for another connection.
    encode(&mut world.lines, "not ours");
    world.reply("three");
    assert_eq!(world.flush(), Flushed::Done);
    assert_eq!(world.received(), b"one\ntwo\nthree\n");
    assert!(world.outbox.is_empty());
}

#[test]
fn what_the_socket_does_not_take_waits_and_counts() {
    let mut world = World::new();
    let long = "x".repeat(100_000);
    let mut sent = String::new();
    for _ in 0..20 {
        world.unasked(&long);
        world.flush();
        sent += &format!("{long}\n");
    }
    let waiting = world.outbox.unasked_bytes();
    assert!(waiting > 100_000, "{waiting}");
    assert!(world.outbox.is_full());
    assert!(world.drain() == sent);
    assert_eq!(world.outbox.unasked_bytes(), 0);
    assert!(!world.outbox.is_full());
}

#[test]
fn memory_is_what_waits_and_not_what_is_set_aside_for_it() {
    let mut world = World::new();
    let line = "x".repeat(3000);
    let mut sent = 0;
    while world.outbox.waiting_bytes() < 20_000_000 {
        world.unasked(&line);
        sent += line.len() + 1;
        world.flush();
        let outbox = &world.outbox;
        assert_eq!(outbox.memory(), outbox.waiting_bytes());
        assert_eq!(outbox.memory(), outbox.unasked_bytes());
    }
    // The same for lines that wait until a list ends.
    world.outbox.push_list(&world.lines, &mut world.wire, list(10_000));
    let before = world.outbox.memory();
    for _ in 0..1000 {
        world.unasked(&line);
        sent += line.len() + 1;
    }
    world.flush();
    assert_eq!(world.outbox.memory(), before + 1000 * (line.len() + 1));
    let received = world.drain();
    assert_eq!(received.lines().filter(|received| **received == line).count(), sent / 3001);
    assert_eq!(world.outbox.memory(), 0);
}

#[test]
fn what_was_asked_for_does_not_count_against_the_send_queue() {
    let mut world = World::new();
    let long = "x".repeat(1_000_000);
    world.reply(&long);
    world.flush();
    world.unasked("short");
    world.flush();
    assert!(world.outbox.unasked_bytes() <= "short\n".len());
}

#[test]
fn nothing_stands_inside_a_list() {
    let mut world = World::new();
    world.reply("before");
    world.outbox.push_list(&world.lines, &mut world.wire, list(10_000));
    world.unasked("meanwhile");
    world.reply("next reply");
    world.outbox.push_list(&world.lines, &mut world.wire, list(2));
    world.unasked("later");
    let received = world.drain();
    let lines: Vec<&str> = received.lines().collect();
    assert_eq!(&lines[..2], ["before", "C 150 MEMBERS 10000"]);
    assert!(lines[2..10_002].iter().all(|line| line.starts_with("C 151 MEMBERS bob")));
    assert_eq!(
        &lines[10_002..],
        [
            "C 250 MEMBERS 7",
            "meanwhile",
            "later",
            "next reply",
            "C 150 MEMBERS 2",
            lines[2],
            lines[2],
            "C 250 MEMBERS 7",
        ]
    );
}

#[test]
fn lists_that_wait_count_as_memory_and_shared_ones_in_part() {
    let mut world = World::new();
    assert_eq!(world.outbox.memory(), 0);
    let items = 10_000 * size_of::<Item>();
    world.outbox.push_list(&world.lines, &mut world.wire, list(10_000));
    let one = world.outbox.memory();
    assert!((items..items + 1_000).contains(&one), "{one}");
    world.outbox.push_list(&world.lines, &mut world.wire, list(10_000));
    assert_eq!(world.outbox.memory(), one + items);
    let shared = list(10_000);
    let _elsewhere = [shared.clone(), shared.clone(), shared.clone()];
    world.outbox.push_list(&world.lines, &mut world.wire, shared);
    assert_eq!(world.outbox.memory(), one + items + items / 4);
    world.drain();
    assert_eq!(world.outbox.memory(), 0);
}

#[test]
fn the_next_page_of_a_list_is_asked_for_once_the_one_before_was_taken() {
    let mut world = World::new();
    let items: Rc<[Item]> = vec![item(); 2].into();
    let page = |last| Page { items: Rc::clone(&items), without: None, last };
    let list = List { of: Kind::Members, count: 4, page: page(None) };
    world.outbox.push_list(&world.lines, &mut world.wire, list);
    world.unasked("meanwhile");
    assert_eq!(world.flush(), Flushed::Done);
    assert_eq!(world.flush(), Flushed::Done);
    assert!(matches!(&world.events[..], [OutboxEvent::PageRead]));
    assert!(!world.outbox.is_empty());
    assert!(world.outbox.is_full());
    world.outbox.push_page(page(Some(end())));
    let received = world.drain();
    assert_eq!(received.lines().filter(|line| line.starts_with("C 151")).count(), 4);
    assert!(received.ends_with("C 250 MEMBERS 7\nmeanwhile\n"), "{received}");
}

#[test]
fn a_list_whose_end_will_not_come_is_broken_off() {
    let part = || {
        let items: Rc<[Item]> = vec![item(); 2].into();
        let page = Page { items, without: None, last: None };
        List { of: Kind::Members, count: 4, page }
    };
    let mut world = World::new();
    world.outbox.push_list(&world.lines, &mut world.wire, part());
    world.unasked("would read like an item");
    assert_eq!(world.flush(), Flushed::Done);
    world.outbox.break_off_list();
    world.reply("C 421 - the end");
    let received = world.drain();
    assert_eq!(received.lines().count(), 4, "{received}");
    assert!(received.ends_with("C 421 - the end\n"), "{received}");
    assert!(world.outbox.is_empty());

    world.outbox.push_list(&world.lines, &mut world.wire, list(1));
    world.outbox.push_list(&world.lines, &mut world.wire, part());
    world.outbox.break_off_list();
    world.reply("C 421 - the end");
    let received = world.drain();
    assert!(received.ends_with("C 250 MEMBERS 7\nC 421 - the end\n"), "{received}");
    assert!(world.outbox.is_empty());
}

#[test]
fn downloads_take_turns_and_lines_pass_between_their_chunks() {
    let mut world = World::new();
    let content = vec![b'a'; 1_000_000];
    world.outbox.push_download(OutgoingFile::new(1, file(&content), 0..1_000_000, NOW));
    world.outbox.push_download(OutgoingFile::new(2, file(&content), 999_990..1_000_000, NOW));
    assert_eq!(world.flush(), Flushed::Left);
    world.unasked("hello");
    let mut bytes = world.received();
    bytes.extend(world.drain().into_bytes());
    let mut frames = crate::protocol::native::frame::FrameBuffer::new(8192);
    // "hello" is not a valid frame; take it out to decode the rest.
    let text = String::from_utf8(bytes).unwrap();
    let at = text.find("hello\n").unwrap();
    assert!(at > 65_536 && at < 1_000_000, "{at}");
    frames.extend(text.replace("hello\n", "").as_bytes());
    let (mut sizes, mut ended) = ([0, 0], Vec::new());
    while let Some(frame) = frames.next_frame() {
        match frame {
            crate::protocol::native::frame::Frame::File { stream, bytes } => {
                sizes[stream as usize - 1] += bytes.len();
            }
            crate::protocol::native::frame::Frame::FileEnd { stream } => ended.push(stream),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((sizes, ended), ([1_000_000, 10], vec![2, 1]));
    let complete = |event: &OutboxEvent| matches!(event, OutboxEvent::Over { complete: true, .. });
    assert!(world.events.iter().all(complete));
    assert_eq!(world.events.len(), 2);
}

#[test]
fn a_file_that_ends_early_fills_its_chunk_and_says_so() {
    let mut world = World::new();
    world.outbox.push_download(OutgoingFile::new(1, file(b"short"), 0..100, NOW));
    assert_eq!(world.drain(), format!("F 1 100\nshort{}", "\0".repeat(95)));
    assert!(matches!(&world.events[..], [OutboxEvent::Over { stream: 1, complete: false }]));
}

#[test]
fn a_cancelled_download_ends_behind_its_chunk() {
    let mut world = World::new();
    world.outbox.push_download(OutgoingFile::new(
        1,
        file(&vec![b'a'; 2_000_000]),
        0..2_000_000,
        NOW,
    ));
    assert_eq!(world.flush(), Flushed::Left);
    world.outbox.cancel_download(1);
    world.reply("C 250 ABORT");
    let received = world.drain();
    assert!(received.ends_with("C 250 ABORT\n"));
    assert!(received.len() < 1_000_000);
    assert!(world.events.is_empty());
}

#[test]
fn a_cancelled_download_is_closed_at_once_though_nobody_reads() {
    let mut world = World::new();
    let content = vec![b'a'; 2_000_000];
    let download = |stream| {
        let opened = file(&content);
        let file = Arc::downgrade(opened.file());
        (OutgoingFile::new(stream, opened, 0..2_000_000, NOW), file)
    };
    let (first, first_file) = download(1);
    world.outbox.push_download(first);
    assert_eq!(world.flush(), Flushed::Left);
    let (second, second_file) = download(2);
    world.outbox.push_download(second);
    world.outbox.push_list(&world.lines, &mut world.wire, list(1));
    let (third, third_file) = download(3);
    world.outbox.push_download(third);
    for stream in [3, 2, 1] {
        world.outbox.cancel_download(stream);
    }
    assert_eq!((second_file.strong_count(), third_file.strong_count()), (0, 0));
    assert_eq!(first_file.strong_count(), 1, "its chunk is under way");
    assert!(world.drain().ends_with("C 250 MEMBERS 7\n"));
    assert_eq!(first_file.strong_count(), 0);
}

#[test]
fn downloads_that_stand_still_are_closed_at_once_even_inside_a_chunk() {
    let second = Duration::from_secs;
    let mut world = World::new();
    let content = vec![b'a'; 2_000_000];
    let download = |stream, now| {
        let opened = file(&content);
        let file = Arc::downgrade(opened.file());
        (OutgoingFile::new(stream, opened, 0..2_000_000, now), file)
    };
    let (first, first_file) = download(1, second(1));
    world.outbox.push_download(first);
    assert_eq!(world.flush(), Flushed::Left);
    world.outbox.note_progress(second(5));
    let (later, later_file) = download(2, second(6));
    world.outbox.push_download(later);
    assert!(world.outbox.drop_stalled(second(4)).is_empty(), "bytes were sent since");
    assert_eq!(world.outbox.drop_stalled(second(5)), [1]);
    assert_eq!((first_file.strong_count(), later_file.strong_count()), (0, 1));
    world.outbox.cancel_download(2);
    world.reply("C 250 ABORT");
    let received = world.drain();
    let last_byte = received.trim_end_matches("C 250 ABORT\n").bytes().last();
    assert_eq!(last_byte, Some(0), "the chunk under way is filled up");
    assert!(received.ends_with("C 250 ABORT\n"));
    assert!(world.events.is_empty());
}

#[test]
fn abandoning_leaves_whole_lines() {
    let mut world = World::new();
    let long = "x".repeat(1_000_000);
    world.unasked(&long);
    world.unasked("never seen");
    assert_eq!(world.flush(), Flushed::Left);
    world.outbox.abandon(&world.lines);
    world.reply("C 421 - too slow");
    let received = world.drain();
    assert_eq!(received.len(), long.len() + "\nC 421 - too slow\n".len());
    assert!(received.ends_with("x\nC 421 - too slow\n"));
}
