//! The items of lists, as a client reads them: one table.

use super::words::{Words, readings};
use crate::chat::address::Address;
use crate::chat::id::MessageId;
use crate::chat::name::Number;
use crate::chat::term::Until;
use crate::protocol::native::verb::Verb;

readings! {
    /// An item of a list, by the verb of the list. Names are as they came: a later server may allow
    /// others than this version.
    pub enum ListItem by Option<Verb> {
        /// A user who is online.
        Some(Verb::Who) => Online {
            /// The user.
            user: OnlineWords<'a> = OnlineWords::read,
        };
        /// A user to whom a direct message can go at once.
        Some(Verb::Dm) => Direct {
            /// The name.
            name: &'a str = Words::word,
            /// The user's contact number.
            number: Number = Words::parsed,
        };
        /// A chat with unread messages.
        Some(Verb::Unread) => Unread {
            /// The chat.
            chat: &'a str = Words::word,
            /// The number of unread messages.
            count: u64 = Words::number,
            /// The newest of them.
            last: MessageId = Words::id,
        };
        /// A chat.
        Some(Verb::Chats) => Chat {
            /// The chat and its last message.
            chat: ChatWords<'a> = ChatWords::read,
        };
        /// A group.
        Some(Verb::Groups) => Group {
            /// The name.
            name: &'a str = Words::word,
            /// The admin, who may hand it over.
            admin: &'a str = Words::word,
            /// The number of its members.
            members: usize = Words::number,
            /// True if it outlives logouts and restarts.
            is_kept: bool = Words::is_kept,
            /// True if everybody may join, if the server sent it.
            is_public: bool = Words::is_public,
            /// The topic of a public group; empty if there is none, or not told.
            topic: &'a str = Words::text,
        };
        /// A member of a group.
        Some(Verb::Members) => Member {
            /// The name.
            name: &'a str = Words::word,
            /// The user's contact number.
            number: Number = Words::parsed,
            /// What else is known of the member, if that was asked for.
            more: Option<MemberWords<'a>> = MemberWords::read_if_any,
        };
        /// A user who may not come into a group.
        Some(Verb::Shutout) => ShutOut {
            /// The user.
            user: &'a str = Words::word,
            /// The op who decided that.
            by: &'a str = Words::word,
            /// The time since which that is so, in seconds since the Unix epoch.
            since: u64 = Words::number,
        };
        /// A ban.
        Some(Verb::Bans) => Ban {
            /// The user or the network.
            whom: &'a str = Words::word,
            /// The administrator who decided it.
            by: &'a str = Words::word,
            /// The time at which it began, in seconds since the Unix epoch.
            since: u64 = Words::number,
            /// The time at which it ends.
            until: Until = Words::parsed,
            /// The reason; empty if none was given.
            reason: &'a str = Words::text,
        };
        /// An account.
        Some(Verb::Accounts) => Account {
            /// The name.
            name: &'a str = Words::word,
            /// The contact number.
            number: Number = Words::parsed,
            /// The time at which it was made, in seconds since the Unix epoch.
            created: u64 = Words::number,
            /// The time at which the user was last here, in seconds since the Unix epoch.
            last_seen: Option<u64> = Words::number_or_none,
            /// What holds for it: words with commas between them, or `-`.
            flags: &'a str = Words::word,
        };
        /// A report.
        Some(Verb::Reports) => Report {
            /// The number.
            number: u32 = Words::number,
            /// The time at which it came, in seconds since the Unix epoch.
            time: u64 = Words::number,
            /// The user who reports.
            reporter: &'a str = Words::word,
            /// The user who is reported.
            user: &'a str = Words::word,
            /// The message that it is about, if it is about one.
            message: Option<u64> = Words::number_or_none,
            /// The words of the reporter.
            reason: &'a str = Words::text,
        };
        /// An invitation.
        Some(Verb::Invites) => Invite {
            /// The start of its code.
            start: &'a str = Words::word,
            /// How many more accounts it may make.
            uses: u32 = Words::number,
            /// The time until which it is good.
            until: Until = Words::parsed,
            /// The administrator who made it.
            by: &'a str = Words::word,
        };
        /// A user whom one ignores.
        Some(Verb::Ignored) => Ignored {
            /// The user.
            user: &'a str = Words::word,
        };
        /// A line of text.
        Some(Verb::Audit | Verb::Motd) => Line {
            /// The line.
            line: &'a str = Words::text,
        };
        /// A file or a folder.
        Some(Verb::Ls) => Entry {
            /// The size in bytes; none for a folder.
            size: Option<u64> = Words::number_or_none,
            /// The time of the last change, in seconds since the Unix epoch.
            mtime: i64 = Words::parsed,
            /// The path as GET takes it; that of a folder ends with a slash.
            name: &'a str = Words::rest,
        };
        /// A device of the user.
        Some(Verb::Sessions) => Device {
            /// The number, by which ENDSESSION takes it.
            number: u32 = Words::number,
            /// Whether it has a session, and which.
            state: &'a str = Words::word,
            /// The time at which it was made, in seconds since the Unix epoch.
            made: u64 = Words::number,
            /// The time at which it last logged in, in seconds since the Unix epoch.
            used: u64 = Words::number,
            /// The address from which that was.
            address: &'a str = Words::word,
            /// The name of another program; `-` for a device.
            name: &'a str = Words::word,
        };
        /// What is known of a user, or of a group.
        Some(Verb::Whois | Verb::Info) => Fact {
            /// The key, in one word.
            key: &'a str = Words::word,
            /// The value; `-` if there is none.
            value: &'a str = Words::text,
        };
        /// A metric of the server.
        Some(Verb::Dump) => Figure {
            /// Its name and its value.
            text: &'a str = Words::rest,
        };
        /// A verb of the server.
        Some(Verb::Help) => Verb {
            /// The verb.
            name: &'a str = Words::word,
            /// The words that follow the verb, as in a synopsis.
            words: &'a str = Words::until_dash,
            /// What the command does.
            summary: &'a str = Words::rest,
        };
    }
}

/// A user who is online.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnlineWords<'a> {
    /// The name.
    pub name: &'a str,
    /// The user's contact number.
    pub number: Number,
    /// The time since which the user is online.
    pub since: MessageId,
    /// The address and the port on which the user takes direct chats; none if the user takes none,
    /// or if they can't be parsed.
    pub direct: Option<(Address, u16)>,
    /// The display name; the name if the user chose none.
    pub display: &'a str,
}

/// What is known of a member beside the name and the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemberWords<'a> {
    /// `admin`, `op`, or `-` for another member.
    pub rank: &'a str,
    /// The time at which the user became a member, in seconds since the Unix epoch.
    pub joined: u64,
    /// `on`, `off` or `away`.
    pub there: &'a str,
    /// The display name; the name if the user chose none.
    pub display: &'a str,
}

impl<'a> MemberWords<'a> {
    fn read_if_any(words: &mut Words<'a>) -> Option<Option<Self>> {
        Some(Self::read(words))
    }

    fn read(words: &mut Words<'a>) -> Option<Self> {
        Some(MemberWords {
            rank: words.word()?,
            joined: words.number()?,
            there: words.word()?,
            display: words.text()?,
        })
    }
}

/// A chat, with its last message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChatWords<'a> {
    /// The chat.
    pub chat: &'a str,
    /// The number of unread messages.
    pub unread: u64,
    /// The message up to which it is read.
    pub seen: MessageId,
    /// The id of the last message; 0 if there is none.
    pub last: MessageId,
    /// The sender of the last message; `-` if there is none.
    pub from: &'a str,
    /// The size in bytes, if the last message is a file.
    pub size: Option<u64>,
    /// The beginning of the last text, or of the name of the file.
    pub text: &'a str,
}

impl<'a> ChatWords<'a> {
    fn read(words: &mut Words<'a>) -> Option<Self> {
        Some(ChatWords {
            chat: words.word()?,
            unread: words.number()?,
            seen: words.id()?,
            last: words.id()?,
            from: words.word()?,
            size: words.number_or_none()?,
            text: words.text()?,
        })
    }
}

impl<'a> OnlineWords<'a> {
    fn read(words: &mut Words<'a>) -> Option<Self> {
        Some(OnlineWords {
            name: words.word()?,
            number: words.parsed()?,
            since: words.id()?,
            direct: words.address_and_port()?,
            display: words.text()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::answer::{GroupLine, Item, MemberLine, Rank, There};
    use crate::chat::fact::GroupFact;
    use crate::chat::group::GroupSetting;
    use crate::chat::kind::Kind;
    use crate::chat::name::UserName;
    use crate::protocol::native::write;

    fn is(of: Kind, item: &Item, verb: Verb, read: ListItem<'_>) {
        let mut line = Vec::new();
        write::item(of, item, true, &mut line);
        let line = String::from_utf8(line).unwrap();
        let words: Vec<&str> = line.trim_end().splitn(4, ' ').collect();
        assert_eq!(ListItem::read(Some(verb), words[3]), read, "{line}");
    }

    #[test]
    fn lists_about_groups_are_read_as_written() {
        let (alice, bob): (UserName, UserName) = ("alice".parse().unwrap(), "bob".parse().unwrap());
        let name = "#tea".parse().unwrap();
        let line = GroupLine { name, admin: alice, members: 7, kept: true, public: true };
        for topic in ["", "green tea"] {
            let item = Item::PublicGroup(line, topic.parse().ok());
            let (name, admin, members) = ("#tea", "alice", 7);
            let group =
                ListItem::Group { name, admin, members, is_kept: true, is_public: true, topic };
            is(Kind::Groups, &item, Verb::Groups, group);
        }
        for (rank, in_words, there) in [
            (Rank::Admin, "admin", There::On),
            (Rank::Op, "op", There::Off),
            (Rank::Member, "-", There::Away),
        ] {
            let (number, display) = (Number(10_001), "Bob the B".parse().ok());
            let item = MemberLine { name: bob, number, rank, joined: 17, there, display };
            let there = match there {
                There::On => "on",
                There::Off => "off",
                There::Away => "away",
            };
            let more = MemberWords { rank: in_words, joined: 17, there, display: "Bob the B" };
            let member = ListItem::Member { name: "bob", number, more: Some(more) };
            is(Kind::Members, &Item::MemberLine(Box::new(item)), Verb::Members, member);
        }
        let shut_out = Item::ShutOut { user: bob, by: alice, since: 17 };
        let read = ListItem::ShutOut { user: "bob", by: "alice", since: 17 };
        is(Kind::ShutOut, &shut_out, Verb::Shutout, read);
        for (fact, key, value) in [
            (GroupFact::Name(name), "name", "#tea"),
            (GroupFact::Setting(GroupSetting::Kept, true), "kept", "on"),
            (GroupFact::Setting(GroupSetting::OpenTopic, false), "opentopic", "off"),
            (GroupFact::Topic("green tea".parse().unwrap()), "topic", "green tea"),
            (GroupFact::TopicAt(17), "topic-at", "17"),
        ] {
            is(Kind::Info, &Item::GroupFact(fact), Verb::Info, ListItem::Fact { key, value });
        }
    }
}
