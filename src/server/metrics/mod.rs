//! The page that Prometheus reads, and whether the server is well: a little HTTP on the same loop.
//!
//! There may be few such connections, each for a short time; for one more the one goes that is idle
//! longest.

mod exchange;
mod http;
mod page;

pub use exchange::{ExchangeStep, Exchanges};
pub use http::{HttpAnswer, HttpRequest, Resource};
pub use page::page;
