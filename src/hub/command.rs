//! Command lines: who may ask for what, and who answers.

use std::time::Duration;

use super::Hub;
use super::answers::Answer;
use super::groups::Plan;
use super::operator::Rank;
use super::session::{Composing, State};
use crate::chat::file::FileRef;
use crate::chat::request::Request;
use crate::chat::text::TextError;
use crate::hub::effect::{CloseReason, Effects};
use crate::hub::input::ConnId;
use crate::hub::job::Selection;
use crate::protocol::native::codes::Code;
use crate::protocol::native::frame::FrameError;
use crate::protocol::native::list::List;
use crate::protocol::native::parse::Refusal;
use crate::protocol::native::verb::Verb;
use crate::protocol::native::write::{Reply, Subject};

/// Who may ask for a verb.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    Anyone,
    /// Who has not logged in.
    Guest,
    /// Who has logged in, and where files are public everyone.
    FileReader,
    /// Who has logged in.
    User,
    /// Who has logged in to an account with a password.
    Account,
    /// The operator, and accounts that may look after the others.
    Administrator,
    Operator,
}

fn access(verb: Verb) -> Access {
    match verb {
        Verb::Help | Verb::Ex | Verb::Alive => Access::Anyone,
        Verb::User => Access::Guest,
        Verb::Get => Access::FileReader,
        Verb::Pm | Verb::Dm | Verb::Who | Verb::Quiet | Verb::More => Access::User,
        Verb::Ls | Verb::Sum | Verb::Abort => Access::User,
        Verb::Put | Verb::Sendfile | Verb::Expect => Access::User,
        Verb::Mkgroup
        | Verb::Mkgroupreq
        | Verb::Join
        | Verb::Admit
        | Verb::Refuse
        | Verb::Leave => Access::User,
        Verb::Keep | Verb::Groups | Verb::Members => Access::User,
        Verb::Op | Verb::Handover => Access::User,
        Verb::Resume => Access::Guest,
        Verb::Token | Verb::Passwd | Verb::Nick | Verb::Up => Access::Account,
        Verb::Down | Verb::Call => Access::User,
        Verb::Kick | Verb::Ban | Verb::Unban | Verb::Dissolve => Access::Administrator,
        Verb::Dump | Verb::Shutdown => Access::Administrator,
        Verb::Admin => Access::Operator,
        Verb::Key | Verb::Unread | Verb::Open => Access::User,
        Verb::History | Verb::Search | Verb::Seen => Access::User,
    }
}

impl Hub {
    /// Takes a command line.
    pub(super) fn command(
        &mut self,
        conn: ConnId,
        request: Result<Request, Refusal>,
        effects: &mut Effects,
    ) {
        let Some(session) = self.sessions.get_mut(conn) else { return };
        debug_assert!(session.takes_input(), "{conn} sent a command out of turn");
        let verb = match &request {
            Ok(request) => Some(Verb::of(request)),
            Err(refusal) => refusal.verb,
        };
        session.stop_composing_for(verb);
        let rank = self.rank_of(conn);
        let refusal = verb.and_then(|verb| refuse(rank, verb, self.config.public_files));
        if let Some(reply) = refusal {
            return self.reply(conn, reply, effects);
        }
        match request {
            Ok(request) => self.run(conn, request, effects),
            Err(refusal) => self.refused(conn, refusal, effects),
        }
    }

    fn run(&mut self, conn: ConnId, request: Request, effects: &mut Effects) {
        match request {
            Request::User { name, takeover } => self.claim(conn, name, takeover, effects),
            Request::Pm => self.compose(conn, Composing::ForEveryone, effects),
            Request::Dm => self.compose(conn, Composing::ForUser, effects),
            Request::Who => self.who(conn, effects),
            Request::Nick(display) => self.nick(conn, display, effects),
            Request::Quiet(quiet) => self.quiet(conn, quiet, effects),
            Request::More(more) => self.more(conn, more, effects),
            Request::Ls(path) => self.list_folder(conn, path, effects),
            Request::Get { offset, file: FileRef::Shared(name) } => {
                self.download(conn, offset, name, effects);
            }
            Request::Get { offset, file: FileRef::Sent(id) } => {
                self.download_sent(conn, offset, id, effects);
            }
            Request::Sum(FileRef::Shared(name)) => self.sum(conn, name, effects),
            Request::Sum(FileRef::Sent(id)) => self.sum_sent(conn, id, effects),
            Request::Put { size, name } => self.put(conn, size, name, effects),
            Request::Sendfile { to, size, name } => self.send_file(conn, to, size, name, effects),
            Request::Expect { stream, sha256 } => self.expect(conn, stream, sha256, effects),
            Request::Abort { stream } => self.abort(conn, stream, effects),
            Request::Up { port } => self.up(conn, port, effects),
            Request::Down => self.down(conn, effects),
            Request::Alive => self.alive(conn, effects),
            Request::Call(user) => self.call(conn, user, effects),
            Request::Kick { user, reason } => self.kick(conn, user, reason, effects),
            Request::Ban { user, banned } => self.ban(conn, user, banned, effects),
            Request::Admin { user, admin } => self.set_admin(conn, user, admin, effects),
            Request::Dump => self.answer(conn, Answer::Figures, effects),
            Request::Shutdown { seconds } => self.shut_down(conn, seconds, effects),
            Request::Help => self.help(conn, effects),
            Request::Ex => self.leave(conn, effects),
            Request::Mkgroup { name, users, asks } => {
                self.make_group(conn, Plan { name, users, asks }, effects);
            }
            about_groups @ (Request::Join(_)
            | Request::Admit { .. }
            | Request::Leave(_)
            | Request::Keep { .. }
            | Request::Op { .. }
            | Request::Handover { .. }
            | Request::Dissolve(_)
            | Request::Groups { .. }
            | Request::Members(_)) => self.group_request(conn, about_groups, effects),
            Request::Token => self.token(conn, effects),
            Request::Resume { name, token } => self.log_in_again(conn, name, token, effects),
            Request::Passwd => self.compose(conn, Composing::OldPassword, effects),
            Request::Key(key) => self.mark_next(conn, key, effects),
            Request::Unread => self.unread(conn, effects),
            Request::OpenUnread(chat) => {
                self.read(conn, Verb::Open, chat, Selection::Unread, effects);
            }
            Request::OpenLast { chat, count } => {
                let last = |chat| Selection::Last { chat, before: None, count };
                self.read(conn, Verb::Open, chat, last, effects);
            }
            Request::History { chat, before, count } => {
                let last = |chat| Selection::Last { chat, before: Some(before), count };
                self.read(conn, Verb::History, chat, last, effects);
            }
            Request::Search { chat: Some(chat), words } => {
                let holding = |chat| Selection::Holding { chat: Some(chat), words };
                self.read(conn, Verb::Search, chat, holding, effects);
            }
            Request::Search { chat: None, words } => self.search_all(conn, words, effects),
            Request::Seen { chat, id } => self.seen(conn, chat, id, effects),
        }
    }

    /// Answers a command that can't be carried out as it was sent.
    fn refused(&mut self, conn: ConnId, refusal: Refusal, effects: &mut Effects) {
        let reply = Reply::new(refusal.code, refusal.verb, refusal.detail);
        match (refusal.verb, refusal.code) {
            // A name that no file can have reads like that of a missing file.
            (Some(Verb::Get), Code::NotFound) => self.no_such_file(conn, reply, effects),
            // A name that nobody can have is no better guess than one that nobody has.
            (Some(Verb::Resume), Code::WrongPassword) => {
                self.refuse_login(conn, Verb::Resume, Duration::ZERO, effects);
            }
            _ => self.reply(conn, reply, effects),
        }
    }

    /// Answers a line that is no frame.
    pub(super) fn bad_frame(&mut self, conn: ConnId, error: FrameError, effects: &mut Effects) {
        let Some(session) = self.sessions.get_mut(conn) else { return };
        debug_assert!(session.takes_input(), "{conn} sent a line out of turn");
        let reply = match error {
            FrameError::UnknownType => {
                Reply::text(Code::Unknown, Subject::Nothing, "a line starts with C, D or F")
            }
            FrameError::Command(verb, error) => {
                session.stop_composing_for(verb);
                let code = verb.map_or(Code::Unknown, |_| Code::BadParameters);
                Reply::text(code, verb, explain(error))
            }
            FrameError::Data(error) => {
                let subject = session.subject_of_data();
                session.stop_composing();
                if subject == Subject::Message {
                    session.key = None;
                }
                Reply::text(Code::BadParameters, subject, explain(error))
            }
            FrameError::FileHeader => {
                return self.close_in_turn(conn, CloseReason::BadFileFrame, effects);
            }
        };
        self.reply(conn, reply, effects);
    }

    fn help(&mut self, conn: ConnId, effects: &mut Effects) {
        let last = Reply::text(Code::Done, Verb::Help, "D target text sends a message");
        let items = self.help.clone();
        self.answer(conn, Answer::List(List::whole(Verb::Help, items, None, last)), effects);
    }

    fn leave(&mut self, conn: ConnId, effects: &mut Effects) {
        self.close_in_turn(conn, CloseReason::Goodbye, effects);
    }

    /// Takes nothing more from a connection, and closes it once its answers are given.
    pub(super) fn close_in_turn(
        &mut self,
        conn: ConnId,
        reason: CloseReason,
        effects: &mut Effects,
    ) {
        let Some(session) = self.sessions.get_mut(conn) else { return };
        if let Some(user) = session.user() {
            session.enter(State::Leaving(user));
        }
        let last = match reason {
            CloseReason::Goodbye => Some(Reply::text(Code::Goodbye, Verb::Ex, "goodbye")),
            other => other.last_line(),
        };
        self.answer(conn, Answer::Close(reason, last), effects);
    }
}

/// The one place that decides who may ask for what.
fn refuse(rank: Rank, verb: Verb, public_files: bool) -> Option<Reply> {
    let is_guest = rank == Rank::Guest;
    let (code, text) = match access(verb) {
        Access::Anyone => return None,
        Access::Guest if is_guest => return None,
        Access::Guest => (Code::WrongState, "you are logged in already"),
        Access::FileReader if public_files => return None,
        _ if is_guest => return Some(log_in_first(verb.into())),
        Access::Account if rank == Rank::Operator => {
            (Code::WrongState, "the operator has no account")
        }
        Access::Administrator if rank < Rank::Administrator => {
            (Code::NotAllowed, "administrators only")
        }
        Access::Operator if rank < Rank::Operator => (Code::NotAllowed, "the operator only"),
        _ => return None,
    };
    Some(Reply::text(code, verb, text))
}

/// The refusal of what only users may do.
pub(super) fn log_in_first(subject: Subject) -> Reply {
    Reply::text(Code::NotAllowed, subject, "log in first, with USER and your name")
}

fn explain(error: TextError) -> &'static str {
    match error {
        TextError::TooLong => "that line is too long",
        TextError::NotUtf8 => "that line is not UTF-8",
        TextError::ControlCharacter => "control characters are not allowed",
    }
}
