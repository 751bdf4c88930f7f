//! Who is trusted to sign the server's certificate, or to be the server.

use std::path::Path;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::setup_error::SetupError;

/// Where those are named who may sign the server's certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Roots {
    /// On this machine, for all programs.
    System,
    /// In a file of the user's.
    File,
}

/// The certificates of those who are trusted.
#[derive(Debug)]
pub(super) struct Trusted {
    pub(super) roots: Roots,
    /// Who may sign a server's certificate.
    pub(super) store: RootCertStore,
    /// Whose holder may be the server: those that the user named, and none of the machine's.
    pub(super) named: Vec<CertificateDer<'static>>,
}

/// Reads the certificates of those who are trusted: of `ca` alone, where that is given.
pub(super) fn load(ca: Option<&Path>) -> Result<Trusted, SetupError> {
    match ca {
        Some(path) => load_file(path),
        None => Ok(Trusted { roots: Roots::System, store: load_system()?, named: Vec::new() }),
    }
}

fn load_file(path: &Path) -> Result<Trusted, SetupError> {
    let unusable = |why: String| SetupError::File { path: path.to_path_buf(), why };
    let certificates =
        CertificateDer::pem_file_iter(path).map_err(|error| unusable(error.to_string()))?;
    let (mut store, mut named) = (RootCertStore::empty(), Vec::new());
    for certificate in certificates {
        let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
        store.add(certificate.clone()).map_err(|error| unusable(error.to_string()))?;
        named.push(certificate);
    }
    match store.is_empty() {
        true => Err(unusable("there is no certificate in it (PEM)".to_string())),
        false => Ok(Trusted { roots: Roots::File, store, named }),
    }
}

/// A few of the system's certificates may be older than what can be read: they count only where
/// nothing else is left.
fn load_system() -> Result<RootCertStore, SetupError> {
    let found = rustls_native_certs::load_native_certs();
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(found.certs);
    match store.is_empty() {
        true => Err(SetupError::NoRoots(found.errors.first().map(ToString::to_string))),
        false => Ok(store),
    }
}
