//! The server's certificate and private key: loaded at the start, and reloaded at SIGHUP.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::NoServerSessionStorage;
use zeroize::Zeroizing;

use super::super::poll::Waker;
use super::super::reload::Reload;
use super::facts::{Facts, Flaw, facts};
use super::session::{HTTP, NATIVE};
use crate::limits::CERTIFICATE_FILE_BYTES_MAX;

/// A certificate with its chain and private key, and the files of both.
#[derive(Debug)]
pub struct Certificates {
    files: CertificateFiles,
    loaded: Loaded,
    reload: Reload<Result<Loaded, CertificateError>>,
}

/// The paths of the certificate and its key.
#[derive(Clone, Debug)]
struct CertificateFiles {
    certificate: PathBuf,
    key: PathBuf,
}

/// What was loaded from the files.
#[derive(Debug)]
struct Loaded {
    config: Arc<ServerConfig>,
    /// Facts about the certificate, if it can be parsed.
    facts: Option<Facts>,
}

/// Why certificates can't be used.
#[derive(Debug)]
pub enum CertificateError {
    /// A file can't be read.
    Read(PathBuf, io::Error),
    /// A file holds no certificate or key in PEM.
    Pem(PathBuf, pem::Error),
    /// The certificate can't be used, or does not belong to the key.
    Unusable(PathBuf, rustls::Error),
    /// The thread for a reload can't be started, or has died.
    Thread(io::Error),
}

impl fmt::Display for CertificateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CertificateError::Read(path, error) => {
                write!(f, "cannot read {}: {error}", path.display())
            }
            CertificateError::Pem(path, pem::Error::NoItemsFound) => {
                write!(f, "{} holds none in PEM", path.display())
            }
            CertificateError::Pem(path, error) => write!(f, "{}: {error}", path.display()),
            CertificateError::Unusable(path, rustls::Error::InconsistentKeys(_)) => {
                write!(f, "the key does not belong to the certificate in {}", path.display())
            }
            CertificateError::Unusable(path, error) => write!(f, "{}: {error}", path.display()),
            CertificateError::Thread(error) => write!(f, "cannot start a thread: {error}"),
        }
    }
}

impl Certificates {
    /// Loads a certificate, followed by its chain, and its private key, both in PEM.
    ///
    /// # Errors
    /// See [`CertificateError`].
    pub fn load(certificate: &Path, key: &Path) -> Result<Self, CertificateError> {
        let files = CertificateFiles { certificate: certificate.to_owned(), key: key.to_owned() };
        let loaded = files.load()?;
        let certificates = Certificates { files, loaded, reload: Reload::default() };
        certificates.announce();
        Ok(certificates)
    }

    /// The TLS configuration for new sessions.
    pub fn config(&self) -> &Arc<ServerConfig> {
        &self.loaded.config
    }

    /// When the certificate expires, if it could be parsed.
    pub fn expiry(&self) -> Option<SystemTime> {
        self.loaded.facts.as_ref().map(|facts| facts.expiry)
    }

    /// The names of the certificate's hosts, if it could be parsed.
    pub fn names(&self) -> &[String] {
        self.loaded.facts.as_ref().map_or(&[], |facts| &facts.names)
    }

    /// Logs which certificate is used from now on.
    fn announce(&self) {
        let path = self.files.certificate.display();
        let Some(Facts { expiry, flaw, .. }) = self.loaded.facts.as_ref() else {
            return log::info!("event=certificate file={path}");
        };
        let expires = humantime::format_rfc3339_seconds(*expiry);
        let flaw = match flaw {
            _ if *expiry < SystemTime::now() => Some("it has expired"),
            flaw => flaw.map(Flaw::text),
        };
        match flaw {
            Some(flaw) => log::warn!("event=certificate file={path} expires={expires}: {flaw}"),
            None => log::info!("event=certificate file={path} expires={expires}"),
        }
    }

    /// Begins to reload the files on a thread of its own: the folder may be on a network that does
    /// not answer, and checking a key takes longer than a tick should. `waker` is called when that
    /// is done. During a reload, another one is noted for later.
    ///
    /// # Errors
    /// If no thread can be started; the certificates stay in use.
    pub fn begin_reload(&mut self, waker: Waker) -> Result<(), CertificateError> {
        let files = self.files.clone();
        let begun = self.reload.begin("certificates", waker, move || files.load());
        begun.map_err(CertificateError::Thread)
    }

    /// Takes the result of a reload, if it is done. New sessions use the new certificate from then
    /// on; after an error, the old one stays in use.
    pub fn finish_reload(&mut self) -> Option<Result<(), CertificateError>> {
        let result = self.reload.take()?.map_err(CertificateError::Thread).flatten();
        Some(result.map(|loaded| {
            self.loaded = loaded;
            self.announce();
        }))
    }

    /// Returns true, once, if another reload was requested meanwhile.
    pub fn take_asked_again(&mut self) -> bool {
        self.reload.take_asked_again()
    }
}

impl CertificateFiles {
    fn load(&self) -> Result<Loaded, CertificateError> {
        let CertificateFiles { certificate, key } = self;
        let chain = read(certificate)?;
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&chain)
            .collect::<Result<_, _>>()
            .map_err(|error| CertificateError::Pem(certificate.clone(), error))?;
        if chain.is_empty() {
            return Err(CertificateError::Pem(certificate.clone(), pem::Error::NoItemsFound));
        }
        let pem = read(key)?;
        let key = PrivateKeyDer::from_pem_slice(&pem)
            .map_err(|error| CertificateError::Pem(key.clone(), error))?;
        let facts = facts(&chain[0]);
        let config =
            config(chain, key).map_err(|e| CertificateError::Unusable(certificate.clone(), e))?;
        Ok(Loaded { config, facts })
    }
}

fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, CertificateError> {
    let failed = |error| CertificateError::Read(path.to_owned(), error);
    let file = File::open(path).map_err(failed)?;
    // Allocated at once: a vector that grows would free memory with parts of the key unwiped.
    let mut bytes = Zeroizing::new(Vec::with_capacity(CERTIFICATE_FILE_BYTES_MAX));
    file.take(CERTIFICATE_FILE_BYTES_MAX as u64).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() == CERTIFICATE_FILE_BYTES_MAX {
        return Err(failed(io::ErrorKind::FileTooLarge.into()));
    }
    Ok(bytes)
}

/// The TLS configuration for a certificate; fails if the key does not belong to it.
fn config(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<Arc<ServerConfig>, rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    // Sessions are resumed by tickets, so that the server keeps no state for them (RFC 5077; RFC
    // 8446, section 4.6.1). One ticket is enough: each resumed session brings the next one.
    config.ticketer = ring::Ticketer::new()?;
    config.send_tls13_tickets = 1;
    config.alpn_protocols = vec![NATIVE.to_vec(), HTTP.to_vec()];
    config.session_storage = Arc::new(NoServerSessionStorage {});
    Ok(Arc::new(config))
}
