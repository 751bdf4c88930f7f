//! Waiting for the next event with poll(2).

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Instant;

use rustix::event::{self, PollFd, PollFlags, Timespec};
use rustix::io::Errno;

use super::parts::Parts;
use super::typed::takes_input;
use crate::core::Stage;
use crate::ending::Ending;
use crate::signals::{Postponed, SignalPipe};
use crate::transfers::PROGRESS_PERIOD;

/// The signals that the loop waits for; none without a user at a terminal.
#[derive(Debug)]
pub struct Signals {
    /// The terminal may have changed.
    pub change: Option<SignalPipe>,
    /// The process is requested to end.
    pub end: Option<SignalPipe>,
    /// The signals that would stop or end the process at once.
    pub postponed: Option<Postponed>,
}

impl Signals {
    /// Catches the signals if there is a user at a terminal.
    ///
    /// # Errors
    /// If the process has no file descriptor left.
    pub fn catch(has_person: bool) -> io::Result<Self> {
        Ok(Signals {
            change: has_person.then(SignalPipe::change).transpose()?,
            end: has_person.then(SignalPipe::end).transpose()?,
            postponed: has_person.then(|| Postponed::catch(true)).transpose()?,
        })
    }
}

/// The sources that have an event.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ready {
    /// The user's input.
    pub person: bool,
    /// The connection.
    pub server: bool,
    /// The attempt to connect.
    pub connection: bool,
    /// A job of the transfers.
    pub jobs: bool,
    /// A change of the terminal.
    pub changed: bool,
    /// A signal that requests the process to end.
    pub ended: bool,
    /// A signal that was postponed.
    pub signalled: bool,
    /// A direct chat.
    pub direct: bool,
}

/// Waits for the next event or the timeout. It uses poll(2), since epoll(7) refuses a regular file
/// as standard input, and there are few sources.
pub fn poll(parts: &Parts, signals: &Signals) -> Result<Ready, Ending> {
    let Parts { core, link, transfers, calls, .. } = parts;
    // A user may always type; a script waits for the replies to its lines.
    let wants_lines = core.ui.is_interactive() || takes_input(parts);
    let person = core.ui.source().filter(|_| wants_lines);
    let server = link.source(transfers.uploads.has_chunk());
    let on_input = |source| Some((source, PollFlags::IN));
    let sources: [Option<(BorrowedFd<'_>, PollFlags)>; 8] = [
        person.and_then(on_input),
        server,
        on_input(link.search_source()),
        on_input(transfers.downloads.as_fd()),
        on_input(transfers.uploads.as_fd()),
        signals.change.as_ref().map(AsFd::as_fd).and_then(on_input),
        signals.end.as_ref().map(AsFd::as_fd).and_then(on_input),
        signals.postponed.as_ref().map(AsFd::as_fd).and_then(on_input),
    ];
    let mut polled: Vec<PollFd<'_>> = sources
        .iter()
        .copied()
        .flatten()
        .chain(calls.sources())
        .map(|(fd, interest)| PollFd::from_borrowed_fd(fd, interest))
        .collect();
    match event::poll(&mut polled, timeout(parts).as_ref()) {
        Ok(_) => {}
        Err(Errno::INTR) => return Ok(Ready::default()),
        Err(error) => return Err(Ending::Ui(io::Error::from(error))),
    }
    let mut answers = polled.iter().map(|fd| !fd.revents().is_empty());
    let mut ready = |source: usize| sources[source].is_some() && answers.next() == Some(true);
    Ok(Ready {
        person: ready(0),
        server: ready(1),
        connection: ready(2),
        jobs: ready(3) | ready(4),
        changed: ready(5),
        ended: ready(6),
        signalled: ready(7),
        direct: answers.any(|answer| answer),
    })
}

/// The time until the next deadline; `None` if there is none.
fn timeout(parts: &Parts) -> Option<Timespec> {
    let Parts { core, link, transfers, outbox, conversations, calls, .. } = parts;
    // Requests that were added since the last write are sent at once.
    if link.is_connected() && core.requests.has_outgoing() {
        return Some(Timespec::default());
    }
    let deadline = link.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
    let tells_state = matches!(core.stage, Stage::Offline(_)) || !outbox.is_empty();
    let is_shown = !transfers.is_idle() || (core.has_person() && tells_state);
    let progress = is_shown.then_some(PROGRESS_PERIOD);
    let now = Instant::now();
    let is_online = core.is_online() && !core.has_job;
    let mark = conversations.mark_due().filter(|_| is_online);
    let mark = mark.map(|due| due.saturating_duration_since(now));
    let direct = calls.due(core).map(|due| due.saturating_duration_since(now));
    let front = core.ui.deadline().map(|due| due.saturating_duration_since(now));
    let others = progress.into_iter().chain(mark).chain(direct).chain(front);
    let timeout = deadline.into_iter().chain(others).min()?;
    // All are a few hours at most, so the conversion does not fail.
    Timespec::try_from(timeout).ok()
}
