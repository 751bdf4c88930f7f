//! The fuzz target `display`: the client's output. Nothing that a server or a peer sends reaches
//! the terminal as a control sequence or invisible, and the rows below the lines keep within the
//! width.

use chatsrv::direct::announced::Announced;
use chatsrv::display::editor::Editor;
use chatsrv::display::line::{Line, LineKind};
use chatsrv::display::safe_text::{INDENTATION, SafeText};
use chatsrv::display::said::{preview, said};
use chatsrv::display::screen::{Bottom, Screen};
use chatsrv::display::wrap::wrap;
use chatsrv::display::{clock, listing};
use chatsrv::protocol::native::SERVER_LINE_BYTES_MAX;
use chatsrv::protocol::native::frame::{Frame, FrameBuffer};
use chatsrv::protocol::native::read::{Delivered, ListItem, OnlineWords, Reading, ServerLine};
use chatsrv::safe;
use unicode_width::UnicodeWidthChar;

use crate::hidden::is_hidden;

/// The width of the narrowest screen that the client draws for, in columns.
const COLUMNS_MIN: usize = 12;
/// The largest number of zero-width characters in a row.
const COMBINING_MAX: usize = 6;
/// Characters that are invisible by themselves, but parts of some letters and emoji.
const JOINING: [char; 3] = ['\u{200c}', '\u{200d}', '\u{fe0f}'];
/// The control sequences of the screen, besides those that move the cursor: colours and erasing.
const SEQUENCES: [&str; 9] = ["[0m", "[1;36m", "[32m", "[2m", "[33m", "[31m", "[7m", "[J", "[H"];

/// Shows bytes that were received over a connection. The first byte is the width of the terminal.
pub fn run(input: &[u8]) {
    let Some((columns, wire)) = input.split_first() else { return };
    let columns = COLUMNS_MIN.max(usize::from(*columns));
    let mut display = Display {
        screen: Screen::new(columns, wire.len().is_multiple_of(2)),
        editor: Editor::default(),
    };
    let mut frames = FrameBuffer::new(SERVER_LINE_BYTES_MAX);
    frames.extend(wire);
    while let Some(frame) = frames.next_frame() {
        match frame {
            Frame::Command(text) => display.command(text.as_str()),
            Frame::Data(text) => display.data(text.as_str()),
            Frame::File { bytes, .. } => display.any(&String::from_utf8_lossy(bytes)),
            Frame::FileEnd { .. } | Frame::Empty | Frame::Bad(_) => {}
        }
    }
    // Text that is no line of the protocol may still be the name of a file or the text of an error.
    display.any(&String::from_utf8_lossy(wire));
}

/// A screen, and the line that is being typed on it.
struct Display {
    screen: Screen,
    editor: Editor,
}

impl Display {
    fn command(&mut self, text: &str) {
        let Some(line) = ServerLine::parse(text) else { return self.any(text) };
        let ServerLine { code, verb, rest } = line;
        assert!((100..600).contains(&code) && !(line.is_final() && line.is_notice()));
        assert!(text.starts_with(format!("{code} {verb}").trim_end_matches(' ')));
        self.show(LineKind::Error, safe!("unexpected from the server: {code} {verb} {rest}"));
        for verb in ["WHO", "LS", "UNREAD", "CHATS", "GROUPS", "MEMBERS", "DUMP", "HELP"] {
            let Reading::Item(item) = (ServerLine { code: 151, verb, rest }).read() else {
                panic!("it is no item")
            };
            if let ListItem::Online { user: OnlineWords { name, .. } }
            | ListItem::Entry { name, .. } = item
            {
                self.complete(name);
            }
            self.show(LineKind::Answer, listing::item(&item).text);
        }
        if let Some(call) = Announced::parse(rest) {
            let ticket = rest.split(' ').nth(3).unwrap_or_default();
            assert!(!format!("{call:?}").contains(ticket), "a ticket is told");
            self.show(LineKind::Notice, safe!("{} calls; /accept or /decline", call.peer));
        }
    }

    fn data(&mut self, text: &str) {
        let Some(message) = Delivered::parse(text) else { return self.any(text) };
        let Delivered { id, from, to, text } = message;
        let before = format!("{} {from} -> {to}: ", clock::moment(id));
        self.show(LineKind::Direct, said(before, from, text, ""));
        let shown = preview(from, text);
        self.show(LineKind::Answer, safe!("{shown}"));
    }

    fn any(&mut self, text: &str) {
        self.show(LineKind::Warning, safe!("{text}"));
        self.complete(text);
    }

    /// Puts a name from the server into the line that is being typed.
    fn complete(&mut self, name: &str) {
        self.editor.set(name);
        self.draw(SafeText::new(name));
        self.editor.home();
        self.editor.right();
        self.draw(SafeText::default());
        self.editor.word_right();
        self.editor.kill_word();
        self.editor.yank();
        self.draw(SafeText::new(name));
    }

    fn show(&mut self, kind: LineKind, text: SafeText) {
        text.as_str().split('\n').for_each(|row| is_safe(&SafeText::new(row), row));
        let rows = wrap(&text, self.screen.columns());
        let indented = rows.iter().skip(1).all(|row| row.starts_with(INDENTATION));
        assert!(indented, "{rows:?}");
        let widest = rows.iter().map(|row| SafeText::new(row).width()).max();
        assert!(widest.is_some_and(|width| width <= self.screen.columns()), "{rows:?}");
        let shown = rows.join("\r\n");
        self.screen.print(&Line::new(kind, text));
        let written = self.written();
        assert!(written.ends_with(&format!("{shown}\r\n")), "{shown:?} is {written:?}");
    }

    /// Draws the rows below the lines, as the client does.
    fn draw(&mut self, status: SafeText) {
        let columns = self.screen.columns();
        let view = self.editor.view(columns - 1);
        assert!(view.cursor < columns, "the cursor stands at {} of {columns}", view.cursor);
        let row = SafeText::new(&view.text);
        assert_eq!(row.as_str(), view.text, "the line that is typed was not safe");
        assert!(row.width() < columns, "{} of {columns} columns: {row:?}", row.width());
        let visible = status.cut(columns);
        assert!(status.as_str().starts_with(visible));
        assert!(SafeText::new(visible).width() <= columns, "{visible:?} in {columns}");
        let steady = status.steady();
        assert!(SafeText::new(&steady) == steady && steady.width() <= status.width());
        let bottom =
            Bottom { status: Some(visible.to_owned()), row: view.text, cursor: view.cursor };
        self.screen.draw(bottom);
        self.written();
    }

    /// The text written to the terminal, without the control sequences of the screen.
    fn written(&mut self) -> String {
        let written = String::from_utf8(self.screen.take_output()).expect("it is UTF-8");
        let (mut rest, mut text) = (written.as_str(), String::new());
        while let Some((before, after)) = rest.split_once('\x1b') {
            text.push_str(before);
            rest = sequence(after).unwrap_or_else(|| panic!("unknown sequence: ESC {after:?}"));
        }
        text.push_str(rest);
        let raw = text.replace("\r\n", "");
        let raw = raw.trim_matches('\r');
        assert!(!raw.contains(|c| c != '\r' && is_hidden(c) && !JOINING.contains(&c)), "{raw:?}");
        text
    }
}

/// The text after a control sequence that the screen may use; `None` if it is another one.
fn sequence(text: &str) -> Option<&str> {
    if let Some(rest) = SEQUENCES.iter().find_map(|known| text.strip_prefix(known)) {
        return Some(rest);
    }
    let moved = text.strip_prefix('[')?.trim_start_matches(|c: char| c.is_ascii_digit());
    moved.strip_prefix(['A', 'C'])
}

/// Checks that a text shows all its characters, on one line, and that escaping it again changes
/// nothing.
fn is_safe(text: &SafeText, shown: &str) {
    assert_eq!(text.as_str(), shown, "it is not safe the second time");
    assert!(!shown.contains(|c| is_hidden(c) && !JOINING.contains(&c)), "{shown:?}");
    for (at, c) in shown.char_indices().filter(|(_, c)| JOINING.contains(c)) {
        let (before, after) = (&shown[..at], &shown[at + c.len_utf8()..]);
        let around = (before.chars().next_back(), after.chars().next());
        let seen = |c: Option<char>| c.is_some_and(|c| !c.is_ascii_alphabetic() && c != ' ');
        // An emoji presentation selector may be the last character, and so may a joiner behind a
        // combining mark of an Indic script.
        let ends = c == '\u{fe0f}' || (c == '\u{200d}' && before.ends_with(|c| !is_base(c)));
        assert!(seen(around.0) && (ends || seen(around.1)), "{c:?} joins nothing: {shown:?}");
    }
    assert!(text.width() <= 2 * shown.chars().count());
    assert_eq!(text.cut(text.width()), shown);
    let mut combining = 0;
    for c in shown.chars() {
        combining = if c.width() == Some(0) { combining + 1 } else { 0 };
        assert!(combining <= COMBINING_MAX, "a stack of accents: {shown:?}");
    }
}

/// Returns true if a character is not zero-width.
fn is_base(c: char) -> bool {
    c.width() != Some(0)
}
