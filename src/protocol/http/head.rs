//! The head of a request: its method, target, host and fields, each checked.

use std::net::IpAddr;

use httparse::{EMPTY_HEADER, Header};

use super::host::Host;
use super::refusal::HeadError;
use crate::limits::HEAD_FIELDS_MAX;

/// A method that is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// GET.
    Get,
    /// HEAD: the head of the response to GET.
    Head,
}

/// The head of a request without a body.
#[derive(Clone, Debug)]
pub struct RequestHead<'b> {
    /// The method.
    pub method: Method,
    /// The path, with its escapes as they came, without the query.
    pub path: &'b str,
    /// The host for which the request is meant.
    pub host: Host,
    /// Whether the version is 1.1; else it is 1.0.
    pub is_1_1: bool,
    fields: Vec<Header<'b>>,
}

impl<'b> RequestHead<'b> {
    /// Parses a head that [`scan`](super::scan) has found.
    ///
    /// # Errors
    /// If it is malformed, or asks for more than a file.
    pub fn parse(head: &'b [u8]) -> Result<Self, HeadError> {
        let head = head.strip_prefix(b"\r\n").unwrap_or(head);
        let end = memchr::memchr(b'\n', head).ok_or(HeadError::RequestLine)?;
        let (line, rest) = head.split_at(end + 1);
        let line = std::str::from_utf8(line).or(Err(HeadError::RequestLine))?;
        let mut words = line.trim_end_matches("\r\n").split(' ');
        let (Some(method), Some(target), Some(version), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(HeadError::RequestLine);
        };
        let mut fields = [EMPTY_HEADER; HEAD_FIELDS_MAX];
        let fields = match httparse::parse_headers(rest, &mut fields) {
            Ok(httparse::Status::Complete((_, fields))) => fields.to_vec(),
            Ok(httparse::Status::Partial) => return Err(HeadError::LineEnd),
            Err(httparse::Error::TooManyHeaders) => return Err(HeadError::TooLong),
            Err(_) => return Err(HeadError::BadField),
        };
        let is_1_1 = version == "HTTP/1.1";
        let host = host_field(&fields)?;
        check_body(&fields)?;
        let method = method_of(method)?;
        let (authority, path) = split_target(target)?;
        let host = authority.unwrap_or(host);
        Ok(RequestHead { method, path, host, is_1_1, fields })
    }

    /// The values of the fields with a name, in lower case.
    pub fn values(&self, name: &str) -> impl Iterator<Item = &'b [u8]> {
        values(&self.fields, name)
    }

    /// The members of a field that is a list, without white space around them. Those that are no
    /// ASCII are left out.
    pub fn members(&self, name: &str) -> impl Iterator<Item = &'b str> {
        let lists = self.values(name).filter(|value| value.is_ascii());
        let lists = lists.filter_map(|value| std::str::from_utf8(value).ok());
        lists.flat_map(|list| list.split(',')).map(str::trim).filter(|member| !member.is_empty())
    }

    /// Returns true if the connection may be used for another request.
    pub fn keeps_alive(&self) -> bool {
        self.is_1_1 && !self.members("connection").any(|word| word.eq_ignore_ascii_case("close"))
    }

    /// Returns true if the client takes a response that is compressed with gzip.
    pub fn takes_gzip(&self) -> bool {
        let quality = |coding: &str| {
            self.members("accept-encoding").find_map(|member| {
                let mut parts = member.split(';').map(str::trim);
                let is_it = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(coding));
                is_it.then(|| !parts.any(is_zero_quality))
            })
        };
        quality("gzip").or_else(|| quality("*")).unwrap_or(false)
    }

    /// Returns true if the client has a representation with one of these tags (If-None-Match).
    pub fn has_one_of(&self, tags: &[&str]) -> bool {
        self.members("if-none-match").any(|member| {
            let tag = member.strip_prefix("W/").unwrap_or(member);
            member == "*" || tags.contains(&tag)
        })
    }

    /// The client of the last proxy (X-Forwarded-For), if the field's last member is an address.
    pub fn forwarded_for(&self) -> Option<IpAddr> {
        let last = self.members("x-forwarded-for").last()?;
        let inner = last.strip_prefix('[').and_then(|last| last.strip_suffix(']'));
        inner.unwrap_or(last).parse().ok()
    }
}

fn values<'b>(fields: &[Header<'b>], name: &str) -> impl Iterator<Item = &'b [u8]> {
    fields
        .iter()
        .filter(move |field| field.name.eq_ignore_ascii_case(name))
        .map(|field| field.value)
}

/// The host of the one field Host.
fn host_field(fields: &[Header<'_>]) -> Result<Host, HeadError> {
    let mut hosts = values(fields, "host");
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return Err(HeadError::BadHost) };
    let host = std::str::from_utf8(host).or(Err(HeadError::BadHost))?;
    host.parse().or(Err(HeadError::BadHost))
}

/// Checks that there is no body, beyond doubt, and that nothing is expected.
fn check_body(fields: &[Header<'_>]) -> Result<(), HeadError> {
    if values(fields, "expect").next().is_some() {
        return Err(HeadError::Expects);
    }
    let mut lengths = values(fields, "content-length");
    let is_empty = match lengths.next() {
        None => true,
        Some(length) => {
            !length.is_empty()
                && length.iter().all(|byte| *byte == b'0')
                && lengths.next().is_none()
        }
    };
    match is_empty && values(fields, "transfer-encoding").next().is_none() {
        true => Ok(()),
        false => Err(HeadError::HasBody),
    }
}

fn method_of(word: &str) -> Result<Method, HeadError> {
    match word {
        "GET" => Ok(Method::Get),
        "HEAD" => Ok(Method::Head),
        _ if !word.is_empty() && word.bytes().all(is_token_byte) => Err(HeadError::BadMethod),
        _ => Err(HeadError::RequestLine),
    }
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// The path of a target, and its authority where it is a whole URL. A query is cut off.
fn split_target(target: &str) -> Result<(Option<Host>, &str), HeadError> {
    check_bytes(target.as_bytes())?;
    let (path, _) = target.split_once('?').unwrap_or((target, ""));
    if path.starts_with('/') {
        return Ok((None, path));
    }
    let (scheme, rest) = path.split_once("://").ok_or(HeadError::BadTarget)?;
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return Err(HeadError::BadTarget);
    }
    let (authority, path) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, "/"),
    };
    Ok((Some(authority.parse().or(Err(HeadError::BadTarget))?), path))
}

/// Checks that a target is made of what may stand in a URL, and has complete escapes, none of which
/// is NUL.
fn check_bytes(target: &[u8]) -> Result<(), HeadError> {
    let mut rest = target;
    while let Some((byte, behind)) = rest.split_first() {
        rest = behind;
        match byte {
            b'%' => {
                let (escape, behind) = behind.split_at_checked(2).ok_or(HeadError::BadTarget)?;
                let is_one = escape.iter().all(u8::is_ascii_hexdigit) && escape != b"00";
                rest = if is_one { behind } else { return Err(HeadError::BadTarget) };
            }
            b'#' | b'"' | b'<' | b'>' | b'\\' => return Err(HeadError::BadTarget),
            byte if !byte.is_ascii_graphic() => return Err(HeadError::BadTarget),
            _ => {}
        }
    }
    Ok(())
}

/// Returns true for `q=0`, `q=0.0` and so on.
fn is_zero_quality(parameter: &str) -> bool {
    let value = parameter.split_once('=').filter(|(name, _)| name.eq_ignore_ascii_case("q"));
    value.is_some_and(|(_, value)| value.trim().parse() == Ok(0.0))
}

#[cfg(test)]
mod tests;
