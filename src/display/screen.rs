//! The screen of a terminal: lines that scroll, and below them the status and the prompt.

use unicode_width::UnicodeWidthStr;

use super::line::{Line, LineKind, PREVIEW_ROWS_MAX};
use super::said::MORE_SIGN;
use super::wrap::wrap;

/// The rows below the scrolling lines: the status and the prompt.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Bottom {
    /// The state of the connection and the transfers, on a row of its own, cut to the width of the
    /// screen.
    pub status: Option<String>,
    /// The prompt and the line being typed, cut to the width of the screen.
    pub row: String,
    /// The column of the cursor in `row`, from 0.
    pub cursor: usize,
}

/// Makes the bytes that draw on a terminal of a known width. Only safe text and the control
/// sequences below (ECMA-48) are in them.
#[derive(Debug)]
pub struct Screen {
    columns: usize,
    colour: bool,
    /// The rows drawn below the lines, if there are any.
    bottom: Option<Bottom>,
    output: Vec<u8>,
}

impl Screen {
    /// Creates an empty screen, with colours or without.
    pub fn new(columns: usize, colour: bool) -> Self {
        Screen { columns, colour, bottom: None, output: Vec::new() }
    }

    /// The width in columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Sets the width. The terminal has wrapped the rows below the lines again, so they are erased
    /// by the new width.
    pub fn resize(&mut self, columns: usize) {
        self.columns = columns;
        self.erase_bottom();
    }

    /// Writes a line above the prompt, which scrolls.
    pub fn print(&mut self, line: &Line) {
        self.erase_bottom();
        let (on, off) = match (self.colour, line.kind) {
            (true, LineKind::Direct) => ("\x1b[1;36m", "\x1b[0m"),
            (true, LineKind::Own) => ("\x1b[32m", "\x1b[0m"),
            (true, LineKind::Notice) => ("\x1b[2m", "\x1b[0m"),
            (true, LineKind::Warning) => ("\x1b[33m", "\x1b[0m"),
            (true, LineKind::Error) => ("\x1b[31m", "\x1b[0m"),
            _ => ("", ""),
        };
        let rows = rows(line, self.columns).join("\r\n");
        for part in [on, &rows, off, "\r\n"] {
            self.output.extend_from_slice(part.as_bytes());
        }
    }

    /// Rings the terminal's bell.
    pub fn ring(&mut self) {
        self.output.push(0x07);
    }

    /// Draws the rows below the lines, unless they are there already.
    pub fn draw(&mut self, bottom: Bottom) {
        if self.bottom.as_ref() == Some(&bottom) {
            return;
        }
        self.erase_bottom();
        if let Some(status) = &bottom.status {
            let (on, off) = if self.colour { ("\x1b[7m", "\x1b[0m") } else { ("", "") };
            for part in [on, status, off, "\r\n"] {
                self.output.extend_from_slice(part.as_bytes());
            }
        }
        self.output.extend_from_slice(bottom.row.as_bytes());
        self.output.push(b'\r');
        if bottom.cursor > 0 {
            self.output.extend_from_slice(format!("\x1b[{}C", bottom.cursor).as_bytes());
        }
        self.bottom = Some(bottom);
    }

    /// Erases the rows below the lines; the cursor is then where the next line goes.
    pub fn erase_bottom(&mut self) {
        let Some(bottom) = self.bottom.take() else {
            return;
        };
        let status_rows =
            bottom.status.map_or(0, |status| status.width().max(1).div_ceil(self.columns));
        let up = status_rows + bottom.cursor / self.columns;
        self.output.push(b'\r');
        if up > 0 {
            self.output.extend_from_slice(format!("\x1b[{up}A").as_bytes());
        }
        self.output.extend_from_slice(b"\x1b[J");
    }

    /// Clears the whole screen.
    pub fn clear(&mut self) {
        self.bottom = None;
        self.output.extend_from_slice(b"\x1b[H\x1b[2J");
    }

    /// Returns the bytes to be written to the terminal, and removes them.
    pub fn take_output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.output)
    }
}

/// The rows of a line on a screen of that many columns, which are 5 at least.
pub fn rows(line: &Line, columns: usize) -> Vec<String> {
    let narrow = line.narrow.as_ref().filter(|it| it.below.max(line.text.width()) > columns);
    let text = narrow.map_or(&line.text, |narrow| &narrow.text);
    let rows = wrap(text, columns);
    if !line.is_preview || rows.len() <= PREVIEW_ROWS_MAX {
        return rows;
    }
    // The rows are made anew with room for the sign behind the last one that is shown.
    let mut rows = wrap(text, columns - 1);
    rows.truncate(PREVIEW_ROWS_MAX);
    rows.last_mut().into_iter().for_each(|row| row.push(MORE_SIGN));
    rows
}

#[cfg(test)]
mod tests {
    use super::super::line::Column;
    use super::super::safe_text::safe;
    use super::*;

    fn written(screen: &mut Screen) -> String {
        String::from_utf8(screen.take_output()).unwrap()
    }

    fn prompt(row: &str, cursor: usize) -> Bottom {
        Bottom { status: None, row: row.to_string(), cursor }
    }

    #[test]
    fn a_line_goes_above_the_prompt() {
        let mut screen = Screen::new(40, false);
        screen.draw(prompt("> half", 4));
        assert_eq!(written(&mut screen), "> half\r\x1b[4C");
        screen.print(&Line::answer(safe!("hello")));
        screen.draw(prompt("> half", 4));
        assert_eq!(written(&mut screen), "\r\x1b[Jhello\r\n> half\r\x1b[4C");
        screen.draw(prompt("> half", 4));
        assert_eq!(written(&mut screen), "");
    }

    #[test]
    fn the_status_stands_above_the_prompt() {
        let mut screen = Screen::new(10, false);
        screen.draw(Bottom { status: Some("name 45%".into()), row: "> ".into(), cursor: 2 });
        assert_eq!(written(&mut screen), "name 45%\r\n> \r\x1b[2C");
        screen.erase_bottom();
        assert_eq!(written(&mut screen), "\r\x1b[1A\x1b[J");
    }

    #[test]
    fn colours_end_where_the_line_ends() {
        let mut screen = Screen::new(8, true);
        screen.print(&Line::error(safe!("no and no")));
        assert_eq!(written(&mut screen), "\x1b[31mno and\r\n  no\x1b[0m\r\n");
    }

    #[test]
    fn the_columns_of_a_table_give_way_where_they_do_not_fit() {
        let row = || Line::row(&[Column::left(12, safe!("bob")), Column::rest(safe!("one two"))]);
        let shown = |columns, row| {
            let mut screen = Screen::new(columns, false);
            screen.print(&row);
            written(&mut screen)
        };
        assert_eq!(shown(20, row()), "bob          one two\r\n");
        assert_eq!(shown(19, row()), "bob one two\r\n");
        assert_eq!(shown(7, row()), "bob one\r\n  two\r\n");
        let long = || Line::row(&[Column::rest(safe!("one two three four five"))]);
        assert_eq!(shown(9, long()), "one two\r\n  three\r\n  four\r\n  five\r\n");
        assert_eq!(shown(9, long().preview()), "one two\r\n  three…\r\n");
        assert_eq!(shown(40, long().preview()), "one two three four five\r\n");
    }

    #[test]
    fn after_a_resize_the_wrapped_rows_are_erased() {
        let mut screen = Screen::new(40, false);
        screen.draw(prompt(&"x".repeat(39), 39));
        written(&mut screen);
        screen.resize(10);
        assert_eq!(written(&mut screen), "\r\x1b[3A\x1b[J");
    }
}
