//! Tests of the sums of uploads, as they are and as clients expect them.

use sha2::{Digest, Sha256};

use super::*;

fn sum(bytes: &[u8]) -> Sha256Sum {
    Sha256Sum(Sha256::digest(bytes).into())
}

impl Fixture {
    fn sync_expecting(&mut self, open: &Open, bytes: &[u8]) -> Outcome {
        self.run(Job::SyncUpload { upload: open.id, expected: Some(sum(bytes)) })
    }

    /// The path of the only part file in the shared folder.
    fn part(&self) -> PathBuf {
        let names = names(&self.files());
        let [part] = &names[..] else { panic!("{names:?}") };
        self.files().join(part)
    }
}

#[test]
fn what_was_written_is_compared_with_what_is_expected() {
    let mut fixture = Fixture::new();
    let open = fixture.begin(ALICE, shared("file"), 6).unwrap();
    assert_eq!(open.sha256, sum(b""));
    fixture.write(&open, 0, b"abc").unwrap();
    fixture.write(&open, 3, b"def").unwrap();
    assert_eq!(fixture.sync_expecting(&open, b"abcdeg"), Err(Failure::Mismatch));
    assert_eq!(fixture.sync_expecting(&open, b"abcdef"), Ok(Value::Done));
    assert_eq!(fixture.run(Job::DropUpload(open.id)), Ok(Value::Done));
    fixture.all_is_swept();
    assert_eq!(names(&fixture.files()), [""; 0]);
}

#[test]
fn a_part_from_before_is_read_and_its_sum_told() {
    let mut fixture = Fixture::new();
    let open = fixture.begin(ALICE, shared("file"), 6).unwrap();
    fixture.write(&open, 0, b"abc").unwrap();
    drop(open);
    let again = fixture.begin(ALICE, shared("file"), 6).unwrap();
    assert_eq!((again.offset, again.sha256), (3, sum(b"abc")), "it is known");
    drop(again);

    let mut fixture = fixture.reopen(HashCost::Low);
    let again = fixture.begin(ALICE, shared("file"), 6).unwrap();
    assert_eq!((again.offset, again.sha256), (3, sum(b"abc")), "it was read");
    fixture.write(&again, 3, b"def").unwrap();
    assert_eq!(fixture.sync_expecting(&again, b"abcdef"), Ok(Value::Done));
}

#[test]
fn a_part_that_somebody_else_changed_is_read_again() {
    let mut fixture = Fixture::new();
    let open = fixture.begin(ALICE, shared("file"), 6).unwrap();
    fixture.write(&open, 0, b"abcdef").unwrap();
    let long_ago = std::time::SystemTime::UNIX_EPOCH;
    let part = File::options().write(true).open(fixture.part()).unwrap();
    part.write_all_at(b"X", 1).unwrap();
    part.set_modified(long_ago).unwrap();
    assert_eq!(fixture.sync_expecting(&open, b"abcdef"), Err(Failure::Mismatch));
    assert_eq!(fixture.sync_expecting(&open, b"aXcdef"), Ok(Value::Done));
    drop(open);
    part.write_all_at(b"Y", 1).unwrap();
    part.set_modified(long_ago).unwrap();
    part.set_len(5).unwrap();
    let again = fixture.begin(ALICE, shared("file"), 6).unwrap();
    assert_eq!((again.offset, again.sha256), (5, sum(b"aYcde")));
    part.set_len(2).unwrap();
    fixture.write(&again, 5, b"f").unwrap_err();
}

#[test]
fn a_write_that_the_reserve_refuses_costs_no_reading() {
    let mut fixture = Fixture::new();
    let open = fixture.begin(ALICE, shared("file"), 6).unwrap();
    fixture.write(&open, 0, b"abc").unwrap();
    let mut full = open.clone();
    let file = open.part.file().try_clone().unwrap();
    full.part = Arc::new(OpenPart::without_room(open.id, file));
    fixture.write(&full, 3, b"def").unwrap_err();
    // Only its content differs from what was written.
    let modified = open.part.file().metadata().unwrap().modified().unwrap();
    open.part.file().write_all_at(b"X", 0).unwrap();
    open.part.file().set_modified(modified).unwrap();
    drop(full);
    drop(open);
    let again = fixture.begin(ALICE, shared("file"), 6).unwrap();
    assert_eq!((again.offset, again.sha256), (3, sum(b"abc")));
    fixture.write(&again, 3, b"def").unwrap();
    assert_eq!(fixture.sync_expecting(&again, b"abcdef"), Ok(Value::Done));
}

#[test]
fn parts_are_read_in_turn_among_users() {
    const LARGE: u64 = 3 * 8 * 1024 * 1024;
    let mut fixture = Fixture::new();
    let mut fill = |owner, file, size: u64| {
        let open = fixture.begin(owner, shared(file), size + 1).unwrap();
        fixture.write(&open, 0, b"x").unwrap();
        open.part.file().set_len(size).unwrap();
    };
    fill(ALICE, "large", LARGE);
    fill(BOB, "small", 3);
    let begin =
        |owner, file, size| Job::BeginUpload { owner, place: shared(file), size, quota: u64::MAX };
    fixture.submit(begin(ALICE, "large", LARGE + 1));
    fixture.submit(begin(BOB, "small", 4));
    let opened = fixture.wait(2);
    let sums = opened.into_iter().map(|completion| match completion {
        Completion::UploadOpened { offset, sha256, .. } => (offset, sha256),
        other => panic!("{other:?}"),
    });
    let mut large = vec![0; LARGE as usize];
    large[0] = b'x';
    assert_eq!(sums.collect::<Vec<_>>(), [(3, sum(b"x\0\0")), (LARGE, sum(&large))]);
}

#[test]
fn the_sum_of_what_came_is_known() {
    let mut fixture = Fixture::new();
    assert_eq!(fixture.put(ALICE, "file", b"abc"), Ok(Value::Done));
    let path = fixture.files().join("file");
    let modified = path.metadata().unwrap().modified().unwrap();
    let ask = |fixture: &mut Fixture| fixture.run(Job::SumFile { by: BY, name: name("file") });
    let told = Ok(Value::Summed { sha256: sum(b"abc"), size: 3 });
    assert_eq!(ask(&mut fixture), told);
    // Only its content differs from the file that was uploaded.
    let file = File::options().write(true).open(&path).unwrap();
    file.write_all_at(b"X", 0).unwrap();
    file.set_modified(modified).unwrap();
    assert_eq!(ask(&mut fixture), told);
    file.set_modified(std::time::SystemTime::now()).unwrap();
    assert_eq!(ask(&mut fixture), Ok(Value::Summed { sha256: sum(b"Xbc"), size: 3 }));
}

#[test]
fn who_asks_for_many_sums_delays_nobody_else() {
    let mut fixture = Fixture::new();
    fs::write(fixture.files().join("file"), vec![7; 4 << 20]).unwrap();
    let sum = |user| Job::SumFile { by: Party::User(user), name: name("file") };
    let many: Vec<JobId> = (0..300).map(|_| fixture.submit(sum(ALICE))).collect();
    let one = fixture.submit(sum(BOB));
    let mut summed = Vec::new();
    for completion in fixture.wait(many.len() + 1) {
        match completion {
            Completion::Job { job, outcome: Ok(_) } => summed.push(job),
            Completion::Job { job, outcome } => {
                assert_eq!((many.contains(&job), outcome), (true, Err(Failure::Busy)));
            }
            other => panic!("{other:?}"),
        }
    }
    let at = summed.iter().position(|job| *job == one).expect("the queue was full of others");
    assert!(at < 10, "{at} were hashed before");
}
