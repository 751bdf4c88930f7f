//! The notices of the server, as a client reads them: one table.

use std::fmt;

use super::words::{Words, readings};
use crate::chat::address::Address;
use crate::chat::group::GroupChange;
use crate::chat::id::MessageId;
use crate::chat::name::{GroupName, Number, UserName};
use crate::chat::term::TimeLeft;

readings! {
    /// A notice, by its number. Names that only people read are as they came: a later server may
    /// allow others than this version.
    pub enum Notice by u16 {
        /// A user came online.
        120 => On {
            /// The name.
            name: &'a str = Words::word,
            /// The user's contact number.
            number: Number = Words::parsed,
        };
        /// A user went offline.
        121 => Off {
            /// The name.
            name: &'a str = Words::word,
            /// The user's contact number.
            number: Number = Words::parsed,
        };
        /// A user asks this one to join a group.
        122 => Asks {
            /// The group.
            group: GroupName = Words::parsed,
            /// The user who asks.
            user: UserName = Words::parsed,
        };
        /// A user wants to join a group of which this one is an op.
        123 => WantsIn {
            /// The group.
            group: GroupName = Words::parsed,
            /// The user who wants to join.
            user: UserName = Words::parsed,
        };
        /// A file was sent into a chat.
        124 => File {
            /// The file.
            file: SentFile<'a> = SentFile::read,
        };
        /// A user is about to connect to this one directly.
        125 => Call {
            /// The caller and the address; none if they can't be parsed.
            call: Option<CallWords<'a>> = CallWords::read_if_any,
        };
        /// An upload of this client is complete and on disk.
        126 => Uploaded {
            /// The number of its stream.
            stream: u32 = Words::number,
            /// Its size in bytes.
            size: u64 = Words::number,
            /// Its name, or `@` and the id of its message.
            name: &'a str = Words::rest,
        };
        /// A stream ended early.
        127 => Aborted {
            /// The number of the stream.
            stream: u32 = Words::number,
            /// The reason, for people.
            reason: &'a str = Words::text,
        };
        /// A member or the admin of a group changed.
        128 => Group {
            /// The group.
            group: GroupName = Words::parsed,
            /// The change.
            change: GroupChange = group_change,
            /// The user.
            user: UserName = Words::parsed,
        };
        /// The server is about to stop.
        129 => Shutdown {
            /// The time until then at most, in seconds.
            seconds: u32 = Words::number,
        };
        /// The user has read a chat up to a message, in another session.
        130 => Seen {
            /// The chat.
            chat: &'a str = Words::word,
            /// The newest message that is read.
            id: MessageId = Words::id,
        };
        /// A message, or a file that was sent, is gone.
        131 => Deleted {
            /// The message.
            id: MessageId = Words::id,
            /// The chat.
            chat: &'a str = Words::word,
        };
        /// This user is muted, or is not any more.
        132 => Muted {
            /// How long; no time is no longer.
            left: TimeLeft = Words::parsed,
            /// The reason; empty if none was given.
            reason: &'a str = Words::text,
        };
        /// A user was reported.
        133 => Reported {
            /// The number of the report.
            number: u32 = Words::number,
            /// The user who was reported.
            user: &'a str = Words::word,
            /// The user who reports.
            reporter: &'a str = Words::word,
            /// The words of the reporter.
            reason: &'a str = Words::text,
        };
        /// There is a message of the day that was not asked for yet.
        134 => Motd {
            /// The number of its lines.
            lines: usize = Words::number,
        };
        /// A user is away, or is not any more.
        137 => Away {
            /// The name.
            name: &'a str = Words::word,
            /// The reason; empty if the user is not away any more.
            text: &'a str = Words::text,
        };
        /// A user has another display name.
        138 => Nick {
            /// The name.
            name: &'a str = Words::word,
            /// The display name.
            display: &'a str = Words::rest,
        };
        /// The topic of a group was set or taken away.
        135 => Topic {
            /// The group.
            group: GroupName = Words::parsed,
            /// The user who did.
            by: &'a str = Words::word,
            /// The topic; empty if there is none any more.
            topic: &'a str = Words::text,
        };
        /// A group changed, of which only later clients are told.
        136 => GroupNews {
            /// The group.
            group: GroupName = Words::parsed,
            /// The change, in one word.
            what: &'a str = Words::word,
            /// The member whom it concerns; `-` if none.
            user: &'a str = Words::word,
            /// The user who made the change.
            by: &'a str = Words::word,
            /// The reason, or what was set.
            text: &'a str = Words::text,
        };
    }
}

/// A file that was sent into a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SentFile<'a> {
    /// The id of the message that sent it.
    pub id: MessageId,
    /// The sender.
    pub from: &'a str,
    /// The destination.
    pub to: &'a str,
    /// The size in bytes.
    pub size: u64,
    /// The name.
    pub name: &'a str,
}

/// What a user is told of the other side of a direct chat.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CallWords<'a> {
    /// The other user.
    pub user: UserName,
    /// The address from which that user is connected; none if it can't be parsed.
    pub address: Option<Address>,
    /// The port on which that user takes direct chats; none if the user takes none.
    pub port: Option<u16>,
    /// The secret of this call, in base64url.
    pub ticket: &'a str,
}

impl fmt::Debug for CallWords<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CallWords { user, address, port, ticket: _ } = self;
        write!(f, "CallWords {{ {user} {address:?} {port:?} }}")
    }
}

impl<'a> SentFile<'a> {
    /// Takes `id from target size name`.
    fn read(words: &mut Words<'a>) -> Option<Self> {
        Some(SentFile {
            id: words.id()?,
            from: words.word()?,
            to: words.word()?,
            size: words.number()?,
            name: words.rest()?,
        })
    }
}

impl<'a> CallWords<'a> {
    /// Parses `user address port ticket`.
    pub fn parse(words: &'a str) -> Option<Self> {
        CallWords::read(&mut Words::new(words))
    }

    pub(super) fn read(words: &mut Words<'a>) -> Option<Self> {
        Some(CallWords {
            user: words.parsed()?,
            address: words.address()?,
            port: words.port()?,
            ticket: words.word()?,
        })
    }

    fn read_if_any(words: &mut Words<'a>) -> Option<Option<Self>> {
        Some(CallWords::read(words))
    }
}

fn group_change(words: &mut Words<'_>) -> Option<GroupChange> {
    match words.word()? {
        "join" => Some(GroupChange::Join),
        "leave" => Some(GroupChange::Leave),
        "admin" => Some(GroupChange::Admin),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::event::{Event, GroupNewsOf};
    use crate::chat::group::{GroupNews, GroupSetting};
    use crate::protocol::native::read::{Reading, ServerLine};
    use crate::protocol::native::write;

    fn is(event: &Event, notice: Notice<'_>) {
        let (mut line, mut none) = (Vec::new(), Vec::new());
        write::event(event, true, &mut line);
        write::event(event, false, &mut none);
        let line = String::from_utf8(line).unwrap();
        let words: Vec<&str> = line.trim_end().splitn(4, ' ').collect();
        assert_eq!(Notice::read(words[1].parse().unwrap(), words[3]), notice, "{line}");
        assert!(none.is_empty(), "{line} is a later addition");
    }

    #[test]
    fn changes_of_groups_are_read_as_written() {
        let (alice, bob): (UserName, UserName) = ("alice".parse().unwrap(), "bob".parse().unwrap());
        let (group, tea): (GroupName, _) = ("#tea".parse().unwrap(), "green tea");
        let topic = |topic| Notice::Topic { group, by: "alice", topic };
        is(&Event::Topic(group, alice, None), topic(""));
        is(&Event::Topic(group, alice, tea.parse().ok()), topic(tea));
        let changes = [
            (GroupNews::Leaves(tea.parse().unwrap()), Some(bob), "leave", tea),
            (GroupNews::Expelled(None), Some(bob), "expel", ""),
            (GroupNews::Expelled(tea.parse().ok()), Some(bob), "expel", tea),
            (GroupNews::Op, Some(bob), "op", ""),
            (GroupNews::NoOp, Some(bob), "deop", ""),
            (GroupNews::Set(GroupSetting::Kept, true), None, "set", "KEEP on"),
            (GroupNews::Set(GroupSetting::Public, false), None, "set", "PUBLIC off"),
            (GroupNews::Set(GroupSetting::OpenTopic, true), None, "set", "OPENTOPIC on"),
            (GroupNews::Dissolved, None, "dissolve", ""),
        ];
        for (news, user, what, text) in changes {
            let event = Event::GroupNews(Box::new(GroupNewsOf { group, news, user, by: alice }));
            let user = if user.is_some() { "bob" } else { "-" };
            is(&event, Notice::GroupNews { group, what, user, by: "alice", text });
        }
    }

    #[test]
    fn who_is_away_or_has_another_name_is_read_as_written() {
        let name: UserName = "alice".parse().unwrap();
        let words = "at lunch";
        let read = |text| Notice::Away { name: "alice", text };
        is(&Event::Away(name, None), read(""));
        is(&Event::Away(name, words.parse().ok()), read(words));
        let nick = Notice::Nick { name: "alice", display: words };
        is(&Event::Nick(name, words.parse().unwrap()), nick);
    }

    #[test]
    fn a_notice_of_a_later_version_is_one() {
        for later in ["130 NEW", "149 NEW notice", "136 GROUP tea dissolve"] {
            assert!(ServerLine::parse(later).unwrap().is_notice());
            assert_eq!(ServerLine::parse(later).unwrap().read(), Reading::LaterNotice);
        }
        let Reading::Notice(notice) =
            ServerLine::parse("136 CHANGE #tea dissolve - alice").unwrap().read()
        else {
            panic!("no notice")
        };
        let group = "#tea".parse().unwrap();
        assert_eq!(
            notice,
            Notice::GroupNews { group, what: "dissolve", user: "-", by: "alice", text: "" }
        );
        assert!(
            !ServerLine::parse("150 WHO 1").unwrap().is_notice()
                && !ServerLine::parse("119 X").unwrap().is_notice()
        );
    }
}
