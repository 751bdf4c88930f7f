//! The final replies of the server, as a client reads them: one table of their words.

use super::notice::CallWords;
use super::words::{Words, readings};
use crate::chat::id::MessageId;
use crate::chat::name::{Number, UserName};
use crate::chat::registration::Registration;
use crate::chat::sha256::Sha256Sum;
use crate::chat::term::{TimeLeft, Until};
use crate::protocol::native::code::Code;
use crate::protocol::native::verb::Verb;

/// The subject of a line from the server, which is its second word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// A request.
    Verb(Verb),
    /// A message.
    Message,
    /// Nothing: the line belongs to no command or message.
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

    /// The verb, if this version knows it.
    pub fn verb(self) -> Option<Verb> {
        match self {
            About::Verb(verb) => Some(verb),
            _ => None,
        }
    }
}

/// The family of a reply: the first digit of its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyFamily {
    /// The request is done.
    Done,
    /// The next line of the dialogue is awaited.
    GoOn,
    /// The request failed; it may succeed later.
    NotNow,
    /// The request failed, and will fail as it was sent.
    No,
}

/// A final reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FinalReply<'a> {
    /// The family of the code.
    pub family: ReplyFamily,
    /// The code; none if this version does not know it, and goes by the family.
    pub code: Option<Code>,
    /// The subject.
    pub about: About,
    /// The words, parsed.
    pub words: ReplyWords<'a>,
    /// Everything behind the verb, as it came; text for people if no words are parsed from it.
    pub text: &'a str,
}

impl FinalReply<'_> {
    /// Returns true if the request is done.
    pub fn is_done(&self) -> bool {
        self.family == ReplyFamily::Done
    }

    /// Returns true if the reply has a code.
    pub fn has(&self, code: Code) -> bool {
        self.code == Some(code)
    }
}

readings! {
    /// The words of a final reply, by its code and its subject. Names that only people read are as
    /// they came: a later server may allow others than this version.
    pub enum ReplyWords by (Option<Code>, About) {
        /// A password is awaited, or a new one.
        (Some(Code::SendPassword | Code::ChoosePassword), About::Verb(Verb::User)) => Name {
            /// The name of the user.
            name: &'a str = Words::word,
        };
        /// The user is logged in.
        (Some(Code::LoggedIn), _) => LoggedIn {
            /// The name.
            name: UserName = Words::parsed,
            /// The contact number.
            number: Number = Words::parsed,
        };
        /// The request may be tried again later.
        (Some(Code::Busy), _) => RetryAfter {
            /// The time until then, in seconds.
            seconds: u32 = Words::number,
        };
        /// The request is not for this user, for a time or until something is done.
        (Some(Code::NotAllowed), _) => Restricted {
            /// What stands against it.
            by: Restriction = Restriction::read,
        };
        /// A message that was taken.
        (Some(Code::Done | Code::DoneStored), About::Message) => Confirmed {
            /// Its id.
            id: MessageId = Words::id,
            /// The destination.
            to: &'a str = Words::word,
            /// The number of connections to which it was delivered.
            delivered: u32 = Words::number,
            /// The number of users for whom it was kept.
            stored: u32 = Words::number,
        };
        /// A token, which logs in without the password.
        (Some(Code::Done), About::Verb(Verb::Token)) => Token {
            /// The token.
            token: TokenWord<'a> = TokenWord::read,
        };
        /// The end of a list of unread messages of a chat, or of those after one.
        (Some(Code::Done), About::Verb(Verb::Open | Verb::After)) => Opened {
            /// The chat.
            chat: &'a str = Words::word,
            /// The number of further messages.
            left: u64 = Words::number,
        };
        /// The end of a list of chats, or of accounts.
        (Some(Code::Done), About::Verb(Verb::Chats | Verb::Accounts)) => Left {
            /// The number of further ones.
            left: u64 = Words::number,
        };
        /// The end of a list of older messages.
        (Some(Code::Done), About::Verb(Verb::History)) => Chat {
            /// The chat.
            chat: &'a str = Words::word,
        };
        /// A chat is marked as read.
        (Some(Code::Done), About::Verb(Verb::Seen)) => Seen {
            /// The chat.
            chat: &'a str = Words::word,
            /// The newest message that is read.
            id: MessageId = Words::id,
        };
        /// The new password of another user.
        (Some(Code::Done), About::Verb(Verb::Setpasswd)) => PasswordSet {
            /// The password.
            password: TokenWord<'a> = TokenWord::read,
        };
        /// An account was made for somebody else.
        (Some(Code::Done), About::Verb(Verb::Adduser)) => AccountAdded {
            /// The name.
            name: &'a str = Words::word,
            /// The contact number.
            number: Number = Words::parsed,
            /// The password.
            password: TokenWord<'a> = TokenWord::read,
        };
        /// Who may make an account.
        (Some(Code::Done), About::Verb(Verb::Registration)) => Registration {
            /// The word for it.
            how: Registration = Words::parsed,
        };
        /// An invitation was made.
        (Some(Code::Done), About::Verb(Verb::Invite)) => Invited {
            /// The code.
            code: TokenWord<'a> = TokenWord::read_word,
            /// How many accounts it may make.
            uses: u32 = Words::number,
            /// The time until which it is good.
            until: Until = Words::parsed,
        };
        /// A user was reported.
        (Some(Code::Done), About::Verb(Verb::Report)) => ReportMade {
            /// The number of the report.
            number: u32 = Words::number,
        };
        /// A download begins.
        (Some(Code::Done), About::Verb(Verb::Get)) => Download {
            /// The number of its stream.
            stream: u32 = Words::number,
            /// The size of the whole file in bytes.
            size: u64 = Words::number,
            /// The name of the file, or `@` and the id of its message.
            name: &'a str = Words::rest,
        };
        /// An upload begins.
        (Some(Code::Done), About::Verb(Verb::Put | Verb::Sendfile)) => Upload {
            /// The number of its stream.
            stream: u32 = Words::number,
            /// The first byte that is awaited.
            offset: u64 = Words::number,
            /// The hash of the bytes that are there already, if the server sent it.
            sha256: Option<Sha256Sum> = Words::parsed_if_any,
        };
        /// The hash of a file.
        (Some(Code::Done), About::Verb(Verb::Sum)) => Sum {
            /// The SHA-256 hash of its bytes.
            sha256: Sha256Sum = Words::parsed,
            /// Its size in bytes.
            size: u64 = Words::number,
            /// The name of the file.
            name: &'a str = Words::rest,
        };
        /// There is no such file.
        (Some(Code::NotFound), About::Verb(Verb::Get | Verb::Sum | Verb::Rm)) => NoFile {
            /// The name as it was given.
            name: &'a str = Words::rest,
        };
        /// The expected hash of an upload is set.
        (Some(Code::Done), About::Verb(Verb::Expect)) => Stream {
            /// The number of its stream.
            stream: u32 = Words::number,
        };
        /// A group was made.
        (
            Some(Code::Done),
            About::Verb(Verb::Mkgroup | Verb::Mkgroupreq | Verb::Mkpublic),
        ) => GroupMade {
            /// The name.
            group: &'a str = Words::word,
            /// The number of its members.
            members: usize = Words::number,
        };
        /// A request about a group was carried out, or waits for the group's ops.
        (
            Some(Code::Done | Code::DoneWaiting),
            About::Verb(
                Verb::Join
                | Verb::Ask
                | Verb::Decline
                | Verb::Expel
                | Verb::Shutout
                | Verb::Topic
                | Verb::Public
                | Verb::Opentopic
                | Verb::Info
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
            /// The name.
            group: &'a str = Words::word,
        };
        /// The user takes direct chats.
        (Some(Code::Done), About::Verb(Verb::Up)) => Up {
            /// The port.
            port: u16 = Words::number,
            /// The longest time between two signs of life that the server wants, in seconds, if the
            /// server sent it.
            period: Option<u64> = Words::number_if_any,
        };
        /// The user still takes direct chats.
        (Some(Code::Done), About::Verb(Verb::Alive)) => Port {
            /// The port.
            port: u16 = Words::number,
        };
        /// A user whom the caller may connect to directly.
        (Some(Code::Done), About::Verb(Verb::Call)) => Call {
            /// The user, the address and the ticket.
            call: CallWords<'a> = CallWords::read,
        };
    }
}

/// What keeps a user from a request that others may make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restriction {
    /// The user is muted.
    Muted(TimeLeft),
    /// The account is too young, for so many seconds.
    Young(u32),
    /// The server is locked down.
    Lockdown,
    /// The password has to be changed first.
    Reset,
}

impl Restriction {
    fn read(words: &mut Words<'_>) -> Option<Self> {
        Some(match words.word()? {
            "muted" => Restriction::Muted(words.parsed()?),
            "young" => Restriction::Young(words.number()?),
            "lockdown" => Restriction::Lockdown,
            "reset" => Restriction::Reset,
            _ => return None,
        })
    }
}

/// A secret, which is never printed: a token, a password or a code.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TokenWord<'a>(&'a str);

impl<'a> TokenWord<'a> {
    /// The text of the token.
    pub fn expose(self) -> &'a str {
        self.0
    }

    fn read(words: &mut Words<'a>) -> Option<Self> {
        words.rest().map(TokenWord)
    }

    fn read_word(words: &mut Words<'a>) -> Option<Self> {
        words.word().map(TokenWord)
    }
}

impl std::fmt::Debug for TokenWord<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("********")
    }
}
