//! The items of lists, as people read them.

use super::clock;
use super::safe_text::{SafeText, safe};
use crate::chat::message::MessageId;

/// A line of who is online.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct User<'a> {
    /// The name.
    pub name: &'a str,
    number: &'a str,
    since: MessageId,
    display: &'a str,
}

/// Reads `name number since-id address:port display name`.
pub fn user(item: &str) -> Option<User<'_>> {
    let mut words = item.splitn(5, ' ');
    let name = words.next()?;
    let number = words.next()?;
    let since = MessageId(words.next()?.parse().ok()?);
    let _address = words.next()?;
    Some(User { name, number, since, display: words.next().unwrap_or_default() })
}

impl User<'_> {
    /// `bob          10417  since 09:15, Bob the builder`.
    pub fn text(&self) -> SafeText {
        let User { name, number, since, display } = self;
        let since = clock::moment(*since);
        let nick = if display.is_empty() || display == name { "" } else { ", " };
        let display = if nick.is_empty() { "" } else { display };
        safe!("  {name:<12} {number:>5}  since {since}{nick}{display}")
    }
}

/// A line of a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct File<'a> {
    /// Its name as GET takes it, a folder's with a slash at its end.
    pub name: &'a str,
    /// In bytes; none for a folder.
    size: Option<u64>,
    /// When it was last changed, in seconds since the Unix epoch.
    mtime: i64,
}

/// Reads `size mtime name`, where `-` is the size of a folder.
pub fn file(item: &str) -> Option<File<'_>> {
    let mut words = item.splitn(3, ' ');
    let size = match words.next()? {
        "-" => None,
        size => Some(size.parse().ok()?),
    };
    let mtime = words.next()?.parse().ok()?;
    Some(File { size, mtime, name: words.next()? })
}

impl File<'_> {
    /// `  1.5 KiB  2026-11-20 09:15  docs/a.txt`.
    pub fn text(&self) -> SafeText {
        let size = self.size.map_or("folder".to_string(), clock::size);
        safe!("{size:>9}  {}  {}", clock::date_and_time(self.mtime), self.name)
    }
}

/// A chat in which something is unread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unread<'a> {
    /// Its name.
    pub name: &'a str,
    /// How many messages.
    pub count: u64,
    /// The newest of them.
    pub last: MessageId,
}

/// Reads `chat count last-id`.
pub fn unread(item: &str) -> Option<Unread<'_>> {
    let mut words = item.splitn(3, ' ');
    let name = words.next()?;
    let count = words.next()?.parse().ok()?;
    Some(Unread { name, count, last: MessageId(words.next()?.parse().ok()?) })
}

impl Unread<'_> {
    /// `  bob          3 unread, the last 09:15`.
    pub fn text(&self) -> SafeText {
        let Unread { name, count, last } = self;
        safe!("  {name:<12} {count} unread, the last {}", clock::moment(*last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_read() {
        let text = user("bob 10417 1795521601123456 - Bob the builder").unwrap().text();
        assert!(text.as_str().starts_with("  bob          10417  since "), "{text}");
        assert!(text.as_str().ends_with(", Bob the builder"), "{text}");
        let text = user("bob 10417 1795521601123456 - bob").unwrap().text();
        assert!(!text.as_str().contains(','), "{text}");
        assert_eq!(user("bob 10417"), None);
    }

    #[test]
    fn chats_are_read() {
        let shown = unread("#ops 3 1795521601123456").unwrap();
        assert_eq!((shown.name, shown.count), ("#ops", 3));
        assert!(shown.text().as_str().starts_with("  #ops         3 unread, the last "));
        assert_eq!(unread("bob 3"), None);
    }

    #[test]
    fn files_are_read() {
        let shown = file("1536 1795521601 docs/a b.txt").unwrap();
        assert_eq!(shown.name, "docs/a b.txt");
        assert!(shown.text().as_str().starts_with("  1.5 KiB  2026-"), "{}", shown.text());
        assert!(file("- 0 docs/").unwrap().text().as_str().starts_with("   folder  19"));
        assert_eq!(file("x 0 a"), None);
        assert_eq!(file("1 2"), None);
    }
}
