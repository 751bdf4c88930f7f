//! Tests of what is left of uploads that are interrupted, or when the server stops between two
//! steps.

use super::*;

#[test]
fn uploads_that_broke_off_go_and_others_stay() {
    let mut fixture = Fixture::new();
    let open = fixture.begin(ALICE, shared("open"), 3).unwrap();
    fixture.begin(ALICE, shared("broken"), 3).unwrap();
    fixture.begin(ALICE, in_chat(direct()), 3).unwrap();
    let started = now();
    let remove = |fixture: &mut Fixture, before| {
        assert_eq!(
            fixture.run(Job::RemoveOldUploads { before }),
            Ok(Value::Removed { more: false })
        );
        fixture.count("uploads")
    };
    assert_eq!(remove(&mut fixture, started - 60_000_000), 3);
    let insert = "WITH RECURSIVE count(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM count LIMIT 64)
                  INSERT INTO uploads SELECT i, 10001, NULL, 'f' || i, 0, 0 FROM count";
    fixture.database().execute(insert, []).unwrap();
    let before = started + 60_000_000;
    let first = fixture.run(Job::RemoveOldUploads { before });
    assert_eq!(first, Ok(Value::Removed { more: true }), "those without a part");
    assert_eq!(remove(&mut fixture, before), 1);
    fixture.all_is_swept();
    assert_eq!((names(&fixture.files()).len(), fixture.sent().len()), (1, 0));
    fixture.write(&open, 0, b"abc").unwrap();
    assert_eq!(fixture.finish(&open, None), Ok(Value::Done));
}

#[test]
fn a_stop_between_two_steps_loses_nothing_and_leaves_nothing() {
    // After the row is inserted, before the part file is created.
    let fixture = Fixture::new();
    let row = "INSERT INTO uploads VALUES (77, 10001, NULL, 'file', 6, 0)";
    fixture.database().execute(row, []).unwrap();
    let mut fixture = fixture.reopen(HashCost::Low);
    let open = fixture.begin(ALICE, shared("file"), 6).unwrap();
    assert_eq!((open.id, open.offset), (UploadId(77), 0));
    fixture.write(&open, 0, b"abcdef").unwrap();

    // After the file is renamed, before the row of the upload is deleted.
    assert_eq!(fixture.run(sync(open.id)), Ok(Value::Done));
    let Fixture { store, folder, .. } = fixture;
    store.close();
    let files = folder.path().join("files");
    fs::rename(files.join(".000000000000004d.part"), files.join("file")).unwrap();
    let mut fixture = Fixture::open(folder, HashCost::Low);
    assert_eq!((fixture.count("uploads"), fixture.count("files")), (0, 1));
    assert_eq!(fixture.begin(ALICE, shared("file"), 6).unwrap_err(), Err(Failure::Exists));
    assert_eq!(
        fixture.begin_within(ALICE, shared("more"), 95, 100).unwrap_err(),
        Err(Failure::NoRoom),
        "it counts"
    );

    // A row without a part file does not mean that a file of that name is the upload.
    fixture
        .database()
        .execute("INSERT INTO uploads VALUES (78, 10002, NULL, 'file', 6, 0)", [])
        .unwrap();
    let mut fixture = fixture.reopen(HashCost::Low);
    let owner = "SELECT owner FROM files WHERE name = 'file'";
    let owner: u32 = fixture.database().query_row(owner, [], |row| row.get(0)).unwrap();
    assert_eq!((owner, fixture.count("uploads")), (ALICE.0, 0));

    // After an upload is dropped, before its part file is removed, and after that.
    for place in [shared("new"), in_chat(direct())] {
        let open = fixture.begin(ALICE, place, 3).unwrap();
        fixture.write(&open, 0, b"abc").unwrap();
        fixture.submit(Job::DropUpload(open.id));
        fixture = fixture.reopen(HashCost::Low);
    }
    fixture
        .database()
        .execute("INSERT INTO garbage (id, name) VALUES (1, 'gone'), (2, NULL)", [])
        .unwrap();
    let fixture = fixture.reopen(HashCost::Low);
    fixture.all_is_swept();
    assert_eq!(names(&fixture.files()), ["file"]);
    assert_eq!(fixture.sent(), [""; 0]);
}

#[test]
fn a_part_that_somebody_wrote_into_begins_anew() {
    let mut fixture = Fixture::new();
    let open = fixture.begin(ALICE, shared("file"), 3).unwrap();
    open.part.file().write_all_at(b"too much", 0).unwrap();
    let again = fixture.begin(ALICE, shared("file"), 3).unwrap();
    assert_eq!(again.offset, 0);
    fixture.write(&again, 0, b"abc").unwrap();
    assert_eq!(fixture.finish(&again, None), Ok(Value::Done));
    assert_eq!(fs::read(fixture.files().join("file")).unwrap(), b"abc");
}

#[test]
fn a_group_takes_its_files_with_it() {
    let mut fixture = Fixture::new();
    fixture.make_group();
    let chat = Chat::Group(GROUP);
    assert_eq!(fixture.send(50, chat, b"abc"), Ok(Value::Done));
    assert_eq!(fixture.send(51, direct(), b"def"), Ok(Value::Done));
    let open = fixture.begin(ALICE, in_chat(chat), 3).unwrap();
    fixture.write(&open, 0, b"abc").unwrap();
    assert_eq!(fixture.run(Job::EndGroup(GROUP)), Ok(Value::Done));
    assert_eq!(fixture.finish(&open, Some(message(52, ALICE, chat))), Err(Failure::NotFound));
    assert_eq!(fixture.begin(ALICE, in_chat(chat), 3).unwrap_err(), Err(Failure::NotFound));
    assert_eq!(fixture.run(Job::FindSent(MessageId(50))), Err(Failure::NotFound));
    let mut fixture = fixture.reopen(HashCost::Low);
    fixture.eventually("its remains go", |fixture| fixture.count("ended") == 0);
    fixture.all_is_swept();
    assert_eq!(fixture.sent().len(), 1);
    assert_eq!((fixture.read_sent(50), fixture.read_sent(51)), (None, Some(b"def".to_vec())));
    assert_eq!((fixture.count("messages"), fixture.count("uploads")), (1, 0));
}
