//! Certificates that a test makes for itself, and clients that trust them.

use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion,
};

use super::Transport;

/// The name that the certificates are for.
const HOST: &str = "localhost";

/// A certificate that signs itself, and its key.
pub struct Identity {
    certificate: CertificateDer<'static>,
    certificate_pem: String,
    key_pem: String,
}

impl Identity {
    /// A new one.
    pub fn new() -> Self {
        Identity::with(|_| {})
    }

    /// One that may sign others, which few clients take for a server's.
    pub fn of_authority() -> Self {
        Identity::with(|params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained))
    }

    /// One that is for no host.
    pub fn without_host() -> Self {
        Identity::with(|params| params.subject_alt_names.clear())
    }

    fn with(change: impl FnOnce(&mut CertificateParams)) -> Self {
        let mut params = CertificateParams::new([HOST.to_owned()]).expect("a name");
        change(&mut params);
        let signing_key = KeyPair::generate().expect("a key");
        let cert = params.self_signed(&signing_key).expect("a certificate");
        Identity {
            certificate: cert.der().clone(),
            certificate_pem: cert.pem(),
            key_pem: signing_key.serialize_pem(),
        }
    }

    /// The certificate in PEM.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// The private key in PEM.
    pub fn key_pem(&self) -> &str {
        &self.key_pem
    }

    /// Writes both into a folder, and tells where they are: the certificate and the key.
    pub fn write(&self, folder: &Path) -> (PathBuf, PathBuf) {
        let (certificate, key) = (folder.join("cert.pem"), folder.join("key.pem"));
        fs::write(&certificate, &self.certificate_pem).unwrap();
        fs::write(&key, &self.key_pem).unwrap();
        (certificate, key)
    }

    /// What clients trust that trust it and nothing else.
    pub fn trust(&self) -> TlsTrust {
        TlsTrust::new(self, rustls::ALL_VERSIONS)
    }

    /// The same with one version of TLS.
    pub fn trust_with(&self, version: &'static SupportedProtocolVersion) -> TlsTrust {
        TlsTrust::new(self, &[version])
    }
}

/// What a client trusts; its sessions can be resumed.
#[derive(Clone)]
pub struct TlsTrust(Arc<ClientConfig>);

impl TlsTrust {
    fn new(identity: &Identity, versions: &[&'static SupportedProtocolVersion]) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(identity.certificate.clone()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        TlsTrust(Arc::new(config))
    }

    /// The same, for a client that says which protocols it speaks (ALPN).
    pub fn speaking(&self, protocols: &[&str]) -> TlsTrust {
        let mut config = ClientConfig::clone(&self.0);
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        TlsTrust(Arc::new(config))
    }

    /// The client's side of a session.
    pub fn session(&self) -> ClientConnection {
        let name = ServerName::try_from(HOST).unwrap();
        ClientConnection::new(Arc::clone(&self.0), name).unwrap()
    }

    /// TLS on a socket; its handshake begins with what is written or read first.
    pub fn over(&self, socket: TcpStream) -> Transport {
        Transport::Tls(Box::new(StreamOwned::new(self.session(), socket)))
    }
}
