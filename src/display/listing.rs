//! Formats the items of the server's lists for people.

use super::clock;
use super::line::{Column, Line};
use super::moderation;
use super::safe_text::{SafeText, safe};
use super::said::{on_one_line, preview};
use crate::chat::id::MessageId;
use crate::chat::name::Number;
use crate::protocol::native::read::{ChatWords, ListItem, MemberWords, OnlineWords};

/// The line that shows an item.
pub fn item(item: &ListItem<'_>) -> Line {
    match *item {
        ListItem::Online { user } => online(&user),
        ListItem::Direct { name, number } | ListItem::Member { name, number, more: None } => {
            Line::row(&[Column::named(name), Column::right(5, safe!("{number}"))])
        }
        ListItem::Member { name, number, more: Some(more) } => member(name, number, &more),
        ListItem::ShutOut { user, by, since } => {
            let since = clock::date_of(since);
            Line::row(&[Column::named(user), Column::rest(safe!("shut out by {by} since {since}"))])
        }
        ListItem::Unread { chat, count, last } => {
            let moment = clock::moment(last);
            Line::row(&[
                Column::named(chat),
                Column::rest(safe!("{count} unread, the last {moment}")),
            ])
        }
        ListItem::Chat { chat } => chat_line(&chat),
        ListItem::Group { name, admin, members, is_kept, is_public, topic } => {
            let noun = if members == 1 { "member" } else { "members" };
            let kept = if is_kept { ", kept" } else { "" };
            let public = if is_public { ", public" } else { "" };
            let colon = if topic.is_empty() { "" } else { ": " };
            let rest = safe!("{noun}, admin {admin}{kept}{public}{colon}{topic}");
            let members = Column::right(3, safe!("{members}"));
            Line::row(&[Column::named(name), members, Column::rest(rest)])
        }
        ListItem::Entry { size, mtime, name } => {
            let size = size.map_or("folder".to_string(), clock::size);
            let size = Column::left(9, SafeText::new(size));
            let changed = Column::left(0, SafeText::new(clock::date_and_time(mtime)));
            Line::row(&[size, changed.apart(), Column::rest(safe!("{name}")).apart()])
        }
        ListItem::Device { number, state, made, used, address, name } => {
            let name = if name == "-" { "" } else { name };
            let made = clock::date_of(made);
            let used = clock::date_of(used);
            Line::row(&[
                Column::left(2, safe!("{number}")),
                Column::left(6, safe!("{state}")).apart(),
                Column::rest(safe!("since {made}, used {used} from {address}")).apart(),
                Column::rest(safe!("{name}")).apart(),
            ])
        }
        ListItem::Fact { key, value } => {
            Line::row(&[Column::named(key), Column::rest(SafeText::new(fact(key, value)))])
        }
        ListItem::Verb { name, words, summary } => {
            Line::answer(safe!("{name} {words} - {summary}"))
        }
        ListItem::Figure { text } | ListItem::Other(text) => Line::answer(safe!("{text}")),
        ref about_moderation => moderation::item(about_moderation),
    }
}

/// A display name in quotes, which tell it from a user's name.
pub fn quoted(display: &str) -> String {
    format!("\"{}\"", display.replace('"', "\\\""))
}

/// A member of a group, with all that is known.
fn member(name: &str, number: Number, more: &MemberWords<'_>) -> Line {
    let MemberWords { rank, joined, there, display } = *more;
    let joined = clock::date_of(joined);
    let display = if display == name { String::new() } else { quoted(display) };
    Line::row(&[
        Column::named(name),
        Column::right(5, safe!("{number}")),
        Column::left(5, safe!("{rank}")).apart(),
        Column::left(4, safe!("{there}")).apart(),
        Column::rest(safe!("since {joined}")).apart(),
        Column::rest(safe!("{display}")).apart(),
    ])
}

/// A fact about a user or a group: times as people write them, and sizes too.
fn fact(key: &str, value: &str) -> String {
    let number = value.parse::<u64>().ok();
    match (key, number) {
        ("since", Some(id)) => clock::moment(MessageId(id)),
        ("created" | "last-seen" | "made" | "topic-at", Some(time)) => clock::date_of(time),
        ("bytes", Some(bytes)) => clock::size(bytes),
        ("display", _) => quoted(value),
        _ => value.to_string(),
    }
}

fn chat_line(line: &ChatWords<'_>) -> Line {
    let ChatWords { chat, unread, seen: _, last, from, size, text } = *line;
    let unread = if unread > 0 { format!(", {unread} unread") } else { String::new() };
    let moment = clock::moment(last);
    let rest = match size {
        _ if last.0 == 0 => safe!("nothing was said yet"),
        Some(size) => {
            let (name, size) = (on_one_line(text), clock::size(size));
            safe!("{moment}{unread}, {from}: the file {name}, {size}")
        }
        None => safe!("{moment}{unread}, {}", preview(from, text)),
    };
    Line::row(&[Column::named(chat), Column::rest(rest)]).preview()
}

fn online(user: &OnlineWords<'_>) -> Line {
    let OnlineWords { name, number, since, direct: _, display } = user;
    let since = clock::moment(*since);
    let is_shown = !display.is_empty() && display != name;
    let display = if is_shown { format!(", {}", quoted(display)) } else { String::new() };
    Line::row(&[
        Column::named(name),
        Column::right(5, safe!("{number}")),
        Column::rest(safe!("since {since}{display}")).apart(),
    ])
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
    fn users_are_shown() {
        let shown = text("WHO", "bob 10417 1795521601123456 - Bob the builder");
        assert!(shown.starts_with("bob          10417  since "), "{shown}");
        assert!(shown.ends_with(", \"Bob the builder\""), "{shown}");
        let shown = text("WHO", "bob 10417 1795521601123456 - x\", \"y");
        assert!(shown.ends_with(", \"x\\\", \\\"y\""), "{shown}");
        let shown = text("MEMBERS", "bob 10417 op 1795521601 here alice 10001");
        assert!(shown.ends_with("  \"alice 10001\""), "{shown}");
        let shown = text("WHO", "bob 10417 1795521601123456 - bob");
        assert!(!shown.contains(','), "{shown}");
        assert_eq!(text("MEMBERS", "bob 10417"), "bob          10417");
    }

    #[test]
    fn chats_and_groups_are_shown() {
        let shown = text("UNREAD", "#ops 3 1795521601123456");
        assert!(shown.starts_with("#ops         3 unread, the last "), "{shown}");
        let shown = text("CHATS", "#ops 3 9 1795521601123456 bob - hello there");
        assert!(shown.starts_with("#ops         "), "{shown}");
        assert!(shown.ends_with(", 3 unread, bob: hello there"), "{shown}");
        let shown = text("CHATS", "bob 0 9 1795521601123456 alice 2048 notes.txt");
        assert!(shown.ends_with(", alice: the file notes.txt, 2.0 KiB"), "{shown}");
        assert_eq!(text("CHATS", "#new 0 0 0 - -"), "#new         nothing was said yet");
        let shown = text("GROUPS", "#ops alice 3 kept");
        assert_eq!(shown, "#ops           3 members, admin alice, kept");
        let shown = text("GROUPS", "#20111 bob 1 -");
        assert_eq!(shown, "#20111         1 member, admin bob");
    }

    #[test]
    fn the_last_words_of_a_chat_stand_on_one_line() {
        let shown = text("CHATS", "bob 0 9 1795521601123456 bob - one\u{2028}two");
        assert!(shown.ends_with(", bob: one⏎two"), "{shown}");
        let shown = text("CHATS", "bob 0 9 1795521601123456 bob - /me waves");
        assert!(shown.ends_with(", * bob waves"), "{shown}");
    }

    #[test]
    fn facts_about_a_user_are_shown() {
        assert_eq!(text("WHOIS", "bytes 1536"), "bytes        1.5 KiB");
        assert_eq!(text("WHOIS", "display number 10001"), "display      \"number 10001\"");
        assert_eq!(text("WHOIS", "away at lunch"), "away         at lunch");
        assert_eq!(text("WHOIS", "since -"), "since        -");
        assert!(text("WHOIS", "created 1795521601").starts_with("created      2026-11-"));
        assert!(!text("WHOIS", "since 1795521601123456").contains("1795521601"));
    }

    #[test]
    fn files_are_shown() {
        let shown = text("LS", "1536 1795521601 docs/a b.txt");
        assert!(shown.starts_with("1.5 KiB    2026-"), "{shown}");
        assert!(shown.ends_with("  docs/a b.txt"), "{shown}");
        assert!(text("LS", "- 0 docs/").starts_with("folder     19"));
    }
}
