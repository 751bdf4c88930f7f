use proptest::prelude::*;

use super::*;

/// Encodes a frame as a client does, with that key.
fn frame(opcode: u8, is_last: bool, payload: &[u8], key: [u8; 4]) -> Vec<u8> {
    let opcode = [
        Opcode::Continuation,
        Opcode::Text,
        Opcode::Binary,
        Opcode::Close,
        Opcode::Ping,
        Opcode::Pong,
    ]
    .into_iter()
    .find(|known| *known as u8 == opcode)
    .unwrap();
    let header = Header { is_last, opcode, mask: Some(key), length: payload.len() as u64 };
    let mut bytes = [0; HEADER_BYTES_MAX];
    let size = header.encode(&mut bytes);
    let mut payload = payload.to_vec();
    mask::apply(&mut key.clone(), &mut payload);
    [&bytes[..size], &payload].concat()
}

fn masked(opcode: u8, is_last: bool, payload: &[u8]) -> Vec<u8> {
    frame(opcode, is_last, payload, [1, 2, 3, 4])
}

/// Takes pieces apart, one read each. Returns the payloads of all, and what else was in them.
fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<u8>, Unframed) {
    let mut unframer = Unframer::new(true, 128 * 1024);
    let (mut payload, mut all) = (Vec::new(), Unframed::default());
    for piece in pieces {
        let mut buffer = [piece, &[0xaa]].concat();
        let unframed = unframer.unframe(&mut buffer, piece.len());
        payload.extend_from_slice(&buffer[..unframed.length]);
        all.controls += unframed.controls;
        all.ping = unframed.ping.or(all.ping);
        if unframed.end.is_some() {
            all.end = unframed.end;
            break;
        }
    }
    (payload, all)
}

fn end_of(bytes: &[u8]) -> Option<End> {
    let whole = read([bytes]).1.end;
    assert_eq!(read(bytes.chunks(1)).1.end, whole, "{bytes:02x?}, byte by byte");
    whole
}

#[test]
fn an_idle_connection_takes_little_memory() {
    assert!(size_of::<Unframer>() <= 56, "{}", size_of::<Unframer>());
}

#[test]
fn payloads_stand_behind_each_other_and_each_text_ends_its_line() {
    let bytes = [
        masked(1, true, b"C WHO"),
        masked(1, true, b""),
        masked(1, false, b"C NICK \xe4"),
        masked(9, true, b"one"),
        masked(0, false, b"\xb8"),
        masked(9, true, b"two"),
        masked(0, true, b"\x8a\n"),
        masked(10, true, b""),
        masked(2, true, b"F 1 3\nabc"),
        masked(1, true, b"C LS\nC EX"),
    ]
    .concat();
    let expected = "C WHO\n\nC NICK 上\nF 1 3\nabcC LS\nC EX\n";
    for size in 1..=bytes.len() {
        let (payload, all) = read(bytes.chunks(size));
        assert_eq!(String::from_utf8_lossy(&payload), expected, "in pieces of {size}");
        assert_eq!((all.controls, all.ping.as_deref(), all.end), (3, Some(&b"two"[..]), None));
    }
}

#[test]
fn a_frame_that_breaks_a_rule_ends_it_with_the_code_for_that() {
    let unmasked = [0x81, 0x01, b'a'];
    let long = [0x82, 0xff, 0, 0, 0, 0, 0, 2, 0, 1, 1, 2, 3, 4];
    for (bytes, error) in [
        (unmasked.to_vec(), WebSocketError::Protocol),
        (long.to_vec(), WebSocketError::TooLarge),
        (masked(0, true, b"goes on with nothing"), WebSocketError::Protocol),
        ([masked(1, false, b"a"), masked(1, true, b"b")].concat(), WebSocketError::Protocol),
        ([masked(2, false, b"a"), masked(2, true, b"b")].concat(), WebSocketError::Protocol),
        (masked(1, true, b"\xff"), WebSocketError::NotUtf8),
        (masked(1, true, b"\xe4\xb8"), WebSocketError::NotUtf8),
        (masked(8, true, b"x"), WebSocketError::Protocol),
        (masked(8, true, &999_u16.to_be_bytes()), WebSocketError::Protocol),
        (masked(8, true, &[3, 232, 0xff]), WebSocketError::NotUtf8),
    ] {
        assert_eq!(end_of(&bytes), Some(End::Failed(error)), "{bytes:02x?}");
    }
    // Text that is not whole yet may be.
    assert_eq!(end_of(&masked(1, false, b"\xe4\xb8")), None);
    // Bytes need not be text.
    assert_eq!(end_of(&masked(2, true, b"\xff")), None);
}

#[test]
fn what_came_before_the_end_counts_and_nothing_behind_it() {
    let closes = masked(8, true, b"\x03\xe8bye");
    let bytes = [masked(1, true, b"C EX"), closes, masked(1, true, b"C WHO")].concat();
    let (payload, all) = read([&bytes[..]]);
    assert_eq!(payload, b"C EX\n");
    assert_eq!(all.end, Some(End::Closed(Some(CloseCode::NORMAL))));
    assert_eq!(end_of(&masked(8, true, b"")), Some(End::Closed(None)));
}

/// A message: whether it is text, its payload, and where it is cut into frames.
fn messages() -> impl Strategy<Value = Vec<(bool, Vec<u8>, Vec<usize>)>> {
    let text = "[a\n上👍]{0,12}".prop_map(|text| (true, text.into_bytes()));
    let bytes = prop::collection::vec(any::<u8>(), 0..300).prop_map(|bytes| (false, bytes));
    let cuts = prop::collection::vec(0..300_usize, 0..3);
    let message = (prop_oneof![text, bytes], cuts);
    prop::collection::vec(message.prop_map(|((is_text, all), cuts)| (is_text, all, cuts)), 0..6)
}

proptest! {
    #[test]
    fn however_it_is_cut_it_is_the_same(
        messages in messages(),
        key: [u8; 4],
        size in 1..64_usize,
        pings: bool,
    ) {
        let (mut bytes, mut expected) = (Vec::new(), Vec::new());
        for (is_text, all, mut cuts) in messages {
            cuts.iter_mut().for_each(|cut| *cut = (*cut).min(all.len()));
            cuts.extend([0, all.len()]);
            cuts.sort_unstable();
            let parts: Vec<&[u8]> = cuts.windows(2).map(|pair| &all[pair[0]..pair[1]]).collect();
            for (at, part) in parts.iter().enumerate() {
                let opcode = match at {
                    0 => if is_text { 1 } else { 2 },
                    _ => 0,
                };
                bytes.extend(frame(opcode, at + 1 == parts.len(), part, key));
                if pings {
                    bytes.extend(frame(9, true, b"?", key));
                }
            }
            expected.extend_from_slice(&all);
            if is_text && all.last() != Some(&b'\n') {
                expected.push(b'\n');
            }
        }
        let (payload, all) = read(bytes.chunks(size));
        prop_assert_eq!(payload, expected);
        prop_assert_eq!(all.end, None);
    }

    #[test]
    fn any_bytes_are_read_alike_in_any_pieces_and_make_no_more_than_they_are(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        size in 1..20_usize,
    ) {
        let (payload, all) = read([&bytes[..]]);
        prop_assert!(payload.len() <= bytes.len() + 1);
        if all.end.is_none() {
            let (in_pieces, _) = read(bytes.chunks(size));
            prop_assert_eq!(in_pieces, payload);
        }
    }
}
