//! The options about what browsers are served.

use std::str::FromStr;

use clap::Args;

use crate::chat::cidr::Cidr;
use crate::protocol::http::host::HostName;
use crate::protocol::http::origin::Origin;

/// The default TCP port for browsers.
pub const HTTP_PORT: u16 = 9080;
/// The longest title.
const TITLE_CHARS_MAX: usize = 64;

/// What browsers are served.
#[derive(Args, Clone, Debug)]
pub struct WebOptions {
    /// TCP port for browsers, on the addresses of --listen; 0 takes a free one
    /// [default: 9080; off with --port 0]
    #[arg(long, env = "CHATSRV_HTTP_PORT", value_name = "PORT|off")]
    pub http_port: Option<HttpListen>,

    /// TCP port for browsers that speak TLS and nothing else, beside that of --tls-port; 0 takes a
    /// free one
    #[arg(long, env = "CHATSRV_HTTPS_PORT", value_name = "PORT", requires = "tls_cert")]
    pub https_port: Option<u16>,

    /// Name under which browsers may come, may be repeated
    /// [default: those of the certificate and of the machine]
    #[arg(long = "host", env = "CHATSRV_HOST", value_name = "NAME", value_delimiter = ',')]
    pub hosts: Vec<HostName>,

    /// Another site whose pages may connect, with its scheme, may be repeated
    #[arg(long = "origin", env = "CHATSRV_ORIGIN", value_name = "URL", value_delimiter = ',')]
    pub origins: Vec<Origin>,

    /// Network of proxies that tell in X-Forwarded-For whom they ask for, may be repeated
    #[arg(long = "proxy", env = "CHATSRV_PROXY", value_name = "CIDR", value_delimiter = ',')]
    pub proxies: Vec<Cidr>,

    /// Title of the page
    #[arg(long, env = "CHATSRV_TITLE", value_name = "TEXT", default_value = "chatsrv")]
    #[arg(value_parser = title)]
    pub title: String,
}

/// Whether there is a port for browsers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpListen {
    /// There is none.
    Off,
    /// This one; 0 takes a free one.
    Port(u16),
}

impl FromStr for HttpListen {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        match text {
            "off" => Ok(HttpListen::Off),
            port => port.parse().map(HttpListen::Port).or(Err("it is no port, and not off")),
        }
    }
}

/// Reads a title.
fn title(text: &str) -> Result<String, String> {
    if text.trim().is_empty() || text.contains(char::is_control) {
        return Err("a title is one line of text".to_owned());
    }
    if text.chars().count() > TITLE_CHARS_MAX {
        return Err(format!("a title has {TITLE_CHARS_MAX} characters at most"));
    }
    Ok(text.to_owned())
}
