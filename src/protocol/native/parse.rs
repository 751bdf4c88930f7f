//! A command line to a command: the verb and its words, each checked once.

mod words;

use crate::chat::name::{Key, UserName};
use crate::chat::refusal::Refusal;
use crate::chat::request::{Kind, Request};
use crate::chat::text::Text;
use crate::protocol::native::verb::Verb;
use crate::protocol::native::{codes, steps};

/// What a `C` line asks for: a whole request, or a step towards one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Log in, or register; the password follows.
    User {
        /// Under which name.
        name: UserName,
        /// Whether a session of that user which already stands is to end.
        takeover: bool,
    },
    /// Change the password: the old one follows, then the new one.
    Passwd,
    /// Send a message to everyone, which follows.
    Pm,
    /// Send a message to a user, which follows.
    Dm,
    /// Give the next message an idempotency key.
    Key(Key),
    /// Be sent what came to the protocol later (true), or no longer.
    More(bool),
    /// List the verbs.
    Help,
    /// A whole request.
    Ask(Request),
}

/// Reads the text of a `C` line.
///
/// # Errors
/// What was asked for, as far as that can be told, and why it can't be carried out as it was sent.
pub fn parse_command(line: Text<'_>) -> Result<Command, (Kind, Refusal)> {
    let (word, rest) = line.split_word();
    let Some(verb) = Verb::from_word(word) else {
        let text = "unknown command, HELP lists what there is";
        return Err((Kind::Unknown, Refusal::BadWords(text)));
    };
    words::parse(verb, rest).map_err(|refusal| (kind(verb), refusal))
}

/// What kind of request a verb asks for.
pub fn kind(verb: Verb) -> Kind {
    match verb {
        Verb::User => Kind::Identify,
        Verb::Token => Kind::Token,
        Verb::Resume => Kind::Resume,
        Verb::Passwd => Kind::Step(steps::PASSWD),
        Verb::Pm => Kind::Step(steps::PM),
        Verb::Dm => Kind::Reachable,
        Verb::Key => Kind::Step(steps::KEY),
        Verb::More => Kind::Step(steps::MORE_ON),
        Verb::Help => Kind::Step(steps::HELP),
        Verb::Unread => Kind::Unread,
        Verb::Open => Kind::Open,
        Verb::History => Kind::History,
        Verb::Search => Kind::Search,
        Verb::Seen => Kind::Seen,
        Verb::Who => Kind::Who,
        Verb::Nick => Kind::Nick,
        Verb::Quiet => Kind::Quiet,
        Verb::Ls => Kind::Ls,
        Verb::Get => Kind::Get,
        Verb::Sum => Kind::Sum,
        Verb::Put => Kind::Put,
        Verb::Sendfile => Kind::Sendfile,
        Verb::Expect => Kind::Expect,
        Verb::Abort => Kind::Abort,
        Verb::Mkgroup => Kind::Mkgroup,
        Verb::Mkgroupreq => Kind::Mkgroupreq,
        Verb::Join => Kind::Join,
        Verb::Admit => Kind::Admit,
        Verb::Refuse => Kind::Refuse,
        Verb::Leave => Kind::Leave,
        Verb::Keep => Kind::Keep,
        Verb::Op => Kind::Op,
        Verb::Handover => Kind::Handover,
        Verb::Dissolve => Kind::Dissolve,
        Verb::Groups => Kind::Groups,
        Verb::Members => Kind::Members,
        Verb::Up => Kind::Up,
        Verb::Down => Kind::Down,
        Verb::Alive => Kind::Alive,
        Verb::Call => Kind::Call,
        Verb::Kick => Kind::Kick,
        Verb::Ban => Kind::Ban,
        Verb::Unban => Kind::Unban,
        Verb::Admin => Kind::Admin,
        Verb::Dump => Kind::Dump,
        Verb::Shutdown => Kind::Shutdown,
        Verb::Ex => Kind::Ex,
    }
}

impl Command {
    /// The verb that asks for it.
    pub fn verb(&self) -> Verb {
        match self {
            Command::User { .. } => Verb::User,
            Command::Passwd => Verb::Passwd,
            Command::Pm => Verb::Pm,
            Command::Dm => Verb::Dm,
            Command::Key(_) => Verb::Key,
            Command::More(_) => Verb::More,
            Command::Help => Verb::Help,
            // A request that no verb asks for comes of no command line.
            Command::Ask(request) => codes::verb(request.kind()).unwrap_or(Verb::Help),
        }
    }
}

#[cfg(test)]
mod tests;
