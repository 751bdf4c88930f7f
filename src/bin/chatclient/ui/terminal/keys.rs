//! The decoder of a terminal's input: bytes, however they are split, to keys.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The largest paste, in bytes.
pub const PASTE_BYTES_MAX: usize = 64 * 1024;

/// The longest control sequence, in bytes; a longer one is skipped.
const SEQUENCE_BYTES_MAX: usize = 32;

const PASTE_END: &[u8] = b"\x1b[201~";

/// The longest pause within a paste; after it, the mark of its end is taken to be lost.
const PASTE_SILENCE: Duration = Duration::from_secs(1);

const CTRL_C: u8 = 0x03;

/// A key that was pressed, or a paste.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// A character to insert.
    Char(char),
    /// The beginning of a paste; the next key is the paste itself.
    PasteStart,
    /// Text that was pasted, with its line ends.
    Paste(String),
    /// A paste of more than [`PASTE_BYTES_MAX`], which was dropped.
    PasteTooLong,
    /// Enter.
    Enter,
    /// Alt-Enter: a line break within a message.
    LineBreak,
    /// Tab.
    Tab,
    /// Remove the character before the cursor.
    Backspace,
    /// Remove the character at the cursor.
    Delete {
        /// True for Ctrl-D, which is the end of the input on an empty line.
        or_end: bool,
    },
    /// Move one character to the left.
    Left,
    /// Move one character to the right.
    Right,
    /// Move one word to the left.
    WordLeft,
    /// Move one word to the right.
    WordRight,
    /// Move to the start of the line.
    Home,
    /// Move to the end of the line.
    End,
    /// Show the previous line of the history.
    Up,
    /// Show the next line of the history.
    Down,
    /// Search in the history.
    Search,
    /// Cut the text up to the end of the line.
    KillToEnd,
    /// Cut the text up to the start of the line.
    KillToStart,
    /// Cut the word before the cursor, up to white space.
    KillWord,
    /// Cut the word before the cursor, up to a character that is neither a letter nor a digit.
    KillWordLeft,
    /// Cut the word at the cursor.
    KillWordRight,
    /// Insert the text that was cut last.
    Yank,
    /// Clear the screen.
    Clear,
    /// Leave the search or the question (Ctrl-G).
    Cancel,
    /// Ctrl-C.
    Interrupt,
    /// Ctrl-Z.
    Suspend,
}

/// Decodes bytes to keys.
#[derive(Debug, Default)]
pub struct KeyDecoder {
    bytes: Vec<u8>,
    paste: Option<PastedBytes>,
}

#[derive(Debug)]
struct PastedBytes {
    bytes: Vec<u8>,
    too_long: bool,
    /// The time of its last bytes.
    heard: Instant,
}

impl PastedBytes {
    fn new(heard: Instant) -> Self {
        PastedBytes { bytes: Vec::new(), too_long: false, heard }
    }

    fn take(&mut self, bytes: &[u8]) {
        self.too_long |= self.bytes.len() + bytes.len() > PASTE_BYTES_MAX;
        if !self.too_long {
            self.bytes.extend_from_slice(bytes);
        }
    }

    fn end(self) -> Key {
        match self.too_long {
            true => Key::PasteTooLong,
            false => Key::Paste(String::from_utf8_lossy(&self.bytes).into_owned()),
        }
    }
}

enum Cut {
    Key(usize, Key),
    Skip(usize),
    PasteStart(usize),
    Incomplete,
}

impl KeyDecoder {
    /// Decodes bytes that were read, and appends the complete keys.
    pub fn feed(&mut self, bytes: &[u8], now: Instant, keys: &mut VecDeque<Key>) {
        self.expire(now, keys);
        self.bytes.extend_from_slice(bytes);
        if let Some(paste) = &mut self.paste {
            paste.heard = now;
        }
        loop {
            if self.paste.is_some() {
                match self.pasted() {
                    Some(key) => keys.push_back(key),
                    None => return,
                }
                continue;
            }
            let used = match cut(&self.bytes) {
                Cut::Key(used, key) => {
                    keys.push_back(key);
                    used
                }
                Cut::Skip(used) => used,
                Cut::PasteStart(used) => {
                    self.paste = Some(PastedBytes::new(now));
                    keys.push_back(Key::PasteStart);
                    used
                }
                Cut::Incomplete => return,
            };
            self.bytes.drain(..used);
        }
    }

    /// The time at which the current paste is taken to be over without its end mark; `None` if
    /// there is no paste.
    pub fn deadline(&self) -> Option<Instant> {
        self.paste.as_ref().map(|paste| paste.heard + PASTE_SILENCE)
    }

    /// Ends a paste whose end mark has not come by its deadline.
    pub fn expire(&mut self, now: Instant, keys: &mut VecDeque<Key>) {
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return;
        }
        if let Some(mut paste) = self.paste.take() {
            paste.take(&std::mem::take(&mut self.bytes));
            keys.push_back(paste.end());
        }
    }

    /// Moves bytes to the current paste. Returns it if it is over: at its end mark, or else at a
    /// Ctrl-C, which was typed since no end mark follows it.
    fn pasted(&mut self) -> Option<Key> {
        let paste = self.paste.as_mut()?;
        let end = self.bytes.windows(PASTE_END.len()).position(|window| window == PASTE_END);
        let broken_off = || self.bytes.iter().position(|byte| *byte == CTRL_C);
        // The last bytes may be the start of the end mark.
        let most = self.bytes.len().saturating_sub(PASTE_END.len() - 1);
        let (take, over) = match (end, end.map_or_else(broken_off, |_| None)) {
            (Some(end), _) => (end, true),
            (None, Some(interrupt)) => (interrupt, true),
            (None, None) => (most, false),
        };
        paste.take(&self.bytes[..take]);
        self.bytes.drain(..take);
        if !over {
            return None;
        }
        if end.is_some() {
            self.bytes.drain(..PASTE_END.len());
        }
        self.paste.take().map(PastedBytes::end)
    }
}

fn cut(bytes: &[u8]) -> Cut {
    match bytes {
        [] => Cut::Incomplete,
        [0x1b, rest @ ..] => escaped(rest),
        [byte @ (0..0x20 | 0x7f), ..] => {
            control(*byte).map_or(Cut::Skip(1), |key| Cut::Key(1, key))
        }
        _ => character(bytes),
    }
}

/// Decodes the bytes after an escape character.
fn escaped(rest: &[u8]) -> Cut {
    match rest {
        [] => Cut::Incomplete,
        // A second escape character begins a new sequence.
        [0x1b, ..] => Cut::Skip(1),
        [b'[', rest @ ..] => csi(rest),
        [b'O'] => Cut::Incomplete,
        [b'O', last, ..] => named(b"", *last).map_or(Cut::Skip(3), |key| Cut::Key(3, key)),
        [byte, ..] => match byte {
            b'b' | b'B' => Cut::Key(2, Key::WordLeft),
            b'f' | b'F' => Cut::Key(2, Key::WordRight),
            b'd' | b'D' => Cut::Key(2, Key::KillWordRight),
            0x08 | 0x7f => Cut::Key(2, Key::KillWordLeft),
            b'\r' | b'\n' => Cut::Key(2, Key::LineBreak),
            0x80.. => Cut::Skip(1),
            _ => Cut::Skip(2),
        },
    }
}

/// Decodes a control sequence (ECMA-48, 5.4) after its `ESC [`: parameters and a final byte.
fn csi(rest: &[u8]) -> Cut {
    let Some(end) = rest.iter().position(|byte| !(0x20..0x40).contains(byte)) else {
        let too_long = rest.len() > SEQUENCE_BYTES_MAX;
        return if too_long { Cut::Skip(2 + rest.len()) } else { Cut::Incomplete };
    };
    let (parameters, last) = (&rest[..end], rest[end]);
    let used = 2 + end + 1;
    match (parameters, last) {
        // The sequence is malformed; the byte that ended it is decoded by itself.
        (_, ..0x40 | 0x7f..) => Cut::Skip(2 + end),
        (b"200", b'~') => Cut::PasteStart(used),
        _ => named(parameters, last).map_or(Cut::Skip(used), |key| Cut::Key(used, key)),
    }
}

/// The keys of xterm and compatible terminals.
fn named(parameters: &[u8], last: u8) -> Option<Key> {
    let with_modifier = parameters.contains(&b';');
    Some(match (parameters, last) {
        (_, b'A') => Key::Up,
        (_, b'B') => Key::Down,
        (_, b'C') if with_modifier => Key::WordRight,
        (_, b'D') if with_modifier => Key::WordLeft,
        (_, b'C') => Key::Right,
        (_, b'D') => Key::Left,
        (_, b'H') | (b"1" | b"7", b'~') => Key::Home,
        (_, b'F') | (b"4" | b"8", b'~') => Key::End,
        (b"3", b'~') => Key::Delete { or_end: false },
        (b"", b'M') => Key::Enter,
        _ => return None,
    })
}

fn control(byte: u8) -> Option<Key> {
    Some(match byte {
        0x01 => Key::Home,
        0x02 => Key::Left,
        0x03 => Key::Interrupt,
        0x04 => Key::Delete { or_end: true },
        0x05 => Key::End,
        0x06 => Key::Right,
        0x07 => Key::Cancel,
        0x08 | 0x7f => Key::Backspace,
        b'\t' => Key::Tab,
        b'\r' | b'\n' => Key::Enter,
        0x0b => Key::KillToEnd,
        0x0c => Key::Clear,
        0x0e => Key::Down,
        0x10 => Key::Up,
        0x12 => Key::Search,
        0x15 => Key::KillToStart,
        0x17 => Key::KillWord,
        0x19 => Key::Yank,
        0x1a => Key::Suspend,
        _ => return None,
    })
}

/// Decodes one character of UTF-8; malformed bytes are skipped.
fn character(bytes: &[u8]) -> Cut {
    let length = match bytes[0] {
        0..0x80 => 1,
        0xc2..0xe0 => 2,
        0xe0..0xf0 => 3,
        0xf0..0xf5 => 4,
        _ => return Cut::Skip(1),
    };
    let available = &bytes[..length.min(bytes.len())];
    match std::str::from_utf8(available) {
        // A C1 control character is no key.
        Ok(text) => match text.chars().next() {
            Some(c) if !c.is_control() => Cut::Key(length, Key::Char(c)),
            _ => Cut::Skip(length),
        },
        Err(error) if error.error_len().is_none() => Cut::Incomplete,
        Err(_) => Cut::Skip(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decode(pieces: &[&[u8]]) -> Vec<Key> {
        let (mut decoder, mut keys) = (KeyDecoder::default(), VecDeque::new());
        let now = Instant::now();
        pieces.iter().for_each(|piece| decoder.feed(piece, now, &mut keys));
        keys.into()
    }

    #[test]
    fn keys_are_told_apart() {
        assert_eq!(
            decode(&["aé中\r\x1b[A\x1bOB\x1b[1;5C\x1bb\x1b[3~\x1b[H\x04".as_bytes()]),
            [
                Key::Char('a'),
                Key::Char('é'),
                Key::Char('中'),
                Key::Enter,
                Key::Up,
                Key::Down,
                Key::WordRight,
                Key::WordLeft,
                Key::Delete { or_end: false },
                Key::Home,
                Key::Delete { or_end: true },
            ]
        );
    }

    #[test]
    fn what_is_no_key_is_skipped() {
        let bytes = b"\x1b[99;99;99z\xffa\x1b[?1;2cb\x00\xc2\x80c\x1b[1\x03";
        assert_eq!(
            decode(&[bytes]),
            [Key::Char('a'), Key::Char('b'), Key::Char('c'), Key::Interrupt]
        );
    }

    #[test]
    fn a_paste_is_told_when_it_begins_and_is_one_key_when_it_is_over() {
        let begun = [Key::Char('x'), Key::PasteStart];
        assert_eq!(decode(&[b"x\x1b[200~one\rtwo\x1b[20"]), begun);
        let keys = decode(&[b"x\x1b[200~one\rtwo\x1b[20", b"1~y"]);
        assert_eq!(keys[..2], begun);
        assert_eq!(keys[2..], [Key::Paste("one\rtwo".into()), Key::Char('y')]);
    }

    #[test]
    fn a_paste_is_bounded() {
        let text = vec![b'x'; PASTE_BYTES_MAX];
        let whole = [b"\x1b[200~", &text[..], b"\x1b[201~"].concat();
        assert!(
            matches!(&decode(&[&whole])[1..], [Key::Paste(text)] if text.len() == PASTE_BYTES_MAX)
        );
        let more = [b"\x1b[200~", &text[..], b"x\x1b[201~a"].concat();
        assert_eq!(decode(&[&more])[1..], [Key::PasteTooLong, Key::Char('a')]);
    }

    #[test]
    fn a_paste_without_an_end_is_over_after_a_second_of_silence() {
        let (mut decoder, mut keys) = (KeyDecoder::default(), VecDeque::new());
        let start = Instant::now();
        decoder.feed(b"\x1b[200~one", start, &mut keys);
        let later = start + PASTE_SILENCE / 2;
        decoder.feed(b" two\x1b[20", later, &mut keys);
        decoder.expire(start + PASTE_SILENCE, &mut keys);
        assert!(keys == [Key::PasteStart] && decoder.deadline() == Some(later + PASTE_SILENCE));
        // Later bytes are typed.
        decoder.feed(b"x\r", later + PASTE_SILENCE, &mut keys);
        let seen: Vec<Key> = keys.drain(..).skip(1).collect();
        assert_eq!(seen, [Key::Paste("one two\x1b[20".into()), Key::Char('x'), Key::Enter]);
        assert_eq!(decoder.deadline(), None);
        let long = [b"\x1b[200~", &vec![b'x'; PASTE_BYTES_MAX + 1][..]].concat();
        decoder.feed(&long, start, &mut keys);
        decoder.expire(start + PASTE_SILENCE, &mut keys);
        assert_eq!(keys, [Key::PasteStart, Key::PasteTooLong]);
    }

    #[test]
    fn ctrl_c_ends_a_paste_unless_it_was_pasted() {
        let keys = decode(&[b"\x1b[200~abc", b"\x03\x04"]);
        let left = Key::Delete { or_end: true };
        assert_eq!(keys[1..], [Key::Paste("abc".into()), Key::Interrupt, left]);
        let keys = decode(&[b"\x1b[200~a\x03b\r\x1b[201~c"]);
        assert_eq!(keys[1..], [Key::Paste("a\x03b\r".into()), Key::Char('c')]);
    }

    #[test]
    fn alt_enter_breaks_the_line() {
        let keys = decode(&[b"a\x1b\rb"]);
        assert_eq!(keys, [Key::Char('a'), Key::LineBreak, Key::Char('b')]);
    }

    const PARTS: [&str; 8] =
        ["a", "é", "中", "\x1b[A", "\x1b[200~p\rq\x1b[201~", "\x1bb", "\r", "\x1b[3~"];

    proptest! {
        #[test]
        fn any_split_gives_the_same_keys(
            parts in prop::collection::vec(prop::sample::select(&PARTS[..]), 0..12),
            at in 1usize..9,
        ) {
            let text = parts.concat();
            let pieces: Vec<&[u8]> = text.as_bytes().chunks(at).collect();
            prop_assert_eq!(decode(&pieces), decode(&[text.as_bytes()]));
        }

        #[test]
        fn hostile_bytes_are_bounded(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let (mut decoder, mut keys) = (KeyDecoder::default(), VecDeque::new());
            for byte in &bytes {
                decoder.feed(&[*byte], Instant::now(), &mut keys);
                prop_assert!(decoder.bytes.len() <= SEQUENCE_BYTES_MAX + 3);
            }
        }
    }
}
