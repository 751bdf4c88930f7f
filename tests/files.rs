//! The shared folder: LS, SUM, and which names lead to a file, as section 7 of
//! chatsrv-protocol(7) says.

mod support;

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::{CWD, FileType, Mode, mknodat};
use sha2::{Digest, Sha256};
use support::{Client, Server};

fn last_word(item: &str) -> String {
    item.rsplit(' ').next().unwrap_or_default().to_owned()
}

fn sha256(content: &[u8]) -> String {
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn ls_lists_files_and_folders() {
    let server = Server::start(&[]);
    let mut alice = server.register("alice");
    assert_eq!(alice.list("C LS"), Vec::<String>::new());
    let path = server.write_file("with space.txt", "12345");
    server.write_file("folder/inner ü.txt", "1");
    server.write_file("empty", "");
    let mtime = fs::metadata(path).unwrap().modified().unwrap();
    let seconds = mtime.duration_since(UNIX_EPOCH).unwrap().as_secs();
    let mut items = alice.list("C LS");
    items.sort();
    assert_eq!(items.len(), 3, "{items:?}");
    assert!(items[0].starts_with("- ") && items[0].ends_with(" folder/"), "{items:?}");
    assert!(items[1].starts_with("0 ") && items[1].ends_with(" empty"), "{items:?}");
    assert_eq!(items[2], format!("5 {seconds} with space.txt"));
    // The name is the one that GET takes.
    for request in ["C LS folder", "C LS folder/"] {
        let items = alice.list(request);
        assert_eq!(items.len(), 1, "{items:?}");
        assert!(items[0].starts_with("1 ") && items[0].ends_with(" folder/inner ü.txt"));
    }
    assert_eq!(alice.download(0, "folder/inner ü.txt").1, b"1");
}

#[test]
fn ls_does_not_list_what_can_not_be_named() {
    let server = Server::start(&[]);
    server.write_file("visible", "");
    for name in [&b".hidden"[..], b"\xff\xfe", b"a\x1b[2Jb", b"line\nbreak", b"a\xc2\x9bb"] {
        File::create(server.files().join(OsStr::from_bytes(name))).unwrap();
    }
    fs::create_dir(server.files().join(".folder")).unwrap();
    let items = server.register("alice").list("C LS");
    assert!(items.len() == 1 && items[0].ends_with(" visible"), "{items:?}");
}

#[test]
fn a_long_listing_is_whole() {
    const COUNT: usize = 1500;
    let server = Server::start(&[]);
    let name = |index| format!("a file with quite a long name, number {index:04}");
    for index in 0..COUNT {
        server.write_file(&name(index), "");
    }
    let mut items = server.register("alice").list("C LS");
    items.sort();
    let names = items.iter().map(|item| item.splitn(3, ' ').nth(2).unwrap());
    assert!(names.eq((0..COUNT).map(name)));
}

#[test]
fn sum_tells_the_hash_of_a_file() {
    let server = Server::start(&[]);
    server.write_file("a b", "content");
    server.write_file("empty", "");
    fs::create_dir(server.files().join("folder")).unwrap();
    let mut alice = server.register("alice");
    alice.ask("C SUM a b", &format!("C 250 SUM {} 7 a b", sha256(b"content")));
    alice.ask("C SUM empty", &format!("C 250 SUM {} 0 empty", sha256(b"")));
    alice.ask("C SUM", "C 501 SUM …");
    for name in ["nothing", "folder", "../chatsrv.db", ".hidden"] {
        alice.ask(&format!("C SUM {name}"), "C 550 SUM …");
    }
}

#[test]
fn a_name_never_leads_outside_and_a_trick_reads_like_a_missing_file() {
    let server = Server::start(&[]);
    server.write_file("folder/inside", "inside");
    fs::write(server.data().join("secret"), "outside").unwrap();
    File::create(server.files().join(".hidden")).unwrap();
    let mut alice = server.register("alice");
    let absolute = server.data().join("secret").display().to_string();
    let (long_part, long) = ("x".repeat(256), ["x"; 513].join("/"));
    let names = [
        "nothing",
        "../secret",
        "folder/../../secret",
        "folder/../folder/inside",
        "./folder/inside",
        "folder//inside",
        "folder/inside/",
        "/folder/inside",
        "/etc/passwd",
        "//etc/passwd",
        "..",
        ".",
        "/",
        "folder",
        "folder/",
        ".hidden",
        "folder/.",
        "folder/..",
        "..\\secret",
        "%2e%2e/secret",
        "folder/inside/..",
        "folder/inside/inside",
        "~/secret",
        " folder/inside",
        "@1",
        &absolute,
        &long_part,
        &long,
    ];
    for name in names {
        alice.ask(&format!("C GET 0 {name}"), &format!("C 550 GET {name}"));
        if name != "folder" && name != "folder/" {
            alice.ask(&format!("C LS {name}"), "C 550 LS …");
        }
    }
    alice.ask("C GET 0 folder/in\0side", "C 501 GET …");
    assert_eq!(alice.download(0, "folder/inside").1, b"inside");
}

#[test]
fn symbolic_links_lead_about_inside_and_never_outside() {
    let server = Server::start(&[]);
    server.write_file("folder/inside", "inside");
    fs::write(server.data().join("secret"), "outside").unwrap();
    let files = server.files();
    symlink("folder/inside", files.join("link")).unwrap();
    symlink("folder", files.join("folder-link")).unwrap();
    symlink("../secret", files.join("out")).unwrap();
    symlink(server.data().join("secret"), files.join("absolute-out")).unwrap();
    symlink("..", files.join("up")).unwrap();
    symlink("../../secret", files.join("folder/out")).unwrap();
    symlink("loop", files.join("loop")).unwrap();
    symlink("nowhere", files.join("dangling")).unwrap();
    let mut alice = server.register("alice");
    let mut listed: Vec<String> = alice.list("C LS").iter().map(|item| last_word(item)).collect();
    listed.sort();
    assert_eq!(listed, ["folder-link/", "folder/", "link"]);
    assert_eq!(alice.download(0, "link").1, b"inside");
    assert_eq!(alice.download(0, "folder-link/inside").1, b"inside");
    for name in ["out", "absolute-out", "up/secret", "folder/out", "loop", "dangling", "up"] {
        alice.ask(&format!("C GET 0 {name}"), &format!("C 550 GET {name}"));
        alice.ask(&format!("C SUM {name}"), &format!("C 550 SUM {name}"));
    }
    alice.ask("C LS up", "C 550 LS …");
}

#[test]
fn what_is_no_regular_file_reads_like_a_missing_one_and_blocks_nobody() {
    let server = Server::start(&[]);
    let make = |name: &str, kind| {
        let mode = Mode::from_raw_mode(0o600);
        let path = server.files().join(name);
        mknodat(CWD, &path, kind, mode, 0).unwrap();
    };
    make("pipe", FileType::Fifo);
    make("socket", FileType::Socket);
    fs::create_dir(server.files().join("folder")).unwrap();
    let mut alice = server.register("alice");
    let mut bob = server.register("bob");
    for name in ["pipe", "socket", "folder"] {
        alice.ask(&format!("C GET 0 {name}"), &format!("C 550 GET {name}"));
        alice.ask(&format!("C SUM {name}"), &format!("C 550 SUM {name}"));
        bob.expect_nothing();
    }
}

#[test]
fn the_shared_folder_can_be_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a"), "elsewhere").unwrap();
    let server = Server::start(&["--files", folder.path().to_str().unwrap()]);
    let mut alice = server.register("alice");
    assert_eq!(alice.download(0, "a").1, b"elsewhere");
    alice.ask("C GET 0 ../data/files", "C 550 GET …");
}

#[test]
fn the_sum_of_a_huge_file_holds_up_neither_the_talk_nor_the_stop() {
    let mut server = Server::start(&["--drain", "1s"]);
    // A file without content on the disk, over which a sum takes minutes.
    File::create(server.files().join("huge")).unwrap().set_len(1 << 40).unwrap();
    let mut alice = server.register("alice");
    let mut bob = server.register("bob");
    let mut carol = server.register("carol");
    alice.send("C SUM huge");
    for _ in 0..100 {
        bob.ask("D carol hello", "C 250 MSG … carol 1 0");
        carol.expect("D … bob carol hello");
    }
    // She hears what others say while her own answer waits.
    bob.ask("D alice hello", "C 250 MSG … alice 1 0");
    alice.expect("D … bob alice hello");
    assert_eq!(server.stop().code(), Some(0));
}

#[test]
fn an_upload_may_be_removed_by_its_uploader_and_what_is_left_by_administrators() {
    let mut server = Server::start(&["--quota", "8KiB"]);
    server.write_file("folder/notes", "abc");
    server.write_file("theirs", "abc");
    symlink("theirs", server.files().join("link")).unwrap();
    let mut alice = server.register("alice");
    let mut bob = server.register("bob");
    let put = |alice: &mut Client, name: &str| {
        let words = alice.ask(&format!("C PUT 3 {name}"), "C 250 PUT … 0").remove(0);
        alice.send_bytes(format!("F {words} 3\nabcF {words} 0\n").as_bytes());
        alice.expect(&format!("C 126 PUT {words} 3 {name}"));
    };
    put(&mut alice, "one");
    put(&mut alice, "folder/two");
    alice.ask("C PUT 3 three", "C 452 PUT …");
    for (request, reply) in [
        ("C RM one", "C 530 RM …"),
        ("C RM folder", "C 530 RM …"),
        ("C RM nothing", "C 550 RM nothing"),
        ("C RM ../one", "C 550 RM ../one"),
        ("C RM one/two", "C 550 RM one/two"),
    ] {
        bob.ask(request, reply);
    }
    // What counts is what stands there now.
    server.write_file("folder/two", "another one");
    alice.ask("C RM folder/two", "C 530 RM …");
    alice.ask("C RM theirs", "C 530 RM …");
    alice.ask("C RM one", "C 250 RM …");
    alice.ask("C RM one", "C 550 RM one");
    server.log().wait_for("event=rm time=… user=alice peer=127.0.0.1 conn=… path=\"one\"");
    assert!(!server.files().join("one").exists());
    put(&mut alice, "three");
    // One that is a day old.
    let day_ago = SystemTime::now() - Duration::from_secs(24 * 60 * 60 + 1);
    let three = File::options().write(true).open(server.files().join("three")).unwrap();
    three.set_modified(day_ago).unwrap();
    alice.ask("C RM three", "C 530 RM …");
    server.crash_and_restart();
    let mut operator = Client::operator(&server);
    while !operator.line().starts_with("C 230 ") {}
    operator.ask("C RM folder", "C 503 RM …");
    for name in ["folder/notes", "folder/two", "folder", "link", "theirs", "three"] {
        operator.ask(&format!("C RM {name}"), "C 250 RM …");
    }
    assert_eq!(fs::read_dir(server.files()).unwrap().count(), 0);
    let mut alice = server.login("alice");
    put(&mut alice, "one");
    put(&mut alice, "two");
}

#[test]
fn who_downloads_a_file_that_is_removed_gets_it_to_its_end() {
    let server = Server::start(&[]);
    let content = vec![7; 8 << 20];
    server.write_file("large", &content);
    let mut alice = server.register("alice");
    let found = alice.ask("C GET 0 large", "C 250 GET … 8388608 large");
    let mut operator = Client::operator(&server);
    while !operator.line().starts_with("C 230 ") {}
    operator.ask("C RM large", "C 250 RM …");
    operator.ask("C GET 0 large", "C 550 GET large");
    assert!(alice.chunks(found[0].parse().unwrap()) == content, "it breaks off, or is mixed");
}
