//! What was asked of the server and is not answered yet.
//!
//! The protocol gives every request exactly one final reply, in the order of the requests. So the
//! oldest open request is the one that the next final reply belongs to.

use std::collections::VecDeque;

use chatsrv::protocol::reply::{Code, ServerLine};

use crate::transfers::TransferId;
use crate::wire::Outgoing;

/// The most requests that wait for an answer at a time. A person does not reach it; a file full of
/// commands is read only as far as this.
pub const OPEN_REQUESTS_MAX: usize = 64;

/// A request, as far as its answer needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// A step of the login.
    Login,
    /// To mark the next message.
    Key,
    /// To pass on the oldest message that waits for its confirmation.
    Message,
    /// A token for the next login.
    Token,
    /// Who is online; quietly, where only the completion wants to know.
    Who {
        /// Whether nothing is to be shown.
        quiet: bool,
    },
    /// The files of a folder; quietly, where only the completion wants to know.
    Files {
        /// Whether nothing is to be shown.
        quiet: bool,
    },
    /// Something whose answer is no more than yes or no.
    Simple {
        /// What to say after a yes.
        done: &'static str,
    },
    /// The SHA-256 of a file.
    Sum,
    /// The start of a download.
    Get(TransferId),
    /// The SHA-256 of a file that was downloaded.
    Compare(TransferId),
    /// The end of a download that is not wanted any more; the answer says nothing new.
    Abort,
    /// The end of the session.
    Exit,
}

impl Asked {
    /// What the person typed for it; none where the client asks by itself, or again.
    pub fn typed_as(&self) -> Option<&'static str> {
        match self {
            Asked::Who { quiet: false } => Some("/list"),
            Asked::Files { quiet: false } => Some("/files"),
            Asked::Sum => Some("/sum"),
            Asked::Simple { .. } => Some("the last command"),
            _ => None,
        }
    }
}

/// What a `C` line from the server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sorted {
    /// The first line of a connection.
    Greeting,
    /// Something that nobody asked for.
    Notice,
    /// The head of a list, as the answer to this.
    Head(Asked),
    /// An item of a list, as the answer to this.
    Item(Asked),
    /// The answer to this.
    Answer(Asked),
    /// The server closes the connection.
    Closing,
    /// A line that has no place in the protocol here.
    Misplaced,
}

/// The requests that wait for their answers, and their lines where no connection has them yet.
#[derive(Debug, Default)]
pub struct Session {
    open: VecDeque<Asked>,
    outgoing: Vec<Outgoing>,
}

impl Session {
    /// Asks the server for something.
    pub fn ask(&mut self, asked: Asked, line: Outgoing) {
        self.open.push_back(asked);
        self.outgoing.push(line);
    }

    /// The requests that wait for their answers, the oldest first.
    pub fn open_requests(&self) -> impl Iterator<Item = &Asked> {
        self.open.iter()
    }

    /// Takes the lines that are to be sent, in order.
    pub fn take_outgoing(&mut self) -> Vec<Outgoing> {
        std::mem::take(&mut self.outgoing)
    }

    /// Whether everything is answered.
    pub fn is_idle(&self) -> bool {
        self.open.is_empty()
    }

    /// Whether one more request may be sent before the next answer.
    pub fn has_room(&self) -> bool {
        self.open.len() < OPEN_REQUESTS_MAX
    }

    /// Says what a line is, and closes the request that it answers.
    pub fn sort(&mut self, line: &ServerLine<'_>) -> Sorted {
        if line.code == Code::Greeting as u16 {
            return Sorted::Greeting;
        }
        if line.code == Code::Closing as u16 {
            return Sorted::Closing;
        }
        if line.is_notice() {
            return Sorted::Notice;
        }
        if line.is_final() {
            return self.open.pop_front().map_or(Sorted::Misplaced, Sorted::Answer);
        }
        match self.open.front() {
            Some(asked) if line.code == Code::ListHead as u16 => Sorted::Head(asked.clone()),
            Some(asked) if line.code == Code::ListItem as u16 => Sorted::Item(asked.clone()),
            _ => Sorted::Misplaced,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chatsrv::protocol::verb::Verb;

    fn sort(session: &mut Session, line: &str) -> Sorted {
        session.sort(&ServerLine::parse(line).unwrap())
    }

    #[test]
    fn answers_belong_to_the_oldest_request() {
        let mut session = Session::default();
        let who = Asked::Who { quiet: false };
        session.ask(who.clone(), Outgoing::command(Verb::Who, "").unwrap());
        session.ask(Asked::Sum, Outgoing::command(Verb::Sum, "x").unwrap());
        assert_eq!(session.take_outgoing().len(), 2);
        assert_eq!(sort(&mut session, "150 WHO 1"), Sorted::Head(who.clone()));
        assert_eq!(sort(&mut session, "151 WHO bob 10417 1 - bob"), Sorted::Item(who.clone()));
        assert_eq!(sort(&mut session, "120 ON bob 10417"), Sorted::Notice);
        assert_eq!(sort(&mut session, "250 WHO"), Sorted::Answer(who));
        assert_eq!(sort(&mut session, "550 SUM x"), Sorted::Answer(Asked::Sum));
        assert!(session.is_idle());
    }

    #[test]
    fn what_nobody_asked_for_is_told_apart() {
        let mut session = Session::default();
        assert_eq!(sort(&mut session, "220 chatsrv/0.1.0 1 ready"), Sorted::Greeting);
        assert_eq!(sort(&mut session, "421 - too slow"), Sorted::Closing);
        assert_eq!(sort(&mut session, "250 WHO"), Sorted::Misplaced);
        assert_eq!(sort(&mut session, "151 WHO x"), Sorted::Misplaced);
    }
}
