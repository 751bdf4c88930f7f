//! The whole client, fed with every input that the fuzz target of its display keeps.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;

use chatsrv::chat::joined::is_all_seen;
use chatsrv::protocol::native::CHUNK_BYTES_MAX;

use crate::peer::{Script, client, run, serve_all};

/// What is asked for when the bytes come, so that they may be taken for answers.
const ASKED: &str = "/list\n/files\n/groups\n/open bob\n/call bob\nhello\n/search x\n/sum a\n/up\n";

/// The inputs, without the width with which each begins.
fn inputs() -> Vec<Vec<u8>> {
    let folders = ["corpus", "regressions"].map(|kind| format!("fuzz/{kind}/display"));
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = folders.iter().flat_map(|folder| fs::read_dir(root.join(folder)).into_iter());
    let mut paths: Vec<_> = files.flatten().map(|file| file.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap().split_off(1)).collect()
}

/// Logs alice in, sends her the bytes whatever she asks for, and then sends her away.
fn send(bytes: Vec<u8>) -> Script {
    Box::new(move |peer| {
        peer.log_in();
        peer.send("D 1000000000000009 bob * the bytes come\n");
        // Empty lines are ignored, and end whatever line or chunk the bytes have begun.
        let last = [&[b'\n'; CHUNK_BYTES_MAX][..], b"\nC 421 - kicked\n"].concat();
        // The client may leave before it has read all of them.
        let _ = peer.lines.get_mut().write_all(&[bytes, last].concat());
        let _ = peer.lines.read_to_end(&mut Vec::new());
    })
}

#[test]
fn whatever_a_server_sends_nothing_raw_is_printed_and_the_client_ends_well() {
    let inputs = inputs();
    assert!(inputs.len() > 10, "hardly anything is kept");
    for input in inputs {
        let folder = tempfile::tempdir().unwrap();
        let (port, server) = serve_all(vec![send(input.clone())]);
        let mut command = client(folder.path(), port);
        command.env("CHAT_RETRY", "0s");
        let output = run(command, ASKED);
        server.join().unwrap();
        let shown = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        assert!(shown[0].contains("the bytes come"), "it was not logged in: {shown:?}");
        let code = output.status.code();
        assert!(matches!(code, Some(0..=78)), "{code:?} after {:?}", input.escape_ascii());
        assert!(shown.iter().all(|text| text.split('\n').all(is_all_seen)), "{shown:?}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "it has written a file");
    }
}
