//! The fuzz target `http`: heads of requests. However the bytes of one are split, the same end is
//! found; and what is read of it is nothing that another reader could take for something else.

use std::fmt::Write;

use chatsrv::protocol::http::head::{Method, RequestHead};
use chatsrv::protocol::http::host::Host;
use chatsrv::protocol::http::origin::Origin;
use chatsrv::protocol::http::refusal::HeadError;
use chatsrv::protocol::http::response::Response;
use chatsrv::protocol::http::scan::HeadScan;

/// Reads the input as heads, one behind the other, until one is refused or not complete.
pub fn run(input: &[u8]) {
    let mut rest = input;
    loop {
        let end = HeadScan::default().advance(rest);
        assert_eq!(end, byte_by_byte(rest), "byte by byte");
        let Ok(Some(end)) = end else { break };
        assert!(end <= rest.len() && rest[..end].ends_with(b"\r\n\r\n"));
        match RequestHead::parse(&rest[..end]) {
            Ok(head) => check(&head, &rest[..end]),
            Err(error) => refuse(error),
        }
        rest = &rest[end..];
    }
    if let Ok(text) = std::str::from_utf8(input) {
        check_text(text);
    }
}

fn byte_by_byte(bytes: &[u8]) -> Result<Option<usize>, HeadError> {
    let mut scan = HeadScan::default();
    for length in 1..=bytes.len() {
        match scan.advance(&bytes[..length])? {
            Some(end) => return Ok(Some(end)),
            None => continue,
        }
    }
    Ok(None)
}

/// Checks a head against its bytes.
fn check(head: &RequestHead<'_>, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<&str> = text.trim_start_matches("\r\n").split("\r\n").collect();
    let method = if head.method == Method::Get { "GET " } else { "HEAD " };
    assert!(lines[0].starts_with(method), "{text:?}");
    assert!(lines[0].ends_with(if head.is_1_1 { " HTTP/1.1" } else { " HTTP/1.0" }), "{text:?}");
    assert!(head.path.starts_with('/') && lines[0].contains(head.path), "{text:?}");
    assert!(head.path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'?'), "{text:?}");
    assert!(!head.path.contains("%00"), "{text:?}");
    let fields = |name: &str| {
        let is_it = |line: &&&str| line.to_ascii_lowercase().starts_with(&format!("{name}:"));
        lines[1..].iter().filter(is_it).count()
    };
    assert_eq!(fields("host"), 1, "{text:?}");
    assert!(fields("content-length") <= 1, "{text:?}");
    assert_eq!((fields("transfer-encoding"), fields("expect")), (0, 0), "{text:?}");
    assert!(lines[1..].iter().all(|line| !line.starts_with([' ', '\t'])), "{text:?}");
    assert!(!text.contains('\0') && text.matches('\n').count() == text.matches("\r\n").count());
    assert_eq!(head.host.to_string().parse(), Ok(head.host.clone()));
    assert!(!head.keeps_alive() || head.is_1_1);
    // None of these may fail.
    let _ = (head.takes_gzip(), head.forwarded_for(), head.has_one_of(&["\"a\""]));
}

fn refuse(error: HeadError) {
    let head = Response::from(error).head(0);
    assert!(head.starts_with(b"HTTP/1.1 4") || head.starts_with(b"HTTP/1.1 5"));
    assert!(head.ends_with(b"\r\n\r\n"));
}

/// Checks that hosts and origins have one form, in which nothing ends a line or a word.
fn check_text(text: &str) {
    let mut shown = String::new();
    if let Ok(host) = text.parse::<Host>() {
        let _ = write!(shown, "{host}");
        assert_eq!(shown.parse(), Ok(host));
    } else if let Ok(origin) = text.parse::<Origin>() {
        let _ = write!(shown, "{origin}");
        assert_eq!(shown.parse(), Ok(origin));
    }
    assert!(shown.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"',;".contains(&byte)));
}
