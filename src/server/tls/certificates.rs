//! The server's certificates: read when it starts, and again at SIGHUP.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, TryRecvError};
use std::thread;
use std::time::SystemTime;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::NoServerSessionStorage;
use zeroize::Zeroizing;

use super::super::poll::Waker;
use super::facts::{Facts, Flaw, facts};
use crate::limits::CERTIFICATE_FILE_BYTES_MAX;

/// A certificate with its chain, the private key of it, and where both came from.
#[derive(Debug)]
pub struct Certificates {
    files: CertificateFiles,
    loaded: Loaded,
    /// Where what is read again arrives.
    reload: Option<Receiver<Result<Loaded, CertificateError>>>,
    /// Whether the files are to be read once more after that, as they may have changed since.
    is_asked_again: bool,
}

#[derive(Clone, Debug)]
struct CertificateFiles {
    certificate: PathBuf,
    key: PathBuf,
}

#[derive(Debug)]
struct Loaded {
    config: Arc<ServerConfig>,
    /// What the certificate says of itself, where that can be read.
    facts: Option<Facts>,
}

/// Why certificates can't be used.
#[derive(Debug)]
pub enum CertificateError {
    /// A file can't be read.
    Read(PathBuf, io::Error),
    /// A file holds no such thing in PEM.
    Pem(PathBuf, pem::Error),
    /// The certificate can't be used, or does not belong to the key.
    Unusable(PathBuf, rustls::Error),
    /// No thread reads them.
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
    /// Reads a certificate, with its chain behind it, and its private key, both in PEM.
    ///
    /// # Errors
    /// See [`CertificateError`].
    pub fn load(certificate: &Path, key: &Path) -> Result<Self, CertificateError> {
        let files = CertificateFiles { certificate: certificate.to_owned(), key: key.to_owned() };
        let loaded = files.load()?;
        let certificates = Certificates { files, loaded, reload: None, is_asked_again: false };
        certificates.announce();
        Ok(certificates)
    }

    /// What new sessions are made with.
    pub fn config(&self) -> &Arc<ServerConfig> {
        &self.loaded.config
    }

    /// When the certificate expires, where it tells.
    pub fn expiry(&self) -> Option<SystemTime> {
        self.loaded.facts.map(|facts| facts.expiry)
    }

    /// Tells in the log which certificate is used from now on.
    fn announce(&self) {
        let path = self.files.certificate.display();
        let Some(Facts { expiry, flaw }) = self.loaded.facts else {
            return log::info!("event=certificate file={path}");
        };
        let expires = humantime::format_rfc3339_seconds(expiry);
        let flaw = match flaw {
            _ if expiry < SystemTime::now() => Some("it has expired"),
            flaw => flaw.map(Flaw::text),
        };
        match flaw {
            Some(flaw) => log::warn!("event=certificate file={path} expires={expires}: {flaw}"),
            None => log::info!("event=certificate file={path} expires={expires}"),
        }
    }

    /// Begins to read the files again, on a thread of its own: the folder may be on a network that
    /// does not answer, and checking a key takes longer than a tick should. `waker` is woken when
    /// that is done.
    ///
    /// # Errors
    /// Where the system has no thread left; the certificates stay.
    pub fn begin_reload(&mut self, waker: Waker) -> Result<(), CertificateError> {
        if self.reload.is_some() {
            self.is_asked_again = true;
            return Ok(());
        }
        let (sender, receiver) = mpsc::channel();
        let files = self.files.clone();
        let read = move || {
            // The loop is gone where nobody takes it.
            let _ = sender.send(files.load());
            waker.wake();
        };
        thread::Builder::new()
            .name("certificates".to_owned())
            .spawn(read)
            .map_err(CertificateError::Thread)?;
        self.reload = Some(receiver);
        Ok(())
    }

    /// Takes what was read again, where it is there: all of it is in use from then on, or where it
    /// can't be used, none.
    pub fn finish_reload(&mut self) -> Option<Result<(), CertificateError>> {
        let result = match self.reload.as_ref()?.try_recv() {
            Ok(result) => result,
            Err(TryRecvError::Empty) => return None,
            Err(TryRecvError::Disconnected) => {
                Err(CertificateError::Thread(io::ErrorKind::BrokenPipe.into()))
            }
        };
        self.reload = None;
        Some(result.map(|loaded| {
            self.loaded = loaded;
            self.announce();
        }))
    }

    /// Whether the files are to be read once more; asks once.
    pub fn take_asked_again(&mut self) -> bool {
        std::mem::take(&mut self.is_asked_again)
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
    // Room for all of it at once: memory that is given back while it grows is not wiped.
    let mut bytes = Zeroizing::new(Vec::with_capacity(CERTIFICATE_FILE_BYTES_MAX));
    file.take(CERTIFICATE_FILE_BYTES_MAX as u64).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() == CERTIFICATE_FILE_BYTES_MAX {
        return Err(failed(io::ErrorKind::FileTooLarge.into()));
    }
    Ok(bytes)
}

/// How sessions are made with a certificate; fails where the key does not belong to it.
fn config(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<Arc<ServerConfig>, rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    // Who comes back shows a ticket, and nothing is kept here for those who do not (RFC 5077; RFC
    // 8446, section 4.6.1). One ticket does: each session that it resumes brings the next.
    config.ticketer = ring::Ticketer::new()?;
    config.send_tls13_tickets = 1;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    Ok(Arc::new(config))
}
