//! Errors of TLS connections, with messages for people. Names from a certificate are escaped in
//! them.

use std::fmt;
use std::io;

use rustls::pki_types::UnixTime;
use rustls::{CertificateError, Error, InvalidMessage, OtherError};

use super::roots::Roots;

/// The largest number of a certificate's names that an error message contains.
const NAMES_MAX: usize = 4;

/// Why a TLS connection could not be made or was lost.
#[derive(Debug)]
pub enum TlsError {
    /// The server's certificate is not to be trusted; why.
    Certificate(String),
    /// The server does not speak TLS.
    NotTls,
    /// The server closed the connection before the handshake was done.
    Closed,
    /// The handshake was not done in time.
    Overdue,
    /// The connection was lost before the handshake was done.
    Io(io::Error),
    /// Any other error of the protocol: there is nothing that both sides support, or a message is
    /// malformed or altered.
    Failed(Error),
}

impl TlsError {
    /// Converts an error of the library, which came in the handshake or later.
    pub(super) fn new(error: Error, in_handshake: bool, roots: Roots) -> Self {
        match error {
            Error::InvalidCertificate(fault) => TlsError::Certificate(explain(&fault, roots)),
            Error::InvalidMessage(InvalidMessage::InvalidContentType) if in_handshake => {
                TlsError::NotTls
            }
            error => TlsError::Failed(error),
        }
    }

    /// Returns true if it is useless to try again before somebody has changed a configuration.
    pub fn is_final(&self) -> bool {
        matches!(self, TlsError::Certificate(_) | TlsError::NotTls)
    }
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TlsError::Certificate(why) => f.write_str(why),
            TlsError::NotTls => {
                f.write_str("what answers does not speak TLS: it may be the port without")
            }
            TlsError::Closed => f.write_str("the server closed the connection in the handshake"),
            TlsError::Overdue => f.write_str("the handshake takes too long"),
            TlsError::Io(error) => write!(f, "the connection broke in the handshake: {error}"),
            TlsError::Failed(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for TlsError {}

impl From<TlsError> for io::Error {
    fn from(error: TlsError) -> Self {
        io::Error::new(io::ErrorKind::InvalidData, error)
    }
}

fn explain(fault: &CertificateError, roots: Roots) -> String {
    match (fault, roots) {
        (fault, Roots::System) if is_of_a_stranger(fault) => {
            "the server's certificate is not signed by anyone this machine trusts; \
             --ca FILE names who signed it"
                .to_string()
        }
        (fault, Roots::File) if is_of_a_stranger(fault) => {
            "the server's certificate is not signed by anyone in the file that --ca names"
                .to_string()
        }
        (CertificateError::NotValidForNameContext { expected, presented }, _) => {
            let expected = expected.to_str();
            match presented.is_empty() {
                true => format!("the server's certificate names no host, so not {expected} either"),
                false => format!(
                    "the server's certificate is for {}, not for {expected}",
                    names(presented)
                ),
            }
        }
        (CertificateError::ExpiredContext { not_after, .. }, _) => {
            format!("the server's certificate expired on {}", day(*not_after))
        }
        (CertificateError::NotValidYetContext { not_before, .. }, _) => {
            let day = day(*not_before);
            format!("the server's certificate is valid from {day} on, by the clock here not yet")
        }
        (CertificateError::InvalidPurposeContext { .. }, _) => {
            "the server's certificate is not made for servers".to_string()
        }
        (CertificateError::Other(error), _) if is_of_authority(error) => {
            "the server's certificate is one that signs others (CA:TRUE), and none for a server; \
             one with basicConstraints=CA:FALSE is needed there, or --ca with this very one"
                .to_string()
        }
        (fault, _) => format!("the server's certificate is no good: {fault}"),
    }
}

/// Returns true if no trusted authority signed the certificate. The signature is bad if a trusted
/// authority has the same name as the issuer, but another key.
fn is_of_a_stranger(fault: &CertificateError) -> bool {
    use CertificateError::{
        BadSignature, UnknownIssuer, UnsupportedSignatureAlgorithmForPublicKeyContext,
    };
    matches!(
        fault,
        UnknownIssuer | BadSignature | UnsupportedSignatureAlgorithmForPublicKeyContext { .. }
    )
}

/// Returns true if the certificate is one of an authority. The library has no variant for that, and
/// webpki's own error is not among its public types.
fn is_of_authority(error: &OtherError) -> bool {
    error.0.to_string() == "CaUsedAsEndEntity"
}

/// Lists the names of a certificate, which the library presents as `DnsName("example.org")`.
fn names(presented: &[String]) -> String {
    let bare = |name: &String| {
        let inner = name.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
        inner.unwrap_or(name).trim_matches('"').escape_debug().to_string()
    };
    let mut names: Vec<String> = presented.iter().take(NAMES_MAX).map(bare).collect();
    if presented.len() > NAMES_MAX {
        names.push("others".to_string());
    }
    names.join(", ")
}

fn day(time: UnixTime) -> String {
    let timestamp = i64::try_from(time.as_secs()).ok();
    let timestamp = timestamp.and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    timestamp.map_or("a day beyond all calendars".to_string(), |timestamp| {
        timestamp.strftime("%Y-%m-%d").to_string()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_a_certificate_are_few_and_harmless() {
        let presented = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        let some = presented(&["DnsName(\"a.example\")", "IpAddress(192.0.2.1)", "DirectoryName"]);
        assert_eq!(names(&some), "a.example, 192.0.2.1, DirectoryName");
        assert_eq!(names(&presented(&["DnsName(\"\u{1b}[2J\u{202e}\")"])), "\\u{1b}[2J\\u{202e}");
        let many = presented(&["DnsName(\"x\")"; NAMES_MAX + 1]);
        assert_eq!(names(&many), "x, x, x, x, others");
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        let at = |seconds| UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
        assert_eq!(day(at(1_000_000_000)), "2001-09-09");
        assert_eq!(day(at(u64::MAX)), "a day beyond all calendars");
    }
}
