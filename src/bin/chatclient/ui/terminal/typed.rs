//! The line being typed, with the prompt at which it was begun.

use chatsrv::display::editor::Editor;
use zeroize::Zeroizing;

use crate::ui::interface::Prompt;

/// The line editor, and the prompt at which the line was begun, which remains the line's until it
/// is sent or emptied.
#[derive(Debug, Default)]
pub struct TypedLine {
    /// The line editor.
    pub editor: Editor,
    /// The current prompt.
    now: Prompt,
    /// The prompt at which the line was begun; `None` while there is no line.
    begun: Option<Prompt>,
}

impl TypedLine {
    /// Sets the current prompt. A line that was begun before keeps its own.
    pub fn set_awaited(&mut self, prompt: Prompt) {
        self.now = prompt;
    }

    /// Returns true if there is a prompt.
    pub fn is_awaited(&self) -> bool {
        !self.now.text.as_str().is_empty()
    }

    /// The prompt of the line: the one at which it was begun, or the current one if that has the
    /// same destination.
    pub fn prompt(&self) -> &Prompt {
        match &self.begun {
            Some(begun) if begun.destination != self.now.destination => begun,
            _ => &self.now,
        }
    }

    /// Notes after each key whether there is a line: if it has text, or if more is `held` for it.
    pub fn settle(&mut self, held: bool) {
        if held || !self.editor.text().is_empty() {
            self.begun.get_or_insert_with(|| self.now.clone());
        } else {
            self.begun = None;
        }
    }

    /// Returns the line and its prompt, and leaves an empty line.
    pub fn take(&mut self) -> (Zeroizing<String>, Prompt) {
        let prompt = self.prompt().clone();
        self.begun = None;
        let line = self.editor.take();
        if prompt.secret {
            self.editor.forget();
        }
        (line, prompt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::destination::Destination;
    use chatsrv::display::safe_text::safe;

    fn prompt(chat: &str) -> Prompt {
        let destination = Destination::Chat(chat.parse().unwrap());
        Prompt { text: safe!("to {chat}> "), destination, ..Prompt::default() }
    }

    fn line(chat: &str) -> TypedLine {
        let mut line = TypedLine::default();
        line.set_awaited(prompt(chat));
        line
    }

    fn type_text(line: &mut TypedLine, text: &str) {
        line.editor.insert(text);
        line.settle(false);
    }

    #[test]
    fn a_line_goes_where_it_was_begun() {
        let mut line = line("carol");
        type_text(&mut line, "for you");
        line.set_awaited(prompt("alice"));
        type_text(&mut line, " alone");
        assert_eq!(line.prompt(), &prompt("carol"));
        let (text, taken) = line.take();
        assert_eq!((text.as_str(), taken), ("for you alone", prompt("carol")));
        // After that the current prompt counts.
        assert_eq!(line.prompt(), &prompt("alice"));
        type_text(&mut line, "and you");
        assert_eq!(line.take().1, prompt("alice"));
    }

    #[test]
    fn a_line_that_is_emptied_is_for_nobody() {
        let mut line = line("carol");
        type_text(&mut line, "x");
        line.set_awaited(prompt("alice"));
        line.editor.backspace();
        line.settle(false);
        assert_eq!(line.prompt(), &prompt("alice"));
        // A search or a paste that waits for a decision is a line that was begun.
        line.settle(true);
        line.set_awaited(prompt("bob"));
        assert_eq!(line.prompt(), &prompt("alice"));
        line.settle(false);
        assert_eq!(line.prompt(), &prompt("bob"));
    }

    #[test]
    fn the_newest_words_for_the_same_chat_are_shown() {
        let mut line = line("carol");
        type_text(&mut line, "x");
        let renamed = Prompt { text: safe!("to carol (opening)> "), ..prompt("carol") };
        line.set_awaited(renamed.clone());
        assert_eq!(line.prompt(), &renamed);
    }

    #[test]
    fn a_password_stays_one_whatever_comes_up() {
        let mut line = TypedLine::default();
        line.set_awaited(Prompt { secret: true, ..prompt("x") });
        type_text(&mut line, "secr");
        line.set_awaited(prompt("alice"));
        assert!(line.prompt().secret);
        line.editor.kill_to_start();
        assert!(line.take().1.secret);
        line.editor.yank();
        assert_eq!(line.editor.text(), "");
    }
}
