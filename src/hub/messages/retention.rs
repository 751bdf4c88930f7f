//! When old messages are removed. They are kept for as long as the operator wants, and then removed
//! in small steps, with pauses in which the disk serves everybody else.

use std::time::Duration;

use crate::chat::id::MessageId;
use crate::hub::input::Now;
use crate::hub::job::{JobId, Outcome, Value};
use crate::limits::{REMOVAL_PAUSE, REMOVAL_PERIOD};

/// When old messages are removed, and which.
#[derive(Debug)]
pub struct Retention {
    /// For how long messages are kept; none is for ever.
    history: Option<Duration>,
    /// When the next step is due, on the monotonic clock; none while one is under way.
    next: Option<Duration>,
    /// The last step that was begun, and before which message it removes.
    last: Option<(JobId, MessageId)>,
    /// Before which message the step removes that is due and held up by lists.
    held_up: Option<MessageId>,
}

impl Retention {
    /// Begins with the first deadline.
    pub fn new(history: Option<Duration>) -> Self {
        Retention { history, next: history.map(|_| Duration::ZERO), last: None, held_up: None }
    }

    /// When the next step is due, on the monotonic clock.
    pub fn next(&self) -> Option<Duration> {
        self.next
    }

    /// Before which message the step removes that is due by now.
    pub fn due(&mut self, now: Now) -> Option<MessageId> {
        let history = self.history?;
        self.next.filter(|next| *next <= now.monotonic)?;
        let micros = u64::try_from(history.as_micros()).unwrap_or(u64::MAX);
        let before = MessageId(now.unix_micros.saturating_sub(micros));
        Some(self.held_up.take().unwrap_or(before))
    }

    /// Lists hold the step up that is due.
    pub fn wait(&mut self, before: MessageId, now: Now) {
        self.next = Some(now.monotonic + REMOVAL_PAUSE);
        self.held_up = Some(before);
    }

    /// The step that was due has begun.
    pub fn begun(&mut self, job: JobId, before: MessageId) {
        self.next = None;
        self.last = Some((job, before));
    }

    /// A step is done, or could not be.
    pub fn done(&mut self, outcome: &Outcome, now: Now) {
        let pause = match outcome {
            Ok(Value::Removed { more: true }) => REMOVAL_PAUSE,
            _ => REMOVAL_PERIOD,
        };
        self.next = Some(now.monotonic + pause);
    }

    /// Whether messages as old as that may be gone, though a job before which they were there still
    /// saw them.
    pub fn removes_since(&self, job: JobId, oldest: MessageId) -> bool {
        self.last.is_some_and(|(step, before)| step > job && before > oldest)
    }

    /// Drops messages from the beginning of a list that are about to go: were they listed, one list
    /// after the other could hold the removal up for ever.
    pub fn drop_old(&self, ids: &mut Vec<MessageId>) {
        if let Some(before) = self.held_up {
            ids.drain(..ids.partition_point(|id| *id < before));
        }
    }
}
