//! Files over TLS, and readers that are too slow for it.

use sha2::{Digest, Sha256};

use super::Secure;
use super::support::{Client, Frame, Options, Random};

const KIB: usize = 1024;
const MIB: usize = 1024 * 1024;

fn sha256(content: &[u8]) -> String {
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A logged-in client that takes little from the kernel ahead of what it reads.
fn narrow_reader(secure: &Secure, name: &str) -> Client {
    let options = Options { receive_buffer: Some(16 * KIB), ..Options::default() };
    let mut client = Client::open_tls(&secure.server, &secure.trust, &options);
    client.expect("C 220 …");
    client.register(name);
    client
}

#[test]
fn a_large_file_comes_whole_and_lines_pass_it() {
    let secure = Secure::start(&[]);
    // No multiple of a record or a chunk.
    let content = Random::with_seed(7).bytes(12 * MIB + 12_345);
    secure.server.write_file("large", &content);
    let mut alice = narrow_reader(&secure, "alice");
    let mut bob = secure.register("bob");
    alice.ask("C GET 0 large", "C 250 GET 1 … large");
    let mut came = Vec::new();
    let mut said = None;
    loop {
        match alice.frame() {
            Frame::Chunk(1, bytes) if bytes.is_empty() => break,
            Frame::Chunk(1, bytes) => came.extend(bytes),
            Frame::Line(line) => {
                assert!(line.ends_with(" bob alice still there?"), "{line}");
                said = Some(came.len());
            }
            other => panic!("{other:?}"),
        }
        if came.len() > MIB && said.is_none() {
            said = Some(usize::MAX);
            bob.ask("D alice still there?", "C 250 MSG … alice 1 0");
        }
    }
    assert_eq!(sha256(&came), sha256(&content));
    let said = said.expect("bob said something");
    assert!(said < 6 * MIB, "the line came behind {said} bytes of the file");
    assert_eq!(alice.download(12 * MIB as u64, "large").1, content[12 * MIB..]);
}

#[test]
fn several_files_come_at_once() {
    let secure = Secure::start(&[]);
    let mut random = Random::with_seed(8);
    let files: Vec<Vec<u8>> = (0..4).map(|_| random.bytes(MIB + 17)).collect();
    for (index, content) in files.iter().enumerate() {
        secure.server.write_file(&index.to_string(), content);
    }
    let mut alice = secure.register("alice");
    for index in 0..files.len() {
        alice.send(&format!("C GET 0 {index}"));
    }
    let mut came = vec![Vec::new(); files.len()];
    let mut open = files.len();
    while open > 0 {
        match alice.frame() {
            Frame::Line(line) => assert!(line.starts_with("C 250 GET "), "{line}"),
            Frame::Chunk(_, bytes) if bytes.is_empty() => open -= 1,
            Frame::Chunk(stream, bytes) => came[stream as usize - 1].extend(bytes),
            Frame::End => panic!("the connection ended"),
        }
    }
    assert!(came == files);
}

#[test]
fn a_large_file_goes_up_and_lines_pass_it() {
    let secure = Secure::start(&[]);
    let content = Random::with_seed(9).bytes(11 * MIB + 4_321);
    let mut alice = secure.register("alice");
    let mut bob = secure.register("bob");
    alice.ask(&format!("C PUT {} up.bin", content.len()), "C 250 PUT 1 0");
    for (index, chunk) in content.chunks(64 * KIB).enumerate() {
        alice.send_bytes(format!("F 1 {}\n", chunk.len()).as_bytes());
        alice.send_bytes(chunk);
        if index == 80 {
            alice.ask("D bob half of it", "C 250 MSG … bob 1 0");
            bob.expect("D … alice bob half of it");
        }
    }
    alice.send_bytes(b"F 1 0\n");
    alice.expect(&format!("C 126 PUT 1 {} up.bin", content.len()));
    let sum = sha256(&content);
    bob.ask("C SUM up.bin", &format!("C 250 SUM {sum} {} up.bin", content.len()));
    assert_eq!(bob.download(0, "up.bin").1, content);
}

#[test]
fn who_does_not_read_is_closed_and_costs_bounded_memory() {
    let secure = Secure::start(&["--send-queue", "64KiB"]);
    secure.server.write_file("large", vec![7; 8 * MIB]);
    let mut alice = secure.register("alice");
    let mut bob = secure.register("bob");
    bob.watch_presence();
    let mut deaf = narrow_reader(&secure, "deaf");
    bob.expect("C 120 ON deaf …");
    let before = secure.server.resident_bytes();
    // A file waits, too, which it did ask for.
    deaf.send("C GET 0 large");
    let text = "x".repeat(4000);
    let mut said = 0;
    loop {
        assert!(said < 10_000, "forty megabytes unread, and still served");
        alice.ask(&format!("D * {said} {text}"), "C 250 MSG … * … 0");
        said += 1;
        let line = bob.line();
        if line.starts_with("C 121 OFF deaf ") {
            break;
        }
        assert!(line.contains(&format!(" alice * {} x", said - 1)), "{line:.60}");
    }
    let grown = secure.server.resident_bytes_max() - before;
    assert!(grown < 32 << 20, "{grown} bytes more than before");
    let mut heard = 0;
    let last = loop {
        match deaf.frame() {
            Frame::Line(line) if line.starts_with("D ") => {
                assert!(line.contains(&format!(" alice * {heard} x")), "{line:.60}");
                heard += 1;
            }
            Frame::Line(line) if line.starts_with("C 250 GET ") => {}
            Frame::Line(line) => break line,
            Frame::Chunk(_, bytes) => assert!(!bytes.is_empty(), "the file came whole"),
            Frame::End => panic!("without a last line"),
        }
    };
    assert!(last.starts_with("C 421 - too slow"), "{last}");
    deaf.expect_end();
    assert!(heard < said, "all was heard");
    secure.server.log().wait_for("tls=true reason=too-slow");
}
