//! The queue of one session's replies, and its streams.
//!
//! Final answers come in the order of the requests, while jobs end in any order. So an answer that
//! waits for a job holds a slot in a queue, and what is ready behind it waits too.

use std::collections::VecDeque;

use crate::chat::answer::{Answer, List};
use crate::chat::close::CloseReason;
use crate::chat::file::FileRef;
use crate::chat::request::Kind;
use crate::chat::sha256::Sha256Sum;
use crate::hub::job::JobId;
use crate::limits::{ANSWERS_WAITING_MAX, DOWNLOADS_MAX, UPLOADS_MAX};

/// What a request comes to, until its turn has come.
#[derive(Debug)]
pub enum Reply {
    Answer(Answer),
    List(List),
    Download(Download),
    Upload(Upload),
    /// The end of a stream that was not open yet when that was asked for: the hub looks again when
    /// its turn has come.
    Abort(u32),
    /// The figures, which the server knows.
    Figures,
    /// The last answer: the connection closes once all before it are given.
    Close(CloseReason, Option<Answer>),
}

/// A download that is ready to begin. Its stream gets its number when its turn has come, so that
/// numbers rise in the order of the answers that tell them.
#[derive(Debug)]
pub struct Download {
    /// The job that opened the file.
    pub job: JobId,
    pub offset: u64,
    pub size: u64,
    pub file: FileRef,
}

/// An upload that is ready to begin. It gets its stream as a download does.
#[derive(Debug)]
pub struct Upload {
    /// The job that opened the file.
    pub job: JobId,
    /// What announced it.
    pub of: Kind,
    /// How many bytes are there already.
    pub offset: u64,
    /// The sum of those.
    pub sha256: Sha256Sum,
    /// How many bytes it will have.
    pub size: u64,
}

#[derive(Debug)]
enum ReplySlot {
    /// Waits for the outcome of a job.
    Waiting(JobId),
    Ready(Reply),
    /// The hub is looking whether there is a stream to end.
    Aborting,
}

/// What is to be done because its turn has come.
#[derive(Debug)]
pub enum Due {
    /// Give a reply.
    Reply(Reply),
    /// Look whether there is a stream to end.
    Abort(u32),
}

/// The replies that wait, and the streams. Most sessions have neither most of the time, and then
/// it takes one word.
#[derive(Debug, Default)]
pub struct ReplyQueue(Option<Box<Queue>>);

#[derive(Debug, Default)]
struct Queue {
    slots: VecDeque<ReplySlot>,
    /// The streams that are open.
    downloads: Vec<u32>,
    /// How many of the slots are for downloads that have no stream yet.
    downloads_asked: usize,
    /// The uploads whose streams are open, and the jobs that opened them.
    open_uploads: Vec<(u32, JobId)>,
    /// How many uploads there are, from being asked for to being over.
    uploads: usize,
    /// How many of those have no stream yet.
    uploads_asked: usize,
    /// How many of those are whole, and are being made files.
    finishing: usize,
    /// How many numbers were given to streams.
    streams: u32,
}

impl ReplyQueue {
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
            ReplySlot::Ready(Reply::Answer(answer)) => match answer.of {
                Kind::ConfirmPassword => true,
                Kind::Step(_) => answer.result.is_err(),
                _ => false,
            },
            ReplySlot::Ready(_) | ReplySlot::Waiting(_) | ReplySlot::Aborting => false,
        })
    }

    /// How many lists wait. They are made when they are asked for and may be long, so a session has
    /// one at most.
    pub fn lists_waiting(&self) -> usize {
        self.slots().filter(|slot| matches!(slot, ReplySlot::Ready(Reply::List(_)))).count()
    }

    /// Keeps a place for the outcome of a job.
    pub fn wait_for(&mut self, job_id: JobId) {
        self.queue().slots.push_back(ReplySlot::Waiting(job_id));
    }

    /// Keeps an answer that is ready until its turn has come.
    pub fn push(&mut self, answer: Reply) {
        self.queue().slots.push_back(ReplySlot::Ready(answer));
    }

    /// Has the place that was kept for the outcome of a job wait for another one.
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

    /// Puts the answer in the place that was kept for it.
    pub fn resolve(&mut self, job_id: JobId, answer: Reply) {
        let slots = self.0.iter_mut().flat_map(|queue| queue.slots.iter_mut());
        for slot in slots {
            if matches!(slot, ReplySlot::Waiting(waiting) if *waiting == job_id) {
                *slot = ReplySlot::Ready(answer);
                return;
            }
        }
        debug_assert!(false, "no answer waits for {job_id:?}");
    }

    /// The next reply whose turn has come, taken out of the queue. An end of a stream that has yet
    /// to be looked at stays there, and holds up what is behind it, until [`abort_done`].
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

    /// The end of a stream was looked at, and is answered now.
    pub fn abort_done(&mut self) {
        let Some(queue) = &mut self.0 else { return };
        debug_assert!(
            matches!(queue.slots.front(), Some(ReplySlot::Aborting)),
            "no stream is ended"
        );
        queue.slots.pop_front();
        self.free_if_unused();
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
    pub fn open_upload(&mut self, job: JobId) -> u32 {
        let stream = self.open_stream();
        let queue = self.queue();
        queue.uploads_asked -= 1;
        queue.open_uploads.push((stream, job));
        stream
    }

    /// The job that opened an upload whose stream is open.
    pub fn open_upload_of(&self, stream: u32) -> Option<JobId> {
        let open = &self.0.as_ref()?.open_uploads;
        open.iter().find(|(of, _)| *of == stream).map(|(_, job)| *job)
    }

    /// Closes the stream of an upload, and tells which job opened that; none where no upload of
    /// that number is open.
    pub fn close_upload(&mut self, stream: u32) -> Option<JobId> {
        let open = &mut self.0.as_mut()?.open_uploads;
        let at = open.iter().position(|(of, _)| *of == stream)?;
        Some(open.swap_remove(at).1)
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
            ReplySlot::Ready(Reply::Download(download)) => Some(download.job),
            _ => None,
        })
    }

    /// The jobs whose files were opened for uploads that have not begun.
    pub fn opened_uploads(&self) -> impl Iterator<Item = JobId> {
        self.slots().filter_map(|slot| match slot {
            ReplySlot::Ready(Reply::Upload(upload)) => Some(upload.job),
            _ => None,
        })
    }

    /// The jobs that opened uploads whose streams are open.
    pub fn open_uploads(&self) -> impl Iterator<Item = JobId> {
        self.0.iter().flat_map(|queue| &queue.open_uploads).map(|(_, job)| *job)
    }

    /// The jobs whose files were opened for what has not begun.
    pub fn opened_files(&self) -> impl Iterator<Item = JobId> {
        self.opened_downloads().chain(self.opened_uploads())
    }

    /// The jobs whose outcomes are awaited.
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
