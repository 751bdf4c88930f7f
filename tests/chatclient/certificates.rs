//! Certificates of the tests' own, good ones and others.

use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use rustls::crypto::ring;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ServerConfig, ServerConnection, StreamOwned, SupportedProtocolVersion};
use tempfile::TempDir;

use crate::peer::{Dress, Wire};

impl Wire for StreamOwned<ServerConnection, TcpStream> {
    fn send_last(&mut self, bytes: &[u8]) {
        self.conn.writer().write_all(bytes).unwrap();
        self.conn.send_close_notify();
        self.flush().unwrap();
    }
}

/// One who signs certificates.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

impl Authority {
    pub fn new(name: &str) -> Self {
        Authority::of_host(name, &[], |_| {})
    }

    /// One whose own certificate is for these hosts, with what `change` makes of it.
    pub fn of_host(name: &str, hosts: &[&str], change: fn(&mut CertificateParams)) -> Self {
        let hosts: Vec<String> = hosts.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(hosts).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        change(&mut params);
        signs_others(&mut params);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("ca.pem"), issuer.pem()).unwrap();
        Authority { issuer, folder }
    }

    /// The file with its certificate.
    pub fn file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// A certificate for the host that the clients ask for.
    pub fn certify(&self) -> Certified {
        self.certify_as(&["127.0.0.1"], |_| {})
    }

    /// A certificate for these names, with what `change` makes of it.
    pub fn certify_as(&self, names: &[&str], change: fn(&mut CertificateParams)) -> Certified {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(names).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Certified::new(certificate.der().to_vec(), &key)
    }

    /// Its own certificate, as the one of a server.
    pub fn as_server(&self) -> Certified {
        Certified::new(self.issuer.der().to_vec(), self.issuer.key())
    }
}

pub fn signs_others(params: &mut CertificateParams) {
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
}

pub fn expired(params: &mut CertificateParams) {
    params.not_before = date_time_ymd(2001, 1, 1);
    params.not_after = date_time_ymd(2001, 9, 9);
}

pub fn not_yet_valid(params: &mut CertificateParams) {
    params.not_before = date_time_ymd(3001, 9, 9);
    params.not_after = date_time_ymd(3002, 1, 1);
}

/// A server's certificate and key.
#[derive(Clone)]
pub struct Certified {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl Certified {
    fn new(certificate: Vec<u8>, key: &KeyPair) -> Self {
        Certified { certificate, key: key.serialize_der() }
    }

    fn config(&self, versions: &[&'static SupportedProtocolVersion]) -> ServerConfig {
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key.clone()));
        let provider = Arc::new(ring::default_provider());
        let key = provider.key_provider.load_private_key(key).unwrap();
        // Not checked against each other: a thief's don't belong together.
        let certified = CertifiedKey::new(vec![self.certificate.clone().into()], key);
        ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)))
    }

    /// The certificate, shown by one who has only the key of another.
    pub fn with_key_of(self, other: Certified) -> Certified {
        Certified { key: other.key, ..self }
    }

    /// TLS with the newest version.
    pub fn dress(&self) -> Dress {
        self.dress_as(rustls::ALL_VERSIONS, b"")
    }

    /// TLS of these versions, where `early` is sent before the handshake is done on both sides.
    pub fn dress_as(
        &self,
        versions: &[&'static SupportedProtocolVersion],
        early: &'static [u8],
    ) -> Dress {
        let mut config = self.config(versions);
        if !early.is_empty() {
            config.send_half_rtt_data = true;
            // Nothing that follows by itself shall wake the client.
            config.send_tls13_tickets = 0;
        }
        let mut connection = ServerConnection::new(Arc::new(config)).unwrap();
        connection.writer().write_all(early).unwrap();
        Box::new(move |stream| Box::new(StreamOwned::new(connection, stream)))
    }
}
