//! Checks of the server's own certificate, which rustls does not do: when it expires, and why most
//! clients will reject it.

use std::time::SystemTime;

use x509_cert::Certificate;
use x509_cert::certificate::TbsCertificate;
use x509_cert::der::Decode;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{BasicConstraints, SubjectAltName};

/// Facts about a server's certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The end of its validity.
    pub expiry: SystemTime,
    /// Why clients will reject it at any time, if they will.
    pub flaw: Option<Flaw>,
    /// The names of its hosts, of which a first label may be a star. Addresses are left out.
    pub names: Vec<String>,
}

/// Why clients reject a certificate that a server can use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// It is a certificate of an authority, not of a server (RFC 5280, section 4.2.1.9).
    Authority,
    /// It has no subjectAltName with a host; a name in its subject alone does not count (RFC 9525,
    /// section 2).
    NoHost,
}

impl Flaw {
    /// The description for the log, with what to do about it.
    pub fn text(self) -> &'static str {
        match self {
            Flaw::Authority => {
                "only clients that name this very file as one to trust take it: it is an \
                 authority's (CA:TRUE); take one that is made for the server alone"
            }
            Flaw::NoHost => {
                "clients refuse it: it names no host (subjectAltName); take one with the name or \
                 the address by which clients connect"
            }
        }
    }
}

/// Parses a certificate in DER (RFC 5280); `None` if it is malformed.
pub fn facts(certificate: &[u8]) -> Option<Facts> {
    let certificate = Certificate::from_der(certificate).ok()?;
    let certificate = certificate.tbs_certificate();
    let hosts = hosts(certificate);
    let flaw = if is_authority(certificate) {
        Some(Flaw::Authority)
    } else if hosts.is_empty() {
        Some(Flaw::NoHost)
    } else {
        None
    };
    let expiry = certificate.validity().not_after.to_system_time();
    Some(Facts { expiry, flaw, names: hosts.into_iter().flatten().collect() })
}

fn is_authority(certificate: &TbsCertificate) -> bool {
    let constraints = certificate.get_extension::<BasicConstraints>();
    matches!(constraints, Ok(Some((_, constraints))) if constraints.ca)
}

/// The hosts of a certificate: names, and `None` for each address.
fn hosts(certificate: &TbsCertificate) -> Vec<Option<String>> {
    let Ok(Some((_, names))) = certificate.get_extension::<SubjectAltName>() else {
        return Vec::new();
    };
    let host = |name: &GeneralName| match name {
        GeneralName::DnsName(name) => Some(Some(name.to_string())),
        GeneralName::IpAddress(_) => Some(None),
        _ => None,
    };
    names.0.iter().filter_map(host).collect()
}

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, date_time_ymd};

    use super::*;

    fn made(change: impl FnOnce(&mut CertificateParams)) -> Option<Facts> {
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        change(&mut params);
        facts(params.self_signed(&KeyPair::generate().unwrap()).unwrap().der())
    }

    #[test]
    fn both_forms_of_a_time_are_read() {
        for (year, expected) in [
            (2026, "2026-11-20T00:00:00Z"),
            (2049, "2049-11-20T00:00:00Z"),
            (2050, "2050-11-20T00:00:00Z"),
            (1999, "1999-11-20T00:00:00Z"),
        ] {
            let facts = made(|params| params.not_after = date_time_ymd(year, 11, 20)).unwrap();
            assert_eq!(humantime::format_rfc3339(facts.expiry).to_string(), expected);
        }
    }

    #[test]
    fn its_names_are_known() {
        assert_eq!(made(|_| {}).unwrap().names, ["localhost"]);
        assert!(made(|params| params.subject_alt_names.clear()).unwrap().names.is_empty());
    }

    #[test]
    fn what_clients_refuse_is_known() {
        let flaw = |change: fn(&mut CertificateParams)| made(change).unwrap().flaw;
        assert_eq!(flaw(|_| {}), None);
        assert_eq!(flaw(|params| params.is_ca = IsCa::ExplicitNoCa), None);
        let authority = |params: &mut CertificateParams| {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        };
        assert_eq!(flaw(authority), Some(Flaw::Authority));
        assert_eq!(flaw(|params| params.subject_alt_names.clear()), Some(Flaw::NoHost));
        assert_eq!(facts(b"no certificate"), None);
    }
}
