//! The line being typed, and where it goes.

use chatsrv::display::editor::Editor;
use zeroize::Zeroizing;

use crate::ui::interface::Prompt;

/// A line and the prompt at which it was begun, which stays its own until it is sent or emptied.
#[derive(Debug, Default)]
pub struct TypedLine {
    /// What was typed.
    pub editor: Editor,
    /// What is awaited now.
    now: Prompt,
    /// What was awaited when the line was begun; none while there is no line.
    begun: Option<Prompt>,
}

impl TypedLine {
    /// Something is awaited from now on. It is no matter of a line that was begun before.
    pub fn set_awaited(&mut self, prompt: Prompt) {
        self.now = prompt;
    }

    /// Whether anything is awaited.
    pub fn is_awaited(&self) -> bool {
        !self.now.text.as_str().is_empty()
    }

    /// What the line is for. Where that is what is awaited, the newest words for it.
    pub fn prompt(&self) -> &Prompt {
        match &self.begun {
            Some(begun) if begun.destination != self.now.destination => begun,
            _ => &self.now,
        }
    }

    /// A key was pressed: a line without text is none any more, unless more is `held` for it.
    pub fn settle(&mut self, held: bool) {
        if held || !self.editor.text().is_empty() {
            self.begun.get_or_insert_with(|| self.now.clone());
        } else {
            self.begun = None;
        }
    }

    /// Takes the line away, and what it was for.
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
        // Then the prompt moves.
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
