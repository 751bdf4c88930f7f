//! What final replies say: one table of their words.

use super::notice::CallWords;
use super::words::{Words, readings};
use crate::chat::id::MessageId;
use crate::chat::name::{Number, UserName};
use crate::chat::sha256::Sha256Sum;
use crate::protocol::native::code::Code;
use crate::protocol::native::verb::Verb;

/// To what a line from the server belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// A request.
    Verb(Verb),
    /// A message.
    Message,
    /// Nothing that the client sent and the server knows.
    Nothing,
    /// A verb that this version does not know.
    Unknown,
}

impl About {
    pub(super) fn from_word(word: &str) -> Self {
        match word {
            "MSG" => About::Message,
            "-" => About::Nothing,
            word => Verb::from_word(word).map_or(About::Unknown, About::Verb),
        }
    }

    /// The verb, where it is one that this version knows.
    pub fn verb(self) -> Option<Verb> {
        match self {
            About::Verb(verb) => Some(verb),
            _ => None,
        }
    }
}

/// What came of a request, after the first digit of its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyFamily {
    /// It is done.
    Done,
    /// What is asked for is to be sent.
    GoOn,
    /// Not now; it may work later.
    NotNow,
    /// It will not work as it was sent.
    No,
}

/// A final reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FinalReply<'a> {
    /// What came of the request.
    pub family: ReplyFamily,
    /// The code; none where this version knows no such code, and goes by the family.
    pub code: Option<Code>,
    /// To what it belongs.
    pub about: About,
    /// What it says.
    pub words: ReplyWords<'a>,
    /// All of it behind the verb, as it came: where nothing is read from it, text for people.
    pub text: &'a str,
}

impl FinalReply<'_> {
    /// Whether the request is done.
    pub fn is_done(&self) -> bool {
        self.family == ReplyFamily::Done
    }

    /// Whether it has this code.
    pub fn has(&self, code: Code) -> bool {
        self.code == Some(code)
    }
}

readings! {
    /// The words of a final reply, by its code and to what it belongs. Names that only people read
    /// are as they came: a later server may allow others than this version.
    pub enum ReplyWords by (Option<Code>, About) {
        /// A password is awaited, or a new one.
        (Some(Code::SendPassword | Code::ChoosePassword), About::Verb(Verb::User)) => Name {
            /// Whose.
            name: &'a str = Words::word,
        };
        /// A login.
        (Some(Code::LoggedIn), _) => LoggedIn {
            /// Who.
            name: UserName = Words::parsed,
            /// With which contact number.
            number: Number = Words::parsed,
        };
        /// Try again later.
        (Some(Code::Busy), About::Verb(Verb::User | Verb::Resume | Verb::Passwd)) => RetryAfter {
            /// After how many seconds.
            seconds: u32 = Words::number,
        };
        /// A message that was taken.
        (Some(Code::Done | Code::DoneStored), About::Message) => Confirmed {
            /// Its id.
            id: MessageId = Words::id,
            /// To whom it went.
            to: &'a str = Words::word,
            /// To how many at once.
            delivered: u32 = Words::number,
            /// For how many it was kept.
            stored: u32 = Words::number,
        };
        /// A token, which logs in without the password.
        (Some(Code::Done), About::Verb(Verb::Token)) => Token {
            /// The token.
            token: TokenWord<'a> = TokenWord::read,
        };
        /// The end of the list of what is unread in a chat.
        (Some(Code::Done), About::Verb(Verb::Open)) => Opened {
            /// Which chat.
            chat: &'a str = Words::word,
            /// How many unread messages there are behind those that were listed.
            left: u64 = Words::number,
        };
        /// The end of a list of older messages.
        (Some(Code::Done), About::Verb(Verb::History)) => Chat {
            /// Of which chat.
            chat: &'a str = Words::word,
        };
        /// A chat is marked as read.
        (Some(Code::Done), About::Verb(Verb::Seen)) => Seen {
            /// Which chat.
            chat: &'a str = Words::word,
            /// Up to which message.
            id: MessageId = Words::id,
        };
        /// A download begins.
        (Some(Code::Done), About::Verb(Verb::Get)) => Download {
            /// Its stream.
            stream: u32 = Words::number,
            /// The size of the whole file in bytes.
            size: u64 = Words::number,
            /// The name of the file, or `@` and the id of its message.
            name: &'a str = Words::rest,
        };
        /// An upload begins.
        (Some(Code::Done), About::Verb(Verb::Put | Verb::Sendfile)) => Upload {
            /// Its stream.
            stream: u32 = Words::number,
            /// From which byte on it is awaited.
            offset: u64 = Words::number,
            /// The sum of what is there already, where that is told.
            sha256: Option<Sha256Sum> = Words::parsed_if_any,
        };
        /// A file's sum.
        (Some(Code::Done), About::Verb(Verb::Sum)) => Sum {
            /// The SHA-256 of its bytes.
            sha256: Sha256Sum = Words::parsed,
            /// Its size in bytes.
            size: u64 = Words::number,
            /// The name of the file.
            name: &'a str = Words::rest,
        };
        /// There is no such file.
        (Some(Code::NotFound), About::Verb(Verb::Get | Verb::Sum)) => NoFile {
            /// As it was named.
            name: &'a str = Words::rest,
        };
        /// The sum of an upload is noted.
        (Some(Code::Done), About::Verb(Verb::Expect)) => Stream {
            /// Of which stream.
            stream: u32 = Words::number,
        };
        /// A group was made.
        (Some(Code::Done), About::Verb(Verb::Mkgroup | Verb::Mkgroupreq)) => GroupMade {
            /// Its name.
            group: &'a str = Words::word,
            /// How many members it has.
            members: usize = Words::number,
        };
        /// Something was done in a group, or waits for its ops.
        (
            Some(Code::Done | Code::DoneWaiting),
            About::Verb(
                Verb::Join
                | Verb::Admit
                | Verb::Refuse
                | Verb::Leave
                | Verb::Keep
                | Verb::Op
                | Verb::Handover
                | Verb::Dissolve
                | Verb::Members,
            ),
        ) => Group {
            /// Its name.
            group: &'a str = Words::word,
        };
        /// Direct chats are taken.
        (Some(Code::Done), About::Verb(Verb::Up)) => Up {
            /// On which port.
            port: u16 = Words::number,
            /// How long the server waits to hear of who takes direct chats, in seconds, where it
            /// tells.
            period: Option<u64> = Words::number_if_any,
        };
        /// Direct chats are still taken.
        (Some(Code::Done), About::Verb(Verb::Alive)) => Port {
            /// On which port.
            port: u16 = Words::number,
        };
        /// Whom one calls directly.
        (Some(Code::Done), About::Verb(Verb::Call)) => Call {
            /// Who, and where.
            call: CallWords<'a> = CallWords::read,
        };
    }
}

/// A token as it came. It is not printed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TokenWord<'a>(&'a str);

impl<'a> TokenWord<'a> {
    /// The token itself.
    pub fn expose(self) -> &'a str {
        self.0
    }

    fn read(words: &mut Words<'a>) -> Option<Self> {
        words.rest().map(TokenWord)
    }
}

impl std::fmt::Debug for TokenWord<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("********")
    }
}
