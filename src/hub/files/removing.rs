//! RM: a file, or an empty folder, of the shared folder is removed.

use std::time::Duration;

use crate::chat::answer::Done;
use crate::chat::file::OwnSince;
use crate::chat::kind::Kind;
use crate::chat::name::FileName;
use crate::chat::refusal::{Failure, Refusal};
use crate::hub::accounts::roles::Role;
use crate::hub::audit::Deed;
use crate::hub::context::{Caller, Cx};
use crate::hub::input::ConnId;
use crate::hub::job::{Job, JobId, Outcome, Value};
use crate::hub::outcome::failed;
use crate::hub::pending::{Domain, Pending};
use crate::hub::people::People;
use crate::log::Quoted;

/// For how long after the upload of a file its uploader may remove it: a day.
const MAY_REMOVE_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// The files that are being removed, each with who asked for it. Their sessions are blocked until
/// then, so that what comes behind sees the name free.
#[derive(Debug)]
pub struct FileRemovals {
    pub pending: Pending<(Caller, FileName)>,
}

impl FileRemovals {
    /// No job under way.
    pub fn new() -> Self {
        FileRemovals { pending: Pending::new(Domain::Files) }
    }

    /// Removes a file: one of the user's own, but for administrators.
    pub fn begin(&mut self, caller: Caller, name: FileName, people: People<'_>, cx: &mut Cx<'_>) {
        let is_administrator = people.accounts.roles.of(Some(caller.user)) >= Role::Administrator;
        let now = Duration::from_micros(cx.core.now.unix_micros);
        let own = OwnSince {
            owner: people.accounts.number(caller.user),
            since: now.saturating_sub(MAY_REMOVE_FOR).as_secs(),
        };
        let job = Job::RemoveFile(name.clone(), (!is_administrator).then_some(own));
        self.pending.begin(job, (caller, name), cx);
        cx.block(caller.conn);
    }

    /// Takes the outcome of a job.
    pub fn done(&mut self, id: JobId, outcome: &Outcome, people: People<'_>, cx: &mut Cx<'_>) {
        let Some((Caller { conn, user }, name)) = self.pending.take(id) else { return };
        let result = match outcome {
            Ok(Value::Done) => Ok(Done::Done),
            Err(Failure::NotFound) => Err(Refusal::NoSuchFile(name.as_str().into())),
            Err(Failure::NotEmpty) => Err(Refusal::FolderNotEmpty),
            Err(Failure::NotAllowed) => Err(Refusal::MayNotRemove),
            other => Err(failed(other)),
        };
        if result.is_ok() {
            let path = Quoted(name.as_str());
            let deed = Deed::of("rm", people.accounts.name(user)).over(conn);
            cx.audit(&deed.with(format_args!("path={path}")));
        }
        if cx.unblock(conn) {
            cx.conclude(conn, Kind::RemoveFile, result);
        }
    }

    /// The sessions that wait for a removal, including those that have ended.
    pub fn blocked(&self) -> impl Iterator<Item = ConnId> {
        self.pending.values().map(|(caller, _)| caller.conn)
    }
}
