//! Requests about accounts, their tokens and their networks.

use rusqlite::Connection;

use super::kind::{Context, RequestKind, Step};
use crate::chat::account::{Account, AccountFacts, KnownNetwork};
use crate::chat::address::{Address, Network};
use crate::chat::device::{DevicesToEnd, TokenId};
use crate::chat::name::{DisplayName, Number, UserName};
use crate::chat::refusal::Failure;
use crate::chat::sha256::Sha256Sum;
use crate::chat::text::Secret;
use crate::hub::job::{Outcome, Value};
use crate::store::rows::{accounts, invites, networks, tokens, uploads};

/// A request about an account.
#[derive(Debug)]
pub(in crate::store) enum AccountRequest {
    /// Look up the hash with which a password is to be compared.
    LookUpPassword { number: Option<Number>, password: Secret, from: Network },
    /// Store a new account, and count the use of an invitation.
    Register { account: Account, hash: String, invite: Option<Sha256Sum> },
    /// Store another hash of the same password.
    ReplaceHash { number: Number, old: String, new: String },
    /// Store the hash of a new password, and revoke all tokens.
    SetPassword { number: Number, hash: String },
    /// Store the hash of a word as the password of an account for a time, and revoke all tokens.
    ResetPassword { number: Number, hash: String, word: Secret, until: u64 },
    /// Store a new account with such a password.
    AddAccount { account: Account, hash: String, word: Secret, until: u64 },
    /// Store when users were last here.
    KeepLastSeen(Box<[(Number, u64)]>),
    /// Store the networks that an account knows.
    KeepNetworks { number: Number, networks: Box<[KnownNetwork]> },
    /// Store a display name.
    SetDisplayName { number: Number, display: DisplayName },
    /// Note that a token was used.
    UseToken { number: Number, token: TokenId, address: Address },
    /// Make a token of a device.
    MakeToken { number: Number, device: u32, name: Option<UserName>, address: Address },
    /// List the devices that have tokens.
    ListDevices { number: Number },
    /// Look up what is known of an account.
    LookUp { number: Number },
    /// End the tokens of devices.
    EndDevices { number: Number, which: DevicesToEnd },
    /// Check a token.
    CheckToken { number: Number, token: Secret },
}

impl RequestKind for AccountRequest {
    fn writes(&self) -> bool {
        !matches!(
            self,
            AccountRequest::LookUpPassword { .. }
                | AccountRequest::CheckToken { .. }
                | AccountRequest::ListDevices { .. }
                | AccountRequest::LookUp { .. }
        )
    }

    fn describe(&self) -> String {
        match self {
            AccountRequest::LookUpPassword { .. } => "a look at a password".to_owned(),
            AccountRequest::Register { account, .. } => {
                format!("the new account {} {}", account.name, account.number)
            }
            AccountRequest::ReplaceHash { number, .. } => {
                format!("a new password hash of {number}")
            }
            AccountRequest::SetPassword { number, .. } => format!("a new password of {number}"),
            AccountRequest::ResetPassword { number, .. } => format!("a word for {number}"),
            AccountRequest::AddAccount { account, .. } => {
                format!("the new account {} {}", account.name, account.number)
            }
            AccountRequest::KeepLastSeen(_) => "when users were here".to_owned(),
            AccountRequest::KeepNetworks { number, .. } => format!("the networks of {number}"),
            AccountRequest::SetDisplayName { number, .. } => format!("a display name of {number}"),
            AccountRequest::UseToken { number, .. } => format!("the use of a token of {number}"),
            AccountRequest::MakeToken { number, .. } => format!("a token for {number}"),
            AccountRequest::ListDevices { number } => format!("a look at the devices of {number}"),
            AccountRequest::LookUp { number } => format!("a look at the account {number}"),
            AccountRequest::EndDevices { number, .. } => format!("the end of tokens of {number}"),
            AccountRequest::CheckToken { number, .. } => format!("a look at a token of {number}"),
        }
    }

    fn run(&self, database: &Connection, context: &mut Context) -> rusqlite::Result<Step> {
        match self {
            AccountRequest::LookUpPassword { number, .. } => {
                return accounts::password_hash(database, *number).map(Step::Compare);
            }
            AccountRequest::UseToken { number, token, address } => {
                tokens::note_use(database, *number, *token, *address)?;
            }
            AccountRequest::ListDevices { number } => {
                let devices = tokens::devices(database, *number)?;
                return Ok(Step::Done(Ok(Value::Devices(devices))));
            }
            AccountRequest::KeepLastSeen(times) => accounts::set_last_seen(database, times)?,
            AccountRequest::LookUp { number } => {
                let facts = facts(database, *number)?;
                return Ok(Step::Done(Ok(Value::Account(Box::new(facts)))));
            }
            AccountRequest::EndDevices { number, which } => {
                if !tokens::end(database, *number, *which)? {
                    return Ok(Step::Done(Err(Failure::NotFound)));
                }
            }
            AccountRequest::MakeToken { number, device, name, address } => {
                let device = tokens::DeviceOf { number: *number, device: *device };
                return make_token(database, device, (*name, *address), context).map(Step::Done);
            }
            AccountRequest::CheckToken { number, token } => {
                return check_token(database, *number, token).map(|good| Step::Done(Ok(good)));
            }
            AccountRequest::Register { account, hash, invite } => {
                accounts::insert(database, account, hash)?;
                invite.map_or(Ok(()), |code| invites::take(database, code))?;
            }
            AccountRequest::ReplaceHash { number, old, new } => {
                accounts::replace_password_hash(database, *number, old, new)?;
            }
            AccountRequest::SetPassword { number, hash } => {
                accounts::set_password_hash(database, *number, hash, None)?;
                tokens::end_all(database, *number)?;
            }
            AccountRequest::ResetPassword { number, hash, word, until } => {
                accounts::set_password_hash(database, *number, hash, Some(*until))?;
                tokens::end_all(database, *number)?;
                return Ok(Step::Done(Ok(Value::Token(word.clone()))));
            }
            AccountRequest::AddAccount { account, hash, word, until } => {
                accounts::insert(database, account, hash)?;
                accounts::set_password_hash(database, account.number, hash, Some(*until))?;
                return Ok(Step::Done(Ok(Value::Token(word.clone()))));
            }
            AccountRequest::KeepNetworks { number, networks } => {
                networks::save(database, *number, networks)?;
            }
            AccountRequest::SetDisplayName { number, display } => {
                accounts::set_display_name(database, *number, display)?;
            }
        }
        Ok(Step::Done(Ok(Value::Done)))
    }
}

/// Makes a token of a device.
fn make_token(
    database: &Connection,
    device: tokens::DeviceOf,
    of: (Option<UserName>, Address),
    context: &Context,
) -> rusqlite::Result<Outcome> {
    match tokens::draw() {
        Ok(token) => {
            tokens::insert(database, device, of, &token)?;
            Ok(Ok(Value::Token(token)))
        }
        Err(error) => {
            context.health.failed(error);
            Ok(Err(Failure::Failed))
        }
    }
}

/// Checks a token.
fn check_token(database: &Connection, number: Number, token: &Secret) -> rusqlite::Result<Value> {
    let good = tokens::find(database, number, token)?;
    let good = good.map(|(token, device)| Value::TokenGood { token, device });
    Ok(good.unwrap_or(Value::PasswordWrong))
}

/// What the tables tell of an account.
fn facts(database: &Connection, number: Number) -> rusqlite::Result<AccountFacts> {
    let devices = tokens::devices(database, number)?;
    let last = devices.iter().max_by_key(|device| device.used);
    let usage = uploads::usage(database, number)?;
    Ok(AccountFacts {
        created: accounts::created(database, number)?,
        last_seen: accounts::last_seen(database, number)?,
        last_address: last.and_then(|device| device.address),
        tokens: tokens::count(database, number)?,
        files: usage.files,
        bytes: usage.bytes,
    })
}
