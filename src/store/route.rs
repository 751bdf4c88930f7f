//! Routing of jobs: on which thread a job begins, and on which it goes on.

use std::sync::Arc;

use super::completions::Completions;
use super::database::Workers;
use super::requests::{
    AccountRequest, GroupRequest, HistoryQuery, HistoryRequest, MessageRequest, PersonalRequest,
    SearchRequest, Step, StoreRequest, UploadDraft, UploadRequest, UploadTask,
};
use super::rows::files::Garbage;
use super::rows::tokens;
use super::sender::RequestSender;
use super::slots::PasswordSlots;
use super::work::files::{FileReaders, Source};
use super::work::history::HistoryReaders;
use super::work::passwords::{HashPurpose, PasswordTask, Passwords};
use super::work::search::Search;
use super::work::uploads::FileWriters;
use crate::chat::id::MessageId;
use crate::chat::name::Number;
use crate::chat::refusal::Failure;
use crate::chat::text::Secret;
use crate::hub::job::{Job, JobId, Outcome, Selection, Value};

/// The senders to all threads of the store.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) database: RequestSender,
    pub(super) passwords: Passwords,
    pub(super) slots: PasswordSlots,
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
        let hash = |password, purpose| self.hash(id, password, purpose);
        let has_begun = match job {
            Job::Register { account, password } => hash(password, HashPurpose::Register(account)),
            Job::SetPassword { number, password } => hash(password, HashPurpose::Set(number)),
            Job::ResetPassword { number, until } => {
                self.hash_word(id, HashPurpose::Reset(number, until))
            }
            Job::AddAccount { account, until } => {
                self.hash_word(id, HashPurpose::Add(account, until))
            }
            Job::CheckPassword { number, password } => self.check_password(id, number, password),
            Job::MakeCallTicket => self.make_ticket(id),
            about_accounts @ (Job::SetSanction { .. }
            | Job::EndSanction { .. }
            | Job::SetAdministrator { .. }
            | Job::KeepNetworks { .. }
            | Job::SetDisplayName { .. }
            | Job::CheckToken { .. }
            | Job::UseToken { .. }
            | Job::MakeToken { .. }
            | Job::ListDevices { .. }
            | Job::LookUpAccount { .. }
            | Job::EndDevices { .. }) => self.ask_about_account(id, about_accounts),
            personal @ (Job::SetIgnored { .. }
            | Job::SetAskFirst { .. }
            | Job::KeepReport { .. }
            | Job::ResolveReport { .. }
            | Job::RemoveAccount { .. }) => self.ask_of_person(id, personal),
            Job::SaveGroup(record) => group(GroupRequest::Save(record)),
            Job::ChangeGroups(rows) => group(GroupRequest::Change(rows)),
            Job::EndGroup(ended) => group(GroupRequest::End(ended)),
            about_messages @ (Job::KeepMessage { .. }
            | Job::FindKey { .. }
            | Job::RaiseIdMark { .. }
            | Job::MarkSeen { .. }
            | Job::DeleteMessage(_)
            | Job::LookToErase { .. }
            | Job::Erase { .. }
            | Job::RemoveOld { .. }) => self.ask_about_messages(id, about_messages),
            Job::SelectMessages { reader, which, until } => {
                self.ask(select(id, (reader, until), which))
            }
            Job::ListChats { reader, before, until } => {
                self.read(id, (reader, until), HistoryQuery::Chats { before })
            }
            Job::CountUnread { reader, until } => {
                self.read(id, (reader, until), HistoryQuery::Unread)
            }
            Job::FetchMessages { reader, ids } => {
                self.read(id, (reader, MessageId(u64::MAX)), HistoryQuery::Messages(ids))
            }
            Job::ListFolder { path } => self.files.list(id, path),
            Job::OpenFile { name } => self.files.open_file(id, Source::Shared(name)),
            Job::SumFile { name } => self.files.sum(id, Source::Shared(name)),
            about_uploads @ (Job::BeginUpload { .. }
            | Job::SyncUpload { .. }
            | Job::FinishUpload { .. }
            | Job::DropUpload(_)
            | Job::RemoveOldUploads { .. }
            | Job::FindSent(_)
            | Job::OpenSent(_)
            | Job::SumSent(_)) => self.begin_upload(id, about_uploads),
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

    /// Begins a job on an account. Returns false if the queue is full.
    fn ask_about_account(&self, id: JobId, job: Job) -> bool {
        let account = |request| self.ask(StoreRequest::Account { job: Some(id), request });
        match job {
            Job::SetSanction { whom, sanction } => {
                account(AccountRequest::SetSanction { whom, sanction })
            }
            Job::EndSanction { whom, until } => {
                account(AccountRequest::EndSanction { whom, until })
            }
            Job::SetAdministrator { number, admin } => {
                account(AccountRequest::SetAdministrator { number, admin })
            }
            Job::KeepNetworks { number, networks } => {
                account(AccountRequest::KeepNetworks { number, networks })
            }
            Job::SetDisplayName { number, display } => {
                account(AccountRequest::SetDisplayName { number, display })
            }
            Job::CheckToken { number, token } => {
                account(AccountRequest::CheckToken { number, token })
            }
            Job::UseToken { number, token, address } => {
                account(AccountRequest::UseToken { number, token, address })
            }
            Job::MakeToken { number, device, name, address } => {
                account(AccountRequest::MakeToken { number, device, name, address })
            }
            Job::ListDevices { number } => account(AccountRequest::ListDevices { number }),
            Job::LookUpAccount { number } => account(AccountRequest::LookUp { number }),
            Job::EndDevices { number, which } => {
                account(AccountRequest::EndDevices { number, which })
            }
            other => {
                debug_assert!(false, "{other:?} is not about an account");
                false
            }
        }
    }

    /// Begins a job on what a user wants of others, or on the end of an account. Returns false if
    /// the queue is full.
    fn ask_of_person(&self, id: JobId, job: Job) -> bool {
        let request = match job {
            Job::SetIgnored { number, whom, on } => {
                PersonalRequest::SetIgnored { number, whom, on }
            }
            Job::SetAskFirst { number, on } => PersonalRequest::SetAskFirst { number, on },
            Job::KeepReport { report, text } => PersonalRequest::KeepReport { report, text },
            Job::ResolveReport { number } => PersonalRequest::ResolveReport { number },
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
            Job::FindSent(message) => upload(UploadRequest::Find { job: id, message }),
            Job::OpenSent(message) => upload(UploadRequest::Open { job: id, message }),
            Job::SumSent(message) => upload(UploadRequest::Sum { job: id, message }),
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

    fn read(&self, job: JobId, (reader, until): (Number, MessageId), which: HistoryQuery) -> bool {
        self.ask(StoreRequest::History(HistoryRequest { job, reader, until, which }))
    }

    fn ask_about_messages(&self, id: JobId, job: Job) -> bool {
        let request = match job {
            Job::KeepMessage { message, key } => MessageRequest::Keep { message, key },
            Job::FindKey { sender, key } => MessageRequest::FindKey { sender, key },
            Job::RaiseIdMark { mark } => MessageRequest::RaiseIdMark { mark },
            Job::MarkSeen { reader, chat, id } => MessageRequest::MarkSeen { reader, chat, id },
            Job::DeleteMessage(message) => MessageRequest::Delete { message },
            Job::LookToErase { number } => MessageRequest::LookToErase { number },
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

    fn hash(&self, job: JobId, password: Secret, purpose: HashPurpose) -> bool {
        let Some(slot) = self.slots.take() else { return false };
        self.passwords.hand(PasswordTask { job, password, purpose, slot })
    }

    /// Draws a word that nobody can guess, and has it hashed.
    fn hash_word(&self, job: JobId, purpose: HashPurpose) -> bool {
        match tokens::draw_word() {
            Ok(word) => self.hash(job, word, purpose),
            Err(_) => {
                self.completions.finish(job, Err(Failure::Failed));
                true
            }
        }
    }

    /// Begins a password check, at the database, which has the hash.
    fn check_password(&self, job: JobId, number: Option<Number>, password: Secret) -> bool {
        let Some(slot) = self.slots.take() else { return false };
        let request = AccountRequest::LookUpPassword { number, password, slot };
        self.ask(StoreRequest::Account { job: Some(job), request })
    }

    /// Passes a committed request to the thread of its next step. Returns false if the queue there
    /// is full.
    fn hand_on(&self, job: JobId, request: StoreRequest, step: Step) -> bool {
        match (request, step) {
            (StoreRequest::History(request), Step::Read) => {
                if let Some(refused) = self.history.ask(request) {
                    self.refuse(refused);
                }
                true
            }
            (StoreRequest::Search(request), Step::Search) => self.search.ask(request),
            (
                StoreRequest::Account {
                    request: AccountRequest::LookUpPassword { number, password, slot },
                    ..
                },
                Step::Compare(stored),
            ) => {
                let purpose = HashPurpose::Check { number, stored };
                self.passwords.hand(PasswordTask { job, password, purpose, slot })
            }
            (_, Step::Upload(task)) => self.uploads.hand(task),
            (_, Step::Open(file)) => self.files.open_file(job, Source::Sent(file)),
            (_, Step::Sum(file)) => self.files.sum(job, Source::Sent(file)),
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
fn select(job: JobId, (reader, until): (Number, MessageId), which: Selection) -> StoreRequest {
    let which = match which {
        Selection::Unread(chat) => HistoryQuery::UnreadOf(chat),
        Selection::Last { chat, before, count } => HistoryQuery::Last { chat, before, count },
        Selection::After { chat, after, count } => HistoryQuery::After { chat, after, count },
        Selection::Holding { chat, words } => {
            return StoreRequest::Search(SearchRequest { job, reader, chat, words });
        }
    };
    StoreRequest::History(HistoryRequest { job, reader, until, which })
}
