//! HTTP/1.1 (RFC 9110, RFC 9112) for browsers, as strictly as it can be read: what two parsers
//! could take for two things is refused.
//!
//! Bytes go through [`scan`] as they come, until a head is whole; [`head`] makes a request of it,
//! which names a [`host`] and perhaps an [`origin`]. [`response`] is what is answered. Nothing here
//! knows a route, or who may come.

pub mod head;
pub mod host;
pub mod origin;
pub mod refusal;
pub mod response;
pub mod scan;
pub mod status;
