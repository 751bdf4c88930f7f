//! Files in both directions: what the person asks for, and what others send.

use std::path::{Path, PathBuf};

use chatsrv::chat::name::Target;
use chatsrv::display::clock;
use chatsrv::display::line::{Kind, Line};
use chatsrv::display::safe_text::safe;
use chatsrv::protocol::native::read::{FinalReply, SentFile};

use super::{Client, Ending, Stage};
use crate::conversations::chats::chat_of;
use crate::conversations::missed::Note;
use crate::input::commands::{self, Action, Typed};
use crate::options::{Accept, AcceptFiles};
use crate::requests::Asked;
use crate::transfers::{Goal, Place, Source};

/// How many chunks are written before the person and the server have their turn.
const CHUNKS_PER_TURN: usize = 8;

impl Accept {
    fn takes(&self, file: &SentFile<'_>) -> bool {
        self.which == AcceptFiles::Always && file.size <= self.bytes_max
    }
}

impl Client {
    /// Begins a download.
    pub(super) fn download(&mut self, source: Source, place: Place) {
        if self.stage != Stage::Talking {
            return self.show_offline();
        }
        if let Err(why) = self.transfers.downloads.start(source, place, &mut self.requests) {
            self.show(Line::error(why));
        }
    }

    /// Begins an upload.
    pub(super) fn upload(&mut self, path: PathBuf, goal: Goal) {
        if self.stage != Stage::Talking {
            return self.show_offline();
        }
        if let Err(why) = self.transfers.uploads.start(path, goal) {
            self.show(Line::error(why));
        }
    }

    /// The server answers what a transfer asked for.
    pub(super) fn transfer_answered(&mut self, asked: &Asked, reply: &FinalReply<'_>) {
        let (transfers, requests) = (&mut self.transfers, &mut self.requests);
        let outcome = match *asked {
            Asked::Get(id) => transfers.downloads.get_answered(id, reply, requests),
            Asked::NameOf(id) => transfers.downloads.named(id, reply),
            Asked::Compare(id) => transfers.downloads.compare_answered(id, reply, requests),
            Asked::Put(id) => transfers.uploads.announced(id, reply, requests),
            Asked::Expect(id) => transfers.uploads.expect_answered(id, reply, requests),
            Asked::AbortUpload(id) => transfers.uploads.abort_answered(id, reply),
            Asked::CompareUpload(id) => transfers.uploads.compare_answered(id, reply),
            _ => None,
        };
        self.show_all(outcome);
    }

    /// Begins what nobody typed and what had to wait for others.
    pub(super) fn start_wanted(&mut self) {
        if self.stage == Stage::Talking {
            let lines = self.transfers.downloads.start_wanted(&mut self.requests);
            self.show_all(lines);
        }
    }

    /// Whether what that line asks for can't be until another transfer is over.
    pub(super) fn is_full_for(&self, line: &str) -> bool {
        match commands::read(line) {
            Typed::Action(Action::Get(source)) => {
                let downloads = &self.transfers.downloads;
                downloads.is_full() || downloads.has(Some(&source.to_string()))
            }
            Typed::Action(Action::Send { path, to }) => {
                let uploads = &self.transfers.uploads;
                uploads.is_full() || uploads.has_like(&typed_path(&path), goal(to))
            }
            _ => false,
        }
    }

    pub(super) fn abort(&mut self, name: Option<&str>) {
        if !self.transfers.has(name) {
            return self.show(Line::error(safe!("no such transfer is under way")));
        }
        let lines = self.transfers.cancel(name, &mut self.requests);
        self.show_all(lines);
    }

    /// Writes what the connection takes of the files that are sent.
    pub(super) fn send_chunks(&mut self) -> Result<(), Ending> {
        for _ in 0..CHUNKS_PER_TURN {
            let Some(connection) = &mut self.connection else {
                return Ok(());
            };
            let uploads = &mut self.transfers.uploads;
            let Some(output) = connection.chunk_output().filter(|_| uploads.has_chunk()) else {
                return Ok(());
            };
            let failure = uploads.write_chunk(output, &mut self.requests);
            self.heard = None;
            self.show_all(failure);
            self.flush_connection()?;
        }
        Ok(())
    }

    /// A file that somebody sends now.
    pub(super) fn take_file(&mut self, file: &SentFile<'_>) -> Result<(), Ending> {
        let fetches = self.accept.takes(file) && self.job.is_none();
        let note = self.file_note(file, fetches);
        let is_own = note.own;
        self.transfers.downloads.received.remember(file.id, file.name);
        self.words.add_user(file.from);
        self.take_note(note)?;
        if fetches && !is_own && self.stage == Stage::Talking {
            let place = Place::Folder(self.downloads.clone());
            let refused =
                self.transfers.downloads.received.want(Source::Sent(file.id), place).err();
            self.show_all(refused.map(Line::error));
        }
        Ok(())
    }

    /// A file that was sent, as an item of a list of messages.
    ///
    /// # Errors
    /// The ending, where the list is longer than it may be.
    pub(super) fn take_listed_file(&mut self, file: &SentFile<'_>) -> Result<(), Ending> {
        let note = self.file_note(file, false);
        self.transfers.downloads.received.remember(file.id, file.name);
        self.reading.list(note)
    }

    fn file_note(&self, file: &SentFile<'_>, fetches: bool) -> Note {
        let SentFile { id, from, to, size, name } = file;
        let own = |name: &str| name.parse().is_ok_and(|name| self.name == Some(name));
        let kind = match () {
            () if own(from) => Kind::Own,
            () if own(to) => Kind::Direct,
            () => Kind::Message,
        };
        let size = clock::size(*size);
        let text = safe!("{} {from} sent {name} ({size}) to {to}", clock::moment(*id));
        let is_told = self.accept.which != AcceptFiles::Never && !fetches;
        let text = if is_told { safe!("{text}; /get @{id}") } else { text };
        let chat = chat_of(self.name, from, to);
        Note { id: *id, chat, own: kind == Kind::Own, line: Line { kind, text } }
    }
}

/// The path that was typed, where `~` is the home folder.
pub(super) fn typed_path(typed: &str) -> PathBuf {
    match (typed.strip_prefix("~/"), std::env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => Path::new(typed).to_path_buf(),
    }
}

/// What is to be sent to whom.
pub(super) fn goal(to: Option<Target>) -> Goal {
    to.map_or(Goal::Shared, Goal::Chat)
}
