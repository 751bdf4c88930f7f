//! The fuzz targets: the frame decoder, the parser of requests, the client's display, the listener
//! of direct chats, the words of texts, the frames of WebSockets, and the heads of requests over
//! HTTP.
//!
//! Each module has a function `run` that takes an input and panics if a property does not hold.
//! `make fuzz` searches for such inputs, guided by code coverage. Inputs that reach different code
//! are kept in `corpus/`, those that have failed once in `regressions/`, with one folder for each
//! target; an ordinary test replays all of them.

pub mod direct;
pub mod display;
pub mod frames;
mod hidden;
pub mod http;
pub mod requests;
pub mod websocket;
pub mod words;

/// A fuzz target.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name, which is also that of its module, its program and its folders.
    pub name: &'static str,
    /// Runs an input, and panics if a property does not hold.
    pub run: fn(&[u8]),
}

/// All targets.
pub const TARGETS: [Target; 7] = [
    Target { name: "frames", run: frames::run },
    Target { name: "requests", run: requests::run },
    Target { name: "display", run: display::run },
    Target { name: "direct", run: direct::run },
    Target { name: "words", run: words::run },
    Target { name: "websocket", run: websocket::run },
    Target { name: "http", run: http::run },
];
