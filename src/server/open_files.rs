//! Files that are open for transfers, from the job that opens one to the transfer that it is for.

use std::collections::HashMap;
use std::fs::File;
use std::io;

use super::closer::{Closer, Opened, Permit, Permits};
use crate::hub::job::JobId;
use crate::store::OpenPart;

/// Files that are being opened, or were and whose transfers the hub has yet to begin.
#[derive(Debug)]
pub struct OpenFiles {
    /// What the jobs hold that are about to open a file.
    opening: HashMap<JobId, Permit>,
    files: HashMap<JobId, Opened<File>>,
    parts: HashMap<JobId, Opened<OpenPart>>,
    /// How many more may be open.
    permits: Permits,
    closer: Closer,
}

impl OpenFiles {
    /// No files; at most `max` may be open at a time.
    ///
    /// # Errors
    /// The system's, where it gives no thread to close them.
    pub fn new(max: usize) -> io::Result<Self> {
        Ok(OpenFiles {
            opening: HashMap::new(),
            files: HashMap::new(),
            parts: HashMap::new(),
            permits: Permits::new(max),
            closer: Closer::start()?,
        })
    }

    /// Whether a job may open a file; if so, a permit is kept for it.
    pub fn begin(&mut self, job: JobId) -> bool {
        let permit = self.permits.take();
        let may_open = permit.is_some();
        self.opening.extend(permit.map(|permit| (job, permit)));
        may_open
    }

    /// A job is over, and has opened nothing.
    pub fn opened_nothing(&mut self, job: JobId) {
        self.opening.remove(&job);
    }

    /// A job has opened a file to be sent. Whether it had a permit, as it should.
    pub fn opened_file(&mut self, job: JobId, file: File) -> bool {
        let Some(permit) = self.permit_of(job) else { return false };
        self.files.insert(job, self.closer.opened(file, permit));
        true
    }

    /// A job has opened the part of an upload. Whether it had a permit, as it should.
    pub fn opened_part(&mut self, job: JobId, part: OpenPart) -> bool {
        let Some(permit) = self.permit_of(job) else { return false };
        self.parts.insert(job, self.closer.opened(part, permit));
        true
    }

    /// The file that a job has opened, for the download that begins.
    pub fn take_file(&mut self, job: JobId) -> Option<Opened<File>> {
        self.files.remove(&job)
    }

    /// The part that a job has opened, for the upload that begins.
    pub fn take_part(&mut self, job: JobId) -> Option<Opened<OpenPart>> {
        self.parts.remove(&job)
    }

    /// Closes what a job has opened: there will be no transfer.
    pub fn close(&mut self, job: JobId) {
        self.files.remove(&job);
        self.parts.remove(&job);
    }

    fn permit_of(&mut self, job: JobId) -> Option<Permit> {
        let permit = self.opening.remove(&job);
        debug_assert!(permit.is_some(), "a file was opened without a permit");
        permit
    }
}
