//! Fetches the messages that were missed while the client was offline: chat by chat, to be shown in
//! the order of their ids, before the messages that arrive meanwhile.

use std::collections::VecDeque;

use chatsrv::chat::id::MessageId;
use chatsrv::chat::name::Target;
use chatsrv::chat::request::LIST_MESSAGES_MAX;
use chatsrv::protocol::native::verb::Verb;

use super::chats::Chats;
use super::note::Note;
use crate::core::Core;
use crate::requests::Asked;

/// The largest number of missed messages that are shown without a command.
pub const MISSED_MAX: usize = LIST_MESSAGES_MAX as usize;

/// The number of last messages requested first if it is unknown how many were missed.
const FIRST_LOOK: usize = 100;

/// The largest number of messages held back while missed ones are fetched.
pub const HELD_MAX: usize = 10_000;

/// A request for messages of a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fetch {
    /// Its unread messages.
    Unread(Target),
    /// A number of its last messages.
    Last(Target, usize),
    /// A number of its messages before the given one.
    Before(Target, MessageId, usize),
    /// A number of its messages after the given one.
    After(Target, MessageId, usize),
}

/// A chat as the server lists it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListedChat {
    /// The chat.
    pub chat: Target,
    /// The number of unread messages.
    pub unread: u64,
    /// The message up to which it is read.
    pub seen: MessageId,
    /// The last message; 0 if there is none.
    pub last: MessageId,
}

/// A chat with missed messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Gap {
    chat: Target,
    /// The newest message, if the rest of them can wait until the chat is opened.
    until: Option<MessageId>,
    way: Way,
}

/// How the missed messages of a chat are fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// All after this message, at once.
    After(MessageId),
    /// The last ones, back to this message. An older server does not list those after a message,
    /// and there may be too many of them.
    BackTo(MessageId),
    /// All unread ones, from an older server.
    Unread,
}

/// The result of the fetch.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The missed messages, in the order of their ids.
    pub missed: Vec<Note>,
    /// The messages that arrived meanwhile, in the order of their ids.
    pub held: Vec<Note>,
    /// The chats in which more messages were missed, and the newest of those that wait until the
    /// chat is opened.
    pub more: Vec<(Target, Option<MessageId>)>,
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
    /// Begins: from now on, messages that arrive are held back.
    pub fn begin(&mut self) {
        *self = Missed { active: true, ..Missed::default() };
    }

    /// Notes the server's list of all chats. One with too many unread messages becomes a backlog.
    pub fn look_at_chats(&mut self, listed: &[ListedChat], chats: &mut Chats) {
        let mut room = MISSED_MAX as u64;
        for &ListedChat { chat, unread, seen, last } in listed {
            let is_public = chat == Target::Everyone;
            chats.is_read(chat, seen);
            let Some(after) = chats.floor(chat).or((!is_public).then_some(seen)) else {
                // The client has never learnt where the public chat began for it.
                chats.begin_after(chat, last);
                continue;
            };
            if last <= after {
                continue;
            }
            // Of the unread messages of a backlog, most were there before. The public chat is
            // never marked as read.
            let unread = if is_public || chats.has_backlog(chat) { 0 } else { unread };
            let until = (!is_public).then_some(last);
            if unread > room {
                self.found.more.push((chat, until));
                continue;
            }
            room -= unread;
            self.gaps.push_back(Gap { chat, until, way: Way::After(after) });
        }
    }

    /// Notes an older server's list of unread messages: the chat, their number and the newest. A
    /// chat with too many becomes a backlog.
    pub fn look_at_unread(&mut self, unread: &[(Target, u64, MessageId)], chats: &mut Chats) {
        let mut room = MISSED_MAX as u64;
        for &(chat, count, last) in unread {
            let shown = chats.shown(chat);
            if last <= shown {
                // They were shown, and the mark did not reach the server; it is sent again.
                chats.unmark(chat);
                continue;
            }
            let has_backlog = chats.has_backlog(chat);
            if !has_backlog && count > room {
                self.found.more.push((chat, Some(last)));
                continue;
            }
            room = room.saturating_sub(if has_backlog { FIRST_LOOK as u64 } else { count });
            let way = if has_backlog { Way::BackTo(shown) } else { Way::Unread };
            self.gaps.push_back(Gap { chat, until: Some(last), way });
        }
        let chat = Target::Everyone;
        let way = Way::BackTo(chats.floor(chat).unwrap_or_default());
        self.gaps.push_back(Gap { chat, until: None, way });
    }

    /// Returns true if messages that arrive must be held back.
    pub fn is_active(&self) -> bool {
        self.active
    }

    /// Sends the next request. Returns false if all was fetched.
    pub fn fetch(&self, core: &mut Core) -> bool {
        let asked = Asked::Missed;
        match self.next_fetch() {
            None => return false,
            Some(Fetch::Unread(chat)) => core.ask(asked, Verb::Open, chat),
            Some(Fetch::Last(chat, count)) => {
                core.ask(asked, Verb::Open, format_args!("{chat} {count}"));
            }
            Some(Fetch::Before(chat, id, count)) => {
                core.ask(asked, Verb::History, format_args!("{chat} {id} {count}"));
            }
            Some(Fetch::After(chat, id, count)) => {
                core.ask(asked, Verb::After, format_args!("{chat} {id} {count}"));
            }
        }
        true
    }

    /// The next request; `None` if all was fetched.
    fn next_fetch(&self) -> Option<Fetch> {
        let Gap { chat, way, .. } = *self.gaps.front()?;
        Some(match (way, self.part.first()) {
            (Way::After(after), _) => {
                let room = MISSED_MAX.saturating_sub(self.found.missed.len()).max(1);
                Fetch::After(chat, after, room)
            }
            (Way::Unread, _) => Fetch::Unread(chat),
            (Way::BackTo(_), None) => Fetch::Last(chat, FIRST_LOOK),
            (Way::BackTo(_), Some(oldest)) => {
                Fetch::Before(chat, oldest.id, MISSED_MAX - self.part.len())
            }
        })
    }

    /// Handles the reply to the last request: a list of messages and the number of further ones, or
    /// `None` if it was refused.
    pub fn answered(&mut self, listed: Option<(Vec<Note>, u64)>) {
        let Some(gap) = self.gaps.pop_front() else {
            return;
        };
        let Some((notes, left)) = listed else {
            self.found.more.push((gap.chat, gap.until));
            self.part.clear();
            return;
        };
        match gap.way {
            Way::BackTo(after) => self.read_back(gap, after, notes),
            // What waits until the chat is opened is what is unread of it. There is nothing of the
            // kind for everyone, so the newest are shown.
            Way::After(after) if left > 0 && gap.until.is_none() => {
                self.gaps.push_front(Gap { way: Way::BackTo(after), ..gap });
            }
            Way::After(_) | Way::Unread => {
                self.found.missed.extend(notes);
                if left > 0 {
                    self.found.more.push((gap.chat, gap.until));
                }
            }
        }
    }

    fn read_back(&mut self, gap: Gap, after: MessageId, mut notes: Vec<Note>) {
        let asked_for =
            if self.part.is_empty() { FIRST_LOOK } else { MISSED_MAX - self.part.len() };
        let is_full = notes.len() >= asked_for;
        notes.append(&mut self.part);
        let reaches = notes.first().is_none_or(|oldest: &Note| oldest.id <= after);
        let is_cut = is_full && !reaches;
        if is_cut && notes.len() < MISSED_MAX {
            self.part = notes;
            self.gaps.push_front(gap);
            return;
        }
        if is_cut {
            self.found.more.push((gap.chat, gap.until));
        }
        // What waits until the chat is opened is shown then, and nothing of it before.
        if !is_cut || gap.until.is_none() {
            self.found.missed.extend(notes.into_iter().filter(|note| note.id > after));
        }
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
    use crate::conversations::note::Sender;
    use chatsrv::display::line::Line;
    use chatsrv::display::safe_text::safe;

    fn note(chat: &str, id: u64) -> Note {
        let chat = chat.parse().ok();
        let line = Line::notice(safe!("{id}"));
        Note { id: MessageId(id), chat, by: Sender::Other, line, is_hidden: false }
    }

    fn notes(chat: &str, ids: impl Iterator<Item = u64>) -> Option<(Vec<Note>, u64)> {
        Some((ids.map(|id| note(chat, id)).collect(), 0))
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
        missed.begin();
        missed.look_at_unread(&[(target("bob"), 2, MessageId(8))], &mut chats);
        assert_eq!(missed.next_fetch(), Some(Fetch::Unread(target("bob"))));
        missed.answered(notes("bob", [5, 8].into_iter()));
        missed.hold(note("bob", 9)).unwrap();
        assert_eq!(missed.next_fetch(), Some(Fetch::Last(Target::Everyone, FIRST_LOOK)));
        missed.answered(notes("*", 2..=7));
        assert_eq!(missed.next_fetch(), None);
        let found = missed.finish();
        assert_eq!(ids(&found.missed), [4, 5, 5, 6, 7, 8]);
        assert_eq!(ids(&found.held), [9]);
        assert!(found.more.is_empty() && !missed.is_active());
    }

    #[test]
    fn the_public_chat_is_looked_at_twice_and_then_cut() {
        let (mut missed, mut chats) = (Missed::default(), Chats::default());
        missed.begin();
        missed.look_at_unread(&[], &mut chats);
        missed.answered(notes("*", 4901..=5000));
        let before = Fetch::Before(Target::Everyone, MessageId(4901), MISSED_MAX - FIRST_LOOK);
        assert_eq!(missed.next_fetch(), Some(before));
        missed.answered(notes("*", 4001..=4900));
        assert_eq!(missed.next_fetch(), None);
        let found = missed.finish();
        assert_eq!((found.missed.len(), found.more), (MISSED_MAX, vec![(Target::Everyone, None)]));
    }

    #[test]
    fn too_much_waits_until_the_chat_is_opened() {
        let (mut missed, mut chats) = (Missed::default(), Chats::default());
        let (bob, carol) = (target("bob"), target("carol"));
        missed.begin();
        missed.look_at_unread(&[(bob, 1001, MessageId(9)), (carol, 1, MessageId(4))], &mut chats);
        missed.answered(None);
        missed.answered(notes("*", 0..0));
        let found = missed.finish();
        let more = vec![(bob, Some(MessageId(9))), (carol, Some(MessageId(4)))];
        assert_eq!((found.missed.len(), found.more), (0, more));
    }

    #[test]
    fn a_backlog_stays_and_what_is_newer_is_fetched() {
        let (mut missed, mut chats) = (Missed::default(), Chats::default());
        let bob = target("bob");
        chats.set_backlog(bob, MessageId(10));
        chats.show(bob, MessageId(11));
        missed.begin();
        missed.look_at_unread(&[(bob, 500, MessageId(13))], &mut chats);
        assert_eq!(missed.next_fetch(), Some(Fetch::Last(bob, FIRST_LOOK)));
        missed.answered(notes("bob", 2..=13));
        missed.answered(notes("*", 0..0));
        assert_eq!(ids(&missed.finish().missed), [12, 13]);
        assert!(chats.has_backlog(bob));
    }

    fn listed(chat: Target, unread: u64, seen: u64, last: u64) -> ListedChat {
        ListedChat { chat, unread, seen: MessageId(seen), last: MessageId(last) }
    }

    #[test]
    fn of_each_chat_that_is_listed_what_came_after_is_fetched() {
        let (mut missed, mut chats) = (Missed::default(), Chats::default());
        let [all, bob, carol, dave] = ["*", "bob", "carol", "#ops"].map(target);
        chats.begin(MessageId(10));
        chats.show(bob, MessageId(12));
        missed.begin();
        assert!(missed.is_active());
        missed.look_at_chats(
            &[listed(all, 9999, 0, 20), listed(carol, 0, 18, 18), listed(bob, 1, 11, 15)],
            &mut chats,
        );
        missed.look_at_chats(&[listed(dave, 3, 2, 10)], &mut chats);
        assert_eq!(missed.next_fetch(), Some(Fetch::After(all, MessageId(10), MISSED_MAX)));
        missed.answered(notes("*", 19..=20));
        assert_eq!(missed.next_fetch(), Some(Fetch::After(carol, MessageId(10), MISSED_MAX - 2)));
        missed.answered(notes("carol", 18..=18));
        assert_eq!(missed.next_fetch(), Some(Fetch::After(bob, MessageId(12), MISSED_MAX - 3)));
        let some = notes("bob", 13..=14).map(|(notes, _)| (notes, 1));
        missed.answered(some);
        assert_eq!(missed.next_fetch(), None);
        let found = missed.finish();
        assert_eq!(ids(&found.missed), [13, 14, 18, 19, 20]);
        assert_eq!(found.more, [(bob, Some(MessageId(15)))]);
        // The mark of 12 had not reached the server.
        assert_eq!(chats.mark(9), [(bob, MessageId(12))]);
    }

    #[test]
    fn of_too_much_in_public_the_newest_is_fetched_and_in_a_chat_nothing() {
        let (mut missed, mut chats) = (Missed::default(), Chats::default());
        let (all, bob) = (Target::Everyone, target("bob"));
        chats.begin(MessageId(10));
        missed.begin();
        missed.look_at_chats(&[listed(all, 1, 0, 9999), listed(bob, 1001, 0, 99)], &mut chats);
        assert_eq!(missed.next_fetch(), Some(Fetch::After(all, MessageId(10), MISSED_MAX)));
        missed.answered(notes("*", 11..1011).map(|(notes, _)| (notes, 8989)));
        assert_eq!(missed.next_fetch(), Some(Fetch::Last(all, FIRST_LOOK)));
        missed.answered(notes("*", 9900..=9999));
        missed.answered(notes("*", 9000..=9899));
        assert_eq!(missed.next_fetch(), None);
        let found = missed.finish();
        assert_eq!((found.missed.len(), found.missed[0].id), (MISSED_MAX, MessageId(9000)));
        assert_eq!(found.more, [(bob, Some(MessageId(99))), (all, None)]);
    }

    #[test]
    fn a_client_that_does_not_know_where_it_began_shows_what_is_unread() {
        let (mut missed, mut chats) = (Missed::default(), Chats::default());
        let (all, bob) = (Target::Everyone, target("bob"));
        missed.begin();
        missed.look_at_chats(&[listed(all, 9, 0, 20), listed(bob, 2, 7, 19)], &mut chats);
        assert_eq!(missed.next_fetch(), Some(Fetch::After(bob, MessageId(7), MISSED_MAX)));
        missed.answered(notes("bob", 8..=19));
        assert_eq!(missed.next_fetch(), None);
        assert_eq!(chats.floor(all), Some(MessageId(20)));
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut missed = Missed::default();
        (0..HELD_MAX as u64).for_each(|id| missed.hold(note("bob", id)).unwrap());
        assert!(missed.hold(note("bob", 0)).is_err());
    }
}
