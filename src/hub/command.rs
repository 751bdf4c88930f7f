//! Requests: who may ask for what, and who answers.

use std::time::Duration;

use super::messages::Draft;
use super::people::People;
use super::{Hub, access};
use crate::chat::answer::Done;
use crate::chat::close::CloseReason;
use crate::chat::name::{FileName, Target};
use crate::chat::refusal::Refusal;
use crate::chat::request::{Kind, Request};
use crate::hub::context::{Caller, Cx};
use crate::hub::effect::Effects;
use crate::hub::files::Files;
use crate::hub::groups::creation::GroupDraft;
use crate::hub::input::ConnId;
use crate::hub::sessions::replies::Reply;

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
        let rank = self.accounts.roles.of(self.core.user_of(conn));
        if let Err(refusal) = access::check(rank, of, self.core.config.public_files)
            && is_line
        {
            return Cx::new(&mut self.core, effects).refuse(conn, of, refusal);
        }
        match request {
            Ok(Request::SetPassword(password)) => {
                let Some(caller) = self.caller(conn) else { return };
                let cx = &mut Cx::new(&mut self.core, effects);
                self.login.set_password(caller, is_confirmed, password, &self.accounts, cx);
            }
            Ok(request) => self.run(conn, request, effects),
            Err((of, refusal)) => self.refused(conn, of, refusal, effects),
        }
    }

    pub(super) fn run(&mut self, conn: ConnId, request: Request, effects: &mut Effects) {
        match request {
            about_logins @ (Request::Identify(_)
            | Request::LogIn { .. }
            | Request::Register { .. }
            | Request::Resume { .. }) => self.login_request(conn, about_logins, effects),
            about_accounts @ (Request::Token | Request::Nick(_) | Request::ConfirmPassword(_)) => {
                self.account_request(conn, about_accounts, effects)
            }
            Request::Step(step) => {
                Cx::new(&mut self.core, effects).answer(conn, Kind::Step(step), Done::Done)
            }
            about_presence @ (Request::Who | Request::Quiet(_) | Request::Reachable) => {
                self.presence_request(conn, about_presence, effects);
            }
            about_files @ (Request::Ls(_)
            | Request::Get { .. }
            | Request::Sum(_)
            | Request::Put { .. }
            | Request::Sendfile { .. }
            | Request::Expect { .. }
            | Request::Abort { .. }) => self.file_request(conn, about_files, effects),
            about_calls @ (Request::Up { .. }
            | Request::Down
            | Request::Alive
            | Request::Call(_)) => self.call_request(conn, about_calls, effects),
            Request::Kick { user, reason } => self.kick(conn, user, reason, effects),
            Request::Ban { .. } | Request::Admin { .. } | Request::Shutdown { .. } => {
                self.administer(conn, request, effects);
            }
            Request::Dump => Cx::new(&mut self.core, effects).reply(conn, Reply::Figures),
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
            Request::SetPassword(_) => debug_assert!(false, "it is carried out above"),
            about_messages @ (Request::Say { .. }
            | Request::Unread
            | Request::OpenUnread(_)
            | Request::OpenLast { .. }
            | Request::History { .. }
            | Request::Search { .. }
            | Request::Seen { .. }) => self.message_request(conn, about_messages, effects),
        }
    }

    /// Carries out a request to say or to read something.
    fn message_request(&mut self, conn: ConnId, request: Request, effects: &mut Effects) {
        let Some(user) = self.user_of(conn) else { return };
        let (from, of) = (Caller { conn, user }, request.kind());
        let Hub { core, accounts, presence, groups, messages, files, .. } = self;
        let people = People { accounts, presence, groups };
        let cx = &mut Cx::new(core, effects);
        let result = match request {
            Request::Say { to, text, key } => {
                messages.say(from, Draft { to, text, key }, people, cx)
            }
            Request::Unread => {
                messages.history.unread(from, people, cx);
                Ok(())
            }
            Request::Seen { chat, id } => {
                let untold = |chat| files.first_unannounced(chat);
                messages.history.seen(from, (chat, id), untold, people, cx)
            }
            lists => messages.history.list(from, lists, people, cx),
        };
        if let Err(refusal) = result {
            cx.refuse(conn, of, refusal);
        }
    }

    /// Carries out a request about groups that there are.
    fn group_request(&mut self, conn: ConnId, request: Request, effects: &mut Effects) {
        let Some(caller) = self.caller(conn) else { return };
        let of = request.kind();
        let (groups, users, mut cx) = self.groups_with(effects);
        if let Err(refusal) = groups.request(caller, request, users, &mut cx) {
            cx.refuse(conn, of, refusal);
        }
    }

    /// Makes a group, once there is an id for it.
    fn make_group(&mut self, conn: ConnId, draft: GroupDraft, effects: &mut Effects) {
        let Some(caller) = self.caller(conn) else { return };
        let of = draft.kind();
        let may = self.groups.may_make(caller.user, &draft, &self.accounts, &self.core);
        let (groups, users, mut cx) = self.groups_with(effects);
        if let Err(refusal) = may {
            return cx.refuse(conn, of, refusal);
        }
        let Some(id) = cx.next_id() else {
            return cx.await_id(conn, draft.into_request());
        };
        if let Err(refusal) = groups.make(caller, &draft, id, users.accounts, &mut cx) {
            cx.refuse(conn, of, refusal);
        }
    }

    /// Carries out a request about who is online.
    fn presence_request(&mut self, conn: ConnId, request: Request, effects: &mut Effects) {
        let Some(caller) = self.caller(conn) else { return };
        let cx = &mut Cx::new(&mut self.core, effects);
        match request {
            Request::Who => self.who(conn, effects),
            Request::Quiet(quiet) => self.presence.quiet(conn, quiet, cx),
            Request::Reachable => self.presence.list_reachable(caller, &self.accounts, cx),
            other => debug_assert!(false, "{other:?} is not about who is online"),
        }
    }

    /// Carries out a request of who logs in.
    fn login_request(&mut self, conn: ConnId, request: Request, effects: &mut Effects) {
        let cx = &mut Cx::new(&mut self.core, effects);
        let accounts = &mut self.accounts;
        match request {
            Request::Identify(name) => self.login.identify(conn, name, accounts, cx),
            Request::LogIn { name, password, takeover } => {
                self.login.log_in(conn, name, (password, takeover), accounts, cx);
            }
            Request::Register { name, password } => {
                self.login.register(conn, name, password, accounts, cx);
            }
            Request::Resume { name, token } => {
                self.login.resume(conn, name, token, accounts, cx);
            }
            other => debug_assert!(false, "{other:?} is no login"),
        }
    }

    /// Carries out a request about the user's own account.
    fn account_request(&mut self, conn: ConnId, request: Request, effects: &mut Effects) {
        let Some(caller) = self.caller(conn) else { return };
        let cx = &mut Cx::new(&mut self.core, effects);
        match request {
            Request::Token => self.login.token(caller, &self.accounts, cx),
            Request::Nick(display) => self.accounts.nick(caller, display, cx),
            Request::ConfirmPassword(password) => {
                self.login.confirm_password(caller, password, &mut self.accounts, cx);
            }
            other => debug_assert!(false, "{other:?} is not about an account"),
        }
    }

    /// Carries out a request about direct chats.
    fn call_request(&mut self, conn: ConnId, request: Request, effects: &mut Effects) {
        let user = self.core.user_of(conn);
        let cx = &mut Cx::new(&mut self.core, effects);
        if request == Request::Alive {
            return self.calls.alive(conn, user, cx);
        }
        let Some(caller) = user.map(|user| Caller { conn, user }) else { return };
        match request {
            Request::Up { port } => {
                self.calls.take(caller, port, (&self.accounts, &mut self.presence), cx);
            }
            Request::Down => self.calls.take_none(caller, &mut self.presence, cx),
            Request::Call(callee) => {
                self.calls.call(caller, callee, (&self.accounts, &self.presence), cx);
            }
            other => debug_assert!(false, "{other:?} is not about direct chats"),
        }
    }

    /// Carries out a request of an administrator.
    fn administer(&mut self, conn: ConnId, request: Request, effects: &mut Effects) {
        let Some(caller) = self.caller(conn) else { return };
        let cx = &mut Cx::new(&mut self.core, effects);
        match request {
            Request::Ban { user, banned } => {
                self.admin.ban(caller, user, banned, &self.accounts, cx);
            }
            Request::Admin { user, admin } => {
                self.admin.set_administrator(caller, user, admin, &self.accounts, cx);
            }
            Request::Shutdown { seconds } => {
                self.admin.shut_down(caller, seconds, &self.accounts, cx);
            }
            other => debug_assert!(false, "{other:?} is not for administrators"),
        }
    }

    /// Routes a request about files.
    fn file_request(&mut self, conn: ConnId, request: Request, effects: &mut Effects) {
        let of = request.kind();
        let caller = self.user_of(conn).map(|user| Caller { conn, user });
        let (files, people, mut cx) = self.files(effects);
        let result = match (request, caller) {
            (Request::Ls(path), _) => return files.list_folder(conn, path, &mut cx),
            (Request::Sum(file), _) => return files.sum(conn, file, &mut cx),
            (Request::Get { offset, file }, _) => files.download(conn, offset, file, &mut cx),
            (Request::Put { size, name }, Some(caller)) => {
                files.put(caller, name, size, people, &mut cx)
            }
            (Request::Sendfile { to, size, name }, Some(caller)) => {
                self.send_file(caller, to, (size, name), effects)
            }
            (Request::Expect { stream, sha256 }, _) => {
                let result = files.expect(conn, stream, sha256, &mut cx);
                return cx.conclude(conn, of, result);
            }
            (Request::Abort { stream }, _) => return files.abort(conn, stream, &mut cx),
            (request, _) => return debug_assert!(false, "{request:?} is not about files"),
        };
        if let Err(refusal) = result {
            Cx::new(&mut self.core, effects).refuse(conn, of, refusal);
        }
    }

    /// Announces a file for a chat, once it is known which chat that is.
    fn send_file(
        &mut self,
        caller: Caller,
        to: Target,
        (size, name): (u64, FileName),
        effects: &mut Effects,
    ) -> Result<(), Refusal> {
        Files::may_send(size, &self.core.config)?;
        let (files, people, mut cx) = self.files(effects);
        let chat = people.chat(caller.user, to)?;
        files.send_file(caller, (chat, name), size, people, &mut cx)
    }

    /// Answers what can't be carried out as it was sent.
    fn refused(&mut self, conn: ConnId, of: Kind, refusal: Refusal, effects: &mut Effects) {
        match (of, refusal) {
            (_, Refusal::BadFileFrame) => {
                self.close_in_turn(conn, CloseReason::BadFileFrame, effects);
            }
            // A name that no file can have reads like that of a missing file.
            (Kind::Get, refusal @ Refusal::NoSuchFile(_)) => {
                let mut cx = Cx::new(&mut self.core, effects);
                Files::no_such_file(conn, refusal, &mut cx);
            }
            // A name that nobody can have is no better guess than one that nobody has.
            (Kind::Resume, Refusal::WrongToken) => {
                let cx = &mut Cx::new(&mut self.core, effects);
                self.login.refuse(conn, Kind::Resume, Duration::ZERO, cx);
            }
            (of, refusal) => Cx::new(&mut self.core, effects).refuse(conn, of, refusal),
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
