//! What lists ought to hold.

use std::cmp::Reverse;
use std::collections::VecDeque;

use chatsrv::chat::account::Account;
use chatsrv::chat::address::Address;
use chatsrv::chat::answer::{ChatLine, Done, Item, LastMessage, List, OnlineUser, Page};
use chatsrv::chat::entry::Entry;
use chatsrv::chat::fact::Fact;
use chatsrv::chat::id::MessageId;
use chatsrv::chat::message::{Chat, Message, StoredMessage};
use chatsrv::chat::name::{Number, Target, UserName};
use chatsrv::hub::input::ConnId;
use chatsrv::hub::selection::Selection;
use chatsrv::protocol::native::verb::Verb;
use chatsrv::protocol::native::{kinds, write};

use super::NodeModel;

/// A list that is due as a whole.
#[derive(Debug)]
pub struct DueList {
    pub verb: Verb,
    /// What it holds; none while the store has yet to tell.
    pub items: Option<Vec<Item>>,
    /// Those of whom it can't be told whether they are up.
    pub doubtful: Vec<UserName>,
}

impl DueList {
    /// A list that is known.
    pub fn of(verb: Verb, items: Vec<Item>) -> Self {
        DueList { verb, items: Some(items), doubtful: Vec::new() }
    }
}

/// A list of messages that is due, or under way.
#[derive(Debug)]
pub struct Reading {
    messages: VecDeque<Message>,
    is_begun: bool,
}

impl NodeModel {
    /// What IGNORED ought to list.
    pub(super) fn ignored_lines(&self, user: Number) -> Vec<Item> {
        let ignored = self.chat.people.ignored_by(user);
        ignored.map(|whom| Item::Ignored(self.name(whom))).collect()
    }

    /// What is unread was counted for somebody, who asked for it or is about to be welcomed; or it
    /// could not be.
    pub(super) fn counted(
        &mut self,
        asker: Option<ConnId>,
        (reader, until): (Number, MessageId),
        is_known: bool,
    ) {
        let others = self.chat.people.accounts().map(|account| account.number);
        let groups = self.chat.groups.of(reader).map(|(id, _)| Chat::Group(id));
        let chats = others.map(|other| Chat::direct(reader, other)).chain(groups);
        let kept = self.ledger.chats();
        let items = chats.filter(|chat| kept.contains(chat)).filter_map(|chat| {
            let since = self.reads_since(reader, chat)?;
            let unread = self.ledger.unread(reader, chat, since..=until).map(|message| message.id);
            let unread: Vec<MessageId> = unread.collect();
            let chat = self.destination(reader, chat);
            Some(Item::Unread { chat, count: unread.len() as u64, last: *unread.last()? })
        });
        let items: Vec<Item> = items.collect();
        let Some(session) = asker.and_then(|asker| self.sessions.get_mut(&asker)) else { return };
        let asked = session.lists.iter().position(|list| list.items.is_none());
        match asked {
            Some(at) if is_known => session.lists[at].items = Some(items),
            Some(at) => drop(session.lists.remove(at)),
            None if is_known => {
                session.lists.push_back(DueList::of(Verb::Unread, items));
            }
            // The operator is let in all the same.
            None if reader == Number::OPERATOR => {
                session.lists.push_back(DueList::of(Verb::Unread, Vec::new()));
            }
            None => {}
        }
    }

    /// The chats of somebody were listed, or could not be.
    pub(super) fn chats_listed(
        &mut self,
        asker: Option<ConnId>,
        (reader, until): (Number, MessageId),
        before: Option<MessageId>,
        is_known: bool,
    ) {
        let others = self.chat.people.accounts().map(|account| account.number);
        let groups = self.chat.groups.of(reader).map(|(id, _)| Chat::Group(id));
        let direct = others.map(|other| Chat::direct(reader, other));
        let chats = std::iter::once(Chat::Everyone).chain(direct).chain(groups);
        let lines = chats.filter_map(|chat| {
            let since = self.reads_since(reader, chat)?;
            let last = self.ledger.history(reader, chat, since..=until).last();
            if last.is_none() && !matches!(chat, Chat::Group(_)) {
                return None;
            }
            let unread = self.ledger.unread(reader, chat, since..=until).count() as u64;
            let seen = self.ledger.seen_up_to(reader, chat);
            let last = last.map(|message| LastMessage {
                id: message.id,
                from: self.name(message.from),
                file_size: message.file_size,
                text: message.text.chars().take(200).collect::<String>().into(),
            });
            Some(ChatLine { chat: self.destination(reader, chat), unread, seen, last })
        });
        let mut lines: Vec<ChatLine> = lines.collect();
        let last = |line: &ChatLine| line.last.as_ref().map(|last| last.id);
        lines.retain(|line| before.is_none_or(|before| last(line) < Some(before)));
        lines.sort_by_key(|line| Reverse(last(line)));
        let items = lines.into_iter().map(Box::new).map(Item::Chat).collect();
        let Some(session) = asker.and_then(|asker| self.sessions.get_mut(&asker)) else { return };
        let at = session.lists.iter().position(|list| list.items.is_none());
        let at = at.expect("the list was asked for");
        match is_known {
            true => session.lists[at].items = Some(items),
            false => drop(session.lists.remove(at)),
        }
    }

    /// It was told which messages a list holds.
    pub(super) fn selected(
        &mut self,
        asker: Option<ConnId>,
        (reader, until): (Number, MessageId),
        which: &Selection,
        ids: &[MessageId],
    ) {
        if let Selection::Unread(chat) = which {
            let since = self.reads_since(reader, *chat).unwrap_or(MessageId(u64::MAX));
            let unread = self.ledger.unread(reader, *chat, since..=until);
            let unread = unread.map(|message| message.id);
            assert!(unread.take(1000).eq(ids.iter().copied()), "all that is unread is listed");
        }
        if let Selection::After { chat, after, count } = which {
            let since = self.reads_since(reader, *chat).unwrap_or(MessageId(u64::MAX));
            let later = self.ledger.history(reader, *chat, since..=until);
            let later = later.filter(|message| message.id > *after);
            let later = later.map(|message| message.id).take((*count).into());
            assert!(later.eq(ids.iter().copied()), "all that came after {after} is listed");
        }
        let messages = ids.iter().map(|id| self.ledger.get(*id));
        let messages: VecDeque<Message> = messages
            .map(|message| {
                let since = self.reads_since(reader, message.chat);
                assert!(!message.is_hidden_from(reader), "{reader} ignored {message:?}");
                assert!(since.is_some_and(|since| message.id >= since), "{reader}: {message:?}");
                self.as_delivered(message)
            })
            .collect();
        assert!(messages.iter().is_sorted_by(|one, next| one.id < next.id));
        if let Some(session) = asker.and_then(|asker| self.sessions.get_mut(&asker)) {
            session.reading.push_back(Reading { messages, is_begun: false });
        }
    }

    /// Somebody wants to have read a chat up to a message.
    pub(super) fn reads_up_to(&mut self, reader: Number, chat: &Target, id: MessageId) {
        let chat = match chat {
            Target::Everyone => Some(Chat::Everyone),
            Target::Group(name) => self.own_group(reader, name).ok().map(Chat::Group),
            Target::User(other) => {
                let other = self.chat.people.find_any(*other);
                other.map(|other| Chat::direct(reader, other.number))
            }
        };
        self.seen_due = chat.map(|chat| (reader, chat, id));
    }

    /// The hub has a chat marked as read: up to the newest message, which nobody may have seen, and
    /// not up to a file that was not told yet. Which files are under way only this server knows.
    pub(super) fn marks_seen(&mut self, reader: Number, chat: Chat, id: MessageId) {
        let due = self.seen_due.take().expect("somebody has read something");
        let (newest, untold) = (self.ledger.newest(), self.ledger.untold(chat));
        let most = untold.map_or(due.2, |untold| due.2.min(MessageId(untold.0 - 1)));
        assert_eq!((reader, chat), (due.0, due.1));
        assert!((newest.min(most)..=most).contains(&id), "{id} in place of {most}, {newest}");
        let seen = self.propose_as(newest.max(id), Entry::Seen { reader, chat, id: due.2 });
        assert!(seen.is_ok(), "{reader} reads {chat:?}: {seen:?}");
    }

    pub(super) fn as_delivered(&self, message: &StoredMessage) -> Message {
        Message {
            id: message.id,
            from: self.name(message.from),
            to: self.destination(message.from, message.chat),
            text: message.text.clone(),
            file_size: message.file_size,
        }
    }

    pub(super) fn list(&mut self, conn: ConnId, list: &List) {
        let verb = kinds::verb(list.of).expect("a verb asks for it");
        match verb {
            Verb::Ls => return,
            Verb::Sessions => return self.devices_are_listed(conn, list),
            Verb::Open | Verb::History | Verb::After | Verb::Search => {
                let reading = self.session(conn).reading.front_mut().expect("it was asked for");
                assert!(!std::mem::replace(&mut reading.is_begun, true), "it begins twice");
                // What is too old may be about to go, and is not listed any more.
                let dropped = reading.messages.len() - list.count;
                assert!(dropped == 0 || self.config.history.is_some(), "{dropped} are missing");
                let reading = self.session(conn).reading.front_mut().expect("it was asked for");
                reading.messages.drain(..dropped);
                return self.page(conn, &list.page);
            }
            _ => {}
        }
        let own = |(at, _): &(usize, &Item)| Some(*at) != list.page.without;
        let items = list.page.items.iter().enumerate().filter(own);
        let items: Vec<Item> = items.map(|(_, item)| item.clone()).collect();
        assert_eq!(items.len(), list.count);
        let due = self.session(conn).lists.pop_front().expect("the list was asked for");
        let expected = due.items.expect("the store has told");
        let lines = |items| lines(verb, items, &due.doubtful);
        assert_eq!((verb, lines(items)), (due.verb, lines(expected)));
        let last = list.page.last.as_ref().expect("it is whole");
        if let Ok(Done::LoggedIn { number, .. }) = last.result {
            self.logged_in(conn, number);
        }
    }

    pub(super) fn page(&mut self, conn: ConnId, page: &Page) {
        let session = self.session(conn);
        let reading = session.reading.front_mut().expect("a list is under way");
        for item in &*page.items {
            let due = reading.messages.pop_front().map(Item::Message);
            assert_eq!(Some(item), due.as_ref(), "{conn}");
        }
        assert_eq!(reading.messages.is_empty(), page.last.is_some(), "the last page has the end");
        if reading.messages.is_empty() {
            session.reading.pop_front();
        }
    }
}

/// The items as lines, in a fixed order, and without the time of a login and doubtful addresses.
fn lines(verb: Verb, mut items: Vec<Item>, doubtful: &[UserName]) -> Vec<String> {
    for item in &mut items {
        if let Item::Online(online) = item {
            online.since = MessageId(0);
            online.direct = online.direct.filter(|_| !doubtful.contains(&online.name));
        }
        if let Item::Fact(Fact::Since(Some(since))) = item {
            *since = MessageId(0);
        }
    }
    let lines = items.iter().map(|item| {
        let mut line = Vec::new();
        write::item(kinds::kind(verb), item, true, &mut line);
        String::from_utf8(line).unwrap()
    });
    let mut lines: Vec<String> = lines.collect();
    let is_in_order = matches!(verb, Verb::Members | Verb::Chats | Verb::Groups | Verb::Accounts);
    if !is_in_order && !matches!(verb, Verb::Info | Verb::Shutout) {
        lines.sort_unstable();
    }
    lines
}

pub fn who_line(account: &Account, direct: Option<(Address, u16)>) -> Item {
    Item::Online(OnlineUser {
        name: account.name,
        number: account.number,
        since: MessageId(0),
        direct,
        display: account.display.clone(),
    })
}
