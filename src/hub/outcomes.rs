//! Which domain gets which outcome, and what a decision means for the others.

use crate::chat::close::CloseReason;
use crate::chat::message::StoredMessage;
use crate::hub::admin::{Decided, Decision};
use crate::hub::context::Cx;
use crate::hub::domains::Domains;
use crate::hub::job::{JobId, Outcome, Value};
use crate::hub::lifecycle::{authenticated, settle, welcome};
use crate::hub::messages::Said;
use crate::hub::outcome::failed;
use crate::hub::pending::Domain;
use crate::hub::requests::run;
/// Hands the outcome of a job to the domain that began it.
pub fn outcome(domains: &mut Domains, ticket: JobId, outcome: Outcome, cx: &mut Cx<'_>) {
    match Domain::of(ticket) {
        Domain::Login => {
            let who = domains.login.done(ticket, outcome, &mut domains.accounts, cx);
            if let Some(who) = who {
                authenticated(domains, who, cx);
            }
        }
        Domain::Accounts => {
            if domains.accounts.done(ticket, &outcome, cx) {
                domains.presence.who_changed();
            }
        }
        Domain::Calls => {
            let people = (&domains.accounts, &domains.presence);
            domains.calls.done(ticket, outcome, people, cx);
        }
        Domain::Admin => {
            let decided = domains.admin.done(ticket, &outcome, &mut domains.accounts, cx);
            if let Some(decided) = decided {
                apply(domains, decided, cx);
            }
        }
        Domain::Files => file_job_done(domains, ticket, outcome, cx),
        Domain::Messages => {
            let (messages, people) = domains.messages();
            messages.done(ticket, outcome, people, cx);
        }
        Domain::History => {
            let (messages, people) = domains.messages();
            messages.history.done(ticket, outcome, people, cx);
        }
        Domain::Sequence => id_mark_raised(domains, ticket, &outcome, cx),
        Domain::Groups => {
            let (groups, users) = domains.groups();
            groups.done(ticket, &outcome, users, cx);
        }
        Domain::Hub => {
            if let Some((conn, user)) = domains.welcomes.take(ticket) {
                welcome(domains, conn, user, outcome, cx);
            }
        }
    }
}

/// Takes what came of a job of the files. The message of a file that was sent goes to those
/// whom it addresses once it is kept.
fn file_job_done(domains: &mut Domains, id: JobId, outcome: Outcome, cx: &mut Cx<'_>) {
    let (files, people) = domains.files();
    if let Some(message) = files.done(id, outcome, people, cx) {
        deliver_sent(domains, message, cx);
    }
}

/// Tells those addressed of a file that was sent, whose message is on disk.
fn deliver_sent(domains: &mut Domains, message: StoredMessage, cx: &mut Cx<'_>) {
    let (messages, people) = domains.messages();
    messages.apply(Said { message, key: None }, None, people, cx);
}

/// A decision of an administrator holds from now on.
fn apply(domains: &mut Domains, decided: Decided, cx: &mut Cx<'_>) {
    let Decided { conn, job, decision } = decided;
    if let Decision::Banned(user, banned) = decision {
        if let Some(session) = domains.presence.session_of(user).filter(|_| banned) {
            cx.close(session, CloseReason::Banned);
            settle(domains, cx);
        }
        let (groups, users) = domains.groups();
        groups.ban_changed(user, users, cx);
    }
    cx.resolve_answer(conn, job, decision.kind(), Ok(decision.done()));
}

/// A higher mark for the ids is on disk, or is not: the requests that waited for it are handled
/// now, one after the other, or are refused.
fn id_mark_raised(domains: &mut Domains, ticket: JobId, outcome: &Outcome, cx: &mut Cx<'_>) {
    let Some(mark) = domains.marks.take(ticket) else { return };
    let is_kept = *outcome == Ok(Value::Done);
    cx.core.sequence.ceiling_kept(is_kept.then_some(mark));
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
}
