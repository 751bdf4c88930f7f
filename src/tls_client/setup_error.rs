//! Errors of the TLS configuration, with messages for people.

use std::fmt;
use std::path::PathBuf;

use rustls::Error;

/// Why TLS can't be configured for a host.
#[derive(Debug)]
pub enum SetupError {
    /// The host is neither a name nor an address that a certificate can be for.
    HostName(String),
    /// The file with the trusted certificates can't be used.
    File {
        /// The file.
        path: PathBuf,
        /// The reason.
        why: String,
    },
    /// This machine has no trusted certificates; the reason, if it is known.
    NoRoots(Option<String>),
    /// The library refuses the configuration.
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
