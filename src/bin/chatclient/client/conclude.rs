//! The end of the client: its last output about unfinished work, and the exit code.

use std::io::ErrorKind;

use chatsrv::display::line::Line;
use chatsrv::display::safe_text::{SafeText, safe};
use chatsrv::display::said::on_one_line;
use chatsrv::exit::Exit;

use super::parts::Parts;
use crate::ending::{Conclusion, Ending};

/// Shows the reason for the end and what was lost; returns how the process is to end.
pub fn conclude(parts: &mut Parts, ending: Ending) -> Conclusion {
    let mut broken = match &ending {
        Ending::Ui(error) => Some(error.kind()),
        _ => None,
    };
    let exit = last_words(parts, ending);
    let unwritten = parts.core.unwritten.take();
    if let Err(error) = unwritten.map_or(Ok(()), Err).and_then(|()| parts.core.ui.flush()) {
        broken.get_or_insert(error.kind());
        if error.kind() != ErrorKind::BrokenPipe {
            parts.core.show(Line::error(SafeText::new(error)));
        }
    }
    match (broken, exit) {
        (Some(ErrorKind::BrokenPipe), _) => Conclusion::ReaderGone,
        (Some(_), Exit::Done) => Conclusion::Exit(Exit::Failed),
        _ => Conclusion::Exit(exit),
    }
}

fn last_words(parts: &mut Parts, ending: Ending) -> Exit {
    let Parts { core, transfers, outbox, calls, input, login, .. } = parts;
    let interactive = core.has_person();
    let reason = match ending {
        Ending::Left => "cancelled",
        Ending::Ui(_) => "cancelled: nobody is there any more",
        _ => "the connection was lost",
    };
    let lines = transfers.end(reason);
    core.show_all(lines);
    calls.hang_up_at_the_end(core);
    let lost = outbox.take_all();
    let lost: Vec<Line> = lost
        .map(|draft| safe!("not confirmed: {} (to {})", on_one_line(&draft.text), draft.to))
        .map(Line::error)
        .collect();
    input.typed_ahead.drop_all(core);
    let unconfirmed = !lost.is_empty();
    core.show_all(lost);
    let (text, exit) = match ending {
        Ending::Left if core.name.is_none() => return Exit::LoginFailed,
        Ending::Left if unconfirmed => return Exit::Unavailable,
        Ending::Left if core.failed && !interactive => return Exit::Failed,
        Ending::Left => return Exit::Done,
        Ending::Ui(error) if error.kind() == ErrorKind::BrokenPipe => return Exit::Failed,
        Ending::Ui(error) => (SafeText::new(error), Exit::Failed),
        Ending::LoginFailed(why) => (safe!("login failed: {why}"), Exit::LoginFailed),
        Ending::Closed(why, _) if login.was_refused() && core.name.is_none() => {
            (safe!("login failed: {why}"), Exit::LoginFailed)
        }
        Ending::Closed(why, _) => {
            (safe!("the server closed the connection: {why}"), Exit::Unavailable)
        }
        Ending::Busy(_) => {
            (safe!("the server is busy: too many log in at the moment"), Exit::Unavailable)
        }
        Ending::Lost(why) => (safe!("the connection was lost: {why}"), Exit::Unavailable),
        Ending::NoServer(why) | Ending::NotSecure(why) | Ending::NotChatsrv(why) => {
            (why, Exit::Unavailable)
        }
    };
    core.show(Line::error(text));
    exit
}
