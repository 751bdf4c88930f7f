use super::*;

use std::fs;

#[test]
fn both_ways_to_a_name_leave_what_stands_there() {
    let folder = tempfile::tempdir().unwrap();
    for (way, step) in [NamedFile::rename_to, NamedFile::link_to].into_iter().enumerate() {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY;
        let opened = rustix::fs::open(folder.path(), flags, Mode::empty()).unwrap();
        let spot = NamedFile { folder: opened, name: ".part".to_owned() };
        let path = |name: &str| folder.path().join(name);
        let new = format!("new{way}");
        fs::write(path("old"), "old").unwrap();
        fs::write(path(".part"), "new").unwrap();
        assert_eq!(step(&spot, spot.sibling("old")), Err(Errno::EXIST));
        assert_eq!(step(&spot, spot.sibling(&new)), Ok(()));
        assert_eq!(fs::read_to_string(path("old")).unwrap(), "old");
        assert_eq!(fs::read_to_string(path(&new)).unwrap(), "new");
        assert!(!path(".part").exists());
    }
}

#[test]
fn a_file_that_cant_be_looked_at_still_counts() {
    let file = OwnFile { id: UploadId(1), name: "file".parse().unwrap(), size: 5 };
    assert!(is_it(&file, Ok(5)));
    assert!(!is_it(&file, Ok(6)), "somebody put another one there");
    assert!(!is_it(&file, Err(FileRefusal::NotFound)));
    for refusal in [FileRefusal::Busy(Errno::MFILE), FileRefusal::Failed(Errno::IO)] {
        assert!(is_it(&file, Err(refusal)));
    }
}

#[test]
fn some_room_is_left_on_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let (files, sent) = (folder.path().join("files"), folder.path().join("sent"));
    let shared = Arc::new(Folder::open(&files).unwrap());
    let parts = |reserve| {
        Parts::open(Arc::clone(&shared), &sent, Room::new(Reserve::Bytes(reserve))).unwrap()
    };
    let place = FileTarget::Shared("file".parse().unwrap());
    let owner = crate::chat::name::Number(10_001);
    let upload = UploadRecord { id: UploadId(1), owner, place, size: 1 };
    let refused = parts(u64::MAX).open_part(&upload, true).unwrap_err();
    assert_eq!(refused, FileRefusal::NoRoom(Errno::NOSPC));
    assert_eq!(fs::read_dir(&files).unwrap().count(), 0);
    let part = parts(0).open_part(&upload, true).unwrap();
    part.write(0, b"x").unwrap();
}

#[test]
fn an_export_is_written_on_from_where_it_is_and_leaves_the_reserve() {
    let folder = tempfile::tempdir().unwrap();
    let (files, sent) = (folder.path().join("files"), folder.path().join("sent"));
    let shared = Arc::new(Folder::open(&files).unwrap());
    let parts = |reserve| {
        Parts::open(Arc::clone(&shared), &sent, Room::new(Reserve::Bytes(reserve))).unwrap()
    };
    let (id, path) = (UploadId(7), sent.join(file_name(UploadId(7))));
    let refused = FileRefusal::NoRoom(Errno::NOSPC);
    assert_eq!(parts(u64::MAX).begin_export(id, 1), Err(refused));
    assert!(!path.exists(), "where there is no room there is no file");
    let roomy = parts(0);
    assert_eq!(roomy.write_export(id, (5, b"x"), false), Err(FileRefusal::NotFound));
    roomy.begin_export(id, 1).unwrap();
    roomy.write_export(id, (0, b"one\n"), false).unwrap();
    roomy.write_export(id, (4, b"two, which is done again\n"), false).unwrap();
    roomy.write_export(id, (4, b"two\n"), false).unwrap();
    assert_eq!(roomy.write_export(id, (9, b"x"), false), Err(FileRefusal::Failed(Errno::IO)));
    assert_eq!(parts(u64::MAX).write_export(id, (8, b"x"), true), Err(refused));
    roomy.write_export(id, (8, b""), true).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "one\ntwo\n");
    roomy.begin_export(id, 1).unwrap();
    assert_eq!(path.metadata().unwrap().len(), 0, "it begins anew");
}
