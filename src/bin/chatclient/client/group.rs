//! Groups: what the person asks about them, and what the server tells of them.

use chatsrv::chat::name::{GroupName, Target};
use chatsrv::protocol::native::read::ServerLine;

use super::Client;
use super::receive::Shown;
use crate::groups::{self, GroupRequest};
use crate::line::Line;
use crate::safe_text::{SafeText, safe};
use crate::session::Asked;

impl Client {
    /// Asks the server something about groups.
    pub(super) fn ask_group(&mut self, request: GroupRequest) {
        let (verb, words) = (request.verb(), request.words());
        self.ask(Asked::Group(request), verb, words);
    }

    /// A list about groups begins.
    pub(super) fn take_group_head(&mut self, request: &GroupRequest, line: &ServerLine<'_>) {
        match request {
            GroupRequest::Mine { .. } => self.reading.groups.clear(),
            GroupRequest::Members(group) => {
                self.show(Line::answer(safe!("members of {group}: {}", line.rest)));
            }
            _ => {}
        }
        if let ("0", Some(nothing)) = (line.rest, request.nothing()) {
            self.show(Line::answer(SafeText::new(nothing)));
        }
    }

    /// What is shown of an item of such a list; no inner value where it is not shown.
    pub(super) fn group_item(
        &mut self,
        request: &GroupRequest,
        item: &str,
    ) -> Option<Option<SafeText>> {
        if let GroupRequest::Members(_) = request {
            return groups::member(item).map(Some);
        }
        let group = groups::group(item)?;
        let name = group.name.parse().ok()?;
        self.words.add_chat(Target::Group(name));
        if let GroupRequest::Mine { .. } = request {
            self.reading.groups.push(name);
        }
        let quiet = *request == GroupRequest::Mine { quiet: true };
        Some((!quiet).then(|| group.text()))
    }

    /// The server did what was asked about a group.
    pub(super) fn group_done(&mut self, request: &GroupRequest, line: &ServerLine<'_>) {
        match request {
            GroupRequest::Make { .. } => {
                let name = line.rest.split(' ').next().unwrap_or_default();
                if let Ok(group) = name.parse() {
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
        self.show_all(request.done(line).map(Line::answer));
    }

    /// A group has changed, or somebody asks about one.
    pub(super) fn take_group_notice(&mut self, line: &ServerLine<'_>) {
        let Some(news) = groups::news(line, self.name) else {
            return self.show(Line::notice(safe!("notice: {}", Shown(line))));
        };
        self.words.add_chat(Target::Group(news.group));
        if news.has_joined() && !self.reading.groups.contains(&news.group) {
            self.reading.groups.push(news.group);
        }
        self.show(Line::notice(safe!("{news}")));
        if news.has_left() {
            self.forget_group(news.group);
        }
    }

    /// A group has changed, as a later server tells it: `#group what user by`. What of it ends a
    /// chat ends it here too.
    pub(super) fn take_group_change(&mut self, line: &ServerLine<'_>) {
        self.show(Line::notice(safe!("notice: {}", Shown(line))));
        let mut words = line.rest.split(' ');
        if let (Some(Ok(group)), Some("dissolve")) = (words.next().map(str::parse), words.next()) {
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
        let leaves = self.session.open_requests().any(|asked| *asked == leave);
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
