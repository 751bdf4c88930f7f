//! Tests that files in the shared folder are found, and nothing outside it.

use std::ffi::OsStr;
use std::io::Read;
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use proptest::prelude::*;
use rustix::fs::{CWD, RenameFlags, inotify, mknodat, renameat_with};
use tempfile::TempDir;

use super::*;
use crate::chat::file::FolderEntry;

/// A shared folder, and a secret file beside it.
struct Fixture {
    root: TempDir,
    folder: Folder,
}

impl Fixture {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::open(&root.path().join("files")).unwrap();
        fs::create_dir(root.path().join("outside")).unwrap();
        fs::write(root.path().join("outside/file"), "outside").unwrap();
        fs::write(root.path().join("secret"), "outside").unwrap();
        Fixture { root, folder }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.root.path().join("files").join(name)
    }

    fn write(&self, name: &str) {
        fs::write(self.path(name), "inside").unwrap();
    }

    fn link(&self, target: impl AsRef<Path>, name: &str) {
        symlink(target, self.path(name)).unwrap();
    }

    fn read(&self, name: &str) -> Result<String, FileRefusal> {
        let (mut file, size) = self.folder.open_file(&name.parse().unwrap())?;
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        assert_eq!(text.len() as u64, size);
        Ok(text)
    }

    fn list(&self, path: &str) -> Vec<String> {
        let path = (!path.is_empty()).then(|| path.parse().unwrap());
        let entries = self.folder.list(path.as_ref()).unwrap();
        let slash = |entry: &FolderEntry| if entry.size.is_none() { "/" } else { "" };
        entries.iter().map(|entry| format!("{}{}", entry.name, slash(entry))).collect()
    }
}

#[test]
fn links_that_stay_inside_are_followed_and_others_are_missing() {
    let fixture = Fixture::new();
    fs::create_dir(fixture.path("sub")).unwrap();
    fixture.write("file");
    fixture.link("../file", "sub/up");
    fixture.link("sub", "folder");
    assert_eq!(fixture.read("sub/up").unwrap(), "inside");
    assert_eq!(fixture.read("folder/up").unwrap(), "inside");

    fixture.link("../secret", "out");
    fixture.link("../../secret", "sub/out");
    fixture.link("../outside", "away");
    fixture.link(fixture.root.path().join("secret"), "absolute");
    fixture.link(fixture.path("file"), "absolute inside");
    fixture.link("/dev/zero", "device");
    fixture.link("/proc/self/root", "magic");
    fixture.link("loop", "loop");
    fixture.link("nowhere", "dangling");
    for missing in [
        "out",
        "sub/out",
        "away/file",
        "away",
        "absolute",
        "absolute inside",
        "device",
        "magic",
        "magic/etc/passwd",
        "loop",
        "dangling",
        "sub/out/x",
        "file/x",
    ] {
        assert_eq!(fixture.read(missing), Err(FileRefusal::NotFound), "{missing}");
    }
    assert_eq!(fixture.list(""), ["file", "folder/", "sub/"]);
    assert_eq!(fixture.list("folder"), ["folder/up"]);
    let away = "away".parse().unwrap();
    assert_eq!(fixture.folder.list(Some(&away)), Err(FileRefusal::NotFound));
}

#[test]
fn what_is_no_regular_file_is_missing_and_does_not_block() {
    let fixture = Fixture::new();
    let mode = Mode::RUSR | Mode::WUSR;
    mknodat(CWD, fixture.path("fifo"), FileType::Fifo, mode, 0).unwrap();
    let _socket = UnixListener::bind(fixture.path("socket")).unwrap();
    fs::create_dir(fixture.path("sub")).unwrap();
    fixture.link("fifo", "link");
    for missing in ["fifo", "socket", "sub", "link"] {
        assert_eq!(fixture.read(missing), Err(FileRefusal::NotFound), "{missing}");
    }
    assert_eq!(fixture.list(""), ["sub/"]);
}

#[test]
fn a_fifo_is_not_even_opened() {
    let fixture = Fixture::new();
    fixture.write("file");
    mknodat(CWD, fixture.path("fifo"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let watch = inotify::init(inotify::CreateFlags::NONBLOCK).unwrap();
    inotify::add_watch(&watch, fixture.path(""), inotify::WatchFlags::OPEN).unwrap();
    let mut buffer = [const { MaybeUninit::uninit() }; 4096];
    let mut events = inotify::Reader::new(&watch, &mut buffer);

    // Opening the FIFO would look like a reader to a process that waits to write to it.
    assert_eq!(fixture.read("fifo"), Err(FileRefusal::NotFound));
    assert_eq!(events.next().map(|_| ()), Err(Errno::AGAIN));
    fixture.read("file").unwrap();
    assert_eq!(events.next().unwrap().file_name(), Some(c"file"));
}

#[test]
fn a_list_is_sorted_and_holds_names_that_can_be_asked_for() {
    let fixture = Fixture::new();
    for file in ["b", "a b", "Z", "ümlaut", ".hidden", "tab\tbed", "bell\u{7}"] {
        fixture.write(file);
    }
    let latin1 = OsStr::from_bytes(b"caf\xe9");
    fs::write(fixture.root.path().join("files").join(latin1), "").unwrap();
    fs::create_dir(fixture.path("a")).unwrap();
    fs::create_dir(fixture.path(".git")).unwrap();
    assert_eq!(fixture.list(""), ["Z", "a/", "a b", "b", "ümlaut"]);
    assert_eq!(fixture.list("a"), [""; 0]);
}

#[test]
fn a_list_tells_size_and_time_of_what_a_link_leads_to() {
    let fixture = Fixture::new();
    fixture.write("file");
    fixture.link("file", "link");
    let entries = fixture.folder.list(None).unwrap();
    assert_eq!(entries.len(), 2);
    assert_eq!((entries[0].size, entries[1].size), (Some(6), Some(6)));
    assert_eq!(entries[0].mtime, entries[1].mtime);
    assert!(entries[0].mtime > 1_700_000_000);
}

#[test]
fn a_huge_folder_is_listed_up_to_the_limit() {
    let fixture = Fixture::new();
    for i in (0..20).rev() {
        fixture.write(&format!("{i:02}"));
    }
    for max in [1, 3, 9, 19, 20, 21] {
        let entries = fixture.folder.list_first(None, max).unwrap();
        let names: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
        let first: Vec<String> = (0..20.min(max)).map(|i| format!("{i:02}")).collect();
        assert_eq!(names, first);
    }
}

#[test]
fn a_name_as_long_as_it_may_be_is_read_and_nothing_longer_is_listed() {
    let fixture = Fixture::new();
    let part = "x".repeat(255);
    let deep = [part.as_str(); 4].join("/");
    fs::create_dir_all(fixture.path(&deep[..1023 - 256])).unwrap();
    fixture.write(&deep);
    assert_eq!(deep.len(), 1023);
    assert_eq!(fixture.read(&deep).unwrap(), "inside");
    fs::remove_file(fixture.path(&deep)).unwrap();
    fs::create_dir(fixture.path(&deep)).unwrap();
    // The name is one byte too long for a path from here, so the file is created relative to its
    // folder.
    let inner = rustix::fs::open(fixture.path(&deep), OFlags::PATH, Mode::empty()).unwrap();
    let flags = OFlags::CREATE | OFlags::WRONLY;
    rustix::fs::openat(&inner, "y", flags, Mode::RUSR).unwrap();
    assert_eq!(fixture.list(&deep), [""; 0]);
}

#[test]
fn a_folder_exchanged_for_a_link_at_any_moment_leads_nowhere() {
    let fixture = Fixture::new();
    fs::create_dir(fixture.path("real")).unwrap();
    fixture.write("real/file");
    fixture.link("../outside", "link");
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let (real, link) = (fixture.path("real"), fixture.path("link"));
            // Exchanged atomically, so that one of the two is always at the path.
            let exchange = || renameat_with(CWD, &real, CWD, &link, RenameFlags::EXCHANGE);
            while !stop.load(Ordering::Relaxed) {
                exchange().unwrap();
            }
        });
        let _stop = OnDrop(|| stop.store(true, Ordering::Relaxed));
        let (mut found, mut missing) = (0, 0);
        for _ in 0..1_000_000 {
            match fixture.read("real/file") {
                Ok(text) => {
                    assert_eq!(text, "inside");
                    found += 1;
                }
                Err(FileRefusal::NotFound | FileRefusal::Busy(_)) => missing += 1,
                Err(refusal) => panic!("{refusal:?}"),
            }
            if found >= 500 && missing >= 500 {
                break;
            }
        }
        assert!(found > 0 && missing > 0, "both were met: {found} and {missing}");
    });
}

/// Ends the other thread of a scope even if this one panics.
struct OnDrop<F: Fn()>(F);

impl<F: Fn()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// One of few names, so that random links lead to each other.
fn part() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["a", "b", "c", "secret", "outside", "file"])
}

/// The target of a link: up, down, in a loop, or an absolute path.
fn target() -> impl Strategy<Value = String> {
    let step = prop_oneof![2 => Just(".."), 1 => Just("."), 4 => part()];
    (prop::collection::vec(step, 1..6), prop::bool::weighted(0.2)).prop_map(|(steps, absolute)| {
        (if absolute { "/" } else { "" }).to_owned() + &steps.join("/")
    })
}

fn path() -> impl Strategy<Value = String> {
    prop::collection::vec(part(), 1..4).prop_map(|parts| parts.join("/"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn no_tree_of_links_leads_out(
        files in prop::collection::vec(path(), 0..8),
        links in prop::collection::vec((path(), target()), 0..12),
        asked in prop::collection::vec(path(), 0..24),
    ) {
        let fixture = Fixture::new();
        // What does not fit into the tree, or leads out of it while it is built, is left out.
        for file in &files {
            let folder = fixture.path(file);
            if fs::create_dir_all(folder.parent().unwrap()).is_ok() {
                let _ = fs::write(&folder, "inside");
            }
        }
        for (name, target) in &links {
            let _ = symlink(target, fixture.path(name));
        }
        for name in &asked {
            if let Ok(text) = fixture.read(name) {
                prop_assert_eq!(text, "inside", "{}", name);
            }
        }
        // What is listed can be opened, as it was listed.
        let mut folders = vec![None];
        for _ in 0..100 {
            let Some(path) = folders.pop() else { break };
            for entry in fixture.folder.list(path.as_ref()).unwrap() {
                match entry.size {
                    Some(_) => {
                        prop_assert_eq!(fixture.read(entry.name.as_str()).unwrap(), "inside");
                    }
                    None => folders.push(Some(entry.name)),
                }
            }
        }
    }
}
