//! When a certificate expires, which rustls does not tell: a look into its DER (ITU-T X.690).

use std::time::{Duration, SystemTime};

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// The tags of the two forms of a time (RFC 5280, section 4.1.2.5).
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
/// The tag of the version, which a certificate may leave out.
const VERSION: u8 = 0xa0;

/// The last moment at which a certificate is valid; none where that can't be read.
pub fn expiry(certificate: &[u8]) -> Option<SystemTime> {
    let certificate = Element::first(certificate)?.content;
    let mut next = Element::first(certificate)?.content;
    // RFC 5280, section 4.1: behind the serial number, the algorithm and the issuer.
    let skipped = if next.first() == Some(&VERSION) { 4 } else { 3 };
    for _ in 0..skipped {
        next = Element::first(next)?.rest;
    }
    let validity = Element::first(next)?.content;
    let end = Element::first(Element::first(validity)?.rest)?;
    let text = std::str::from_utf8(end.content).ok()?;
    let text = match (end.tag, text.as_bytes().first()?) {
        (GENERALIZED_TIME, _) => text.to_owned(),
        (UTC_TIME, b'0'..b'5') => format!("20{text}"),
        (UTC_TIME, _) => format!("19{text}"),
        _ => return None,
    };
    let time = DateTime::strptime("%Y%m%d%H%M%SZ", text).ok()?.to_zoned(TimeZone::UTC).ok()?;
    let seconds = u64::try_from(time.timestamp().as_second()).ok()?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

/// One element of DER, and what stands behind it.
struct Element<'a> {
    tag: u8,
    content: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Element<'a> {
    fn first(bytes: &'a [u8]) -> Option<Self> {
        let (&[tag, length], bytes) = bytes.split_first_chunk()?;
        // X.690, section 8.1.3: a length of more than seven bits says how many bytes it has.
        let more = if length < 0x80 { 0 } else { usize::from(length & 0x7f) };
        let (digits, bytes) =
            bytes.split_at_checked(more).filter(|(digits, _)| digits.len() <= 4)?;
        let length = match more {
            0 => usize::from(length),
            _ => digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)),
        };
        let (content, rest) = bytes.split_at_checked(length)?;
        Some(Element { tag, content, rest })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    fn certificate(year: i32) -> Vec<u8> {
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.not_after = date_time_ymd(year, 11, 20);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    #[test]
    fn both_forms_of_a_time_are_read() {
        for (year, expected) in [
            (2026, "2026-11-20T00:00:00Z"),
            (2049, "2049-11-20T00:00:00Z"),
            (2050, "2050-11-20T00:00:00Z"),
            (1999, "1999-11-20T00:00:00Z"),
        ] {
            let at = expiry(&certificate(year)).unwrap();
            assert_eq!(humantime::format_rfc3339(at).to_string(), expected);
        }
    }

    proptest! {
        #[test]
        fn what_is_no_certificate_does_no_harm(
            cut in any::<prop::sample::Index>(),
            at in any::<prop::sample::Index>(),
            byte in any::<u8>(),
        ) {
            let mut bytes = certificate(2030);
            let at = at.index(bytes.len());
            bytes[at] = byte;
            bytes.truncate(cut.index(bytes.len()));
            expiry(&bytes);
        }
    }
}
