//! A store in memory: accounts with their passwords in clear, and a shared folder.

use std::collections::{BTreeMap, HashMap, HashSet};

use chatsrv::hub::{Account, Job, Outcome};
use chatsrv::protocol::name::{FileName, Number, UserName};
use chatsrv::protocol::reply::Entry;

/// What would be on disk.
#[derive(Debug)]
pub struct Store {
    accounts: HashMap<Number, (Account, String)>,
    names: HashSet<UserName>,
    files: BTreeMap<FileName, u64>,
}

impl Store {
    /// A store with the files `empty`, `small` and `folder/large file`, and no account.
    pub fn new() -> Self {
        let files = [("empty", 0), ("small", 11), ("folder/large file", 200_000)];
        Store {
            accounts: HashMap::new(),
            names: HashSet::new(),
            files: files.map(|(name, size)| (name.parse().unwrap(), size)).into(),
        }
    }

    pub fn add(&mut self, account: Account, password: &str) {
        assert!(self.names.insert(account.name), "{account:?} has the name of another");
        let known = self.accounts.insert(account.number, (account, password.to_owned()));
        assert_eq!(known.map(|(account, _)| account), None, "a number was given twice");
    }

    /// The accounts, as a server that starts reads them, sorted by number.
    pub fn accounts(&self) -> Vec<Account> {
        let mut accounts: Vec<_> =
            self.accounts.values().map(|(account, _)| account.clone()).collect();
        accounts.sort_by_key(|account| account.number);
        accounts
    }

    /// Does a job.
    pub fn run(&mut self, job: &Job) -> Outcome {
        match job {
            Job::Register { account, password } => {
                self.add(account.clone(), password.expose());
                Outcome::Done
            }
            Job::CheckPassword { number, password } => {
                let right = number.map(|number| self.accounts[&number].1.as_str());
                match right == Some(password.expose()) {
                    true => Outcome::PasswordRight,
                    false => Outcome::PasswordWrong,
                }
            }
            Job::SetDisplayName { number, display } => {
                self.accounts.get_mut(number).unwrap().0.display = Some(display.clone());
                Outcome::Done
            }
            Job::ListFolder { path } => self.list(path.as_ref()),
            Job::OpenFile { name } => match self.files.get(name) {
                Some(size) => Outcome::Opened { size: *size },
                None => Outcome::NotFound,
            },
            Job::SumFile { name } => match self.files.get(name) {
                Some(size) => Outcome::Summed { sha256: [0xab; 32], size: *size },
                None => Outcome::NotFound,
            },
        }
    }

    fn list(&self, path: Option<&FileName>) -> Outcome {
        let entry = |size, name: &str| Entry { size, mtime: 7, name: name.parse().unwrap() };
        match path.map(FileName::as_str) {
            None => Outcome::Folder(vec![
                entry(Some(0), "empty"),
                entry(None, "folder"),
                entry(Some(11), "small"),
            ]),
            Some("folder") => Outcome::Folder(vec![entry(Some(200_000), "folder/large file")]),
            Some(_) => Outcome::NotFound,
        }
    }
}

/// The byte of a file at an offset.
pub fn content(name: &str, offset: u64) -> u8 {
    (name.len() as u64 * 31 + offset * 7 + offset / 251) as u8
}
