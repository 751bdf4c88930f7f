//! Who may make an account: everybody, those who were invited, or nobody.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

use crate::chat::name::Number;
use crate::chat::sha256::Sha256Sum;
use crate::chat::term::Until;
use crate::chat::text::Secret;

/// Who may make an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registration {
    /// Everybody.
    Open,
    /// Those who have an invitation.
    Invite,
    /// Nobody.
    Closed,
}

/// A text that is not a valid [`Registration`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidRegistration;

impl Registration {
    /// Every way, from the freest on.
    pub const ALL: &[Registration] =
        &[Registration::Open, Registration::Invite, Registration::Closed];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Registration::Open => "open",
            Registration::Invite => "invite",
            Registration::Closed => "closed",
        }
    }
}

impl FromStr for Registration {
    type Err = InvalidRegistration;

    fn from_str(text: &str) -> Result<Self, InvalidRegistration> {
        let is_it = |registration: &&Registration| registration.word().eq_ignore_ascii_case(text);
        Registration::ALL.iter().find(is_it).copied().ok_or(InvalidRegistration)
    }
}

impl fmt::Display for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The length of an invitation's code, in characters.
pub const INVITE_CODE_CHARS: usize = 16;

/// The length of the start of a code, by which an invitation can be taken back, in characters.
pub const INVITE_START_CHARS: usize = 4;

/// A text that is not a valid [`InviteCode`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidInviteCode;

/// The code of an invitation, or its start, by which it can be taken back: at most
/// [`INVITE_CODE_CHARS`] of `A-Z a-z 0-9 _ -`. It is wiped when dropped, and never printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InviteCode(Secret);

impl InviteCode {
    /// The text of the code.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// The hash of it, by which an invitation is known.
    pub fn sum(&self) -> Sha256Sum {
        Sha256Sum(Sha256::digest(self.expose().as_bytes()).into())
    }

    /// An invitation with this code.
    pub fn invite(&self, uses: u32, until: Until, by: Number) -> Invite {
        let text = self.expose();
        let start = text.get(..INVITE_START_CHARS).unwrap_or(text).into();
        Invite { code: self.sum(), start, uses, until, by }
    }

    /// Returns true if it may be a whole code, and not only the start of one.
    pub fn is_whole(&self) -> bool {
        self.expose().len() == INVITE_CODE_CHARS
    }
}

impl FromStr for InviteCode {
    type Err = InvalidInviteCode;

    fn from_str(text: &str) -> Result<Self, InvalidInviteCode> {
        let fits = (1..=INVITE_CODE_CHARS).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
        if fits { Ok(InviteCode(Secret::new(text))) } else { Err(InvalidInviteCode) }
    }
}

/// An invitation, with which accounts can be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invite {
    /// The hash of the code.
    pub code: Sha256Sum,
    /// The start of the code, of [`INVITE_START_CHARS`].
    pub start: Box<str>,
    /// How many more accounts it may make.
    pub uses: u32,
    /// The time until which it is good.
    pub until: Until,
    /// The administrator who made it.
    pub by: Number,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn admission_is_read_as_it_is_written() {
        for registration in Registration::ALL {
            assert_eq!(registration.to_string().parse(), Ok(*registration));
            assert_eq!(registration.to_string().to_uppercase().parse(), Ok(*registration));
        }
        assert_eq!("".parse::<Registration>(), Err(InvalidRegistration));
    }

    #[test]
    fn a_code_is_not_printed_and_has_sixteen_characters_at_most() {
        let code: InviteCode = "abcdEFGH0123_-xy".parse().unwrap();
        assert!(code.is_whole());
        assert!(!format!("{code:?}").contains("abcd"));
        assert!(!"abcd".parse::<InviteCode>().unwrap().is_whole());
        for text in ["", "abcdEFGH0123_-xyz", "a b", "a.b", "é"] {
            assert_eq!(text.parse::<InviteCode>(), Err(InvalidInviteCode), "{text}");
        }
    }
}
