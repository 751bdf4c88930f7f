//! The outcome of a job, as the result of the request that waits for it.

use crate::chat::answer::Done;
use crate::chat::refusal::{Failure, Refusal};
use crate::hub::job::{Outcome, Value};

/// The refusal of a request whose job failed.
pub fn failed(outcome: &Outcome) -> Refusal {
    Refusal::Store(outcome.as_ref().err().copied().unwrap_or(Failure::Failed))
}

/// The result of a request whose job keeps something.
pub fn kept(done: Done, outcome: &Outcome) -> Result<Done, Refusal> {
    match outcome {
        Ok(Value::Done) => Ok(done),
        other => Err(failed(other)),
    }
}
