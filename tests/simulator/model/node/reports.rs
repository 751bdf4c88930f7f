//! What people tell the administrators of others, and who is told.

use std::collections::{HashMap, VecDeque};

use chatsrv::chat::answer::{Done, Item};
use chatsrv::chat::entry::Entry;
use chatsrv::chat::event::{Event, Reported};
use chatsrv::chat::kind::Kind;
use chatsrv::chat::message::Chat;
use chatsrv::chat::moderation::ReportLine;
use chatsrv::chat::name::Number;
use chatsrv::chat::report::Report;
use chatsrv::hub::effect::{Effect, Effects};
use chatsrv::hub::input::ConnId;
use chatsrv::hub::job::{Job, Outcome, Value};
use chatsrv::hub::snapshot::Snapshot;
use chatsrv::limits::REPORTS_PER_DAY_MAX;

use super::NodeModel;

/// A day, in seconds.
const DAY: u64 = 24 * 60 * 60;

/// Reports on their way, and those of a day.
#[derive(Default)]
pub struct ReportWork {
    /// Who has made reports, and when, also those that are on their way.
    made: Vec<(Number, u64)>,
    /// What administrators are to be told with the next effects.
    due: Option<(Reported, Vec<ConnId>)>,
    /// What the sessions that made them are to be answered.
    answers: HashMap<ConnId, VecDeque<u32>>,
}

impl ReportWork {
    /// The server starts with these.
    pub fn start(kept: &Snapshot) -> Self {
        let made = kept.reports.all.iter().map(|(report, _)| (report.reporter, report.time));
        ReportWork { made: made.collect(), ..ReportWork::default() }
    }
}

impl NodeModel {
    /// The hub has a report kept.
    pub(super) fn report_is_kept(&mut self, report: &Report) {
        let now = self.log_time().0 / 1_000_000;
        assert_eq!(report.time, now);
        assert_ne!(report.reporter, report.user, "nobody reports oneself");
        let reporter = self.current.and_then(|conn| self.sessions[&conn].user);
        assert_eq!(reporter, Some(report.reporter));
        if let Some(id) = report.message {
            let message = self.ledger.get(id);
            let may_read = match message.chat {
                // A membership holds before it is on disk.
                Chat::Group(group) => {
                    let group = self.chat.groups.get(group);
                    let member = group.and_then(|group| group.member(report.reporter));
                    member.is_some_and(|member| member.since.is_none_or(|since| since <= id))
                }
                Chat::Everyone | Chat::Direct(..) => self.reads(report.reporter, message),
            };
            assert!(may_read && !message.is_hidden_from(report.reporter), "{report:?}");
        }
        let of_today =
            |(by, at): &&(Number, u64)| *by == report.reporter && now.saturating_sub(*at) < DAY;
        let made = self.reports.made.iter().filter(of_today).count();
        assert!(made < REPORTS_PER_DAY_MAX, "{report:?} is one too many");
        self.reports.made.push((report.reporter, report.time));
    }

    /// The store has kept what has to do with reports, or has not.
    pub(super) fn report_job_done(&mut self, asker: Option<ConnId>, job: &Job, outcome: &Outcome) {
        let is_done = *outcome == Ok(Value::Done);
        match job {
            Job::KeepReport(report, _) if is_done => self.reported(asker, report),
            Job::KeepReport(report, _) => {
                let made = &mut self.reports.made;
                let of_it = |made: &(Number, u64)| *made == (report.reporter, report.time);
                let at = made.iter().position(of_it).expect("it was made");
                made.remove(at);
            }
            Job::ResolveReport(number) if is_done => {
                let by = asker.and_then(|asker| self.sessions.get(&asker)?.user);
                let (number, by) = (*number, by.unwrap_or(Number::OPERATOR));
                self.propose_surely(Entry::ReportResolved { number, by });
            }
            _ => {}
        }
    }

    fn reported(&mut self, asker: Option<ConnId>, report: &Report) {
        self.propose_surely(Entry::ReportMade(Box::new(report.clone())));
        let reported = Reported {
            number: report.number,
            user: self.name(report.user),
            reporter: self.name(report.reporter),
            reason: report.reason.clone(),
        };
        let people = &self.chat.people;
        let all = self.online().filter(|(user, _)| people.is_administrator(*user));
        let mut to: Vec<ConnId> = all.map(|(_, conn)| conn).collect();
        to.sort_unstable();
        self.reports.due = (!to.is_empty()).then_some((reported, to));
        if let Some(asker) = asker.filter(|asker| self.sessions.contains_key(asker)) {
            self.reports.answers.entry(asker).or_default().push_back(report.number);
        }
    }

    /// The reports that are not resolved.
    pub(super) fn report_lines(&self) -> Vec<Item> {
        let line = |report: &Report| {
            Item::Report(Box::new(ReportLine {
                number: report.number,
                time: report.time,
                reporter: self.name(report.reporter),
                user: self.name(report.user),
                message: report.message,
                reason: report.reason.clone(),
            }))
        };
        self.chat.reports.values().map(line).collect()
    }

    /// The hub has told what it wants done.
    pub(super) fn check_reports(&mut self, effects: &Effects) {
        for effect in &effects.list {
            match effect {
                Effect::Tell { event: Event::Reported(told), to } => {
                    let mut to = effects.recipients[to.clone()].to_vec();
                    to.sort_unstable();
                    assert_eq!(Some(((**told).clone(), to)), self.reports.due.take());
                }
                Effect::Answer { conn, answer } if answer.of == Kind::Report => {
                    if let Ok(Done::Reported(number)) = answer.result {
                        let due = self.reports.answers.get_mut(conn).and_then(VecDeque::pop_front);
                        assert_eq!(due, Some(number), "{conn}");
                    }
                }
                _ => {}
            }
        }
        assert_eq!(self.reports.due, None, "the administrators are told");
    }
}
