//! The codes of replies.

use std::fmt;

/// The code of a reply. Notices have their own numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum Code {
    /// The head of a list.
    ListHead = 150,
    /// One item of a list.
    ListItem = 151,
    /// The first line of a connection.
    Greeting = 220,
    /// The last line after EX.
    Goodbye = 221,
    /// Logged in.
    LoggedIn = 230,
    /// Done.
    Done = 250,
    /// Done, and kept for a user who is offline.
    DoneStored = 251,
    /// Done so far; the consent of another user is awaited.
    DoneWaiting = 252,
    /// A known user: the password is awaited.
    SendPassword = 331,
    /// A new user: a password is to be chosen.
    ChoosePassword = 332,
    /// Send the text.
    SendText = 354,
    /// The server closes this connection.
    Closing = 421,
    /// That user is already logged in.
    AlreadyOnline = 431,
    /// Busy.
    Busy = 450,
    /// No room.
    NoRoom = 452,
    /// A frame or verb that the server does not know.
    Unknown = 500,
    /// Bad or missing parameters.
    BadParameters = 501,
    /// Not possible in this state.
    WrongState = 503,
    /// Not logged in, or not allowed.
    NotAllowed = 530,
    /// Wrong password.
    WrongPassword = 535,
    /// No such user, group, file or stream.
    NotFound = 550,
    /// The user is offline and the message was discarded.
    Offline = 551,
    /// Too large.
    TooLarge = 552,
    /// That name is not allowed, or taken.
    NameNotAllowed = 553,
}

impl Code {
    /// Every code, in order.
    pub const ALL: &[Code] = &[
        Code::ListHead,
        Code::ListItem,
        Code::Greeting,
        Code::Goodbye,
        Code::LoggedIn,
        Code::Done,
        Code::DoneStored,
        Code::DoneWaiting,
        Code::SendPassword,
        Code::ChoosePassword,
        Code::SendText,
        Code::Closing,
        Code::AlreadyOnline,
        Code::Busy,
        Code::NoRoom,
        Code::Unknown,
        Code::BadParameters,
        Code::WrongState,
        Code::NotAllowed,
        Code::WrongPassword,
        Code::NotFound,
        Code::Offline,
        Code::TooLarge,
        Code::NameNotAllowed,
    ];

    /// The code with this number; none if this version of the protocol has no such code.
    pub fn from_number(number: u16) -> Option<Code> {
        Code::ALL.iter().copied().find(|code| *code as u16 == number)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (*self as u16).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_their_numbers() {
        let known = (0..=u16::MAX).filter_map(Code::from_number);
        assert_eq!(known.collect::<Vec<_>>(), Code::ALL);
        for code in Code::ALL {
            assert_eq!(Code::from_number(*code as u16), Some(*code));
        }
    }
}
