//! The options of the chat, which the operator decides about.

use std::time::Duration;

use crate::bounds::allowance::Allowance;
use crate::bounds::limit::{Exempt, Limit};
use crate::chat::look_alike::ReservedNames;
use crate::chat::refusal::Refusal;
use crate::chat::registration::Registration;
use crate::chat::text::Secret;

/// The options of the chat.
#[derive(Clone, Debug)]
pub struct Config {
    /// Who may make an account, until an administrator decides otherwise.
    pub registration: Registration,
    /// What users may do who are no administrators.
    pub rules: Rules,
    /// How often new names may register.
    pub arrivals: ArrivalBounds,
    /// What accounts may be called, and how short passwords may be.
    pub accounts: AccountRules,
    /// With more users online than this, nobody is told who comes and goes.
    pub presence_limit: usize,
    /// True if only so much is caused in a time: notices of presence and additions of others to
    /// groups by one user, logins by one network.
    pub bounds_rates: bool,
    /// True if there is an audit log.
    pub audits: bool,
    /// True if messages are kept, for users who are offline and to be read again. Otherwise nothing
    /// that people say comes to the disk.
    pub keep_messages: bool,
    /// How long messages are kept; none is for ever.
    pub history: Option<Duration>,
    /// How long the sender of a message may remove it; zero is never.
    pub delete_window: Duration,
    /// How often a user who takes direct chats must give a sign of life. Two missed ones end it.
    pub alive_period: Duration,
    /// The bounds of groups, and how people come into them.
    pub groups: GroupBounds,
    /// The bounds of files.
    pub files: FileBounds,
}

/// The bounds of files.
#[derive(Clone, Copy, Debug)]
pub struct FileBounds {
    /// The largest file that may be sent, in bytes.
    pub size_max: u64,
    /// How many files may be open for transfers at a time.
    pub places: usize,
    /// The largest total size in bytes of all files and uploads of one user.
    pub quota: u64,
}

/// What users may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Who writes to everyone.
    pub broadcast: Permitted,
    /// Who makes groups.
    pub group_makers: Permitted,
    /// Who uploads into the shared folder.
    pub uploads: Permitted,
    /// The seconds for which a new account may not write or send to everyone, upload, make groups
    /// and call.
    pub probation: u32,
    /// True if files may be read before the login.
    pub public_files: bool,
    /// For how many seconds before it was made an account reads what was said to everyone; none is
    /// all of it.
    pub new_see_history: Option<u32>,
    /// The bytes of text that one user may say a day; 0 is no limit. It holds for administrators,
    /// and not for the operator.
    pub message_quota: u64,
}

impl Default for Rules {
    fn default() -> Self {
        let all = Permitted::All;
        Rules {
            broadcast: all,
            group_makers: all,
            uploads: all,
            probation: 0,
            public_files: false,
            new_see_history: None,
            message_quota: 0,
        }
    }
}

/// The users who may do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permitted {
    /// All users.
    All,
    /// Administrators and the operator.
    Administrators,
    /// Nobody, not even the operator.
    Nobody,
}

/// What holds for new accounts, names and passwords. What there is stays as it is.
#[derive(Clone, Debug)]
pub struct AccountRules {
    /// The fewest characters of a new password.
    pub password_min: u32,
    /// The names that nobody may have or be shown under.
    pub reserved: ReservedNames,
}

impl AccountRules {
    /// Rules that let most things be, for tests.
    pub fn lenient() -> Self {
        AccountRules { password_min: 1, reserved: ReservedNames::and(&[]) }
    }

    /// Checks that a new password is long enough.
    pub fn check_password(&self, password: &Secret) -> Result<(), Refusal> {
        let is_long_enough = password.characters() >= self.password_min as usize;
        is_long_enough.then_some(()).ok_or(Refusal::PasswordTooShort(self.password_min))
    }
}

/// How often new names may register.
#[derive(Clone, Debug)]
pub struct ArrivalBounds {
    /// From one network.
    pub registrations: Limit<Allowance>,
    /// From all networks together.
    pub registrations_total: Limit<Allowance>,
    /// The networks to which no bound of a network applies, and that no ban shuts out.
    pub exempt: Exempt,
}

impl ArrivalBounds {
    /// Bounds that are never reached, for tests.
    pub fn unbounded() -> Self {
        let limit = Limit::or_default(None, Allowance::new(u32::MAX, Duration::from_secs(1)));
        let exempt = Exempt::default();
        ArrivalBounds { registrations: limit, registrations_total: limit, exempt }
    }
}

/// The bounds of groups, and how people come into them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupBounds {
    /// The largest number of members of a group; at least one.
    pub members_max: usize,
    /// The largest number of groups that one user who joins may be in.
    pub per_user_max: usize,
    /// The largest number of groups.
    pub all_max: usize,
    /// True if users who have not said otherwise are asked before they are added to a group.
    pub ask_first: bool,
}
