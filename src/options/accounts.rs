//! The options for names and passwords.

use std::num::NonZeroU32;

use clap::Args;

use crate::chat::look_alike::ReservedNames;
use crate::chat::name::{InvalidName, UserName};

/// The most that `--password-min` can be, which are as many as a password has bytes.
const PASSWORD_MIN_MAX: u32 = 1024;

/// The default of `--reserved-names`.
const RESERVED_NAMES: &[&str] = &[
    "admin",
    "administrator",
    "root",
    "system",
    "server",
    "support",
    "help",
    "moderator",
    "mod",
    "staff",
    "security",
];

/// A word of `--reserved-names`; none is the empty one, so that the list can be empty.
type ReservedWord = Option<UserName>;

/// The options for names and passwords.
#[derive(Args, Clone, Debug)]
pub struct AccountOptions {
    /// Fewest characters of a new password [default: 8; 1 with --password-cost low]
    #[arg(long, env = "CHATSRV_PASSWORD_MIN", value_name = "N", value_parser = password_min)]
    password_min: Option<NonZeroU32>,

    /// Names that no new account may have, and nobody be shown under, nor what looks like them
    #[arg(long, env = "CHATSRV_RESERVED_NAMES", value_name = "LIST", value_delimiter = ',')]
    #[arg(value_parser = reserved_name, default_values = RESERVED_NAMES)]
    reserved_names: Vec<ReservedWord>,
}

impl AccountOptions {
    /// The fewest characters of a new password, if that was set.
    pub fn password_min(&self) -> Option<u32> {
        self.password_min.map(NonZeroU32::get)
    }

    /// The names that nobody may have or be shown under.
    pub fn reserved_names(&self) -> ReservedNames {
        let words: Vec<UserName> = self.reserved_names.iter().copied().flatten().collect();
        ReservedNames::and(&words)
    }
}

fn reserved_name(text: &str) -> Result<ReservedWord, InvalidName> {
    let word = text.trim();
    if word.is_empty() { Ok(None) } else { word.parse().map(Some) }
}

fn password_min(text: &str) -> Result<NonZeroU32, String> {
    let least: NonZeroU32 = text.parse().map_err(|_| "it is a number of characters".to_owned())?;
    if least.get() > PASSWORD_MIN_MAX {
        return Err(format!("a password has {PASSWORD_MIN_MAX} bytes at most"));
    }
    Ok(least)
}
