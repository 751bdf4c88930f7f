use std::io::{Read, Write};
use std::net::Ipv4Addr;

use proptest::collection::vec;
use proptest::prelude::*;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::super::noise::HANDSHAKE_BYTES;
use super::super::stranger::{HELLO_BYTES, STRANGER_AGE_MAX};
use super::super::ticket::ticket;
use super::*;

fn name(text: &str) -> UserName {
    text.parse().unwrap()
}

/// A listener and the time of its creation.
struct House {
    listener: DirectListener,
    invitations: Invitations,
    start: Instant,
}

impl House {
    fn new() -> Self {
        let start = Instant::now();
        let listener = DirectListener::bind(0, start).unwrap();
        House { listener, invitations: Invitations::default(), start }
    }

    fn knock(&self) -> TcpStream {
        TcpStream::connect((Ipv4Addr::LOCALHOST, self.listener.port())).unwrap()
    }

    /// Calls `turn` as of `after` the start.
    fn turn(&mut self, after: Duration) -> Vec<UserName> {
        let now = self.start + after;
        let placed = self.listener.turn(name("bob"), &mut self.invitations, now);
        placed.iter().map(|(_, chat)| chat.peer()).collect()
    }

    /// Waits until it has something to read.
    fn wait(&self, after: Duration) {
        let sources = self.listener.sources(self.start + after);
        let mut polled: Vec<_> =
            sources.map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)).collect();
        let timeout = Timespec { tv_sec: 10, tv_nsec: 0 };
        assert_ne!(poll(&mut polled, Some(&timeout)), Ok(0), "nothing came");
    }

    /// Calls `turn` until the listener keeps that many strangers.
    fn wait_for(&mut self, strangers: usize) {
        while self.listener.strangers.len() != strangers {
            self.wait(Duration::ZERO);
            assert_eq!(self.turn(Duration::ZERO), []);
        }
    }
}

/// Returns true if the connection is closed without a byte.
fn gets_nothing(socket: &mut TcpStream) -> bool {
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    match socket.read(&mut [0; 100]) {
        Ok(count) => count == 0,
        Err(error) => error.kind() == ErrorKind::ConnectionReset,
    }
}

fn hello(byte: u8) -> Vec<u8> {
    DirectChat::call(name("alice"), name("bob"), &ticket(byte)).unwrap().output().to_vec()
}

#[test]
fn a_caller_is_placed_before_or_after_the_notice() {
    let mut house = House::new();
    house.invitations.add(name("alice"), ticket(1), house.start);
    let mut early = house.knock();
    early.write_all(&hello(1)).unwrap();
    house.wait(Duration::ZERO);
    let mut placed = house.turn(Duration::ZERO);
    while placed.is_empty() {
        house.wait(Duration::ZERO);
        placed = house.turn(Duration::ZERO);
    }
    assert_eq!(placed, [name("alice")]);

    let mut late = house.knock();
    late.write_all(&hello(2)).unwrap();
    house.wait_for(1);
    while house.listener.strangers[0].may_speak() {
        house.wait(Duration::ZERO);
        assert_eq!(house.turn(Duration::ZERO), []);
    }
    // Its message is complete, so that nothing else that it sends wakes the loop.
    late.write_all(&[7; 10_000]).unwrap();
    assert_eq!(house.listener.sources(house.start).count(), 1);
    house.invitations.add(name("carol"), ticket(2), house.start);
    assert_eq!(house.turn(Duration::from_secs(4)), [name("carol")]);
}

#[test]
fn a_stranger_is_dropped_without_a_byte() {
    let mut house = House::new();
    house.invitations.add(name("alice"), ticket(1), house.start);
    let mut silent = house.knock();
    house.wait_for(1);
    let mut wrong = house.knock();
    wrong.write_all(&hello(2)).unwrap();
    house.wait_for(2);
    let last = STRANGER_AGE_MAX - Duration::from_millis(1);
    assert_eq!(house.turn(last), []);
    assert_eq!(house.listener.strangers.len(), 2);
    assert_eq!(house.listener.deadline(house.start), Some(house.start + STRANGER_AGE_MAX));
    assert_eq!(house.turn(STRANGER_AGE_MAX), []);
    assert!(gets_nothing(&mut silent) && gets_nothing(&mut wrong));
    for bytes in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0, 0], &[0, 49, 1], &[0xff; 9000]] {
        let mut loud = house.knock();
        loud.write_all(bytes).unwrap();
        house.wait_for(0);
        house.wait(Duration::ZERO);
        house.turn(Duration::ZERO);
        house.wait_for(0);
        assert!(gets_nothing(&mut loud), "{bytes:?}");
    }
}

#[test]
fn of_many_strangers_few_are_kept() {
    let mut house = House::new();
    let mut sockets: Vec<TcpStream> =
        (0..STRANGERS_PER_NETWORK_MAX).map(|_| house.knock()).collect();
    house.wait_for(STRANGERS_PER_NETWORK_MAX);
    sockets.push(house.knock());
    house.wait(Duration::ZERO);
    house.turn(Duration::ZERO);
    assert_eq!(house.listener.strangers.len(), STRANGERS_PER_NETWORK_MAX);
    assert!(gets_nothing(&mut sockets[0]), "the oldest makes room");

    // More networks than one host has here are made up.
    let mut house = House::new();
    for n in 0..20 {
        let socket = house.knock();
        let (accepted, _) = loop {
            match house.listener.socket.accept() {
                Ok(accepted) => break accepted,
                Err(_) => house.wait(Duration::ZERO),
            }
        };
        accepted.set_nonblocking(true).unwrap();
        let address = SocketAddr::from(([192, 0, 2, n], 1));
        house.listener.let_in(Stranger::new(accepted, address.ip(), house.start));
        drop(socket);
    }
    assert_eq!(house.listener.strangers.len(), STRANGERS_MAX);
}

#[test]
fn a_flood_is_let_in_at_a_measured_pace() {
    let mut house = House::new();
    for n in 1..=ACCEPTS_MAX {
        let _socket = house.knock();
        house.wait(Duration::ZERO);
        house.turn(Duration::ZERO);
        assert_eq!(house.listener.accepted, n);
    }
    let _socket = house.knock();
    let listens = |house: &House, now| house.listener.may_accept(now);
    assert!(!listens(&house, house.start));
    assert_eq!(house.turn(Duration::ZERO), []);
    assert_eq!(house.listener.accepted, ACCEPTS_MAX);
    assert_eq!(house.listener.deadline(house.start), Some(house.start + PACE_PERIOD));
    assert!(listens(&house, house.start + PACE_PERIOD));
    house.turn(PACE_PERIOD);
    assert_eq!(house.listener.accepted, 1);
}

#[test]
fn a_port_is_listened_on_once() {
    let house = House::new();
    let error = DirectListener::bind(house.listener.port(), house.start).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 20, ..ProptestConfig::with_cases(30) })]
    #[test]
    fn whatever_strangers_send_they_get_nothing(
        pieces in vec(vec(any::<u8>(), 0..80), 1..6),
        well_formed in any::<bool>(),
    ) {
        let mut house = House::new();
        house.invitations.add(name("alice"), ticket(1), house.start);
        let mut stranger = house.knock();
        let head = if well_formed { vec![0, HANDSHAKE_BYTES as u8] } else { Vec::new() };
        for piece in std::iter::once(&head).chain(&pieces) {
            // It may have been dropped already.
            let _ = stranger.write_all(piece);
            prop_assert_eq!(house.turn(Duration::ZERO), []);
        }
        let strangers = &house.listener.strangers;
        prop_assert!(strangers.iter().all(|stranger| stranger.length() <= HELLO_BYTES));
        prop_assert_eq!(house.turn(STRANGER_AGE_MAX), []);
        prop_assert!(house.listener.strangers.is_empty());
        prop_assert!(gets_nothing(&mut stranger));
    }
}
