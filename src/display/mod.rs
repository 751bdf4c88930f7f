//! Output for terminals: text of others made safe, lists and times formatted, the screen drawn.
//!
//! [`safe_text`] escapes what could control a terminal or hide, and everything that is shown goes
//! through it; [`line`](mod@line) is a line of output. [`said`](mod@said), [`listing`] and
//! [`clock`] format messages, lists, times and sizes. [`wrap`](mod@wrap) makes rows of a line,
//! [`editor`] edits the line that is being typed, and [`screen`] makes the bytes that draw it all.

pub mod clock;
pub mod editor;
pub mod line;
pub mod listing;
pub mod moderation;
pub mod refusal;
pub mod safe_text;
pub mod said;
pub mod screen;
pub mod wrap;
