use proptest::collection::vec;
use proptest::prelude::*;

use super::super::noise::HANDSHAKE_BYTES;
use super::super::ticket::ticket;
use super::*;

fn name(text: &str) -> UserName {
    text.parse().unwrap()
}

/// Takes the output of a chat.
fn take_output(chat: &mut DirectChat) -> Vec<u8> {
    let bytes = chat.output().to_vec();
    chat.written(bytes.len());
    bytes
}

fn receive(chat: &mut DirectChat, bytes: &[u8]) -> Vec<ChatEvent> {
    let mut events = Vec::new();
    chat.receive(bytes, &mut events);
    events
}

/// Carries the output of one side to the other.
fn pass(from: &mut DirectChat, to: &mut DirectChat) -> Vec<ChatEvent> {
    let bytes = take_output(from);
    receive(to, &bytes)
}

/// A caller and the callee who has answered its first message.
fn answered(own: &str, ticketed: &str) -> (DirectChat, DirectChat) {
    let mut caller = DirectChat::call(name(own), name("bob"), &ticket(1)).unwrap();
    let first = take_output(&mut caller);
    let callee = DirectChat::answer(name("bob"), name(ticketed), &ticket(1), &first[2..]).unwrap();
    (caller, callee)
}

fn ringing() -> (DirectChat, DirectChat) {
    let (mut caller, mut callee) = answered("alice", "alice");
    assert_eq!(pass(&mut callee, &mut caller), [ChatEvent::Reached]);
    assert_eq!(pass(&mut caller, &mut callee), [ChatEvent::Called]);
    (caller, callee)
}

fn open() -> (DirectChat, DirectChat) {
    let (mut caller, mut callee) = ringing();
    callee.accept();
    assert_eq!(pass(&mut callee, &mut caller), [ChatEvent::Accepted]);
    (caller, callee)
}

/// Seals a line as `chat` would.
fn sealed(chat: &mut DirectChat, line: &str) -> Vec<u8> {
    assert!(chat.output().is_empty());
    chat.seal(line.as_bytes()).unwrap();
    take_output(chat)
}

#[test]
fn text_goes_both_ways_until_one_hangs_up() {
    let (mut alice, mut bob) = open();
    alice.say("hello  bob").unwrap();
    assert_eq!(pass(&mut alice, &mut bob), [ChatEvent::Said("hello  bob".into())]);
    bob.say("one").unwrap();
    bob.say("two").unwrap();
    let said = ["one", "two"].map(|text| ChatEvent::Said(text.into()));
    assert_eq!(pass(&mut bob, &mut alice), said);
    bob.hang_up();
    assert_eq!(pass(&mut bob, &mut alice), [ChatEvent::Ended(Ending::HungUp)]);
    assert_eq!((alice.stage(), bob.stage()), (Stage::Ended, Stage::Ended));
    assert_eq!(alice.say("late"), Err(NotSaid::NotOpen));
}

#[test]
fn a_call_is_declined_or_given_up() {
    let (mut alice, mut bob) = ringing();
    bob.decline();
    assert_eq!(pass(&mut bob, &mut alice), [ChatEvent::Declined]);
    assert_eq!(alice.stage(), Stage::Ended);

    let (mut alice, mut bob) = ringing();
    alice.hang_up();
    assert_eq!(pass(&mut alice, &mut bob), [ChatEvent::Ended(Ending::HungUp)]);
    bob.accept();
    assert_eq!((bob.stage(), bob.output()), (Stage::Ended, &[][..]));
}

#[test]
fn the_caller_must_be_the_one_whom_the_server_named() {
    let (mut mallory, mut bob) = answered("mallory", "alice");
    pass(&mut bob, &mut mallory);
    let events = pass(&mut mallory, &mut bob);
    assert_eq!(events, [ChatEvent::Ended(Ending::OutOfTurn)]);
    assert!(bob.output().is_empty());
    // Letters' case makes no other name.
    let (mut alice, mut bob) = answered("Alice", "alice");
    pass(&mut bob, &mut alice);
    assert_eq!(pass(&mut alice, &mut bob), [ChatEvent::Called]);
}

#[test]
fn nobody_is_answered_without_the_ticket() {
    let answer = |first: &[u8]| DirectChat::answer(name("bob"), name("alice"), &ticket(1), first);
    let mut stranger = DirectChat::call(name("alice"), name("bob"), &ticket(2)).unwrap();
    assert!(answer(&take_output(&mut stranger)[2..]).is_none());
    for length in [0, 1, HANDSHAKE_BYTES - 1, HANDSHAKE_BYTES, HANDSHAKE_BYTES + 1] {
        assert!(answer(&vec![0; length]).is_none());
    }
    let mut caller = DirectChat::call(name("alice"), name("bob"), &ticket(1)).unwrap();
    let events = receive(&mut caller, &[0, 1, 7]);
    assert_eq!(events, [ChatEvent::Ended(Ending::Undecipherable)]);
}

#[test]
fn out_of_turn_ends_it_and_a_bad_line_does_not() {
    let (mut alice, mut bob) = ringing();
    let early = sealed(&mut alice, "D too early\n");
    assert_eq!(receive(&mut bob, &early), [ChatEvent::Ended(Ending::OutOfTurn)]);

    let (mut alice, mut bob) = open();
    for line in ["C NEWS\n", "D a\x1bb\n", "D no end", "D two\nD lines\n", "F 1 3\nabc", "x\n"] {
        let message = sealed(&mut alice, line);
        assert_eq!(receive(&mut bob, &message), [ChatEvent::Unreadable], "{line}");
    }
    let long = sealed(&mut alice, &format!("D {}\n", "x".repeat(60_000)));
    assert_eq!(receive(&mut bob, &long), [ChatEvent::Unreadable]);
    let empty = sealed(&mut alice, "D \n");
    assert_eq!(receive(&mut bob, &empty), []);
    alice.say("still here").unwrap();
    assert_eq!(pass(&mut alice, &mut bob), [ChatEvent::Said("still here".into())]);
    assert_eq!(alice.say("a\nC END"), Err(NotSaid::Text(TextError::ControlCharacter)));
}

#[test]
fn a_replayed_a_lost_and_a_cut_message_end_it() {
    let (mut alice, mut bob) = open();
    alice.say("once").unwrap();
    let once = take_output(&mut alice);
    assert_eq!(receive(&mut bob, &once).len(), 1);
    assert_eq!(receive(&mut bob, &once), [ChatEvent::Ended(Ending::Undecipherable)]);
    assert_eq!(receive(&mut bob, &once), []);

    let (mut alice, mut bob) = open();
    alice.say("lost").unwrap();
    take_output(&mut alice);
    alice.say("after it").unwrap();
    assert_eq!(pass(&mut alice, &mut bob), [ChatEvent::Ended(Ending::Undecipherable)]);

    let (mut alice, mut bob) = open();
    alice.say("cut").unwrap();
    let cut = take_output(&mut alice);
    let mut events = receive(&mut bob, &cut[..cut.len() - 1]);
    bob.lost("closed", &mut events);
    bob.lost("closed", &mut events);
    let why = "closed in the middle of a message".to_string();
    assert_eq!(events, [ChatEvent::Ended(Ending::Lost(why))]);
}

#[test]
fn a_peer_that_reads_nothing_costs_a_bounded_memory() {
    let (mut alice, _) = open();
    let text = "x".repeat(4000);
    let said = (0..1000).take_while(|_| alice.say(&text).is_ok()).count();
    assert!((50..100).contains(&said), "{said}");
    assert_eq!(alice.say(&text), Err(NotSaid::Full));
    assert!(alice.output().len() < OUTPUT_BYTES_MAX + 5000);
}

proptest! {
    #[test]
    fn any_split_gives_the_same_chat(
        texts in vec("[ -~é中]{1,60}", 1..10),
        sizes in vec(1usize..100, 1..30),
    ) {
        let (mut alice, mut bob) = open();
        texts.iter().for_each(|text| alice.say(text).unwrap());
        alice.hang_up();
        let (wire, mut events) = (take_output(&mut alice), Vec::new());
        let (mut rest, mut sizes) = (&wire[..], sizes.iter().cycle());
        while !rest.is_empty() {
            let size = sizes.next().map_or(1, |size| *size).min(rest.len());
            bob.receive(&rest[..size], &mut events);
            rest = &rest[size..];
        }
        let mut expected: Vec<ChatEvent> = texts.into_iter().map(ChatEvent::Said).collect();
        expected.push(ChatEvent::Ended(Ending::HungUp));
        prop_assert_eq!(events, expected);
    }

    #[test]
    fn random_bytes_end_it_and_say_nothing(
        pieces in vec(vec(any::<u8>(), 0..120), 1..20),
        stage in 0..4,
    ) {
        let mut chat = match stage {
            0 => DirectChat::call(name("alice"), name("bob"), &ticket(1)).unwrap(),
            1 => answered("alice", "alice").1,
            2 => ringing().1,
            _ => open().0,
        };
        let before = chat.output().len();
        let mut events = Vec::new();
        pieces.iter().for_each(|piece| chat.receive(piece, &mut events));
        chat.lost("closed", &mut events);
        prop_assert_eq!(chat.stage(), Stage::Ended);
        prop_assert!(chat.output().len() <= before);
        prop_assert!(matches!(events[..], [ChatEvent::Ended(_)]), "{:?}", events);
    }

    #[test]
    fn a_flipped_bit_ends_it(at in any::<prop::sample::Index>(), bit in 0u8..8) {
        let (mut alice, mut bob) = open();
        alice.say("hello").unwrap();
        let mut wire = take_output(&mut alice);
        let at = at.index(wire.len());
        wire[at] ^= 1u8 << bit;
        let mut events = receive(&mut bob, &wire);
        bob.lost("closed", &mut events);
        prop_assert!(matches!(events[..], [ChatEvent::Ended(_)]), "{:?}", events);
    }
}
