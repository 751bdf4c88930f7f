//! What the hub wants done, beside what ought to be.

use std::ops::Range;

use chatsrv::chat::close::CloseReason;
use chatsrv::chat::entry::Entry;
use chatsrv::chat::event::Event;
use chatsrv::chat::kind::Kind;
use chatsrv::hub::effect::{Effect, Effects};
use chatsrv::hub::input::ConnId;
use chatsrv::hub::job::{Job, JobId};
use chatsrv::protocol::native::code::Code;
use chatsrv::protocol::native::steps::{MORE_OFF, MORE_ON};

use super::NodeModel;
use super::groups;
use super::messages::{has_unsettled, tries_with};
use super::presence::Presence;
use super::sessions::Entering;
use crate::reply::Reply;

impl NodeModel {
    /// The hub has told what it wants done.
    pub fn after(&mut self, effects: &Effects, goes_on: impl Fn(ConnId) -> bool) {
        let sorted = |to: &Range<usize>| {
            let mut to = effects.recipients[to.clone()].to_vec();
            to.sort_unstable();
            to
        };
        self.check_peers(effects);
        self.check_reports(effects);
        self.check_forbidden(effects);
        self.uploads.after(effects);
        let mut told = Vec::new();
        let mut told_of_groups = Vec::new();
        let mut ended = Vec::new();
        let mut told_of_deletions = Vec::new();
        let mut told_of_mutes = Vec::new();
        let mut told_of_motd = Vec::new();
        for effect in &effects.list {
            if self.groups.is_deadline && is_about_groups(effect) {
                self.do_what_is_due();
            }
            match effect {
                Effect::Answer { conn, answer } => self.reply(*conn, &Reply::new(answer)),
                Effect::List { conn, list } => self.list(*conn, list),
                Effect::Page { conn, page } => self.page(*conn, page),
                Effect::Tell { event: Event::Said(message), to } => {
                    self.delivered(message, sorted(to));
                }
                Effect::Tell { event: Event::SaidElsewhere(message), to } => {
                    self.said_elsewhere(message, sorted(to));
                }
                Effect::Tell { event, to } if is_about_presence(event) => {
                    told.push(Presence { event: event.clone(), to: sorted(to) });
                }
                Effect::Tell { event, to } if is_about_groups(effect) => {
                    told_of_groups.push((event.clone(), sorted(to)));
                }
                Effect::Tell { event: event @ (Event::Deleted(..) | Event::Seen(..)), to } => {
                    told_of_deletions.push((event.clone(), sorted(to)));
                }
                Effect::Tell { event: event @ Event::Muted(..), to } => {
                    told_of_mutes.push((event.clone(), sorted(to)));
                }
                Effect::Tell { event: event @ Event::Motd(_), to } => {
                    told_of_motd.push((event.clone(), sorted(to)));
                }
                Effect::Close { conn, reason, .. } => {
                    self.is_closed(*conn, *reason);
                    ended.extend((*reason == CloseReason::LoggedOut).then_some(*conn));
                }
                Effect::Job { job_id, job } => self.job(*job_id, job),
                _ => {}
            }
        }
        self.settle_file();
        self.settle_elsewhere();
        if let Some(entry) = self.removal_due.take() {
            self.propose_surely(entry);
        }
        ended.sort_unstable();
        assert_eq!(ended, std::mem::take(&mut self.logged_out), "these are logged out");
        self.check_sessions();
        if self.groups.is_deadline {
            self.check_endings();
            self.do_what_is_due();
        }
        assert_eq!(told, std::mem::take(&mut self.presence));
        assert_eq!(told_of_groups, std::mem::take(&mut self.groups.notices));
        self.check_deletions(told_of_deletions);
        self.check_mutes(&told_of_mutes);
        self.check_motd(told_of_motd);
        self.settle(goes_on);
    }

    /// What was due after the hub's effects is done.
    fn settle(&mut self, goes_on: impl Fn(ConnId) -> bool) {
        for (conn, session) in &self.sessions {
            assert!(session.held.is_empty(), "{conn} misses {:?}", session.held);
        }
        let unsettled = self.sessions.iter().filter(|(_, session)| has_unsettled(&session.replies));
        let unsettled: Vec<ConnId> = unsettled.map(|(conn, _)| *conn).collect();
        for conn in unsettled.into_iter().filter(|conn| goes_on(*conn)) {
            self.settle_message(conn);
        }
        self.settle_creations(goes_on);
        assert_eq!(self.seen_due, None, "it is not marked");
        self.mark_failed = None;
    }

    /// The hub closes a connection.
    fn is_closed(&mut self, conn: ConnId, reason: CloseReason) {
        let user = self.session(conn).user;
        match (reason, user) {
            // The others are not told.
            (CloseReason::TakenOver, _) => {
                self.remove(conn);
                return;
            }
            (CloseReason::Goodbye, Some(user)) if self.open_sessions(user).eq([conn]) => {
                self.leave_groups(conn, user);
            }
            _ => {}
        }
        self.leave(conn);
    }

    fn job(&mut self, job_id: JobId, job: &Job) {
        match job {
            Job::KeepMessage { message, key } => return self.is_to_be_kept(job_id, message, key),
            Job::RaiseIdMark { mark } => {
                assert!(*mark > self.ledger.mark);
                return;
            }
            Job::RemoveOld { .. } | Job::KeepNetworks { .. } => return,
            Job::KeepLastSeen(times) => return self.was_here(times),
            Job::KeepMotdAsked(user, sum) => return self.motd_is_kept(*user, *sum),
            Job::LookToErase(_) | Job::Erase { .. } => return,
            Job::Export(export) if self.export_job(job_id, export) => return,
            Job::SetDisplayName(number, display) => self.display_is_kept(*number, display),
            Job::KeepReport(report, _) => self.report_is_kept(report),
            Job::DeleteMessage(id) => return self.is_deleted(job_id, *id),
            Job::EndSanction { whom, until } => return self.sanction_ends(*whom, *until),
            Job::SaveGroup(record) => return self.group_is_saved(job_id, record),
            Job::EndGroup(id) => return self.group_is_ended(job_id, *id),
            Job::ChangeGroups(rows) => return self.rows_change(job_id, rows),
            _ => {}
        }
        if self.file_job(job_id, job) {
            return;
        }
        self.invite_is_taken(job);
        let in_turn = self.try_is_taken(job_id, job);
        self.token_is_made(job);
        let conn = in_turn.or(self.current).or_else(|| self.sender(job));
        let conn = conn.unwrap_or_else(|| panic!("nobody asks for {job:?}"));
        self.askers.insert(job_id, conn);
        if is_login(job) {
            self.may_arrive(conn);
        }
        if let (Job::SelectMessages { .. }, true) = (job, self.is_outcome) {
            // What was told before is out of date.
            self.session(conn).reading.pop_back();
        }
        if let Job::CountUnread { until, .. }
        | Job::ListChats { until, .. }
        | Job::SelectMessages { until, .. } = job
        {
            // Ids are not noted where nothing is kept.
            let is_newest = *until == self.ledger.newest() || !self.config.keep_messages;
            assert!(is_newest, "what was said before is seen, up to {until}");
        }
        if let (Job::CountUnread { reader, .. }, None) = (job, self.session(conn).user) {
            let was_present = self.open_sessions(*reader).next().is_some();
            let since = self.ledger.newest();
            let entering = Entering { user: *reader, since, held: Vec::new(), marks: Vec::new() };
            let before = self.session(conn).entering.replace(entering);
            assert!(before.is_none(), "{conn} enters twice");
            self.device_enters(conn, *reader);
            self.is_being_welcomed(*reader);
            if !was_present {
                self.propose_surely(Entry::CameOnline(*reader));
            }
        }
    }

    /// The session whose message waited for an id, and is looked for once more.
    fn sender(&self, job: &Job) -> Option<ConnId> {
        let Job::FindKey { sender, key } = job else { return None };
        let mut own = self.online().filter(|(user, _)| user == sender);
        own.find(|(_, conn)| tries_with(&self.sessions[conn].replies, key)).map(|(_, conn)| conn)
    }

    fn reply(&mut self, conn: ConnId, reply: &Reply<'_>) {
        self.check_failures(conn, reply);
        self.check_doors(conn, reply);
        self.login_is_answered(conn, reply);
        self.check_names(conn, reply);
        if reply.of == Kind::Say {
            return self.message_answered(conn, reply);
        }
        if let Some(verb) = reply.verb()
            && groups::is_answered_here(verb)
            && self.session(conn).user.is_some()
        {
            return self.group_reply(conn, verb, reply);
        }
        if reply.of == Kind::Delete && self.session(conn).user.is_some() {
            if reply.code != Code::BadParameters {
                self.deletion_answered(conn, reply);
            }
            return;
        }
        let is_login = matches!(reply.of, Kind::LogIn | Kind::Resume);
        let session = self.session(conn);
        match reply.code {
            Code::SendPassword | Code::ChoosePassword => session.awaits_password = true,
            Code::Busy if is_login => {
                // What is unread could not be counted.
                let Some(Entering { user, .. }) = session.entering.take() else { return };
                session.device = 0;
                self.is_being_welcomed(user);
                if self.open_sessions(user).next().is_none() {
                    self.went_offline(user);
                    self.is_gone(user);
                } else {
                    self.tell_if_away(user, None);
                }
            }
            Code::Done if reply.of == Kind::Step(MORE_ON) => self.gets_more(conn),
            Code::Done if reply.of == Kind::Step(MORE_OFF) => self.gets_no_more(conn),
            _ => {}
        }
    }
}

/// Whether somebody logs in with it.
fn is_login(job: &Job) -> bool {
    matches!(job, Job::CheckPassword { .. } | Job::CheckToken { .. } | Job::Register { .. })
}

/// Whether it tells who comes, goes, is away, or has another name.
fn is_about_presence(event: &Event) -> bool {
    matches!(event, Event::On(..) | Event::Off(..) | Event::Away(..) | Event::Nick(..))
}

/// Whether it brings what changed in a group to members or to the disk.
fn is_about_groups(effect: &Effect) -> bool {
    match effect {
        Effect::Tell { event, .. } => {
            matches!(event, Event::Group(..) | Event::Ask(..) | Event::Join(..))
                || matches!(event, Event::Topic(..) | Event::GroupNews(_))
        }
        Effect::Job { job, .. } => {
            matches!(job, Job::SaveGroup(_) | Job::EndGroup(_) | Job::ChangeGroups(_))
        }
        _ => false,
    }
}
