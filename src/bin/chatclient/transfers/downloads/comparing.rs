//! Whether what came is what the server has, and what is done where it is not.

use std::io::{ErrorKind, Write};

use chatsrv::chat::sha256::Sha256Sum;
use chatsrv::protocol::native::codes::Code;
use chatsrv::protocol::native::read::{FinalReply, ReplyWords};

use super::{Downloads, Outcome};
use crate::line::Line;
use crate::safe_text::safe;
use crate::session::Session;
use crate::transfers::download::{State, refusal};
use crate::transfers::sink::Sink;
use crate::transfers::{TransferId, UNREADABLE, sum_of};

impl Downloads {
    /// The server tells the checksum.
    pub fn compare_answered(
        &mut self,
        id: TransferId,
        reply: &FinalReply<'_>,
        session: &mut Session,
    ) -> Option<Line> {
        let expected = match reply.words {
            ReplyWords::Sum { sha256, .. } => Ok(sha256),
            _ if reply.has(Code::Done) => Err(UNREADABLE.to_string()),
            _ => Err(refusal(reply)),
        };
        self.compare(id, expected, session)
    }

    /// Compares the checksum with the server's, or says why it has none, and saves the file.
    pub(super) fn compare(
        &mut self,
        id: TransferId,
        expected: Result<Sha256Sum, String>,
        session: &mut Session,
    ) -> Option<Line> {
        let download = self.downloads.get_mut(&id)?;
        let State::Comparing(sink) = std::mem::replace(&mut download.state, State::Saving) else {
            return None;
        };
        download.remark = match expected {
            Ok(expected) if expected != sum_of(download.hash.clone()) => {
                return self.is_another(id, sink, "the SHA-256 is not the server's", session);
            }
            Ok(_) => safe!("SHA-256 matches"),
            // Nobody knows whether the pieces fit together.
            Err(why) if download.joined => {
                let reason = safe!("it did not come in one go, and can't be compared: {why}");
                return self.drop_download(id, Some(sink), reason);
            }
            Err(why) => safe!("SHA-256 not compared: {why}"),
        };
        match sink {
            Sink::Part(part) => {
                let saved = self.jobs.spawn(move || Outcome::Saved(id, part.finish()));
                saved.err().and_then(|error| self.drop_download(id, None, error))
            }
            Sink::Output(mut output) => match output.flush() {
                Ok(()) => {
                    let done = self.downloads.remove(&id)?;
                    Some(Line::notice(done.success(&done.name)))
                }
                Err(error) => {
                    self.reader_gone |= error.kind() == ErrorKind::BrokenPipe;
                    let reason = safe!("{}: {error}", self.downloads.get(&id)?.here());
                    self.drop_download(id, None, reason)
                }
            },
        }
    }

    /// What came is no use, for it is not what the server has.
    pub(super) fn is_another(
        &mut self,
        id: TransferId,
        sink: Sink,
        why: &str,
        session: &mut Session,
    ) -> Option<Line> {
        if self.downloads.get(&id)?.can_begin_anew(&sink) {
            return self.begin_anew(id, sink, session);
        }
        let download = self.downloads.remove(&id)?;
        let discarded = match sink {
            Sink::Part(part) => part.discard().map(|()| "; what came was removed"),
            Sink::Output(_) => Ok(""),
        };
        let remark = discarded.unwrap_or("; its .part can't be put in order");
        Some(Line::error(safe!("{}: {why}{remark}", download.name)))
    }

    /// What is here belongs to no such file any more: all of it is fetched anew, once.
    pub(super) fn begin_anew(
        &mut self,
        id: TransferId,
        sink: Sink,
        session: &mut Session,
    ) -> Option<Line> {
        let Sink::Part(mut part) = sink else {
            return self.drop_download(id, Some(sink), "it can't be fetched anew");
        };
        let download = self.downloads.get_mut(&id)?;
        let why = match part.begin_anew() {
            Ok(Some(old)) => safe!("the .part that was here is of another file, and is {old} now"),
            Ok(None) => safe!("what came is of another file than is there now"),
            Err(error) => {
                let reason = safe!("its .part can't be put aside: {error}");
                return self.drop_download(id, None, reason);
            }
        };
        download.begin_anew();
        download.ask(id, Sink::Part(part), session);
        Some(Line::notice(safe!("{}: {why}; all of it is fetched anew", download.name)))
    }
}
