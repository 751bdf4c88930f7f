//! Why something is not done: meaning without words, which the codecs add.

/// Why a request is not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    // Of the request itself.
    /// The codec could not read the line, and says why in its own words. Who sent it is told,
    /// whatever the line would have asked for.
    BadLine(&'static str),
    /// The codec knows what was asked for, but not with which words, and says why in its own. Who
    /// may not ask for it is told that instead.
    BadWords(&'static str),
    /// A file frame that belongs to no stream; nothing behind it can be read.
    BadFileFrame,
    /// Nobody has logged in on the connection.
    NotLoggedIn,
    /// Somebody has logged in already.
    LoggedInAlready,
    /// The operator, who has no account, can't do that.
    NoAccount,
    /// Administrators may do that, and nobody else.
    AdministratorsOnly,
    /// The operator may do that, and nobody else.
    OperatorOnly,

    // Of a login.
    /// No user may have such a name.
    BadUserName,
    /// Somebody else was first with that name.
    UserNameTaken,
    /// A password that is empty, or too long.
    BadPassword,
    /// Not the password of that user.
    WrongPassword,
    /// Not a token of that user.
    WrongToken,
    /// To be tried again after so many seconds.
    TryAgainIn(u32),
    /// A session of that user stands, and was not to be ended.
    AlreadyOnline,
    /// The user is banned.
    Banned,

    // Of users and messages.
    /// Nobody has that name or number.
    NoSuchUser,
    /// There is no such chat.
    NoSuchChat,
    /// The user is offline, and nothing is kept.
    Offline,
    /// The user is not online.
    NotOnline,
    /// That can't be done to oneself.
    NotWithYourself,
    /// That can't be done to the operator.
    NotWithOperator,
    /// Nothing that people send is kept on this server.
    NothingKept,

    // Of groups.
    /// There is no group of that name.
    NoSuchGroup,
    /// There was such a group, and it has ended.
    GroupEnded,
    /// No group may have such a name.
    BadGroupName,
    /// There is a group of that name.
    GroupNameTaken,
    /// One is no member of that group.
    NotAMember,
    /// The user who was named is no member of that group.
    NoMemberOfIt,
    /// The group has as many members as it may have.
    GroupFull,
    /// More users were named than a group may have.
    TooManyNamed,
    /// One has made as many groups as one may.
    TooManyGroups,
    /// As many ask to join as may.
    TooManyAsking,
    /// The group has as many ops as it may have.
    TooManyOps,
    /// Only the group's ops may do that.
    OpsOnly,
    /// Only the group's admin may do that.
    GroupAdminOnly,
    /// That user did not ask to join.
    DidNotAsk,
    /// That member is the group's admin, who stays an op.
    IsGroupAdmin,
    /// That member is banned and can't be the admin.
    MayNotBeAdmin,
    /// The change holds, and could not be brought to the disk yet; that is tried again.
    NotOnDiskYet(Failure),

    // Of files.
    /// No file may have such a name.
    BadFileName,
    /// The name of a file that is sent is no path.
    NoFolders,
    /// There is no such file; how it was named.
    NoSuchFile(Box<str>),
    /// There is no such folder.
    NoSuchFolder,
    /// The file is larger than one may be.
    TooLarge,
    /// A file of that name is there.
    FileExists,
    /// Such an upload is under way.
    UploadUnderWay,
    /// As many uploads are under way as may be.
    TooManyUploads,
    /// As many downloads are under way as may be.
    TooManyDownloads,
    /// There is no room for that upload on the disk, or in its sender's quota.
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
    /// One takes no direct chats.
    NotUp,
    /// The other user takes no direct chats now.
    NotReachable,
    /// That is oneself.
    ThatIsYou,
    /// As many calls were made as may be for now.
    TooManyCalls,

    /// The store did not do its part.
    Store(Failure),
}

/// Why the store does not do what it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// There is no such file or folder, or it must not be read; or no such idempotency key.
    NotFound,
    /// A file of that name exists already.
    Exists,
    /// The upload is whole, and not what its sender expects.
    Mismatch,
    /// Too many such jobs wait already.
    Busy,
    /// There is no room on the disk.
    NoRoom,
    /// It failed for another reason, which the log tells.
    Failed,
}
