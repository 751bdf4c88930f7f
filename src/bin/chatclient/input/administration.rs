//! The commands of administrators and of the operator: parsed from what was typed, and encoded as
//! requests.

use chatsrv::chat::name::UserRef;
use chatsrv::protocol::native::verb::Verb;

/// A command of an administrator or of the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Administration {
    /// End a user's session, for a reason that may be empty.
    Kick(UserRef, String),
    /// Ban a user.
    Ban(UserRef),
    /// End the ban of a user.
    Unban(UserRef),
    /// Make a user an administrator, or take that role away.
    Admin(UserRef, bool),
    /// List the server's figures.
    Dump,
    /// Stop the server, within a number of seconds if one is given.
    Shutdown(Option<u32>),
}

impl Administration {
    /// The verb of the request and its arguments.
    pub fn request(&self) -> (Verb, String) {
        match self {
            Administration::Kick(user, reason) if reason.is_empty() => {
                (Verb::Kick, user.to_string())
            }
            Administration::Kick(user, reason) => (Verb::Kick, format!("{user} {reason}")),
            Administration::Ban(user) => (Verb::Ban, user.to_string()),
            Administration::Unban(user) => (Verb::Unban, user.to_string()),
            Administration::Admin(user, true) => (Verb::Admin, format!("{user} on")),
            Administration::Admin(user, false) => (Verb::Admin, format!("{user} off")),
            Administration::Dump => (Verb::Dump, String::new()),
            Administration::Shutdown(seconds) => {
                (Verb::Shutdown, seconds.map_or(String::new(), |seconds| seconds.to_string()))
            }
        }
    }

    /// The text to show after success.
    pub fn done(&self) -> &'static str {
        match self {
            Administration::Kick(..) => "that session is over",
            Administration::Ban(_) => "that user is let in no more",
            Administration::Unban(_) => "that user is let in again",
            Administration::Admin(_, true) => "that user is an administrator now",
            Administration::Admin(_, false) => "that user is no administrator any more",
            Administration::Dump | Administration::Shutdown(_) => "",
        }
    }
}

/// Parses `user` or `user reason`.
pub fn kick(words: &str) -> Option<Administration> {
    let words = words.trim();
    let (user, reason) = words.split_once(' ').unwrap_or((words, ""));
    Some(Administration::Kick(user.parse().ok()?, reason.trim().to_string()))
}

/// Parses `user`.
pub fn ban(words: &str) -> Option<Administration> {
    words.trim().parse().ok().map(Administration::Ban)
}

/// Parses `user`.
pub fn unban(words: &str) -> Option<Administration> {
    words.trim().parse().ok().map(Administration::Unban)
}

/// Parses `user on` or `user off`.
pub fn admin(words: &str) -> Option<Administration> {
    let (user, word) = words.trim().split_once(' ')?;
    let on = match word.trim() {
        word if word.eq_ignore_ascii_case("on") => true,
        word if word.eq_ignore_ascii_case("off") => false,
        _ => return None,
    };
    Some(Administration::Admin(user.parse().ok()?, on))
}

/// Parses a number of seconds, or nothing.
pub fn shutdown(words: &str) -> Option<Administration> {
    match words.trim() {
        "" => Some(Administration::Shutdown(None)),
        seconds => seconds.parse().ok().map(Some).map(Administration::Shutdown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_requests() {
        let line = |action: Option<Administration>| {
            let (verb, words) = action?.request();
            Some(format!("{verb} {words}").trim_end().to_string())
        };
        let some = |line: &str| Some(line.to_string());
        assert_eq!(line(kick("bob")), some("KICK bob"));
        assert_eq!(line(kick(" bob  be quiet ")), some("KICK bob be quiet"));
        assert_eq!(line(kick("")), None);
        assert_eq!(line(ban("10417")), some("BAN 10417"));
        assert_eq!(line(unban("bob x")), None);
        assert_eq!(line(admin("bob ON")), some("ADMIN bob on"));
        assert_eq!(line(admin("bob off")), some("ADMIN bob off"));
        assert_eq!(line(admin("bob")), None);
        assert_eq!(line(admin("bob maybe")), None);
        assert_eq!(line(shutdown("")), some("SHUTDOWN"));
        assert_eq!(line(shutdown("30")), some("SHUTDOWN 30"));
        assert_eq!(line(shutdown("-1")), None);
        assert_eq!(line(Some(Administration::Dump)), some("DUMP"));
    }
}
