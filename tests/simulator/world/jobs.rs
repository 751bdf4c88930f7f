//! What the store does, and what it can't.

use chatsrv::chat::refusal::Failure;
use chatsrv::hub::export_job::ExportJob;
use chatsrv::hub::job::{Job, Outcome, Value};

use super::World;

impl World {
    /// The store does some job: passwords and files in any order, what it keeps in turn, and what
    /// reads messages after all that was to be kept before.
    pub(super) fn do_a_job(&mut self) {
        if self.server.jobs.is_empty() || self.step < self.outages.store {
            return;
        }
        let mut at = self.rng.usize(..self.server.jobs.len());
        let next = self.server.jobs.iter().position(|(_, job)| is_in_turn(job));
        let waits = |next| next < at && reads_messages(&self.server.jobs[at].1);
        if let Some(next) = next
            && (is_in_turn(&self.server.jobs[at].1) || waits(next))
        {
            at = next;
        }
        if at > 0 {
            self.counts.fault("job before an older one");
        }
        self.store.files.now = self.server.now.unix_micros;
        let outcome = self.outcome_of(at);
        if let (Job::Register { account, .. }, Ok(Value::Done)) =
            (&self.server.jobs[at].1, &outcome)
        {
            self.people.numbers.push(account.number.0);
        }
        self.server.job_done(at, outcome, &self.store);
    }

    /// The store does all that it is to do. If it can, a restart would be none.
    pub(super) fn catch_up(&mut self) {
        for _ in 0..1000 {
            self.do_a_job();
        }
        if self.server.check_restart(&self.store) {
            self.counts.restarts_compared += 1;
        }
    }

    fn outcome_of(&mut self, at: usize) -> Outcome {
        let job = &self.server.jobs[at].1;
        let is_full = self.step < self.outages.disk_full;
        let are_passwords_busy = self.step < self.outages.passwords;
        let (fault, outcome) = match self.rng.u8(..32) {
            0 => ("queue full for one job", Err(Failure::Busy)),
            1 => ("job fails", Err(Failure::Failed)),
            2 if writes(job) => ("disk full for one job", Err(Failure::NoRoom)),
            _ if is_full && writes(job) => ("job on a full disk", Err(Failure::NoRoom)),
            _ if are_passwords_busy && hashes(job) => {
                ("password not hashed, queue full", Err(Failure::Busy))
            }
            _ => match self.store.run(job) {
                Ok(Value::PasswordWrong) => ("wrong password", Ok(Value::PasswordWrong)),
                outcome => return outcome,
            },
        };
        self.counts.fault(fault);
        outcome
    }
}

/// Whether the store does a job in its turn, and not when it happens to be ready.
pub(super) fn is_in_turn(job: &Job) -> bool {
    !matches!(
        job,
        Job::Register { .. }
            | Job::CheckPassword { .. }
            | Job::SetPassword { .. }
            | Job::ResetPassword { .. }
            | Job::AddAccount { .. }
            | Job::ListFolder { .. }
            | Job::OpenFile { .. }
            | Job::SumFile { .. }
            | Job::OpenSent { .. }
            | Job::SumSent { .. }
            | Job::SyncUpload { .. }
            | Job::MakeCallTicket
    ) && !reads_messages(job)
}

/// Whether a job reads messages: it sees what was kept before it, and perhaps later changes.
fn reads_messages(job: &Job) -> bool {
    matches!(
        job,
        Job::CountUnread { .. }
            | Job::ListChats { .. }
            | Job::SelectMessages { .. }
            | Job::FetchMessages { .. }
            | Job::Export(ExportJob::Write { .. })
    )
}

/// Whether a job hashes a password, for which it may have to queue.
fn hashes(job: &Job) -> bool {
    matches!(job, Job::Register { .. } | Job::CheckPassword { .. } | Job::SetPassword { .. })
        || matches!(job, Job::ResetPassword { .. } | Job::AddAccount { .. })
}

/// Whether a job needs room on the disk.
fn writes(job: &Job) -> bool {
    matches!(
        job,
        Job::Register { .. }
            | Job::SetPassword { .. }
            | Job::ResetPassword { .. }
            | Job::AddAccount { .. }
            | Job::MakeToken { .. }
            | Job::UseToken { .. }
            | Job::EndDevices { .. }
            | Job::KeepMessage { .. }
            | Job::RaiseIdMark { .. }
            | Job::MarkSeen { .. }
            | Job::DeleteMessage(_)
            | Job::SetDisplayName(..)
            | Job::KeepNetworks { .. }
            | Job::KeepLastSeen(_)
            | Job::KeepMotdAsked(..)
            | Job::SetSanction { .. }
            | Job::EndSanction { .. }
            | Job::SetAdministrator { .. }
            | Job::MakeInvite { .. }
            | Job::EndInvites(_)
            | Job::SaveGroup(_)
            | Job::ChangeGroups(_)
            | Job::EndGroup(_)
            | Job::BeginUpload { .. }
            | Job::SyncUpload { .. }
            | Job::FinishUpload { .. }
            | Job::Export(_)
    )
}
