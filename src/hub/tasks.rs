//! Jobs under way: what each is for, so that its outcome finds its way back.

use super::Hub;
use super::answers::Answer;
use super::directory::UserIndex;
use super::effect::{Effect, Effects};
use super::input::ConnId;
use super::job::{Account, Job, Outcome, Ticket};
use crate::protocol::address::Address;
use crate::protocol::name::{DisplayName, FileName, UserName};
use crate::protocol::reply::{Code, Reply};
use crate::protocol::verb::Verb;

/// A job under way. It outlives the session that asked for it: what is on disk by then is so for
/// everybody.
#[derive(Debug)]
pub(super) struct UnderWay {
    /// Who asked for it.
    pub conn: ConnId,
    pub task: Task,
}

/// What a job is for.
#[derive(Debug)]
pub(super) enum Task {
    Register(Account),
    CheckPassword(Attempt),
    SetDisplayName { user: UserIndex, display: DisplayName },
    ListFolder,
    Download { offset: u64, name: FileName },
    Sum { name: FileName },
}

/// A login whose password is being checked.
#[derive(Debug)]
pub(super) struct Attempt {
    pub name: UserName,
    /// Whose name that is, if anybody's.
    pub user: Option<UserIndex>,
    pub network: Address,
    /// Whether to end a session of that user which already stands.
    pub takeover: bool,
}

impl Hub {
    /// Begins a job, whose outcome comes back with a ticket.
    pub(super) fn begin(
        &mut self,
        conn: ConnId,
        job: Job,
        task: Task,
        effects: &mut Effects,
    ) -> Ticket {
        self.last_ticket += 1;
        let ticket = Ticket(self.last_ticket);
        self.under_way.insert(ticket, UnderWay { conn, task });
        effects.push(Effect::Job { ticket, job });
        ticket
    }

    /// Begins a job whose outcome is the answer to what was asked for last.
    pub(super) fn answer_after(
        &mut self,
        conn: ConnId,
        job: Job,
        task: Task,
        effects: &mut Effects,
    ) {
        let ticket = self.begin(conn, job, task, effects);
        if let Some(session) = self.sessions.get_mut(conn) {
            session.answers.wait_for(ticket);
        }
    }

    /// Takes what came of a job.
    pub(super) fn done(&mut self, ticket: Ticket, outcome: Outcome, effects: &mut Effects) {
        let Some(UnderWay { conn, task }) = self.under_way.remove(&ticket) else {
            debug_assert!(false, "{ticket:?} is not under way");
            return;
        };
        let answer = match task {
            Task::Register(account) => return self.registered(conn, account, &outcome, effects),
            Task::CheckPassword(attempt) => {
                return self.password_checked(conn, &attempt, &outcome, effects);
            }
            Task::SetDisplayName { user, display } => self.display_set(user, display, &outcome),
            Task::ListFolder => Self::folder_listed(outcome),
            Task::Download { offset, name } => {
                return self.file_opened(conn, ticket, offset, name, &outcome, effects);
            }
            Task::Sum { name } => Self::file_summed(name, &outcome),
        };
        self.resolve(conn, ticket, answer, effects);
    }

    /// Gives an answer in its turn.
    pub(super) fn answer(&mut self, conn: ConnId, answer: Answer, effects: &mut Effects) {
        let Some(session) = self.sessions.get_mut(conn) else { return };
        match session.answers.waiting() {
            0 => self.give(conn, answer, effects),
            _ => session.answers.push(answer),
        }
    }

    /// Gives a reply in its turn.
    pub(super) fn reply(&mut self, conn: ConnId, reply: Reply, effects: &mut Effects) {
        self.answer(conn, Answer::Reply(reply), effects);
    }

    /// Fills the place that was kept for the answer, and gives all whose turn has come.
    pub(super) fn resolve(
        &mut self,
        conn: ConnId,
        ticket: Ticket,
        answer: Answer,
        effects: &mut Effects,
    ) {
        let Some(session) = self.sessions.get_mut(conn) else { return };
        session.answers.resolve(ticket, answer);
        while let Some(answer) =
            self.sessions.get_mut(conn).and_then(|session| session.answers.pop())
        {
            self.give(conn, answer, effects);
        }
    }

    fn give(&mut self, conn: ConnId, answer: Answer, effects: &mut Effects) {
        match answer {
            Answer::Reply(reply) => effects.push(Effect::Reply { conn, reply }),
            Answer::List(list) => effects.push(Effect::List { conn, list }),
            Answer::Download(download) => self.begin_download(conn, download, effects),
            Answer::Close(reason, last) => self.close(conn, reason, last, effects),
        }
    }
}

/// The answer to a request whose job came to nothing.
pub(super) fn failed(verb: Verb, outcome: &Outcome) -> Reply {
    match outcome {
        Outcome::NotFound => Reply::text(Code::NotFound, verb, "no such file or folder"),
        Outcome::NoRoom => Reply::text(Code::NoRoom, verb, "no room on the disk"),
        Outcome::Busy => Reply::text(Code::Busy, verb, "the server is busy, try again later"),
        _ => Reply::text(Code::Busy, verb, "that failed, try again later"),
    }
}
