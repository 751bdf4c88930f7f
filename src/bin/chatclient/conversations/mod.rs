//! The conversations: messages of chats on the server, as they arrive, as they are listed, and as
//! they are marked as read.
//!
//! [`chats`] is the read state of each chat; [`lists`] handles the server's lists of chats, and
//! [`missed`] fetches the messages that were missed while the client was offline; [`places`] is the
//! chat to which plain lines go; [`console`] is the operator's list of chats, and [`outbox`] the
//! queue of messages that the server has not confirmed. A [`note`] is a message as it is shown,
//! unless its sender is [`ignored`].

pub mod chats;
pub mod console;
mod ignored;
pub mod lists;
pub mod missed;
pub mod note;
pub mod outbox;
pub mod places;

use std::time::{Duration, Instant};

use chatsrv::chat::id::MessageId;
use chatsrv::chat::kind::Kind;
use chatsrv::chat::name::{GroupName, Target, UserName};
use chatsrv::chat::request::LIST_MESSAGES_MAX;
use chatsrv::display::line::Line;
use chatsrv::display::refusal::refusal;
use chatsrv::display::safe_text::{SafeText, safe};
use chatsrv::protocol::native::codes;
use chatsrv::protocol::native::read::{Delivered, FinalReply, ReplyFamily, ReplyWords};
use chatsrv::protocol::native::verb::Verb;

use crate::core::Core;
use crate::ending::Ending;
use crate::input::destination::Destination;
use crate::requests::Asked;
use chats::Chats;
use console::Console;
use ignored::Ignored;
use lists::{ChatLists, Listed};
use missed::{HELD_MAX, Missed};
use note::{Note, Sender};
use places::Places;

/// The shortest time between two rounds of marks for messages that were read.
const MARK_PERIOD: Duration = Duration::from_secs(1);
/// The same after the server has refused a mark.
const REFUSED_MARK_PERIOD: Duration = Duration::from_secs(60);
/// The number of messages of the public chat that are shown when it is opened.
const PUBLIC_COUNT: u16 = 20;
/// An id above all ids of messages.
const NEWEST: MessageId = MessageId(i64::MAX as u64);

/// The state of all conversations.
#[derive(Debug, Default)]
pub struct Conversations {
    chats: Chats,
    missed: Missed,
    /// The server's lists of chats.
    pub lists: ChatLists,
    /// The messages of the current list.
    listed: Vec<Note>,
    opening: Option<Opening>,
    /// The groups of this user, as far as they are known.
    pub groups: Vec<GroupName>,
    /// The member of a group of whom it was told why they leave, just before the notice of it.
    pub explained: Option<(GroupName, UserName)>,
    /// The users whom this user ignores.
    pub ignored: Ignored,
    /// The chat to which plain lines go.
    pub places: Places,
    /// The chat whose history was read last, and the oldest message shown of it.
    history: Option<(Target, MessageId)>,
    /// The time of the last marks.
    marked: Option<Instant>,
    /// True if the server refused the last mark.
    is_refused: bool,
    /// The list that the operator sees instead of every message; `None` for a user.
    console: Option<Console>,
}

/// A chat that is being opened, in several steps if it has many unread messages.
#[derive(Debug)]
struct Opening {
    chat: Target,
    /// True if the user has stopped it, so that there is no further step.
    stopped: bool,
    /// The messages of the chat that arrive meanwhile.
    held: Vec<Note>,
}

impl Conversations {
    /// Creates the state without a chat; `with_console` for the operator.
    pub fn new(with_console: bool) -> Self {
        Conversations { console: with_console.then(Console::default), ..Self::default() }
    }

    /// Returns true if no missed messages are being fetched and no chat is being opened.
    pub fn is_idle(&self) -> bool {
        !self.missed.is_active() && self.opening.is_none()
    }

    /// The time of the next marks; `None` if there is nothing to mark. There are no marks while
    /// missed messages are fetched, since more are shown at the end.
    pub fn mark_due(&self) -> Option<Instant> {
        let due = self.chats.has_unmarked() && !self.missed.is_active();
        let period = if self.is_refused { REFUSED_MARK_PERIOD } else { MARK_PERIOD };
        due.then(|| self.marked.map_or_else(Instant::now, |marked| marked + period))
    }

    /// Drops the state that belongs to a lost connection. Messages that were fetched and not shown
    /// are fetched again.
    pub fn disconnected<'a>(&mut self, unanswered: impl Iterator<Item = &'a Asked>) {
        self.missed.cancel();
        self.opening = None;
        self.places.disconnected();
        self.listed.clear();
        self.lists = ChatLists::default();
        for asked in unanswered {
            if let Asked::Seen(chat) = asked {
                self.chats.unmark(*chat);
            }
        }
    }

    /// Forgets a chat that this user has left.
    pub fn forget(&mut self, chat: Target) {
        self.chats.forget(chat);
        self.places.end(chat);
        self.history = self.history.filter(|(read, _)| *read != chat);
    }

    /// Adds a message to the list under way.
    ///
    /// # Errors
    /// The ending, if the list is longer than the protocol allows.
    pub fn list(&mut self, note: Note) -> Result<(), Ending> {
        if self.listed.len() == usize::from(LIST_MESSAGES_MAX) {
            return Err(Ending::Lost(safe!("a list is longer than it may be")));
        }
        self.listed.push(note);
        Ok(())
    }

    /// Handles a message, which is an item of a list or an event.
    pub fn take_message(&mut self, message: &Delivered<'_>, core: &mut Core) -> Result<(), Ending> {
        let is_hidden = self.ignored.hides(message.from, message.to);
        let note = Note::said(message, core.name).hidden_if(is_hidden);
        if core.requests.is_list_open() {
            core.requests.message_listed();
            return self.list(note);
        }
        core.completion.add_user(message.from);
        self.take_note(note, core)
    }

    /// Shows a message that has arrived, or holds it back until the messages before it are shown.
    ///
    /// # Errors
    /// The ending, if too many are held back.
    pub fn take_note(&mut self, note: Note, core: &mut Core) -> Result<(), Ending> {
        // They are fetched again on the next connection.
        let too_many = || Ending::Lost(safe!("more comes than can be held"));
        match &mut self.opening {
            _ if self.missed.is_active() => return self.missed.hold(note).map_err(|_| too_many()),
            Some(opening) if note.chat == Some(opening.chat) && !note.is_own() => {
                if opening.held.len() == HELD_MAX {
                    return Err(too_many());
                }
                opening.held.push(note);
            }
            _ => self.show_note(note, core),
        }
        Ok(())
    }

    /// Shows a message, unless it was shown before. For the operator, one of a chat that is not
    /// open is counted instead.
    fn show_note(&mut self, note: Note, core: &mut Core) {
        let Some(chat) = note.chat else { return core.show(note.line) };
        match &mut self.console {
            Some(console) if note.is_own() || self.places.open() == Some(chat) => {
                console.touch(chat, note.id);
            }
            Some(console) => {
                if note.id > self.chats.shown(chat) {
                    core.completion.add_chat(chat);
                    self.chats.set_backlog(chat, note.id);
                    console.count(chat, note.id);
                }
                return;
            }
            None => {}
        }
        core.completion.add_chat(chat);
        let is_new = match note.by {
            Sender::Other => self.chats.arrive(chat, note.id),
            Sender::Elsewhere => self.chats.arrive_own(chat, note.id),
            Sender::Here => self.chats.confirm(chat, note.id),
        };
        if is_new {
            self.ignored.show([note], core);
        }
    }

    /// The operator's chats with new messages, for the status.
    pub fn summary(&self) -> Option<SafeText> {
        self.console.as_ref().and_then(Console::summary)
    }

    /// Returns true if this is the operator's console.
    pub fn has_console(&self) -> bool {
        self.console.is_some()
    }

    /// Lists the operator's chats. Returns false for a user, whose list the server has.
    pub fn list_console(&self, core: &mut Core) -> bool {
        let lines = self.console.as_ref().map(Console::lines);
        let is_listed = lines.is_some();
        core.show_all(lines.into_iter().flatten());
        is_listed
    }

    /// Makes a chat the open one.
    fn enter(&mut self, chat: Target) {
        self.places.enter(chat);
        if let Some(console) = &mut self.console {
            console.clear(chat);
        }
    }

    /// The messages of a list of unread or missed ones that were not shown yet; they count as shown
    /// from now on.
    fn take_new(&mut self, mut notes: Vec<Note>) -> Vec<Note> {
        let chats = &mut self.chats;
        notes.retain(|note| match note.chat {
            None => true,
            Some(chat) if note.is_own() => chats.show_own(chat, note.id),
            Some(chat) => chats.show(chat, note.id),
        });
        notes
    }

    /// Shows what is unread, after the first login.
    pub fn tell_unread(&mut self, core: &mut Core) {
        for (chat, count, last) in self.lists.end_unread() {
            self.chats.set_backlog(chat, last);
            if let Some(console) = &mut self.console {
                console.set(chat, count, last);
            }
            core.show(Line::notice(safe!("{count} unread from {chat}; /open {chat}")));
        }
        match self.console {
            Some(_) => core.ask(Asked::Beginning, Verb::Open, "* 1"),
            None => core.ask(Asked::FirstChats, Verb::Chats, ""),
        }
    }

    /// Begins to fetch the missed messages, after a login that was not the first.
    pub fn fetch_missed(&mut self, core: &mut Core) {
        self.missed.begin();
        core.ask(Asked::MissedChats, Verb::Chats, "");
    }

    /// Handles the reply to a request for the list of all chats.
    pub fn chats_answered(&mut self, asked: &Asked, reply: &FinalReply<'_>, core: &mut Core) {
        match self.lists.answered(asked, reply, core) {
            None => return,
            Some(Listed::Newest(newest)) => return self.chats.begin(newest),
            Some(Listed::All(listed)) => self.missed.look_at_chats(&listed, &mut self.chats),
            Some(Listed::Unread(unread)) => self.missed.look_at_unread(&unread, &mut self.chats),
        }
        self.fetch_more(core);
    }

    /// Ends an older server's list of the chats with unread messages.
    pub fn tell_read(&mut self, core: &mut Core) {
        self.lists.tell_read(&self.chats, &self.groups, core);
    }

    fn fetch_more(&mut self, core: &mut Core) {
        if self.missed.fetch(core) {
            return;
        }
        let found = self.missed.finish();
        let missed = self.take_new(found.missed);
        let count = missed.iter().filter(|note| !note.is_hidden).count();
        if count > 0 {
            let messages = if count == 1 { "message" } else { "messages" };
            core.show(Line::notice(safe!("— {count} missed {messages} —")));
            self.ignored.show(missed, core);
            core.show(Line::notice(safe!("— up to now —")));
        }
        for (chat, until) in found.more {
            until.into_iter().for_each(|until| self.chats.set_backlog(chat, until));
            let how = if chat == Target::Everyone { "/history" } else { "/open" };
            core.show(Line::notice(safe!("more was missed from {chat}; {how} {chat}")));
        }
        found.held.into_iter().for_each(|note| self.show_note(note, core));
    }

    /// Begins to open a chat: its unread messages are requested, and then plain lines go to it.
    pub fn open_chat(&mut self, chat: Target, core: &mut Core) {
        self.mark(true, core);
        if !core.is_online() {
            core.show_offline();
            self.places.fail(chat);
            return self.not_led_to_chat(core);
        }
        if core.requests.is_opening_chat() {
            return core.show(Line::error(safe!("another chat is being opened")));
        }
        self.places.begin(chat);
        if chat == Target::Everyone {
            core.ask(Asked::OpenLast, Verb::Open, format_args!("* {PUBLIC_COUNT}"));
        } else {
            self.opening = Some(Opening { chat, stopped: false, held: Vec::new() });
            core.ask(Asked::Open, Verb::Open, chat);
        }
    }

    /// Handles a chat that could not be opened: the lines of a script that were meant for it must
    /// go to no other one. A user at a terminal sees the prompt.
    pub fn not_led_to_chat(&mut self, core: &Core) {
        if !core.ui.is_interactive() {
            self.places.lose();
        }
    }

    /// Makes the current step of opening a chat the last one, since the user does something else.
    /// Returns true if it was not stopped before.
    pub fn stop_opening(&mut self) -> bool {
        match &mut self.opening {
            Some(opening) => !std::mem::replace(&mut opening.stopped, true),
            None => false,
        }
    }

    /// Shows the messages of a step of opening a chat, and begins the next step or opens the chat.
    fn opened(&mut self, reply: &FinalReply<'_>, core: &mut Core) {
        let listed = std::mem::take(&mut self.listed);
        let Some(opening) = self.opening.take() else {
            return;
        };
        let (chat, left) = match reply.words {
            ReplyWords::Opened { chat, left } => (chat.parse().unwrap_or(opening.chat), left),
            _ => (opening.chat, 0),
        };
        let listed = self.take_new(listed);
        let is_empty = listed.is_empty();
        self.ignored.show(listed, core);
        // A step without new messages means that the server has not marked those of the step
        // before; another one would bring the same.
        if left > 0 && !opening.stopped && !is_empty {
            core.show(Line::notice(safe!("— {left} more from {chat}; Ctrl-C stops —")));
            self.mark(true, core);
            core.ask(Asked::Open, Verb::Open, chat);
            self.opening = Some(Opening { chat, ..opening });
            return;
        }
        self.enter(chat);
        if left > 0 {
            if let Some(last) = opening.held.last() {
                self.chats.set_backlog(chat, last.id);
            }
            core.show(Line::notice(safe!("{left} unread from {chat} are left; /open {chat}")));
        } else {
            self.chats.clear_backlog(chat);
            if is_empty && opening.held.is_empty() {
                core.show(Line::notice(safe!("nothing is unread from {chat}; /history {chat}")));
            }
            opening.held.into_iter().for_each(|note| self.show_note(note, core));
        }
    }

    /// Requests older messages of a chat, before those that the last such request showed.
    pub fn older(&mut self, chat: Option<Target>, count: u16, core: &mut Core) {
        let Some(chat) = chat.or(self.places.open()) else {
            return core.show(Line::error(safe!("no chat is open: name one, as in /history bob")));
        };
        let before = match self.history {
            Some((last, before)) if last == chat => before,
            _ => NEWEST,
        };
        self.history = Some((chat, before));
        core.ask(Asked::History, Verb::History, format_args!("{chat} {before} {count}"));
    }

    /// Gives up the chat that was to be opened. Returns true if the lines to come were meant for a
    /// chat.
    pub fn opening_failed(&mut self) -> bool {
        match self.places.destination() {
            Destination::Chat(chat) => {
                self.places.fail(chat);
                true
            }
            _ => false,
        }
    }

    /// Handles a complete list of messages by the request that it replies to.
    pub fn take_messages(&mut self, asked: &Asked, reply: &FinalReply<'_>, core: &mut Core) {
        let done = reply.is_done();
        if *asked == Asked::Open && done {
            return self.opened(reply, core);
        }
        let listed = std::mem::take(&mut self.listed);
        match asked {
            Asked::Missed => {
                let left = match reply.words {
                    ReplyWords::Opened { left, .. } => left,
                    _ => 0,
                };
                self.missed.answered(done.then_some((listed, left)));
                return self.fetch_more(core);
            }
            Asked::Beginning => {
                let last = listed.last().map_or(MessageId(0), |note| note.id);
                return self.chats.begin_after(Target::Everyone, last);
            }
            Asked::Open => self.opening = None,
            _ => {}
        }
        if !done {
            return core.show(Line::error(refusal(reply)));
        }
        if listed.is_empty() {
            let text = match asked {
                Asked::Search => "nothing was found",
                _ => "there are no older messages",
            };
            core.show(Line::answer(SafeText::new(text)));
        }
        if let (Asked::History, Some(oldest)) = (asked, listed.first()) {
            self.history = self.history.map(|(chat, _)| (chat, oldest.id));
        }
        if *asked == Asked::OpenLast {
            self.enter(Target::Everyone);
            // These messages must not be shown again when they arrive as events.
            let newest = listed.last().map_or(MessageId(0), |note| note.id);
            self.chats.begin_after(Target::Everyone, newest);
        }
        let listed: Vec<Note> = match asked {
            Asked::Search => listed.into_iter().map(Note::with_id).collect(),
            _ => listed,
        };
        self.ignored.show(listed, core);
        // The server may say that it has not looked at all messages.
        if *asked == Asked::Search && reply.text != codes::done(Kind::Search).1 {
            core.show(Line::answer(SafeText::new(reply.text)));
        }
    }

    /// Marks messages as read that were shown, at most once in a period, or `now`. Lines that wait
    /// are written before. A job of the command line shows no messages, so it marks none.
    pub fn mark(&mut self, now: bool, core: &mut Core) {
        let due = self.mark_due().is_some_and(|due| now || Instant::now() >= due);
        if !core.is_online() || core.has_job || !due || !core.is_written() {
            return;
        }
        self.marked = Some(Instant::now());
        let room = core.requests.room();
        for (chat, id) in self.chats.mark(room) {
            core.ask(Asked::Seen(chat), Verb::Seen, format_args!("{chat} {id}"));
        }
    }

    /// Counts messages as read that the user has read in another session.
    pub fn read_elsewhere(&mut self, chat: &str, id: MessageId) {
        let Ok(chat) = chat.parse() else { return };
        self.chats.read_elsewhere(chat, id);
        if let Some(console) = &mut self.console {
            console.read_elsewhere(chat, id);
        }
    }

    /// Handles the reply to a mark. One that was refused is sent again later.
    pub fn seen_answered(&mut self, chat: Target, reply: &FinalReply<'_>, core: &mut Core) {
        // A 5xx means that the chat does not exist any more, so there is nothing to mark.
        let is_refused = reply.family == ReplyFamily::NotNow;
        if is_refused {
            self.chats.unmark(chat);
        }
        if is_refused && !std::mem::replace(&mut self.is_refused, is_refused) {
            let why = safe!("{chat} can't be marked as read: {}", refusal(reply));
            core.show(Line::error(why));
        }
        self.is_refused = is_refused;
    }
}
