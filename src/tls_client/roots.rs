//! Loads the trusted certificates: those of certification authorities, and those of servers.

use std::path::Path;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::setup_error::SetupError;

/// The source of the trusted certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Roots {
    /// The machine's certificate store.
    System,
    /// A file that the user named.
    File,
}

/// The trusted certificates.
#[derive(Debug)]
pub(super) struct Trusted {
    pub(super) roots: Roots,
    /// The authorities that may sign a server's certificate.
    pub(super) store: RootCertStore,
    /// The certificates that a server may have itself: those of the user's file.
    pub(super) named: Vec<CertificateDer<'static>>,
}

/// Loads the trusted certificates: those in the PEM file `ca`, or without it those of the machine.
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

/// Loads the machine's certificates. Errors are ignored unless no certificate can be read, since a
/// few may be too old for the library.
fn load_system() -> Result<RootCertStore, SetupError> {
    let found = rustls_native_certs::load_native_certs();
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(found.certs);
    match store.is_empty() {
        true => Err(SetupError::NoRoots(found.errors.first().map(ToString::to_string))),
        false => Ok(store),
    }
}
