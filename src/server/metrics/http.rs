//! A minimal HTTP server codec for monitoring: one GET or HEAD request per connection (RFC 9110,
//! RFC 9112).

use crate::limits::REQUEST_BYTES_MAX;

/// The largest number of header fields of a request.
const HEADERS_MAX: usize = 64;

/// A resource that can be requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// The metrics, at `/metrics`.
    Metrics,
    /// The health check, at `/healthz`.
    Health,
}

/// A complete request, or one that is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpRequest {
    /// The resource, or why there is none for it.
    pub page: Result<Resource, HttpRefusal>,
    /// Whether only the head of the response is to be sent.
    pub is_head: bool,
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpRefusal {
    /// It is not valid HTTP.
    Malformed,
    /// There is no such resource.
    NoSuchPage,
    /// The method is neither GET nor HEAD.
    Method,
    /// The method is none of HTTP's. Methods are case-sensitive.
    UnknownMethod,
    /// It is too long, or has too many header fields.
    TooLong,
    /// The version is neither 1.0 nor 1.1.
    Version,
}

impl HttpRefusal {
    fn status(self) -> &'static str {
        match self {
            HttpRefusal::Malformed => "400 Bad Request",
            HttpRefusal::NoSuchPage => "404 Not Found",
            HttpRefusal::Method => "405 Method Not Allowed",
            HttpRefusal::UnknownMethod => "501 Not Implemented",
            HttpRefusal::TooLong => "431 Request Header Fields Too Large",
            HttpRefusal::Version => "505 HTTP Version Not Supported",
        }
    }

    fn text(self) -> &'static str {
        match self {
            HttpRefusal::Malformed => "that is no HTTP request\n",
            HttpRefusal::NoSuchPage => "/metrics or /healthz\n",
            HttpRefusal::Method | HttpRefusal::UnknownMethod => "GET or HEAD\n",
            HttpRefusal::TooLong => "that is too long\n",
            HttpRefusal::Version => "HTTP/1.1 or HTTP/1.0\n",
        }
    }

    /// The response to a refused request.
    pub fn answer(self) -> HttpAnswer {
        let allow = matches!(self, HttpRefusal::Method | HttpRefusal::UnknownMethod);
        HttpAnswer { status: self.status(), kind: TEXT, allow, body: self.text().to_owned() }
    }
}

/// A response.
#[derive(Debug)]
pub struct HttpAnswer {
    status: &'static str,
    kind: &'static str,
    /// Whether it has the header field `Allow`.
    allow: bool,
    body: String,
}

const TEXT: &str = "text/plain; charset=utf-8";
/// Prometheus' text exposition format.
const METRICS: &str = "text/plain; version=0.0.4; charset=utf-8";

impl HttpAnswer {
    /// The response with the metrics.
    pub fn metrics(page: String) -> Self {
        HttpAnswer { status: "200 OK", kind: METRICS, allow: false, body: page }
    }

    /// The response to a health check; `ailment` is what is wrong, if anything is.
    pub fn health(ailment: Option<&str>) -> Self {
        let status = if ailment.is_some() { "503 Service Unavailable" } else { "200 OK" };
        HttpAnswer {
            status,
            kind: TEXT,
            allow: false,
            body: format!("{}\n", ailment.unwrap_or("ok")),
        }
    }

    /// Encodes the response, or only its head.
    pub fn encode(&self, is_head: bool) -> Vec<u8> {
        let HttpAnswer { status, kind, allow, body } = self;
        let allow = if *allow { "Allow: GET, HEAD\r\n" } else { "" };
        // Each connection is for one request, so it does not matter whether bytes behind it are its
        // body or a second request.
        let mut answer = format!(
            "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n{allow}\
             Cache-Control: no-store\r\nConnection: close\r\n\r\n",
            body.len()
        );
        if !is_head {
            answer += body;
        }
        answer.into_bytes()
    }
}

/// Parses a request from the bytes received so far. `None` if it is incomplete; bytes behind it are
/// ignored. `is_all` says that no more bytes will come.
pub fn read(bytes: &[u8], is_all: bool) -> Option<HttpRequest> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut request = httparse::Request::new(&mut headers);
    let refused = |refusal| Some(HttpRequest { page: Err(refusal), is_head: false });
    match request.parse(bytes) {
        Ok(httparse::Status::Complete(_)) => {}
        Ok(httparse::Status::Partial) if bytes.len() > REQUEST_BYTES_MAX => {
            return refused(HttpRefusal::TooLong);
        }
        Ok(httparse::Status::Partial) if is_all => return refused(HttpRefusal::Malformed),
        Ok(httparse::Status::Partial) => return None,
        Err(httparse::Error::TooManyHeaders) => return refused(HttpRefusal::TooLong),
        Err(httparse::Error::Version) if names_http(bytes) => return refused(HttpRefusal::Version),
        Err(_) => return refused(HttpRefusal::Malformed),
    }
    let page = match request.method {
        Some("GET" | "HEAD") => page(request.path.unwrap_or_default()),
        Some("POST" | "PUT" | "DELETE" | "PATCH" | "OPTIONS" | "TRACE" | "CONNECT") => {
            Err(HttpRefusal::Method)
        }
        _ => Err(HttpRefusal::UnknownMethod),
    };
    Some(HttpRequest { page, is_head: request.method == Some("HEAD") })
}

/// Returns true if the first line ends with some version of HTTP.
fn names_http(bytes: &[u8]) -> bool {
    let line = bytes.trim_ascii_start().split(|byte| matches!(byte, b'\r' | b'\n')).next();
    let version = line.and_then(|line| line.rsplit(|byte| *byte == b' ').next());
    version.is_some_and(|version| version.starts_with(b"HTTP/"))
}

/// The resource of a request target: a path, or an absolute URL as for a proxy. A query is ignored.
fn page(target: &str) -> Result<Resource, HttpRefusal> {
    let path = match target.split_once("://") {
        Some((scheme, rest)) if !scheme.contains(['/', '?']) => {
            rest.find(['/', '?']).map_or("/", |at| &rest[at..])
        }
        _ => target,
    };
    match path.split(['?', '#']).next() {
        Some("/metrics") => Ok(Resource::Metrics),
        Some("/healthz") => Ok(Resource::Health),
        _ => Err(HttpRefusal::NoSuchPage),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ask(request: &str) -> Option<HttpRequest> {
        read(request.as_bytes(), false)
    }

    #[test]
    fn targets_have_queries_and_may_be_whole_urls() {
        for (target, expected) in [
            ("/metrics", Ok(Resource::Metrics)),
            ("/metrics?", Ok(Resource::Metrics)),
            ("/metrics?name[]=a&b=/healthz", Ok(Resource::Metrics)),
            ("/healthz?verbose", Ok(Resource::Health)),
            ("http://127.0.0.1:9199/metrics?x", Ok(Resource::Metrics)),
            ("HTTPS://chat.example.org/healthz", Ok(Resource::Health)),
            ("http://[::1]:9199/healthz", Ok(Resource::Health)),
            ("http://host", Err(HttpRefusal::NoSuchPage)),
            ("http://host?/metrics", Err(HttpRefusal::NoSuchPage)),
            ("/?u=http://host/metrics", Err(HttpRefusal::NoSuchPage)),
            ("/", Err(HttpRefusal::NoSuchPage)),
            ("*", Err(HttpRefusal::NoSuchPage)),
            ("/metrics/", Err(HttpRefusal::NoSuchPage)),
            ("/Metrics", Err(HttpRefusal::NoSuchPage)),
        ] {
            let request = ask(&format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n"));
            assert_eq!(request, Some(HttpRequest { page: expected, is_head: false }), "{target}");
        }
    }

    #[test]
    fn statuses_have_the_phrases_of_the_standards() {
        let line = |refusal: HttpRefusal| {
            let answer = String::from_utf8(refusal.answer().encode(true)).unwrap();
            answer.lines().next().unwrap_or_default().to_owned()
        };
        assert_eq!(line(HttpRefusal::Malformed), "HTTP/1.1 400 Bad Request");
        assert_eq!(line(HttpRefusal::TooLong), "HTTP/1.1 431 Request Header Fields Too Large");
        assert_eq!(line(HttpRefusal::NoSuchPage), "HTTP/1.1 404 Not Found");
    }

    #[test]
    fn what_is_to_come_is_waited_for() {
        let whole = "HEAD /healthz HTTP/1.0\r\nAccept: a\r\nAccept: b\r\n\r\nand a body";
        let end = whole.find("\r\n\r\n").unwrap() + 4;
        for length in 0..whole.len() {
            let request = ask(&whole[..length]);
            assert_eq!(request.is_some(), length >= end, "{length}");
            let request = read(&whole.as_bytes()[..length], true).unwrap();
            let page =
                if length >= end { Ok(Resource::Health) } else { Err(HttpRefusal::Malformed) };
            assert_eq!(request.page, page);
        }
        // Line ends without CR, as nc(1) sends them.
        assert_eq!(ask("GET /healthz HTTP/1.0\n\n").unwrap().page, Ok(Resource::Health));
    }

    #[test]
    fn the_head_of_an_answer_is_that_of_the_whole() {
        let answer = HttpAnswer::health(Some("stopping"));
        let whole = answer.encode(false);
        let head = answer.encode(true);
        assert_eq!([&head[..], b"stopping\n"].concat(), whole);
        assert!(head.starts_with(b"HTTP/1.1 503 Service Unavailable\r\n"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_request_or_refused(
            bytes in proptest::collection::vec(any::<u8>(), 0..300),
        ) {
            read(&bytes, false);
            prop_assert!(read(&bytes, true).is_some());
        }
    }
}
