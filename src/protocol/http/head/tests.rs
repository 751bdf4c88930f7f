//! Tests of how heads are read.

use proptest::prelude::*;

use super::super::scan::HeadScan;
use super::*;

/// Scans and parses bytes that are a whole head, and copies some of it out.
fn read(bytes: &[u8]) -> Result<(Method, String, String), HeadError> {
    let end = HeadScan::default().advance(bytes)?.expect("a whole head");
    let head = RequestHead::parse(&bytes[..end])?;
    Ok((head.method, head.path.to_owned(), head.host.to_string()))
}

fn get(target: &str) -> Result<String, HeadError> {
    read(format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes()).map(|(_, path, _)| path)
}

fn with_fields(fields: &str) -> Result<String, HeadError> {
    let head = format!("GET / HTTP/1.1\r\nHost: a\r\n{fields}\r\n");
    read(head.as_bytes()).map(|(.., host)| host)
}

#[test]
fn targets_are_paths_whose_query_is_cut_off() {
    for (target, path) in [
        ("/", "/"),
        ("/?a=/b", "/"),
        ("/a/../b", "/a/../b"),
        ("/a%2f%5Cb", "/a%2f%5Cb"),
        ("//a", "//a"),
        ("/about.json?x=http://b/c", "/about.json"),
        ("http://b/c?d", "/c"),
        ("HTTPS://b:80", "/"),
        ("http://b?/c", "/"),
    ] {
        assert_eq!(get(target).as_deref(), Ok(path), "{target}");
    }
    for target in [
        "*",
        "a",
        "?",
        "a:80",
        "ftp://a/",
        "http://",
        "http:///",
        "http://u@a/",
        "http:/a",
        "://a/",
        "/%",
        "/%a",
        "/%zz",
        "/%0",
        "/%00",
        "/a%00.png",
        "/?%00",
        "/#",
        "/a#b",
        "/\"",
        "/<",
        "/\\",
        "/ä",
        "/\u{7f}",
    ] {
        assert_eq!(get(target), Err(HeadError::BadTarget), "{target}");
    }
}

#[test]
fn the_authority_of_a_whole_url_is_the_host() {
    let head = b"GET http://B:81/c HTTP/1.1\r\nHost: a\r\n\r\n";
    assert_eq!(read(head), Ok((Method::Get, "/c".to_owned(), "b:81".to_owned())));
    let head = b"GET http://b/ HTTP/1.1\r\n\r\n";
    assert_eq!(read(head), Err(HeadError::BadHost), "a field Host is needed all the same");
}

#[test]
fn one_host_is_named() {
    for (host, expected) in [
        ("Host: a.example:80\r\n", Ok("a.example:80")),
        ("hOST:\t[::1]\r\n", Ok("[::1]")),
        ("", Err(HeadError::BadHost)),
        ("Host:\r\n", Err(HeadError::BadHost)),
        ("Host: a\r\nHost: a\r\n", Err(HeadError::BadHost)),
        ("Host: a\r\nhost: b\r\n", Err(HeadError::BadHost)),
        ("Host: a, b\r\n", Err(HeadError::BadHost)),
        ("Host: u@a\r\n", Err(HeadError::BadHost)),
        ("Host: a/b\r\n", Err(HeadError::BadHost)),
        ("Host: a:b\r\n", Err(HeadError::BadHost)),
        ("Host: \u{e4}\r\n", Err(HeadError::BadHost)),
    ] {
        for version in ["1.0", "1.1"] {
            let head = format!("GET / HTTP/{version}\r\n{host}\r\n");
            let read = read(head.as_bytes()).map(|(.., host)| host);
            assert_eq!(read.as_deref(), expected.as_ref().copied(), "{head:?}");
        }
    }
}

#[test]
fn a_body_and_what_could_be_one_is_refused() {
    for fields in ["", "Content-Length: 0\r\n", "Content-Length: 00\r\n"] {
        assert!(with_fields(fields).is_ok(), "{fields:?}");
    }
    for fields in [
        "Content-Length: 5\r\n",
        "Content-Length: 0\r\nContent-Length: 0\r\n",
        "Content-Length: 0, 0\r\n",
        "Content-Length: +0\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: 0x0\r\n",
        "Content-Length:\r\n",
        "Content-Length: 99999999999999999999999\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding:\r\n",
        "transfer-encoding: xchunked\r\nContent-Length: 0\r\n",
    ] {
        assert_eq!(with_fields(fields), Err(HeadError::HasBody), "{fields:?}");
    }
    assert_eq!(with_fields("Expect: 100-continue\r\n"), Err(HeadError::Expects));
}

#[test]
fn fields_are_as_the_standard_has_them() {
    for fields in [
        "A : b\r\n",
        ": b\r\n",
        "A\r\n",
        "A b: c\r\n",
        "A\u{e4}: b\r\n",
        "A(b): c\r\n",
        "A: b\u{7f}\r\n",
        "A: \u{1}\r\n",
        "A: \u{1b}[2J\r\n",
    ] {
        assert_eq!(with_fields(fields), Err(HeadError::BadField), "{fields:?}");
    }
    for fields in ["A:\r\n", "A: \u{e4}\r\n", "A:b\tc\r\n", "Upgrade: h2c\r\n"] {
        assert!(with_fields(fields).is_ok(), "{fields:?}");
    }
    let fields = |count: usize| "A: b\r\n".repeat(count);
    assert!(with_fields(&fields(HEAD_FIELDS_MAX - 1)).is_ok());
    assert_eq!(with_fields(&fields(HEAD_FIELDS_MAX)), Err(HeadError::TooLong));
}

#[test]
fn other_methods_are_refused() {
    for (method, expected) in [
        ("GET", Ok(Method::Get)),
        ("HEAD", Ok(Method::Head)),
        ("POST", Err(HeadError::BadMethod)),
        ("CONNECT", Err(HeadError::BadMethod)),
        ("TRACE", Err(HeadError::BadMethod)),
        ("OPTIONS", Err(HeadError::BadMethod)),
        ("get", Err(HeadError::BadMethod)),
        ("GETT", Err(HeadError::BadMethod)),
        ("G(T", Err(HeadError::RequestLine)),
        ("G\u{e4}T", Err(HeadError::RequestLine)),
    ] {
        let target = if method == "CONNECT" { "a:443" } else { "/" };
        let head = format!("{method} {target} HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(read(head.as_bytes()).map(|(method, ..)| method), expected, "{method}");
    }
}

/// Asks something of the head with these fields.
fn ask<T>(version: &str, fields: &str, question: impl Fn(&RequestHead<'_>) -> T) -> T {
    let head = format!("GET / HTTP/{version}\r\nHost: a\r\n{fields}\r\n");
    question(&RequestHead::parse(head.as_bytes()).unwrap())
}

#[test]
fn connections_stay_with_1_1_unless_they_are_to_close() {
    let keeps = |version, fields| ask(version, fields, |head| head.keeps_alive());
    assert!(keeps("1.1", "") && keeps("1.1", "Connection: keep-alive\r\n"));
    assert!(!keeps("1.0", "") && !keeps("1.0", "Connection: keep-alive\r\n"));
    assert!(!keeps("1.1", "Connection: a, Close\r\n"));
    assert!(!keeps("1.1", "Connection: a\r\nConnection: close\r\n"));
}

#[test]
fn gzip_is_taken_where_it_is_not_refused() {
    for (value, expected) in [
        ("gzip", true),
        ("deflate, GZIP;q=0.5, br", true),
        ("*", true),
        ("gzip;q=1.0", true),
        ("", false),
        ("br", false),
        ("gzip;q=0", false),
        ("gzip; q=0.000, *", false),
        ("*;q=0", false),
        ("xgzip", false),
    ] {
        let fields = format!("Accept-Encoding: {value}\r\n");
        assert_eq!(ask("1.1", &fields, |head| head.takes_gzip()), expected, "{value}");
    }
    assert!(!ask("1.1", "", |head| head.takes_gzip()));
}

#[test]
fn tags_are_compared_weakly() {
    let tags = ["\"a\"", "\"b\""];
    for (value, expected) in [
        ("\"a\"", true),
        ("W/\"b\"", true),
        ("\"c\", \"b\"", true),
        ("*", true),
        ("a", false),
        ("\"c\"", false),
        ("", false),
    ] {
        let fields = format!("If-None-Match: {value}\r\n");
        assert_eq!(ask("1.1", &fields, |head| head.has_one_of(&tags)), expected, "{value}");
    }
}

#[test]
fn the_last_proxy_says_who_came() {
    let from = |fields| ask("1.1", fields, |head| head.forwarded_for().map(|ip| ip.to_string()));
    assert_eq!(from("X-Forwarded-For: 192.0.2.1\r\n").as_deref(), Some("192.0.2.1"));
    let two = "X-Forwarded-For: 1.1.1.1, 192.0.2.1\r\nX-Forwarded-For: a, 2001:db8::1\r\n";
    assert_eq!(from(two).as_deref(), Some("2001:db8::1"));
    assert_eq!(from("X-Forwarded-For: [::1]\r\n").as_deref(), Some("::1"));
    assert_eq!(from("X-Forwarded-For: 192.0.2.1, unknown\r\n"), None);
    assert_eq!(from(""), None);
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = RequestHead::parse(&bytes);
        if let Ok(Some(end)) = HeadScan::default().advance(&bytes) {
            let _ = RequestHead::parse(&bytes[..end]);
        }
    }

    #[test]
    fn any_target_is_a_path_or_refused(target in "[!-~]{1,40}") {
        if let Ok(path) = get(&target) {
            prop_assert!(path.starts_with('/') && !path.contains(['?', '#', ' ']));
        }
    }
}
