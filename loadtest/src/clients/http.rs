//! An HTTP/1.1 client (RFC 9112) that downloads files one after the other on one connection.

use std::collections::VecDeque;
use std::io::Write;

use httparse::{Header, Response, Status};

use super::heard::Heard;

/// The longest head of a response, in bytes.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// The largest number of header fields of a response.
const FIELDS_MAX: usize = 64;

/// A session with a web server.
#[derive(Debug)]
pub struct HttpSession {
    /// The requests without a response.
    requests: VecDeque<Request>,
    /// The number of bytes that the current file still lacks.
    left: Option<u64>,
    is_greeted: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Request {
    Greeting,
    File,
    Fence,
}

impl HttpSession {
    pub(super) fn new() -> Self {
        HttpSession { requests: VecDeque::new(), left: None, is_greeted: false }
    }

    /// Requests the server's name and version. There is no login.
    pub(super) fn greet(&mut self, out: &mut Vec<u8>) {
        self.ask(Request::Greeting, "HEAD", "", out);
    }

    pub(super) fn download(&mut self, name: &str, out: &mut Vec<u8>) {
        self.ask(Request::File, "GET", name, out);
    }

    pub(super) fn fence(&mut self, out: &mut Vec<u8>) {
        self.ask(Request::Fence, "HEAD", "", out);
    }

    fn ask(&mut self, request: Request, method: &str, name: &str, out: &mut Vec<u8>) {
        self.requests.push_back(request);
        // Writing to a Vec does not fail.
        let _ = write!(out, "{method} /{} HTTP/1.1\r\nHost: loadtest\r\n\r\n", encode(name));
    }

    pub(super) fn hear<'a>(&mut self, input: &'a [u8]) -> (usize, Option<Heard<'a>>) {
        match self.left {
            Some(0) => {
                self.left = None;
                (0, Some(Heard::DownloadEnd))
            }
            Some(_) if input.is_empty() => (0, None),
            Some(left) => {
                let bytes = usize::try_from(left).unwrap_or(usize::MAX).min(input.len());
                self.left = Some(left - bytes as u64);
                (bytes, Some(Heard::Chunk { bytes }))
            }
            None => self.hear_head(input),
        }
    }

    fn hear_head<'a>(&mut self, input: &'a [u8]) -> (usize, Option<Heard<'a>>) {
        let mut fields = [httparse::EMPTY_HEADER; FIELDS_MAX];
        let mut response = Response::new(&mut fields);
        let used = match response.parse(input) {
            Ok(Status::Complete(used)) => used,
            Ok(Status::Partial) if input.len() <= HEAD_BYTES_MAX => return (0, None),
            _ => return (input.len(), Some(Heard::Garbled)),
        };
        let heard = match self.requests.front() {
            Some(Request::Greeting) if !self.is_greeted => {
                self.is_greeted = true;
                // The head is decoded again for the login, which has no response of its own.
                return (
                    0,
                    Some(Heard::Greeting(field(response.headers, "Server").unwrap_or("-"))),
                );
            }
            Some(Request::Greeting) => Heard::LoggedIn,
            Some(Request::Fence) => Heard::Fenced,
            Some(Request::File) => match (response.code, length(response.headers)) {
                (Some(200), Some(bytes)) => {
                    self.left = Some(bytes);
                    Heard::Download { bytes }
                }
                // The body of an error can't be told from a file.
                _ => return (input.len(), Some(Heard::NotTaken(first_line(&input[..used])))),
            },
            None => Heard::Garbled,
        };
        self.requests.pop_front();
        (used, Some(heard))
    }
}

fn field<'a>(fields: &[Header<'a>], name: &str) -> Option<&'a str> {
    let field = fields.iter().find(|field| field.name.eq_ignore_ascii_case(name))?;
    std::str::from_utf8(field.value).ok()
}

fn length(fields: &[Header<'_>]) -> Option<u64> {
    field(fields, "Content-Length")?.parse().ok()
}

fn first_line(head: &[u8]) -> &str {
    let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
    std::str::from_utf8(line).unwrap_or("\u{fffd}")
}

/// Percent-encodes a file's name (RFC 3986, section 2.1).
fn encode(name: &str) -> String {
    let mut encoded = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            encoded.push(byte.into());
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::super::channel::Role;
    use super::super::session::{self, Protocol};

    fn asked() -> (session::Session, Vec<u8>) {
        let mut session = session::Session::new(Protocol::Http);
        let mut out = Vec::new();
        session.log_in("alice", Role::Idler, &mut out);
        session.download("a b/ü.bin", &mut out);
        session.fence(&mut out);
        (session, out)
    }

    #[test]
    fn files_are_asked_for_by_path() {
        let (_, out) = asked();
        let out = String::from_utf8(out).unwrap();
        assert!(out.starts_with("HEAD / HTTP/1.1\r\nHost: "), "{out}");
        assert!(out.contains("\r\n\r\nGET /a%20b/%C3%BC.bin HTTP/1.1\r\n"), "{out}");
    }

    #[test]
    fn a_file_comes_between_its_head_and_its_end() {
        let input = b"HTTP/1.1 404 Not Found\r\nserver: nginx/1.22.1\r\nContent-Length: 7\r\n\r\n\
            HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHTTP/HTTP/1.1 200 OK\r\n\r\n";
        for (piece, chunks) in [(input.len(), 1), (1, 5)] {
            let (heard, out) = session::tests::hear_in_pieces(asked().0, input, piece);
            let chunk = format!("Chunk {{ bytes: {} }}", 5 / chunks);
            let mut expected = vec![r#"Greeting("nginx/1.22.1")"#, "LoggedIn"];
            expected.push("Download { bytes: 5 }");
            expected.extend(vec![chunk.as_str(); chunks]);
            expected.extend(["DownloadEnd", "Fenced"]);
            assert_eq!(heard, expected);
            assert!(out.is_empty());
        }
    }

    #[test]
    fn what_is_no_file_is_told() {
        for (input, expected) in [
            (&b"HTTP/1.1 404 Not Found\r\n\r\n"[..], r#"NotTaken("HTTP/1.1 404 Not Found")"#),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "NotTaken"),
            (b"D hello\n", "Garbled"),
        ] {
            let mut session = session::Session::new(Protocol::Http);
            session.download("a", &mut Vec::new());
            let mut recent = super::super::recent::RecentLines::new();
            let (used, heard) = session.hear(input, &mut recent, &mut Vec::new());
            let heard = format!("{heard:?}");
            assert!(heard.contains(expected), "{heard}");
            assert_eq!(used, input.len());
        }
    }
}
