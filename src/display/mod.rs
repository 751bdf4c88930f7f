//! What people read on their terminals, made of what others have said.
//!
//! [`safe_text`] makes text fit for a terminal, and nothing is shown that has not been through it;
//! [`line`](mod@line) is a line of it. [`listing`] and [`clock`] put the server's lists, times and
//! sizes into words, [`editor`] shows the line that is being typed, and [`screen`] writes all of
//! it, above and below the prompt.

pub mod clock;
pub mod editor;
pub mod line;
pub mod listing;
pub mod safe_text;
pub mod screen;
