//! The routes: what stands under which path, and for whom.

use std::io;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::asset::{Asset, hash};
use super::hosts::WebHosts;
use crate::chat::address::Address;
use crate::protocol::http::head::RequestHead;
use crate::protocol::http::host::Host;
use crate::protocol::http::response::Response;
use crate::protocol::http::status::Status;
use crate::server::config::{AboutServer, WebConfig};

/// The page, as it is built into the program.
const INDEX: &str = include_str!("../../../web/dist/index.html");

/// What is served, and the rules for whom.
#[derive(Debug)]
pub struct WebSite {
    hosts: WebHosts,
    /// The port to which those are sent who have to speak TLS, if there is one.
    https_port: Option<u16>,
    index: Asset,
    /// The hash of the page's styles, as its policy names it.
    styles: String,
    about: Asset,
    robots: Asset,
}

/// How a request came.
#[derive(Clone, Copy, Debug)]
pub struct Visit<'a> {
    /// The address that the connection is from.
    pub from: Address,
    /// Whether it came over TLS.
    pub is_encrypted: bool,
    /// Whether there is no place for the connection.
    pub is_refused: bool,
    /// The names of the certificate; `None` if the server has none.
    pub certificate: Option<&'a [String]>,
}

/// What `/about.json` tells.
#[derive(Serialize)]
struct AboutPage<'a> {
    title: &'a str,
    version: &'a str,
    build: String,
    #[serde(flatten)]
    server: &'a AboutServer,
}

impl WebSite {
    /// Makes all that is served. `https_port` is where those are sent who have to speak TLS.
    ///
    /// # Errors
    /// If something can't be compressed, which is not to be expected in memory.
    pub fn new(config: &WebConfig, https_port: Option<u16>) -> io::Result<Self> {
        let version = env!("CARGO_PKG_VERSION");
        let title = escaped(&config.title);
        let index = INDEX.replace("{{title}}", &title).replace("{{version}}", version);
        let build = hash(index.as_bytes());
        let about = AboutPage { title: &config.title, version, build, server: &config.about };
        let about = serde_json::to_vec(&about)?;
        let robots = b"User-agent: *\nDisallow: /\n".to_vec();
        let styles = BASE64_STANDARD.encode(Sha256::digest(styles(&index)));
        Ok(WebSite {
            hosts: WebHosts::new(&config.hosts, &config.origins, &config.proxies),
            https_port,
            index: Asset::new("text/html; charset=utf-8", index.into_bytes())?,
            styles: format!("'sha256-{styles}'"),
            about: Asset::new("application/json", about)?,
            robots: Asset::new("text/plain; charset=utf-8", robots)?,
        })
    }

    /// The response to a request. `is_banned` says whether an address may not
    /// come at all.
    pub fn respond(
        &self,
        head: &RequestHead<'_>,
        visit: Visit<'_>,
        is_banned: impl Fn(Address) -> bool,
    ) -> Response {
        if visit.is_refused {
            return no_place();
        }
        if !self.hosts.allow(&head.host, visit.certificate.unwrap_or_default()) {
            return unknown_host(&head.host);
        }
        if is_banned(self.hosts.client(visit.from, head)) {
            return Response::text(Status::Forbidden, "your address is banned").closing();
        }
        let is_near = visit.from.is_loopback() || self.hosts.is_proxy(visit.from);
        if visit.certificate.is_some() && !visit.is_encrypted && !is_near {
            return self.send_to_tls(head);
        }
        match head.path {
            "/" => self.page(head),
            "/about.json" => self.about.respond(head),
            "/robots.txt" => self.robots.respond(head),
            "/ws" if !self.hosts.may_open_socket(head) => {
                Response::text(Status::Forbidden, "this page is of another site; see --origin")
            }
            _ => Response::text(Status::NotFound, "nothing is here"),
        }
    }

    fn page(&self, head: &RequestHead<'_>) -> Response {
        let mut response = self.index.respond(head);
        response.policy = Some(self.policy(&head.host));
        response
    }

    /// The policy of the page, with the one host to which it may open sockets: `'self'` does not
    /// stand for them in every browser.
    fn policy(&self, host: &Host) -> String {
        let styles = &self.styles;
        format!(
            "default-src 'none'; script-src 'self'; style-src {styles}; img-src 'self' blob:; \
             media-src 'self' blob:; connect-src 'self' ws://{host} wss://{host}; \
             manifest-src 'self'; worker-src 'self'; form-action 'none'; base-uri 'none'; \
             frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types chatsrv"
        )
    }

    /// The response to whoever has to come with TLS.
    fn send_to_tls(&self, head: &RequestHead<'_>) -> Response {
        let Some(port) = self.https_port.filter(|_| head.path != "/ws") else {
            return Response::text(Status::Forbidden, "this needs TLS");
        };
        let name = &head.host.name;
        let location = format!("https://{name}:{port}{}", head.path);
        Response::text(Status::PermanentRedirect, &location).with("Location", &*location)
    }
}

/// The response to a connection for which there is no place.
pub fn no_place() -> Response {
    let text = "there are too many connections; try again later";
    Response::text(Status::ServiceUnavailable, text).with("Retry-After", "10").closing()
}

fn unknown_host(host: &Host) -> Response {
    let text = format!(
        "This server is not known as {host}.\n\
         If it is to be, its operator starts it with: chatsrv --host {}",
        host.name
    );
    Response::text(Status::MisdirectedRequest, &text)
}

/// What stands between the tags of the page's one style element.
fn styles(page: &str) -> &str {
    let inner = page.split_once("<style>").and_then(|(_, rest)| rest.split_once("</style>"));
    inner.map_or("", |(styles, _)| styles)
}

/// A text as HTML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::config::AboutLimits;

    fn site(https_port: Option<u16>) -> WebSite {
        let about = AboutServer {
            registration: "open",
            limits: AboutLimits { line: 4096, file: 1 << 32, group: 100 },
            public_files: false,
        };
        let title = "<b>\"Tea\" & \u{e4}".to_owned();
        let proxies = vec!["192.0.2.0/24".parse().unwrap()];
        let config = WebConfig { title, proxies, about, ..WebConfig::default() };
        WebSite::new(&config, https_port).unwrap()
    }

    fn ask(site: &WebSite, request: &str, from: &str, certificate: Option<&[String]>) -> String {
        let head = format!("GET {request}\r\n\r\n");
        let from = Address::host(from.parse().unwrap());
        let visit = Visit { from, is_encrypted: false, is_refused: false, certificate };
        let head = RequestHead::parse(head.as_bytes()).unwrap();
        let banned = Address::host([198, 51, 100, 66].into());
        let response = site.respond(&head, visit, |address| address == banned);
        let head = String::from_utf8(response.head(0)).unwrap();
        head + std::str::from_utf8(&response.body).unwrap()
    }

    #[test]
    fn the_page_is_under_a_policy_that_its_styles_and_its_host_pass() {
        let page = ask(&site(None), "/ HTTP/1.1\r\nHost: localhost:9080", "127.0.0.1", None);
        assert!(page.starts_with("HTTP/1.1 200 OK\r\n"), "{page}");
        let hash = BASE64_STANDARD.encode(Sha256::digest(styles(&page)));
        assert!(!styles(&page).is_empty());
        assert!(page.contains(&format!("; style-src 'sha256-{hash}'; ")), "{page}");
        let sockets = "; connect-src 'self' ws://localhost:9080 wss://localhost:9080; ";
        assert!(page.contains(sockets), "{page}");
        assert!(page.contains("<h1>&lt;b&gt;&quot;Tea&quot; &amp; \u{e4}</h1>"), "{page}");
        assert!(!page.contains("{{"), "{page}");
    }

    #[test]
    fn other_paths_tell_little() {
        let site = site(None);
        let get = |path: &str, fields: &str| {
            let request = format!("{path} HTTP/1.1\r\nHost: localhost{fields}");
            ask(&site, &request, "127.0.0.1", None)
        };
        let about = get("/about.json?x", "");
        let (_, about) = about.split_once("\r\n\r\n").unwrap();
        let about: serde_json::Value = serde_json::from_str(about).unwrap();
        assert_eq!(about["title"], "<b>\"Tea\" & \u{e4}");
        assert_eq!(about["version"], env!("CARGO_PKG_VERSION"));
        assert_eq!(about["limits"]["group"], 100);
        assert!(get("/robots.txt", "").ends_with("Disallow: /\n"));
        for path in ["/a", "/index.html", "//", "/%2f", "/../about.json", "/about.json/", "/ws"] {
            assert!(get(path, "").starts_with("HTTP/1.1 404 "), "{path}");
        }
        let other = get("/ws", "\r\nOrigin: http://evil.example");
        assert!(other.starts_with("HTTP/1.1 403 "), "{other}");
        let other = ask(&site, "/ HTTP/1.1\r\nHost: evil.example:80", "127.0.0.1", None);
        assert!(other.starts_with("HTTP/1.1 421 "), "{other}");
        assert!(other.ends_with("chatsrv --host evil.example\n"), "{other}");
    }

    #[test]
    fn who_is_banned_is_so_behind_a_proxy_too() {
        let site = site(None);
        let request = "/ HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 198.51.100.66";
        assert!(ask(&site, request, "192.0.2.1", None).starts_with("HTTP/1.1 403 "));
        assert!(ask(&site, request, "198.51.100.1", None).starts_with("HTTP/1.1 200 "));
    }

    #[test]
    fn with_a_certificate_others_are_sent_to_tls() {
        let names = ["chat.example".to_owned()];
        let get = |port, path: &str, from: &str| {
            let request = format!("{path} HTTP/1.1\r\nHost: chat.example:9080");
            ask(&site(port), &request, from, Some(&names))
        };
        for near in ["127.0.0.1", "::1", "192.0.2.1"] {
            assert!(get(Some(9443), "/", near).starts_with("HTTP/1.1 200 "), "{near}");
        }
        let sent = get(Some(9443), "/a?b", "198.51.100.1");
        assert!(sent.starts_with("HTTP/1.1 308 "), "{sent}");
        assert!(sent.contains("\r\nLocation: https://chat.example:9443/a\r\n"), "{sent}");
        assert!(get(Some(9443), "/ws", "198.51.100.1").starts_with("HTTP/1.1 403 "));
        assert!(get(None, "/", "198.51.100.1").starts_with("HTTP/1.1 403 "));
    }
}
