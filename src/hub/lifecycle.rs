//! The lifecycle of a session, from the greeting to the end, over all domains and in reading order.

use crate::chat::address::{Address, Encryption};
use crate::chat::answer::{Answer, Done, List};
use crate::chat::close::CloseReason;
use crate::chat::entry::Entry;
use crate::chat::id::MessageId;
use crate::chat::kind::Kind;
use crate::chat::refusal::{Failure, Refusal};
use crate::chat::request::Place;
use crate::hub::accounts::directory::{OPERATOR, UserIndex};
use crate::hub::audit::Deed;
use crate::hub::context::{Caller, Closing, Cx};
use crate::hub::counters::LoginResult;
use crate::hub::decide::{propose, propose_all};
use crate::hub::domains::Domains;
use crate::hub::effect::Effect;
use crate::hub::groups::offline_until;
use crate::hub::identify::begin_anew;
use crate::hub::input::ConnId;
use crate::hub::job::{Job, Outcome, Value};
use crate::hub::login::Authenticated;
use crate::hub::messages::unread_items;
use crate::hub::presence::{Entering, Presence};
use crate::hub::proposal::Proposal;
use crate::hub::sessions::replies::Reply;
use crate::hub::sessions::state::State;
use crate::hub::try_again::{not_checked, start_over};
use crate::limits::SESSIONS_BESIDE_MAX;

/// Greets a new connection. Over the server's own socket, the operator is logged in at once.
pub fn connected(
    domains: &mut Domains,
    conn: ConnId,
    (from, encryption): (Address, Encryption),
    cx: &mut Cx<'_>,
) {
    cx.core.sessions.insert(conn, from, encryption);
    let is_exempt = cx.core.config.arrivals.exempt.contains(from);
    if !is_exempt && domains.accounts.roles.sanctions.cover(from, cx.core.seconds()) {
        return cx.close(conn, CloseReason::AddressBanned);
    }
    cx.answer(conn, Kind::Connect, Done::Greeted);
    if from == Address::Local {
        let (user, of) = (OPERATOR, Kind::LogIn);
        let counts_as = Some(LoginResult::Operator);
        let who = Authenticated { conn, user, of, place: Place::TakesOver, token: None, counts_as };
        authenticated(domains, who, cx);
    }
}

/// Lets in somebody who gave the right password or token, unless the user has as many sessions as a
/// user may have.
pub fn authenticated(domains: &mut Domains, who: Authenticated, cx: &mut Cx<'_>) {
    let Authenticated { conn, user, of, place, token, counts_as } = who;
    if cx.core.sessions.get(conn).is_none() {
        return;
    }
    let device = token.map(|(_, device)| device);
    let (replaced, refusal) = room_for(domains, user, (place, device), cx);
    if let Some(refusal) = refusal {
        cx.core.counters.login(LoginResult::AlreadyOnline);
        return cx.close_with(conn, CloseReason::AlreadyOnline, of, refusal);
    }
    let was_announced = domains.presence.is_announced(user);
    for old in replaced {
        cx.close(old, CloseReason::TakenOver);
    }
    settle(domains, cx);
    if let Some(result) = counts_as {
        cx.core.counters.login(result);
        let method = match domains.accounts.has_to_reset(user) {
            true => "reset",
            false => result.name(),
        };
        let method = format_args!("method={method}");
        cx.audit(&Deed::of("login", domains.accounts.name(user)).over(conn).with(method));
    }
    let device = device.unwrap_or_else(|| match user {
        OPERATOR => 0,
        _ => domains.devices.next(user),
    });
    let Some(session) = cx.session(conn) else { return };
    (session.device, session.is_beside) = (device, place == Place::Beside);
    let caller = Caller { conn, user };
    let_in(domains, caller, Entering { of, is_news: !was_announced }, cx);
    if let Some((token, _)) = token {
        domains.devices.token_used(caller, token, &domains.accounts, cx);
    }
}

/// The sessions of a user that end since there is a new one, and the refusal if that may not come.
/// The session of the same device ends, and the one that stands alone if it is taken over.
fn room_for(
    domains: &Domains,
    user: UserIndex,
    (place, device): (Place, Option<u32>),
    cx: &Cx<'_>,
) -> (Vec<ConnId>, Option<Refusal>) {
    let open = domains.presence.open_sessions_of(user);
    let open = open.filter_map(|conn| Some((conn, cx.core.sessions.get(conn)?)));
    let mut replaced = Vec::new();
    let (mut alone, mut beside) = (0, 0);
    for (conn, session) in open {
        let is_same = device == Some(session.device);
        if is_same || (place == Place::TakesOver && !session.is_beside) {
            replaced.push(conn);
        } else if session.is_beside {
            beside += 1;
        } else {
            alone += 1;
        }
    }
    let refusal = match place {
        Place::Alone if alone > 0 => Some(Refusal::AlreadyOnline),
        Place::Beside if beside >= SESSIONS_BESIDE_MAX => Some(Refusal::TooManySessions),
        _ => None,
    };
    (replaced, refusal)
}

/// Begins to let a session in, by counting the unread messages.
fn let_in(domains: &mut Domains, caller: Caller, entering: Entering, cx: &mut Cx<'_>) {
    let Caller { conn, user } = caller;
    if cx.core.sessions.get(conn).is_none() {
        return;
    }
    cx.enter(conn, State::Enters(user));
    let was_present = domains.presence.is_present(user);
    domains.presence.enter(caller, entering);
    domains.messages.session_enters(caller, cx);
    let reader = domains.accounts.number(user);
    if !was_present {
        propose(domains, Proposal::of_nobody(Entry::CameOnline(reader)), cx);
    }
    let until = cx.core.sequence.newest();
    domains.own.welcomes.begin(Job::CountUnread { reader, until }, (conn, user), cx);
}

/// Completes a login once the unread messages are counted: the user is online, and gets the
/// messages that came meanwhile.
pub fn welcome(
    domains: &mut Domains,
    conn: ConnId,
    user: UserIndex,
    outcome: Outcome,
    cx: &mut Cx<'_>,
) {
    if cx.core.sessions.get(conn).is_none() {
        return;
    }
    let account = domains.accounts.directory.account(user);
    let unread = match outcome {
        Ok(Value::Unread(unread)) => unread_items(user, &unread, domains.people()),
        // The operator must be let in all the same, to look why the store fails.
        outcome if user == OPERATOR => {
            log::warn!("event=unread-not-counted conn={conn} outcome={outcome:?}");
            Some(Vec::new())
        }
        _ => None,
    };
    let caller = Caller { conn, user };
    let Some(entering) = domains.presence.entered(caller) else { return };
    let Entering { of, is_news } = entering;
    let held = domains.messages.take_inbox(caller);
    let Some(items) = unread else {
        left(domains, user, !is_news, cx);
        return start_over(conn, of, not_checked(&Err(Failure::Busy)), cx);
    };
    let welcome = Done::LoggedIn { name: account.name, number: account.number };
    let last = Answer { of, result: Ok(welcome) };
    cx.enter(conn, State::Online(user));
    if let Some(session) = cx.session(conn) {
        session.tells_more = session.is_beside;
    }
    let since = cx.core.sequence.newest().max(MessageId(cx.core.now.unix_micros));
    let has_come = domains.presence.join(caller, since);
    cx.effects.push(Effect::LoggedIn { conn, user: account.number });
    let list = List::whole(Kind::Unread, items.into(), None, last);
    cx.reply(conn, Reply::List(list));
    if let Some(event) = domains.accounts.mute_event(user, cx.core) {
        cx.tell(event, [conn]);
    }
    domains.accounts.tell_of_motd(conn, cx);
    let (groups, users) = domains.groups();
    let told = groups.tell_news(caller, users, cx);
    propose_all(domains, told, cx);
    domains.admin.tell_of_stop(conn, cx);
    for event in held {
        cx.tell(event, [conn]);
    }
    if has_come && is_news {
        domains.presence.tell(user, true, &domains.accounts, cx);
        domains.presence.keep_announced(user);
    }
    domains.presence.tell_if_away(user, Some(conn), &domains.accounts, cx);
    domains.accounts.is_here(user, cx.core);
    if let Some(from) = cx.core.sessions.get(conn).map(|session| session.from) {
        domains.accounts.logged_in_from(user, from, cx);
    }
}

/// Notes when everybody was last here, since the server stops and sessions end in a crowd.
pub fn stopping(domains: &mut Domains, cx: &mut Cx<'_>) {
    let here = cx.core.sessions.iter().filter_map(|(_, session)| session.user());
    for user in here.collect::<Vec<_>>() {
        domains.accounts.is_here(user, cx.core);
    }
    domains.accounts.last_seen.hurry();
    domains.accounts.deadline(cx);
}

/// Ends the session of a connection that the hub closes.
fn end_session(domains: &mut Domains, conn: ConnId, reason: CloseReason, cx: &mut Cx<'_>) {
    let announce = reason != CloseReason::TakenOver;
    tell_logout(domains, conn, reason.name(), cx);
    forget(domains, conn, (announce, reason == CloseReason::Goodbye), cx);
}

/// Removes the session of a connection that is lost.
pub fn lost(domains: &mut Domains, conn: ConnId, cx: &mut Cx<'_>) {
    tell_logout(domains, conn, "disconnected", cx);
    forget(domains, conn, (true, false), cx);
}

/// Tells the audit log that the session of a user ends.
fn tell_logout(domains: &Domains, conn: ConnId, reason: &str, cx: &mut Cx<'_>) {
    let Some(user) = cx.core.user_of(conn) else { return };
    let name = domains.accounts.name(user);
    cx.audit(&Deed::of("logout", name).over(conn).with(format_args!("how={reason}")));
}

/// Removes a session. `announce` says whether the others are told that its user went offline, and
/// `is_goodbye` whether the user leaves groups that are not kept, if it was the last session.
fn forget(
    domains: &mut Domains,
    conn: ConnId,
    (announce, is_goodbye): (bool, bool),
    cx: &mut Cx<'_>,
) {
    begin_anew(conn, &mut domains.accounts, cx);
    let Some(session) = cx.core.sessions.remove(conn) else { return };
    domains.files.session_ended(conn, &session.replies, cx);
    domains.messages.session_ended(conn, &session);
    cx.core.session_ended(conn);
    domains.login.session_ended(conn, &session);
    domains.removals.session_ended(conn);
    // Where the session is taken over, it is not known yet whether its user is away.
    let may_tell = |presence: &Presence, user| announce || !presence.is_online(user);
    if let State::Enters(user) = *session.state() {
        let entering = domains.presence.entered(Caller { conn, user });
        if may_tell(&domains.presence, user) {
            left(domains, user, announce && entering.is_some_and(|entering| !entering.is_news), cx);
        }
    }
    if let Some(user) = session.user() {
        let caller = Caller { conn, user };
        domains.accounts.is_here(user, cx.core);
        domains.presence.leave(caller);
        domains.calls.unavailable(caller);
        if is_goodbye && !domains.presence.is_present(user) {
            say_goodbye(domains, user, cx);
        }
        if may_tell(&domains.presence, user) {
            left(domains, user, announce, cx);
        }
    }
}

/// Lets a user leave groups that are not kept. No session of the user is told of it: the last one
/// is gone.
fn say_goodbye(domains: &mut Domains, user: UserIndex, cx: &mut Cx<'_>) {
    let now = cx.core.log_time();
    let (groups, users) = domains.groups();
    let left = groups.goodbye(user, users, now);
    propose_all(domains, left, cx);
}

/// Notes that a session of a user ended. If it was the last, the user went offline, unless another
/// one is about to be welcomed; else the user may be away now. `announce` says whether the others
/// are to be told of a user who went offline.
fn left(domains: &mut Domains, user: UserIndex, announce: bool, cx: &mut Cx<'_>) {
    if domains.presence.is_online(user) {
        domains.presence.tell_if_away(user, None, &domains.accounts, cx);
        return;
    }
    if domains.presence.is_entering(user) {
        if announce {
            domains.presence.keep_announced(user);
        }
        return;
    }
    if announce {
        domains.presence.tell(user, false, &domains.accounts, cx);
    }
    went_offline(domains, user, cx);
}

/// Proposes that a user has no session any more.
fn went_offline(domains: &mut Domains, user: UserIndex, cx: &mut Cx<'_>) {
    let memberships_end = offline_until(cx.core.log_time());
    let user = domains.accounts.number(user);
    propose_all(domains, [Entry::WentOffline { user, memberships_end }], cx);
}

/// Does what is due by itself.
pub fn deadline(domains: &mut Domains, cx: &mut Cx<'_>) {
    domains.deadline(cx);
    let now = cx.core.log_time();
    let (groups, users) = domains.groups();
    let due = groups.due(users, now);
    propose_all(domains, due, cx);
    domains.groups.save_again(&domains.accounts, cx);
}

/// Ends the sessions and the streams that were marked to end while the input was handled, tells
/// sessions what they were not told before, and has the store keep a higher ceiling of the ids if
/// one is needed.
pub fn settle(domains: &mut Domains, cx: &mut Cx<'_>) {
    while !cx.core.is_settled() {
        while let Some(conn) = cx.core.sessions.next_told_more() {
            domains.accounts.tell_of_motd(conn, cx);
        }
        while let Some(Closing { conn, reason, last, words }) = cx.core.next_closing() {
            if cx.core.sessions.get(conn).is_some() {
                cx.effects.push(Effect::Close { conn, reason, last, words });
                end_session(domains, conn, reason, cx);
            }
        }
        while let Some((conn, stream)) = cx.core.next_abort() {
            let done = domains.files.end_transfer(conn, stream, cx);
            cx.abort_done(conn, done.ok_or(Refusal::NoSuchTransfer));
        }
        if let Some(ceiling) = cx.core.next_ceiling() {
            domains.own.ceilings.begin(Job::RaiseIdMark { mark: ceiling }, ceiling, cx);
        }
    }
}
