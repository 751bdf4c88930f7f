//! Files that store jobs have opened, kept until the transfers that they are for begin.

use std::collections::HashMap;
use std::fs::File;
use std::io;

use super::closer::{Closer, Opened, Permit, Permits};
use super::wanted::Wanted;
use crate::hub::job::JobId;
use crate::store::OpenPart;

/// Files that are being opened, or are open and whose transfers the hub has yet to begin.
#[derive(Debug)]
pub struct OpenFiles {
    /// The permits of jobs that are about to open a file.
    opening: HashMap<JobId, Permit>,
    files: HashMap<JobId, Opened<File>>,
    parts: HashMap<JobId, Opened<OpenPart>>,
    /// The semaphore that limits how many may be open.
    permits: Permits,
    closer: Closer,
    /// What others want that transfers hold.
    pub wanted: Wanted,
}

impl OpenFiles {
    /// Creates an empty table; at most `max` files may be open at a time.
    ///
    /// # Errors
    /// The error of the operating system, if it gives no thread to close the files.
    pub fn new(max: usize) -> io::Result<Self> {
        Ok(OpenFiles {
            opening: HashMap::new(),
            files: HashMap::new(),
            parts: HashMap::new(),
            permits: Permits::new(max),
            closer: Closer::start()?,
            wanted: Wanted::default(),
        })
    }

    /// Reserves a permit for a job that is to open a file. Returns false if none is left.
    pub fn begin(&mut self, job: JobId) -> bool {
        let permit = self.permits.take();
        let may_open = permit.is_some();
        self.opening.extend(permit.map(|permit| (job, permit)));
        may_open
    }

    /// Returns the permit of a job that opened nothing.
    pub fn opened_nothing(&mut self, job: JobId) {
        self.opening.remove(&job);
    }

    /// Keeps a file that a job has opened for a download. Returns true if the job had a permit, as
    /// it should.
    pub fn opened_file(&mut self, job: JobId, file: File) -> bool {
        let Some(permit) = self.permit_of(job) else { return false };
        self.files.insert(job, self.closer.opened(file, permit));
        true
    }

    /// Keeps the part file that a job has opened for an upload. Returns true if the job had a
    /// permit, as it should.
    pub fn opened_part(&mut self, job: JobId, part: OpenPart) -> bool {
        let Some(permit) = self.permit_of(job) else { return false };
        self.parts.insert(job, self.closer.opened(part, permit));
        true
    }

    /// Takes the file that a job has opened, for the download that begins.
    pub fn take_file(&mut self, job: JobId) -> Option<Opened<File>> {
        self.files.remove(&job)
    }

    /// Takes the part file that a job has opened, for the upload that begins.
    pub fn take_part(&mut self, job: JobId) -> Option<Opened<OpenPart>> {
        self.parts.remove(&job)
    }

    /// Closes what a job has opened, because no transfer begins.
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
