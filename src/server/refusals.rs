//! Counters of what was refused since the start, for the metrics.

use crate::chat::answer::Answer;
use crate::metrics::{Family, MetricKind};
use crate::protocol::native::code::Code;
use crate::protocol::native::codes;

/// The reasons, by the code with which a request is refused.
const REASONS: [(Code, &str); 12] = [
    (Code::Busy, "busy"),
    (Code::NoRoom, "no-room"),
    (Code::Unknown, "unknown-verb"),
    (Code::BadParameters, "bad-words"),
    (Code::WrongState, "wrong-state"),
    (Code::NotAllowed, "not-allowed"),
    (Code::WrongPassword, "wrong-password"),
    (Code::NotFound, "not-found"),
    (Code::Offline, "offline"),
    (Code::TooLarge, "too-large"),
    (Code::NameNotAllowed, "bad-name"),
    (Code::AlreadyOnline, "already-online"),
];

/// Counters of what was refused.
#[derive(Debug, Default)]
pub struct Refusals {
    requests: [u64; REASONS.len()],
    /// Connections that were refused, whether they were told why or not.
    connections: u64,
}

impl Refusals {
    /// Counts an answer, if it is a refusal.
    pub fn count(&mut self, answer: &Answer) {
        let Err(refusal) = &answer.result else { return };
        let (code, _) = codes::refused(answer.of, refusal, true);
        if let Some(at) = REASONS.iter().position(|(of, _)| *of == code) {
            self.requests[at] += 1;
        }
    }

    /// Counts a connection that was refused.
    pub fn count_connection(&mut self) {
        self.connections += 1;
    }

    /// The metrics.
    pub fn family(&self) -> Family {
        let names = REASONS.iter().map(|(_, name)| *name);
        let requests = names.zip(self.requests);
        Family::labelled(
            "chatsrv_refused_total",
            "Requests that were refused, by the kind of the reason, and connections.",
            MetricKind::Counter,
            "reason",
            requests.chain([("connection", self.connections)]),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::kind::Kind;
    use crate::chat::refusal::Refusal;

    #[test]
    fn what_is_refused_is_counted_by_its_reason_and_nothing_else() {
        let mut refusals = Refusals::default();
        let refused = |refusal| Answer { of: Kind::Get, result: Err(refusal) };
        refusals.count(&refused(Refusal::TooManyDownloads));
        refusals.count(&refused(Refusal::TooLarge));
        refusals.count(&refused(Refusal::TooManyUploads));
        refusals.count(&Answer::done(Kind::Who));
        refusals.count_connection();
        let samples = refusals.family().samples;
        let counted = samples.iter().filter(|sample| sample.value > 0.0);
        let counted: Vec<_> = counted.map(|sample| sample.line("x")).collect();
        let expected = ["busy\"} 2", "too-large\"} 1", "connection\"} 1"];
        assert_eq!(counted, expected.map(|what| format!("x{{reason=\"{what}")));
    }
}
