//! What the store has done, before the hub hears of it.

use chatsrv::chat::entry::Entry;
use chatsrv::chat::name::Number;
use chatsrv::hub::input::ConnId;
use chatsrv::hub::job::{Job, JobId, Outcome, Value};
use chatsrv::protocol::native::verb::Verb;

use super::{NodeModel, creations};

impl NodeModel {
    /// The store is done with a job, and the hub has not heard of it yet.
    pub fn job_done(&mut self, job_id: JobId, job: &Job, outcome: &Outcome) {
        let asker = self.askers.get(&job_id).copied();
        self.decision_kept(asker, job, outcome);
        self.report_job_done(asker, job, outcome);
        self.uploads.job_done(job_id, outcome);
        self.device_job_done(asker, job, outcome);
        self.presence_job_done(asker, job, outcome);
        self.try_is_settled(job_id, outcome);
        self.invites_kept(job, outcome);
        self.motd_job_done(job, outcome);
        self.registration_is_over(asker, *outcome == Ok(Value::Done));
        match (job, outcome) {
            (Job::Register { account, .. }, Ok(Value::Done)) => {
                let number = account.number;
                assert!(number.0 >= Number::MIN, "{number} is no contact number");
                self.propose_surely(Entry::AccountAdded(account.clone()));
            }
            (Job::SetDisplayName(number, display), Ok(Value::Done)) => {
                self.propose_surely(Entry::DisplayNameSet(*number, display.clone()));
            }
            (Job::CheckPassword { .. }, Ok(Value::PasswordRight)) => {
                if let Some(session) = asker.and_then(|asker| self.sessions.get_mut(&asker))
                    && session.user.is_some()
                {
                    session.composing = Some(Verb::Passwd);
                }
            }
            (Job::RemoveAccount { number: user, name, erase, .. }, Ok(Value::Done)) => {
                let by = asker.and_then(|asker| self.sessions.get(&asker)?.user);
                let (by, name) = (by.unwrap_or(*user), *name);
                self.removal_due =
                    Some(Entry::AccountRemoved { user: *user, name, by, erase: *erase });
            }
            (Job::RemoveFile(..), _) => self.uploads.removed(asker, outcome),
            (Job::Erase { messages, .. }, Ok(_)) => {
                for id in messages {
                    if self.ledger.find(*id).is_some() {
                        self.ledger.deleted(*id);
                    }
                }
            }
            (Job::KeepMessage { .. }, _) => {
                self.ledger.keep_done(job_id, *outcome == Ok(Value::Done));
            }
            (Job::FinishUpload { upload, message: Some(message) }, _) => {
                self.file_sent_in = self.uploads.senders.get(upload).copied();
                self.file_kept(job_id, message, outcome);
            }
            (Job::Export(export), _) => self.export_job_done(job_id, export, outcome),
            (Job::RaiseIdMark { mark }, Ok(Value::Done)) => self.ledger.mark = *mark,
            (Job::RaiseIdMark { .. }, _) => self.mark_failed = creations::failure(outcome),
            (Job::MarkSeen { reader, chat, id }, Ok(Value::Marked { mark, has_moved })) => {
                let before = self.ledger.seen_up_to(*reader, *chat);
                assert_eq!(*has_moved, *mark > before, "{reader} in {chat:?}: {before}, {mark}");
                if *has_moved {
                    self.others_are_told(asker, *reader, (*chat, *mark));
                }
                let seen = self.chat.messages.seen(*reader, *chat);
                assert!(seen >= Some(*id), "{reader} has not read {chat:?} up to {id}");
                self.ledger.seen(*reader, *chat, *id);
                assert_eq!(*mark, self.ledger.seen_up_to(*reader, *chat));
            }
            (other, outcome) => self.list_job_done((job_id, asker), other, outcome),
        }
    }

    /// The store is done with a job about groups, or with one that lists messages.
    fn list_job_done(
        &mut self,
        (job_id, asker): (JobId, Option<ConnId>),
        job: &Job,
        outcome: &Outcome,
    ) {
        match (job, outcome) {
            (Job::SaveGroup(record), _) => self.group_saved(job_id, record, outcome),
            (Job::EndGroup(id), _) => self.group_ended(job_id, *id, outcome),
            (Job::ChangeGroups(rows), _) => self.rows_kept(job_id, rows, outcome),
            (Job::RemoveOld { before }, Ok(Value::Removed { .. })) => self.ledger.removed(*before),
            (Job::CountUnread { reader, until }, outcome) => {
                self.counted(asker, (*reader, *until), matches!(outcome, Ok(Value::Unread(_))));
            }
            (Job::ListChats { reader, before, until, .. }, outcome) => {
                self.chats_listed(
                    asker,
                    (*reader, *until),
                    *before,
                    matches!(outcome, Ok(Value::Chats { .. })),
                );
            }
            (Job::FetchMessages { .. }, _) => {
                if let Some(asker) = asker {
                    self.looked_for(asker, outcome);
                }
            }
            (Job::DeleteMessage(_), _) => self.deletion_done(job_id, outcome),
            (
                Job::SelectMessages { reader, which, until, .. },
                Ok(Value::Selected { ids, .. } | Value::Found { ids, .. }),
            ) => self.selected(asker, (*reader, *until), which, ids),
            _ => {}
        }
    }
}
