//! What may block, and so happens on other threads: jobs by value, outcomes by value.

use std::fmt;

use zeroize::Zeroizing;

use crate::protocol::name::{DisplayName, FileName, Number, UserName};
use crate::protocol::reply::Entry;

/// Names a job, so that its outcome finds the session that waits for it. Never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// A password: wiped when dropped, and never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes a copy of `text`.
    pub fn new(text: &str) -> Self {
        Secret(Zeroizing::new(text.to_owned()))
    }

    /// The password itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("********")
    }
}

/// What the hub knows of an account; its password stays in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The permanent contact number, by which the store knows the account.
    pub number: Number,
    /// The name, in the case in which it was registered.
    pub name: UserName,
    /// The display name, where one was chosen.
    pub display: Option<DisplayName>,
}

/// Something that may block.
#[derive(Debug)]
pub enum Job {
    /// Hash the password and keep the account.
    Register {
        /// The account.
        account: Account,
        /// Its password.
        password: Secret,
    },
    /// Check a password.
    CheckPassword {
        /// Whose; none where the name is unknown, which must take as long as a wrong password.
        number: Option<Number>,
        /// The password that was given.
        password: Secret,
    },
    /// Keep a display name.
    SetDisplayName {
        /// Whose.
        number: Number,
        /// Which.
        display: DisplayName,
    },
    /// List a folder, sorted by name.
    ListFolder {
        /// Which; none is the shared folder itself.
        path: Option<FileName>,
    },
    /// Open a file for a download.
    OpenFile {
        /// Which.
        name: FileName,
    },
    /// Hash a file.
    SumFile {
        /// Which.
        name: FileName,
    },
}

/// What came of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done, and on disk where the job keeps something.
    Done,
    /// The password is the right one.
    PasswordRight,
    /// The password is not the right one.
    PasswordWrong,
    /// The folder's entries.
    Folder(Vec<Entry>),
    /// The file is open.
    Opened {
        /// Its size in bytes.
        size: u64,
    },
    /// The file's hash.
    Summed {
        /// SHA-256.
        sha256: [u8; 32],
        /// How many bytes were hashed.
        size: u64,
    },
    /// There is no such file or folder, or it must not be read.
    NotFound,
    /// Too many such jobs wait already.
    Busy,
    /// There is no room on the disk.
    NoRoom,
    /// It failed for another reason, which the log tells.
    Failed,
}
