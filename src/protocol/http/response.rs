//! What a request is answered with.

use std::fmt::Write;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;

use super::refusal::HeadError;
use super::status::Status;

/// Text for people.
pub const TEXT: &str = "text/plain; charset=utf-8";

/// The fields of every response: what it is stays what it says, and it is nobody else's to show.
const USUAL_FIELDS: &str = "X-Content-Type-Options: nosniff\r\n\
     Referrer-Policy: no-referrer\r\n\
     Cross-Origin-Opener-Policy: same-origin\r\n\
     Cross-Origin-Resource-Policy: same-origin\r\n\
     Permissions-Policy: camera=(), microphone=(), geolocation=(), display-capture=(), usb=(), \
     serial=(), hid=(), bluetooth=(), midi=(), payment=(), screen-wake-lock=()\r\n";

/// The policy of what is no page.
const NO_CONTENT_POLICY: &str =
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A response, without the fields that its connection adds.
#[derive(Clone, Debug)]
pub struct Response {
    /// Its status.
    pub status: Status,
    /// Its Content-Security-Policy; none allows nothing.
    pub policy: Option<String>,
    /// Further fields.
    fields: Vec<(&'static str, String)>,
    /// Its body. With 304 nothing of it is sent.
    pub body: Arc<[u8]>,
    /// Whether the connection is to be closed behind it.
    pub closes: bool,
}

impl Response {
    /// A response with a body of some type.
    pub fn new(status: Status, kind: &str, body: Arc<[u8]>) -> Self {
        let fields = vec![("Content-Type", kind.to_owned())];
        Response { status, policy: None, fields, body, closes: false }
    }

    /// A line of text for people, which nobody keeps.
    pub fn text(status: Status, text: &str) -> Self {
        let body = format!("{text}\n").into_bytes().into();
        Response::new(status, TEXT, body).with("Cache-Control", "no-store")
    }

    /// The same response with one more field. The value must be one line of ASCII.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        let value = value.into();
        debug_assert!(value.bytes().all(|b| b == b' ' || b.is_ascii_graphic()), "{value:?}");
        self.fields.push((name, value));
        self
    }

    /// The same response, behind which the connection is closed.
    #[must_use]
    pub fn closing(mut self) -> Self {
        self.closes = true;
        self
    }

    /// Returns true if its body is sent, when the request's method has one.
    pub fn has_body(&self) -> bool {
        self.status != Status::NotModified
    }

    /// Encodes its head, with the time of its origin in seconds since 1970.
    pub fn head(&self, unix_seconds: i64) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {}\r\n", self.status.line());
        // Writing to a `String` does not fail.
        if let Some(date) = date(unix_seconds) {
            let _ = write!(head, "Date: {date}\r\n");
        }
        for (name, value) in &self.fields {
            if self.has_body() || *name != "Content-Type" {
                let _ = write!(head, "{name}: {value}\r\n");
            }
        }
        if self.has_body() {
            let _ = write!(head, "Content-Length: {}\r\n", self.body.len());
        }
        let policy = self.policy.as_deref().unwrap_or(NO_CONTENT_POLICY);
        let _ = write!(head, "Content-Security-Policy: {policy}\r\n");
        head += USUAL_FIELDS;
        if self.closes {
            head += "Connection: close\r\n";
        }
        head += "\r\n";
        head.into_bytes()
    }
}

impl From<HeadError> for Response {
    fn from(error: HeadError) -> Self {
        let response = Response::text(error.status(), &error.to_string()).closing();
        match error {
            HeadError::BadMethod => response.with("Allow", "GET, HEAD"),
            _ => response,
        }
    }
}

/// A time as HTTP writes it; `None` if it is beyond the years that have four digits.
fn date(unix_seconds: i64) -> Option<String> {
    let time = Timestamp::from_second(unix_seconds).ok()?;
    DateTimePrinter::new().timestamp_to_rfc9110_string(&time).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(response: &Response) -> String {
        String::from_utf8(response.head(784_111_777)).unwrap()
    }

    #[test]
    fn a_response_has_what_every_one_has() {
        let response = Response::text(Status::NotFound, "nothing is here");
        let head = head(&response);
        assert!(head.starts_with("HTTP/1.1 404 Not Found\r\n"), "{head}");
        for field in [
            "Date: Sun, 06 Nov 1994 08:49:37 GMT",
            "Content-Type: text/plain; charset=utf-8",
            "Content-Length: 16",
            "X-Content-Type-Options: nosniff",
            "Referrer-Policy: no-referrer",
            "Cross-Origin-Opener-Policy: same-origin",
            "Cross-Origin-Resource-Policy: same-origin",
        ] {
            assert!(head.contains(&format!("\r\n{field}\r\n")), "{field}: {head}");
        }
        assert!(head.contains("\r\nContent-Security-Policy: default-src 'none'; "), "{head}");
        assert!(head.contains("camera=(), microphone=(), geolocation=()"), "{head}");
        assert!(!head.contains("Connection:") && head.ends_with("\r\n\r\n"), "{head}");
    }

    #[test]
    fn what_is_not_modified_has_no_length() {
        let response = Response::new(Status::NotModified, TEXT, (*b"abc").into());
        let head = head(&response.with("ETag", "\"a\""));
        assert!(
            head.contains("\r\nETag: \"a\"\r\n")
                && !head.contains("Content-Type: ")
                && !head.contains("Length"),
            "{head}"
        );
    }

    #[test]
    fn refused_heads_close_and_say_what_is_allowed() {
        let refused = head(&HeadError::BadMethod.into());
        assert!(refused.starts_with("HTTP/1.1 405 Method Not Allowed\r\n"), "{refused}");
        assert!(refused.contains("\r\nAllow: GET, HEAD\r\n"), "{refused}");
        assert!(refused.contains("\r\nConnection: close\r\n"), "{refused}");
    }
}
