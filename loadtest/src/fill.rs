//! Fills the data folder of a server that does not run with accounts and messages, through the
//! server's own store. The same numbers of both make the same content, except for the times.
//!
//! Account `n` has the name `user` followed by `n`, and the number 10000 + `n`. Most messages are
//! random; at regular intervals one goes from the second account to the first, the *reader*, so
//! that the reader has a chat of the same length however many messages there are.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use chatsrv::chat::account::Account;
use chatsrv::chat::address::Network;
use chatsrv::chat::id::MessageId;
use chatsrv::chat::message::{Chat, StoredMessage};
use chatsrv::chat::name::Number;
use chatsrv::chat::refusal;
use chatsrv::chat::text::Secret;
use chatsrv::hub::job::{Job, JobId, Value};
use chatsrv::hub::selection::Selection;
use chatsrv::hub::snapshot::Snapshot;
use chatsrv::store::{Completion, HashCost, Reserve, Store, StoreConfig};
use fastrand::Rng;
use indicatif::ProgressBar;

use crate::failure::{self, Failure};
use crate::limits::{
    ACCOUNTS_MAX, FILL_ACCOUNTS_MAX, FILL_MESSAGES_MAX, FILL_STALL_MAX, READER_MESSAGES_MAX,
};

/// The options of the subcommand fill.
#[derive(Clone, Debug, clap::Args)]
pub struct FillOptions {
    /// Accounts in all
    #[arg(long, value_name = "N", default_value_t = 1000)]
    #[arg(value_parser = clap::value_parser!(u32).range(2..=i64::from(ACCOUNTS_MAX)))]
    #[arg(env = "LOADTEST_FILL_ACCOUNTS")]
    pub accounts: u32,

    /// Messages between them
    #[arg(long, value_name = "M", default_value_t = 1000)]
    #[arg(value_parser = clap::value_parser!(u32).range(0..=100_000_000))]
    #[arg(env = "LOADTEST_FILL_MESSAGES")]
    pub messages: u32,

    /// The password of all of them
    #[arg(long, value_name = "TEXT", default_value = "password")]
    #[arg(env = "LOADTEST_FILL_PASSWORD")]
    pub password: String,

    /// The data folder, of which the server must not have any account yet
    #[arg(value_name = "DIR")]
    pub data: PathBuf,
}

/// The name of account `number`.
pub fn user_name(number: u32) -> String {
    format!("user{number}")
}

/// The number of different words. The frequency of a word falls with its rank, as in natural
/// languages (Zipf's law).
const WORDS: f64 = 50_000.0;
const WORDS_PER_MESSAGE: usize = 8;
/// A word that only some messages to the reader contain.
const NEEDLE: &str = "needle";
/// One of this many messages to the reader contains it.
const READER_MESSAGES_PER_NEEDLE: u32 = 10;
/// One of this many messages is a broadcast.
const MESSAGES_PER_BROADCAST: u32 = 4;
/// The difference between the ids of two messages, in microseconds.
const ID_STEP: u64 = 1_000;
/// The time between two searches that check whether all is indexed.
const SEARCH_PERIOD: Duration = Duration::from_millis(500);

/// Fills the folder, and prints the ids of the first and the last message.
///
/// # Errors
/// [`Failure::Usage`] if there are accounts already; [`Failure::Unavailable`] if the store can't be
/// opened or refuses a job.
pub fn fill(options: &FillOptions) -> Result<(), Failure> {
    let (mut filler, kept) = Filler::open(&options.data)?;
    if !kept.accounts.is_empty() {
        let data = options.data.display();
        return Err(Failure::Usage(format!("there are accounts in {data} already")));
    }
    let progress = ProgressBar::new(u64::from(options.accounts) + u64::from(options.messages));
    for number in 0..options.accounts {
        filler.make_room(FILL_ACCOUNTS_MAX)?;
        filler.submit(register(number, &options.password)?);
        progress.inc(1);
    }
    // The accounts of a message must exist.
    filler.settle()?;
    let mut texts = Texts::new(options);
    for number in 0..options.messages {
        filler.make_room(FILL_MESSAGES_MAX)?;
        filler.submit(Job::KeepMessage { message: texts.message(number), key: None });
        progress.inc(1);
    }
    filler.settle()?;
    filler.await_search()?;
    progress.finish_and_clear();
    let FillOptions { accounts, messages, .. } = options;
    let [first, last] = [0, messages.saturating_sub(1)].map(|number| texts.id(number));
    failure::report(format_args!(
        "{accounts} accounts, {messages} messages\nids from {first} to {last}\n"
    ))
}

fn register(number: u32, password: &str) -> Result<Job, Failure> {
    let name = user_name(number);
    let name = name.parse().map_err(|_| Failure::Usage(format!("{name} is no name")))?;
    let created = UNIX_EPOCH.elapsed().map_or(0, |age| age.as_secs() as u32);
    let account = Account { number: account_number(number), name, display: None, created };
    let (password, from) = (Secret::new(password), Network::Local);
    Ok(Job::Register { account, password, from, invite: None })
}

fn account_number(number: u32) -> Number {
    Number(Number::MIN + number)
}

/// The store and its jobs under way.
struct Filler {
    store: Store,
    woken: Receiver<()>,
    next: u64,
    under_way: HashMap<JobId, Job>,
}

impl Filler {
    /// Opens the store in a data folder; returns its content too.
    fn open(data: &Path) -> Result<(Self, Snapshot), Failure> {
        let config = StoreConfig {
            data: data.to_owned(),
            files: data.join("files"),
            reserve: Reserve::Usual,
            password_cost: HashCost::Low,
        };
        let (wake, woken) = channel();
        let wake = move || {
            // It fails only after the work is done.
            let _ = wake.send(());
        };
        let (store, kept) =
            Store::open(config, wake).map_err(|error| Failure::Unavailable(error.to_string()))?;
        Ok((Filler { store, woken, next: 0, under_way: HashMap::new() }, kept))
    }

    /// Waits until fewer than `max` jobs are under way.
    fn make_room(&mut self, max: usize) -> Result<(), Failure> {
        while self.under_way.len() >= max {
            self.wait()?;
        }
        Ok(())
    }

    fn submit(&mut self, job: Job) {
        let ticket = JobId(self.next);
        self.next += 1;
        self.under_way.insert(ticket, job.clone());
        self.store.submit(ticket, job);
    }

    /// Waits until all jobs are done.
    fn settle(&mut self) -> Result<(), Failure> {
        self.make_room(1)
    }

    fn wait(&mut self) -> Result<(), Failure> {
        let stalled = |_| Failure::Unavailable("the store does nothing any more".to_owned());
        self.woken.recv_timeout(FILL_STALL_MAX).map_err(stalled)?;
        for completion in self.store.completions().collect::<Vec<_>>() {
            let Completion::Job { job: ticket, outcome } = completion else { continue };
            let Some(job) = self.under_way.remove(&ticket) else { continue };
            match outcome {
                Ok(Value::Done | Value::Found { is_all: true, .. }) => {}
                Err(refusal::Failure::Busy) if !matches!(job, Job::SelectMessages { .. }) => {
                    self.submit(job)
                }
                // The search index is not complete yet.
                Ok(Value::Found { is_all: false, .. }) | Err(refusal::Failure::Busy) => {
                    self.under_way.insert(ticket, job);
                    return Ok(());
                }
                other => return Err(Failure::Unavailable(format!("the store says {other:?}"))),
            }
        }
        Ok(())
    }

    /// Waits until all messages are indexed: a search looks at a part of them until then.
    fn await_search(&mut self) -> Result<(), Failure> {
        let which = Selection::Holding { chat: None, words: NEEDLE.into() };
        loop {
            let asked = Instant::now();
            let (which, until) = (which.clone(), MessageId(u64::MAX));
            let (reader, since) = (account_number(0), MessageId(0));
            let job = Job::SelectMessages { reader, which, until, since };
            self.submit(job);
            self.wait()?;
            if self.under_way.is_empty() {
                return Ok(());
            }
            self.under_way.clear();
            // An early wake-up does no harm.
            let pause = SEARCH_PERIOD.saturating_sub(asked.elapsed());
            let _ = self.woken.recv_timeout(pause);
        }
    }
}

/// The generator of messages.
struct Texts {
    accounts: u32,
    first_id: u64,
    /// One of this many messages goes to the reader.
    reader_period: u32,
    rng: Rng,
}

impl Texts {
    fn new(options: &FillOptions) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = u64::try_from(now.as_micros()).unwrap_or(u64::MAX);
        Texts {
            accounts: options.accounts,
            // All ids are times in the past.
            first_id: now.saturating_sub(ID_STEP * (u64::from(options.messages) + 1)),
            reader_period: (options.messages / READER_MESSAGES_MAX).max(2),
            rng: Rng::with_seed(u64::from(options.messages)),
        }
    }

    fn id(&self, number: u32) -> MessageId {
        MessageId(self.first_id + ID_STEP * u64::from(number))
    }

    fn message(&mut self, number: u32) -> StoredMessage {
        let rng = &mut self.rng;
        let to_reader = number % self.reader_period == self.reader_period - 1;
        let (from, chat) = if to_reader {
            (1, Chat::direct(account_number(1), account_number(0)))
        } else if number.is_multiple_of(MESSAGES_PER_BROADCAST) {
            (rng.u32(..self.accounts), Chat::Everyone)
        } else {
            // Both are random, so a few send messages to themselves.
            let (from, to) = (rng.u32(..self.accounts), rng.u32(..self.accounts));
            (from, Chat::direct(account_number(from), account_number(to)))
        };
        let mut text = String::new();
        for _ in 0..WORDS_PER_MESSAGE {
            // The inverse of the distribution function of Zipf's law with exponent 1.
            let rank = WORDS.powf(rng.f64()) as u32;
            text.push_str(&format!("word{rank} "));
        }
        let has_needle = (number / self.reader_period).is_multiple_of(READER_MESSAGES_PER_NEEDLE);
        text.push_str(if to_reader && has_needle { NEEDLE } else { "end" });
        let id = self.id(number);
        StoredMessage {
            id,
            from: account_number(from),
            chat,
            text: text.into(),
            file_size: None,
            is_unheard: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(data: PathBuf, accounts: u32, messages: u32) -> FillOptions {
        FillOptions { accounts, messages, password: "x".to_owned(), data }
    }

    #[test]
    fn a_folder_is_filled_once_and_with_what_was_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        fill(&options(data.clone(), 20, 500)).unwrap();
        let again = fill(&options(data.clone(), 20, 500)).unwrap_err();
        assert!(again.to_string().contains("already"), "{again}");
        let (mut filler, kept) = Filler::open(&data).unwrap();
        assert_eq!(kept.accounts.len(), 20);
        assert_eq!(kept.accounts[19].name.as_str(), "user19");
        // The search index is complete.
        let which = Selection::Holding { chat: None, words: NEEDLE.into() };
        let until = MessageId(u64::MAX);
        let (reader, since) = (account_number(0), MessageId(0));
        filler.submit(Job::SelectMessages { reader, which, until, since });
        filler.settle().unwrap();
    }

    #[test]
    fn the_reader_gets_as_much_of_any_number_of_messages() {
        for messages in [1_000, 50_000] {
            let mut texts = Texts::new(&options(PathBuf::new(), 100, messages));
            let all: Vec<_> = (0..messages).map(|number| texts.message(number)).collect();
            let readers = Chat::direct(account_number(0), account_number(1));
            let to_reader = all.iter().filter(|message| message.chat == readers).count();
            assert!((100..130).contains(&to_reader), "{to_reader}");
            let needles = all.iter().filter(|message| message.text.contains(NEEDLE)).count();
            assert_eq!(needles, 10);
            assert!(all.is_sorted_by_key(|message| message.id));
        }
    }
}
