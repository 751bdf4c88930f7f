//! A store in memory: accounts with their passwords in clear, messages, and a shared folder.

mod exports;
mod groups;
mod messages;
mod tokens;
mod uploads;

pub use self::groups::Groups;
pub use self::messages::REMOVED_IN_A_STEP;
pub use self::uploads::sum;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use chatsrv::chat::account::{Account, AccountFacts, AccountRow, KnownNetwork, RemovedAccount};
use chatsrv::chat::file::FolderEntry;
use chatsrv::chat::id::MessageId;
use chatsrv::chat::name::{FileName, Number, UserName};
use chatsrv::chat::refusal::Failure;
use chatsrv::chat::registration::Invite;
use chatsrv::chat::report::Report;
use chatsrv::chat::request::LIST_CHATS_MAX;
use chatsrv::chat::sanction::{Sanction, Sanctioned};
use chatsrv::chat::sha256::Sha256Sum;
use chatsrv::chat::text::Secret;
use chatsrv::hub::job::{Job, Outcome, Value};
use chatsrv::hub::snapshot::{Gone, KeptReports, Snapshot, Wishes};
use chatsrv::limits::KNOWN_NETWORKS_MAX;

use self::exports::Exports;
use self::messages::Messages;
use self::tokens::Tokens;
use self::uploads::{Files, opened, summed};

/// What would be on disk.
#[derive(Debug)]
pub struct Store {
    accounts: HashMap<Number, (Account, String)>,
    names: HashSet<UserName>,
    tokens: Tokens,
    administrators: BTreeSet<Number>,
    /// When users were last here.
    last_seen: BTreeMap<Number, u64>,
    /// Pairs of somebody and one whom that one ignores.
    ignored: BTreeSet<(Number, Number)>,
    ask_first: BTreeMap<Number, bool>,
    /// Which message of the day was asked for last.
    motd: BTreeMap<Number, Sha256Sum>,
    removed: BTreeMap<Number, RemovedAccount>,
    /// Removed accounts of which something is to go, each with the last message looked at.
    erasing: BTreeMap<Number, MessageId>,
    /// Reports by number, and whether they are open.
    reports: BTreeMap<u32, (Report, bool)>,
    /// Whose passwords have to be replaced, and until when these are good.
    resets: BTreeMap<Number, u64>,
    sanctions: BTreeMap<Sanctioned, Sanction>,
    invites: Vec<Invite>,
    networks: BTreeMap<Number, Box<[KnownNetwork]>>,
    pub messages: Messages,
    pub files: Files,
    exports: Exports,
}

impl Store {
    /// A store with the files `empty`, `small` and `folder/large file`, and no account.
    pub fn new() -> Self {
        let files = [("empty", 0), ("small", 11), ("folder/large file", 200_000)];
        Store {
            accounts: HashMap::new(),
            names: HashSet::new(),
            tokens: Tokens::default(),
            administrators: BTreeSet::new(),
            last_seen: BTreeMap::new(),
            ignored: BTreeSet::new(),
            ask_first: BTreeMap::new(),
            motd: BTreeMap::new(),
            removed: BTreeMap::new(),
            erasing: BTreeMap::new(),
            reports: BTreeMap::new(),
            resets: BTreeMap::new(),
            sanctions: BTreeMap::new(),
            invites: Vec::new(),
            networks: BTreeMap::new(),
            messages: Messages::default(),
            files: Files::new(&files),
            exports: Exports::default(),
        }
    }

    pub fn add(&mut self, account: Account, password: &str) {
        assert!(self.names.insert(account.name), "{account:?} has the name of another");
        let known = self.accounts.insert(account.number, (account, password.to_owned()));
        assert_eq!(known.map(|(account, _)| account), None, "a number was given twice");
    }

    pub fn name(&self, number: Number) -> UserName {
        if number == Number::OPERATOR {
            return UserName::operator();
        }
        self.accounts[&number].0.name
    }

    pub fn is_banned(&self, number: Number) -> bool {
        self.sanctions.contains_key(&Sanctioned::Ban(number))
    }

    pub fn password(&self, number: Number) -> &str {
        &self.accounts[&number].1
    }

    /// A server starts: groups that are not kept are gone.
    pub fn open(&mut self) {
        let gone =
            self.messages.groups.all().filter(|group| !group.settings.kept).map(|group| group.id);
        for id in gone.collect::<Vec<_>>() {
            self.messages.end_group(id);
        }
    }

    /// What a server that starts reads: groups that are not kept have ended.
    pub fn kept(&self) -> Snapshot {
        let mut all = self.all();
        all.groups.retain(|group| group.settings.kept);
        all
    }

    /// All that is on disk, the accounts sorted by number.
    pub fn all(&self) -> Snapshot {
        let mut accounts: Vec<_> =
            self.accounts.values().map(|(account, _)| account.clone()).collect();
        accounts.sort_by_key(|account| account.number);
        let mut keys: Vec<_> = self.messages.keys.keys().cloned().collect();
        keys.sort_by_key(|(sender, key)| (*sender, key.as_str().to_owned()));
        let groups = self.messages.groups.all().cloned().collect();
        let numbers = |set: &BTreeSet<Number>| set.iter().copied().collect();
        Snapshot {
            accounts,
            administrators: numbers(&self.administrators),
            wishes: Wishes {
                ignored: self.ignored.iter().copied().collect(),
                ask_first: self.ask_first.clone().into_iter().collect(),
                motd: self.motd.clone().into_iter().collect(),
                exports: self.exports.kept(),
            },
            reports: KeptReports {
                last: self.reports.keys().last().copied().unwrap_or(0),
                all: self.reports.values().cloned().collect(),
            },
            gone: Gone {
                removed: self.removed.values().copied().collect(),
                erasing: self.erasing.keys().copied().collect(),
            },
            resets: self.resets.keys().copied().collect(),
            sanctions: self.sanctions.clone().into_iter().collect(),
            invites: self.invites.clone(),
            networks: self.networks.clone().into_iter().collect(),
            devices: self.tokens.highest(),
            id_mark: self.messages.id_mark,
            groups,
            untold: self.messages.groups.untold.clone().into_iter().collect(),
            keys,
        }
    }

    /// Does a job.
    pub fn run(&mut self, job: &Job) -> Outcome {
        match job {
            Job::MakeCallTicket => Ok(Value::Token(self.tokens.draw("ticket"))),
            Job::MakeToken { .. }
            | Job::CheckToken { .. }
            | Job::UseToken { .. }
            | Job::ListDevices(_)
            | Job::EndDevices { .. } => self.tokens.run(job).expect("it is about tokens"),
            Job::KeepMessage { message, key } => {
                self.messages.keep(message, key.as_ref());
                Ok(Value::Done)
            }
            Job::FindKey { sender, key } => self.messages.find_key(*sender, key),
            Job::RaiseIdMark { mark } => {
                self.messages.raise_id_mark(*mark);
                Ok(Value::Done)
            }
            Job::ListChats { reader, before, until, since } => {
                self.messages.list_chats(*reader, *before, (*since, *until))
            }
            Job::CountUnread { reader, until } => self.messages.count_unread(*reader, *until),
            Job::SelectMessages { reader, which, until, since } => {
                self.messages.select(*reader, which, (*since, *until))
            }
            Job::FetchMessages { ids, .. } => self.messages.fetch(ids),
            Job::MarkSeen { reader, chat, id } => self.messages.mark_seen(*reader, *chat, *id),
            Job::DeleteMessage(id) => {
                self.files.sent.remove(id);
                self.messages.delete(*id)
            }
            Job::RemoveOld { before } => self.messages.remove_old(*before),
            Job::Export(export) => self.run_export_job(export),
            other => self.run_job_on_accounts(other),
        }
    }

    fn run_job_on_accounts(&mut self, job: &Job) -> Outcome {
        match job {
            Job::Register { account, password, invite, .. } => {
                self.add(account.clone(), password.expose());
                for used in self.invites.iter_mut().filter(|one| Some(one.code) == *invite) {
                    used.uses -= 1;
                }
                self.invites.retain(|one| one.uses > 0);
                Ok(Value::Done)
            }
            Job::CheckPassword { number, password, .. } => {
                let right = number.map(|number| self.accounts[&number].1.as_str());
                let now = self.files.now / 1_000_000;
                let is_late = number.is_some_and(|number| {
                    self.resets.get(&number).is_some_and(|until| *until <= now)
                });
                right_or_wrong(right == Some(password.expose()) && !is_late)
            }
            Job::ResetPassword { number, until } => {
                let word = self.tokens.draw("word");
                self.accounts.get_mut(number).unwrap().1 = word.expose().to_owned();
                self.resets.insert(*number, *until);
                self.tokens.end(*number, |_| true);
                Ok(Value::Token(word))
            }
            Job::AddAccount { account, until } => {
                let word = self.tokens.draw("word");
                self.add(account.clone(), word.expose());
                self.resets.insert(account.number, *until);
                Ok(Value::Token(word))
            }
            Job::SetPassword { number, password, .. } => {
                self.resets.remove(number);
                self.accounts.get_mut(number).unwrap().1 = password.expose().to_owned();
                self.tokens.end(*number, |_| true);
                Ok(Value::Done)
            }
            Job::SetSanction { whom, sanction: Some(sanction) } => {
                self.sanctions.insert(*whom, sanction.clone());
                Ok(Value::Done)
            }
            Job::SetSanction { whom, sanction: None } => {
                self.lift(*whom);
                Ok(Value::Done)
            }
            Job::EndSanction { whom, until } => {
                if self.sanctions.get(whom).is_some_and(|sanction| sanction.ends_at(*until)) {
                    self.lift(*whom);
                }
                Ok(Value::Done)
            }
            Job::MakeInvite { uses, until, by, now } => {
                let code = self.tokens.draw_code();
                self.invites.retain(|one| !one.until.is_over(*now));
                self.invites.push(code.invite(*uses, *until, *by));
                Ok(Value::Token(Secret::new(code.expose())))
            }
            Job::EndInvites(codes) => {
                self.invites.retain(|one| !codes.contains(&one.code));
                Ok(Value::Done)
            }
            Job::SetAdministrator { number, admin } => {
                put(&mut self.administrators, *number, *admin);
                Ok(Value::Done)
            }
            other => self.run_small_job(other),
        }
    }

    fn list_accounts(&self, after: Option<&UserName>) -> Value {
        let key = |name: &UserName| name.as_str().to_ascii_lowercase();
        let is_behind = |name: &UserName| after.is_none_or(|after| key(name) > key(after));
        let accounts = self.accounts.values().map(|(account, _)| account);
        let mut accounts: Vec<_> = accounts.filter(|account| is_behind(&account.name)).collect();
        accounts.sort_by_key(|account| key(&account.name));
        let left = accounts.len().saturating_sub(LIST_CHATS_MAX);
        let rows = accounts.into_iter().take(LIST_CHATS_MAX).map(|account| AccountRow {
            number: account.number,
            created: account.number.0.into(),
            last_seen: self.last_seen.get(&account.number).copied(),
        });
        Value::Accounts { accounts: rows.collect(), left: left as u64 }
    }

    fn lift(&mut self, whom: Sanctioned) {
        self.sanctions.remove(&whom);
        if let Sanctioned::Ban(number) = whom {
            self.tokens.end(number, |_| true);
        }
    }

    fn run_small_job(&mut self, job: &Job) -> Outcome {
        match job {
            Job::KeepNetworks { number, networks } => {
                assert!((1..=KNOWN_NETWORKS_MAX).contains(&networks.len()), "{networks:?}");
                self.networks.insert(*number, networks.clone());
                Ok(Value::Done)
            }
            Job::KeepLastSeen(times) => {
                for (number, time) in times {
                    let seen = self.last_seen.entry(*number).or_default();
                    *seen = (*seen).max(*time);
                }
                Ok(Value::Done)
            }
            Job::ListAccounts { after } => Ok(self.list_accounts(after.as_ref())),
            Job::SetIgnored { number, whom, on } => {
                match on {
                    true => self.ignored.insert((*number, *whom)),
                    false => self.ignored.remove(&(*number, *whom)),
                };
                Ok(Value::Done)
            }
            Job::RemoveAccount { number, name, time, erase } => {
                self.remove(*number, *name, *time);
                self.erasing.extend(erase.then_some((*number, MessageId(0))));
                Ok(Value::Done)
            }
            Job::LookToErase(number) => Ok(self.messages.of_sender(*number, self.erasing[number])),
            Job::Erase { number, messages, up_to } => {
                for id in messages {
                    self.files.sent.remove(id);
                    let _ = self.messages.delete(*id);
                }
                match up_to {
                    Some(up_to) => self.erasing.insert(*number, *up_to),
                    None => self.erasing.remove(number),
                };
                Ok(Value::Removed { more: up_to.is_some() })
            }
            Job::KeepReport(report, _) => {
                let before = self.reports.insert(report.number, ((**report).clone(), true));
                assert_eq!(before, None, "the number of a report comes twice");
                Ok(Value::Done)
            }
            Job::ResolveReport(number) => match self.reports.get_mut(number) {
                Some((_, is_open @ true)) => {
                    *is_open = false;
                    Ok(Value::Done)
                }
                _ => Err(Failure::NotFound),
            },
            Job::SetAskFirst(number, on) => {
                self.ask_first.insert(*number, *on);
                Ok(Value::Done)
            }
            Job::KeepMotdAsked(number, sum) => {
                if !self.removed.contains_key(number) {
                    self.motd.insert(*number, *sum);
                }
                Ok(Value::Done)
            }
            other => self.run_other_job(other),
        }
    }

    fn run_other_job(&mut self, job: &Job) -> Outcome {
        match job {
            // Of these the store in memory knows no more than what tests tell apart.
            Job::LookUpAccount(number) => {
                let (created, tokens) = (number.0.into(), 3);
                let (files, bytes) = (1, 4096);
                let last_seen = self.last_seen.get(number).copied().or(Some(7));
                let last_address = "192.0.2.7".parse().ok();
                Ok(Value::Account(Box::new(AccountFacts {
                    created,
                    last_seen,
                    last_address,
                    tokens,
                    files,
                    bytes,
                })))
            }
            Job::SaveGroup(record) => {
                self.messages.groups.save(record);
                Ok(Value::Done)
            }
            Job::ChangeGroups(rows) => self.messages.change_groups(rows),
            Job::EndGroup(id) => {
                self.messages.end_group(*id);
                Ok(Value::Done)
            }
            Job::SetDisplayName(number, display) => {
                self.accounts.get_mut(number).unwrap().0.display = Some(display.clone());
                Ok(Value::Done)
            }
            other => self.run_file_job(other),
        }
    }

    fn remove(&mut self, number: Number, name: UserName, time: u64) {
        let (account, _) = self.accounts.get_mut(&number).unwrap();
        let before = std::mem::replace(&mut account.name, name);
        account.display = None;
        self.names.remove(&before);
        self.names.insert(name);
        self.tokens.end(number, |_| true);
        self.administrators.remove(&number);
        self.sanctions.remove(&Sanctioned::Ban(number));
        self.sanctions.remove(&Sanctioned::Mute(number));
        self.resets.remove(&number);
        self.networks.remove(&number);
        self.ask_first.remove(&number);
        self.motd.remove(&number);
        self.ignored.retain(|(user, whom)| *user != number && *whom != number);
        self.messages.groups.untold.remove(&number);
        let removed = RemovedAccount { number, name: before, time };
        assert_eq!(self.removed.insert(number, removed), None, "it is removed twice");
    }

    fn run_file_job(&mut self, job: &Job) -> Outcome {
        match job {
            Job::ListFolder { path, .. } => self.list(path.as_ref()),
            Job::OpenFile { .. } | Job::OpenSent { .. } => opened(self.file(job)),
            Job::SumFile { .. } | Job::SumSent { .. } => summed(self.file(job)),
            Job::BeginUpload { owner, place, size, quota } => {
                self.files.begin(*owner, place, *size, *quota)
            }
            Job::SyncUpload { upload, expected } => self.files.sync(*upload, *expected),
            Job::FinishUpload { upload, message } => {
                let outcome = self.files.finish(*upload, message.as_ref());
                if let (Some(message), Ok(Value::Done)) = (message, &outcome) {
                    self.messages.keep(message, None);
                }
                outcome
            }
            Job::DropUpload(upload) => {
                self.files.drop_upload(*upload);
                Ok(Value::Done)
            }
            Job::RemoveFile(name, only) => self.files.remove(name, *only),
            Job::RemoveOldUploads { before } => self.files.remove_old(*before),
            Job::FindSent(id) => match self.messages.get(*id) {
                Some(message) if message.file_size.is_some() => Ok(Value::Sent(message.clone())),
                _ => Err(Failure::NotFound),
            },
            other => unreachable!("{other:?} is no job on files"),
        }
    }

    /// The file that a job opens or hashes. One that was sent is there as long as its message.
    pub fn file(&self, job: &Job) -> Option<&Rc<[u8]>> {
        match job {
            Job::OpenFile { name, .. } | Job::SumFile { name, .. } => self.files.shared.get(name),
            Job::OpenSent { message, .. } | Job::SumSent { message, .. } => {
                self.messages.get(*message).and_then(|message| self.files.sent.get(&message.id))
            }
            _ => None,
        }
    }

    fn list(&self, path: Option<&FileName>) -> Outcome {
        let entry = |size, name: &str| FolderEntry { size, mtime: 7, name: name.parse().unwrap() };
        let folder = path.map_or_else(String::new, |path| format!("{path}/"));
        let mut entries: BTreeMap<String, Option<u64>> = BTreeMap::new();
        for (name, bytes) in &self.files.shared {
            let Some(inside) = name.as_str().strip_prefix(&*folder) else { continue };
            match inside.split_once('/') {
                Some((inner, _)) => entries.insert(format!("{folder}{inner}"), None),
                None => entries.insert(name.to_string(), Some(bytes.len() as u64)),
            };
        }
        if path.is_some() && entries.is_empty() {
            return Err(Failure::NotFound);
        }
        Ok(Value::Folder(entries.iter().map(|(name, size)| entry(*size, name)).collect()))
    }
}

fn put(set: &mut BTreeSet<Number>, number: Number, is_in: bool) {
    match is_in {
        true => set.insert(number),
        false => set.remove(&number),
    };
}

fn right_or_wrong(is_right: bool) -> Outcome {
    if is_right { Ok(Value::PasswordRight) } else { Ok(Value::PasswordWrong) }
}

/// The byte of a file at an offset.
pub fn content(name: &str, offset: u64) -> u8 {
    let of_name = name.bytes().fold(7, |sum: u64, byte| sum.wrapping_mul(31) + u64::from(byte));
    (of_name + offset * 7 + offset / 251) as u8
}
