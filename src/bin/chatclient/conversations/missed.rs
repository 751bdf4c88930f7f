//! Fetches the messages that were missed while the client was offline: chat by chat, to be shown in
//! the order of their ids, before the messages that arrive meanwhile.

use std::collections::VecDeque;

use chatsrv::chat::id::MessageId;
use chatsrv::chat::name::Target;
use chatsrv::chat::request::LIST_MESSAGES_MAX;

use super::chats::Chats;
use super::note::Note;

/// The largest number of missed messages that are shown without a command.
pub const MISSED_MAX: usize = LIST_MESSAGES_MAX as usize;

/// The number of last messages requested first if it is unknown how many were missed.
const FIRST_LOOK: usize = 100;

/// The largest number of messages held back while missed ones are fetched.
pub const HELD_MAX: usize = 10_000;

/// A request for messages of a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fetch {
    /// Its unread messages.
    Unread(Target),
    /// A number of its last messages.
    Last(Target, usize),
    /// A number of its messages before the given one.
    Before(Target, MessageId, usize),
}

/// A chat with missed messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Gap {
    chat: Target,
    /// The newest message, if the server has given it.
    until: Option<MessageId>,
    /// The message after which all were missed; `None` if it is all unread ones.
    after: Option<MessageId>,
}

/// The result of the fetch.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The missed messages, in the order of their ids.
    pub missed: Vec<Note>,
    /// The messages that arrived meanwhile, in the order of their ids.
    pub held: Vec<Note>,
    /// The chats in which more messages were missed.
    pub more: Vec<Target>,
}

/// The state of the fetch.
#[derive(Debug, Default)]
pub struct Missed {
    gaps: VecDeque<Gap>,
    found: Found,
    /// The messages fetched so far of the first gap, the oldest first.
    part: Vec<Note>,
    active: bool,
}

impl Missed {
    /// Begins to fetch, with the server's list of unread messages: the chat, their number and the
    /// newest. A chat with too many becomes a backlog.
    pub fn begin(&mut self, unread: &[(Target, u64, MessageId)], chats: &mut Chats) {
        *self = Missed { active: true, ..Missed::default() };
        let mut room = MISSED_MAX as u64;
        for &(chat, count, last) in unread {
            let shown = chats.shown(chat);
            if last <= shown {
                // They were shown, and the mark did not reach the server; it is sent again.
                chats.unmark(chat);
                continue;
            }
            let after = chats.has_backlog(chat).then_some(shown);
            if after.is_none() && count > room {
                chats.set_backlog(chat, last);
                self.found.more.push(chat);
                continue;
            }
            room = room.saturating_sub(if after.is_none() { count } else { FIRST_LOOK as u64 });
            self.gaps.push_back(Gap { chat, until: Some(last), after });
        }
        let after = Some(chats.shown(Target::Everyone));
        self.gaps.push_back(Gap { chat: Target::Everyone, until: None, after });
    }

    /// Returns true if messages that arrive must be held back.
    pub fn is_active(&self) -> bool {
        self.active
    }

    /// The next request; `None` if all was fetched.
    pub fn next_fetch(&self) -> Option<Fetch> {
        let gap = self.gaps.front()?;
        Some(match (gap.after, self.part.first()) {
            (None, _) => Fetch::Unread(gap.chat),
            (Some(_), None) => Fetch::Last(gap.chat, FIRST_LOOK),
            (Some(_), Some(oldest)) => {
                Fetch::Before(gap.chat, oldest.id, MISSED_MAX - self.part.len())
            }
        })
    }

    /// Handles the reply to the last request: a list of messages, or `None` if it was refused.
    pub fn answered(&mut self, notes: Option<Vec<Note>>, chats: &mut Chats) {
        let Some(gap) = self.gaps.front().copied() else {
            return;
        };
        let refused = notes.is_none();
        let mut notes = notes.unwrap_or_default();
        let asked_for =
            if self.part.is_empty() { FIRST_LOOK } else { MISSED_MAX - self.part.len() };
        let is_full = notes.len() >= asked_for;
        notes.append(&mut self.part);
        let reaches = |after| notes.first().is_none_or(|oldest: &Note| oldest.id <= after);
        let cut = gap.after.is_some_and(|after| is_full && !reaches(after));
        if cut && notes.len() < MISSED_MAX {
            self.part = notes;
            return;
        }
        self.gaps.pop_front();
        if cut || refused {
            self.found.more.push(gap.chat);
            if let Some(until) = gap.until {
                chats.set_backlog(gap.chat, until);
                return;
            }
        }
        let is_missed = |note: &Note| !note.own && gap.after.is_none_or(|after| note.id > after);
        self.found.missed.extend(notes.into_iter().filter(is_missed));
    }

    /// Holds back a message that has arrived.
    ///
    /// # Errors
    /// The message, if [`HELD_MAX`] are held back already.
    pub fn hold(&mut self, note: Note) -> Result<(), Note> {
        if self.found.held.len() == HELD_MAX {
            return Err(note);
        }
        self.found.held.push(note);
        Ok(())
    }

    /// Ends the fetch and returns its result, when no request is left.
    pub fn finish(&mut self) -> Found {
        self.active = false;
        let mut found = std::mem::take(&mut self.found);
        found.missed.sort_by_key(|note| note.id);
        found.held.sort_by_key(|note| note.id);
        found
    }

    /// Cancels the fetch, since the connection was lost. Nothing of it was shown, so all of it is
    /// fetched again.
    pub fn cancel(&mut self) {
        *self = Missed::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chatsrv::display::line::Line;
    use chatsrv::display::safe_text::safe;

    fn note(chat: &str, id: u64) -> Note {
        let chat = chat.parse().ok();
        Note { id: MessageId(id), chat, own: false, line: Line::notice(safe!("{id}")) }
    }

    fn notes(chat: &str, ids: impl Iterator<Item = u64>) -> Option<Vec<Note>> {
        Some(ids.map(|id| note(chat, id)).collect())
    }

    fn ids(notes: &[Note]) -> Vec<u64> {
        notes.iter().map(|note| note.id.0).collect()
    }

    fn target(name: &str) -> Target {
        name.parse().unwrap()
    }

    #[test]
    fn all_chats_are_shown_as_one_in_order() {
        let (mut missed, mut chats) = (Missed::default(), Chats::default());
        chats.begin_after(Target::Everyone, MessageId(3));
        missed.begin(&[(target("bob"), 2, MessageId(8))], &mut chats);
        assert_eq!(missed.next_fetch(), Some(Fetch::Unread(target("bob"))));
        missed.answered(notes("bob", [5, 8].into_iter()), &mut chats);
        missed.hold(note("bob", 9)).unwrap();
        assert_eq!(missed.next_fetch(), Some(Fetch::Last(Target::Everyone, FIRST_LOOK)));
        missed.answered(notes("*", 2..=7), &mut chats);
        assert_eq!(missed.next_fetch(), None);
        let found = missed.finish();
        assert_eq!(ids(&found.missed), [4, 5, 5, 6, 7, 8]);
        assert_eq!(ids(&found.held), [9]);
        assert!(found.more.is_empty() && !missed.is_active());
    }

    #[test]
    fn the_public_chat_is_looked_at_twice_and_then_cut() {
        let (mut missed, mut chats) = (Missed::default(), Chats::default());
        missed.begin(&[], &mut chats);
        missed.answered(notes("*", 4901..=5000), &mut chats);
        let before = Fetch::Before(Target::Everyone, MessageId(4901), MISSED_MAX - FIRST_LOOK);
        assert_eq!(missed.next_fetch(), Some(before));
        missed.answered(notes("*", 4001..=4900), &mut chats);
        assert_eq!(missed.next_fetch(), None);
        let found = missed.finish();
        assert_eq!((found.missed.len(), found.more), (MISSED_MAX, vec![Target::Everyone]));
    }

    #[test]
    fn too_much_waits_until_the_chat_is_opened() {
        let (mut missed, mut chats) = (Missed::default(), Chats::default());
        let (bob, carol) = (target("bob"), target("carol"));
        missed.begin(&[(bob, 1001, MessageId(9)), (carol, 1, MessageId(4))], &mut chats);
        assert!(chats.has_backlog(bob));
        missed.answered(None, &mut chats);
        assert!(chats.has_backlog(carol));
        missed.answered(notes("*", 0..0), &mut chats);
        let found = missed.finish();
        assert_eq!((found.missed.len(), found.more), (0, vec![bob, carol]));
    }

    #[test]
    fn a_backlog_stays_and_what_is_newer_is_fetched() {
        let (mut missed, mut chats) = (Missed::default(), Chats::default());
        let bob = target("bob");
        chats.set_backlog(bob, MessageId(10));
        chats.show(bob, MessageId(11));
        missed.begin(&[(bob, 500, MessageId(13))], &mut chats);
        assert_eq!(missed.next_fetch(), Some(Fetch::Last(bob, FIRST_LOOK)));
        missed.answered(notes("bob", 2..=13), &mut chats);
        missed.answered(notes("*", 0..0), &mut chats);
        assert_eq!(ids(&missed.finish().missed), [12, 13]);
        assert!(chats.has_backlog(bob));
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut missed = Missed::default();
        (0..HELD_MAX as u64).for_each(|id| missed.hold(note("bob", id)).unwrap());
        assert!(missed.hold(note("bob", 0)).is_err());
    }
}
