//! Moderation: what administrators may ask for, and what they are told.

use std::fmt;

use crate::chat::cidr::Cidr;
use crate::chat::id::MessageId;
use crate::chat::kind::Kind;
use crate::chat::name::{Number, UserName, UserRef};
use crate::chat::registration::{InviteCode, Registration};
use crate::chat::term::{Term, Until};
use crate::chat::text::Reason;

/// The most lines of the audit log that one list holds.
pub const AUDIT_LINES_MAX: u16 = 1000;

/// The largest number of accounts that one invitation may make.
pub const INVITE_USES_MAX: u32 = 10_000;

/// A request of an administrator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Moderation {
    /// End a user's sessions.
    Kick {
        /// The user.
        user: UserRef,
        /// The reason, if the user is to be told one.
        reason: Option<Reason>,
    },
    /// End a user's sessions and tokens.
    LogOut(UserRef),
    /// End a user's sessions and tokens, and let the user in no more for a time.
    Ban {
        /// The user.
        user: UserRef,
        /// How long the ban lasts.
        term: Term,
        /// The reason, for the other administrators.
        reason: Option<Reason>,
    },
    /// Lift the ban of a user.
    Unban(UserRef),
    /// Close all connections of a network, and take none from there for a time.
    BanNetwork {
        /// The network.
        network: Cidr,
        /// How long the ban lasts.
        term: Term,
        /// The reason, for the other administrators.
        reason: Option<Reason>,
    },
    /// Lift the ban of a network.
    UnbanNetwork(Cidr),
    /// List the bans.
    Bans,
    /// Let a user say nothing for a time, or again.
    Mute {
        /// The user.
        user: UserRef,
        /// How long it lasts; none ends it.
        term: Option<Term>,
        /// The reason, which the user is told.
        reason: Option<Reason>,
    },
    /// Give a user a new password, which has to be changed at once.
    ResetPassword(UserRef),
    /// Make an account, with such a password.
    AddUser(UserName),
    /// List accounts by name.
    Accounts {
        /// The name behind which the list begins; none is the beginning.
        after: Option<UserName>,
    },
    /// Remove an account.
    Remove {
        /// The user.
        user: UserRef,
        /// True if all that the user has said and sent is to go, too.
        erase: bool,
    },
    /// List the reports that are not resolved.
    Reports,
    /// A report is done with.
    Resolve(u32),
    /// Decide who may make an account until the next start, or ask.
    Registration(Option<Registration>),
    /// Make an invitation.
    Invite {
        /// How many accounts it may make, at most [`INVITE_USES_MAX`].
        uses: u32,
        /// How long it is good.
        term: Term,
    },
    /// List the invitations.
    Invites,
    /// Take an invitation back.
    Uninvite(InviteCode),
    /// Shut the door to strangers, or open it again.
    Lockdown(bool),
    /// List the last lines of the audit log, at most [`AUDIT_LINES_MAX`].
    Audit(u16),
    /// Make a user an administrator, or take that role away.
    Admin {
        /// The user.
        user: UserRef,
        /// True if the user becomes one.
        admin: bool,
    },
    /// List the metrics.
    Dump,
    /// Stop the server.
    Shutdown {
        /// The time until then, in seconds.
        seconds: u32,
    },
}

impl Moderation {
    /// The kind of the request.
    pub fn kind(&self) -> Kind {
        match self {
            Moderation::Kick { .. } => Kind::Kick,
            Moderation::LogOut(_) => Kind::LogOut,
            Moderation::Ban { .. } => Kind::Ban,
            Moderation::Unban(_) => Kind::Unban,
            Moderation::BanNetwork { .. } => Kind::BanNetwork,
            Moderation::UnbanNetwork(_) => Kind::UnbanNetwork,
            Moderation::Bans => Kind::Bans,
            Moderation::Mute { .. } => Kind::Mute,
            Moderation::ResetPassword(_) => Kind::ResetPassword,
            Moderation::AddUser(_) => Kind::AddUser,
            Moderation::Accounts { .. } => Kind::Accounts,
            Moderation::Remove { .. } => Kind::Remove,
            Moderation::Reports => Kind::Reports,
            Moderation::Resolve(_) => Kind::Resolve,
            Moderation::Registration(_) => Kind::Registration,
            Moderation::Invite { .. } => Kind::Invite,
            Moderation::Invites => Kind::Invites,
            Moderation::Uninvite(_) => Kind::Uninvite,
            Moderation::Lockdown(_) => Kind::Lockdown,
            Moderation::Audit(_) => Kind::Audit,
            Moderation::Admin { .. } => Kind::Admin,
            Moderation::Dump => Kind::Dump,
            Moderation::Shutdown { .. } => Kind::Shutdown,
        }
    }
}

/// Whom a ban keeps out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Banned {
    /// A user.
    User(UserName),
    /// Everybody in a network.
    Network(Cidr),
}

impl fmt::Display for Banned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Banned::User(user) => write!(f, "{user}"),
            Banned::Network(network) => write!(f, "{network}"),
        }
    }
}

/// A ban, as a list of bans tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BanLine {
    /// Whom it keeps out.
    pub whom: Banned,
    /// The administrator who decided it.
    pub by: UserName,
    /// The time at which it began, in seconds since the Unix epoch.
    pub since: u64,
    /// The time at which it ends.
    pub until: Until,
    /// The reason, if one was given.
    pub reason: Option<Reason>,
}

/// An account, as a list of accounts tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountLine {
    /// The name.
    pub name: UserName,
    /// The contact number.
    pub number: Number,
    /// The time at which it was made, in seconds since the Unix epoch.
    pub created: u64,
    /// The time at which the user was last here, in seconds since the Unix epoch.
    pub last_seen: Option<u64>,
    /// What holds for it.
    pub flags: AccountFlags,
}

/// What holds for an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AccountFlags {
    /// The user is an administrator.
    pub admin: bool,
    /// The user is banned.
    pub banned: bool,
    /// The user is muted.
    pub muted: bool,
    /// The user is online.
    pub online: bool,
}

impl fmt::Display for AccountFlags {
    /// Writes the words of the flags with commas between them, or `-`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let AccountFlags { admin, banned, muted, online } = *self;
        let words = [(admin, "admin"), (banned, "banned"), (muted, "muted"), (online, "online")];
        let mut before = "";
        for (_, word) in words.into_iter().filter(|(is_so, _)| *is_so) {
            write!(f, "{before}{word}")?;
            before = ",";
        }
        if before.is_empty() { f.write_str("-") } else { Ok(()) }
    }
}

/// A report, as administrators are told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportLine {
    /// The number of the report.
    pub number: u32,
    /// The time at which it came, in seconds since the Unix epoch.
    pub time: u64,
    /// The user who reports.
    pub reporter: UserName,
    /// The user who is reported.
    pub user: UserName,
    /// The message that it is about, if it is about one.
    pub message: Option<MessageId>,
    /// The words of the reporter.
    pub reason: Reason,
}

/// An invitation, as a list of invitations tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InviteLine {
    /// The start of its code, by which it can be taken back.
    pub start: Box<str>,
    /// How many more accounts it may make.
    pub uses: u32,
    /// The time until which it is good.
    pub until: Until,
    /// The administrator who made it.
    pub by: UserName,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_words_with_commas_between_them() {
        let mut flags = AccountFlags::default();
        assert_eq!(flags.to_string(), "-");
        flags.muted = true;
        assert_eq!(flags.to_string(), "muted");
        flags = AccountFlags { admin: true, banned: true, muted: true, online: true };
        assert_eq!(flags.to_string(), "admin,banned,muted,online");
    }
}
