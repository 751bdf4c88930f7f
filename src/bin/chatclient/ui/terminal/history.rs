//! The history of typed lines, kept in memory.

use std::collections::VecDeque;

/// The largest number of lines.
const LINES_MAX: usize = 500;

/// Lines, the newest last, and the position of the user in them.
#[derive(Debug, Default)]
pub struct History {
    lines: VecDeque<String>,
    /// The index of the line that is shown; `None` while a new one is typed.
    at: Option<usize>,
    /// The new line, while an older one is shown.
    draft: String,
}

impl History {
    /// Adds a line, unless it is blank or the same as the last one.
    pub fn push(&mut self, line: &str) {
        self.at = None;
        if line.trim().is_empty() || self.lines.back().is_some_and(|last| last == line) {
            return;
        }
        if self.lines.len() == LINES_MAX {
            self.lines.pop_front();
        }
        self.lines.push_back(line.to_string());
    }

    /// Moves to the line before the one shown; `current` is the text in the editor.
    pub fn older(&mut self, current: &str) -> Option<&str> {
        let at = match self.at {
            Some(at) => at.checked_sub(1)?,
            None => {
                let newest = self.lines.len().checked_sub(1)?;
                self.draft = current.to_string();
                newest
            }
        };
        self.at = Some(at);
        self.lines.get(at).map(String::as_str)
    }

    /// Moves to the line after the one shown; after the newest it is the one that was being typed.
    pub fn newer(&mut self) -> Option<&str> {
        let at = self.at? + 1;
        self.at = (at < self.lines.len()).then_some(at);
        Some(self.at.map_or(self.draft.as_str(), |at| self.lines[at].as_str()))
    }

    /// The newest line that contains `part`, after skipping `skip` such lines.
    pub fn search(&self, part: &str, skip: usize) -> Option<&str> {
        let mut found = self.lines.iter().rev().filter(|line| line.contains(part));
        found.nth(skip).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(lines: &[&str]) -> History {
        let mut history = History::default();
        lines.iter().for_each(|line| history.push(line));
        history
    }

    #[test]
    fn walking_back_and_forth_returns_to_the_draft() {
        let mut history = history(&["one", "two", "two", " "]);
        assert_eq!(history.older("draft"), Some("two"));
        assert_eq!(history.older(""), Some("one"));
        assert_eq!(history.older(""), None);
        assert_eq!(history.newer(), Some("two"));
        assert_eq!(history.newer(), Some("draft"));
        assert_eq!(history.newer(), None);
    }

    #[test]
    fn it_can_be_searched_and_is_bounded() {
        let history_of_three = history(&["/get a", "hello", "/get b"]);
        assert_eq!(history_of_three.search("get", 0), Some("/get b"));
        assert_eq!(history_of_three.search("get", 1), Some("/get a"));
        assert_eq!(history_of_three.search("get", 2), None);
        let mut many = History::default();
        (0..LINES_MAX + 5).for_each(|n| many.push(&n.to_string()));
        assert_eq!(many.lines.len(), LINES_MAX);
        assert_eq!(many.search("", LINES_MAX - 1), Some("5"));
    }
}
