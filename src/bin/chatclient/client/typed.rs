//! The handling of input: lines that were typed or pasted, and keys, by their destination.

use chatsrv::chat::name::{Target, UserRef};
use chatsrv::display::line::Line;
use chatsrv::display::safe_text::safe;
use chatsrv::display::said::on_one_line;

use super::connect::go_on;
use super::execute::{carry_out, execute, goal, typed_path};
use super::leaving::{end_input, leave, leave_or_ask};
use super::parts::Parts;
use super::prompt::{destination_beneath, prompt};
use crate::core::{Core, Stage};
use crate::ending::Ending;
use crate::input::action::Action;
use crate::input::commands::{self, Typed};
use crate::input::destination::{Destination, Dialogue};
use crate::input::typed_ahead::Entry;
use crate::link::login::{Password, Question, is_yes};
use crate::ui::interface::{Input, Pasted};

/// Returns true if the next line can be handled. A user may always type; a script waits for the
/// reply to each of its lines.
pub fn takes_input(parts: &Parts) -> bool {
    let core = &parts.core;
    let interactive = core.ui.is_interactive();
    match core.stage {
        Stage::Login(Some(_)) => interactive,
        _ if parts.input.has_ended || parts.job.is_some() || !core.is_open() => false,
        _ if interactive => true,
        Stage::Talking => parts.is_idle(),
        _ => false,
    }
}

/// Handles the input that has been read.
///
/// # Errors
/// The ending, if the input ends the client or the connection.
pub fn take_input(parts: &mut Parts) -> Result<(), Ending> {
    if parts.core.ui.take_interrupt() {
        interrupted(parts)?;
    }
    if parts.input.has_ended && matches!(parts.core.stage, Stage::Login(Some(_))) {
        return Err(Ending::LoginFailed(safe!("nobody can answer the server's question")));
    }
    loop {
        take_waiting(parts, false);
        if !takes_input(parts) {
            return Ok(());
        }
        // A line that was typed ahead belongs to the prompt that follows the line before it.
        let prompt = prompt(parts);
        parts.core.ui.set_prompt(prompt);
        let Some(input) = parts.core.ui.next(&parts.core.completion) else {
            return Ok(());
        };
        take_one(parts, input)?;
    }
}

fn take_one(parts: &mut Parts, input: Input) -> Result<(), Ending> {
    let core = &mut parts.core;
    if core.ui.is_interactive() && parts.conversations.stop_opening() && input == Input::Interrupt {
        parts.input.typed_ahead.drop_all(core);
        return Ok(());
    }
    match (input, core.stage) {
        (Input::Line(answer, Destination::Login(question)), _) => {
            return take_answer_to(parts, question, answer);
        }
        (Input::End, Stage::Login(Some(_))) => return Err(Ending::Left),
        (Input::Interrupt, _) => interrupted(parts)?,
        (Input::Line(line, to), _) => take_entered(parts, line, to),
        (Input::Pasted(lines, to), _) => take_pasted(parts, lines, to),
        (Input::Unreadable(why), _) => core.show(Line::error(safe!("{why}"))),
        (Input::End, _) if !core.ui.has_ended() => leave_or_ask(parts),
        (Input::End, _) => end_input(parts),
    }
    Ok(())
}

/// Handles the answer to a question of the login, unless that is not asked any more.
fn take_answer_to(parts: &mut Parts, question: Question, answer: Password) -> Result<(), Ending> {
    if parts.core.stage == Stage::Login(Some(question)) {
        let step = parts.login.answered(question, answer);
        return go_on(parts, step);
    }
    parts.core.show(Line::error(safe!("nothing was sent: that is not asked any more")));
    Ok(())
}

/// Handles Ctrl-C on an empty line: it cancels the dialogue, else drops the lines that wait, else
/// cancels the transfers, else asks whether to leave.
fn interrupted(parts: &mut Parts) -> Result<(), Ending> {
    let Parts { core, input, transfers, .. } = parts;
    if !core.is_open() {
        return Err(Ending::Left);
    }
    match input.dialogue.step {
        Dialogue::Leave => return Err(Ending::Left),
        Dialogue::User | Dialogue::Text(_) | Dialogue::Password(_) | Dialogue::Confirm => {
            input.dialogue.cancel(core);
        }
        Dialogue::None if !input.typed_ahead.is_empty() => input.typed_ahead.drop_all(core),
        Dialogue::None if !transfers.is_idle() => {
            let lines = transfers.cancel(None, &mut core.requests);
            core.show_all(lines);
        }
        Dialogue::None => input.dialogue.step = Dialogue::Leave,
    }
    Ok(())
}

/// Handles a line that was typed for a destination, at once or after the lines that wait.
fn take_entered(parts: &mut Parts, line: Password, to: Destination) {
    let ahead = &parts.input.typed_ahead;
    // Lines that only wait for the end of a transfer do not delay messages.
    let is_behind = parts.core.requests.is_opening_chat() || ahead.depends_on_chat();
    let for_dialogue = matches!(to, Destination::Dialogue(_));
    // A script can't know when there is room again, so its line waits; a user is told.
    if !parts.core.ui.is_interactive() && is_full_for(parts, &line) {
        let kept = parts.input.typed_ahead.push_typed(line, to);
        return tell_not_kept(&mut parts.core, kept);
    }
    if !is_behind || for_dialogue {
        return take_typed(parts, line, to);
    }
    let entry = Entry::typed(line, to);
    if entry.depends_on_chat() {
        let kept = parts.input.typed_ahead.push_entered(entry.line, to);
        tell_not_kept(&mut parts.core, kept);
    } else {
        take_typed(parts, entry.line, to);
    }
}

/// Handles several lines that were pasted at once.
fn take_pasted(parts: &mut Parts, pasted: Pasted, to: Destination) {
    let goes_on = parts.input.typed_ahead.is_empty();
    match pasted {
        Pasted::Messages(lines) => keep_messages(parts, lines, to),
        Pasted::Typed(lines) => {
            // After a step of a dialogue it is unknown for which chat the lines are.
            let mut to = match (to, destination_beneath(parts)) {
                (Destination::Nowhere | Destination::Gone, _) => to,
                (_, Destination::Nowhere) => Destination::Nowhere,
                _ => Destination::Gone,
            };
            for line in lines {
                let kept = parts.input.typed_ahead.push_typed(Password::new(line), to);
                tell_not_kept(&mut parts.core, kept);
                to = parts.input.typed_ahead.leads_to();
            }
        }
    }
    take_waiting(parts, goes_on);
}

fn keep_messages(parts: &mut Parts, lines: Vec<String>, to: Destination) {
    if is_over(parts, &to) {
        return tell_over(&mut parts.core, lines.len(), &to);
    }
    if to == Destination::Dialogue(parts.input.dialogue.step) {
        parts.input.dialogue.step = Dialogue::None;
    }
    for line in lines {
        // A direct chat does not depend on the server.
        if let Destination::Direct(..) = to {
            parts.calls.say_directly(&line, &mut parts.core);
        } else {
            let kept = parts.input.typed_ahead.push_message(Password::new(line), to);
            tell_not_kept(&mut parts.core, kept);
        }
    }
}

fn tell_not_kept(core: &mut Core, kept: Result<(), Password>) {
    if let Err(line) = kept {
        let line = on_one_line(&line);
        core.show(Line::error(safe!("not taken, too many lines wait: {line}")));
    }
}

fn tell_over(core: &mut Core, count: usize, to: &Destination) {
    let why = match to {
        Destination::Gone => safe!("the chat that they were for is not open"),
        to => safe!("they were for {to}, and that chat is over"),
    };
    core.show(Line::error(safe!("lines that were not sent: {count}; {why}")));
}

/// Handles the waiting lines that can be handled now. If they `go_on`, an open dialogue was begun
/// by one of them, and they continue it; otherwise the user has begun it, and they wait for its
/// end.
fn take_waiting(parts: &mut Parts, mut go_on: bool) {
    let mut dropped: Option<(Destination, usize)> = None;
    while parts.core.is_open() {
        let may_come = match (parts.input.dialogue.step, parts.input.typed_ahead.next()) {
            (_, None) | (Dialogue::Leave | Dialogue::Confirm, _) => false,
            (Dialogue::None, Some(entry)) => is_time_for(parts, entry),
            (_, Some(entry)) if entry.is_message || !parts.core.ui.is_interactive() => {
                is_time_for(parts, entry)
            }
            _ => go_on,
        };
        let next = may_come.then(|| parts.input.typed_ahead.take_next()).flatten();
        let Some(entry) = next else {
            break;
        };
        go_on = true;
        let text = matches!(entry.read(), Typed::Text(text) if !text.trim().is_empty());
        let in_dialogue = parts.input.dialogue.step != Dialogue::None && !entry.is_message;
        if text && !in_dialogue && is_over(parts, &entry.to) {
            let count = dropped.filter(|(to, _)| *to == entry.to).map_or(0, |(_, n)| n);
            tell_dropped(parts, dropped.take_if(|(to, _)| *to != entry.to));
            dropped = Some((entry.to, count + 1));
        } else {
            take_entry(parts, entry, in_dialogue);
        }
    }
    tell_dropped(parts, dropped);
}

fn tell_dropped(parts: &mut Parts, dropped: Option<(Destination, usize)>) {
    if let Some((to, count)) = dropped {
        tell_over(&mut parts.core, count, &to);
    }
}

fn take_entry(parts: &mut Parts, entry: Entry, in_dialogue: bool) {
    match (entry.is_message, entry.to) {
        (true, Destination::Dialogue(Dialogue::Text(target))) => {
            let core = &mut parts.core;
            core.show_all(parts.outbox.say(target, &entry.line, core.is_online()));
        }
        (true, to) => take_text(parts, &entry.line, to),
        (false, _) if in_dialogue => {
            let to = Destination::Dialogue(parts.input.dialogue.step);
            take_typed(parts, entry.line, to);
        }
        (false, to) => take_typed(parts, entry.line, to),
    }
}

fn is_time_for(parts: &Parts, entry: &Entry) -> bool {
    let core = &parts.core;
    let has_room = core.requests.has_room() && parts.outbox.has_room();
    let is_awaited = core.ui.is_interactive() || core.is_online();
    let is_full = !entry.is_message && is_full_for(parts, &entry.line);
    let is_early = core.requests.is_opening_chat() && entry.depends_on_chat();
    has_room && is_awaited && !is_full && !is_early
}

/// Returns true if the line is a command that can't be executed before another transfer has ended.
fn is_full_for(parts: &Parts, line: &str) -> bool {
    match commands::read(line) {
        Typed::Action(Action::Get(source)) => {
            let downloads = &parts.transfers.downloads;
            downloads.is_full() || downloads.has(Some(&source.to_string()))
        }
        Typed::Action(Action::Send { path, to }) => {
            let uploads = &parts.transfers.uploads;
            uploads.is_full() || uploads.has_like(&typed_path(&path), goal(to))
        }
        _ => false,
    }
}

/// Handles a line, typed or pasted, for its destination.
fn take_typed(parts: &mut Parts, line: Password, to: Destination) {
    let Parts { core, input, .. } = parts;
    let step = match to {
        Destination::Dialogue(step) if step == input.dialogue.step => step,
        Destination::Dialogue(_) => {
            let why = safe!("nothing was sent: that is not asked any more");
            return core.show(Line::error(why));
        }
        _ => Dialogue::None,
    };
    if let Dialogue::Password(entry) = step {
        return input.dialogue.take_password(entry, line, core);
    }
    if line.trim().is_empty() {
        if step != Dialogue::None {
            input.dialogue.cancel(core);
        }
        return;
    }
    if step == Dialogue::Confirm {
        let confirmed = input.dialogue.confirmed(&line, core);
        return confirmed.into_iter().for_each(|action| carry_out(parts, action));
    }
    if step == Dialogue::Leave {
        input.dialogue.step = Dialogue::None;
        if is_yes(&line) {
            leave(parts);
        }
        return;
    }
    match commands::read_for(&to, &line) {
        Typed::Action(action) if is_refused(core, &action, &line) => {}
        Typed::Action(action) => execute(parts, action),
        Typed::Misused(command) => {
            core.show(Line::error(safe!("usage: {}", command.usage())));
            if command.leads_to_chat() {
                parts.not_led_to_chat();
            }
        }
        Typed::Unknown => core.show(Line::error(safe!(
            "no such command; /help lists them, and // at the start stands for a plain /"
        ))),
        Typed::Text(text) => take_text(parts, &text, to),
    }
}

/// Refuses a command if too many requests wait for replies, and gives the line back to the user.
/// Returns true if it is refused.
fn is_refused(core: &mut Core, action: &Action, line: &str) -> bool {
    let asks = action.asks_server() && core.is_online();
    if !asks || core.requests.has_room() {
        return false;
    }
    let count = core.requests.open_requests().count();
    core.show(Line::error(safe!("the server does not answer: {count} requests wait")));
    core.ui.give_back(line);
    true
}

/// Sends text that is no command to the destination that it had when it was begun, or nowhere.
fn take_text(parts: &mut Parts, text: &str, to: Destination) {
    let is_over = to != Destination::Gone && is_over(parts, &to);
    let Parts { core, outbox, input, .. } = parts;
    if is_over {
        return core.show(Line::error(safe!(
            "nothing was sent: that line was for {to}, and that chat is over"
        )));
    }
    match to {
        Destination::Dialogue(Dialogue::Text(target)) => {
            input.dialogue.step = Dialogue::None;
            core.show_all(outbox.say(target, text, core.is_online()));
        }
        Destination::Dialogue(_) => take_user(parts, text),
        Destination::Direct(..) => parts.calls.say_directly(text, core),
        Destination::Chat(chat) => core.show_all(outbox.say(chat, text, core.is_online())),
        Destination::Gone => core.show(Line::error(safe!(
            "nothing was sent: the chat that the line was for is not open"
        ))),
        Destination::Unsure => core.show(Line::error(safe!(
            "nothing was sent: the prompt has moved, and the line may have been begun before; \
             type it again"
        ))),
        Destination::Nowhere | Destination::Login(_) => core.show(Line::error(safe!(
            "nothing was sent: type PM to write to everyone, DM to write to one user, or /help"
        ))),
    }
}

/// Returns true if the chat in which a line was begun is over.
fn is_over(parts: &Parts, to: &Destination) -> bool {
    match to {
        Destination::Chat(chat) => !parts.conversations.places.takes(*chat),
        Destination::Direct(_, call) => !parts.calls.is_open_in(*call),
        Destination::Gone => true,
        _ => false,
    }
}

/// Handles the answer to "to whom?": a user, perhaps followed by the message.
fn take_user(parts: &mut Parts, text: &str) {
    let Parts { core, outbox, input, .. } = parts;
    let (user, message) = text.trim_start().split_once(' ').unwrap_or((text.trim(), ""));
    match user.parse::<UserRef>() {
        Ok(user) if message.trim().is_empty() => {
            input.dialogue.step = Dialogue::Text(Target::User(user));
        }
        Ok(user) => {
            input.dialogue.step = Dialogue::None;
            core.show_all(outbox.say(Target::User(user), message, core.is_online()));
        }
        Err(_) => {
            if !core.ui.is_interactive() {
                input.dialogue.step = Dialogue::None;
            }
            core.show(Line::error(safe!("{user} is no user's name or number")));
        }
    }
}
