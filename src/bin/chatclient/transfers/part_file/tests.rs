//! Tests of part files: their names and contents during a download, and that no file is lost.

use std::fs;

use super::*;

#[test]
fn names_stay_in_the_folder_and_can_be_seen() {
    let name = |text: &str| local_name(&text.parse().unwrap());
    assert_eq!(name("docs/a b.txt"), "a b.txt");
    assert_eq!(
        name("می\u{200c}خواهم 1\u{fe0f}\u{20e3}.txt"),
        "می\u{200c}خواهم 1\u{fe0f}\u{20e3}.txt"
    );
    assert_eq!(name("a\u{200c}b.txt"), "a_b.txt");
    assert_eq!(name("fdp\u{202e}exe.txt"), "fdp_exe.txt");
}

#[test]
fn what_is_sent_gets_a_harmless_name() {
    let names = [
        ("photo.jpg", "photo.jpg"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("..", "_."),
        (".bashrc", "_bashrc"),
        ("-rf", "_rf"),
        ("a/", "file"),
        ("", "file"),
        (" ", "file"),
        ("a\x1b[2Jb\n", "a_[2Jb_"),
        ("gpj.\u{202e}exe", "gpj._exe"),
    ];
    for (sent, here) in names {
        assert_eq!(received_name(sent), here, "{sent:?}");
    }
    let long = received_name(&format!("{}.jpg", "ä".repeat(200)));
    assert!(long.len() <= RECEIVED_NAME_BYTES_MAX && long.ends_with("ä.jpg"), "{long}");
}

#[test]
fn what_is_sent_again_gets_a_number() {
    let folder = tempfile::tempdir().unwrap();
    let mut names = Vec::new();
    for id in 1..=3 {
        let open = PartFile::open_sent(folder.path(), "photo.jpg", MessageId(id));
        let (mut file, _) = open.unwrap();
        file.write(&[id as u8]).unwrap();
        names.push(file.finish().unwrap());
    }
    assert_eq!(names, ["photo.jpg", "photo (1).jpg", "photo (2).jpg"]);
    assert_eq!(fs::read(folder.path().join("photo (1).jpg")).unwrap(), [2]);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
}

#[test]
fn a_whole_file_gets_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let (mut file, _) = PartFile::open(folder.path(), "a").unwrap();
    file.write(b"content").unwrap();
    assert!(!folder.path().join("a").exists());
    assert_eq!(file.finish().unwrap(), "a");
    assert_eq!(fs::read(folder.path().join("a")).unwrap(), b"content");
    assert!(!folder.path().join("a.part").exists());
}

#[test]
fn the_longest_names_have_a_part_file_each() {
    let folder = tempfile::tempdir().unwrap();
    let names = |length: usize| [format!("{}a", "x".repeat(length - 1)), "y".repeat(length)];
    let long = ["ä".repeat(127), format!("{}b", "ä".repeat(127))];
    let alike = ["a", "b"].map(|end| format!("{}{end}", "x".repeat(254)));
    for name in names(250).iter().chain(&names(251)).chain(&long).chain(&alike) {
        let (mut file, _) = PartFile::open(folder.path(), name).unwrap();
        file.write(name.as_bytes()).unwrap();
        file.keep().unwrap();
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 8);
    for name in &alike {
        let (file, _) = PartFile::open(folder.path(), name).unwrap();
        assert_eq!(file.kept(), 255);
        assert_eq!(file.finish().unwrap(), *name);
        assert_eq!(fs::read(folder.path().join(name)).unwrap(), name.as_bytes());
    }
}

#[test]
fn a_name_that_is_not_on_the_disk_is_told_with_the_name() {
    let folder = tempfile::tempdir().unwrap();
    let (mut file, _) = PartFile::open(folder.path(), "a").unwrap();
    // An O_PATH descriptor of the folder: files can be renamed there, but it can't be synced to
    // disk.
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    file.folder = openat(CWD, folder.path(), flags, Mode::empty()).unwrap();
    let error = file.finish().unwrap_err();
    assert!(matches!(&error, PartError::MayVanish(name, _) if name == "a"), "{error}");
    assert!(folder.path().join("a").exists());
}

#[test]
fn nothing_is_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    let (mut file, _) = PartFile::open(folder.path(), "a").unwrap();
    file.write(b"new").unwrap();
    fs::write(&path, "old").unwrap();
    assert!(matches!(file.finish(), Err(PartError::Exists)));
    assert_eq!(fs::read(&path).unwrap(), b"old");
    assert_eq!(fs::read(folder.path().join("a.part")).unwrap(), b"new");
    assert!(matches!(PartFile::open(folder.path(), "a"), Err(PartError::Exists)));
}

#[test]
fn links_are_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let victim = folder.path().join("victim");
    fs::write(&victim, "precious").unwrap();
    std::os::unix::fs::symlink(&victim, folder.path().join("a.part")).unwrap();
    assert!(matches!(PartFile::open(folder.path(), "a"), Err(PartError::NotOurs)));
    fs::hard_link(&victim, folder.path().join("b.part")).unwrap();
    assert!(matches!(PartFile::open(folder.path(), "b"), Err(PartError::NotOurs)));
    std::os::unix::fs::symlink("nowhere", folder.path().join("c")).unwrap();
    assert!(matches!(PartFile::open(folder.path(), "c"), Err(PartError::Exists)));
    assert_eq!(fs::read(&victim).unwrap(), b"precious");
}

#[test]
fn what_an_earlier_download_left_is_continued_and_never_lost() {
    let folder = tempfile::tempdir().unwrap();
    let part = folder.path().join("a.part");
    let (mut file, _) = PartFile::open(folder.path(), "a").unwrap();
    file.write(b"first ").unwrap();
    assert!(matches!(PartFile::open(folder.path(), "a"), Err(PartError::Busy)));
    file.keep().unwrap();

    let (mut file, mut hash) = PartFile::open(folder.path(), "a").unwrap();
    assert_eq!(file.kept(), 6);
    file.write(b"second").unwrap();
    hash.update(b"second");
    assert_eq!(hash.finalize(), Sha256::digest(b"first second"));
    assert_eq!(fs::read(&part).unwrap(), b"first second");
    file.discard().unwrap();
    assert_eq!(fs::read(&part).unwrap(), b"first ");
}

#[test]
fn a_new_file_that_is_not_wanted_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let (mut file, _) = PartFile::open(folder.path(), "a").unwrap();
    file.write(b"x").unwrap();
    file.discard().unwrap();
    let (file, _) = PartFile::open(folder.path(), "a").unwrap();
    file.keep().unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn what_is_of_another_file_is_put_aside_once() {
    let folder = tempfile::tempdir().unwrap();
    let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
    fs::write(folder.path().join("a.part"), "other ").unwrap();
    let (mut file, _) = PartFile::open(folder.path(), "a").unwrap();
    file.write(b"and more").unwrap();
    assert_eq!(file.begin_anew().unwrap().as_deref(), Some("a.part.old"));
    assert_eq!((read("a.part.old"), read("a.part"), file.kept()), (b"other ".into(), vec![], 0));
    file.write(b"right").unwrap();
    assert!(matches!(PartFile::open(folder.path(), "a"), Err(PartError::Busy)));
    file.keep().unwrap();

    // The file put aside is kept, and the bytes of this run are dropped.
    let (mut file, _) = PartFile::open(folder.path(), "a").unwrap();
    assert_eq!(file.begin_anew().unwrap(), None);
    file.write(b"new").unwrap();
    assert_eq!(file.finish().unwrap(), "a");
    assert_eq!((read("a"), read("a.part.old")), (b"new".into(), b"other ".into()));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
}
