//! When a world has come to its end, the server starts once more, and everybody reads everything.

use std::collections::BTreeMap;

use chatsrv::chat::account::Account;
use chatsrv::chat::address::Address;
use chatsrv::chat::id::MessageId;
use chatsrv::chat::message::{Chat, StoredMessage};
use chatsrv::protocol::native::read::Delivered;

use crate::server::Server;
use crate::store::Store;

/// Behind all messages.
const LAST: MessageId = MessageId(u64::MAX);

/// Checks that what was `confirmed` is there, and that so many readers are shown all that is
/// unread, and the whole of each chat, in order.
pub fn check(
    server: &mut Server,
    store: &mut Store,
    confirmed: &BTreeMap<MessageId, String>,
    readers_max: usize,
) {
    server.restart(store);
    if server.keeps_messages() {
        for (id, line) in confirmed {
            assert!(server.model.ledger.was_kept(*id), "{line:?} was confirmed as {id}");
            let kept = server.model.ledger.find(*id);
            assert!(kept.is_none_or(|kept| line.ends_with(&*kept.text)), "{line:?} is {kept:?}");
        }
    }
    for account in store.kept().accounts.into_iter().take(readers_max) {
        if store.is_banned(account.number) {
            continue;
        }
        let mut reader = Reader::log_in(server, store, account);
        reader.reads_what_is_unread();
        reader.reads_whole_chats();
        reader.leaves();
    }
}

struct Reader<'a> {
    server: &'a mut Server,
    store: &'a mut Store,
    account: Account,
    pipe: usize,
    /// The list of what is unread, as the login showed it.
    unread: Vec<String>,
}

impl<'a> Reader<'a> {
    fn log_in(server: &'a mut Server, store: &'a mut Store, account: Account) -> Self {
        let pipe = server.connect(Address::host([198, 51, 100, 1].into()));
        let mut reader = Reader { server, store, account, pipe, unread: Vec::new() };
        let name = reader.account.name;
        let password = reader.store.password(reader.account.number).to_owned();
        reader.ask(&format!("C USER {name}"));
        reader.unread = reader.ask(&format!("D {password}"));
        // News of groups may follow.
        let is_welcome = |line: &String| line.starts_with("C 230 USER");
        let welcome = reader.unread.iter().position(is_welcome).expect("a welcome");
        reader.unread.truncate(welcome);
        reader.unread.remove(0);
        reader
    }

    /// Sends a line, and gives all that comes while the store does what there is to do.
    fn ask(&mut self, line: &str) -> Vec<String> {
        self.server.receive(self.pipe, format!("{line}\n").as_bytes());
        let mut output = Vec::new();
        loop {
            let before = output.len();
            output.append(&mut self.server.pipes[self.pipe].output);
            self.server.output_taken(self.pipe);
            if let Some((_, job)) = self.server.jobs.first() {
                let outcome = self.store.run(job);
                self.server.job_done(0, outcome, self.store);
            } else if output.len() == before {
                break;
            }
        }
        let output = String::from_utf8(output).expect("text");
        let asked_for = |line: &&str| !line.starts_with("C 122") && !line.starts_with("C 123");
        output.lines().filter(asked_for).map(str::to_owned).collect()
    }

    /// Asks for a list of messages. Gives them, and the last line.
    fn ask_for_messages(&mut self, line: &str) -> (Vec<Read>, String) {
        let mut lines = self.ask(line);
        let last = lines.pop().expect("an answer");
        let messages = lines[1..].iter().map(|line| {
            if let Some(file) = line.strip_prefix("C 124 FILE ") {
                let words: Vec<&str> = file.splitn(5, ' ').collect();
                return (MessageId(words[0].parse().expect("an id")), words[4].to_owned());
            }
            let text = line.strip_prefix("D ").unwrap_or_else(|| panic!("{line} is no message"));
            let message = Delivered::parse(text).expect("a message");
            (message.id, message.text.to_owned())
        });
        (messages.collect(), last)
    }

    fn reads_what_is_unread(&mut self) {
        let mut lines = Vec::new();
        for (chat, since, name) in self.chats() {
            let unread = self.server.model.ledger.unread(self.account.number, chat, since..=LAST);
            let unread: Vec<Read> = unread.map(read).collect();
            let Some((last, _)) = unread.last().filter(|_| chat != Chat::Everyone) else {
                continue;
            };
            lines.push(format!("C 151 UNREAD {name} {} {last}", unread.len()));
            let mut shown = Vec::new();
            loop {
                let (messages, last) = self.ask_for_messages(&format!("C OPEN {name}"));
                let newest = messages.last().expect("something is left").0;
                shown.extend(messages);
                self.ask(&format!("C SEEN {name} {newest}"));
                if last == format!("C 250 OPEN {name} 0") {
                    break;
                }
            }
            assert_eq!(shown, unread, "{:?} reads {name}", self.account);
        }
        lines.sort_unstable();
        self.unread.sort_unstable();
        assert_eq!(self.unread, lines, "{:?}", self.account);
        assert_eq!(self.ask("C UNREAD")[0], "C 150 UNREAD 0");
    }

    fn reads_whole_chats(&mut self) {
        for (chat, since, name) in self.chats() {
            let ledger = &self.server.model.ledger;
            let kept = ledger.history(self.account.number, chat, since..=LAST);
            let kept: Vec<Read> = kept.map(read).collect();
            let mut shown = Vec::new();
            let mut before = u64::MAX;
            loop {
                let ask = format!("C HISTORY {name} {before} 40");
                let (mut messages, _) = self.ask_for_messages(&ask);
                let Some((oldest, _)) = messages.first() else { break };
                before = oldest.0;
                messages.extend(shown);
                shown = messages;
            }
            assert_eq!(shown, kept, "{:?} reads {name}", self.account);
            self.reads_on(&name, &kept);
        }
    }

    /// Reads a whole chat once more, from its beginning on.
    fn reads_on(&mut self, name: &str, kept: &[Read]) {
        let mut shown: Vec<Read> = Vec::new();
        loop {
            let after = shown.last().map_or(0, |(id, _)| id.0);
            let (messages, last) = self.ask_for_messages(&format!("C AFTER {name} {after} 40"));
            shown.extend(messages);
            assert_eq!(last, format!("C 250 AFTER {name} {}", kept.len() - shown.len()));
            if kept.len() == shown.len() {
                break;
            }
        }
        assert_eq!(shown, kept, "{:?} reads {name}", self.account);
    }

    fn leaves(mut self) {
        let last = self.ask("C EX");
        assert_eq!(last, ["C 221 EX goodbye"]);
    }

    /// The chats that the reader may read and in which something is kept, from which message on,
    /// and their names.
    fn chats(&self) -> Vec<(Chat, MessageId, String)> {
        let model = &self.server.model;
        let own = self.account.number;
        let chats = model.ledger.chats().into_iter().filter_map(|chat| {
            let since = model.reads_since(own, chat)?;
            let name = match chat {
                Chat::Everyone => "*".to_owned(),
                Chat::Direct(one, other) => {
                    self.store.name(if one == own { other } else { one }).to_string()
                }
                Chat::Group(id) => model.chat.groups.names[&id].to_string(),
            };
            Some((chat, since, name))
        });
        chats.collect()
    }
}

/// A message as its reader is shown it.
type Read = (MessageId, String);

fn read(message: &StoredMessage) -> Read {
    (message.id, message.text.to_string())
}
