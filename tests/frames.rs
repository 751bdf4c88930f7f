//! Frames and what is none: section 1 of chatsrv-protocol(7).

mod support;

use support::{Client, Frame, Random, Server};

/// The longest line of a client, in bytes, LF included.
const LINE_BYTES_MAX: usize = 4096;

/// `start`, filled up with `x` to a line of `length` bytes, LF included.
fn line_of(start: &str, length: usize) -> Vec<u8> {
    let mut line = start.as_bytes().to_vec();
    line.resize(length - 1, b'x');
    line.push(b'\n');
    line
}

#[test]
fn a_bad_line_never_costs_the_connection() {
    let server = Server::start(&[]);
    let mut alice = server.register("alice");
    let lines: [&[u8]; 24] = [
        b"hello\n",
        b"?\n",
        b" C WHO\n",
        b"c WHO\n",
        b"CWHO\n",
        b"C\tWHO\n",
        b"X y\n",
        b"C NOPE\n",
        b"C \n",
        b"C\n",
        b"C  WHO\n",
        b"C WHO\0\n",
        b"C NICK a\x1b[2Jb\n",
        b"C NICK a\x7fb\n",
        b"C NICK a\xc2\x85b\n",
        b"C NICK a\xffb\n",
        b"C \xff\n",
        b"\xff\xfe\n",
        b"\0\0\0\0\n",
        b"D bob \x1b]0;title\x07\n",
        b"D bob \xc3\x28\n",
        b"D bob a\rb\n",
        b"GET / HTTP/1.1\r\n",
        b"\x16\x03\x01\x02\x00\x01\n",
    ];
    for line in lines {
        alice.send_bytes(line);
        alice.expect("C 50…");
        alice.expect_nothing();
    }
}

#[test]
fn a_bad_line_is_told_by_the_code_and_verb_of_what_it_was() {
    let server = Server::start(&[]);
    let mut alice = server.register("alice");
    alice.ask("C NOPE", "C 500 - …");
    alice.ask("X y", "C 500 - …");
    alice.ask("C NICK a\u{7}b", "C 501 NICK …");
    alice.ask("D bob a\u{7}b", "C 501 MSG …");
    alice.ask("C NOPE a\u{7}b", "C 50… - …");
}

#[test]
fn the_longest_line_passes_and_one_byte_more_does_not() {
    let server = Server::start(&[]);
    let mut alice = server.register("alice");
    let mut bob = server.register("bob");
    let longest = line_of("D bob ", LINE_BYTES_MAX);
    alice.send_bytes(&longest);
    alice.expect("C 250 MSG … bob 1 0");
    let text = "x".repeat(LINE_BYTES_MAX - "D bob \n".len());
    bob.expect(&format!("D … alice bob {text}"));
    for length in [LINE_BYTES_MAX + 1, LINE_BYTES_MAX + 2, 2 * LINE_BYTES_MAX, 1 << 20] {
        for start in ["D bob ", "C NICK ", "C NOPE ", ""] {
            alice.send_bytes(&line_of(start, length));
            alice.expect("C 50…");
            alice.expect_nothing();
        }
    }
    bob.expect_nothing();
}

#[test]
fn a_carriage_return_before_the_end_counts_in_the_length() {
    let server = Server::start(&[]);
    let mut alice = server.register("alice");
    let with_cr = |length| {
        let mut line = line_of("D * ", length);
        line.insert(length - 1, b'\r');
        line
    };
    alice.send_bytes(&with_cr(LINE_BYTES_MAX - 1));
    alice.expect("C 250 MSG … * 0 0");
    alice.send_bytes(&with_cr(LINE_BYTES_MAX));
    alice.expect("C 50…");
    alice.expect_nothing();
}

#[test]
fn lines_end_with_lf_or_crlf_and_empty_ones_are_ignored() {
    let server = Server::start(&[]);
    let mut alice = server.connect();
    alice.send_bytes(
        b"\n\r\n\nC USER alice\r\nD secret\r\n\r\nD * \xe4\xbd\xa0\r\nC PM\r\n\nD hi\r\n",
    );
    alice.dialogue(
        r"< C 332 USER alice …
          < C 150 UNREAD 0
          < C 230 USER alice …
          < C 250 MSG … * 0 0
          < C 354 PM …
          < C 250 MSG … * 0 0",
    );
    alice.expect_nothing();
    alice.send_bytes(b"C EX\r\n");
    alice.expect_closing("C 221 …");
    // The carriage return was no part of the password.
    let mut again = server.connect();
    again.dialogue("> C USER alice\n< C 331 USER …\n> D secret\n< C 150 UNREAD 0\n< C 230 USER …");
}

/// What a new user says.
fn said(name: &str) -> String {
    format!(
        "C USER {name}\nD pass wörd\r\n\nC WHO\nD * grüße 👋\nnonsense\nC PM\nD hello\n\
         C ABORT 7\nD nobody x\nC NICK \u{1}\nC QUIET on\nC EX\n"
    )
}

/// What has to come of it, wherever the bytes are split.
const ANSWERED: &str = r"
    < C 332 USER …
    < C 150 UNREAD 0
    < C 230 USER …
    < C 150 WHO 1
    < C 151 WHO …
    < C 250 WHO…
    < C 250 MSG … * 0 0
    < C 500 - …
    < C 354 PM …
    < C 250 MSG … * 0 0
    < C 550 ABORT …
    < C 550 MSG …
    < C 501 NICK …
    < C 250 QUIET…
    < C 221 …";

#[test]
fn one_byte_at_a_time_says_the_same() {
    let server = Server::start(&[]);
    let mut alice = server.connect();
    for byte in said("alice").as_bytes() {
        alice.send_bytes(&[*byte]);
    }
    alice.dialogue(ANSWERED);
    alice.expect_end();
}

#[test]
fn any_split_says_the_same() {
    let mut random = Random::new();
    let server = Server::start(&[]);
    for round in 0..40 {
        let mut client = server.connect();
        let longest = 1 + random.below(40);
        for piece in random.pieces(said(&format!("user{round}")).as_bytes(), longest) {
            client.send_bytes(piece);
        }
        client.dialogue(ANSWERED);
        client.expect_end();
    }
}

#[test]
fn a_bad_file_frame_ends_the_connection() {
    let server = Server::start(&[]);
    server.register("alice");
    let long = format!("F {}", "1".repeat(5000));
    let frames = [
        "F",
        "F ",
        "F 1",
        "F x 1",
        "F 1 x",
        "F 1 -1",
        "F 1 +1",
        "F 1  1",
        "F 1 1 ",
        "F 0 1",
        "F 1 65537",
        "F 4294967297 1",
        "F 1 99999999999999999999",
        &long,
        // These name a stream that was never open.
        "F 1 0",
        "F 1 5",
        "F 4294967295 1",
    ];
    for frame in frames {
        let mut client = server.login("alice");
        client.send_bytes(format!("{frame}\nC WHO\n").as_bytes());
        client.expect_closing("C 421 - …");
    }
    server.log().wait_for_count("reason=bad-file-frame", frames.len());
}

#[test]
fn a_bad_file_frame_before_the_login_ends_the_connection_too() {
    let server = Server::start(&[]);
    for frame in ["F 1 1\nx", "F x\n"] {
        let mut client = server.connect();
        client.send_bytes(frame.as_bytes());
        client.expect_closing("C 421 - …");
    }
}

#[test]
fn the_last_line_arrives_whatever_is_still_sent() {
    let server = Server::start(&[]);
    for length in [1, 1000, 100_000, 1_000_000] {
        let mut client = server.connect();
        let mut bytes = b"F x\n".to_vec();
        bytes.resize(length + 4, b'x');
        client.send_bytes(&bytes);
        client.expect_closing("C 421 - …");
    }
}

#[test]
fn a_chunk_of_a_stream_that_is_over_is_read_and_dropped() {
    let server = Server::start(&[]);
    server.write_file("a", "content");
    let mut alice = server.register("alice");
    assert_eq!(alice.download(0, "a"), (7, b"content".to_vec()));
    alice.send_bytes(b"F 1 6\nC WHO\nF 1 0\nD * hello\n");
    alice.expect("C 250 MSG … * 0 0");
    let mut whole = b"F 1 65536\n".to_vec();
    whole.resize(whole.len() + 65_536, b'\n');
    alice.send_bytes(&whole);
    alice.expect_nothing();
}

#[test]
fn random_bytes_end_in_an_answer_or_the_end() {
    let mut random = Random::new();
    let server = Server::start(&[]);
    let mut alice = server.register("alice");
    for round in 0..30 {
        let mut client = match round % 2 {
            0 => server.connect(),
            _ => server.register(&format!("user{round}")),
        };
        let length = 1 + random.below(20_000);
        let mut bytes = random.bytes(length);
        // Random bytes have a line end every 256 bytes; frames are made of shorter lines.
        for _ in 0..length / 20 {
            let at = random.below(bytes.len());
            bytes[at] = b"\nCDF 1 "[random.below(7)];
        }
        client.send_bytes(&bytes);
        client.end_input();
        while read_on(&mut client) {}
        alice.expect_nothing();
    }
}

/// Reads a frame of any kind; false at the end.
fn read_on(client: &mut Client) -> bool {
    client.frame() != Frame::End
}
