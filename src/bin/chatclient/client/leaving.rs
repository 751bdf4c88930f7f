//! Logging out: at once, when all work is done, or after a confirmation.

use std::time::{Duration, Instant};

use chatsrv::display::line::Line;
use chatsrv::display::safe_text::safe;
use chatsrv::protocol::native::verb::Verb;

use super::parts::Parts;
use crate::core::Stage;
use crate::input::destination::Dialogue;
use crate::requests::Asked;

/// How long the server may take to confirm the logout.
const GOODBYE_TIMEOUT: Duration = Duration::from_secs(3);
/// How long a script tries to connect again after a connection was lost.
pub const PATIENCE_OF_SCRIPTS: Duration = Duration::from_secs(30);

/// Logs out, after sending the messages that wait. The token is not needed any more, and each one
/// that is left behind would take the place of another device's. Nothing waits for its end: an
/// older server refuses that, and closes the connection all the same.
pub fn leave(parts: &mut Parts) {
    let Parts { core, outbox, conversations, login, .. } = parts;
    parts.input.dialogue.step = Dialogue::None;
    parts.calls.hang_up_at_the_end(core);
    let now = Instant::now();
    let timeout = match core.stage {
        Stage::Talking => {
            outbox.send(&mut core.requests, now, true);
            conversations.mark(true, core);
            let is_asked_for = core.requests.open_requests().any(|asked| *asked == Asked::Token);
            if login.has_token() || is_asked_for {
                core.ask(Asked::EndToken, Verb::Token, "END");
            }
            core.ask(Asked::Exit, Verb::Ex, "");
            GOODBYE_TIMEOUT
        }
        _ => Duration::ZERO,
    };
    core.stage = Stage::Leaving;
    parts.link.deadline = Some(now + timeout);
}

/// Logs out if nothing would be lost by it. Otherwise a user is asked for confirmation; a script
/// first waits for its transfers, messages and lines.
pub fn leave_or_ask(parts: &mut Parts) {
    let Parts { core, outbox, transfers, input, .. } = parts;
    let is_offline = !core.is_online() && !outbox.is_empty();
    if transfers.is_idle() && !is_offline && input.typed_ahead.is_empty() {
        return leave(parts);
    }
    if !core.ui.is_interactive() {
        input.has_ended = true;
        return;
    }
    core.show(Line::notice(if is_offline {
        safe!("messages not confirmed: {}", outbox.len())
    } else if !input.typed_ahead.is_empty() {
        safe!("lines not taken yet: {}", input.typed_ahead.len())
    } else {
        safe!("transfers under way: {}", transfers.count())
    }));
    input.dialogue.step = Dialogue::Leave;
}

/// Handles the end of the input. From now on an interactive client also waits for unfinished work,
/// like a script.
pub fn end_input(parts: &mut Parts) {
    let Parts { core, outbox, transfers, input, link, .. } = parts;
    input.has_ended = true;
    if !core.ui.is_interactive() {
        return;
    }
    if matches!(input.dialogue.step, Dialogue::Leave | Dialogue::Confirm) {
        input.dialogue.step = Dialogue::None;
    }
    link.patience.get_or_insert(PATIENCE_OF_SCRIPTS);
    let count = transfers.count();
    if count > 0 {
        let text = safe!("no more can be typed; transfers under way: {count}");
        core.show(Line::notice(text));
    } else if !core.is_online() && outbox.is_empty() {
        leave(parts);
    }
}

/// Logs out once the input has ended or the job was begun, and all replies and transfers are
/// complete.
pub fn leave_when_done(parts: &mut Parts) {
    let is_done = parts.core.is_online()
        && (parts.input.has_ended || parts.job.is_some())
        && parts.is_idle()
        && parts.transfers.is_idle();
    if is_done {
        if parts.input.dialogue.is_unfinished() {
            let why = safe!("the input ended in the middle of a message");
            parts.core.show(Line::error(why));
        }
        leave(parts);
    }
}
