//! The lines about moderation: what administrators ask for, and what they and users are told.

use std::fmt::Display;
use std::io::Write;

use crate::chat::answer::{Done, Item};
use crate::chat::event::{Event, Reported};
use crate::chat::moderation::{AccountLine, BanLine, InviteLine, ReportLine};
use crate::chat::text::Reason;

/// Says the words of an answer to a request that was carried out.
pub fn done(done: &Done, mut say: impl FnMut(&dyn Display)) {
    match done {
        Done::PasswordSet(password) => say(&password.expose()),
        Done::AccountAdded { name, number, password } => {
            say(&format_args!("{name} {number} {}", password.expose()));
        }
        Done::Registration(registration) => say(registration),
        Done::Invited { code, uses, until } => {
            say(&format_args!("{} {uses} {until}", code.expose()));
        }
        Done::Reported(number) => say(number),
        other => debug_assert!(false, "{other:?} is not about moderation"),
    }
}

/// Says the words of an item of a list.
pub fn item(item: &Item, mut say: impl FnMut(&dyn Display)) {
    match item {
        Item::Ban(ban) => {
            let BanLine { whom, by, since, until, reason } = &**ban;
            let (space, reason) = if_any(reason.as_ref());
            say(&format_args!("{whom} {by} {since} {until}{space}{reason}"));
        }
        Item::Account(account) => {
            let AccountLine { name, number, created, last_seen, flags } = &**account;
            match last_seen {
                Some(time) => say(&format_args!("{name} {number} {created} {time} {flags}")),
                None => say(&format_args!("{name} {number} {created} - {flags}")),
            }
        }
        Item::Report(report) => {
            let ReportLine { number, time, reporter, user, message, reason } = &**report;
            let reason = reason.as_str();
            match message {
                Some(id) => say(&format_args!("{number} {time} {reporter} {user} {id} {reason}")),
                None => say(&format_args!("{number} {time} {reporter} {user} - {reason}")),
            }
        }
        Item::Invite(invite) => {
            let InviteLine { start, uses, until, by } = &**invite;
            say(&format_args!("{start} {uses} {until} {by}"));
        }
        Item::Ignored(user) => say(user),
        other => debug_assert!(false, "{other:?} is not about moderation"),
    }
}

/// Appends the line of an event.
pub fn event(event: &Event, out: &mut Vec<u8>) {
    // Writing to a vector does not fail.
    let _ = match event {
        Event::Muted(left, reason) => {
            let (space, reason) = if_any(reason.as_ref());
            writeln!(out, "C 132 MUTED {left}{space}{reason}")
        }
        Event::Reported(reported) => {
            let Reported { number, user, reporter, reason } = &**reported;
            writeln!(out, "C 133 REPORT {number} {user} {reporter} {}", reason.as_str())
        }
        Event::Motd(lines) => writeln!(out, "C 134 MOTD {lines}"),
        other => return debug_assert!(false, "{other:?} is not about moderation"),
    };
}

/// The words of a reason with the space before them, if there is one.
fn if_any(reason: Option<&Reason>) -> (&'static str, &str) {
    reason.map_or(("", ""), |reason| (" ", reason.as_str()))
}
