//! Why the head of a request is refused. Nothing that follows it on its connection is read.

use std::fmt;

use super::status::Status;

/// Why the head of a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadError {
    /// A line does not end with CR LF, or a CR or NUL stands elsewhere.
    LineEnd,
    /// A field goes on in a second line (obsolete line folding).
    Folded,
    /// The first line is no request of HTTP/1.
    RequestLine,
    /// The target is neither a path nor the whole URL of one, or has a bad escape.
    BadTarget,
    /// A field is malformed.
    BadField,
    /// There is not exactly one field Host, or it names no host.
    BadHost,
    /// There is a body, or it is not clear whether there is one.
    HasBody,
    /// The method is neither GET nor HEAD.
    BadMethod,
    /// The target is too long.
    LongTarget,
    /// Something is expected of the server (Expect).
    Expects,
    /// The head is too long, or has too many fields.
    TooLong,
    /// The version is neither 1.0 nor 1.1.
    BadVersion,
}

impl HeadError {
    /// The status with which it is answered.
    pub fn status(self) -> Status {
        match self {
            HeadError::LineEnd
            | HeadError::Folded
            | HeadError::RequestLine
            | HeadError::BadTarget
            | HeadError::BadField
            | HeadError::BadHost
            | HeadError::HasBody => Status::BadRequest,
            HeadError::BadMethod => Status::MethodNotAllowed,
            HeadError::LongTarget => Status::UriTooLong,
            HeadError::Expects => Status::ExpectationFailed,
            HeadError::TooLong => Status::FieldsTooLarge,
            HeadError::BadVersion => Status::VersionNotSupported,
        }
    }
}

impl fmt::Display for HeadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            HeadError::LineEnd => "each line has to end with CR LF",
            HeadError::Folded => "a field has to stand on one line",
            HeadError::RequestLine => "that is no request of HTTP/1.1",
            HeadError::BadTarget => "the target is no path",
            HeadError::BadField => "a header field is malformed",
            HeadError::BadHost => "one field Host has to name the host",
            HeadError::HasBody => "a request has no body here",
            HeadError::BadMethod => "GET or HEAD",
            HeadError::LongTarget => "the target is too long",
            HeadError::Expects => "nothing may be expected",
            HeadError::TooLong => "the header is too long",
            HeadError::BadVersion => "HTTP/1.1 or HTTP/1.0",
        })
    }
}
