//! Waiting for whatever comes first.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::{Client, Ending, PROGRESS_PERIOD, Stage};

/// Who has something.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ready {
    pub person: bool,
    pub server: bool,
    pub connection: bool,
    pub jobs: bool,
    pub changed: bool,
    pub ended: bool,
    pub signalled: bool,
    pub direct: bool,
}

impl Client {
    /// Waits with poll(2): unlike epoll(7) it takes a regular file as standard input, and there
    /// are few sources.
    pub(super) fn wait(&self) -> Result<Ready, Ending> {
        let server_interest = match &self.connection {
            Some(connection) if connection.has_output() || self.transfers.uploads.has_chunk() => {
                PollFlags::IN | PollFlags::OUT
            }
            _ => PollFlags::IN,
        };
        let person = self.front.source().filter(|_| self.wants_lines());
        let server = self.connection.as_ref().map(AsFd::as_fd);
        let change = self.change.as_ref().map(AsFd::as_fd);
        let end = self.end.as_ref().map(AsFd::as_fd);
        let postponed = self.postponed.as_ref().map(AsFd::as_fd);
        let sources: [(Option<BorrowedFd<'_>>, PollFlags); 8] = [
            (person, PollFlags::IN),
            (server, server_interest),
            (Some(self.connecting.as_fd()), PollFlags::IN),
            (Some(self.transfers.downloads.as_fd()), PollFlags::IN),
            (Some(self.transfers.uploads.as_fd()), PollFlags::IN),
            (change, PollFlags::IN),
            (end, PollFlags::IN),
            (postponed, PollFlags::IN),
        ];
        let mut polled: Vec<PollFd<'_>> = sources
            .iter()
            .filter_map(|(fd, interest)| fd.map(|fd| (fd, *interest)))
            .chain(self.direct.sources())
            .map(|(fd, interest)| PollFd::from_borrowed_fd(fd, interest))
            .collect();
        match poll(&mut polled, self.timeout().as_ref()) {
            Ok(_) => {}
            Err(Errno::INTR) => return Ok(Ready::default()),
            Err(error) => return Err(Ending::Front(io::Error::from(error))),
        }
        let mut answers = polled.iter().map(|fd| !fd.revents().is_empty());
        let mut ready =
            |source: &Option<BorrowedFd<'_>>| source.is_some() && answers.next() == Some(true);
        Ok(Ready {
            person: ready(&sources[0].0),
            server: ready(&sources[1].0),
            connection: ready(&sources[2].0),
            jobs: ready(&sources[3].0) | ready(&sources[4].0),
            changed: ready(&sources[5].0),
            ended: ready(&sources[6].0),
            signalled: ready(&sources[7].0),
            direct: answers.any(|answer| answer),
        })
    }

    /// Until the deadline or the next look at the transfers and the connection; `None` without.
    fn timeout(&self) -> Option<Timespec> {
        // What was asked since the last line was written does not wait for something to come.
        if self.connection.is_some() && self.requests.has_outgoing() {
            return Some(Timespec::default());
        }
        let deadline =
            self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let tells_state = matches!(self.stage, Stage::Offline(_)) || !self.outbox.is_empty();
        let is_shown = !self.transfers.is_idle() || (self.completes && tells_state);
        let progress = is_shown.then_some(PROGRESS_PERIOD);
        let now = Instant::now();
        let is_online = self.stage == Stage::Talking && self.job.is_none();
        let mark = self.reading.mark_due().filter(|_| is_online);
        let mark = mark.map(|due| due.saturating_duration_since(now));
        let direct = self.direct_due().map(|due| due.saturating_duration_since(now));
        let front = self.front.deadline().map(|due| due.saturating_duration_since(now));
        let others = progress.into_iter().chain(mark).chain(direct).chain(front);
        let timeout = deadline.into_iter().chain(others).min()?;
        // All are some hours at most, so this never falls back.
        Timespec::try_from(timeout).ok()
    }

    /// Whether lines are to be read: a person may always type; a script waits for its answers.
    fn wants_lines(&self) -> bool {
        self.front.is_interactive() || self.takes_input()
    }
}
