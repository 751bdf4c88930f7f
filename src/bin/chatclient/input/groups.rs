//! Requests about groups, and the texts for their replies and for notices.

use std::fmt;

use chatsrv::chat::group::GroupChange;
use chatsrv::chat::name::{GroupName, UserName, UserRef};
use chatsrv::display::safe_text::{SafeText, safe};
use chatsrv::protocol::native::code::Code;
use chatsrv::protocol::native::read::{FinalReply, Notice, ReplyWords};
use chatsrv::protocol::native::verb::Verb;

/// A request about groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupRequest {
    /// Create a group.
    Make {
        /// Its name; `None` for a number that the server chooses.
        name: Option<GroupName>,
        /// The members, besides the user who creates it.
        users: Vec<UserRef>,
        /// True if they are asked to join, instead of being made members.
        asks: bool,
    },
    /// Join a group, or ask to.
    Join(GroupName),
    /// As an op, admit a user who asks to join.
    Admit(GroupName, UserRef),
    /// As an op, refuse a user who asks to join.
    Refuse(GroupName, UserRef),
    /// Leave a group.
    Leave(GroupName),
    /// As an op, let a group outlive logouts and restarts, or no longer.
    Keep(GroupName, bool),
    /// As an op, make a member an op, or take that role away.
    Op(GroupName, UserRef, bool),
    /// Make a member the admin.
    Handover(GroupName, UserRef),
    /// As an administrator, end a group.
    Dissolve(GroupName),
    /// List the groups of this user; quietly, if it is only for the list of chats and the
    /// completion.
    Mine {
        /// True if the reply is not shown.
        quiet: bool,
    },
    /// List all groups.
    All,
    /// List the members of a group.
    Members(GroupName),
}

impl GroupRequest {
    /// The verb of the request.
    pub fn verb(&self) -> Verb {
        match self {
            GroupRequest::Make { asks: false, .. } => Verb::Mkgroup,
            GroupRequest::Make { asks: true, .. } => Verb::Mkgroupreq,
            GroupRequest::Join(_) => Verb::Join,
            GroupRequest::Admit(..) => Verb::Admit,
            GroupRequest::Refuse(..) => Verb::Refuse,
            GroupRequest::Leave(_) => Verb::Leave,
            GroupRequest::Keep(..) => Verb::Keep,
            GroupRequest::Op(..) => Verb::Op,
            GroupRequest::Handover(..) => Verb::Handover,
            GroupRequest::Dissolve(_) => Verb::Dissolve,
            GroupRequest::Mine { .. } | GroupRequest::All => Verb::Groups,
            GroupRequest::Members(_) => Verb::Members,
        }
    }

    /// The arguments of the request.
    pub fn words(&self) -> String {
        match self {
            GroupRequest::Make { name, users, .. } => {
                let name = name.iter().map(ToString::to_string);
                let words: Vec<_> = name.chain(users.iter().map(ToString::to_string)).collect();
                words.join(" ")
            }
            GroupRequest::Admit(group, user)
            | GroupRequest::Refuse(group, user)
            | GroupRequest::Handover(group, user) => format!("{group} {user}"),
            GroupRequest::Op(group, user, on) => {
                format!("{group} {user} {}", if *on { "on" } else { "off" })
            }
            GroupRequest::Keep(group, on) => {
                format!("{group} {}", if *on { "on" } else { "off" })
            }
            GroupRequest::Join(group)
            | GroupRequest::Leave(group)
            | GroupRequest::Dissolve(group)
            | GroupRequest::Members(group) => group.to_string(),
            GroupRequest::Mine { .. } => String::new(),
            GroupRequest::All => "ALL".to_string(),
        }
    }

    /// The command that the user typed for it; `None` if the client sends it by itself.
    pub fn typed_as(&self) -> Option<&'static str> {
        match self {
            GroupRequest::Make { asks: false, .. } => Some("/makegroup"),
            GroupRequest::Make { asks: true, .. } => Some("/makegroupreq"),
            GroupRequest::Join(_) => Some("/joingroup"),
            GroupRequest::Admit(..) => Some("/admit"),
            GroupRequest::Refuse(..) => Some("/refuse"),
            GroupRequest::Leave(_) => Some("/leavegroup"),
            GroupRequest::Keep(..) => Some("/keep"),
            GroupRequest::Op(..) => Some("/op"),
            GroupRequest::Handover(..) => Some("/handover"),
            GroupRequest::Dissolve(_) => Some("/dissolve"),
            GroupRequest::Mine { quiet: false } => Some("/activegroups"),
            GroupRequest::Mine { quiet: true } => None,
            GroupRequest::All => Some("/activeallgroups"),
            GroupRequest::Members(_) => Some("/members"),
        }
    }

    /// The text to show after success; `None` for lists.
    pub fn done(&self, reply: &FinalReply<'_>) -> Option<SafeText> {
        Some(match self {
            GroupRequest::Make { users, asks, .. } => match reply.words {
                ReplyWords::GroupMade { group, members } if !asks => {
                    safe!("{group} is there, members: {members}; /open {group} writes to it")
                }
                ReplyWords::GroupMade { group, .. } => {
                    let asked: Vec<_> = users.iter().map(ToString::to_string).collect();
                    safe!("{group} is there; asked to join: {}", asked.join(", "))
                }
                _ => SafeText::new(reply.text),
            },
            GroupRequest::Join(group) if reply.has(Code::DoneWaiting) => {
                safe!("the ops of {group} are asked; you are told when you are let in")
            }
            GroupRequest::Join(group) => {
                safe!("you are a member of {group}; /open {group} writes to it")
            }
            GroupRequest::Admit(group, user) => safe!("{user} is let into {group}"),
            GroupRequest::Refuse(group, user) => safe!("{user} is not let into {group}"),
            GroupRequest::Leave(group) => safe!("you have left {group}"),
            GroupRequest::Keep(group, true) => safe!("{group} and its members are kept"),
            GroupRequest::Keep(group, false) => safe!("{group} is not kept any more"),
            GroupRequest::Op(group, user, true) => safe!("{user} is an op of {group}"),
            GroupRequest::Op(group, user, false) => safe!("{user} is no op of {group}"),
            GroupRequest::Handover(group, user) => safe!("{user} is the admin of {group}"),
            GroupRequest::Dissolve(group) => safe!("{group} has ended"),
            GroupRequest::Mine { .. } | GroupRequest::All | GroupRequest::Members(_) => {
                return None;
            }
        })
    }

    /// The text to show for an empty list.
    pub fn nothing(&self) -> Option<&'static str> {
        match self {
            GroupRequest::Mine { quiet: false } => Some("you are in no group"),
            GroupRequest::All => Some("there are no groups"),
            _ => None,
        }
    }
}

/// Parses `#group user on` or `#group user off`.
pub fn op(words: &str) -> Option<GroupRequest> {
    let mut words = words.split_whitespace();
    let (group, user) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let on = match words.next()? {
        word if word.eq_ignore_ascii_case("on") => true,
        word if word.eq_ignore_ascii_case("off") => false,
        _ => return None,
    };
    words.next().is_none().then_some(GroupRequest::Op(group, user, on))
}

/// A change of a group, or a request to join, from a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct News {
    kind: NewsKind,
    /// The group.
    pub group: GroupName,
    user: UserName,
    /// True if it is about the user of this client.
    own: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NewsKind {
    /// The user asks the user of this client to join.
    Asks,
    /// The user asks to join.
    Wants,
    Joined,
    Left,
    Admin,
}

impl News {
    /// Creates the news from a notice, if it is about a group; `own` is the user of this client.
    pub fn of(notice: &Notice<'_>, own: Option<UserName>) -> Option<Self> {
        let (kind, group, user) = match *notice {
            Notice::Asks { group, user } => (NewsKind::Asks, group, user),
            Notice::WantsIn { group, user } => (NewsKind::Wants, group, user),
            Notice::Group { group, change, user } => match change {
                GroupChange::Join => (NewsKind::Joined, group, user),
                GroupChange::Leave => (NewsKind::Left, group, user),
                GroupChange::Admin => (NewsKind::Admin, group, user),
            },
            _ => return None,
        };
        Some(News { kind, group, user, own: own == Some(user) })
    }

    /// Returns true if the user of this client is no member any more.
    pub fn has_left(&self) -> bool {
        self.own && self.kind == NewsKind::Left
    }

    /// Returns true if the user of this client has become a member.
    pub fn has_joined(&self) -> bool {
        self.own && self.kind == NewsKind::Joined
    }
}

impl fmt::Display for News {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let News { kind, group, user, own } = self;
        match (kind, own) {
            (NewsKind::Asks, _) => write!(f, "{user} asks you to join {group}; /joingroup {group}"),
            (NewsKind::Wants, _) => {
                write!(f, "{user} wants to join {group}; /admit {group} {user}")
            }
            (NewsKind::Joined, true) => write!(f, "you are a member of {group} now"),
            (NewsKind::Joined, false) => write!(f, "{user} joined {group}"),
            (NewsKind::Left, true) => write!(f, "you are no member of {group} any more"),
            (NewsKind::Left, false) => write!(f, "{user} left {group}"),
            (NewsKind::Admin, true) => write!(f, "you are now the admin of {group}"),
            (NewsKind::Admin, false) => write!(f, "{user} is now the admin of {group}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chatsrv::protocol::native::read::{Reading, ServerLine};

    fn say(line: &str) -> Option<String> {
        let Reading::Notice(notice) = ServerLine::parse(line).unwrap().read() else { return None };
        News::of(&notice, "alice".parse().ok()).map(|news| news.to_string())
    }

    #[test]
    fn notices_read_as_plain_words() {
        let said = [
            ("122 ASK #ops bob", "bob asks you to join #ops; /joingroup #ops"),
            ("123 JOIN #ops carol", "carol wants to join #ops; /admit #ops carol"),
            ("128 GROUP #ops join bob", "bob joined #ops"),
            ("128 GROUP #ops join Alice", "you are a member of #ops now"),
            ("128 GROUP #ops leave bob", "bob left #ops"),
            ("128 GROUP #ops admin alice", "you are now the admin of #ops"),
        ];
        for (line, text) in said {
            assert_eq!(say(line).as_deref(), Some(text));
        }
        for line in ["128 GROUP #ops", "128 GROUP #ops eat bob", "122 ASK ops bob", "127 ABORT 1 x"]
        {
            assert_eq!(say(line), None, "{line}");
        }
    }

    #[test]
    fn what_makes_an_op_is_read() {
        let words = |typed| op(typed).map(|request| request.words());
        assert_eq!(words(" #team  bob ON ").as_deref(), Some("#team bob on"));
        assert_eq!(words("#team 10417 off").as_deref(), Some("#team 10417 off"));
        for wrong in ["#team bob", "#team bob maybe", "team bob on", "#team bob on now", ""] {
            assert_eq!(words(wrong), None, "{wrong}");
        }
    }
}
