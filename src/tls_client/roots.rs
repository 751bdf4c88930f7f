//! Who may sign the server's certificate.

use std::path::Path;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::SetupError;

/// Where those are named who may sign the server's certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Roots {
    /// On this machine, for all programs.
    System,
    /// In a file of the user's.
    File,
}

/// Reads the certificates of those who are trusted: of `ca` alone, where that is given.
pub(super) fn load(ca: Option<&Path>) -> Result<(Roots, RootCertStore), SetupError> {
    match ca {
        Some(path) => Ok((Roots::File, load_file(path)?)),
        None => Ok((Roots::System, load_system()?)),
    }
}

fn load_file(path: &Path) -> Result<RootCertStore, SetupError> {
    let unusable = |why: String| SetupError::File { path: path.to_path_buf(), why };
    let certificates =
        CertificateDer::pem_file_iter(path).map_err(|error| unusable(error.to_string()))?;
    let mut store = RootCertStore::empty();
    for certificate in certificates {
        let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
        store.add(certificate).map_err(|error| unusable(error.to_string()))?;
    }
    match store.is_empty() {
        true => Err(unusable("there is no certificate in it (PEM)".to_string())),
        false => Ok(store),
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
