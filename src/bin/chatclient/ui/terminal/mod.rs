//! The user interface of a terminal in raw mode, with a line editor, a history and a status line.

mod history;
mod keys;
mod paste;
mod raw;
mod typed;

use std::collections::VecDeque;
use std::io::{self, Write};
use std::os::fd::BorrowedFd;
use std::time::Instant;

use chatsrv::display::editor::View;
use chatsrv::display::line::Line;
use chatsrv::display::safe_text::{SafeText, safe};
use chatsrv::display::said::{action, on_one_line};
use chatsrv::display::screen::{Bottom, Screen};
use rustix::process::{Signal, kill_current_process_group};
use zeroize::Zeroizing;

use crate::input::destination::Destination;
use crate::transfers::transfer::Progress;
use crate::ui::completion::Vocabulary;
use crate::ui::interface::{Input, Pasted, Prompt, Ui};
use crate::ui::rows::columns;
use history::History;
use keys::{Key, KeyDecoder};
use paste::{Paste, TooMany};
use raw::RawMode;
use typed::TypedLine;

/// The largest number of keys that wait while there is no prompt; beyond it the terminal is not
/// read.
const KEYS_MAX: usize = 4096;
/// The largest number of candidates of a completion that are shown.
const CANDIDATES_MAX: usize = 60;
/// The room for the line that is being typed beside a prompt that is too long: a quarter of the
/// width, but no less and no more than this, in columns.
const ROOM_BESIDE_PROMPT: (usize, usize) = (2, 20);

/// The mode, which decides what keys do.
#[derive(Debug, Default)]
enum Mode {
    /// Keys edit the line.
    #[default]
    Edit,
    /// Keys answer the question about lines that were pasted.
    Pasted(Paste),
    /// Keys search in the history.
    Search {
        /// The text to search for.
        part: String,
        /// The number of newer matches to skip.
        skip: usize,
    },
}

/// A terminal in raw mode.
pub struct Terminal {
    /// `None` only while the process is stopped, and in tests.
    raw: Option<RawMode>,
    screen: Screen,
    decoder: KeyDecoder,
    keys: VecDeque<Key>,
    line: TypedLine,
    history: History,
    mode: Mode,
    /// True if a paste has begun and is not over.
    pasting: bool,
    /// The status.
    status: Option<SafeText>,
    /// The progress of the transfers.
    progress: Option<SafeText>,
    /// True if Ctrl-C was pressed while there was no prompt.
    interrupted: bool,
    broken: Option<io::Error>,
}

impl Terminal {
    /// Puts the terminal into raw mode.
    ///
    /// # Errors
    /// If that fails.
    pub fn new(colour: bool) -> io::Result<Self> {
        Ok(Terminal::with(Some(RawMode::enter()?), Screen::new(columns(io::stdout()), colour)))
    }

    fn with(raw: Option<RawMode>, screen: Screen) -> Self {
        Terminal {
            raw,
            screen,
            decoder: KeyDecoder::default(),
            keys: VecDeque::new(),
            line: TypedLine::default(),
            history: History::default(),
            mode: Mode::Edit,
            pasting: false,
            status: None,
            progress: None,
            interrupted: false,
            broken: None,
        }
    }

    fn press(&mut self, key: Key, completion: &Vocabulary) -> Option<Input> {
        // The key after the start of a paste is always the paste itself.
        self.pasting = key == Key::PasteStart;
        let input = match std::mem::take(&mut self.mode) {
            Mode::Edit => self.edit(key, completion),
            Mode::Pasted(paste) => self.decide(key, paste),
            Mode::Search { part, skip } => self.search(key, part, skip, completion),
        };
        self.settle();
        input
    }

    /// Notes whether a line is begun: a search, a question and an incomplete paste count as one.
    fn settle(&mut self) {
        self.line.settle(self.pasting || !matches!(self.mode, Mode::Edit));
    }

    fn edit(&mut self, key: Key, completion: &Vocabulary) -> Option<Input> {
        let secret = self.line.prompt().secret;
        let line = &mut self.line.editor;
        match key {
            Key::Char(c) => self.insert(c.encode_utf8(&mut [0; 4])),
            Key::Paste(text) => self.paste(&text),
            Key::PasteTooLong => self.say("that is too much to paste"),
            Key::Enter => return Some(self.enter()),
            Key::LineBreak if secret => {}
            Key::LineBreak => self.insert("\u{2028}"),
            Key::Tab => self.complete(completion),
            Key::Backspace => line.backspace(),
            Key::Delete { or_end: true } if line.text().is_empty() => return Some(Input::End),
            Key::Delete { .. } => line.delete(),
            Key::Left => line.left(),
            Key::Right => line.right(),
            Key::WordLeft => line.word_left(),
            Key::WordRight => line.word_right(),
            Key::Home => line.home(),
            Key::End => line.end(),
            Key::KillToEnd => line.kill_to_end(),
            Key::KillToStart => line.kill_to_start(),
            Key::KillWord => line.kill_word(),
            Key::KillWordLeft => line.kill_word_left(),
            Key::KillWordRight => line.kill_word_right(),
            Key::Yank => line.yank(),
            Key::Up | Key::Down | Key::Search if secret => {}
            Key::Up => self.older(),
            Key::Down => self.newer(),
            Key::Search => self.mode = Mode::Search { part: String::new(), skip: 0 },
            Key::Clear => self.screen.clear(),
            Key::Cancel | Key::PasteStart => {}
            Key::Interrupt if line.text().is_empty() => return Some(Input::Interrupt),
            Key::Interrupt => drop(line.take()),
            Key::Suspend => self.suspend(),
        }
        None
    }

    fn insert(&mut self, text: &str) {
        if !self.line.editor.insert(text) {
            self.say("that is as long as a line can be");
        }
    }

    fn enter(&mut self) -> Input {
        let (line, prompt) = self.line.take();
        if prompt.remembered {
            self.history.push(&line);
        }
        // A message is shown when the server has confirmed it, a command before its answer.
        if line.starts_with('/') && action(&line).is_none() && !prompt.secret {
            let text = safe!("{}{}", prompt.text, on_one_line(&line));
            self.screen.print(&Line::notice(text));
        }
        Input::Line(line, prompt.destination)
    }

    fn older(&mut self) {
        if let Some(line) = self.history.older(self.line.editor.text()) {
            self.line.editor.set(line);
        }
    }

    fn newer(&mut self) {
        if let Some(line) = self.history.newer() {
            self.line.editor.set(line);
        }
    }

    /// Inserts a paste of one line; asks what to do with several lines.
    fn paste(&mut self, text: &str) {
        match Paste::cut(text) {
            Ok(Some(paste)) if !self.line.prompt().secret => self.mode = Mode::Pasted(paste),
            Ok(_) => self.insert(text),
            Err(TooMany) => self.say("these are too many lines to paste"),
        }
    }

    fn decide(&mut self, key: Key, paste: Paste) -> Option<Input> {
        let to = self.line.prompt().destination;
        let one = paste.one(&to);
        match (key, one) {
            (Key::Char('y' | 'Y'), _) if matches!(to, Destination::Login(_)) => {
                paste.keys().rev().for_each(|key| self.keys.push_front(key));
            }
            (Key::Char('y' | 'Y'), _) => return Some(Input::Pasted(paste.each(&to), to)),
            (Key::Char('o' | 'O'), Some(text)) => {
                return Some(Input::Pasted(Pasted::Messages(vec![text]), to));
            }
            (Key::Char('j' | 'J'), _) => self.insert(&paste.joined()),
            (Key::Char('n' | 'N') | Key::Interrupt | Key::Cancel, _) => self.say("not pasted"),
            (key, _) => {
                if matches!(key, Key::Paste(_) | Key::PasteTooLong) {
                    self.say("not pasted: what was pasted before is asked about first");
                }
                self.mode = Mode::Pasted(paste);
            }
        }
        None
    }

    fn search(
        &mut self,
        key: Key,
        mut part: String,
        mut skip: usize,
        completion: &Vocabulary,
    ) -> Option<Input> {
        match key {
            Key::Char(c) => {
                part.push(c);
                skip = 0;
            }
            Key::Backspace => {
                part.pop();
                skip = 0;
            }
            Key::Search => skip += usize::from(self.history.search(&part, skip + 1).is_some()),
            Key::Cancel | Key::Interrupt => return None,
            other => {
                if let Some(found) = self.history.search(&part, skip) {
                    self.line.editor.set(found);
                }
                return self.edit(other, completion);
            }
        }
        self.mode = Mode::Search { part, skip };
        None
    }

    fn complete(&mut self, completion: &Vocabulary) {
        let prompt = self.line.prompt();
        if prompt.secret {
            return;
        }
        let found = completion.complete(self.line.editor.before(), prompt.awaits_user);
        let start = found.start;
        let editor = &mut self.line.editor;
        match &found.candidates[..] {
            [] => {}
            [only] => editor.replace_before(start, &format!("{only}{}", found.suffix)),
            many => {
                let common = common_start(many);
                if common.len() > editor.before().len() - start {
                    return editor.replace_before(start, common);
                }
                let more = many.len().saturating_sub(CANDIDATES_MAX);
                let mut text = many[..many.len() - more].join("  ");
                if more > 0 {
                    text.push_str(&format!("  and {more} more"));
                }
                // A candidate may be a name that somebody chose, and must not begin the row.
                self.screen.print(&Line::answer(safe!("which: {text}")));
            }
        }
    }

    /// Stops all processes of the shell's job, as Ctrl-Z does.
    fn suspend(&mut self) {
        if let Err(error) = kill_current_process_group(Signal::TSTP) {
            self.broken = Some(error.into());
        }
    }

    fn say(&mut self, text: &str) {
        self.screen.print(&Line::notice(SafeText::new(text)));
    }

    /// The status, the prompt, and as much of the line as fits.
    fn bottom(&mut self) -> Bottom {
        // The last column is kept free: a terminal that has written to it is about to wrap.
        let columns = self.screen.columns() - 1;
        let awaited = self.line.prompt();
        let mut asked = None;
        let (prompt, view) = match &self.mode {
            Mode::Edit if awaited.secret => {
                (awaited.text.cut(columns).to_string(), View::default())
            }
            Mode::Edit => {
                let (least, most) = ROOM_BESIDE_PROMPT;
                let room = columns - (columns / 4).clamp(least, most);
                let prompt = awaited.text.steady().cut(room).to_string();
                let room = columns - SafeText::new(&prompt).width();
                (prompt, self.line.editor.view(room))
            }
            Mode::Pasted(paste) => {
                let (what, answers) = paste.question(&awaited.destination);
                let text = safe!("{what}{answers}").steady();
                let fits = text.width() <= columns;
                asked = (!fits).then_some(what);
                let text = if fits { text } else { answers };
                (text.cut(columns).to_string(), View::default())
            }
            Mode::Search { part, skip } => {
                let found = self.history.search(part, *skip).unwrap_or_default();
                let text = safe!("search '{part}': {}", on_one_line(found)).steady();
                (text.cut(columns).to_string(), View::default())
            }
        };
        let cursor = SafeText::new(&prompt).width() + view.cursor;
        // A question that is wider than the screen takes the row of the status, too.
        let status = match (&self.status, &self.progress) {
            _ if asked.is_some() => asked,
            (Some(status), Some(progress)) => Some(safe!("{status} | {progress}")),
            (status, progress) => status.clone().or_else(|| progress.clone()),
        };
        let status = status.map(|status| status.steady().cut(columns).to_string());
        Bottom { status, row: prompt + &view.text, cursor }
    }

    fn write(&mut self) {
        let output = self.screen.take_output();
        if output.is_empty() {
            return;
        }
        let mut stdout = io::stdout().lock();
        if let Err(error) = stdout.write_all(&output).and_then(|()| stdout.flush()) {
            self.broken.get_or_insert(error);
        }
    }
}

impl Ui for Terminal {
    fn is_interactive(&self) -> bool {
        true
    }

    fn show(&mut self, line: &Line) {
        self.screen.print(line);
    }

    fn ring(&mut self) {
        self.screen.ring();
    }

    fn show_progress(&mut self, progress: &[Progress]) {
        self.progress = match progress {
            [] => None,
            [one] => Some(one.text()),
            [first, others @ ..] => {
                let mut text = safe!("{} transfers: {}", progress.len(), first.text());
                for other in others {
                    text = safe!("{text} | {}", other.text());
                }
                Some(text)
            }
        };
    }

    fn set_status(&mut self, status: Option<SafeText>) {
        self.status = status;
    }

    fn set_prompt(&mut self, prompt: Prompt) {
        self.line.set_awaited(prompt);
    }

    fn source(&self) -> Option<BorrowedFd<'_>> {
        (self.keys.len() < KEYS_MAX).then_some(rustix::stdio::stdin())
    }

    fn read(&mut self) -> io::Result<()> {
        let mut buffer = Zeroizing::new([0; 4096]);
        match rustix::io::read(io::stdin(), buffer.as_mut_slice()) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(length) => {
                self.decoder.feed(&buffer[..length], Instant::now(), &mut self.keys);
            }
            Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => {}
            Err(error) => return Err(error.into()),
        }
        // Without a prompt, Ctrl-C must not wait behind other keys.
        if !self.line.is_awaited() && self.keys.contains(&Key::Interrupt) {
            self.keys.clear();
            self.pasting = false;
            self.settle();
            self.interrupted = true;
        }
        Ok(())
    }

    fn deadline(&self) -> Option<Instant> {
        self.decoder.deadline()
    }

    fn next(&mut self, completion: &Vocabulary) -> Option<Input> {
        self.decoder.expire(Instant::now(), &mut self.keys);
        while self.line.is_awaited() {
            let key = self.keys.pop_front()?;
            if let Some(input) = self.press(key, completion) {
                return Some(input);
            }
        }
        None
    }

    fn give_back(&mut self, line: &str) {
        // Keys that wait would be inserted after it.
        if self.keys.is_empty() && self.line.editor.text().is_empty() {
            self.line.editor.set(line);
            self.line.settle(false);
        }
    }

    /// Never true: a terminal that is gone ends the client.
    fn has_ended(&self) -> bool {
        false
    }

    fn take_interrupt(&mut self) -> bool {
        // A paste can reach its deadline while there is no prompt.
        self.decoder.expire(Instant::now(), &mut self.keys);
        std::mem::take(&mut self.interrupted)
    }

    fn release(&mut self) {
        self.screen.erase_bottom();
        self.write();
        self.raw = None;
    }

    fn changed(&mut self) -> io::Result<()> {
        self.screen.resize(columns(io::stdout()));
        match &self.raw {
            Some(raw) => raw.renew(),
            None => RawMode::enter().map(|raw| self.raw = Some(raw)),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        let bottom = self.bottom();
        self.screen.draw(bottom);
        self.write();
        self.broken.take().map_or(Ok(()), Err)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.screen.erase_bottom();
        self.write();
    }
}

/// The longest common prefix of the words, ignoring case, as it is in the first one.
fn common_start(words: &[String]) -> &str {
    let Some((first, others)) = words.split_first() else {
        return "";
    };
    let common = |word: &String| {
        let same = |((_, a), b): &((usize, char), char)| a.eq_ignore_ascii_case(b);
        let end = first.char_indices().zip(word.chars()).take_while(same).last();
        end.map_or(0, |((at, c), _)| at + c.len_utf8())
    };
    &first[..others.iter().map(common).min().unwrap_or(first.len())]
}

#[cfg(test)]
mod tests;
