//! The rows of a line for an output that may be a terminal. A terminal wraps a row that is too wide
//! by itself, and what follows would look like another line.

use std::os::fd::AsFd;

use chatsrv::display::line::Line;
use chatsrv::display::screen::rows;
use rustix::termios::{isatty, tcgetwinsize};

/// The smallest width that is drawn for, in columns: two of the indentation, two of a character,
/// and one of the sign behind a text that is not shown to its end.
const COLUMNS_MIN: usize = 5;
/// The width of a terminal that does not give it, in columns.
const COLUMNS_UNKNOWN: usize = 80;

/// The current width of a terminal, in columns.
pub fn columns(terminal: impl AsFd) -> usize {
    match tcgetwinsize(terminal).map_or(0, |size| usize::from(size.ws_col)) {
        0 => COLUMNS_UNKNOWN,
        columns => columns.max(COLUMNS_MIN),
    }
}

/// The line as it is written to `output`. Rows after the first are indented.
pub fn plain_rows(line: &Line, output: impl AsFd) -> String {
    match isatty(&output) {
        true => rows(line, columns(&output)).join("\n") + "\n",
        false => line.text.rows("\n"),
    }
}
