//! The users whom this user ignores. The server keeps back what they send to this user alone; what
//! they say to everyone and in groups is hidden here.

use std::collections::HashSet;

use chatsrv::chat::name::UserName;
use chatsrv::display::line::Line;
use chatsrv::display::safe_text::safe;

use super::note::Note;
use crate::core::Core;

/// The largest number of users, which is the server's.
const USERS_MAX: usize = 1000;

/// The users whom this user ignores.
#[derive(Debug, Default)]
pub struct Ignored {
    users: HashSet<UserName>,
    /// The users of a list that is not complete yet.
    listed: HashSet<UserName>,
    /// True once the server has answered.
    is_known: bool,
    /// True once it was told that lines are hidden.
    is_told: bool,
}

impl Ignored {
    /// Returns true once the server has told whom this user ignores, or that it does not know.
    pub fn is_known(&self) -> bool {
        self.is_known
    }

    /// Adds a user to the new list.
    pub fn list(&mut self, user: &str) {
        if let Ok(user) = user.parse()
            && self.listed.len() < USERS_MAX
        {
            self.listed.insert(user);
        }
    }

    /// Replaces the users by the new list, which is complete.
    pub fn end_list(&mut self) {
        self.users = std::mem::take(&mut self.listed);
        self.is_known = true;
    }

    /// Returns true if what `from` says to `to` is hidden: only what others hear, too.
    pub fn hides(&self, from: &str, to: &str) -> bool {
        let is_heard_by_others = to == "*" || to.starts_with('#');
        is_heard_by_others
            && !self.users.is_empty()
            && from.parse().is_ok_and(|from| self.users.contains(&from))
    }

    /// Shows messages, except those that are hidden. That there are such is told once.
    pub fn show(&mut self, notes: impl IntoIterator<Item = Note>, core: &mut Core) {
        for note in notes {
            if !note.is_hidden {
                core.show(note.line);
            } else if !std::mem::replace(&mut self.is_told, true) {
                let text = "what those say whom you ignore is hidden; /ignored lists them";
                core.show(Line::notice(safe!("{text}")));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_those_say_to_others_is_hidden_once_the_list_is_whole() {
        let mut ignored = Ignored::default();
        ignored.list("bob");
        assert!(!ignored.is_known() && !ignored.hides("bob", "*"));
        ignored.end_list();
        assert!(ignored.is_known());
        assert!(ignored.hides("Bob", "*") && ignored.hides("bob", "#ops"));
        assert!(!ignored.hides("bob", "alice") && !ignored.hides("carol", "*"));
        assert!(!ignored.hides("?", "*"));
        ignored.list("carol");
        ignored.end_list();
        assert!(!ignored.hides("bob", "*") && ignored.hides("carol", "*"));
        (0..2 * USERS_MAX).for_each(|n| ignored.list(&format!("u{n}")));
        assert_eq!(ignored.listed.len(), USERS_MAX);
    }
}
