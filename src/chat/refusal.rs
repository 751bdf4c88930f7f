//! Refusals: the meanings alone; the codecs add the words.

use crate::chat::term::TimeLeft;

/// The reason why a request is not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    // Of the request itself.
    /// The codec could not read the line, and says why in its own words. The sender is told,
    /// whatever the line would have asked for.
    BadLine(&'static str),
    /// The codec knows the request, but not its words, and says why in its own words. A sender who
    /// may not make that request is told so instead.
    BadWords(&'static str),
    /// A file frame that belongs to no stream; nothing after it can be read.
    BadFileFrame,
    /// Nobody has logged in on the connection.
    NotLoggedIn,
    /// A user has logged in already over the connection.
    LoggedInAlready,
    /// The operator, who has no account, can't do that.
    NoAccount,
    /// Only administrators may do that.
    AdministratorsOnly,
    /// Only the operator may do that.
    OperatorOnly,
    /// The user is muted for so long.
    Muted(TimeLeft),
    /// The user has to set another password first.
    ResetFirst,
    /// The account is too young, for so many seconds.
    Young(u32),
    /// The account is too young to do that while the server is locked down.
    Lockdown,
    /// On this server only administrators do that.
    NotForUsers,
    /// The audit log can't be written, and nothing is done that it would not tell.
    AuditFails,
    /// There is no audit log.
    AuditOff,

    // Of a login.
    /// No user may have such a name.
    BadUserName,
    /// Another account has that name.
    UserNameTaken,
    /// The name is kept for somebody else, or looks like a name that is.
    ReservedName,
    /// The name looks like that of somebody else.
    NameLooksAlike,
    /// The password is empty, or too long.
    BadPassword,
    /// The password has fewer characters than this.
    PasswordTooShort(u32),
    /// The password is not that of the user.
    WrongPassword,
    /// The token is not one of the user.
    WrongToken,
    /// The code is not that of an invitation that is good.
    WrongCode,
    /// The login may be tried again after so many seconds.
    TryAgainIn(u32),
    /// The user has a session already, which was not to be ended.
    AlreadyOnline,
    /// The user has the largest number of sessions beside each other.
    TooManySessions,
    /// The user has no such session or device.
    NoSuchSession,
    /// The user is banned.
    Banned,

    // Of users and messages.
    /// No user has that name or number.
    NoSuchUser,
    /// There is no such chat.
    NoSuchChat,
    /// There is no such message, or the user may not read it.
    NoSuchMessage,
    /// The message is somebody else's, or the time for that is over.
    MayNotDelete,
    /// The user is offline, and messages are not kept.
    Offline,
    /// The user is not online.
    NotOnline,
    /// That can't be done to oneself.
    NotWithYourself,
    /// That can't be done to the operator.
    NotWithOperator,
    /// Only the operator can do that to an administrator.
    NotWithAdministrator,
    /// There are too many bans of networks.
    TooManyBans,
    /// The network is wider than a ban may be.
    NetworkTooWide,
    /// The network is one that limits and bans leave alone.
    NetworkExempt,
    /// There is no such report.
    NoSuchReport,
    /// There is no such invitation.
    NoSuchInvite,
    /// There are too many invitations.
    TooManyInvites,
    /// The user ignores the largest number of others.
    TooManyIgnored,
    /// The user has made the largest number of reports of a day.
    TooManyReports,
    /// The user has said all that one may say in a day.
    SaidEnough,
    /// The user asked for an export less than a day ago, and may do so again after so many seconds.
    ExportedToday(u32),
    /// The session monitors the largest number of users.
    TooManyMonitored,
    /// Messages and files are not kept on this server.
    NothingKept,

    // Of groups.
    /// There is no group of that name.
    NoSuchGroup,
    /// There was a group of that name, and it has ended.
    GroupEnded,
    /// No group may have such a name.
    BadGroupName,
    /// Another group has that name.
    GroupNameTaken,
    /// The user is no member of that group.
    NotAMember,
    /// The user who was named is no member of that group.
    NoMemberOfIt,
    /// The group has the largest number of members.
    GroupFull,
    /// More users were named than a group may have members.
    TooManyNamed,
    /// The user has made the largest number of groups.
    TooManyGroups,
    /// There is the largest number of groups.
    AllGroupsMade,
    /// The user is in the largest number of groups.
    InTooManyGroups,
    /// The user has asked or added the largest number of others to groups in the last hour.
    TooManyAdditions,
    /// Too many users ask to join the group.
    TooManyAsking,
    /// Too many users are asked to join the group.
    TooManyAsked,
    /// The group has shut out the largest number of users.
    TooManyShutOut,
    /// The user may not come into the group.
    IsShutOut,
    /// The user who was named may not come into the group, which only an op can change.
    ThatOneIsShutOut,
    /// The user who was named is a member already.
    IsMember,
    /// The group did not ask the user to join.
    WasNotAsked,
    /// The group has the largest number of ops.
    TooManyOps,
    /// Only the group's ops may do that.
    OpsOnly,
    /// Only the group's admin may do that.
    GroupAdminOnly,
    /// That user did not ask to join.
    DidNotAsk,
    /// That member is the group's admin, who stays an op.
    IsGroupAdmin,
    /// That member is the group's admin, who can't be expelled.
    AdminStays,
    /// That member is banned and can't be the admin.
    MayNotBeAdmin,
    /// The change holds, but could not be brought to the disk yet; that is tried again.
    NotOnDiskYet(Failure),

    // Of files.
    /// No file may have such a name.
    BadFileName,
    /// The name of a file that is sent may not be a path.
    NoFolders,
    /// There is no such file; the name as it was given.
    NoSuchFile(Box<str>),
    /// There is no such folder.
    NoSuchFolder,
    /// The folder is not empty.
    FolderNotEmpty,
    /// The file is somebody else's, or the time for that is over.
    MayNotRemove,
    /// Nobody uploads files on this server.
    UploadsOff,
    /// The file is larger than files may be.
    TooLarge,
    /// A file of that name exists.
    FileExists,
    /// The same upload is under way.
    UploadUnderWay,
    /// Too many uploads are under way.
    TooManyUploads,
    /// Too many downloads are under way.
    TooManyDownloads,
    /// There is no room for the upload on the disk, or in its sender's quota.
    NoRoomForUpload,
    /// No upload of that number is under way.
    NoSuchUpload,
    /// No transfer of that number is under way.
    NoSuchTransfer,
    /// The file ends before the first byte that was asked for.
    PastTheEnd,

    // Of direct chats.
    /// The user's number is no port.
    NoPort,
    /// The user takes no direct chats.
    NotUp,
    /// The user takes direct chats in another session now, which asked for it later.
    UpElsewhere,
    /// The other user takes no direct chats now.
    NotReachable,
    /// The user who was named is the caller.
    ThatIsYou,
    /// The user made too many calls.
    TooManyCalls,

    /// The store has failed.
    Store(Failure),
}

/// The reason why the store has not done a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// There is no such file or folder, or it must not be read; or there is no such idempotency
    /// key.
    NotFound,
    /// A file of that name exists already.
    Exists,
    /// The upload is complete, and has not the hash that its sender expects.
    Mismatch,
    /// The folder is not empty.
    NotEmpty,
    /// The file is somebody else's, or too old.
    NotAllowed,
    /// Too many such jobs are waiting.
    Busy,
    /// There is no room on the disk.
    NoRoom,
    /// The job failed for another reason, which is in the log.
    Failed,
}
