//! All downloads. Each opens its part file, receives the chunks, compares the checksum with the
//! server's, and renames the part file. For a file that was sent in a chat, the checksum is
//! requested first.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, ErrorKind, Write as _};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Instant;

use chatsrv::chat::sha256::Sha256Sum;
use chatsrv::display::line::Line;
use chatsrv::display::safe_text::{SafeText, safe};
use chatsrv::protocol::native::code::Code;
use chatsrv::protocol::native::read::{FinalReply, ReplyWords};
use sha2::{Digest, Sha256};

use super::download::{Download, DownloadState, Place, Source, refusal};
use super::part_file::{PartError, PartFile, local_name, received_name};
use super::received::Received;
use super::sink::{Output, Sink};
use super::transfer::{Progress, TRANSFERS_MAX, TransferId, UNREADABLE};
use crate::jobs::Jobs;
use crate::requests::Requests;

/// The result of a job for a download.
enum DownloadWork {
    Prepared(TransferId, Result<(Sink, Sha256), PartError>),
    Saved(TransferId, Result<String, PartError>),
}

/// All downloads.
pub struct Downloads {
    downloads: BTreeMap<TransferId, Download>,
    last: u32,
    online: bool,
    /// The files that others sent.
    pub received: Received,
    /// True if the reader of an output has closed it.
    reader_gone: bool,
    jobs: Jobs<DownloadWork>,
}

impl Downloads {
    /// Creates the downloads, none at first.
    ///
    /// # Errors
    /// If the process has no file descriptor left.
    pub fn new() -> io::Result<Self> {
        Ok(Downloads {
            downloads: BTreeMap::new(),
            last: 0,
            online: true,
            received: Received::default(),
            reader_gone: false,
            jobs: Jobs::new()?,
        })
    }

    /// The number of downloads, with those that wait to begin.
    pub fn count(&self) -> usize {
        self.downloads.len() + self.received.wanted_count()
    }

    /// Returns true if no more can be begun.
    pub fn is_full(&self) -> bool {
        self.downloads.len() >= TRANSFERS_MAX
    }

    /// Returns true if the reader of an output has closed it, so that the client is to end.
    pub fn is_reader_gone(&self) -> bool {
        self.reader_gone
    }

    /// Returns true if bytes are expected from the server.
    pub fn is_running(&self) -> bool {
        self.downloads
            .values()
            .any(|download| matches!(download.state, DownloadState::Running { .. }))
    }

    /// Returns true if there is a download of this name; `None` for any.
    pub fn has(&self, name: Option<&str>) -> bool {
        self.downloads.values().any(|download| download.is_named(name))
    }

    /// The progress of the downloads whose bytes arrive.
    pub fn progress(&self, now: Instant) -> Vec<Progress> {
        let running =
            |download: &&Download| matches!(download.state, DownloadState::Running { .. });
        let progress = |download: &Download| {
            let bytes = (download.offset, download.received, download.size.unwrap_or(0));
            let elapsed = now.saturating_duration_since(download.started);
            Progress::new(SafeText::new(&download.name), bytes, elapsed)
        };
        self.downloads.values().filter(running).map(progress).collect()
    }

    /// Begins a download.
    ///
    /// # Errors
    /// A message for people, if it can't be begun.
    pub fn start(
        &mut self,
        source: Source,
        place: Place,
        requests: &mut Requests,
    ) -> Result<(), SafeText> {
        if self.is_full() {
            return Err(safe!("{TRANSFERS_MAX} downloads are under way, no more at a time"));
        }
        self.last += 1;
        let id = TransferId(self.last);
        let mut download = Download::new(source, place);
        match (&download.place, &download.source) {
            (Place::Output, _) => {
                download.ask(id, Sink::Output(Output::standard()), requests);
            }
            (Place::Device(path), _) => {
                let path = path.clone();
                let open = move || Ok((Sink::Output(Output::open(&path)?), Sha256::new()));
                self.prepare(id, open)?;
            }
            (Place::Folder(_), Source::Sent(_)) => download.ask_name(id, requests),
            (Place::Folder(folder), Source::Shared(name)) => {
                let (folder, name) = (folder.clone(), local_name(name));
                self.prepare(id, move || part(PartFile::open(&folder, &name)))?;
            }
            (Place::File(folder, name), _) => {
                let (folder, name) = (folder.clone(), name.clone());
                self.prepare(id, move || part(PartFile::open(&folder, &name)))?;
            }
        }
        self.downloads.insert(id, download);
        Ok(())
    }

    fn prepare(
        &self,
        id: TransferId,
        open: impl FnOnce() -> Result<(Sink, Sha256), PartError> + Send + 'static,
    ) -> Result<(), SafeText> {
        self.jobs.spawn(move || DownloadWork::Prepared(id, open())).map_err(SafeText::new)
    }

    /// Begins downloads that waited, as far as there is room.
    pub fn start_wanted(&mut self, requests: &mut Requests) -> Vec<Line> {
        let mut lines = Vec::new();
        while self.online
            && !self.is_full()
            && let Some((source, place)) = self.received.next_wanted()
        {
            lines.extend(self.start(source, place, requests).err().map(Line::error));
        }
        lines
    }

    /// Handles the reply with the name and the checksum of a file that was sent.
    pub fn named(&mut self, id: TransferId, reply: &FinalReply<'_>) -> Option<Line> {
        let download = self.downloads.get_mut(&id)?;
        let reason = match (&download.source, &download.place, reply.words) {
            _ if !reply.has(Code::Done) => refusal(reply),
            _ if download.cancelled => "cancelled".to_string(),
            (Source::Sent(sent), Place::Folder(folder), ReplyWords::Sum { sha256, name, .. }) => {
                let known = self.received.name(*sent).unwrap_or(name);
                let (sent, folder, name) = (*sent, folder.clone(), received_name(known));
                download.name.clone_from(&name);
                download.expected = Some(sha256);
                download.state = DownloadState::Preparing;
                let open = move || part(PartFile::open_sent(&folder, &name, sent));
                let refused = self.prepare(id, open).err()?;
                return self.drop_download(id, None, refused);
            }
            _ => UNREADABLE.to_string(),
        };
        self.drop_download(id, None, reason)
    }

    /// Handles the results of finished jobs.
    pub fn jobs_done(&mut self, requests: &mut Requests) -> Vec<Line> {
        let outcomes = self.jobs.take();
        outcomes.into_iter().filter_map(|outcome| self.job_done(outcome, requests)).collect()
    }

    fn job_done(&mut self, outcome: DownloadWork, requests: &mut Requests) -> Option<Line> {
        match outcome {
            DownloadWork::Prepared(id, Ok((sink, hash))) => {
                let download = self.downloads.get_mut(&id)?;
                if download.cancelled {
                    return self.drop_download(id, Some(sink), "cancelled");
                }
                download.hash = hash;
                download.offset = sink.kept();
                download.received = sink.kept();
                if self.online {
                    download.ask(id, sink, requests);
                } else {
                    download.state = DownloadState::Waiting(sink);
                }
                None
            }
            // The error is about the file here, so its path is shown, not the name on the server.
            DownloadWork::Prepared(id, Err(error)) => {
                let download = self.downloads.remove(&id)?;
                Some(Line::error(safe!("{}: {error}", download.here())))
            }
            DownloadWork::Saved(id, Ok(name)) => {
                let download = self.downloads.remove(&id)?;
                Some(Line::notice(download.success(&name)))
            }
            DownloadWork::Saved(id, Err(error @ PartError::MayVanish(..))) => {
                let download = self.downloads.remove(&id)?;
                Some(Line::error(safe!("{}: {error}", download.name)))
            }
            DownloadWork::Saved(id, Err(error)) => {
                self.drop_download(id, None, format_args!("it stays NAME.part: {error}"))
            }
        }
    }

    /// Handles the reply to the request for a file.
    pub fn get_answered(
        &mut self,
        id: TransferId,
        reply: &FinalReply<'_>,
        requests: &mut Requests,
    ) -> Option<Line> {
        let download = self.downloads.get_mut(&id)?;
        let DownloadState::Asked(sink) = download.take_state() else {
            return None;
        };
        if reply.has(Code::BadParameters) && download.can_begin_anew(&sink) {
            // The part file is longer than the file on the server.
            return self.begin_anew(id, sink, requests);
        }
        let (stream, size) = match reply.words {
            ReplyWords::Download { stream, size, .. } => (stream, size),
            _ if reply.has(Code::Done) => {
                return self.drop_download(id, Some(sink), UNREADABLE);
            }
            _ => return self.drop_download(id, Some(sink), refusal(reply)),
        };
        let is_another = download.offset > 0 && download.size.is_some_and(|known| known != size);
        if download.cancelled || is_another {
            requests.ask_abort(stream);
            return match download.cancelled {
                true => self.drop_download(id, Some(sink), "cancelled"),
                false => self.is_another(id, sink, "it has another size than before", requests),
            };
        }
        download.size = Some(size);
        download.started = Instant::now();
        download.state = DownloadState::Running { stream, sink };
        None
    }

    /// Handles bytes of a stream. Those of an unknown stream, which has ended, are dropped.
    pub fn chunk(&mut self, stream: u32, bytes: &[u8], requests: &mut Requests) -> Option<Line> {
        let id = self.find(stream)?;
        let download = self.downloads.get_mut(&id)?;
        download.received += bytes.len() as u64;
        let written = match &mut download.state {
            _ if Some(download.received) > download.size => Err(io::Error::other("it is too long")),
            DownloadState::Running { sink, .. } => sink.write(bytes),
            _ => return None,
        };
        match written {
            Ok(()) => {
                download.hash.update(bytes);
                None
            }
            Err(error) => {
                self.reader_gone |= error.kind() == ErrorKind::BrokenPipe;
                let reason = safe!("{}: {error}", download.here());
                requests.ask_abort(stream);
                self.stop(id, reason)
            }
        }
    }

    /// Handles the end of a stream.
    pub fn complete(&mut self, stream: u32, requests: &mut Requests) -> Option<Line> {
        let id = self.find(stream)?;
        let download = self.downloads.get_mut(&id)?;
        if Some(download.received) != download.size {
            return self.stop(id, "it is shorter than the server said");
        }
        let DownloadState::Running { sink, .. } = download.take_state() else {
            return None;
        };
        download.state = DownloadState::Comparing(sink);
        match download.expected {
            Some(expected) => self.compare(id, Ok(expected), requests),
            None => {
                download.ask_sum(id, requests);
                None
            }
        }
    }

    /// Handles the reply with the checksum.
    pub fn compare_answered(
        &mut self,
        id: TransferId,
        reply: &FinalReply<'_>,
        requests: &mut Requests,
    ) -> Option<Line> {
        let expected = match reply.words {
            ReplyWords::Sum { sha256, .. } => Ok(sha256),
            _ if reply.has(Code::Done) => Err(UNREADABLE.to_string()),
            _ => Err(refusal(reply)),
        };
        self.compare(id, expected, requests)
    }

    /// Compares the checksum with the server's, if that is known, and saves the file.
    fn compare(
        &mut self,
        id: TransferId,
        expected: Result<Sha256Sum, String>,
        requests: &mut Requests,
    ) -> Option<Line> {
        let download = self.downloads.get_mut(&id)?;
        let DownloadState::Comparing(sink) =
            std::mem::replace(&mut download.state, DownloadState::Saving)
        else {
            return None;
        };
        download.remark = match expected {
            Ok(expected) if expected != download.sum() => {
                return self.is_another(id, sink, "the SHA-256 is not the server's", requests);
            }
            Ok(_) => safe!("SHA-256 matches"),
            // It is unknown whether the parts belong to the same file.
            Err(why) if download.joined => {
                let reason = safe!("it did not come in one go, and can't be compared: {why}");
                return self.drop_download(id, Some(sink), reason);
            }
            Err(why) => safe!("SHA-256 not compared: {why}"),
        };
        match sink {
            Sink::Part(part) => {
                let saved = self.jobs.spawn(move || DownloadWork::Saved(id, part.finish()));
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

    /// Handles bytes that are not those of the file on the server: begins anew or ends the
    /// download.
    fn is_another(
        &mut self,
        id: TransferId,
        sink: Sink,
        why: &str,
        requests: &mut Requests,
    ) -> Option<Line> {
        if self.downloads.get(&id)?.can_begin_anew(&sink) {
            return self.begin_anew(id, sink, requests);
        }
        Some(self.downloads.remove(&id)?.discard(sink, why))
    }

    /// Requests the whole file once more, since the bytes here are of another one.
    fn begin_anew(&mut self, id: TransferId, sink: Sink, requests: &mut Requests) -> Option<Line> {
        let Sink::Part(mut part) = sink else {
            return self.drop_download(id, Some(sink), "it can't be fetched anew");
        };
        let download = self.downloads.get_mut(&id)?;
        let why = match download.begin_anew(&mut part) {
            Ok(why) => why,
            Err(reason) => return self.drop_download(id, None, reason),
        };
        download.ask(id, Sink::Part(part), requests);
        Some(Line::notice(safe!("{}: {why}; all of it is fetched anew", download.name)))
    }

    /// Handles a stream that the server aborts.
    pub fn aborted(&mut self, stream: u32, reason: &str) -> Option<Line> {
        let id = self.find(stream)?;
        self.stop(id, reason)
    }

    /// Cancels the downloads of this name; `None` for all. One that is being saved can't be
    /// cancelled.
    pub fn cancel(&mut self, name: Option<&str>, requests: &mut Requests) -> Vec<Line> {
        let wanted = |download: &Download| download.is_named(name);
        let ids: Vec<TransferId> =
            self.downloads.iter().filter(|(_, d)| wanted(d)).map(|(id, _)| *id).collect();
        let mut lines =
            if name.is_none() { self.received.drop_wanted("cancelled") } else { Vec::new() };
        lines.extend(ids.into_iter().filter_map(|id| self.cancel_one(id, requests)));
        lines
    }

    fn cancel_one(&mut self, id: TransferId, requests: &mut Requests) -> Option<Line> {
        let download = self.downloads.get_mut(&id)?;
        match download.state {
            DownloadState::Naming | DownloadState::Preparing | DownloadState::Asked(_) => {
                download.cancelled = true;
                None
            }
            DownloadState::Running { stream, .. } => {
                requests.ask_abort(stream);
                self.stop(id, "cancelled")
            }
            DownloadState::Waiting(_) | DownloadState::Comparing(_) => self.stop(id, "cancelled"),
            DownloadState::Saving => None,
        }
    }

    /// Makes the downloads wait for the next connection.
    pub fn disconnected(&mut self) {
        self.online = false;
        for download in self.downloads.values_mut() {
            download.state = match download.take_state() {
                DownloadState::Asked(sink)
                | DownloadState::Running { sink, .. }
                | DownloadState::Comparing(sink) => DownloadState::Waiting(sink),
                state => state,
            };
        }
    }

    /// Continues the downloads on a new connection.
    pub fn reconnected(&mut self, requests: &mut Requests) -> Vec<Line> {
        self.online = true;
        let mut cancelled = Vec::new();
        for (id, download) in &mut self.downloads {
            match download.take_state() {
                DownloadState::Waiting(sink) if download.cancelled => {
                    download.state = DownloadState::Waiting(sink);
                    cancelled.push(*id);
                }
                DownloadState::Waiting(sink) => download.go_on(*id, sink, requests),
                DownloadState::Naming => download.ask_name(*id, requests),
                state => download.state = state,
            }
        }
        cancelled.into_iter().filter_map(|id| self.stop(id, "cancelled")).collect()
    }

    /// Ends all downloads, except those that are being saved.
    pub fn end(&mut self, reason: &str) -> Vec<Line> {
        let ids: Vec<TransferId> = self.downloads.keys().copied().collect();
        let mut lines = self.received.drop_wanted(reason);
        for id in ids {
            match self.downloads.get_mut(&id).map(|download| &download.state) {
                Some(DownloadState::Saving) => {}
                _ => lines.extend(self.stop(id, reason)),
            }
        }
        lines
    }

    fn find(&self, stream: u32) -> Option<TransferId> {
        let is_it = |download: &Download| download.stream() == Some(stream);
        self.downloads.iter().find(|(_, download)| is_it(download)).map(|(id, _)| *id)
    }

    /// Ends a download; the bytes received are kept for the next attempt.
    fn stop(&mut self, id: TransferId, reason: impl fmt::Display) -> Option<Line> {
        let sink = self.downloads.get_mut(&id)?.take_sink();
        self.drop_download(id, sink, reason)
    }

    fn drop_download(
        &mut self,
        id: TransferId,
        sink: Option<Sink>,
        reason: impl fmt::Display,
    ) -> Option<Line> {
        let download = self.downloads.remove(&id)?;
        Some(download.give_up(sink, reason))
    }
}

impl AsFd for Downloads {
    /// A descriptor that is readable when [`Downloads::jobs_done`] has something to do.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.jobs.as_fd()
    }
}

fn part(opened: Result<(PartFile, Sha256), PartError>) -> Result<(Sink, Sha256), PartError> {
    opened.map(|(part, hash)| (Sink::Part(part), hash))
}
