//! What a terminal shows of the bytes that a program writes: as much of ECMA-48 as chatclient(1)
//! uses. Anything else is a failure.

use unicode_width::UnicodeWidthChar;

/// One place of a row: a character and what combines with it; nothing behind a wide one.
type Cell = String;

/// A terminal's screen that forgets what scrolls out at the top.
pub struct Screen {
    columns: usize,
    rows: Vec<Vec<Cell>>,
    row: usize,
    column: usize,
    /// The bytes of a sequence or character that is not whole.
    partial: Vec<u8>,
    /// How often the bell was rung.
    pub bells: usize,
}

impl Screen {
    pub fn new(columns: usize) -> Self {
        Screen { columns, rows: vec![Vec::new()], row: 0, column: 0, partial: Vec::new(), bells: 0 }
    }

    /// The rows, without the spaces at their ends.
    pub fn rows(&self) -> Vec<String> {
        self.rows.iter().map(|row| row.concat().trim_end().to_string()).collect()
    }

    /// The row of the cursor, and its column.
    pub fn cursor(&self) -> (String, usize) {
        (self.rows()[self.row].clone(), self.column)
    }

    pub fn write(&mut self, bytes: &[u8]) {
        self.partial.extend_from_slice(bytes);
        loop {
            let used = match &self.partial[..] {
                [] | [0x1b] => return,
                [0x1b, b'[', rest @ ..] => {
                    let Some(end) = rest.iter().position(|byte| (0x40..0x7f).contains(byte)) else {
                        return;
                    };
                    let sequence = String::from_utf8(rest[..=end].to_vec()).unwrap();
                    self.obey(&sequence);
                    2 + end + 1
                }
                [0x1b, other, ..] => panic!("an escape and {other:#x}"),
                bytes => {
                    let text = match std::str::from_utf8(bytes) {
                        Ok(text) => text,
                        Err(error) => std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap(),
                    };
                    let Some(c) = text.chars().next() else {
                        return;
                    };
                    self.put(c);
                    c.len_utf8()
                }
            };
            self.partial.drain(..used);
        }
    }

    fn obey(&mut self, sequence: &str) {
        let (parameter, last) = sequence.split_at(sequence.len() - 1);
        let count = parameter.parse().unwrap_or(1);
        match last {
            "m" => {}
            "h" | "l" if parameter == "?2004" => {}
            "A" => self.row = self.row.checked_sub(count).expect("the cursor stays on the screen"),
            "C" => {
                self.column += count;
                assert!(self.column < self.columns, "the cursor stays on the screen");
            }
            "J" if parameter.is_empty() => {
                self.rows.truncate(self.row + 1);
                let kept = self.rows[self.row].iter().take(self.column).cloned().collect();
                self.rows[self.row] = kept;
            }
            _ => panic!("a sequence that is not expected: {sequence:?}"),
        }
    }

    fn put(&mut self, c: char) {
        match c {
            '\x07' => self.bells += 1,
            '\r' => self.column = 0,
            '\n' => self.down(),
            c if c.is_control() => panic!("a raw control character: {c:?}"),
            c => match c.width() {
                Some(0) => {
                    let row = &mut self.rows[self.row];
                    let base = row.iter_mut().rfind(|cell| !cell.is_empty());
                    base.expect("an accent has a letter").push(c);
                }
                Some(width) => self.put_wide(c, width),
                None => panic!("no width: {c:?}"),
            },
        }
    }

    fn put_wide(&mut self, c: char, width: usize) {
        if self.column + width > self.columns {
            self.column = 0;
            self.down();
        }
        let row = &mut self.rows[self.row];
        row.resize(row.len().max(self.column + width), " ".to_string());
        row[self.column] = c.to_string();
        row[self.column + 1..self.column + width].fill(String::new());
        self.column += width;
    }

    fn down(&mut self) {
        self.row += 1;
        if self.row == self.rows.len() {
            self.rows.push(Vec::new());
        }
    }
}
