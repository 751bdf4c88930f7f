//! What may block, and so happens on other threads: jobs by value, outcomes by value.

use crate::chat::account::{Account, KnownNetwork, NetworksOf};
use crate::chat::file::{FileTarget, FolderEntry};
use crate::chat::group::{GroupRecord, GroupRow};
use crate::chat::id::GroupId;
use crate::chat::id::MessageId;
use crate::chat::id::UploadId;
use crate::chat::message::{Chat, StoredMessage, Unread};
use crate::chat::name::{DisplayName, FileName, GroupName, Key, Number};
use crate::chat::refusal::Failure;
use crate::chat::sha256::Sha256Sum;
use crate::chat::text::Secret;

/// The number of a job, which is never used twice and rises. In its last bits stands the domain
/// that began the job, so that the outcome finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId(pub u64);

/// Which messages a list holds, at most
/// [`LIST_MESSAGES_MAX`](crate::chat::request::LIST_MESSAGES_MAX).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// The oldest that others sent and the reader has not marked as read.
    Unread(Chat),
    /// The last so many before an id, where one is given.
    Last {
        /// Of which chat.
        chat: Chat,
        /// Before which message.
        before: Option<MessageId>,
        /// How many.
        count: u16,
    },
    /// The last that hold all the words.
    Holding {
        /// Of which chats: of `*` and the reader's own, or of one.
        chat: Option<Chat>,
        /// The words, separated by white space.
        words: Box<str>,
    },
}

/// What the store knew when it was opened, and the hub begins with.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// All accounts, without the operator's.
    pub accounts: Vec<Account>,
    /// The administrators' numbers.
    pub administrators: Vec<Number>,
    /// The numbers of those who are banned.
    pub banned: Vec<Number>,
    /// From where accounts have logged in.
    pub networks: Vec<NetworksOf>,
    /// No message's id has reached it; see [`Job::RaiseIdMark`].
    pub id_mark: MessageId,
    /// All groups that are kept.
    pub groups: Vec<GroupRecord>,
    /// Users who have yet to be told that groups ended, by number, and the groups' names, oldest
    /// first.
    pub untold: Vec<(Number, Vec<GroupName>)>,
    /// The idempotency keys that are remembered, with their senders.
    pub keys: Vec<(Number, Key)>,
}

/// Something that may block.
#[derive(Clone, Debug)]
pub enum Job {
    /// Hash the password and keep the account.
    Register {
        /// The account.
        account: Account,
        /// Its password.
        password: Secret,
    },
    /// Check a password.
    CheckPassword {
        /// Whose; none where the name is unknown, which must take as long as a wrong password.
        number: Option<Number>,
        /// The password that was given.
        password: Secret,
    },
    /// Check a token, as TOKEN gave it. The outcomes are those of a password.
    CheckToken {
        /// Whose.
        number: Number,
        /// The token that was given.
        token: Secret,
    },
    /// Make a token.
    MakeToken {
        /// For whom.
        number: Number,
    },
    /// Hash a new password and keep it; all tokens of the account end.
    SetPassword {
        /// Whose.
        number: Number,
        /// The password.
        password: Secret,
    },
    /// Keep a message, and its idempotency key.
    KeepMessage {
        /// The message.
        message: StoredMessage,
        /// The key, where it has one, which is remembered for a day.
        key: Option<Key>,
    },
    /// Look for the message that had an idempotency key, at most a day ago.
    FindKey {
        /// Who sent it.
        sender: Number,
        /// The key.
        key: Key,
    },
    /// Keep a bound that no message's id will reach before a higher one is kept.
    RaiseIdMark {
        /// The bound.
        mark: MessageId,
    },
    /// Count what is unread in all chats of a user but `*`.
    CountUnread {
        /// Of whom.
        reader: Number,
    },
    /// Find out which messages a list will hold.
    SelectMessages {
        /// Who reads.
        reader: Number,
        /// Which messages.
        which: Selection,
    },
    /// Read messages; in pieces that are bounded in bytes, at least one message each.
    FetchMessages {
        /// Which, oldest first.
        ids: Vec<MessageId>,
    },
    /// Mark as read; a smaller id than before changes nothing.
    MarkSeen {
        /// By whom.
        reader: Number,
        /// In which chat.
        chat: Chat,
        /// Up to which message.
        id: MessageId,
    },
    /// Remove some of the messages that are older than one.
    RemoveOld {
        /// Older than which.
        before: MessageId,
    },
    /// Make the ticket for a call: 32 bytes that nobody can guess, as text. The outcome is that of
    /// a token.
    MakeCallTicket,
    /// Keep that a user is let in no more, or again; then all tokens end that were made before.
    SetBanned {
        /// Which.
        number: Number,
        /// Whether the ban begins.
        banned: bool,
    },
    /// Keep that a user is an administrator, or is none any more.
    SetAdministrator {
        /// Which.
        number: Number,
        /// Whether the user is one.
        admin: bool,
    },
    /// Keep the networks from which an account has logged in, in place of those before.
    KeepNetworks {
        /// Whose.
        number: Number,
        /// Which.
        networks: Box<[KnownNetwork]>,
    },
    /// Keep a display name.
    SetDisplayName {
        /// Whose.
        number: Number,
        /// Which.
        display: DisplayName,
    },
    /// Keep a group as it is now, in place of what it was: a new one, or one of which a change
    /// could not be kept.
    SaveGroup(GroupRecord),
    /// Keep what changed of groups, in one transaction and in this order. A row of a group that is
    /// not there changes nothing; with rows that would leave a group without an admin among its
    /// ops, all of it is [`Failure::Failed`].
    ChangeGroups(Vec<GroupRow>),
    /// Forget a group, its messages and its files.
    EndGroup(GroupId),
    /// Open an upload: a new one, or one that broke off, where the same user announced the same
    /// place and size. The outcome is [`Value::UploadReady`], or why not.
    BeginUpload {
        /// Whose.
        owner: Number,
        /// Where it goes.
        place: FileTarget,
        /// How many bytes it will have.
        size: u64,
        /// How many bytes all of the owner's files and uploads may have.
        quota: u64,
    },
    /// Bring a whole upload to the disk, if it is what its sender expects.
    SyncUpload {
        /// Which.
        upload: UploadId,
        /// The sum that it is to have, where one was told; with another it is
        /// [`Failure::Mismatch`].
        expected: Option<Sha256Sum>,
    },
    /// Make a whole upload that is on disk a file. Where it goes into a chat, that is done in turn
    /// with [`Job::KeepMessage`], so that messages are kept in the order of their ids.
    FinishUpload {
        /// Which.
        upload: UploadId,
        /// The message that sends it, where it goes into a chat.
        message: Option<StoredMessage>,
    },
    /// Forget an upload and its bytes.
    DropUpload(UploadId),
    /// Remove some of the uploads that broke off before a time.
    RemoveOldUploads {
        /// Microseconds since the Unix epoch.
        before: u64,
    },
    /// Find out in which chat a file was sent.
    FindSent(MessageId),
    /// Open a file that was sent in a chat, for a download.
    OpenSent(MessageId),
    /// Hash a file that was sent in a chat.
    SumSent(MessageId),
    /// List a folder, sorted by name.
    ListFolder {
        /// Which; none is the shared folder itself.
        path: Option<FileName>,
    },
    /// Open a file for a download.
    OpenFile {
        /// Which.
        name: FileName,
    },
    /// Hash a file.
    SumFile {
        /// Which.
        name: FileName,
    },
}

/// What came of a job.
pub type Outcome = Result<Value, Failure>;

/// What a job that succeeded gives back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Done, and on disk where the job keeps something.
    Done,
    /// The password is the right one.
    PasswordRight,
    /// The password is not the right one.
    PasswordWrong,
    /// The folder's entries.
    Folder(Vec<FolderEntry>),
    /// The upload is open.
    UploadReady {
        /// Which it is.
        upload: UploadId,
        /// How many bytes are there already.
        offset: u64,
        /// The sum of those.
        sha256: Sha256Sum,
    },
    /// The message that sent a file.
    Sent(StoredMessage),
    /// The file is open.
    Opened {
        /// Its size in bytes.
        size: u64,
    },
    /// The file's hash.
    Summed {
        /// SHA-256.
        sha256: Sha256Sum,
        /// How many bytes were hashed.
        size: u64,
    },
    /// The token or the ticket that was made.
    Token(Secret),
    /// The message that had the key.
    KeyFound {
        /// Its id.
        id: MessageId,
        /// Its chat.
        chat: Chat,
    },
    /// The chats in which something is unread.
    Unread(Vec<Unread>),
    /// The messages that a list will hold.
    Selected {
        /// Which, oldest first.
        ids: Vec<MessageId>,
        /// How many more are unread.
        left: u64,
    },
    /// Messages that were asked for, from the first on; fewer where all would be too many bytes.
    Messages(Vec<StoredMessage>),
    /// Old messages were removed.
    Removed {
        /// Whether there are more.
        more: bool,
    },
}
