//! A second list of the characters that hide or reorder text.

/// Returns true if a character controls a terminal or is invisible: control characters, line
/// separators, and Unicode's bidirectional controls and default-ignorable characters (UAX #9, UAX
/// #44).
///
/// It is independent of the list in the code under test on purpose, so that the two are compared.
pub fn is_hidden(c: char) -> bool {
    const TURNS: [char; 12] = [
        '\u{61c}', '\u{200e}', '\u{200f}', '\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}',
        '\u{202e}', '\u{2066}', '\u{2067}', '\u{2068}', '\u{2069}',
    ];
    let is_ignored = matches!(u32::from(c),
        0xad | 0x34f | 0x61c | 0x115f | 0x1160 | 0x17b4 | 0x17b5 | 0x180b..=0x180f
        | 0x200b..=0x200f | 0x202a..=0x202e | 0x2060..=0x206f | 0x3164 | 0xfe00..=0xfe0f | 0xfeff
        | 0xffa0 | 0xfff0..=0xfff8 | 0x1bca0..=0x1bca3 | 0x1d173..=0x1d17a | 0xe0000..=0xe0fff);
    let ends_line = matches!(c, '\u{2028}' | '\u{2029}');
    c.is_control() || is_ignored || ends_line || TURNS.contains(&c)
}
