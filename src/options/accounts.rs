//! The options for names and passwords.

use std::num::NonZeroU32;

use clap::Args;

use super::PasswordCost;
use crate::limits::PASSWORD_BYTES_MAX;

/// The default of `--password-min`.
const PASSWORD_MIN: u32 = 8;

/// The options for names and passwords.
#[derive(Args, Clone, Debug)]
pub(super) struct AccountOptions {
    /// Fewest characters of a new password [default: 8; 1 with --password-cost low]
    #[arg(long, env = "CHATSRV_PASSWORD_MIN", value_name = "N", value_parser = password_min)]
    password_min: Option<NonZeroU32>,
}

impl AccountOptions {
    /// The fewest characters of a new password.
    pub(super) fn password_min(&self, cost: PasswordCost) -> u32 {
        let default = match cost {
            PasswordCost::Normal => PASSWORD_MIN,
            PasswordCost::Low => 1,
        };
        self.password_min.map_or(default, NonZeroU32::get)
    }
}

fn password_min(text: &str) -> Result<NonZeroU32, String> {
    let least: NonZeroU32 = text.parse().map_err(|_| "it is a number of characters".to_owned())?;
    if least.get() as usize > PASSWORD_BYTES_MAX {
        return Err(format!("a password has {PASSWORD_BYTES_MAX} bytes at most"));
    }
    Ok(least)
}
