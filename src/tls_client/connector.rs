//! The configuration of TLS connections to one host, and their handshake.

use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use rustls::ClientConfig;
use rustls::client::WebPkiServerVerifier;
use rustls::crypto::ring;
use rustls::pki_types::ServerName;

use super::error::TlsError;
use super::roots::{self, Roots, Trusted};
use super::setup_error::SetupError;
use super::stream::TlsStream;
use super::verifier::Verifier;

/// Makes TLS connections to one host.
#[derive(Clone, Debug)]
pub struct TlsConnector {
    config: Arc<ClientConfig>,
    host: ServerName<'static>,
    roots: Roots,
}

impl TlsConnector {
    /// Configures connections to `host`, a name or an IP address. The trusted certificates are
    /// those in the PEM file `ca`, as certification authorities or as the server's own certificate;
    /// without `ca`, the certification authorities that this machine trusts.
    ///
    /// # Errors
    /// [`SetupError`].
    pub fn new(host: &str, ca: Option<&Path>) -> Result<Self, SetupError> {
        let name = ServerName::try_from(host.to_string());
        let name = name.map_err(|_| SetupError::HostName(host.to_string()))?;
        let Trusted { roots, store, named } = roots::load(ca)?;
        let provider = Arc::new(ring::default_provider());
        let chains = WebPkiServerVerifier::builder_with_provider(store.into(), provider.clone())
            .build()
            .map_err(|error| SetupError::Library(rustls::Error::General(error.to_string())))?;
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(SetupError::Library)?
            // The library calls every verifier of one's own dangerous.
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Verifier::new(named, chains)))
            .with_no_client_auth();
        Ok(TlsConnector { config: Arc::new(config), host: name, roots })
    }

    /// Begins a handshake on a non-blocking socket, connected or not yet. It continues with each
    /// [`TlsStream::flush`](std::io::Write::flush) and [`TlsStream::read`].
    ///
    /// # Errors
    /// [`TlsError::Failed`].
    pub fn begin(&self, socket: TcpStream) -> Result<TlsStream, TlsError> {
        TlsStream::new(socket, self.config.clone(), self.host.clone(), self.roots)
    }

    /// Does the whole handshake on a connected socket that is non-blocking or has a short timeout.
    ///
    /// # Errors
    /// [`TlsError`]; [`TlsError::Overdue`] if the handshake is not done at `deadline`.
    pub fn connect(&self, socket: TcpStream, deadline: Instant) -> Result<TlsStream, TlsError> {
        let mut stream = self.begin(socket)?;
        stream.shake_hands(deadline)?;
        Ok(stream)
    }
}
