//! Files of the page, held in memory plain and compressed.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

use crate::protocol::http::head::RequestHead;
use crate::protocol::http::response::Response;
use crate::protocol::http::status::Status;

/// A file that browsers ask for.
#[derive(Debug)]
pub struct Asset {
    kind: &'static str,
    plain: Representation,
    gzipped: Representation,
}

/// A form in which a file is sent.
#[derive(Debug)]
struct Representation {
    bytes: Arc<[u8]>,
    /// The entity tag, in its quotes.
    tag: String,
}

impl Asset {
    /// Takes a file and compresses it.
    ///
    /// # Errors
    /// If it can't be compressed, which is not to be expected in memory.
    pub fn new(kind: &'static str, bytes: Vec<u8>) -> io::Result<Self> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&bytes)?;
        let gzipped = encoder.finish()?.into();
        let hash = hash(&bytes);
        Ok(Asset {
            kind,
            plain: Representation { bytes: bytes.into(), tag: format!("\"{hash}\"") },
            gzipped: Representation { bytes: gzipped, tag: format!("\"{hash}-gz\"") },
        })
    }

    /// The response to a request for it. It is asked for again each time, but sent only if it has
    /// changed.
    pub fn respond(&self, head: &RequestHead<'_>) -> Response {
        let takes_gzip = head.takes_gzip();
        let sent = if takes_gzip { &self.gzipped } else { &self.plain };
        let is_known = head.has_one_of(&[&sent.tag]);
        let status = if is_known { Status::NotModified } else { Status::Ok };
        let response = Response::new(status, self.kind, Arc::clone(&sent.bytes))
            .with("Cache-Control", "no-cache")
            .with("ETag", &*sent.tag)
            .with("Vary", "Accept-Encoding");
        match takes_gzip && !is_known {
            true => response.with("Content-Encoding", "gzip"),
            false => response,
        }
    }
}

/// The first 64 bits of a SHA-256, in hexadecimal: enough to tell builds apart.
pub fn hash(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in Sha256::digest(bytes).iter().take(8) {
        // Writing to a `String` does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn ask(asset: &Asset, fields: &str) -> (String, Arc<[u8]>) {
        let head = format!("GET / HTTP/1.1\r\nHost: a\r\n{fields}\r\n");
        let response = asset.respond(&RequestHead::parse(head.as_bytes()).unwrap());
        (String::from_utf8(response.head(0)).unwrap(), response.body)
    }

    #[test]
    fn a_file_is_sent_in_the_form_that_is_taken_and_once() {
        let asset = Asset::new("text/plain", b"hello ".repeat(100)).unwrap();
        let (head, body) = ask(&asset, "");
        assert!(head.contains("200 OK") && !head.contains("Content-Encoding"), "{head}");
        assert_eq!(body[..], b"hello ".repeat(100)[..]);
        let tag = |head: &str| {
            let tag = head.lines().find_map(|line| line.strip_prefix("ETag: "));
            tag.unwrap().to_owned()
        };
        let plain = tag(&head);
        let (head, body) = ask(&asset, "Accept-Encoding: gzip\r\n");
        assert!(head.contains("\r\nContent-Encoding: gzip\r\n"), "{head}");
        assert!(head.contains("\r\nVary: Accept-Encoding\r\n"), "{head}");
        let mut text = String::new();
        flate2::read::GzDecoder::new(&body[..]).read_to_string(&mut text).unwrap();
        assert_eq!(text, "hello ".repeat(100));
        let gzipped = tag(&head);
        assert_ne!(plain, gzipped);
        let known = format!("Accept-Encoding: gzip\r\nIf-None-Match: {gzipped}\r\n");
        let (head, _) = ask(&asset, &known);
        assert!(head.starts_with("HTTP/1.1 304 "), "{head}");
        assert!(head.contains(&gzipped) && !head.contains("Content-Encoding"), "{head}");
        let (head, _) = ask(&asset, &format!("If-None-Match: {gzipped}\r\n"));
        assert!(head.contains("200 OK"), "the other form is another representation: {head}");
    }
}
