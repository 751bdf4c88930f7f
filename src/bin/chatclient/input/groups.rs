//! Groups: what is asked of the server about them, and how its answers and notices read.

use std::fmt;

use chatsrv::chat::group::GroupChange;
use chatsrv::chat::name::{GroupName, UserName, UserRef};
use chatsrv::display::safe_text::{SafeText, safe};
use chatsrv::protocol::native::code::Code;
use chatsrv::protocol::native::read::{FinalReply, Notice, ReplyWords};
use chatsrv::protocol::native::verb::Verb;

/// What can be asked about groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupRequest {
    /// Make a group.
    Make {
        /// Under which name; none lets the server pick a number.
        name: Option<GroupName>,
        /// Of whom, beside the maker.
        users: Vec<UserRef>,
        /// Whether these are asked first.
        asks: bool,
    },
    /// Join a group, or ask to.
    Join(GroupName),
    /// As an op, let in a user who asked to join.
    Admit(GroupName, UserRef),
    /// As an op, don't.
    Refuse(GroupName, UserRef),
    /// Leave a group.
    Leave(GroupName),
    /// As an op, keep a group over logouts and restarts, or no longer.
    Keep(GroupName, bool),
    /// As an op, make a member an op, or no longer.
    Op(GroupName, UserRef, bool),
    /// Make a member the admin.
    Handover(GroupName, UserRef),
    /// As an administrator, end a group.
    Dissolve(GroupName),
    /// List one's own groups; quietly, where only the list of the chats and the completion want
    /// to know.
    Mine {
        /// Whether nothing is to be shown.
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

    /// The words behind the verb.
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

    /// What the person typed for it; none where the client asks by itself.
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

    /// What a yes of the server means.
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

    /// What is said of a list without items.
    pub fn nothing(&self) -> Option<&'static str> {
        match self {
            GroupRequest::Mine { quiet: false } => Some("you are in no group"),
            GroupRequest::All => Some("there are no groups"),
            _ => None,
        }
    }
}

/// Reads `#group user on` or `#group user off`.
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

/// What has happened to a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct News {
    kind: NewsKind,
    /// Which group.
    pub group: GroupName,
    user: UserName,
    /// Whether it is about the user of this client.
    own: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NewsKind {
    /// The user asks this one to join.
    Asks,
    /// The user wants to join.
    Wants,
    Joined,
    Left,
    Admin,
}

impl News {
    /// What a notice says of a group, where it does; `own` is the user of this client.
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

    /// Whether this user is no member any more.
    pub fn has_left(&self) -> bool {
        self.own && self.kind == NewsKind::Left
    }

    /// Whether this user is a member from now on.
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
