//! The retention of messages: they are kept for as long as the operator wants, and then removed in
//! small steps, with pauses in which the disk serves other jobs.

use std::time::Duration;

use crate::chat::id::MessageId;
use crate::hub::input::Now;
use crate::hub::job::{JobId, Outcome, Value};
use crate::limits::{REMOVAL_PAUSE, REMOVAL_PERIOD};

/// The schedule of the removal of old messages.
#[derive(Debug)]
pub struct Retention {
    /// How long messages are kept; none is for ever.
    history: Option<Duration>,
    /// The time of the next step, on the monotonic clock; none while a step is under way.
    next: Option<Duration>,
    /// The last step that was begun, and the message before which it removes all.
    last: Option<(JobId, MessageId)>,
    /// The message before which the next step removes all, if lists hold it up.
    held_up: Option<MessageId>,
}

impl Retention {
    /// Creates the schedule. The first step is due at once.
    pub fn new(history: Option<Duration>) -> Self {
        Retention { history, next: history.map(|_| Duration::ZERO), last: None, held_up: None }
    }

    /// The time of the next step, on the monotonic clock.
    pub fn next(&self) -> Option<Duration> {
        self.next
    }

    /// The message before which the step that is due by now removes all; none if no step is due.
    pub fn due(&mut self, now: Now) -> Option<MessageId> {
        let history = self.history?;
        self.next.filter(|next| *next <= now.monotonic)?;
        let micros = u64::try_from(history.as_micros()).unwrap_or(u64::MAX);
        let before = MessageId(now.unix_micros.saturating_sub(micros));
        Some(self.held_up.take().unwrap_or(before))
    }

    /// Postpones the step that is due, since lists hold it up.
    pub fn wait(&mut self, before: MessageId, now: Now) {
        self.next = Some(now.monotonic + REMOVAL_PAUSE);
        self.held_up = Some(before);
    }

    /// Notes that the step that was due has begun.
    pub fn begun(&mut self, job: JobId, before: MessageId) {
        self.next = None;
        self.last = Some((job, before));
    }

    /// Notes that a step is done, or has failed.
    pub fn done(&mut self, outcome: &Outcome, now: Now) {
        let pause = match outcome {
            Ok(Value::Removed { more: true }) => REMOVAL_PAUSE,
            _ => REMOVAL_PERIOD,
        };
        self.next = Some(now.monotonic + pause);
    }

    /// Returns true if messages as old as `oldest` may be gone, though `job` still saw them: a step
    /// was begun after it that removes them.
    pub fn removes_since(&self, job: JobId, oldest: MessageId) -> bool {
        self.last.is_some_and(|(step, before)| step > job && before > oldest)
    }

    /// Drops messages from the beginning of a list that are about to be removed. If they were
    /// listed, one list after the other could hold the removal up for ever.
    pub fn drop_old(&self, ids: &mut Vec<MessageId>) {
        if let Some(before) = self.held_up {
            ids.drain(..ids.partition_point(|id| *id < before));
        }
    }
}
