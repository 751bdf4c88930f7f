//! The verifier of server certificates.

use std::sync::Arc;
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};
use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::time::Time;

/// Verifies a server's certificate: either a trusted authority has signed it, which webpki verifies
/// (RFC 5280), or it is itself one of those that the user named.
///
/// A user who names a certificate trusts its holder. So if the server presents exactly that one,
/// its issuer and its permitted uses do not matter: `openssl req -x509` makes self-signed
/// certificates with CA:TRUE. Its names, its dates and the proof that the server has its key are
/// verified all the same.
#[derive(Debug)]
pub(super) struct Verifier {
    named: Vec<CertificateDer<'static>>,
    chains: Arc<WebPkiServerVerifier>,
}

impl Verifier {
    /// Creates a verifier that accepts the certificates `named`, and those that `chains` accepts.
    pub(super) fn new(
        named: Vec<CertificateDer<'static>>,
        chains: Arc<WebPkiServerVerifier>,
    ) -> Self {
        Verifier { named, chains }
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if !self.named.contains(end_entity) {
            let chains = &self.chains;
            return chains.verify_server_cert(
                end_entity,
                intermediates,
                server_name,
                ocsp_response,
                now,
            );
        }
        verify_dates(end_entity, now)?;
        verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.chains.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.chains.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.chains.supported_verify_schemes()
    }
}

/// Verifies that `now` is within the validity period of the certificate.
fn verify_dates(certificate: &[u8], now: UnixTime) -> Result<(), Error> {
    let certificate =
        Certificate::from_der(certificate).map_err(|_| CertificateError::BadEncoding)?;
    let validity = certificate.tbs_certificate().validity();
    let (not_before, not_after) = (unix_time(validity.not_before), unix_time(validity.not_after));
    if now < not_before {
        return Err(CertificateError::NotValidYetContext { time: now, not_before }.into());
    }
    if now > not_after {
        return Err(CertificateError::ExpiredContext { time: now, not_after }.into());
    }
    Ok(())
}

fn unix_time(time: Time) -> UnixTime {
    let since_epoch: Duration = time.to_unix_duration();
    UnixTime::since_unix_epoch(since_epoch)
}
