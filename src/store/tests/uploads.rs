//! Tests of uploads and sent files through the store's interface.

use std::fs;
use std::os::unix::fs::{FileExt, PermissionsExt, symlink};

use rustix::io::Errno;

use super::*;
use crate::chat::file::FileTarget;
use crate::chat::group::{GroupRecord, MemberRecord};
use crate::chat::id::{GroupId, MessageId, UploadId};
use crate::chat::message::{Chat, StoredMessage};
use crate::chat::sha256::Sha256Sum;

mod random;
mod remains;
mod sums;

const ALICE: Number = Number(10_001);
const BOB: Number = Number(10_002);
const TRANSFER: TransferId = TransferId { connection: 4 << 32 | 3, stream: 7 };
const GROUP: GroupId = GroupId(1_000);

/// An upload that is open.
#[derive(Clone, Debug)]
struct Open {
    id: UploadId,
    part: Arc<OpenPart>,
    offset: u64,
    sha256: Sha256Sum,
}

fn shared(text: &str) -> FileTarget {
    FileTarget::Shared(name(text))
}

fn in_chat(chat: Chat) -> FileTarget {
    FileTarget::Chat(chat, name("picture.png"))
}

fn direct() -> Chat {
    Chat::direct(ALICE, BOB)
}

fn message(id: u64, from: Number, chat: Chat) -> StoredMessage {
    let file_size = Some(0);
    StoredMessage {
        id: MessageId(id),
        from,
        chat,
        text: "picture.png".into(),
        file_size,
        is_unheard: false,
    }
}

fn sync(upload: UploadId) -> Job {
    Job::SyncUpload { upload, expected: None }
}

/// The time in microseconds since the Unix epoch.
fn now() -> u64 {
    let age = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    age.as_micros() as u64
}

impl Fixture {
    fn begin(&mut self, owner: Number, place: FileTarget, size: u64) -> Result<Open, Outcome> {
        self.begin_within(owner, place, size, u64::MAX)
    }

    fn begin_within(
        &mut self,
        owner: Number,
        place: FileTarget,
        size: u64,
        quota: u64,
    ) -> Result<Open, Outcome> {
        let begun = self.submit(Job::BeginUpload { owner, place, size, quota });
        match self.wait(1).pop() {
            Some(Completion::UploadOpened { job: ticket, part, offset, sha256 }) => {
                assert_eq!(ticket, begun);
                Ok(Open { id: part.upload(), part: Arc::new(part), offset, sha256 })
            }
            Some(Completion::Job { job: ticket, outcome }) => {
                assert_eq!(ticket, begun);
                Err(outcome)
            }
            other => panic!("{other:?}"),
        }
    }

    fn write(&self, open: &Open, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.store.write(TRANSFER, Arc::clone(&open.part), offset, bytes.to_vec());
        match self.wait(1).pop() {
            Some(Completion::Written { transfer: TRANSFER, result }) => result,
            other => panic!("{other:?}"),
        }
    }

    fn finish(&mut self, open: &Open, message: Option<StoredMessage>) -> Outcome {
        match self.run(sync(open.id)) {
            Ok(Value::Done) => self.run(Job::FinishUpload { upload: open.id, message }),
            other => other,
        }
    }

    /// Does a complete upload into the shared folder.
    fn put(&mut self, owner: Number, text: &str, bytes: &[u8]) -> Outcome {
        let size = bytes.len() as u64;
        match self.begin(owner, shared(text), size) {
            Ok(open) => {
                self.write(&open, 0, bytes).unwrap();
                self.finish(&open, None)
            }
            Err(outcome) => outcome,
        }
    }

    fn send(&mut self, id: u64, chat: Chat, bytes: &[u8]) -> Outcome {
        let open = self.begin(ALICE, in_chat(chat), bytes.len() as u64).unwrap();
        self.write(&open, 0, bytes).unwrap();
        self.finish(&open, Some(message(id, ALICE, chat)))
    }

    fn read_sent(&mut self, id: u64) -> Option<Vec<u8>> {
        let asked = self.submit(Job::OpenSent { by: BY, message: MessageId(id) });
        match self.wait(1).pop() {
            Some(Completion::Opened { job: ticket, mut file, size }) => {
                let mut bytes = Vec::new();
                file.read_to_end(&mut bytes).unwrap();
                assert_eq!((ticket, bytes.len() as u64), (asked, size));
                Some(bytes)
            }
            Some(Completion::Job { outcome: Err(Failure::NotFound), .. }) => None,
            other => panic!("{other:?}"),
        }
    }

    fn count(&self, table: &str) -> u32 {
        let query = format!("SELECT count(*) FROM {table}");
        self.database().query_row(&query, [], |row| row.get(0)).unwrap()
    }

    /// The names in the folder of sent files.
    fn sent(&self) -> Vec<String> {
        names(&self.folder.path().join("data/sent"))
    }

    fn all_is_swept(&self) {
        self.eventually("the garbage goes", |fixture| fixture.count("garbage") == 0);
    }

    fn make_group(&mut self) {
        for (number, name) in [(ALICE, "alice"), (BOB, "bob")] {
            assert_eq!(self.run(register(number.0, name, "x")), Ok(Value::Done));
        }
        let members = [ALICE, BOB].map(|number| MemberRecord::new(number, MessageId(1))).to_vec();
        let mut record = GroupRecord::new(GROUP, "#friends".parse().unwrap(), ALICE);
        record.members = members;
        record.settings.kept = true;
        assert_eq!(self.run(Job::SaveGroup(record.into())), Ok(Value::Done));
    }
}

/// All names in a folder, including hidden ones.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort_unstable();
    names
}

#[test]
fn an_upload_appears_when_it_is_whole() {
    let mut fixture = Fixture::new();
    fs::create_dir(fixture.files().join("sub")).unwrap();
    let open = fixture.begin(ALICE, shared("sub/a b.txt"), 6).unwrap();
    assert_eq!(open.offset, 0);
    fixture.write(&open, 0, b"abc").unwrap();
    assert_eq!(fixture.run(sync(open.id)), Err(Failure::Failed), "it is not whole");
    let Ok(Value::Folder(entries)) =
        fixture.run(Job::ListFolder { by: BY, path: Some(name("sub")) })
    else {
        panic!("no list")
    };
    assert_eq!(entries, []);
    let parts = names(&fixture.files().join("sub"));
    assert!(parts.len() == 1 && parts[0].starts_with('.'), "{parts:?}");
    let mode = fixture.files().join("sub").join(&parts[0]).metadata().unwrap().permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);

    fixture.write(&open, 3, b"def").unwrap();
    assert_eq!(fixture.finish(&open, None), Ok(Value::Done));
    assert_eq!(names(&fixture.files().join("sub")), ["a b.txt"]);
    assert_eq!(fs::read(fixture.files().join("sub/a b.txt")).unwrap(), b"abcdef");
    assert_eq!((fixture.count("uploads"), fixture.count("files")), (0, 1));
    assert_eq!(fixture.finish(&open, None), Err(Failure::NotFound));
    assert_eq!(fixture.put(BOB, "empty", b""), Ok(Value::Done));
    assert_eq!(fs::read(fixture.files().join("empty")).unwrap(), b"");
}

#[test]
fn an_upload_goes_on_where_it_broke_off() {
    let mut fixture = Fixture::new();
    for place in [shared("file"), in_chat(direct())] {
        let open = fixture.begin(ALICE, place.clone(), 6).unwrap();
        fixture.write(&open, 0, b"ab").unwrap();
        drop(open);
        let again = fixture.begin(ALICE, place.clone(), 6).unwrap();
        assert_eq!(again.offset, 2);
        fixture.write(&again, 2, b"cd").unwrap();
        drop(again);
        fixture = fixture.reopen(HashCost::Low);
        // Another user, or another size, is another upload.
        assert_eq!(fixture.begin(BOB, place.clone(), 6).unwrap().offset, 0);
        assert_eq!(fixture.begin(ALICE, place.clone(), 7).unwrap().offset, 0);
        let open = fixture.begin(ALICE, place.clone(), 6).unwrap();
        assert_eq!(open.offset, 4);
        fixture.write(&open, 4, b"ef").unwrap();
        fixture = fixture.reopen(HashCost::Low);
        let whole = fixture.begin(ALICE, place.clone(), 6).unwrap();
        assert_eq!(whole.offset, 6);
        let message = matches!(place, FileTarget::Chat(..)).then(|| message(50, ALICE, direct()));
        assert_eq!(fixture.finish(&whole, message), Ok(Value::Done));
    }
    assert_eq!(fs::read(fixture.files().join("file")).unwrap(), b"abcdef");
    assert_eq!(fixture.read_sent(50).unwrap(), b"abcdef");
}

#[test]
fn what_was_handed_in_before_is_written_before_an_upload_goes_on() {
    let mut fixture = Fixture::new();
    let open = fixture.begin(ALICE, shared("file"), 1_000_000).unwrap();
    for i in 0..100 {
        fixture.store.write(TRANSFER, Arc::clone(&open.part), i * 10_000, vec![7; 10_000]);
    }
    drop(open);
    let (owner, place, size) = (ALICE, shared("file"), 1_000_000);
    fixture.submit(Job::BeginUpload { owner, place, size, quota: u64::MAX });
    let again = fixture.wait(101).pop();
    let Some(Completion::UploadOpened { offset, .. }) = again else { panic!("{again:?}") };
    assert_eq!(offset, 1_000_000);
}

#[test]
fn nothing_is_overwritten_and_the_first_that_is_whole_has_the_name() {
    let mut fixture = Fixture::new();
    fs::write(fixture.files().join("old"), "old").unwrap();
    fs::create_dir(fixture.files().join("folder")).unwrap();
    symlink("nowhere", fixture.files().join("link")).unwrap();
    for taken in ["old", "folder", "link"] {
        assert_eq!(fixture.begin(ALICE, shared(taken), 3).unwrap_err(), Err(Failure::Exists));
    }
    let (first, second) = (
        fixture.begin(ALICE, shared("new"), 1).unwrap(),
        fixture.begin(BOB, shared("new"), 1).unwrap(),
    );
    fixture.write(&first, 0, b"a").unwrap();
    fixture.write(&second, 0, b"b").unwrap();
    assert_eq!(fixture.finish(&second, None), Ok(Value::Done));
    assert_eq!(fixture.finish(&first, None), Err(Failure::Exists));
    assert_eq!(fs::read(fixture.files().join("new")).unwrap(), b"b");
    assert_eq!(fixture.run(Job::DropUpload(first.id)), Ok(Value::Done));
    fixture.all_is_swept();
    assert_eq!(names(&fixture.files()), ["folder", "link", "new", "old"]);
    assert_eq!(fixture.count("uploads"), 0, "what was refused is not remembered");
}

#[test]
fn no_trick_leads_out_of_the_shared_folder() {
    let mut fixture = Fixture::new();
    let outside = fixture.folder.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::create_dir(fixture.files().join("sub")).unwrap();
    fs::write(fixture.files().join("file"), "").unwrap();
    symlink("../outside", fixture.files().join("out")).unwrap();
    symlink(&outside, fixture.files().join("absolute")).unwrap();
    symlink("sub", fixture.files().join("inside")).unwrap();
    symlink("/proc/self/root/tmp", fixture.files().join("magic")).unwrap();
    let deep = format!("{}/x", vec!["d"; 400].join("/"));
    for missing in ["out/x", "absolute/x", "inside/x", "magic/x", "file/x", "no/x", &deep] {
        let refused = fixture.begin(ALICE, shared(missing), 3).unwrap_err();
        assert_eq!(refused, Err(Failure::NotFound), "{missing}");
    }
    let long = "x".repeat(256);
    for text in ["..", "../x", "sub/../x", "/etc/x", ".x", "sub/.x", "a\0b", "", "a//b", &long] {
        assert!(text.parse::<FileName>().is_err(), "{text:?}");
    }
    assert_eq!(fixture.put(ALICE, &"ü".repeat(127), b"x"), Ok(Value::Done));
    assert_eq!(fixture.put(ALICE, "a\u{2215}b ..\u{ff0f}c", b"x"), Ok(Value::Done));

    // A link that is created during the upload.
    let open = fixture.begin(ALICE, shared("sub/new"), 3).unwrap();
    fixture.write(&open, 0, b"abc").unwrap();
    fs::rename(fixture.files().join("sub"), fixture.files().join("moved")).unwrap();
    symlink("../outside", fixture.files().join("sub")).unwrap();
    assert_eq!(fixture.finish(&open, None), Err(Failure::NotFound));
    assert_eq!(fixture.run(Job::DropUpload(open.id)), Ok(Value::Done));
    fixture.all_is_swept();
    assert_eq!(names(&outside), [""; 0]);
    assert!(fixture.count("uploads") == 0);
}

#[test]
fn the_quota_counts_files_sent_ones_and_uploads() {
    let mut fixture = Fixture::new();
    assert_eq!(fixture.put(ALICE, "one", &[1; 30_000]), Ok(Value::Done));
    assert_eq!(fixture.send(50, direct(), &[1; 20_000]), Ok(Value::Done));
    let open = fixture.begin(ALICE, shared("two"), 40_000).unwrap();
    let begin = |fixture: &mut Fixture, owner, size| {
        fixture.begin_within(owner, shared("three"), size, 100_000).map(|open| open.id)
    };
    assert_eq!(begin(&mut fixture, ALICE, 10_001), Err(Err(Failure::NoRoom)));
    assert_eq!(begin(&mut fixture, BOB, 100_001), Err(Err(Failure::NoRoom)));
    assert!(begin(&mut fixture, BOB, 100_000).is_ok());
    let three = begin(&mut fixture, ALICE, 10_000).unwrap();
    assert_eq!(fixture.run(Job::DropUpload(three)), Ok(Value::Done));
    drop(open);
    let mut fixture = fixture.reopen(HashCost::Low);
    assert_eq!(begin(&mut fixture, ALICE, 10_001), Err(Err(Failure::NoRoom)), "kept for its day");
    // A resumed upload is counted already.
    assert!(fixture.begin_within(ALICE, shared("two"), 40_000, 1).is_ok());
}

#[test]
fn small_files_count_as_four_kib_each() {
    let mut fixture = Fixture::new();
    assert_eq!(fixture.put(ALICE, "one", b""), Ok(Value::Done));
    assert_eq!(fixture.send(50, direct(), b"1"), Ok(Value::Done));
    let begin = |fixture: &mut Fixture, text: &str, quota| {
        fixture.begin_within(ALICE, shared(text), 0, quota).map(|open| open.offset)
    };
    assert_eq!(begin(&mut fixture, "two", 3 * 4_096 - 1), Err(Err(Failure::NoRoom)));
    assert_eq!(begin(&mut fixture, "two", 3 * 4_096), Ok(0));
    assert_eq!(begin(&mut fixture, "three", 4 * 4_096 - 1), Err(Err(Failure::NoRoom)));
    assert_eq!(begin(&mut fixture, "three", 4 * 4_096), Ok(0));
}

#[test]
fn a_file_that_was_removed_by_hand_counts_no_more() {
    let mut fixture = Fixture::new();
    for text in ["one", "two"] {
        assert_eq!(fixture.put(ALICE, text, &[1; 50_000]), Ok(Value::Done));
    }
    let begin = |fixture: &mut Fixture, size| {
        fixture.begin_within(ALICE, shared("new"), size, 100_000).map(|open| open.offset)
    };
    fs::remove_file(fixture.files().join("one")).unwrap();
    assert_eq!(begin(&mut fixture, 50_001), Err(Err(Failure::NoRoom)));
    assert_eq!(begin(&mut fixture, 50_000), Ok(0));
    assert_eq!(fixture.put(BOB, "one", b"another"), Ok(Value::Done));
    assert_eq!(fixture.count("files"), 2);
}

#[test]
fn a_recount_goes_step_by_step_through_all_files() {
    let mut fixture = Fixture::new();
    assert_eq!(fixture.put(ALICE, "stands", b"1"), Ok(Value::Done));
    let gone = "WITH RECURSIVE nth(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM nth LIMIT 1000)
        INSERT INTO files SELECT id, 10001, 'gone' || id, 5000 FROM nth";
    fixture.database().execute_batch(gone).unwrap();
    let begin = |fixture: &mut Fixture, quota| {
        fixture.begin_within(ALICE, shared("new"), 4_096, quota).map(|open| open.offset)
    };
    assert_eq!(begin(&mut fixture, 4_095), Err(Err(Failure::NoRoom)));
    assert_eq!(fixture.count("files"), 1_001, "no recount would help");
    assert_eq!(begin(&mut fixture, 2 * 4_096), Ok(0));
    assert_eq!(fixture.count("files"), 1);
}

#[test]
fn a_disk_without_room_is_told_before_and_while_writing() {
    let mut fixture = Fixture::new();
    for place in [shared("huge"), in_chat(direct())] {
        let refused = fixture.begin(ALICE, place, 1 << 60).unwrap_err();
        assert_eq!(refused, Err(Failure::NoRoom));
    }
    fixture.eventually("no row is left", |fixture| fixture.count("uploads") == 0);
    let mut full = fixture.begin(ALICE, shared("file"), 3).unwrap();
    full.part = Arc::new(OpenPart::of(File::options().write(true).open("/dev/full").unwrap()));
    let error = fixture.write(&full, 0, b"abc").unwrap_err();
    assert_eq!(Errno::from_io_error(&error), Some(Errno::NOSPC));
}

#[test]
fn a_user_has_so_many_unfinished_uploads() {
    let mut fixture = Fixture::new();
    let insert = "WITH RECURSIVE count(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM count LIMIT 999)
                  INSERT INTO uploads SELECT i, 10001, NULL, 'f' || i, 0, 0 FROM count";
    fixture.database().execute(insert, []).unwrap();
    fixture.begin(ALICE, shared("one"), 0).unwrap();
    assert_eq!(fixture.begin(ALICE, shared("two"), 0).unwrap_err(), Err(Failure::NoRoom));
    fixture.begin(BOB, shared("two"), 0).unwrap();
}

#[test]
fn a_sent_file_is_a_message_and_goes_with_it() {
    let mut fixture = Fixture::new();
    let now = now();
    let open = fixture.begin(ALICE, in_chat(direct()), 3).unwrap();
    fixture.write(&open, 0, b"abc").unwrap();
    assert_eq!(fixture.run(Job::FindSent(MessageId(now))), Err(Failure::NotFound));
    assert_eq!(fixture.finish(&open, Some(message(now, ALICE, direct()))), Ok(Value::Done));
    let plain = StoredMessage { file_size: None, ..message(now + 1, ALICE, direct()) };
    fixture.run(Job::KeepMessage { message: plain, key: None }).unwrap();
    let mut fixture = fixture.reopen(HashCost::Low);
    let sent = StoredMessage { file_size: Some(3), ..message(now, ALICE, direct()) };
    assert_eq!(fixture.run(Job::FindSent(MessageId(now))), Ok(Value::Sent(sent.clone())));
    assert_eq!(fixture.run(Job::FindSent(MessageId(now + 1))), Err(Failure::NotFound));
    let fetch = Job::FetchMessages { reader: BOB, ids: vec![MessageId(now)] };
    assert_eq!(fixture.run(fetch), Ok(Value::Messages(vec![sent])));
    let Ok(Value::Summed { sha256, size: 3 }) =
        fixture.run(Job::SumSent { by: BY, message: MessageId(now) })
    else {
        panic!("no sum")
    };
    assert_eq!(sha256.0[..4], [0xba, 0x78, 0x16, 0xbf]);
    assert_eq!(
        fixture.run(Job::SumSent { by: BY, message: MessageId(now + 1) }),
        Err(Failure::NotFound)
    );
    assert_eq!(fixture.read_sent(now).unwrap(), b"abc");
    let words = Selection::Holding { chat: None, words: "picture".into() };
    let until = MessageId(u64::MAX);
    let search = Job::SelectMessages { reader: BOB, which: words, until, since: MessageId(0) };
    let ids = vec![MessageId(now), MessageId(now + 1)];
    assert_eq!(fixture.run(search), Ok(Value::Found { ids, is_all: true }));

    assert_eq!(fixture.sent().len(), 1);
    let removed = fixture.run(Job::RemoveOld { before: MessageId(now + 1) });
    assert_eq!(removed, Ok(Value::Removed { more: false }));
    assert_eq!(fixture.read_sent(now), None);
    fixture.all_is_swept();
    assert_eq!(fixture.sent(), [""; 0]);
    assert_eq!(fixture.count("sent"), 0);
}

#[test]
fn many_uploads_are_written_at_once() {
    let mut fixture = Fixture::new();
    let chunk = 256 * 1024;
    let count = 40;
    let opened: Vec<Open> = (0..8)
        .map(|i| fixture.begin(ALICE, shared(&format!("f{i}")), chunk * count).unwrap())
        .collect();
    for at in 0..count {
        for (i, open) in (0..).zip(&opened) {
            let bytes = vec![at as u8 ^ i; chunk as usize];
            let transfer = TransferId { stream: i.into(), ..TRANSFER };
            fixture.store.write(transfer, Arc::clone(&open.part), at * chunk, bytes);
        }
        for written in fixture.wait(opened.len()) {
            assert!(matches!(written, Completion::Written { result: Ok(()), .. }));
        }
    }
    for (i, open) in (0_u8..).zip(&opened) {
        assert_eq!(fixture.finish(open, None), Ok(Value::Done));
        let bytes = fs::read(fixture.files().join(format!("f{i}"))).unwrap();
        assert_eq!(bytes.len() as u64, chunk * count);
        let is_right = |(at, chunk): (usize, &[u8])| chunk.iter().all(|b| *b == at as u8 ^ i);
        assert!(bytes.chunks(chunk as usize).enumerate().all(is_right));
    }
}
