//! A small disk: uploads leave room for the chat, and a server starts on one that is full.
//!
//! Each test mounts a file system in a mount namespace of its own, for which it has to be root.

mod support;

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::Command;

use rustix::thread::{UnshareFlags, unshare_unsafe};
use support::{Client, Server, command};
use tempfile::TempDir;

const MIB: u64 = 1 << 20;

/// A file system in memory on the data folder, seen by the thread of the test and by what it
/// starts. It goes with this.
struct Disk(PathBuf);

impl Disk {
    /// Mounts it, and starts a server there.
    fn start(kind: &[&str], args: &[&str]) -> (Disk, Server) {
        let folder = TempDir::new().unwrap();
        let data = folder.path().join("data");
        fs::create_dir(&data).unwrap();
        // SAFETY: no other thread counts on what this one sees of file systems, or on its folder.
        let unshared = unsafe { unshare_unsafe(UnshareFlags::NEWNS | UnshareFlags::FS) };
        unshared.expect("THIS TEST MOUNTS A SMALL FILE SYSTEM: run it as root, or leave it out");
        mount(&["--make-rprivate", "/"]);
        mount(&[kind, &["none", data.to_str().unwrap()]].concat());
        let disk = Disk(folder.path().to_owned());
        let server = Server::spawn(command(&data, args), folder, args);
        (disk, server)
    }

    fn free(&self) -> u64 {
        let stat = rustix::fs::statvfs(self.0.join("data")).unwrap();
        stat.f_bavail * stat.f_frsize
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Behind the server, whose folder could not be removed with something mounted in it.
        let unmounted = Command::new("umount").arg("--lazy").arg(self.0.join("data")).status();
        if unmounted.is_ok_and(|status| status.success()) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }
}

fn mount(args: &[&str]) {
    let mounted = Command::new("mount").args(args).status().expect("there is mount(8)");
    assert!(mounted.success(), "mount {args:?}: {mounted}");
}

fn send(client: &mut Client, stream: u32, length: u64) {
    let mut left = length;
    while left > 0 {
        let chunk = left.min(65_536);
        client.send_bytes(format!("F {stream} {chunk}\n").as_bytes());
        client.send_bytes(&vec![7; chunk as usize]);
        left -= chunk;
    }
}

#[test]
fn what_all_uploads_announce_together_leaves_the_reserve() {
    let (disk, server) = Disk::start(&["-t", "tmpfs", "-o", "size=64m"], &["--reserve", "16MiB"]);
    server.log().wait_for("…event=room path=… free=… of=67108864 reserve=16777216");
    let mut bob = server.register("bob");
    let mut alice = server.register("alice");
    let third = (disk.free() - 16 * MIB) / 3 + 64 * 1024;
    alice.ask(&format!("C PUT {third} one"), "C 250 PUT 1 0");
    bob.ask(&format!("C SENDFILE * {third} two"), "C 250 SENDFILE 1 0");
    // Nothing was written yet, and there is no room for a third one.
    alice.ask(&format!("C SENDFILE bob {third} three"), "C 452 SENDFILE …");
    alice.ask(&format!("C PUT {third} four"), "C 452 PUT …");
    alice.ask("C ABORT 1", "C 250 ABORT …");
    alice.ask(&format!("C PUT {third} four"), "C 250 PUT 2 0");
    bob.ask(&format!("C PUT {third} five"), "C 452 PUT …");
    send(&mut alice, 2, third);
    alice.send_bytes(b"F 2 0\n");
    alice.expect(&format!("C 126 PUT 2 {third} four"));
    bob.ask(&format!("C PUT {third} five"), "C 452 PUT …");
}

#[test]
fn people_talk_and_register_beside_uploads_and_after_a_start_on_a_full_disk() {
    let (disk, mut server) = Disk::start(&["-t", "tmpfs", "-o", "size=64m"], &[]);
    let mut bob = server.register("bob");
    let mut alice = server.register("alice");
    alice.ask("C PUT 8388608 old", "C 250 PUT 1 0");
    send(&mut alice, 1, 4 * MIB);
    alice.ask("C PUT 25165824 large", "C 250 PUT 2 0");
    // Somebody else takes the room that it was promised.
    let others = server.data().join("others");
    let reserve = 64 * MIB / 20;
    fs::write(&others, vec![7; (disk.free() - reserve - 9 * MIB) as usize]).unwrap();
    send(&mut alice, 2, 16 * MIB);
    let told = alice.expect("C 127 ABORT … no room …");
    assert_eq!(told[0], "2");
    // All but what the chat itself has written since.
    assert!(disk.free() >= reserve - MIB, "{} bytes are free", disk.free());
    alice.ask("D bob is there room for words?", "C 250 MSG …");
    bob.expect("D … alice bob is there room for words?");
    server.register("carol").leave();
    bob.leave();
    alice.leave();
    server.stop();

    let more = server.data().join("more");
    fs::write(&more, vec![7; disk.free() as usize / 4096 * 4096]).unwrap();
    assert_eq!(disk.free(), 0);
    let large = |server: &Server| {
        let names = fs::read_dir(server.files()).unwrap();
        names.map(|entry| entry.unwrap().metadata().unwrap().size()).max()
    };
    assert!(large(&server) > Some(4 * MIB));
    server.start_again(&[]);
    server.log().wait_for("…event=no-room … removed=…");
    // The oldest made room enough.
    assert!(large(&server) > Some(4 * MIB));
    let mut alice = server.login("alice");
    alice.ask("D * here I am again", "C 250 MSG …");
    server.register("dave").leave();
    alice.ask("C PUT 8388608 old", "C 452 PUT …");
}

#[test]
fn a_start_warns_where_uploads_find_no_room() {
    let (_disk, server) = Disk::start(&["-t", "tmpfs", "-o", "size=32m"], &["--reserve", "32MiB"]);
    server.log().wait_for("warn  event=room …: beside the reserve, uploads find no room");
    server.register("alice").ask("C PUT 6 small", "C 452 PUT …");
}

#[test]
fn a_file_system_that_tells_no_size_has_room() {
    let (_disk, server) = Disk::start(&["-t", "ramfs"], &[]);
    server.log().wait_for("…event=room path=… free=unknown");
    let mut alice = server.register("alice");
    alice.ask("C PUT 6 small", "C 250 PUT 1 0");
    alice.send_bytes(b"F 1 6\nhello\nF 1 0\n");
    alice.expect("C 126 PUT 1 6 small");
    alice.ask("C PUT 8388608 large", "C 250 PUT 2 0");
    send(&mut alice, 2, 8 * MIB);
    alice.send_bytes(b"F 2 0\n");
    alice.expect("C 126 PUT 2 8388608 large");
}
