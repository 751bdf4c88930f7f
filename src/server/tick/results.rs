//! The phase that handles the results of other threads.

use crate::hub::input::Input;
use crate::hub::job::{Job, JobId, Value};
use crate::server::state::Server;
use crate::server::transfer_id::conn_of;
use crate::store::Completion;

impl Server {
    /// Handles the results of the other threads.
    pub(super) fn take_results(&mut self) {
        self.take_reloaded();
        let completions: Vec<Completion> = self.store.completions().collect();
        for completion in completions {
            match completion {
                Completion::Job { job: job_id, outcome } => {
                    self.files.opened_nothing(job_id);
                    self.tell_hub(Input::Done { job_id, outcome });
                }
                Completion::UploadOpened { job: job_id, part, offset, sha256 } => {
                    let upload = part.upload();
                    if self.files.opened_part(job_id, part) {
                        let outcome = Ok(Value::UploadReady { upload, offset, sha256 });
                        self.tell_hub(Input::Done { job_id, outcome });
                    }
                }
                Completion::Written { transfer, result } => {
                    self.upload_written(conn_of(transfer), transfer.stream, result);
                }
                Completion::Opened { job: job_id, file, size } => {
                    if self.files.opened_file(job_id, file) {
                        self.tell_hub(Input::Done { job_id, outcome: Ok(Value::Opened { size }) });
                    }
                }
                Completion::Warmed { transfer, result } => {
                    let conn = conn_of(transfer);
                    if let Some(connection) = self.connections.get(conn) {
                        connection.outbox.warmed(transfer.stream, result);
                        self.connections.mark_dirty(conn);
                    }
                }
            }
        }
        self.gate.store_answered(&self.store);
    }

    /// Submits a job to the store. A job that opens a file is refused here if no more files may be
    /// open: an upload that the store has recorded counts against its owner's quota for a day.
    pub(super) fn begin_job(&mut self, job_id: JobId, job: Job) {
        let opens_file =
            matches!(job, Job::OpenFile { .. } | Job::OpenSent { .. } | Job::BeginUpload { .. });
        match !opens_file || self.files.begin(job_id) {
            true => self.store.submit(job_id, job),
            false => {
                self.files.wanted.place();
                self.store.refuse(job_id);
            }
        }
    }
}
