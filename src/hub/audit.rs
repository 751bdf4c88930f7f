//! The audit log: who did what to whom, when, and from which address.
//!
//! A line never holds a text, a password, a token, a ticket or a code.

use std::collections::VecDeque;
use std::fmt::{self, Display, Write};

use jiff::Timestamp;

use crate::chat::address::Address;
use crate::chat::kind::Kind;
use crate::chat::moderation::AUDIT_LINES_MAX;
use crate::chat::name::UserName;
use crate::chat::text::Reason;
use crate::hub::input::ConnId;
use crate::log::Quoted;

/// The last lines of the audit log of this run.
#[derive(Debug)]
pub struct AuditLog {
    /// False if there is no audit log.
    is_kept: bool,
    /// True while what holds the log can't be written.
    fails: bool,
    last: VecDeque<Box<str>>,
}

/// Something that the audit log tells.
#[derive(Debug)]
pub struct Deed<'a> {
    event: &'static str,
    /// The user to whom it was done, or who did it.
    user: Option<UserName>,
    /// The connection over which it was done.
    conn: Option<ConnId>,
    /// The address of its peer, if that is not to be looked up.
    from: Option<Address>,
    /// The administrator or the user who did it to another.
    by: Option<UserName>,
    more: Option<fmt::Arguments<'a>>,
    reason: Option<&'a Reason>,
}

impl<'a> Deed<'a> {
    /// Something that a user does, or that is done to a user. The event is a verb in small letters,
    /// or another word of chatsrv(8).
    pub fn of(event: &'static str, user: impl Into<Option<UserName>>) -> Self {
        Deed {
            event,
            user: user.into(),
            conn: None,
            from: None,
            by: None,
            more: None,
            reason: None,
        }
    }

    /// Somebody else does it, if there is a name.
    pub fn by(self, by: impl Into<Option<UserName>>) -> Self {
        Deed { by: by.into(), ..self }
    }

    /// It is done over this connection, if it is over one.
    pub fn over(self, conn: impl Into<Option<ConnId>>) -> Self {
        Deed { conn: conn.into(), ..self }
    }

    /// It is done from this address, over a connection that may be gone.
    pub fn from(self, address: Address) -> Self {
        Deed { from: Some(address), ..self }
    }

    /// The connection over which it was done.
    pub fn conn(&self) -> Option<ConnId> {
        self.conn
    }

    /// A reason was given.
    pub fn because(self, reason: Option<&'a Reason>) -> Self {
        Deed { reason, ..self }
    }

    /// There is more to tell: `key=value` pairs, in which text of a peer is [quoted](Quoted).
    pub fn with(self, more: fmt::Arguments<'a>) -> Self {
        Deed { more: Some(more), ..self }
    }

    fn line(&self, peer: Option<Address>, unix_micros: u64) -> String {
        fn or_dash(value: Option<&dyn Display>) -> &dyn Display {
            value.unwrap_or(&"-")
        }
        let Deed { event, user, conn, from, by, more, reason } = self;
        let seconds = i64::try_from(unix_micros / 1_000_000).unwrap_or(i64::MAX);
        let time = Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX);
        let user = or_dash(user.as_ref().map(|user| user as _));
        let peer = from.or(peer);
        let peer = or_dash(peer.as_ref().map(|peer| peer as _));
        let conn = or_dash(conn.as_ref().map(|conn| conn as _));
        let mut line = format!("event={event} time={time} user={user} peer={peer} conn={conn}");
        // Writing to a string does not fail.
        if let Some(by) = by {
            let _ = write!(line, " by={by}");
        }
        if let Some(more) = more {
            let _ = write!(line, " {more}");
        }
        if let Some(reason) = reason {
            let _ = write!(line, " reason={}", Quoted(reason.as_str()));
        }
        line
    }
}

impl AuditLog {
    /// Creates an empty log; one that is not kept stays so.
    pub fn new(is_kept: bool) -> Self {
        AuditLog { is_kept, fails: false, last: VecDeque::new() }
    }

    /// Returns true if there is an audit log.
    pub fn is_kept(&self) -> bool {
        self.is_kept
    }

    /// Notes whether what holds the log can be written.
    pub fn set_fails(&mut self, fails: bool) {
        self.fails = fails;
    }

    /// Returns true if a request of a kind would be told, and can't be now.
    pub fn stands_against(&self, of: Kind) -> bool {
        self.fails && is_told(of)
    }

    /// Adds a line for a deed, which somebody at that address does. Returns the line, which is to
    /// be written; none if there is no log.
    pub fn tell(
        &mut self,
        deed: &Deed<'_>,
        peer: Option<Address>,
        unix_micros: u64,
    ) -> Option<Box<str>> {
        if !self.is_kept {
            return None;
        }
        let line: Box<str> = deed.line(peer, unix_micros).into();
        if self.last.len() == usize::from(AUDIT_LINES_MAX) {
            self.last.pop_front();
        }
        self.last.push_back(line.clone());
        Some(line)
    }

    /// The last lines, at most so many, the oldest first.
    pub fn last(&self, count: u16) -> impl Iterator<Item = &str> {
        let skipped = self.last.len().saturating_sub(count.into());
        self.last.iter().skip(skipped).map(|line| &**line)
    }
}

/// Returns true if the audit log tells of requests of a kind.
fn is_told(of: Kind) -> bool {
    matches!(
        of,
        Kind::LogIn
            | Kind::Resume
            | Kind::SetPassword
            | Kind::Unregister
            | Kind::Token
            | Kind::EndToken
            | Kind::EndSession
            | Kind::Nick
            | Kind::Export
            | Kind::Mkgroup
            | Kind::Mkgroupreq
            | Kind::Mkpublic
            | Kind::Join
            | Kind::Leave
            | Kind::Admit
            | Kind::Expel
            | Kind::Handover
            | Kind::Dissolve
            | Kind::Put
            | Kind::Sendfile
            | Kind::RemoveFile
            | Kind::Delete
            | Kind::Ignore
            | Kind::AskFirst
            | Kind::Report
            | Kind::Kick
            | Kind::LogOut
            | Kind::Mute
            | Kind::Admin
            | Kind::Remove
            | Kind::Ban
            | Kind::Unban
            | Kind::BanNetwork
            | Kind::UnbanNetwork
            | Kind::ResetPassword
            | Kind::AddUser
            | Kind::Resolve
            | Kind::Lockdown
            | Kind::Registration
            | Kind::Invite
            | Kind::Uninvite
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: u64 = 1_795_521_601_123_456;

    fn name(name: &str) -> UserName {
        name.parse().unwrap()
    }

    #[test]
    fn a_line_tells_who_did_what_to_whom_and_from_where() {
        let mut log = AuditLog::new(true);
        let conn = ConnId { slot: 7, generation: 3 };
        let from = Address::host("192.0.2.7".parse().unwrap());
        let reason: Reason = "spam \"here\"".parse().unwrap();
        let deed = Deed::of("mute", name("bob")).by(name("alice")).over(conn);
        let until = "ever";
        let more = format_args!("until={until}");
        let line = log.tell(&deed.because(Some(&reason)).with(more), Some(from), TIME);
        let over = format!("peer=192.0.2.7 conn={conn}");
        assert_eq!(
            line.as_deref(),
            Some(&*format!(
                "event=mute time=2026-11-24T12:00:01Z user=bob {over} by=alice until=ever \
                 reason=\"spam \\\"here\\\"\""
            )),
        );
        let line = log.tell(&Deed::of("lockdown", None), None, TIME);
        let told = "event=lockdown time=2026-11-24T12:00:01Z user=- peer=- conn=-";
        assert_eq!(line.as_deref(), Some(told));
    }

    #[test]
    fn the_last_lines_are_kept_and_no_more() {
        let mut log = AuditLog::new(true);
        for at in 0..u64::from(AUDIT_LINES_MAX) + 5 {
            log.tell(&Deed::of("login", name("bob")), None, at * 1_000_000);
        }
        assert_eq!(log.last(u16::MAX).count(), usize::from(AUDIT_LINES_MAX));
        let last: Vec<&str> = log.last(2).collect();
        assert!(last[0].contains("T00:16:43Z") && last[1].contains("T00:16:44Z"), "{last:?}");
        assert_eq!(log.last(0).count(), 0);
        assert_eq!(AuditLog::new(false).tell(&Deed::of("login", name("bob")), None, TIME), None);
    }

    #[test]
    fn a_log_that_fails_stands_against_what_it_would_tell() {
        let mut log = AuditLog::new(true);
        assert!(!log.stands_against(Kind::Mute));
        log.set_fails(true);
        assert!(log.stands_against(Kind::Mute) && !log.stands_against(Kind::Say));
    }
}
