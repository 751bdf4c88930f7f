//! The sender of requests to the database thread.

use std::sync::Arc;

use super::queue::WorkQueue;
use super::requests::StoreRequest;

/// The capacity of the queue. Long before it is full, the event loop slows down its clients.
const WAITING_MAX: usize = 65_536;

/// A sender of requests to the database thread; its clones share the queue.
#[derive(Clone, Debug)]
pub(super) struct RequestSender(Arc<WorkQueue<StoreRequest>>);

impl RequestSender {
    /// Creates a sender into the queue of the database thread.
    pub(super) fn new(queue: Arc<WorkQueue<StoreRequest>>) -> Self {
        RequestSender(queue)
    }

    /// Sends a request. Returns false if the queue is full.
    pub(super) fn ask(&self, request: StoreRequest) -> bool {
        self.0.push(request, WAITING_MAX).is_ok()
    }

    /// Sends the result of a task that the database thread has given out. There are no more of them
    /// than tasks, so they are never refused. Returns false if the database thread has ended.
    pub(super) fn report(&self, request: StoreRequest) -> bool {
        self.0.push(request, usize::MAX).is_ok()
    }
}
