//! Notes: messages and sent files, formatted to be shown.

use chatsrv::chat::id::MessageId;
use chatsrv::chat::name::{Target, UserName, UserRef};
use chatsrv::display::clock;
use chatsrv::display::line::{Line, LineKind};
use chatsrv::display::safe_text::{SafeText, safe};
use chatsrv::display::said::said;
use chatsrv::protocol::native::code::Code;
use chatsrv::protocol::native::read::{Delivered, FinalReply, ReplyWords, SentFile};

use super::outbox::Draft;

/// The sender of a message or a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// Another user.
    Other,
    /// This user, in another session, or in this one before its connection was lost.
    Elsewhere,
    /// This client; the server has confirmed it.
    Here,
}

/// A message or a sent file, formatted, with its chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Its id.
    pub id: MessageId,
    /// Its chat, if that is known.
    pub chat: Option<Target>,
    /// The sender.
    pub by: Sender,
    /// The line to show.
    pub line: Line,
    /// True if it is not to be shown, since the user ignores the sender.
    pub is_hidden: bool,
}

impl Note {
    /// Formats a message; `own` is the user of this client.
    pub fn said(message: &Delivered<'_>, own: Option<UserName>) -> Self {
        let Delivered { id, from, to, text } = *message;
        let text = said(before(id, from, to), from, text, "");
        Note::new(id, (from, to), text, own)
    }

    /// Formats a file that somebody sent; if it is `offered`, with the command that downloads it.
    pub fn sent(file: &SentFile<'_>, own: Option<UserName>, offered: bool) -> Self {
        let SentFile { id, from, to, size, name } = *file;
        let size = clock::size(size);
        let text = safe!("{} {from} sent {name} ({size}) to {to}", clock::moment(id));
        let text = if offered { safe!("{text}; /get @{id}") } else { text };
        Note::new(id, (from, to), text, own)
    }

    /// Formats a message of this user that the server has confirmed.
    pub fn confirmed(draft: &Draft, reply: &FinalReply<'_>, own: &str) -> Self {
        let typed = draft.to.to_string();
        let (id, target, delivered) = match reply.words {
            ReplyWords::Confirmed { id, to, delivered, .. } => (id, to, Some(delivered)),
            _ => (MessageId(u64::MAX), typed.as_str(), None),
        };
        let remark = match (target, delivered) {
            _ if reply.has(Code::DoneStored) => " (offline; kept)",
            ("*", Some(0)) if !draft.was_sent() => " (nobody else is online)",
            _ => "",
        };
        let text = said(before(id, own, target), own, &draft.text, remark);
        let chat = target.parse().ok();
        let line = Line::new(LineKind::Own, text);
        Note { id, chat, by: Sender::Here, line, is_hidden: false }
    }

    fn new(id: MessageId, (from, to): (&str, &str), text: SafeText, own: Option<UserName>) -> Self {
        let is_own = |name: &str| name.parse().is_ok_and(|name| own == Some(name));
        let (by, kind) = match () {
            () if is_own(from) => (Sender::Elsewhere, LineKind::Own),
            () if is_own(to) => (Sender::Other, LineKind::Direct),
            () => (Sender::Other, LineKind::Message),
        };
        // For the receiver of a direct message, the chat is named after the sender.
        let chat = match to.parse().ok() {
            Some(Target::User(UserRef::Name(name))) if Some(name) == own => {
                from.parse().ok().map(UserRef::Name).map(Target::User)
            }
            chat => chat,
        };
        Note { id, chat, by, line: Line::new(kind, text), is_hidden: false }
    }

    /// Shows its id, by which it can be removed and reported.
    #[must_use]
    pub fn with_id(mut self) -> Self {
        self.line.text = self.line.text.behind(format_args!("@{} ", self.id));
        self
    }

    /// Hides it if that is so.
    #[must_use]
    pub fn hidden_if(self, is_hidden: bool) -> Self {
        Note { is_hidden, ..self }
    }

    /// Returns true if this user has sent it.
    pub fn is_own(&self) -> bool {
        self.by != Sender::Other
    }
}

/// Formats `12:34 alice -> bob: `, which stands before a message; the target `*` is everyone.
fn before(id: MessageId, from: &str, to: &str) -> String {
    format!("{} {from} -> {to}: ", clock::moment(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_does_is_shown_with_the_chat() {
        let message = Delivered { id: MessageId(1), from: "bob", to: "#ops", text: "/me waves" };
        let note = Note::said(&message, None);
        assert!(note.line.text.as_str().ends_with(" bob -> #ops: * bob waves"), "{note:?}");
    }

    #[test]
    fn a_chat_is_named_as_its_reader_addresses_it() {
        let own = "alice".parse().ok();
        let chat_of = |from: &str, to: &str| {
            Note::said(&Delivered { id: MessageId(1), from, to, text: "hi" }, own).chat
        };
        let target = |name: &str| Some(name.parse().unwrap());
        assert_eq!(chat_of("bob", "Alice"), target("bob"));
        assert_eq!(chat_of("alice", "bob"), target("bob"));
        assert_eq!(chat_of("bob", "#ops"), target("#ops"));
        assert_eq!(chat_of("bob", "*"), Some(Target::Everyone));
        assert_eq!(chat_of("?", "alice"), None);
    }
}
