//! The way of a job's outcome to the domain that began the job, and on to other domains.

use crate::chat::account::Account;
use crate::chat::answer::Done;
use crate::chat::close::CloseReason;
use crate::chat::entry::{Entry, Said};
use crate::chat::kind::Kind;
use crate::chat::message::{Chat, StoredMessage};
use crate::chat::request::Place;
use crate::hub::audit::Deed;
use crate::hub::context::{Caller, Cx};
use crate::hub::decide::{propose, propose_all};
use crate::hub::decision::{Decided, DueAnswer};
use crate::hub::domains::Domains;
use crate::hub::exports::ExportDone;
use crate::hub::files::Published;
use crate::hub::input::ConnId;
use crate::hub::job::{JobId, Outcome, Value};
use crate::hub::lifecycle::{authenticated, settle, welcome};
use crate::hub::login::{Authenticated, LoginDone};
use crate::hub::outcome::failed;
use crate::hub::pending::Domain;
use crate::hub::people::People;
use crate::hub::proposal::{Asker, Proposal};
use crate::hub::removals::{Removal, RemovalDone};
use crate::hub::requests::run;

/// Hands the outcome of a job to the domain that began it.
pub fn outcome(domains: &mut Domains, job_id: JobId, outcome: Outcome, cx: &mut Cx<'_>) {
    match Domain::of(job_id) {
        Domain::Login => match domains.login.done(job_id, outcome, &mut domains.accounts, cx) {
            Some(LoginDone::Authenticated(who)) => authenticated(domains, who, cx),
            Some(LoginDone::Registered(conn, account, place)) => {
                registered(domains, (conn, place), account, cx);
            }
            Some(LoginDone::Unregisters(caller)) => {
                domains.removals.unregister(caller, &domains.accounts, cx);
            }
            Some(LoginDone::PasswordSet(caller)) => password_set(domains, caller, cx),
            None => {}
        },
        Domain::Accounts => {
            if let Some(proposal) = domains.accounts.done(job_id, &outcome, cx) {
                propose(domains, proposal, cx);
            }
        }
        Domain::Calls => {
            domains.calls.done(job_id, outcome, &domains.accounts, cx);
        }
        Domain::Admin => {
            if let Some(decided) = domains.admin.done(job_id, &outcome, &mut domains.accounts, cx) {
                decided_on(domains, decided, cx);
            }
        }
        Domain::Devices => domains.devices.done(job_id, outcome, &domains.presence, cx),
        Domain::Removals => match domains.removals.done(job_id, outcome, cx) {
            Some(RemovalDone::Removed(removal)) => account_removed(domains, removal, cx),
            Some(RemovalDone::Erases(job, messages)) => {
                let history = &mut domains.messages.history;
                messages.iter().for_each(|message| history.is_being_deleted(job, message));
            }
            None => {}
        },
        Domain::Reports => {
            let Domains { accounts, presence, groups, reports, .. } = domains;
            let people = People { accounts, presence, groups };
            if let Some(proposal) = reports.done(job_id, outcome, people, cx) {
                propose(domains, proposal, cx);
            }
        }
        Domain::Exports => export_job_done(domains, job_id, &outcome, cx),
        Domain::Whois => whois_done(domains, job_id, outcome, cx),
        Domain::Files => file_job_done(domains, job_id, outcome, cx),
        Domain::Messages => {
            let (messages, people) = domains.messages();
            if let Some(proposal) = messages.done(job_id, outcome, people, cx) {
                propose(domains, proposal, cx);
            }
        }
        Domain::History => {
            let (messages, people) = domains.messages();
            messages.history_done(job_id, outcome, people, cx);
        }
        Domain::Sequence => ceiling_raised(domains, job_id, &outcome, cx),
        Domain::Groups => {
            if let Some(proposal) = domains.groups.done(job_id, &outcome, cx) {
                propose(domains, proposal, cx);
            }
        }
        Domain::Hub => {
            if let Some((conn, user)) = domains.own.welcomes.take(job_id) {
                welcome(domains, conn, user, outcome, cx);
            }
        }
    }
}

/// Lets a change of administration that is on disk hold from now on, and answers its request.
fn decided_on(domains: &mut Domains, decided: Decided, cx: &mut Cx<'_>) {
    let Decided { entries, logs_out, due } = decided;
    propose_all(domains, entries, cx);
    let ended = logs_out.into_iter().flat_map(|user| domains.presence.open_sessions_of(user));
    for session in ended {
        cx.close(session, CloseReason::LoggedOut);
    }
    settle(domains, cx);
    let hand_over = domains.groups.due_to_hand_over();
    propose_all(domains, hand_over, cx);
    if let Some(DueAnswer { conn, of, done }) = due {
        cx.answer(conn, of, done);
    }
}

/// Takes the outcome of a job that looked up an account.
fn whois_done(domains: &mut Domains, id: JobId, outcome: Outcome, cx: &mut Cx<'_>) {
    let Domains { accounts, presence, groups, whois, reports, .. } = domains;
    whois.done(id, outcome, (People { accounts, presence, groups }, reports), cx);
}

/// Takes the outcome of a job of the files. The message of a file that was sent is delivered once
/// it is kept.
fn file_job_done(domains: &mut Domains, id: JobId, outcome: Outcome, cx: &mut Cx<'_>) {
    let (files, people) = domains.files();
    let published = files.done(id, outcome, people, cx);
    let Some(Published { chat, sent_in: conn, message }) = published else { return };
    let asker = Some(Asker { conn, of: Kind::Sendfile });
    file_is_kept(domains, chat, (message, asker), cx);
}

/// Takes the outcome of a job on an export.
fn export_job_done(domains: &mut Domains, id: JobId, outcome: &Outcome, cx: &mut Cx<'_>) {
    match domains.exports.done(id, outcome, &domains.accounts, cx) {
        // No session has sent it, so all sessions of its owner are told.
        Some(ExportDone::Sent(chat, message)) => file_is_kept(domains, chat, (message, None), cx),
        Some(ExportDone::Removes(job, message)) => {
            domains.messages.history.is_being_deleted(job, &message);
        }
        None => {}
    }
}

/// Delivers the message of a file that is kept, or could not be. Then comes what waited for it in
/// that chat.
fn file_is_kept(
    domains: &mut Domains,
    chat: Chat,
    (message, asker): (Option<StoredMessage>, Option<Asker>),
    cx: &mut Cx<'_>,
) {
    if let Some(message) = message {
        let StoredMessage { id, from, chat, text, file_size, is_unheard } = message;
        let entry = Entry::Said(Said { from, chat, text, file_size, key: None, is_unheard });
        propose(domains, Proposal { entry, id: Some(id), asker }, cx);
    }
    for (conn, request) in cx.core.unannounced.take_waiting(chat) {
        if cx.unblock(conn) {
            run(domains, conn, request, cx);
            settle(domains, cx);
        }
    }
    let (files, people) = domains.files();
    files.chat_is_free(chat, people, cx);
    domains.exports.send_again(true, &domains.accounts, cx);
}

/// Adds an account that is on disk, and lets in the session that registered it.
fn registered(
    domains: &mut Domains,
    (conn, place): (ConnId, Place),
    account: Account,
    cx: &mut Cx<'_>,
) {
    let name = account.name;
    propose(domains, Proposal::of_nobody(Entry::AccountAdded(account)), cx);
    let Some(user) = domains.accounts.directory.find_name(&name) else { return };
    let of = Kind::LogIn;
    let who = Authenticated { conn, user, of, place, token: None, counts_as: None };
    authenticated(domains, who, cx);
}

/// Ends an account that is removed on disk: first its sessions, so that the others are told of them
/// under the name that they know.
fn account_removed(domains: &mut Domains, removal: Removal, cx: &mut Cx<'_>) {
    let Removal { asker: Asker { conn, of }, by, user, name, erase } = removal;
    let accounts = &domains.accounts;
    let deed = match of {
        Kind::Unregister => Deed::of("unregister", accounts.name(user)),
        _ => Deed::of("remove", accounts.name(user)).by(accounts.name(by)),
    };
    let more = format_args!("number={} erase={erase}", accounts.number(user));
    cx.audit(&deed.over(conn).with(more));
    if of == Kind::Unregister {
        cx.answer(conn, of, Done::Done);
    }
    for session in domains.presence.open_sessions_of(user) {
        cx.close(session, CloseReason::AccountRemoved);
    }
    settle(domains, cx);
    let (user, by) = (domains.accounts.number(user), domains.accounts.number(by));
    propose(domains, Proposal::of_nobody(Entry::AccountRemoved { user, name, by, erase }), cx);
    if of == Kind::Remove {
        cx.answer(conn, of, Done::Done);
    }
}

/// Ends the other sessions of a user whose password was changed, as all tokens have ended.
fn password_set(domains: &mut Domains, Caller { conn, user }: Caller, cx: &mut Cx<'_>) {
    cx.audit(&Deed::of("password-changed", domains.accounts.name(user)).over(conn));
    if domains.accounts.has_to_reset(user) {
        let user = domains.accounts.number(user);
        propose(domains, Proposal::of_nobody(Entry::PasswordReplaced(user)), cx);
    }
    let others = domains.presence.open_sessions_of(user).filter(|other| *other != conn);
    for other in others {
        cx.close(other, CloseReason::LoggedOut);
    }
}

/// Handles the requests that waited for a higher ceiling of the ids, one after the other. If the
/// ceiling could not be kept, they are refused.
fn ceiling_raised(domains: &mut Domains, job_id: JobId, outcome: &Outcome, cx: &mut Cx<'_>) {
    let Some(ceiling) = domains.own.ceilings.take(job_id) else { return };
    let is_kept = *outcome == Ok(Value::Done);
    cx.core.sequence.ceiling_kept(is_kept.then_some(ceiling));
    for (conn, request) in cx.core.take_without_id() {
        if !cx.unblock(conn) {
            continue;
        }
        match is_kept {
            true => run(domains, conn, request, cx),
            false => cx.refuse(conn, request.kind(), failed(outcome)),
        }
        settle(domains, cx);
    }
    let (files, people) = domains.files();
    files.ids_are_there(outcome, people, cx);
    domains.exports.send_again(is_kept, &domains.accounts, cx);
}
