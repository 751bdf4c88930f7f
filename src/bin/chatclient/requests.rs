//! What was asked of the server and is not answered yet.
//!
//! The protocol gives every request exactly one final reply, in the order of the requests. So the
//! oldest open request is the one that the next final reply belongs to.

use std::collections::VecDeque;

use chatsrv::chat::name::{Target, UserRef};
use chatsrv::protocol::native::closing::Closed;
use chatsrv::protocol::native::outgoing::Outgoing;
use chatsrv::protocol::native::read::{FinalReply, ListItem, Notice, Reading, SentFile};
use chatsrv::protocol::native::verb::Verb;

use crate::input::groups::GroupRequest;
use crate::transfers::transfer::TransferId;

/// The most requests that wait for an answer at a time. Messages and pasted lines wait until there
/// is room; a person who types another command is told that the server does not answer.
pub const OPEN_REQUESTS_MAX: usize = 64;

/// A request, as far as its answer needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// A step of the login.
    Login,
    /// To mark the next message.
    Key,
    /// To pass on the oldest message that waits for its confirmation.
    Message,
    /// A token for the next login.
    Token,
    /// The next step of changing the password, in which nothing else may be sent.
    Passwd(Passwd),
    /// The chats in which something is unread.
    Chats,
    /// The last message of the public chat, before which nothing was missed.
    Beginning,
    /// Messages that were missed while the connection was gone.
    Missed,
    /// What is unread in the chat that is being opened.
    Open,
    /// The last messages of the public chat, which is being opened.
    OpenLast,
    /// Older messages of a chat.
    History,
    /// Messages that hold some words.
    Search,
    /// To mark as read what was shown of a chat.
    Seen(Target),
    /// Who is online; quietly, where only the completion wants to know.
    Who {
        /// Whether nothing is to be shown.
        quiet: bool,
    },
    /// The files of a folder; quietly, where only the completion wants to know.
    Files {
        /// Whether nothing is to be shown.
        quiet: bool,
    },
    /// To take direct chats; quietly, where the client asks again by itself.
    Up {
        /// Whether nothing is to be shown.
        quiet: bool,
    },
    /// Whether direct chats are still taken.
    Alive,
    /// Where a user takes direct chats, and the ticket for one.
    Call(UserRef),
    /// The server's figures.
    Dump,
    /// To stop the server.
    Shutdown,
    /// Something whose answer is no more than yes or no.
    Simple {
        /// What to say after a yes.
        done: &'static str,
    },
    /// Something about a group, or all.
    Group(GroupRequest),
    /// The SHA-256 of a file.
    Sum,
    /// The start of a download.
    Get(TransferId),
    /// What a file is that was sent in a chat.
    NameOf(TransferId),
    /// What came to the protocol later.
    More,
    /// The start of an upload.
    Put(TransferId),
    /// To compare the SHA-256 of an upload when it is whole.
    Expect(TransferId),
    /// To drop an upload whose end was sent.
    AbortUpload(TransferId),
    /// The SHA-256 of a file that was uploaded.
    CompareUpload(TransferId),
    /// The SHA-256 of a file that was downloaded.
    Compare(TransferId),
    /// The end of a download that is not wanted any more; the answer says nothing new.
    Abort,
    /// The end of the session.
    Exit,
}

/// A step of changing the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passwd {
    /// The server was asked to.
    Begin,
    /// It was sent the old password.
    Old,
    /// It was sent the new one.
    New,
}

impl Asked {
    /// Whether the items of its list are messages.
    fn lists_messages(&self) -> bool {
        use Asked::{Beginning, History, Missed, Open, OpenLast, Search};
        matches!(self, Beginning | History | Missed | Open | OpenLast | Search)
    }

    /// Whether the server may have to read a large file before it answers.
    pub fn takes_long(&self) -> bool {
        use Asked::{Compare, CompareUpload, NameOf, Put, Sum};
        matches!(self, Sum | Compare(_) | CompareUpload(_) | NameOf(_) | Put(_))
    }

    /// Whether the client enters a chat with its answer.
    pub fn leads_into_chat(&self) -> bool {
        matches!(self, Asked::Open | Asked::OpenLast)
    }

    /// What the person typed for it; none where the client asks by itself, or again.
    pub fn typed_as(&self) -> Option<&'static str> {
        match self {
            Asked::Who { quiet: false } => Some("/list"),
            Asked::Files { quiet: false } => Some("/files"),
            Asked::Group(request) => request.typed_as(),
            Asked::Sum => Some("/sum"),
            Asked::Passwd(_) => Some("/passwd"),
            Asked::Chats => Some("/chats"),
            Asked::Open | Asked::OpenLast => Some("/open"),
            Asked::History => Some("/history"),
            Asked::Search => Some("/search"),
            Asked::Up { quiet: false } => Some("/up"),
            Asked::Call(_) => Some("/call"),
            Asked::Dump => Some("/dump"),
            Asked::Shutdown => Some("/shutdown"),
            Asked::Simple { .. } => Some("the last command"),
            _ => None,
        }
    }
}

/// What a `C` line from the server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Classified<'a> {
    /// The first line of a connection, and the version of the protocol that the server speaks.
    Greeting(&'a str),
    /// Something that nobody asked for.
    Notice(Notice<'a>),
    /// A notice that is not known here.
    LaterNotice,
    /// A file that was sent in a chat, as an item of a list: [`Requests::message_listed`].
    ListedFile(SentFile<'a>),
    /// The head of a list, as the answer to this, and how many items follow:
    /// [`Requests::list_begun`].
    Head(Asked, usize),
    /// An item of a list, as the answer to this.
    Item(Asked, ListItem<'a>),
    /// The answer to the oldest request: [`Requests::answered`].
    Answer(FinalReply<'a>),
    /// The server closes the connection.
    Closing(Closed),
    /// A line that has no place in the protocol here.
    Misplaced,
}

/// The requests that wait for their answers, and those that are still to be sent.
#[derive(Debug, Default)]
pub struct Requests {
    open: VecDeque<Asked>,
    /// What is still to be sent; without a request it is a line that gets no answer.
    outgoing: VecDeque<(Option<Asked>, Outgoing)>,
    /// Whether the rest has to wait for an answer: the server would take it as a part of a
    /// dialogue.
    in_dialogue: bool,
    /// How many messages of the list under way are still to come.
    messages_left: usize,
    /// Whether the server says what came to the protocol later; none where it was not asked to.
    more: Option<bool>,
}

impl Requests {
    /// Asks the server for something.
    pub fn ask(&mut self, asked: Asked, line: Outgoing) {
        self.outgoing.push_back((Some(asked), line));
    }

    /// Sends a line that gets no answer, behind what was asked before.
    pub fn say(&mut self, line: Outgoing) {
        self.outgoing.push_back((None, line));
    }

    /// Asks the server, once a connection, for what came to the protocol later.
    pub fn ask_for_more(&mut self) {
        if self.more.is_none()
            && let Ok(line) = Outgoing::command(Verb::More, "on")
        {
            self.more = Some(false);
            self.ask(Asked::More, line);
        }
    }

    /// Asks the server to end a stream; the answer says nothing new.
    pub fn ask_abort(&mut self, stream: u32) {
        // A number always fits into a line.
        if let Ok(line) = Outgoing::command(Verb::Abort, stream) {
            self.ask(Asked::Abort, line);
        }
    }

    /// Notes whether the server says what came to the protocol later.
    pub fn more_answered(&mut self, is_on: bool) {
        self.more = Some(is_on);
    }

    /// Whether the server says what came to the protocol later.
    pub fn has_more(&self) -> bool {
        self.more == Some(true)
    }

    /// Awaits an answer that comes unasked.
    pub fn await_answer(&mut self, asked: Asked) {
        self.open.push_back(asked);
    }

    /// Goes on with a dialogue, before everything that waits.
    pub fn go_on(&mut self, asked: Asked, line: Outgoing) {
        self.outgoing.push_front((Some(asked), line));
    }

    /// The requests that wait for their answers, the oldest first.
    pub fn open_requests(&self) -> impl Iterator<Item = &Asked> {
        self.open.iter().chain(self.outgoing.iter().filter_map(|(asked, _)| asked.as_ref()))
    }

    /// Takes the lines that are to be sent, in order.
    pub fn take_outgoing(&mut self) -> Vec<Outgoing> {
        let mut lines = Vec::new();
        while !self.in_dialogue {
            let Some((asked, line)) = self.outgoing.pop_front() else {
                break;
            };
            self.in_dialogue = matches!(asked, Some(Asked::Passwd(_)));
            self.open.extend(asked);
            lines.push(line);
        }
        lines
    }

    /// Whether something waits to be sent that may be.
    pub fn has_outgoing(&self) -> bool {
        !self.in_dialogue && !self.outgoing.is_empty()
    }

    /// Whether everything is answered. A line that gets no answer is nothing to wait for.
    pub fn is_idle(&self) -> bool {
        self.open_requests().next().is_none()
    }

    /// Whether the server has not answered yet what leads into a chat.
    pub fn is_opening_chat(&self) -> bool {
        self.open_requests().any(Asked::leads_into_chat)
    }

    /// Whether one more request may be sent before the next answer.
    pub fn has_room(&self) -> bool {
        self.room() > 0
    }

    /// How many more requests may be sent before the next answer.
    pub fn room(&self) -> usize {
        OPEN_REQUESTS_MAX.saturating_sub(self.open.len() + self.outgoing.len())
    }

    /// Whether a message that comes now is a part of the answer to something.
    pub fn is_list_open(&self) -> bool {
        self.messages_left > 0
    }

    /// What a line is. It changes nothing: what it changes is done by the method that
    /// [`Classified`] names.
    pub fn classify<'a>(&self, reading: Reading<'a>) -> Classified<'a> {
        match (reading, self.open.front()) {
            (Reading::Greeting { version, .. }, _) => Classified::Greeting(version),
            (Reading::Closing(closed), _) => Classified::Closing(closed),
            (Reading::Notice(Notice::File { file }), _) if self.is_list_open() => {
                Classified::ListedFile(file)
            }
            (Reading::Notice(notice), _) => Classified::Notice(notice),
            (Reading::LaterNotice, _) => Classified::LaterNotice,
            (Reading::Final(reply), Some(_)) => Classified::Answer(reply),
            (Reading::Head { count }, Some(asked)) => {
                Classified::Head(asked.clone(), count.unwrap_or(0))
            }
            (Reading::Item(item), Some(asked)) => Classified::Item(asked.clone(), item),
            (Reading::Final(_) | Reading::Head { .. } | Reading::Item(_) | Reading::Unknown, _) => {
                Classified::Misplaced
            }
        }
    }

    /// Closes the oldest request, which is answered; none where none is open.
    pub fn answered(&mut self) -> Option<Asked> {
        self.messages_left = 0;
        let answered = self.open.pop_front();
        self.in_dialogue &= !matches!(answered, Some(Asked::Passwd(_)));
        answered
    }

    /// The list that answers this begins, and has so many items.
    pub fn list_begun(&mut self, asked: &Asked, count: usize) {
        if asked.lists_messages() {
            self.messages_left = count;
        }
    }

    /// A message of the list under way came.
    pub fn message_listed(&mut self) {
        self.messages_left = self.messages_left.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chatsrv::protocol::native::read::ServerLine;

    /// What a line is, and what it changes.
    fn take<'a>(requests: &mut Requests, line: &'a str) -> Classified<'a> {
        let classified = requests.classify(ServerLine::parse(line).unwrap().read());
        if let Classified::Head(asked, count) = &classified {
            requests.list_begun(asked, *count);
        }
        classified
    }

    /// Whether a message that comes now is listed.
    fn takes_message(requests: &mut Requests) -> bool {
        let is_listed = requests.is_list_open();
        requests.message_listed();
        is_listed
    }

    /// To what a line is the answer.
    fn answered(requests: &mut Requests, line: &str) -> Option<Asked> {
        match take(requests, line) {
            Classified::Answer(_) => requests.answered(),
            _ => None,
        }
    }

    #[test]
    fn answers_belong_to_the_oldest_request() {
        let mut requests = Requests::default();
        let who = Asked::Who { quiet: false };
        requests.ask(who.clone(), Outgoing::command(Verb::Who, "").unwrap());
        requests.ask(Asked::Sum, Outgoing::command(Verb::Sum, "x").unwrap());
        assert_eq!(requests.take_outgoing().len(), 2);
        assert!(!requests.is_idle());
        assert_eq!(take(&mut requests, "150 WHO 1"), Classified::Head(who.clone(), 1));
        let item = take(&mut requests, "151 WHO bob 10417 1 - bob");
        assert!(matches!(item, Classified::Item(asked, ListItem::Online { .. }) if asked == who));
        let notice = take(&mut requests, "120 ON bob 10417");
        assert!(matches!(notice, Classified::Notice(Notice::On { name: "bob", .. })));
        assert_eq!(answered(&mut requests, "250 WHO"), Some(who));
        assert_eq!(answered(&mut requests, "550 SUM x"), Some(Asked::Sum));
        assert!(requests.is_idle());
    }

    #[test]
    fn messages_of_a_list_are_told_from_those_that_arrive() {
        let mut requests = Requests::default();
        requests.ask(Asked::History, Outgoing::command(Verb::History, "* 9 2").unwrap());
        requests.take_outgoing();
        assert!(!takes_message(&mut requests));
        assert_eq!(take(&mut requests, "150 HISTORY 2"), Classified::Head(Asked::History, 2));
        assert!(takes_message(&mut requests));
        assert!(takes_message(&mut requests));
        assert!(!takes_message(&mut requests));
        assert_eq!(answered(&mut requests, "250 HISTORY *"), Some(Asked::History));
    }

    #[test]
    fn nothing_comes_into_the_dialogue_of_a_password() {
        let mut requests = Requests::default();
        let data = |text: &str| Outgoing::data(text).unwrap();
        requests.ask(Asked::Passwd(Passwd::Begin), Outgoing::command(Verb::Passwd, "").unwrap());
        requests.ask(Asked::Message, data("* hello"));
        assert_eq!(requests.take_outgoing().len(), 1);
        assert_eq!(requests.take_outgoing(), []);
        answered(&mut requests, "354 PASSWD send the old password");
        requests.go_on(Asked::Passwd(Passwd::Old), data("old"));
        assert_eq!(requests.take_outgoing(), [data("old")]);
        answered(&mut requests, "535 PASSWD wrong password");
        assert_eq!(requests.take_outgoing(), [data("* hello")]);
    }

    #[test]
    fn nothing_is_waited_for_without_an_answer_to_come() {
        let mut requests = Requests::default();
        requests.say(Outgoing::file_end(1));
        assert!(requests.is_idle() && requests.has_outgoing());
        requests.ask_for_more();
        requests.ask_for_more();
        assert!(!requests.is_idle());
        assert_eq!(requests.take_outgoing().len(), 2);
        assert!(!requests.is_idle() && !requests.has_outgoing());
        assert_eq!(answered(&mut requests, "250 MORE"), Some(Asked::More));
        assert!(requests.is_idle());
    }

    #[test]
    fn what_nobody_asked_for_is_told_apart() {
        let mut requests = Requests::default();
        assert_eq!(take(&mut requests, "220 chatsrv/0.1.0 1 ready"), Classified::Greeting("1"));
        assert!(matches!(take(&mut requests, "421 - too slow"), Classified::Closing(_)));
        assert_eq!(take(&mut requests, "137 NEW notice"), Classified::LaterNotice);
        assert_eq!(take(&mut requests, "250 WHO"), Classified::Misplaced);
        assert_eq!(take(&mut requests, "151 WHO x"), Classified::Misplaced);
    }
}
