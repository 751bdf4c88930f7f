//! The sender of requests: the way to the database thread, without its queue.

use std::sync::Arc;

use super::queue::WorkQueue;
use super::requests::StoreRequest;

/// How many requests may wait. Long before that the loop slows its senders down.
const WAITING_MAX: usize = 65_536;

/// A sender of requests to the database thread.
#[derive(Clone, Debug)]
pub(super) struct RequestSender(Arc<WorkQueue<StoreRequest>>);

impl RequestSender {
    /// A sender into the queue from which the database thread takes them.
    pub(super) fn new(queue: Arc<WorkQueue<StoreRequest>>) -> Self {
        RequestSender(queue)
    }

    /// Hands in a request; tells whether there was room for it.
    pub(super) fn ask(&self, request: StoreRequest) -> bool {
        self.0.push(request, WAITING_MAX).is_ok()
    }

    /// Hands in how a task went that the database has asked for. There are no more of these than
    /// there were tasks, so there is always room; false where the thread has ended.
    pub(super) fn report(&self, request: StoreRequest) -> bool {
        self.0.push(request, usize::MAX).is_ok()
    }
}
