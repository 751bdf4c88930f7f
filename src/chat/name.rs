//! The names of users, groups, targets and files: parsed once, valid from then on.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use crate::chat::joined::is_all_seen;
use crate::chat::text::Text;

/// The longest user name, and the longest group name without its `#`, in bytes.
pub const NAME_BYTES_MAX: usize = 32;
/// The longest display name, in characters.
pub const DISPLAY_NAME_CHARS_MAX: usize = 64;
/// The longest idempotency key, in bytes.
pub const KEY_BYTES_MAX: usize = 64;
/// The longest file name (a path below the shared folder), in bytes.
pub const FILE_NAME_BYTES_MAX: usize = 1024;
/// The longest part of a file name, in bytes; the limit of Linux file systems.
pub const FILE_NAME_PART_BYTES_MAX: usize = 255;
/// The name of the user who connects to the server's own socket.
pub const OPERATOR: &str = "operator";

/// A text that is not a valid name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidName;

impl fmt::Display for InvalidName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("that name is not allowed")
    }
}

impl std::error::Error for InvalidName {}

/// A user's name: 1 to 32 of `A–Z a–z 0–9 _ . -`, the first a letter.
///
/// Two names that differ in case alone are equal, and hash alike; the text keeps the case in which
/// it was written.
#[derive(Clone, Copy)]
pub struct UserName {
    length: u8,
    bytes: [u8; NAME_BYTES_MAX],
}

/// The start of the names of removed accounts.
const REMOVED: &str = "removed-";

impl UserName {
    /// The operator's name, which no account can have.
    pub fn operator() -> Self {
        UserName::from_checked(OPERATOR)
    }

    /// The name under which what is left of a removed account stays; with so many dashes behind it,
    /// in case that accounts have such names.
    pub fn of_removed(number: Number, dashes: usize) -> Option<Self> {
        format!("{REMOVED}{number}{:-<dashes$}", "").parse().ok()
    }

    /// Returns true if it is the name of a removed account, or looks like one.
    pub fn is_of_removed(&self) -> bool {
        self.as_str().starts_with(REMOVED)
    }

    /// The name as it was written.
    pub fn as_str(&self) -> &str {
        // Only ASCII was let in, so this never falls back.
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    /// Returns true for [`OPERATOR`], which cannot be registered.
    pub fn is_operator(&self) -> bool {
        self.as_bytes().eq_ignore_ascii_case(OPERATOR.as_bytes())
    }

    /// The name as it was written, in bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }

    fn from_checked(text: &str) -> Self {
        let mut bytes = [0; NAME_BYTES_MAX];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        UserName { length: text.len() as u8, bytes }
    }
}

/// Returns true if `text` has the characters and the length of a user's name.
fn is_name(text: &str) -> bool {
    (1..=NAME_BYTES_MAX).contains(&text.len())
        && text.as_bytes()[0].is_ascii_alphabetic()
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
}

impl FromStr for UserName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        if is_name(text) { Ok(UserName::from_checked(text)) } else { Err(InvalidName) }
    }
}

impl PartialEq for UserName {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes().eq_ignore_ascii_case(other.as_bytes())
    }
}

impl Eq for UserName {}

impl Hash for UserName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let mut lower = self.bytes;
        lower.make_ascii_lowercase();
        state.write(&lower[..usize::from(self.length)]);
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}

/// An account's permanent contact number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Number(pub u32);

impl Number {
    /// The operator's number.
    pub const OPERATOR: Number = Number(1);
    /// The smallest number that an account or an unnamed group is given.
    pub const MIN: u32 = 10_000;
    /// The largest number that is also a port.
    pub const PORT_MAX: u32 = 65_535;

    /// The TCP port of that number, if there is one.
    pub fn port(self) -> Option<u16> {
        u16::try_from(self.0).ok()
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Number {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        // No sign and no leading zero, so that a number has one way to be written.
        if text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0') {
            text.parse().map(Number).map_err(|_| InvalidName)
        } else {
            Err(InvalidName)
        }
    }
}

/// A user as a command names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserRef {
    /// By name.
    Name(UserName),
    /// By contact number.
    Number(Number),
}

impl FromStr for UserRef {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        match text.parse() {
            Ok(name) => Ok(UserRef::Name(name)),
            Err(InvalidName) => text.parse().map(UserRef::Number),
        }
    }
}

impl fmt::Display for UserRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            UserRef::Name(name) => name.fmt(f),
            UserRef::Number(number) => number.fmt(f),
        }
    }
}

/// A group's name: `#` and a name as for users, or `#` and the number that the server gave it.
///
/// Two names that differ in case alone are equal.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct GroupName(GroupLabel);

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum GroupLabel {
    Name(UserName),
    Number(Number),
}

impl GroupName {
    /// The name of a group to which the server gave a number.
    pub fn numbered(number: Number) -> Self {
        GroupName(GroupLabel::Number(number))
    }

    /// Returns true if the server gave the name; users can ask only for names that start with a
    /// letter.
    pub fn is_numbered(&self) -> bool {
        matches!(self.0, GroupLabel::Number(_))
    }
}

impl FromStr for GroupName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let label = text.strip_prefix('#').ok_or(InvalidName)?;
        match label.parse() {
            Ok(UserRef::Name(name)) => Ok(GroupName(GroupLabel::Name(name))),
            Ok(UserRef::Number(number)) => Ok(GroupName(GroupLabel::Number(number))),
            Err(InvalidName) => Err(InvalidName),
        }
    }
}

impl fmt::Display for GroupName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            GroupLabel::Name(name) => write!(f, "#{name}"),
            GroupLabel::Number(number) => write!(f, "#{number}"),
        }
    }
}

impl fmt::Debug for GroupName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The target of a message, by which commands also name a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// `*`: everyone.
    Everyone,
    /// One user.
    User(UserRef),
    /// The members of a group.
    Group(GroupName),
}

impl FromStr for Target {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        match text.as_bytes().first() {
            Some(b'*') if text.len() == 1 => Ok(Target::Everyone),
            Some(b'#') => text.parse().map(Target::Group),
            _ => text.parse().map(Target::User),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Everyone => f.write_str("*"),
            Target::User(user) => user.fmt(f),
            Target::Group(group) => group.fmt(f),
        }
    }
}

/// A display name, which people see beside a user's name: 1 to 64 characters, none of them a
/// control, bidirectional or zero-width character (but see [`is_all_seen`]), and not only white
/// space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisplayName(Box<str>);

impl DisplayName {
    /// The name as it was chosen.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for DisplayName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let acceptable = !text.trim().is_empty()
            && text.chars().count() <= DISPLAY_NAME_CHARS_MAX
            && is_all_seen(text);
        if acceptable { Ok(DisplayName(text.into())) } else { Err(InvalidName) }
    }
}

/// An idempotency key, by which a client marks a message: 1 to 64 bytes without a space.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key(Box<str>);

impl Key {
    /// The key as it was sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Key {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let is_word = (1..=KEY_BYTES_MAX).contains(&text.len()) && !text.contains([' ', '\t']);
        if is_word { Ok(Key(text.into())) } else { Err(InvalidName) }
    }
}

/// The name of a file in the shared folder: a path relative to it, its parts joined by `/`.
///
/// No part is empty, starts with a dot or holds a control character, so no name leads upwards or to
/// a hidden file. Whether it leads out of the folder by a symbolic link is for the store. `@` with
/// digits alone is no name, since that is how a file of a chat is named.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileName(Box<str>);

impl FileName {
    /// The path, relative to the shared folder.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns true if `part` may be one part of a file name. Other files are neither listed nor
    /// read.
    pub fn is_part(part: &str) -> bool {
        (1..=FILE_NAME_PART_BYTES_MAX).contains(&part.len())
            && !part.starts_with('.')
            && !part.contains('/')
            && Text::new(part).is_ok_and(|part| !part.contains('\t'))
    }

    /// The part after the `@`, if `text` names a file that was sent into a chat.
    pub fn sent_id(text: &str) -> Option<&str> {
        let id = text.strip_prefix('@')?;
        (!id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit())).then_some(id)
    }
}

impl FromStr for FileName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let is_name = text.len() <= FILE_NAME_BYTES_MAX
            && text.split('/').all(FileName::is_part)
            && FileName::sent_id(text).is_none();
        if is_name { Ok(FileName(text.into())) } else { Err(InvalidName) }
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_names_are_ascii_and_case_does_not_count() {
        for good in ["a", "Alice", "a.b-c_9", &"x".repeat(32)] {
            assert!(good.parse::<UserName>().is_ok(), "{good}");
        }
        for bad in ["", "9a", "_a", "a b", "é", "al\u{456}ce", "a/b", "*", &"x".repeat(33)] {
            assert!(bad.parse::<UserName>().is_err(), "{bad}");
        }
        let (upper, lower): (UserName, UserName) =
            ("ALICE".parse().unwrap(), "alice".parse().unwrap());
        assert_eq!(upper, lower);
        assert_eq!(upper.as_str(), "ALICE");
        assert!("Operator".parse::<UserName>().unwrap().is_operator());
    }

    #[test]
    fn equal_names_hash_alike() {
        let names: std::collections::HashSet<UserName> =
            ["Bob", "bOB", "BOB"].iter().map(|name| name.parse().unwrap()).collect();
        assert_eq!(names.len(), 1);
    }

    #[test]
    fn targets() {
        assert_eq!("*".parse(), Ok(Target::Everyone));
        assert_eq!("10417".parse(), Ok(Target::User(UserRef::Number(Number(10_417)))));
        assert!(matches!("#ops".parse(), Ok(Target::Group(_))));
        for bad in ["", "**", "#", "#9a", "010417", "+10417", "99999999999"] {
            assert!(bad.parse::<Target>().is_err(), "{bad}");
        }
    }

    #[test]
    fn file_names_stay_below_the_folder() {
        for good in ["a", "a b/c.txt", "ümlaut", "@", "@5a", "a/@5", "@5/a", &"x".repeat(255)] {
            assert!(good.parse::<FileName>().is_ok(), "{good}");
        }
        let long_part = "x".repeat(256);
        let long_path = ["x"; 513].join("/");
        for bad in [
            "", "/a", "a/", "a//b", "..", "a/../b", ".x", "a/.x", "a\0b", "a\u{85}b", "a\tb", "@5",
            &long_part, &long_path,
        ] {
            assert!(bad.parse::<FileName>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn display_names_show_what_they_are() {
        for good in ["Zoë 中", "می\u{200c}خواهم", "👩\u{200d}💻 1\u{fe0f}\u{20e3}"] {
            assert!(good.parse::<DisplayName>().is_ok(), "{good}");
        }
        for bad in ["", " ", "a\u{202e}b", "a\u{200b}b", "a\u{200d}b", "a\u{7}b", &"x".repeat(65)] {
            assert!(bad.parse::<DisplayName>().is_err(), "{bad:?}");
        }
    }
}
