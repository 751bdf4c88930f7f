//! Requests: who may ask for what, and who answers.

use std::time::Duration;

use super::Hub;
use crate::chat::answer::Done;
use crate::chat::close::CloseReason;
use crate::chat::file::FileRef;
use crate::chat::refusal::Refusal;
use crate::chat::request::{Access, Kind, Request};
use crate::hub::accounts::roles::Role;
use crate::hub::context::{Caller, Cx};
use crate::hub::delivery::AwaitsId;
use crate::hub::effect::Effects;
use crate::hub::groups::creation::GroupDraft;
use crate::hub::groups::users::Users;
use crate::hub::input::ConnId;
use crate::hub::job::Selection;
use crate::hub::sessions::replies::Reply;

fn access(of: Kind) -> Access {
    match of {
        Kind::Unknown | Kind::Connect | Kind::Ex | Kind::Alive => Access::Anyone,
        Kind::Step(step) => step.access,
        Kind::Identify | Kind::LogIn | Kind::Resume => Access::Guest,
        Kind::Get => Access::FileReader,
        Kind::Say | Kind::Reachable | Kind::Who | Kind::Quiet => Access::User,
        Kind::Ls | Kind::Sum | Kind::Abort => Access::User,
        Kind::Put | Kind::Sendfile | Kind::Expect => Access::User,
        Kind::Mkgroup
        | Kind::Mkgroupreq
        | Kind::Join
        | Kind::Admit
        | Kind::Refuse
        | Kind::Leave => Access::User,
        Kind::Keep | Kind::Groups | Kind::Members => Access::User,
        Kind::Op | Kind::Handover => Access::User,
        Kind::Token | Kind::ConfirmPassword | Kind::SetPassword => Access::Account,
        Kind::Nick | Kind::Up => Access::Account,
        Kind::Down | Kind::Call => Access::User,
        Kind::Kick | Kind::Ban | Kind::Unban | Kind::Dissolve => Access::Administrator,
        Kind::Dump | Kind::Shutdown => Access::Administrator,
        Kind::Admin => Access::Operator,
        Kind::Unread | Kind::Open | Kind::History | Kind::Search | Kind::Seen => Access::User,
    }
}

impl Hub {
    /// Takes a request, or what a codec could not make one of.
    pub(super) fn asked(
        &mut self,
        conn: ConnId,
        request: Result<Request, (Kind, Refusal)>,
        effects: &mut Effects,
    ) {
        let Some(session) = self.core.sessions.get_mut(conn) else { return };
        debug_assert!(session.takes_input(), "{conn} asks out of turn");
        let of = request.as_ref().map_or_else(|(of, _)| *of, Request::kind);
        let is_line = !matches!(request, Err((_, Refusal::BadLine(_))));
        // What a client sends by itself stands in nobody's way.
        let is_confirmed = match of {
            Kind::Alive | Kind::Seen => false,
            _ => std::mem::take(&mut session.has_confirmed_password),
        };
        let rank = self.rank_of(conn);
        if let Err(refusal) = may_ask(rank, access(of), self.core.config.public_files)
            && is_line
        {
            return self.refuse(conn, of, refusal, effects);
        }
        match request {
            Ok(Request::SetPassword(password)) => {
                self.set_password(conn, is_confirmed, password, effects);
            }
            Ok(request) => self.run(conn, request, effects),
            Err((of, refusal)) => self.refused(conn, of, refusal, effects),
        }
    }

    fn run(&mut self, conn: ConnId, request: Request, effects: &mut Effects) {
        match request {
            Request::Identify(name) => self.identify(conn, name, effects),
            Request::LogIn { name, password, takeover } => {
                self.log_in(conn, name, (password, takeover), effects);
            }
            Request::Register { name, password } => self.register(conn, name, password, effects),
            Request::Step(step) => self.answer(conn, Kind::Step(step), Done::Done, effects),
            Request::Say { to, text, key } => self.say(conn, to, (text, key), effects),
            Request::Reachable => self.reachable(conn, effects),
            Request::Who => self.who(conn, effects),
            Request::Nick(display) => self.nick(conn, display, effects),
            Request::Quiet(quiet) => self.quiet(conn, quiet, effects),
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
            Request::Dump => self.reply(conn, Reply::Figures, effects),
            Request::Shutdown { seconds } => self.shut_down(conn, seconds, effects),
            Request::Ex => self.leave(conn, effects),
            Request::Mkgroup { name, users, asks } => {
                self.make_group(conn, GroupDraft { name, users, asks }, effects);
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
            Request::ConfirmPassword(password) => self.confirm_password(conn, password, effects),
            Request::SetPassword(password) => self.set_password(conn, false, password, effects),
            Request::Unread => self.unread(conn, effects),
            Request::OpenUnread(chat) => {
                self.read(conn, Kind::Open, chat, Selection::Unread, effects);
            }
            Request::OpenLast { chat, count } => {
                let last = |chat| Selection::Last { chat, before: None, count };
                self.read(conn, Kind::Open, chat, last, effects);
            }
            Request::History { chat, before, count } => {
                let last = |chat| Selection::Last { chat, before: Some(before), count };
                self.read(conn, Kind::History, chat, last, effects);
            }
            Request::Search { chat: Some(chat), words } => {
                let holding = |chat| Selection::Holding { chat: Some(chat), words };
                self.read(conn, Kind::Search, chat, holding, effects);
            }
            Request::Search { chat: None, words } => self.search_all(conn, words, effects),
            Request::Seen { chat, id } => self.seen(conn, chat, id, effects),
        }
    }

    fn group_request(&mut self, conn: ConnId, request: Request, effects: &mut Effects) {
        let Some(user) = self.user_of(conn) else { return };
        let of = request.kind();
        let (groups, users, mut cx) = self.groups_with(effects);
        if let Err(refusal) = groups.request(Caller { conn, user }, request, users, &mut cx) {
            cx.refuse(conn, of, refusal);
        }
    }

    /// Makes a group, once there is an id for it.
    pub(super) fn make_group(&mut self, conn: ConnId, draft: GroupDraft, effects: &mut Effects) {
        let Some(user) = self.user_of(conn) else { return };
        if let Err(refusal) = self.groups.may_make(user, &draft, &self.accounts, &self.core) {
            return self.refuse(conn, draft.kind(), refusal, effects);
        }
        let Some(id) = self.next_id(effects) else {
            return self.await_id(conn, AwaitsId::Group(draft));
        };
        let (groups, Users { accounts, .. }, mut cx) = self.groups_with(effects);
        if let Err(refusal) = groups.make(Caller { conn, user }, &draft, id, accounts, &mut cx) {
            cx.refuse(conn, draft.kind(), refusal);
        }
    }

    /// Answers what can't be carried out as it was sent.
    fn refused(&mut self, conn: ConnId, of: Kind, refusal: Refusal, effects: &mut Effects) {
        match (of, refusal) {
            (_, Refusal::BadFileFrame) => {
                self.close_in_turn(conn, CloseReason::BadFileFrame, effects);
            }
            // A name that no file can have reads like that of a missing file.
            (Kind::Get, refusal @ Refusal::NoSuchFile(_)) => {
                self.no_such_file(conn, refusal, effects);
            }
            // A name that nobody can have is no better guess than one that nobody has.
            (Kind::Resume, Refusal::WrongToken) => {
                self.refuse_login(conn, Kind::Resume, Duration::ZERO, effects);
            }
            (of, refusal) => self.refuse(conn, of, refusal, effects),
        }
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
        Cx::new(&mut self.core, effects).close_in_turn(conn, reason);
    }
}

/// The one place that decides who may ask for what.
fn may_ask(rank: Role, access: Access, public_files: bool) -> Result<(), Refusal> {
    let is_guest = rank == Role::Guest;
    match access {
        Access::Anyone => Ok(()),
        Access::Guest if is_guest => Ok(()),
        Access::Guest => Err(Refusal::LoggedInAlready),
        Access::FileReader if public_files => Ok(()),
        _ if is_guest => Err(Refusal::NotLoggedIn),
        Access::Account if rank == Role::Operator => Err(Refusal::NoAccount),
        Access::Administrator if rank < Role::Administrator => Err(Refusal::AdministratorsOnly),
        Access::Operator if rank < Role::Operator => Err(Refusal::OperatorOnly),
        _ => Ok(()),
    }
}
