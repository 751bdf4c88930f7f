//! Tests of the store through its interface to the server: jobs in, completions out.

use std::collections::HashMap;
use std::io::Read;
use std::path::Path;
use std::sync::mpsc::sync_channel;
use std::thread;

use rusqlite::Connection;
use tempfile::TempDir;

use super::*;
use crate::chat::account::Account;
use crate::chat::address::Network;
use crate::chat::name::{FileName, Number};
use crate::chat::party::Party;
use crate::chat::refusal::Failure;
use crate::chat::text::Secret;
use crate::hub::job::{Outcome, Value};
use crate::hub::selection::Selection;

mod facts;
mod groups;
mod messages;
mod uploads;

/// Whoever asks for files.
const BY: Party = Party::User(Number(10_001));
/// The longest time that a test waits for anything.
const DEADLINE: Duration = Duration::from_secs(60);

/// A store in a folder of its own.
struct Fixture {
    store: Store,
    woken: Receiver<()>,
    kept: Snapshot,
    tickets: u64,
    folder: TempDir,
}

impl Fixture {
    fn new() -> Self {
        Fixture::open(tempfile::tempdir().unwrap(), HashCost::Low)
    }

    fn open(folder: TempDir, password_cost: HashCost) -> Self {
        let (wake, woken) = sync_channel(1);
        let config = config(folder.path(), password_cost);
        // A full channel means that a wake-up is pending already.
        let (store, kept) = Store::open(config, move || {
            let _ = wake.try_send(());
        })
        .unwrap();
        Fixture { store, woken, kept, tickets: 0, folder }
    }

    fn reopen(self, password_cost: HashCost) -> Self {
        self.store.close();
        Fixture::open(self.folder, password_cost)
    }

    fn submit(&mut self, job: Job) -> JobId {
        self.tickets += 1;
        let ticket = JobId(self.tickets);
        self.store.submit(ticket, job);
        ticket
    }

    /// Waits for `count` completions.
    fn wait(&self, count: usize) -> Vec<Completion> {
        let deadline = Instant::now() + DEADLINE;
        let mut completions = Vec::new();
        while completions.len() < count {
            let left = deadline.saturating_duration_since(Instant::now());
            self.woken.recv_timeout(left).expect("the store answers");
            completions.extend(self.store.completions());
        }
        assert_eq!(completions.len(), count);
        completions
    }

    fn outcomes(&self, count: usize) -> HashMap<JobId, Outcome> {
        let outcomes: HashMap<_, _> = self
            .wait(count)
            .into_iter()
            .map(|completion| match completion {
                Completion::Job { job: ticket, outcome } => (ticket, outcome),
                other => panic!("not the outcome of a job: {other:?}"),
            })
            .collect();
        assert_eq!(outcomes.len(), count, "each ticket once");
        outcomes
    }

    fn run(&mut self, job: Job) -> Outcome {
        let ticket = self.submit(job);
        self.outcomes(1).remove(&ticket).unwrap()
    }

    /// Submits some jobs at once, and waits for their outcomes.
    fn run_all(&mut self, jobs: impl IntoIterator<Item = Job>) -> Vec<Outcome> {
        let tickets: Vec<JobId> = jobs.into_iter().map(|job| self.submit(job)).collect();
        let mut outcomes = self.outcomes(tickets.len());
        tickets.iter().map(|ticket| outcomes.remove(ticket).unwrap()).collect()
    }

    /// Waits for something that has no job and thus no completion.
    fn eventually(&self, what: &str, is_so: impl Fn(&Fixture) -> bool) {
        let deadline = Instant::now() + DEADLINE;
        while !is_so(self) {
            assert!(Instant::now() < deadline, "{what}");
            thread::park_timeout(Duration::from_millis(5));
        }
    }

    fn files(&self) -> PathBuf {
        self.folder.path().join("files")
    }

    fn database(&self) -> Connection {
        Connection::open(self.folder.path().join("data/chatsrv.db")).unwrap()
    }

    fn stored_hash(&self, number: u32) -> String {
        self.database()
            .query_row("SELECT password FROM accounts WHERE number = ?1", [number], |row| {
                row.get(0)
            })
            .unwrap()
    }
}

fn config(folder: &Path, password_cost: HashCost) -> StoreConfig {
    StoreConfig {
        data: folder.join("data"),
        files: folder.join("files"),
        reserve: Reserve::Bytes(0),
        password_cost,
    }
}

fn account(number: u32, name: &str) -> Account {
    Account {
        number: Number(number),
        name: name.parse().unwrap(),
        display: None,
        created: 1_795_500_000 + number,
    }
}

fn register(number: u32, name: &str, password: &str) -> Job {
    let (account, password) = (account(number, name), Secret::new(password));
    Job::Register { account, password, from: Network::Local, invite: None }
}

fn check(number: u32, password: &str) -> Job {
    let password = Secret::new(password);
    Job::CheckPassword { number: Some(Number(number)), password, from: Network::Local }
}

fn name(text: &str) -> FileName {
    text.parse().unwrap()
}

#[test]
fn a_password_is_right_wrong_or_nobodys() {
    let mut fixture = Fixture::new();
    assert_eq!(fixture.run(register(10_001, "Alice", "correct horse")), Ok(Value::Done));
    assert_eq!(fixture.run(check(10_001, "correct horse")), Ok(Value::PasswordRight));
    assert_eq!(fixture.run(check(10_001, "correct hors")), Ok(Value::PasswordWrong));
    assert_eq!(fixture.run(check(10_001, "")), Ok(Value::PasswordWrong));
    assert_eq!(fixture.run(check(10_002, "correct horse")), Ok(Value::PasswordWrong));
    let password = Secret::new("correct horse");
    let nobody = Job::CheckPassword { number: None, password, from: Network::Local };
    assert_eq!(fixture.run(nobody), Ok(Value::PasswordWrong));
}

#[test]
fn accounts_survive_and_the_password_stands_nowhere() {
    let mut fixture = Fixture::new();
    assert_eq!(fixture.run(register(10_001, "Alice", "correct horse")), Ok(Value::Done));
    assert_eq!(fixture.run(register(50_000, "bob", "battery staple")), Ok(Value::Done));
    let display: crate::chat::name::DisplayName = "Zoë 中".parse().unwrap();
    let chosen = Job::SetDisplayName(Number(10_001), display.clone());
    assert_eq!(fixture.run(chosen), Ok(Value::Done));
    for entry in fixture.folder.path().join("data").read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            continue;
        }
        // A temporary file of SQLite may be gone by now.
        let bytes = std::fs::read(path).unwrap_or_default();
        assert!(memchr::memmem::find(&bytes, b"correct horse").is_none());
    }

    let mut fixture = fixture.reopen(HashCost::Low);
    let alice = Account { display: Some(display), ..account(10_001, "Alice") };
    assert_eq!(fixture.kept.accounts, [alice, account(50_000, "bob")]);
    assert_eq!(
        fixture.kept.accounts[0].name.as_str(),
        "Alice",
        "in the case in which it was chosen"
    );
    assert_eq!(fixture.run(check(50_000, "battery staple")), Ok(Value::PasswordRight));
}

#[test]
fn many_register_and_check_at_once() {
    let mut fixture = Fixture::new();
    let registered: Vec<JobId> = (0..200)
        .map(|i| fixture.submit(register(10_000 + i, &format!("user{i}"), &format!("secret {i}"))))
        .collect();
    let outcomes = fixture.outcomes(registered.len());
    assert!(registered.iter().all(|ticket| outcomes[ticket] == Ok(Value::Done)));
    let checked: Vec<(JobId, Outcome)> = (0..200)
        .map(|i| {
            let right = i % 3 != 0;
            let secret = if right { format!("secret {i}") } else { format!("secret {}", i + 1) };
            let ticket = fixture.submit(check(10_000 + i, &secret));
            (ticket, if right { Ok(Value::PasswordRight) } else { Ok(Value::PasswordWrong) })
        })
        .collect();
    assert_eq!(fixture.outcomes(checked.len()), checked.into_iter().collect());
}

#[test]
fn who_asks_for_many_passwords_is_busy_and_nobody_else_is() {
    let mut fixture = Fixture::new();
    assert_eq!(fixture.run(register(10_001, "alice", "a")), Ok(Value::Done));
    let crowd = Network::V4(0xc000_0201);
    let jobs = (0..3_000).map(|_| Job::CheckPassword {
        number: Some(Number(10_001)),
        password: Secret::new("guess"),
        from: crowd,
    });
    let guesses: Vec<JobId> = jobs.map(|job| fixture.submit(job)).collect();
    let own = [fixture.submit(check(10_001, "a")), fixture.submit(register(10_002, "bob", "b"))];
    let outcomes = fixture.outcomes(guesses.len() + own.len());
    assert_eq!(outcomes[&own[0]], Ok(Value::PasswordRight));
    assert_eq!(outcomes[&own[1]], Ok(Value::Done));
    let busy = guesses.iter().filter(|job| outcomes[job] == Err(Failure::Busy)).count();
    assert!((1..3_000).contains(&busy), "{busy} of the crowd");
    assert_eq!(fixture.run(Job::ListFolder { by: BY, path: None }), Ok(Value::Folder(Vec::new())));
}

#[test]
fn what_was_handed_in_is_kept_when_the_store_closes() {
    let mut fixture = Fixture::new();
    fixture.run(register(10_001, "alice", "a")).unwrap();
    for i in 0..100 {
        let display = format!("Alice {i}").parse().unwrap();
        fixture.submit(Job::SetDisplayName(Number(10_001), display));
    }
    let fixture = fixture.reopen(HashCost::Low);
    let display = fixture.kept.accounts[0].display.as_ref().unwrap();
    assert_eq!(display.as_str(), "Alice 99");
}

#[test]
fn a_long_queue_is_congestion_until_it_is_worked_off() {
    let mut fixture = Fixture::new();
    fixture.run(register(10_001, "alice", "a")).unwrap();
    assert!(!fixture.store.is_congested());
    let database = fixture.database();
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    // The database thread waits for the lock; it has taken at most one batch.
    let submitted = 8 * CONGESTED_REQUESTS;
    for _ in 0..submitted {
        let display = "Alice".parse().unwrap();
        fixture.submit(Job::SetDisplayName(Number(10_001), display));
    }
    assert!(fixture.store.is_congested());
    database.execute_batch("COMMIT").unwrap();
    fixture.outcomes(submitted);
    assert!(!fixture.store.is_congested());
}

#[test]
fn a_hash_of_another_cost_is_renewed_after_the_right_password() {
    let mut fixture = Fixture::new();
    fixture.run(register(10_001, "alice", "correct horse")).unwrap();
    let low = fixture.stored_hash(10_001);
    let mut fixture = fixture.reopen(HashCost::Normal);
    assert_eq!(fixture.run(check(10_001, "wrong")), Ok(Value::PasswordWrong));
    assert_eq!(fixture.run(check(10_001, "correct horse")), Ok(Value::PasswordRight));
    let mut fixture = fixture.reopen(HashCost::Normal);
    let normal = fixture.stored_hash(10_001);
    assert!(low.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{low}");
    assert!(normal.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{normal}");
    assert_eq!(fixture.run(check(10_001, "correct horse")), Ok(Value::PasswordRight));
    let fixture = fixture.reopen(HashCost::Normal);
    assert_eq!(fixture.stored_hash(10_001), normal, "renewed once");
}

#[test]
fn one_data_folder_has_one_server() {
    let fixture = Fixture::new();
    let refused = Store::open(config(fixture.folder.path(), HashCost::Low), || ()).unwrap_err();
    assert!(matches!(refused, StoreError::InUse { .. }), "{refused}");
    fixture.reopen(HashCost::Low);
}

#[test]
fn the_shared_folder_must_not_hold_the_data_folder() {
    let folder = tempfile::tempdir().unwrap();
    let open = |data: &str, files: &str| {
        let password_cost = HashCost::Low;
        let (data, files) = (folder.path().join(data), folder.path().join(files));
        Store::open(StoreConfig { data, files, reserve: Reserve::Usual, password_cost }, || ())
            .map(|(store, _)| store.close())
    };
    for (data, files) in [("d", "d"), ("a/b/c", "a"), ("a/b/c", "a/b/../../a")] {
        let refused = open(data, files).unwrap_err();
        assert!(
            matches!(refused, StoreError::Unusable { reason: StoreFault::HoldsData, .. }),
            "{refused}"
        );
    }
    for (data, files) in [("d", "d/sent"), ("d", "d/sent/files")] {
        let refused = open(data, files).unwrap_err();
        assert!(
            matches!(refused, StoreError::Unusable { reason: StoreFault::HoldsSent, .. }),
            "{refused}"
        );
    }
    for (data, files) in [("d", "d/files"), ("x/.hidden/d", "x"), ("one", "two"), ("one", "on")] {
        open(data, files).unwrap();
    }
}

#[test]
fn a_malformed_row_is_refused_by_number() {
    for (column, value) in [
        ("name", "no name"),
        ("name", "9lives"),
        ("display", "a\u{202e}b"),
        ("password", "correct horse"),
        ("password", "$argon2id$v=19$m=4294967295,t=1,p=1$c29tZXNhbHQ$c29tZWhhc2g"),
        ("number", "99"),
    ] {
        let mut fixture = Fixture::new();
        fixture.run(register(10_001, "alice", "correct horse")).unwrap();
        fixture
            .database()
            .execute(&format!("UPDATE accounts SET {column} = ?1 WHERE number > 1"), [value])
            .unwrap();
        let Fixture { store, folder, .. } = fixture;
        store.close();
        let refused = Store::open(config(folder.path(), HashCost::Low), || ()).unwrap_err();
        let StoreError::Unusable { reason: StoreFault::MalformedAccount { number, .. }, .. } =
            refused
        else {
            panic!("{column} = {value}: {refused}")
        };
        assert_eq!(number, if column == "number" { 99 } else { 10_001 });
    }
}

#[test]
fn files_are_listed_opened_and_summed() {
    let mut fixture = Fixture::new();
    std::fs::create_dir(fixture.files().join("sub")).unwrap();
    std::fs::write(fixture.files().join("sub/abc.txt"), "abc").unwrap();
    let Ok(Value::Folder(entries)) =
        fixture.run(Job::ListFolder { by: BY, path: Some(name("sub")) })
    else {
        panic!("no list")
    };
    assert_eq!(entries.len(), 1);
    assert_eq!((&entries[0].name, entries[0].size), (&name("sub/abc.txt"), Some(3)));

    let ticket = fixture.submit(Job::OpenFile { by: BY, name: name("sub/abc.txt") });
    let Some(Completion::Opened { job: opened, mut file, size: 3 }) = fixture.wait(1).pop() else {
        panic!("not opened")
    };
    let mut text = String::new();
    file.read_to_string(&mut text).unwrap();
    assert_eq!((opened, text.as_str()), (ticket, "abc"));

    // FIPS 180-4, the example of one block.
    let Ok(Value::Summed { sha256, size: 3 }) =
        fixture.run(Job::SumFile { by: BY, name: name("sub/abc.txt") })
    else {
        panic!("no sum")
    };
    assert_eq!(sha256.0[..4], [0xba, 0x78, 0x16, 0xbf]);
    assert_eq!(sha256.0[28..], [0xf2, 0x00, 0x15, 0xad]);
}

#[test]
fn what_is_no_file_is_not_found_by_any_job() {
    let mut fixture = Fixture::new();
    std::fs::create_dir(fixture.files().join("sub")).unwrap();
    std::fs::write(fixture.files().join("file"), "").unwrap();
    for missing in ["nothing", "sub", "file/below"] {
        assert_eq!(
            fixture.run(Job::OpenFile { by: BY, name: name(missing) }),
            Err(Failure::NotFound)
        );
        assert_eq!(
            fixture.run(Job::SumFile { by: BY, name: name(missing) }),
            Err(Failure::NotFound)
        );
    }
    for missing in ["nothing", "file", "file/below"] {
        assert_eq!(
            fixture.run(Job::ListFolder { by: BY, path: Some(name(missing)) }),
            Err(Failure::NotFound)
        );
    }
}

#[test]
fn a_range_is_warmed_as_far_as_the_file_goes() {
    let fixture = Fixture::new();
    let path = fixture.files().join("file");
    std::fs::write(&path, vec![7; 300_000]).unwrap();
    let file = Arc::new(File::open(&path).unwrap());
    let transfer = |stream| TransferId { connection: 4 << 32 | 3, stream };
    for (stream, bytes) in [(1, 0..300_000), (2, 200_000..9_000_000), (3, 5..5)] {
        fixture.store.warm(transfer(stream), Arc::clone(&file), bytes);
        let Some(Completion::Warmed { transfer: warmed, result }) = fixture.wait(1).pop() else {
            panic!("not warmed")
        };
        assert_eq!(warmed, transfer(stream));
        result.unwrap();
    }
    // A file that is open only for writing can't be read.
    let unreadable = File::options().append(true).open(&path).unwrap();
    fixture.store.warm(transfer(5), Arc::new(unreadable), 0..10);
    assert!(matches!(
        fixture.wait(1).pop(),
        Some(Completion::Warmed { transfer: TransferId { stream: 5, .. }, result: Err(_) })
    ));
}
