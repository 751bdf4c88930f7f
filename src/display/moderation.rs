//! Formats the items of the lists about moderation for people.

use super::clock;
use super::line::{Column, Line};
use super::safe_text::{SafeText, safe};
use crate::chat::term::Until;
use crate::protocol::native::read::ListItem;

/// The line that shows an item of a list about moderation.
pub fn item(item: &ListItem<'_>) -> Line {
    match *item {
        ListItem::Ban { whom, by, since, until, reason } => {
            let since = clock::date_of(since);
            let until = self::until(until);
            let colon = if reason.is_empty() { "" } else { ": " };
            let rest = safe!("banned by {by} since {since}, {until}{colon}{reason}");
            Line::row(&[Column::named(whom), Column::rest(rest).apart()])
        }
        ListItem::Account { name, number, created, last_seen, flags } => {
            let created = clock::date_of(created);
            let seen = last_seen.map_or("never".to_owned(), |seen| {
                let seen = clock::date_of(seen);
                format!("last seen {seen}")
            });
            let flags = if flags == "-" { String::new() } else { flags.replace(',', ", ") };
            Line::row(&[
                Column::named(name),
                Column::right(5, safe!("{number}")),
                Column::rest(safe!("since {created}, {seen}")).apart(),
                Column::rest(safe!("{flags}")).apart(),
            ])
        }
        ListItem::Report { number, time, reporter, user, message, reason } => {
            let time = clock::date_of(time);
            let message = message.map_or(String::new(), |id| format!(" (message {id})"));
            let rest = safe!("{time}, {reporter} about {user}{message}: {reason}");
            Line::row(&[Column::left(3, safe!("{number}")), Column::rest(rest).apart()])
        }
        ListItem::Invite { start, uses, until, by } => {
            let until = self::until(until);
            let rest = safe!("good for {uses}, {until}, by {by}");
            Line::row(&[Column::named(start), Column::rest(rest).apart()])
        }
        ListItem::Ignored { user } => Line::answer(safe!("{user}")),
        ListItem::Line { line } => Line::answer(safe!("{line}")),
        other => {
            debug_assert!(false, "{other:?} is not about moderation");
            Line::answer(safe!(""))
        }
    }
}

/// A time until which something lasts, as people say it.
pub fn until(until: Until) -> SafeText {
    match until {
        Until::Time(time) => safe!("until {}", clock::date_of(time)),
        Until::Ever => safe!("for ever"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::native::read::{Reading, ServerLine};

    fn text(verb: &str, words: &str) -> String {
        match (ServerLine { code: 151, verb, rest: words }).read() {
            Reading::Item(shown) => item(&shown).text.to_string(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn bans_are_shown_with_their_ends() {
        let shown = text("BANS", "192.0.2.0/24 alice 1795521601 ever a raid");
        assert!(shown.starts_with("192.0.2.0/24  banned by alice since 2026-11-"), "{shown}");
        assert!(shown.ends_with(", for ever: a raid"), "{shown}");
        let shown = text("BANS", "bob operator 1795521601 1795608001");
        assert!(shown.starts_with("bob           banned by operator since 2026-11-"), "{shown}");
        assert!(shown.contains(", until 2026-11-"), "{shown}");
    }

    #[test]
    fn accounts_are_shown_with_what_holds_for_them() {
        let shown = text("ACCOUNTS", "bob 10417 1795521601 - banned,muted");
        assert!(shown.starts_with("bob          10417  since 2026-11-"), "{shown}");
        assert!(shown.ends_with(", never  banned, muted"), "{shown}");
        let shown = text("ACCOUNTS", "bob 10417 1795521601 1795608001 -");
        assert!(shown.contains(", last seen 2026-11-"), "{shown}");
    }

    #[test]
    fn reports_and_invitations_are_shown() {
        let shown = text("REPORTS", "7 1795521601 alice bob 42 says rude things");
        assert!(shown.starts_with("7    2026-11-"), "{shown}");
        assert!(shown.ends_with(", alice about bob (message 42): says rude things"), "{shown}");
        let shown = text("INVITES", "abcd 3 ever operator");
        assert_eq!(shown, "abcd          good for 3, for ever, by operator");
        assert_eq!(text("IGNORED", "bob"), "bob");
        assert_eq!(text("AUDIT", "event=mute user=bob"), "event=mute user=bob");
    }
}
