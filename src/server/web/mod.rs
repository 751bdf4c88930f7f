//! The HTTP server for browsers, on the same event loop: the page, and what it needs to know.
//!
//! A connection sends one request after the other, each of which is answered from memory. Whoever
//! sends none for a while is closed, and sooner where others wait for the place.

mod asset;
mod connection;
mod hosts;
mod site;
mod table;

pub use connection::{WebConnection, WebStep};
pub use site::{Visit, WebSite};
pub use table::WebConnections;
