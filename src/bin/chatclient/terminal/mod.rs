//! The person at a terminal: keys in, a screen out.

mod history;
mod keys;
mod raw;

use std::collections::VecDeque;
use std::io::{self, Write};
use std::os::fd::BorrowedFd;

use chatsrv::display::editor::{Editor, View};
use chatsrv::display::screen::{Bottom, Screen};
use zeroize::Zeroizing;

use crate::front::{Front, Input, Prompt};
use crate::line::{Kind, Line};
use crate::safe_text::{SafeText, safe};
use crate::transfers::Progress;
use crate::vocabulary::Vocabulary;
use history::History;
use keys::{Key, KeyDecoder};
use raw::RawMode;

/// How many keys wait at most while nothing can be typed; a terminal that sends more is not read.
const KEYS_MAX: usize = 4096;
/// How many lines can be pasted at once; each waits until the ones before it are taken.
const PASTED_LINES_MAX: usize = 200;
/// How many candidates of a completion are shown.
const CANDIDATES_MAX: usize = 60;
/// The narrowest screen that is drawn for.
const COLUMNS_MIN: usize = 12;
/// How many columns there are where the terminal does not tell.
const COLUMNS_UNKNOWN: usize = 80;

/// What the keys do.
#[derive(Debug, Default)]
enum Mode {
    /// They edit the line.
    #[default]
    Edit,
    /// They decide what to do with lines that were pasted.
    Pasted(Vec<String>),
    /// They search in the history.
    Search {
        /// For this.
        part: String,
        /// How many older finds were asked for.
        skip: usize,
    },
}

/// A terminal in raw mode.
pub struct Terminal {
    /// None only while the process is stopped, or where the terminal is gone.
    raw: Option<RawMode>,
    screen: Screen,
    decoder: KeyDecoder,
    keys: VecDeque<Key>,
    editor: Editor,
    history: History,
    mode: Mode,
    prompt: Prompt,
    /// What is being typed, while a question comes between.
    draft: Option<Zeroizing<String>>,
    /// The state of the connection.
    status: Option<SafeText>,
    /// The state of the transfers.
    progress: Option<SafeText>,
    /// Whether Ctrl-C was pressed while nothing could be typed.
    interrupted: bool,
    broken: Option<io::Error>,
}

impl Terminal {
    /// Takes the terminal over.
    ///
    /// # Errors
    /// Where it can't be put into raw mode.
    pub fn new(colour: bool) -> io::Result<Self> {
        Ok(Terminal {
            raw: Some(RawMode::enter()?),
            screen: Screen::new(columns(), colour),
            decoder: KeyDecoder::default(),
            keys: VecDeque::new(),
            editor: Editor::default(),
            history: History::default(),
            mode: Mode::Edit,
            prompt: Prompt::default(),
            draft: None,
            status: None,
            progress: None,
            interrupted: false,
            broken: None,
        })
    }

    /// Whether something can be typed now.
    fn is_open(&self) -> bool {
        !self.prompt.text.as_str().is_empty()
    }

    fn press(&mut self, key: Key, words: &Vocabulary) -> Option<Input> {
        match std::mem::take(&mut self.mode) {
            Mode::Edit => self.edit(key, words),
            Mode::Pasted(lines) => self.decide(key, lines),
            Mode::Search { part, skip } => self.search(key, part, skip, words),
        }
    }

    fn edit(&mut self, key: Key, words: &Vocabulary) -> Option<Input> {
        let line = &mut self.editor;
        match key {
            Key::Char(c) => self.insert(c.encode_utf8(&mut [0; 4])),
            Key::Paste(text) => self.paste(&text),
            Key::PasteTooLong => self.say("that is too much to paste"),
            Key::Enter => return Some(self.enter()),
            Key::Tab => self.complete(words),
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
            Key::Up | Key::Down | Key::Search if self.prompt.secret => {}
            Key::Up => self.older(),
            Key::Down => self.newer(),
            Key::Search => self.mode = Mode::Search { part: String::new(), skip: 0 },
            Key::Clear => self.screen.clear(),
            Key::Cancel => {}
            Key::Interrupt if line.text().is_empty() => return Some(Input::Interrupt),
            Key::Interrupt => drop(line.take()),
            Key::Suspend => self.suspend(),
        }
        None
    }

    fn insert(&mut self, text: &str) {
        if !self.editor.insert(text) {
            self.say("that is as long as a line can be");
        }
    }

    fn enter(&mut self) -> Input {
        let line = self.editor.take();
        if self.prompt.secret {
            self.editor.forget();
            return Input::Line(line);
        }
        if self.prompt.remembered {
            self.history.push(&line);
        }
        // A message is shown when the server has taken it, a command stands above its answer.
        if line.starts_with('/') {
            let text = safe!("{}{}", self.prompt.text, line.as_str());
            self.screen.print(&Line::notice(text));
        }
        Input::Line(line)
    }

    fn older(&mut self) {
        if let Some(line) = self.history.older(self.editor.text()) {
            self.editor.set(line);
        }
    }

    fn newer(&mut self) {
        if let Some(line) = self.history.newer() {
            self.editor.set(line);
        }
    }

    /// One line is inserted; about more the person decides.
    fn paste(&mut self, text: &str) {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let text = text.trim_end_matches('\n');
        if !text.contains('\n') || self.prompt.secret {
            return self.insert(text);
        }
        let lines = text.split('\n').map(|line| line.replace('\t', " "));
        if text.split('\n').count() > PASTED_LINES_MAX {
            return self.say("these are too many lines to paste");
        }
        let clean = |line: String| line.chars().filter(|c| !c.is_control()).collect();
        self.mode = Mode::Pasted(lines.map(clean).collect());
    }

    fn decide(&mut self, key: Key, lines: Vec<String>) -> Option<Input> {
        match key {
            Key::Char('y' | 'Y') => return Some(Input::Pasted(lines)),
            Key::Char('j' | 'J') => self.insert(&lines.join(" ")),
            Key::Char('n' | 'N') | Key::Interrupt | Key::Cancel => self.say("not pasted"),
            _ => self.mode = Mode::Pasted(lines),
        }
        None
    }

    fn search(
        &mut self,
        key: Key,
        mut part: String,
        mut skip: usize,
        words: &Vocabulary,
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
                    self.editor.set(found);
                }
                return self.edit(other, words);
            }
        }
        self.mode = Mode::Search { part, skip };
        None
    }

    fn complete(&mut self, words: &Vocabulary) {
        if self.prompt.secret {
            return;
        }
        let completion = words.complete(self.editor.before(), self.prompt.awaits_user);
        let start = completion.start;
        match &completion.candidates[..] {
            [] => {}
            [only] => self.editor.replace_before(start, &format!("{only}{}", completion.suffix)),
            many => {
                let common = common_start(many);
                if common.len() > self.editor.before().len() - start {
                    return self.editor.replace_before(start, common);
                }
                let more = many.len().saturating_sub(CANDIDATES_MAX);
                let mut text = many[..many.len() - more].join("  ");
                if more > 0 {
                    text.push_str(&format!("  and {more} more"));
                }
                self.screen.print(&Line::answer(SafeText::new(text)));
            }
        }
    }

    fn suspend(&mut self) {
        self.screen.erase_bottom();
        self.write();
        match self.raw.take().map(RawMode::suspend) {
            Some(Ok(raw)) => self.raw = Some(raw),
            Some(Err(error)) => self.broken = Some(error),
            None => {}
        }
        self.screen.resize(columns());
    }

    fn say(&mut self, text: &str) {
        self.screen.print(&Line { kind: Kind::Notice, text: SafeText::new(text) });
    }

    /// The prompt, and as much of the line as fits beside it.
    fn bottom(&mut self) -> Bottom {
        // The last column stays free: a terminal that has written it is about to wrap.
        let columns = self.screen.columns() - 1;
        let (prompt, view) = match &self.mode {
            Mode::Edit if self.prompt.secret => {
                (self.prompt.text.cut(columns).to_string(), View::default())
            }
            Mode::Edit => {
                let prompt = self.prompt.text.cut(columns - (columns / 4).min(20)).to_string();
                let room = columns - SafeText::new(&prompt).width();
                (prompt, self.editor.view(room))
            }
            Mode::Pasted(lines) => {
                let text = safe!("send {} lines? y, n, or j to join: ", lines.len());
                (text.cut(columns).to_string(), View::default())
            }
            Mode::Search { part, skip } => {
                let found = self.history.search(part, *skip).unwrap_or_default();
                let text = safe!("search '{part}': {found}");
                (text.cut(columns).to_string(), View::default())
            }
        };
        let cursor = SafeText::new(&prompt).width() + view.cursor;
        let status = match (&self.status, &self.progress) {
            (Some(status), Some(progress)) => Some(safe!("{status} | {progress}")),
            (status, progress) => status.clone().or_else(|| progress.clone()),
        };
        let status = status.map(|status| status.cut(columns).to_string());
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

impl Front for Terminal {
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
        match (self.prompt.remembered, prompt.remembered) {
            (true, false) => self.draft = Some(self.editor.take()),
            (false, true) => {
                if let Some(draft) = self.draft.take() {
                    self.editor.set(&draft);
                }
            }
            _ => {}
        }
        self.prompt = prompt;
    }

    fn source(&self) -> Option<BorrowedFd<'_>> {
        (self.keys.len() < KEYS_MAX).then_some(rustix::stdio::stdin())
    }

    fn read(&mut self) -> io::Result<()> {
        let mut buffer = Zeroizing::new([0; 4096]);
        match rustix::io::read(io::stdin(), buffer.as_mut_slice()) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(length) => self.decoder.feed(&buffer[..length], &mut self.keys),
            Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => {}
            Err(error) => return Err(error.into()),
        }
        // While nothing can be typed, Ctrl-C must not wait behind what was.
        if !self.is_open() && self.keys.contains(&Key::Interrupt) {
            self.keys.clear();
            self.interrupted = true;
        }
        Ok(())
    }

    fn next(&mut self, words: &Vocabulary) -> Option<Input> {
        while self.is_open() {
            let key = self.keys.pop_front()?;
            if let Some(input) = self.press(key, words) {
                return Some(input);
            }
        }
        None
    }

    fn give_back(&mut self, line: &str) {
        // What was typed ahead would be put behind it.
        if self.keys.is_empty() && self.editor.text().is_empty() {
            self.editor.set(line);
        }
    }

    /// Never: a terminal that is gone ends the client.
    fn has_ended(&self) -> bool {
        false
    }

    fn take_interrupt(&mut self) -> bool {
        std::mem::take(&mut self.interrupted)
    }

    fn changed(&mut self) -> io::Result<()> {
        self.screen.resize(columns());
        self.raw.as_ref().map_or(Ok(()), RawMode::renew)
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

/// How many columns the terminal has now.
fn columns() -> usize {
    let columns = rustix::termios::tcgetwinsize(io::stdout()).map_or(0, |size| size.ws_col);
    match usize::from(columns) {
        0 => COLUMNS_UNKNOWN,
        columns => columns.max(COLUMNS_MIN),
    }
}

/// What all of the words begin with, letters' case as in the first.
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
mod tests {
    use super::*;

    #[test]
    fn the_common_start_ends_between_characters() {
        let words = |list: &[&str]| list.iter().map(|word| word.to_string()).collect::<Vec<_>>();
        assert_eq!(common_start(&words(&["Bob", "bobby", "bOx"])), "Bo");
        assert_eq!(common_start(&words(&["äa", "äb"])), "ä");
        assert_eq!(common_start(&words(&["a", "b"])), "");
    }
}
