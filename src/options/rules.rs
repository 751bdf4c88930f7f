//! The options about what users may do who are no administrators.

use std::time::Duration;

use clap::{Args, ValueEnum};

use super::values::{duration, files_size};
use crate::command_line::Size;

/// What users may do who are no administrators.
#[derive(Args, Clone, Debug)]
pub struct RuleOptions {
    /// Who may write to everyone
    #[arg(long, env = "CHATSRV_BROADCAST", value_name = "WHO", default_value = "all")]
    pub broadcast: Who,

    /// Who may make groups
    #[arg(long, env = "CHATSRV_GROUP_MAKERS", value_name = "WHO", default_value = "all")]
    pub group_makers: Who,

    /// Who may upload into the shared folder
    #[arg(long, env = "CHATSRV_UPLOADS", value_name = "WHO", default_value = "all")]
    pub uploads: Uploaders,

    /// How long new accounts may not write or send to everyone, upload, make groups and call
    #[arg(long, env = "CHATSRV_PROBATION", value_name = "TIME", value_parser = duration)]
    #[arg(default_value = "0")]
    pub probation: Duration,

    /// How long before its registration an account reads what was said to everyone
    #[arg(long, env = "CHATSRV_NEW_SEE_HISTORY", value_name = "TIME|all", value_parser = reading)]
    #[arg(default_value = "all")]
    pub new_see_history: HistoryReach,

    /// What one user may say a day, in bytes of text; 0 is no limit
    #[arg(long, env = "CHATSRV_MESSAGE_QUOTA", value_name = "SIZE", value_parser = files_size)]
    #[arg(default_value_t = Size::mib(100))]
    pub message_quota: Size,
}

/// Who may do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Who {
    /// All users
    All,
    /// Administrators
    Admins,
}

/// Who may upload into the shared folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Uploaders {
    /// All users
    All,
    /// Administrators
    Admins,
    /// Nobody
    Off,
}

/// How long before its registration an account reads what was said to everyone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HistoryReach {
    /// All of it.
    All,
    /// What was said for so long before.
    For(Duration),
}

fn reading(text: &str) -> Result<HistoryReach, String> {
    match text {
        "all" => Ok(HistoryReach::All),
        time => duration(time).map(HistoryReach::For),
    }
}
