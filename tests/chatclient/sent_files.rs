//! Files that others send.

use std::fs;

use crate::peer::{Peer, client, run, serve, serve_all, stderr, stdout};

#[test]
fn a_file_is_told_and_fetched_when_it_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("photo.jpg"), "mine").unwrap();
    let (port, server) = serve(|peer| {
        peer.welcome();
        peer.expect("C WHO");
        peer.send("C 124 FILE 1000000000000010 bob #ops 1258291 photo.jpg\n");
        peer.expect("C SEEN #ops 1000000000000010");
        peer.send("C 150 WHO 0\nC 250 WHO\nC 250 SEEN #ops 1000000000000010\n");
        peer.send_sum_when_asked("@1000000000000010", "@1000000000000010", b"picture");
        peer.expect("C GET 0 @1000000000000010");
        peer.send("C 250 GET 1 7 photo.jpg\nF 1 7\npictureF 1 0\n");
        peer.goodbye();
    });
    let output = run(client(folder.path(), port), "/list\n/get @1000000000000010\n");
    server.join().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let shown = stdout(&output);
    let told = "bob sent photo.jpg (1.2 MiB) to #ops; /get @1000000000000010\n";
    assert!(shown.contains(told), "{shown}");
    assert!(shown.contains("photo (1).jpg is here: 7 B, SHA-256 matches\n"), "{shown}");
    assert_eq!(fs::read(folder.path().join("photo.jpg")).unwrap(), b"mine");
    assert_eq!(fs::read(folder.path().join("photo (1).jpg")).unwrap(), b"picture");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[test]
fn an_export_that_comes_is_told_with_its_name_and_got_as_any_file() {
    let folder = tempfile::tempdir().unwrap();
    let name = "export-alice-2026-12-01.jsonl";
    let (port, server) = serve(move |peer| {
        peer.welcome();
        peer.expect("C EXPORT");
        peer.send("C 250 EXPORT it is sent to you when it is there\n");
        peer.send(format!("C 124 FILE 1000000000000010 alice alice 7 {name}\n"));
        peer.send_sum_when_asked("@1000000000000010", "@1000000000000010", b"{\"a\":1}");
        peer.expect("C GET 0 @1000000000000010");
        peer.send(format!("C 250 GET 1 7 {name}\nF 1 7\n{{\"a\":1}}F 1 0\n"));
        peer.goodbye();
    });
    let mut command = client(folder.path(), port);
    command.args(["--accept-files", "always"]);
    let output = run(command, "/export\n/get @1000000000000010\n");
    server.join().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let shown = stdout(&output);
    let told = format!("alice sent {name} (7 B) to alice; /get @1000000000000010\n");
    assert!(shown.contains(&told), "{shown}");
    assert_eq!(fs::read(folder.path().join(name)).unwrap(), b"{\"a\":1}");
}

#[test]
fn a_file_in_a_list_of_messages_stands_in_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let (port, server) = serve(|peer| {
        peer.welcome();
        peer.expect("C OPEN bob");
        peer.send("C 150 OPEN 3\nD 1000000000000010 bob alice first\n");
        peer.send("C 124 FILE 1000000000000011 bob alice 5 a.txt\n");
        peer.send("D 1000000000000012 bob alice last\nC 250 OPEN bob 0\n");
        peer.expect("C SEEN bob 1000000000000012");
        peer.send("C 250 SEEN bob 1000000000000012\n");
        peer.goodbye();
    });
    let output = run(client(folder.path(), port), "/open bob\n");
    server.join().unwrap();
    let shown: Vec<&str> = stdout(&output).lines().map(|line| &line[17..]).collect();
    let expected = [
        "bob -> alice: first",
        "bob sent a.txt (5 B) to alice; /get @1000000000000011",
        "bob -> alice: last",
    ];
    assert_eq!(shown, expected);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn small_files_are_fetched_unasked_where_that_is_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let downloads = folder.path().join("received");
    fs::create_dir(&downloads).unwrap();
    let (port, server) = serve(|peer| {
        peer.welcome();
        peer.expect("C WHO");
        let small = "C 124 FILE 1000000000000010 bob alice 7 a.txt\n";
        let large = "C 124 FILE 1000000000000011 bob alice 1048577 large.txt\n";
        peer.send([small, large].concat());
        peer.expect("C SUM @1000000000000010");
        peer.expect("C SEEN bob 1000000000000011");
        peer.send("C 150 WHO 0\nC 250 WHO\n");
        peer.send_sum("a.txt", b"content");
        peer.send("C 250 SEEN bob 1000000000000011\n");
        peer.expect("C GET 0 @1000000000000010");
        peer.send("C 250 GET 1 7 a.txt\nF 1 7\ncontentF 1 0\n");
        peer.goodbye();
    });
    let mut command = client(folder.path(), port);
    command.args(["--accept-files", "always", "--accept-max", "1MiB", "--downloads", "received"]);
    let output = run(command, "/list\n");
    server.join().unwrap();
    let shown = stdout(&output);
    assert!(shown.contains("bob sent a.txt (7 B) to alice\n"), "{shown}");
    assert!(shown.contains("large.txt (1.0 MiB) to alice; /get @1000000000000011\n"), "{shown}");
    assert!(shown.contains("a.txt is here: 7 B, SHA-256 matches; received/a.txt\n"), "{shown}");
    assert_eq!(fs::read(downloads.join("a.txt")).unwrap(), b"content");
}

#[test]
fn a_pipe_fetches_no_more_than_a_run_may_and_says_so_once() {
    let folder = tempfile::tempdir().unwrap();
    let (port, server) = serve(|peer| {
        peer.welcome();
        peer.expect("C WHO");
        let sent = [(10, 1 << 30), (11, 1), (12, 2)]
            .map(|(id, size)| format!("C 124 FILE 10000000000000{id} bob alice {size} {id}.txt\n"));
        peer.send(sent.concat());
        peer.expect("C SUM @1000000000000010");
        peer.expect("C SEEN bob 1000000000000012");
        peer.send("C 150 WHO 0\nC 250 WHO\nC 550 SUM\nC 250 SEEN bob 1000000000000012\n");
        peer.goodbye();
    });
    let mut command = client(folder.path(), port);
    command.args(["--accept-files", "always", "--accept-max", "2GiB"]);
    let output = run(command, "/list\n");
    server.join().unwrap();
    let shown = stdout(&output);
    assert!(shown.contains("bob sent 11.txt (1 B) to alice\n"), "{shown}");
    assert!(shown.contains("bob sent 12.txt (2 B) to alice\n"), "{shown}");
    let news = "fetched unasked: 1 files, 1.0 GiB; what is more is only told\n";
    assert_eq!(stderr(&output).matches(news).count(), 1, "{}", stderr(&output));
}

#[test]
fn a_hostile_server_writes_nowhere_else() {
    let names = [
        ("../../escape", "escape"),
        ("/etc/escape", "escape"),
        ("..", "_."),
        (".bashrc", "_bashrc"),
        ("..\\..\\escape", "escape"),
        ("evil\u{202e}gpj.exe", "evil_gpj.exe"),
        ("link", "link (1)"),
        ("victim", "victim (1)"),
    ];
    for (name, here) in names {
        let folder = tempfile::tempdir().unwrap();
        let downloads = folder.path().join("a/b");
        fs::create_dir_all(&downloads).unwrap();
        fs::write(downloads.join("victim"), "precious").unwrap();
        std::os::unix::fs::symlink("victim", downloads.join("link")).unwrap();
        let (port, server) = serve(move |peer| {
            peer.welcome();
            peer.send_sum_when_asked("@7", name, b"evil");
            peer.expect("C GET 0 @7");
            peer.send(format!("C 250 GET 1 4 {name}\nF 1 4\nevilF 1 0\n"));
            peer.goodbye();
        });
        let mut command = client(folder.path(), port);
        command.args(["--downloads", "a/b"]);
        let output = run(command, "/get @7\n");
        server.join().unwrap();
        assert_eq!(output.status.code(), Some(0), "{name}: {}", stderr(&output));
        assert_eq!(fs::read(downloads.join(here)).unwrap(), b"evil", "{name}");
        assert_eq!(fs::read(downloads.join("victim")).unwrap(), b"precious");
        assert_eq!(fs::read_dir(&downloads).unwrap().count(), 3);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}

#[test]
fn what_is_not_what_it_was_said_to_be_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let (port, server) = serve_all(vec![
        Box::new(|peer: &mut Peer| {
            peer.welcome();
            peer.send_sum_when_asked("@7", "a", b"content");
            peer.expect("C GET 0 @7");
            peer.send("C 250 GET 1 7 a\nF 1 3\nCON");
        }),
        Box::new(|peer: &mut Peer| {
            peer.resume(&[]);
            peer.expect("C CHATS");
            peer.expect("C GET 3 @7");
            peer.send_chats(&[], 0);
            peer.send("C 250 GET 1 7 a\n");
            peer.send("F 1 4\ntentF 1 0\n");
            // It came in two pieces, and might be right in one.
            peer.expect("C GET 0 @7");
            peer.send("C 250 GET 2 7 a\nF 2 7\nCONTENTF 2 0\n");
            peer.goodbye();
        }),
    ]);
    let output = run(client(folder.path(), port), "/get @7\n");
    server.join().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("a: the SHA-256 is not the server's"), "{}", stderr(&output));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn files_that_are_fetched_unasked_wait_for_their_turn() {
    let folder = tempfile::tempdir().unwrap();
    let (port, server) = serve(|peer| {
        peer.welcome();
        peer.expect("C WHO");
        let notice = |id: u32| format!("C 124 FILE {id} bob * 7 f{id}\n");
        peer.send((1..=17).map(notice).collect::<String>());
        (1..=16).for_each(|id| peer.expect(&format!("C SUM @{id}")));
        peer.send("C 150 WHO 0\nC 250 WHO\n");
        (1..=16).for_each(|id| peer.send_sum(&format!("f{id}"), b"content"));
        // They come in the order in which their parts were opened.
        for stream in 1..=16 {
            let line = peer.line();
            let id = line.strip_prefix("C GET 0 @").unwrap_or_else(|| panic!("{line}"));
            peer.send(format!("C 250 GET {stream} 7 f{id}\n"));
        }
        peer.send("F 1 7\ncontentF 1 0\n");
        peer.send_sum_when_asked("@17", "f17", b"content");
        peer.expect("C GET 0 @17");
        peer.send("C 250 GET 17 7 f17\n");
        (2..=17).for_each(|n| peer.send(format!("F {n} 7\ncontentF {n} 0\n")));
        peer.goodbye();
    });
    let mut command = client(folder.path(), port);
    command.args(["--accept-files", "always", "--downloads", "."]);
    let output = run(command, "/list\n");
    server.join().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 17);
}
