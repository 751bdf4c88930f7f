//! Groups: what the person asks about them, and what the server tells of them.

use chatsrv::chat::name::{GroupName, Target};
use chatsrv::display::line::Line;
use chatsrv::display::safe_text::{SafeText, safe};
use chatsrv::protocol::native::read::{FinalReply, Notice, ReplyWords, ServerLine};

use super::Client;
use super::receive::Shown;
use crate::input::groups::{GroupRequest, News};
use crate::requests::Asked;

impl Client {
    /// Asks the server something about groups.
    pub(super) fn ask_group(&mut self, request: GroupRequest) {
        let (verb, words) = (request.verb(), request.words());
        self.ask(Asked::Group(request), verb, words);
    }

    /// A list about groups begins.
    pub(super) fn take_group_head(&mut self, request: &GroupRequest, count: usize) {
        match request {
            GroupRequest::Mine { .. } => self.reading.groups.clear(),
            GroupRequest::Members(group) => {
                self.show(Line::answer(safe!("members of {group}: {count}")));
            }
            _ => {}
        }
        if let (0, Some(nothing)) = (count, request.nothing()) {
            self.show(Line::answer(SafeText::new(nothing)));
        }
    }

    /// A group stands in a list; whether it is shown.
    pub(super) fn take_group(&mut self, request: &GroupRequest, name: GroupName) -> bool {
        self.words.add_chat(Target::Group(name));
        if let GroupRequest::Mine { .. } = request {
            self.reading.groups.push(name);
        }
        *request != GroupRequest::Mine { quiet: true }
    }

    /// The server did what was asked about a group.
    pub(super) fn group_done(&mut self, request: &GroupRequest, reply: &FinalReply<'_>) {
        match request {
            GroupRequest::Make { .. } => {
                if let ReplyWords::GroupMade { group, .. } = reply.words
                    && let Ok(group) = group.parse()
                {
                    self.words.add_chat(Target::Group(group));
                }
            }
            GroupRequest::Leave(group) => {
                self.reading.groups.retain(|other| other != group);
                self.reading.forget(Target::Group(*group));
            }
            GroupRequest::Mine { .. } => self.leave_what_is_over(),
            _ => {}
        }
        self.show_all(request.done(reply).map(Line::answer));
    }

    /// A group has changed, or somebody asks about one.
    pub(super) fn take_group_notice(&mut self, notice: &Notice<'_>) {
        let Some(news) = News::of(notice, self.name) else { return };
        self.words.add_chat(Target::Group(news.group));
        if news.has_joined() && !self.reading.groups.contains(&news.group) {
            self.reading.groups.push(news.group);
        }
        self.show(Line::notice(safe!("{news}")));
        if news.has_left() {
            self.forget_group(news.group);
        }
    }

    /// A group has changed, as a later server tells it. What of it ends a chat ends it here too.
    pub(super) fn take_group_change(
        &mut self,
        group: GroupName,
        what: &str,
        line: &ServerLine<'_>,
    ) {
        self.show(Line::notice(safe!("notice: {}", Shown(line))));
        if what == "dissolve" {
            self.forget_group(group);
        }
    }

    /// This user is no member any more: what was begun there goes nowhere. A script does not see
    /// that, unless it leaves by itself: its next lines were meant for the group.
    fn forget_group(&mut self, group: GroupName) {
        let was_open = self.reading.places.open() == Some(Target::Group(group));
        self.reading.groups.retain(|other| *other != group);
        self.reading.forget(Target::Group(group));
        let leave = Asked::Group(GroupRequest::Leave(group));
        let leaves = self.requests.open_requests().any(|asked| *asked == leave);
        if was_open && !leaves && !self.front.is_interactive() {
            self.reading.places.lose();
        }
    }

    /// A group may have ended while the connection was gone.
    fn leave_what_is_over(&mut self) {
        if let Some(Target::Group(group)) = self.reading.places.open()
            && !self.reading.groups.contains(&group)
        {
            self.show(Line::notice(safe!("you are no member of {group} any more")));
            self.forget_group(group);
        }
    }
}
