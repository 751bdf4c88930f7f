//! The codes and texts of answers: one table, from which the server writes and the client reads.

use super::closing::ClosingReason;
use super::code::Code;
use super::steps;
use super::verb::Verb;
use crate::chat::event::AbortReason;
use crate::chat::group::GroupSetting;
use crate::chat::kind::Kind;
use crate::chat::refusal::{Failure, Refusal};

/// The code of an answer, and its text for people.
pub type Row = (Code, &'static str);

/// The subject of an answer, which is its second word: the verb, or another word for its kind.
pub fn subject(of: Kind) -> &'static str {
    match verb(of) {
        Some(verb) => verb.name(),
        None if of == Kind::Say => "MSG",
        None => "-",
    }
}

/// The verb of a kind of request, if there is one.
pub fn verb(of: Kind) -> Option<Verb> {
    Some(match of {
        Kind::Unknown | Kind::Connect | Kind::Say => return None,
        Kind::Step(step) => return steps::verb(step),
        Kind::Identify | Kind::LogIn => Verb::User,
        Kind::Resume => Verb::Resume,
        Kind::Token | Kind::EndToken => Verb::Token,
        Kind::Sessions => Verb::Sessions,
        Kind::EndSession => Verb::Endsession,
        Kind::ConfirmPassword | Kind::SetPassword => Verb::Passwd,
        Kind::Reachable => Verb::Dm,
        Kind::Unread => Verb::Unread,
        Kind::Chats => Verb::Chats,
        Kind::Open => Verb::Open,
        Kind::History => Verb::History,
        Kind::After => Verb::After,
        Kind::Search => Verb::Search,
        Kind::Seen => Verb::Seen,
        Kind::Delete => Verb::Delete,
        Kind::Who => Verb::Who,
        Kind::Nick => Verb::Nick,
        Kind::Quiet => Verb::Quiet,
        Kind::Away => Verb::Away,
        Kind::Monitor => Verb::Monitor,
        Kind::Whois => Verb::Whois,
        Kind::Ls => Verb::Ls,
        Kind::Get => Verb::Get,
        Kind::Sum => Verb::Sum,
        Kind::Put => Verb::Put,
        Kind::Sendfile => Verb::Sendfile,
        Kind::Expect => Verb::Expect,
        Kind::Abort => Verb::Abort,
        Kind::Mkgroup => Verb::Mkgroup,
        Kind::Mkgroupreq => Verb::Mkgroupreq,
        Kind::Mkpublic => Verb::Mkpublic,
        Kind::Join => Verb::Join,
        Kind::Ask => Verb::Ask,
        Kind::Decline => Verb::Decline,
        Kind::Admit => Verb::Admit,
        Kind::Refuse => Verb::Refuse,
        Kind::Expel => Verb::Expel,
        Kind::ShutOut => Verb::Shutout,
        Kind::Leave => Verb::Leave,
        Kind::Set(setting) => setting_verb(setting),
        Kind::Topic => Verb::Topic,
        Kind::Op => Verb::Op,
        Kind::Handover => Verb::Handover,
        Kind::Dissolve => Verb::Dissolve,
        Kind::Groups => Verb::Groups,
        Kind::Members => Verb::Members,
        Kind::Info => Verb::Info,
        Kind::Up => Verb::Up,
        Kind::Down => Verb::Down,
        Kind::Alive => Verb::Alive,
        Kind::Call => Verb::Call,
        Kind::Kick => Verb::Kick,
        Kind::Ban => Verb::Ban,
        Kind::Unban => Verb::Unban,
        Kind::Admin => Verb::Admin,
        Kind::Dump => Verb::Dump,
        Kind::Shutdown => Verb::Shutdown,
        Kind::Ex => Verb::Ex,
    })
}

/// The verb that switches a setting of a group.
pub fn setting_verb(setting: GroupSetting) -> Verb {
    match setting {
        GroupSetting::Kept => Verb::Keep,
        GroupSetting::Public => Verb::Public,
        GroupSetting::OpenTopic => Verb::Opentopic,
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
        Kind::Ban => "that user is let in no more",
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
    BadUserName => NameNotAllowed
        "a name has 1 to 32 of A-Z a-z 0-9 _ . - and starts with a letter";
    UserNameTaken => NameNotAllowed "that name is taken now";
    BadPassword => BadParameters "a password has 1 to 1024 bytes";
    WrongPassword => WrongPassword "wrong password";
    WrongToken => WrongPassword "that token is not good";
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
        AbortReason::Unfinished => "it can't be made a file now, announce it again to try later",
    }
}
