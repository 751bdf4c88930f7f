//! The end of the client: why it comes, what is said of what was under way, and the exit code.

use std::io::{self, ErrorKind};
use std::time::Duration;

use chatsrv::display::line::Line;
use chatsrv::display::safe_text::{SafeText, safe};
use chatsrv::exit::Exit;
use chatsrv::protocol::native::closing::{Closed, Closing};

use super::{Client, Stage};

/// Why the client ends.
#[derive(Debug)]
pub(super) enum Ending {
    /// It logged out, or was told to end.
    Left,
    /// There is no server.
    NoServer(SafeText),
    /// Whoever answers is not to be trusted.
    NotSecure(SafeText),
    /// Something else than this server, or another version of it, answers there.
    NotChatsrv(SafeText),
    /// The server closed the connection and said why.
    Closed(SafeText, Closed),
    /// The connection broke.
    Lost(SafeText),
    /// The server wants to be asked again after this long.
    Busy(Duration),
    /// The login failed.
    LoginFailed(SafeText),
    /// The person's side broke.
    Front(io::Error),
}

/// How the client ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conclusion {
    /// With this exit code.
    Exit(Exit),
    /// Whoever read its output has gone.
    ReaderGone,
}

impl Client {
    /// Whether the end of the connection is what was asked for: behind a goodbye, and in a script
    /// behind the server's promise to stop. A person may want to be there when it is back.
    pub(super) fn wanted_end(&self, ending: &Ending) -> bool {
        let leaves = self.stage == Stage::Leaving;
        let was_told = self.was_shut_down && !self.completes;
        match ending {
            _ if self.name.is_none() => false,
            Ending::Closed(_, closed) if leaves => closed.may_return(),
            Ending::Closed(_, closed) => was_told && closed.reason == Some(Closing::Shutdown),
            Ending::Lost(_) => leaves || was_told,
            _ => false,
        }
    }

    /// Whether all that was shown is written. Where it can't be, nobody has seen it, and the client
    /// ends.
    pub(super) fn is_written(&mut self) -> bool {
        match self.front.write_shown() {
            Ok(()) => self.unwritten.is_none(),
            Err(error) => {
                self.unwritten.get_or_insert(error);
                false
            }
        }
    }

    /// Says why it ends, and with which exit code.
    pub(super) fn conclude(&mut self, ending: Ending) -> Conclusion {
        let mut broken = match &ending {
            Ending::Front(error) => Some(error.kind()),
            _ => None,
        };
        let exit = self.last_words(ending);
        let unwritten = self.unwritten.take();
        if let Err(error) = unwritten.map_or(Ok(()), Err).and_then(|()| self.front.flush()) {
            broken.get_or_insert(error.kind());
            if error.kind() != ErrorKind::BrokenPipe {
                self.show(Line::error(SafeText::new(error)));
            }
        }
        match (broken, exit) {
            (Some(ErrorKind::BrokenPipe), _) => Conclusion::ReaderGone,
            (Some(_), Exit::Done) => Conclusion::Exit(Exit::Failed),
            _ => Conclusion::Exit(exit),
        }
    }

    fn last_words(&mut self, ending: Ending) -> Exit {
        let interactive = self.front.is_interactive() && self.job.is_none();
        let reason = match ending {
            Ending::Left => "cancelled",
            Ending::Front(_) => "cancelled: nobody is there any more",
            _ => "the connection was lost",
        };
        let lines = self.transfers.end(reason);
        self.show_all(lines);
        self.hang_up_at_the_end();
        let lost = self.outbox.take_all();
        let lost: Vec<Line> = lost
            .map(|draft| Line::error(safe!("not confirmed: {} (to {})", draft.text, draft.to)))
            .collect();
        self.drop_waiting();
        let unconfirmed = !lost.is_empty();
        self.show_all(lost);
        let (text, exit) = match ending {
            Ending::Left if self.name.is_none() => return Exit::LoginFailed,
            Ending::Left if unconfirmed => return Exit::Unavailable,
            Ending::Left if self.failed && !interactive => return Exit::Failed,
            Ending::Left => return Exit::Done,
            Ending::Front(error) if error.kind() == ErrorKind::BrokenPipe => return Exit::Failed,
            Ending::Front(error) => (SafeText::new(error), Exit::Failed),
            Ending::LoginFailed(why) => (safe!("login failed: {why}"), Exit::LoginFailed),
            Ending::Closed(why, _) if self.refused && self.name.is_none() => {
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
        self.show(Line::error(text));
        exit
    }
}
