//! The HTTP server for monitoring, on the same event loop: the metrics for Prometheus, and a health
//! check.
//!
//! There may be only a few such connections, each for a short time. One more replaces the one that
//! is idle longest.

mod exchange;
mod http;
mod page;

pub use exchange::{ExchangeStep, Exchanges};
pub use http::{HttpAnswer, HttpRequest, Resource};
pub use page::page;
