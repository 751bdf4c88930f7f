//! The shared folder: listing, hashing, and downloads; and the ends of transfers.

use super::Hub;
use super::tasks::Task;
use crate::chat::answer::{Answer, Done, Item, List};
use crate::chat::close::CloseReason;
use crate::chat::event::{AbortReason, Event};
use crate::chat::file::FileRef;
use crate::chat::name::FileName;
use crate::chat::refusal::{Failure, Refusal};
use crate::chat::request::Kind;
use crate::hub::effect::{Effect, Effects};
use crate::hub::input::ConnId;
use crate::hub::job::{Job, JobId, Outcome, Value};
use crate::hub::outcome::failed;
use crate::hub::sessions::replies::{Download, Reply};

impl Hub {
    /// Lists a folder. The session waits for it: such a list may be long.
    pub(super) fn list_folder(
        &mut self,
        conn: ConnId,
        path: Option<FileName>,
        effects: &mut Effects,
    ) {
        self.hold_until(conn, Job::ListFolder { path }, Task::ListFolder, effects);
    }

    /// A folder was read, or was not.
    pub(super) fn folder_listed(outcome: Outcome) -> Reply {
        match outcome {
            Ok(Value::Folder(entries)) => {
                let items = entries.into_iter().map(Item::Entry).collect();
                Reply::List(List::whole(Kind::Ls, items, None, Answer::done(Kind::Ls)))
            }
            Err(Failure::NotFound) => {
                Reply::Answer(Answer { of: Kind::Ls, result: Err(Refusal::NoSuchFolder) })
            }
            other => Reply::Answer(Answer { of: Kind::Ls, result: Err(failed(&other)) }),
        }
    }

    /// Hashes a file.
    pub(super) fn sum(&mut self, conn: ConnId, name: FileName, effects: &mut Effects) {
        let job = Job::SumFile { name: name.clone() };
        self.answer_after(conn, job, Task::Sum { file: FileRef::Shared(name) }, effects);
    }

    /// A file was hashed, or was not.
    pub(super) fn file_summed(file: FileRef, outcome: &Outcome) -> Answer {
        let result = match *outcome {
            Ok(Value::Summed { sha256, size }) => Ok(Done::Sum { sha256, size, file }),
            Err(Failure::NotFound) => Err(Refusal::NoSuchFile(file.to_string().into())),
            _ => Err(failed(outcome)),
        };
        Answer { of: Kind::Sum, result }
    }

    /// Opens a file for a download.
    pub(super) fn download(
        &mut self,
        conn: ConnId,
        offset: u64,
        name: FileName,
        effects: &mut Effects,
    ) {
        if self.may_download(conn, effects) {
            let job = Job::OpenFile { name: name.clone() };
            let file = FileRef::Shared(name);
            self.answer_after(conn, job, Task::Download { offset, file }, effects);
        }
    }

    /// Counts a download that a session asks for. Where there are as many as there may be, it is
    /// refused.
    pub(super) fn may_download(&mut self, conn: ConnId, effects: &mut Effects) -> bool {
        let Some(session) = self.core.sessions.get_mut(conn) else { return false };
        let room = session.replies.ask_for_download();
        if !room {
            self.refuse(conn, Kind::Get, Refusal::TooManyDownloads, effects);
        }
        room
    }

    /// A file was opened, or was not.
    pub(super) fn file_opened(
        &mut self,
        conn: ConnId,
        ticket: JobId,
        offset: u64,
        file: FileRef,
        outcome: &Outcome,
        effects: &mut Effects,
    ) {
        let opened = matches!(outcome, Ok(Value::Opened { .. }));
        let Some(session) = self.core.sessions.get_mut(conn) else {
            if opened {
                effects.push(Effect::DropFile { ticket });
            }
            return;
        };
        let guest = session.user().is_none();
        let refusal = match *outcome {
            Ok(Value::Opened { size }) if offset <= size => {
                let download = Download { job: ticket, offset, size, file };
                return self.resolve(conn, ticket, Reply::Download(download), effects);
            }
            Ok(Value::Opened { .. }) => {
                effects.push(Effect::DropFile { ticket });
                Refusal::PastTheEnd
            }
            Err(Failure::NotFound) => Refusal::NoSuchFile(file.to_string().into()),
            _ => failed(outcome),
        };
        session.replies.download_refused();
        let closes = guest && matches!(refusal, Refusal::NoSuchFile(_));
        let answer = Answer { of: Kind::Get, result: Err(refusal) };
        let reply = match closes {
            true => Reply::Close(CloseReason::NoSuchFile, Some(answer)),
            false => Reply::Answer(answer),
        };
        self.resolve(conn, ticket, reply, effects);
    }

    /// Answers a GET for a file that can't exist.
    pub(super) fn no_such_file(&mut self, conn: ConnId, refusal: Refusal, effects: &mut Effects) {
        let guest = self.core.sessions.get(conn).is_some_and(|session| session.user().is_none());
        let answer = Answer { of: Kind::Get, result: Err(refusal) };
        let reply = match guest {
            true => Reply::Close(CloseReason::NoSuchFile, Some(answer)),
            false => Reply::Answer(answer),
        };
        self.reply(conn, reply, effects);
    }

    /// Takes ABORT. A stream that is not open yet may be that of an answer which still waits, so
    /// then this one waits behind it.
    pub(super) fn abort(&mut self, conn: ConnId, stream: u32, effects: &mut Effects) {
        match self.end_transfer(conn, stream, effects) {
            Some(done) => self.answer(conn, Kind::Abort, done, effects),
            None => self.reply(conn, Reply::Abort(stream), effects),
        }
    }

    /// Ends a transfer early; none where no stream of that number is open.
    pub(super) fn end_transfer(
        &mut self,
        conn: ConnId,
        stream: u32,
        effects: &mut Effects,
    ) -> Option<Done> {
        let session = self.core.sessions.get_mut(conn)?;
        if session.replies.close_download(stream) {
            effects.push(Effect::CancelDownload { conn, stream });
            return Some(Done::DownloadEnded);
        }
        self.abort_upload(conn, stream, effects).then_some(Done::UploadEnded)
    }

    /// A download was written to its end, or the file could not be read to its end.
    pub(super) fn download_over(
        &mut self,
        conn: ConnId,
        stream: u32,
        complete: bool,
        effects: &mut Effects,
    ) {
        let Some(session) = self.core.sessions.get_mut(conn) else { return };
        let was_open = session.replies.close_download(stream);
        if was_open && !complete {
            effects.tell(Event::Abort { stream, reason: AbortReason::ReadFailed }, [conn]);
        }
    }

    /// Takes a part of a file frame.
    pub(super) fn file(&mut self, conn: ConnId, stream: u32, effects: &mut Effects) {
        let Some(session) = self.core.sessions.get_mut(conn) else { return };
        debug_assert!(session.takes_input(), "{conn} sent a file frame out of turn");
        // What belongs to a stream that is over was on its way when it ended.
        if !session.replies.knows_stream(stream) {
            self.close_in_turn(conn, CloseReason::BadFileFrame, effects);
        }
    }
}
