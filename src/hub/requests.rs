//! The way of a request to the domain that carries it out.

use crate::hub::decide::propose;
use crate::hub::messages::History;
use crate::hub::proposal::Asker;
use crate::hub::proposal::Proposal;
use std::time::Duration;

use crate::chat::answer::Done;
use crate::chat::close::CloseReason;
use crate::chat::kind::Kind;
use crate::chat::name::{FileName, Target};
use crate::chat::refusal::Refusal;
use crate::chat::request::Request;
use crate::hub::access;
use crate::hub::accounts::Accounts;
use crate::hub::accounts::directory::UserIndex;
use crate::hub::context::{Caller, Core, Cx};
use crate::hub::domains::Domains;
use crate::hub::files::Files;
use crate::hub::groups::creation::GroupDraft;
use crate::hub::identify::{begin_anew, identify, refuse_name};
use crate::hub::input::ConnId;
use crate::hub::messages::Draft;
use crate::hub::moderate::moderate;
use crate::hub::people::People;
use crate::hub::reports::ReportDraft;
use crate::hub::rules;

/// Handles a request, or the refusal of one that a codec could not decode.
pub fn asked(
    domains: &mut Domains,
    conn: ConnId,
    request: Result<Request, (Kind, Refusal)>,
    cx: &mut Cx<'_>,
) {
    let user = cx.core.user_of(conn);
    let now = cx.core.now.monotonic;
    if user.is_some_and(|user| domains.calls.touch(Caller { conn, user }, now)) {
        domains.presence.who_changed();
    }
    let Some(session) = cx.core.sessions.get_mut(conn) else { return };
    debug_assert!(session.takes_input(), "{conn} asks out of turn");
    let of = request.as_ref().map_or_else(|(of, _)| *of, Request::kind);
    let is_line = !matches!(request, Err((_, Refusal::BadLine(_))));
    // Requests that a client sends by itself must not undo a confirmation.
    let is_confirmed = match of {
        Kind::Alive | Kind::Seen => false,
        _ => std::mem::take(&mut session.has_confirmed_password),
    };
    let asked = (of, request.as_ref().ok());
    if let Err(refusal) = may_ask(&domains.accounts, user, asked, cx.core)
        && is_line
    {
        return cx.refuse(conn, of, refusal);
    }
    if cx.core.audit.stands_against(of) && is_line {
        return cx.refuse(conn, of, Refusal::AuditFails);
    }
    match request {
        Ok(Request::SetPassword(password)) => {
            let Some(caller) = cx.caller(conn) else { return };
            domains.login.set_password(caller, is_confirmed, password, &domains.accounts, cx);
        }
        Ok(request) if domains.accounts.hold_back(user, &request, cx.core) => {
            cx.refuse(conn, of, Refusal::Lockdown);
        }
        Ok(request) => run(domains, conn, request, cx),
        Err((of, refusal)) => refused(domains, conn, of, refusal, cx),
    }
}

/// Checks that whoever is logged in over a session may make a request, of which at least the kind
/// is known.
fn may_ask(
    accounts: &Accounts,
    user: Option<UserIndex>,
    (of, request): (Kind, Option<&Request>),
    core: &Core,
) -> Result<(), Refusal> {
    if user.is_some_and(|user| accounts.has_to_reset(user)) && !access::is_open_to_all(of) {
        return Err(Refusal::ResetFirst);
    }
    access::check(accounts.roles.of(user), of, core.config.rules.public_files)?;
    let muted = user.filter(|_| access::is_speech(of)).and_then(|user| accounts.muted(user, core));
    if let Some(left) = muted {
        return Err(Refusal::Muted(left));
    }
    user.map_or(Ok(()), |user| rules::check(user, (of, request), accounts, core))
}

/// Hands a request that is permitted to the domain that carries it out.
pub fn run(domains: &mut Domains, conn: ConnId, request: Request, cx: &mut Cx<'_>) {
    match request {
        Request::Say { to, text, key } => say(domains, conn, Draft { to, text, key }, cx),
        about_logins @ (Request::Identify { .. }
        | Request::LogIn { .. }
        | Request::Register { .. }
        | Request::Resume { .. }) => login_request(domains, conn, about_logins, cx),
        about_accounts @ (Request::Nick(_)
        | Request::Ignore { .. }
        | Request::Ignored
        | Request::AskFirst(_)
        | Request::Unregister { .. }
        | Request::ConfirmPassword(_)
        | Request::Token { .. }
        | Request::EndToken
        | Request::Sessions
        | Request::EndSession(_)) => account_request(domains, conn, about_accounts, cx),
        Request::Step(step) => cx.answer(conn, Kind::Step(step), Done::Done),
        about_presence @ (Request::Who
        | Request::Quiet(_)
        | Request::Away(_)
        | Request::Monitor { .. }
        | Request::Whois(_)
        | Request::Reachable) => {
            presence_request(domains, conn, about_presence, cx);
        }
        about_files @ (Request::Ls(_)
        | Request::Get { .. }
        | Request::Sum(_)
        | Request::Put { .. }
        | Request::RemoveFile(_)
        | Request::Sendfile { .. }
        | Request::Expect { .. }
        | Request::Abort { .. }) => file_request(domains, conn, about_files, cx),
        about_calls @ (Request::Up { .. } | Request::Down | Request::Alive | Request::Call(_)) => {
            call_request(domains, conn, about_calls, cx)
        }
        Request::Moderate(moderation) => moderate(domains, conn, moderation, cx),
        Request::Ex => cx.close_in_turn(conn, CloseReason::Goodbye),
        Request::Mkgroup { name, users, start } => {
            make_group(domains, conn, GroupDraft { name, users, start }, cx);
        }
        about_groups @ (Request::Join(_)
        | Request::Ask { .. }
        | Request::Decline(_)
        | Request::Admit { .. }
        | Request::Refuse { .. }
        | Request::Expel { .. }
        | Request::ShutOut(_)
        | Request::Leave { .. }
        | Request::Set { .. }
        | Request::Topic { .. }
        | Request::Op { .. }
        | Request::Handover { .. }
        | Request::Dissolve(_)
        | Request::Groups(_)
        | Request::Members { .. }
        | Request::Info(_)) => group_request(domains, conn, about_groups, cx),
        about_messages @ (Request::Unread
        | Request::Chats { .. }
        | Request::OpenUnread(_)
        | Request::OpenLast { .. }
        | Request::History { .. }
        | Request::After { .. }
        | Request::Search { .. }
        | Request::Seen { .. }
        | Request::Delete(_)) => message_request(domains, conn, about_messages, cx),
        other => other_request(domains, conn, other, cx),
    }
}

/// Carries out a request of users about others and about what is their own.
fn other_request(domains: &mut Domains, conn: ConnId, request: Request, cx: &mut Cx<'_>) {
    let Some(caller) = cx.caller(conn) else { return };
    match request {
        Request::Report { user, message, reason } => {
            let draft = ReportDraft { user, message, reason };
            domains.reports.report(caller, draft, &domains.accounts, cx);
        }
        Request::Motd => domains.accounts.list_motd(caller, cx),
        Request::Export => domains.exports.ask(caller, &domains.accounts, cx),
        other => debug_assert!(false, "{other:?} is carried out elsewhere"),
    }
}

/// Answers a request that can't be carried out as it was sent.
fn refused(domains: &mut Domains, conn: ConnId, of: Kind, refusal: Refusal, cx: &mut Cx<'_>) {
    match (of, refusal) {
        (_, Refusal::BadFileFrame) => {
            cx.close_in_turn(conn, CloseReason::BadFileFrame);
        }
        // A name that no file can have is refused like that of a missing file.
        (Kind::Get, refusal @ Refusal::NoSuchFile(_)) => {
            Files::no_such_file(conn, refusal, cx);
        }
        (Kind::Identify, refusal @ Refusal::BadUserName) => {
            refuse_name(conn, refusal, &mut domains.accounts, cx);
        }
        // A code that no invitation can have is no better guess than one that none has.
        (Kind::Identify, Refusal::WrongCode) => {
            begin_anew(conn, &mut domains.accounts, cx);
            domains.login.refuse_code(conn, None, &mut domains.accounts, cx);
        }
        // A name that no account can have is no better guess than one that no account has.
        (Kind::Resume, Refusal::WrongToken) => {
            domains.login.refuse(conn, Kind::Resume, Duration::ZERO, cx);
        }
        (of, refusal) => cx.refuse(conn, of, refusal),
    }
}

/// Carries out a request of a session that logs in.
fn login_request(domains: &mut Domains, conn: ConnId, request: Request, cx: &mut Cx<'_>) {
    let accounts = &mut domains.accounts;
    match request {
        Request::Identify { name, invite } => {
            if !identify(conn, name, invite.as_ref(), accounts, cx) {
                domains.login.refuse_code(conn, Some(name), accounts, cx);
            }
        }
        Request::LogIn { name, password, place } => {
            domains.login.log_in(conn, name, (password, place), accounts, cx);
        }
        Request::Register { name, password, place, invite } => {
            domains.login.register(conn, name, (password, place, invite), accounts, cx);
        }
        Request::Resume { name, token, beside } => {
            domains.login.resume(conn, name, (token, beside), accounts, cx);
        }
        other => debug_assert!(false, "{other:?} is no login"),
    }
}

/// Carries out a request about the user's own account.
fn account_request(domains: &mut Domains, conn: ConnId, request: Request, cx: &mut Cx<'_>) {
    let Some(caller) = cx.caller(conn) else { return };
    let number = domains.accounts.number(caller.user);
    match request {
        Request::Token { name } => {
            domains.devices.make_token(caller, name, &domains.accounts, cx);
        }
        Request::EndToken => domains.devices.end_own_tokens(caller, number, cx),
        Request::Sessions => domains.devices.list(caller, number, cx),
        Request::EndSession(device) => {
            domains.devices.end_others(caller, device, (number, &domains.presence), cx);
        }
        Request::Nick(display) => domains.accounts.nick(caller, display, cx),
        Request::Ignore { user, on } => domains.accounts.ignore(caller, (user, on), cx),
        Request::Ignored => domains.accounts.list_ignored(caller, cx),
        Request::AskFirst(on) => domains.accounts.set_ask_first(caller, on, cx),
        Request::ConfirmPassword(password) => {
            let confirms = (Kind::ConfirmPassword, password);
            domains.login.confirm_password(caller, confirms, &mut domains.accounts, cx);
        }
        Request::Unregister { password, erase } => {
            domains.removals.awaits_password(conn, erase);
            let confirms = (Kind::Unregister, password);
            domains.login.confirm_password(caller, confirms, &mut domains.accounts, cx);
        }
        other => debug_assert!(false, "{other:?} is not about an account"),
    }
}

/// Carries out a request about presence.
fn presence_request(domains: &mut Domains, conn: ConnId, request: Request, cx: &mut Cx<'_>) {
    let Some(caller) = cx.caller(conn) else { return };
    match request {
        Request::Who => who(domains, conn, cx),
        Request::Quiet(quiet) => domains.presence.quiet(conn, quiet, cx),
        Request::Away(words) => domains.presence.set_away(caller, words, &domains.accounts, cx),
        Request::Monitor { user, on } => {
            domains.presence.monitor(conn, (user, on), &domains.accounts, cx);
        }
        Request::Whois(user) => {
            let Domains { accounts, presence, groups, whois, .. } = domains;
            whois.ask(caller, user, People { accounts, presence, groups }, cx);
        }
        Request::Reachable => domains.presence.list_reachable(caller, &domains.accounts, cx),
        other => debug_assert!(false, "{other:?} is not about who is online"),
    }
}

/// Lists who is online.
fn who(domains: &mut Domains, conn: ConnId, cx: &mut Cx<'_>) {
    let items = domains.presence.who(&domains.accounts.directory, |user| {
        let (conn, port) = domains.calls.at(user)?;
        Some((cx.core.sessions.get(conn)?.from, port))
    });
    cx.list(conn, Kind::Who, items);
}

/// Carries out a request to say something.
fn say(domains: &mut Domains, conn: ConnId, draft: Draft, cx: &mut Cx<'_>) {
    let Some(caller) = cx.caller(conn) else { return };
    let (messages, people) = domains.messages();
    match messages.say(caller, draft, people, cx) {
        Ok(Some(proposal)) => propose(domains, proposal, cx),
        Ok(None) => {}
        Err(refusal) => cx.refuse(conn, Kind::Say, refusal),
    }
}

/// Carries out a request to send or to read messages.
fn message_request(domains: &mut Domains, conn: ConnId, request: Request, cx: &mut Cx<'_>) {
    let Some(user) = cx.core.user_of(conn) else { return };
    let (from, of) = (Caller { conn, user }, request.kind());
    let (messages, people) = domains.messages();
    let result = match request {
        Request::Unread => {
            messages.history.unread(from, people, cx);
            Ok(None)
        }
        Request::Chats { before } => {
            messages.history.chats(from, before, people, cx);
            Ok(None)
        }
        Request::Delete(id) => {
            messages.delete(from, id, people, cx);
            Ok(None)
        }
        Request::Seen { chat, id } => History::seen(from, (chat, id), people).map(Some),
        lists => messages.history.list(from, lists, people, cx).map(|()| None),
    };
    match result {
        Ok(Some(proposal)) => propose(domains, proposal, cx),
        Ok(None) => {}
        Err(refusal) => cx.refuse(conn, of, refusal),
    }
}

/// Carries out a request about groups that exist.
fn group_request(domains: &mut Domains, conn: ConnId, request: Request, cx: &mut Cx<'_>) {
    let Some(caller) = cx.caller(conn) else { return };
    let of = request.kind();
    let (groups, users) = domains.groups();
    match groups.request(caller, request, users, cx) {
        Ok(Some(entry)) => {
            let asker = Some(Asker { conn, of });
            propose(domains, Proposal { entry, id: None, asker }, cx);
        }
        Ok(None) => {}
        Err(refusal) => cx.refuse(conn, of, refusal),
    }
}

/// Makes a group, once there is an id for it.
fn make_group(domains: &mut Domains, conn: ConnId, draft: GroupDraft, cx: &mut Cx<'_>) {
    let Some(caller) = cx.caller(conn) else { return };
    let of = draft.kind();
    let may = domains.groups.may_make(caller.user, &draft, &domains.accounts, cx.core);
    let (groups, users) = domains.groups();
    if let Err(refusal) = may {
        return cx.refuse(conn, of, refusal);
    }
    let Some(id) = cx.next_id() else {
        return cx.await_id(conn, draft.into_request());
    };
    if let Err(refusal) = groups.begin(caller, &draft, id, users.accounts, cx) {
        cx.refuse(conn, of, refusal);
    }
}

/// Carries out a request about files.
fn file_request(domains: &mut Domains, conn: ConnId, request: Request, cx: &mut Cx<'_>) {
    let of = request.kind();
    let caller = cx.core.user_of(conn).map(|user| Caller { conn, user });
    let (files, people) = domains.files();
    let from = (conn, people.party(conn, cx.core));
    let result = match (request, caller) {
        (Request::Ls(path), _) => return files.list_folder(from, path, cx),
        (Request::Sum(file), _) => return files.sum(from, file, cx),
        (Request::Get { offset, file }, _) => files.download(from, offset, file, people, cx),
        (Request::Put { size, name }, Some(caller)) => files.put(caller, name, size, people, cx),
        (Request::RemoveFile(name), Some(caller)) => {
            return files.remove(caller, name, people, cx);
        }
        (Request::Sendfile { to, size, name }, Some(caller)) => {
            send_file(domains, caller, to, (size, name), cx)
        }
        (Request::Expect { stream, sha256 }, _) => {
            let result = files.expect(conn, stream, sha256, cx);
            return cx.conclude(conn, of, result);
        }
        (Request::Abort { stream }, _) => return files.abort(conn, stream, cx),
        (request, _) => return debug_assert!(false, "{request:?} is not about files"),
    };
    if let Err(refusal) = result {
        cx.refuse(conn, of, refusal);
    }
}

/// Announces a file for a chat, after the target is resolved to the chat.
fn send_file(
    domains: &mut Domains,
    caller: Caller,
    to: Target,
    (size, name): (u64, FileName),
    cx: &mut Cx<'_>,
) -> Result<(), Refusal> {
    Files::may_send(size, &cx.core.config)?;
    let (files, people) = domains.files();
    let chat = people.chat(caller.user, to)?;
    files.send_file(caller, (chat, name), size, people, cx)
}

/// Carries out a request about direct chats.
fn call_request(domains: &mut Domains, conn: ConnId, request: Request, cx: &mut Cx<'_>) {
    let user = cx.core.user_of(conn);
    if request == Request::Alive {
        return domains.calls.alive(conn, user, cx);
    }
    let Some(caller) = user.map(|user| Caller { conn, user }) else { return };
    match request {
        Request::Up { port } => {
            domains.calls.take(caller, port, (&domains.accounts, &mut domains.presence), cx);
        }
        Request::Down => domains.calls.take_none(caller, &mut domains.presence, cx),
        Request::Call(callee) => {
            domains.calls.call(caller, callee, &domains.accounts, cx);
        }
        other => debug_assert!(false, "{other:?} is not about direct chats"),
    }
}
