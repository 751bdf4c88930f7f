//! The queue of one session's replies, and the session's streams.
//!
//! Replies are given in the order of the requests, while jobs end in any order. So a reply that
//! waits for a job holds a slot in a queue, and the replies behind it wait too, even if they are
//! ready.

use std::collections::VecDeque;

use crate::chat::answer::{Answer, List};
use crate::chat::close::CloseReason;
use crate::chat::file::FileRef;
use crate::chat::kind::Kind;
use crate::chat::sha256::Sha256Sum;
use crate::hub::job::JobId;
use crate::limits::{ANSWERS_WAITING_MAX, DOWNLOADS_MAX, UPLOADS_MAX};

/// A reply to a request.
#[derive(Debug)]
pub enum Reply {
    Answer(Answer),
    List(List),
    Download(Download),
    Upload(Upload),
    /// An ABORT of a stream that was not open yet. The hub looks for the stream again once this
    /// reply has its turn.
    Abort(u32),
    /// The list of all metrics, which the server makes.
    Figures,
    /// The last line, if it is an answer. The connection closes once all replies before it are
    /// given.
    Close(CloseReason, Option<Answer>),
}

/// A download that is ready to begin. Its stream gets a number when the reply has its turn, so that
/// numbers rise in the order of the answers that announce them.
#[derive(Debug)]
pub struct Download {
    /// The job that opened the file.
    pub job: JobId,
    pub offset: u64,
    pub size: u64,
    pub file: FileRef,
}

/// An upload that is ready to begin. Its stream gets a number as that of a download does.
#[derive(Debug)]
pub struct Upload {
    /// The job that opened the file.
    pub job: JobId,
    /// The kind of the request that announced it.
    pub of: Kind,
    /// The number of bytes that are there already.
    pub offset: u64,
    /// The hash of those bytes.
    pub sha256: Sha256Sum,
    /// The size in bytes that it will have.
    pub size: u64,
}

#[derive(Debug)]
/// A place in the queue.
enum ReplySlot {
    /// A reply that waits for the outcome of a job.
    Waiting(JobId),
    Ready(Reply),
    /// An ABORT whose stream the hub is looking for.
    Aborting,
}

/// A reply that has its turn.
#[derive(Debug)]
pub enum Due {
    /// Give the reply.
    Reply(Reply),
    /// Look for the stream to end, then call [`ReplyQueue::abort_done`].
    Abort(u32),
}

/// The queue of replies, and the streams. Most sessions have neither most of the time; then it
/// takes one word.
#[derive(Debug, Default)]
pub struct ReplyQueue(Option<Box<Queue>>);

#[derive(Debug, Default)]
struct Queue {
    slots: VecDeque<ReplySlot>,
    /// The streams of the open downloads.
    downloads: Vec<u32>,
    /// The number of downloads that have no stream yet.
    downloads_asked: usize,
    /// The streams of the open uploads, and the jobs that opened them.
    open_uploads: Vec<(u32, JobId)>,
    /// The number of uploads, from the request to the end.
    uploads: usize,
    /// The number of uploads that have no stream yet.
    uploads_asked: usize,
    /// The number of complete uploads that are being made files.
    finishing: usize,
    /// The number of the last stream.
    streams: u32,
}

impl ReplyQueue {
    /// The number of replies that wait.
    pub fn waiting(&self) -> usize {
        self.0.as_ref().map_or(0, |queue| queue.slots.len())
    }

    /// Returns true if one more reply may wait.
    pub fn may_wait_more(&self) -> bool {
        self.waiting() < ANSWERS_WAITING_MAX
    }

    /// Returns true if a reply waits on which a dialogue depends: the next line means something
    /// else after it.
    pub fn dialogue_waits(&self) -> bool {
        self.slots().any(|slot| match slot {
            ReplySlot::Ready(Reply::Answer(answer)) => match answer.of {
                Kind::ConfirmPassword => true,
                Kind::Step(_) => answer.result.is_err(),
                _ => false,
            },
            ReplySlot::Ready(_) | ReplySlot::Waiting(_) | ReplySlot::Aborting => false,
        })
    }

    /// The number of lists that wait. They are made when they are asked for and may be long, so a
    /// session has one at most.
    pub fn lists_waiting(&self) -> usize {
        self.slots().filter(|slot| matches!(slot, ReplySlot::Ready(Reply::List(_)))).count()
    }

    /// Adds a place for a reply that waits for the outcome of a job.
    pub fn wait_for(&mut self, job_id: JobId) {
        self.queue().slots.push_back(ReplySlot::Waiting(job_id));
    }

    /// Adds a reply that is ready.
    pub fn push(&mut self, answer: Reply) {
        self.queue().slots.push_back(ReplySlot::Ready(answer));
    }

    /// Lets the reply that waits for job `before` wait for job `after`.
    pub fn wait_instead(&mut self, before: JobId, after: JobId) {
        let slots = self.0.iter_mut().flat_map(|queue| queue.slots.iter_mut());
        for slot in slots {
            if let ReplySlot::Waiting(waiting) = slot
                && *waiting == before
            {
                *waiting = after;
                return;
            }
        }
        debug_assert!(false, "no answer waits for {before:?}");
    }

    /// Puts a reply in the place that waits for the outcome of a job. Returns it instead if it has
    /// its turn; the others whose turn comes then are to be [popped](Self::pop).
    pub fn resolve(&mut self, job_id: JobId, reply: Reply) -> Option<Reply> {
        let Some(queue) = &mut self.0 else {
            debug_assert!(false, "no answer waits for {job_id:?}");
            return None;
        };
        let is_meant =
            |slot: &ReplySlot| matches!(slot, ReplySlot::Waiting(waiting) if *waiting == job_id);
        if queue.slots.front().is_some_and(is_meant) {
            queue.slots.pop_front();
            self.free_if_unused();
            return Some(reply);
        }
        match queue.slots.iter_mut().find(|slot| is_meant(slot)) {
            Some(slot) => *slot = ReplySlot::Ready(reply),
            None => debug_assert!(false, "no answer waits for {job_id:?}"),
        }
        None
    }

    /// Takes the next reply that has its turn out of the queue. An ABORT stays, and holds up the
    /// replies behind it, until [`abort_done`].
    ///
    /// [`abort_done`]: Self::abort_done
    pub fn pop(&mut self) -> Option<Due> {
        let queue = self.0.as_mut()?;
        let due = match queue.slots.front_mut()? {
            ReplySlot::Waiting(_) | ReplySlot::Aborting => return None,
            slot @ ReplySlot::Ready(Reply::Abort(_)) => {
                let ReplySlot::Ready(Reply::Abort(stream)) =
                    std::mem::replace(slot, ReplySlot::Aborting)
                else {
                    return None;
                };
                Due::Abort(stream)
            }
            ReplySlot::Ready(_) => match queue.slots.pop_front() {
                Some(ReplySlot::Ready(reply)) => Due::Reply(reply),
                _ => return None,
            },
        };
        self.free_if_unused();
        Some(due)
    }

    /// Removes the ABORT at the head of the queue, which the hub answers now.
    pub fn abort_done(&mut self) {
        let Some(queue) = &mut self.0 else { return };
        debug_assert!(
            matches!(queue.slots.front(), Some(ReplySlot::Aborting)),
            "no stream is ended"
        );
        queue.slots.pop_front();
        self.free_if_unused();
    }

    /// Counts a download that a request asks for. Returns false if there are too many.
    pub fn ask_for_download(&mut self) -> bool {
        let queue = self.queue();
        let room = queue.downloads.len() + queue.downloads_asked < DOWNLOADS_MAX;
        if room {
            queue.downloads_asked += 1;
        }
        self.free_if_unused();
        room
    }

    /// The number of downloads that have no stream yet.
    pub fn downloads_asked(&self) -> usize {
        self.0.as_ref().map_or(0, |queue| queue.downloads_asked)
    }

    /// Uncounts a download that is refused.
    pub fn download_refused(&mut self) {
        self.queue().downloads_asked -= 1;
        self.free_if_unused();
    }

    /// Opens the stream of a download that was asked for. Returns its number.
    pub fn open_download(&mut self) -> u32 {
        let stream = self.open_stream();
        let queue = self.queue();
        queue.downloads_asked -= 1;
        queue.downloads.push(stream);
        stream
    }

    /// Takes the next number of a stream.
    fn open_stream(&mut self) -> u32 {
        let queue = self.queue();
        queue.streams += 1;
        queue.streams
    }

    /// Closes the stream of a download. Returns false if none of that number is open.
    pub fn close_download(&mut self, stream: u32) -> bool {
        let Some(queue) = &mut self.0 else { return false };
        let Some(at) = queue.downloads.iter().position(|open| *open == stream) else {
            return false;
        };
        queue.downloads.swap_remove(at);
        true
    }

    /// Counts an upload that a request asks for. Returns false if there are too many.
    pub fn ask_for_upload(&mut self) -> bool {
        let queue = self.queue();
        let room = queue.uploads < UPLOADS_MAX;
        queue.uploads += usize::from(room);
        queue.uploads_asked += usize::from(room);
        self.free_if_unused();
        room
    }

    /// The number of uploads that have no stream yet.
    pub fn uploads_asked(&self) -> usize {
        self.0.as_ref().map_or(0, |queue| queue.uploads_asked)
    }

    /// Uncounts an upload that is refused.
    pub fn upload_refused(&mut self) {
        self.queue().uploads_asked -= 1;
        self.upload_over();
    }

    /// Opens the stream of an upload that was asked for. Returns its number.
    pub fn open_upload(&mut self, job: JobId) -> u32 {
        let stream = self.open_stream();
        let queue = self.queue();
        queue.uploads_asked -= 1;
        queue.open_uploads.push((stream, job));
        stream
    }

    /// The job that opened the upload of a stream.
    pub fn open_upload_of(&self, stream: u32) -> Option<JobId> {
        let open = &self.0.as_ref()?.open_uploads;
        open.iter().find(|(of, _)| *of == stream).map(|(_, job)| *job)
    }

    /// Closes the stream of an upload, and returns the job that opened it. None if no upload of
    /// that number is open.
    pub fn close_upload(&mut self, stream: u32) -> Option<JobId> {
        let open = &mut self.0.as_mut()?.open_uploads;
        let at = open.iter().position(|(of, _)| *of == stream)?;
        Some(open.swap_remove(at).1)
    }

    /// Uncounts an upload that had a stream.
    pub fn upload_over(&mut self) {
        self.queue().uploads -= 1;
        self.free_if_unused();
    }

    /// The number of uploads, from the request to the end.
    pub fn uploads(&self) -> usize {
        self.0.as_ref().map_or(0, |queue| queue.uploads)
    }

    /// Counts an upload as complete. Its outcome is to be told from now on.
    pub fn upload_whole(&mut self) {
        self.queue().finishing += 1;
    }

    /// Uncounts a complete upload whose outcome is told.
    pub fn upload_finished(&mut self) {
        self.queue().finishing -= 1;
        self.upload_over();
    }

    /// The number of complete uploads that are being made files.
    pub fn uploads_finishing(&self) -> usize {
        self.0.as_ref().map_or(0, |queue| queue.finishing)
    }

    /// Returns true if a stream of that number was ever open.
    pub fn knows_stream(&self, stream: u32) -> bool {
        let streams = self.0.as_ref().map_or(0, |queue| queue.streams);
        (1..=streams).contains(&stream)
    }

    /// The jobs that opened files for downloads that have not begun.
    pub fn opened_downloads(&self) -> impl Iterator<Item = JobId> {
        self.slots().filter_map(|slot| match slot {
            ReplySlot::Ready(Reply::Download(download)) => Some(download.job),
            _ => None,
        })
    }

    /// The jobs that opened files for uploads that have not begun.
    pub fn opened_uploads(&self) -> impl Iterator<Item = JobId> {
        self.slots().filter_map(|slot| match slot {
            ReplySlot::Ready(Reply::Upload(upload)) => Some(upload.job),
            _ => None,
        })
    }

    /// The streams of the open uploads, and the jobs that opened them.
    pub fn open_streams(&self) -> impl Iterator<Item = (u32, JobId)> {
        self.0.iter().flat_map(|queue| &queue.open_uploads).copied()
    }

    /// The jobs that opened the uploads whose streams are open.
    pub fn open_uploads(&self) -> impl Iterator<Item = JobId> {
        self.open_streams().map(|(_, job)| job)
    }

    /// The number of transfers that hold a file open, or ask for one.
    pub fn transfers(&self) -> usize {
        self.0.as_ref().map_or(0, |queue| {
            let uploads = queue.uploads - queue.finishing;
            queue.downloads.len() + queue.downloads_asked + uploads
        })
    }

    /// The jobs that opened files for transfers that have not begun.
    pub fn opened_files(&self) -> impl Iterator<Item = JobId> {
        self.opened_downloads().chain(self.opened_uploads())
    }

    /// The jobs for whose outcomes replies wait.
    pub fn awaited(&self) -> impl Iterator<Item = JobId> {
        self.slots().filter_map(|slot| match slot {
            ReplySlot::Waiting(job) => Some(*job),
            ReplySlot::Ready(_) | ReplySlot::Aborting => None,
        })
    }

    fn slots(&self) -> impl Iterator<Item = &ReplySlot> {
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

    /// Checks the invariants between two inputs, for tests.
    pub fn check_invariants(&self) {
        let Some(queue) = &self.0 else { return };
        assert!(queue.slots.len() <= ANSWERS_WAITING_MAX + 1, "one more for the last line");
        let waits = matches!(queue.slots.front(), None | Some(ReplySlot::Waiting(_)));
        assert!(waits, "a reply waits though its turn has come");
        assert!(self.lists_waiting() <= 1, "more than one list waits");
        assert!(queue.downloads.len() + queue.downloads_asked <= DOWNLOADS_MAX);
        assert!(queue.uploads <= UPLOADS_MAX);
        let open = queue.open_uploads.len();
        assert_eq!(queue.uploads_asked + queue.finishing + open, queue.uploads);
        assert!(queue.downloads.iter().all(|stream| *stream <= queue.streams));
    }
}
