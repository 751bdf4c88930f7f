//! Reading files: lists of the shared folder, hashes and downloads, and who may read a file of a
//! chat.

use crate::chat::answer::{Answer, Done, Item};
use crate::chat::close::CloseReason;
use crate::chat::event::{AbortReason, Event};
use crate::chat::file::FileRef;
use crate::chat::kind::Kind;
use crate::chat::name::FileName;
use crate::chat::party::Party;
use crate::chat::refusal::{Failure, Refusal};
use crate::hub::context::Cx;
use crate::hub::effect::Effect;
use crate::hub::input::{ConnId, DownloadEnd};
use crate::hub::job::{Job, JobId, Outcome, Value};
use crate::hub::outcome::failed;
use crate::hub::pending::{Domain, Pending};
use crate::hub::people::People;
use crate::hub::sessions::replies::{Download, Reply};

/// The jobs that list, open and hash files.
#[derive(Debug)]
pub struct Downloads {
    pub pending: Pending<ReadJob>,
}

/// The purpose of a job that reads files.
#[derive(Debug)]
pub enum ReadJob {
    /// Lists a folder. The session is blocked until it is read.
    ListFolder(ConnId),
    /// Finds the chat into which a file was sent, and so whether the session may read it.
    FindSent(WantedFile),
    /// Opens or hashes a file that the session may read.
    Read(WantedFile),
}

/// A file that a session asked for.
#[derive(Debug)]
pub struct WantedFile {
    pub conn: ConnId,
    by: Party,
    file: FileRef,
    pub purpose: Purpose,
}

/// The purpose for which a session asked for a file.
#[derive(Clone, Copy, Debug)]
pub enum Purpose {
    /// To download it from byte `offset` on.
    Download { offset: u64 },
    /// To hash it.
    Sum,
}

impl WantedFile {
    fn job(&self) -> Job {
        let by = self.by;
        match (&self.file, self.purpose) {
            (FileRef::Shared(name), Purpose::Download { .. }) => {
                Job::OpenFile { by, name: name.clone() }
            }
            (FileRef::Shared(name), Purpose::Sum) => Job::SumFile { by, name: name.clone() },
            (FileRef::Sent(id), Purpose::Download { .. }) => Job::OpenSent { by, message: *id },
            (FileRef::Sent(id), Purpose::Sum) => Job::SumSent { by, message: *id },
        }
    }

    fn missing(&self) -> Refusal {
        Refusal::NoSuchFile(self.file.to_string().into())
    }
}

impl Downloads {
    /// No job under way.
    pub fn new() -> Self {
        Downloads { pending: Pending::new(Domain::Files) }
    }

    /// Lists a folder, and blocks the session until it is read, since such a list may be long. No
    /// later answer can be ready meanwhile, so no turn is kept for this one.
    pub fn list_folder(
        &mut self,
        (conn, by): (ConnId, Party),
        path: Option<FileName>,
        cx: &mut Cx<'_>,
    ) {
        self.pending.begin(Job::ListFolder { by, path }, ReadJob::ListFolder(conn), cx);
        cx.block(conn);
    }

    /// Hashes a file.
    pub fn sum(&mut self, (conn, by): (ConnId, Party), file: FileRef, cx: &mut Cx<'_>) {
        self.read(WantedFile { conn, by, file, purpose: Purpose::Sum }, cx);
    }

    /// Opens a file for a download from byte `offset` on. Guests may read the shared folder alone.
    pub fn download(
        &mut self,
        (conn, by): (ConnId, Party),
        offset: u64,
        file: FileRef,
        cx: &mut Cx<'_>,
    ) -> Result<(), Refusal> {
        let Some(session) = cx.session(conn) else { return Ok(()) };
        if matches!(file, FileRef::Sent(_)) && session.user().is_none() {
            return Err(Refusal::NotLoggedIn);
        }
        if !session.replies.ask_for_download() {
            return Err(Refusal::TooManyDownloads);
        }
        self.read(WantedFile { conn, by, file, purpose: Purpose::Download { offset } }, cx);
        Ok(())
    }

    /// Begins to read a file. If it was sent into a chat, the chat must be found first.
    fn read(&mut self, wanted: WantedFile, cx: &mut Cx<'_>) {
        let conn = wanted.conn;
        let id = match wanted.file {
            FileRef::Shared(_) => self.pending.begin(wanted.job(), ReadJob::Read(wanted), cx),
            FileRef::Sent(message) => {
                self.pending.begin(Job::FindSent(message), ReadJob::FindSent(wanted), cx)
            }
        };
        cx.reply_after(conn, id);
    }

    /// Takes the outcome of a job.
    pub fn done(&mut self, id: JobId, outcome: Outcome, people: People<'_>, cx: &mut Cx<'_>) {
        match self.pending.take(id) {
            Some(ReadJob::ListFolder(conn)) => folder_read(conn, outcome, cx),
            Some(ReadJob::FindSent(wanted)) => self.sent_found(id, wanted, &outcome, people, cx),
            Some(ReadJob::Read(wanted)) => match wanted.purpose {
                Purpose::Download { offset } => opened(id, &wanted, offset, &outcome, cx),
                Purpose::Sum => {
                    let result = summed(&wanted, &outcome);
                    cx.resolve_answer(wanted.conn, id, Kind::Sum, result);
                }
            },
            None => {}
        }
    }

    /// Goes on with a file that was sent into a chat, once the chat is found. A file that the user
    /// may not read is answered as if it did not exist.
    fn sent_found(
        &mut self,
        id: JobId,
        wanted: WantedFile,
        outcome: &Outcome,
        people: People<'_>,
        cx: &mut Cx<'_>,
    ) {
        let conn = wanted.conn;
        let Some(user) = cx.core.user_of(conn) else { return };
        let refusal = match outcome {
            Ok(Value::Sent(message))
                if wanted.file == FileRef::Sent(message.id) && people.may_read(user, message) =>
            {
                let next = self.pending.begin(wanted.job(), ReadJob::Read(wanted), cx);
                if let Some(session) = cx.session(conn) {
                    session.replies.wait_instead(id, next);
                }
                return;
            }
            Ok(Value::Sent(_)) | Err(Failure::NotFound) => wanted.missing(),
            other => failed(other),
        };
        match wanted.purpose {
            Purpose::Download { .. } => {
                if let Some(session) = cx.session(conn) {
                    session.replies.download_refused();
                }
                cx.resolve_answer(conn, id, Kind::Get, Err(refusal));
            }
            Purpose::Sum => cx.resolve_answer(conn, id, Kind::Sum, Err(refusal)),
        }
    }
}

/// Answers with a folder that was read, and unblocks the session, if it is still there.
fn folder_read(conn: ConnId, outcome: Outcome, cx: &mut Cx<'_>) {
    if !cx.unblock(conn) {
        return;
    }
    let refusal = match outcome {
        Ok(Value::Folder(entries)) => {
            let items: Vec<Item> = entries.into_iter().map(Item::Entry).collect();
            return cx.list(conn, Kind::Ls, items);
        }
        Err(Failure::NotFound) => Refusal::NoSuchFolder,
        other => failed(&other),
    };
    cx.refuse(conn, Kind::Ls, refusal);
}

/// The result of a SUM whose file was hashed.
fn summed(wanted: &WantedFile, outcome: &Outcome) -> Result<Done, Refusal> {
    match *outcome {
        Ok(Value::Summed { sha256, size }) => {
            Ok(Done::Sum { sha256, size, file: wanted.file.clone() })
        }
        Err(Failure::NotFound) => Err(wanted.missing()),
        _ => Err(failed(outcome)),
    }
}

/// Begins a download whose file was opened. The file is closed if the session has ended, or if the
/// file ends before the download would begin.
fn opened(id: JobId, wanted: &WantedFile, offset: u64, outcome: &Outcome, cx: &mut Cx<'_>) {
    let conn = wanted.conn;
    let is_open = matches!(outcome, Ok(Value::Opened { .. }));
    let Some(session) = cx.session(conn) else {
        if is_open {
            cx.effects.push(Effect::DropFile { job_id: id });
        }
        return;
    };
    let refusal = match *outcome {
        Ok(Value::Opened { size }) if offset <= size => {
            let download = Download { job: id, offset, size, file: wanted.file.clone() };
            return cx.resolve(conn, id, Reply::Download(download));
        }
        Ok(Value::Opened { .. }) => Refusal::PastTheEnd,
        Err(Failure::NotFound) => wanted.missing(),
        _ => failed(outcome),
    };
    session.replies.download_refused();
    let is_guest = session.user().is_none();
    if is_open {
        cx.effects.push(Effect::DropFile { job_id: id });
    }
    cx.resolve(conn, id, refused(is_guest, refusal));
}

/// Answers a GET for a file that can't exist.
pub fn no_such_file(conn: ConnId, refusal: Refusal, cx: &mut Cx<'_>) {
    let Some(session) = cx.session(conn) else { return };
    let is_guest = session.user().is_none();
    cx.reply(conn, refused(is_guest, refusal));
}

/// The reply to a GET that is refused. For a guest, the refusal of a file that does not exist is
/// the last line.
fn refused(is_guest: bool, refusal: Refusal) -> Reply {
    let is_last = is_guest && matches!(refusal, Refusal::NoSuchFile(_));
    let answer = Answer { of: Kind::Get, result: Err(refusal) };
    match is_last {
        true => Reply::Close(CloseReason::NoSuchFile, Some(answer)),
        false => Reply::Answer(answer),
    }
}

/// Ends a download early. Returns false if no download of that number is open.
pub fn cancel(conn: ConnId, stream: u32, cx: &mut Cx<'_>) -> bool {
    let was_open = close(conn, stream, cx);
    if was_open {
        cx.effects.push(Effect::CancelDownload { conn, stream });
    }
    was_open
}

/// Handles the end of a download.
pub fn over(conn: ConnId, stream: u32, end: DownloadEnd, cx: &mut Cx<'_>) {
    let was_open = close(conn, stream, cx);
    let reason = match end {
        DownloadEnd::Whole => return,
        DownloadEnd::Failed => AbortReason::ReadFailed,
        DownloadEnd::Stalled => AbortReason::Stalled,
    };
    if was_open {
        cx.tell(Event::Abort { stream, reason }, [conn]);
    }
}

fn close(conn: ConnId, stream: u32, cx: &mut Cx<'_>) -> bool {
    cx.session(conn).is_some_and(|session| session.replies.close_download(stream))
}
