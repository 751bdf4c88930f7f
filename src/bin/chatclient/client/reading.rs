//! Messages that arrive, that were missed, and that are looked up.

use std::time::{Duration, Instant};

use chatsrv::chat::message::MessageId;
use chatsrv::chat::name::{GroupName, Target};
use chatsrv::chat::request::LIST_MESSAGES_MAX;
use chatsrv::display::clock;
use chatsrv::display::line::{Kind, Line};
use chatsrv::display::safe_text::{SafeText, safe};
use chatsrv::protocol::native::read::{Delivered, Family, FinalReply, ReplyWords};
use chatsrv::protocol::native::verb::Verb;

use super::{Client, Ending, Stage};
use crate::conversations::chats::{CHATS_MAX, Chats, chat_of};
use crate::conversations::missed::{Fetch, HELD_MAX, Missed, Note};
use crate::conversations::places::Places;
use crate::input::destination::Destination;
use crate::requests::Asked;

/// How often the server is told at most what was shown.
const MARK_PERIOD: Duration = Duration::from_secs(1);
/// The same where it has refused that.
const REFUSED_MARK_PERIOD: Duration = Duration::from_secs(60);
/// How many messages of the public chat are shown when it is opened.
const PUBLIC_COUNT: u16 = 20;
/// An id above all that a server gives.
const NEWEST: MessageId = MessageId(i64::MAX as u64);

/// What the person reads, and has read.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub chats: Chats,
    missed: Missed,
    /// What the server told at the login that is unread.
    unread: Vec<(Target, u64, MessageId)>,
    /// The messages of the list under way.
    listed: Vec<Note>,
    opening: Option<Opening>,
    /// The groups that this user is in, as far as that is known.
    pub groups: Vec<GroupName>,
    /// The chats that plain lines go to.
    pub places: Places,
    /// How far back the history was read: in which chat, and before which message.
    history: Option<(Target, MessageId)>,
    /// When the server was last told what was shown.
    marked: Option<Instant>,
    /// Whether the server refused what it was told last.
    is_refused: bool,
}

/// A chat that is being opened, step by step.
#[derive(Debug)]
struct Opening {
    chat: Target,
    /// Whether the person wants no further step.
    stopped: bool,
    /// What arrives there meanwhile.
    held: Vec<Note>,
}

impl Reading {
    /// Whether nothing is being fetched.
    pub fn is_idle(&self) -> bool {
        !self.missed.is_active() && self.opening.is_none()
    }

    /// When the server is to be told what was shown. While what was missed is being fetched, that
    /// can wait: more will be shown at its end.
    pub fn mark_due(&self) -> Option<Instant> {
        let due = self.chats.has_unmarked() && !self.missed.is_active();
        let period = if self.is_refused { REFUSED_MARK_PERIOD } else { MARK_PERIOD };
        due.then(|| self.marked.map_or_else(Instant::now, |marked| marked + period))
    }

    /// The connection is gone. What was fetched and not shown comes again.
    pub fn disconnected<'a>(&mut self, unanswered: impl Iterator<Item = &'a Asked>) {
        self.missed.cancel();
        self.opening = None;
        self.places.disconnected();
        self.listed.clear();
        self.unread.clear();
        for asked in unanswered {
            if let Asked::Seen(chat) = asked {
                self.chats.unmark(*chat);
            }
        }
    }

    /// This user has left a chat.
    pub fn forget(&mut self, chat: Target) {
        self.chats.forget(chat);
        self.places.end(chat);
        self.history = self.history.filter(|(read, _)| *read != chat);
    }

    /// An item of the list under way.
    ///
    /// # Errors
    /// The ending, where the list is longer than it may be.
    pub fn list(&mut self, note: Note) -> Result<(), Ending> {
        if self.listed.len() == usize::from(LIST_MESSAGES_MAX) {
            return Err(Ending::Lost(safe!("a list is longer than it may be")));
        }
        self.listed.push(note);
        Ok(())
    }

    fn hold(&mut self, note: Note) -> Result<Option<Note>, Note> {
        if self.missed.is_active() {
            return self.missed.hold(note).map(|()| None);
        }
        match &mut self.opening {
            Some(opening) if note.chat == Some(opening.chat) && !note.own => {
                if opening.held.len() == HELD_MAX {
                    return Err(note);
                }
                opening.held.push(note);
                Ok(None)
            }
            _ => Ok(Some(note)),
        }
    }
}

impl Client {
    /// A message comes, as an item of a list or because somebody said it.
    pub(super) fn take_message(&mut self, message: &Delivered<'_>) -> Result<(), Ending> {
        let note = self.note(message);
        match self.requests.sort_message() {
            Some(_) => self.reading.list(note),
            None => {
                self.words.add_user(message.from);
                self.take_note(note)
            }
        }
    }

    /// Shows a message, or keeps it until what comes before it is shown.
    pub(super) fn take_note(&mut self, note: Note) -> Result<(), Ending> {
        match self.reading.hold(note) {
            Ok(note) => {
                note.into_iter().for_each(|note| self.show_note(note));
                Ok(())
            }
            // The server still has all of it for the next connection.
            Err(_) => Err(Ending::Lost(safe!("more comes than can be held"))),
        }
    }

    fn note(&self, message: &Delivered<'_>) -> Note {
        let own = |name: &str| name.parse().is_ok_and(|name| self.name == Some(name));
        let kind = match () {
            () if own(message.from) => Kind::Own,
            () if own(message.to) => Kind::Direct,
            () => Kind::Message,
        };
        let text = said(message.id, message.from, message.to, message.text, "");
        Note {
            id: message.id,
            chat: chat_of(self.name, message.from, message.to),
            own: kind == Kind::Own,
            line: Line { kind, text },
        }
    }

    /// Shows a message that has arrived.
    fn show_note(&mut self, note: Note) {
        let Some(note) = self.count_note(note) else {
            return;
        };
        let is_new = match note.chat.filter(|_| !note.own) {
            Some(chat) => {
                self.words.add_chat(chat);
                self.reading.chats.arrive(chat, note.id)
            }
            None => true,
        };
        if is_new {
            self.show(note.line);
        }
    }

    /// Takes those messages of a list that were not shown yet; they count as shown from now on.
    fn take_new(&mut self, mut notes: Vec<Note>) -> Vec<Note> {
        let chats = &mut self.reading.chats;
        notes.retain(|note| !note.own && note.chat.is_none_or(|chat| chats.show(chat, note.id)));
        notes
    }

    /// An item of the list of what is unread.
    pub(super) fn take_unread(&mut self, chat: &str, count: u64, last: MessageId) {
        if let Ok(chat) = chat.parse() {
            self.words.add_chat(chat);
            if self.reading.unread.len() < CHATS_MAX {
                self.reading.unread.push((chat, count, last));
            }
        }
    }

    /// After the first login, tells what is unread.
    pub(super) fn tell_unread(&mut self) {
        for (chat, count, last) in std::mem::take(&mut self.reading.unread) {
            self.reading.chats.set_backlog(chat, last);
            if let Some(console) = &mut self.console {
                console.set(chat, count, last);
            }
            self.show(Line::notice(safe!("{count} unread from {chat}; /open {chat}")));
        }
        self.ask(Asked::Beginning, Verb::Open, "* 1");
    }

    /// After a login that was not the first, fetches what was missed.
    pub(super) fn fetch_missed(&mut self) {
        let Reading { missed, unread, chats, .. } = &mut self.reading;
        missed.begin(&std::mem::take(unread), chats);
        self.fetch_more();
    }

    fn fetch_more(&mut self) {
        let Some(fetch) = self.reading.missed.next_fetch() else {
            return self.show_missed();
        };
        match fetch {
            Fetch::Unread(chat) => self.ask(Asked::Missed, Verb::Open, chat),
            Fetch::Last(chat, count) => {
                self.ask(Asked::Missed, Verb::Open, format_args!("{chat} {count}"));
            }
            Fetch::Before(chat, id, count) => {
                self.ask(Asked::Missed, Verb::History, format_args!("{chat} {id} {count}"));
            }
        }
    }

    fn show_missed(&mut self) {
        let found = self.reading.missed.finish();
        let missed = self.take_new(found.missed);
        let count = missed.len();
        if count > 0 {
            let messages = if count == 1 { "message" } else { "messages" };
            self.show(Line::notice(safe!("— {count} missed {messages} —")));
            self.show_all(missed.into_iter().map(|note| note.line));
            self.show(Line::notice(safe!("— up to now —")));
        }
        for chat in found.more {
            let how = if chat == Target::Everyone { "/history" } else { "/open" };
            self.show(Line::notice(safe!("more was missed from {chat}; {how} {chat}")));
        }
        found.held.into_iter().for_each(|note| self.show_note(note));
    }

    /// Asks for what is unread in a chat, which is the one that a plain line goes to from then on.
    pub(super) fn open_chat(&mut self, chat: Target) {
        self.mark(true);
        if self.stage != Stage::Talking {
            self.show_offline();
            self.reading.places.fail(chat);
            return self.not_led_to_chat();
        }
        if self.is_opening() {
            return self.show(Line::error(safe!("another chat is being opened")));
        }
        self.direct.unbind();
        self.reading.places.begin(chat);
        if chat == Target::Everyone {
            self.ask(Asked::OpenLast, Verb::Open, format_args!("* {PUBLIC_COUNT}"));
        } else {
            self.reading.opening = Some(Opening { chat, stopped: false, held: Vec::new() });
            self.ask(Asked::Open, Verb::Open, chat);
        }
    }

    /// What leads to a chat did not. A person sees what the prompt says now; in a script the lines
    /// behind it were meant for that chat, and must go to no other.
    pub(super) fn not_led_to_chat(&mut self) {
        if !self.front.is_interactive() {
            self.direct.unbind();
            self.reading.places.lose();
        }
    }

    /// The person does something else: no further step of a chat that is being opened.
    pub(super) fn stop_opening(&mut self) -> bool {
        match &mut self.reading.opening {
            Some(opening) => !std::mem::replace(&mut opening.stopped, true),
            None => false,
        }
    }

    /// A step of opening a chat is done.
    fn opened(&mut self, reply: &FinalReply<'_>) {
        let listed = std::mem::take(&mut self.reading.listed);
        let Some(opening) = self.reading.opening.take() else {
            return;
        };
        let (chat, left) = match reply.words {
            ReplyWords::Opened { chat, left } => (chat.parse().unwrap_or(opening.chat), left),
            _ => (opening.chat, 0),
        };
        let listed = self.take_new(listed);
        let is_empty = listed.is_empty();
        self.show_all(listed.into_iter().map(|note| note.line));
        // Where a step brings nothing new, the server has not marked what the one before brought.
        if left > 0 && !opening.stopped && !is_empty {
            self.show(Line::notice(safe!("— {left} more from {chat}; Ctrl-C stops —")));
            self.mark(true);
            self.ask(Asked::Open, Verb::Open, chat);
            self.reading.opening = Some(Opening { chat, ..opening });
            return;
        }
        self.enter(chat);
        if left > 0 {
            if let Some(last) = opening.held.last() {
                self.reading.chats.set_backlog(chat, last.id);
            }
            self.show(Line::notice(safe!("{left} unread from {chat} are left; /open {chat}")));
        } else {
            self.reading.chats.clear_backlog(chat);
            if is_empty && opening.held.is_empty() {
                self.show(Line::notice(safe!("nothing is unread from {chat}; /history {chat}")));
            }
            opening.held.into_iter().for_each(|note| self.show_note(note));
        }
    }

    /// Asks for older messages: those before the ones shown last, where it is the same chat again.
    pub(super) fn older(&mut self, chat: Option<Target>, count: u16) {
        let Some(chat) = chat.or(self.reading.places.open()) else {
            return self.show(Line::error(safe!("no chat is open: name one, as in /history bob")));
        };
        let before = match self.reading.history {
            Some((last, before)) if last == chat => before,
            _ => NEWEST,
        };
        self.reading.history = Some((chat, before));
        self.ask(Asked::History, Verb::History, format_args!("{chat} {before} {count}"));
    }

    /// A list of messages is here, and what it was asked for.
    pub(super) fn take_messages(&mut self, asked: &Asked, reply: &FinalReply<'_>) {
        let done = reply.is_done();
        if *asked == Asked::Open && done {
            return self.opened(reply);
        }
        let listed = std::mem::take(&mut self.reading.listed);
        match asked {
            Asked::Missed => {
                let Reading { missed, chats, .. } = &mut self.reading;
                missed.answered(done.then_some(listed), chats);
                return self.fetch_more();
            }
            Asked::Beginning => {
                let last = listed.last().map_or(MessageId(0), |note| note.id);
                return self.reading.chats.begin_after(Target::Everyone, last);
            }
            Asked::Open => self.reading.opening = None,
            _ => {}
        }
        if !done {
            if let (true, Destination::Chat(chat)) =
                (asked.leads_into_chat(), self.reading.places.destination())
            {
                self.reading.places.fail(chat);
                self.drop_waiting_for_chat();
                self.not_led_to_chat();
            }
            return self.show(Line::error(SafeText::new(reply.text)));
        }
        if listed.is_empty() {
            let text = match asked {
                Asked::Search => "nothing was found",
                _ => "there are no older messages",
            };
            self.show(Line::answer(SafeText::new(text)));
        }
        if let (Asked::History, Some(oldest)) = (asked, listed.first()) {
            self.reading.history = self.reading.history.map(|(chat, _)| (chat, oldest.id));
        }
        if *asked == Asked::OpenLast {
            self.enter(Target::Everyone);
            // What is shown now must not come again when it arrives.
            let newest = listed.last().map_or(MessageId(0), |note| note.id);
            self.reading.chats.begin_after(Target::Everyone, newest);
        }
        self.show_all(listed.into_iter().map(|note| note.line));
    }

    /// The list of the chats is here: those where nothing is unread come after the others.
    pub(super) fn take_chats(&mut self) {
        let unread = std::mem::take(&mut self.reading.unread);
        let is_read = |chat: &Target| unread.iter().all(|(other, ..)| other != chat);
        let mut read: Vec<Target> = self.reading.chats.targets().filter(is_read).collect();
        let groups = self.reading.groups.iter().map(|group| Target::Group(*group));
        for group in groups.filter(is_read) {
            if !read.contains(&group) {
                read.push(group);
            }
        }
        if unread.is_empty() && read.is_empty() {
            self.show(Line::answer(safe!("no chats yet")));
        }
        self.show_all(read.into_iter().map(|chat| Line::answer(safe!("  {chat}"))));
    }

    /// Tells the server what was shown, at most once a period, or `now`; what is not written yet is
    /// written before. What one job prints is no message, so it has read none.
    pub(super) fn mark(&mut self, now: bool) {
        let due = self.reading.mark_due().is_some_and(|due| now || Instant::now() >= due);
        if self.stage != Stage::Talking || self.job.is_some() || !due || !self.is_written() {
            return;
        }
        self.reading.marked = Some(Instant::now());
        let room = self.requests.room();
        for (chat, id) in self.reading.chats.mark(room) {
            self.ask(Asked::Seen(chat), Verb::Seen, format_args!("{chat} {id}"));
        }
    }
}

impl Client {
    /// The server has marked a chat as read, or refused to: then it is told once more later on.
    pub(super) fn seen_answered(&mut self, chat: Target, reply: &FinalReply<'_>) {
        // With a 5xx there is no such chat any more, and nothing to be marked.
        let is_refused = reply.family == Family::NotNow;
        if is_refused {
            self.reading.chats.unmark(chat);
        }
        if is_refused && !std::mem::replace(&mut self.reading.is_refused, is_refused) {
            let why = safe!("{chat} can't be marked as read: {}", reply.text);
            self.show(Line::error(why));
        }
        self.reading.is_refused = is_refused;
    }
}

/// `12:34 alice -> bob: hello`, with a remark behind it; the target `*` is everyone.
pub(super) fn said(id: MessageId, from: &str, to: &str, text: &str, remark: &str) -> SafeText {
    SafeText::message(format_args!("{} {from} -> {to}: ", clock::moment(id)), text, remark)
}
