//! Answers that wait for their turn, and the transfers of one session.
//!
//! Final replies come in the order of the requests, while jobs end in any order. So an answer that
//! waits for a job holds a slot in a queue, and what is ready behind it waits too.

use std::collections::VecDeque;

use super::uploads::Upload;
use crate::chat::answer::{Answer, List};
use crate::chat::close::CloseReason;
use crate::chat::file::{FileRef, UploadId};
use crate::chat::request::Kind;
use crate::chat::sha256::Sha256Sum;
use crate::hub::job::JobId;
use crate::limits::{ANSWERS_WAITING_MAX, DOWNLOADS_MAX, UPLOADS_MAX};

/// What a request comes to, until its turn has come.
#[derive(Debug)]
pub(super) enum Reply {
    Answer(Answer),
    List(List),
    /// The list of messages that this session has under way, which begins now.
    Messages,
    Download(Download),
    Upload(ReadyUpload),
    /// The end of a stream that was not open yet when that was asked for.
    Abort(u32),
    /// The figures, which the server knows.
    Figures,
    /// The last answer: the connection closes once all before it are given.
    Close(CloseReason, Option<Answer>),
}

/// A download that is ready to begin. Its stream gets its number when its turn has come, so that
/// numbers rise in the order of the replies that tell them.
#[derive(Debug)]
pub(super) struct Download {
    /// The job that opened the file.
    pub ticket: JobId,
    pub offset: u64,
    pub size: u64,
    pub file: FileRef,
}

/// An upload that is ready to begin. It gets its stream as a download does.
#[derive(Debug)]
pub(super) struct ReadyUpload {
    /// The job that opened the file.
    pub ticket: JobId,
    pub id: UploadId,
    /// How many bytes are there already.
    pub offset: u64,
    /// The sum of those.
    pub sha256: Sha256Sum,
    pub upload: Upload,
}

#[derive(Debug)]
enum Slot {
    /// Waits for the outcome of a job.
    Waiting(JobId),
    Ready(Reply),
}

/// The answers that wait, and the streams. Most sessions have neither most of the time, and then
/// it takes one word.
#[derive(Debug, Default)]
pub(super) struct Answers(Option<Box<Queue>>);

#[derive(Debug, Default)]
struct Queue {
    slots: VecDeque<Slot>,
    /// The streams that are open.
    downloads: Vec<u32>,
    /// How many of the slots are for downloads that have no stream yet.
    downloads_asked: usize,
    /// How many uploads there are, from being asked for to being over.
    uploads: usize,
    /// How many of those have no stream yet.
    uploads_asked: usize,
    /// How many of those are whole, and are being made files.
    finishing: usize,
    /// How many numbers were given to streams.
    streams: u32,
}

impl Answers {
    /// How many answers wait.
    pub fn waiting(&self) -> usize {
        self.0.as_ref().map_or(0, |queue| queue.slots.len())
    }

    /// Whether one more may wait.
    pub fn may_wait_more(&self) -> bool {
        self.waiting() < ANSWERS_WAITING_MAX
    }

    /// Whether an answer waits on which a dialogue goes on: what follows means something else then.
    pub fn dialogue_waits(&self) -> bool {
        self.slots().any(|slot| match slot {
            Slot::Ready(Reply::Answer(answer)) => match answer.of {
                Kind::ConfirmPassword => true,
                Kind::Step(_) => answer.result.is_err(),
                _ => false,
            },
            Slot::Ready(_) | Slot::Waiting(_) => false,
        })
    }

    /// How many lists wait. They are made when they are asked for and may be long, so a session has
    /// one at most.
    pub fn lists_waiting(&self) -> usize {
        self.slots().filter(|slot| matches!(slot, Slot::Ready(Reply::List(_)))).count()
    }

    /// Keeps a place for the outcome of a job.
    pub fn wait_for(&mut self, ticket: JobId) {
        self.queue().slots.push_back(Slot::Waiting(ticket));
    }

    /// Keeps an answer that is ready until its turn has come.
    pub fn push(&mut self, answer: Reply) {
        self.queue().slots.push_back(Slot::Ready(answer));
    }

    /// Has the place that was kept for the outcome of a job wait for another one.
    pub fn wait_instead(&mut self, before: JobId, after: JobId) {
        let slots = self.0.iter_mut().flat_map(|queue| queue.slots.iter_mut());
        for slot in slots {
            if let Slot::Waiting(waiting) = slot
                && *waiting == before
            {
                *waiting = after;
                return;
            }
        }
        debug_assert!(false, "no answer waits for {before:?}");
    }

    /// Puts the answer in the place that was kept for it.
    pub fn resolve(&mut self, ticket: JobId, answer: Reply) {
        let slots = self.0.iter_mut().flat_map(|queue| queue.slots.iter_mut());
        for slot in slots {
            if matches!(slot, Slot::Waiting(waiting) if *waiting == ticket) {
                *slot = Slot::Ready(answer);
                return;
            }
        }
        debug_assert!(false, "no answer waits for {ticket:?}");
    }

    /// The next answer whose turn has come.
    pub fn pop(&mut self) -> Option<Reply> {
        let queue = self.0.as_mut()?;
        let answer = match queue.slots.pop_front()? {
            Slot::Ready(answer) => Some(answer),
            waiting @ Slot::Waiting(_) => {
                queue.slots.push_front(waiting);
                None
            }
        };
        self.free_if_unused();
        answer
    }

    /// Counts a download that is asked for; false where there are as many as there may be.
    pub fn ask_for_download(&mut self) -> bool {
        let queue = self.queue();
        let room = queue.downloads.len() + queue.downloads_asked < DOWNLOADS_MAX;
        if room {
            queue.downloads_asked += 1;
        }
        self.free_if_unused();
        room
    }

    /// How many downloads are asked for that have no stream yet.
    pub fn downloads_asked(&self) -> usize {
        self.0.as_ref().map_or(0, |queue| queue.downloads_asked)
    }

    /// A download that was asked for comes to nothing.
    pub fn download_refused(&mut self) {
        self.queue().downloads_asked -= 1;
        self.free_if_unused();
    }

    /// Opens the stream of a download that was asked for.
    pub fn open_download(&mut self) -> u32 {
        let stream = self.open_stream();
        let queue = self.queue();
        queue.downloads_asked -= 1;
        queue.downloads.push(stream);
        stream
    }

    /// Gives the next number to a stream.
    fn open_stream(&mut self) -> u32 {
        let queue = self.queue();
        queue.streams += 1;
        queue.streams
    }

    /// Ends a download; false where none of that number is open.
    pub fn close_download(&mut self, stream: u32) -> bool {
        let Some(queue) = &mut self.0 else { return false };
        let Some(at) = queue.downloads.iter().position(|open| *open == stream) else {
            return false;
        };
        queue.downloads.swap_remove(at);
        true
    }

    /// Counts an upload that is asked for; false where there are as many as there may be.
    pub fn ask_for_upload(&mut self) -> bool {
        let queue = self.queue();
        let room = queue.uploads < UPLOADS_MAX;
        queue.uploads += usize::from(room);
        queue.uploads_asked += usize::from(room);
        self.free_if_unused();
        room
    }

    /// How many uploads are asked for that have no stream yet.
    pub fn uploads_asked(&self) -> usize {
        self.0.as_ref().map_or(0, |queue| queue.uploads_asked)
    }

    /// An upload that was asked for comes to nothing.
    pub fn upload_refused(&mut self) {
        self.queue().uploads_asked -= 1;
        self.upload_over();
    }

    /// Opens the stream of an upload that was asked for.
    pub fn open_upload(&mut self) -> u32 {
        self.queue().uploads_asked -= 1;
        self.open_stream()
    }

    /// An upload that had a stream is over.
    pub fn upload_over(&mut self) {
        self.queue().uploads -= 1;
        self.free_if_unused();
    }

    /// How many uploads there are, from being asked for to being over.
    pub fn uploads(&self) -> usize {
        self.0.as_ref().map_or(0, |queue| queue.uploads)
    }

    /// An upload is whole. That it is a file, or why not, is owed from now on.
    pub fn upload_whole(&mut self) {
        self.queue().finishing += 1;
    }

    /// A whole upload is a file, or could not be made one.
    pub fn upload_finished(&mut self) {
        self.queue().finishing -= 1;
        self.upload_over();
    }

    /// How many whole uploads are being made files.
    pub fn uploads_finishing(&self) -> usize {
        self.0.as_ref().map_or(0, |queue| queue.finishing)
    }

    /// Whether a stream of that number was ever open.
    pub fn knows_stream(&self, stream: u32) -> bool {
        let streams = self.0.as_ref().map_or(0, |queue| queue.streams);
        (1..=streams).contains(&stream)
    }

    /// The jobs whose files were opened for downloads that have not begun.
    pub fn opened_downloads(&self) -> impl Iterator<Item = JobId> {
        self.slots().filter_map(|slot| match slot {
            Slot::Ready(Reply::Download(download)) => Some(download.ticket),
            _ => None,
        })
    }

    /// The uploads whose files were opened and that have not begun.
    pub fn opened_uploads(&self) -> impl Iterator<Item = &ReadyUpload> {
        self.slots().filter_map(|slot| match slot {
            Slot::Ready(Reply::Upload(ready)) => Some(ready),
            _ => None,
        })
    }

    /// The jobs whose files were opened for what has not begun.
    pub fn opened_files(&self) -> impl Iterator<Item = JobId> {
        self.opened_downloads().chain(self.opened_uploads().map(|ready| ready.ticket))
    }

    /// The jobs whose outcomes are awaited.
    pub fn awaited(&self) -> impl Iterator<Item = JobId> {
        self.slots().filter_map(|slot| match slot {
            Slot::Waiting(ticket) => Some(*ticket),
            Slot::Ready(_) => None,
        })
    }

    fn slots(&self) -> impl Iterator<Item = &Slot> {
        self.0.iter().flat_map(|queue| &queue.slots)
    }

    fn queue(&mut self) -> &mut Queue {
        self.0.get_or_insert_default()
    }

    fn free_if_unused(&mut self) {
        let unused = self.0.as_ref().is_some_and(|queue| {
            queue.slots.is_empty()
                && queue.streams == 0
                && queue.downloads_asked == 0
                && queue.uploads == 0
        });
        if unused {
            self.0 = None;
        }
    }

    pub fn check_invariants(&self) {
        let Some(queue) = &self.0 else { return };
        assert!(queue.slots.len() <= ANSWERS_WAITING_MAX + 1, "one more for the last line");
        let ready_first = matches!(queue.slots.front(), Some(Slot::Ready(_)));
        assert!(!ready_first, "an answer waits though its turn has come");
        assert!(self.lists_waiting() <= 1, "more than one list waits");
        assert!(queue.downloads.len() + queue.downloads_asked <= DOWNLOADS_MAX);
        assert!(queue.uploads <= UPLOADS_MAX);
        assert!(queue.uploads_asked + queue.finishing <= queue.uploads);
        assert!(queue.downloads.iter().all(|stream| *stream <= queue.streams));
    }
}
