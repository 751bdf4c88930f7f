//! The handling of notices: what the server tells without being asked.

use std::fmt;

use chatsrv::chat::term::TimeLeft;
use chatsrv::display::clock;
use chatsrv::display::line::Line;
use chatsrv::display::listing;
use chatsrv::display::safe_text::safe;
use chatsrv::protocol::native::read::{Notice, SentFile, ServerLine};

use super::groups;
use super::moderation::ask_personal;
use super::parts::Parts;
use crate::conversations::note::Note;
use crate::ending::Ending;
use crate::input::personal::PersonalRequest;
use crate::transfers::accept::Verdict;

/// Handles a notice, except that of a file.
pub fn take_notice(parts: &mut Parts, notice: &Notice<'_>, line: &ServerLine<'_>) {
    let Parts { core, transfers, .. } = parts;
    let text = match *notice {
        Notice::On { name, .. } => {
            core.completion.add_user(name);
            safe!("{name} is online")
        }
        Notice::Off { name, .. } => {
            core.completion.remove_user(name);
            safe!("{name} has left")
        }
        Notice::Away { name, text: "" } => safe!("{name} is back"),
        Notice::Away { name, text } => safe!("{name} is away: {text}"),
        Notice::Nick { name, display } => {
            safe!("{name} is called {} now", listing::quoted(display))
        }
        Notice::Call { call } => return parts.calls.take_announced(call.as_ref(), core),
        Notice::Uploaded { stream, name, .. } => {
            let failure = transfers.uploads.taken(stream, name, &mut core.requests);
            return core.show_all(failure);
        }
        Notice::Aborted { stream, reason } => {
            let stopped = transfers.aborted(stream, reason);
            return core.show_all(stopped);
        }
        Notice::Asks { .. }
        | Notice::WantsIn { .. }
        | Notice::Group { .. }
        | Notice::Topic { .. }
        | Notice::GroupNews { .. } => return groups::take_group_notice(parts, notice),
        Notice::Seen { chat, id } => return parts.conversations.read_elsewhere(chat, id),
        Notice::Deleted { id, chat } => {
            safe!("a message of {} in {chat} was removed", clock::moment(id))
        }
        Notice::Muted { left: TimeLeft::Seconds(0), .. } => safe!("you may speak again"),
        Notice::Muted { left, reason } => {
            let colon = if reason.is_empty() { "" } else { ": " };
            let term = match left {
                TimeLeft::Seconds(seconds) => safe!("until {}", clock::time_in(seconds)),
                TimeLeft::Ever => safe!("for ever"),
            };
            safe!("you are muted {term}{colon}{reason}")
        }
        Notice::Reported { number, user, reporter, reason } => {
            safe!("report {number}: {reporter} about {user}: {reason}; /resolve {number}")
        }
        Notice::Motd { .. } if core.has_person() => {
            return ask_personal(core, PersonalRequest::Motd { quiet: true });
        }
        Notice::Motd { .. } => return,
        Notice::Shutdown { seconds } => safe!("the server stops within {seconds} s"),
        Notice::File { .. } | Notice::Other(_) => safe!("notice: {}", Shown(line)),
    };
    core.show(Line::notice(text));
}

/// Handles the notice of a file that somebody sent.
///
/// # Errors
/// The ending, if more comes than can be held.
pub fn take_file(parts: &mut Parts, file: &SentFile<'_>) -> Result<(), Ending> {
    let Parts { core, conversations, transfers, .. } = parts;
    // What was sent in another session of this user is offered, and not fetched unasked.
    let is_own = file.from.parse().is_ok_and(|name| core.name == Some(name));
    let is_hidden = conversations.ignored.hides(file.from, file.to);
    let (verdict, news) = match core.has_job || is_own || is_hidden {
        true => (transfers.accept.listed(), None),
        false => transfers.accept.arrives(file.size),
    };
    let is_offered = verdict == Verdict::Offer;
    let note = Note::sent(file, core.name, is_offered).hidden_if(is_hidden);
    transfers.downloads.received.remember(file.id, file.name);
    core.completion.add_user(file.from);
    conversations.take_note(note, core)?;
    core.show_all(news.map(Line::warning));
    if verdict == Verdict::Fetch {
        transfers.fetch_unasked(file.id, core);
    }
    Ok(())
}

/// Formats a line of the server unchanged.
pub struct Shown<'a>(pub &'a ServerLine<'a>);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ServerLine { code, verb, rest } = self.0;
        write!(f, "{code} {verb} {rest}")
    }
}
