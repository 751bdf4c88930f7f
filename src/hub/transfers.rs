//! The shared folder: listing, hashing, and downloads; and the ends of transfers.

use super::Hub;
use super::answers::{Answer, Download};
use super::tasks::{Task, failed};
use crate::chat::event::Event;
use crate::chat::file::FileRef;
use crate::chat::name::FileName;
use crate::chat::refusal::Failure;
use crate::hub::effect::{CloseReason, Effect, Effects};
use crate::hub::input::ConnId;
use crate::hub::job::{Job, JobId, Outcome, Value};
use crate::protocol::native::codes::Code;
use crate::protocol::native::list::{Item, List};
use crate::protocol::native::verb::Verb;
use crate::protocol::native::write::{Detail, Reply};

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
    pub(super) fn folder_listed(outcome: Outcome) -> Answer {
        match outcome {
            Ok(Value::Folder(entries)) => {
                let items = entries.into_iter().map(Item::Entry).collect();
                let last = Reply::text(Code::Done, Verb::Ls, "GET downloads a file");
                Answer::List(List::whole(Verb::Ls, items, None, last))
            }
            Err(Failure::NotFound) => {
                Answer::Reply(Reply::text(Code::NotFound, Verb::Ls, "no such folder"))
            }
            other => Answer::Reply(failed(Verb::Ls, &other)),
        }
    }

    /// Hashes a file.
    pub(super) fn sum(&mut self, conn: ConnId, name: FileName, effects: &mut Effects) {
        let job = Job::SumFile { name: name.clone() };
        self.answer_after(conn, job, Task::Sum { file: FileRef::Shared(name) }, effects);
    }

    /// A file was hashed, or was not.
    pub(super) fn file_summed(file: FileRef, outcome: &Outcome) -> Answer {
        Answer::Reply(match *outcome {
            Ok(Value::Summed { sha256, size }) => {
                Reply::new(Code::Done, Verb::Sum, Detail::Sum { sha256, size, file })
            }
            Err(Failure::NotFound) => Reply::no_such_file(Verb::Sum, &file.to_string()),
            _ => failed(Verb::Sum, outcome),
        })
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
        let Some(session) = self.sessions.get_mut(conn) else { return false };
        let room = session.answers.ask_for_download();
        if !room {
            let reply = Reply::text(Code::Busy, Verb::Get, "too many downloads at once");
            self.reply(conn, reply, effects);
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
        let Some(session) = self.sessions.get_mut(conn) else {
            if opened {
                effects.push(Effect::DropFile { ticket });
            }
            return;
        };
        let guest = session.user().is_none();
        let reply = match *outcome {
            Ok(Value::Opened { size }) if offset <= size => {
                let download = Download { ticket, offset, size, file };
                return self.resolve(conn, ticket, Answer::Download(download), effects);
            }
            Ok(Value::Opened { .. }) => {
                effects.push(Effect::DropFile { ticket });
                Reply::text(Code::BadParameters, Verb::Get, "the file ends before that offset")
            }
            Err(Failure::NotFound) => Reply::no_such_file(Verb::Get, &file.to_string()),
            _ => failed(Verb::Get, outcome),
        };
        session.answers.download_refused();
        let answer = match reply.code {
            Code::NotFound if guest => Answer::Close(CloseReason::NoSuchFile, Some(reply)),
            _ => Answer::Reply(reply),
        };
        self.resolve(conn, ticket, answer, effects);
    }

    /// Answers a GET for a file that can't exist.
    pub(super) fn no_such_file(&mut self, conn: ConnId, reply: Reply, effects: &mut Effects) {
        let guest = self.sessions.get(conn).is_some_and(|session| session.user().is_none());
        let answer = match guest {
            true => Answer::Close(CloseReason::NoSuchFile, Some(reply)),
            false => Answer::Reply(reply),
        };
        self.answer(conn, answer, effects);
    }

    /// Announces a download whose turn has come, and begins it.
    pub(super) fn begin_download(
        &mut self,
        conn: ConnId,
        download: Download,
        effects: &mut Effects,
    ) {
        let Some(session) = self.sessions.get_mut(conn) else { return };
        let Download { ticket, offset, size, file } = download;
        let stream = session.answers.open_download();
        let reply = Reply::new(Code::Done, Verb::Get, Detail::Download { stream, size, file });
        effects.push(Effect::Reply { conn, reply });
        effects.push(Effect::Download { conn, ticket, stream, bytes: offset..size });
    }

    /// Takes ABORT. A stream that is not open yet may be that of an answer which still waits, so
    /// then this one waits behind it.
    pub(super) fn abort(&mut self, conn: ConnId, stream: u32, effects: &mut Effects) {
        let answer = match self.end_transfer(conn, stream, effects) {
            Some(reply) => Answer::Reply(reply),
            None => Answer::Abort(stream),
        };
        self.answer(conn, answer, effects);
    }

    /// Ends a transfer early; none where no stream of that number is open.
    pub(super) fn end_transfer(
        &mut self,
        conn: ConnId,
        stream: u32,
        effects: &mut Effects,
    ) -> Option<Reply> {
        let session = self.sessions.get_mut(conn)?;
        if session.answers.close_download(stream) {
            effects.push(Effect::CancelDownload { conn, stream });
            return Some(Reply::text(Code::Done, Verb::Abort, "no more of it comes"));
        }
        let was_upload = self.abort_upload(conn, stream, effects);
        let text = "what came of it is dropped";
        was_upload.then(|| Reply::text(Code::Done, Verb::Abort, text))
    }

    /// A download was written to its end, or the file could not be read to its end.
    pub(super) fn download_over(
        &mut self,
        conn: ConnId,
        stream: u32,
        complete: bool,
        effects: &mut Effects,
    ) {
        let Some(session) = self.sessions.get_mut(conn) else { return };
        let was_open = session.answers.close_download(stream);
        if was_open && !complete {
            let to = effects.recipients([conn]);
            let notice = Event::Abort { stream, reason: "the file can't be read any further" };
            effects.push(Effect::Event { notice, to });
        }
    }

    /// Takes a part of a file frame.
    pub(super) fn file(&mut self, conn: ConnId, stream: u32, effects: &mut Effects) {
        let Some(session) = self.sessions.get_mut(conn) else { return };
        debug_assert!(session.takes_input(), "{conn} sent a file frame out of turn");
        // What belongs to a stream that is over was on its way when it ended.
        if !session.answers.knows_stream(stream) {
            self.close_in_turn(conn, CloseReason::BadFileFrame, effects);
        }
    }
}

/// The answer to ABORT where there is nothing to end.
pub(super) fn no_transfer() -> Reply {
    Reply::text(Code::NotFound, Verb::Abort, "no transfer of that number is under way")
}
