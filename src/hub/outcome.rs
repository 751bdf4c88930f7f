//! What the outcome of a job means for the request that waits for it.

use crate::chat::answer::Done;
use crate::chat::refusal::{Failure, Refusal};
use crate::hub::job::{Outcome, Value};

/// Why a request is not carried out whose job came to nothing.
pub fn failed(outcome: &Outcome) -> Refusal {
    Refusal::Store(outcome.as_ref().err().copied().unwrap_or(Failure::Failed))
}

/// What a request comes to whose job keeps something.
pub fn kept(done: Done, outcome: &Outcome) -> Result<Done, Refusal> {
    match outcome {
        Ok(Value::Done) => Ok(done),
        other => Err(failed(other)),
    }
}
