//! Jobs: operations that may block, and so run on other threads. Jobs and outcomes are plain
//! values.

use std::sync::Arc;

use crate::chat::account::{Account, AccountFacts, AccountRow, KnownNetwork};
use crate::chat::address::{Address, Network};
use crate::chat::device::{Device, DevicesToEnd, TokenId};
use crate::chat::export::ExportPart;
use crate::chat::file::{FileTarget, FolderEntry, OwnSince};
use crate::chat::group::{GroupRecord, GroupRow};
use crate::chat::id::{GroupId, MessageId, UploadId};
use crate::chat::message::{Chat, ChatSummary, StoredMessage, Unread};
use crate::chat::name::{DisplayName, FileName, Key, Number, UserName};
use crate::chat::party::Party;
use crate::chat::refusal::Failure;
use crate::chat::report::Report;
use crate::chat::sanction::{Sanction, Sanctioned};
use crate::chat::sha256::Sha256Sum;
use crate::chat::term::Until;
use crate::chat::text::Secret;
use crate::hub::export_job::ExportJob;
use crate::hub::selection::Selection;

/// The id of a job. Ids rise, and none is used twice. The last bits are the domain that began the
/// job, so that the outcome finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId(pub u64);

/// An operation that may block.
///
/// What changes the store is done in the order in which it began. What reads messages is done after
/// all that began before it, but some of what began later may be done already.
#[derive(Clone, Debug)]
pub enum Job {
    /// Hash the password and keep the account.
    Register {
        /// The account.
        account: Account,
        /// Its password.
        password: Secret,
        /// The network from which it is asked for, whose turn it takes (see [`Address::network`]).
        from: Network,
        /// The invitation of which it is a use, if it is made with one.
        invite: Option<Sha256Sum>,
    },
    /// Check a password.
    CheckPassword {
        /// The account; none if the name is unknown, which must take as long as a wrong password.
        number: Option<Number>,
        /// The password that was given.
        password: Secret,
        /// The network from which it was given, whose turn it takes.
        from: Network,
    },
    /// Check a token. The outcome is [`Value::TokenGood`] or [`Value::PasswordWrong`].
    CheckToken {
        /// The account.
        number: Number,
        /// The token that was given.
        token: Secret,
    },
    /// Note that a device has logged in with a token, which ends its other tokens, except the one
    /// that was made for it.
    UseToken {
        /// The account.
        number: Number,
        /// The token.
        token: TokenId,
        /// The address of the device.
        address: Address,
    },
    /// Make a token. If the account has too many devices with tokens, the one that was not used for
    /// longest loses its own.
    MakeToken {
        /// The account.
        number: Number,
        /// The number of the device.
        device: u32,
        /// The name, if the device is another program, whose token does not age.
        name: Option<UserName>,
        /// The address from which it was asked for.
        address: Address,
    },
    /// List the devices of an account that have tokens. The outcome is [`Value::Devices`].
    ListDevices(Number),
    /// Look up what the store knows of an account. The outcome is [`Value::Account`].
    LookUpAccount(Number),
    /// End all tokens of devices. [`Failure::NotFound`] if one device was meant, and has none.
    EndDevices {
        /// The account.
        number: Number,
        /// The devices.
        which: DevicesToEnd,
    },
    /// Hash a new password and keep it. All tokens of the account become invalid.
    SetPassword {
        /// The account.
        number: Number,
        /// The password.
        password: Secret,
        /// The network from which it is asked for, whose turn it takes.
        from: Network,
    },
    /// Draw a password, hash it and keep it until it is replaced. All tokens of the account become
    /// invalid. The outcome is [`Value::Token`].
    ResetPassword {
        /// The account.
        number: Number,
        /// The time from which the password is no longer the right one, in seconds since the Unix
        /// epoch.
        until: u64,
    },
    /// Keep an account with such a password.
    AddAccount {
        /// The account.
        account: Account,
        /// The time from which the password is no longer the right one, in seconds since the Unix
        /// epoch.
        until: u64,
    },
    /// Keep a message, and its idempotency key.
    KeepMessage {
        /// The message.
        message: StoredMessage,
        /// The key, if the message has one. It is remembered for a day.
        key: Option<Key>,
    },
    /// Look for the message with an idempotency key, at most a day old.
    FindKey {
        /// The sender.
        sender: Number,
        /// The key.
        key: Key,
    },
    /// Keep a ceiling that no message's id will reach before a higher one is kept.
    RaiseIdMark {
        /// The ceiling.
        mark: MessageId,
    },
    /// List all chats of a user, the newest first; see [`Value::Chats`].
    ListChats {
        /// The user.
        reader: Number,
        /// The message before which the last ones of the listed chats are; none is the end.
        before: Option<MessageId>,
        /// The newest message that counts. What was kept before this job began is listed, whatever
        /// is kept until it is done.
        until: MessageId,
        /// The first message of `*` that the user may read.
        since: MessageId,
    },
    /// Count the unread messages in all chats of a user but `*`.
    CountUnread {
        /// The user.
        reader: Number,
        /// The newest message that counts, as in [`Job::ListChats`].
        until: MessageId,
    },
    /// Select the messages of a list.
    SelectMessages {
        /// The user who reads.
        reader: Number,
        /// The selection.
        which: Selection,
        /// The newest message that may be selected, as in [`Job::ListChats`]. A search does not
        /// look at it.
        until: MessageId,
        /// The first message of `*` that the user may read.
        since: MessageId,
    },
    /// Read messages. The answer is bounded in bytes, but has one message at least.
    FetchMessages {
        /// The user who reads.
        reader: Number,
        /// Their ids, oldest first.
        ids: Vec<MessageId>,
    },
    /// Mark a chat as read up to a message; a smaller id than before changes nothing. The outcome
    /// is [`Value::Marked`].
    MarkSeen {
        /// The user who has read.
        reader: Number,
        /// The chat.
        chat: Chat,
        /// The newest message that was read.
        id: MessageId,
    },
    /// Remove a message, and the file that it sent. Its idempotency key is still remembered.
    DeleteMessage(MessageId),
    /// Remove some of the old messages.
    RemoveOld {
        /// The id; older messages are removed.
        before: MessageId,
    },
    /// Make the ticket for a call: 32 bytes that nobody can guess, as text. The outcome is
    /// [`Value::Token`].
    MakeCallTicket,
    /// Draw the code of an invitation, and keep its hash. The outcome is [`Value::Token`].
    MakeInvite {
        /// How many accounts it may make.
        uses: u32,
        /// The time until which it is good.
        until: Until,
        /// The administrator who makes it.
        by: Number,
        /// The time now, in seconds since the Unix epoch: invitations whose time is over go.
        now: u64,
    },
    /// Remove invitations.
    EndInvites(Box<[Sha256Sum]>),
    /// Keep a sanction in place of one before, or that it is lifted. All tokens of a user that were
    /// made before the end of a ban become invalid.
    SetSanction {
        /// Against whom it is.
        whom: Sanctioned,
        /// The sanction; none if it is lifted.
        sanction: Option<Sanction>,
    },
    /// Keep that a sanction is lifted, if it lasts until that time.
    EndSanction {
        /// Against whom it was.
        whom: Sanctioned,
        /// The time until which it lasted, in seconds since the Unix epoch.
        until: u64,
    },
    /// Keep that a user is an administrator, or is none any more.
    SetAdministrator {
        /// The user.
        number: Number,
        /// True if the user is an administrator.
        admin: bool,
    },
    /// Keep when users were last here, in seconds since the Unix epoch; an earlier time than before
    /// changes nothing.
    KeepLastSeen(Box<[(Number, u64)]>),
    /// List accounts by name, but for the operator's, at most
    /// [`LIST_CHATS_MAX`](crate::chat::request::LIST_CHATS_MAX). The outcome is
    /// [`Value::Accounts`].
    ListAccounts {
        /// The name behind which the list begins; none is the beginning.
        after: Option<UserName>,
    },
    /// Keep that a user ignores another one, or no longer.
    SetIgnored {
        /// The user.
        number: Number,
        /// The one who is ignored.
        whom: Number,
        /// True if that begins.
        on: bool,
    },
    /// Keep that a user wants to be asked before being added to a group, or does not.
    SetAskFirst(Number, bool),
    /// Keep the hash of the message of the day that an account has asked for last.
    KeepMotdAsked(Number, Sha256Sum),
    /// Keep a report, with the text of the message that it is about.
    KeepReport(Box<Report>, Option<Arc<str>>),
    /// Keep that a report is resolved. [`Failure::NotFound`] if there is no such report, or it is
    /// resolved already.
    ResolveReport(u32),
    /// Remove an account with its tokens, but for its number, under which its messages stay.
    RemoveAccount {
        /// The account.
        number: Number,
        /// The name that it has from now on.
        name: UserName,
        /// The time, in seconds since the Unix epoch.
        time: u64,
        /// True if all that its user said and sent is to go. That is done in steps.
        erase: bool,
    },
    /// Look for some messages of a removed account that are to go. The outcome is
    /// [`Value::ToErase`].
    LookToErase(Number),
    /// Remove messages of a removed account; or, if all messages were looked at, some of its files.
    /// The outcome is [`Value::Removed`].
    Erase {
        /// The account.
        number: Number,
        /// The messages.
        messages: Vec<MessageId>,
        /// The last message that was looked at; none if there were no more.
        up_to: Option<MessageId>,
    },
    /// Do something of an export.
    Export(ExportJob),
    /// Keep the networks from which an account has logged in, in place of those before.
    KeepNetworks {
        /// The account.
        number: Number,
        /// The networks.
        networks: Box<[KnownNetwork]>,
    },
    /// Keep a display name.
    SetDisplayName(Number, DisplayName),
    /// Keep a group as it is now, in place of what the store has: a new group, or one of which a
    /// change could not be kept.
    SaveGroup(Box<GroupRecord>),
    /// Keep changes of groups, in one transaction and in this order. A row of a group that is not
    /// there changes nothing. If the rows would leave a group without an admin among its ops, none
    /// is kept and the outcome is [`Failure::Failed`].
    ChangeGroups(Vec<GroupRow>),
    /// Remove a group, its messages and its files.
    EndGroup(GroupId),
    /// Open an upload: a new one, or one that broke off, if the same user announced the same target
    /// and size. The outcome is [`Value::UploadReady`], or the failure.
    BeginUpload {
        /// The sender.
        owner: Number,
        /// The target.
        place: FileTarget,
        /// The size in bytes that it will have.
        size: u64,
        /// The largest total size in bytes of all the owner's files and uploads.
        quota: u64,
    },
    /// Bring a complete upload to the disk, if it has the hash that its sender expects.
    SyncUpload {
        /// The upload.
        upload: UploadId,
        /// The hash that it must have, if the sender told one. If it has another, the outcome is
        /// [`Failure::Mismatch`].
        expected: Option<Sha256Sum>,
    },
    /// Make a complete upload that is on disk a file. If it goes into a chat, this is done in turn
    /// with [`Job::KeepMessage`], so that messages are kept in the order of their ids.
    FinishUpload {
        /// The upload.
        upload: UploadId,
        /// The message that sends it, if it goes into a chat.
        message: Option<StoredMessage>,
    },
    /// Remove an upload and its bytes.
    DropUpload(UploadId),
    /// Remove some of the uploads that broke off before a time.
    RemoveOldUploads {
        /// The time, in microseconds since the Unix epoch.
        before: u64,
    },
    /// Remove a file of the shared folder, or an empty folder; or only a file that is a user's.
    RemoveFile(FileName, Option<OwnSince>),
    /// Find the message that sent a file into a chat.
    FindSent(MessageId),
    /// Open a file that was sent into a chat, for a download.
    OpenSent {
        /// Who asks for it.
        by: Party,
        /// The message that sent it.
        message: MessageId,
    },
    /// Hash a file that was sent into a chat.
    SumSent {
        /// Who asks for it.
        by: Party,
        /// The message that sent it.
        message: MessageId,
    },
    /// List a folder, sorted by name.
    ListFolder {
        /// Who asks for it.
        by: Party,
        /// The folder; none is the shared folder itself.
        path: Option<FileName>,
    },
    /// Open a file of the shared folder for a download.
    OpenFile {
        /// Who asks for it.
        by: Party,
        /// The file.
        name: FileName,
    },
    /// Hash a file of the shared folder.
    SumFile {
        /// Who asks for it.
        by: Party,
        /// The file.
        name: FileName,
    },
}

/// The outcome of a job.
pub type Outcome = Result<Value, Failure>;

/// The value that a successful job gives back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// The job is done, and what it keeps is on disk.
    Done,
    /// The password is the right one.
    PasswordRight,
    /// The password, or the token, is not the right one.
    PasswordWrong,
    /// The token is good.
    TokenGood {
        /// The token.
        token: TokenId,
        /// The number of its device.
        device: u32,
    },
    /// The devices that have tokens.
    Devices(Vec<Device>),
    /// Accounts by name.
    Accounts {
        /// The accounts.
        accounts: Vec<AccountRow>,
        /// The number of further ones, which ends at 9,999.
        left: u64,
    },
    /// What the store knows of an account.
    Account(Box<AccountFacts>),
    /// The folder's entries.
    Folder(Vec<FolderEntry>),
    /// The upload is open.
    UploadReady {
        /// The upload.
        upload: UploadId,
        /// The number of bytes that are there already.
        offset: u64,
        /// The hash of those bytes.
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
        /// The hash.
        sha256: Sha256Sum,
        /// The number of bytes that were hashed.
        size: u64,
    },
    /// The token, the ticket or the password that was made.
    Token(Secret),
    /// The message that had the key.
    KeyFound {
        /// Its id.
        id: MessageId,
        /// Its chat.
        chat: Chat,
    },
    /// The chats with unread messages.
    Unread(Vec<Unread>),
    /// A chat is marked as read.
    Marked {
        /// The mark as it is now.
        mark: MessageId,
        /// True if it was a smaller one before.
        has_moved: bool,
    },
    /// The chats of a user.
    Chats {
        /// The chats, at most [`LIST_CHATS_MAX`](crate::chat::request::LIST_CHATS_MAX), by their
        /// last messages, the newest first; then those without one, by the ids of the groups.
        chats: Vec<ChatSummary>,
        /// The number of further ones.
        left: u64,
    },
    /// The messages of a list.
    Selected {
        /// Their ids, oldest first.
        ids: Vec<MessageId>,
        /// The number of further ones.
        left: u64,
    },
    /// The messages that a search found.
    Found {
        /// Their ids, oldest first.
        ids: Vec<MessageId>,
        /// False if older messages are not indexed yet.
        is_all: bool,
    },
    /// The messages, from the first id on; fewer than asked for if all would be too many bytes.
    Messages(Vec<StoredMessage>),
    /// Messages of a removed account that are to go.
    ToErase {
        /// The messages, by id.
        messages: Vec<StoredMessage>,
        /// The last message that was looked at, whoever sent it; none if there are no more.
        up_to: Option<MessageId>,
    },
    /// The id of an export that is kept.
    ExportKept(UploadId),
    /// Some of an export is written.
    ExportWritten {
        /// What is written next; none if it is whole, and on disk.
        next: Option<ExportPart>,
        /// The size of the file in bytes.
        size: u64,
    },
    /// Old messages were removed.
    Removed {
        /// True if there are more.
        more: bool,
    },
}
