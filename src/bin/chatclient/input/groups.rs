//! Requests about groups: parsed from what was typed, encoded, and the texts for their replies.

use std::fmt;

use chatsrv::chat::group::{GroupSetting, GroupStart};
use chatsrv::chat::name::{GroupName, UserRef};
use chatsrv::chat::text::{Reason, Topic};
use chatsrv::display::safe_text::{SafeText, safe};
use chatsrv::protocol::native::code::Code;
use chatsrv::protocol::native::read::{FinalReply, ReplyWords};
use chatsrv::protocol::native::verb::Verb;

/// A request about groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupRequest {
    /// Create a group.
    Make {
        /// Its name; `None` for a number that the server chooses.
        name: Option<GroupName>,
        /// The users who are made members or asked to join.
        users: Vec<UserRef>,
        /// How it begins.
        start: GroupStart,
    },
    /// Join a group, or ask to.
    Join(GroupName),
    /// Decline the invitation to a group.
    Decline(GroupName),
    /// Leave a group, perhaps for a reason.
    Leave(GroupName, Option<Reason>),
    /// A request about one user.
    About(GroupName, UserRef, UserRequest),
    /// As an op, switch a setting on or off.
    Set(GroupName, GroupSetting, bool),
    /// Set the topic, or take it away.
    Topic(GroupName, Option<Topic>),
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
    /// List the public groups.
    Public,
    /// List the members of a group; if `all` is true, with all that is known of them.
    Members(GroupName, bool),
    /// List what is known of a group.
    Info(GroupName),
    /// List the users who may not come into a group.
    ShutOut(GroupName),
}

/// A request about one user of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserRequest {
    /// Ask the user to join.
    Ask,
    /// As an op, admit the user, who asks to join.
    Admit,
    /// As an op, refuse the user, who asks to join; if `ever` is true, for ever.
    Refuse {
        /// True to shut the user out.
        ever: bool,
    },
    /// As an op, remove the user from the members.
    Expel {
        /// True to shut the user out.
        ever: bool,
        /// The reason.
        reason: Option<Reason>,
    },
    /// As an op, make the member an op, or take that role away.
    Op(bool),
    /// Make the member the admin.
    Handover,
}

impl GroupRequest {
    /// The verb of the request.
    pub fn verb(&self) -> Verb {
        match self {
            GroupRequest::Make { start: GroupStart::Adds, .. } => Verb::Mkgroup,
            GroupRequest::Make { start: GroupStart::Asks, .. } => Verb::Mkgroupreq,
            GroupRequest::Make { start: GroupStart::Public, .. } => Verb::Mkpublic,
            GroupRequest::Join(_) => Verb::Join,
            GroupRequest::Decline(_) => Verb::Decline,
            GroupRequest::Leave(..) => Verb::Leave,
            GroupRequest::About(_, _, request) => request.verb(),
            GroupRequest::Set(_, GroupSetting::Kept, _) => Verb::Keep,
            GroupRequest::Set(_, GroupSetting::Public, _) => Verb::Public,
            GroupRequest::Set(_, GroupSetting::OpenTopic, _) => Verb::Opentopic,
            GroupRequest::Topic(..) => Verb::Topic,
            GroupRequest::Dissolve(_) => Verb::Dissolve,
            GroupRequest::Mine { .. } | GroupRequest::All | GroupRequest::Public => Verb::Groups,
            GroupRequest::Members(..) => Verb::Members,
            GroupRequest::Info(_) => Verb::Info,
            GroupRequest::ShutOut(_) => Verb::Shutout,
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
            GroupRequest::Leave(group, Some(reason)) => format!("{group} {}", reason.as_str()),
            GroupRequest::About(group, user, request) => {
                format!("{group} {user}{}", request.rest())
            }
            GroupRequest::Set(group, _, on) => format!("{group} {}", on_or_off(*on)),
            GroupRequest::Topic(group, Some(topic)) => format!("{group} {}", topic.as_str()),
            GroupRequest::Members(group, true) => format!("{group} ALL"),
            GroupRequest::Join(group)
            | GroupRequest::Decline(group)
            | GroupRequest::Leave(group, None)
            | GroupRequest::Topic(group, None)
            | GroupRequest::Dissolve(group)
            | GroupRequest::Members(group, false)
            | GroupRequest::Info(group)
            | GroupRequest::ShutOut(group) => group.to_string(),
            GroupRequest::Mine { .. } => String::new(),
            GroupRequest::All => "ALL".to_string(),
            GroupRequest::Public => "PUBLIC".to_string(),
        }
    }

    /// Returns true if the request changes a group that there is.
    pub fn changes(&self, group: GroupName) -> bool {
        match self {
            GroupRequest::About(of, ..)
            | GroupRequest::Set(of, ..)
            | GroupRequest::Topic(of, _)
            | GroupRequest::Dissolve(of) => *of == group,
            _ => false,
        }
    }

    /// The command that the user typed for it; `None` if the client sends it by itself.
    pub fn typed_as(&self) -> Option<&'static str> {
        Some(match self {
            GroupRequest::Mine { quiet: true } => return None,
            GroupRequest::Mine { quiet: false } => "/activegroups",
            GroupRequest::All => "/activeallgroups",
            GroupRequest::Public => "/publicgroups",
            GroupRequest::Make { start: GroupStart::Adds, .. } => "/makegroup",
            GroupRequest::Make { start: GroupStart::Asks, .. } => "/makegroupreq",
            GroupRequest::Make { start: GroupStart::Public, .. } => "/makepublic",
            GroupRequest::Join(_) => "/joingroup",
            GroupRequest::Decline(_) => "/decline",
            GroupRequest::Leave(..) => "/leavegroup",
            GroupRequest::About(_, _, UserRequest::Ask) => "/ask",
            GroupRequest::About(_, _, UserRequest::Admit) => "/admit",
            GroupRequest::About(_, _, UserRequest::Refuse { .. }) => "/refuse",
            GroupRequest::About(_, _, UserRequest::Expel { .. }) => "/expel",
            GroupRequest::About(_, _, UserRequest::Op(_)) => "/op",
            GroupRequest::About(_, _, UserRequest::Handover) => "/handover",
            GroupRequest::Set(_, GroupSetting::Kept, _) => "/keep",
            GroupRequest::Set(_, GroupSetting::Public, _) => "/public",
            GroupRequest::Set(_, GroupSetting::OpenTopic, _) => "/opentopic",
            GroupRequest::Topic(..) => "/topic",
            GroupRequest::Dissolve(_) => "/dissolve",
            GroupRequest::Members(..) => "/members",
            GroupRequest::Info(_) => "/info",
            GroupRequest::ShutOut(_) => "/shutout",
        })
    }

    /// The text to show after success; `None` for lists.
    pub fn done(&self, reply: &FinalReply<'_>) -> Option<SafeText> {
        Some(match self {
            GroupRequest::Make { users, start, .. } => made(users, *start, reply),
            GroupRequest::Join(group) if reply.has(Code::DoneWaiting) => {
                safe!("the ops of {group} are asked; you are told when you are let in")
            }
            GroupRequest::Join(group) => {
                safe!("you are a member of {group}; /open {group} writes to it")
            }
            GroupRequest::Decline(group) => safe!("you do not join {group}"),
            GroupRequest::Leave(group, _) => safe!("you have left {group}"),
            GroupRequest::About(group, user, request) => request.done(group, user),
            GroupRequest::Set(group, setting, on) => SafeText::new(set(group, *setting, *on)),
            GroupRequest::Topic(group, Some(_)) => safe!("{group} has that topic now"),
            GroupRequest::Topic(group, None) => safe!("{group} has no topic any more"),
            GroupRequest::Dissolve(group) => safe!("{group} has ended"),
            GroupRequest::Mine { .. }
            | GroupRequest::All
            | GroupRequest::Public
            | GroupRequest::Members(..)
            | GroupRequest::Info(_)
            | GroupRequest::ShutOut(_) => return None,
        })
    }

    /// The text to show for an empty list.
    pub fn nothing(&self) -> Option<&'static str> {
        match self {
            GroupRequest::Mine { quiet: false } => Some("you are in no group"),
            GroupRequest::All => Some("there are no groups"),
            GroupRequest::Public => Some("there are no public groups"),
            GroupRequest::ShutOut(_) => Some("nobody is shut out"),
            _ => None,
        }
    }
}

impl UserRequest {
    fn verb(&self) -> Verb {
        match self {
            UserRequest::Ask => Verb::Ask,
            UserRequest::Admit => Verb::Admit,
            UserRequest::Refuse { .. } => Verb::Refuse,
            UserRequest::Expel { .. } => Verb::Expel,
            UserRequest::Op(_) => Verb::Op,
            UserRequest::Handover => Verb::Handover,
        }
    }

    /// The arguments behind the user, each with a space before it.
    fn rest(&self) -> String {
        match self {
            UserRequest::Ask | UserRequest::Admit | UserRequest::Handover => String::new(),
            UserRequest::Op(on) => format!(" {}", on_or_off(*on)),
            UserRequest::Refuse { ever } => if *ever { " EVER" } else { "" }.to_string(),
            UserRequest::Expel { ever, reason } => {
                let ever = if *ever { " EVER" } else { "" };
                match reason {
                    Some(reason) => format!("{ever} {}", reason.as_str()),
                    None => ever.to_string(),
                }
            }
        }
    }

    fn done(&self, group: &GroupName, user: &UserRef) -> SafeText {
        match self {
            UserRequest::Ask => safe!("{user} is asked to join {group}"),
            UserRequest::Admit => safe!("{user} is let into {group}"),
            UserRequest::Refuse { ever: false } => safe!("{user} is not let into {group}"),
            UserRequest::Refuse { ever: true } => safe!("{user} is shut out of {group}"),
            UserRequest::Expel { ever: false, .. } => safe!("{user} is no member of {group}"),
            UserRequest::Expel { ever: true, .. } => {
                safe!("{user} is no member of {group}, and shut out")
            }
            UserRequest::Op(true) => safe!("{user} is an op of {group}"),
            UserRequest::Op(false) => safe!("{user} is no op of {group}"),
            UserRequest::Handover => safe!("{user} is the admin of {group}"),
        }
    }
}

fn made(users: &[UserRef], start: GroupStart, reply: &FinalReply<'_>) -> SafeText {
    let ReplyWords::GroupMade { group, members } = reply.words else {
        return SafeText::new(reply.text);
    };
    match start {
        GroupStart::Adds => {
            safe!("{group} is there, members: {members}; /open {group} writes to it")
        }
        GroupStart::Asks => {
            let asked: Vec<_> = users.iter().map(ToString::to_string).collect();
            safe!("{group} is there; asked to join: {}", asked.join(", "))
        }
        GroupStart::Public => {
            safe!("{group} is there, and everybody may join; /open {group} writes to it")
        }
    }
}

/// Says what a setting of a group means now.
pub fn set(group: impl fmt::Display, setting: GroupSetting, on: bool) -> String {
    match (setting, on) {
        (GroupSetting::Kept, true) => format!("{group} and its members are kept"),
        (GroupSetting::Kept, false) => format!("{group} is not kept any more"),
        (GroupSetting::Public, true) => format!("everybody may join {group} now"),
        (GroupSetting::Public, false) => format!("who wants to join {group} has to ask now"),
        (GroupSetting::OpenTopic, true) => format!("members may set the topic of {group} now"),
        (GroupSetting::OpenTopic, false) => format!("only ops may set the topic of {group} now"),
    }
}

fn on_or_off(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}
