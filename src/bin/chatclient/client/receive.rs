//! What the server sends, and what is shown of it.

use std::io::ErrorKind;

use chatsrv::chat::message::MessageId;
use chatsrv::protocol::native::code::Code;
use chatsrv::protocol::native::frame::{Frame, FrameBuffer, FrameError};
use chatsrv::protocol::native::read::{Delivered, ServerLine};
use chatsrv::protocol::native::{SERVER_LINE_BYTES_MAX, VERSION};

use super::reading::said;
use super::{Client, Ending, Stage};
use crate::connection::Connection;
use crate::groups::GroupRequest;
use crate::line::{Kind, Line};
use crate::listing;
use crate::missed::Note;
use crate::outbox::Draft;
use crate::safe_text::{SafeText, safe};
use crate::session::{Asked, FILE, Sorted};

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
                let failure = self.transfers.downloads.chunk(stream, bytes, &mut self.session);
                self.take_output(failure)
            }
            Frame::FileEnd { stream } => {
                let failure = self.transfers.downloads.complete(stream, &mut self.session);
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
        let sorted = self.session.sort(line);
        if self.stage == Stage::Greeting {
            return match sorted {
                Sorted::Greeting => self.greeted(line),
                Sorted::Closing(closed) => Err(Ending::Closed(SafeText::new(line.rest), closed)),
                _ => Err(self.lost("no greeting")),
            };
        }
        match sorted {
            Sorted::Closing(closed) => {
                return Err(Ending::Closed(SafeText::new(line.rest), closed));
            }
            Sorted::Notice if line.code == FILE => return self.take_file(line),
            Sorted::Notice => self.take_notice(line),
            Sorted::ListedFile => return self.take_listed_file(line),
            Sorted::Head(asked) => self.take_head(&asked, line),
            Sorted::Item(asked) => self.take_item(&asked, line),
            Sorted::Answer(Asked::Login) => {
                self.refused |= line.code == Code::WrongPassword as u16;
                let step = self.login.replied(line);
                return self.go_on(step);
            }
            Sorted::Answer(Asked::Exit) => return Err(Ending::Left),
            Sorted::Answer(Asked::Message) => return self.message_answered(line),
            Sorted::Answer(asked) => self.take_answer(asked, line),
            Sorted::Greeting | Sorted::Misplaced => {
                self.show(Line::error(safe!("unexpected from the server: {}", Shown(line))));
            }
        }
        Ok(())
    }

    fn greeted(&mut self, line: &ServerLine<'_>) -> Result<(), Ending> {
        let version = line.rest.split(' ').next().unwrap_or_default();
        if version != VERSION.to_string() {
            return Err(Ending::NotChatsrv(safe!(
                "{} speaks version {version} of the protocol, this client speaks {VERSION}",
                self.server
            )));
        }
        let step = self.login.greeted();
        self.go_on(step)
    }

    fn take_notice(&mut self, line: &ServerLine<'_>) {
        let (word, rest) = line.rest.split_once(' ').unwrap_or((line.rest, ""));
        let text = match line.code {
            120 => {
                self.words.add_user(word);
                safe!("{word} is online")
            }
            121 => {
                self.words.remove_user(word);
                safe!("{word} has left")
            }
            125 => return self.take_announced(line),
            126 => {
                let failure = self.transfers.uploads.taken(line.rest, &mut self.session);
                return self.show_all(failure);
            }
            127 => {
                let stopped = word.parse().ok().and_then(|s| self.transfers.aborted(s, rest));
                return self.show_all(stopped);
            }
            122 | 123 | 128 => return self.take_group_notice(line),
            136 => return self.take_group_change(line),
            129 => safe!("the server stops within {word} s"),
            // What came to the protocol later, and is not known here.
            130.. => return,
            _ => safe!("notice: {}", Shown(line)),
        };
        self.show(Line::notice(text));
    }

    fn take_head(&mut self, asked: &Asked, line: &ServerLine<'_>) {
        match asked {
            Asked::Who { quiet: false } => {
                self.show(Line::answer(safe!("online: {}", line.rest)));
            }
            Asked::Group(request) => self.take_group_head(request, line),
            Asked::Files { quiet: false } if line.rest == "0" => {
                self.show(Line::answer(safe!("no files")));
            }
            _ => {}
        }
    }

    fn take_item(&mut self, asked: &Asked, line: &ServerLine<'_>) {
        let shown = match asked {
            Asked::Login | Asked::Chats => listing::unread(line.rest).map(|unread| {
                self.take_unread(&unread);
                (*asked == Asked::Chats).then(|| unread.text())
            }),
            Asked::Who { quiet } => listing::user(line.rest).map(|user| {
                self.words.list_user(user.name);
                (!quiet).then(|| user.text())
            }),
            Asked::Files { quiet } => listing::file(line.rest).map(|file| {
                self.words.add_file(file.name);
                (!quiet).then(|| file.text())
            }),
            Asked::Dump => Some(Some(safe!("  {}", line.rest))),
            Asked::Group(request) => self.group_item(request, line.rest),
            _ => Some(None),
        };
        match shown {
            Some(text) => self.show_all(text.map(Line::answer)),
            None => {
                self.show(Line::error(safe!("unexpected from the server: {}", Shown(line))));
            }
        }
    }

    fn take_answer(&mut self, asked: Asked, line: &ServerLine<'_>) {
        let done = (200..300).contains(&line.code);
        if done && matches!(asked, Asked::Who { .. }) {
            self.words.end_list();
        }
        match asked {
            Asked::Passwd(step) => self.password_answered(step, line),
            Asked::Chats if done => self.take_chats(),
            Asked::Beginning
            | Asked::Missed
            | Asked::Open
            | Asked::OpenLast
            | Asked::History
            | Asked::Search => self.take_messages(&asked, line),
            Asked::Up { quiet } => self.up_answered(quiet, line),
            Asked::Alive => self.alive_answered(line),
            Asked::Call(user) => self.call_answered(user, line),
            Asked::Token if done => self.login.set_token(line.rest),
            Asked::More => self.session.more_answered(done),
            Asked::Get(_)
            | Asked::Compare(_)
            | Asked::NameOf(_)
            | Asked::Put(_)
            | Asked::Expect(_)
            | Asked::AbortUpload(_)
            | Asked::CompareUpload(_) => self.transfer_answered(&asked, line),
            Asked::Shutdown if done => {
                self.was_shut_down = true;
                self.show(Line::answer(safe!("the server stops")));
            }
            Asked::Simple { done: text } if done => self.show(Line::answer(SafeText::new(text))),
            Asked::Group(request) if done => self.group_done(&request, line),
            Asked::Sum if done => {
                let mut words = line.rest.splitn(3, ' ');
                let mut word = || words.next().unwrap_or_default();
                let (hash, _size, name) = (word(), word(), word());
                self.show(Line::answer(safe!("{hash}  {name}")));
            }
            Asked::Sum if line.code == Code::NotFound as u16 => {
                self.show(Line::error(safe!("no such file: {}", line.rest)));
            }
            Asked::Who { quiet: true }
            | Asked::Group(GroupRequest::Mine { quiet: true })
            | Asked::Files { quiet: true }
            | Asked::Token
            | Asked::Key
            | Asked::Abort => {}
            Asked::Seen(chat) => self.seen_answered(chat, line),
            _ if done => {}
            _ => self.show(Line::error(SafeText::new(line.rest))),
        }
    }

    /// The server has taken the oldest message that was sent, or refused it.
    fn message_answered(&mut self, line: &ServerLine<'_>) -> Result<(), Ending> {
        let Some(draft) = self.outbox.answered() else {
            return Ok(());
        };
        if (200..300).contains(&line.code) {
            let note = self.confirmed(&draft, line);
            return self.take_note(note);
        }
        let Draft { to, text, .. } = draft;
        self.show(Line::error(safe!("not sent to {to}: {} (it was: {text})", line.rest)));
        Ok(())
    }

    /// A message of one's own, as the server took it: `id target delivered stored`.
    fn confirmed(&self, draft: &Draft, line: &ServerLine<'_>) -> Note {
        let mut words = line.rest.split(' ');
        let mut word = || words.next().unwrap_or_default();
        let id = MessageId(word().parse().unwrap_or(u64::MAX));
        let typed = draft.to.to_string();
        let target = match word() {
            "" => typed.as_str(),
            target => target,
        };
        let name = self.name.as_ref().map_or("", |name| name.as_str());
        let remark = match (line.code, target, word()) {
            (code, ..) if code == Code::DoneStored as u16 => " (offline; kept)",
            (_, "*", "0") if !draft.was_sent() => " (nobody else is online)",
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
