//! Routing of jobs: on which thread a job begins, and on which it goes on.

use std::sync::Arc;

use super::completions::Completions;
use super::database::Workers;
use super::requests::{
    AccountRequest, ExportRead, ExportRequest, GroupRequest, HistoryQuery, HistoryRequest,
    MessageRequest, ModerationRequest, PersonalRequest, SearchRequest, Step, StoreRequest,
    UploadDraft, UploadRequest, UploadTask,
};
use super::rows::files::Garbage;
use super::rows::history::Viewer;
use super::rows::tokens;
use super::sender::RequestSender;
use super::work::files::{FileReaders, Source};
use super::work::history::{HistoryReaders, ReadTask};
use super::work::passwords::{HashPurpose, PasswordTask, Passwords};
use super::work::search::Search;
use super::work::uploads::FileWriters;
use crate::chat::address::Network;
use crate::chat::id::MessageId;
use crate::chat::refusal::Failure;
use crate::hub::export_job::ExportJob;
use crate::hub::job::{Job, JobId, Outcome, Value};
use crate::hub::selection::Selection;

/// The senders to all threads of the store.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) database: RequestSender,
    pub(super) passwords: Passwords,
    pub(super) history: HistoryReaders,
    pub(super) search: Arc<Search>,
    pub(super) files: FileReaders,
    pub(super) uploads: FileWriters,
    pub(super) completions: Completions,
}

impl Route {
    /// Begins a job on its first thread. If that thread's queue is full, the outcome is
    /// [`Failure::Busy`]. Only one thread may call this.
    pub(super) fn begin(&self, id: JobId, job: Job) {
        let group = |request| self.ask(StoreRequest::Group { job: id, request });
        let hash =
            |password, purpose, from| self.hash(PasswordTask { job: id, password, purpose, from });
        let has_begun = match job {
            Job::Register { account, password, from, invite } => {
                hash(password, HashPurpose::Register(Box::new(account), invite), from)
            }
            Job::SetPassword { number, password, from } => {
                hash(password, HashPurpose::Set(number), from)
            }
            Job::ResetPassword { number, until } => {
                self.hash_word(id, HashPurpose::Reset(number, until))
            }
            Job::AddAccount { account, until } => {
                self.hash_word(id, HashPurpose::Add(Box::new(account), until))
            }
            Job::MakeCallTicket => self.make_ticket(id),
            of_administrators @ (Job::SetSanction { .. }
            | Job::EndSanction { .. }
            | Job::SetAdministrator { .. }
            | Job::MakeInvite { .. }
            | Job::EndInvites(_)
            | Job::ListAccounts { .. }) => self.moderate(id, of_administrators),
            Job::SaveGroup(record) => group(GroupRequest::Save(record)),
            Job::ChangeGroups(rows) => group(GroupRequest::Change(rows)),
            Job::EndGroup(ended) => group(GroupRequest::End(ended)),
            about_messages @ (Job::KeepMessage { .. }
            | Job::FindKey { .. }
            | Job::RaiseIdMark { .. }
            | Job::MarkSeen { .. }
            | Job::DeleteMessage(_)
            | Job::LookToErase(_)
            | Job::Erase { .. }
            | Job::RemoveOld { .. }) => self.ask_about_messages(id, about_messages),
            reads @ (Job::SelectMessages { .. }
            | Job::ListChats { .. }
            | Job::CountUnread { .. }
            | Job::FetchMessages { .. }) => self.read_messages(id, reads),
            about_files @ (Job::ListFolder { .. } | Job::OpenFile { .. } | Job::SumFile { .. }) => {
                self.read_files(id, about_files)
            }
            about_uploads @ (Job::BeginUpload { .. }
            | Job::SyncUpload { .. }
            | Job::FinishUpload { .. }
            | Job::DropUpload(_)
            | Job::RemoveOldUploads { .. }
            | Job::RemoveFile(..)
            | Job::FindSent(_)
            | Job::OpenSent { .. }
            | Job::SumSent { .. }) => self.begin_upload(id, about_uploads),
            personal @ (Job::SetIgnored { .. }
            | Job::SetAskFirst(..)
            | Job::KeepMotdAsked(..)
            | Job::KeepReport(..)
            | Job::ResolveReport(_)
            | Job::RemoveAccount { .. }) => self.ask_of_person(id, personal),
            Job::Export(export) => self.ask_for_export(id, export),
            about_accounts => self.ask_about_accounts(id, about_accounts),
        };
        if !has_begun {
            self.refuse(id);
        }
    }

    /// Makes a ticket for a call, here and now.
    fn make_ticket(&self, id: JobId) -> bool {
        let ticket = tokens::draw().map(Value::Token).map_err(|_| Failure::Failed);
        self.completions.finish(id, ticket);
        true
    }

    /// Begins a job on what a user wants of others, or on the end of an account. Returns false if
    /// the queue is full.
    fn ask_of_person(&self, id: JobId, job: Job) -> bool {
        let request = match job {
            Job::SetIgnored { number, whom, on } => {
                PersonalRequest::SetIgnored { number, whom, on }
            }
            Job::SetAskFirst(number, on) => PersonalRequest::SetAskFirst { number, on },
            Job::KeepMotdAsked(number, text) => PersonalRequest::SetMotd { number, text },
            Job::KeepReport(report, text) => PersonalRequest::KeepReport { report, text },
            Job::ResolveReport(number) => PersonalRequest::ResolveReport { number },
            Job::RemoveAccount { number, name, time, erase } => {
                PersonalRequest::Remove { number, name, time, erase }
            }
            other => {
                debug_assert!(false, "{other:?} is of no person");
                return false;
            }
        };
        self.ask(StoreRequest::Personal { job: id, request })
    }

    /// Begins a job that reads messages. Returns false if the queue is full.
    fn read_messages(&self, id: JobId, job: Job) -> bool {
        let (viewer, which) = match job {
            Job::SelectMessages { reader, which, until, since } => {
                return self.ask(select(id, Viewer { reader, until, since }, which));
            }
            Job::ListChats { reader, before, until, since } => {
                (Viewer { reader, until, since }, HistoryQuery::Chats { before })
            }
            Job::CountUnread { reader, until } => {
                (Viewer { reader, until, since: MessageId(0) }, HistoryQuery::Unread)
            }
            Job::FetchMessages { reader, ids } => {
                (Viewer::of_all(reader), HistoryQuery::Messages(ids))
            }
            other => {
                debug_assert!(false, "{other:?} reads no messages");
                return false;
            }
        };
        self.ask(StoreRequest::History(HistoryRequest { job: id, viewer, which }))
    }

    /// Begins a job on the shared folder. Returns false if nobody does.
    fn read_files(&self, id: JobId, job: Job) -> bool {
        self.refuse_any(match job {
            Job::ListFolder { by, path } => self.files.list(id, by, path),
            Job::OpenFile { by, name } => self.files.open_file(id, by, Source::Shared(name)),
            Job::SumFile { by, name } => self.files.sum(id, by, Source::Shared(name)),
            other => {
                debug_assert!(false, "{other:?} reads no files");
                return false;
            }
        })
    }

    /// Begins a job on an account. Returns false if the queue is full.
    fn ask_about_accounts(&self, id: JobId, job: Job) -> bool {
        let request = match job {
            // It begins at the database, which has the hash.
            Job::CheckPassword { number, password, from } => {
                AccountRequest::LookUpPassword { number, password, from }
            }
            Job::KeepNetworks { number, networks } => {
                AccountRequest::KeepNetworks { number, networks }
            }
            Job::SetDisplayName(number, display) => {
                AccountRequest::SetDisplayName { number, display }
            }
            Job::CheckToken { number, token } => AccountRequest::CheckToken { number, token },
            Job::UseToken { number, token, address } => {
                AccountRequest::UseToken { number, token, address }
            }
            Job::MakeToken { number, device, name, address } => {
                AccountRequest::MakeToken { number, device, name, address }
            }
            Job::ListDevices(number) => AccountRequest::ListDevices { number },
            Job::KeepLastSeen(times) => AccountRequest::KeepLastSeen(times),
            Job::LookUpAccount(number) => AccountRequest::LookUp { number },
            Job::EndDevices { number, which } => AccountRequest::EndDevices { number, which },
            other => {
                debug_assert!(false, "{other:?} is not about accounts");
                return false;
            }
        };
        self.ask(StoreRequest::Account { job: Some(id), request })
    }

    /// Begins a job on an export. Returns false if the queue is full.
    fn ask_for_export(&self, id: JobId, export: ExportJob) -> bool {
        let request = match export {
            ExportJob::Keep { owner, asked } => ExportRequest::Keep { job: id, owner, asked },
            ExportJob::Write { export, part, at, until } => {
                ExportRequest::Write(ExportRead { job: id, export, part, at, until })
            }
            ExportJob::Finish { file, message } => ExportRequest::Finish { file, message },
            // The store knows the message.
            ExportJob::End { file, message: _ } => ExportRequest::End { file },
        };
        self.ask(StoreRequest::Export { job: Some(id), request })
    }

    /// Begins a job of an administrator. Returns false if the queue is full.
    fn moderate(&self, id: JobId, job: Job) -> bool {
        let request = match job {
            Job::SetSanction { whom, sanction } => {
                ModerationRequest::SetSanction { whom, sanction }
            }
            Job::EndSanction { whom, until } => ModerationRequest::EndSanction { whom, until },
            Job::SetAdministrator { number, admin } => {
                ModerationRequest::SetAdministrator { number, admin }
            }
            Job::ListAccounts { after } => ModerationRequest::ListAccounts { after },
            Job::MakeInvite { uses, until, by, now } => {
                ModerationRequest::MakeInvite { uses, until, by, now }
            }
            Job::EndInvites(codes) => ModerationRequest::EndInvites(codes),
            other => {
                debug_assert!(false, "{other:?} is for no administrator");
                return false;
            }
        };
        self.ask(StoreRequest::Moderation { job: id, request })
    }

    /// Begins a job on an upload or a file that was sent. Returns false if the queue is full.
    fn begin_upload(&self, id: JobId, job: Job) -> bool {
        let upload = |request| self.ask(StoreRequest::Upload(request));
        match job {
            Job::BeginUpload { owner, place, size, quota } => {
                let announced = UploadDraft { owner, place, size, quota };
                upload(UploadRequest::Begin { job: id, announced, recounted: None })
            }
            Job::SyncUpload { upload: which, expected } => {
                upload(UploadRequest::Sync { job: id, upload: which, expected })
            }
            Job::FinishUpload { upload: which, message } => {
                upload(UploadRequest::Finish { job: id, upload: which, message })
            }
            Job::DropUpload(which) => upload(UploadRequest::Drop { job: id, upload: which }),
            Job::RemoveOldUploads { before } => {
                upload(UploadRequest::SelectOld { job: id, before })
            }
            Job::RemoveFile(name, only) => upload(UploadRequest::Remove { job: id, name, only }),
            Job::FindSent(message) => upload(UploadRequest::Find { job: id, message }),
            Job::OpenSent { by, message } => upload(UploadRequest::Open { job: id, by, message }),
            Job::SumSent { by, message } => upload(UploadRequest::Sum { job: id, by, message }),
            other => {
                debug_assert!(false, "{other:?} is not about uploads");
                false
            }
        }
    }

    /// Refuses a job: its outcome is [`Failure::Busy`].
    pub(super) fn refuse(&self, id: JobId) {
        self.completions.finish(id, Err(Failure::Busy));
    }

    /// Refuses the job for which a full queue has no room, which may be another one than the one
    /// that was added: that of whoever has most in it. Returns true, since nothing is left to do.
    fn refuse_any(&self, refused: Option<JobId>) -> bool {
        if let Some(refused) = refused {
            self.refuse(refused);
        }
        true
    }

    /// Drops what waits for all threads but the database thread, and lets them end.
    pub(super) fn close(&self) {
        self.files.close();
        self.uploads.close();
        self.history.close();
        self.search.close();
        self.passwords.close();
    }

    fn ask(&self, request: StoreRequest) -> bool {
        self.database.ask(request)
    }

    fn ask_about_messages(&self, id: JobId, job: Job) -> bool {
        let request = match job {
            Job::KeepMessage { message, key } => MessageRequest::Keep { message, key },
            Job::FindKey { sender, key } => MessageRequest::FindKey { sender, key },
            Job::RaiseIdMark { mark } => MessageRequest::RaiseIdMark { mark },
            Job::MarkSeen { reader, chat, id } => MessageRequest::MarkSeen { reader, chat, id },
            Job::DeleteMessage(message) => MessageRequest::Delete { message },
            Job::LookToErase(number) => MessageRequest::LookToErase { number },
            Job::Erase { number, messages, up_to } => {
                MessageRequest::Erase { number, messages, up_to }
            }
            Job::RemoveOld { before } => MessageRequest::RemoveOld { before },
            other => {
                debug_assert!(false, "{other:?} is not about messages");
                return false;
            }
        };
        self.ask(StoreRequest::Message { job: id, request })
    }

    fn hash(&self, task: PasswordTask) -> bool {
        self.refuse_any(self.passwords.hand(task))
    }

    /// Draws a word that nobody can guess, and has it hashed, for an administrator, whose turn is
    /// that of the operator.
    fn hash_word(&self, job: JobId, purpose: HashPurpose) -> bool {
        match tokens::draw_word() {
            Ok(password) => {
                self.hash(PasswordTask { job, password, purpose, from: Network::Local })
            }
            Err(_) => {
                self.completions.finish(job, Err(Failure::Failed));
                true
            }
        }
    }

    /// Passes a committed request to the thread of its next step. Returns false if the queue there
    /// is full.
    fn hand_on(&self, job: JobId, request: StoreRequest, step: Step) -> bool {
        match (request, step) {
            (StoreRequest::History(request), Step::Read) => {
                self.refuse_any(self.history.ask(ReadTask::History(request)))
            }
            (_, Step::Export(read)) => self.refuse_any(self.history.ask(ReadTask::Export(read))),
            (StoreRequest::Search(request), Step::Search) => {
                self.refuse_any(self.search.ask(request))
            }
            (
                StoreRequest::Account {
                    request: AccountRequest::LookUpPassword { number, password, from },
                    ..
                },
                Step::Compare(stored),
            ) => {
                let purpose = HashPurpose::Check { number, stored };
                self.hash(PasswordTask { job, password, purpose, from })
            }
            (_, Step::Upload(UploadTask::BeginExport { job, file })) => {
                let is_taken = self.uploads.hand(UploadTask::BeginExport { job, file });
                if !is_taken {
                    let request = ExportRequest::End { file };
                    self.database.report(StoreRequest::Export { job: None, request });
                }
                is_taken
            }
            (_, Step::Upload(task)) => self.uploads.hand(task),
            (_, Step::Open(by, file)) => {
                self.refuse_any(self.files.open_file(job, by, Source::Sent(file)))
            }
            (_, Step::Sum(by, file)) => {
                self.refuse_any(self.files.sum(job, by, Source::Sent(file)))
            }
            (request, step) => {
                log::error!("{} has no next step like {step:?}", request.describe());
                false
            }
        }
    }
}

impl Workers for Route {
    fn pass_on(&self, request: StoreRequest, step: Step) -> Option<(JobId, Outcome)> {
        let job = request.job()?;
        match step {
            Step::Done(outcome) => Some((job, outcome)),
            Step::Sent(upload) => {
                self.uploads.finished(upload);
                Some((job, Ok(Value::Done)))
            }
            step => (!self.hand_on(job, request, step)).then_some((job, Err(Failure::Busy))),
        }
    }

    fn messages_changed(&self) {
        self.search.follow();
    }

    fn sweep(&self, garbage: Vec<Garbage>) -> bool {
        self.uploads.hand(UploadTask::Sweep(garbage))
    }
}

/// The request that selects the messages of a list.
fn select(job: JobId, viewer: Viewer, which: Selection) -> StoreRequest {
    let which = match which {
        Selection::Unread(chat) => HistoryQuery::UnreadOf(chat),
        Selection::Last { chat, before, count } => HistoryQuery::Last { chat, before, count },
        Selection::After { chat, after, count } => HistoryQuery::After { chat, after, count },
        Selection::Holding { chat, words } => {
            let Viewer { reader, since, .. } = viewer;
            return StoreRequest::Search(SearchRequest { job, reader, since, chat, words });
        }
    };
    StoreRequest::History(HistoryRequest { job, viewer, which })
}
