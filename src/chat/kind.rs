//! The kinds of [requests](crate::chat::request).

use crate::chat::access::DialogueStep;
use crate::chat::group::{GroupSetting, GroupStart};

/// The kind of a request, by which access is decided, and to which an answer belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A request that the codec does not know.
    Unknown,
    /// The connection itself, which is greeted.
    Connect,
    /// `Request::Identify`.
    Identify,
    /// `Request::LogIn` and `Request::Register`.
    LogIn,
    /// `Request::Resume`.
    Resume,
    /// `Request::Token`.
    Token,
    /// `Request::EndToken`.
    EndToken,
    /// `Request::Sessions`.
    Sessions,
    /// `Request::EndSession`.
    EndSession,
    /// `Request::ConfirmPassword`.
    ConfirmPassword,
    /// `Request::SetPassword`.
    SetPassword,
    /// `Request::Step`.
    Step(DialogueStep),
    /// `Request::Say`.
    Say,
    /// `Request::Reachable`.
    Reachable,
    /// `Request::Unread`.
    Unread,
    /// `Request::Chats`.
    Chats,
    /// `Request::OpenUnread` and `Request::OpenLast`.
    Open,
    /// `Request::History`.
    History,
    /// `Request::After`.
    After,
    /// `Request::Search`.
    Search,
    /// `Request::Seen`.
    Seen,
    /// `Request::Delete`.
    Delete,
    /// `Request::Who`.
    Who,
    /// `Request::Nick`.
    Nick,
    /// `Request::Quiet`.
    Quiet,
    /// `Request::Away`.
    Away,
    /// `Request::Monitor`.
    Monitor,
    /// `Request::Whois`.
    Whois,
    /// `Request::Ignore`.
    Ignore,
    /// `Request::Ignored`.
    Ignored,
    /// `Request::AskFirst`.
    AskFirst,
    /// `Request::Report`.
    Report,
    /// `Request::Motd`.
    Motd,
    /// `Request::Export`.
    Export,
    /// `Request::Unregister`.
    Unregister,
    /// `Request::Ls`.
    Ls,
    /// `Request::Get`.
    Get,
    /// `Request::Sum`.
    Sum,
    /// `Request::Put`.
    Put,
    /// `Request::RemoveFile`.
    RemoveFile,
    /// `Request::Sendfile`.
    Sendfile,
    /// `Request::Expect`.
    Expect,
    /// `Request::Abort`.
    Abort,
    /// `Request::Mkgroup` of all users who are named.
    Mkgroup,
    /// `Request::Mkgroup` that asks the users who are named.
    Mkgroupreq,
    /// `Request::Mkgroup` of a public group.
    Mkpublic,
    /// `Request::Join`.
    Join,
    /// `Request::Ask`.
    Ask,
    /// `Request::Decline`.
    Decline,
    /// `Request::Admit`.
    Admit,
    /// `Request::Refuse`.
    Refuse,
    /// `Request::Expel`.
    Expel,
    /// `Request::ShutOut`.
    ShutOut,
    /// `Request::Leave`.
    Leave,
    /// `Request::Set`.
    Set(GroupSetting),
    /// `Request::Topic`.
    Topic,
    /// `Request::Op`.
    Op,
    /// `Request::Handover`.
    Handover,
    /// `Request::Dissolve`.
    Dissolve,
    /// `Request::Groups`.
    Groups,
    /// `Request::Members`.
    Members,
    /// `Request::Info`.
    Info,
    /// `Request::Up`.
    Up,
    /// `Request::Down`.
    Down,
    /// `Request::Alive`.
    Alive,
    /// `Request::Call`.
    Call,
    /// `Moderation::Kick`.
    Kick,
    /// `Moderation::LogOut`.
    LogOut,
    /// `Moderation::Ban`.
    Ban,
    /// `Moderation::Unban`.
    Unban,
    /// `Moderation::BanNetwork`.
    BanNetwork,
    /// `Moderation::UnbanNetwork`.
    UnbanNetwork,
    /// `Moderation::Bans`.
    Bans,
    /// `Moderation::Mute`.
    Mute,
    /// `Moderation::ResetPassword`.
    ResetPassword,
    /// `Moderation::AddUser`.
    AddUser,
    /// `Moderation::Accounts`.
    Accounts,
    /// `Moderation::Remove`.
    Remove,
    /// `Moderation::Reports`.
    Reports,
    /// `Moderation::Resolve`.
    Resolve,
    /// `Moderation::Registration`.
    Registration,
    /// `Moderation::Invite`.
    Invite,
    /// `Moderation::Invites`.
    Invites,
    /// `Moderation::Uninvite`.
    Uninvite,
    /// `Moderation::Lockdown`.
    Lockdown,
    /// `Moderation::Audit`.
    Audit,
    /// `Moderation::Admin`.
    Admin,
    /// `Moderation::Dump`.
    Dump,
    /// `Moderation::Shutdown`.
    Shutdown,
    /// `Request::Ex`.
    Ex,
}

impl Kind {
    /// The kind of a request that makes a group.
    pub fn of_start(start: GroupStart) -> Self {
        match start {
            GroupStart::Adds => Kind::Mkgroup,
            GroupStart::Asks => Kind::Mkgroupreq,
            GroupStart::Public => Kind::Mkpublic,
        }
    }
}
