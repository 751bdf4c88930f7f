//! A line of output: safe text and its kind.

use super::safe_text::{SafeText, safe};

/// The kind of a line, which decides its colour and, in a pipe, the stream that it goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// A message to everyone or to a group.
    Message,
    /// A message to this user alone.
    Direct,
    /// A message of this user.
    Own,
    /// An event or another notice, which is not an answer to a command.
    Notice,
    /// A line of the answer to a command.
    Answer,
    /// A problem that may yet be solved. In a pipe it goes to standard error.
    Warning,
    /// A failure. In a pipe it goes to standard error, and the exit code tells it too.
    Error,
}

/// A line of output, which may have several rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its kind.
    pub kind: LineKind,
    /// Its text.
    pub text: SafeText,
    /// The text for a terminal that is too narrow for `text`; `None` if it is the same.
    pub narrow: Option<Narrow>,
    /// True if a terminal shows no more of it than [`PREVIEW_ROWS_MAX`] rows.
    pub is_preview: bool,
}

/// The text of a line for a narrow terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Narrow {
    /// The text.
    pub text: SafeText,
    /// The width that the widest row of the table needs, as far as that is known.
    pub below: usize,
}

/// The width of a column of names, if none is longer.
const NAME_COLUMNS: usize = 12;

/// The largest number of rows that a terminal shows of a preview.
pub const PREVIEW_ROWS_MAX: usize = 2;

impl Line {
    /// Creates a line of some kind.
    pub fn new(kind: LineKind, text: SafeText) -> Self {
        Line { kind, text, narrow: None, is_preview: false }
    }

    /// Creates a [notice](LineKind::Notice).
    pub fn notice(text: SafeText) -> Self {
        Line::new(LineKind::Notice, text)
    }

    /// Creates a line of an [answer](LineKind::Answer).
    pub fn answer(text: SafeText) -> Self {
        Line::new(LineKind::Answer, text)
    }

    /// Creates a [warning](LineKind::Warning).
    pub fn warning(text: SafeText) -> Self {
        Line::new(LineKind::Warning, text)
    }

    /// Creates an [error](LineKind::Error).
    pub fn error(text: SafeText) -> Self {
        Line::new(LineKind::Error, text)
    }

    /// Creates a line of an answer that is a row of a table. Where the row does not fit, the
    /// columns give way.
    pub fn row(columns: &[Column]) -> Self {
        let narrow = columns.iter().fold(SafeText::default(), |row, column| {
            match (row.as_str(), column.text.as_str()) {
                (_, "") => row,
                ("", _) => column.text.clone(),
                (before, text) => safe!("{before} {text}"),
            }
        });
        let wide = columns.iter().fold(SafeText::default(), |row, column| {
            match (row.as_str(), column.padded()) {
                ("", padded) => padded,
                (_, padded) if padded.as_str().is_empty() => row,
                (before, padded) => safe!("{before}{:gap$}{padded}", "", gap = column.gap),
            }
        });
        Line { narrow: Some(Narrow { text: narrow, below: 0 }), ..Line::answer(wide) }
    }

    /// Makes it a preview, of which a terminal shows no more than a few rows.
    #[must_use]
    pub fn preview(self) -> Self {
        Line { is_preview: true, ..self }
    }
}

/// A column of a row of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    text: SafeText,
    /// The smallest width, in columns of the screen.
    width: usize,
    /// True if the text stands at the right of a wider column.
    is_right: bool,
    /// The space before it.
    gap: usize,
}

impl Column {
    /// Creates a column whose text stands at its left.
    pub fn left(width: usize, text: SafeText) -> Self {
        Column { text, width, is_right: false, gap: 1 }
    }

    /// Creates the column of a name, or of a key.
    pub fn named(name: &str) -> Self {
        Column::left(NAME_COLUMNS, safe!("{name}"))
    }

    /// Creates a column whose text stands at its right.
    pub fn right(width: usize, text: SafeText) -> Self {
        Column { is_right: true, ..Column::left(width, text) }
    }

    /// Creates a column that takes what its text needs, as the last one does.
    pub fn rest(text: SafeText) -> Self {
        Column::left(0, text)
    }

    /// Puts more space before it.
    #[must_use]
    pub fn apart(self) -> Self {
        Column { gap: 2, ..self }
    }

    fn padded(&self) -> SafeText {
        let padding = self.width.saturating_sub(self.text.width());
        match self.is_right {
            true => safe!("{:padding$}{}", "", self.text),
            false => safe!("{}{:padding$}", self.text, ""),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_of_a_row_stand_below_each_other_or_give_way() {
        let row = Line::row(&[
            Column::left(6, safe!("中文")),
            Column::right(3, safe!("7")).apart(),
            Column::rest(safe!("the rest")),
        ]);
        assert_eq!(row.text.as_str(), "中文      7 the rest");
        assert_eq!(row.narrow.unwrap().text.as_str(), "中文 7 the rest");
    }
}
