//! The user interface of plain lines, for pipes and for terminals without cursor movement.

use std::collections::VecDeque;
use std::io::{self, IsTerminal, Write};
use std::os::fd::BorrowedFd;

use chatsrv::display::line::{Line, LineKind};
use chatsrv::display::safe_text::{SafeText, safe};
use chatsrv::protocol::native::CLIENT_LINE_BYTES_MAX;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use crate::input::destination::Destination;
use crate::transfers::transfer::Progress;
use crate::ui::completion::Vocabulary;
use crate::ui::interface::{Input, Prompt, Ui};
use crate::ui::rows::plain_rows;

/// Reads lines from standard input; writes to standard output, and errors to standard error.
pub struct Plain {
    lines: LineReader,
    input: VecDeque<Input>,
    is_terminal: bool,
    prompt: Prompt,
    /// True if the prompt is before the cursor.
    prompted: bool,
    /// True if a line was returned since the prompt was written.
    has_taken: bool,
    /// True if the prompt has changed without a line being typed: the next line may have been begun
    /// before.
    moved: bool,
    /// The terminal's settings to restore while the echo is off.
    echoing: Option<Termios>,
    /// The bytes to be written to standard output.
    output: Vec<u8>,
    /// The first error of standard output.
    broken: Option<io::Error>,
}

impl Plain {
    /// Creates the interface.
    pub fn new() -> Self {
        Plain {
            lines: LineReader::default(),
            input: VecDeque::new(),
            is_terminal: io::stdin().is_terminal(),
            prompt: Prompt::default(),
            prompted: false,
            has_taken: false,
            moved: false,
            echoing: None,
            output: Vec::new(),
            broken: None,
        }
    }

    fn write_output(&mut self) {
        let written = io::stdout().write_all(&self.output).and_then(|()| io::stdout().flush());
        self.output.clear();
        if let Err(error) = written {
            self.broken.get_or_insert(error);
        }
    }

    fn set_echo(&mut self, on: bool) -> io::Result<()> {
        match (on, self.echoing.take()) {
            (true, Some(settings)) => {
                tcsetattr(io::stdin(), OptionalActions::Drain, &settings)?;
                // The line end was not echoed either.
                self.output.push(b'\n');
                Ok(())
            }
            (false, None) => {
                let settings = tcgetattr(io::stdin())?;
                let mut silent = settings.clone();
                silent.local_modes.remove(LocalModes::ECHO);
                tcsetattr(io::stdin(), OptionalActions::Drain, &silent)?;
                self.echoing = Some(settings);
                Ok(())
            }
            (_, echoing) => {
                self.echoing = echoing;
                Ok(())
            }
        }
    }
}

impl Ui for Plain {
    fn is_interactive(&self) -> bool {
        self.is_terminal
    }

    fn show(&mut self, line: &Line) {
        if std::mem::take(&mut self.prompted) {
            self.output.push(b'\n');
        }
        if !matches!(line.kind, LineKind::Error | LineKind::Warning) {
            self.output.extend_from_slice(plain_rows(line, io::stdout()).as_bytes());
            return;
        }
        self.write_output();
        let line = Line::new(line.kind, safe!("chatclient: {}", line.text));
        // An error of standard error can't be reported anywhere.
        let _ = io::stderr().write_all(plain_rows(&line, io::stderr()).as_bytes());
    }

    fn ring(&mut self) {
        if self.is_terminal {
            self.output.push(0x07);
        }
    }

    fn show_progress(&mut self, _progress: &[Progress]) {}

    fn set_status(&mut self, _status: Option<SafeText>) {}

    fn set_prompt(&mut self, prompt: Prompt) {
        if self.prompt != prompt {
            self.moved |= self.is_terminal && !self.has_taken && may_mislead(&self.prompt, &prompt);
            self.prompted = false;
            self.prompt = prompt;
        }
    }

    fn source(&self) -> Option<BorrowedFd<'_>> {
        (!self.lines.ended).then_some(rustix::stdio::stdin())
    }

    fn read(&mut self) -> io::Result<()> {
        let mut buffer = Zeroizing::new([0; CLIENT_LINE_BYTES_MAX]);
        match rustix::io::read(io::stdin(), buffer.as_mut_slice()) {
            Ok(length) => self.lines.take(&buffer[..length], &mut self.input),
            Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => {}
            Err(error) => return Err(error.into()),
        }
        self.prompted = false;
        Ok(())
    }

    fn next(&mut self, _completion: &Vocabulary) -> Option<Input> {
        let mut input = self.input.pop_front()?;
        let moved = std::mem::take(&mut self.moved);
        if let Input::Line(text, destination) = &mut input {
            // An empty line can't be for the wrong chat.
            let is_unsure = moved && !text.trim().is_empty();
            *destination = if is_unsure { Destination::Unsure } else { self.prompt.destination };
        }
        self.has_taken = true;
        Some(input)
    }

    fn give_back(&mut self, _line: &str) {}

    fn has_ended(&self) -> bool {
        self.lines.ended
    }

    fn take_interrupt(&mut self) -> bool {
        false
    }

    fn release(&mut self) {
        // A terminal that is gone has no settings to restore.
        let _ = self.set_echo(true);
        self.write_output();
    }

    fn changed(&mut self) -> io::Result<()> {
        self.prompted = false;
        Ok(())
    }

    fn write_shown(&mut self) -> io::Result<()> {
        self.write_output();
        self.broken.take().map_or(Ok(()), Err)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.is_terminal {
            self.set_echo(!self.prompt.secret)?;
            self.has_taken = false;
            if !std::mem::replace(&mut self.prompted, true) {
                self.output.extend_from_slice(self.prompt.text.as_str().as_bytes());
            }
        }
        self.write_shown()
    }
}

impl Drop for Plain {
    fn drop(&mut self) {
        self.release();
    }
}

/// Returns true if a line that was begun at one prompt could go to the wrong chat at the next one,
/// or be taken for a command there.
fn may_mislead(before: &Prompt, after: &Prompt) -> bool {
    let is_shown = !before.text.as_str().is_empty();
    let (from, to) = (&before.destination, &after.destination);
    is_shown && from != to && (from.takes_messages() || to.takes_messages())
}

/// Splits bytes into lines, no longer than the server accepts.
#[derive(Default)]
struct LineReader {
    partial: Zeroizing<Vec<u8>>,
    /// True if the current line is too long already.
    overlong: bool,
    ended: bool,
}

impl LineReader {
    /// Handles bytes that were read; an empty slice is the end of the input.
    fn take(&mut self, bytes: &[u8], lines: &mut VecDeque<Input>) {
        if bytes.is_empty() {
            self.ended = true;
            if !self.partial.is_empty() || self.overlong {
                lines.push_back(self.line());
            }
            lines.push_back(Input::End);
            return;
        }
        let mut pieces = bytes.split(|byte| *byte == b'\n').peekable();
        while let Some(piece) = pieces.next() {
            self.overlong |= self.partial.len() + piece.len() > CLIENT_LINE_BYTES_MAX;
            if !self.overlong {
                self.partial.extend_from_slice(piece);
            }
            if pieces.peek().is_some() {
                lines.push_back(self.line());
            }
        }
    }

    fn line(&mut self) -> Input {
        let bytes = std::mem::take(&mut self.partial);
        if std::mem::take(&mut self.overlong) {
            return Input::Unreadable("that line is too long");
        }
        let bytes = bytes.strip_suffix(b"\r").unwrap_or(&bytes);
        match std::str::from_utf8(bytes) {
            Ok(text) => Input::Line(Zeroizing::new(text.to_string()), Destination::Nowhere),
            Err(_) => Input::Unreadable("that line is not UTF-8"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(pieces: &[&[u8]]) -> Vec<Input> {
        let (mut reader, mut lines) = (LineReader::default(), VecDeque::new());
        pieces.iter().for_each(|piece| reader.take(piece, &mut lines));
        reader.take(b"", &mut lines);
        lines.into()
    }

    fn line(text: &str) -> Input {
        Input::Line(Zeroizing::new(text.into()), Destination::Nowhere)
    }

    #[test]
    fn the_last_line_needs_no_end() {
        assert_eq!(read(&[b"a\r\n\nb"]), [line("a"), line(""), line("b"), Input::End]);
        assert_eq!(read(&[b"a\n"]), [line("a"), Input::End]);
        assert_eq!(read(&[]), [Input::End]);
    }

    #[test]
    fn a_bad_line_is_told_and_the_next_one_read() {
        let long = "x".repeat(CLIENT_LINE_BYTES_MAX + 1);
        let input = read(&[b"\xff\n", long.as_bytes(), b"y\nok\n"]);
        assert!(matches!(
            input[..],
            [Input::Unreadable(_), Input::Unreadable(_), Input::Line(..), Input::End]
        ));
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same_lines(text in "[a-c\n\u{e9}]{0,40}", at in 1usize..20) {
            let bytes = text.as_bytes();
            let pieces: Vec<&[u8]> = bytes.chunks(at).collect();
            let whole = if bytes.is_empty() { read(&[]) } else { read(&[bytes]) };
            prop_assert_eq!(read(&pieces), whole);
        }
    }
}
