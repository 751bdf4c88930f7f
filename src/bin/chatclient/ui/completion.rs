//! The completion of the Tab key: commands, users online, chats, and files on the server.

use std::collections::BTreeSet;

use chatsrv::chat::name::Target;

use crate::input::action::Completes;
use crate::input::table::COMMANDS;

/// The largest number of names of each kind; a server may have any number.
const NAMES_MAX: usize = 4096;

/// The words for the completion.
#[derive(Debug, Default)]
pub struct Vocabulary {
    users: BTreeSet<String>,
    /// The users of a list that is not complete yet.
    listed: BTreeSet<String>,
    /// The chats that are no user's.
    chats: BTreeSet<String>,
    files: BTreeSet<String>,
}

/// The candidates for the text before the cursor.
#[derive(Debug, PartialEq, Eq)]
pub struct Completion {
    /// The byte at which the text begins that a candidate replaces.
    pub start: usize,
    /// The candidates, in order.
    pub candidates: Vec<String>,
    /// The text to append to the only candidate.
    pub suffix: &'static str,
}

impl Vocabulary {
    /// Adds a user who is online.
    pub fn add_user(&mut self, name: &str) {
        if self.users.len() < NAMES_MAX {
            self.users.insert(name.to_string());
        }
    }

    /// Adds a user to the new list of those online.
    pub fn list_user(&mut self, name: &str) {
        if self.listed.len() < NAMES_MAX {
            self.listed.insert(name.to_string());
        }
    }

    /// Replaces the users by the new list, which is complete.
    pub fn end_list(&mut self) {
        self.users = std::mem::take(&mut self.listed);
    }

    /// Removes a user who is not online any more.
    pub fn remove_user(&mut self, name: &str) {
        self.users.remove(name);
    }

    /// Adds a chat.
    pub fn add_chat(&mut self, chat: Target) {
        if self.chats.len() < NAMES_MAX {
            self.chats.insert(chat.to_string());
        }
    }

    /// Adds a file on the server or, with a slash at its end, a folder.
    pub fn add_file(&mut self, name: &str) {
        if self.files.len() < NAMES_MAX {
            self.files.insert(name.to_string());
        }
    }

    /// The completion of `before`, the text before the cursor. If the prompt asks for a user, the
    /// whole line is a user's name.
    pub fn complete(&self, before: &str, awaits_user: bool) -> Completion {
        if awaits_user {
            return Completion { start: 0, candidates: matching(&self.users, before), suffix: "" };
        }
        let Some((command, words)) = before.split_once(' ') else {
            return Completion { start: 0, candidates: commands(before, "/"), suffix: " " };
        };
        let completes = COMMANDS
            .iter()
            .find(|row| row.name.starts_with('/') && row.name.eq_ignore_ascii_case(command))
            .map_or(Completes::Nothing, |row| row.completes);
        let start = match completes {
            Completes::Groups => before.rfind(' ').map_or(0, |space| space + 1),
            _ => before.len() - words.len(),
        };
        let candidates = match completes {
            Completes::Users if !words.contains(' ') => matching(&self.users, words),
            Completes::Chats if !words.contains(' ') => {
                let all = matching(&self.users, words).into_iter();
                let all: BTreeSet<_> = all.chain(matching(&self.chats, words)).collect();
                all.into_iter().collect()
            }
            Completes::Groups => self.groups_and_members(words),
            Completes::Files => matching(&self.files, words),
            Completes::Commands => commands(words, ""),
            Completes::Users | Completes::Chats | Completes::Nothing => Vec::new(),
        };
        let suffix = match completes {
            Completes::Users | Completes::Chats | Completes::Groups => " ",
            _ => "",
        };
        Completion { start, candidates, suffix }
    }
}

impl Vocabulary {
    /// The candidates for the last word of a group's name and users.
    fn groups_and_members(&self, words: &str) -> Vec<String> {
        let word = words.rsplit(' ').next().unwrap_or_default();
        let mut candidates = matching(&self.chats, word);
        candidates.retain(|name| name.starts_with('#') && word.len() == words.len());
        candidates.extend(matching(&self.users, word));
        candidates
    }
}

/// The commands that begin with `start`, which must itself begin with `sign`.
fn commands(start: &str, sign: &str) -> Vec<String> {
    if !start.starts_with(sign) {
        return Vec::new();
    }
    let names = COMMANDS.iter().map(|row| row.name);
    names.filter(|name| begins(name, start)).map(str::to_string).collect()
}

fn matching(names: &BTreeSet<String>, start: &str) -> Vec<String> {
    names.iter().filter(|name| begins(name, start)).cloned().collect()
}

fn begins(name: &str, start: &str) -> bool {
    name.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complete(before: &str) -> Vec<String> {
        let mut words = Vocabulary::default();
        ["bob", "bert", "carol"].iter().for_each(|name| words.add_user(name));
        ["docs/", "my file.txt"].iter().for_each(|name| words.add_file(name));
        ["#ops", "bob"].iter().for_each(|name| words.add_chat(name.parse().unwrap()));
        words.complete(before, false).candidates
    }

    #[test]
    fn each_place_completes_with_its_words() {
        assert_eq!(complete("/br"), ["/broadcast"]);
        assert_eq!(complete("/msg B"), ["bert", "bob"]);
        assert_eq!(complete("/msg bob h"), [""; 0]);
        assert_eq!(complete("/open b"), ["bert", "bob"]);
        assert_eq!(complete("/history #"), ["#ops"]);
        assert_eq!(complete("/joingroup #"), ["#ops"]);
        assert_eq!(complete("/admit #ops c"), ["carol"]);
        assert_eq!(complete("/get my f"), ["my file.txt"]);
        assert_eq!(complete("/help /qu"), ["/quiet", "/quit"]);
        assert_eq!(complete("hello b"), [""; 0]);
        assert_eq!(complete(""), [""; 0]);
    }

    #[test]
    fn a_name_that_begins_with_half_a_character_is_no_panic() {
        let mut words = Vocabulary::default();
        words.add_file("äb");
        assert_eq!(words.complete("/get a", false).candidates, [""; 0]);
        assert_eq!(words.complete("/get ä", false).candidates, ["äb"]);
    }

    #[test]
    fn a_list_counts_when_it_is_whole() {
        let mut words = Vocabulary::default();
        words.add_user("gone");
        words.list_user("here");
        assert_eq!(words.complete("", true).candidates, ["gone"]);
        words.end_list();
        assert_eq!(words.complete("", true).candidates, ["here"]);
    }

    #[test]
    fn the_vocabulary_is_bounded() {
        let mut words = Vocabulary::default();
        (0..NAMES_MAX + 10).for_each(|n| words.add_user(&format!("u{n}")));
        assert_eq!(words.users.len(), NAMES_MAX);
    }
}
