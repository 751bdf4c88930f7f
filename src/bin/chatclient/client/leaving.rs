//! Leaving: at once, or after the person was asked.

use std::time::{Duration, Instant};

use chatsrv::display::line::Line;
use chatsrv::display::safe_text::safe;
use chatsrv::protocol::native::verb::Verb;

use super::parts::Parts;
use crate::core::Stage;
use crate::input::destination::Dialogue;
use crate::requests::Asked;

/// How long the server may take to say goodbye.
const GOODBYE_TIMEOUT: Duration = Duration::from_secs(3);
/// For how long a script tries again after a lost connection.
pub const PATIENCE_OF_SCRIPTS: Duration = Duration::from_secs(30);

/// Logs out; what is not sent yet goes before.
pub fn leave(parts: &mut Parts) {
    let Parts { core, outbox, conversations, .. } = parts;
    parts.input.dialogue.step = Dialogue::None;
    parts.calls.hang_up_at_the_end(core);
    let now = Instant::now();
    let timeout = match core.stage {
        Stage::Talking => {
            outbox.send(&mut core.requests, now, true);
            conversations.mark(true, core);
            core.ask(Asked::Exit, Verb::Ex, "");
            GOODBYE_TIMEOUT
        }
        _ => Duration::ZERO,
    };
    core.stage = Stage::Leaving;
    parts.link.deadline = Some(now + timeout);
}

/// A person is asked before transfers, messages or lines are lost; a script waits for them.
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

/// Nothing more will be typed, also where a person could be asked until now: what is under way is
/// awaited as in a script.
pub fn end_input(parts: &mut Parts) {
    let Parts { core, outbox, transfers, input, link, .. } = parts;
    input.has_ended = true;
    if !core.ui.is_interactive() {
        return;
    }
    if input.dialogue.step == Dialogue::Leave {
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

/// A script ends when all its lines are answered and all its files are where they belong.
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
