//! Connecting, logging in, and both again after the connection was lost.

use std::time::{Duration, Instant};

use chatsrv::chat::name::{Number, UserName};
use chatsrv::display::line::Line;
use chatsrv::display::safe_text::{SafeText, safe};
use chatsrv::protocol::native::closing::ClosingReason;
use chatsrv::protocol::native::verb::Verb;

use super::execute::{ask_group, run_job};
use super::moderation::ask_personal;
use super::parts::Parts;
use crate::core::{Core, Stage};
use crate::ending::Ending;
use crate::input::groups::GroupRequest;
use crate::input::personal::PersonalRequest;
use crate::link::connection::Connection;
use crate::link::login::{Question, Step};
use crate::requests::{Asked, Requests};

/// How long the server may take for the greeting and for the reply to each step of a login. Without
/// a user at a terminal, also how long it may be silent after that while a reply is awaited.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);
/// The same for operations on large files: to hash one, and to send it over a slow line.
const LONG_ANSWER_TIMEOUT: Duration = Duration::from_secs(600);

/// Begins to connect to the server.
///
/// # Errors
/// The ending, if no attempt can be made.
pub fn connect(parts: &mut Parts) -> Result<(), Ending> {
    parts.link.search().map_err(Ending::Ui)?;
    parts.core.stage = Stage::Connecting;
    Ok(())
}

/// Handles the results of the attempt to connect.
///
/// # Errors
/// The ending, if no connection could be made.
pub fn take_connection(parts: &mut Parts) -> Result<(), Ending> {
    let found = parts.link.take_found();
    if parts.core.stage != Stage::Connecting {
        return Ok(());
    }
    for found in found {
        let connection = found.map_err(|error| parts.link.no_server(&error))?;
        tell_tls(parts, &connection);
        parts.link.begin(connection, Instant::now() + ANSWER_TIMEOUT);
        parts.core.requests = Requests::default();
        parts.core.stage = Stage::Greeting;
    }
    Ok(())
}

/// Shows before the first login that the connection is encrypted.
fn tell_tls(parts: &mut Parts, connection: &Connection) {
    let Parts { core, link, .. } = parts;
    if let (Some(version), true, None) = (connection.tls_version(), core.has_person(), core.name) {
        core.show(Line::notice(safe!("connected to {} ({version})", link.server)));
    }
}

/// Shows once, before a password is asked for or sent, that others could read it.
fn warn_of_exposure(parts: &mut Parts, step: &Step) {
    let is_password = match step {
        Step::Ask(question) | Step::AskAgain(_, question) => question.is_secret(),
        Step::Send(_) => parts.login.sends_password(),
        _ => false,
    };
    if is_password && parts.link.take_exposure() {
        let text = safe!("not encrypted: others on the way can read this");
        parts.core.show(Line::warning(text));
    }
}

/// Carries out a step of the login.
///
/// # Errors
/// The ending, if the step ends the login.
pub fn go_on(parts: &mut Parts, step: Step) -> Result<(), Ending> {
    warn_of_exposure(parts, &step);
    let Parts { core, link, .. } = parts;
    core.stage = Stage::Login(None);
    match step {
        Step::Send(line) => core.requests.ask(Asked::Login, line),
        Step::Await => core.requests.await_answer(Asked::Login),
        Step::SendAgain(why, line) => {
            core.show(Line::error(why));
            core.requests.ask(Asked::Login, line);
        }
        Step::Ask(question) => core.stage = Stage::Login(Some(question)),
        Step::AskAgain(why, question) => {
            core.show(Line::error(why));
            if matches!(question, Question::InUse | Question::PasswordAgain) {
                // The server closes this connection, or would not wait for the user's answer; the
                // login continues on another one.
                link.close();
            }
            core.stage = Stage::Login(Some(question));
        }
        Step::Reconnect => return connect(parts),
        Step::Later(wait) => return Err(Ending::Busy(wait)),
        Step::Done(name, number) => logged_in(parts, name, number),
        Step::Failed(why) => return Err(Ending::LoginFailed(why)),
    }
    // There is a deadline for the server, but none for the user.
    let waits = parts.core.stage == Stage::Login(None);
    parts.link.deadline = waits.then(|| Instant::now() + ANSWER_TIMEOUT);
    parts.link.end_silence();
    Ok(())
}

fn logged_in(parts: &mut Parts, name: UserName, number: Number) {
    let Parts { core, link, conversations, calls, transfers, .. } = parts;
    let first = core.name.is_none();
    core.stage = Stage::Talking;
    link.established();
    parts.was_shut_down = false;
    core.name = Some(name);
    core.put_off.clear();
    calls.number = Some(number);
    if first {
        // Errors before the login, such as a mistyped password, do not count for the exit code.
        core.failed = false;
    } else {
        core.show(Line::warning(safe!("online again")));
    }
    if core.has_person() && first {
        core.show(Line::notice(safe!("welcome, {name}; your number is {number}")));
        core.show(Line::notice(safe!("type PM, DM or EX; /help lists all commands")));
    }
    if !core.has_job {
        core.ask(Asked::Token, Verb::Token, "");
        if first || conversations.has_console() {
            conversations.tell_unread(core);
        } else {
            conversations.fetch_missed(core);
        }
        if !conversations.ignored.is_known() {
            ask_personal(core, PersonalRequest::Ignored { quiet: true });
        }
    }
    if core.has_person() || link.server.is_socket() {
        core.requests.ask_for_more();
    }
    calls.come_up_again(core);
    if core.has_person() {
        ask_group(core, GroupRequest::Mine { quiet: true });
        core.ask(Asked::Who { quiet: true }, Verb::Who, "");
        core.ask(Asked::Files { quiet: true }, Verb::Ls, "");
    }
    if !first {
        let lines = transfers.reconnected(&mut core.requests);
        core.show_all(lines);
    }
    if let (true, Some(job)) = (first, parts.job.clone()) {
        run_job(parts, job);
    }
}

/// Sets a limit to the server's silence while something is awaited, unless there is a user who sees
/// that nothing happens and can leave.
pub fn limit_silence(parts: &mut Parts) {
    let Parts { core, link, transfers, input, .. } = parts;
    let may_leave = core.has_person() && !input.has_ended;
    if !core.is_online() || may_leave {
        return;
    }
    link.limit_silence(match core.requests.open_requests().next() {
        Some(asked) if asked.takes_long() => Some(LONG_ANSWER_TIMEOUT),
        Some(_) => Some(ANSWER_TIMEOUT),
        None if transfers.downloads.is_running() => Some(ANSWER_TIMEOUT),
        None if transfers.uploads.is_running() => Some(LONG_ANSWER_TIMEOUT),
        None => None,
    });
}

/// Handles the link's deadline.
///
/// # Errors
/// The ending, if the deadline was for the server.
pub fn overdue(parts: &mut Parts) -> Result<(), Ending> {
    match parts.core.stage {
        Stage::Offline(_) => connect(parts),
        Stage::Leaving => Err(Ending::Left),
        Stage::Greeting => Err(parts.link.no_greeting()),
        _ => Err(Ending::Lost(safe!("the server does not answer"))),
    }
}

/// Prepares another connection after one has ended, if the reason allows it and there is time left.
///
/// # Errors
/// The ending, if the client is to end.
pub fn recover(parts: &mut Parts, ending: Ending) -> Result<(), Ending> {
    if is_wanted(parts, &ending) {
        let requests = std::mem::take(&mut parts.core.requests);
        tell_unanswered(&mut parts.core, &requests);
        return Err(Ending::Left);
    }
    let why = match &ending {
        _ if parts.core.name.is_none() || parts.core.stage == Stage::Leaving => return Err(ending),
        Ending::Left | Ending::Ui(_) | Ending::LoginFailed(_) => return Err(ending),
        // The user must know that the server can't be trusted; trying again would hide it.
        Ending::NotSecure(_) => return Err(ending),
        // An administrator wants it so, or another client of the same user has taken over the
        // session.
        Ending::Closed(_, closed) if !closed.may_return() => return Err(ending),
        Ending::Busy(_) => safe!("too many log in at the moment"),
        Ending::Lost(why) => safe!("the connection was lost: {why}"),
        Ending::NoServer(why) | Ending::NotChatsrv(why) | Ending::Closed(why, _) => why.clone(),
    };
    let Some(left) = parts.link.time_left() else {
        return Err(ending);
    };
    disconnected(parts, &why);
    let asked_for = match ending {
        Ending::Busy(wait) => wait,
        Ending::Closed(_, closed) => closed.come_back_after.unwrap_or_default(),
        _ => Duration::ZERO,
    };
    let wait = asked_for.saturating_add(parts.link.next_wait()).min(left);
    match parts.login.come_back() {
        Step::Reconnect => wait_to_connect(parts, wait),
        step => return go_on(parts, step),
    }
    Ok(())
}

/// Returns true if the end of the connection was requested: by a logout, or in a script by a
/// request to stop the server. A user at a terminal may want to be there when the server is back.
fn is_wanted(parts: &Parts, ending: &Ending) -> bool {
    let leaves = parts.core.stage == Stage::Leaving;
    let was_told = parts.was_shut_down && !parts.core.has_person();
    match ending {
        _ if parts.core.name.is_none() => false,
        Ending::Closed(_, closed) if leaves => closed.may_return(),
        Ending::Closed(_, closed) => was_told && closed.reason == Some(ClosingReason::Shutdown),
        Ending::Lost(_) => leaves || was_told,
        _ => false,
    }
}

fn wait_to_connect(parts: &mut Parts, wait: Duration) {
    let now = Instant::now();
    // A wait beyond the range of the clock can't be meant.
    let until = now.checked_add(wait).unwrap_or(now);
    parts.core.stage = Stage::Offline(until);
    parts.link.deadline = Some(until);
}

/// Ends everything that depends on the connection, and shows what that means.
fn disconnected(parts: &mut Parts, why: &SafeText) {
    let Parts { core, link, transfers, outbox, .. } = parts;
    let was_online = core.is_online();
    link.close();
    let lines = transfers.disconnected();
    core.show_all(lines);
    let requests = std::mem::take(&mut core.requests);
    outbox.disconnected();
    if was_online {
        core.show(Line::warning(safe!("offline: {why}")));
    }
    if requests.is_opening_chat() {
        parts.input.typed_ahead.drop_for_chat(core);
        parts.not_led_to_chat();
    }
    parts.conversations.disconnected(requests.open_requests());
    tell_unanswered(&mut parts.core, &requests);
}

fn tell_unanswered(core: &mut Core, requests: &Requests) {
    let unanswered = requests.open_requests().filter_map(Asked::typed_as);
    core.show_all(
        unanswered.map(|typed| Line::error(safe!("no answer came to {typed}: ask again later"))),
    );
}
