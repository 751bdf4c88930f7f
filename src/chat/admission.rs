//! Who may make an account: everybody, those who were invited, or nobody.

use std::fmt;
use std::str::FromStr;

use crate::chat::text::Secret;

/// Who may make an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Everybody.
    Open,
    /// Those who have an invitation.
    Invite,
    /// Nobody.
    Closed,
}

/// A text that is not a valid [`Admission`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidAdmission;

impl Admission {
    /// Every way, from the freest on.
    pub const ALL: &[Admission] = &[Admission::Open, Admission::Invite, Admission::Closed];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Admission::Open => "open",
            Admission::Invite => "invite",
            Admission::Closed => "closed",
        }
    }
}

impl FromStr for Admission {
    type Err = InvalidAdmission;

    fn from_str(text: &str) -> Result<Self, InvalidAdmission> {
        let is_it = |admission: &&Admission| admission.word().eq_ignore_ascii_case(text);
        Admission::ALL.iter().find(is_it).copied().ok_or(InvalidAdmission)
    }
}

impl fmt::Display for Admission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The length of an invitation's code, in characters.
pub const INVITE_CODE_CHARS: usize = 16;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn admission_is_read_as_it_is_written() {
        for admission in Admission::ALL {
            assert_eq!(admission.to_string().parse(), Ok(*admission));
            assert_eq!(admission.to_string().to_uppercase().parse(), Ok(*admission));
        }
        assert_eq!("".parse::<Admission>(), Err(InvalidAdmission));
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
