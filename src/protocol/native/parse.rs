//! The parser of command lines: the verb and its words, each checked once.

mod groups;
mod pieces;
mod words;

use crate::chat::group::GroupSetting;
use crate::chat::kind::Kind;
use crate::chat::refusal::Refusal;
use crate::chat::text::Text;
use crate::protocol::native::command::Command;
use crate::protocol::native::steps;
use crate::protocol::native::verb::Verb;

/// Parses the text of a `C` line.
///
/// # Errors
/// The kind of the request, as far as that can be told, and its refusal.
pub fn parse_command(line: Text<'_>) -> Result<Command, (Kind, Refusal)> {
    let (word, rest) = line.split_word();
    let Some(verb) = Verb::from_word(word) else {
        let text = "unknown command, HELP lists what there is";
        return Err((Kind::Unknown, Refusal::BadWords(text)));
    };
    words::parse(verb, rest).map_err(|refusal| (kind(verb), refusal))
}

/// The kind of request that a verb makes.
pub fn kind(verb: Verb) -> Kind {
    match verb {
        Verb::User => Kind::Identify,
        Verb::Token => Kind::Token,
        Verb::Resume => Kind::Resume,
        Verb::Sessions => Kind::Sessions,
        Verb::Endsession => Kind::EndSession,
        Verb::Passwd => Kind::Step(steps::PASSWD),
        Verb::Pm => Kind::Step(steps::PM),
        Verb::Dm => Kind::Reachable,
        Verb::Key => Kind::Step(steps::KEY),
        Verb::More => Kind::Step(steps::MORE_ON),
        Verb::Help => Kind::Step(steps::HELP),
        Verb::Unread => Kind::Unread,
        Verb::Chats => Kind::Chats,
        Verb::Open => Kind::Open,
        Verb::History => Kind::History,
        Verb::After => Kind::After,
        Verb::Search => Kind::Search,
        Verb::Seen => Kind::Seen,
        Verb::Delete => Kind::Delete,
        Verb::Who => Kind::Who,
        Verb::Nick => Kind::Nick,
        Verb::Quiet => Kind::Quiet,
        Verb::Away => Kind::Away,
        Verb::Monitor => Kind::Monitor,
        Verb::Whois => Kind::Whois,
        Verb::Ls => Kind::Ls,
        Verb::Get => Kind::Get,
        Verb::Sum => Kind::Sum,
        Verb::Put => Kind::Put,
        Verb::Sendfile => Kind::Sendfile,
        Verb::Expect => Kind::Expect,
        Verb::Abort => Kind::Abort,
        Verb::Mkgroup => Kind::Mkgroup,
        Verb::Mkgroupreq => Kind::Mkgroupreq,
        Verb::Mkpublic => Kind::Mkpublic,
        Verb::Join => Kind::Join,
        Verb::Ask => Kind::Ask,
        Verb::Decline => Kind::Decline,
        Verb::Admit => Kind::Admit,
        Verb::Refuse => Kind::Refuse,
        Verb::Expel => Kind::Expel,
        Verb::Shutout => Kind::ShutOut,
        Verb::Leave => Kind::Leave,
        Verb::Topic => Kind::Topic,
        Verb::Opentopic => Kind::Set(GroupSetting::OpenTopic),
        Verb::Public => Kind::Set(GroupSetting::Public),
        Verb::Keep => Kind::Set(GroupSetting::Kept),
        Verb::Op => Kind::Op,
        Verb::Handover => Kind::Handover,
        Verb::Dissolve => Kind::Dissolve,
        Verb::Groups => Kind::Groups,
        Verb::Members => Kind::Members,
        Verb::Info => Kind::Info,
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

#[cfg(test)]
mod tests;
