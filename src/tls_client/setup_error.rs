//! Why a program can't speak TLS, in words for people.

use std::fmt;
use std::path::PathBuf;

use rustls::Error;

/// Why TLS can't be spoken to a host at all.
#[derive(Debug)]
pub enum SetupError {
    /// No certificate can be for such a host.
    HostName(String),
    /// The file with the certificates that are to be trusted can't be used.
    File {
        /// The file.
        path: PathBuf,
        /// What is the matter with it.
        why: String,
    },
    /// This machine has no certificates that it trusts; why, where that is known.
    NoRoots(Option<String>),
    /// The library refuses its own defaults.
    Library(Error),
}

impl fmt::Display for SetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SetupError::HostName(host) => {
                write!(f, "{host} is no name or address that a certificate can be for")
            }
            SetupError::File { path, why } => write!(f, "{}: {why}", path.display()),
            SetupError::NoRoots(why) => {
                f.write_str("this machine has no certificates that it trusts")?;
                why.iter().try_for_each(|why| write!(f, " ({why})"))?;
                f.write_str("; --ca FILE names who signed the server's")
            }
            SetupError::Library(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for SetupError {}
