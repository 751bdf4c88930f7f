//! DELETE: a message, or a file that was sent, is removed for everybody.
//!
//! The message is looked for first. Then its removal is proposed, and judged when it is decided.
//! The answer, and the notices to those who may read the chat, wait until it is gone from the disk.

use crate::chat::answer::Done;
use crate::chat::entry::{Deletion, Entry};
use crate::chat::event::Event;
use crate::chat::id::{LogTime, MessageId};
use crate::chat::kind::Kind;
use crate::chat::message::{Chat, Destination, StoredMessage};
use crate::chat::refusal::{Failure, Refusal};
use crate::hub::accounts::directory::UserIndex;
use crate::hub::accounts::roles::Role;
use crate::hub::audit::Deed;
use crate::hub::context::{Caller, Cx};
use crate::hub::input::ConnId;
use crate::hub::job::{Job, JobId, Outcome, Value};
use crate::hub::messages::inbox::Inbox;
use crate::hub::outcome::{failed, kept};
use crate::hub::pending::{Domain, Pending};
use crate::hub::people::People;
use crate::hub::proposal::{Asker, Proposal};

/// The removals that are under way.
#[derive(Debug)]
pub struct Deletions {
    pub pending: Pending<DeletionJob>,
}

/// The purpose of a job.
#[derive(Debug)]
pub enum DeletionJob {
    /// Looks for a message that is to be removed. The session that asked for it is blocked until
    /// then.
    Find(Caller, MessageId),
    /// Removes a message. Then the session that asked for it gets the answer, if it is one of this
    /// server.
    Delete(Option<ConnId>, StoredMessage),
}

impl Deletions {
    /// No job under way.
    pub fn new() -> Self {
        Deletions { pending: Pending::new(Domain::Messages) }
    }

    /// Looks for a message that a session wants to be removed.
    pub fn find(&mut self, from: Caller, id: MessageId, people: People<'_>, cx: &mut Cx<'_>) {
        let reader = people.accounts.number(from.user);
        let job = Job::FetchMessages { reader, ids: vec![id] };
        self.pending.begin(job, DeletionJob::Find(from, id), cx);
        cx.block(from.conn);
    }

    /// Judges a removal, and refuses it or begins it. Returns the job that removes the message.
    pub fn apply(
        &mut self,
        deletion: &Deletion,
        time: LogTime,
        asker: Option<Asker>,
        people: People<'_>,
        cx: &mut Cx<'_>,
    ) -> Option<JobId> {
        if let Err(refusal) = judge(deletion, time, people) {
            if let Some(Asker { conn, of }) = asker {
                cx.refuse(conn, of, refusal);
            }
            return None;
        }
        let message = &deletion.message;
        audit(deletion, asker, people, cx);
        let asked = asker.map(|asker| asker.conn);
        let purpose = DeletionJob::Delete(asked, message.clone());
        let job = self.pending.begin(Job::DeleteMessage(message.id), purpose, cx);
        if let Some(conn) = asked {
            cx.reply_after(conn, job);
        }
        Some(job)
    }

    /// Takes the outcome of a job. Returns the proposal to remove a message that was found.
    pub fn done(
        &mut self,
        id: JobId,
        outcome: &Outcome,
        (people, inbox): (People<'_>, &mut Inbox),
        cx: &mut Cx<'_>,
    ) -> Option<Proposal> {
        match self.pending.take(id)? {
            DeletionJob::Find(from, message) => {
                if !cx.unblock(from.conn) {
                    return None;
                }
                match found(from, message, outcome, people, cx) {
                    Ok(proposal) => Some(proposal),
                    Err(refusal) => {
                        cx.refuse(from.conn, Kind::Delete, refusal);
                        None
                    }
                }
            }
            DeletionJob::Delete(conn, message) => {
                let result = match outcome {
                    Err(Failure::NotFound) => Err(Refusal::NoSuchMessage),
                    other => kept(Done::Done, other),
                };
                if result.is_ok() {
                    tell(&message, conn, (people, inbox), cx);
                }
                if let Some(conn) = conn {
                    cx.resolve_answer(conn, id, Kind::Delete, result);
                }
                None
            }
        }
    }

    /// The sessions that are blocked until a message is found.
    pub fn blocked(&self) -> impl Iterator<Item = &ConnId> {
        self.pending.values().filter_map(|job| match job {
            DeletionJob::Find(from, _) => Some(&from.conn),
            DeletionJob::Delete(..) => None,
        })
    }

    /// Returns true if a job is under way whose outcome answers a request of the session.
    pub fn answers(&self, conn: ConnId, id: JobId) -> bool {
        matches!(self.pending.get(id), Some(DeletionJob::Delete(of, _)) if *of == Some(conn))
    }
}

/// The proposal to remove a message that was looked for.
fn found(
    from: Caller,
    id: MessageId,
    outcome: &Outcome,
    people: People<'_>,
    cx: &mut Cx<'_>,
) -> Result<Proposal, Refusal> {
    let Ok(Value::Messages(messages)) = outcome else { return Err(failed(outcome)) };
    let message = messages.iter().find(|message| message.id == id);
    let message = message.ok_or(Refusal::NoSuchMessage)?.clone();
    let window = u64::try_from(cx.core.config.delete_window.as_micros()).unwrap_or(u64::MAX);
    let deletion = Deletion { message, by: people.accounts.number(from.user), window };
    let asker = Some(Asker { conn: from.conn, of: Kind::Delete });
    Ok(Proposal { entry: Entry::Deleted(deletion), id: None, asker })
}

/// Judges who may remove a message: administrators, who need not be able to read it, an op of its
/// group, and for a while its sender.
fn judge(deletion: &Deletion, time: LogTime, people: People<'_>) -> Result<(), Refusal> {
    let Deletion { message, by, window } = deletion;
    let user = people.accounts.directory.find_number(*by).ok_or(Refusal::NoSuchMessage)?;
    let group = match message.chat {
        Chat::Group(id) => Some(people.groups.get(id).ok_or(Refusal::NoSuchMessage)?),
        Chat::Everyone | Chat::Direct(..) => None,
    };
    if people.accounts.roles.of(Some(user)) >= Role::Administrator {
        return Ok(());
    }
    if !people.may_read(user, message) {
        return Err(Refusal::NoSuchMessage);
    }
    let is_op = group.is_some_and(|group| group.is_op(user));
    let is_own = message.from == *by && time.0.saturating_sub(message.id.0) < *window;
    if is_op || is_own { Ok(()) } else { Err(Refusal::MayNotDelete) }
}

/// Tells everyone online who may read a message that it is gone, but the session that asked for it.
/// Sessions that are logging in are told with the welcome.
fn tell(
    message: &StoredMessage,
    asked: Option<ConnId>,
    (people, inbox): (People<'_>, &mut Inbox),
    cx: &mut Cx<'_>,
) {
    let StoredMessage { id, chat, .. } = *message;
    let is_told = |conn: &ConnId| Some(*conn) != asked;
    let sessions = |user: UserIndex| people.presence.sessions_of(user).filter(is_told);
    match chat {
        Chat::Everyone => {
            let event = Event::Deleted(id, Destination::Everyone);
            for user in inbox.users() {
                inbox.delete(user, id, &event, cx);
            }
            cx.tell(event, people.presence.conns().filter(is_told));
        }
        Chat::Group(group) => {
            let Some(group) = people.groups.get(group) else { return };
            let readers = group.members.iter().filter(|member| member.since <= id);
            let readers = readers.map(|member| member.user);
            let event = Event::Deleted(id, Destination::Group(group.name));
            readers.clone().for_each(|user| inbox.delete(user, id, &event, cx));
            cx.tell(event, readers.flat_map(sessions));
        }
        Chat::Direct(one, other) => {
            let both = [one, other].into_iter().take(if one == other { 1 } else { 2 });
            let both = both.filter(|user| !message.is_hidden_from(*user));
            for user in both.filter_map(|number| people.accounts.directory.find_number(number)) {
                if let Some(shown) = people.destination(user, chat) {
                    let event = Event::Deleted(id, shown);
                    inbox.delete(user, id, &event, cx);
                    cx.tell(event, sessions(user));
                }
            }
        }
    }
}

/// Tells the audit log of a removal.
fn audit(deletion: &Deletion, asker: Option<Asker>, people: People<'_>, cx: &mut Cx<'_>) {
    let Deletion { message, by, .. } = deletion;
    let name = |number| {
        let user = people.accounts.directory.find_number(number)?;
        Some(people.accounts.name(user))
    };
    let deed = Deed::of("delete", name(message.from)).by(name(*by));
    let deed = deed.over(asker.map(|asker| asker.conn));
    cx.audit(&deed.with(format_args!("message={}", message.id)));
}
