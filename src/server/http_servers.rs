//! What the server serves over HTTP: the page for browsers, and the metrics for the operator.

use std::io;

use super::config::ServerConfig;
use super::metrics::Exchanges;
use super::web::{WebConnections, WebSite};
use crate::limits::{WEB_CONNECTIONS_MAX, WEB_SHARE};

/// The state of all that is served over HTTP.
#[derive(Debug)]
pub struct HttpServers {
    /// The connections of browsers.
    pub browsers: WebConnections,
    /// What browsers are served.
    pub site: WebSite,
    /// The connections to the metrics page.
    pub exchanges: Exchanges,
}

impl HttpServers {
    /// Makes what is served, without a connection. `https_port` is where those are sent who have to
    /// speak TLS.
    ///
    /// # Errors
    /// See [`WebSite::new`].
    pub fn new(config: &ServerConfig, https_port: Option<u16>) -> io::Result<Self> {
        let limits = &config.limits;
        let most = WEB_CONNECTIONS_MAX.saturating_sub(limits.refused);
        Ok(HttpServers {
            browsers: WebConnections::new((limits.clients / WEB_SHARE).clamp(1, most)),
            site: WebSite::new(&config.web, https_port)?,
            exchanges: Exchanges::new(limits.exchanges),
        })
    }
}
