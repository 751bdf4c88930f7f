//! What is known of a user, as WHOIS lists it, and of a group, as INFO does.

use crate::chat::address::{Address, Encryption};
use crate::chat::group::GroupSetting;
use crate::chat::id::MessageId;
use crate::chat::name::{DisplayName, GroupName, Number, UserName};
use crate::chat::text::{Reason, Topic};

/// One thing that is known of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// The name.
    Name(UserName),
    /// The contact number.
    Number(Number),
    /// The name, and the display name, if one was chosen.
    Display(UserName, Option<DisplayName>),
    /// The time since which the user is online.
    Since(Option<MessageId>),
    /// The reason for which the user is away.
    Away(Option<Reason>),
    /// The time at which the account was made, in seconds since the Unix epoch.
    Created(u64),
    /// The time of the last login of a user who is offline, in seconds since the Unix epoch.
    LastSeen(Option<u64>),
    /// The address from which a device with a token has last logged in.
    LastAddress(Option<Address>),
    /// The addresses from which the user is connected.
    Addresses(Box<[Address]>),
    /// The encryptions of the connections.
    Encryptions(Box<[Encryption]>),
    /// The number of sessions.
    Sessions(usize),
    /// The number of tokens.
    Tokens(u64),
    /// The number of files.
    Files(u64),
    /// The bytes of the files and uploads, as they count to the quota.
    Bytes(u64),
    /// The number of groups.
    Groups(usize),
    /// Whether the user is banned.
    Banned(bool),
    /// Whether the user is muted.
    Muted(bool),
    /// The number of reports of the user that are not resolved.
    Reports(u64),
}

/// One thing that is known of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupFact {
    /// The name.
    Name(GroupName),
    /// The admin.
    Admin(UserName),
    /// The number of its members.
    Members(usize),
    /// Whether a setting is on.
    Setting(GroupSetting, bool),
    /// One of the ops.
    Op(UserName),
    /// The time at which it was made, in seconds since the Unix epoch.
    Made(u64),
    /// The topic.
    Topic(Topic),
    /// The user who set the topic.
    TopicBy(UserName),
    /// The time at which the topic was set, in seconds since the Unix epoch.
    TopicAt(u64),
}

impl GroupFact {
    /// The memory in bytes that it takes, beside its own place.
    pub fn heap_bytes(&self) -> usize {
        match self {
            GroupFact::Topic(topic) => topic.as_str().len(),
            _ => 0,
        }
    }
}

impl Fact {
    /// The memory in bytes that it takes, beside its own place.
    pub fn heap_bytes(&self) -> usize {
        match self {
            Fact::Display(_, display) => display.as_ref().map_or(0, |it| it.as_str().len()),
            Fact::Away(words) => words.as_ref().map_or(0, |it| it.as_str().len()),
            Fact::Addresses(all) => size_of_val(&**all),
            Fact::Encryptions(all) => size_of_val(&**all),
            _ => 0,
        }
    }
}
