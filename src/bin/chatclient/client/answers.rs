//! What the server sends, and what is shown of it.

use std::io::ErrorKind;

use chatsrv::chat::message::MessageId;
use chatsrv::chat::name::InvalidName;
use chatsrv::display::line::{Kind, Line};
use chatsrv::display::listing;
use chatsrv::display::safe_text::{SafeText, safe};
use chatsrv::protocol::native::codes::Code;
use chatsrv::protocol::native::frame::{Frame, FrameBuffer, FrameError};
use chatsrv::protocol::native::read::{
    Delivered, FinalReply, ListItem, Notice, ReplyWords, ServerLine,
};
use chatsrv::protocol::native::{SERVER_LINE_BYTES_MAX, VERSION};

use super::reading::said;
use super::{Client, Ending, Stage};
use crate::conversations::missed::Note;
use crate::conversations::outbox::Draft;
use crate::input::groups::GroupRequest;
use crate::link::connection::Connection;
use crate::requests::{Asked, Classified};

const CLOSED: &str = "the server closed it without a word";

impl Client {
    /// Reads once and takes all frames that are whole.
    pub(super) fn receive(&mut self) -> Result<(), Ending> {
        let Some(connection) = &mut self.connection else {
            return Ok(());
        };
        let length = match connection.read(&mut self.read_buffer) {
            Ok(Some(0)) => return Err(self.lost(CLOSED)),
            Ok(Some(length)) => length,
            Ok(None) => return Ok(()),
            Err(error) => return Err(self.lost(error)),
        };
        self.heard = None;
        let empty = FrameBuffer::new(SERVER_LINE_BYTES_MAX);
        let mut frames = std::mem::replace(&mut self.frames, empty);
        frames.extend(&self.read_buffer[..length]);
        while let Some(frame) = frames.next_frame() {
            self.take_frame(frame)?;
        }
        self.frames = frames;
        match self.connection.as_ref().is_some_and(Connection::has_ended) {
            true => Err(self.lost(CLOSED)),
            false => Ok(()),
        }
    }

    /// What the end of the connection means.
    pub(super) fn lost(&self, why: impl std::fmt::Display) -> Ending {
        match self.stage {
            Stage::Leaving => Ending::Left,
            Stage::Greeting if self.name.is_none() => {
                Ending::NotChatsrv(safe!("what answers at {} is no chatsrv", self.server))
            }
            _ => Ending::Lost(SafeText::new(why)),
        }
    }

    fn take_frame(&mut self, frame: Frame<'_>) -> Result<(), Ending> {
        match frame {
            Frame::Command(text) => match ServerLine::parse(text.as_str()) {
                Some(line) => self.take_line(&line),
                None => self.unreadable(),
            },
            Frame::Data(text) => match Delivered::parse(text.as_str()) {
                Some(message) => self.take_message(&message),
                None => self.unreadable(),
            },
            Frame::File { stream, bytes } => {
                let failure = self.transfers.downloads.chunk(stream, bytes, &mut self.requests);
                self.take_output(failure)
            }
            Frame::FileEnd { stream } => {
                let failure = self.transfers.downloads.complete(stream, &mut self.requests);
                self.take_output(failure)
            }
            // Nothing after it can be found any more.
            Frame::Bad(FrameError::FileHeader) => {
                Err(self.lost("what the server sends can't be read"))
            }
            Frame::Bad(_) => self.unreadable(),
        }
    }

    /// What comes of bytes of a download. Without a reader of its output there is nothing to go on
    /// for, nor anybody who wants to be told.
    fn take_output(&mut self, failure: Option<Line>) -> Result<(), Ending> {
        if self.transfers.downloads.is_reader_gone() {
            return Err(Ending::Front(ErrorKind::BrokenPipe.into()));
        }
        self.show_all(failure);
        Ok(())
    }

    fn unreadable(&mut self) -> Result<(), Ending> {
        if self.stage == Stage::Greeting {
            return Err(self.lost("no greeting"));
        }
        self.show(Line::error(safe!("the server sent a line that can't be read")));
        Ok(())
    }

    fn take_line(&mut self, line: &ServerLine<'_>) -> Result<(), Ending> {
        let sorted = self.requests.sort(line.read());
        if self.stage == Stage::Greeting {
            return match sorted {
                Classified::Greeting(version) => self.greeted(version),
                Classified::Closing(closed) => {
                    Err(Ending::Closed(SafeText::new(line.rest), closed))
                }
                _ => Err(self.lost("no greeting")),
            };
        }
        match sorted {
            Classified::Closing(closed) => {
                return Err(Ending::Closed(SafeText::new(line.rest), closed));
            }
            Classified::Notice(Notice::File { file }) => return self.take_file(&file),
            Classified::Notice(notice) => self.take_notice(&notice, line),
            Classified::LaterNotice => {}
            Classified::ListedFile(file) => return self.take_listed_file(&file),
            Classified::Head(asked, count) => self.take_head(&asked, count),
            Classified::Item(asked, item) => self.take_item(&asked, &item, line),
            Classified::Answer(Asked::Login, reply) => {
                self.refused |= reply.has(Code::WrongPassword);
                let step = self.login.replied(&reply);
                return self.go_on(step);
            }
            Classified::Answer(Asked::Exit, _) => return Err(Ending::Left),
            Classified::Answer(Asked::Message, reply) => return self.message_answered(&reply),
            Classified::Answer(asked, reply) => self.take_answer(asked, &reply),
            Classified::Greeting(_) | Classified::Misplaced => self.show_unexpected(line),
        }
        Ok(())
    }

    fn show_unexpected(&mut self, line: &ServerLine<'_>) {
        self.show(Line::error(safe!("unexpected from the server: {}", Shown(line))));
    }

    fn greeted(&mut self, version: &str) -> Result<(), Ending> {
        if version != VERSION.to_string() {
            return Err(Ending::NotChatsrv(safe!(
                "{} speaks version {version} of the protocol, this client speaks {VERSION}",
                self.server
            )));
        }
        let step = self.login.greeted();
        self.go_on(step)
    }

    fn take_notice(&mut self, notice: &Notice<'_>, line: &ServerLine<'_>) {
        let text = match *notice {
            Notice::On { name, .. } => {
                self.words.add_user(name);
                safe!("{name} is online")
            }
            Notice::Off { name, .. } => {
                self.words.remove_user(name);
                safe!("{name} has left")
            }
            Notice::Call { call } => return self.take_announced(call.as_ref()),
            Notice::Uploaded { stream, name, .. } => {
                let failure = self.transfers.uploads.taken(stream, name, &mut self.requests);
                return self.show_all(failure);
            }
            Notice::Aborted { stream, reason } => {
                let stopped = self.transfers.aborted(stream, reason);
                return self.show_all(stopped);
            }
            Notice::Asks { .. } | Notice::WantsIn { .. } | Notice::Group { .. } => {
                return self.take_group_notice(notice);
            }
            Notice::GroupLater { group, what } => return self.take_group_change(group, what, line),
            Notice::Shutdown { seconds } => safe!("the server stops within {seconds} s"),
            Notice::File { .. } | Notice::Other(_) => safe!("notice: {}", Shown(line)),
        };
        self.show(Line::notice(text));
    }

    fn take_head(&mut self, asked: &Asked, count: usize) {
        match asked {
            Asked::Who { quiet: false } => self.show(Line::answer(safe!("online: {count}"))),
            Asked::Group(request) => self.take_group_head(request, count),
            Asked::Files { quiet: false } if count == 0 => {
                self.show(Line::answer(safe!("no files")));
            }
            _ => {}
        }
    }

    fn take_item(&mut self, asked: &Asked, item: &ListItem<'_>, line: &ServerLine<'_>) {
        let is_shown = match (asked, *item) {
            (Asked::Login | Asked::Chats, ListItem::Unread { chat, count, last }) => {
                self.take_unread(chat, count, last);
                *asked == Asked::Chats
            }
            (Asked::Who { quiet }, ListItem::Online { user }) => {
                self.words.list_user(user.name);
                !quiet
            }
            (Asked::Files { quiet }, ListItem::Entry { name, .. }) => {
                self.words.add_file(name);
                !quiet
            }
            (Asked::Dump, ListItem::Figure { .. })
            | (Asked::Group(GroupRequest::Members(_)), ListItem::Member { .. }) => true,
            (Asked::Group(request), ListItem::Group { name, .. }) => match name.parse() {
                Ok(name) => self.take_group(request, name),
                Err(InvalidName) => return self.show_unexpected(line),
            },
            (
                Asked::Login
                | Asked::Chats
                | Asked::Who { .. }
                | Asked::Files { .. }
                | Asked::Dump
                | Asked::Group(_),
                _,
            ) => return self.show_unexpected(line),
            _ => false,
        };
        if is_shown {
            self.show(Line::answer(listing::item(item)));
        }
    }

    fn take_answer(&mut self, asked: Asked, reply: &FinalReply<'_>) {
        let done = reply.is_done();
        if done && matches!(asked, Asked::Who { .. }) {
            self.words.end_list();
        }
        match asked {
            Asked::Passwd(step) => self.password_answered(step, reply),
            Asked::Chats if done => self.take_chats(),
            Asked::Beginning
            | Asked::Missed
            | Asked::Open
            | Asked::OpenLast
            | Asked::History
            | Asked::Search => self.take_messages(&asked, reply),
            Asked::Up { quiet } => self.up_answered(quiet, reply),
            Asked::Alive => self.alive_answered(reply),
            Asked::Call(user) => self.call_answered(user, reply),
            Asked::Token => {
                if let ReplyWords::Token { token } = reply.words {
                    self.login.set_token(token.expose());
                }
            }
            Asked::More => self.requests.more_answered(done),
            Asked::Get(_)
            | Asked::Compare(_)
            | Asked::NameOf(_)
            | Asked::Put(_)
            | Asked::Expect(_)
            | Asked::AbortUpload(_)
            | Asked::CompareUpload(_) => self.transfer_answered(&asked, reply),
            Asked::Shutdown if done => {
                self.was_shut_down = true;
                self.show(Line::answer(safe!("the server stops")));
            }
            Asked::Simple { done: text } if done => self.show(Line::answer(SafeText::new(text))),
            Asked::Group(request) if done => self.group_done(&request, reply),
            Asked::Sum => self.show(match reply.words {
                ReplyWords::Sum { sha256, name, .. } => Line::answer(safe!("{sha256}  {name}")),
                ReplyWords::NoFile { name } => Line::error(safe!("no such file: {name}")),
                _ => Line::error(SafeText::new(reply.text)),
            }),
            Asked::Who { quiet: true }
            | Asked::Group(GroupRequest::Mine { quiet: true })
            | Asked::Files { quiet: true }
            | Asked::Key
            | Asked::Abort => {}
            Asked::Seen(chat) => self.seen_answered(chat, reply),
            _ if done => {}
            _ => self.show(Line::error(SafeText::new(reply.text))),
        }
    }

    /// The server has taken the oldest message that was sent, or refused it.
    fn message_answered(&mut self, reply: &FinalReply<'_>) -> Result<(), Ending> {
        let Some(draft) = self.outbox.answered() else {
            return Ok(());
        };
        if reply.is_done() {
            let note = self.confirmed(&draft, reply);
            return self.take_note(note);
        }
        let Draft { to, text, .. } = draft;
        self.show(Line::error(safe!("not sent to {to}: {} (it was: {text})", reply.text)));
        Ok(())
    }

    /// A message of one's own, as the server took it.
    fn confirmed(&self, draft: &Draft, reply: &FinalReply<'_>) -> Note {
        let typed = draft.to.to_string();
        let (id, target, delivered) = match reply.words {
            ReplyWords::Confirmed { id, to, delivered, .. } => (id, to, Some(delivered)),
            _ => (MessageId(u64::MAX), typed.as_str(), None),
        };
        let name = self.name.as_ref().map_or("", |name| name.as_str());
        let remark = match (target, delivered) {
            _ if reply.has(Code::DoneStored) => " (offline; kept)",
            ("*", Some(0)) if !draft.was_sent() => " (nobody else is online)",
            _ => "",
        };
        let shown = said(id, name, target, &draft.text, remark);
        let chat = target.parse().ok();
        Note { id, chat, own: true, line: Line { kind: Kind::Own, text: shown } }
    }
}

/// A line as it came.
pub(super) struct Shown<'a>(pub &'a ServerLine<'a>);

impl std::fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ServerLine { code, verb, rest } = self.0;
        write!(f, "{code} {verb} {rest}")
    }
}
