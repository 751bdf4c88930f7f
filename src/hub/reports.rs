//! Reports: users tell the administrators of others, and administrators look through that.
//!
//! A report exists once it is on disk. The session that asked for it is blocked until then.

use std::collections::{BTreeMap, HashMap};

use crate::chat::answer::{Done, Item};
use crate::chat::entry::Entry;
use crate::chat::event::{Event, Reported};
use crate::chat::id::MessageId;
use crate::chat::kind::Kind;
use crate::chat::message::StoredMessage;
use crate::chat::moderation::ReportLine;
use crate::chat::name::{Number, UserRef};
use crate::chat::refusal::{Failure, Refusal};
use crate::chat::report::Report;
use crate::chat::text::Reason;
use crate::hub::accounts::Accounts;
use crate::hub::accounts::directory::UserIndex;
use crate::hub::accounts::roles::Role;
use crate::hub::audit::Deed;
use crate::hub::context::{Caller, Cx};
use crate::hub::input::ConnId;
use crate::hub::job::{Job, JobId, Outcome, Value};
use crate::hub::outcome::failed;
use crate::hub::pending::{Domain, Pending};
use crate::hub::people::People;
use crate::hub::presence::Presence;
use crate::hub::proposal::{Asker, Proposal};
use crate::hub::snapshot::Snapshot;
use crate::limits::{REPORTS_LISTED_MAX, REPORTS_MAX, REPORTS_PER_DAY_MAX};

const SECONDS_PER_DAY: u64 = 24 * 60 * 60;

/// The reports domain.
#[derive(Debug)]
pub struct Reports {
    /// The reports that are not resolved, by number.
    open: BTreeMap<u32, Report>,
    /// The number of the last report.
    last: u32,
    /// The times of the reports that each user has made within a day.
    made: HashMap<UserIndex, Vec<u64>>,
    pending: Pending<ReportJob>,
}

/// A report before it has a number.
#[derive(Debug)]
pub struct ReportDraft {
    /// The user who is reported.
    pub user: UserRef,
    /// The message that it is about, if it is about one.
    pub message: Option<MessageId>,
    pub reason: Reason,
}

/// The purpose of a job. The session that asked for it is blocked until it is done.
#[derive(Debug)]
enum ReportJob {
    /// Looks for the message that a report is about.
    Find(Caller, ReportDraft, MessageId),
    /// Keeps a report.
    Keep(Caller, Report),
    /// Keeps that a report is resolved.
    Resolve(Caller, u32),
}

impl Reports {
    /// Creates the domain from what the store kept.
    pub fn new(kept: &mut Snapshot, accounts: &Accounts) -> Self {
        let mut reports = Reports {
            open: BTreeMap::new(),
            last: kept.reports.last,
            made: HashMap::new(),
            pending: Pending::new(Domain::Reports),
        };
        for (report, is_open) in std::mem::take(&mut kept.reports.all) {
            if let Some(user) = accounts.directory.find_number(report.reporter) {
                reports.made.entry(user).or_default().push(report.time);
            }
            if is_open {
                reports.open.insert(report.number, report);
            }
        }
        reports
    }

    /// Handles REPORT. The text of the message that it is about is kept with it, so it is looked
    /// for first.
    pub fn report(
        &mut self,
        caller: Caller,
        draft: ReportDraft,
        accounts: &Accounts,
        cx: &mut Cx<'_>,
    ) {
        if let Err(refusal) = self.may_report(caller, draft.user, accounts, cx) {
            return cx.refuse(caller.conn, Kind::Report, refusal);
        }
        match draft.message {
            Some(id) => {
                cx.block(caller.conn);
                let job =
                    Job::FetchMessages { reader: accounts.number(caller.user), ids: vec![id] };
                self.pending.begin(job, ReportJob::Find(caller, draft, id), cx);
            }
            None => self.keep(caller, draft, None, accounts, cx),
        }
    }

    fn may_report(
        &mut self,
        caller: Caller,
        user: UserRef,
        accounts: &Accounts,
        cx: &Cx<'_>,
    ) -> Result<UserIndex, Refusal> {
        let user = accounts.find(user).ok_or(Refusal::NoSuchUser)?;
        if user == caller.user {
            return Err(Refusal::NotWithYourself);
        }
        let now = cx.core.seconds();
        let made = self.made.entry(caller.user).or_default();
        made.retain(|time| now.saturating_sub(*time) < SECONDS_PER_DAY);
        let has_room =
            made.len() < REPORTS_PER_DAY_MAX && self.open.len() + self.pending.len() < REPORTS_MAX;
        if made.is_empty() {
            self.made.remove(&caller.user);
        }
        has_room.then_some(user).ok_or(Refusal::TooManyReports)
    }

    /// Has the store keep a report, with the text of the message that it is about.
    fn keep(
        &mut self,
        caller: Caller,
        draft: ReportDraft,
        about: Option<StoredMessage>,
        accounts: &Accounts,
        cx: &mut Cx<'_>,
    ) {
        let Caller { conn, user: reporter } = caller;
        // Other reports may have come while the message was looked for.
        let user = match self.may_report(caller, draft.user, accounts, cx) {
            Ok(user) => user,
            Err(refusal) => return cx.refuse(conn, Kind::Report, refusal),
        };
        self.last += 1;
        let report = Report {
            number: self.last,
            time: cx.core.seconds(),
            reporter: accounts.number(reporter),
            user: accounts.number(user),
            message: about.as_ref().map(|message| message.id),
            reason: draft.reason,
        };
        self.made.entry(reporter).or_default().push(report.time);
        let text = about.map(|message| message.text);
        let job = Job::KeepReport(Box::new(report.clone()), text);
        cx.block(conn);
        self.pending.begin(job, ReportJob::Keep(caller, report), cx);
    }

    /// Handles RESOLVE.
    pub fn resolve(&mut self, caller: Caller, number: u32, cx: &mut Cx<'_>) {
        if !self.open.contains_key(&number) {
            return cx.refuse(caller.conn, Kind::Resolve, Refusal::NoSuchReport);
        }
        cx.block(caller.conn);
        let job = Job::ResolveReport(number);
        self.pending.begin(job, ReportJob::Resolve(caller, number), cx);
    }

    /// Handles REPORTS: lists the oldest reports that are not resolved.
    pub fn list(&self, conn: ConnId, accounts: &Accounts, cx: &mut Cx<'_>) {
        let name = |number| Some(accounts.name(accounts.directory.find_number(number)?));
        let lines = self.open.values().take(REPORTS_LISTED_MAX).filter_map(|report| {
            Some(Item::Report(Box::new(ReportLine {
                number: report.number,
                time: report.time,
                reporter: name(report.reporter)?,
                user: name(report.user)?,
                message: report.message,
                reason: report.reason.clone(),
            })))
        });
        cx.list(conn, Kind::Reports, lines.collect::<Vec<_>>());
    }

    /// The number of reports of a user that are not resolved.
    pub fn count(&self, user: Number) -> u64 {
        self.open.values().filter(|report| report.user == user).count() as u64
    }

    /// The reports that are not resolved, by number.
    pub fn open(&self) -> impl Iterator<Item = &Report> {
        self.open.values()
    }

    /// Takes the outcome of a job. Returns the proposal of what is on disk.
    pub fn done(
        &mut self,
        id: JobId,
        outcome: Outcome,
        people: People<'_>,
        cx: &mut Cx<'_>,
    ) -> Option<Proposal> {
        match self.pending.take(id)? {
            ReportJob::Find(caller, draft, message) => {
                if cx.unblock(caller.conn) {
                    match found(caller, message, outcome, people) {
                        Ok(about) => self.keep(caller, draft, Some(about), people.accounts, cx),
                        Err(refusal) => cx.refuse(caller.conn, Kind::Report, refusal),
                    }
                }
                None
            }
            ReportJob::Keep(caller, report) => {
                cx.unblock(caller.conn);
                if outcome == Ok(Value::Done) {
                    let asker = Some(Asker { conn: caller.conn, of: Kind::Report });
                    let entry = Entry::ReportMade(Box::new(report));
                    return Some(Proposal { entry, id: None, asker });
                }
                self.not_made(caller.user, report.time);
                cx.refuse(caller.conn, Kind::Report, failed(&outcome));
                None
            }
            ReportJob::Resolve(Caller { conn, user }, number) => {
                cx.unblock(conn);
                if outcome == Ok(Value::Done) {
                    let by = people.accounts.number(user);
                    let asker = Some(Asker { conn, of: Kind::Resolve });
                    let entry = Entry::ReportResolved { number, by };
                    return Some(Proposal { entry, id: None, asker });
                }
                let refusal = match outcome {
                    Err(Failure::NotFound) => Refusal::NoSuchReport,
                    other => failed(&other),
                };
                cx.refuse(conn, Kind::Resolve, refusal);
                None
            }
        }
    }

    /// Gives a report back that could not be kept.
    fn not_made(&mut self, user: UserIndex, time: u64) {
        let Some(made) = self.made.get_mut(&user) else { return };
        if let Some(at) = made.iter().position(|other| *other == time) {
            made.swap_remove(at);
        }
    }

    /// Adds a report, tells the administrators who are online, and answers the session that made
    /// it.
    pub fn made(
        &mut self,
        report: Report,
        asker: Option<Asker>,
        (accounts, presence): (&Accounts, &Presence),
        cx: &mut Cx<'_>,
    ) {
        let find = |number| accounts.directory.find_number(number);
        if let Some(Asker { conn, of }) = asker {
            cx.answer(conn, of, Done::Reported(report.number));
        }
        if let (Some(user), Some(reporter)) = (find(report.user), find(report.reporter)) {
            let (name, by) = (accounts.name(user), accounts.name(reporter));
            let deed = Deed::of("report", name).by(by).over(asker.map(|it| it.conn));
            let more = format_args!("report={}", report.number);
            cx.audit(&deed.with(more).because(Some(&report.reason)));
            let event = Event::Reported(Box::new(Reported {
                number: report.number,
                user: name,
                reporter: by,
                reason: report.reason.clone(),
            }));
            let looks_after =
                |conn: &ConnId| accounts.roles.of(cx.core.user_of(*conn)) >= Role::Administrator;
            let to: Vec<ConnId> = presence.conns().filter(looks_after).collect();
            cx.tell(event, to);
        }
        self.last = self.last.max(report.number);
        self.open.insert(report.number, report);
    }

    /// Removes a report that an administrator has resolved, and answers the session that asked for
    /// it.
    pub fn resolved(
        &mut self,
        (number, by): (u32, Number),
        asker: Option<Asker>,
        accounts: &Accounts,
        cx: &mut Cx<'_>,
    ) {
        if self.open.remove(&number).is_some()
            && let Some(by) = accounts.directory.find_number(by)
        {
            let deed = Deed::of("resolve", None).by(accounts.name(by));
            let deed = deed.over(asker.map(|asker| asker.conn));
            cx.audit(&deed.with(format_args!("report={number}")));
        }
        if let Some(Asker { conn, of }) = asker {
            cx.answer(conn, of, Done::Done);
        }
    }

    /// The sessions that are blocked until a job is done.
    pub fn blocked(&self) -> impl Iterator<Item = ConnId> {
        self.pending.values().map(|job| match job {
            ReportJob::Find(caller, ..)
            | ReportJob::Keep(caller, _)
            | ReportJob::Resolve(caller, _) => caller.conn,
        })
    }

    /// The number of jobs under way.
    pub fn jobs(&self) -> usize {
        self.pending.len()
    }
}

/// The message that a report is about, if the reporter may read it.
fn found(
    caller: Caller,
    id: MessageId,
    outcome: Outcome,
    people: People<'_>,
) -> Result<StoredMessage, Refusal> {
    let messages = match outcome {
        Ok(Value::Messages(messages)) => messages,
        other => return Err(failed(&other)),
    };
    let message = messages.into_iter().find(|message| message.id == id);
    let message = message.filter(|message| people.may_read(caller.user, message));
    message.ok_or(Refusal::NoSuchMessage)
}
