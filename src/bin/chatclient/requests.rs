//! Requests to the server that have no reply yet.
//!
//! In the protocol every request gets exactly one final reply, in the order of the requests. So the
//! next final reply belongs to the oldest open request.

use std::collections::VecDeque;

use chatsrv::chat::name::{Target, UserRef};
use chatsrv::protocol::native::closing::Closed;
use chatsrv::protocol::native::outgoing::Outgoing;
use chatsrv::protocol::native::read::{FinalReply, ListItem, Notice, Reading, SentFile};
use chatsrv::protocol::native::verb::Verb;

use crate::input::administration::Administration;
use crate::input::groups::GroupRequest;
use crate::input::personal::PersonalRequest;
use crate::transfers::transfer::TransferId;

/// The largest number of requests without a reply. Messages and pasted lines wait until there is
/// room; a command typed beyond it is refused.
pub const OPEN_REQUESTS_MAX: usize = 64;

/// A request, with what is needed to handle its reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// A step of the login.
    Login,
    /// Sets the idempotency key of the next message.
    Key,
    /// Sends a message: the oldest one that is not confirmed.
    Message,
    /// Requests a token for the next login.
    Token,
    /// Ends the token, since the client leaves; the reply does not matter.
    EndToken,
    /// Requests a token for another program.
    TokenFor,
    /// Lists the devices of this user.
    Sessions,
    /// A step of changing the password, during which nothing else may be sent.
    Passwd(Passwd),
    /// A step of removing the own account, during which nothing else may be sent.
    Unregister(Unregister),
    /// Lists all chats for the user.
    Chats,
    /// Lists the chats with unread messages, where an older server lists no others.
    Unread,
    /// Lists the chats after the first login; only messages after these can be missed.
    FirstChats,
    /// Lists the chats after a lost connection, to see where messages were missed.
    MissedChats,
    /// Lists the last message of the public chat, where an older server does not list chats.
    Beginning,
    /// Lists messages that were missed while the client was offline.
    Missed,
    /// Opens a chat, and lists its unread messages.
    Open,
    /// Opens the public chat, and lists its last messages.
    OpenLast,
    /// Lists older messages of a chat.
    History,
    /// Lists messages that contain some words.
    Search,
    /// Marks the messages of a chat as read that were shown.
    Seen(Target),
    /// Lists the users online; quietly, if it is only for the completion.
    Who {
        /// True if the reply is not shown.
        quiet: bool,
    },
    /// Lists the files of a folder; quietly, if it is only for the completion.
    Files {
        /// True if the reply is not shown.
        quiet: bool,
    },
    /// Lists the users online, to see if another session of this user takes direct chats.
    WhoIsUp,
    /// Announces that this user takes direct chats; quietly, if the client repeats it by itself.
    Up {
        /// True if the reply is not shown.
        quiet: bool,
    },
    /// Keeps that announcement alive.
    Alive,
    /// Requests the address and the ticket for a direct chat with a user.
    Call(UserRef),
    /// Lists what is known of a user.
    Whois,
    /// A request whose reply is only success or failure.
    Simple {
        /// The text to show after success.
        done: &'static str,
    },
    /// A request about groups.
    Group(GroupRequest),
    /// A request about others or about the own account.
    Personal(PersonalRequest),
    /// A request of an administrator.
    Administer(Administration),
    /// Requests the SHA-256 of a file.
    Sum,
    /// Starts a download.
    Get(TransferId),
    /// Requests the name of a file that was sent in a chat.
    NameOf(TransferId),
    /// Requests the notices that were added to the protocol later.
    More,
    /// Starts an upload.
    Put(TransferId),
    /// Gives the SHA-256 of an upload, which the server compares when it is complete.
    Expect(TransferId),
    /// Drops an upload whose end was sent.
    AbortUpload(TransferId),
    /// Requests the SHA-256 of a file that was uploaded.
    CompareUpload(TransferId),
    /// Requests the SHA-256 of a file that was downloaded.
    Compare(TransferId),
    /// Aborts a stream; the reply does not matter.
    Abort,
    /// Logs out.
    Exit,
}

/// A step of changing the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passwd {
    /// The request to change it.
    Begin,
    /// The old password.
    Old,
    /// The new password.
    New,
}

/// A step of removing the own account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unregister {
    /// The request to remove it.
    Begin,
    /// Its password.
    Password,
}

impl Asked {
    /// Returns true if it is a step of a dialogue, in which the server takes the next line for the
    /// next step.
    fn is_step(&self) -> bool {
        matches!(self, Asked::Passwd(_) | Asked::Unregister(_))
    }

    /// Returns true if the client requests it by itself when it has logged in.
    pub fn is_of_login(&self) -> bool {
        use Asked::{Files, FirstChats, Group, MissedChats, More, Personal, Token, Who};
        match self {
            Token | FirstChats | MissedChats | More => true,
            Who { quiet } | Files { quiet } => *quiet,
            Group(request) => request.typed_as().is_none(),
            Personal(request) => request.typed_as().is_none(),
            _ => false,
        }
    }

    /// Returns true if the reply is a list of messages.
    fn lists_messages(&self) -> bool {
        use Asked::{Beginning, History, Missed, Open, OpenLast, Search};
        matches!(self, Beginning | History | Missed | Open | OpenLast | Search)
    }

    /// Returns true if the server may have to read a large file before it replies.
    pub fn takes_long(&self) -> bool {
        use Asked::{Compare, CompareUpload, NameOf, Put, Sum};
        matches!(self, Sum | Compare(_) | CompareUpload(_) | NameOf(_) | Put(_))
    }

    /// Returns true if its success opens a chat.
    pub fn leads_into_chat(&self) -> bool {
        matches!(self, Asked::Open | Asked::OpenLast)
    }

    /// The command that the user typed for it; `None` if the client sends it by itself, or sends it
    /// again.
    pub fn typed_as(&self) -> Option<&'static str> {
        match self {
            Asked::Who { quiet: false } => Some("/list"),
            Asked::Files { quiet: false } => Some("/files"),
            Asked::Group(request) => request.typed_as(),
            Asked::Sum => Some("/sum"),
            Asked::Passwd(_) => Some("/passwd"),
            Asked::Unregister(_) => Some("/unregister"),
            Asked::TokenFor => Some("/token"),
            Asked::Sessions => Some("/sessions"),
            Asked::Chats | Asked::Unread => Some("/chats"),
            Asked::Open | Asked::OpenLast => Some("/open"),
            Asked::History => Some("/history"),
            Asked::Search => Some("/search"),
            Asked::Up { quiet: false } => Some("/up"),
            Asked::Call(_) => Some("/call"),
            Asked::Whois => Some("/whois"),
            Asked::Personal(request) => request.typed_as(),
            Asked::Administer(command) => Some(command.verb().name()),
            Asked::Simple { .. } => Some("the last command"),
            _ => None,
        }
    }
}

/// A command line of the server, classified by the open requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Classified<'a> {
    /// The first line of a connection; the server's version of the protocol.
    Greeting(&'a str),
    /// A notice.
    Notice(Notice<'a>),
    /// A notice of a later version of the protocol.
    LaterNotice,
    /// A file that was sent in a chat, as an item of a list: [`Requests::message_listed`].
    ListedFile(SentFile<'a>),
    /// The head of the list that replies to this request, and the number of its items:
    /// [`Requests::list_begun`].
    Head(Asked, usize),
    /// An item of the list that replies to this request.
    Item(Asked, ListItem<'a>),
    /// The final reply to the oldest request: [`Requests::answered`].
    Answer(FinalReply<'a>),
    /// The server closes the connection.
    Closing(Closed),
    /// A line that the protocol does not allow here.
    Misplaced,
}

/// The queue of requests: those sent without a reply, and those still to be sent.
#[derive(Debug, Default)]
pub struct Requests {
    open: VecDeque<Asked>,
    /// The lines still to be sent, each with its request; `None` for a line that gets no reply.
    outgoing: VecDeque<(Option<Asked>, Outgoing)>,
    /// True if the rest must wait for a reply, since the server would take it as a part of the
    /// dialogue.
    in_dialogue: bool,
    /// The number of messages that the current list still lacks.
    messages_left: usize,
    /// Whether the server sends the notices that were added later; `None` if it was not requested.
    more: Option<bool>,
}

impl Requests {
    /// Adds a request to be sent.
    pub fn ask(&mut self, asked: Asked, line: Outgoing) {
        self.outgoing.push_back((Some(asked), line));
    }

    /// Adds a line to be sent that gets no reply.
    pub fn say(&mut self, line: Outgoing) {
        self.outgoing.push_back((None, line));
    }

    /// Requests the notices that were added to the protocol later, once for each connection.
    pub fn ask_for_more(&mut self) {
        if self.more.is_none()
            && let Ok(line) = Outgoing::command(Verb::More, "on")
        {
            self.more = Some(false);
            self.ask(Asked::More, line);
        }
    }

    /// Requests them anew, although it was done on this connection.
    pub fn ask_again_for_more(&mut self) {
        self.more = None;
        self.ask_for_more();
    }

    /// Requests the end of a stream; the reply does not matter.
    pub fn ask_abort(&mut self, stream: u32) {
        // A number always fits into a line.
        if let Ok(line) = Outgoing::command(Verb::Abort, stream) {
            self.ask(Asked::Abort, line);
        }
    }

    /// Notes whether the server sends the notices that were added later.
    pub fn more_answered(&mut self, is_on: bool) {
        self.more = Some(is_on);
    }

    /// Returns true if the server sends the notices that were added later.
    pub fn has_more(&self) -> bool {
        self.more == Some(true)
    }

    /// Awaits a reply for which no line is sent.
    pub fn await_answer(&mut self, asked: Asked) {
        self.open.push_back(asked);
    }

    /// Adds the next step of a dialogue, before everything still to be sent.
    pub fn go_on(&mut self, asked: Asked, line: Outgoing) {
        self.outgoing.push_front((Some(asked), line));
    }

    /// The requests without a reply, sent or not, the oldest first.
    pub fn open_requests(&self) -> impl Iterator<Item = &Asked> {
        self.open.iter().chain(self.outgoing.iter().filter_map(|(asked, _)| asked.as_ref()))
    }

    /// Returns the lines that may be sent now, in order, and counts them as sent.
    pub fn take_outgoing(&mut self) -> Vec<Outgoing> {
        let mut lines = Vec::new();
        while !self.in_dialogue {
            let Some((asked, line)) = self.outgoing.pop_front() else {
                break;
            };
            self.in_dialogue = asked.as_ref().is_some_and(Asked::is_step);
            self.open.extend(asked);
            lines.push(line);
        }
        lines
    }

    /// Returns true if there are lines that may be sent now.
    pub fn has_outgoing(&self) -> bool {
        !self.in_dialogue && !self.outgoing.is_empty()
    }

    /// Returns true if every request has its reply. Lines that get none do not count.
    pub fn is_idle(&self) -> bool {
        self.open_requests().next().is_none()
    }

    /// Returns true if a request that opens a chat has no reply yet.
    pub fn is_opening_chat(&self) -> bool {
        self.open_requests().any(Asked::leads_into_chat)
    }

    /// Returns true if one more request may be added.
    pub fn has_room(&self) -> bool {
        self.room() > 0
    }

    /// The number of requests that may be added before the next reply.
    pub fn room(&self) -> usize {
        OPEN_REQUESTS_MAX.saturating_sub(self.open.len() + self.outgoing.len())
    }

    /// Returns true if the next message belongs to a list.
    pub fn is_list_open(&self) -> bool {
        self.messages_left > 0
    }

    /// Classifies a line. The state changes only by the method that [`Classified`] names for it.
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

    /// Removes the oldest request, which has its reply; `None` if no request is open.
    pub fn answered(&mut self) -> Option<Asked> {
        self.messages_left = 0;
        let answered = self.open.pop_front();
        self.in_dialogue &= !answered.as_ref().is_some_and(Asked::is_step);
        answered
    }

    /// Notes that the list of `count` items begins that replies to `asked`.
    pub fn list_begun(&mut self, asked: &Asked, count: usize) {
        if asked.lists_messages() {
            self.messages_left = count;
        }
    }

    /// Counts a message of the current list.
    pub fn message_listed(&mut self) {
        self.messages_left = self.messages_left.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chatsrv::protocol::native::read::ServerLine;

    /// Classifies a line, and does what it changes.
    fn take<'a>(requests: &mut Requests, line: &'a str) -> Classified<'a> {
        let classified = requests.classify(ServerLine::parse(line).unwrap().read());
        if let Classified::Head(asked, count) = &classified {
            requests.list_begun(asked, *count);
        }
        classified
    }

    /// Returns true if a message that comes now is listed.
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
        assert_eq!(take(&mut requests, "149 NEW notice"), Classified::LaterNotice);
        assert_eq!(take(&mut requests, "250 WHO"), Classified::Misplaced);
        assert_eq!(take(&mut requests, "151 WHO x"), Classified::Misplaced);
    }
}
