//! The codes and texts of answers: one table, from which the server writes and the client reads.

use super::closing::ClosingReason;
use super::code::Code;
use super::kinds;
use super::steps;
use crate::chat::event::AbortReason;
use crate::chat::kind::Kind;
use crate::chat::refusal::{Failure, Refusal};

/// The code of an answer, and its text for people.
pub type Row = (Code, &'static str);

/// The subject of an answer, which is its second word: the verb, or another word for its kind.
pub fn subject(of: Kind) -> &'static str {
    match kinds::verb(of) {
        Some(verb) => verb.name(),
        None if of == Kind::Say => "MSG",
        None => "-",
    }
}

/// The text at the end of a SEARCH that did not look at all messages.
pub const FOUND_SO_FAR: &str = "older messages are still being indexed";

/// The text of an answer that only says that the request is done.
pub fn done(of: Kind) -> Row {
    let text = match of {
        Kind::Step(step) => return steps::done(step),
        Kind::ConfirmPassword => return (Code::SendText, "send the new password"),
        Kind::Reachable => return (Code::SendText, "send the user and the message"),
        Kind::SetPassword => "that is your password now; old tokens ended",
        Kind::Unread => "OPEN lists the messages",
        Kind::EndToken => "the tokens of this device are over",
        Kind::Sessions => "ENDSESSION ends one",
        Kind::Search => "these hold all the words",
        Kind::Delete => "it is gone",
        Kind::Who => "who is online",
        Kind::Whois => "what is known of that user",
        Kind::Nick => "people see that beside your name now",
        Kind::Ls => "GET downloads a file",
        Kind::Groups => "MEMBERS lists who is in one",
        Kind::Down => "you take no direct chats",
        Kind::Kick => "that session is over",
        Kind::LogOut => "those sessions and tokens are over",
        Kind::Ban => "that user is let in no more",
        Kind::BanNetwork => "nobody is let in from there",
        Kind::UnbanNetwork => "people from there are let in again",
        Kind::Bans => "UNBAN and UNBANADDR lift one",
        Kind::Remove => "that account is gone",
        Kind::Unregister => "your account is gone",
        Kind::Reports => "RESOLVE is for one that is done with",
        Kind::Resolve => "that report is done with",
        Kind::Invites => "UNINVITE takes one back",
        Kind::Uninvite => "that invitation is good no more",
        Kind::Ignored => "IGNORE user off ends that",
        Kind::Export => "it is sent to you when it is there",
        Kind::RemoveFile => "it is gone",
        Kind::Motd => "that is all",
        Kind::Unban => "that user may log in again",
        Kind::Dump => "the state of the server",
        Kind::Shutdown => "everyone is told",
        _ => "done",
    };
    (Code::Done, text)
}

/// The text of an answer that says that something is on or off.
pub fn switched(of: Kind, is_on: bool) -> &'static str {
    match (of, is_on) {
        (Kind::Quiet, true) => "no notices of who comes and goes",
        (Kind::Quiet, false) => "you are told again",
        (Kind::Away, true) => "you are away",
        (Kind::Away, false) => "you are back",
        (Kind::Monitor, true) => "you are told of that user in any case",
        (Kind::Monitor, false) => "you are told of that user as of all",
        (Kind::Ignore, true) => "nothing of that user reaches you directly",
        (Kind::Ignore, false) => "that user reaches you again",
        (Kind::AskFirst, true) => "you are asked before you are added to a group",
        (Kind::AskFirst, false) => "you can be added to groups",
        (Kind::Mute, true) => "that user says nothing",
        (Kind::Mute, false) => "that user may speak again",
        (Kind::Lockdown, true) => "the door is shut to strangers",
        (Kind::Lockdown, false) => "the door is open again",
        (Kind::Admin, true) => "that user is an administrator",
        (Kind::Admin, false) => "that user is no administrator any more",
        (_, true) => "on",
        (_, false) => "off",
    }
}

/// Declares the table of refusals, so that none is without a code and a text.
macro_rules! refusals {
    ($($refusal:pat => $code:ident $text:expr;)*) => {
        fn row(refusal: &Refusal) -> Row {
            use Refusal::*;
            match refusal {
                $($refusal => (Code::$code, $text),)*
            }
        }
    };
}

refusals! {
    BadLine(text) | BadWords(text) => BadParameters text;
    NotOnDiskYet(Failure::NoRoom) => NoRoom NOT_ON_DISK_YET;
    NotOnDiskYet(_) => Busy NOT_ON_DISK_YET;
    BadFileFrame => BadParameters ClosingReason::BadFileFrame.text();
    NotLoggedIn => NotAllowed "log in first, with USER and your name";
    LoggedInAlready => WrongState "you are logged in already";
    NoAccount => WrongState "the operator has no account";
    AdministratorsOnly => NotAllowed "administrators only";
    OperatorOnly => NotAllowed "the operator only";
    Muted(_) => NotAllowed "you may read, and say nothing";
    ResetFirst => NotAllowed "set a password of your own first, with PASSWD";
    Young(_) => NotAllowed "your account is too young for that";
    Lockdown => NotAllowed "not now, your account is too young for that";
    NotForUsers => NotAllowed "administrators only, on this server";
    AuditFails => NoRoom "the audit log can't be written, so that is not done";
    AuditOff => WrongState "this server keeps no audit log";
    BadUserName => NameNotAllowed
        "a name has 1 to 32 of A-Z a-z 0-9 _ . - and starts with a letter";
    UserNameTaken => NameNotAllowed "that name is taken now";
    ReservedName => NameNotAllowed "that name is kept for somebody else";
    NameLooksAlike => NameNotAllowed "that looks like somebody else's name";
    PasswordTooShort(_) => BadParameters "a new password needs more characters";
    BadPassword => BadParameters "a password has 1 to 1024 bytes";
    WrongPassword => WrongPassword "wrong password";
    WrongToken => WrongPassword "that token is not good";
    WrongCode => WrongPassword "that code is not good";
    TryAgainIn(_) => Busy "try again later";
    AlreadyOnline => AlreadyOnline
        "you are logged in already, USER name TAKEOVER ends that session";
    TooManySessions => AlreadyOnline "you are logged in too often, ENDSESSION ends a session";
    NoSuchSession => NotFound "no such session";
    Banned => NotAllowed ClosingReason::Banned.text();
    NoSuchUser => NotFound "no such user";
    NoSuchChat => NotFound "no such chat";
    NoSuchMessage => NotFound "no such message";
    MayNotDelete => NotAllowed "only its sender may, for a while, or who looks after the chat";
    Offline => Offline "that user is offline";
    NotOnline => NotFound "that user is not online";
    NotWithYourself => WrongState "not with yourself";
    NotWithOperator => NotAllowed "not with the operator";
    NotWithAdministrator => NotAllowed "not with an administrator";
    TooManyBans => NoRoom "there are too many bans of networks";
    NetworkTooWide => BadParameters "no wider than /8, or /24 for IPv6";
    NetworkExempt => WrongState "that network is exempt from limits and bans";
    NoSuchReport => NotFound "no such report";
    NoSuchInvite => NotFound "no such invitation";
    TooManyInvites => NoRoom "there are too many invitations";
    TooManyIgnored => NoRoom "you ignore too many users already";
    TooManyReports => NoRoom "you have reported enough for today";
    SaidEnough => NoRoom "you have said enough for today";
    ExportedToday(_) => Busy "once a day";
    TooManyMonitored => NoRoom "you monitor too many users already";
    NothingKept => WrongState "this server keeps nothing that people send";
    NoSuchGroup => NotFound "no such group";
    GroupEnded => NotFound "no such group any more";
    BadGroupName => NameNotAllowed "a group's name is # and a name as a user has one";
    GroupNameTaken => NameNotAllowed "there is a group of that name";
    NotAMember => NotAllowed "you are not a member of that group";
    NoMemberOfIt => NotFound "no member of that group";
    GroupFull => NoRoom "that group is full";
    TooManyNamed => NoRoom "more than a group may have";
    TooManyGroups => NoRoom "there are too many groups that you made";
    AllGroupsMade => NoRoom "there are too many groups on this server";
    InTooManyGroups => NoRoom "you are in too many groups already";
    TooManyAdditions => NoRoom "you have asked or added too many in the last hour";
    TooManyAsked => NoRoom "too many are asked to join that group already";
    TooManyShutOut => NoRoom "that group has shut out too many already";
    IsShutOut => NotAllowed "you may not come into that group";
    ThatOneIsShutOut => NotAllowed "that user is shut out, which only an op can change";
    IsMember => WrongState "that user is a member already";
    WasNotAsked => WrongState "that group did not ask you";
    AdminStays => NotAllowed "that is the group's admin";
    TooManyAsking => NoRoom "too many wait for that group's ops already";
    TooManyOps => NoRoom "that group has too many ops already";
    OpsOnly => NotAllowed "only the group's ops may do that";
    GroupAdminOnly => NotAllowed "only the group's admin may do that";
    DidNotAsk => WrongState "that user did not ask to join";
    IsGroupAdmin => WrongState "that is the group's admin, HANDOVER makes another one";
    MayNotBeAdmin => WrongState "that member can't be the admin now";
    BadFileName => NameNotAllowed "that file name is not allowed";
    NoFolders => NameNotAllowed "give a name without folders";
    NoSuchFile(_) => NotFound "";
    NoSuchFolder => NotFound "no such folder";
    FolderNotEmpty => WrongState "that folder is not empty";
    MayNotRemove => NotAllowed "only who uploaded it may, for a day, and administrators";
    UploadsOff => WrongState "nobody uploads files on this server";
    TooLarge => TooLarge "larger than a file may be here";
    FileExists => NameNotAllowed "that name is taken";
    UploadUnderWay => Busy "you are sending such a file already";
    TooManyUploads => Busy "too many uploads at once";
    TooManyDownloads => Busy "too many downloads at once";
    NoRoomForUpload => NoRoom "no room on the disk or for you";
    NoSuchUpload => NotFound "no upload of that number is under way";
    NoSuchTransfer => NotFound "no transfer of that number is under way";
    PastTheEnd => BadParameters "the file ends before that offset";
    NoPort => BadParameters "your number is no port, give one";
    NotUp => WrongState "you are not up";
    UpElsewhere => NameNotAllowed "you are up in another session now";
    NotReachable => WrongState "that user takes no direct chats now";
    ThatIsYou => WrongState "that is you";
    TooManyCalls => Busy "too many calls, try again in a minute";
    Store(Failure::NotFound) => NotFound "it is not there any more";
    Store(Failure::NoRoom) => NoRoom "no room on the disk";
    Store(Failure::Busy) => Busy "the server is busy, try again later";
    Store(_) => Busy "that failed, try again later";
}

const NOT_ON_DISK_YET: &str = "it is so now, but not on the disk yet; that is tried again";

/// The code and the text of a refusal, for a reader who asked for the later additions to the
/// protocol, or did not. Refusals with words of their own (the seconds of
/// [`Refusal::TryAgainIn`], the name of [`Refusal::NoSuchFile`]) get them before the text.
pub fn refused(of: Kind, refusal: &Refusal, tells_more: bool) -> Row {
    match (of, refusal) {
        (_, Refusal::UpElsewhere) if !tells_more => row(&Refusal::NotUp),
        (Kind::Unknown, Refusal::BadLine(text) | Refusal::BadWords(text)) => (Code::Unknown, text),
        (Kind::Sendfile, Refusal::GroupEnded) => (Code::NotFound, "there is no such group now"),
        (Kind::Put, Refusal::UploadUnderWay) => {
            (Code::Busy, "another upload of that name is under way")
        }
        _ => row(refusal),
    }
}

/// The text for the reason why a transfer ended early.
pub fn aborted(reason: AbortReason) -> &'static str {
    match reason {
        AbortReason::WrongSize => "more or fewer bytes than announced",
        AbortReason::NoRoom => "no room on the disk, announce it again to go on later",
        AbortReason::WriteFailed => "it can't be written, announce it again to go on later",
        AbortReason::ReadFailed => "the file can't be read any further",
        AbortReason::NameTaken => "somebody else was first with that name",
        AbortReason::Mismatch => "its SHA-256 is not the one that was expected",
        AbortReason::NotAMember => "you are no member of that group any more",
        AbortReason::NoSuchFolder => "its folder is gone, announce it again to try later",
        AbortReason::NoRoomForFile => "no room on the disk, announce it again to try later",
        AbortReason::Stalled => "stalled, and others wait for its place or its name",
        AbortReason::Unfinished => "it can't be made a file now, announce it again to try later",
    }
}
