//! What any bytes are fed to: the frame decoder, the parser of requests, the client's display,
//! the listener of direct chats and the words of texts.
//!
//! Each module has one function `run` that takes an input and panics where a promise is broken.
//! `make fuzz` looks for inputs on which one does, guided by the code that they reach. Those that
//! reach different code are kept in `corpus/`, those that ever broke a promise in `regressions/`,
//! one folder a target; an ordinary test replays them all.

pub mod direct;
pub mod display;
pub mod frames;
mod hidden;
pub mod requests;
pub mod words;

/// Something that any bytes may be fed to.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name, which is that of its module, its program and its folders.
    pub name: &'static str,
    /// Feeds it, and panics where it breaks a promise.
    pub run: fn(&[u8]),
}

/// All of them.
pub const TARGETS: [Target; 5] = [
    Target { name: "frames", run: frames::run },
    Target { name: "requests", run: requests::run },
    Target { name: "display", run: display::run },
    Target { name: "direct", run: direct::run },
    Target { name: "words", run: words::run },
];
