//! Messages are kept for as long as the operator wants, and then removed in small steps, with
//! pauses in which the disk serves everybody else.

use std::time::Duration;

use super::Hub;
use super::tasks::UnderWay;
use crate::chat::message::MessageId;
use crate::hub::effect::Effects;
use crate::hub::job::{Job, JobId, Outcome, Value};
use crate::limits::{LIST_TIME_MAX, REMOVAL_PAUSE, REMOVAL_PERIOD};

/// When old messages are removed, and which.
#[derive(Debug)]
pub(super) struct Retention {
    /// For how long messages are kept; none is for ever.
    history: Option<Duration>,
    /// When the next step is due, on the steady clock; none while one is under way.
    pub next: Option<Duration>,
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

    /// Whether messages as old as that may be gone, though a job before which they were there still
    /// saw them.
    pub fn removes_since(&self, job: JobId, oldest: MessageId) -> bool {
        self.last.is_some_and(|(ticket, before)| ticket > job && before > oldest)
    }

    /// Drops messages from the beginning of a list that are about to go: were they listed, one list
    /// after the other could hold the removal up for ever.
    pub fn drop_old(&self, ids: &mut Vec<MessageId>) {
        if let Some(before) = self.held_up {
            ids.drain(..ids.partition_point(|id| *id < before));
        }
    }
}

impl Hub {
    /// Takes the next step of a removal, where its time has come. A list must have as many items as
    /// its head says, so what one that is under way still has to read stays; but not for ever, and
    /// lists that begin while the step is held up do without what it removes.
    pub(super) fn remove_old(&mut self, effects: &mut Effects) {
        let (Some(next), Some(history)) = (self.retention.next, self.retention.history) else {
            return;
        };
        let now = self.core.now.steady;
        if next > now {
            return;
        }
        let micros = u64::try_from(history.as_micros()).unwrap_or(u64::MAX);
        let before = MessageId(self.core.now.unix_micros.saturating_sub(micros));
        let before = self.retention.held_up.take().unwrap_or(before);
        let in_the_way = |oldest: Option<MessageId>| oldest.is_some_and(|oldest| oldest < before);
        let lists = self.lists.iter().filter(|(_, list)| in_the_way(list.oldest()));
        let (slow, others): (Vec<_>, Vec<_>) = lists
            .map(|(conn, list)| (*conn, list.since))
            .partition(|(_, since)| now.saturating_sub(*since) >= LIST_TIME_MAX);
        for (conn, _) in slow {
            self.fail_list(conn, effects);
        }
        if !others.is_empty() {
            self.retention.next = Some(now + REMOVAL_PAUSE);
            self.retention.held_up = Some(before);
            return;
        }
        let ticket = self.submit(Job::RemoveOld { before }, UnderWay::RemovesOld, effects);
        self.retention.next = None;
        self.retention.last = Some((ticket, before));
    }

    /// A step of a removal is done, or could not be.
    pub(super) fn old_removed(&mut self, outcome: &Outcome) {
        let pause = match outcome {
            Ok(Value::Removed { more: true }) => REMOVAL_PAUSE,
            _ => REMOVAL_PERIOD,
        };
        self.retention.next = Some(self.core.now.steady + pause);
    }
}
