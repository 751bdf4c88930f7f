//! The outbox: messages of this user, kept until the server has confirmed them. After a lost
//! connection they are sent again with the same idempotency key, so that none is lost and none is
//! delivered twice.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chatsrv::chat::name::Target;
use chatsrv::display::line::Line;
use chatsrv::display::safe_text::safe;
use chatsrv::display::said::on_one_line;
use chatsrv::protocol::native::outgoing::Outgoing;
use chatsrv::protocol::native::verb::Verb;

use crate::requests::{Asked, Requests};

/// The largest number of messages without a confirmation. It is more than one paste can hold, and
/// few enough to send all of them again quickly.
pub const UNCONFIRMED_MAX: usize = 256;

/// The size of the random part of a key, in bytes: no two runs of the client share it.
const RUN_BYTES: usize = 12;

/// A message that is not confirmed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The target, as it was typed.
    pub to: Target,
    /// The text.
    pub text: String,
    /// The line with the idempotency key.
    key: Outgoing,
    /// The line with the message.
    line: Outgoing,
    /// The time at which it was sent on the current connection; `None` if it was not.
    sent: Option<Instant>,
    /// True if it was sent on an earlier connection.
    was_sent: bool,
}

impl Draft {
    /// Returns true if it was sent on an earlier connection. Then the server may confirm it as a
    /// duplicate, without the number of receivers.
    pub fn was_sent(&self) -> bool {
        self.was_sent
    }
}

/// The queue of messages without a confirmation, in the order in which they were typed.
#[derive(Debug)]
pub struct Outbox {
    drafts: VecDeque<Draft>,
    run: String,
    count: u64,
}

impl Outbox {
    /// Creates an empty outbox, whose keys are different from those of every other run.
    ///
    /// # Errors
    /// If the system provides no random numbers.
    pub fn new() -> Result<Self, getrandom::Error> {
        let mut run = [0; RUN_BYTES];
        getrandom::fill(&mut run)?;
        let run = URL_SAFE_NO_PAD.encode(run);
        Ok(Outbox { drafts: VecDeque::new(), run, count: 0 })
    }

    /// Adds a message. Returns a line to show if it is kept for later, since the client is offline,
    /// or if it is refused.
    pub fn say(&mut self, to: Target, text: &str, is_online: bool) -> Option<Line> {
        let shown = on_one_line(text);
        if !self.has_room() {
            let why = safe!("{} messages are not confirmed yet", self.len());
            return Some(Line::error(safe!("not sent to {to}: {why} (it was: {shown})")));
        }
        let word = format_args!("{}-{}", self.run, self.count + 1);
        let (line, key) = (Outgoing::message(to, text), Outgoing::command(Verb::Key, word));
        let (line, key) = match (line, key) {
            (Ok(line), Ok(key)) => (line, key),
            (Err(error), _) | (_, Err(error)) => {
                return Some(Line::error(safe!("not sent to {to}: {error}")));
            }
        };
        self.count += 1;
        let draft = Draft { to, text: text.to_string(), key, line, sent: None, was_sent: false };
        self.drafts.push_back(draft);
        (!is_online).then(|| Line::notice(safe!("kept to be sent to {to}: {shown}")))
    }

    /// Returns true if there is room for one more message.
    pub fn has_room(&self) -> bool {
        self.drafts.len() < UNCONFIRMED_MAX
    }

    /// Sends the messages that were not sent yet on this connection, each right after its key, as
    /// long as there is room for requests, or `all` of them.
    pub fn send(&mut self, requests: &mut Requests, now: Instant, all: bool) {
        for draft in self.drafts.iter_mut().filter(|draft| draft.sent.is_none()) {
            if !all && !requests.has_room() {
                return;
            }
            requests.ask(Asked::Key, draft.key.clone());
            requests.ask(Asked::Message, draft.line.clone());
            draft.sent = Some(now);
        }
    }

    /// Removes the oldest message, to which the server has replied. `None` if none was sent.
    pub fn answered(&mut self) -> Option<Draft> {
        self.drafts.front()?.sent?;
        self.drafts.pop_front()
    }

    /// Notes that the connection was lost: all messages are to be sent again on the next one.
    pub fn disconnected(&mut self) {
        for draft in &mut self.drafts {
            draft.was_sent |= draft.sent.take().is_some();
        }
    }

    /// The number of messages without a confirmation.
    pub fn len(&self) -> usize {
        self.drafts.len()
    }

    /// Returns true if all messages are confirmed.
    pub fn is_empty(&self) -> bool {
        self.drafts.is_empty()
    }

    /// How long the oldest message has waited for its confirmation; `None` if it was not sent.
    pub fn waiting(&self, now: Instant) -> Option<Duration> {
        let sent = self.drafts.front()?.sent?;
        Some(now.saturating_duration_since(sent))
    }

    /// Removes all messages, which were never confirmed.
    pub fn take_all(&mut self) -> impl Iterator<Item = Draft> + use<> {
        std::mem::take(&mut self.drafts).into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn lines(requests: &mut Requests) -> Vec<String> {
        let lines = requests.take_outgoing();
        lines.iter().map(|line| String::from_utf8_lossy(line.as_bytes()).into_owned()).collect()
    }

    fn filled(count: usize) -> Outbox {
        let mut outbox = Outbox::new().unwrap();
        for n in 0..count {
            assert_eq!(outbox.say(Target::Everyone, &format!("message {n}"), true), None);
        }
        outbox
    }

    #[test]
    fn what_was_not_confirmed_is_sent_again_with_its_key() {
        let mut outbox = filled(3);
        let now = Instant::now();
        let mut requests = Requests::default();
        outbox.send(&mut requests, now, false);
        let first = lines(&mut requests);
        assert_eq!(first.len(), 6);
        assert_eq!(first[1], "D * message 0\n");
        outbox.send(&mut requests, now, false);
        assert_eq!(lines(&mut requests), [""; 0]);
        assert_eq!(outbox.answered().unwrap().text, "message 0");

        outbox.disconnected();
        assert_eq!(outbox.answered(), None);
        let mut requests = Requests::default();
        outbox.send(&mut requests, now, false);
        assert_eq!(lines(&mut requests), first[2..]);
        assert_eq!(outbox.len(), 2);
    }

    #[test]
    fn no_key_comes_twice() {
        let (one, two) = (filled(100), filled(100));
        let drafts = one.drafts.iter().chain(&two.drafts);
        let lines: HashSet<_> = drafts.map(|draft| draft.key.as_bytes()).collect();
        assert_eq!(lines.len(), 200);
        for line in lines {
            let line = std::str::from_utf8(line).unwrap();
            let word = line.strip_prefix("C KEY ").unwrap().trim_end();
            assert!(word.parse::<chatsrv::chat::name::Key>().is_ok(), "{line}");
        }
    }

    #[test]
    fn the_queue_and_the_window_are_bounded() {
        let mut outbox = filled(UNCONFIRMED_MAX);
        let told = |line: Option<Line>| line.unwrap().text.to_string();
        let why = told(outbox.say(Target::Everyone, "one more", true));
        assert!(why.ends_with("are not confirmed yet (it was: one more)"), "{why}");
        let mut requests = Requests::default();
        outbox.send(&mut requests, Instant::now(), false);
        assert_eq!(lines(&mut requests).len(), crate::requests::OPEN_REQUESTS_MAX);
        outbox.send(&mut requests, Instant::now(), true);
        assert_eq!(outbox.drafts.iter().filter(|draft| draft.sent.is_none()).count(), 0);
        let text = "x".repeat(chatsrv::protocol::native::CLIENT_LINE_BYTES_MAX);
        let mut outbox = filled(0);
        let why = told(outbox.say(Target::Everyone, &text, false));
        assert_eq!((why.as_str(), outbox.len()), ("not sent to *: too long", 0));
        let why = told(outbox.say(Target::Everyone, "later", false));
        assert_eq!((why.as_str(), outbox.len()), ("kept to be sent to *: later", 1));
    }
}
