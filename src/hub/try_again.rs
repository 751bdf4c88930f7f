//! The refusals of logins that may be tried again.

use std::time::Duration;

use crate::chat::kind::Kind;
use crate::chat::refusal::{Failure, Refusal};
use crate::hub::context::Cx;
use crate::hub::input::ConnId;
use crate::hub::job::Outcome;
use crate::hub::outcome::failed;
use crate::hub::sessions::state::State;
use crate::limits::{RETRY_SECONDS, RETRY_SECONDS_MAX};

/// Ends a login that failed; the session may try another.
pub fn start_over(conn: ConnId, of: Kind, refusal: Refusal, cx: &mut Cx<'_>) {
    cx.enter(conn, State::Greeted);
    cx.refuse(conn, of, refusal);
}

/// The refusal of a login that failed though the password may have been right.
pub fn not_checked(outcome: &Outcome) -> Refusal {
    match outcome {
        Err(Failure::NoRoom) => failed(outcome),
        _ => Refusal::TryAgainIn(RETRY_SECONDS),
    }
}

/// The refusal of a try that may be made once a time is over. Where that is long, the next try is
/// told so again.
pub fn retry_after(wait: Duration) -> Refusal {
    let seconds = u32::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(u32::MAX);
    Refusal::TryAgainIn(seconds.clamp(1, RETRY_SECONDS_MAX))
}
