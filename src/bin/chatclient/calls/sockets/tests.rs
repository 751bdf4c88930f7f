use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpStream};

use chatsrv::direct::messages;
use chatsrv::direct::ticket::TICKET_BYTES;
use rustix::event::{PollFd, Timespec, poll};

use super::*;

fn name(text: &str) -> UserName {
    text.parse().unwrap()
}

fn ticket(byte: u8) -> Ticket {
    [byte; TICKET_BYTES].into()
}

struct Person {
    name: UserName,
    calls: Calls,
    /// The events that were not checked yet.
    events: VecDeque<(String, What)>,
}

impl Person {
    fn new(text: &str) -> Self {
        Person { name: name(text), calls: Calls::default(), events: VecDeque::new() }
    }

    fn turn(&mut self, now: Instant) {
        let events = self.calls.turn(self.name, now).into_iter();
        self.events.extend(events.map(|event| (event.peer.to_string(), event.what)));
    }

    fn call(&mut self, peer: &Person, byte: u8, now: Instant) {
        let address = (Ipv4Addr::LOCALHOST, peer.calls.port().unwrap()).into();
        self.calls.call(self.name, peer.name, address, &ticket(byte), now).unwrap();
    }
}

/// Calls `turn` for all sides until one of them has an event.
#[track_caller]
fn told(people: &mut [Person], person: usize, now: Instant) -> (String, What) {
    loop {
        people.iter_mut().for_each(|person| person.turn(now));
        if let Some(event) = people[person].events.pop_front() {
            return event;
        }
        let sources = people.iter().flat_map(|person| person.calls.sources(now));
        let mut polled: Vec<_> =
            sources.map(|(fd, interest)| PollFd::from_borrowed_fd(fd, interest)).collect();
        let timeout = Timespec { tv_sec: 10, tv_nsec: 0 };
        assert_ne!(poll(&mut polled, Some(&timeout)), Ok(0), "nothing happens");
    }
}

fn said(peer: &str, text: &str) -> (String, What) {
    (peer.to_string(), What::Said(text.to_string()))
}

/// Alice calls bob, who listens, until she is told that it rings there.
fn ringing(now: Instant) -> [Person; 2] {
    let (mut alice, mut bob) = (Person::new("alice"), Person::new("bob"));
    bob.calls.listen(0, now).unwrap();
    bob.calls.invite(alice.name, ticket(1), now);
    alice.call(&bob, 1, now);
    let mut people = [alice, bob];
    assert_eq!(told(&mut people, 0, now), ("bob".into(), What::Reached));
    assert_eq!(told(&mut people, 1, now), ("alice".into(), What::Rings));
    people
}

fn open(now: Instant) -> [Person; 2] {
    let mut people = ringing(now);
    assert_eq!(people[1].calls.accept(), Some(name("alice")));
    assert_eq!(told(&mut people, 0, now), ("bob".into(), What::Opened));
    people
}

#[test]
fn a_chat_from_the_call_to_its_end() {
    let now = Instant::now();
    let mut people = open(now);
    people[0].calls.say("hello").unwrap();
    assert_eq!(told(&mut people, 1, now), said("alice", "hello"));
    people[1].calls.say("hi").unwrap();
    assert_eq!(told(&mut people, 0, now), said("bob", "hi"));
    // An open chat has no deadline.
    assert_eq!(people.each_ref().map(|person| person.calls.deadline(now)), [None, None]);
    people[0].calls.say("the last words").unwrap();
    assert_eq!(people[0].calls.hang_up(now), Some((name("bob"), Stage::Open)));
    assert_eq!(told(&mut people, 1, now), said("alice", "the last words"));
}

#[test]
fn the_end_comes_after_the_last_words() {
    let now = Instant::now();
    let mut people = open(now);
    people[0].calls.say("bye").unwrap();
    people[0].calls.hang_up(now);
    assert_eq!(told(&mut people, 1, now), said("alice", "bye"));
    assert_eq!(told(&mut people, 1, now), ("alice".into(), What::Ended(Ending::HungUp)));
    assert_eq!(people[1].calls.current(), None);
    assert_eq!(people[0].calls.hang_up(now), None);
    // No connection is left after its deadline.
    people.iter_mut().for_each(|person| {
        person.turn(now + Duration::from_secs(2));
        assert!(person.calls.others.is_empty());
    });
}

#[test]
fn a_second_caller_is_refused_while_one_talks() {
    let now = Instant::now();
    let [alice, mut bob] = open(now);
    let mut carol = Person::new("carol");
    bob.calls.invite(carol.name, ticket(2), now);
    carol.call(&bob, 2, now);
    let mut people = [alice, bob, carol];
    assert_eq!(told(&mut people, 2, now), ("bob".into(), What::Reached));
    let missed = What::Missed("you are in another direct chat");
    assert_eq!(told(&mut people, 1, now), ("carol".into(), missed));
    assert!(matches!(told(&mut people, 2, now).1, What::NotTaken(_)));
    people[0].calls.say("undisturbed").unwrap();
    assert_eq!(told(&mut people, 1, now), said("alice", "undisturbed"));
}

#[test]
fn nobody_waits_for_ever() {
    let now = Instant::now();
    let mut people = ringing(now);
    assert_eq!(people[0].calls.deadline(now), Some(now + RING_TIMEOUT));
    people[0].turn(now + RING_TIMEOUT - Duration::from_millis(1));
    assert!(people[0].events.is_empty());
    let not_taken = What::NotTaken("no answer".to_string());
    assert_eq!(told(&mut people, 0, now + RING_TIMEOUT), ("bob".into(), not_taken));
    assert_eq!(people[0].calls.current(), None);

    // A port on which somebody listens and says nothing.
    let mut deaf = Person::new("deaf");
    deaf.calls.listen(0, now).unwrap();
    people[0].call(&deaf, 1, now);
    assert_eq!(people[0].calls.deadline(now), Some(now + CONNECT_TIMEOUT));
    let event = told(&mut people, 0, now + CONNECT_TIMEOUT);
    assert!(matches!(event.1, What::Unreachable(_)), "{event:?}");
}

#[test]
fn a_port_where_nobody_listens_is_told() {
    let now = Instant::now();
    let (mut alice, mut bob) = (Person::new("alice"), Person::new("bob"));
    bob.calls.listen(0, now).unwrap();
    alice.call(&bob, 1, now);
    alice.calls.hang_up(now);
    let port = bob.calls.port().unwrap();
    bob.calls.stop_listening();
    let address = (Ipv4Addr::LOCALHOST, port).into();
    alice.calls.call(alice.name, bob.name, address, &ticket(1), now).unwrap();
    let mut people = [alice, bob];
    assert!(matches!(told(&mut people, 0, now).1, What::Unreachable(_)));
}

#[test]
fn one_with_a_ticket_who_says_another_name_is_dropped() {
    let now = Instant::now();
    let mut bob = Person::new("bob");
    bob.calls.listen(0, now).unwrap();
    bob.calls.invite(name("alice"), ticket(1), now);
    let mut mallory = Person::new("mallory");
    mallory.call(&bob, 1, now);
    let mut people = [bob, mallory];
    assert_eq!(told(&mut people, 1, now), ("bob".into(), What::Reached));
    assert!(matches!(told(&mut people, 1, now).1, What::NotTaken(_)));
    assert_eq!(people[0].calls.current(), None);
}

/// The bytes of one connection between `from` and `to`, as a man in the middle sees them who passes
/// them on.
#[test]
fn nothing_can_be_read_on_the_wire_and_a_replay_gets_nothing() {
    let now = Instant::now();
    let (mut alice, mut bob) = (Person::new("alice"), Person::new("bob"));
    bob.calls.listen(0, now).unwrap();
    bob.calls.invite(alice.name, ticket(b'T'), now);
    let eve = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = eve.local_addr().unwrap();
    alice.calls.call(alice.name, bob.name, address, &ticket(b'T'), now).unwrap();
    let (to_alice, _) = eve.accept().unwrap();
    let to_bob = TcpStream::connect((Ipv4Addr::LOCALHOST, bob.calls.port().unwrap())).unwrap();
    let mut sides = [to_alice, to_bob];
    sides.iter().for_each(|side| side.set_nonblocking(true).unwrap());
    let mut seen = [Vec::new(), Vec::new()];
    while !alice.events.iter().any(|(_, what)| matches!(what, What::Said(_))) {
        alice.turn(now);
        bob.turn(now);
        if bob.calls.accept().is_some() {
            bob.calls.say("the plain text").unwrap();
        }
        for from in 0..2 {
            let mut buffer = [0; 4096];
            match sides[from].read(&mut buffer) {
                Ok(length) => {
                    seen[from].extend_from_slice(&buffer[..length]);
                    sides[1 - from].write_all(&buffer[..length]).unwrap();
                }
                Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
            }
        }
    }
    for bytes in &seen {
        for secret in [&b"plain"[..], b"CONN", b"alice", b"RESP", &[b'T'; 8]] {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret));
        }
    }
    // A replay: the same bytes once more.
    let mut replay = TcpStream::connect((Ipv4Addr::LOCALHOST, bob.calls.port().unwrap())).unwrap();
    replay.write_all(&seen[0]).unwrap();
    replay.set_nonblocking(true).unwrap();
    let later = now + Duration::from_secs(5);
    let ended = loop {
        bob.turn(now);
        bob.turn(later);
        match replay.read(&mut [0; 100]) {
            Ok(count) => break count == 0,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => break error.kind() == ErrorKind::ConnectionReset,
        }
    };
    assert!(ended, "a replay was answered");
    let mut wire = messages::MessageBuffer::default();
    wire.extend(&seen[0]);
    assert_eq!(wire.next_message().map(<[u8]>::len), Some(48));
}
