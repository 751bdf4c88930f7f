//! Downloads: GET, ABORT and the chunks of section 7 of chatsrv-protocol(7).

mod support;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;

use sha2::{Digest, Sha256};
use support::{Client, Frame, Options, Random, Server};

const MIB: usize = 1024 * 1024;

fn sha256(content: &[u8]) -> String {
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A logged-in client that takes little from the kernel ahead of what it reads.
fn narrow_reader(server: &Server, name: &str) -> Client {
    let options = Options { receive_buffer: Some(64 * 1024), ..Options::default() };
    let mut client = Client::open(server, &options);
    client.expect("C 220 …");
    client.register(name);
    client
}

#[test]
fn a_file_comes_whole_or_from_an_offset_on() {
    let server = Server::start(&[]);
    let content = Random::with_seed(1).bytes(200_000);
    server.write_file("data.bin", &content);
    let mut alice = server.register("alice");
    for offset in [0, 1, 65_536, 199_999, 200_000] {
        let (size, came) = alice.download(offset as u64, "data.bin");
        assert_eq!(size, 200_000);
        assert!(came == content[offset..], "from {offset} on");
    }
    for offset in ["200001", "18446744073709551615"] {
        alice.ask(&format!("C GET {offset} data.bin"), "C 501 GET …");
    }
    for line in ["C GET", "C GET 0", "C GET data.bin", "C GET -1 data.bin", "C GET 1e3 data.bin"] {
        alice.ask(line, "C 501 GET …");
    }
    assert_eq!(alice.download(0, "data.bin").1, content);
}

#[test]
fn offsets_have_sixty_four_bits() {
    let server = Server::start(&[]);
    let size = (1_u64 << 40) + 5;
    let file = File::create(server.files().join("sparse")).unwrap();
    file.set_len(size).unwrap();
    file.write_all_at(b"ending", size - 6).unwrap();
    let mut alice = server.register("alice");
    assert_eq!(alice.download(size - 6, "sparse"), (size, b"ending".to_vec()));
    assert!(alice.list("C LS")[0].starts_with(&format!("{size} ")));
}

#[test]
fn an_empty_file_is_a_stream_that_ends_at_once() {
    let server = Server::start(&[]);
    server.write_file("empty", "");
    let mut alice = server.register("alice");
    alice.ask("C GET 0 empty", "C 250 GET 1 0 empty");
    assert_eq!(alice.frame(), Frame::Chunk(1, Vec::new()));
    alice.ask("C GET 1 empty", "C 501 GET …");
    alice.expect_nothing();
}

#[test]
fn streams_are_numbered_from_one_and_no_number_comes_twice() {
    let server = Server::start(&[]);
    server.write_file("a", "1");
    let mut alice = server.register("alice");
    for stream in 1..4 {
        alice.ask("C GET 0 a", &format!("C 250 GET {stream} 1 a"));
        assert_eq!(alice.chunks(stream), b"1");
    }
    server.register("bob").ask("C GET 0 a", "C 250 GET 1 1 a");
}

#[test]
fn a_broken_download_is_resumed() {
    let server = Server::start(&[]);
    let content = Random::with_seed(2).bytes(8 * MIB);
    server.write_file("big", &content);
    let mut alice = narrow_reader(&server, "alice");
    alice.ask("C GET 0 big", "C 250 GET 1 … big");
    let mut came = Vec::new();
    while came.len() < MIB {
        match alice.frame() {
            Frame::Chunk(1, bytes) if !bytes.is_empty() => came.extend_from_slice(&bytes),
            other => alice.fail(&format!("{other:?}")),
        }
    }
    alice.reset();
    let mut again = server.connect();
    again.ask("C USER alice TAKEOVER", "C 331 USER …");
    again.give_password("alice");
    came.extend(again.download(came.len() as u64, "big").1);
    assert!(came == content);
}

#[test]
fn a_large_file_arrives_unchanged() {
    let server = Server::start(&[]);
    let content = Random::with_seed(3).bytes(64 * MIB);
    server.write_file("large", &content);
    let expected = sha256(&content);
    drop(content);
    let mut alice = server.register("alice");
    alice.ask("C GET 0 large", &format!("C 250 GET 1 {} large", 64 * MIB));
    let (mut hash, mut size) = (Sha256::new(), 0);
    loop {
        match alice.frame() {
            Frame::Chunk(1, bytes) if bytes.is_empty() => break,
            Frame::Chunk(1, bytes) => {
                size += bytes.len();
                hash.update(&bytes);
            }
            other => alice.fail(&format!("{other:?}")),
        }
    }
    assert_eq!(size, 64 * MIB);
    let came: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(came, expected);
    let sum = alice.ask("C SUM large", &format!("C 250 SUM … {} large", 64 * MIB)).remove(0);
    assert_eq!(sum, expected);
}

#[test]
fn several_downloads_run_at_once() {
    let server = Server::start(&[]);
    let contents: Vec<Vec<u8>> =
        (0..5).map(|index| Random::with_seed(index).bytes(index as usize * 300_000)).collect();
    let mut alice = server.register("alice");
    for (index, content) in contents.iter().enumerate() {
        server.write_file(&format!("file{index}"), content);
    }
    let requests: String = (0..5).map(|index| format!("C GET 0 file{index}\n")).collect();
    alice.send_bytes(requests.as_bytes());
    let (mut announced, mut ended) = (BTreeMap::new(), 0);
    let mut came: BTreeMap<u32, Vec<u8>> = BTreeMap::new();
    while ended < 5 {
        match alice.frame() {
            Frame::Chunk(_, bytes) if bytes.is_empty() => ended += 1,
            Frame::Chunk(stream, bytes) => came.entry(stream).or_default().extend(bytes),
            Frame::Line(line) => {
                let words: Vec<&str> = line.split(' ').collect();
                assert_eq!(words[..3], ["C", "250", "GET"]);
                announced.insert(words[3].parse::<u32>().unwrap(), words[5].to_owned());
            }
            Frame::End => alice.fail("the end came before the files"),
        }
    }
    assert_eq!(announced.len(), 5);
    for (stream, name) in announced {
        let index: usize = name.trim_start_matches("file").parse().unwrap();
        assert_eq!(stream as usize, index + 1, "they are answered in order");
        assert!(came.remove(&stream).unwrap_or_default() == contents[index], "{name}");
    }
}

#[test]
fn chat_goes_on_between_the_chunks() {
    const ROUNDS: usize = 20;
    // What may stand before a line: what the server hands to the kernel ahead of the reader, the
    // reader's own buffers, and a chunk under way.
    const AHEAD_MAX: usize = MIB;
    let server = Server::start(&[]);
    server.write_file("big", vec![7; 64 * MIB]);
    let mut alice = narrow_reader(&server, "alice");
    let mut bob = server.register("bob");
    alice.ask("C GET 0 big", "C 250 GET 1 … big");
    for round in 0..ROUNDS {
        bob.ask(&format!("D alice {round}"), "C 250 MSG … alice 1 0");
        alice.send("D bob answer");
        bob.expect("D … alice bob answer");
        // The confirmation of the answer, which waits for the disk, may come before or behind.
        let (mut between, mut lines, mut is_heard) = (0, 0, false);
        while lines < 2 {
            match alice.frame() {
                Frame::Chunk(1, bytes) if !is_heard => between += bytes.len(),
                Frame::Chunk(1, _) => {}
                Frame::Line(line) => {
                    lines += 1;
                    is_heard |= line.starts_with("D ");
                }
                other => alice.fail(&format!("{other:?}")),
            }
        }
        assert!(between < AHEAD_MAX, "{between} bytes of the file before the message");
    }
    alice.send("C ABORT 1");
    while matches!(alice.frame(), Frame::Chunk(1, _)) {}
    alice.expect_nothing();
}

#[test]
fn an_aborted_download_sends_no_more() {
    let server = Server::start(&[]);
    server.write_file("big", vec![7; 16 * MIB]);
    server.write_file("small", "1");
    let mut alice = narrow_reader(&server, "alice");
    for line in ["C ABORT 1", "C ABORT 0", "C ABORT 4294967295"] {
        alice.ask(line, "C 550 ABORT …");
    }
    alice.ask("C ABORT", "C 501 ABORT …");
    alice.ask("C ABORT x", "C 501 ABORT …");
    alice.ask("C GET 0 big", "C 250 GET 1 … big");
    alice.send("C ABORT 1");
    let answer = loop {
        match alice.frame() {
            Frame::Chunk(1, bytes) if !bytes.is_empty() => {}
            other => break other,
        }
    };
    assert!(matches!(answer, Frame::Line(line) if line.starts_with("C 250 ABORT")));
    alice.expect_nothing();
    alice.ask("C ABORT 1", "C 550 ABORT …");
    alice.ask("C GET 0 small", "C 250 GET 2 1 small");
    assert_eq!(alice.chunks(2), b"1");
    alice.ask("C ABORT 2", "C 550 ABORT …");
}

#[test]
fn public_files_need_no_login() {
    let server = Server::start(&["--public-files"]);
    let content = Random::with_seed(4).bytes(MIB);
    server.write_file("a", &content);
    let mut stranger = server.connect();
    assert!(stranger.download(0, "a").1 == content);
    assert!(stranger.download(1000, "a").1 == content[1000..]);
    for verb in ["LS", "SUM a", "ABORT 1", "WHO"] {
        stranger.ask(&format!("C {verb}"), "C 530 …");
    }
    stranger.register("alice");
    assert!(stranger.download(0, "a").1 == content);
}

#[test]
fn without_public_files_a_stranger_learns_nothing() {
    let server = Server::start(&[]);
    server.write_file("a", "1");
    let mut stranger = server.connect();
    for name in ["a", "nothing", "../a"] {
        stranger.ask(&format!("C GET 0 {name}"), "C 530 GET …");
    }
    stranger.register("alice");
}

#[test]
fn a_missing_file_before_the_login_ends_the_connection() {
    let server = Server::start(&["--public-files"]);
    let mut stranger = server.connect();
    stranger.send("C GET 0 nothing");
    stranger.expect_closing("C 550 GET nothing");
    server.log().wait_for("reason=no-such-file");
    // After the login it does not.
    let mut alice = server.register("alice");
    alice.ask("C GET 0 nothing", "C 550 GET nothing");
    alice.expect_nothing();
}

#[test]
fn the_chunks_under_way_come_before_that_end() {
    let server = Server::start(&["--public-files"]);
    let content = Random::with_seed(5).bytes(8 * MIB);
    server.write_file("big", &content);
    let mut stranger = server.connect();
    stranger.send_bytes(b"C GET 0 big\nC GET 0 nothing\n");
    stranger.expect("C 250 GET 1 … big");
    let (mut came, mut complete, mut lines) = (Vec::new(), false, Vec::new());
    loop {
        match stranger.frame() {
            Frame::Chunk(1, bytes) if bytes.is_empty() => complete = true,
            Frame::Chunk(1, bytes) => came.extend(bytes),
            Frame::Line(line) => lines.push(line),
            Frame::End => break,
            other => stranger.fail(&format!("{other:?}")),
        }
    }
    assert!(complete && came == content, "{} bytes came", came.len());
    assert_eq!(lines, ["C 550 GET nothing"]);
}

#[test]
fn a_download_does_not_hold_off_the_login_timeout() {
    let server = Server::start(&["--public-files", "--login-timeout", "3s"]);
    server.write_file("big", vec![7; 64 * MIB]);
    let options = Options { receive_buffer: Some(64 * 1024), ..Options::default() };
    let mut stranger = Client::open(&server, &options);
    stranger.expect("C 220 …");
    stranger.ask("C GET 0 big", "C 250 GET 1 … big");
    server.connect().expect_closing("C 421 - …");
    // By then the stranger's time is over too, and most of the file is still to come.
    let mut last = None;
    loop {
        match stranger.frame() {
            Frame::Chunk(1, bytes) => assert!(!bytes.is_empty(), "the file came whole"),
            Frame::Line(line) => last = Some(line),
            Frame::End => break,
            other => stranger.fail(&format!("{other:?}")),
        }
    }
    assert!(last.is_some_and(|line| line.starts_with("C 421 - ")));
}

#[test]
fn nor_does_a_missing_file_behind_it() {
    let server = Server::start(&["--public-files", "--login-timeout", "5s"]);
    server.write_file("big", vec![7; 64 * MIB]);
    let options = Options { receive_buffer: Some(64 * 1024), ..Options::default() };
    let mut stranger = Client::open(&server, &options);
    stranger.send_bytes(b"C GET 0 big\nC GET 0 nothing\n");
    stranger.expect("C 220 …");
    stranger.expect("C 250 GET 1 … big");
    server.log().wait_for("reason=no-such-file");
}

#[test]
fn a_piped_download_is_whole() {
    let server = Server::start(&["--public-files"]);
    let content = Random::with_seed(6).bytes(4 * MIB);
    server.write_file("big", &content);
    let mut stranger = server.connect();
    stranger.send("C GET 0 big");
    stranger.end_input();
    stranger.expect("C 250 GET 1 … big");
    assert!(stranger.chunks(1) == content);
    stranger.expect_end();
}

#[test]
fn a_file_that_can_not_be_read_to_its_end_is_given_up() {
    let server = Server::start(&[]);
    let path = server.write_file("shrinks", vec![7; 64 * MIB]);
    let mut alice = narrow_reader(&server, "alice");
    alice.ask("C GET 0 shrinks", &format!("C 250 GET 1 {} shrinks", 64 * MIB));
    File::options().write(true).open(path).unwrap().set_len(10).unwrap();
    let last = loop {
        match alice.frame() {
            Frame::Chunk(1, bytes) if !bytes.is_empty() => {}
            other => break other,
        }
    };
    assert!(matches!(&last, Frame::Line(line) if line.starts_with("C 127 ABORT 1 ")), "{last:?}");
    alice.expect_nothing();
    alice.ask("C ABORT 1", "C 550 ABORT …");
    assert_eq!(alice.download(0, "shrinks"), (10, vec![7; 10]));
}

#[test]
fn a_file_that_grows_comes_as_it_was_announced() {
    use std::io::Write;
    let server = Server::start(&[]);
    let path = server.write_file("grows", vec![7; 4 * MIB]);
    let mut alice = narrow_reader(&server, "alice");
    alice.ask("C GET 0 grows", &format!("C 250 GET 1 {} grows", 4 * MIB));
    File::options().append(true).open(path).unwrap().write_all(&[8; MIB]).unwrap();
    assert!(alice.chunks(1) == vec![7; 4 * MIB]);
    alice.expect_nothing();
}

#[test]
fn a_file_that_is_removed_meanwhile_arrives_all_the_same() {
    let server = Server::start(&[]);
    let content = Random::with_seed(7).bytes(4 * MIB);
    let path = server.write_file("goes", &content);
    let mut alice = narrow_reader(&server, "alice");
    alice.ask("C GET 0 goes", "C 250 GET 1 … goes");
    fs::remove_file(path).unwrap();
    assert!(alice.chunks(1) == content);
    alice.ask("C GET 0 goes", "C 550 GET goes");
}

#[test]
fn ex_during_a_download_says_goodbye_and_closes() {
    let server = Server::start(&[]);
    server.write_file("big", vec![7; 16 * MIB]);
    let mut alice = narrow_reader(&server, "alice");
    alice.ask("C GET 0 big", "C 250 GET 1 … big");
    alice.send("C EX");
    let mut last = None;
    loop {
        match alice.frame() {
            Frame::End => break,
            Frame::Line(line) => last = Some(line),
            Frame::Chunk(..) => {}
        }
    }
    assert!(last.is_some_and(|line| line.starts_with("C 221 ")));
}

#[test]
fn what_ends_on_a_lost_connection_ends_on_no_other() {
    let server = Server::start(&[]);
    server.write_file("big", vec![7; 16 * MIB]);
    server.write_file("empty", "");
    let mut alice = narrow_reader(&server, "alice");
    alice.ask("C GET 0 big", "C 250 GET 1 … big");
    for index in 0..8 {
        let mut gone = server.register(&format!("gone{index}"));
        gone.ask("C QUIET on", "C 250 QUIET …");
        // The reply meets nobody any more, so that the end of the stream behind it can't be
        // written; and alice is told who left.
        gone.send("C GET 0 empty");
        drop(gone);
        server.log().wait_for_ended(index + 1);
    }
    alice.send("C ABORT 1");
    loop {
        match alice.frame() {
            Frame::Chunk(1, bytes) if !bytes.is_empty() => {}
            Frame::Line(line) => break assert!(line.starts_with("C 250 ABORT "), "{line}"),
            other => alice.fail(&format!("{other:?}")),
        }
    }
}
